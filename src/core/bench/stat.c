/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a benchmark's numbers need: the clock's own cost, and the median with its interval. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/bench/measure.h"

#define STAT_CLOCK_LOOKS 401
#define STAT_CLOCK_TURNS 5
#define STAT_CLOCK_PAUSE_NS 2000000

static double stat_clock_cost(uint64_t (*clock)(void), struct hist *h)
{
	uint64_t before, now;

	memset(h, 0, sizeof(*h));
	for (unsigned int i = 0; i < STAT_CLOCK_LOOKS; i++) {
		before = clock();
		now = clock();
		hist_add(h, now - before);
	}
	return (double)hist_percentile(h, 500);
}

/* All looks of a turn may lie in a moment in which the machine is slow, and what is taken off too much leaves nothing of short times. */
double bench_clock_cost_of(uint64_t (*clock)(void))
{
	struct hist *h = calloc(1, sizeof(*h));
	double cost;

	if (!h)
		return 0;
	cost = stat_clock_cost(clock, h);
	for (unsigned int i = 1; i < STAT_CLOCK_TURNS; i++) {
		clock_sleep_ns(STAT_CLOCK_PAUSE_NS, NULL);
		cost = fmin(cost, stat_clock_cost(clock, h));
	}
	free(h);
	return cost;
}

/* Once: what a benchmark takes off itself and what is taken off its times is the same. */
double bench_clock_cost(void)
{
	static _Atomic double known;
	double cost = atomic_load_explicit(&known, memory_order_relaxed);

	if (cost > 0)
		return cost;
	cost = bench_clock_cost_of(clock_ns);
	atomic_store_explicit(&known, cost, memory_order_relaxed);
	return cost;
}

static int stat_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *v, unsigned int n, double *interval)
{
	double reach = 0.98 * sqrt(n), median; /* 1.96 standard deviations of the number of values below the median */
	unsigned int low;

	*interval = 0;
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), stat_order);
	median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	/* as many are left out above as below, and no more than leaves 95 % by the binomial distribution, too, for any n */
	low = (unsigned int)fmax(0, floor((n - 1) / 2.0 - reach));
	if (median > 0)
		*interval = (v[n - 1 - low] - v[low]) / 2 / median;
	return median;
}
