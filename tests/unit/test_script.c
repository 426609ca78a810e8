/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/script: words, quotes, repeats, what must fail and how, and that a line's random choices are its own. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "core/script.h"
#include "core/session/session.h"

static char path[] = "/tmp/iommuctl-script.XXXXXX";

static int load(const char *text, size_t n, struct script **out, struct fail *f)
{
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	assert_int_equal(fwrite(text, 1, n, to), n);
	fclose(to);
	return script_load(out, path, f);
}

static struct script *good(const char *text)
{
	struct script *s = NULL;
	struct fail f = {0};

	if (load(text, strlen(text), &s, &f))
		fail_msg("%s: %s", text, f.text);
	return s;
}

/* Refused as the user's mistake, with the file, the line and what is wrong. */
static void refused(const char *text, unsigned int line, const char *why)
{
	struct script *s = NULL;
	struct fail f = {0};
	char where[80];

	assert_int_equal(load(text, strlen(text), &s, &f), -EINVAL);
	assert_null(s);
	assert_true(f.usage);
	snprintf(where, sizeof(where), "%s:%u: ", path, line);
	if (strncmp(f.text, where, strlen(where)) || !strstr(f.text, why))
		fail_msg("'%s' is told as '%s'", text, f.text);
}

static void test_words(void **state)
{
	struct script *s =
		good("\n  # only a comment\n\tmap  a\t--size 4K # why\r\nfill 'b c' --by\"te \"1''\nmaps#x\n");

	assert_int_equal(s->nr, 3);
	assert_int_equal(s->lines[0].number, 3);
	assert_int_equal(s->lines[0].argc, 4);
	assert_string_equal(s->lines[0].argv[0], "map");
	assert_string_equal(s->lines[0].argv[1], "a");
	assert_string_equal(s->lines[0].argv[3], "4K");
	assert_null(s->lines[0].argv[4]);
	assert_string_equal(s->lines[0].text, "map  a\t--size 4K # why");
	assert_int_equal(s->lines[1].argc, 3);
	assert_string_equal(s->lines[1].argv[1], "b c");
	assert_string_equal(s->lines[1].argv[2], "--byte 1");
	assert_string_equal(s->lines[2].argv[0], "maps#x");
	script_free(s);
	s = good("");
	assert_int_equal(s->nr, 0);
	script_free(s);
	s = good("maps"); /* no line end */
	assert_int_equal(s->nr, 1);
	script_free(s);
}

static void test_bang(void **state)
{
	struct script *s = good("!map a\n! map a\n!EEXIST map a\n'!x' y\n!EINVAL\tunmap\n");

	for (unsigned int i = 0; i < 3; i++) {
		assert_true(s->lines[i].negated);
		assert_string_equal(s->lines[i].argv[0], "map");
		assert_string_equal(s->lines[i].argv[1], "a");
		assert_int_equal(s->lines[i].argc, 2);
		assert_int_equal(s->lines[i].want_err, i == 2 ? EEXIST : 0);
	}
	assert_int_equal(s->lines[4].want_err, EINVAL);
	script_free(s);
}

static void test_refused(void **state)
{
	char many[600] = "map";

	refused("maps\nmap 'a\n", 2, "quote");
	refused("map \"a'\n", 1, "quote");
	refused("\n\nend\n", 3, "'end' without 'repeat'");
	refused("repeat 2\nmaps\n", 1, "'repeat' without 'end'");
	refused("repeat 2\nrepeat 3\nend\n", 1, "'repeat' without 'end'");
	refused("repeat\nend\n", 1, "one number");
	refused("repeat -1\nend\n", 1, "one number");
	refused("repeat 1 2\nend\n", 1, "one number");
	refused("repeat 99999999999999999999\nend\n", 1, "one number");
	refused("repeat 1\nend now\n", 2, "stands alone");
	refused("!\n", 1, "without a command");
	refused("!EEXIST\n", 1, "without a command");
	refused("!ENOSUCH map\n", 1, "is no error name");
	refused("repeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\n", 9,
		"nested");
	for (unsigned int i = 0; i < 64; i++)
		strcat(many, " x");
	refused(many, 1, "words");
}

static void test_unreadable(void **state)
{
	struct script *s = NULL;
	struct fail f = {0};

	assert_int_equal(load("maps\nma\0ps\n", 11, &s, &f), -EINVAL);
	assert_non_null(strstr(f.text, ":2: this is no text"));
	assert_int_equal(script_load(&s, "/nonexistent", &f), -ENOENT);
	assert_false(f.usage);
	assert_int_equal(script_load(&s, "/", &f), -EISDIR);
	assert_null(s);
	script_free(NULL);
}

/* Runs: what each execution was, and what the test wants it to be. */
struct runs {
	unsigned int count, fail_at; /* 1-based; 0 = never */
	struct script_outcome outcome;
	unsigned int lines[64];
	uint64_t ops[64];
	int signal_at;
};

static void exec(void *ctx, const struct script_line *line, uint64_t op, struct script_outcome *out)
{
	struct runs *r = ctx;

	assert_true(r->count < ARRAY_SIZE(r->lines));
	r->lines[r->count] = line->number;
	r->ops[r->count++] = op;
	if (r->count == r->fail_at)
		*out = r->outcome;
	if (r->signal_at && r->count == (unsigned int)r->signal_at)
		session_signal = 15;
}

static void ran(const char *text, const char *want)
{
	struct runs r = {0};
	char got[256] = "";
	struct script *s = good(text);

	assert_int_equal(script_run(s, false, exec, &r), RESULT_PASS);
	for (unsigned int i = 0; i < r.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u ", r.lines[i]);
	assert_string_equal(got, want);
	script_free(s);
}

static void test_repeat(void **state)
{
	ran("a\nb\n", "1 2 ");
	ran("repeat 3\na\nend\nb\n", "2 2 2 4 ");
	ran("repeat 0\na\nend\nb\n", "4 ");
	ran("repeat 2\na\nrepeat 2\nb\nend\nc\nend\n", "2 4 4 6 2 4 4 6 ");
	ran("repeat 2\nrepeat 0\na\nend\nb\nend\n", "5 5 ");
	ran("repeat 0\nrepeat 2\na\nend\nend\n", "");
	ran("repeat 2\nend\na\n", "3 ");
	ran("repeat 2\na\nend\nrepeat 2\nb\nend\n", "2 2 5 5 ");
}

static enum result run_with(const char *text, bool keep_going, struct runs *r, struct script **out)
{
	*out = good(text);
	return script_run(*out, keep_going, exec, r);
}

static void test_stops(void **state)
{
	struct script *s;

	for (int keep = 0; keep < 2; keep++) {
		struct runs r = {.fail_at = 2, .outcome = {.result = RESULT_FAIL}};

		assert_int_equal(run_with("repeat 3\na\nend\nb\n", keep, &r, &s), RESULT_FAIL);
		assert_int_equal(r.count, keep ? 4 : 2);
		assert_int_equal(s->lines[1].outcome.result, RESULT_FAIL); /* the bad one of three is kept */
		assert_int_equal(s->lines[1].runs, keep ? 3 : 2);
		script_free(s);
		r = (struct runs){.fail_at = 2, .outcome = {.result = RESULT_ERROR, .err = EIO}};
		assert_int_equal(run_with("a\nb\nc\n", keep, &r, &s), RESULT_ERROR);
		assert_int_equal(r.count, 2);
		script_free(s);
	}
	struct runs r = {.signal_at = 2};

	run_with("repeat 100\na\nend\n", false, &r, &s);
	session_signal = 0;
	assert_int_equal(r.count, 2);
	script_free(s);
}

static void negated(const char *text, enum result result, int err, enum result want)
{
	struct runs r = {.fail_at = 1, .outcome = {.result = result, .err = err}};
	struct script *s;

	assert_int_equal(run_with(text, false, &r, &s), want);
	assert_true(want != RESULT_FAIL || s->lines[0].outcome.detail[0]);
	script_free(s);
}

static void test_must_fail(void **state)
{
	negated("!a\n", RESULT_ERROR, EIO, RESULT_PASS);
	negated("!EIO a\n", RESULT_ERROR, EIO, RESULT_PASS);
	negated("!EINVAL a\n", RESULT_ERROR, EIO, RESULT_FAIL);
	negated("!a\n", RESULT_PASS, 0, RESULT_FAIL);
	negated("!EIO a\n", RESULT_PASS, 0, RESULT_FAIL);
	negated("!a\n", RESULT_FAIL, 0, RESULT_PASS);
	negated("!EIO a\n", RESULT_FAIL, 0, RESULT_FAIL);
	negated("!a\n", RESULT_USAGE, 0, RESULT_USAGE);
	negated("a\n", RESULT_ERROR, EIO, RESULT_ERROR);
}

/* What cannot be done here proves nothing, unless that was the question. */
static void test_skip_stays(void **state)
{
	negated("a\n", RESULT_SKIP, EOPNOTSUPP, RESULT_SKIP);
	negated("!a\n", RESULT_SKIP, EOPNOTSUPP, RESULT_SKIP);
	negated("!EINVAL a\n", RESULT_SKIP, EOPNOTSUPP, RESULT_SKIP);
	negated("!EOPNOTSUPP a\n", RESULT_SKIP, EOPNOTSUPP, RESULT_PASS);
	negated("!a\n", RESULT_SKIP, 0, RESULT_SKIP);
}

/* A device that may still be writing: no '!' takes that for its failure, and no later line runs. */
static void test_lost(void **state)
{
	static const struct script_outcome lost[] = {
		{.result = RESULT_ERROR, .err = ETIMEDOUT, .lost = true},
		{.result = RESULT_FAIL, .lost = true},
	};
	static const char *const texts[] = {"a\nb\n", "!a\nb\n", "!ETIMEDOUT a\nb\n", "repeat 5\n!a\nend\nb\n"};

	for (size_t i = 0; i < ARRAY_SIZE(lost); i++)
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			struct runs r = {.fail_at = 1, .outcome = lost[i]};
			struct script *s;

			assert_int_equal(run_with(texts[k], true, &r, &s), lost[i].result);
			assert_int_equal(r.count, 1);
			script_free(s);
		}
}

/* The op number of the @nth execution of line @line. */
static uint64_t op_of(const char *text, unsigned int line, unsigned int nth)
{
	struct runs r = {0};
	struct script *s;
	uint64_t op = 0;

	run_with(text, true, &r, &s);
	script_free(s);
	for (unsigned int i = 0; i < r.count; i++)
		if (r.lines[i] == line && !nth--)
			op = r.ops[i];
	assert_int_not_equal(op, 0);
	return op;
}

static void test_choices(void **state)
{
	uint64_t b = op_of("a\nb x\nc\n", 2, 0);

	assert_int_equal(op_of("b x\nc\n", 1, 0), b);
	assert_int_equal(op_of("a\n\n# more\nb   'x' # said otherwise\n", 4, 0), b);
	assert_int_equal(op_of("repeat 3\na\nend\nb x\n", 4, 0), b);
	assert_int_equal(op_of("repeat 3\na\nb x\nend\n", 3, 0), b);
	assert_int_not_equal(op_of("b y\n", 1, 0), b);
	assert_int_not_equal(op_of("b\n", 1, 0), b);
	/* equal lines and later turns choose for themselves */
	assert_int_not_equal(op_of("b x\nb x\n", 2, 0), b);
	assert_int_equal(op_of("b x\nb x\n", 1, 0), b);
	assert_int_not_equal(op_of("repeat 2\nb x\nend\n", 2, 1), b);
	assert_int_equal(op_of("repeat 2\nb x\na\nend\n", 2, 1), op_of("repeat 9\na\nend\nrepeat 2\nb x\nend\n", 5, 1));
}

static void test_errno_names(void **state)
{
	assert_string_equal(script_errno_name(EEXIST), "EEXIST");
	assert_string_equal(script_errno_name(EOPNOTSUPP), "EOPNOTSUPP");
	assert_string_equal(script_errno_name(0), "");
	assert_string_equal(script_errno_name(99999), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	   cmocka_unit_test(test_bang),	   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unreadable), cmocka_unit_test(test_repeat),  cmocka_unit_test(test_stops),
		cmocka_unit_test(test_must_fail),  cmocka_unit_test(test_choices), cmocka_unit_test(test_errno_names),
		cmocka_unit_test(test_skip_stays), cmocka_unit_test(test_lost),
	};
	int failed, fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests_name("script", tests, NULL, NULL);
	unlink(path);
	return failed;
}
