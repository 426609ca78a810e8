/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measuring one thing: batches of it and of the plain loop that it is held against, in turns, until the median is known well enough. Knows
 * nothing of what it measures.
 */
#ifndef IC_CORE_BENCH_MEASURE_H
#define IC_CORE_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "core/bench/hist.h"

#define BENCH_PARTS 3
#define BENCH_THREADS_MAX 64
#define BENCH_ROUNDS_MAX 256
#define BENCH_CPUS_MAX 64
#define BENCH_ROUNDS_KNOWN 6 /* of fewer not even all of them are 95 % */
#define BENCH_AUTO UINT64_MAX

/*
 * A batch does its thing *n times; where one time is long it looks at session_signal, and *n becomes what was done. With @times (of
 * .parts histograms) it looks at the clock around each part of each time, without it not at all. 0, or -errno with @f filled: the
 * measurement ends. Threads call it at once, each with the ctx of its own.
 */
typedef int (*bench_batch)(void *ctx, uint64_t *n, struct hist *times, struct fail *f);

struct bench_work {
	bench_batch ours, plain; /* plain: NULL where there is nothing to hold it against */
	unsigned int parts;	 /* 0 to BENCH_PARTS; 0: too short to be timed each by itself */
	/*
	 * Only the first part is what is measured, the rest of a time is what has to be done around it: batches always get @times, and a
	 * series' time is that part's.
	 */
	bool part_only;
	/* Before each batch, outside of what is measured, by the thread that called bench_measure(), with its first ctx; or NULL. */
	int (*before)(void *ctx, struct fail *f);
	/*
	 * Before a round, likewise: takes other memory than the rounds before, so that what depends on where it lies is in the spread of the
	 * rounds. Not before the first, nor more often than it costs less than what is measured. NULL: there is no such thing.
	 */
	int (*fresh)(void *ctx, struct fail *f);
	uint64_t most; /* times in one batch, so that @before is called as often as that; 0: as many as is good */
	/*
	 * Nothing in it waits: a batch takes what its threads (the slowest one) were on a processor, so that what a busy machine does
	 * meanwhile does not count. Times with @times are by the batch's own clock. Threads that share processors take turns, which does count:
	 * where there are fewer processors than threads it is by the wall after all.
	 */
	bool by_cpu;
};

struct bench_until {
	uint64_t loops; /* this many per thread, in up to 15 rounds; BENCH_AUTO: until it is tight, or the time is up */
	uint64_t warmup;  /* this many before; BENCH_AUTO: a part of the time */
	uint64_t time_ns; /* for one measurement, about; one batch of everything is done in any case */
	double precision; /* tight: of 6 rounds or more, half of the median's 95 % interval is no more than this part of it */
	const char *label;			    /* of the progress line; NULL: there is none */
	unsigned int cpus[BENCH_CPUS_MAX], nr_cpus; /* thread i runs on cpus[i % nr_cpus]; 0: anywhere */
};

/* One part of ours and of the plain loop: the mean of each round's times, the clock's cost taken off. */
struct bench_part {
	double ours[BENCH_ROUNDS_MAX], plain[BENCH_ROUNDS_MAX], ratio[BENCH_ROUNDS_MAX];
	double ours_median, ours_interval, plain_median, ratio_median, ratio_interval;
};

/* One series of rounds: ns for one time, all threads together doing theirs (so two threads that do not hinder each other halve it). */
struct bench_series {
	double each[BENCH_ROUNDS_MAX];
	double median, interval; /* the 95 % interval's half-width as a part of the median; by order statistics */
	struct hist *times;	 /* .parts of them: all threads' times, the clock's cost included; NULL without */
};

struct bench_measured {
	unsigned int rounds, parts;
	unsigned int
		fresh; /* of the rounds had memory of their own: the first, and those before which work->fresh was called */
	uint64_t loops; /* that were measured, per thread; fewer than asked for after a signal */
	double clock_ns;
	struct bench_series ours, plain;
	struct bench_part part[BENCH_PARTS]; /* the first .parts of them */
	double ratio
		[BENCH_ROUNDS_MAX]; /* plain / ours, round by round: what slows both for a while has no part in it */
	double ratio_median, ratio_interval;
	bool has_plain, tight;
};

/*
 * @ctx: one per thread. 0, -ENOMEM, -errno of a thread that cannot be started or run where it should, or of a batch, with @f. A signal ends
 * it early with 0. Also after an error *out has what was measured; free it with bench_measured_free().
 */
int bench_measure(const struct bench_work *work, void *const *ctx, unsigned int threads,
		  const struct bench_until *until, struct bench_measured *out, struct fail *f);
void bench_measured_free(struct bench_measured *m);

/* The cost of two looks at the clock, in ns: the least median of a few turns of many, found out once. */
double bench_clock_cost(void);
/* The same of another clock, each time anew; 0 without memory for it. */
double bench_clock_cost_of(uint64_t (*clock)(void));
/* The median of @n values, and half of its 95 % interval as a part of it (of fewer than 6: of all). Sorts @v. */
double bench_median(double *v, unsigned int n, double *interval);

#endif
