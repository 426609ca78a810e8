/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOTLB and the invalidation queue: what is kept, what a mask drops, and the masks by brute force. */
#include "sim_fixture.h"

#include "iommu/sim/qi.h"

static struct sim_iotlb tlb;
static struct sim_qi qi;

static int setup(void **state)
{
	memset(&tlb, 0, sizeof(tlb));
	sim_qi_init(&qi);
	sim_qi_add(&qi, &tlb);
	return 0;
}

static void fill(uint64_t iova, uint64_t frame, unsigned int level)
{
	struct sim_leaf leaf = {frame << 12 | SIM_PTE_LEAF | SIM_PTE_R, level};

	sim_iotlb_fill(&tlb, iova, &leaf);
}

/* Frame cached for @iova, 0 = miss. */
static uint64_t look(uint64_t iova)
{
	struct sim_leaf leaf;

	return sim_iotlb_lookup(&tlb, iova, &leaf) ? (leaf.pte & SIM_PTE_ADDR) >> 12 : 0;
}

static void test_sizes(void **state)
{
	assert_int_equal(look(0x1000), 0);
	fill(0x1000, 0x111, 0);
	fill(0x200000, 0x200, 1);
	fill(0x40000000, 0x40000, 2);
	assert_int_equal(look(0x1fff), 0x111);
	assert_int_equal(look(0x2000), 0);
	assert_int_equal(look(0x3ff123), 0x200);
	assert_int_equal(look(0x400000), 0);
	assert_int_equal(look(0x7fffffff), 0x40000);
	assert_int_equal(look(0x80000000), 0);
}

static void test_replace(void **state)
{
	unsigned int used = 0;

	fill(0x1000, 0x111, 0);
	fill(0x1000, 0x222, 0);
	assert_int_equal(look(0x1000), 0x222);
	for (unsigned int i = 0; i < SIM_IOTLB_SETS; i++)
		for (unsigned int way = 0; way < SIM_IOTLB_WAYS; way++)
			used += atomic_load(&tlb.tag[i][way]) != 0;
	assert_int_equal(used, 1);
}

/* A set holds its ways and no more; other sets are untouched. */
static void test_associativity(void **state)
{
	unsigned int hits = 0;

	fill(0x5000, 0x555, 0);
	for (uint64_t i = 0; i <= SIM_IOTLB_WAYS; i++)
		fill(0x1000 + i * SIM_IOTLB_SETS * PAGE, 0x100 + i, 0);
	for (uint64_t i = 0; i <= SIM_IOTLB_WAYS; i++)
		hits += look(0x1000 + i * SIM_IOTLB_SETS * PAGE) == 0x100 + i;
	assert_int_equal(hits, SIM_IOTLB_WAYS);
	assert_int_equal(look(0x5000), 0x555);
}

static void test_invalidate(void **state)
{
	fill(0x1000, 0x111, 0);
	fill(0x2000, 0x112, 0);
	fill(0x200000, 0x200, 1);
	fill(0x40000000, 0x40000, 2);
	sim_iotlb_invalidate(&tlb, 0x2000, 0x2fff);
	assert_int_equal(look(0x1000), 0x111);
	assert_int_equal(look(0x2000), 0);
	/* One page of a large entry takes all of it. */
	sim_iotlb_invalidate(&tlb, 0x3ff000, 0x3fffff);
	assert_int_equal(look(0x200000), 0);
	assert_int_equal(look(0x40000000), 0x40000);
	sim_iotlb_invalidate(&tlb, 0, UINT64_MAX);
	assert_int_equal(look(0x1000), 0);
	assert_int_equal(look(0x40000000), 0);
}

/* The smallest aligned block of a power of two that covers the run, found by trying each. */
static unsigned int brute_mask(uint64_t pfn, uint64_t pages)
{
	unsigned int order = 0;

	while (pfn >> order != (pfn + pages - 1) >> order)
		order++;
	return order;
}

static void test_masks(void **state)
{
	for (uint64_t pfn = 0; pfn < 600; pfn++) {
		for (uint64_t pages = 1; pages < 300; pages++) {
			unsigned int order = sim_qi_mask(pfn, pages), wrong = sim_qi_mask_short(pages);

			assert_int_equal(order, brute_mask(pfn, pages));
			assert_true(UINT64_C(1) << wrong >= pages && (!wrong || UINT64_C(1) << (wrong - 1) < pages));
			assert_true(wrong <= order);
		}
	}
	assert_int_equal(sim_qi_mask(0x17f, 3), 8);
	assert_int_equal(sim_qi_mask_short(3), 2);
	assert_int_equal(sim_qi_mask(0x3fe00, 1024), 19);
	assert_int_equal(sim_qi_mask(0, UINT64_C(1) << 36), 36);
}

/* Every unaligned run up to 9 pages: afterwards nothing of it is cached, and only its block is dropped. */
static void test_flush_covers(void **state)
{
	for (uint64_t pfn = 0x170; pfn < 0x190; pfn++) {
		for (uint64_t pages = 1; pages < 10; pages++) {
			unsigned int order = sim_qi_mask(pfn, pages);

			for (uint64_t p = 0x160; p < 0x1a0; p++)
				fill(p << 12, p, 0);
			sim_qi_flush(&qi, 0, pfn << 12, order);
			for (uint64_t p = 0x160; p < 0x1a0; p++)
				assert_int_equal(look(p << 12), p >> order == pfn >> order ? 0 : p);
		}
	}
	assert_int_equal(qi.domain_selective, 0);
	assert_int_equal(qi.page_selective, 32 * 9);
}

/* The wrong mask leaves part of an unaligned run cached. */
static void test_flush_short(void **state)
{
	for (uint64_t p = 0x17f; p < 0x182; p++)
		fill(p << 12, p, 0);
	sim_qi_flush(&qi, 0, UINT64_C(0x17f) << 12, sim_qi_mask_short(3));
	assert_int_equal(look(UINT64_C(0x17f) << 12), 0);
	assert_int_equal(look(UINT64_C(0x180) << 12), 0x180);
	assert_int_equal(look(UINT64_C(0x181) << 12), 0x181);
}

/* Above the largest mask the whole domain goes. */
static void test_flush_domain(void **state)
{
	fill(0x1000, 0x111, 0);
	fill(UINT64_C(0x7fff00000000), 0x222, 0);
	sim_qi_flush(&qi, 0, 0x1000, SIM_QI_MAMV);
	assert_int_equal(qi.page_selective, 1);
	assert_int_equal(look(0x1000), 0);
	assert_int_equal(look(UINT64_C(0x7fff00000000)), 0x222);
	sim_qi_flush(&qi, 0, 0x1000, SIM_QI_MAMV + 1);
	assert_int_equal(qi.domain_selective, 1);
	assert_int_equal(look(UINT64_C(0x7fff00000000)), 0);
}

/* The ring wraps: more flushes than it has places. */
static void test_ring_wraps(void **state)
{
	for (uint64_t i = 0; i < 3 * SIM_QI_ENTRIES; i++) {
		fill(i << 12, i + 1, 0);
		sim_qi_flush(&qi, 0, i << 12, 0);
		assert_int_equal(look(i << 12), 0);
	}
	assert_int_equal(qi.page_selective, 3 * SIM_QI_ENTRIES);
}

/* More by turns than a set has ways: as in hardware some of them are found again. */
static void test_turns(void **state)
{
	unsigned int hits = 0;

	for (unsigned int i = 0; i < 1200; i++) {
		uint64_t iova = (1 + i % (SIM_IOTLB_WAYS + 2)) * UINT64_C(4096) * SIM_IOTLB_SETS;

		if (look(iova))
			hits++;
		else
			fill(iova, iova, 0);
	}
	assert_in_range(hits, 120, 1199);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sizes, setup),	   cmocka_unit_test_setup(test_replace, setup),
		cmocka_unit_test_setup(test_associativity, setup), cmocka_unit_test_setup(test_invalidate, setup),
		cmocka_unit_test_setup(test_masks, setup),	   cmocka_unit_test_setup(test_flush_covers, setup),
		cmocka_unit_test_setup(test_flush_short, setup),   cmocka_unit_test_setup(test_flush_domain, setup),
		cmocka_unit_test_setup(test_ring_wraps, setup),	   cmocka_unit_test_setup(test_turns, setup),
	};

	return cmocka_run_group_tests_name("sim_iotlb", tests, NULL, NULL);
}
