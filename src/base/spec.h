/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "NAME[,KEY=VALUE...]", the form in which backends and drivers take their options. */
#ifndef IC_BASE_SPEC_H
#define IC_BASE_SPEC_H

#include <stdbool.h>

#include "base/util.h"

/* Copy NAME and point *options behind the comma, or at "". -EINVAL: no name; -ENAMETOOLONG. */
int spec_split(const char *spec, char *name, size_t len, const char **options);

struct spec_option {
	char key[32];
	char value[128]; /* "" also when there was no "=" */
	bool has_value;
};
/* Take the next KEY[=VALUE] off *cursor. 1 taken, 0 at the end, -EINVAL no key ("a,,b", "=x"), -ENAMETOOLONG. */
int spec_next(const char **cursor, struct spec_option *out);

#endif
