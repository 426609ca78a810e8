/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/shrink: what stays is what is needed, in how many runs, of what always fails and of what comes and goes. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/rng.h"
#include "core/shrink/shrink.h"

#define MANY 1000

/* A script "fails" when the needed lines are there, in their order. */
struct rig {
	const char *const *need;
	bool (*more)(char *const *lines, unsigned int nr); /* and this holds; may be NULL */
	uint64_t runs, stop_at;
	int err;    /* from run stop_at on */
	double p;   /* of failing, for each time that the needed lines are done; 0: always */
	bool loops; /* a repeat block is well-formed, its lines are done so often */
};

static bool rig_has_all(const struct rig *r, char *const *lines, unsigned int nr)
{
	unsigned int have = 0;

	for (unsigned int i = 0; i < nr && r->need[have]; i++)
		if (!strcmp(lines[i], r->need[have]))
			have++;
	return !r->need[have];
}

/* How often the lines within are done; 0: the blocks do not match. */
static uint64_t rig_turns(char *const *lines, unsigned int nr)
{
	uint64_t turns = 1, n;
	int depth = 0;

	for (unsigned int i = 0; i < nr; i++) {
		if (!strncmp(lines[i], "repeat ", 7)) {
			depth++;
			assert_int_equal(num_parse_u64(lines[i] + 7, &n), 0);
			turns *= n;
		} else if (!strcmp(lines[i], "end") && --depth < 0) {
			return 0;
		}
	}
	return depth ? 0 : turns;
}

static int rig_fails(void *ctx, char *const *lines, unsigned int nr, bool *yes, struct fail *f)
{
	struct rig *r = ctx;
	uint64_t turns = rig_turns(lines, nr);

	if (++r->runs >= r->stop_at && r->err)
		return fail_set(f, r->err, "the device is gone");
	assert_true(nr > 0);
	*yes = turns && rig_has_all(r, lines, nr) && (!r->more || r->more(lines, nr));
	if (*yes && r->p > 0) {
		*yes = false;
		for (uint64_t i = 0; i < turns && !*yes; i++)
			*yes = rng_chance(rng_draw(7, r->runs, i), r->p);
	}
	return 0;
}

static int shrink_it(struct rig *r, char *const *lines, unsigned int nr, unsigned int tries, struct shrink_result *out,
		     struct fail *f)
{
	struct shrink_params p = {.tries = tries};

	return shrink(out, lines, nr, &p, (struct shrink_target){rig_fails, r}, f);
}

static void lines_are(const struct shrink_result *out, const char *const *want)
{
	unsigned int i = 0;

	for (; i < out->nr && want[i]; i++)
		assert_string_equal(out->lines[i], want[i]);
	if (i < out->nr || want[i])
		fail_msg("%u lines; line %u is %s, %s was due", out->nr, i, i < out->nr ? out->lines[i] : "missing",
			 want[i] ? want[i] : "none");
}

/* Lines "maps 0", "maps 1" ... have nothing to simplify. */
static char **many(unsigned int nr)
{
	char **lines = calloc(nr, sizeof(*lines));

	for (unsigned int i = 0; i < nr; i++)
		assert_true(asprintf(&lines[i], "maps %u", i) > 0);
	return lines;
}

static void many_free(char **lines, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		free(lines[i]);
	free(lines);
}

static void test_needed(void **state)
{
	static const char *const need[] = {"maps 17", "maps 503", "maps 998", NULL};
	struct rig r = {.need = need};
	struct shrink_result out;
	struct fail f = {0};
	char **lines = many(MANY);

	assert_int_equal(shrink_it(&r, lines, MANY, 1, &out, &f), 0);
	lines_are(&out, need);
	assert_int_equal(out.failed, 3);
	assert_int_equal(out.of, 3);
	assert_int_equal(out.runs, r.runs);
	assert_false(out.timed_out);
	/* k log2(n): 3 needed lines of 1,000 are 30; each step asks for the half that stays, too; 25 are to be sure that it is steady */
	if (out.runs > 100)
		fail_msg("%lu runs", (unsigned long)out.runs);
	shrink_free(&out);
	assert_null(out.lines);
	many_free(lines, MANY);
}

static void test_runs(void **state)
{
	for (unsigned int k = 1; k <= 16; k *= 2) {
		const char *need[17] = {NULL};
		struct rig r = {.need = need};
		struct shrink_result out;
		struct fail f = {0};
		char **lines = many(MANY);

		for (unsigned int i = 0; i < k; i++)
			need[i] = lines[(i * 331 + 5) % MANY / 17 + i * (MANY / 17)];
		assert_int_equal(shrink_it(&r, lines, MANY, 1, &out, &f), 0);
		lines_are(&out, need);
		if (out.runs > 24u * k + 40)
			fail_msg("%u needed lines: %lu runs", k, (unsigned long)out.runs);
		shrink_free(&out);
		many_free(lines, MANY);
	}
}

static void test_order(void **state)
{
	static const char *const need[] = {"b", "a", NULL};
	static char *lines[] = {"a", "b", "a", "b", "c"};
	struct rig r = {.need = need};
	struct shrink_result out;
	struct fail f = {0};

	assert_int_equal(shrink_it(&r, lines, 5, 1, &out, &f), 0);
	lines_are(&out, need);
	shrink_free(&out);
}

/* A buffer's lines go together: nobody asks for each of them. */
static bool no_orphans(char *const *lines, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		char name[32];
		bool made = false;

		if (sscanf(lines[i], "fill %31s", name) != 1)
			continue;
		for (unsigned int j = 0; j < i; j++)
			made |= !strncmp(lines[j], "map ", 4) && !strncmp(lines[j] + 4, name, strlen(name));
		if (!made)
			return false;
	}
	return true;
}

static bool has_a_fill(char *const *lines, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (!strncmp(lines[i], "fill ", 5))
			return no_orphans(lines, nr);
	return false;
}

static void test_lives(void **state)
{
	static const char *const none[] = {NULL};
	static const char *const want[] = {"map b1 --size 4K", "fill b1 --stamp 1", NULL};
	struct rig r = {.need = none, .more = has_a_fill};
	struct shrink_result out;
	struct fail f = {0};
	char *lines[400];
	unsigned int nr = 0;

	for (unsigned int i = 0; nr < 400; i++) {
		assert_true(asprintf(&lines[nr++], "map t%us%u --size 4K", i % 4, i / 4 % 8) > 0);
		assert_true(asprintf(&lines[nr++], "fill t%us%u --stamp %u", i % 4, i / 4 % 8, i + 7) > 0);
		assert_true(asprintf(&lines[nr++], "unmap t%us%u", i % 4, i / 4 % 8) > 0);
		assert_true(asprintf(&lines[nr++], "free t%us%u", i % 4, i / 4 % 8) > 0);
	}
	assert_int_equal(shrink_it(&r, lines, nr, 1, &out, &f), 0);
	lines_are(&out, want);
	if (out.runs > 60)
		fail_msg("%lu runs", (unsigned long)out.runs);
	shrink_free(&out);
	for (unsigned int i = 0; i < nr; i++)
		free(lines[i]);
}

static void test_block(void **state)
{
	static const char *const need[] = {"a", "b", NULL};
	static char *lines[] = {"x", "repeat 5", "a", "repeat 2", "y", "end", "z", "end", "b"};
	static char *kept[] = {"x", "repeat 5000", "a", "end"};
	static const char *const one[] = {"a", NULL};
	struct rig r = {.need = need};
	struct shrink_result out;
	struct fail f = {0};

	assert_int_equal(shrink_it(&r, lines, 9, 1, &out, &f), 0);
	lines_are(&out, need);
	shrink_free(&out);

	/* turns that are needed stay, and no more of them than are */
	r = (struct rig){.need = one, .p = 0.02};
	assert_int_equal(shrink_it(&r, kept, 4, 5, &out, &f), 0);
	assert_int_equal(out.nr, 3);
	assert_string_equal(out.lines[1], "a");
	assert_int_equal(strncmp(out.lines[0], "repeat ", 7), 0);
	assert_in_range(strtoul(out.lines[0] + 7, NULL, 10), 20, 1000);
	assert_int_equal(out.failed, out.of);
	shrink_free(&out);
}

/* What comes and goes is repeated until it always comes, its buffers are given back in each turn. */
static bool frees_maps(char *const *lines, unsigned int nr)
{
	int held = 0;

	for (unsigned int i = 0; i < nr; i++)
		held += !strncmp(lines[i], "map ", 4) ? 1 : !strncmp(lines[i], "free ", 5) ? -1 : 0;
	return strncmp(lines[0], "repeat", 6) || !held;
}

static void test_comes_and_goes(void **state)
{
	static const char *const need[] = {"unmap b1", "fill b1 --byte 1", NULL};
	struct rig r = {.need = need, .p = 0.3, .more = frees_maps};
	struct shrink_result out;
	struct fail f = {0};
	char **noise = many(200), *lines[203];

	memcpy(lines, noise, 100 * sizeof(*lines));
	lines[100] = "map b1 --size 4K --iova 0x1000000";
	lines[101] = "unmap b1";
	memcpy(lines + 102, noise + 100, 100 * sizeof(*lines));
	lines[202] = "fill b1 --byte 1";
	assert_int_equal(shrink_it(&r, lines, 203, 10, &out, &f), 0);
	assert_in_range(out.nr, 4, 6);
	assert_int_equal(out.failed, out.of);
	assert_int_equal(strncmp(out.lines[0], "repeat ", 7), 0);
	assert_string_equal(out.lines[out.nr - 1], "end");
	shrink_free(&out);
	many_free(noise, 200);
}

/* Whatever the words are: it fails as long as a map, a dma and a check of a buffer are there. */
static bool three_kinds(char *const *lines, unsigned int nr)
{
	static const char *const kinds[] = {"map ", "dma copy ", "check "};
	unsigned int have = 0;

	for (unsigned int i = 0; i < nr && have < 3; i++)
		if (!strncmp(lines[i], kinds[have], strlen(kinds[have])))
			have++;
	return have == 3 && strstr(lines[0], "--prot");
}

static void test_values(void **state)
{
	static const char *const none[] = {NULL};
	static char *lines[] = {
		"map t0s3 --size 256K --iova 0x7f3412345000 --mem thp --prot r",
		"map t1s9 --size 64K --iova 0x7f3412385000",
		"dma copy t0s3+0x3000 t1s9 --size 0x2400 --may-fault",
		"check t1s9 --offset 8K --size 4K --stamp 0x7000000000001",
	};
	static const char *const want[] = {"map b1 --size 4K --iova 0x1000000 --prot r", "dma copy b1 t1s9 --size 4K",
					   "check t1s9 --stamp 1", NULL};
	struct rig r = {.need = none, .more = three_kinds};
	struct shrink_result out;
	struct fail f = {0};

	assert_int_equal(shrink_it(&r, lines, 4, 1, &out, &f), 0);
	lines_are(&out, want);
	shrink_free(&out);
}

/* Two addresses that have to keep their distance, and a size that has to stay. */
static bool neighbours(char *const *lines, unsigned int nr)
{
	unsigned long size = 0, a = 0, b = 0;
	char unit = 0;

	return nr == 2 && sscanf(lines[0], "map %*s --size %lu%c --iova 0x%lx", &size, &unit, &a) == 3 &&
	       sscanf(lines[1], "map %*s --size %*s --iova 0x%lx", &b) == 1 && unit == 'K' && size >= 24 &&
	       b == a + 0x8000;
}

static void test_distance(void **state)
{
	static const char *const none[] = {NULL};
	static char *lines[] = {"map x --size 96K --iova 0x5555000", "map y --size 4K --iova 0x555d000"};
	static const char *const want[] = {"map b1 --size 32K --iova 0x1000000", "map b2 --size 4K --iova 0x1008000",
					   NULL};
	struct rig r = {.need = none, .more = neighbours};
	struct shrink_result out;
	struct fail f = {0};

	assert_int_equal(shrink_it(&r, lines, 2, 1, &out, &f), 0);
	lines_are(&out, want);
	shrink_free(&out);
}

static void test_nothing_to_hold(void **state)
{
	static const char *const need[] = {"d", NULL};
	static char *lines[] = {"a", "b"};
	struct rig r = {.need = need};
	struct shrink_result out;
	struct fail f = {0};

	assert_int_equal(shrink_it(&r, lines, 2, 4, &out, &f), -ENOENT);
	assert_int_equal(r.runs, 4);
	assert_int_equal(out.nr, 0);
	shrink_free(&out);
}

/* The callback's error ends it, wherever it comes, and what was reached stays. */
static void test_error(void **state)
{
	static const char *const need[] = {"maps 3", "maps 40", NULL};
	char **lines = many(50);

	for (uint64_t at = 1; at < 40; at++) {
		struct rig r = {.need = need, .err = ENODEV, .stop_at = at};
		struct shrink_result out;
		struct fail f = {0};
		int err = shrink_it(&r, lines, 50, 2, &out, &f);

		if (!err) {
			lines_are(&out, need);
			assert_true(r.runs < at);
		} else {
			assert_int_equal(err, -ENODEV);
			assert_string_equal(f.text, "the device is gone");
			assert_int_equal(r.runs, at);
			assert_true(!out.nr || (rig_has_all(&r, out.lines, out.nr) && out.nr <= 50));
		}
		shrink_free(&out);
	}
	many_free(lines, 50);
}

static void test_deadline(void **state)
{
	static const char *const need[] = {"maps 3", NULL};
	struct rig r = {.need = need};
	struct shrink_params p = {.tries = 1, .until_ns = clock_ns()};
	struct shrink_result out;
	struct fail f = {0};
	char **lines = many(50);

	assert_int_equal(shrink(&out, lines, 50, &p, (struct shrink_target){rig_fails, &r}, &f), 0);
	assert_true(out.timed_out);
	assert_int_equal(out.nr, 50);
	shrink_free(&out);
	many_free(lines, 50);
}

/* Comments are no lines; what has quotes in it stays as it is. */
static void test_text(void **state)
{
	static const char *const need[] = {"fill 'a b' --size 64K", NULL};
	static char *lines[] = {"# a comment", "", "  \t", "  fill 'a b' --size 64K \t", "x"};
	struct rig r = {.need = need};
	struct shrink_result out;
	struct fail f = {0};

	assert_int_equal(shrink_it(&r, lines, 5, 1, &out, &f), 0);
	lines_are(&out, need);
	shrink_free(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needed),	 cmocka_unit_test(test_runs),
		cmocka_unit_test(test_order),	 cmocka_unit_test(test_lives),
		cmocka_unit_test(test_block),	 cmocka_unit_test(test_comes_and_goes),
		cmocka_unit_test(test_values),	 cmocka_unit_test(test_distance),
		cmocka_unit_test(test_error),	 cmocka_unit_test(test_nothing_to_hold),
		cmocka_unit_test(test_deadline), cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
