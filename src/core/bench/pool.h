/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of a benchmark that was run several times, by turns with something else: their rounds pooled. */
#ifndef IC_CORE_BENCH_POOL_H
#define IC_CORE_BENCH_POOL_H

#include "core/bench/bench.h"

/* The same figure of the same combination. */
bool bench_is_same_figure(const struct bench_row *a, const struct bench_row *b);

/*
 * Adds one turn's figures to @pool, which begins as {0} with failures_init(&pool->found), and is freed by bench_result_free(). Of each figure the
 * first @most rounds, and all of its times; medians and intervals are those of all rounds together, a figure without rounds is the mean of its
 * turns. What was counted is added up. 0 or -ENOMEM.
 */
int bench_pool_add(struct bench_result *pool, const struct bench_result *turn, unsigned int most, double precision);
/* Only the failures: those that are kept, and how many there were. */
void bench_pool_failures(struct bench_result *pool, const struct bench_result *turn);

#endif
