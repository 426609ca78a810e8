/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which result wins, what it is called, and the exit status it becomes. */
#include "out/result.h"

/*
 * A usage error stands between error and fail: it says more than "could not run", but a script that also saw a check
 * fail has found something.
 */
static const struct {
	const char *name;
	int rank;
	int status;
} results[] = {
	[RESULT_PASS] = {"pass", 0, 0},	  [RESULT_SKIP] = {"skip", 1, 4},
	[RESULT_ERROR] = {"error", 2, 2}, [RESULT_USAGE] = {"usage", 3, 64},
	[RESULT_FAIL] = {"fail", 4, 1},	  [RESULT_INTERRUPTED] = {"interrupted", 5, 128},
};

enum result result_worst(enum result a, enum result b)
{
	return results[b].rank > results[a].rank ? b : a;
}

int result_exit_status(enum result r, int signal)
{
	return results[r].status + (r == RESULT_INTERRUPTED ? signal : 0);
}

const char *result_name(enum result r)
{
	return results[r].name;
}
