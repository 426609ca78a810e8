/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search for a combination that fails, and what of it can be left out. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "core/diagnose/priv.h"

#define SCREEN_LOOPS 200	  /* of the first round; each further round takes four times as many */
#define SCREEN_LOOPS_FIRST 25	  /* on a device, whose loops and sessions are slow */
#define SCREEN_RANDOM 12	  /* random combinations of each further round */
#define SCREEN_PART 30		  /* of the time: one combination takes no more, */
#define SCREEN_LEAST_NS 100000000 /* unless that is less than this */
#define REDUCE_LOOPS 4		  /* times the mean to the first failure: a chance of 98 in 100 to see it */
#define REDUCE_TRIES 2
#define RUN_LOOPS 6 /* times the mean, of each run of the experiment: 399 in 400 */
#define RUN_LOOPS_MIN 40
#define FULL_RUNS 12 /* of the runs of a round that take all their loops, about */
#define MEASURE_RUNS 3
#define MEASURE_LOOPS 20 /* times the mean so far */

#define CELL(...)                     \
	{                             \
		.at = { __VA_ARGS__ } \
	}

/* From the reports there are: what showed most, first. Probes last: what an ordinary loop shows tells more. */
static const struct cell candidates[] = {
	CELL([FACTOR_IOVA] = IOVA_FIXED),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_ALIGNMENT] = ACROSS, [FACTOR_SIZE] = SIZE_RANGE),
	CELL([FACTOR_IOVA] = IOVA_ADVERSARIAL),
	CELL([FACTOR_IOVA] = IOVA_RANDOM, [FACTOR_SIZE] = SIZE_RANGE, [FACTOR_MAPS] = MAPS_RANDOM),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_ALIGNMENT] = ACROSS, [FACTOR_SIZE] = SIZE_RANGE, [FACTOR_THREADS] = 1),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_SIZE] = SIZE_12K, [FACTOR_MAPS] = MAPS_PAGE,
	     [FACTOR_UNMAP] = UNMAP_PAGE),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_SIZE] = SIZE_RANGE, [FACTOR_MAPS] = MAPS_RANDOM),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_UNMAP] = UNMAP_ALL),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_BUFFERS] = BUFFERS_REUSED),
	CELL([FACTOR_IOVA] = IOVA_SEQUENTIAL, [FACTOR_SIZE] = SIZE_RANGE),
	CELL([FACTOR_IOVA] = IOVA_KERNEL, [FACTOR_SIZE] = SIZE_RANGE),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_PAGE] = PAGE_THP),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_PAGE] = PAGE_HUGE),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_FLUSH] = 1),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_SIZE] = SIZE_ONE_PAGE),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_BUFFERS] = BUFFERS_FEW, [FACTOR_DELAY] = 1),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_BACKEND] = 1),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_BACKEND] = 2),
	CELL([FACTOR_IOVA] = IOVA_FIXED, [FACTOR_SNOOP] = 1),
	{.probe = PROBE_UNMAPPED},
	{.probe = PROBE_READONLY},
};

/* The first level that works here stands for each that does not. False: the combination is one that was not asked for. */
static bool screen_fit(const struct diagnose *d, struct cell *cell)
{
	for (unsigned int i = 0; i < FACTOR_CELL; i++) {
		const struct factor *f = &d->factor[i];
		bool asked = cell->at[i];

		if (cell->at[i] < f->nr && f->level[cell->at[i]].usable)
			continue;
		if (asked && i != FACTOR_SIZE)
			return false;
		for (cell->at[i] = 0; cell->at[i] < f->nr && !f->level[cell->at[i]].usable;)
			cell->at[i]++;
		if (cell->at[i] == f->nr)
			return false;
	}
	return true;
}

/* Any levels; probes in one of eight. */
static void screen_draw(const struct diagnose *d, uint64_t n, struct cell *cell)
{
	uint64_t seed = d->session.seed;

	memset(cell, 0, sizeof(*cell));
	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		cell->at[i] = (uint8_t)rng_below(rng_draw(seed, n, rng_place("level") + i), d->factor[i].nr);
	if (!rng_below(rng_draw(seed, n, rng_place("probes")), 8))
		cell->probe =
			(uint8_t)rng_between(rng_draw(seed, n, rng_place("probe")), PROBE_UNMAPPED, PROBE_READONLY);
	if (cell->at[FACTOR_UNMAP] == UNMAP_PAGE)
		cell->at[FACTOR_MAPS] = MAPS_PAGE;
}

/* What cannot be run says so where the level is to blame: it is the only one that differs from what can. */
static void screen_blame(struct diagnose *d, const struct cell *cell, const struct fail *why)
{
	unsigned int differ = 0, at = 0;

	for (unsigned int i = 0; i < FACTOR_CELL; i++)
		if (cell->at[i] && d->factor[i].level[cell->at[i]].usable) {
			differ++;
			at = i;
		}
	if (differ == 1 && !cell->probe)
		level_unusable(&d->factor[at].level[cell->at[at]], "%.190s", why->text);
}

/* 1: it failed, 0: it did not, or cannot be run. -errno: nothing can. */
static int screen_try(struct diagnose *d, struct cell cell, uint64_t loops, struct fail *f)
{
	struct tally t = {0};
	struct fail why = {0};
	struct cell_limit limit;
	char options[200];
	int err;

	if (!screen_fit(d, &cell))
		return 0;
	snprintf(d->doing, sizeof(d->doing), "diagnose: looking for a failure: %.55s",
		 cell_options(d, &cell, options, sizeof(options)));
	limit.loops = loops;
	limit.time_ns = MAX(d->params.time_ns / SCREEN_PART, (uint64_t)SCREEN_LEAST_NS);
	err = cell_run(d, &cell, &limit, false, &t, &why);
	if (err < 0 && !d->all.runs) {
		*f = why;
		return err;
	}
	d->screened += err >= 0;
	if (err < 0)
		screen_blame(d, &cell, &why);
	if (err <= 0)
		return 0;
	d->found = true;
	d->baseline = cell;
	d->base_runs = t;
	return 1;
}

/* Each level alone: what has to be said of it when nothing fails. */
static int screen_each(struct diagnose *d, uint64_t loops, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < FACTOR_CELL && !err; i++) {
		for (unsigned int l = 1; l < d->factor[i].nr && !err && !diagnose_is_over(d); l++) {
			struct cell cell = {.at = {[FACTOR_SIZE] = SIZE_8K}};

			if (d->factor[i].level[l].tried.runs || !d->factor[i].level[l].usable)
				continue;
			cell.at[i] = (uint8_t)l;
			if (i == FACTOR_UNMAP && l == UNMAP_PAGE)
				cell.at[FACTOR_MAPS] = MAPS_PAGE;
			err = screen_try(d, cell, loops, f);
		}
	}
	return err;
}

static int screen_search(struct diagnose *d, struct fail *f)
{
	uint64_t loops = d->simulated ? SCREEN_LOOPS : SCREEN_LOOPS_FIRST, drawn = 0;
	int err = 0;

	for (unsigned int round = 0; !err && !diagnose_is_over(d); round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(candidates) && !err && (!d->all.runs || !diagnose_is_over(d));
		     i++) {
			/* adversarial cases are some hundred, each a few times in a row */
			uint64_t n = candidates[i].at[FACTOR_IOVA] == IOVA_ADVERSARIAL ? MAX(loops, 600ull) : loops;

			err = screen_try(d, candidates[i], n, f);
		}
		if (!err)
			err = screen_each(d, loops, f);
		for (unsigned int i = 0; i < SCREEN_RANDOM && !err && round && !diagnose_is_over(d); i++) {
			struct cell cell;

			screen_draw(d, drawn++, &cell);
			err = screen_try(d, cell, loops, f);
		}
		loops *= 4;
	}
	return err < 0 ? err : 0;
}

static uint64_t screen_mean(const struct tally *t)
{
	return t->failed ? MAX(t->loops / t->failed, (uint64_t)1) : MAX(t->loops, (uint64_t)1);
}

/* Does it fail still? */
static bool reduce_fails(struct diagnose *d, const struct cell *cell, struct tally *t)
{
	struct cell_limit limit = {.loops = MAX(REDUCE_LOOPS * screen_mean(&d->base_runs), (uint64_t)RUN_LOOPS_MIN)};
	struct fail unused = {0};

	for (unsigned int i = 0; i < REDUCE_TRIES && !diagnose_is_over(d); i++) {
		int err = cell_run(d, cell, &limit, false, t, &unused);

		if (err)
			return err > 0;
	}
	return false;
}

/*
 * Adversarial cases bring their own sizes and addresses, and leave nothing of either to vary. Most of them lie across a border: where one fixed
 * address that does fails as well, it is the better baseline.
 */
static void screen_reduce_cases(struct diagnose *d)
{
	struct cell plain = d->baseline;
	struct tally t = {0};

	if (plain.at[FACTOR_IOVA] != IOVA_ADVERSARIAL)
		return;
	plain.at[FACTOR_IOVA] = IOVA_FIXED;
	plain.at[FACTOR_ALIGNMENT] = ACROSS;
	plain.at[FACTOR_SIZE] = SIZE_RANGE;
	snprintf(d->doing, sizeof(d->doing), "diagnose: does a fixed iova do as well");
	if (!screen_fit(d, &plain) || !reduce_fails(d, &plain, &t))
		return;
	d->baseline = plain;
	d->base_runs = t;
}

/* Level by level to what is usual, as long as it fails: the fewer options a baseline has, the more its neighbours differ by one thing. */
static void screen_reduce(struct diagnose *d)
{
	/* the mode of IOVAs first: what else there is to leave out depends on it */
	for (unsigned int i = 0; i < FACTOR_CELL && !diagnose_is_over(d); i++) {
		struct cell plain = d->baseline;
		struct tally t = {0};

		plain.at[i] = 0;
		if (i == FACTOR_MAPS && plain.at[FACTOR_UNMAP] == UNMAP_PAGE)
			plain.at[FACTOR_UNMAP] = UNMAP_WHOLE;
		if (!memcmp(&plain, &d->baseline, sizeof(plain)) || !screen_fit(d, &plain) ||
		    !memcmp(&plain, &d->baseline, sizeof(plain)))
			continue;
		snprintf(d->doing, sizeof(d->doing), "diagnose: is %s needed", factor_texts[i].name);
		if (!reduce_fails(d, &plain, &t))
			continue;
		d->baseline = plain;
		d->base_runs = t;
	}
}

/* How soon the baseline fails: the run that found it was looked for, and tells too early a loop. */
static void screen_measure(struct diagnose *d)
{
	struct cell_limit limit = {.loops = MEASURE_LOOPS * screen_mean(&d->base_runs)};
	struct fail unused = {0};
	struct tally t = {0};

	snprintf(d->doing, sizeof(d->doing), "diagnose: how often the baseline fails");
	for (unsigned int i = 0; i < MEASURE_RUNS && !diagnose_is_over(d); i++)
		cell_run(d, &d->baseline, &limit, false, &t, &unused);
	if (t.runs)
		d->base_runs = t;
}

/*
 * How many loops a run of the experiment takes: as many as show the failure nearly always, as far as there is time for that. Most levels fail as
 * soon as the baseline does; a few take all the loops they have.
 */
static void screen_calibrate(struct diagnose *d)
{
	uint64_t mean = screen_mean(&d->base_runs), now = clock_ns();
	double loop_ns = d->all.loops ? (double)d->elapsed_ns / (double)d->all.loops : 0;
	double left = d->until_ns > now ? (double)(d->until_ns - now) / 2 : 0;

	d->run_loops = MAX(RUN_LOOPS * mean, (uint64_t)RUN_LOOPS_MIN);
	if (loop_ns * (double)d->run_loops * FULL_RUNS * d->params.runs > left)
		d->run_loops = MAX(MIN(d->run_loops, (uint64_t)(left / (FULL_RUNS * d->params.runs * loop_ns + 1))),
				   MAX(3 * mean, (uint64_t)RUN_LOOPS_MIN));
	factors_set_delay(d, d->run_loops);
}

int screen_run(struct diagnose *d, struct fail *f)
{
	int err = 0;

	if (!d->found)
		err = screen_search(d, f);
	if (err || !d->found || d->untranslated)
		return err;
	/* the time was for the search: what was found has as much of its own */
	d->until_ns = clock_ns() + d->params.time_ns;
	if (d->nr_boots)
		return 0; /* another boot's baseline stays as it is */
	screen_measure(d);
	screen_reduce_cases(d);
	screen_reduce(d);
	screen_measure(d);
	screen_calibrate(d);
	return 0;
}
