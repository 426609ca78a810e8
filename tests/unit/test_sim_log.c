/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other sources on the simulated IOMMU: the device's own log of what it wrote, and the container's, which reports all. */
#include "sim_dirty_fixture.h"

#define IOVA UINT64_C(0x100000)

static int log_one(struct fixture *fx, uint64_t start, uint64_t size, uint64_t page_size)
{
	const struct iova_range range = {start, start + (size - 1)};

	return dirty_log(fx, &range, 1, page_size);
}

static void test_start(void **state)
{
	const struct iova_range good[] = {{IOVA, IOVA + 2 * PAGE - 1}, {IOVA + 2 * PAGE, IOVA + 4 * PAGE - 1}};
	const struct iova_range overlapping[] = {{IOVA, IOVA + 2 * PAGE - 1}, {IOVA + PAGE, IOVA + 4 * PAGE - 1}};
	struct iova_range many[257];
	struct dirty_start req = {.ranges = good, .nr = 2, .page_size = PAGE, .flags = 1};
	struct dirty_at at;
	struct fixture fx;
	struct dirty_caps caps;

	fixture_open(&fx, "", 1);
	at = dirty_at(&fx, DIRTY_DEVICE);
	assert_int_equal(dirty_ops(&fx, DIRTY_DEVICE)->caps(&at, &caps, NULL), 0);
	assert_int_equal(caps.ranges, 256);
	assert_false(caps.can_keep || caps.unmaps || caps.leaves);
	assert_int_equal(dirty_ops(&fx, DIRTY_DEVICE)->start(&at, &req), -EINVAL);
	assert_int_equal(dirty_log(&fx, good, 0, PAGE), -EINVAL);
	for (unsigned int i = 0; i < 257; i++)
		many[i] = (struct iova_range){IOVA + i * 2 * PAGE, IOVA + (i * 2 + 1) * PAGE - 1};
	assert_int_equal(dirty_log(&fx, many, 257, PAGE), -E2BIG);
	assert_int_equal(dirty_log(&fx, overlapping, 2, PAGE), -EINVAL);
	assert_int_equal(log_one(&fx, IOVA + 2048, PAGE, PAGE), -EINVAL);
	assert_int_equal(log_one(&fx, IOVA, 2048, PAGE), -EINVAL);
	assert_int_equal(log_one(&fx, IOVA, PAGE, 0), -EINVAL);
	assert_int_equal(log_one(&fx, IOVA, 0, PAGE), -EINVAL);
	assert_int_equal(log_one(&fx, -PAGE, PAGE, PAGE), -EOVERFLOW);
	assert_int_equal(log_one(&fx, -PAGE, 2 * PAGE, PAGE), -EOVERFLOW);
	/* more than the device has bits for */
	assert_int_equal(log_one(&fx, 0, UINT64_C(1) << 47, PAGE), -ENOMEM);
	assert_int_equal(dirty_stop(&fx, DIRTY_DEVICE), 0);
	assert_int_equal(dirty_log(&fx, many, 256, PAGE), 0);
	assert_int_equal(dirty_log(&fx, good, 2, PAGE), -EINVAL); /* a second time */
	assert_int_equal(dirty_stop(&fx, DIRTY_DEVICE), 0);
	assert_int_equal(dirty_log(&fx, good, 2, PAGE), 0);
	fixture_close(&fx);
}

/* The device follows the wish as far as it can: 4K to 2M, powers of two. */
static void test_page_size(void **state)
{
	static const uint64_t sizes[][2] = {
		{1, KiB(4)}, {KiB(4), KiB(4)}, {KiB(64), KiB(64)}, {MiB(2), MiB(2)}, {MiB(4), MiB(2)}};
	struct dirty_at at;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	at = dirty_at(&fx, DIRTY_DEVICE);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct iova_range range = {MiB(64), MiB(128) - 1};
		struct dirty_start req = {.ranges = &range, .nr = 1, .page_size = sizes[i][0]};

		assert_int_equal(dirty_ops(&fx, DIRTY_DEVICE)->start(&at, &req), 0);
		assert_int_equal(req.page_size, sizes[i][1]);
		assert_int_equal(dirty_stop(&fx, DIRTY_DEVICE), 0);
	}
	fixture_close(&fx);
}

static void test_report_errors(void **state)
{
	struct fixture fx;
	struct dirty_read req;
	uint64_t bits[2];

	fixture_open(&fx, "", 1);
	req = dirty_req(IOVA, 64 * PAGE, PAGE, bits);
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EINVAL); /* not started */
	assert_int_equal(log_one(&fx, IOVA, 64 * PAGE, PAGE), 0);
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), 0);
	req.keep = true;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EOPNOTSUPP);
	req.keep = false;
	req.bytes = 7;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -ENOBUFS);
	req.bytes = 16;
	req.page_size = 3 * PAGE;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EINVAL);
	req.page_size = 2048;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EINVAL);
	req.page_size = PAGE;
	req.length = 0;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EINVAL);
	req.length = 65 * PAGE;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EINVAL); /* not all of it is logged */
	req.length = PAGE;
	req.iova = IOVA - PAGE;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EINVAL);
	req.iova = -PAGE;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EOVERFLOW);
	req.iova = IOVA;
	req.bits = NULL;
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EFAULT);
	assert_null(dirty_ops(&fx, DIRTY_DEVICE)->unmap);
	assert_int_equal(dirty_stop(&fx, DIRTY_DEVICE), 0);
	req = dirty_req(IOVA, 64 * PAGE, PAGE, bits);
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), -EINVAL);
	fixture_close(&fx);
}

/* What was written, and nothing else: no reads, nothing outside of the ranges, nothing that did not arrive. */
static void test_log(void **state)
{
	const struct iova_range ranges[] = {{IOVA + 20 * PAGE, IOVA + 30 * PAGE - 1},
					    {IOVA, IOVA + 10 * PAGE - 1},
					    {IOVA + 10 * PAGE, IOVA + 14 * PAGE - 1}};
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, IOVA, 29 * PAGE, IOMMU_MEM_ANON);
	dirty_write(&fx, IOVA, 29 * PAGE);
	assert_int_equal(dirty_log(&fx, ranges, 3, PAGE), 0);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA, 14), 0);
	dirty_write(&fx, IOVA + 2 * PAGE - 1, 2);
	dirty_write(&fx, IOVA + 9 * PAGE, 12 * PAGE); /* over both borders, and the gap */
	assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + 5 * PAGE, 0, 8), 0);
	assert_int_equal(fixture_copy(&fx, IOVA + 6 * PAGE, IOVA + 7 * PAGE, 64), 0);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + 28 * PAGE, 2 * PAGE), -EFAULT);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA, 14), 0x3e86);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA + 20 * PAGE, 10), 0x101);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA, 14), 0);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA + 20 * PAGE, 10), 0);
	/* a part of a range: the rest stays */
	dirty_write(&fx, IOVA, 4 * PAGE);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA + PAGE, 2), 3);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA, 4), 9);
	/* the next start knows nothing of what was before */
	dirty_write(&fx, IOVA, PAGE);
	assert_int_equal(dirty_stop(&fx, DIRTY_DEVICE), 0);
	assert_int_equal(dirty_log(&fx, ranges, 3, PAGE), 0);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA, 14), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* Reports by other pages than the device logs by. A page of the device's that sticks out of a report is told again. */
static void test_formats(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	struct dirty_read req;
	uint64_t bits[8];

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, MiB(4), MiB(1), IOMMU_MEM_ANON);
	assert_int_equal(log_one(&fx, MiB(4), MiB(1), KiB(64)), 0);
	dirty_write(&fx, MiB(4) + KiB(64) + 5, 1);
	req = dirty_req(MiB(4), MiB(1), KiB(256), bits);
	assert_int_equal(dirty_read(&fx, DIRTY_DEVICE, &req), 0);
	assert_int_equal(bits[0], 1);
	dirty_write(&fx, MiB(4) + KiB(64) + 5, 1);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, MiB(4), 24), 0xff0000);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, MiB(4) + KiB(64) + PAGE, 15), 0x7fff);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, MiB(4) + KiB(64) + PAGE, 3), 7);
	assert_true(dirty_word(&fx, DIRTY_DEVICE, MiB(4), 64) == 0xffff0000);
	assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, MiB(4), 64), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static int type1_start(struct fixture *fx, uint32_t flags)
{
	struct dirty_at at = dirty_at(fx, DIRTY_TYPE1);
	struct dirty_start req = {.flags = flags};

	return OPS.dirty_type1->start(&at, &req);
}

/* vfio_iommu_type1_dirty_pages(): every mapped page, always; whole mappings only; by the smallest page. */
static void test_container(void **state)
{
	struct iommu_mem a, b;
	struct fixture fx;
	struct dirty_at at;
	struct dirty_caps caps;
	struct dirty_read req;
	uint64_t bits[2], bytes;

	fixture_open(&fx, "", 1);
	at = dirty_at(&fx, DIRTY_TYPE1);
	assert_int_equal(OPS.dirty_type1->caps(&at, &caps, NULL), 0);
	assert_true(caps.over_reports && caps.whole_mappings && caps.allows_holes && caps.unmaps && !caps.can_keep);
	assert_int_equal(caps.max_bitmap, MiB(256));
	assert_int_equal(caps.page_sizes, PAGE);
	a = dirty_map(&fx, IOVA, 4 * PAGE, IOMMU_MEM_ANON);
	b = dirty_map(&fx, IOVA + 8 * PAGE, 4 * PAGE, IOMMU_MEM_ANON);
	req = dirty_req(IOVA, 16 * PAGE, PAGE, bits);
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL); /* not started */
	assert_int_equal(dirty_unmap(&fx, DIRTY_TYPE1, &req, &bytes), -EINVAL);
	assert_int_equal(type1_start(&fx, 2), -EINVAL);
	assert_int_equal(type1_start(&fx, 8), -EINVAL);
	assert_int_equal(type1_start(&fx, 0), 0);
	assert_int_equal(type1_start(&fx, 0), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(dirty_word(&fx, DIRTY_TYPE1, IOVA, 16), 0xf0f);
	assert_int_equal(dirty_word(&fx, DIRTY_TYPE1, IOVA + 4 * PAGE, 4), 0);
	req.keep = true;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EOPNOTSUPP);
	req = dirty_req(IOVA, 16 * PAGE, PAGE, bits);
	req.flags = 1;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL);
	req = dirty_req(IOVA, 8 * PAGE, 2 * PAGE, bits);
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL); /* page size */
	req = dirty_req(IOVA, 4 * PAGE, PAGE, bits);
	req.bytes = 7;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL); /* whole words */
	req.bytes = 8;
	req.length = 0;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL);
	req.length = 4 * PAGE;
	req.iova = -PAGE;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EOVERFLOW);
	req.iova = IOVA + 1;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL);
	req = dirty_req(IOVA + PAGE, 3 * PAGE, PAGE, bits);
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL); /* cuts a mapping */
	assert_int_equal(dirty_unmap(&fx, DIRTY_TYPE1, &req, &bytes), -EINVAL);
	req = dirty_req(IOVA, 3 * PAGE, PAGE, bits);
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL);
	/* bits that cannot be written; where nothing is mapped none are */
	req = dirty_req(IOVA, 4 * PAGE, PAGE, bits);
	req.bits = (void *)PAGE;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EFAULT);
	assert_int_equal(dirty_unmap(&fx, DIRTY_TYPE1, &req, &bytes), -EFAULT);
	assert_int_equal(bytes, 0);
	req.iova = IOVA + 4 * PAGE;
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), 0);
	assert_int_equal(dirty_unmap(&fx, DIRTY_TYPE1, &req, &bytes), 0);
	/* 256 MiB of bits and no more: 8 TiB by 4K */
	req.length = TiB(8) + PAGE;
	req.bytes = MiB(512);
	assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), -EINVAL);
	req = dirty_req(IOVA, 12 * PAGE, PAGE, bits);
	assert_int_equal(dirty_unmap(&fx, DIRTY_TYPE1, &req, &bytes), 0);
	assert_int_equal(bytes, 8 * PAGE);
	assert_int_equal(bits[0], 0xf0f);
	assert_int_equal(dirty_word(&fx, DIRTY_TYPE1, IOVA, 12), 0);
	assert_int_equal(dirty_stop(&fx, DIRTY_TYPE1), 0);
	assert_int_equal(dirty_stop(&fx, DIRTY_TYPE1), 0);
	OPS.mem_free(fx.iommu, &a);
	OPS.mem_free(fx.iommu, &b);
	fixture_close(&fx);
}

/* v1 has it not, and /dev/iommu does not know the ioctl. */
static void test_no_container(void **state)
{
	static const struct {
		const char *personality;
		int err;
	} cases[] = {{"personality=type1-v1", -EACCES},
		     {"personality=iommufd", -ENOTTY},
		     {"personality=compat-v2", -ENOTTY},
		     {"personality=compat-v1", -ENOTTY}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture fx;
		struct dirty_at at;
		struct dirty_caps caps;
		struct dirty_read req;
		struct fail why = {0};
		uint64_t bits, bytes;

		fixture_open(&fx, cases[i].personality, 1);
		at = dirty_at(&fx, DIRTY_TYPE1);
		assert_int_equal(OPS.dirty_type1->caps(&at, &caps, &why), -EOPNOTSUPP);
		assert_true(why.text[0]);
		req = dirty_req(IOVA, PAGE, PAGE, &bits);
		assert_int_equal(type1_start(&fx, 0), cases[i].err);
		assert_int_equal(dirty_read(&fx, DIRTY_TYPE1, &req), cases[i].err);
		assert_int_equal(dirty_stop(&fx, DIRTY_TYPE1), cases[i].err);
		assert_int_equal(dirty_unmap(&fx, DIRTY_TYPE1, &req, &bytes), -EINVAL);
		fixture_close(&fx);
	}
}

/* The misbehaviours show in these sources too, where they have what goes wrong. */
static void test_faults(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	struct dirty_read req;
	uint64_t bits[2], bytes;

	fixture_open(&fx, "fault=dirty-no-clear:after=1", 1);
	mem = dirty_map(&fx, IOVA, 4 * PAGE, IOMMU_MEM_ANON);
	assert_int_equal(log_one(&fx, IOVA, 4 * PAGE, PAGE), 0);
	for (unsigned int i = 0; i < 2; i++) {
		dirty_write(&fx, IOVA + PAGE, 1);
		assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA, 4), 2);
		assert_int_equal(dirty_word(&fx, DIRTY_DEVICE, IOVA, 4), i ? 2 : 0);
	}
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);

	fixture_open(&fx, "fault=dirty-straddle", 1);
	mem = dirty_map(&fx, IOVA, 66 * PAGE, IOMMU_MEM_ANON);
	assert_int_equal(log_one(&fx, IOVA, 66 * PAGE, PAGE), 0);
	dirty_write(&fx, IOVA + 63 * PAGE, 2 * PAGE);
	dirty_take(&fx, DIRTY_DEVICE, IOVA, 66 * PAGE, bits);
	assert_true(bits[0] == UINT64_C(1) << 63 && bits[1] == 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);

	fixture_open(&fx, "fault=dirty-lost-unmap", 1);
	mem = dirty_map(&fx, IOVA, 4 * PAGE, IOMMU_MEM_ANON);
	assert_int_equal(type1_start(&fx, 0), 0);
	assert_int_equal(dirty_word(&fx, DIRTY_TYPE1, IOVA, 4), 0xf);
	req = dirty_req(IOVA, 4 * PAGE, PAGE, bits);
	assert_int_equal(dirty_unmap(&fx, DIRTY_TYPE1, &req, &bytes), 0);
	assert_int_equal(bytes, 4 * PAGE);
	assert_int_equal(bits[0], 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),	      cmocka_unit_test(test_page_size),
		cmocka_unit_test(test_report_errors), cmocka_unit_test(test_log),
		cmocka_unit_test(test_formats),	      cmocka_unit_test(test_container),
		cmocka_unit_test(test_no_container),  cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests_name("sim_log", tests, NULL, NULL);
}
