/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/spec: names, options, and every way of writing them wrong. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/spec.h"

static void test_split(void **state)
{
	const char *options;
	char name[8];

	assert_int_equal(spec_split("sim", name, sizeof(name), &options), 0);
	assert_string_equal(name, "sim");
	assert_string_equal(options, "");
	assert_int_equal(spec_split("sim,a=1,b", name, sizeof(name), &options), 0);
	assert_string_equal(name, "sim");
	assert_string_equal(options, "a=1,b");
	assert_int_equal(spec_split("1234567", name, sizeof(name), &options), 0);
	assert_int_equal(spec_split("12345678", name, sizeof(name), &options), -ENAMETOOLONG);
	assert_int_equal(spec_split("", name, sizeof(name), &options), -EINVAL);
	assert_int_equal(spec_split(",a=1", name, sizeof(name), &options), -EINVAL);
}

static void test_next(void **state)
{
	const char *at = "fault=stale-iotlb:p=0.01,fast,empty=";
	struct spec_option o;

	assert_int_equal(spec_next(&at, &o), 1);
	assert_string_equal(o.key, "fault");
	assert_string_equal(o.value, "stale-iotlb:p=0.01");
	assert_true(o.has_value);
	assert_int_equal(spec_next(&at, &o), 1);
	assert_string_equal(o.key, "fast");
	assert_string_equal(o.value, "");
	assert_false(o.has_value);
	assert_int_equal(spec_next(&at, &o), 1);
	assert_string_equal(o.key, "empty");
	assert_true(o.has_value);
	assert_string_equal(o.value, "");
	assert_int_equal(spec_next(&at, &o), 0);
	assert_int_equal(spec_next(&at, &o), 0);
}

static void test_next_refuses(void **state)
{
	static const char *const bad[] = {"=x", ",a", "a,", ",", "=", "a=1,,b"};
	char value[200], key[100];
	struct spec_option o;
	const char *at;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		at = bad[i];
		while ((ret = spec_next(&at, &o)) > 0)
			;
		assert_int_equal(ret, -EINVAL);
	}
	memset(value, 'x', sizeof(value));
	memcpy(value, "a=", 2);
	value[sizeof(value) - 1] = '\0';
	at = value;
	assert_int_equal(spec_next(&at, &o), -ENAMETOOLONG);
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	at = key;
	assert_int_equal(spec_next(&at, &o), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_next_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
