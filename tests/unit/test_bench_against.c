/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench/pool, core/bench/against: turns pooled, and backends held against the first: a slow one is seen, an equal one and a slow turn are not. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "core/bench/against.h"
#include "core/bench/pool.h"

#define ROUNDS 12
#define TURNS 3
#define FIGURES 4

static struct bench_result pools[3];
static struct bench_beside beside;
static struct fail f;
static uint64_t draws;

static int setup(void **state)
{
	memset(pools, 0, sizeof(pools));
	for (unsigned int i = 0; i < ARRAY_SIZE(pools); i++)
		failures_init(&pools[i].found);
	memset(&f, 0, sizeof(f));
	return 0;
}

static int teardown(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(pools); i++)
		bench_result_free(&pools[i]);
	bench_beside_free(&beside);
	memset(&beside, 0, sizeof(beside));
	return 0;
}

/* Around 1, by so much. */
static double noise(double spread)
{
	return 1 + spread * ((double)(rng_draw(11, draws++, 0) >> 11) / (double)(UINT64_C(1) << 53) - 0.5);
}

static double *list_of(unsigned int n, double value, double spread)
{
	double *list = calloc(n, sizeof(*list));

	assert_non_null(list);
	for (unsigned int i = 0; i < n; i++)
		list[i] = value * noise(spread);
	return list;
}

/* A figure as bench_add_rate() makes it: samples, plain ones, the median. */
static struct bench_row *add(struct bench_result *turn, const char *name, const char *unit, uint64_t size, double value,
			     double spread)
{
	struct bench_params p = {.cell = {.size = size, .threads = 1}};
	struct bench_row *row = bench_add(turn, &p, name, unit, value);
	double sorted[ROUNDS];

	assert_non_null(row);
	row->samples = list_of(ROUNDS, value, spread);
	row->plain = list_of(ROUNDS, value / 2, 0);
	row->rounds = row->count = ROUNDS;
	row->reference = "stores";
	memcpy(sorted, row->samples, sizeof(sorted));
	row->value = bench_median(sorted, ROUNDS, &row->interval);
	return row;
}

static void pool_turn(struct bench_result *pool, struct bench_result *turn)
{
	turn->loops = 100;
	assert_int_equal(bench_pool_add(pool, turn, BENCH_ROUNDS_MAX / TURNS, 0.02), 0);
	bench_result_free(turn);
}

/* Figures in ns and in pairs/s; all @factor times as good as 100. */
static void fill(struct bench_result *pool, double factor, double spread)
{
	for (unsigned int t = 0; t < TURNS; t++) {
		struct bench_result turn = {.nr_rows = 0};

		failures_init(&turn.found);
		for (unsigned int i = 0; i < FIGURES; i++)
			add(&turn, i % 2 ? "map" : "map+unmap", i % 2 ? "ns" : "pairs/s", 4096 << i,
			    i % 2 ? 100 / factor : 100 * factor, spread);
		pool_turn(pool, &turn);
	}
}

static void hold(unsigned int nr)
{
	struct bench_side sides[] = {
		{"first", "d0", &pools[0]}, {"second", "d1", &pools[1]}, {"third", "d2", &pools[2]}};

	assert_int_equal(bench_beside(sides, nr, 0.1, &beside, &f), 0);
}

static unsigned int count(enum bench_verdict verdict)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < beside.nr; i++)
		n += beside.list[i].verdict == verdict;
	return n;
}

/* --- pooling --- */

static void test_pool(void **state)
{
	for (unsigned int t = 0; t < TURNS; t++) {
		struct bench_result turn = {
			.wrong = t == 1, .wrong_size = 4096 * t, .pins_counted = true, .checked = 7};
		struct hist h = {0};
		struct failure bad = {.class = FAILURE_MAP_REFUSED, .text = "no"};
		struct bench_params p = {.cell = {.size = 4096}};

		failures_init(&turn.found);
		failures_add(&turn.found, &bad);
		add(&turn, "memory", "GiB/s", 4096, 100 + 10 * t, 0);
		hist_add(&h, 1000 << t);
		assert_non_null(bench_times(&turn, &p, "time", &h));
		assert_non_null(bench_add(&turn, &p, "reported", "pages", 1 + t));
		pool_turn(&pools[0], &turn);
	}
	assert_int_equal(pools[0].nr_rows, 3);
	assert_int_equal(pools[0].rows[0].rounds, TURNS * ROUNDS);
	assert_int_equal(pools[0].rows[0].count, TURNS * ROUNDS);
	assert_int_equal(pools[0].rows[0].turns, TURNS);
	/* in the order of turns, and the median of all */
	assert_true(pools[0].rows[0].samples[0] == 100 && pools[0].rows[0].samples[TURNS * ROUNDS - 1] == 120);
	assert_true(fabs(pools[0].rows[0].value - 110) < 1e-9);
	/* each round was twice its plain one, whatever the turn */
	assert_true(fabs(pools[0].rows[0].ratio - 2) < 1e-9 && pools[0].rows[0].ratio_interval < 1e-9);
	assert_true(fabs(pools[0].rows[0].reference_value - 55) < 1e-9);
	assert_false(pools[0].rows[0].tight);
	assert_int_equal(pools[0].rows[1].count, TURNS);
	assert_int_equal(pools[0].rows[1].times->count, TURNS);
	assert_true(pools[0].rows[1].max == 4000);
	/* without rounds the mean */
	assert_true(fabs(pools[0].rows[2].value - 2) < 1e-9);
	assert_int_equal(pools[0].loops, 100 * TURNS);
	assert_int_equal(pools[0].wrong, 1);
	assert_int_equal(pools[0].wrong_size, 4096);
	assert_int_equal(pools[0].checked, 7 * TURNS);
	assert_true(pools[0].pins_counted);
	assert_int_equal(failures_total(&pools[0].found), TURNS);
}

/* No more than what the test takes, and from each turn as many. */
static void test_most(void **state)
{
	for (unsigned int t = 0; t < TURNS; t++) {
		struct bench_result turn = {.nr_rows = 0};

		failures_init(&turn.found);
		add(&turn, "memory", "GiB/s", 4096, 100 + t, 0);
		turn.loops = 1;
		assert_int_equal(bench_pool_add(&pools[0], &turn, 5, 0.02), 0);
		bench_result_free(&turn);
	}
	assert_int_equal(pools[0].rows[0].rounds, TURNS * 5);
	assert_true(pools[0].rows[0].samples[4] == 100 && pools[0].rows[0].samples[5] == 101);
	assert_int_equal(pools[0].rows[0].count, TURNS * ROUNDS);
	assert_true(pools[0].rows[0].tight);
}

/* --- beside the first --- */

static void test_slower(void **state)
{
	fill(&pools[0], 1, 0.1);
	fill(&pools[1], 0.5, 0.1);
	fill(&pools[2], 1.5, 0.1);
	hold(3);
	assert_int_equal(beside.nr, 2 * FIGURES);
	assert_int_equal(beside.all.nr_rows, 3 * FIGURES);
	assert_int_equal(count(BENCH_SLOWER), FIGURES);
	assert_int_equal(count(BENCH_FASTER), FIGURES);
	for (unsigned int i = 0; i < beside.all.nr_rows; i++) {
		const struct bench_row *row = &beside.all.rows[i];
		double due = i % 3 == 1 ? 0.5 : 1.5;

		/* next to each other, in the order of the sides */
		assert_string_equal(row->backend, i % 3 == 0 ? "first" : i % 3 == 1 ? "second" : "third");
		assert_string_equal(row->device, i % 3 == 0 ? "d0" : i % 3 == 1 ? "d1" : "d2");
		assert_int_equal(row->cell.size, 4096 << i / 3);
		if (i % 3 == 0) {
			assert_null(row->against);
			continue;
		}
		assert_string_equal(row->against->backend, "first");
		/* over 1 is better, of times and of rates */
		assert_true(fabs(row->against->ratio - due) < 0.05 * due);
		assert_true(row->against->low <= row->against->ratio && row->against->ratio <= row->against->high);
		assert_true(row->against->p < 0.05);
		assert_int_equal(row->against->verdict, i % 3 == 1 ? BENCH_SLOWER : BENCH_FASTER);
	}
	/* moved, not copied: whoever frees both frees each once */
	assert_int_equal(bench_is_same_figure(&beside.all.rows[0], &beside.all.rows[1]), true);
	assert_int_equal(bench_is_same_figure(&beside.all.rows[0], &beside.all.rows[3]), false);
}

static void test_same(void **state)
{
	char text[80];

	fill(&pools[0], 1, 0.2);
	fill(&pools[1], 1, 0.2);
	hold(2);
	assert_int_equal(count(BENCH_SAME), FIGURES);
	assert_string_equal(bench_against_words(&beside.list[0], text, sizeof(text)), "no difference beyond noise");
}

/* Beyond noise, below what is looked for. */
static void test_threshold(void **state)
{
	char text[80];

	fill(&pools[0], 1, 0.02);
	fill(&pools[1], 1.05, 0.02);
	hold(2);
	assert_int_equal(count(BENCH_SAME), FIGURES);
	assert_true(beside.list[0].differs);
	assert_string_equal(bench_against_words(&beside.list[0], text, sizeof(text)),
			    "differs by less than is looked for");
}

/* In two turns it was slower, in the third it was not: by the rounds it is, but then a machine that was busy twice says the same. */
static void test_turns(void **state)
{
	static const double values[TURNS] = {75, 102, 75};
	char text[80];

	fill(&pools[0], 1, 0.3);
	for (unsigned int t = 0; t < TURNS; t++) {
		struct bench_result turn = {.nr_rows = 0};

		failures_init(&turn.found);
		add(&turn, "map+unmap", "pairs/s", 4096, values[t], 0.3);
		pool_turn(&pools[1], &turn);
	}
	hold(2);
	assert_int_equal(beside.nr, 1);
	assert_true(beside.list[0].p <= 0.05);
	assert_int_equal(beside.list[0].verdict, BENCH_SAME);
	assert_string_equal(beside.list[0].why, "the turns do not agree");
	assert_string_equal(bench_against_words(&beside.list[0], text, sizeof(text)),
			    "no difference beyond noise: the turns do not agree");
}

/* Two equal ones, where whole turns are slower or faster by up to a quarter: in so many of 200 runs one is said to be better. */
static unsigned int alarms(void **state, unsigned int turns)
{
	unsigned int n = 0;

	for (unsigned int run = 0; run < 200; run++) {
		for (unsigned int i = 0; i < 2 * turns; i++) {
			struct bench_result turn = {.nr_rows = 0};

			failures_init(&turn.found);
			add(&turn, "map", "ns", 4096, 100 * noise(0.5), 0.05);
			pool_turn(&pools[i % 2], &turn);
		}
		hold(2);
		n += count(BENCH_SLOWER) + count(BENCH_FASTER) > 0;
		teardown(state);
		setup(state);
	}
	return n;
}

/* 10 of 200, and three standard deviations. */
static void test_false_alarms(void **state)
{
	assert_in_range(alarms(state, 3), 0, 19);
	assert_in_range(alarms(state, 4), 0, 19);
	assert_in_range(alarms(state, 6), 0, 19);
}

static void test_unknown(void **state)
{
	struct bench_params p = {.cell = {.size = 4096}};
	char text[80];

	for (unsigned int side = 0; side < 2; side++) {
		struct bench_result turn = {.nr_rows = 0};

		failures_init(&turn.found);
		bench_add(&turn, &p, "reported", "pages", 1);
		add(&turn, "map", "ns", 4096, 10, 0.1)->samples[3] = 0;
		add(&turn, "memory", "GiB/s", 4096, 10, 0.1)->rounds = 2;
		pool_turn(&pools[side], &turn);
	}
	hold(2);
	assert_int_equal(beside.nr, 3);
	assert_int_equal(count(BENCH_UNKNOWN), 3);
	assert_string_equal(bench_against_words(&beside.list[0], text, sizeof(text)),
			    "unknown: it was not measured in rounds");
	assert_string_equal(beside.list[1].why, "in some rounds it took no longer than a look at the clock");
	assert_string_equal(beside.list[2].why, "too few rounds");
}

/* What only one has, and a first that has nothing. */
static void test_missing(void **state)
{
	struct bench_result turn = {.nr_rows = 0};

	failures_init(&turn.found);
	add(&turn, "memory", "GiB/s", 4096, 10, 0.1);
	fill(&pools[1], 1, 0.1);
	pool_turn(&pools[2], &turn);
	hold(3);
	assert_int_equal(beside.nr, 0);
	assert_int_equal(beside.all.nr_rows, FIGURES + 1);
	assert_string_equal(beside.all.rows[FIGURES].backend, "third");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(test_most, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slower, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threshold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_false_alarms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
