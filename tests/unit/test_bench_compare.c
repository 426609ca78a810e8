/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench/compare: what is beyond noise is seen, noise is not; a slower machine is not a slower tool; files are read with care. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/bench/compare.h"

#define ROWS 12
#define ROUNDS 15

static struct bench_file_row rows[2][ROWS];
static struct bench_file files[2];
static struct bench_comparison cmp;
static struct fail f;
static uint64_t draws;

/* Around 1, with a tail to the right, as times have. */
static double noise(double spread)
{
	double sum = -1.5;

	for (unsigned int i = 0; i < 3; i++)
		sum += (double)(rng_draw(7, draws++, 0) >> 11) / (double)(UINT64_C(1) << 53);
	return 1 + spread * (sum > 0 ? 2 * sum : sum);
}

/* Two files of @nr figures, the second's @factor times the first's; so much @spread. */
static void fill(unsigned int nr, unsigned int rounds, const char *unit, double factor, double spread)
{
	for (unsigned int k = 0; k < 2; k++) {
		files[k] = (struct bench_file){.bench = "map", .backend = "sim", .rows = rows[k], .nr = nr};
		for (unsigned int i = 0; i < nr; i++) {
			struct bench_file_row *row = &rows[k][i];

			*row = (struct bench_file_row){.name = "map", .mem = "anon", .threads = 1, .size = 4096 << i};
			snprintf(row->unit, sizeof(row->unit), "%s", unit);
			row->nr_samples = rounds;
			for (unsigned int r = 0; r < rounds; r++)
				row->samples[r] = 100 * (i + 1) * (k ? factor : 1) * noise(spread);
			row->value = row->samples[0];
		}
	}
}

static void compare(void)
{
	bench_comparison_free(&cmp);
	assert_int_equal(bench_compare(&files[0], &files[1], 0.02, &cmp, &f), 0);
	assert_int_equal(cmp.count[0] + cmp.count[1] + cmp.count[2] + cmp.count[3], cmp.nr);
}

/* 5 % beyond a noise of 2 % is seen, in every figure, and its size is told. */
static void test_slower(void **state)
{
	fill(ROWS, ROUNDS, "ns", 1.05, 0.02);
	compare();
	assert_int_equal(cmp.nr, ROWS);
	assert_int_equal(cmp.count[BENCH_SLOWER], ROWS);
	for (unsigned int i = 0; i < ROWS; i++) {
		assert_ptr_equal(cmp.changes[i].a, &rows[0][i]);
		assert_true(fabs(cmp.changes[i].factor.median - 1.05) < 0.02);
		assert_true(cmp.changes[i].factor.low > 1);
	}
	fill(ROWS, ROUNDS, "GiB/s", 0.95, 0.02);
	compare();
	assert_int_equal(cmp.count[BENCH_SLOWER], ROWS);
	fill(ROWS, ROUNDS, "GiB/s", 1.05, 0.02);
	compare();
	assert_int_equal(cmp.count[BENCH_FASTER], ROWS);
	fill(1, ROUNDS, "x", 0.9, 0.01);
	compare();
	assert_int_equal(cmp.count[BENCH_SLOWER], 1);
	/* memory of a leaf: less is better */
	fill(1, ROUNDS, "B/leaf", 1.1, 0.01);
	compare();
	assert_int_equal(cmp.count[BENCH_SLOWER], 1);
}

/* Of the same: a file of 12 figures cries wolf in no more than 1 of 20, at noises that reach beyond the threshold. */
static void test_false_alarms(void **state)
{
	unsigned int alarms[2] = {0, 0};

	for (unsigned int run = 0; run < 600; run++) {
		fill(ROWS, ROUNDS, "ns", 1, run % 2 ? 0.2 : 0.05);
		compare();
		alarms[run % 2] += cmp.count[BENCH_SLOWER] + cmp.count[BENCH_FASTER] > 0;
	}
	/* 15 of 300, and three standard deviations */
	assert_true(alarms[0] <= 26);
	assert_true(alarms[1] <= 26);
}

static void test_shuffled(void **state)
{
	fill(ROWS, ROUNDS, "ns", 1, 0.1);
	for (unsigned int i = 0; i < ROWS; i++)
		for (unsigned int r = 0; r < ROUNDS; r++)
			rows[1][i].samples[r] = rows[0][i].samples[(r * 7 + i) % ROUNDS];
	compare();
	assert_int_equal(cmp.count[BENCH_SAME], ROWS);
	for (unsigned int i = 0; i < ROWS; i++)
		assert_true(cmp.changes[i].p > 0.9);
}

/* Less than is cared for, however sure it is. */
static void test_threshold(void **state)
{
	fill(1, ROUNDS, "ns", 1.015, 0.001);
	compare();
	assert_true(cmp.changes[0].p_adjusted < 0.01);
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
	bench_comparison_free(&cmp);
	assert_int_equal(bench_compare(&files[0], &files[1], 0.01, &cmp, &f), 0);
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
}

static void reference(double a, double b)
{
	snprintf(rows[0][0].reference, sizeof(rows[0][0].reference), "memcpy");
	snprintf(rows[1][0].reference, sizeof(rows[1][0].reference), "memcpy");
	rows[0][0].reference_value = a;
	rows[1][0].reference_value = b;
}

static void test_machine(void **state)
{
	fill(1, ROUNDS, "GiB/s", 0.8, 0.02);
	reference(10, 8);
	compare();
	assert_int_equal(cmp.changes[0].seen, BENCH_SLOWER);
	assert_int_equal(cmp.changes[0].by_reference, BENCH_SAME);
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
	/* the machine is what it was */
	reference(10, 10);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
	/* and where it is only half of it */
	reference(10, 9);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
	/* another reference explains nothing */
	snprintf(rows[1][0].reference, sizeof(rows[1][0].reference), "memset");
	reference(10, 8);
	snprintf(rows[1][0].reference, sizeof(rows[1][0].reference), "memset");
	compare();
	assert_false(cmp.changes[0].has_reference);
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
	/* twice as fast a machine, and nothing gained by it */
	fill(1, ROUNDS, "GiB/s", 1, 0.02);
	reference(10, 20);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
	assert_int_equal(cmp.changes[0].by_reference, BENCH_SLOWER);
}

static void ratio(double a, double b, double interval)
{
	rows[0][0].ratio = a;
	rows[1][0].ratio = b;
	rows[0][0].ratio_interval = rows[1][0].ratio_interval = interval;
}

/* Times whose reference is told by the rounds' ratios: the median of what comes in two kinds jumps, the ratio does not. */
static void test_ratio(void **state)
{
	fill(1, ROUNDS, "ns", 2.296, 0.02);
	reference(100, 160);
	ratio(0.997, 0.989, 0.01);
	compare();
	assert_int_equal(cmp.changes[0].seen, BENCH_SLOWER);
	assert_int_equal(cmp.changes[0].by_reference, BENCH_SAME);
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
	/* a ratio that is not known better than that has not changed */
	ratio(1, 0.8, 0.3);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
	/* nor is it slower where it gained beside the reference */
	ratio(1, 1.5, 0.01);
	compare();
	assert_int_equal(cmp.changes[0].by_reference, BENCH_FASTER);
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
	ratio(1, 0.8, 0.01);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
	assert_true(fabs(cmp.changes[0].beside - 1.25) < 1e-9);
	/* a ratio that fell by less than the value did, and by less than is cared for */
	ratio(1, 0.99, 0.001);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
	/* of rates as well: above 1 is better, whatever the unit */
	fill(1, ROUNDS, "GiB/s", 0.5, 0.02);
	reference(10, 10);
	ratio(1, 0.5, 0.01);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
	ratio(1, 1, 0.01);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SAME);
}

static void test_unknown(void **state)
{
	fill(1, 3, "ns", 2, 0.01);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_UNKNOWN);
	assert_string_equal(cmp.changes[0].why, "too few rounds");
	/* as few for as many figures as there are */
	fill(1, 4, "ns", 2, 0.01);
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
	fill(2, 4, "ns", 2, 0.01);
	compare();
	assert_int_equal(cmp.count[BENCH_UNKNOWN], 2);
	fill(2, 9, "ns", 2, 0.01);
	rows[1][1].nr_samples = 0;
	compare();
	assert_int_equal(cmp.changes[0].verdict, BENCH_SLOWER);
	assert_int_equal(cmp.changes[1].verdict, BENCH_UNKNOWN);
}

static void test_matching(void **state)
{
	fill(ROWS, ROUNDS, "ns", 1, 0.01);
	rows[1][0].threads = 2;
	rows[1][1].granule = 4096;
	rows[1][2].page_size = 4096;
	rows[1][3].depth = 1;
	snprintf(rows[1][4].mem, sizeof(rows[1][4].mem), "thp");
	snprintf(rows[1][5].name, sizeof(rows[1][5].name), "unmap");
	snprintf(rows[1][6].unit, sizeof(rows[1][6].unit), "us");
	compare();
	assert_int_equal(cmp.nr, ROWS - 7);
	assert_int_equal(cmp.only_a, 7);
	assert_int_equal(cmp.only_b, 7);
	assert_ptr_equal(cmp.changes[0].b, &rows[1][7]);
	assert_false(rows[0][0].matched);
	assert_true(rows[0][8].matched);
	bench_comparison_free(&cmp);
	/* said twice: which of them is it? */
	rows[1][7] = rows[1][8];
	assert_int_equal(bench_compare(&files[0], &files[1], 0.02, &cmp, &f), -EBADMSG);
	assert_string_equal(f.text, "the second file has one result twice: map, size 1048576");
	bench_comparison_free(&cmp);
	snprintf(files[1].bench, sizeof(files[1].bench), "dma");
	assert_int_equal(bench_compare(&files[0], &files[1], 0.02, &cmp, &f), -EINVAL);
	snprintf(files[1].bench, sizeof(files[1].bench), "map");
	snprintf(files[1].backend, sizeof(files[1].backend), "vfio");
	assert_int_equal(bench_compare(&files[0], &files[1], 0.02, &cmp, &f), -EINVAL);
	assert_true(f.usage);
}

/* --- files --- */

static int parse(const char *text, struct bench_file *out, char why[120])
{
	why[0] = '\0';
	return bench_file_parse(text, strlen(text), out, why, 120);
}

#define HEAD "{\"command\":\"bench\",\"bench\":\"map\",\"backend\":\"sim\",\"kernel\":\"7.3\",\"results\":["

#define ROW "{\"name\":\"a\",\"unit\":\"ns\","
#define NOTHING "a sample is 0 or less, or more than anything is: nothing was measured in that round"
#define WORD "a name, unit or backend is more than 40 bytes of printable ASCII"

/* The median, that of an even number by either mean, the mean, and the median of all times. */
static void test_parse_values(void **state)
{
	static const char *const good[] = {"[1,2,9],\"value\":2", "[1,2,4,9],\"value\":2.67", "[1,2,4,9],\"value\":3",
					   "[1,2,9],\"value\":4", "[1,2,9],\"value\":7,\"p50\":7.1"};
	struct bench_file file;
	char why[120], text[300];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(text, sizeof(text), HEAD ROW "\"samples\":%s}]}", good[i]);
		assert_int_equal(parse(text, &file, why), 0);
		bench_file_free(&file);
	}
	/* what is only shown is masked, not refused */
	assert_int_equal(parse("{\"command\":\"bench\",\"bench\":\"map\",\"machine\":\"x\\u202e\\ny\",\"results\":["
			       "{\"name\":\"a\",\"unit\":\"ns\",\"reference\":\"\\u001bz\"}]}",
			       &file, why),
			 0);
	assert_string_equal(file.machine, "x??y");
	assert_string_equal(file.rows[0].reference, "?z");
	bench_file_free(&file);
}

static void test_parse(void **state)
{
	struct bench_file file;
	char why[120];

	assert_int_equal(parse(HEAD "{\"name\":\"map\",\"unit\":\"ns\",\"size\":8192,\"threads\":2,\"value\":5,"
				    "\"samples\":[2.5,5,7],\"reference\":\"x\",\"reference_value\":4,\"ratio\":0.5}]}",
			       &file, why),
			 0);
	assert_int_equal(file.nr, 1);
	assert_string_equal(file.kernel, "7.3");
	assert_string_equal(file.version, "");
	assert_int_equal(file.rows[0].size, 8192);
	assert_int_equal(file.rows[0].nr_samples, 3);
	assert_true(file.rows[0].samples[0] == 2.5 && file.rows[0].reference_value == 4 && file.rows[0].value == 5);
	bench_file_free(&file);
}

static void test_parse_bad(void **state)
{
	static const char *const bad[][2] = {
		{"", "it ends in the middle"},
		{"[]", "it is not one object"},
		{"{}", "it is not what `bench --json` prints"},
		{"{\"command\":\"list\",\"bench\":\"map\"}", "it is not what `bench --json` prints"},
		{"{\"command\":\"bench\",\"bench\":\"map\"}", "it has no list of results"},
		{"{\"command\":\"bench\",\"bench\":\"map\",\"results\":{}}", "it has no list of results"},
		{HEAD "7]}", "a result has no name or no unit"},
		{HEAD "{\"name\":\"a\"}]}", "a result has no name or no unit"},
		{HEAD "{\"name\":\"a\",\"unit\":\"ns\",\"samples\":7}]}",
		 "samples of a result are no list of at most 256 numbers"},
		{HEAD "{\"name\":\"a\",\"unit\":\"ns\",\"samples\":[\"7\"]}]}",
		 "samples of a result are no list of at most 256 numbers"},
		{HEAD ROW "\"samples\":[1e999]}]}", "samples of a result are no list of at most 256 numbers"},
		{HEAD ROW "\"samples\":[1,0,1],\"value\":1}]}", NOTHING},
		{HEAD ROW "\"samples\":[1,-1,1],\"value\":1}]}", NOTHING},
		{HEAD ROW "\"value\":NaN}]}", "a value is no number above 0"},
		{HEAD ROW "\"value\":1e999}]}", "a value is no number above 0"},
		{HEAD ROW "\"value\":-1}]}", "a value is no number above 0"},
		{HEAD ROW "\"value\":\"1\"}]}", "a value is no number above 0"},
		{HEAD ROW "\"value\":1,\"ratio\":-1}]}", "a reference_value or ratio is no number above 0"},
		{HEAD ROW "\"samples\":[1,2,3],\"value\":2.5,\"p50\":4}]}", "a value is not what its samples say"},
		{HEAD ROW "\"samples\":[1,2,3]}]}", "a value is not what its samples say"},
		{HEAD "{\"name\":\"a\\u202eb\",\"unit\":\"ns\"}]}", WORD},
		{HEAD "{\"name\":\"a\\u001b[2J\",\"unit\":\"ns\"}]}", WORD},
		{HEAD "{\"name\":\"a\",\"unit\":\"n\\ns\"}]}", WORD},
		{HEAD "{\"name\":\"a\",\"unit\":\"n\\u007fs\"}]}", WORD},
		{HEAD "{\"name\":\"12345678901234567890123456789012345678901\",\"unit\":\"ns\"}]}", WORD},
		{"{\"command\":\"bench\",\"bench\":\"map\",\"backend\":\"s\\u202e\",\"results\":[]}", WORD},
	};
	struct bench_file file;
	char why[120], *text;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i][0], &file, why), -EBADMSG);
		assert_string_equal(why, bad[i][1]);
		bench_file_free(&file);
	}
	text = malloc(100000);
	assert_non_null(text);
	strcpy(text, HEAD "{\"name\":\"a\",\"unit\":\"ns\",\"samples\":[1");
	for (unsigned int i = 0; i < RANK_MAX; i++)
		strcat(text, ",1");
	strcat(text, "]}]}");
	assert_int_equal(parse(text, &file, why), -EBADMSG);
	bench_file_free(&file);
	strcpy(text, HEAD "{}");
	for (unsigned int i = 0; i < BENCH_FILE_ROWS; i++)
		strcat(text + 3 * i, ",{}");
	strcat(text, "]}");
	assert_int_equal(parse(text, &file, why), -EBADMSG);
	assert_string_equal(why, "it has more than 4096 results");
	bench_file_free(&file);
	free(text);
	assert_int_equal(bench_file_read("/nonexistent", &file, &f), -ENOENT);
	assert_int_equal(bench_file_read("/", &file, &f), -EIO);
	bench_file_free(&file);
}

static int done(void **state)
{
	bench_comparison_free(&cmp);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slower),	     cmocka_unit_test(test_false_alarms),
		cmocka_unit_test(test_shuffled),     cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_machine),	     cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_parse_values), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_matching),     cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_bad),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
