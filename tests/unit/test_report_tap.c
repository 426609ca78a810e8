/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out/tap: exact output, and a small parser that holds every rendering against the format's rules. */
#include "unit.h"

#include <errno.h>
#include <signal.h>

#include "render.h"

struct tap_count {
	unsigned planned, ok, not_ok, skipped;
};

/* One line of the body. @yaml: inside a diagnostics block. */
static void tap_check_line(const char *line, struct tap_count *n, bool *yaml)
{
	bool ok = strncmp(line, "ok ", 3) == 0, not_ok = strncmp(line, "not ok ", 7) == 0;

	if (*yaml) {
		assert_memory_equal(line, "  ", 2);
		*yaml = strcmp(line, "  ...") != 0;
	} else if (strcmp(line, "  ---") == 0) {
		assert_true(n->ok + n->not_ok > 0);
		*yaml = true;
	} else if (ok || not_ok) {
		char *end;

		n->ok += ok;
		n->not_ok += not_ok;
		assert_int_equal(strtoul(line + (ok ? 3 : 7), &end, 10), n->ok + n->not_ok);
		assert_memory_equal(end, " - ", 3);
		n->skipped += strstr(line, " # SKIP") != NULL;
	} else {
		assert_memory_equal(line, "# ", 2);
	}
}

static struct tap_count tap_check(const char *text)
{
	struct tap_count n = {0};
	char *copy = strdup(text), *save, *line = strtok_r(copy, "\n", &save);
	bool yaml = false;

	assert_string_equal(line, "TAP version 14");
	line = strtok_r(NULL, "\n", &save);
	assert_int_equal(sscanf(line, "1..%u", &n.planned), 1);
	while ((line = strtok_r(NULL, "\n", &save)))
		tap_check_line(line, &n, &yaml);
	assert_false(yaml);
	assert_int_equal(n.planned, n.ok + n.not_ok);
	free(copy);
	return n;
}

/* Compare all but the two lines that every rendering has at the same place: version and banner. */
static void assert_tap(struct rendering *r, const char *plan, const char *body)
{
	const char *text = rendering_end(r);
	char expected[4096];

	tap_check(text);
	snprintf(expected, sizeof(expected), "TAP version 14\n%s\n# %s\n%s", plan, rendering_banner(), body);
	assert_string_equal(text, expected);
	rendering_free(r);
}

/* What prove says of itself decides the version, and nothing else of the output. */
static void test_version(void **state)
{
	static const struct {
		const char *harness, *version;
	} cases[] = {{NULL, "14"},   {"3.44", "13"}, {"3.47", "13"}, {"3.48", "14"},	{"3.50_01", "14"},
		     {"2.64", "13"}, {"4.0", "14"},  {"", "14"},     {"nonsense", "14"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char first[32];
		struct rendering r;
		const char *text;

		if (cases[i].harness)
			setenv("HARNESS_VERSION", cases[i].harness, 1);
		rendering_open(&r, REPORT_TAP, false);
		report_check(r.report, "one", RESULT_PASS, NULL);
		text = rendering_end(&r);
		unsetenv("HARNESS_VERSION");
		snprintf(first, sizeof(first), "TAP version %s\n1..1\n", cases[i].version);
		assert_memory_equal(text, first, strlen(first));
		assert_non_null(strstr(text, "\nok 1 - one\n"));
		rendering_free(&r);
	}
}

static void test_no_checks(void **state)
{
	struct rendering r;

	rendering_open(&r, REPORT_TAP, false);
	assert_tap(&r, "1..1", "ok 1 - compare\n");
	assert_int_equal(r.status, 0);
	report_result(rendering_open(&r, REPORT_TAP, false), RESULT_SKIP);
	assert_tap(&r, "1..1", "ok 1 - compare # SKIP\n");
	report_result(rendering_open(&r, REPORT_TAP, false), RESULT_FAIL);
	assert_tap(&r, "1..1",
		   "not ok 1 - compare\n"
		   "  ---\n  message: \"no reason was given\"\n  severity: \"fail\"\n  ...\n");
	assert_int_equal(r.status, 1);
}

static void test_checks(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_TAP, false);

	report_line(report, "one\ntwo");
	report_str(report, "backend", "sim");
	report_num(report, "secret", 1);
	report_text_hide(report, "secret");
	report_check(report, "map", RESULT_PASS, "said for nobody");
	report_check(report, "seen", RESULT_PASS, NULL);
	report_evidence(report, "rate", "5");
	report_check(report, "canary", RESULT_SKIP, "no pagemap");
	report_check(report, "verify", RESULT_FAIL, "2 \"loops\"\ndiffer");
	report_evidence(report, "iova", "%#x", 0x1000);
	report_evidence(report, "two words", "back\\slash \033 \xc2\x9b \xe2\x80\xae \xff");
	report_check(report, "reset", RESULT_ERROR, "timed out");
	assert_tap(&r, "1..5",
		   "# one\n# two\n# backend: sim\n"
		   "ok 1 - map\n"
		   "ok 2 - seen\n  ---\n  rate: \"5\"\n  ...\n"
		   "ok 3 - canary # SKIP no pagemap\n"
		   "not ok 4 - verify\n"
		   "  ---\n"
		   "  message: \"2 \\\"loops\\\"\\ndiffer\"\n"
		   "  severity: \"fail\"\n"
		   "  iova: \"0x1000\"\n"
		   "  \"two words\": \"back\\\\slash \\x1b \\x9b \\u202e \xef\xbf\xbd\"\n"
		   "  ...\n"
		   "not ok 5 - reset\n"
		   "  ---\n  message: \"timed out\"\n  severity: \"error\"\n  ...\n");
	assert_int_equal(r.status, 1);
}

static void test_names_are_escaped(void **state)
{
	struct rendering r;
	struct report *report = rendering_open(&r, REPORT_TAP, false);

	report_check(report, "a # SKIP b\\c\nnot ok 2", RESULT_PASS, NULL);
	report_check(report, "d", RESULT_SKIP, "line\nbreak");
	report_line(report, "ok 7 - a line is no test point\n1..9");
	assert_tap(&r, "1..2",
		   "# ok 7 - a line is no test point\n# 1..9\n"
		   "ok 1 - a \\# SKIP b\\\\c not ok 2\n"
		   "ok 2 - d # SKIP line break\n");
}

/* No key twice in a YAML mapping, whether its values come one after the other or not. */
static void test_repeated_keys(void **state)
{
	struct rendering r;

	report_check(rendering_open(&r, REPORT_TAP, false), "random", RESULT_FAIL, "two are missing");
	report_evidence(r.report, "case", "pages");
	report_evidence(r.report, "missing", "0x1000");
	report_evidence(r.report, "missing", "0x\"2000");
	report_evidence(r.report, "spurious", "0x3000");
	report_evidence(r.report, "missing", "0x4000");
	report_check(r.report, "next", RESULT_FAIL, "one");
	report_evidence(r.report, "missing", "0x5000");
	assert_tap(&r, "1..2",
		   "not ok 1 - random\n"
		   "  ---\n  message: \"two are missing\"\n  severity: \"fail\"\n  case: \"pages\"\n"
		   "  missing:\n    - \"0x1000\"\n    - \"0x\\\"2000\"\n    - \"0x4000\"\n"
		   "  spurious: \"0x3000\"\n  ...\n"
		   "not ok 2 - next\n"
		   "  ---\n  message: \"one\"\n  severity: \"fail\"\n  missing: \"0x5000\"\n  ...\n");
}

static void test_run_error(void **state)
{
	struct fail f = {0};
	struct rendering r;

	fail_set(&f, ENOSPC, "cannot write log x");
	fail_hint(&f, "free some space");
	report_check(rendering_open(&r, REPORT_TAP, false), "map", RESULT_FAIL, NULL);
	report_fail(r.report, &f);
	assert_tap(&r, "1..2",
		   "not ok 1 - map\n"
		   "  ---\n  message: \"no reason was given\"\n  severity: \"fail\"\n  ...\n"
		   "not ok 2 - compare\n"
		   "  ---\n  message: \"cannot write log x: No space left on device\"\n"
		   "  severity: \"error\"\n  hint: \"free some space\"\n  ...\n");
	assert_int_equal(r.status, 1);
}

static void test_interrupted(void **state)
{
	struct rendering r;

	report_check(rendering_open(&r, REPORT_TAP, false), "map", RESULT_PASS, NULL);
	report_interrupted(r.report, SIGINT);
	assert_tap(&r, "1..2",
		   "ok 1 - map\n"
		   "not ok 2 - compare\n"
		   "  ---\n  message: \"interrupted by signal 2 (Interrupt)\"\n"
		   "  severity: \"interrupted\"\n  ...\n");
	assert_int_equal(r.status, 130);
}

/* A result that was raised without a check must not hide behind the checks that passed. */
static void test_result_beyond_checks(void **state)
{
	static const struct {
		enum result check, run;
		unsigned ok, not_ok;
	} cases[] = {
		{RESULT_PASS, RESULT_PASS, 1, 0},  {RESULT_PASS, RESULT_SKIP, 1, 0},  {RESULT_PASS, RESULT_FAIL, 1, 1},
		{RESULT_SKIP, RESULT_ERROR, 1, 1}, {RESULT_FAIL, RESULT_ERROR, 0, 1}, {RESULT_FAIL, RESULT_FAIL, 0, 1},
		{RESULT_ERROR, RESULT_FAIL, 0, 2}, {RESULT_PASS, RESULT_USAGE, 1, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rendering r;
		struct tap_count n;

		report_check(rendering_open(&r, REPORT_TAP, false), "c", cases[i].check, NULL);
		report_result(r.report, cases[i].run);
		n = tap_check(rendering_end(&r));
		assert_int_equal(n.ok, cases[i].ok);
		assert_int_equal(n.not_ok, cases[i].not_ok);
		rendering_free(&r);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),	      cmocka_unit_test(test_no_checks),
		cmocka_unit_test(test_checks),	      cmocka_unit_test(test_names_are_escaped),
		cmocka_unit_test(test_repeated_keys), cmocka_unit_test(test_run_error),
		cmocka_unit_test(test_interrupted),   cmocka_unit_test(test_result_beyond_checks),
	};

	unsetenv("HARNESS_VERSION"); /* perhaps prove runs this */
	return cmocka_run_group_tests_name("report as TAP", tests, NULL, NULL);
}
