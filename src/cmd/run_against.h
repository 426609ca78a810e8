/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run --against: a script on two backends, one after the other, and what differs. */
#ifndef IC_CMD_RUN_AGAINST_H
#define IC_CMD_RUN_AGAINST_H

#include "cmd/run_exec.h"
#include "core/trace_diff.h"

/* What came of one script. */
struct against_file {
	struct script *script;
	struct trace trace[2];
	struct trace_differences found;
	uint64_t unmet[2]; /* lines that were not as the script wants them */
};

struct run_against {
	const char *backend; /* NULL: not asked for */
	bool strict;	     /* a known difference fails as well */
	struct against_file *files;
	unsigned int nr;
	char name[2][40]; /* "vfio", "sim (iommufd)" */
};

/* Run @script, which stays the caller's, on the session's own backend and then on ours. 0, or -errno with run->fail set. */
int run_against(struct run_against *a, struct command_run *run, struct script *script);
/* Rows for the list of results: each line with both sides' first answers. */
void run_against_results(const struct run_against *a, struct report *r);
/* differences: [{file, line, command, field, a, b, known, why, source, run, times}] and the counts. */
void run_against_report(const struct run_against *a, struct report *r);
void run_against_release(struct run_against *a);

#endif
