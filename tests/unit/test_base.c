/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/fail, base/msg and base/clock: the exact lines on stderr, levels, truncation, and sleeping that can be ended. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/msg.h"
#include "capture.h"

static struct capture capture;

static void test_fail_set(void **state)
{
	struct fail f = {0};
	char longer[600];

	assert_int_equal(fail_set(&f, EINVAL, "cannot map %#x bytes", 0x1000), -EINVAL);
	assert_int_equal(f.err, EINVAL);
	assert_string_equal(f.text, "cannot map 0x1000 bytes");
	assert_string_equal(f.hint, "");
	fail_hint(&f, "try %d", 2);
	assert_string_equal(f.hint, "try 2");
	/* wrapping its own text, negative errno, the old hint gone */
	assert_int_equal(fail_set(&f, -ENOSPC, "line %d: %s", 7, f.text), -ENOSPC);
	assert_int_equal(f.err, ENOSPC);
	assert_string_equal(f.text, "line 7: cannot map 0x1000 bytes");
	assert_string_equal(f.hint, "");
	assert_int_equal(fail_set(NULL, EIO, "nobody listens"), -EIO);
	fail_hint(NULL, "nobody listens");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	fail_set(&f, EIO, "%s", longer);
	assert_int_equal(strlen(f.text), sizeof(f.text) - 1);
}

static void test_fail_print(void **state)
{
	struct fail f = {0};

	fail_set(&f, EINVAL, "cannot map 0x1000 bytes at iova 0xfee00000");
	capture_begin(&capture);
	fail_print(&f, "map");
	assert_string_equal(capture_end(&capture),
			    "iommuctl: map: cannot map 0x1000 bytes at iova 0xfee00000: Invalid argument\n");
	fail_hint(&f, "choose another iova");
	capture_begin(&capture);
	fail_print(&f, NULL);
	assert_string_equal(capture_end(&capture),
			    "iommuctl: cannot map 0x1000 bytes at iova 0xfee00000: Invalid argument\n"
			    "hint: choose another iova\n");
	f = (struct fail){.err = ENOENT};
	capture_begin(&capture);
	fail_print(&f, "list");
	assert_string_equal(capture_end(&capture), "iommuctl: list: No such file or directory\n");
	f = (struct fail){.text = "not understood"};
	capture_begin(&capture);
	fail_print(&f, "run");
	assert_string_equal(capture_end(&capture), "iommuctl: run: not understood\n");
}

static const char *messages_at(enum msg_level level)
{
	msg_set_level(level);
	capture_begin(&capture);
	msg_error("e%d", 1);
	msg_warn("w");
	msg_note("n");
	msg_info("i");
	msg_hint("h");
	msg_set_level(MSG_NORMAL);
	return capture_end(&capture);
}

static void test_msg_levels(void **state)
{
	assert_string_equal(messages_at(MSG_QUIET), "iommuctl: e1\nhint: h\n");
	assert_string_equal(messages_at(MSG_NORMAL), "iommuctl: e1\niommuctl: warning: w\niommuctl: n\nhint: h\n");
	assert_string_equal(messages_at(MSG_VERBOSE),
			    "iommuctl: e1\niommuctl: warning: w\niommuctl: n\niommuctl: i\nhint: h\n");
}

static void prepare_mark(void)
{
	fputs("<", stderr);
}

static void test_msg_prepare(void **state)
{
	msg_set_prepare(prepare_mark);
	capture_begin(&capture);
	msg_error("a");
	msg_info("silent, so nothing is prepared either");
	assert_string_equal(capture_end(&capture), "<iommuctl: a\n");
	msg_set_prepare(NULL);
	capture_begin(&capture);
	msg_error("a");
	assert_string_equal(capture_end(&capture), "iommuctl: a\n");
}

static void test_clock(void **state)
{
	volatile int stop = 1;
	uint64_t before = clock_ns(), after;

	clock_sleep_ns(20000000, NULL);
	after = clock_ns();
	assert_true(after - before >= 20000000);
	/* Set before the call: an hour, or the end of time, must return at once. */
	clock_sleep_ns(3600000000000, &stop);
	clock_sleep_ns(UINT64_MAX, &stop);
	assert_true(clock_ns() - after < 10000000000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail_set),   cmocka_unit_test(test_fail_print),
		cmocka_unit_test(test_msg_levels), cmocka_unit_test(test_msg_prepare),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
