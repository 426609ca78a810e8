/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures as tables, as comma-separated values and as pictures: none of them, one, many; what is not there, and what must be quoted. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/bench/out.h"
#include "core/bench/show.h"
#include "picture.h"
#include "plot_dir.h"
#include "render.h"

#define ROWS 64

static struct bench_row rows[ROWS];
static struct hist times;
static const struct bench_origin origin = {&bench_map, "7.3.4", "sim", "a \"quoted\", device"};

static struct bench_row row_of(const char *name, uint64_t size, double p50)
{
	return (struct bench_row){.name = name,
				  .unit = "ns",
				  .cell = {.size = size, .threads = 1},
				  .value = p50 * 1.25,
				  .has_percentiles = true,
				  .p50 = p50,
				  .p90 = p50,
				  .p99 = 3 * p50,
				  .p999 = 4 * p50,
				  .max = 9 * p50,
				  .times = &times,
				  .count = 7000,
				  .rounds = 9,
				  .interval = 0.01,
				  .tight = true};
}

static struct bench_result result_of(unsigned int nr)
{
	return (struct bench_result){.rows = rows, .nr_rows = nr, .clock_ns = 20};
}

/* --- tables --- */

static const char *table_line(const struct bench_result *res, unsigned int line)
{
	static char text[BENCH_TABLE_LINE];
	struct bench_table t;

	assert_int_equal(bench_table_make(&t, res), 0);
	if (!bench_table_line(&t, line, text))
		text[0] = '\0';
	bench_table_free(&t);
	return text;
}

static void test_table(void **state)
{
	struct bench_result res = result_of(2);

	rows[0] = row_of("map", KiB(4), 80);
	rows[1] = row_of("map", MiB(2), 1234567);
	rows[1].tight = false;
	rows[1].reference = "plain";
	rows[1].reference_value = 1000000;
	rows[1].ratio = 0.8125;
	rows[1].ratio_interval = 0.031;
	assert_string_equal(
		table_line(&res, 0),
		"size  figure    value     +-     n      p50      p90     p99    p99.9      max  reference   ratio");
	assert_string_equal(table_line(&res, 1),
			    "  4K  map      100 ns  1.0 %  7000    80 ns    80 ns  240 ns   320 ns   720 ns");
	assert_string_equal(table_line(&res, 2),
			    "  2M  map     1.54 ms  1.0 %  7000  1.23 ms  1.23 ms  3.7 ms  4.94 ms  "
			    "11.1 ms  plain 1 ms  0.812 +- 3.1 %  not tight");
	assert_string_equal(table_line(&res, 3), "");
	assert_int_equal(bench_differs(&res), BENCH_SIZE);
}

/* What so few times and rounds know nothing of is blank: the columns go where no row has it. */
static void test_few(void **state)
{
	struct bench_result res = result_of(2);
	char *text;
	size_t length;
	struct fail f = {0};

	rows[0] = row_of("map", KiB(4), 80);
	rows[0].count = 999;
	rows[0].rounds = 6;
	rows[1] = row_of("unmap", KiB(4), 80);
	rows[1].count = 99;
	rows[1].rounds = 5;
	rows[1].reference = "plain";
	rows[1].reference_value = 50;
	rows[1].ratio = 0.5;
	rows[1].ratio_interval = 0.031;
	assert_string_equal(table_line(&res, 0),
			    "figure   value     +-    n    p50    p90     p99     max  reference    ratio");
	assert_string_equal(table_line(&res, 1), "map     100 ns  1.0 %  999  80 ns  80 ns  240 ns  720 ns");
	assert_string_equal(table_line(&res, 2),
			    "unmap   100 ns          99  80 ns  80 ns          720 ns  plain 50 ns  0.5");
	assert_int_equal(bench_csv_write(plot_path("csv"), &origin, &res, &f), 0);
	text = picture_read(plot_path("csv"), &length);
	assert_non_null(strstr(text, ",100,0.01,true,999,6,80,80,240,,720,"));
	assert_non_null(strstr(text, ",100,,true,99,5,80,80,,,720,plain,50,0.5,,"));
	free(text);
	rows[0].count = 100;
	rows[1].count = 1000;
	assert_true(bench_has_p99(&rows[0]) && !bench_has_p999(&rows[0]));
	assert_true(bench_has_p99(&rows[1]) && bench_has_p999(&rows[1]));
}

static void test_numbers(void **state)
{
	static const struct {
		double ns;
		const char *text;
	} cases[] = {{0, "0 ns"},	 {999.4, "999 ns"}, {999.96, "1 us"},	{1234, "1.23 us"},
		     {123456, "123 us"}, {1e9, "1 s"},	    {123.4e9, "123 s"}, {12.34e6, "12.3 ms"}};
	char buf[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(bench_format_ns(cases[i].ns, buf, sizeof(buf)), cases[i].text);
	assert_string_equal(bench_format_value(1234567, "pairs/s", buf, sizeof(buf)), "1235k pairs/s");
	assert_string_equal(bench_format_value(12.5, "GiB/s", buf, sizeof(buf)), "12.5 GiB/s");
	assert_string_equal(bench_format_percent(0.0025, buf, sizeof(buf)), "0.25 %");
	assert_string_equal(bench_format_percent(1.4, buf, sizeof(buf)), "140 %");
}

/* --- values separated by commas --- */

static void test_csv(void **state)
{
	struct bench_result res = result_of(2);
	struct fail f = {0};
	char *text, *line;
	size_t length;

	rows[0] = row_of("map, \"all\"", KiB(4), 80);
	rows[1] = (struct bench_row){.name = "rate",
				     .unit = "GiB/s",
				     .cell = {.size = 8, .granule = 4, .page_size = 2, .threads = 3, .depth = 5},
				     .value = 0.1,
				     .count = 1,
				     .reference = "memcpy",
				     .reference_value = 0.2,
				     .ratio = 0.5};
	assert_int_equal(bench_csv_write(plot_path("csv"), &origin, &res, &f), 0);
	text = picture_read(plot_path("csv"), &length);
	line = strchr(text, '\n') + 1;
	assert_int_equal(strncmp(text, "bench,name,unit,size,", 21), 0);
	assert_int_equal(
		strncmp(line,
			"map,\"map, \"\"all\"\"\",ns,4096,0,0,anon,1,0,100,0.01,true,7000,9,80,80,240,320,720,,,,,",
			strlen("map,\"map, "
			       "\"\"all\"\"\",ns,4096,0,0,anon,1,0,100,0.01,true,7000,9,80,80,240,320,720,,,,,")),
		0);
	assert_non_null(
		strstr(line, ",7.3.4,sim,\"a \"\"quoted\"\", device\",,,\nmap,rate,GiB/s,8,4,2,anon,3,5,0.1,,,1,0,,,,,,"
			     "memcpy,0.2,0.5,,"));
	assert_int_equal(text[length - 1], '\n');
	free(text);
	assert_int_equal(bench_csv_write("/nonexistent/dir/x", &origin, &res, &f), -ENOENT);
}

/* --- pictures --- */

static void times_fill(void)
{
	memset(&times, 0, sizeof(times));
	for (unsigned int i = 0; i < 7; i++)
		hist_add(&times, 100 + 40 * i * i);
}

/* The text of an SVG of @nr rows, which the caller frees. */
static char *svg_of(unsigned int nr)
{
	struct plot_to to = {.format = PLOT_SVG, .path = plot_path("svg")};
	struct bench_result res = result_of(nr);
	struct fail f = {0};
	size_t length;
	char *text;

	assert_int_equal(bench_plot(&origin, &res, &to, NULL, &f), 0);
	text = picture_read(plot_path("svg"), &length);
	xml_assert_well_formed(text);
	return text;
}

static void svg_says(unsigned int nr, const char *const *said, const char *not_said)
{
	char *text = svg_of(nr);

	for (; *said; said++)
		if (!strstr(text, *said))
			fail_msg("%u rows: no '%s' in %s", nr, *said, text);
	if (not_said)
		assert_null(strstr(text, not_said));
	free(text);
}

static void test_plot_empty(void **state)
{
	svg_says(0, (const char *const[]){"nothing was measured", NULL}, NULL);
}

/* One size: how its times are distributed. */
static void test_plot_one(void **state)
{
	times_fill();
	rows[0] = row_of("map", KiB(4), 100);
	svg_says(1, (const char *const[]){"how long each took", "size 4K", "share of all", "200 ns", "1 us", NULL},
		 "p99");
	rows[0].has_percentiles = false;
	rows[0].unit = "GiB/s";
	svg_says(1, (const char *const[]){"rate over size", "GiB/s", ">4K<", NULL}, "share");
}

static void test_plot_many(void **state)
{
	times_fill();
	for (unsigned int i = 0; i < 30; i++) {
		rows[2 * i] = row_of("map", KiB(4) << i, 100 << i / 2);
		rows[2 * i + 1] = row_of("unmap", KiB(4) << i, 200 << i / 2);
	}
	svg_says(60, (const char *const[]){"time over size", "map p50", "unmap p99", ">4K<", ">16M<", "1 us", NULL},
		 "not drawn");
	rows[60] = row_of("third", KiB(4), 1);
	rows[61] = row_of("map", KiB(4), 1);
	rows[61].cell.threads = 2;
	svg_says(62, (const char *const[]){"other combinations are not drawn; 1 more figure is not drawn", NULL},
		 "third");
	for (unsigned int i = 0; i < 60; i++)
		rows[i].count = 99;
	svg_says(60, (const char *const[]){"map p50", "unmap p50", NULL}, "p99");
}

/* Times that are nothing once the clock's cost is off have no place on an axis by powers, and the picture stands. */
static void test_plot_zero(void **state)
{
	rows[0] = row_of("map", KiB(4), 0);
	rows[1] = row_of("map", KiB(8), 0);
	svg_says(2, (const char *const[]){"map p50", NULL}, "nan");
}

#ifdef HAVE_CAIRO
static void test_plot_png(void **state)
{
	struct plot_to to = {.format = PLOT_PNG, .path = plot_path("png")};
	struct fail f = {0};
	struct pixels p;

	times_fill();
	for (unsigned int nr = 0; nr <= 2; nr++) {
		struct bench_result res = result_of(nr);

		rows[0] = row_of("map", KiB(4), 100);
		rows[1] = row_of("map", GiB(64), 1e9);
		assert_int_equal(bench_plot(&origin, &res, &to, NULL, &f), 0);
		pixels_load(&p, plot_path("png"));
		pixels_assert_frame(&p);
		/* the first series' colour: none, an area's edge, marks and lines */
		assert_int_equal(pixels_count(&p, 0x0072b2) > 50, nr > 0);
		pixels_free(&p);
	}
}
#endif

static void test_plot_terminal(void **state)
{
	struct plot_to to = {.format = PLOT_TERMINAL, .width = 60, .height = 20};
	struct bench_result res = result_of(2);
	struct fail f = {0};
	struct rendering r;
	const char *text;

	rows[0] = row_of("map", KiB(4), 100);
	rows[1] = row_of("map", KiB(64), 800);
	rendering_open(&r, REPORT_TEXT, false);
	assert_int_equal(bench_plot(&origin, &res, &to, r.report, &f), 0);
	text = rendering_end(&r);
	assert_non_null(strstr(text, "100 ns +"));
	assert_non_null(strstr(text, "4K"));
	assert_non_null(strstr(text, "* map p50  + map p99"));
	rendering_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_few),
		cmocka_unit_test(test_numbers),	      cmocka_unit_test(test_csv),
		cmocka_unit_test(test_plot_empty),    cmocka_unit_test(test_plot_one),
		cmocka_unit_test(test_plot_many),     cmocka_unit_test(test_plot_zero),
		cmocka_unit_test(test_plot_terminal),
#ifdef HAVE_CAIRO
		cmocka_unit_test(test_plot_png),
#endif
	};

	return cmocka_run_group_tests(tests, plot_setup, plot_teardown);
}
