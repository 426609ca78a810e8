/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is. One exported const instance per file in cmd/; the table is in main.c. */
#ifndef IC_CMD_COMMAND_H
#define IC_CMD_COMMAND_H

#include <argp.h>
#include <stdbool.h>

#include "base/fail.h"
#include "core/session.h"
#include "host/host.h"
#include "out/report.h"

/* The global options, filled by whichever parser saw them. */
struct globals {
	struct session_params session; /* backend, devices, driver, seed, canary, ... */
	bool seed_given;
	const char *sysroot;
	enum report_format format;
	bool color_set, color;
	bool dry_run;
	bool negated; /* script line began with '!' */
	struct host host;
};

/* One execution of one command. */
struct command_run {
	struct globals *globals;
	struct session *session; /* the script's or session's; NULL: the command opens its own when it needs one */
	struct report *report;	 /* open; the caller ends it */
	struct fail fail;	 /* set before returning a negative errno */
};

struct command {
	const char *name;
	const char *summary;		   /* one line for --help and the man page */
	const char *args_doc;		   /* "ID..." */
	const struct argp_option *options; /* own options; globals are added as a child */
	size_t state_size;		   /* zeroed storage for the options, per execution */
	void (*defaults)(void *state);	   /* may be NULL */
	/* argp parser; state->input is the zeroed state. */
	error_t (*parse)(int key, char *arg, struct argp_state *state);
	/*
	 * Do it. 0, or -errno with run->fail set (the run then ends with RESULT_ERROR). A check that fails is no error: it goes to
	 * the report. -EINVAL with RESULT_USAGE raised in the report for input that only execution can judge.
	 */
	int (*execute)(struct command_run *run, void *state);
	bool scriptable; /* may stand in a script or session */
};

extern const struct argp globals_argp;	       /* cmd/globals.c; input is struct globals */
extern const struct command *const commands[]; /* main.c, NULL-terminated, in help order */

/* Usage error out of a parse function: one line "iommuctl: CMD: --size: ...", then argp's hint; exits or returns as argp does. */
void usage_error(struct argp_state *state, const char *fmt, ...) IC_PRINTF(2, 3);

#endif
