/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One benchmark on several backends: each figure of the later ones beside the first's. */
#ifndef IC_CORE_BENCH_AGAINST_H
#define IC_CORE_BENCH_AGAINST_H

#include "core/bench/bench.h"
#include "core/bench/compare.h"

#define BENCH_AGAINST_MAX 4 /* backends beside the first */
#define BENCH_TURNS_MAX 16

/* How a figure stands beside the same one of the first backend. */
struct bench_against {
	const char *backend; /* the first one */
	double value;	     /* the figure there */
	double ratio, low,
		high; /* how many times as good as there, whatever the unit, with its 95 % interval; not where unknown */
	double p;     /* of no difference, corrected for all figures of the two */
	bool differs; /* beyond noise; perhaps by less than is cared for */
	enum bench_verdict verdict;
	const char *why; /* of unknown, and of the same where the rounds alone say something else; else NULL */
};

/* What was measured on one backend. */
struct bench_side {
	const char *backend, *device; /* the first is unique among all; they outlive the rows */
	struct bench_result *pool;    /* from bench_pool_add(); its rows go */
};

struct bench_beside {
	struct bench_result
		all; /* the rows of all sides: each of the first's, and the same figure of the others after it */
	struct bench_against *list;
	unsigned int nr; /* of them */
};

/*
 * By the rank test of bench_compare(), with its @threshold, for the first side and each other; what each is measured beside (its plain loop) has no
 * part in it, since that is another one on each backend. And the turns have to agree: rounds of one turn are more alike than those of two, and a
 * machine that was slower during one of them is no slower backend. A figure that the first does not have has nothing beside it. 0, -ENOMEM, or -EBADMSG where
 * a side has a figure twice; in any case *out is to be freed by bench_beside_free().
 */
int bench_beside(struct bench_side *sides, unsigned int nr, double threshold, struct bench_beside *out, struct fail *f);
void bench_beside_free(struct bench_beside *b);

/* "faster", "no difference beyond noise", "unknown: too few rounds". Returns buf. */
const char *bench_against_words(const struct bench_against *a, char *buf, size_t size);

#endif
