/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The experiment: in each round the baseline and each of its neighbours run once, in an order of the round's own, so that whatever drifts
 * while it goes on falls on all of them alike. A round that was cut short counts as far as it came.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "core/diagnose/priv.h"

#define NEIGHBOURS_MAX (FACTOR_CELL * LEVELS_MAX + 1)
#define COMBINE_RUNS 3
#define FIRST_ROUNDS 2 /* rounds (from 0) after which the length of runs is looked at */
#define LENGTHEN 4
#define SLOW_PART 6 /* a level is slow that takes so great a part of a round */

struct neighbour {
	struct cell cell;
	uint8_t factor, level; /* FACTOR_CELL: the baseline itself */
	uint64_t took_ns;      /* its fastest run: a machine that is busy makes others slow */
};

/* Why the baseline's other options make the level mean nothing; NULL: it can be run. */
static const char *neighbour_why_not(const struct cell *base, unsigned int factor, unsigned int level)
{
	bool own_sizes = base->at[FACTOR_IOVA] == IOVA_ADVERSARIAL;

	(void)level;
	if (own_sizes && (factor == FACTOR_SIZE || factor == FACTOR_ALIGNMENT))
		return "adversarial cases bring their own sizes and addresses";
	if (base->at[FACTOR_IOVA] == IOVA_KERNEL && factor == FACTOR_ALIGNMENT)
		return "the kernel chooses the iova";
	return NULL;
}

static struct cell neighbour_cell(const struct cell *base, unsigned int factor, unsigned int level)
{
	struct cell cell = *base;

	cell.at[factor] = (uint8_t)level;
	if (factor == FACTOR_UNMAP && level == UNMAP_PAGE)
		cell.at[FACTOR_MAPS] = MAPS_PAGE;
	if (factor == FACTOR_MAPS && level != MAPS_PAGE && base->at[FACTOR_UNMAP] == UNMAP_PAGE)
		cell.at[FACTOR_UNMAP] = UNMAP_WHOLE;
	return cell;
}

static unsigned int rounds_neighbours(struct diagnose *d, struct neighbour *out)
{
	unsigned int n = 0;

	out[n++] = (struct neighbour){d->baseline, FACTOR_CELL, 0, 0};
	for (unsigned int i = 0; i < FACTOR_CELL; i++) {
		for (unsigned int l = 0; l < d->factor[i].nr; l++) {
			const char *why = neighbour_why_not(&d->baseline, i, l);

			if (l == d->baseline.at[i] || !d->factor[i].level[l].usable)
				continue;
			if (why)
				level_unusable(&d->factor[i].level[l], "%s", why);
			else
				out[n++] = (struct neighbour){neighbour_cell(&d->baseline, i, l), (uint8_t)i,
							      (uint8_t)l, 0};
		}
	}
	return n;
}

static void rounds_shuffle(const struct diagnose *d, unsigned int round, struct neighbour *list, unsigned int n)
{
	for (unsigned int i = n; i > 1; i--) {
		unsigned int at = (unsigned int)rng_below(
			rng_draw(d->session.seed, (uint64_t)round << 32 | i, rng_place("order")), i);
		struct neighbour swap = list[i - 1];

		list[i - 1] = list[at];
		list[at] = swap;
	}
}

static void rounds_run_one(struct diagnose *d, struct neighbour *nb, unsigned int round)
{
	bool base = nb->factor == FACTOR_CELL;
	struct level *l = base ? NULL : &d->factor[nb->factor].level[nb->level];
	struct cell_limit limit = {0};
	struct fail why = {0};
	char what[128];
	uint64_t start;
	int err;

	snprintf(d->doing, sizeof(d->doing), "diagnose: round %u of %u: %.60s", round + 1, d->params.runs,
		 base ? "the baseline" : factor_level_text(d, nb->factor, nb->level, what, sizeof(what)));
	limit.loops = d->run_loops;
	start = clock_ns();
	err = cell_run(d, &nb->cell, &limit, base, base ? &d->base_runs : &l->runs, &why);
	start = clock_ns() - start;
	nb->took_ns = nb->took_ns ? MIN(nb->took_ns, start) : start;
	if (err >= 0 || session_signal)
		return;
	if (!base)
		level_unusable(l, "%.190s", why.text);
	else
		snprintf(d->error, sizeof(d->error), "the baseline could not be run any more: %.150s", why.text);
}

/* One level that takes as long as many others is left out where else there is no time for the rounds that tell anything. */
static void rounds_drop_slow(struct diagnose *d, const struct neighbour *list, unsigned int n)
{
	uint64_t round = 0, now = clock_ns(), left = d->until_ns > now ? d->until_ns - now : 0;

	for (unsigned int i = 0; i < n; i++)
		round += list[i].took_ns;
	for (;;) {
		const struct neighbour *slow = &list[0];
		struct level *l;

		for (unsigned int i = 1; i < n; i++)
			if (list[i].factor != FACTOR_CELL && d->factor[list[i].factor].level[list[i].level].usable &&
			    (slow->factor == FACTOR_CELL || list[i].took_ns > slow->took_ns ||
			     !d->factor[slow->factor].level[slow->level].usable))
				slow = &list[i];
		if (round * (d->params.runs - 2) <= left || slow->factor == FACTOR_CELL)
			return;
		l = &d->factor[slow->factor].level[slow->level];
		if (!l->usable || slow->took_ns * SLOW_PART < round)
			return;
		round -= slow->took_ns;
		memset(&l->runs, 0, sizeof(l->runs));
		level_unusable(l, "a run of it takes %.1f s: needs more --time", (double)slow->took_ns / 1e9);
	}
}

static void rounds_forget(struct diagnose *d)
{
	/* those of the search chose the baseline for failing: they are no evidence of how often it does */
	memset(&d->base_runs, 0, sizeof(d->base_runs));
	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		for (unsigned int l = 0; l < d->factor[i].nr; l++)
			memset(&d->factor[i].level[l].runs, 0, sizeof(d->factor[i].level[l].runs));
}

/* The first rounds showed too little, for their runs were too short: all anew with longer ones, where there is time for that. */
static bool rounds_lengthen(struct diagnose *d, uint64_t began_ns)
{
	uint64_t now = clock_ns(), took = now - began_ns, left = d->until_ns > now ? d->until_ns - now : 0;

	if (d->nr_boots || d->rounds != FIRST_ROUNDS || d->base_runs.failed * 4 > d->base_runs.runs * 3 ||
	    took / FIRST_ROUNDS * d->params.runs * LENGTHEN > left)
		return false;
	d->run_loops *= LENGTHEN;
	factors_set_delay(d, d->run_loops);
	return true;
}

static void rounds_once(struct diagnose *d, struct neighbour *list, unsigned int n)
{
	rounds_shuffle(d, d->rounds, list, n);
	for (unsigned int i = 0; i < n && !diagnose_is_over(d); i++) {
		struct neighbour *nb = &list[i];

		if (nb->factor == FACTOR_CELL || d->factor[nb->factor].level[nb->level].usable)
			rounds_run_one(d, nb, d->rounds);
	}
}

void rounds_run(struct diagnose *d)
{
	struct neighbour list[NEIGHBOURS_MAX];
	uint64_t began = clock_ns();
	/* another boot asks for the baseline alone */
	unsigned int n = rounds_neighbours(d, list);

	rounds_forget(d);
	for (d->rounds = 0; d->rounds < d->params.runs && !diagnose_is_over(d); d->rounds++) {
		rounds_once(d, list, d->nr_boots ? 1 : n);
		if (d->rounds == 1 && !d->nr_boots)
			rounds_drop_slow(d, list, n);
		if (!rounds_lengthen(d, began))
			continue;
		rounds_forget(d);
		began = clock_ns();
		d->rounds = UINT_MAX; /* the first one again */
	}
	for (unsigned int i = 0; i < FACTOR_CELL && !d->nr_boots; i++)
		d->factor[i].level[d->baseline.at[i]].runs = d->base_runs;
	/* of settings of the boot the first level is this one's */
	for (unsigned int i = FACTOR_CELL; i < FACTORS && d->nr_boots; i++)
		d->factor[i].level[0].runs = d->base_runs;
}

/* The level of @factor that failed least. */
static uint8_t rounds_other(const struct diagnose *d, unsigned int factor)
{
	const struct factor *f = &d->factor[factor];
	unsigned int best = d->baseline.at[factor];
	double least = 2;

	for (unsigned int l = 0; l < f->nr; l++) {
		const struct tally *t = &f->level[l].runs;

		if (l == d->baseline.at[factor] || !f->level[l].usable || !t->runs)
			continue;
		if ((double)t->failed / t->runs < least) {
			least = (double)t->failed / t->runs;
			best = l;
		}
	}
	return (uint8_t)best;
}

void rounds_combine(struct diagnose *d)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < FACTOR_CELL && n < COMBINED_MAX; i++) {
		const struct factor *f = &d->factor[i];

		if (!f->tested || f->adjusted > DIAGNOSE_ALPHA || (!f->matters && f->explained != FACTORS))
			continue;
		d->combined[n] = (uint8_t)i;
		d->other[n++] = rounds_other(d, i);
	}
	d->nr_combined = n;
	if (n < 2)
		return;
	for (unsigned int m = 0; m < 1u << n; m++) {
		struct combination *c = &d->combination[m];

		c->cell = d->baseline;
		for (unsigned int k = 0; k < n; k++)
			if (m >> k & 1)
				c->cell.at[d->combined[k]] = d->other[k];
	}
	d->nr_combinations = 1u << n;
	/* in an order of the seed's, round by round */
	for (unsigned int r = 0; r < COMBINE_RUNS; r++) {
		unsigned int from =
			(unsigned int)rng_below(rng_draw(d->session.seed, r, rng_place("combine")), 1u << n);

		for (unsigned int i = 0; i < 1u << n && !diagnose_is_over(d); i++) {
			struct combination *c = &d->combination[(from + i * 5) & ((1u << n) - 1)];
			struct cell_limit limit = {.loops = d->run_loops};
			struct fail unused = {0};

			snprintf(d->doing, sizeof(d->doing), "diagnose: what matters, together");
			cell_run(d, &c->cell, &limit, false, &c->runs, &unused);
		}
	}
}
