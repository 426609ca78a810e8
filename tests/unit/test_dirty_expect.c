/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps held against what had to be dirty: borders, ends of words, sources that report everything. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/dirty/expect.h"

#define PAGES 70u
#define BASE UINT64_C(0x10000)

static struct dirty_bitmap bits_of(unsigned int n, const unsigned int *set)
{
	struct dirty_bitmap b;

	assert_int_equal(dirty_bitmap_new(&b, DIRTY_IOMMU, BASE, PAGES * 4096, 4096, NULL), 0);
	for (unsigned int i = 0; i < n; i++)
		bitmap_set(dirty_bitmap_bits(&b), set[i], 1);
	/* past the end anything may be */
	bitmap_set(dirty_bitmap_bits(&b), PAGES, 128 - PAGES);
	return b;
}

static iova_t page_at(unsigned int n)
{
	return BASE + n * UINT64_C(4096);
}

static void test_judge(void **state)
{
	static const unsigned int set[] = {0, 1, 63, 64, 69};
	struct iova_range must[] = {
		{page_at(0) + 8, page_at(1)}, {page_at(63), page_at(64)}, {page_at(69), page_at(70) - 1}};
	struct dirty_expect e = {.must = must, .nr_must = 3};
	struct dirty_bitmap b = bits_of(5, set);
	struct dirty_expect_result res;

	assert_int_equal(dirty_expect_judge(&e, &b, &res, NULL), 0);
	assert_int_equal(res.missing + res.spurious, 0);
	/* one byte more is one page more */
	must[0].last = page_at(2);
	assert_int_equal(dirty_expect_judge(&e, &b, &res, NULL), 0);
	assert_int_equal(res.missing, 1);
	assert_int_equal(res.missing_at[0], page_at(2));
	assert_int_equal(res.spurious, 0);
	must[0].last = page_at(0) + 9;
	assert_int_equal(dirty_expect_judge(&e, &b, &res, NULL), 0);
	assert_int_equal(res.missing, 0);
	assert_int_equal(res.spurious, 1);
	assert_int_equal(res.spurious_at[0], page_at(1));
	/* which may be */
	e.may = &(struct iova_range){page_at(1) + 1, page_at(1) + 1};
	e.nr_may = 1;
	assert_int_equal(dirty_expect_judge(&e, &b, &res, NULL), 0);
	assert_int_equal(res.spurious, 0);
	dirty_bitmap_free(&b);
}

static void test_all_reported(void **state)
{
	struct dirty_expect e = {.nr_must = 0};
	struct dirty_bitmap b = bits_of(0, NULL);
	struct dirty_expect_result res;

	bitmap_set(dirty_bitmap_bits(&b), 0, PAGES);
	assert_int_equal(dirty_expect_judge(&e, &b, &res, NULL), 0);
	assert_int_equal(res.spurious, PAGES);
	assert_int_equal(res.spurious_at[EXPECT_KEPT - 1], page_at(EXPECT_KEPT - 1));
	b.over_reports = true;
	assert_int_equal(dirty_expect_judge(&e, &b, &res, NULL), 0);
	assert_int_equal(res.spurious, 0);
	dirty_bitmap_free(&b);
}

static void test_outside(void **state)
{
	struct iova_range must = {page_at(PAGES) - 1, page_at(PAGES)};
	struct dirty_expect e = {.must = &must, .nr_must = 1};
	struct dirty_bitmap b = bits_of(0, NULL);
	struct dirty_expect_result res;
	struct fail f = {0};

	assert_int_equal(dirty_expect_judge(&e, &b, &res, &f), -ERANGE);
	assert_true(f.usage);
	/* what may be dirty there is nobody's business */
	e.may = &must;
	e.nr_may = 1;
	e.nr_must = 0;
	assert_int_equal(dirty_expect_judge(&e, &b, &res, &f), 0);
	dirty_bitmap_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_all_reported),
		cmocka_unit_test(test_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
