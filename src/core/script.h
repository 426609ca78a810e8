/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts: one command line per line, `#` comments, `repeat N` ... `end`, `!` for lines that must fail and `!EEXIST` for how.
 * Words may be quoted with ' or ". This file knows nothing of commands: a callback runs each line.
 */
#ifndef IC_CORE_SCRIPT_H
#define IC_CORE_SCRIPT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fail.h"
#include "out/result.h"

enum script_kind { SCRIPT_OP, SCRIPT_REPEAT, SCRIPT_END };

/* How one execution of one line came out. */
struct script_outcome {
	enum result result;
	int err; /* positive errno of an op that could not be done, 0 = done */
	bool lost; /* the device or its translation can no longer be trusted: '!' never asks for that, and nothing follows */
	char detail[200];
	bool injected;	  /* an allocation was made to fail (core/inject) */
	int injected_err; /* what the line said of it, positive errno; 0: it did its work all the same */
};

struct script_line {
	unsigned int number; /* in the file, from 1 */
	enum script_kind kind;
	char *text;	     /* as written, for the report */
	unsigned int indent; /* bytes of blanks before it, which text is without */
	char *words;	     /* the words' storage */
	int argc;
	char **argv;   /* the command and its arguments, NULL-terminated */
	char **vector; /* argv's allocation: argv skips a leading '!' */
	bool negated;
	int want_err; /* 0: any */
	uint64_t repeat;
	unsigned int match; /* index of the matching end or repeat */
	uint64_t id;	    /* of its words, and which of several equal lines it is: no other line takes part */
	/* filled while running */
	uint64_t runs, injected;       /* injected: runs in which an allocation was made to fail */
	int injected_err;	       /* the first that was told */
	struct script_outcome outcome; /* the last one, or the first bad one */
};

struct script {
	char *path;
	char danger[16]; /* from a "# danger: leak" line; "" = none */
	struct script_line *lines;
	unsigned int nr;
};

/* Read and check the structure. "-" = stdin. -ENOENT ..., -EINVAL with the line in @f (a usage error). */
int script_load(struct script **out, const char *path, struct fail *f);
/* The same of @nr lines in memory, called @path in messages. */
int script_parse(struct script **out, const char *path, char *const *lines, unsigned int nr, struct fail *f);
void script_free(struct script *script);

/*
 * Run it. @exec executes one line; @op numbers the execution for random choices: it follows from the
 * line's words and how often it ran, so that deleting a line changes no other line's. Stops after the first line that is not
 * as it should be (a failure too unless @keep_going, a lost one always) and when session_signal is set. A line that was
 * skipped stays skipped under '!' too, unless its own errno was asked for. Returns the worst result.
 */
typedef void (*script_exec)(void *ctx, const struct script_line *line, uint64_t op, struct script_outcome *out);
enum result script_run(struct script *script, bool keep_going, script_exec exec, void *ctx);

/* "EEXIST" or "" for 0. */
const char *script_errno_name(int err);

#endif
