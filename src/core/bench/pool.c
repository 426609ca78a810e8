/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pooling turns of one benchmark: rounds one after the other, histograms merged, and medians of all anew. */
#include "core/bench/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench/compare.h"

bool bench_is_same_figure(const struct bench_row *a, const struct bench_row *b)
{
	const struct bench_cell *x = &a->cell, *y = &b->cell;

	return !strcmp(a->name, b->name) && !strcmp(a->unit, b->unit) && x->size == y->size &&
	       x->granule == y->granule && x->page_size == y->page_size && x->mem == y->mem &&
	       x->threads == y->threads && x->depth == y->depth;
}

/* Each of @n values, with those of before. */
static int pool_values(double **to, unsigned int at, const double *from, unsigned int n)
{
	double *grown;

	if (!from || !n)
		return 0;
	grown = reallocarray(*to, (size_t)at + n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memcpy(grown + at, from, n * sizeof(*grown));
	*to = grown;
	return 0;
}

/* The median and its interval, @v left in the order in which it was measured. */
static int pool_median(const double *v, unsigned int n, double *median, double *interval)
{
	double *sorted = calloc(MAX(n, 1u), sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, v, n * sizeof(*sorted));
	*median = bench_median(sorted, n, interval);
	free(sorted);
	return 0;
}

/* Each round beside its own plain one. */
static int pool_ratios(struct bench_row *row)
{
	bool rises = bench_unit_rises(row->unit);
	double *ratios = calloc(row->rounds, sizeof(*ratios)), unused;
	int err = ratios ? pool_median(row->plain, row->rounds, &row->reference_value, &unused) : -ENOMEM;

	for (unsigned int i = 0; i < row->rounds && !err; i++) {
		double over = rises ? row->samples[i] : row->plain[i], under = rises ? row->plain[i] : row->samples[i];

		ratios[i] = under > 0 ? over / under : 0;
	}
	if (!err)
		row->ratio = bench_median(ratios, row->rounds, &row->ratio_interval);
	free(ratios);
	return err;
}

static int pool_summary(struct bench_row *row, double precision)
{
	int err = 0;

	if (!row->samples)
		return 0;
	err = pool_median(row->samples, row->rounds, &row->value, &row->interval);
	if (!err && row->plain)
		err = pool_ratios(row);
	else if (row->reference)
		row->ratio = row->value / row->reference_value;
	row->tight = row->rounds >= BENCH_ROUNDS_KNOWN && row->interval <= precision &&
		     (!row->plain || row->ratio_interval <= precision);
	return err;
}

/* Rounds that were not kept leave no trace but in the count; so do those of which the plain ones are not there. */
static int pool_rounds(struct bench_row *to, const struct bench_row *from, unsigned int most)
{
	unsigned int n = MIN(from->rounds, most);
	int err = pool_values(&to->samples, to->rounds, from->samples, n);

	if (!err && (to->plain || !to->rounds))
		err = pool_values(&to->plain, to->rounds, from->plain, n);
	if (!from->plain) {
		free(to->plain);
		to->plain = NULL;
	}
	if (!err && from->samples)
		to->rounds += n;
	return err;
}

static int pool_times(struct bench_row *to, const struct bench_row *from, double clock_ns)
{
	if (!from->times)
		return 0;
	if (!to->times)
		to->times = calloc(1, sizeof(*to->times));
	if (!to->times)
		return -ENOMEM;
	hist_merge(to->times, from->times);
	bench_percentiles(to, to->times, clock_ns);
	return 0;
}

/* Without rounds: the mean of the turns. */
static void pool_plain_number(struct bench_row *to, const struct bench_row *from)
{
	to->value += (from->value - to->value) / to->turns;
	if (to->reference && from->reference)
		to->ratio += (from->ratio - to->ratio) / to->turns;
}

static int pool_row(struct bench_result *pool, const struct bench_row *from, unsigned int most, double precision,
		    double clock_ns)
{
	struct bench_params p = {.cell = from->cell};
	struct bench_row *to = NULL;
	int err;

	for (unsigned int i = 0; i < pool->nr_rows && !to; i++)
		if (bench_is_same_figure(&pool->rows[i], from))
			to = &pool->rows[i];
	if (!to) {
		to = bench_add(pool, &p, from->name, from->unit, from->value);
		if (!to)
			return -ENOMEM;
		to->count = 0;
		to->reference = from->reference;
		to->reference_value = from->reference_value;
		to->ratio = from->ratio;
	}
	err = pool_values(&to->by_turn, to->turns, &from->value, 1);
	if (err)
		return err;
	to->turns++;
	if (!from->samples)
		pool_plain_number(to, from);
	err = pool_rounds(to, from, most);
	if (!err)
		err = pool_times(to, from, clock_ns);
	/* the histogram has each time that was measured; what has none is counted here */
	if (!from->times || !to->times)
		to->count += from->count;
	return err ? err : pool_summary(to, precision);
}

void bench_pool_failures(struct bench_result *pool, const struct bench_result *turn)
{
	const struct failures *from = &turn->found;
	struct failures *to = &pool->found;
	uint64_t kept[FAILURE_CLASSES] = {0};

	for (unsigned int i = 0; i < from->kept; i++) {
		failures_add(to, &from->list[i]);
		kept[from->list[i].class]++;
	}
	for (unsigned int i = 0; i < FAILURE_CLASSES; i++) {
		to->count[i] += from->count[i] - kept[i];
		to->total += from->count[i] - kept[i];
	}
}

static void pool_counts(struct bench_result *pool, const struct bench_result *turn)
{
	bool first = !pool->loops;

	if (!pool->wrong) {
		pool->wrong_size = turn->wrong_size;
		pool->wrong_got = turn->wrong_got;
	}
	if (!pool->spurious)
		pool->spurious_at = turn->spurious_at;
	pool->loops += turn->loops;
	pool->wrong += turn->wrong;
	pool->missed += turn->missed;
	pool->again += turn->again;
	pool->spurious += turn->spurious;
	pool->checked += turn->checked;
	/* as long as it was so in every turn */
	pool->remade = first ? turn->remade : MIN(pool->remade, turn->remade);
	pool->fresh = MAX(pool->fresh, turn->fresh);
	pool->pins_counted = turn->pins_counted && (first || pool->pins_counted);
	pool->pins_left += turn->pins_left;
}

int bench_pool_add(struct bench_result *pool, const struct bench_result *turn, unsigned int most, double precision)
{
	int err = 0;

	pool->clock_ns = turn->clock_ns;
	pool->iova = turn->iova;
	memcpy(pool->note, turn->note, sizeof(pool->note));
	pool_counts(pool, turn);
	bench_pool_failures(pool, turn);
	for (unsigned int i = 0; i < turn->nr_rows && !err; i++)
		err = pool_row(pool, &turn->rows[i], most, precision, turn->clock_ns);
	return err;
}
