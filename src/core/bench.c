/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of benchmarks, and what they share: the clock's own cost, rows of times and rates. */
#include "core/bench.h"

#include <string.h>

#include "base/clock.h"

#define BENCH_CLOCK_LOOKS 2001

const struct bench *const benches[] = {&bench_map, NULL};

const struct bench *bench_find(const char *name)
{
	for (size_t i = 0; benches[i]; i++)
		if (!strcmp(benches[i]->name, name))
			return benches[i];
	return NULL;
}

double bench_clock_cost(void)
{
	static struct hist h; /* large, and there is one benchmark at a time */
	uint64_t before, now;

	memset(&h, 0, sizeof(h));
	before = clock_ns();
	for (unsigned int i = 0; i < BENCH_CLOCK_LOOKS; i++, before = now) {
		now = clock_ns();
		hist_add(&h, now - before);
	}
	return (double)hist_percentile(&h, 500);
}

static struct bench_row *bench_row(struct bench_result *r, const char *name, const char *unit, double value)
{
	struct bench_row *row = &r->rows[r->nr_rows];

	if (r->nr_rows == BENCH_ROWS_MAX)
		return NULL;
	r->nr_rows++;
	*row = (struct bench_row){.name = name, .unit = unit, .value = value};
	return row;
}

static double bench_less(double ns, double clock)
{
	return MAX(ns - clock, 0.0);
}

struct bench_row *bench_times(struct bench_result *r, const char *name, const struct hist *h)
{
	struct bench_row *row = bench_row(r, name, "ns", bench_less(hist_mean(h), r->clock_ns));

	if (!row)
		return NULL;
	row->has_percentiles = true;
	row->p50 = bench_less((double)hist_percentile(h, 500), r->clock_ns);
	row->p99 = bench_less((double)hist_percentile(h, 990), r->clock_ns);
	row->p999 = bench_less((double)hist_percentile(h, 999), r->clock_ns);
	return row;
}

struct bench_row *bench_rate(struct bench_result *r, const char *name, const char *unit, uint64_t n, uint64_t ns)
{
	double less = bench_less((double)ns, r->clock_ns);

	return bench_row(r, name, unit, less > 0 ? (double)n * 1e9 / less : 0);
}
