/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out/: results and exit status, what people see, and what becomes of a result that cannot be written. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/utf8.h"
#include "capture.h"
#include "render.h"

static void test_result_worst(void **state)
{
	/* weakest first */
	static const enum result order[] = {
		RESULT_PASS, RESULT_SKIP, RESULT_ERROR, RESULT_USAGE, RESULT_FAIL, RESULT_INTERRUPTED,
	};

	for (size_t a = 0; a < ARRAY_SIZE(order); a++)
		for (size_t b = 0; b < ARRAY_SIZE(order); b++)
			assert_int_equal(result_worst(order[a], order[b]), order[MAX(a, b)]);
}

static void test_result_status(void **state)
{
	static const struct {
		enum result result;
		int signal, status;
		const char *name;
	} cases[] = {
		{RESULT_PASS, 0, 0, "pass"},
		{RESULT_FAIL, 0, 1, "fail"},
		{RESULT_ERROR, 0, 2, "error"},
		{RESULT_SKIP, 0, 4, "skip"},
		{RESULT_USAGE, 0, 64, "usage"},
		{RESULT_INTERRUPTED, SIGINT, 130, "interrupted"},
		{RESULT_INTERRUPTED, SIGTERM, 143, "interrupted"},
		{RESULT_FAIL, SIGTERM, 1, "fail"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(result_exit_status(cases[i].result, cases[i].signal), cases[i].status);
		assert_string_equal(result_name(cases[i].result), cases[i].name);
	}
}

/* The text after the banner, which is checked here. */
static const char *text_end(struct rendering *r)
{
	const char *text = rendering_end(r), *banner = rendering_banner();

	assert_memory_equal(text, banner, strlen(banner));
	assert_int_equal(text[strlen(banner)], '\n');
	return text + strlen(banner) + 1;
}

static void test_text_minimal(void **state)
{
	struct rendering r;

	rendering_open(&r, REPORT_TEXT, false);
	assert_string_equal(text_end(&r), "compare: PASS\n");
	assert_int_equal(r.status, 0);
	rendering_free(&r);
}

static void test_text_values(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_TEXT, false);

	report_str(report, "backend", "sim");
	report_num(report, "loops", UINT64_MAX);
	report_str(report, "backend", "vfio");
	report_line(report, "%s", "first\nsecond");
	report_hex(report, "base", 0xfee00000);
	report_bool(report, "ready", false);
	report_real(report, "elapsed_s", 0.25);
	report_real(report, "rate", 123456.7);
	report_str(report, "none", NULL);
	report_str(report, "blank", "");
	report_str(report, "caf\xc3\xa9", "x\033[2J\x7f\xc2\x9by\nz");
	report_num(report, "secret", 1);
	report_text_hide(report, "secret");
	report_list(report, "directions");
	report_str(report, NULL, "read");
	report_str(report, NULL, "write");
	report_close(report);
	report_list(report, "nothing");
	report_close(report);
	report_object(report, "classes");
	report_close(report);
	assert_string_equal(text_end(&r), "first\n"
					  "second\n"
					  "backend     vfio\n"
					  "loops       18446744073709551615\n"
					  "base        0xfee00000\n"
					  "ready       no\n"
					  "elapsed_s   0.25\n"
					  "rate        123457\n"
					  "none        -\n"
					  "blank       -\n"
					  "caf\xc3\xa9        x?[2J??y z\n"
					  "directions  read,write\n"
					  "compare: PASS\n");
	rendering_free(&r);
}

static void report_group(struct report *report, uint64_t id, const char *type, unsigned devices)
{
	report_object(report, NULL);
	report_num(report, "id", id);
	report_str(report, "type", type);
	report_list(report, "devices");
	for (unsigned i = 0; i < devices; i++)
		report_hex(report, NULL, i + 16);
	report_close(report);
	report_close(report);
}

static void test_text_table(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_TEXT, false);

	report_list(report, "hidden");
	report_group(report, 1, "x", 1);
	report_close(report);
	report_text_hide(report, "hidden");
	report_list(report, "groups");
	report_group(report, 7, "d\xc3\xa9j\xc3\xa0", 2);
	report_group(report, 1234, "", 0);
	report_object(report, NULL);
	report_str(report, "type", "DMA");
	report_bool(report, "viable", true);
	report_close(report);
	report_close(report);
	report_object(report, "rates");
	report_real(report, "loops_s", 2.5);
	report_object(report, "more");
	report_num(report, "a", 1);
	report_close(report);
	report_list(report, "rows");
	report_object(report, NULL);
	report_num(report, "n", 5);
	report_close(report);
	report_close(report);
	report_close(report);
	assert_string_equal(text_end(&r), "groups:\n"
					  "    id  type  devices    viable\n"
					  "     7  d\xc3\xa9j\xc3\xa0  0x10,0x11  -\n"
					  "  1234  -     -          -\n"
					  "     -  DMA   -          yes\n"
					  "rates:\n"
					  "  loops_s  2.5\n"
					  "  more:\n"
					  "    a  1\n"
					  "  rows:\n"
					  "    n\n"
					  "    5\n"
					  "compare: PASS\n");
	rendering_free(&r);
}

static void report_every_check(struct report *report)
{
	report_check(report, "map", RESULT_PASS, NULL);
	report_evidence(report, "hidden", "of no interest");
	report_check(report, "canary", RESULT_SKIP, "no pagemap");
	report_check(report, "verify", RESULT_FAIL, "2 loops differ");
	report_evidence(report, "iova", "%#x", 0x1000);
	report_evidence(report, "class", "torn");
	report_check(report, "reset", RESULT_ERROR, NULL);
}

static void test_text_checks(void **state)
{
	struct rendering r;

	report_every_check(rendering_open(&r, REPORT_TEXT, false));
	assert_string_equal(text_end(&r), "ok    map\n"
					  "skip  canary: no pagemap\n"
					  "FAIL  verify: 2 loops differ\n"
					  "        iova: 0x1000\n"
					  "        class: torn\n"
					  "error reset\n"
					  "compare: FAIL\n");
	assert_int_equal(r.status, 1);
	rendering_free(&r);
}

static void test_text_color(void **state)
{
	struct rendering r;

	report_every_check(rendering_open(&r, REPORT_TEXT, true));
	assert_string_equal(text_end(&r), "\033[32mok\033[0m    map\n"
					  "\033[33mskip\033[0m  canary: no pagemap\n"
					  "\033[31mFAIL\033[0m  verify: 2 loops differ\n"
					  "        iova: 0x1000\n"
					  "        class: torn\n"
					  "\033[31merror\033[0m reset\n"
					  "compare: \033[31mFAIL\033[0m\n");
	rendering_free(&r);
}

static void test_text_verdicts(void **state)
{
	static const struct {
		enum result result;
		const char *text;
	} cases[] = {
		{RESULT_PASS, "compare: PASS\n"},   {RESULT_SKIP, "compare: SKIP\n"},
		{RESULT_ERROR, "compare: ERROR\n"}, {RESULT_FAIL, "compare: FAIL\n"},
		{RESULT_USAGE, "compare: USAGE\n"},
	};
	struct rendering r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report *report = rendering_open(&r, REPORT_TEXT, false);

		report_result(report, cases[i].result);
		assert_int_equal(report_current(report), cases[i].result);
		assert_string_equal(text_end(&r), cases[i].text);
		assert_int_equal(r.status, result_exit_status(cases[i].result, 0));
		rendering_free(&r);
	}
	report_interrupted(rendering_open(&r, REPORT_TEXT, false), SIGTERM);
	report_check(r.report, "verify", RESULT_FAIL, NULL);
	assert_string_equal(text_end(&r), "FAIL  verify\ncompare: INTERRUPTED\n");
	assert_int_equal(r.status, 143);
	rendering_free(&r);
}

/* A command that stops in the middle leaves things open; one that closes too much is forgiven. */
static void test_unbalanced(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_TEXT, false);

	report_close(report);
	report_num(report, "a", 1);
	report_object(report, "open");
	report_num(report, "b", 2);
	assert_string_equal(text_end(&r), "a  1\nopen:\n  b  2\ncompare: PASS\n");
	rendering_free(&r);
}

static int end_to(FILE *to, enum report_format format, enum result result, const char **message)
{
	static struct capture capture;
	struct report_params params = {.format = format, .command = "compare", .to = to};
	struct report *report;
	int status;

	assert_int_equal(report_open(&report, &params), 0);
	report_result(report, result);
	capture_begin(&capture);
	status = report_end(report);
	*message = capture_end(&capture);
	return status;
}

static void test_full_disk(void **state)
{
	const char *expected = "iommuctl: compare: cannot write the result: No space left on device\n", *message;

	for (int format = REPORT_TEXT; format <= REPORT_TAP; format++) {
		FILE *full = fopen("/dev/full", "w");

		assert_non_null(full);
		assert_int_equal(end_to(full, (enum report_format)format, RESULT_PASS, &message), 2);
		assert_string_equal(message, expected);
		/* nothing left that would be tried again */
		assert_int_equal(fclose(full), 0);
	}
}

static void test_full_disk_keeps_worse(void **state)
{
	static const struct {
		enum result result;
		int status;
	} cases[] = {{RESULT_SKIP, 2}, {RESULT_FAIL, 1}, {RESULT_USAGE, 64}};
	const char *message;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		FILE *full = fopen("/dev/full", "w");

		assert_non_null(full);
		assert_int_equal(end_to(full, REPORT_JSON, cases[i].result, &message), cases[i].status);
		assert_true(strstr(message, "No space left") != NULL);
		fclose(full);
	}
}

static void test_closed_pipe(void **state)
{
	const char *message;
	int fds[2];
	FILE *to;
	sigset_t pending;

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	to = fdopen(fds[1], "w");
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(end_to(to, REPORT_TEXT, RESULT_PASS, &message), 2);
	assert_string_equal(message, "iommuctl: compare: cannot write the result: Broken pipe\n");
	sigpending(&pending);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
	assert_int_equal(fclose(to), 0);
}

/* What turns text around is not shown as it is; text of a script that is written that way is. */
static void test_directions(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"a\xe2\x80\xae"
		 "b",
		 "a?b"},
		{"\xe2\x80\xaa|\xe2\x80\xab|\xe2\x80\xac|\xe2\x80\xad|\xe2\x80\xae", "?|?|?|?|?"},
		{"\xe2\x81\xa6|\xe2\x81\xa7|\xe2\x81\xa8|\xe2\x81\xa9", "?|?|?|?"},
		{"\xe2\x80\x8e|\xe2\x80\x8f|\xd8\x9c", "?|?|?"},
		/* their neighbours: U+200D, U+2010, U+2029, U+202F, U+2065, U+206A, U+061B, U+061D */
		{"\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xa9\xe2\x80\xaf",
		 "\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xa9\xe2\x80\xaf"},
		{"\xe2\x81\xa5\xe2\x81\xaa\xd8\x9b\xd8\x9d", "\xe2\x81\xa5\xe2\x81\xaa\xd8\x9b\xd8\x9d"},
		/* Arabic, Hebrew */
		{"\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
		 "\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"},
		{"\t\n\x7f\xc2\x9b", "\t ??"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[64] = "";
		FILE *to = fmemopen(buf, sizeof(buf), "w");

		utf8_print(to, cases[i].in);
		fclose(to);
		assert_string_equal(buf, cases[i].out);
	}
	/* one that ends too early is no more than it is */
	assert_int_equal(utf8_unsafe(""), 0);
	assert_int_equal(utf8_unsafe("\xe2\x80"), 0);
	assert_int_equal(utf8_unsafe("\xc2"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),    cmocka_unit_test(test_result_worst),
		cmocka_unit_test(test_result_status), cmocka_unit_test(test_text_minimal),
		cmocka_unit_test(test_text_values),   cmocka_unit_test(test_text_table),
		cmocka_unit_test(test_text_checks),   cmocka_unit_test(test_text_color),
		cmocka_unit_test(test_text_verdicts), cmocka_unit_test(test_unbalanced),
		cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_full_disk_keeps_worse),
		cmocka_unit_test(test_closed_pipe),
	};

	return cmocka_run_group_tests_name("report as text", tests, NULL, NULL);
}
