/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judge of races, on logs written by hand: what is lost, what is spurious, and what may be in either order. */
#include "unit.h"

#include <string.h>

#include "base/util.h"
#include "core/verify/race.h"

#define READS_MAX 8

static struct race_log a_log;
static struct race_write a_writes[8];
static struct race_read a_reads[READS_MAX];
static uint64_t a_bits[READS_MAX][2];
static struct race_found a_found[16];
static unsigned int nr_found;

static int setup(void **state)
{
	memset(a_writes, 0, sizeof(a_writes));
	memset(a_reads, 0, sizeof(a_reads));
	memset(a_bits, 0, sizeof(a_bits));
	a_log = (struct race_log){.writes = a_writes, .reads = a_reads, .pages = 128, .leaf = 1};
	return 0;
}

static void wrote(uint64_t begin, uint64_t end, uint32_t first, uint32_t last)
{
	a_writes[a_log.nr_writes++] = (struct race_write){begin, end, first, last, false};
}

/* A read of all pages, or of @pages from @first on; pages are added by has(). */
static void read_part(enum race_kind kind, uint64_t begin, uint64_t end, uint32_t first, uint32_t pages)
{
	size_t n = a_log.nr_reads++;

	a_reads[n] = (struct race_read){kind, begin, end, first, pages, kind == RACE_RESET ? NULL : a_bits[n]};
}

static void read_all(enum race_kind kind, uint64_t begin, uint64_t end)
{
	read_part(kind, begin, end, 0, a_log.pages);
}

static void has(uint32_t page)
{
	size_t n = a_log.nr_reads - 1;

	bitmap_set(a_bits[n], page - a_reads[n].first, 1);
}

static void note(void *arg, const struct race_found *found)
{
	assert_true(nr_found < ARRAY_SIZE(a_found));
	a_found[nr_found++] = *found;
}

static int judge(void)
{
	int n;

	nr_found = 0;
	n = race_judge(&a_log, note, NULL);
	assert_int_equal(n, nr_found);
	assert_int_equal(race_judge(&a_log, NULL, NULL), n);
	return n;
}

static void assert_missing(uint32_t page, unsigned int write, unsigned int read)
{
	assert_int_equal(judge(), 1);
	assert_int_equal(a_found[0].page, page);
	assert_ptr_equal(a_found[0].write, &a_writes[write]);
	assert_ptr_equal(a_found[0].read, &a_reads[read]);
}

static void assert_spurious(uint32_t page, unsigned int read)
{
	assert_int_equal(judge(), 1);
	assert_int_equal(a_found[0].page, page);
	assert_null(a_found[0].write);
	assert_ptr_equal(a_found[0].read, &a_reads[read]);
}

static void test_nothing(void **state)
{
	assert_int_equal(judge(), 0);
	read_all(RACE_CLEAR, 1, 2);
	assert_int_equal(judge(), 0);
}

static void test_in_order(void **state)
{
	wrote(1, 2, 5, 6);
	read_all(RACE_CLEAR, 3, 4);
	has(5);
	assert_missing(6, 0, 0);
	has(6);
	assert_int_equal(judge(), 0);
	/* once more without a write between */
	read_all(RACE_CLEAR, 5, 6);
	assert_int_equal(judge(), 0);
	has(6);
	assert_spurious(6, 1);
}

static void test_overlapping(void **state)
{
	/* the write was under way while the first read was: either may have it */
	wrote(1, 4, 70, 70);
	read_all(RACE_CLEAR, 2, 3);
	assert_int_equal(judge(), 0);
	has(70);
	read_all(RACE_CLEAR, 5, 6);
	assert_int_equal(judge(), 0);
	has(70); /* and both: it was seen, then done once more */
	assert_int_equal(judge(), 0);
	bitmap_clear(a_bits[0], 70, 1);
	assert_int_equal(judge(), 0);
	bitmap_clear(a_bits[1], 70, 1);
	assert_missing(70, 0, 1);
}

static void test_too_late(void **state)
{
	/* the read after it has nothing; that a later one has it is no excuse, and is not spurious either */
	wrote(1, 2, 0, 0);
	read_all(RACE_CLEAR, 3, 4);
	read_all(RACE_CLEAR, 5, 6);
	has(0);
	assert_int_equal(judge(), 2);
	assert_ptr_equal(a_found[0].read, &a_reads[0]);
	assert_null(a_found[1].write);
}

static void test_before_the_write(void **state)
{
	/* that the page was in a read before the write began says nothing about this write */
	wrote(1, 2, 9, 9);
	wrote(5, 6, 9, 9);
	read_all(RACE_CLEAR, 3, 4);
	has(9);
	read_all(RACE_CLEAR, 7, 8);
	assert_missing(9, 1, 1);
}

static void test_parts(void **state)
{
	wrote(1, 2, 63, 64);
	read_part(RACE_CLEAR, 3, 4, 0, 64);
	has(63);
	read_part(RACE_CLEAR, 5, 6, 64, 64);
	assert_missing(64, 0, 1);
	has(64);
	assert_int_equal(judge(), 0);
	has(127);
	assert_spurious(127, 1);
}

static void test_keep(void **state)
{
	wrote(1, 2, 3, 3);
	read_all(RACE_KEEP, 3, 4);
	assert_missing(3, 0, 0);
	has(3);
	assert_int_equal(judge(), 0);
	/* the bits are still there for the one that clears */
	read_all(RACE_CLEAR, 5, 6);
	assert_missing(3, 0, 1);
	has(3);
	assert_int_equal(judge(), 0);
	read_all(RACE_KEEP, 7, 8);
	has(3);
	assert_spurious(3, 2);
}

static void test_keep_beside_clear(void **state)
{
	/* one that clears was at work at the same time and has it: the one that keeps may have come second */
	wrote(1, 2, 3, 3);
	read_all(RACE_KEEP, 3, 6);
	read_all(RACE_CLEAR, 4, 5);
	has(3);
	assert_int_equal(judge(), 0);
	/* began when that had ended: has nothing to see */
	a_reads[0].begin = 3;
	a_reads[0].end = 4;
	a_reads[1].begin = 5;
	a_reads[1].end = 6;
	assert_missing(3, 0, 0);
}

static void test_reset(void **state)
{
	/* before tracking began anew, or while it did: nobody asks for it */
	wrote(1, 2, 3, 3);
	wrote(4, 7, 4, 4);
	wrote(8, 9, 5, 5);
	read_all(RACE_RESET, 5, 6);
	read_all(RACE_CLEAR, 10, 11);
	has(4);
	has(5);
	assert_int_equal(judge(), 0);
	bitmap_clear(a_bits[1], 4, 1);
	assert_int_equal(judge(), 0);
	bitmap_clear(a_bits[1], 5, 1);
	assert_missing(5, 2, 1);
	has(5);
	has(3);
	assert_spurious(3, 1);
}

static void test_leaf(void **state)
{
	a_log.leaf = 64;
	wrote(1, 2, 64, 64);
	read_all(RACE_CLEAR, 3, 4);
	for (uint32_t page = 64; page < 128; page++)
		has(page);
	assert_int_equal(judge(), 0);
	has(63);
	assert_spurious(63, 0);
}

/* Part of it may have been written, and need not. */
static void test_refused(void **state)
{
	wrote(1, 2, 7, 8);
	a_writes[0].refused = true;
	read_all(RACE_CLEAR, 3, 4);
	assert_int_equal(judge(), 0);
	has(7);
	assert_int_equal(judge(), 0);
	has(9);
	assert_spurious(9, 0);
}

/* The last leaf may be shorter than the others. */
static void test_leaf_rest(void **state)
{
	a_log.leaf = 50;
	wrote(1, 2, 120, 127);
	read_all(RACE_CLEAR, 3, 4);
	for (uint32_t page = 120; page < 127; page++)
		has(page);
	assert_missing(127, 0, 0);
}

static void test_each_once(void **state)
{
	for (uint64_t t = 0; t < 6; t++)
		wrote(2 * t + 1, 2 * t + 2, 1, 2);
	read_all(RACE_CLEAR, 20, 21);
	assert_int_equal(judge(), 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing, setup),
		cmocka_unit_test_setup(test_in_order, setup),
		cmocka_unit_test_setup(test_overlapping, setup),
		cmocka_unit_test_setup(test_too_late, setup),
		cmocka_unit_test_setup(test_before_the_write, setup),
		cmocka_unit_test_setup(test_parts, setup),
		cmocka_unit_test_setup(test_keep, setup),
		cmocka_unit_test_setup(test_keep_beside_clear, setup),
		cmocka_unit_test_setup(test_reset, setup),
		cmocka_unit_test_setup(test_leaf, setup),
		cmocka_unit_test_setup(test_leaf_rest, setup),
		cmocka_unit_test_setup(test_each_once, setup),
		cmocka_unit_test_setup(test_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
