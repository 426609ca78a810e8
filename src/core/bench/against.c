/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holding the figures of several backends against the first one's, by the rules of `bench compare`. */
#include "core/bench/against.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench/pool.h"
#include "iommu/mem.h"

#define AGAINST_LEVEL 0.05

/* --- as bench_compare() takes them --- */

/* A time that is less than a look at the clock is 0, and has no logarithm. */
static bool against_is_measured(const struct bench_row *row)
{
	for (unsigned int i = 0; i < row->rounds && row->samples; i++)
		if (!(row->samples[i] > 0))
			return false;
	return true;
}

static void against_file_row(const struct bench_row *row, struct bench_file_row *out)
{
	unsigned int n = row->samples && against_is_measured(row) ? MIN(row->rounds, (unsigned int)RANK_MAX) : 0;

	*out = (struct bench_file_row){.size = row->cell.size,
				       .granule = row->cell.granule,
				       .page_size = row->cell.page_size,
				       .threads = row->cell.threads,
				       .depth = row->cell.depth,
				       .value = row->value,
				       .nr_samples = n};
	snprintf(out->name, sizeof(out->name), "%s", row->name);
	snprintf(out->unit, sizeof(out->unit), "%s", row->unit);
	snprintf(out->mem, sizeof(out->mem), "%s", mem_kind_name(row->cell.mem));
	if (n)
		memcpy(out->samples, row->samples, n * sizeof(*out->samples));
}

static int against_file(const struct bench_result *pool, struct bench_file *out, struct fail *f)
{
	*out = (struct bench_file){.rows = calloc(MAX(pool->nr_rows, 1u), sizeof(*out->rows)), .nr = pool->nr_rows};
	if (!out->rows)
		return fail_set(f, ENOMEM, "no memory to compare %u figures", pool->nr_rows);
	for (unsigned int i = 0; i < out->nr; i++)
		against_file_row(&pool->rows[i], &out->rows[i]);
	return 0;
}

/* --- one side and the first --- */

/* By the values of whole turns: as sure as so few can be, which of three each is that none overlaps. */
static bool against_turns_agree(const struct bench_row *first, const struct bench_row *row)
{
	double least = rank_least(first->turns, row->turns);

	return rank_test(first->by_turn, first->turns, row->by_turn, row->turns, 1) <= MAX(AGAINST_LEVEL, least) + 1e-9;
}

static void against_take(const struct bench_change *c, const struct bench_row *first, const struct bench_row *row,
			 const char *backend, struct bench_against *out)
{
	bool rises = bench_unit_rises(row->unit);

	*out = (struct bench_against){
		.backend = backend, .value = first->value, .p = c->p_adjusted, .verdict = c->verdict, .why = c->why};
	if (c->verdict == BENCH_UNKNOWN && (!against_is_measured(first) || !against_is_measured(row)))
		out->why = "in some rounds it took no longer than a look at the clock";
	if (c->verdict == BENCH_UNKNOWN)
		return;
	out->differs = c->p_adjusted <= AGAINST_LEVEL;
	out->ratio = rises ? c->factor.median : 1 / c->factor.median;
	out->low = rises ? c->factor.low : 1 / c->factor.high;
	out->high = rises ? c->factor.high : 1 / c->factor.low;
	if (c->verdict == BENCH_SAME || against_turns_agree(first, row))
		return;
	out->verdict = BENCH_SAME;
	out->differs = false;
	out->why = "the turns do not agree";
}

static int against_side(const struct bench_side *first, struct bench_file *file, const struct bench_side *side,
			double threshold, struct bench_beside *out, struct fail *f)
{
	struct bench_comparison cmp = {.nr = 0};
	struct bench_file own;
	int err = against_file(side->pool, &own, f);

	if (!err)
		err = bench_compare(file, &own, threshold, &cmp, f);
	for (unsigned int i = 0; i < cmp.nr && !err; i++) {
		const struct bench_change *c = &cmp.changes[i];
		struct bench_row *row = &side->pool->rows[c->b - own.rows];

		row->against = &out->list[out->nr];
		against_take(c, &first->pool->rows[c->a - file->rows], row, first->backend, &out->list[out->nr++]);
	}
	bench_comparison_free(&cmp);
	bench_file_free(&own);
	return err;
}

static int against_sides(struct bench_side *sides, unsigned int nr, double threshold, struct bench_beside *out,
			 struct fail *f)
{
	struct bench_file first;
	int err = against_file(sides[0].pool, &first, f);

	for (unsigned int i = 1; i < nr && !err; i++)
		err = against_side(&sides[0], &first, &sides[i], threshold, out, f);
	bench_file_free(&first);
	return err;
}

/* --- all in one --- */

/* Moved: whoever frees the rows of *to frees what they have. */
static void beside_move(struct bench_result *to, const struct bench_side *side, struct bench_row *row)
{
	struct bench_row *at = &to->rows[to->nr_rows++];

	*at = *row;
	at->backend = side->backend;
	at->device = side->device;
	row->samples = row->plain = row->by_turn = NULL;
	row->times = NULL;
	row->name = NULL;
}

static void beside_rows(struct bench_side *sides, unsigned int nr, struct bench_result *all)
{
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int k = 0; k < sides[i].pool->nr_rows; k++) {
			struct bench_row figure = sides[i].pool->rows[k];

			/* it went with an earlier side's */
			if (!figure.name)
				continue;
			for (unsigned int j = i; j < nr; j++)
				for (unsigned int l = 0; l < sides[j].pool->nr_rows; l++) {
					struct bench_row *row = &sides[j].pool->rows[l];

					if (row->name && bench_is_same_figure(row, &figure))
						beside_move(all, &sides[j], row);
				}
		}
}

/* What one should know of all of them together. */
static void beside_counts(const struct bench_side *sides, unsigned int nr, struct bench_result *all)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct bench_result *pool = sides[i].pool;

		all->loops = MAX(all->loops, pool->loops);
		all->checked += pool->checked;
		all->fresh += pool->fresh;
		all->remade += pool->remade;
		if (!pool->loops)
			continue;
		all->clock_ns = pool->clock_ns;
		if (!all->iova)
			all->iova = pool->iova;
		if (!all->note[0])
			memcpy(all->note, pool->note, sizeof(all->note));
	}
}

int bench_beside(struct bench_side *sides, unsigned int nr, double threshold, struct bench_beside *out, struct fail *f)
{
	unsigned int rows = 0;
	int err;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < nr; i++)
		rows += sides[i].pool->nr_rows;
	out->all.rows = calloc(MAX(rows, 1u), sizeof(*out->all.rows));
	out->list = calloc(MAX(rows, 1u), sizeof(*out->list));
	if (!out->all.rows || !out->list)
		return fail_set(f, ENOMEM, "no memory to compare %u figures", rows);
	err = against_sides(sides, nr, threshold, out, f);
	beside_rows(sides, nr, &out->all);
	beside_counts(sides, nr, &out->all);
	return err;
}

void bench_beside_free(struct bench_beside *b)
{
	bench_result_free(&b->all);
	free(b->list);
	b->list = NULL;
}

const char *bench_against_words(const struct bench_against *a, char *buf, size_t size)
{
	switch (a->verdict) {
	case BENCH_UNKNOWN:
		snprintf(buf, size, "unknown: %s", a->why);
		break;
	case BENCH_SAME:
		snprintf(buf, size, "%s%s%s",
			 a->differs ? "differs by less than is looked for" : "no difference beyond noise",
			 a->why ? ": " : "", a->why ? a->why : "");
		break;
	default:
		snprintf(buf, size, "%s", bench_verdict_name(a->verdict));
		break;
	}
	return buf;
}
