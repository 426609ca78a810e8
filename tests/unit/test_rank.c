/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/rank: against tables, against all orders gone through, and how often it cries wolf. */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "base/rank.h"
#include "base/rng.h"
#include "base/util.h"

#define CLOSE(a, b) assert_true(fabs((double)(a) - (b)) <= 1e-9 * fmax(fabs((double)(b)), 1))

static uint64_t draws;

static double uniform(void)
{
	return ((double)(rng_draw(1, draws++, 0) >> 11) + 0.5) / (double)(UINT64_C(1) << 53);
}

/* Around 1, @spread wide, with a tail to the right as times have. */
static double noise(double spread)
{
	double u = uniform() + uniform() + uniform() - 1.5;

	return 1 + spread * (u > 0 ? 2 * u : u);
}

/* Every choice of ranks for a: the share of those with a U at least as far from its middle. */
static double slow_test(const double *a, unsigned int n, const double *b, unsigned int m)
{
	unsigned int total = 0, far = 0, all = n + m;
	double u = 0, middle = n * m / 2.;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < m; k++)
			u += a[i] > b[k];
	for (unsigned int chosen = 0; chosen < 1u << all; chosen++) {
		int got = 0;

		if (__builtin_popcount(chosen) != (int)n)
			continue;
		for (unsigned int i = 0; i < all; i++)
			for (unsigned int k = 0; k < i && chosen >> i & 1; k++)
				got += !(chosen >> k & 1);
		total++;
		far += fabs(got - middle) >= fabs(u - middle) - 1e-9;
	}
	return (double)far / total;
}

static void test_exact(void **state)
{
	double a[6], b[6];

	for (unsigned int round = 0; round < 200; round++) {
		unsigned int n = 1 + round % 6, m = 1 + round / 6 % 6;

		for (unsigned int i = 0; i < 6; i++) {
			a[i] = noise(1) + round % 3 * 0.3;
			b[i] = noise(1);
		}
		CLOSE(rank_test(a, n, b, m, 1), slow_test(a, n, b, m));
		CLOSE(rank_test(b, m, a, n, 1), slow_test(a, n, b, m));
	}
}

/* Two-sided 5 % of Mann and Whitney's tables: 8 and 8 values, U of 13 is in, 14 is not; 20 and 20: 127 and 128. */
static void test_table(void **state)
{
	static const struct {
		unsigned int n, u;
		bool in;
	} cases[] = {{8, 13, true}, {8, 14, false}, {20, 127, true}, {20, 128, false}, {5, 2, true}, {5, 3, false}};

	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		unsigned int n = cases[c].n, left = cases[c].u;
		double a[20], b[20];

		/* a value of a that lies above k of b's counts k */
		for (unsigned int i = 0; i < n; i++)
			b[i] = 10 * (i + 1);
		for (unsigned int i = 0; i < n; i++) {
			unsigned int above = MIN(left, n);

			a[i] = 10 * above + 5 - 0.01 * i;
			left -= above;
		}
		assert_int_equal(rank_test(a, n, b, n, 1) <= 0.05, cases[c].in);
	}
}

/* Of many values, or with ties, it is the normal distribution's: near the exact one where both are to be had. */
static void test_normal(void **state)
{
	double a[RANK_MAX], b[RANK_MAX], exact, normal;

	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 20; i++) {
			a[i] = noise(1) + 0.02 * round;
			b[i] = noise(1);
		}
		exact = rank_test(a, 20, b, 20, 1);
		normal = rank_test(a, 20, b, 20, 1 + 1e-12);
		assert_true(fabs(exact - normal) < 0.02);
	}
	for (unsigned int i = 0; i < RANK_MAX; i++)
		a[i] = b[i] = 1;
	CLOSE(rank_test(a, RANK_MAX, b, RANK_MAX, 1), 1);
	CLOSE(rank_test(a, 0, b, 5, 1), 1);
	b[0] = 2;
	assert_true(rank_test(a, 50, b, 50, 1) > 0.3);
}

static void test_least(void **state)
{
	static const double low[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, high[] = {10, 11, 12, 13, 14, 15, 16, 17, 18};

	CLOSE(rank_least(3, 3), 0.1);
	CLOSE(rank_least(4, 4), 2 / 70.);
	CLOSE(rank_least(1, 1), 1);
	CLOSE(rank_least(0, 9), 1);
	CLOSE(rank_test(low, 9, high, 9, 1), rank_least(9, 9));
}

static void test_factor(void **state)
{
	double a[15], b[15];
	struct rank_factor got;
	unsigned int holds = 0;

	for (unsigned int round = 0; round < 1000; round++) {
		for (unsigned int i = 0; i < 15; i++) {
			a[i] = 100 * noise(0.02);
			b[i] = 105 * noise(0.02);
		}
		assert_int_equal(rank_factor(a, 15, b, 15, 1, &got), 0);
		assert_true(got.low <= got.median && got.median <= got.high);
		holds += got.low <= 1.05 && 1.05 <= got.high;
	}
	/* 95 %, give or take three standard deviations */
	assert_in_range(holds, 929, 975);
	assert_int_equal(rank_factor(a, 0, b, 15, 1, &got), -EINVAL);
}

/* Of the same population it says otherwise at 5 % in no more than 5 % of the cases; with values that hang together, too. */
static void test_false_alarms(void **state)
{
	double v[2][15], slow[2];
	unsigned int alarms = 0, drifting = 0, naive = 0;

	for (unsigned int round = 0; round < 4000; round++) {
		for (unsigned int k = 0; k < 2; k++)
			for (unsigned int i = 0; i < 15; i++)
				v[k][i] = noise(0.05);
		alarms += rank_test(v[0], 15, v[1], 15, 1) <= 0.05;
	}
	assert_true(alarms <= 245); /* 200 and three standard deviations; exact tests stay below their level */
	for (unsigned int round = 0; round < 4000; round++) {
		for (unsigned int k = 0; k < 2; k++) {
			slow[k] = noise(0.05);
			for (unsigned int i = 0; i < 15; i++) {
				slow[k] = 0.6 * slow[k] + 0.4 * noise(0.05);
				v[k][i] = slow[k];
			}
		}
		naive += rank_test(v[0], 15, v[1], 15, 1) <= 0.05;
		drifting += rank_test(v[0], 15, v[1], 15, rank_inflation(v[0], 15, v[1], 15)) <= 0.05;
	}
	/* that is what it is for */
	assert_true(naive > 800);
	assert_true(drifting < naive / 2);
}

static void test_inflation(void **state)
{
	double up[32], random[2][32];
	unsigned int inflated = 0;

	for (unsigned int i = 0; i < 32; i++)
		up[i] = i;
	assert_true(rank_inflation(up, 32, up, 32) > 8);
	/* too few to tell */
	assert_true(rank_inflation(up, 3, up, 3) <= 1);
	for (unsigned int round = 0; round < 1000; round++) {
		for (unsigned int i = 0; i < 64; i++)
			random[i / 32][i % 32] = noise(1);
		inflated += rank_inflation(random[0], 32, random[1], 32) > 1;
	}
	/* 50 expected */
	assert_in_range(inflated, 5, 75);
	for (unsigned int i = 0; i < 32; i++)
		up[i] = 1;
	CLOSE(rank_inflation(up, 32, up, 32), 1);
	CLOSE(rank_inflation(up, 0, up, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),	  cmocka_unit_test(test_table),	 cmocka_unit_test(test_normal),
		cmocka_unit_test(test_least),	  cmocka_unit_test(test_factor), cmocka_unit_test(test_false_alarms),
		cmocka_unit_test(test_inflation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
