/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 1 TiB mapped with every leaf size: the tables' memory stays within its bound and all of it comes back. */
#include "sim_fixture.h"

#include <stdio.h>

#include "iommu/rcu.h"

/* AddressSanitizer keeps books of its own about every byte that is touched. */
#if defined(__SANITIZE_ADDRESS__)
#define SHADOWED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHADOWED true
#endif
#endif
#ifndef SHADOWED
#define SHADOWED false
#endif

/* 8 bytes per 4K page mapped with 4K leaves, plus 5 %; a fixed allowance for the upper levels. */
static uint64_t bound(uint64_t small_bytes)
{
	return small_bytes / PAGE * 8 * 105 / 100 + MiB(2);
}

static uint64_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long total, pages;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &total, &pages), 2);
	fclose(f);
	return pages * PAGE;
}

static unsigned int leaf_level(struct fixture *fx, uint64_t iova)
{
	struct sim_leaf leaf;

	assert_int_equal(fixture_walk(fx, iova, false, &leaf), SIM_WALK_OK);
	return leaf.level;
}

static void test_terabyte(void **state)
{
	struct iommu_mem giga, mega, small;
	const uint64_t at_giga = TiB(1), at_mega = TiB(4), at_small = TiB(6) + PAGE;
	uint64_t before, with_tables, bytes;
	struct fixture fx;

#ifdef RCU_TSAN
	skip(); /* its address space has no room for two views of 1 TiB */
#endif
	fixture_open(&fx, "", 1);
	assert_int_equal(OPS.mem_alloc(fx.iommu, GiB(512), IOMMU_MEM_HUGETLB_1G, &giga), 0);
	assert_int_equal(OPS.mem_alloc(fx.iommu, GiB(448), IOMMU_MEM_HUGETLB_2M, &mega), 0);
	assert_int_equal(OPS.mem_alloc(fx.iommu, GiB(64), IOMMU_MEM_HUGETLB_1G, &small), 0);
	before = resident();
	assert_int_equal(fixture_map(&fx, giga.va, GiB(512), at_giga, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, mega.va, GiB(448), at_mega + MiB(2), IOMMU_PROT_RW), 0);
	/* IOVA and frames disagree by a page, so only 4K leaves fit. */
	assert_int_equal(fixture_map(&fx, small.va, GiB(64), at_small, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_pins(&fx), TiB(1) / PAGE);
	assert_int_equal(leaf_level(&fx, at_giga + GiB(511)), 2);
	assert_int_equal(leaf_level(&fx, at_mega + GiB(300)), 1);
	assert_int_equal(leaf_level(&fx, at_small + GiB(63)), 0);
	assert_true(sim_pt_bytes(&fx.sim->main.pt) <= bound(GiB(64)) + GiB(448) / MiB(2) * 8 * 105 / 100);
	with_tables = resident();
	if (!SHADOWED)
		assert_true(with_tables - before <= bound(GiB(64)) + MiB(4));
	/* The device reaches the ends of each. */
	*(uint64_t *)giga.va = 0x1122334455667788;
	assert_int_equal(fixture_copy(&fx, at_giga, at_small + GiB(64) - 8, 8), 0);
	assert_int_equal(fixture_copy(&fx, at_small + GiB(64) - 8, at_mega + MiB(2) + GiB(448) - 8, 8), 0);
	assert_true(*(uint64_t *)((char *)mega.va + GiB(448) - 8) == 0x1122334455667788);
	assert_int_equal(OPS.unmap_all(fx.iommu, &bytes), 0);
	assert_int_equal(bytes, TiB(1));
	assert_int_equal(fixture_tables(&fx), 1);
	assert_int_equal(fixture_pins(&fx), 0);
	/* Back to the host, not only to a list of ours. */
	if (!SHADOWED)
		assert_true(resident() <= before + MiB(8));
	OPS.mem_free(fx.iommu, &giga);
	OPS.mem_free(fx.iommu, &mega);
	OPS.mem_free(fx.iommu, &small);
	fixture_close(&fx);
}

/* The top of the address space and both sides of every table border. */
static void test_borders(void **state)
{
	static const uint64_t border[] = {MiB(2), GiB(1), GiB(4), GiB(512), TiB(64), TiB(256)};
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, 4 * PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(border); i++) {
		uint64_t iova = border[i] - 2 * PAGE, size = border[i] == TiB(256) ? 2 * PAGE : 4 * PAGE;

		assert_int_equal(fixture_map(&fx, mem.va, size, iova, IOMMU_PROT_RW), 0);
		memset(mem.va, (int)(i + 1), size / 2);
		assert_int_equal(fixture_copy(&fx, iova, iova + size / 2, size / 2), 0);
		assert_true(fixture_all(mem.va, (unsigned char)(i + 1), size));
		fixture_unmap_ok(&fx, iova, size);
		assert_int_equal(fixture_copy(&fx, iova, iova, 8), -EFAULT);
		assert_int_equal(fixture_tables(&fx), 1);
	}
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_terabyte), cmocka_unit_test(test_borders)};

	return cmocka_run_group_tests_name("sim_large", tests, NULL, NULL);
}
