/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench/hist: every value lands within one part in 128 of itself, and percentiles are the values they should be. */
#include "unit.h"

#include <string.h>

#include "base/util.h"
#include "core/bench/hist.h"

static struct hist h;

static void clear(void)
{
	memset(&h, 0, sizeof(h));
}

static void test_empty(void **state)
{
	clear();
	assert_int_equal(hist_percentile(&h, 500), 0);
	assert_true(hist_mean(&h) == 0);
}

static void test_one_value(void **state)
{
	static const uint64_t values[] = {0,   1,    127,   128,     255,	256,	    257,
					  511, 1000, 65535, 1 << 20, 123456789, 1ull << 63, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		uint64_t got;

		clear();
		hist_add(&h, values[i]);
		got = hist_percentile(&h, 500);
		assert_true(got <= values[i]);
		assert_true(values[i] - got <= values[i] / 128);
		if (values[i] < 256)
			assert_int_equal(got, values[i]);
		assert_int_equal(hist_percentile(&h, 0), got);
		assert_int_equal(hist_percentile(&h, 1000), got);
	}
}

/* The next value's bucket is never below: no two octaves overlap. */
static void test_order(void **state)
{
	uint64_t last = 0;

	for (uint64_t v = 0; v < 1 << 18; v++) {
		clear();
		hist_add(&h, v);
		assert_true(hist_percentile(&h, 1000) >= last);
		last = hist_percentile(&h, 1000);
	}
}

static void test_percentiles(void **state)
{
	clear();
	for (uint64_t v = 1; v <= 1000; v++)
		hist_add(&h, v % 100 == 0 ? 100000 : 10);
	assert_int_equal(hist_percentile(&h, 500), 10);
	assert_int_equal(hist_percentile(&h, 990), 10);
	assert_int_equal(hist_percentile(&h, 991), 99840);
	assert_int_equal(hist_percentile(&h, 999), 99840);
	assert_true(hist_mean(&h) == (990 * 10 + 10 * 100000.0) / 1000);
}

/* Steps cover all values, each once, and are an eighth of an octave wide from 8 on. */
static void test_steps(void **state)
{
	struct hist_step step = {0};
	uint64_t count = 0, end = 0;

	clear();
	for (uint64_t v = 0; v < 4096; v++)
		hist_add(&h, v);
	while (hist_step(&h, &step)) {
		assert_int_equal(step.from, end);
		assert_int_equal(step.count, step.to - step.from);
		if (step.from >= 8)
			assert_int_equal(step.to - step.from, (UINT64_C(1) << (63 - __builtin_clzll(step.from))) / 8);
		count += step.count;
		end = step.to;
	}
	assert_int_equal(count, 4096);
	assert_int_equal(end, 4096);
	clear();
	step = (struct hist_step){0};
	assert_false(hist_step(&h, &step));
	hist_add(&h, UINT64_MAX);
	step = (struct hist_step){0};
	assert_true(hist_step(&h, &step));
	assert_true(step.from <= UINT64_MAX && step.to == UINT64_MAX && step.count == 1);
	assert_false(hist_step(&h, &step));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty), cmocka_unit_test(test_one_value),	  cmocka_unit_test(test_steps),
		cmocka_unit_test(test_order), cmocka_unit_test(test_percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
