/* SPDX-License-Identifier: GPL-2.0-or-later */
/* out/plot: colours, ticks, words; heat maps in each form, looked at again. */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "out/plot_priv.h"
#include "picture.h"
#include "plot_dir.h"
#include "render.h"

/* How light it looks: CIE Y of sRGB. */
static double color_light(struct plot_color c)
{
	double part[3] = {c.r / 255., c.g / 255., c.b / 255.};

	for (int i = 0; i < 3; i++)
		part[i] = part[i] <= 0.04045 ? part[i] / 12.92 : pow((part[i] + 0.055) / 1.055, 2.4);
	return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}

static bool color_same(struct plot_color a, struct plot_color b)
{
	return a.r == b.r && a.g == b.g && a.b == b.b;
}

static void test_scale_darkens(void **state)
{
	struct plot_color before = plot_share_color(0), c;

	/* WCAG asks 3 to 1 of graphics that must be told from their ground; the lightest share is a field beside others */
	assert_true((color_light(plot_white) + 0.05) / (color_light(before) + 0.05) > 1.15);
	c = plot_share_color(1e-12);
	assert_true((color_light(before) + 0.05) / (color_light(c) + 0.05) > 1.5);
	for (int i = 0; i <= 1000; i++) {
		c = plot_scale_color(i / 1000.);
		assert_true(color_light(c) <= color_light(before) + 0.002); /* rounding */
		before = c;
	}
	assert_true(color_same(plot_share_color(1), (struct plot_color){0x44, 0x01, 0x54}));
	assert_true(color_same(plot_share_color(0), (struct plot_color){0xe8, 0xeb, 0xee}));
}

static void test_scale_never_like_empty(void **state)
{
	unsigned int empty = plot_share_256(0), full = plot_share_256(1);

	for (double share = 1; share > 1e-15; share /= 1.1) {
		assert_false(color_same(plot_share_color(share), plot_share_color(0)));
		assert_int_not_equal(plot_share_256(share), empty);
		assert_int_equal(plot_share_256(share) == full, share == 1);
		assert_true(plot_scale(share) > 0 && plot_scale(share) <= 1);
	}
	assert_int_not_equal(empty, full);
	assert_true(fabs(plot_scale(0.001) - 0.1) < 1e-9);
	assert_true(fabs(plot_scale_inverse(plot_scale(0.37)) - 0.37) < 1e-9);
}

/* 16 to 231 as terminals have them. */
static struct plot_color color_of_256(unsigned int n)
{
	static const uint8_t levels[] = {0, 95, 135, 175, 215, 255};

	assert_in_range(n, 16, 231);
	n -= 16;
	return (struct plot_color){levels[n / 36], levels[n / 6 % 6], levels[n % 6]};
}

static void test_scale_256(void **state)
{
	double before = 1;
	unsigned int seen = 0, last = 0;

	for (int i = 1; i <= 1000; i++) {
		unsigned int n = plot_share_256(plot_scale_inverse(i / 1000.));

		assert_true(color_light(color_of_256(n)) <= before);
		before = color_light(color_of_256(n));
		seen += n != last;
		last = n;
	}
	assert_int_equal(seen, 7);
	assert_int_equal(plot_share_256(0), 254);
}

static void test_color_256(void **state)
{
	assert_int_equal(plot_color_256((struct plot_color){0, 0, 0}), 16);
	assert_int_equal(plot_color_256((struct plot_color){255, 255, 255}), 255);
	assert_int_equal(plot_color_256((struct plot_color){255, 0, 0}), 196);
	assert_int_equal(plot_color_256((struct plot_color){0x44, 0x01, 0x54}), 53);
	assert_int_equal(plot_color_256((struct plot_color){0x80, 0x80, 0x80}), 244);
}

static void test_ticks(void **state)
{
	static const struct {
		double max;
		unsigned int wanted;
		double step;
		unsigned int nr;
		const char *first, *last;
	} cases[] = {
		{217, 5, 50, 6, "50", "250"},
		{1, 5, 0.2, 6, "0.2", "1.0"},
		{0, 5, 0.2, 6, "0.2", "1.0"},
		{0.3, 3, 0.1, 4, "0.1", "0.3"},
		{10, 10, 1, 11, "1", "10"},
		{55675, 4, 20000, 4, "20k", "60k"},
		{9999, 4, 5000, 3, "5k", "10k"},
		{1e-3, 5, 2e-4, 6, "0.0002", "0.0010"},
		{3e9, 3, 1e9, 4, "1G", "3G"},
		{NAN, 5, 0.2, 6, "0.2", "1.0"},
		{2500000, 5, 500000, 6, "0.5M", "2.5M"},
	};
	char buf[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plot_ticks t = plot_ticks_to(cases[i].max, cases[i].wanted);

		assert_true(fabs(t.step / cases[i].step - 1) < 1e-9);
		assert_int_equal(t.nr, cases[i].nr);
		assert_true(isnan(cases[i].max) || t.top >= cases[i].max * (1 - 1e-9));
		assert_string_equal(plot_tick_text(&t, 0, buf, sizeof(buf)), "0");
		assert_string_equal(plot_tick_text(&t, 1, buf, sizeof(buf)), cases[i].first);
		assert_string_equal(plot_tick_text(&t, t.nr - 1, buf, sizeof(buf)), cases[i].last);
	}
}

static void test_words(void **state)
{
	static const char bad[] = "a\tb\nc\x1b[31m\x7f\xc2\x9b\xff\xef\xbf\xbe\xef\xbf\xbd\xc3\xa9";
	char *clean = plot_clean(bad);

	assert_string_equal(clean, "a b c?[31m??\xef\xbf\xbd?\xef\xbf\xbd\xc3\xa9");
	free(clean);
	assert_int_equal(plot_wrap("one two three", 7), 4);
	assert_int_equal(plot_wrap("one two three", 8), 8);
	assert_int_equal(plot_wrap("one two three", 13), 13);
	assert_int_equal(plot_wrap("onetwothree", 5), 5);
	assert_int_equal(plot_wrap("\xc3\xa9\xc3\xa9\xc3\xa9", 2), 4);
	assert_int_equal(plot_wrap("x", 0), 1);
	assert_int_equal(plot_wrap("", 5), 0);
}

/* --- heat maps --- */

static const char *heat_row_label(const void *arg, unsigned int n, char *buf, size_t size)
{
	snprintf(buf, size, "r%u", n);
	return buf;
}

static const char *heat_column_label(const void *arg, unsigned int n, char *buf, size_t size)
{
	snprintf(buf, size, "+%u", n);
	return buf;
}

#define X PLOT_NOTHING
static const double heat_cells[3 * 8] = {
	X, X, 0,    0.0001, 0.01, 0.1,	0.5, 1, /* */
	0, 0, 0,    0,	    0,	  0,	0,   0, /* */
	1, 1, 0.25, 0.9,    0,	  1e-9, 0,   X,
};
#undef X
static const char *const heat_subtitles[] = {"of <made up> & \"quoted\" cells", "a second line", NULL};
static const struct plot_heat heat = {.words = {"A map", heat_subtitles, "not measured"},
				      .columns = 8,
				      .rows = 3,
				      .cells = heat_cells,
				      .row_label = heat_row_label,
				      .column_label = heat_column_label,
				      .row_title = "row",
				      .column_title = "column",
				      .scale_title = "share",
				      .zero_word = "none",
				      .nothing_word = "outside"};

static const char *heat_text(struct rendering *r, const char *locale, bool color, unsigned int width)
{
	struct plot_to to = {.width = width, .height = 20};
	struct fail f = {0};
	const char *text;

	assert_int_equal(setenv("LC_ALL", locale, 1), 0);
	rendering_open(r, REPORT_TEXT, color);
	assert_int_equal(plot_heat_draw(&heat, &to, r->report, &f), 0);
	text = rendering_end(r) + strlen(rendering_banner()) + 1;
	setenv("LC_ALL", "C", 1);
	return text;
}

#define HEAT_WORDS \
	"A map\nof <made up> & \"quoted\" cells\na second line\nnot measured\n\n    column\nrow +0  +2  +4  +6\n"
#define HEAT_ASCII                                                                              \
	HEAT_WORDS " r0     ..::--++%%##\n r1 ................\n r2 ####**@@..::..\n\nshare:\n" \
		   ". none  : >0  - 0.3%  = 2%  + 8%  * 19%  % 36%  @ 63%  # all\n"

static void test_heat_ascii(void **state)
{
	struct rendering r;

	assert_string_equal(heat_text(&r, "C", false, 80), HEAT_ASCII "compare: PASS\n");
	rendering_free(&r);
	/* no colour is wanted, or the characters for it are not to be had */
	assert_string_equal(heat_text(&r, "C.UTF-8", false, 80), HEAT_ASCII "compare: PASS\n");
	rendering_free(&r);
	assert_string_equal(heat_text(&r, "C", true, 80), HEAT_ASCII "compare: \033[32mPASS\033[0m\n");
	rendering_free(&r);
}

#define UP "\xe2\x96\x80"
#define LOW "\xe2\x96\x84"
#define FG(n) "\033[38;5;" #n "m"
#define BG(n) "\033[48;5;" #n "m"
#define OFF "\033[0m"

static void test_heat_colored(void **state)
{
	struct rendering r;

	assert_string_equal(heat_text(&r, "C.UTF-8", true, 80),
			    "A map\nof <made up> & \"quoted\" cells\na second line\nnot measured\n\n    column\n"
			    "row +0  +4\n"
			    " r0 " FG(254) LOW LOW BG(254) UP FG(77) UP FG(72) UP FG(36) UP FG(24) UP FG(53) UP OFF
			    "\n"
			    " r2 " FG(53) UP UP FG(30) UP FG(54) UP FG(254) UP FG(77) UP FG(254) UP OFF
			    "\n"
			    "\nshare:\n" BG(254) "  " OFF " none " BG(77) "  " OFF " 0.1 % " BG(72) "  " OFF " 1 % " BG(
				    36) "  " OFF
					" 10 % " BG(30) "  " OFF " 25 % " BG(24) "  " OFF " 50 % " BG(
						54) "  " OFF " 90 % " BG(53) "  " OFF " 100 %\n"
									     "compare: \033[32mPASS\033[0m\n");
	rendering_free(&r);
}

/* Only text has colours; what is no picture never passes an escape sequence on. */
static void test_heat_tap(void **state)
{
	struct plot_to to = {.width = 80, .height = 20};
	struct rendering r;
	struct fail f = {0};
	const char *text;

	setenv("LC_ALL", "C.UTF-8", 1);
	rendering_open(&r, REPORT_TAP, true);
	assert_int_equal(plot_heat_draw(&heat, &to, r.report, &f), 0);
	report_line(r.report, "\033[31mred");
	text = rendering_end(&r);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "#  r2 ####**@@..::..\n"));
	rendering_free(&r);
	rendering_open(&r, REPORT_TEXT, true);
	report_line(r.report, "\033[31mred");
	report_picture(r.report, "\033[31mred");
	assert_non_null(strstr(rendering_end(&r), "\n?[31mred\n\033[31mred\n"));
	rendering_free(&r);
	setenv("LC_ALL", "C", 1);
}

static char *heat_file(enum plot_format format, const char *name, unsigned int width, unsigned int height)
{
	struct plot_to to = {.format = format, .path = plot_path(name), .width = width, .height = height};
	struct fail f = {0};
	size_t length;

	assert_int_equal(plot_heat_draw(&heat, &to, NULL, &f), 0);
	return picture_read(to.path, &length);
}

static void test_heat_svg(void **state)
{
	static const char *const texts[] = {">A map</text>",
					    ">of &lt;made up&gt; &amp; &quot;quoted&quot; cells</text>",
					    ">a second line</text>",
					    ">not measured</text>",
					    ">r0</text>",
					    ">r1</text>",
					    ">r2</text>",
					    ">+0</text>",
					    ">+8</text>",
					    ">row</text>",
					    ">column</text>",
					    ">share</text>",
					    ">none</text>",
					    ">outside</text>",
					    ">0.1</text>",
					    ">100</text>",
					    "<title>A map</title>"};
	char *svg = heat_file(PLOT_SVG, "map.svg", 0, 0);

	xml_assert_well_formed(svg);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(text_count(svg, texts[i]), 1);
	/* cells of 40 pixels, one of which keeps them apart: as many as there are of each */
	assert_int_equal(text_count(svg, "width=\"39\" height=\"39\" fill=\"#440154\"/>"), 3);
	assert_int_equal(text_count(svg, "width=\"39\" height=\"39\" fill=\"#e8ebee\"/>"), 11);
	assert_int_equal(text_count(svg, "width=\"39\" height=\"39\""), 21);
	free(svg);
}

#ifdef HAVE_CAIRO
static void test_heat_png(void **state)
{
	struct pixels p;

	free(heat_file(PLOT_PNG, "map.png", 700, 500));
	pixels_load(&p, plot_path("map.png"));
	assert_int_equal(p.width, 700);
	assert_int_equal(p.height, 500);
	pixels_assert_frame(&p);
	assert_int_equal(pixels_count(&p, 0x440154), 3 * 39 * 39);
	/* and its sample in the legend */
	assert_int_equal(pixels_count(&p, 0xe8ebee), 11 * 39 * 39 + 12 * 12);
	pixels_free(&p);
}

/* The smallest ones: everything in its place, nothing over the edge. */
static void test_heat_png_small(void **state)
{
	struct pixels p;

	free(heat_file(PLOT_PNG, "small.png", PLOT_MIN_WIDTH, PLOT_MIN_HEIGHT));
	pixels_load(&p, plot_path("small.png"));
	assert_int_equal(p.width, PLOT_MIN_WIDTH);
	assert_int_equal(p.height, PLOT_MIN_HEIGHT);
	pixels_assert_frame(&p);
	assert_true(pixels_count(&p, 0x440154) > 100);
	pixels_free(&p);
}
#else
static void test_heat_png(void **state)
{
	struct plot_to to = {.format = PLOT_PNG, .path = plot_path("map.png")};
	struct fail f = {0};

	assert_int_equal(plot_heat_draw(&heat, &to, NULL, &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.text, "without cairo"));
	assert_int_equal(access(to.path, F_OK), -1);
}

static void test_heat_png_small(void **state)
{
	test_heat_png(state);
}
#endif

static void test_sizes(void **state)
{
	static const struct plot_to bad[] = {{PLOT_SVG, "x", 479, 0},	 {PLOT_SVG, "x", 8193, 0},
					     {PLOT_SVG, "x", 0, 399},	 {PLOT_SVG, "x", 0, 8193},
					     {PLOT_TERMINAL, "", 39, 0}, {PLOT_TERMINAL, "", 1001, 0},
					     {PLOT_TERMINAL, "", 0, 11}, {PLOT_TERMINAL, "", 0, 1001}};
	struct rendering r;

	rendering_open(&r, REPORT_TEXT, false);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fail f = {0};

		assert_int_equal(plot_heat_draw(&heat, &bad[i], r.report, &f), -EINVAL);
		assert_true(f.usage);
		assert_non_null(strstr(f.text, bad[i].width ? "width of" : "height of"));
	}
	assert_null(strstr(rendering_end(&r), "A map"));
	rendering_free(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale_darkens), cmocka_unit_test(test_scale_never_like_empty),
		cmocka_unit_test(test_scale_256),     cmocka_unit_test(test_color_256),
		cmocka_unit_test(test_ticks),	      cmocka_unit_test(test_words),
		cmocka_unit_test(test_heat_ascii),    cmocka_unit_test(test_heat_colored),
		cmocka_unit_test(test_heat_tap),      cmocka_unit_test(test_heat_svg),
		cmocka_unit_test(test_heat_png),      cmocka_unit_test(test_heat_png_small),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, plot_setup, plot_teardown);
}
