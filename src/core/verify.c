/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `dirty verify`: which cases there are, and the turns they take. */
#include "core/verify_priv.h"

#include <errno.h>

const struct verify_help *verify_help(void)
{
	static const struct verify_help none;

	return &none;
}

int verify_run(struct session *s, const struct verify_params *p, struct verify_result *res, struct fail *f)
{
	*res = (struct verify_result){0};
	return fail_set(f, EOPNOTSUPP, "nothing is verified yet");
}

void verify_fail(struct verify *v, const char *fmt, ...)
{
}

void verify_note(struct verify *v, const char *fmt, ...)
{
}

int verify_skip(struct verify *v, const char *fmt, ...)
{
	return 0;
}

void verify_missing(struct verify *v, iova_t iova, uint64_t page_size, const char *fmt, ...)
{
}

void verify_spurious(struct verify *v, iova_t iova, uint64_t page_size, const char *fmt, ...)
{
}
