/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * out/ without memory: the same report is made again and again, with the 1st, 2nd, 3rd ... allocation of our own code
 * refused. It must never crash, never call a run that lost something a pass, and never write half a JSON object.
 */
#include "unit.h"

#include <errno.h>
#include <json-c/json.h>

#include "capture.h"
#include "render.h"

/* Linked with --wrap: calls from our own objects come here first. */
static long allocations_left = -1; /* negative: no limit */

static bool allocation_fails(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left == 0) {
		allocations_left = -1;
		errno = ENOMEM;
		return true;
	}
	allocations_left--;
	return false;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *s);
int __real_vasprintf(char **out, const char *fmt, va_list ap);
FILE *__real_open_memstream(char **text, size_t *length);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *s);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap);
FILE *__wrap_open_memstream(char **text, size_t *length);

void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(old, size);
}

static unsigned long reallocarray_calls;

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	reallocarray_calls++;
	return allocation_fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *s)
{
	return allocation_fails() ? NULL : __real_strdup(s);
}

int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
	return allocation_fails() ? -1 : __real_vasprintf(out, fmt, ap);
}

FILE *__wrap_open_memstream(char **text, size_t *length)
{
	return allocation_fails() ? NULL : __real_open_memstream(text, length);
}

static void fill(struct report *r)
{
	struct fail f = {0};

	report_str(r, "backend", "sim");
	report_line(r, "a line\nand another");
	report_list(r, "failures");
	for (unsigned i = 0; i < 2; i++) {
		report_object(r, NULL);
		report_num(r, "loop", i);
		report_list(r, "ids");
		report_hex(r, NULL, i);
		report_close(r);
		report_close(r);
	}
	report_close(r);
	report_str(r, "after", "the list");
	report_text_hide(r, "nothing");
	report_check(r, "map", RESULT_PASS, "fine");
	report_evidence(r, "iova", "0x1000");
	fail_set(&f, EIO, "wrapped: %s", "x");
	report_num(r, "last", 1);
}

static bool is_top_key(const char *key)
{
	static const char *const keys[] = {"command", "version",  "kernel", "seed", "result",
					   "backend", "failures", "after",  "last"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* Lost members leave what is left where it belongs: nothing of the rows may stand at the top. */
static void check_json(const char *text, size_t length)
{
	struct json_object *json, *result;

	assert_true(length > 2 && text[length - 1] == '\n');
	json = json_tokener_parse(text);
	assert_non_null(json);
	json_object_object_foreach(json, key, value)
	{
		if (!is_top_key(key))
			fail_msg("'%s' at the top, %s: %s", key, value ? "with a value" : "null", text);
	}
	if (json_object_object_get_ex(json, "result", &result) && result)
		assert_string_not_equal(json_object_get_string(result), "pass");
	json_object_put(json);
}

/* False once @nth lies beyond the last allocation, that is, when nothing failed. */
static bool run_once(enum report_format format, long nth)
{
	static struct capture capture;
	struct report_params params = {.format = format, .command = "compare", .seed = 1};
	struct report *r = NULL;
	char *text = NULL;
	size_t length = 0;
	bool failed;
	int ret, status = -1;

	params.to = __real_open_memstream(&text, &length);
	capture_begin(&capture);
	allocations_left = nth;
	ret = report_open(&r, &params);
	if (!ret) {
		fill(r);
		status = report_end(r);
	}
	failed = allocations_left < 0;
	allocations_left = -1;
	capture_end(&capture);
	fclose(params.to);
	if (ret)
		assert_int_equal(ret, -ENOMEM);
	else if (!failed)
		assert_int_equal(status, 0);
	else
		assert_int_equal(status, 2);
	if (!ret && failed)
		assert_non_null(strstr(capture.text, "Cannot allocate memory\n"));
	else
		assert_string_equal(capture.text, "");
	if (failed && length && format == REPORT_JSON)
		check_json(text, length);
	free(text);
	return failed;
}

static void test_report(void **state)
{
	for (int format = REPORT_TEXT; format <= REPORT_TAP; format++) {
		long nth = 0;

		while (run_once((enum report_format)format, nth))
			nth++;
		/* else the wrapping does not work and nothing was tested */
		assert_true(nth > 40);
	}
}

/* A list of ranges that lost one says so at once, and does not ask again for each of millions that follow. */
static void test_ranges(void **state)
{
	static struct capture capture;
	struct report_params params = {.format = REPORT_JSON, .command = "dirty"};
	struct report *r;
	char *text = NULL;
	size_t length = 0;
	uint64_t kept = 0;

	params.to = __real_open_memstream(&text, &length);
	assert_int_equal(report_open(&r, &params), 0);
	report_ranges(r, "ranges");
	while (kept < 1000 && report_range(r, kept << 13, 4096)) {
		kept++;
		if (kept == 100)
			allocations_left = 0;
	}
	assert_in_range(kept, 100, 200);
	assert_int_equal(allocations_left, -1);
	reallocarray_calls = 0;
	for (unsigned int i = 0; i < 1000; i++)
		assert_false(report_range(r, ~0ull, 1));
	assert_int_equal(reallocarray_calls, 0);
	report_close(r);
	capture_begin(&capture);
	assert_int_equal(report_end(r), 2);
	capture_end(&capture);
	assert_non_null(strstr(capture.text, "the result is incomplete"));
	fclose(params.to);
	free(text);
}

static void test_log(void **state)
{
	struct fail f = {0};
	bool failed = true;
	long nth = 0;

	for (; failed; nth++) {
		struct report_log *log = NULL;
		int ret;

		allocations_left = nth;
		ret = report_log_open(&log, "/dev/null", &f);
		if (!ret) {
			fill(report_log_begin(log));
			ret = report_log_commit(log);
		}
		failed = allocations_left < 0;
		allocations_left = -1;
		assert_int_equal(ret, failed ? -ENOMEM : 0);
		/* the next line is whole again */
		if (log) {
			fill(report_log_begin(log));
			assert_int_equal(report_log_commit(log), 0);
		}
		assert_int_equal(report_log_close(log), 0);
	}
	assert_true(nth > 20);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests_name("report without memory", tests, NULL, NULL);
}
