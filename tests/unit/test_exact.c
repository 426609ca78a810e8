/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/exact: p-values that were computed in whole numbers by another program, and what must hold for every table. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/exact.h"

static void near(const char *what, double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fabs(want) + 1e-300))
		fail_msg("%s: %.17g, expected %.17g", what, got, want);
}

static void test_log_factorial(void **state)
{
	(void)state;
	near("0!", exact_log_factorial(0), 0);
	near("1!", exact_log_factorial(1), 0);
	near("5!", exact_log_factorial(5), log(120));
	/* across the border between the sum and the series, and against libm's log-gamma far from it */
	for (unsigned int n = 60; n < 70; n++)
		near("n! from (n - 1)!", exact_log_factorial(n), exact_log_factorial(n - 1) + log(n));
	near("100000!", exact_log_factorial(100000), lgamma(100001));
}

/* The sums over all tables as fractions, by rational arithmetic. The first is Fisher's lady tasting tea. */
static void test_known(void **state)
{
	static const struct {
		unsigned int nr;
		struct exact_row rows[5];
		double above, below;
	} known[] = {
		{2, {{4, 3}, {4, 1}}, 17, 35},
		{2, {{10, 1}, {14, 11}}, 41, 14858},
		{2, {{8, 8}, {8, 0}}, 1, 6435},
		{2, {{10, 10}, {10, 0}}, 1, 92378},
		{2, {{10, 7}, {10, 0}}, 1, 323},
		{2, {{3, 0}, {9, 8}}, 1, 55},
		{2, {{20, 3}, {15, 9}}, 1157, 107880},
		{3, {{2, 2}, {2, 0}, {2, 0}}, 1, 5},
		{4, {{10, 10}, {10, 0}, {10, 0}, {10, 10}}, 1, 22974421470},
		{4, {{5, 1}, {7, 3}, {6, 5}, {4, 0}}, 755, 14212},
		{5, {{10, 9}, {10, 2}, {10, 1}, {10, 0}, {10, 0}}, 2979, 1213996511},
	};
	double p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		char what[32];

		snprintf(what, sizeof(what), "table %zu", i);
		assert_int_equal(exact_test(known[i].rows, known[i].nr, &p), 0);
		near(what, p, known[i].above / known[i].below);
	}
}

static void test_edges(void **state)
{
	struct exact_row many[EXACT_ROWS], rows[2] = {{5, 0}, {7, 0}};
	double p = 0;

	(void)state;
	assert_int_equal(exact_test(rows, 2, &p), 0);
	near("no failure", p, 1);
	rows[0].failed = 5;
	rows[1].failed = 7;
	assert_int_equal(exact_test(rows, 2, &p), 0);
	near("nothing else", p, 1);
	rows[0] = (struct exact_row){0, 0};
	rows[1] = (struct exact_row){7, 3};
	assert_int_equal(exact_test(rows, 2, &p), 0);
	near("an empty row says nothing", p, 1);
	rows[1].failed = 8;
	assert_int_equal(exact_test(rows, 2, &p), -EINVAL);
	assert_int_equal(exact_test(rows, 1, &p), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct exact_row){100, 50};
	assert_int_equal(exact_test(many, EXACT_ROWS, &p), -E2BIG);
	/* the order of rows is nothing */
	assert_int_equal(exact_test((struct exact_row[]){{9, 8}, {3, 0}}, 2, &p), 0);
	near("rows swapped", p, 1.0 / 55);
}

static void test_size(void **state)
{
	double p;

	(void)state;
	/* conservative: where both fail at one rate, no more than alpha are told apart */
	for (double rate = 0.05; rate < 1; rate += 0.05)
		assert_true(exact_power(rate, 10, rate, 12, 0.05) <= 0.05);
	near("always against never", exact_power(1, 10, 0, 10, 0.01), 1);
	near("too few to tell", exact_power(1, 3, 0, 3, 0.05), 0);
	/* what is said to be seen is, and what lies nearer is not */
	p = exact_detectable(1, 10, 10, 0.01, true);
	assert_true(p > 0.1 && p < 0.6);
	assert_true(exact_power(1, 10, p, 10, 0.01) >= 0.8);
	assert_true(exact_power(1, 10, p + 0.01, 10, 0.01) < 0.8);
	assert_true(exact_detectable(1, 3, 3, 0.01, true) < 0);
	p = exact_detectable(0.1, 10, 10, 0.01, false);
	assert_true(p > 0.7 && p <= 1);
}

static void test_holm(void **state)
{
	static const double p[] = {0.01, 0.04, 0.03, 0.005}, want[] = {0.03, 0.06, 0.06, 0.02};
	double got[4], one;

	(void)state;
	exact_holm(p, 4, got);
	for (size_t i = 0; i < 4; i++)
		near("Holm", got[i], want[i]);
	exact_holm((double[]){0.9, 0.8}, 2, got);
	near("at most 1", got[0], 1);
	near("at most 1", got[1], 1);
	exact_holm((double[]){0.2}, 1, &one);
	near("one alone", one, 0.2);
}

static void test_bound(void **state)
{
	(void)state;
	near("3 of 300", exact_upper_bound(300), 0.01);
	near("of none", exact_upper_bound(0), 1);
	near("of one", exact_upper_bound(1), 1);
	/* the rule is an approximation of 1 - 0.05^(1/n) from above */
	assert_true(exact_upper_bound(1000) > 1 - pow(0.05, 1e-3));
	assert_true(exact_upper_bound(1000) < 1.01 * (1 - pow(0.05, 1e-3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_factorial), cmocka_unit_test(test_known), cmocka_unit_test(test_edges),
		cmocka_unit_test(test_size),	      cmocka_unit_test(test_holm),  cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
