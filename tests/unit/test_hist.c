/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/hist: every value lands within one part in 128 of itself, and percentiles are the values they should be. */
#include "unit.h"

#include <string.h>

#include "base/util.h"
#include "core/hist.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_one_value),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
