/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/num: what is accepted, with its value; what is refused, with its reason; and that a refusal writes nothing. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define UNTOUCHED 0xdeadbeefull

struct num_case {
	const char *text;
	int ret;
	uint64_t value;
};

typedef int (*num_parser)(const char *s, uint64_t *out);

static void check_table(num_parser parse, const struct num_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		int ret = parse(cases[i].text, &value);

		if (ret != cases[i].ret || value != (ret ? UNTOUCHED : cases[i].value))
			fail_msg("'%s': returned %d value %#llx, expected %d value %#llx", cases[i].text, ret,
				 (unsigned long long)value, cases[i].ret, (unsigned long long)cases[i].value);
	}
}

static void test_u64(void **state)
{
	static const struct num_case cases[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"010", 0, 10},
		{"4096", 0, 4096},
		{"0x0", 0, 0},
		{"0xfee00000", 0, 0xfee00000},
		{"0XAbCdEf", 0, 0xabcdef},
		{"18446744073709551615", 0, UINT64_MAX},
		{"0xffffffffffffffff", 0, UINT64_MAX},
		{"0x00000000000000001", 0, 1},
		{"18446744073709551616", -ERANGE, 0},
		{"18446744073709551620", -ERANGE, 0},
		{"0x10000000000000000", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"99999999999999999999999999x", -EINVAL, 0},
		{"", -EINVAL, 0},
		{" ", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1\n", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"-0", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"0x", -EINVAL, 0},
		{"0X", -EINVAL, 0},
		{"x10", -EINVAL, 0},
		{"0xg", -EINVAL, 0},
		{"0x-1", -EINVAL, 0},
		{"0x 1", -EINVAL, 0},
		{"0x0x1", -EINVAL, 0},
		{"ff", -EINVAL, 0},
		{"12a", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"4K", -EINVAL, 0},
		{"1,000", -EINVAL, 0},
		{"\xd9\xa1", -EINVAL, 0}, /* a digit, but not one of ours */
		{NULL, -EINVAL, 0},
	};

	check_table(num_parse_u64, cases, ARRAY_SIZE(cases));
}

static void test_size(void **state)
{
	static const struct num_case cases[] = {
		{"0", 0, 0},
		{"0T", 0, 0},
		{"4096", 0, 4096},
		{"4K", 0, 4096},
		{"4k", 0, 4096},
		{"3M", 0, 3 << 20},
		{"1g", 0, GiB(1)},
		{"1T", 0, TiB(1)},
		{"0x10K", 0, 0x4000},
		{"16777215T", 0, 16777215ull << 40},
		{"16777216T", -ERANGE, 0},
		{"99999999999T", -ERANGE, 0},
		{"18014398509481983K", 0, 18014398509481983ull << 10},
		{"18014398509481984K", -ERANGE, 0},
		{"99999999999999999999K", -ERANGE, 0},
		{"K", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"4KB", -EINVAL, 0},
		{"4KiB", -EINVAL, 0},
		{"4KK", -EINVAL, 0},
		{"4 K", -EINVAL, 0},
		{"4K ", -EINVAL, 0},
		{"-4K", -EINVAL, 0},
		{"+4K", -EINVAL, 0},
		{"4P", -EINVAL, 0},
		{"1.5G", -EINVAL, 0},
		{"99999999999TT", -EINVAL, 0},
		{"0xK", -EINVAL, 0},
		{NULL, -EINVAL, 0},
	};

	check_table(num_parse_size, cases, ARRAY_SIZE(cases));
}

static void test_duration(void **state)
{
	static const struct num_case cases[] = {
		{"0s", 0, 0},
		{"500ms", 0, 500000000},
		{"30s", 0, 30000000000},
		{"5m", 0, 300000000000},
		{"1h", 0, 3600000000000},
		{"1H", 0, 3600000000000},
		{"18446744073s", 0, 18446744073000000000ull},
		{"18446744074s", -ERANGE, 0},
		{"5124095h", 0, 18446742000000000000ull},
		{"5124096h", -ERANGE, 0},
		{"18446744073709551616ms", -ERANGE, 0},
		{"18446744073709551615ms", -ERANGE, 0},
		{"30", -EINVAL, 0},
		{"0", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"30sec", -EINVAL, 0},
		{"1h30m", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"+1s", -EINVAL, 0},
		{" 1s", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"1.5s", -EINVAL, 0},
		{"1us", 0, 1000},
		{"1K", -EINVAL, 0},
		{NULL, -EINVAL, 0},
	};

	check_table(num_parse_duration, cases, ARRAY_SIZE(cases));
}

static void test_size_range(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t min, max;
	} cases[] = {
		{"4K", 0, 4096, 4096},
		{"0", 0, 0, 0},
		{"8K..64K", 0, 8192, 65536},
		{"4K..4K", 0, 4096, 4096},
		{"0x1000..1M", 0, 4096, 1 << 20},
		{"0..18446744073709551615", 0, 0, UINT64_MAX},
		{"4K..2K", -EINVAL, 0, 0},
		{"4K..", -EINVAL, 0, 0},
		{"..4K", -EINVAL, 0, 0},
		{"..", -EINVAL, 0, 0},
		{"", -EINVAL, 0, 0},
		{"4K.8K", -EINVAL, 0, 0},
		{"4K...8K", -EINVAL, 0, 0},
		{"4K..8K..16K", -EINVAL, 0, 0},
		{"4K .. 8K", -EINVAL, 0, 0},
		{"4K-8K", -EINVAL, 0, 0},
		{"4K..99999999999T", -ERANGE, 0, 0},
		{"99999999999T..4K", -ERANGE, 0, 0},
		{"99999999999T..x", -EINVAL, 0, 0},
		{"x..99999999999T", -EINVAL, 0, 0},
		{NULL, -EINVAL, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t min = UNTOUCHED, max = UNTOUCHED;
		int ret = num_parse_size_range(cases[i].text, &min, &max);
		bool same = ret ? min == UNTOUCHED && max == UNTOUCHED : min == cases[i].min && max == cases[i].max;

		if (ret != cases[i].ret || !same)
			fail_msg("'%s': returned %d %llu..%llu", cases[i].text, ret, (unsigned long long)min,
				 (unsigned long long)max);
	}
}

static void test_prob(void **state)
{
	static const struct {
		const char *text;
		int ret;
		double value;
	} cases[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"1.0", 0, 1},
		{"1.000000000000000000000000", 0, 1},
		{"0.01", 0, 0.01},
		{".5", 0, 0.5},
		{"0.", 0, 0},
		{"0.000001", 0, 0.000001},
		{"0.123456789012345", 0, 0.123456789012345},
		{"00.25", 0, 0.25},
		{"0.33333333333333333333333333333333", 0, 0.333333333333333},
		{"1.01", -ERANGE, 0},
		{"2", -ERANGE, 0},
		{"100", -ERANGE, 0},
		{"10", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999999999.5", -ERANGE, 0},
		{"", -EINVAL, 0},
		{".", -EINVAL, 0},
		{"-0.5", -EINVAL, 0},
		{"+0.5", -EINVAL, 0},
		{" 0.5", -EINVAL, 0},
		{"0.5 ", -EINVAL, 0},
		{"0,5", -EINVAL, 0},
		{"0.5.5", -EINVAL, 0},
		{"1e-3", -EINVAL, 0},
		{"nan", -EINVAL, 0},
		{"inf", -EINVAL, 0},
		{"0x1", -EINVAL, 0},
		{"50%", -EINVAL, 0},
		{NULL, -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double value = 7;
		int ret = num_parse_prob(cases[i].text, &value);

		if (ret != cases[i].ret || value != (ret ? 7 : cases[i].value))
			fail_msg("'%s': returned %d %.17g", cases[i].text, ret, value);
	}
}

static void test_overflow_helpers(void **state)
{
	uint64_t v;

	assert_true(num_add(UINT64_MAX - 1, 1, &v));
	assert_true(v == UINT64_MAX);
	assert_false(num_add(UINT64_MAX, 1, &v));
	assert_true(num_mul(UINT64_MAX, 1, &v));
	assert_false(num_mul(1ull << 32, 1ull << 32, &v));
}

static void test_format_size(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1"},
		{1023, "1023"},
		{1024, "1K"},
		{12345, "12345"},
		{16384, "16K"},
		{3 << 20, "3M"},
		{(3 << 20) + 1024, "3073K"},
		{TiB(5), "5T"},
		{TiB(2048), "2048T"},
		{UINT64_MAX, "18446744073709551615"},
	};
	char buf[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t back;

		assert_string_equal(num_format_size(buf, sizeof(buf), cases[i].size), cases[i].text);
		assert_int_equal(num_parse_size(buf, &back), 0);
		assert_true(back == cases[i].size);
	}
	assert_string_equal(num_format_size(buf, 3, 12345), "12");
}

static void test_format_human(void **state)
{
	static const struct {
		double bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1, "1 B"},
		{1023, "1023 B"},
		{1023.7, "1.0 KiB"},
		{1024, "1.0 KiB"},
		{1536.0 * 1024 * 1024, "1.5 GiB"},
		{1024.0 * 1024 - 1, "1.0 MiB"},
		{0x1p63, "8.0 EiB"},
		{0x1p80, "1048576.0 EiB"},
	};
	char buf[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(num_format_human(buf, sizeof(buf), cases[i].bytes), cases[i].text);
}

static void test_format_duration(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0 s"},
		{1, "0 us"},
		{1500, "2 us"},
		{999499, "999 us"},
		{999500, "1.0 ms"},
		{300000000, "0.3 s"},
		{59949999999, "59.9 s"},
		{59950000000, "1 m 0 s"},
		{724000000000, "12 m 4 s"},
		{3599499999999, "59 m 59 s"},
		{3599500000000, "1 h 0 m"},
		{7260000000000, "2 h 1 m"},
		{UINT64_MAX, "5124095 h 34 m"},
	};
	char buf[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(num_format_duration(buf, sizeof(buf), cases[i].ns), cases[i].text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_size_range),
		cmocka_unit_test(test_prob),
		cmocka_unit_test(test_overflow_helpers),
		cmocka_unit_test(test_format_size),
		cmocka_unit_test(test_format_human),
		cmocka_unit_test(test_format_duration),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
