/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmap files: written whole or not at all, and mapped after every field was checked. */
#include <errno.h>

#include "core/dirty_bitmap.h"

int dirty_file_write(const struct dirty_bitmap *b, const char *path, struct fail *f)
{
	return fail_set(f, EOPNOTSUPP, "cannot write %s", path);
}

int dirty_file_open(struct dirty_bitmap *out, const char *path, struct fail *f)
{
	*out = (struct dirty_bitmap){0};
	return fail_set(f, EOPNOTSUPP, "cannot read %s", path);
}
