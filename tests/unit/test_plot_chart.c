/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out/plot: charts in each form, looked at again; files that are whole or not there. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

#include "out/data.h"
#include "out/plot_priv.h"
#include "picture.h"
#include "plot_dir.h"
#include "render.h"

static const struct plot_point chart_burst[] = {{0, 10}, {10, 100}, {20, 0}, {30, NAN}, {40, 30}, {60, NAN}};
static const struct plot_point chart_line[] = {{0, 0}, {60, 100}};
static const struct plot_series chart_series[] = {
	{.name = "measured", .points = chart_burst, .nr = 6, .steps = true, .fill = true},
	{.name = "limit", .points = chart_line, .nr = 2}};
static const struct plot_chart chart = {.words = {.title = "A chart"},
					.series = chart_series,
					.nr = 1,
					.x_title = "seconds",
					.y_title = "MiB/s",
					.second = 256,
					.second_title = "pages/s",
					.gap_word = "gaps: unknown"};

static const char *chart_text(struct rendering *r, const char *locale, unsigned int nr)
{
	struct plot_to to = {.width = 65, .height = 14};
	struct plot_chart c = chart;
	struct fail f = {0};
	const char *text;

	c.nr = nr;
	setenv("LC_ALL", locale, 1);
	rendering_open(r, REPORT_TEXT, strcmp(locale, "C"));
	assert_int_equal(plot_chart_draw(&c, &to, r->report, &f), 0);
	text = rendering_end(r) + strlen(rendering_banner()) + 1;
	setenv("LC_ALL", "C", 1);
	return text;
}

static void test_chart_ascii(void **state)
{
	struct rendering r;

	assert_string_equal(chart_text(&r, "C", 1),
			    "A chart\n\nMiB/s\n"
			    "100 +          ##########\n"
			    "    |          ##########\n"
			    "    |          ##########\n"
			    "    |          ##########                    ::::::::::::::::::::\n"
			    "  0 +::::::::::##########__________          ####################\n"
			    "    ++-------------------+-------------------+-------------------\n"
			    "     0                   20                  40\n"
			    "     seconds\ngaps: unknown\ncompare: PASS\n");
	rendering_free(&r);
}

#define LOW "\xe2\x96\x84"
#define FG(n) "\033[38;5;" #n "m"
#define OFF "\033[0m"
#define FULL5 "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
#define LOW5 LOW LOW LOW LOW LOW
#define LINE5 "\xe2\x96\x81\xe2\x96\x81\xe2\x96\x81\xe2\x96\x81\xe2\x96\x81"

static void test_chart_colored(void **state)
{
	struct rendering r;

	assert_string_equal(chart_text(&r, "C.UTF-8", 1), "A chart\n\nMiB/s\n"
							  "100 +          " FG(25) FULL5 FULL5 OFF
			    "\n"
			    "    |          " FG(25) FULL5 FULL5 OFF "\n"
								     "    |          " FG(25) FULL5 FULL5 OFF
			    "\n"
			    "    |          " FG(25) FULL5 FULL5 OFF "                    " FG(25)
				    LOW5 LOW5 LOW5 LOW5 OFF "\n"
							    "  0 +" FG(25) LOW5 LOW5 FULL5 FULL5 LINE5 LINE5 OFF
			    "          " FG(25) FULL5 FULL5 FULL5 FULL5 OFF
			    "\n"
			    "    ++-------------------+-------------------+-------------------\n"
			    "     0                   20                  40\n"
			    "     seconds\ngaps: unknown\ncompare: \033[32mPASS\033[0m\n");
	rendering_free(&r);
}

static void test_chart_two(void **state)
{
	struct rendering r;

	assert_string_equal(chart_text(&r, "C", 2),
			    "A chart\n\nMiB/s\n"
			    "100 +          ##########                            ++++++++++++\n"
			    "    |          ##########                ++++++++++++\n"
			    "    |          ##########    ++++++++++++\n"
			    "    |          ##########++++                ::::::::::::::::::::\n"
			    "  0 +::::::::::##########__________          ####################\n"
			    "    ++-------------------+-------------------+-------------------\n"
			    "     0                   20                  40\n"
			    "     seconds\n# measured  + limit  gaps: unknown\ncompare: PASS\n");
	rendering_free(&r);
}

static void test_chart_svg(void **state)
{
	static const char *const texts[] = {">A chart</text>",	     ">seconds</text>",	 ">MiB/s</text>",
					    ">pages/s</text>",	     ">100</text>",	 ">25k</text>",
					    ">gaps: unknown</text>", ">measured</text>", ">limit</text>"};
	struct plot_to to = {.format = PLOT_SVG, .path = plot_path("chart.svg")};
	struct plot_chart c = chart;
	struct fail f = {0};
	size_t length;
	char *svg;

	c.nr = 2;
	assert_int_equal(plot_chart_draw(&c, &to, NULL, &f), 0);
	svg = picture_read(to.path, &length);
	xml_assert_well_formed(svg);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(text_count(svg, texts[i]), 1);
	/* two pieces with a gap between them, each filled and with its line; and the other series */
	assert_int_equal(text_count(svg, "<polygon "), 2);
	assert_int_equal(text_count(svg, "<polyline "), 3);
	free(svg);
}

#ifdef HAVE_CAIRO
/* Where there is a value the ground below it is filled, where there is none it is white. */
static void test_chart_png(void **state)
{
	struct plot_to to = {.format = PLOT_PNG, .path = plot_path("chart.png")};
	int left = 0, right, bottom, x[4];
	struct fail f = {0};
	struct pixels p;

	assert_int_equal(plot_chart_draw(&chart, &to, NULL, &f), 0);
	pixels_load(&p, to.path);
	assert_int_equal(p.width, 1000);
	assert_int_equal(p.height, 480);
	pixels_assert_frame(&p);
	/* the axis is the one line of ink that goes all the way */
	for (bottom = p.height - 1; pixels_at(&p, p.width / 2, bottom) != 0x222222; bottom--)
		assert_true(bottom > 100);
	while (pixels_at(&p, left, bottom) != 0x222222)
		left++;
	for (right = p.width / 2; pixels_at(&p, right, bottom) == 0x222222; right++)
		;
	for (int i = 0; i < 4; i++)
		x[i] = left + (right - left) * (i * 20 + 5) / 60;
	assert_int_equal(pixels_at(&p, x[0], bottom - 10), 0xcce3f0);
	assert_int_equal(pixels_at(&p, left + (right - left) * 15 / 60, bottom - 200), 0xcce3f0);
	assert_int_equal(pixels_at(&p, x[0], bottom - 200), 0xffffff);
	/* nothing was dirtied, and nothing is known */
	assert_int_equal(pixels_at(&p, x[1], bottom - 10), 0xffffff);
	assert_int_not_equal(pixels_at(&p, x[1], bottom - 1), 0xffffff);
	assert_int_equal(pixels_at(&p, left + (right - left) * 35 / 60, bottom - 10), 0xffffff);
	assert_int_equal(pixels_at(&p, left + (right - left) * 35 / 60, bottom - 2), 0xffffff);
	assert_int_equal(pixels_at(&p, x[2], bottom - 10), 0xcce3f0);
	pixels_free(&p);
}
#else
static void test_chart_png(void **state)
{
	struct plot_to to = {.format = PLOT_PNG, .path = plot_path("chart.png")};
	struct fail f = {0};

	assert_int_equal(plot_chart_draw(&chart, &to, NULL, &f), -EOPNOTSUPP);
}
#endif

static void test_chart_empty(void **state)
{
	static const struct plot_series none = {.name = "none"};
	struct plot_chart c = {.words = {.title = "Nothing"}, .series = &none, .nr = 1, .x_title = "x", .y_title = "y"};
	struct plot_to to = {.format = PLOT_SVG, .path = plot_path("none.svg")};
	struct rendering r;
	struct fail f = {0};
	size_t length;
	char *svg;

	assert_int_equal(plot_chart_draw(&c, &to, NULL, &f), 0);
	svg = picture_read(to.path, &length);
	xml_assert_well_formed(svg);
	assert_int_equal(text_count(svg, "nan") + text_count(svg, "inf"), 0);
	free(svg);
	to = (struct plot_to){.width = 40, .height = 12};
	rendering_open(&r, REPORT_TEXT, false);
	assert_int_equal(plot_chart_draw(&c, &to, r.report, &f), 0);
	assert_non_null(strstr(rendering_end(&r), "0 +\n"));
	rendering_free(&r);
}

/* --- files --- */

static unsigned int file_entries(void)
{
	DIR *dir = opendir(plot_dir);
	unsigned int n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void test_file_refused(void **state)
{
	char missing[160], below[160], name[400];
	const struct {
		const char *path;
		int err;
	} cases[] = {
		{"/dev/full", ENOSPC}, {missing, ENOENT}, {below, ENOTDIR}, {plot_dir, EISDIR}, {name, ENAMETOOLONG}};
	unsigned int before;

	snprintf(missing, sizeof(missing), "%s/no/x.svg", plot_dir);
	snprintf(below, sizeof(below), "%s/x.svg", plot_path("file"));
	snprintf(name, sizeof(name), "%s/%0300d", plot_dir, 0);
	assert_int_equal(data_write(plot_path("file"), "old", 3, NULL), 0);
	before = file_entries();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fail f = {0};

		assert_int_equal(data_write(cases[i].path, "new", 3, &f), -cases[i].err);
		assert_non_null(strstr(f.text, "cannot write /"));
	}
	assert_int_equal(file_entries(), before);
}

/* A disk that is full in the middle: what was there stays, and nothing else is left. */
static void test_file_whole(void **state)
{
	struct rlimit old, small = {.rlim_cur = 1000};
	char data[5000] = "x", link[160];
	unsigned int before;
	struct fail f = {0};
	struct stat st;
	size_t length;
	char *text;

	snprintf(link, sizeof(link), "%s/link", plot_dir);
	assert_int_equal(data_write(plot_path("file"), "old", 3, NULL), 0);
	assert_int_equal(chmod(plot_path("file"), 0640), 0);
	assert_int_equal(symlink("file", link), 0);
	before = file_entries();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(data_write(link, data, sizeof(data), &f), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	text = picture_read(plot_path("file"), &length);
	assert_string_equal(text, "old");
	free(text);
	assert_int_equal(file_entries(), before);
	/* through the link, which stays one; the file keeps who may read it */
	assert_int_equal(data_write(link, "new", 3, &f), 0);
	text = picture_read(plot_path("file"), &length);
	assert_string_equal(text, "new");
	free(text);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(link, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_entries(), before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chart_ascii),  cmocka_unit_test(test_chart_colored),
		cmocka_unit_test(test_chart_two),    cmocka_unit_test(test_chart_svg),
		cmocka_unit_test(test_chart_png),    cmocka_unit_test(test_chart_empty),
		cmocka_unit_test(test_file_refused), cmocka_unit_test(test_file_whole),
	};

	return cmocka_run_group_tests(tests, plot_setup, plot_teardown);
}
