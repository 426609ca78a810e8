/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `dirty verify`: known writes are issued and the bitmap is held against them, page by page. */
#ifndef IC_CORE_VERIFY_H
#define IC_CORE_VERIFY_H

#include "core/op/dirty.h"

#define VERIFY_PAGES_KEPT 256
#define VERIFY_PAGES_OF_CASE 8u /* each kind; the first */
#define VERIFY_CASES_MAX 96

struct verify_params {
	struct op_dirty on;
	uint64_t rounds;    /* each draws all choices anew */
	bool strict;	    /* spurious bits are failures */
	bool beyond;	    /* also cases that ask for more than the interface promises */
	const char **cases; /* only these, by name; NULL: all */
	unsigned int nr_cases;
	unsigned int threads; /* of cases that race, 0 = as many as the device has queues, at most 4 */
	uint64_t op;	      /* numbers the random choices */
};

enum verify_danger { VERIFY_SAFE, VERIFY_LEAK, VERIFY_CRASH };

/* A page whose bit does not say what happened to it. */
struct verify_page {
	iova_t iova;
	uint64_t page_size, round;
	const char *name; /* of the case */
	char what[120];	  /* what was written there and when it should have been seen, or why nothing should */
};

struct verify_outcome {
	const char *name, *title;
	enum result result; /* worst over all rounds */
	uint64_t runs, writes, missing, spurious;
	char why[240]; /* the first reason for anything but pass; of a pass: what was seen that one should know, or "" */
};

/* What became of a write placed into one window of reading and unmapping. */
struct verify_window {
	const char *order, *window; /* "one call", "after the read's flush" */
	const char *outcome;	    /* "reported", "lost", "refused"; several rounds that differ: "varies" */
};
#define VERIFY_WINDOWS_MAX 32

/* What reading costs and how much it reports for a page that was written, by the size of the page table entries. */
struct verify_leaf {
	uint64_t size;
	uint64_t reads, read_ns;    /* reads that cleared, and what they took together */
	uint64_t written, reported; /* pages of the smallest size */
	char why[160];		    /* there is no figure: the reason; else "" */
};
#define VERIFY_LEAVES_MAX 8

struct verify_result {
	uint64_t rounds, writes; /* writes: DMA requests, or marks */
	uint64_t reported_total; /* pages, by all reads that were judged */
	uint64_t missing_total, spurious_total;
	unsigned int nr_missing; /* kept */
	struct verify_page missing[VERIFY_PAGES_KEPT];
	unsigned int nr_spurious;
	struct verify_page spurious[VERIFY_PAGES_KEPT];
	unsigned int nr_cases;
	struct verify_outcome cases[VERIFY_CASES_MAX];
	unsigned int nr_windows;
	struct verify_window windows[VERIFY_WINDOWS_MAX];
	unsigned int nr_leaves;
	struct verify_leaf leaves[VERIFY_LEAVES_MAX];
	struct dirty_at at;
	struct dirty_caps caps;
	double read_clear_gib_s; /* tracked memory over time spent in reads that clear, 0: none */
	char complaint[160];	 /* of the kernel's, "" where there is none */
	char untranslated[160];	 /* a canary was reached: what it said, else "" */
	uint64_t leaf;		 /* of the largest leaf seen in effect, 0 = cannot be seen */
};

/* For --list: one line per case. Terminated by a NULL name. */
struct verify_help {
	const char *name, *title;
	enum verify_danger danger;
	bool beyond;
};
const struct verify_help *verify_help(void);

/*
 * 0: it ran, the verdict is in *res. -EOPNOTSUPP: no source, with the reason. Errors of the machine otherwise, *res then holds what was
 * seen until then. Tracking is off afterwards, everything it mapped is unmapped. Ends early, whole, on session_signal.
 */
int verify_run(struct session *s, const struct verify_params *p, struct verify_result *res, struct fail *f);

#endif
