/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty bitmaps side by side, and what is said of one: held against loops over single pages. */
#include "unit.h"

#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/dirty/bitmap.h"
#include "core/session/session.h"
#include "render.h"

static struct fail f;

static struct dirty_bitmap make(iova_t iova, uint64_t pages, uint64_t page_size, uint64_t seed, unsigned int one_in)
{
	struct dirty_bitmap b;

	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, iova, pages * page_size, page_size, &f), 0);
	for (uint64_t i = 0; i < pages; i++)
		if (rng_draw(seed, i, 0) % one_in == 0)
			bitmap_set(dirty_bitmap_bits(&b), i, 1);
	return b;
}

/* Whether @b has the page at @iova, which it may not cover. */
static bool has(const struct dirty_bitmap *b, iova_t iova)
{
	return iova >= b->iova && iova - b->iova < b->length && bitmap_test(b->words, (iova - b->iova) / 4096);
}

/* @only is what @b has and @other has not, page by page. How many of these lie outside of what both cover, and how many pages both have. */
static void check_only(const struct dirty_bitmap *only, const struct dirty_bitmap *b, const struct dirty_bitmap *other,
		       uint64_t *outside, uint64_t *both)
{
	*outside = *both = 0;
	assert_int_equal(only->iova, b->iova);
	assert_int_equal(only->bits, b->bits);
	for (uint64_t bit = 0; bit < b->bits; bit++) {
		iova_t iova = b->iova + bit * 4096;
		bool dirty = bitmap_test(b->words, bit);

		assert_int_equal(bitmap_test(only->words, bit), dirty && !has(other, iova));
		*outside += dirty && (iova < other->iova || iova - other->iova >= other->length);
		*both += dirty && has(other, iova);
	}
}

static void check_diff(iova_t at_a, uint64_t pages_a, iova_t at_b, uint64_t pages_b)
{
	struct dirty_bitmap a = make(at_a, pages_a, 4096, 1, 3), b = make(at_b, pages_b, 4096, 2, 5);
	iova_t from = MAX(at_a, at_b), end = MIN(at_a + pages_a * 4096, at_b + pages_b * 4096);
	uint64_t outside, both;
	struct dirty_diff d;

	/* what lies past the end is nobody's */
	if (pages_a % 64)
		dirty_bitmap_bits(&a)[pages_a / 64] |= ~0ull << pages_a % 64;
	if (pages_b % 64)
		dirty_bitmap_bits(&b)[pages_b / 64] |= ~0ull << pages_b % 64;
	assert_int_equal(dirty_diff(&a, &b, &d, &f), 0);
	assert_int_equal(d.iova, from);
	assert_int_equal(d.length, end - from);
	assert_int_equal(d.part, at_a != at_b || pages_a != pages_b);
	check_only(&d.only_a, &a, &b, &outside, &both);
	assert_int_equal(d.outside_a, outside);
	assert_int_equal(d.both, both);
	check_only(&d.only_b, &b, &a, &outside, &both);
	assert_int_equal(d.outside_b, outside);
	assert_int_equal(d.both, both);
	dirty_diff_free(&d);
	dirty_bitmap_free(&a);
	dirty_bitmap_free(&b);
}

static void test_diff(void **state)
{
	static const uint64_t offsets[] = {0, 1, 5, 63, 64, 65, 128, 700, 999};

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		check_diff(0x40000000, 1000, 0x40000000 + offsets[i] * 4096, 1000);
		check_diff(0x40000000 + offsets[i] * 4096, 1000, 0x40000000, 1000);
		check_diff(0x40000000, 1000, 0x40000000 + offsets[i] * 4096, 1);
		check_diff(0x40000000, 1000 + offsets[i], 0x40000000, 1000);
	}
	/* to the very end of the addresses */
	check_diff(~0ull - (100 * 4096 - 1), 99, ~0ull - (70 * 4096 - 1), 69);
}

static void check_no_diff(iova_t at_b, uint64_t page_size, const char *words)
{
	struct dirty_bitmap a = make(0x40000000, 100, 4096, 1, 3), b = make(at_b, 100, page_size, 2, 3);
	struct dirty_diff d;

	memset(&f, 0, sizeof(f));
	assert_int_equal(dirty_diff(&a, &b, &d, &f), -EINVAL);
	assert_true(f.usage);
	assert_non_null(strstr(f.text, words));
	dirty_diff_free(&d);
	dirty_bitmap_free(&a);
	dirty_bitmap_free(&b);
}

static void test_no_diff(void **state)
{
	check_no_diff(0x40000000, 8192, "different sizes: 0x1000 and 0x2000");
	check_no_diff(0x40000800, 4096, "different places");
	check_no_diff(0x40000000 + 100 * 4096, 4096, "no page in common");
	check_no_diff(0x10000000, 4096, "no page in common");
}

static void test_caveat(void **state)
{
	struct dirty_bitmap b = {0};

	assert_null(dirty_bitmap_caveat(&b));
	b.over_reports = true;
	assert_non_null(strstr(dirty_bitmap_caveat(&b), "not a measurement"));
	b.marked = true;
	assert_string_equal(dirty_bitmap_caveat(&b), "marked, not DMA");
}

static struct json_object *member(struct json_object *json, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value))
		fail_msg("no %s", key);
	return value;
}

/* Rows by GiB of IOVA hold the same pages as counting them one by one. */
static void check_gib(iova_t iova, uint64_t pages, uint64_t page_size, uint64_t since_ns)
{
	struct dirty_bitmap b = make(iova, pages, page_size, 4, 40);
	uint64_t step = MAX(GiB(1), page_size), sum = 0;
	struct json_object *json, *rows, *row;
	struct rendering r;

	b.since_ns = since_ns;
	bitmap_clear(dirty_bitmap_bits(&b), 0, MIN(pages, 30)); /* maybe a row without any */
	dirty_bitmap_describe(rendering_open(&r, REPORT_JSON, false), &b);
	json = json_tokener_parse(rendering_end(&r));
	assert_non_null(json);
	rows = member(json, "gib");
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		uint64_t from, dirty = 0, n = 0;

		row = json_object_array_get_idx(rows, i);
		from = strtoull(json_object_get_string(member(row, "iova")), NULL, 16);
		for (uint64_t bit = (from - iova) / page_size; bit < pages; bit++) {
			if ((iova + bit * page_size) / step != from / step)
				break;
			n++;
			dirty += bitmap_test(b.words, bit);
		}
		assert_int_equal(json_object_get_uint64(member(row, "pages")), n);
		assert_int_equal(json_object_get_uint64(member(row, "dirty")), dirty);
		assert_true(dirty > 0);
		assert_int_equal(json_object_object_get_ex(row, "pages_s", NULL), since_ns != 0);
		if (since_ns)
			assert_true(json_object_get_double(member(row, "pages_s")) ==
				    (double)dirty * 1e9 / (double)since_ns);
		sum += dirty;
	}
	assert_int_equal(sum, bitmap_count(b.words, b.bits));
	assert_int_equal(json_object_object_get_ex(json, "pages_s", NULL), since_ns != 0);
	json_object_put(json);
	rendering_free(&r);
	dirty_bitmap_free(&b);
}

static void test_gib(void **state)
{
	check_gib(0, 262144 * 3, 4096, 0);
	check_gib(0x40000000, 262144 * 3 + 1, 4096, 2000000000);
	check_gib(0x3ffff000, 1000, 4096, 1);
	check_gib(0x3ff00000, 100, MiB(2), 0);
	check_gib(0x12345000, 3000, MiB(2), 0);
	check_gib(0, 50, GiB(1), 0);
	check_gib(0, 100, GiB(4), 5);
	check_gib(~0ull - (GiB(5) - 1), GiB(5) / MiB(2) - 1, MiB(2), 0);
}

static void test_report(void **state)
{
	struct dirty_bitmap b = make(0x1000, 1000, 4096, 1, 1000000);
	struct rendering r;
	const char *text;
	char last[80];

	for (uint64_t i = 0; i < 200; i++)
		bitmap_set(dirty_bitmap_bits(&b), i * 4, 1 + i % 3);
	b.over_reports = true;
	dirty_bitmap_report(rendering_open(&r, REPORT_TEXT, false), &b, DIRTY_RANGES_MAX);
	text = rendering_end(&r);
	assert_non_null(strstr(text, "dirty 0x1000-0x1fff\ndirty 0x5000-0x6fff\n"));
	snprintf(last, sizeof(last), "dirty 0x%x-0x%x\nand 136 more ranges\n", 0x1000 + 63 * 0x4000,
		 0x1000 + 63 * 0x4000 + 0xfff);
	assert_non_null(strstr(text, last));
	assert_non_null(strstr(text, "not a measurement"));
	rendering_free(&r);
	dirty_bitmap_report(rendering_open(&r, REPORT_JSON, false), &b, DIRTY_RANGES_MAX);
	text = rendering_end(&r);
	assert_non_null(strstr(text, "\"dirty_pages\":399,"));
	assert_non_null(strstr(text, "{\"iova\":\"0x5000\",\"length\":8192}"));
	assert_non_null(strstr(text, "{\"iova\":\"0x31d000\",\"length\":8192}]"));
	rendering_free(&r);
	dirty_bitmap_free(&b);
}

/* A list that would be too long is cut, and says so; the number is that of all. People are shown as many as ever. */
static void check_cut(uint64_t ranges, uint64_t most)
{
	struct dirty_bitmap b = make(0, 2 * ranges + 2, 4096, 1, 1000000);
	struct json_object *json;
	struct rendering r;
	uint64_t kept;
	const char *text;
	char words[40];

	bitmap_clear(dirty_bitmap_bits(&b), 0, b.bits);
	for (uint64_t i = 0; i < ranges; i++)
		bitmap_set(dirty_bitmap_bits(&b), 2 * i + 1, 1);
	kept = dirty_bitmap_report(rendering_open(&r, REPORT_JSON, false), &b, most);
	assert_int_equal(kept, MIN(ranges, most));
	json = json_tokener_parse(rendering_end(&r));
	assert_non_null(json);
	assert_int_equal(json_object_array_length(member(json, "ranges")), kept);
	assert_int_equal(json_object_get_uint64(member(json, "ranges_total")), ranges);
	assert_int_equal(json_object_get_boolean(member(json, "ranges_cut")), ranges > most);
	json_object_put(json);
	rendering_free(&r);
	dirty_bitmap_report(rendering_open(&r, REPORT_TEXT, false), &b, most);
	snprintf(words, sizeof(words), "\nand %d more ranges\n", (int)ranges - DIRTY_RANGES_SHOWN);
	text = rendering_end(&r);
	assert_int_equal(!!strstr(text, words), ranges > DIRTY_RANGES_SHOWN);
	assert_null(strstr(text, "ranges_"));
	rendering_free(&r);
	dirty_bitmap_free(&b);
}

static void test_cut(void **state)
{
	check_cut(0, 10);
	check_cut(1, 0);
	check_cut(64, 64);
	check_cut(65, 64);
	check_cut(1000, 999);
	check_cut(1000, 1000);
	check_cut(1000, 65);
	check_cut(DIRTY_RANGES_MAX + 3, DIRTY_RANGES_MAX);
}

static void test_interrupted(void **state)
{
	struct dirty_bitmap a = make(0, 100000, 4096, 1, 3);
	struct dirty_diff d;
	struct rendering r;

	session_signal = SIGINT;
	assert_int_equal(dirty_diff(&a, &a, &d, &f), -EINTR);
	assert_int_equal(dirty_bitmap_report(rendering_open(&r, REPORT_JSON, false), &a, 1000), 0);
	session_signal = 0;
	assert_non_null(strstr(rendering_end(&r), "\"ranges_cut\":true"));
	rendering_free(&r);
	dirty_diff_free(&d);
	dirty_bitmap_free(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff),	    cmocka_unit_test(test_no_diff), cmocka_unit_test(test_caveat),
		cmocka_unit_test(test_gib),	    cmocka_unit_test(test_report),  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
