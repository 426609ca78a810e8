/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One failure on its way up: an errno, what failed (with the values), and what the user can do. */
#ifndef IC_BASE_FAIL_H
#define IC_BASE_FAIL_H

#include <stdbool.h>

#include "base/util.h"

struct fail {
	int err;	/* positive errno, 0 = no failure recorded */
	char text[384]; /* "cannot map 0x1000 bytes at iova 0xfee00000"; lower case, no full stop */
	char hint[384]; /* one action, or "" */
	bool usage;	/* what the user gave is at fault, not the machine: exit status 64 */
	bool complete;	/* the text says it all, an errno's words would add nothing */
};

/*
 * Record a failure, replacing any earlier one and its hint. @err may be given as errno or -errno.
 * Returns -|err| so that `return fail_set(f, EINVAL, ...)` reads well. @f may be NULL.
 */
int fail_set(struct fail *f, int err, const char *fmt, ...) IC_PRINTF(3, 4);

/* As fail_set, for input that cannot be right whatever the machine answers. */
int fail_usage(struct fail *f, int err, const char *fmt, ...) IC_PRINTF(3, 4);

/* As fail_set, where the text needs no errno's words after it. */
int fail_complete(struct fail *f, int err, const char *fmt, ...) IC_PRINTF(3, 4);

/* Add or replace the hint line. @f may be NULL. */
void fail_hint(struct fail *f, const char *fmt, ...) IC_PRINTF(2, 3);

/* Print to stderr: "iommuctl: @where: text: strerror(err)", then "hint: ..." if there is one. @where may be NULL. */
void fail_print(const struct fail *f, const char *where);

#endif
