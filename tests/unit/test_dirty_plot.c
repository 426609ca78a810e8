/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/dirty/plot: each page in its cell, whatever the geometry; full and empty, one page of 4 TiB. */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "base/rng.h"
#include "base/util.h"
#include "dirty_picture.h"

/* The report of a picture as text or JSON. */
static const char *map_draw(struct rendering *r, const struct dirty_bitmap *b, const struct dirty_plot *p,
			    enum report_format format)
{
	struct fail f = {0};

	rendering_open(r, format, false);
	assert_int_equal(dirty_plot_map(b, "file", p, r->report, &f), 0);
	return rendering_end(r);
}

/* --- the map in characters, against a count of each bit --- */

/* What each page adds to its cell, one by one. */
struct count {
	unsigned int columns, rows;
	uint64_t cell, base;
	uint64_t *pages, *dirty;
};

static void count_fill(struct count *c, const struct dirty_bitmap *b)
{
	for (uint64_t page = 0; page < b->bits; page++) {
		uint64_t at = b->iova + page * b->page_size;
		uint64_t cell = at < c->base ? 0 : (at - c->base) / c->cell;

		assert_true(cell < (uint64_t)c->columns * c->rows);
		c->pages[cell]++;
		c->dirty[cell] += bitmap_test(b->words, page);
	}
}

static char count_shade(const struct count *c, size_t cell)
{
	static const char shades[] = ":-=+*%@";
	double share;

	if (!c->pages[cell])
		return ' ';
	if (!c->dirty[cell])
		return '.';
	if (c->dirty[cell] == c->pages[cell])
		return '#';
	share = (double)c->dirty[cell] / (double)c->pages[cell];
	return shades[(int)(cbrt(share) * 7)];
}

/* The line that begins with the row's address holds a shade for each of its cells. */
static void count_check_row(const struct count *c, const char *text, unsigned int row, unsigned int wide)
{
	char label[32];
	const char *at;

	snprintf(label, sizeof(label), " 0x%" PRIx64 " ", c->base + (uint64_t)row * c->columns * c->cell);
	at = strstr(text, "\n      iova +0");
	at = at ? at : strstr(text, "iova +0");
	assert_non_null(at);
	at = strchr(at, '\n');
	/* the widest label has no blank before it */
	while (strncmp(at + 1 + strspn(at + 1, " "), label + 1, strlen(label + 1))) {
		at = strchr(at + 1, '\n');
		assert_non_null(at);
	}
	at += 1 + strspn(at + 1, " ") + strlen(label + 1);
	for (unsigned int i = 0; i < c->columns * wide; i++) {
		char want = count_shade(c, (size_t)row * c->columns + i / wide);

		if (*at == '\n') /* blanks at the end are left out */
			assert_int_equal(want, ' ');
		else
			assert_int_equal(*at++, want);
	}
	assert_int_equal(*at, '\n');
}

static void map_check(const struct dirty_bitmap *b)
{
	struct dirty_plot p = {.width = 90, .height = 28};
	struct rendering json, text;
	struct count c;
	uint64_t inside = 0, dirty_cells = 0;
	const char *told = map_draw(&json, b, &p, REPORT_JSON), *shown = map_draw(&text, b, &p, REPORT_TEXT);
	unsigned int wide, label;

	c.columns = (unsigned int)json_number(told, "columns");
	c.rows = (unsigned int)json_number(told, "rows");
	c.cell = json_number(told, "cell_bytes");
	assert_int_equal(json_number(told, "row_bytes"), c.cell * c.columns);
	assert_int_equal(json_number(told, "dirty_pages"), bitmap_count(b->words, b->bits));
	assert_true(c.rows >= 1 && c.rows <= 19);
	assert_int_equal(c.cell & (c.cell - 1), 0);
	assert_int_equal(c.columns & (c.columns - 1), 0);
	assert_true(c.cell >= b->page_size);
	c.base = b->iova / (c.cell * c.columns) * (c.cell * c.columns);
	c.pages = calloc((size_t)c.columns * c.rows, sizeof(uint64_t));
	c.dirty = calloc((size_t)c.columns * c.rows, sizeof(uint64_t));
	assert_true(c.pages && c.dirty);
	count_fill(&c, b);
	label = (unsigned int)snprintf(NULL, 0, "0x%" PRIx64, b->iova + b->length - 1);
	wide = MIN((90 - label - 1) / c.columns, 2);
	for (unsigned int row = 0; row < c.rows; row++)
		count_check_row(&c, shown, row, wide);
	for (size_t i = 0; i < (size_t)c.columns * c.rows; i++) {
		inside += c.pages[i] != 0;
		dirty_cells += c.dirty[i] != 0;
	}
	assert_int_equal(json_number(told, "cells"), inside);
	assert_int_equal(json_number(told, "dirty_cells"), dirty_cells);
	free(c.pages);
	free(c.dirty);
	rendering_free(&json);
	rendering_free(&text);
}

static void test_map_cells(void **state)
{
	static const struct {
		uint64_t iova, pages, page_size;
	} places[] = {
		{0, 1, 4096},
		{0xfee00000, 1, 4096},
		{0xfffffffffffff000, 1, 4096},
		{0, 2, 4096},
		{0x1000, 63, 4096},
		{0x3000, 64, 4096},
		{0x12345000, 5000, 4096},
		{0x10000, 64, 4096},
		{0x7fff0000, 12345, 4096},
		{0x40000000, 100000, 4096},
		{0x200000, 777, 1 << 21},
		{0x140000000, 3, 1 << 30},
		{0x1000, 500, 8192},
		{0xffffff0000000000, 9000, 4096},
		{0, 1000, 1ull << 54},
	};
	uint64_t place = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (int fill = 0; fill < 4; fill++) {
			struct dirty_bitmap b;
			uint64_t *words;

			bitmap_open(&b, places[i].iova, places[i].pages, places[i].page_size);
			words = dirty_bitmap_bits(&b);
			if (fill == 1)
				bitmap_set(words, 0, b.bits);
			if (fill == 2)
				bitmap_set(words, rng_below(rng_draw(42, i, place++), b.bits), 1);
			for (uint64_t n = 0; fill == 3 && n < b.bits / 4; n++)
				bitmap_set(words, rng_below(rng_draw(42, i, place++), b.bits), 1);
			map_check(&b);
			dirty_bitmap_free(&b);
		}
}

/* 4 TiB, one page: it is in the picture, and in one place only. */
static void test_map_huge(void **state)
{
	static const uint64_t page = 777777777;
	struct dirty_plot p = {.width = 100, .height = 24};
	struct rendering r;
	struct dirty_bitmap b;
	const char *text, *map;

	bitmap_open(&b, 0, 1ull << 30, 4096);
	bitmap_set(dirty_bitmap_bits(&b), page, 1);
	text = map_draw(&r, &b, &p, REPORT_TEXT);
	map = strstr(text, "iova +0");
	assert_non_null(map);
	assert_non_null(strstr(text, "1 of 1073741824 dirty (less than 0.001 %)"));
	assert_non_null(strstr(text, "a cell is 8G (2097152 pages), a row 512G; dirty pages in 1 of 512 cells"));
	/* row 5 of 8, and in it cell 50 */
	map = strstr(map, "0x28000000000 ");
	assert_non_null(map);
	assert_int_equal(map[14 + page / 2097152 % 64], ':');
	assert_int_equal(strcspn(map + 14, ":"), page / 2097152 % 64);
	rendering_free(&r);
	/* all but one: not full */
	bitmap_set(dirty_bitmap_bits(&b), 0, b.bits);
	bitmap_clear(dirty_bitmap_bits(&b), page, 1);
	text = map_draw(&r, &b, &p, REPORT_TEXT);
	assert_non_null(strstr(text, "1073741823 of 1073741824 dirty (more than 99.9 %)"));
	map = strstr(text, "0x28000000000 ");
	assert_non_null(map);
	assert_int_equal(map[14 + page / 2097152 % 64], '@');
	assert_int_equal(strspn(map + 14, "#"), page / 2097152 % 64);
	rendering_free(&r);
	dirty_bitmap_free(&b);
}

static void test_map_words(void **state)
{
	struct dirty_plot p = {.width = 100, .height = 24};
	struct rendering r;
	struct dirty_bitmap b;
	const char *text;

	bitmap_open(&b, 0x10000, 64, 4096);
	b.over_reports = true;
	snprintf(b.device, sizeof(b.device), "\033[31m<&>");
	bitmap_set(dirty_bitmap_bits(&b), 0, 64);
	text = map_draw(&r, &b, &p, REPORT_TEXT);
	assert_non_null(strstr(text, "iova 0x10000 to 0x4ffff, 256K in pages of 4K: 64 of 64 dirty (100 %)\n"));
	assert_non_null(strstr(text, "not a measurement"));
	assert_non_null(strstr(text, "source iommu, simulated, backend sim"));
	assert_non_null(strstr(text, "read 2023-11-14 22:13:20 UTC"));
	assert_null(strchr(text, '\033'));
	rendering_free(&r);
	text = map_draw(&r, &b, &p, REPORT_JSON);
	assert_non_null(strstr(text, "not a measurement"));
	assert_int_equal(json_number(text, "iova"), 0x10000);
	assert_int_equal(json_number(text, "length"), 0x40000);
	assert_int_equal(json_number(text, "page_size"), 4096);
	assert_int_equal(json_number(text, "share"), 1);
	rendering_free(&r);
	dirty_bitmap_free(&b);
}

static void test_map_svg(void **state)
{
	struct dirty_plot p = {.format = DIRTY_PLOT_SVG, .path = plot_path("map.svg")};
	struct rendering r;
	struct dirty_bitmap b;
	const char *text;
	size_t length;
	char *svg;

	bitmap_open(&b, 0x10000, 64, 4096);
	b.marked = true;
	snprintf(b.device, sizeof(b.device), "\033<&>\xff");
	text = map_draw(&r, &b, &p, REPORT_TEXT);
	assert_non_null(strstr(text, "map.svg: 0 of 64 pages dirty, in 0 of 64 cells of 4K\nmarked, not DMA\n"));
	rendering_free(&r);
	svg = picture_read(p.path, &length);
	xml_assert_well_formed(svg);
	assert_int_equal(text_count(svg, ">marked, not DMA</text>"), 1);
	assert_int_equal(text_count(svg, "device ?&lt;&amp;&gt;\xef\xbf\xbd, kernel"), 1);
	assert_int_equal(text_count(svg, ">0x10000</text>"), 1);
	assert_int_equal(text_count(svg, ">0x40000</text>"), 1);
	assert_int_equal(text_count(svg, ">+64K</text>"), 1);
	assert_int_equal(text_count(svg, "a cell is 4K (1 page), a row 64K; dirty pages in 0 of 64 cells"), 1);
	free(svg);
	dirty_bitmap_free(&b);
}

#ifdef HAVE_CAIRO
#define MAP_EMPTY 0xe8ebee
#define MAP_FULL 0x440154
#define MAP_PIXELS (128u * 7 * 64 * 7) /* cells of 7 by 7 */
#define MAP_SAMPLE (12u * 12)	       /* of the legend, in the colour of nothing dirty */

static void map_png(struct pixels *px, const struct dirty_bitmap *b)
{
	struct dirty_plot p = {.format = DIRTY_PLOT_PNG, .path = plot_path("map.png")};
	struct rendering r;

	map_draw(&r, b, &p, REPORT_JSON);
	assert_non_null(strstr(r.text, "map.png"));
	rendering_free(&r);
	pixels_load(px, p.path);
	pixels_assert_frame(px);
}

static void test_map_png(void **state)
{
	static const uint64_t page = 777777777;
	uint64_t cell = page / 131072;
	struct dirty_bitmap b;
	struct pixels px;
	int left = 0, top, x, y;

	bitmap_open(&b, 0, 1ull << 30, 4096);
	map_png(&px, &b);
	assert_int_equal(pixels_count(&px, MAP_EMPTY), MAP_PIXELS + MAP_SAMPLE);
	assert_int_equal(pixels_count(&px, MAP_FULL), 0);
	/* where the cells begin */
	while (pixels_at(&px, left, px.height / 2) != MAP_EMPTY)
		left++;
	for (top = px.height / 2; pixels_at(&px, left, top - 1) == MAP_EMPTY; top--)
		;
	pixels_free(&px);

	bitmap_set(dirty_bitmap_bits(&b), page, 1);
	map_png(&px, &b);
	assert_int_equal(pixels_count(&px, MAP_EMPTY), MAP_PIXELS + MAP_SAMPLE - 49);
	x = left + (int)(cell % 128) * 7;
	y = top + (int)(cell / 128) * 7;
	for (int i = 0; i < 49; i++)
		assert_int_equal(pixels_at(&px, x + i % 7, y + i / 7), pixels_at(&px, x, y));
	/* green, and clearly so */
	assert_true((pixels_at(&px, x, y) >> 16) < 0x70);
	assert_true((pixels_at(&px, x, y) >> 8 & 0xff) > 0xb0);
	assert_int_equal(pixels_at(&px, x - 1, y), MAP_EMPTY);
	assert_int_equal(pixels_at(&px, x + 7, y), MAP_EMPTY);
	pixels_free(&px);

	bitmap_set(dirty_bitmap_bits(&b), 0, b.bits);
	map_png(&px, &b);
	assert_int_equal(pixels_count(&px, MAP_FULL), MAP_PIXELS);
	assert_int_equal(pixels_count(&px, MAP_EMPTY), MAP_SAMPLE);
	pixels_free(&px);
	dirty_bitmap_free(&b);
}

static void test_map_png_one_page(void **state)
{
	struct dirty_bitmap b;
	struct pixels px;

	bitmap_open(&b, 0xfee00000, 1, 4096);
	map_png(&px, &b);
	assert_int_equal(pixels_count(&px, MAP_EMPTY), 39 * 39 + MAP_SAMPLE);
	pixels_free(&px);
	bitmap_set(dirty_bitmap_bits(&b), 0, 1);
	map_png(&px, &b);
	assert_int_equal(pixels_count(&px, MAP_FULL), 39 * 39);
	assert_int_equal(pixels_count(&px, MAP_EMPTY), MAP_SAMPLE);
	pixels_free(&px);
	dirty_bitmap_free(&b);
}
#else
static void test_map_png(void **state)
{
	struct dirty_plot p = {.format = DIRTY_PLOT_PNG, .path = plot_path("map.png")};
	struct dirty_bitmap b;
	struct rendering r;
	struct fail f = {0};

	bitmap_open(&b, 0, 64, 4096);
	rendering_open(&r, REPORT_JSON, false);
	assert_int_equal(dirty_plot_map(&b, "file", &p, r.report, &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.text, "without cairo"));
	rendering_end(&r);
	rendering_free(&r);
	dirty_bitmap_free(&b);
}

static void test_map_png_one_page(void **state)
{
	test_map_png(state);
}
#endif

/* A file that is cut between opening and drawing: zeros are not drawn as if they were its bits. */
static void test_map_cut(void **state)
{
	struct dirty_plot p = {.format = DIRTY_PLOT_SVG, .path = plot_path("map.svg")};
	char path[128], svg[128];
	struct dirty_bitmap b;
	struct rendering r;
	struct fail f = {0};

	snprintf(svg, sizeof(svg), "%s", p.path);
	snprintf(path, sizeof(path), "%s", plot_path("cut"));
	p.path = svg;
	unlink(svg);
	bitmap_open(&b, 0, 1 << 20, 4096);
	bitmap_set(dirty_bitmap_bits(&b), 0, b.bits);
	assert_int_equal(dirty_file_write(&b, path, &f), 0);
	dirty_bitmap_free(&b);
	assert_int_equal(dirty_file_open(&b, path, &f), 0);
	assert_int_equal(truncate(path, 8192), 0);
	rendering_open(&r, REPORT_TEXT, false);
	assert_int_equal(dirty_plot_map(&b, path, &p, r.report, &f), -ENODATA);
	assert_non_null(strstr(f.text, path));
	assert_null(strstr(rendering_end(&r), "dirty"));
	rendering_free(&r);
	assert_int_equal(access(svg, F_OK), -1);
	dirty_bitmap_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_cells), cmocka_unit_test(test_map_huge),
		cmocka_unit_test(test_map_words), cmocka_unit_test(test_map_svg),
		cmocka_unit_test(test_map_png),	  cmocka_unit_test(test_map_png_one_page),
		cmocka_unit_test(test_map_cut),
	};

	return cmocka_run_group_tests(tests, plot_setup, plot_teardown);
}
