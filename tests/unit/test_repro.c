/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/repro: headers and what is wrong with them, by line and column; what lines come to, and the verdict of that. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/repro/repro.h"
#include "root.h"

#define FIRST "# iommuctl repro\n"
#define SETTINGS                                                 \
	"# title: a title\n"                                     \
	"# bug: what is seen\n"                                  \
	"#   and more of it\n"                                   \
	"# upstream: introduced 0123456789ab fix 86dc40c7ea9c\n" \
	"# affected: some\n"                                     \
	"# source: kernel source\n"                              \
	"# danger: none\n"                                       \
	"# sim: personality=iommufd,fault=short-unmap\n"
#define RULE "# affected-if: gone short-unmap ENOENT: it was not there\n"
#define SCRIPT "\nmap a --size 4K\nunmap a #@gone\n"

static char path[] = "/tmp/iommuctl-repro.XXXXXX";

static int load(const char *text, struct repro **out, struct fail *f)
{
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	assert_int_equal(fwrite(text, 1, strlen(text), to), strlen(text));
	fclose(to);
	return repro_load(out, path, f);
}

static struct repro *good(const char *text)
{
	struct repro *r = NULL;
	struct fail f = {0};

	if (load(text, &r, &f))
		fail_msg("%s", f.text);
	return r;
}

static void test_header(void **state)
{
	struct repro *r = good(FIRST SETTINGS "# cve: CVE-2025-1 CVE-2019-3882\n# needs: dma=copy\n#   page=2M\n" RULE
					      "# not-applicable-if: gone EINVAL: no such page\n" SCRIPT);

	assert_string_equal(repro_text(r, REPRO_TITLE), "a title");
	assert_string_equal(repro_text(r, REPRO_BUG), "what is seen and more of it");
	assert_string_equal(repro_text(r, REPRO_NEEDS), "dma=copy page=2M");
	assert_string_equal(repro_text(r, REPRO_CVE), "CVE-2025-1 CVE-2019-3882");
	assert_int_equal(r->nr_rules, 2);
	assert_int_equal(r->rule[0].kind, REPRO_AFFECTED_IF);
	assert_string_equal(r->rule[0].label, "gone");
	assert_int_equal(r->rule[0].nr, 2);
	assert_int_equal(r->rule[0].outcome[0].kind, REPRO_CLASS);
	assert_int_equal(r->rule[0].outcome[0].value, FAILURE_SHORT_UNMAP);
	assert_int_equal(r->rule[0].outcome[1].kind, REPRO_ERRNO);
	assert_int_equal(r->rule[0].outcome[1].value, ENOENT);
	assert_string_equal(r->rule[0].why, "it was not there");
	assert_int_equal(r->rule[1].kind, REPRO_NOT_APPLICABLE_IF);
	assert_int_equal(r->script->nr, 2);
	repro_free(r);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, column;
		const char *why;
	} bad[] = {
		{"map a --size 4K\n", 1, 1, "begins with the line"},
		{"", 1, 1, "begins with the line"},
		{FIRST "# titel: x\n", 2, 3, "'titel' is no setting"},
		{FIRST "# title:\n", 2, 8, "has no value"},
		{FIRST "#title: x\n", 2, 2, "a space is due"},
		{FIRST "# no colon here\n", 2, 3, "KEY: VALUE"},
		{FIRST "#   goes on\n", 2, 5, "goes on with no value"},
		{FIRST "# title: x\n# title: y\n", 3, 3, "was given before"},
		{FIRST "# title: x\ty\n", 2, 11, "is no text"},
		{FIRST SETTINGS SCRIPT, 10, 1, "no 'affected-if'"},
		{FIRST RULE SCRIPT, 3, 1, "no 'title'"},
		{FIRST "# upstream: fixed 86dc40c7ea9c\n", 2, 13, "is not 'fix'"},
		{FIRST "# upstream: fix 86dc40c7ea9c\n#   introduced 86dx40c7ea9c\n", 3, 16, "no commit"},
		{FIRST "# cve: CVE-2025\n", 2, 8, "no CVE-YEAR-NUMBER"},
		{FIRST "# source: hearsay\n", 2, 11, "none of: kernel source"},
		{FIRST "# danger: some\n", 2, 11, "none of: none, leak, crash"},
		{FIRST "# needs: dma=copy luck\n", 2, 19, "'luck' is none of"},
		{FIRST "# needs: dma\n", 2, 10, "'dma' takes copy"},
		{FIRST "# needs: root=1\n", 2, 10, "takes no value"},
		{FIRST "# needs: iova=5..4\n", 2, 10, "takes START..LAST"},
		{FIRST "# needs: interface=type1-v2|v3\n", 2, 10, "takes type1-v2"},
		{FIRST "# complaint: a.c: |  | b\n", 2, 21, "words of the kernel"},
		{FIRST "# sim: personality=iommufd\n", 2, 8, "no fault="},
		{FIRST "# sim: fault=x fault=y\n", 2, 15, "no spaces"},
		{FIRST "# sim: fault=nosuch\n", 2, 14, "no fault 'nosuch'"},
		{FIRST "# sim: fault=pin-leak,fault=pin:p=1\n", 2, 29, "no fault 'pin'"},
		{FIRST "# affected-if: gone fail\n", 2, 16, "no ': '"},
		{FIRST "# affected-if: Gone fail: x\n", 2, 16, "begins with a label"},
		{FIRST "# affected-if: gone: x\n", 2, 16, "begins with a label"},
		{FIRST "# affected-if: gone EWHAT: x\n", 2, 21, "'EWHAT' is not fail"},
		{FIRST "# affected-if: gone : x\n", 2, 21, "which outcome"},
		{FIRST SETTINGS RULE "# affected-if: away fail: x\n" SCRIPT, 11, 16, "no line of the script"},
		{FIRST SETTINGS RULE SCRIPT "map b --size 4K #@other\n", 14, 19, "no rule is about"},
		{FIRST SETTINGS RULE SCRIPT "repeat 2\n \tmap b --size 4K #@other\nend\n", 15, 21, "no rule is about"},
		{FIRST SETTINGS RULE SCRIPT "map b --size 4K #@Other\n", 14, 19, "a label is lower case"},
		{FIRST SETTINGS RULE SCRIPT "repeat 2 #@gone\nend\n", 14, 12, "has no outcome"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct repro *r = NULL;
		struct fail f = {0};
		char where[80];

		assert_int_equal(load(bad[i].text, &r, &f), -EINVAL);
		assert_null(r);
		assert_true(f.usage);
		snprintf(where, sizeof(where), "%s:%u:%u: ", path, bad[i].line, bad[i].column);
		if (strncmp(f.text, where, strlen(where)) || !strstr(f.text, bad[i].why))
			fail_msg("%s%s is told as '%s'", bad[i].text, bad[i].why, f.text);
	}
}

/* A value that goes on and on, rules without end, and a file that is too long: refused, and nothing else. */
static void test_bounds(void **state)
{
	char *text = calloc(1, REPRO_FILE_MAX + 100), *at;
	struct repro *r = NULL;
	struct fail f = {0};

	at = text + sprintf(text, FIRST "# bug: x\n");
	for (int i = 0; i < REPRO_SEGMENTS_MAX; i++)
		at += sprintf(at, "#   x\n");
	assert_int_equal(load(text, &r, &f), -EINVAL);
	assert_non_null(strstr(f.text, "the value is longer"));
	at = text + sprintf(text, FIRST SETTINGS);
	for (int i = 0; i <= REPRO_RULES_MAX; i++)
		at += sprintf(at, RULE);
	assert_int_equal(load(text, &r, &f), -EINVAL);
	assert_non_null(strstr(f.text, "more than 24 rules"));
	memset(text, '\n', REPRO_FILE_MAX + 1);
	text[REPRO_FILE_MAX + 1] = '\0';
	assert_int_equal(load(text, &r, &f), -EFBIG);
	free(text);
}

/* What became of the line that is labelled, and the verdict. */
static struct repro_judgement judge(struct repro *r, enum result result, int err, const char *detail,
				    const struct repro_seen *seen)
{
	struct repro_judgement out;

	for (unsigned int i = 0; i < r->script->nr; i++) {
		struct script_line *line = &r->script->lines[i];

		line->runs = 1;
		line->outcome = (struct script_outcome){.result = RESULT_PASS};
	}
	r->script->lines[1].outcome = (struct script_outcome){.result = result, .err = err};
	snprintf(r->script->lines[1].outcome.detail, sizeof(r->script->lines[1].outcome.detail), "%s", detail);
	repro_judge(r, seen, &out);
	return out;
}

#define VERDICT(want, ...)                                                  \
	do {                                                                \
		struct repro_judgement got = judge(__VA_ARGS__);            \
                                                                            \
		assert_string_equal(repro_verdict_name(got.verdict), want); \
		assert_true(got.why[0]);                                    \
	} while (0)

static void test_judge(void **state)
{
	const struct repro_seen none = {.complaint = "", .fault = ""};
	const struct repro_seen warned = {.complaint = "WARNING: x", .fault = ""};
	const struct repro_seen fault = {.complaint = "", .fault = "a fault"};
	const struct repro_seen leak = {.complaint = "", .fault = "", .leaked = 3};
	const struct repro_seen uncounted = {.complaint = "", .fault = "", .uncounted = "only root may"};
	const struct repro_seen interrupted = {.complaint = "", .fault = "", .interrupted = true};
	struct repro *r =
		good(FIRST SETTINGS RULE "# affected-if: pinned fail: pins are left\n"
					 "# not-affected-if: gone ENOSPC: the limit was met\n"
					 "# not-applicable-if: gone EINVAL skip: no such page\n" SCRIPT "unmap b\n");
	struct repro_judgement j;

	VERDICT("not-affected", r, RESULT_PASS, 0, "", &none);
	VERDICT("affected", r, RESULT_FAIL, 0, "short-unmap: 0 of 4096 bytes", &none);
	VERDICT("error", r, RESULT_FAIL, 0, "short-unmap of another kind", &none);
	VERDICT("error", r, RESULT_FAIL, 0, "pin-leak: 3 pages", &none);
	VERDICT("affected", r, RESULT_ERROR, ENOENT, "cannot unmap", &none);
	VERDICT("not-affected", r, RESULT_ERROR, ENOSPC, "cannot map", &none);
	VERDICT("not-applicable", r, RESULT_ERROR, EINVAL, "cannot unmap", &none);
	VERDICT("not-applicable", r, RESULT_USAGE, EINVAL, "cannot unmap", &none);
	VERDICT("error", r, RESULT_ERROR, EIO, "cannot unmap", &none);
	VERDICT("not-applicable", r, RESULT_SKIP, EOPNOTSUPP, "nobody can", &none);
	/* what was seen beside the lines */
	VERDICT("error", r, RESULT_PASS, 0, "", &warned);
	VERDICT("error", r, RESULT_ERROR, EIO, "cannot unmap", &warned);
	VERDICT("affected", r, RESULT_FAIL, 0, "short-unmap: x", &warned);
	j = judge(r, RESULT_PASS, 0, "", &warned);
	assert_non_null(strstr(j.why, "the kernel complained"));
	assert_non_null(strstr(j.why, warned.complaint));
	VERDICT("error", r, RESULT_PASS, 0, "", &fault);
	VERDICT("affected", r, RESULT_FAIL, 0, "short-unmap: x", &fault);
	VERDICT("affected", r, RESULT_PASS, 0, "", &leak);
	/* pins that nobody could count are not those that came back */
	VERDICT("skipped", r, RESULT_PASS, 0, "", &uncounted);
	VERDICT("affected", r, RESULT_FAIL, 0, "short-unmap: x", &uncounted);
	VERDICT("error", r, RESULT_PASS, 0, "", &interrupted);
	/* a line that was not reached */
	j = judge(r, RESULT_PASS, 0, "", &none);
	r->script->lines[2].runs = 0;
	repro_judge(r, &none, &j);
	assert_int_equal(j.verdict, REPRO_ERROR);
	assert_non_null(strstr(j.why, "was not run"));
	repro_free(r);
	/* without rules of their own */
	r = good(FIRST SETTINGS RULE SCRIPT);
	VERDICT("skipped", r, RESULT_SKIP, EOPNOTSUPP, "nobody can", &none);
	VERDICT("not-affected", r, RESULT_PASS, 0, "", &leak);
	VERDICT("not-affected", r, RESULT_PASS, 0, "", &uncounted);
	repro_free(r);
}

/* Of the complaints only those count that the bug leads to. */
static void test_complaint(void **state)
{
	const struct repro_seen ours = {.complaint = "WARNING: at b.c:12 f", .fault = ""};
	const struct repro_seen other = {.complaint = "WARNING: at bb.c:12 f", .fault = ""};
	const struct repro_seen none = {.complaint = "", .fault = ""};
	struct repro *r = good(FIRST SETTINGS "# complaint: a.c: | at b.c:\n# note: not all shows\n" RULE SCRIPT);
	struct repro_judgement j;

	VERDICT("affected", r, RESULT_PASS, 0, "", &ours);
	VERDICT("affected", r, RESULT_ERROR, EIO, "cannot unmap", &ours);
	VERDICT("error", r, RESULT_PASS, 0, "", &other);
	VERDICT("not-affected", r, RESULT_PASS, 0, "", &none);
	j = judge(r, RESULT_PASS, 0, "", &none);
	assert_string_equal(j.why, "every line came to what is due; not all shows");
	repro_free(r);
}

static void test_danger(void **state)
{
	struct session_params params = {0};
	struct repro_judgement j = {0};
	struct repro *r = good(FIRST SETTINGS RULE SCRIPT);

	assert_true(repro_may_run(r, &params, &j));
	strcpy(r->value[REPRO_DANGER].text, "leak");
	assert_false(repro_may_run(r, &params, &j));
	assert_int_equal(j.verdict, REPRO_SKIPPED);
	assert_non_null(strstr(j.why, "danger: leak"));
	params.allow_crash = true;
	assert_true(repro_may_run(r, &params, &j));
	repro_free(r);
}

static void test_np_cache(void **state)
{
	struct root root;

	root_make(&root);
	root_put(&root, "/sys/class/iommu/ivhd0/amd-iommu/cap", "1f03000f\n");
	root_put(&root, "/sys/class/iommu/ivhd1/amd-iommu/cap", "1b03000f\n");
	root_put(&root, "/sys/class/iommu/ivhd2/amd-iommu/cap", "none\n");
	assert_int_equal(repro_np_cache(&root.host, "ivhd0"), 1);
	assert_int_equal(repro_np_cache(&root.host, "ivhd1"), 0);
	assert_int_equal(repro_np_cache(&root.host, "ivhd2"), -EINVAL);
	assert_int_equal(repro_np_cache(&root.host, "ivhd3"), -ENOENT);
	root_remove(&root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),	 cmocka_unit_test(test_refused),   cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_judge),	 cmocka_unit_test(test_complaint), cmocka_unit_test(test_danger),
		cmocka_unit_test(test_np_cache),
	};
	int failed, fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests_name("repro", tests, NULL, NULL);
	unlink(path);
	return failed;
}
