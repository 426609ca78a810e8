/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bitmap held against the pages that had to be dirty, and those that may. */
#ifndef IC_CORE_DIRTY_EXPECT_H
#define IC_CORE_DIRTY_EXPECT_H

#include "core/op/dirty.h"

#define EXPECT_KEPT 64 /* pages, of each kind */

struct dirty_expect {
	struct iova_range *must, *may;
	unsigned int nr_must, nr_may;
};
/*
 * "A+S[,A+S...]" or "none" appended to @out's must or (@may) may; A is an address, BUF or BUF+OFFSET, where @op's space has it. Usage
 * errors name the part that is wrong.
 */
int dirty_expect_parse(struct dirty_expect *out, bool may, struct session *s, const struct op_dirty *op,
		       const char *option, const char *text, struct fail *f);
void dirty_expect_free(struct dirty_expect *e);

struct dirty_expect_result {
	uint64_t missing, spurious; /* pages: no bit where one was due; a bit where none was, and none may be */
	iova_t missing_at[EXPECT_KEPT], spurious_at[EXPECT_KEPT]; /* the first ones */
};
/*
 * A page counts as due when any byte of it is. What a source reports that reports everything is not spurious. -ENOMEM; -ERANGE (usage):
 * something is due that @b does not cover.
 */
int dirty_expect_judge(const struct dirty_expect *e, const struct dirty_bitmap *b, struct dirty_expect_result *out,
		       struct fail *f);

#endif
