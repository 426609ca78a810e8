/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run --fail-nth: the sessions of a run opened and closed while allocations fail, and what is reported of it. */
#ifndef IC_CMD_RUN_INJECT_H
#define IC_CMD_RUN_INJECT_H

#include "cmd/command.h"
#include "core/inject.h"

/* One script's session. */
struct run_session {
	const char *path; /* the script's */
	struct inject_level before;
	struct inject_step opening, closing;
	char excess[80]; /* what it did not give back, or "" */
};

struct run_inject {
	unsigned int n; /* 0 = not asked for: sessions are opened and closed as always */
	struct inject in;
	char spared[160]; /* what is not injected here, or "" */
	struct run_session *sessions;
	unsigned int nr;
};

/* For at most @nr scripts. 0 when not asked for. As fail_nth_open(). */
int run_inject_open(struct run_inject *ri, struct command_run *run, unsigned int nr);
void run_inject_close(struct run_inject *ri);
/* As command_session(); where an allocation was made to fail, what was opened is closed and opened again without. */
int run_inject_session(struct run_inject *ri, struct command_run *run, const char *path, struct session **out,
		       bool *own);
/* As command_session_close(); with the check that everything was given back. */
void run_inject_session_close(struct run_inject *ri, struct command_run *run, struct session *s, bool own);
/* fail_nth: {n, injected, spared, sessions: [{file, opening, closing}]}, and a line for people. */
void run_inject_report(const struct run_inject *ri, struct report *r);

#endif
