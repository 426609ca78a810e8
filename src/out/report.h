/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way data reaches stdout. A command builds a tree of values and a list of checks; text, JSON and TAP are
 * renderers of that tree, chosen by the user, unknown to the command. Nothing is written before report_end(), so a
 * failed run never leaves half a JSON object.
 */
#ifndef IC_OUT_REPORT_H
#define IC_OUT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/util.h"
#include "out/result.h"

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_TAP };

/* Not for several threads at once: a report belongs to the thread that runs the command. */
struct report;

struct report_params {
	enum report_format format;
	bool color;
	const char *command; /* "compare" */
	const char *kernel;  /* release of the machine that is told of; NULL = the running one's */
	uint64_t seed;
	FILE *to; /* NULL = stdout */
};

/* Starts with the keys every run has, in this order: command, version, kernel, seed, result. */
int report_open(struct report **out, const struct report_params *params);

/* Rendered there instead: stdout carries something else. @to must outlive the report. */
void report_redirect(struct report *r, FILE *to);

/*
 * Values go to the innermost open object. Keys keep their order; a key given twice is replaced. Inside a list opened
 * by report_list(), give key NULL. Out of memory is remembered and reported by report_end().
 */
void report_str(struct report *r, const char *key, const char *value); /* NULL value = JSON null */
void report_num(struct report *r, const char *key, uint64_t value);
void report_real(struct report *r, const char *key, double value);
void report_bool(struct report *r, const char *key, bool value);
void report_hex(struct report *r, const char *key, uint64_t value); /* "0x..." string in JSON */
void report_object(struct report *r, const char *key);		    /* open; close with report_close */
void report_list(struct report *r, const char *key);		    /* open; close with report_close */
void report_close(struct report *r);
/* A list of {iova, length}, as many as there are: they take little memory, and none is copied to be rendered. Close with report_close. */
void report_ranges(struct report *r, const char *key);
/* False: it is not in the list, and no other will be. */
bool report_range(struct report *r, uint64_t iova, uint64_t length);
/* Long lists are worth to be gathered: a program reads them. Text and TAP show people's lines instead. */
bool report_is_data(const struct report *r);

/* A line that only people see (text; a "# ..." comment in TAP; not in JSON). */
void report_line(struct report *r, const char *fmt, ...) IC_PRINTF(2, 3);

/* People want colours, and what is written is what they see: text. */
bool report_has_color(const struct report *r);
/* As report_line() for a line of a picture, in which the escape sequences of colours stand where report_has_color(). */
void report_picture(struct report *r, const char *line);

/*
 * A list for machines only: text rendering leaves the value at @key (top level) out because report_line() lines already
 * say it better. JSON is unaffected.
 */
void report_text_hide(struct report *r, const char *key);

/* The same of all checks: text leaves them out, whatever came of them. TAP is unaffected. */
void report_checks_hide(struct report *r);

/*
 * One check: a TAP test point; "ok"/"FAIL"/"skip" line in text; kept out of JSON (commands put their own keys there).
 * @why: reason for skip, explanation for failure, may be NULL. FAIL and ERROR raise the
 * run's result; a run whose checks were all skipped is RESULT_SKIP, one skipped check among others is not.
 */
void report_check(struct report *r, const char *name, enum result result, const char *why);
/* "key: value" evidence for the last check (YAML block in TAP, indented line in text when it failed). */
void report_evidence(struct report *r, const char *key, const char *fmt, ...) IC_PRINTF(3, 4);

/*
 * What a part of a larger run reported, as a person reads it: below the last check in text, as comments in TAP. JSON has it by
 * report_take().
 */
void report_show(struct report *r, const struct report *part);
/* The part's own values as the object @key of the innermost open one; @part is left without them. */
void report_take(struct report *r, const char *key, struct report *part);

/* Raise the run's result without a check (result_worst rule). */
void report_result(struct report *r, enum result result);
enum result report_current(const struct report *r);
/*
 * The run ended with this failure: result becomes at least RESULT_ERROR, JSON gains "error": {errno, text, hint} (errno by
 * name, "EINVAL"; hint "" where there is none). The first failure of several is kept. Nothing goes to stderr: that is the
 * caller's fail_print().
 */
void report_fail(struct report *r, const struct fail *f);
/* The signal that interrupted the run (SIGINT, SIGTERM); raises RESULT_INTERRUPTED. */
void report_interrupted(struct report *r, int signal);

/*
 * Render, flush and free. Returns the process exit status. A failed write to stdout (full disk, closed pipe) is an error:
 * one line on stderr and status 2 (unless the result is already worse).
 */
int report_end(struct report *r);
/* Free without rendering: a part of a larger run reports for itself. NULL is fine. */
void report_discard(struct report *r);

/*
 * A report of what happens, told as it happens. From report_stream_begin() on, each entry is on stdout before its commit returns:
 * a line for people; in JSON an object on a line of its own, of which the report itself, with its result, is the last. TAP
 * keeps the lines as comments until the end. 0 or -errno; after a failure report_end() tells of it and writes no more.
 */
int report_stream_begin(struct report *r);
/* What the next object will hold: fill it with report_str() and its like. */
struct report *report_stream_entry(struct report *r);
/* @fmt: the line for people. */
int report_stream_commit(struct report *r, const char *fmt, ...) IC_PRINTF(2, 3);

/* Streaming NDJSON for --log: one line per call, written at once. */
struct report_log;
int report_log_open(struct report_log **out, const char *path, struct fail *f);
/* Takes the value tree built since report_log_begin() and writes it as one line. 0 or -errno (ENOSPC, ...). */
struct report *report_log_begin(struct report_log *log);
int report_log_commit(struct report_log *log);
/* Flush, fsync, close. 0 or -errno. NULL is fine. */
int report_log_close(struct report_log *log);

#endif
