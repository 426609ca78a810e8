/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Map and unmap per personality: errno and byte counts of every case that the three kernel interfaces answer differently. */
#include "sim_fixture.h"

#include <limits.h>

#define V2 "personality=type1-v2"
#define V1 "personality=type1-v1"
#define FD "personality=iommufd"
#define C2 "personality=compat-v2"
#define C1 "personality=compat-v1"

static const char *const personalities[] = {V2, V1, FD, C2, C1};

/* Each map is tried beside one 4-page mapping at 0x10000; answers in the order of personalities[]. */
static const struct {
	const char *what;
	uint64_t iova, size;
	enum iommu_prot prot;
	int va_offset;
	int answer[5];
} map_cases[] = {
	{"plain", 0x20000, 0x2000, IOMMU_PROT_RW, 0, {0, 0, 0, 0, 0}},
	{"read only", 0x20000, 0x1000, IOMMU_PROT_READ, 0, {0, 0, 0, 0, 0}},
	{"write only", 0x20000, 0x1000, IOMMU_PROT_WRITE, 0, {0, 0, 0, 0, 0}},
	{"iova 0", 0, 0x1000, IOMMU_PROT_RW, 0, {0, 0, 0, 0, 0}},
	{"last page", 0xfffffffff000, 0x1000, IOMMU_PROT_RW, 0, {0, 0, 0, 0, 0}},
	{"up to the window", 0xfedff000, 0x1000, IOMMU_PROT_RW, 0, {0, 0, 0, 0, 0}},
	{"after the window", 0xfef00000, 0x1000, IOMMU_PROT_RW, 0, {0, 0, 0, 0, 0}},
	{"same range", 0x10000, 0x4000, IOMMU_PROT_RW, 0, {-EEXIST, -EEXIST, -EEXIST, -EEXIST, -EEXIST}},
	{"inside", 0x11000, 0x1000, IOMMU_PROT_RW, 0, {-EEXIST, -EEXIST, -EEXIST, -EEXIST, -EEXIST}},
	{"over its start", 0xf000, 0x2000, IOMMU_PROT_RW, 0, {-EEXIST, -EEXIST, -EEXIST, -EEXIST, -EEXIST}},
	{"over its end", 0x13000, 0x2000, IOMMU_PROT_RW, 0, {-EEXIST, -EEXIST, -EEXIST, -EEXIST, -EEXIST}},
	{"adjacent", 0x14000, 0x1000, IOMMU_PROT_RW, 0, {0, 0, 0, 0, 0}},
	{"size 0", 0x20000, 0, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"size not a page", 0x20000, 0x1800, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"iova not a page", 0x20800, 0x1000, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"va not a page", 0x20000, 0x1000, IOMMU_PROT_RW, 0x800, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"no permission", 0x20000, 0x1000, 0, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"wrap",
	 0xfffffffffffff000,
	 0x2000,
	 IOMMU_PROT_RW,
	 0,
	 {-EOVERFLOW, -EOVERFLOW, -EOVERFLOW, -EOVERFLOW, -EOVERFLOW}},
	{"iova U64_MAX", UINT64_MAX, 0x1000, IOMMU_PROT_RW, 0, {-EOVERFLOW, -EOVERFLOW, -EOVERFLOW, -EINVAL, -EINVAL}},
	{"size U64_MAX",
	 0x20000,
	 UINT64_MAX,
	 IOMMU_PROT_RW,
	 0,
	 {-EOVERFLOW, -EOVERFLOW, -EOVERFLOW, -EOVERFLOW, -EOVERFLOW}},
	{"top of 64 bits", 0xfffffffffffff000, 0x1000, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"above the aperture",
	 0x1000000000000,
	 0x1000,
	 IOMMU_PROT_RW,
	 0,
	 {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"over its upper end", 0xfffffffff000, 0x2000, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"in the window", 0xfee00000, 0x1000, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"into the window", 0xfedff000, 0x2000, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"out of the window", 0xfeeff000, 0x2000, IOMMU_PROT_RW, 0, {-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL}},
	{"past the buffer", 0x20000, 0x9000, IOMMU_PROT_RW, 0, {-EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT}},
	{"not our memory", 0x20000, 0x1000, IOMMU_PROT_RW, INT_MIN, {-EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT}},
};

static void test_map_answers(void **state)
{
	for (unsigned int p = 0; p < ARRAY_SIZE(personalities); p++) {
		struct iommu_mem mem;
		struct fixture fx;

		fixture_open(&fx, personalities[p], 1);
		mem = fixture_alloc(&fx, 8 * PAGE);
		assert_int_equal(fixture_map(&fx, mem.va, 4 * PAGE, 0x10000, IOMMU_PROT_RW), 0);
		for (size_t i = 0; i < ARRAY_SIZE(map_cases); i++) {
			char *va = map_cases[i].va_offset == INT_MIN ? (char *)PAGE
								     : (char *)mem.va + map_cases[i].va_offset;
			int r = fixture_map(&fx, va, map_cases[i].size, map_cases[i].iova, map_cases[i].prot);

			if (r != map_cases[i].answer[p])
				fail_msg("%s, %s: %d instead of %d", personalities[p], map_cases[i].what, r,
					 map_cases[i].answer[p]);
			if (!r)
				fixture_unmap_ok(&fx, map_cases[i].iova, map_cases[i].size);
			/* A refused map leaves no mapping and no pin. */
			assert_int_equal(fixture_pins(&fx), 4);
			assert_int_equal(sim_space_count(&fx.sim->main), 1);
		}
		OPS.mem_free(fx.iommu, &mem);
		fixture_close(&fx);
	}
}

/* Where a map is wrong in two ways, the kernel's order of checks decides. */
static void test_map_order(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, V2 ",dma_entry_limit=1", 1);
	mem = fixture_alloc(&fx, PAGE);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, 0x10000, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, 0x10000, IOMMU_PROT_RW), -EEXIST);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, 0xfee00000, IOMMU_PROT_RW), -ENOSPC);
	fixture_unmap_ok(&fx, 0x10000, PAGE);
	assert_int_equal(fixture_map(&fx, (void *)PAGE, PAGE, 0xfee00000, IOMMU_PROT_RW), -EINVAL);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);

	fixture_open(&fx, FD, 1);
	mem = fixture_alloc(&fx, PAGE);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, 0x10000, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, (char *)mem.va + 8, PAGE, 0x10000, IOMMU_PROT_RW), -EEXIST);
	assert_int_equal(fixture_map(&fx, mem.va, 0, UINT64_MAX, IOMMU_PROT_RW), -EOVERFLOW);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_entry_limit(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "dma_entry_limit=3", 1);
	assert_true(fx.iommu->caps.has_dma_avail);
	assert_int_equal(fx.iommu->caps.dma_avail, 3);
	mem = fixture_alloc(&fx, PAGE);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(fixture_map(&fx, mem.va, PAGE, i * PAGE, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, 3 * PAGE, IOMMU_PROT_RW), -ENOSPC);
	fixture_unmap_ok(&fx, PAGE, PAGE);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, 3 * PAGE, IOMMU_PROT_RW), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);

	fixture_open(&fx, FD ",dma_entry_limit=1", 1);
	assert_false(fx.iommu->caps.has_dma_avail);
	mem = fixture_alloc(&fx, PAGE);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(fixture_map(&fx, mem.va, PAGE, i * PAGE, IOMMU_PROT_RW), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* Mappings A = 2 pages at 0x10000, B = 3 at 0x12000 (adjacent), C = 1 at 0x20000; fresh for every case. */
static const struct {
	const char *what;
	uint64_t iova, size;
	struct {
		int answer;
		uint64_t bytes, left; /* left = bytes still mapped afterwards */
	} want[5];
} unmap_cases[] = {
	{"A",
	 0x10000,
	 0x2000,
	 {{0, 0x2000, 0x4000}, {0, 0x2000, 0x4000}, {0, 0x2000, 0x4000}, {0, 0x2000, 0x4000}, {0, 0x2000, 0x4000}}},
	{"A and B",
	 0x10000,
	 0x5000,
	 {{0, 0x5000, 0x1000}, {0, 0x5000, 0x1000}, {0, 0x5000, 0x1000}, {0, 0x5000, 0x1000}, {0, 0x5000, 0x1000}}},
	{"all, with holes",
	 0xf000,
	 0x20000,
	 {{0, 0x6000, 0}, {0, 0x6000, 0}, {0, 0x6000, 0}, {0, 0x6000, 0}, {0, 0x6000, 0}}},
	{"hole",
	 0x30000,
	 0x1000,
	 {{0, 0, 0x6000}, {0, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {0, 0, 0x6000}, {0, 0, 0x6000}}},
	{"above the aperture",
	 0x1000000000000,
	 0x1000,
	 {{0, 0, 0x6000}, {0, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {0, 0, 0x6000}, {0, 0, 0x6000}}},
	{"first half of A",
	 0x10000,
	 0x1000,
	 {{-EINVAL, 0, 0x6000}, {0, 0x2000, 0x4000}, {-ENOENT, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {0, 0x1000, 0x5000}}},
	{"second half of A",
	 0x11000,
	 0x1000,
	 {{-EINVAL, 0, 0x6000}, {0, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {0, 0x1000, 0x5000}}},
	{"middle of B",
	 0x13000,
	 0x1000,
	 {{-EINVAL, 0, 0x6000}, {0, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {0, 0x1000, 0x5000}}},
	/* v1 takes all of B; iommufd has removed A before it meets B, and says so with no length */
	{"A and part of B",
	 0x10000,
	 0x3000,
	 {{-EINVAL, 0, 0x6000}, {0, 0x5000, 0x1000}, {-ENOENT, 0, 0x4000}, {-ENOENT, 0, 0x4000}, {0, 0x3000, 0x3000}}},
	/* v1 stops at the mapping that begins before the range */
	{"part of A, B, C",
	 0x11000,
	 0x10000,
	 {{-EINVAL, 0, 0x6000}, {0, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {-ENOENT, 0, 0x6000}, {0, 0x5000, 0x1000}}},
	{"size 0",
	 0x10000,
	 0,
	 {{-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000}}},
	{"size not a page",
	 0x10000,
	 0x800,
	 {{-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000},
	  {-ENOENT, 0, 0x6000},
	  {-ENOENT, 0, 0x6000},
	  {-EINVAL, 0, 0x6000}}},
	{"iova not a page",
	 0x10800,
	 0x1000,
	 {{-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000},
	  {-ENOENT, 0, 0x6000},
	  {-ENOENT, 0, 0x6000},
	  {-EINVAL, 0, 0x6000}}},
	/* iommufd asks for a superset, not for alignment */
	{"superset, unaligned",
	 0x1ffff,
	 0x1002,
	 {{-EINVAL, 0, 0x6000}, {-EINVAL, 0, 0x6000}, {0, 0x1000, 0x5000}, {0, 0x1000, 0x5000}, {0, 0x1000, 0x5000}}},
	{"wrap",
	 0x10000,
	 0xffffffffffffe000,
	 {{-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000}}},
	{"to the end of 64 bits",
	 0x10000,
	 0xffffffffffff0000,
	 {{0, 0x6000, 0}, {0, 0x6000, 0}, {0, 0x6000, 0}, {0, 0x6000, 0}, {0, 0x6000, 0}}},
	{"size U64_MAX from 0",
	 0,
	 UINT64_MAX,
	 {{-EINVAL, 0, 0x6000}, {-EINVAL, 0, 0x6000}, {0, 0x6000, 0}, {0, 0x6000, 0}, {0, 0x6000, 0}}},
	{"size U64_MAX",
	 0x1000,
	 UINT64_MAX,
	 {{-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000}}},
	{"iova U64_MAX",
	 UINT64_MAX,
	 0x1000,
	 {{-EINVAL, 0, 0x6000},
	  {-EINVAL, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000},
	  {-EOVERFLOW, 0, 0x6000}}},
};

static void test_unmap_answers(void **state)
{
	uint64_t bytes;

	for (unsigned int p = 0; p < ARRAY_SIZE(personalities); p++) {
		for (size_t i = 0; i < ARRAY_SIZE(unmap_cases); i++) {
			struct iommu_mem mem;
			struct fixture fx;
			int r;

			fixture_open(&fx, personalities[p], 1);
			mem = fixture_alloc(&fx, 3 * PAGE);
			assert_int_equal(fixture_map(&fx, mem.va, 2 * PAGE, 0x10000, IOMMU_PROT_RW), 0);
			assert_int_equal(fixture_map(&fx, mem.va, 3 * PAGE, 0x12000, IOMMU_PROT_RW), 0);
			assert_int_equal(fixture_map(&fx, mem.va, PAGE, 0x20000, IOMMU_PROT_RW), 0);
			r = fixture_unmap(&fx, unmap_cases[i].iova, unmap_cases[i].size, &bytes);
			if (r != unmap_cases[i].want[p].answer || bytes != unmap_cases[i].want[p].bytes ||
			    fixture_pins(&fx) * PAGE != unmap_cases[i].want[p].left)
				fail_msg("%s, %s: %d, %#llx bytes, %#llx left", personalities[p], unmap_cases[i].what,
					 r, (unsigned long long)bytes, (unsigned long long)(fixture_pins(&fx) * PAGE));
			OPS.mem_free(fx.iommu, &mem);
			fixture_close(&fx);
		}
	}
}

static void test_unmap_all(void **state)
{
	for (unsigned int p = 0; p < ARRAY_SIZE(personalities); p++) {
		struct iommu_mem mem;
		struct fixture fx;
		uint64_t bytes;

		fixture_open(&fx, personalities[p], 1);
		assert_int_equal(OPS.unmap_all(fx.iommu, &bytes), 0);
		assert_int_equal(bytes, 0);
		mem = fixture_alloc(&fx, PAGE);
		for (uint64_t i = 0; i < 40; i++)
			assert_int_equal(fixture_map(&fx, mem.va, PAGE, i * GiB(64), IOMMU_PROT_RW), 0);
		assert_int_equal(OPS.unmap_all(fx.iommu, &bytes), 0);
		assert_int_equal(bytes, 40 * PAGE);
		assert_int_equal(fixture_pins(&fx), 0);
		assert_int_equal(fixture_tables(&fx), 1);
		OPS.mem_free(fx.iommu, &mem);
		fixture_close(&fx);
	}
}

static void test_kernel_iova(void **state)
{
	struct iommu_map_req req = {.prot = IOMMU_PROT_RW, .kernel_iova = true};
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, V2, 1);
	assert_false(fx.iommu->caps.kernel_iova);
	mem = fixture_alloc(&fx, PAGE);
	req.va = mem.va;
	req.size = PAGE;
	assert_int_equal(OPS.map(fx.iommu, &req), -EOPNOTSUPP);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);

	fixture_open(&fx, FD, 1);
	assert_true(fx.iommu->caps.kernel_iova);
	mem = fixture_alloc(&fx, MiB(4));
	req.va = mem.va;
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(OPS.map(fx.iommu, &req), 0);
		assert_int_equal(req.iova, i * PAGE); /* never 0, then the lowest hole */
	}
	fixture_unmap_ok(&fx, 2 * PAGE, PAGE);
	req.iova = 0x123;
	assert_int_equal(OPS.map(fx.iommu, &req), 0);
	assert_int_equal(req.iova, 2 * PAGE);
	req.size = 0;
	assert_int_equal(OPS.map(fx.iommu, &req), -EINVAL);
	/* It goes round the reserved window. */
	assert_int_equal(OPS.unmap_all(fx.iommu, &(uint64_t){0}), 0);
	for (uint64_t i = 0; i < 1020; i++) /* 2 MiB .. 4 GiB less the holes of 4 MiB */
		assert_int_equal(fixture_map(&fx, mem.va, PAGE, i * MiB(4) + MiB(2), IOMMU_PROT_RW),
				 i * MiB(4) + MiB(2) >= SIM_MSI_START && i * MiB(4) + MiB(2) <= SIM_MSI_LAST ? -EINVAL
													     : 0);
	req.size = MiB(4);
	assert_int_equal(OPS.map(fx.iommu, &req), 0);
	assert_false(iova_range_overlaps((struct iova_range){SIM_MSI_START, SIM_MSI_LAST},
					 (struct iova_range){req.iova, req.iova + req.size - 1}));
	assert_true(req.iova > SIM_MSI_LAST);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_caps(void **state)
{
	struct fixture fx;
	struct iommu_device *idev;
	struct fail f = {0};

	fixture_open(&fx, "", 1);
	assert_int_equal(fx.iommu->personality, IOMMU_TYPE1_V2);
	assert_true(fx.iommu->caps.simulated && fx.iommu->caps.has_pins && fx.iommu->caps.has_phys);
	assert_true(fx.iommu->caps.page_sizes == (KiB(4) | MiB(2) | GiB(1)));
	assert_int_equal(fx.iommu->caps.nr_ranges, 2);
	assert_int_equal(fx.iommu->caps.ranges[0].last, 0xfedfffff);
	assert_int_equal(fx.iommu->caps.ranges[1].start, 0xfef00000);
	assert_true(fx.iommu->caps.ranges[1].last == (UINT64_C(1) << 48) - 1);
	assert_int_equal(OPS.attach(fx.iommu, "0000:00:04.0", &idev, &f), -ENOENT);
	assert_int_equal(f.err, ENOENT);
	fixture_close(&fx);
	fixture_open(&fx, V1, 1);
	assert_true(fx.iommu->caps.unmap_bisects);
	fixture_close(&fx);
}

static void test_bad_options(void **state)
{
	static const char *const bad[] = {
		"personality=type2",
		"personality",
		"personality=",
		"colour=red",
		"dma_entry_limit=x",
		"dma_entry_limit=5000000000",
		"fault=nonsense",
		"fault=",
		"fault=psi-mask:p=2",
		"fault=psi-mask:p=",
		"fault=psi-mask:after=-1",
		"fault=psi-mask:q=1",
		"fault=psi-mask:",
		",",
		"personality=iommufd,",
	};
	struct iommu_params params = {.spec = "sim"};
	struct iommu *iommu;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fail f = {0};

		if (OPS.open(bad[i], &params, &iommu, &f) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(f.err, EINVAL);
		assert_true(f.text[0]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_answers), cmocka_unit_test(test_map_order),
		cmocka_unit_test(test_entry_limit), cmocka_unit_test(test_unmap_answers),
		cmocka_unit_test(test_unmap_all),   cmocka_unit_test(test_kernel_iova),
		cmocka_unit_test(test_caps),	    cmocka_unit_test(test_bad_options),
	};

	return cmocka_run_group_tests_name("sim_semantics", tests, NULL, NULL);
}
