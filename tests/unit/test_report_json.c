/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out/json and out/log: read back with the JSON library; and the log on a full disk. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "render.h"

/* Strict: trailing text, bad UTF-8 and the like are errors. The caller puts. */
static struct json_object *parse(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *json;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text, (int)length);
	if (!json || json_tokener_get_error(tokener) != json_tokener_success)
		fail_msg("%s in: %s", json_tokener_error_desc(json_tokener_get_error(tokener)), text);
	json_tokener_free(tokener);
	return json;
}

static struct json_object *json_end(struct rendering *r)
{
	const char *text = rendering_end(r);

	/* one object, one line */
	assert_true(strchr(text, '\n') == text + r->length - 1);
	return parse(text, r->length);
}

static struct json_object *member(struct json_object *json, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value))
		fail_msg("no %s", key);
	return value;
}

static const char *string(struct json_object *json, const char *key)
{
	assert_int_equal(json_object_get_type(member(json, key)), json_type_string);
	return json_object_get_string(member(json, key));
}

static void test_common_keys(void **state)
{
	static const char *const keys[] = {"command", "version", "kernel", "seed", "result", "loops"};
	struct utsname machine;
	struct rendering r;
	struct json_object *json;
	size_t i = 0;

	report_num(rendering_open(&r, REPORT_JSON, false), "loops", 1);
	json = json_end(&r);
	json_object_object_foreach(json, key, value)
	{
		assert_non_null(value);
		assert_true(i < ARRAY_SIZE(keys));
		assert_string_equal(key, keys[i++]);
	}
	assert_int_equal(i, ARRAY_SIZE(keys));
	uname(&machine);
	assert_string_equal(string(json, "command"), "compare");
	assert_string_equal(string(json, "version"), PACKAGE_VERSION);
	assert_string_equal(string(json, "kernel"), machine.release);
	assert_string_equal(string(json, "seed"), "0x2a");
	assert_string_equal(string(json, "result"), "pass");
	json_object_put(json);
	rendering_free(&r);
}

static void test_seed_zero(void **state)
{
	struct rendering r = {0};
	struct report_params params = {.format = REPORT_JSON, .command = "list"};
	struct json_object *json;

	params.to = r.to = open_memstream(&r.text, &r.length);
	assert_int_equal(report_open(&r.report, &params), 0);
	json = json_end(&r);
	assert_string_equal(string(json, "seed"), "0x0");
	json_object_put(json);
	rendering_free(&r);
}

static void test_types(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_JSON, false);
	struct json_object *json;

	report_num(report, "most", UINT64_MAX);
	report_num(report, "zero", 0);
	report_hex(report, "iova", UINT64_MAX);
	report_hex(report, "null_iova", 0);
	report_bool(report, "yes", true);
	report_str(report, "null", NULL);
	report_str(report, "empty", "");
	report_list(report, "none");
	report_close(report);
	report_line(report, "people only");
	report_check(report, "a check", RESULT_SKIP, "kept out");
	report_text_hide(report, "most");
	json = json_end(&r);
	assert_true(json_object_get_type(member(json, "most")) == json_type_int);
	assert_true(json_object_get_uint64(member(json, "most")) == UINT64_MAX);
	assert_non_null(strstr(r.text, "\"most\":18446744073709551615,\"zero\":0,"));
	assert_string_equal(string(json, "iova"), "0xffffffffffffffff");
	assert_string_equal(string(json, "null_iova"), "0x0");
	assert_int_equal(json_object_get_type(member(json, "yes")), json_type_boolean);
	assert_null(member(json, "null"));
	assert_string_equal(string(json, "empty"), "");
	assert_int_equal(json_object_array_length(member(json, "none")), 0);
	assert_int_equal(json_object_object_length(json), 5 + 8);
	assert_string_equal(string(json, "result"), "skip");
	json_object_put(json);
	rendering_free(&r);
}

static void test_reals(void **state)
{
	static const double reals[] = {0, -0.5, 0.1, 1.0 / 3, 1e300, 5e-324, 12345678.25, 1e15, 3};
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_JSON, false);
	struct json_object *json, *list;

	report_list(report, "reals");
	for (size_t i = 0; i < ARRAY_SIZE(reals); i++)
		report_real(report, NULL, reals[i]);
	report_real(report, NULL, NAN);
	report_real(report, NULL, INFINITY);
	report_close(report);
	json = json_end(&r);
	list = member(json, "reals");
	assert_int_equal(json_object_array_length(list), ARRAY_SIZE(reals) + 2);
	for (size_t i = 0; i < ARRAY_SIZE(reals); i++)
		assert_true(json_object_get_double(json_object_array_get_idx(list, i)) == reals[i]);
	assert_non_null(strstr(r.text, "[0,-0.5,0.1,"));
	assert_null(json_object_array_get_idx(list, ARRAY_SIZE(reals)));
	assert_null(json_object_array_get_idx(list, ARRAY_SIZE(reals) + 1));
	json_object_put(json);
	rendering_free(&r);
}

/* What the bytes become, by RFC 3629; R is the replacement character. */
#define R "\xef\xbf\xbd"
static void test_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain", "plain"},
		{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xff", R},
		{"a\x80z", "a" R "z"},
		{"\xc3", R}, /* ends too early */
		{"\xc3(", R "("},
		{"\xe2\x82", R R},
		{"\xf0\x9f\x98", R R R},
		{"\xc0\xaf", R R}, /* overlong */
		{"\xe0\x80\xaf", R R R},
		{"\xf0\x80\x80\xaf", R R R R},
		{"\xed\xa0\x80", R R R},				  /* surrogate */
		{"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"}, /* its neighbours */
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},		  /* the last one */
		{"\xf4\x90\x80\x80", R R R R},
		{"\xf5\x80\x80\x80", R R R R},
		{"\x01\x1f\n\t\"\\/\x7f", "\x01\x1f\n\t\"\\/\x7f"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rendering r;
		struct json_object *json;

		report_str(rendering_open(&r, REPORT_JSON, false), "s", cases[i].in);
		report_num(r.report, cases[i].in, i);
		json = json_end(&r);
		assert_string_equal(string(json, "s"), cases[i].out);
		assert_int_equal(json_object_get_int(member(json, cases[i].out)), i);
		json_object_put(json);
		rendering_free(&r);
	}
}

static void test_nesting_and_replacing(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_JSON, false);

	report_num(report, "a", 1);
	report_object(report, "o");
	report_num(report, "a", 2);
	report_list(report, "l");
	report_num(report, NULL, 1);
	report_object(report, NULL);
	report_str(report, "k", "v");
	report_close(report);
	report_list(report, NULL);
	report_close(report);
	report_close(report);
	report_close(report);
	report_num(report, "z", 9);
	report_str(report, "was", "a string");
	report_str(report, "was", NULL);
	report_object(report, "a");
	report_num(report, "b", 3);
	report_num(report, "b", 4);
	report_close(report);
	rendering_end(&r);
	assert_non_null(strstr(r.text, "\"result\":\"pass\",\"a\":{\"b\":4},"
				       "\"o\":{\"a\":2,\"l\":[1,{\"k\":\"v\"},[]]},\"z\":9,\"was\":null}\n"));
	rendering_free(&r);
}

/* Lists of ranges: several, nested, none, many; a string with the byte that stands for them; in text, too. */
static void test_ranges(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_JSON, false);
	struct json_object *json, *list, *range;

	report_ranges(report, "many");
	for (uint64_t i = 0; i < 5000; i++)
		report_range(report, i << 12, i + 1);
	report_range(report, UINT64_MAX, UINT64_MAX);
	report_close(report);
	report_str(report, "text", "a \1 b");
	report_object(report, "inner");
	report_ranges(report, "none");
	report_close(report);
	report_ranges(report, "one");
	report_range(report, 0x1000, 2);
	report_close(report);
	report_close(report);
	report_ranges(report, "replaced");
	report_range(report, 1, 1);
	report_close(report);
	report_num(report, "replaced", 3);
	json = json_end(&r);
	list = member(json, "many");
	assert_int_equal(json_object_array_length(list), 5001);
	for (size_t i = 0; i < 5000; i++) {
		char iova[24];

		snprintf(iova, sizeof(iova), "0x%zx", i << 12);
		range = json_object_array_get_idx(list, i);
		assert_string_equal(string(range, "iova"), iova);
		assert_int_equal(json_object_get_uint64(member(range, "length")), i + 1);
		assert_int_equal(json_object_object_length(range), 2);
	}
	range = json_object_array_get_idx(list, 5000);
	assert_string_equal(string(range, "iova"), "0xffffffffffffffff");
	assert_true(json_object_get_uint64(member(range, "length")) == UINT64_MAX);
	assert_string_equal(string(json, "text"), "a \1 b");
	assert_int_equal(json_object_array_length(member(member(json, "inner"), "none")), 0);
	list = member(member(json, "inner"), "one");
	assert_int_equal(json_object_array_length(list), 1);
	assert_string_equal(string(json_object_array_get_idx(list, 0), "iova"), "0x1000");
	assert_int_equal(json_object_get_int(member(json, "replaced")), 3);
	json_object_put(json);
	rendering_free(&r);
	report = rendering_open(&r, REPORT_TEXT, false);
	report_ranges(report, "two");
	report_range(report, 0x1000, 2);
	report_range(report, 0x3000, 4);
	report_close(report);
	assert_non_null(strstr(rendering_end(&r), "iova=0x1000 length=2; iova=0x3000 length=4\n"));
	rendering_free(&r);
}

static void test_error(void **state)
{
	struct fail f = {0}, later = {0};
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_JSON, false);
	struct json_object *json, *error;

	fail_set(&f, EACCES, "cannot open /dev/vfio/7");
	fail_hint(&f, "own the node");
	fail_set(&later, EIO, "cannot close");
	report_list(report, "left_open");
	report_fail(report, &f);
	report_fail(report, &later);
	json = json_end(&r);
	assert_int_equal(r.status, 2);
	assert_string_equal(string(json, "result"), "error");
	error = member(json, "error");
	assert_int_equal(json_object_object_length(error), 3);
	assert_string_equal(string(error, "errno"), "EACCES");
	assert_string_equal(string(error, "text"), "cannot open /dev/vfio/7");
	assert_string_equal(string(error, "hint"), "own the node");
	json_object_put(json);
	rendering_free(&r);
}

static char log_path[64];

static int log_setup(void **state)
{
	int fd;

	strcpy(log_path, "/tmp/iommuctl-test-XXXXXX");
	fd = mkstemp(log_path);
	if (fd < 0)
		return -1;
	/* O_TRUNC has something to cut */
	dprintf(fd, "old content that must go away\n");
	return close(fd);
}

static int log_teardown(void **state)
{
	return unlink(log_path);
}

static off_t log_size(void)
{
	struct stat st;

	assert_int_equal(stat(log_path, &st), 0);
	return st.st_size;
}

static void test_log_lines(void **state)
{
	struct report_log *log;
	struct fail f = {0};
	char line[256];
	unsigned n = 0;
	FILE *from;

	assert_int_equal(report_log_open(&log, log_path, &f), 0);
	assert_int_equal(log_size(), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct report *r = report_log_begin(log);
		off_t before = log_size();

		report_num(r, "loop", i);
		report_str(r, "text", "two\nlines");
		assert_int_equal(report_log_commit(log), 0);
		/* there before the call returned */
		assert_true(log_size() > before);
	}
	/* begun, not committed: must leave nothing, and nothing behind in the next */
	report_num(report_log_begin(log), "lost", 1);
	report_log_begin(log);
	assert_int_equal(report_log_commit(log), 0);
	assert_int_equal(report_log_close(log), 0);
	from = fopen(log_path, "r");
	for (; fgets(line, sizeof(line), from); n++) {
		struct json_object *json = parse(line, strlen(line));

		assert_int_equal(json_object_object_length(json), n < 3 ? 2 : 0);
		if (n < 3)
			assert_int_equal(json_object_get_int(member(json, "loop")), n);
		json_object_put(json);
	}
	fclose(from);
	assert_int_equal(n, 4);
}

static void test_log_cannot_open(void **state)
{
	struct report_log *log;
	struct fail f = {0};

	assert_int_equal(report_log_open(&log, "/nonexistent/a.ndjson", &f), -ENOENT);
	assert_int_equal(f.err, ENOENT);
	assert_string_equal(f.text, "cannot open log /nonexistent/a.ndjson");
	assert_int_equal(report_log_close(NULL), 0);
}

static void test_log_full(void **state)
{
	struct report_log *log;
	struct fail f = {0};

	assert_int_equal(report_log_open(&log, "/dev/full", &f), 0);
	report_num(report_log_begin(log), "loop", 1);
	assert_int_equal(report_log_commit(log), -ENOSPC);
	assert_int_equal(report_log_close(log), 0);
}

/* A file that may not grow any further takes a part of a line: that part must not stay. */
static void test_log_no_half_line(void **state)
{
	struct rlimit old, limit = {100, RLIM_INFINITY};
	char big[200] = {0};
	struct report_log *log;
	struct fail f = {0};

	memset(big, 'x', sizeof(big) - 1);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit.rlim_max = old.rlim_max;
	assert_int_equal(report_log_open(&log, log_path, &f), 0);
	report_num(report_log_begin(log), "loop", 1);
	assert_int_equal(report_log_commit(log), 0);
	assert_int_equal(log_size(), strlen("{\"loop\":1}\n"));
	setrlimit(RLIMIT_FSIZE, &limit);
	report_str(report_log_begin(log), "big", big);
	assert_int_equal(report_log_commit(log), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(log_size(), strlen("{\"loop\":1}\n"));
	report_num(report_log_begin(log), "loop", 2);
	assert_int_equal(report_log_commit(log), 0);
	assert_int_equal(log_size(), 2 * strlen("{\"loop\":1}\n"));
	assert_int_equal(report_log_close(log), 0);
}

static void test_log_is_not_inherited(void **state)
{
	int probe = open("/dev/null", O_RDONLY);
	struct report_log *log;
	struct fail f = {0};

	/* the descriptor that the log will get */
	close(probe);
	assert_int_equal(report_log_open(&log, log_path, &f), 0);
	assert_int_equal(fcntl(probe, F_GETFD), FD_CLOEXEC);
	assert_int_equal(report_log_close(log), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common_keys),
		cmocka_unit_test(test_seed_zero),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_reals),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_nesting_and_replacing),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_error),
		cmocka_unit_test_setup_teardown(test_log_lines, log_setup, log_teardown),
		cmocka_unit_test(test_log_cannot_open),
		cmocka_unit_test(test_log_full),
		cmocka_unit_test_setup_teardown(test_log_no_half_line, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(test_log_is_not_inherited, log_setup, log_teardown),
	};

	return cmocka_run_group_tests_name("report as JSON, and the log", tests, NULL, NULL);
}
