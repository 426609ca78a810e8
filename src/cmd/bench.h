/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `bench`, and its parts, which live in several files. */
#ifndef IC_CMD_BENCH_H
#define IC_CMD_BENCH_H

#include "cmd/command.h"
#include "core/bench/against.h"
#include "core/bench/bench.h"
#include "out/plot.h"

/* --against: the same on other backends. */
struct bench_against_options {
	const char *specs[BENCH_AGAINST_MAX];
	unsigned int nr, turns;
};

struct bench_state {
	struct bench_params p;
	const struct bench *bench; /* NULL: compare */
	bool compare;
	const char *files[2];
	unsigned int nr_files;
	double threshold; /* of compare and --against: what is less is no change */
	uint32_t given;	  /* options, by bit: bench_parse.c's */
	char reference[64];
	const char *csv;  /* "-": stdout; NULL: not asked for */
	const char *plot; /* NULL: not asked for */
	enum plot_format plot_format;
	struct bench_against_options against;
	struct fail refused; /* of a script's line: what its execution answers, where it is set */
};

/* cmd/bench_parse.c: members of struct command */
extern const struct argp_option bench_options[];
void bench_defaults(void *state);
error_t bench_parse(int key, char *arg, struct argp_state *state);

/* cmd/bench_files.c: --csv and --plot, before anything is measured, and afterwards. 0 or -errno with run->fail. */
int bench_files_begin(struct command_run *run, const struct bench_state *b);
int bench_files_end(struct command_run *run, const struct bench_state *b, const struct bench_result *res,
		    const char *backend, const char *device);

/* cmd/bench.c: may threads run where --cpu has them? */
int bench_check_cpus(const struct bench_until *until, struct fail *f);

/* cmd/bench_checks.c */
/* Counts that are failures, into res->found: once, before that is reported. */
void bench_findings(struct bench_result *res);
/* Checks of what was found; @on: the backend, where there are several, else NULL. @maps: it ended well, and maps and unmaps. */
void bench_checks(struct command_run *run, const char *on, struct bench_result *res, bool maps);

/* cmd/bench_compare.c */
int bench_execute_compare(struct command_run *run, void *state);

/* cmd/bench_against.c: in sessions of its own, one after the other */
int bench_execute_against(struct command_run *run, void *state);

/* cmd/bench_report.c */
/* Which combination it was, as keys of the open object. */
void bench_report_cell(struct report *r, const struct bench_cell *cell);
void bench_report(struct command_run *run, const struct bench_state *b, const struct bench_result *res);

#endif
