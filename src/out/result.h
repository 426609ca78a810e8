/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of a run or of one check, and the exit status it becomes (the command line contract). */
#ifndef IC_OUT_RESULT_H
#define IC_OUT_RESULT_H

enum result { RESULT_PASS, RESULT_SKIP, RESULT_ERROR, RESULT_FAIL, RESULT_INTERRUPTED, RESULT_USAGE };

/* The stronger of two: interrupted > fail > usage > error > skip > pass. */
enum result result_worst(enum result a, enum result b);
/* pass 0, fail 1, error 2, skip 4, usage 64; interrupted: 128 + @signal (130 SIGINT, 143 SIGTERM). */
int result_exit_status(enum result r, int signal);
/* "pass", "fail", "error", "skip", "usage", "interrupted". */
const char *result_name(enum result r);

#endif
