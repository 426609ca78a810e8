/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty tracking by the simulated IOMMU: what is reported, what is cleared, what is refused, and that no write is ever lost. */
#include "sim_fixture.h"

#include "base/bitmap.h"

#define IOVA UINT64_C(0x100000)
#define ALL "personality=iommufd"

static struct dirty_at at_of(struct fixture *fx, enum dirty_source source)
{
	return (struct dirty_at){.source = source, .iommu = fx->iommu, .idev = fx->idev};
}

static const struct dirty_ops *ops_of(struct fixture *fx, enum dirty_source source)
{
	return source == DIRTY_IOMMU ? OPS.dirty_iommu : source == DIRTY_TYPE1 ? OPS.dirty_type1 : fx->idev->ops->dirty;
}

static int start(struct fixture *fx)
{
	struct dirty_at at = at_of(fx, DIRTY_IOMMU);
	struct dirty_start req = {0};

	return ops_of(fx, DIRTY_IOMMU)->start(&at, &req);
}

static int read_req(struct fixture *fx, const struct dirty_read *req)
{
	struct dirty_at at = at_of(fx, DIRTY_IOMMU);

	return ops_of(fx, DIRTY_IOMMU)->read(&at, req);
}

/* The bits of up to 64 pages of 4K from @iova on. */
static uint64_t read_bits(struct fixture *fx, iova_t iova, unsigned int pages, bool keep)
{
	uint64_t bits = 0;
	struct dirty_read req = {
		.iova = iova, .length = pages * PAGE, .page_size = PAGE, .bits = &bits, .bytes = 8, .keep = keep};

	assert_int_equal(read_req(fx, &req), 0);
	return bits;
}

static void write_at(struct fixture *fx, iova_t iova, uint64_t len)
{
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, iova, len), 0);
}

static void map_ok(struct fixture *fx, struct iommu_mem *mem, uint64_t size, iova_t iova)
{
	*mem = fixture_alloc(fx, size);
	assert_int_equal(fixture_map(fx, mem->va, size, iova, IOMMU_PROT_RW), 0);
}

static void test_read(void **state)
{
	static const char *const personalities[] = {"", "personality=type1-v1", "personality=iommufd",
						    "personality=compat-v2", "personality=compat-v1"};

	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		struct iommu_mem mem;
		struct fixture fx;

		fixture_open(&fx, personalities[i], 1);
		map_ok(&fx, &mem, 64 * PAGE, IOVA);
		write_at(&fx, IOVA, 1);
		assert_int_equal(start(&fx), 0);
		assert_int_equal(read_bits(&fx, IOVA, 64, false), 0);
		write_at(&fx, IOVA + 3 * PAGE - 1, 1);
		write_at(&fx, IOVA + 10 * PAGE - 1, 2);
		assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + 20 * PAGE, 0, 5 * PAGE), 0);
		assert_int_equal(read_bits(&fx, IOVA, 64, true), 0x604);
		assert_int_equal(read_bits(&fx, IOVA, 64, true), 0x604);
		assert_int_equal(read_bits(&fx, IOVA, 64, false), 0x604);
		assert_int_equal(read_bits(&fx, IOVA, 64, false), 0);
		/* what was cached with its dirty bit must mark the page anew */
		write_at(&fx, IOVA + 2 * PAGE, 8);
		assert_int_equal(read_bits(&fx, IOVA + PAGE, 63, false), 2);
		write_at(&fx, IOVA + 2 * PAGE, 8);
		assert_int_equal(start(&fx), 0);
		assert_int_equal(read_bits(&fx, IOVA, 64, false), 0);
		OPS.mem_free(fx.iommu, &mem);
		fixture_close(&fx);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests_name("sim_dirty", tests, NULL, NULL);
}
