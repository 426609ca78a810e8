/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shrinking: the shortest script that still fails in the same way. Lines are taken out by delta debugging (Zeller and Hildebrandt,
 * "Simplifying and Isolating Failure-Inducing Input", 2002), then values are made simpler: sizes smaller, addresses rounder, kinds of
 * memory plainer, options fewer. This file knows nothing of commands: a callback runs each candidate from a fresh start.
 */
#ifndef IC_CORE_SHRINK_H
#define IC_CORE_SHRINK_H

#include "base/fail.h"
#include "base/util.h"

/*
 * Run @lines and say whether they fail as the first run did (same class, same kind of line). -errno ends the shrinking; what was
 * reached so far stays. A candidate that cannot be run at all is one that does not fail.
 */
struct shrink_target {
	int (*fails)(void *ctx, char *const *lines, unsigned int nr, bool *yes, struct fail *f);
	void *ctx;
};

/*
 * What fails in each of @tries runs has to go on doing so. What comes and goes is kept when it fails in one of them, and is put into
 * a `repeat` as soon as that makes it fail always: then fewer lines are no rarer failure.
 */
struct shrink_params {
	unsigned int tries; /* runs of a candidate, at least 1 */
	uint64_t until_ns;  /* clock_ns() at which it ends with what it has, 0 = never */
};

struct shrink_result {
	char **lines; /* each and the array are the caller's to free: shrink_free() */
	unsigned int nr;
	uint64_t runs;		 /* of the callback */
	unsigned int failed, of; /* the last script: so many of so many runs failed */
	bool timed_out;
};

/*
 * Comments and empty lines are left out first. -ENOENT: the script did not fail in any of the tries, so there is nothing to hold on
 * to. Any other -errno is the callback's (or -ENOMEM): @out then has what was reached so far. shrink_free() in every case.
 */
int shrink(struct shrink_result *out, char *const *lines, unsigned int nr, const struct shrink_params *params,
	   struct shrink_target target, struct fail *f);
void shrink_free(struct shrink_result *res);

#endif
