/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict on the kernel's machine-wide pin counters: a leak is told, somebody else's pins are not. */
#include "unit.h"

#include "core/pins.h"

static void test_level(void **state)
{
	static const struct pins_sample back[] = {{120, 500}, {100, 500}}, below[] = {{90, 500}};
	uint64_t leaked = 1;

	(void)state;
	assert_null(pins_decide(100, back, 2, false, &leaked));
	assert_int_equal(leaked, 0);
	leaked = 1;
	assert_null(pins_decide(100, below, 1, false, &leaked));
	assert_int_equal(leaked, 0);
}

static void test_leak(void **state)
{
	static const struct pins_sample stays[] = {{107, 500}, {107, 500}, {107, 500}};
	uint64_t leaked = 0;

	(void)state;
	assert_null(pins_decide(100, stays, 3, false, &leaked));
	assert_int_equal(leaked, 7);
}

static void test_not_judged(void **state)
{
	static const struct pins_sample moves[] = {{107, 500}, {109, 502}}, stays[] = {{107, 500}, {107, 500}};
	uint64_t leaked = 1;

	(void)state;
	assert_non_null(pins_decide(100, moves, 2, false, &leaked));
	assert_int_equal(leaked, 0);
	assert_non_null(pins_decide(100, stays, 2, true, &leaked));
	assert_non_null(pins_decide(100, stays, 1, false, &leaked));
	assert_non_null(pins_decide(100, NULL, 0, false, &leaked));
	assert_int_equal(leaked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_not_judged),
	};

	return cmocka_run_group_tests_name("pins", tests, NULL, NULL);
}
