/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench/dirty_plain: the plain loops report what was marked, each page once, and clear it: else nothing would be held against them. */
#include "bench_rig.h"

#include <string.h>

#include "base/util.h"
#include "core/bench/dirty.h"

#define PLAIN_IOVA UINT64_C(0x40000000)

/* Pages 3 and 70 are marked and read, twice. @whole: everything is reported then. */
static void reads(enum dirty_source source, enum iommu_mem_kind kind, uint64_t size, uint64_t page_size,
		  const char *name, bool whole)
{
	struct session *s = bench_rig_open("sim", NULL);
	struct iommu_mem mem;
	struct iommu_map_req req = {.iova = PLAIN_IOVA, .size = size, .prot = IOMMU_PROT_RW};
	struct dirty_at at = {.source = source, .iommu = session_iommu(s), .idev = session_device(s)};
	uint64_t want[64] = {0}, got[64] = {0}, pages = size / page_size;
	struct dirty_read read = {
		.iova = PLAIN_IOVA, .length = size, .page_size = page_size, .bits = got, .bytes = pages / 8};
	struct bench_dirty_plain plain;
	struct fail f = {0};

	assert_int_equal(iommu_mem_alloc(at.iommu, size, kind, &mem, &f), 0);
	req.va = mem.va;
	assert_int_equal(iommu_map(at.iommu, &req, &f), 0);
	assert_int_equal(bench_dirty_plain_begin(&plain, s, &at, &req, page_size, &f), 0);
	assert_string_equal(bench_dirty_plain_name(&plain), name);
	for (unsigned int i = 0; i < 2; i++) {
		bitmap_set(want, 3, 1);
		bitmap_set(want, 70, 1);
		bench_dirty_plain_mark(&plain, want, pages);
		assert_int_equal(bench_dirty_plain_read(&plain, &at, &read), 0);
		if (whole)
			assert_int_equal(bitmap_count(got, pages), pages);
		else
			assert_memory_equal(got, want, sizeof(got));
		memset(got, 0, sizeof(got));
		assert_int_equal(bench_dirty_plain_read(&plain, &at, &read), 0);
		assert_int_equal(bitmap_count(got, pages), source == DIRTY_TYPE1 ? pages : 0);
		memset(got, 0, sizeof(got));
	}
	bench_dirty_plain_end(&plain);
	assert_int_equal(iommu_unmap(at.iommu, PLAIN_IOVA, size, NULL, &f), 0);
	iommu_mem_free(at.iommu, &mem);
	assert_int_equal(session_close(s, &f), 0);
}

static void test_entries(void **state)
{
	reads(DIRTY_IOMMU, IOMMU_MEM_ANON, KiB(512), KiB(4), "plain-entries", false);
	/* several entries to a bit */
	reads(DIRTY_IOMMU, IOMMU_MEM_ANON, MiB(1), KiB(8), "plain-entries", false);
	/* one entry for all of it */
	reads(DIRTY_IOMMU, IOMMU_MEM_HUGETLB_2M, MiB(2), KiB(4), "plain-entries", true);
}

static void test_words(void **state)
{
	reads(DIRTY_DEVICE, IOMMU_MEM_ANON, KiB(512), KiB(4), "plain-words", false);
}

static void test_set(void **state)
{
	reads(DIRTY_TYPE1, IOMMU_MEM_ANON, KiB(512), KiB(4), "memset", true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
