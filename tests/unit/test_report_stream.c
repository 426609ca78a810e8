/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out/: reports that are told as they happen. */
#include "unit.h"

#include <errno.h>
#include <signal.h>

#include "capture.h"
#include "render.h"

static void tell(struct report *r, unsigned int n)
{
	report_num(report_stream_entry(r), "n", n);
	assert_int_equal(report_stream_commit(r, "number %u\033[2J", n), 0);
}

/* What has been written so far, without waiting for the end. */
static const char *so_far(struct rendering *x)
{
	fflush(x->to);
	return x->text;
}

static void test_text(void **state)
{
	struct rendering x;
	struct report *r = rendering_open(&x, REPORT_TEXT, false);
	char want[512];

	assert_int_equal(report_stream_begin(r), 0);
	tell(r, 1);
	snprintf(want, sizeof(want), "%s\nnumber 1?[2J\n", rendering_banner());
	assert_string_equal(so_far(&x), want);
	tell(r, 2);
	report_num(r, "events", 2);
	snprintf(want, sizeof(want), "%s\nnumber 1?[2J\nnumber 2?[2J\nevents  2\ncompare: PASS\n", rendering_banner());
	assert_string_equal(rendering_end(&x), want);
	assert_int_equal(x.status, 0);
	rendering_free(&x);
}

static void test_json(void **state)
{
	struct rendering x;
	struct report *r = rendering_open(&x, REPORT_JSON, false);
	const char *last;

	assert_int_equal(report_stream_begin(r), 0);
	tell(r, 1);
	assert_string_equal(so_far(&x), "{\"n\":1}\n");
	tell(r, 2);
	report_num(r, "events", 2);
	report_interrupted(r, SIGINT);
	last = rendering_end(&x);
	assert_int_equal(strncmp(last, "{\"n\":1}\n{\"n\":2}\n{\"command\":\"compare\",", 37), 0);
	assert_non_null(strstr(last, "\"result\":\"interrupted\",\"events\":2}\n"));
	assert_int_equal(x.status, 130);
	rendering_free(&x);
}

static void test_tap(void **state)
{
	struct rendering x;
	struct report *r = rendering_open(&x, REPORT_TAP, false);
	const char *text;

	assert_int_equal(report_stream_begin(r), 0);
	tell(r, 1);
	assert_string_equal(so_far(&x), "");
	text = rendering_end(&x);
	assert_int_equal(strncmp(text, "TAP version 14\n", 15), 0);
	assert_non_null(strstr(text, "\n# number 1"));
	rendering_free(&x);
}

/* A reader that goes away is told of once, and nothing more is written. */
static void test_broken(void **state)
{
	struct report_params params = {.format = REPORT_JSON, .command = "list"};
	struct capture c;
	struct report *r;
	const char *said;

	params.to = fopen("/dev/full", "w");
	assert_non_null(params.to);
	assert_int_equal(report_open(&r, &params), 0);
	assert_int_equal(report_stream_begin(r), 0);
	report_num(report_stream_entry(r), "n", 1);
	assert_int_equal(report_stream_commit(r, "x"), -ENOSPC);
	report_num(report_stream_entry(r), "n", 2);
	assert_int_equal(report_stream_commit(r, "x"), -ENOSPC);
	capture_begin(&c);
	assert_int_equal(report_end(r), 2);
	said = capture_end(&c);
	assert_string_equal(said, "iommuctl: list: cannot write the result: No space left on device\n");
	fclose(params.to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_tap),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("report_stream", tests, NULL, NULL);
}
