/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two runs of benchmarks held against each other: which differences are beyond noise. Runs are files that nobody can be trusted for. */
#ifndef IC_CORE_BENCH_COMPARE_H
#define IC_CORE_BENCH_COMPARE_H

#include <stdbool.h>

#include "base/fail.h"
#include "base/rank.h"

#define BENCH_FILE_ROWS 4096u
#define BENCH_FILE_WORD 64

/* A row of `results`. Texts are printable, numbers finite. */
struct bench_file_row {
	char name[BENCH_FILE_WORD], unit[BENCH_FILE_WORD], mem[BENCH_FILE_WORD], reference[BENCH_FILE_WORD];
	char backend[BENCH_FILE_WORD]; /* the file's where it has only one */
	uint64_t size, granule, page_size, threads, depth;
	double value, reference_value, ratio, ratio_interval; /* 0: not there */
	double samples[RANK_MAX];			      /* above 0 */
	unsigned int nr_samples;
	bool of_many; /* the file has several backends */
	bool matched; /* to a row of the other file */
};

struct bench_file {
	char bench[BENCH_FILE_WORD], version[BENCH_FILE_WORD], kernel[BENCH_FILE_WORD], result[BENCH_FILE_WORD];
	char backend[BENCH_FILE_WORD], device[BENCH_FILE_WORD], driver[BENCH_FILE_WORD], machine[BENCH_FILE_WORD];
	struct bench_file_row *rows;
	unsigned int nr;
};

/*
 * What `bench --json` printed. 0, -ENOMEM, or -EBADMSG with one phrase in @why: names and units are printable ASCII of at most 40 bytes, samples are
 * above 0, and a value is what its samples say. In other texts what is not printable ASCII became '?'. Free it with bench_file_free() in any case.
 */
int bench_file_parse(const char *text, size_t len, struct bench_file *out, char *why, size_t why_len);
/* 0 or -errno with @f. As above; and the run went well, or it is -EBADMSG. */
int bench_file_read(const char *path, struct bench_file *out, struct fail *f);
void bench_file_free(struct bench_file *file);

enum bench_verdict { BENCH_SAME, BENCH_FASTER, BENCH_SLOWER, BENCH_UNKNOWN };
const char *bench_verdict_name(enum bench_verdict v);

/* One figure of both. */
struct bench_change {
	const struct bench_file_row *a, *b;
	double value_a, value_b;	 /* medians of the rounds; without any, the value */
	struct rank_factor factor;	 /* b / a, with its 95 % interval; only with a verdict */
	double p, p_adjusted;		 /* of no difference; the second for all rows together */
	enum bench_verdict verdict;	 /* what became of the figure, the machine's part left out where it is known */
	enum bench_verdict seen;	 /* what became of the value itself */
	enum bench_verdict by_reference; /* of the figure held against its reference */
	bool has_reference;		 /* the same one in both */
	double beside;		 /* b / a of the figure held against its reference, in the figure's own direction */
	double reference_factor; /* what became of that, b / a */
	const char *why;	 /* of unknown */
};

struct bench_comparison {
	struct bench_change *changes; /* in the order of the first file */
	unsigned int nr, count[4];    /* changes; of each verdict */
	unsigned int only_a, only_b;  /* rows without a match */
};

/*
 * Rows are matched by backend, name, unit, size, granule, page size, memory, threads and depth; the files have to be of one benchmark and (first) backend. A value has
 * changed where the ranks of its rounds say so at 5 % (Holm's correction for all rows; rounds that hang together count for less) and the factor
 * is further from 1 than @threshold. With a reference measured in both the row's ratio has to have changed in the same direction, beyond its interval
 * and further than @threshold, too. 0, -ENOMEM, -EINVAL, or -EBADMSG where a file has a row twice, with @f.
 */
int bench_compare(struct bench_file *a, struct bench_file *b, double threshold, struct bench_comparison *out,
		  struct fail *f);
void bench_comparison_free(struct bench_comparison *c);

/* A larger value is a better one. */
bool bench_unit_rises(const char *unit);

#endif
