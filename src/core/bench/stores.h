/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores of page-table entries: what mapping and unmapping is held against in the simulation, which has no plain call. Inline, as a call would
 * cost what a few stores do.
 */
#ifndef IC_CORE_BENCH_STORES_H
#define IC_CORE_BENCH_STORES_H

#include <stdatomic.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/util.h"
#include "core/bench/measure.h"

#define BENCH_STORES_PAGE 4096u
/* Fewer stores take less than the two looks at the clock around them: so often they are done between those. */
#define BENCH_STORES_FEW 64u

struct bench_stores {
	_Atomic uint64_t *entry; /* NULL: none were asked for */
	uint64_t nr;		 /* for more pages they begin anew */
};

/* An entry for each page of @size bytes, but no more than 8 MiB of them; to be freed. -ENOMEM with @f. */
int bench_stores_new(struct bench_stores *st, uint64_t size, struct fail *f);
void bench_stores_free(struct bench_stores *st);

/* Each is seen by a device as it is: they are not put together to larger ones. */
static inline void bench_stores_run(_Atomic uint64_t *entry, uint64_t n, uint64_t value, uint64_t step)
{
	for (uint64_t i = 0; i < n; i++, value += step)
		atomic_store_explicit(&entry[i], value, memory_order_relaxed);
}

/* @pages entries from @first on: @value, and a page more for each that follows; 0 for entries that go. */
static inline void bench_stores_put(const struct bench_stores *st, uint64_t first, uint64_t pages, uint64_t value)
{
	uint64_t run;

	for (first %= st->nr; pages; pages -= run, first = 0) {
		run = MIN(pages, st->nr - first);
		bench_stores_run(st->entry + first, run, value, value ? BENCH_STORES_PAGE : 0);
	}
}

/* The same, once, or with @times as often as it takes to time it. */
static inline void bench_stores_timed(const struct bench_stores *st, uint64_t first, uint64_t pages, uint64_t value,
				      struct hist *times)
{
	unsigned int repeat = times && pages < BENCH_STORES_FEW ? 64 : 1;
	uint64_t before = times ? clock_ns() : 0;

	for (unsigned int i = 0; i < repeat; i++)
		bench_stores_put(st, first, pages, value);
	if (times && repeat == 1)
		hist_add(times, clock_ns() - before);
	else if (times)
		hist_add_run(times, clock_ns() - before, repeat, (uint64_t)bench_clock_cost());
}

#endif
