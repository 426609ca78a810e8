/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/dirty/plot_rate: rates in the order of time, gaps, reads that left their bits, what does not belong together. */
#include "unit.h"

#include <errno.h>

#include "dirty_picture.h"

#define SECOND 1000000000ull
#define SERIES 6

struct series {
	struct dirty_bitmap b[SERIES];
	const char *names[SERIES];
};

/* Read each second, 1 MiB of 4K pages; dirty: 10, 20, 100, 0, 10, 20. Given in no order. */
static void series_open(struct series *s)
{
	static const char *const names[SERIES] = {"r0", "r1", "r2", "r3", "r4", "r5"};
	static const unsigned int dirty[SERIES] = {10, 20, 100, 0, 10, 20};

	for (unsigned int i = 0; i < SERIES; i++) {
		unsigned int at = (i * 5 + 2) % SERIES;

		bitmap_open(&s->b[at], 0x100000, 256, 4096);
		s->names[at] = names[i];
		s->b[at].time_ns += i * SECOND;
		bitmap_set(dirty_bitmap_bits(&s->b[at]), i, dirty[i]);
	}
}

static struct dirty_bitmap *series_at(struct series *s, unsigned int i)
{
	return &s->b[(i * 5 + 2) % SERIES];
}

static void series_free(struct series *s)
{
	for (unsigned int i = 0; i < SERIES; i++)
		dirty_bitmap_free(&s->b[i]);
}

static const char *series_draw(struct rendering *r, const struct series *s, enum report_format format)
{
	struct dirty_plot p = {.width = 65, .height = 14};
	struct fail f = {0};

	rendering_open(r, format, false);
	assert_int_equal(dirty_plot_rate(s->b, s->names, SERIES, &p, r->report, &f), 0);
	return rendering_end(r);
}

static void test_rate(void **state)
{
	struct series s;
	struct rendering r;
	const char *text;

	series_open(&s);
	text = series_draw(&r, &s, REPORT_JSON);
	assert_int_equal(json_number(text, "gaps"), 0);
	assert_int_equal(json_number(text, "dirty_pages"), 160);
	assert_int_equal(json_number(text, "tracked_s"), 6);
	assert_non_null(strstr(text, "\"peak\":"));
	assert_int_equal(json_number(strstr(text, "\"peak\":"), "pages_s"), 100);
	assert_int_equal(json_number(strstr(text, "\"peak\":"), "bytes_s"), 409600);
	assert_int_equal(json_number(strstr(text, "\"mean\":"), "bytes_s"), 109226);
	/* in the order of time */
	assert_non_null(strstr(strstr(strstr(text, "\"reads\":"), "\"r0\""), "\"r1\""));
	assert_int_equal(json_number(strstr(strstr(text, "\"reads\":"), "\"r4\""), "from_s"), 4);
	rendering_free(&r);
	text = series_draw(&r, &s, REPORT_TEXT);
	assert_non_null(strstr(text, "KiB/s dirtied\n500 +"));
	assert_non_null(strstr(text, "6 reads over 6.0 s; mean 26.7 pages/s (106.7 KiB/s), peak 100\n"));
	assert_non_null(strstr(text, "seconds since 2023-11-14 22:13:19 UTC\n"));
	assert_null(strstr(text, "not tracked"));
	rendering_free(&r);
	series_free(&s);
}

/* From the second read on tracking began again half a second later each time: open, and not counted. */
static void test_rate_gaps(void **state)
{
	struct series s;
	struct rendering r;
	const char *text, *line;

	series_open(&s);
	series_at(&s, 3)->since_ns = SECOND / 2;
	series_at(&s, 5)->since_ns = SECOND / 2;
	text = series_draw(&r, &s, REPORT_JSON);
	assert_int_equal(json_number(text, "gaps"), 2);
	assert_int_equal(json_number(text, "gap_s"), 1);
	assert_int_equal(json_number(text, "tracked_s"), 5);
	assert_int_equal(json_number(strstr(strstr(text, "\"reads\":"), "\"r5\""), "pages_s"), 40);
	rendering_free(&r);
	text = series_draw(&r, &s, REPORT_TEXT);
	assert_non_null(strstr(text, "not tracked 2 times for 1.0 s"));
	assert_non_null(strstr(text, "gaps: not tracked"));
	line = strstr(text, "  0 +");
	assert_non_null(line);
	/* ten columns a second; nothing known from 3 to 3.5, nothing dirtied from 3.5 to 4 */
	assert_int_equal(strncmp(line + 5 + 30, "     _____", 10), 0);
	assert_int_equal(strncmp(line + 5 + 50, "     ", 5), 0);
	assert_int_not_equal(line[5 + 55], ' ');
	rendering_free(&r);
	series_free(&s);
}

/* A read that left the bits: the next one has them again, and they are not counted twice. */
static void test_rate_kept(void **state)
{
	struct series s;
	struct rendering r;
	const char *text;

	series_open(&s);
	series_at(&s, 1)->cleared = false;
	series_at(&s, 2)->since_ns = 2 * SECOND;
	/* 20 pages from 1 on, then 100 from 2 on: 19 of them are the same */
	text = series_draw(&r, &s, REPORT_JSON);
	assert_int_equal(json_number(text, "dirty_pages"), 160 - 19);
	assert_int_equal(json_number(text, "gaps"), 0);
	assert_int_equal(json_number(strstr(strstr(text, "\"reads\":"), "\"r2\""), "pages_s"), 81);
	rendering_free(&r);
	text = series_draw(&r, &s, REPORT_TEXT);
	assert_non_null(strstr(text, "pages written again"));
	rendering_free(&r);
	series_free(&s);
}

static void rate_refused(struct series *s, const char *name, const char *why)
{
	struct dirty_plot p = {.width = 65};
	struct rendering r;
	struct fail f = {0};

	rendering_open(&r, REPORT_JSON, false);
	assert_int_equal(dirty_plot_rate(s->b, s->names, SERIES, &p, r.report, &f), -EINVAL);
	assert_non_null(strstr(f.text, name));
	assert_non_null(strstr(f.text, why));
	assert_null(strstr(rendering_end(&r), "reads"));
	rendering_free(&r);
	series_free(s);
}

static void test_rate_refused(void **state)
{
	struct series s;

	series_open(&s);
	series_at(&s, 3)->source = DIRTY_TYPE1;
	rate_refused(&s, "r3 does not belong with", "source type1, simulated, not iommu, simulated");
	series_open(&s);
	series_at(&s, 3)->simulated = false;
	rate_refused(&s, "r3 does not belong with", "source iommu, not iommu, simulated");
	series_open(&s);
	series_at(&s, 4)->iova = 0x200000;
	rate_refused(&s, "r4 does not belong with", "iova 0x200000, not 0x100000");
	series_open(&s);
	series_at(&s, 4)->length = 0x1000;
	rate_refused(&s, "r4 does not belong with", "length 0x1000, not 0x100000");
	series_open(&s);
	series_at(&s, 1)->page_size = 8192;
	rate_refused(&s, "r1 does not belong with", "page size 0x2000, not 0x1000");
	series_open(&s);
	snprintf(series_at(&s, 1)->device, 8, "other");
	rate_refused(&s, "r1 does not belong with", "device 'other', not ''");
	series_open(&s);
	series_at(&s, 2)->time_ns = 0;
	rate_refused(&s, "r2", "does not say when it was read");
	series_open(&s);
	series_at(&s, 2)->since_ns = 0;
	rate_refused(&s, "r2", "does not say how long it gathered");
	series_open(&s);
	series_at(&s, 2)->since_ns = UINT64_MAX;
	rate_refused(&s, "r2", "longer than there is time");
	series_open(&s);
	series_at(&s, 2)->time_ns = series_at(&s, 1)->time_ns;
	rate_refused(&s, "r2", "were read at the same time");
}

/* One read, of nothing: an empty chart, no division by what is not there. */
static void test_rate_one(void **state)
{
	struct dirty_plot p = {.format = DIRTY_PLOT_SVG, .path = plot_path("rate.svg")};
	const char *name = "only";
	struct dirty_bitmap b;
	struct rendering r;
	struct fail f = {0};
	size_t length;
	char *svg;

	bitmap_open(&b, 0, 64, 4096);
	b.since_ns = 1;
	rendering_open(&r, REPORT_TEXT, false);
	assert_int_equal(dirty_plot_rate(&b, &name, 1, &p, r.report, &f), 0);
	assert_non_null(strstr(rendering_end(&r), "rate.svg: 1 read over"));
	rendering_free(&r);
	svg = picture_read(p.path, &length);
	xml_assert_well_formed(svg);
	assert_int_equal(text_count(svg, "nan") + text_count(svg, "inf"), 0);
	assert_int_equal(text_count(svg, "<polyline "), 1);
	assert_int_equal(text_count(svg, ">MiB/s dirtied</text>"), 1);
	assert_int_equal(text_count(svg, ">pages/s dirtied</text>"), 1);
	free(svg);
	dirty_bitmap_free(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),	     cmocka_unit_test(test_rate_gaps), cmocka_unit_test(test_rate_kept),
		cmocka_unit_test(test_rate_refused), cmocka_unit_test(test_rate_one),
	};

	return cmocka_run_group_tests(tests, plot_setup, plot_teardown);
}
