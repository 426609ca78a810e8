/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/stress/mix: named mixes, files of them, and what is wrong with files. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "core/stress/mix.h"

static int parse(const char *text, struct stress_mix *mix, struct fail *f)
{
	memset(f, 0, sizeof(*f));
	return stress_mix_parse(mix, "dir/my.mix", text, strlen(text), f);
}

static void test_names(void **state)
{
	static const char *const names[] = {"churn", "edges", "dirty", "huge", "lifecycle", "all"};
	struct stress_mix mix;
	struct fail f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t sum = 0;

		assert_int_equal(stress_mix_load(&mix, names[i], &f), 0);
		assert_string_equal(mix.name, names[i]);
		for (unsigned int k = 0; k < STRESS_KINDS; k++)
			sum += mix.weight[k];
		assert_true(sum > 0);
	}
	assert_string_equal(stress_mixes[ARRAY_SIZE(names)].name, "");
	/* nothing that can be done is left out of `all` */
	assert_int_equal(stress_mix_load(&mix, "all", &f), 0);
	for (unsigned int k = 0; k < STRESS_KINDS; k++)
		assert_true(mix.weight[k] > 0);
	assert_int_equal(stress_mix_load(&mix, "no-such-mix", &f), -ENOENT);
	assert_true(f.usage);
	assert_non_null(strstr(f.text, "no-such-mix"));
	assert_non_null(strstr(f.hint, "churn, edges, dirty, huge, lifecycle, all"));
}

static void test_file(void **state)
{
	char path[] = "/tmp/iommuctl-mix-XXXXXX";
	const char *text = "# a mix\nmap 7\n\n  unmap\t3   # both\r\n";
	struct stress_mix mix;
	int fd = mkstemp(path);
	struct fail f;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(stress_mix_load(&mix, path, &f), 0);
	unlink(path);
	assert_string_equal(mix.name, strrchr(path, '/') + 1);
	assert_int_equal(mix.weight[STRESS_MAP], 7);
	assert_int_equal(mix.weight[STRESS_UNMAP], 3);
	assert_int_equal(mix.weight[STRESS_DMA], 0);
	/* a folder can be opened and not read */
	assert_int_equal(stress_mix_load(&mix, "/", &f), -EISDIR);
	assert_non_null(strstr(f.text, "cannot read mix /"));
}

/* What each broken file is told: the line, what is wrong with it, and the hint. */
static const struct {
	const char *text, *says, *hint;
} broken[] = {
	{"", "dir/my.mix: no kind of operation has a weight", "the kinds are map, map-file, "},
	{"# only a comment\n", "no kind of operation has a weight", "the kinds are"},
	{"map 0\nunmap 0\n", "no kind of operation has a weight", "the kinds are"},
	{"map 1\nmop 2\n", "dir/my.mix:2: there is no kind of operation 'mop'", "the kinds are map, map-file, unmap, "},
	{"\n\nmap\n", "dir/my.mix:3: 'map' takes one number, 0 to 1000000", "a line is KIND WEIGHT, such as: map 10"},
	{"map -1\n", "dir/my.mix:1: 'map' takes one number", "a line is"},
	{"map 1.5\n", "dir/my.mix:1: 'map' takes one number", "a line is"},
	{"map 1000001\n", "dir/my.mix:1: 'map' takes one number", "a line is"},
	{"map 99999999999999999999\n", "dir/my.mix:1: 'map' takes one number", "a line is"},
	{"map 1 2\n", "dir/my.mix:1: nothing may follow the weight but a comment", ""},
	{"map 1\nunmap 1\nmap 1\n", "dir/my.mix:3: 'map' was given before", ""},
};

static void test_broken(void **state)
{
	struct stress_mix mix;
	struct fail f;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(broken); i++) {
		assert_int_equal(parse(broken[i].text, &mix, &f), -EINVAL);
		assert_true(f.usage);
		assert_non_null(strstr(f.text, broken[i].says));
		assert_non_null(strstr(f.hint, broken[i].hint));
	}
	/* of the last kind the hint has the name too: none is cut off */
	assert_int_equal(parse("mop 1\n", &mix, &f), -EINVAL);
	assert_non_null(strstr(f.hint, stress_kinds[STRESS_KINDS - 1].name));
}

static void test_no_text(void **state)
{
	static const char nul[] = "map 1\nun\0map 1\n";
	char line[600];
	struct stress_mix mix;
	struct fail f = {0};

	(void)state;
	assert_int_equal(stress_mix_parse(&mix, "x", nul, sizeof(nul) - 1, &f), -EINVAL);
	assert_non_null(strstr(f.text, "x:2: this is no text"));
	memset(line, '#', sizeof(line));
	assert_int_equal(stress_mix_parse(&mix, "x", line, sizeof(line), &f), -EINVAL);
	assert_non_null(strstr(f.text, "x:1: this is no text, or longer"));
}

/* Files with bytes changed, taken out and doubled: an answer each time, and a mix that was taken has weights that may be. */
static void test_mutated(void **state)
{
	static const char seed[] = "# mix\nmap 10\nunmap 7 # as often\ndma 20\ndirty-clear 3\n";
	static const char bytes[] = "\0\n #019xm-\xff";
	unsigned int taken = 0, refused = 0;

	(void)state;
	for (uint64_t n = 0; n < 20000; n++) {
		struct stress_mix mix;
		struct fail f = {0};
		char text[sizeof(seed)];
		size_t len = rng_below(rng_draw(n, 0, 0), 8) ? sizeof(seed) - 1 : rng_below(rng_draw(n, 0, 1), 40);

		memcpy(text, seed, sizeof(seed));
		for (uint64_t i = 0; i < rng_below(rng_draw(n, 0, 2), 4); i++)
			text[rng_below(rng_draw(n, i, 3), sizeof(text))] =
				bytes[rng_below(rng_draw(n, i, 4), sizeof(bytes) - 1)];
		if (stress_mix_parse(&mix, "f", text, len, &f)) {
			refused++;
			assert_true(f.usage && f.text[0]);
			continue;
		}
		taken++;
		for (unsigned int k = 0; k < STRESS_KINDS; k++)
			assert_true(mix.weight[k] <= 1000000);
	}
	assert_true(taken > 1000 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_file),	cmocka_unit_test(test_broken),
		cmocka_unit_test(test_no_text), cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
