/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's sources of dirty bits, on kernels that are faked: what they can do, what is asked, what the errors mean. */
#include "unit.h"

#include <stdio.h>

#include "fake_vfio.h"
#include "host/host.h"
#include "iommu/ledger.h"

#define AT UINT64_C(0x2000000)
#define SIZE UINT64_C(0x10000)

static char memory[4 * SIZE] __attribute__((aligned(4096)));
static uint64_t bits[64];
static struct host host;
static struct fail why;
static struct dirty_caps caps;

static int fresh(void **state)
{
	(void)state;
	fake = (struct fake_iommufd){.invalidated = 1, .hw_caps = IC_IOMMUFD_HW_CAP_DIRTY_TRACKING};
	fake_vfio = (struct fake_vfio){.log_page = 8192};
	fake.other = fake_vfio_ioctl;
	memset(bits, 0, sizeof(bits));
	return 0;
}

static void says(const char *part)
{
	if (!strstr(why.text, part) && !strstr(why.hint, part))
		fail_msg("\"%s\" (%s) lacks \"%s\"", why.text, why.hint, part);
}

/* What came of a verb: its errno and the words. */
static void failed(int got, int want, const char *words)
{
	assert_int_equal(got, want);
	assert_int_equal(why.err, -want);
	says(words);
	why = (struct fail){0};
}

static struct dirty_at open_mock(const char *spec, bool attached)
{
	struct iommu_params params = {.spec = spec, .host = &host};
	struct dirty_at at = {.source = DIRTY_IOMMU};

	assert_int_equal(iommu_open(&at.iommu, &params, &why), 0);
	if (attached)
		assert_int_equal(iommu_attach(at.iommu, "mock", &at.idev, &why), 0);
	return at;
}

/* With a table that is made for tracking. */
static struct dirty_at open_tracked(void)
{
	struct dirty_at at = open_mock("mock", true);
	struct iommu_hwpt_req req = {.idev = at.idev, .parent = iommu_space_id(at.iommu), .dirty = true};

	assert_int_equal(iommu_hwpt_new(at.iommu, &req, &at.table, &why), 0);
	return at;
}

static void map_at(struct iommu *iommu, iova_t iova, uint64_t size)
{
	struct iommu_map_req req = {.va = memory, .size = size, .iova = iova, .prot = IOMMU_PROT_RW};

	assert_int_equal(iommu_map(iommu, &req, &why), 0);
}

static struct dirty_read whole(void)
{
	return (struct dirty_read){.iova = AT, .length = SIZE, .page_size = 4096, .bits = bits, .bytes = sizeof(bits)};
}

static int read_with(const struct dirty_at *at, struct dirty_read req)
{
	return iommu_dirty_read(at, &req, &why);
}

static int start(const struct dirty_at *at, uint32_t flags)
{
	struct dirty_start req = {.flags = flags};

	return iommu_dirty_start(at, &req, &why);
}

static void test_iommu_caps(void **state)
{
	struct dirty_at at = open_mock("mock", true), none;

	(void)state;
	assert_int_equal(iommu_dirty_caps(&at, &caps, &why), 0);
	/* the aperture is 0x1000000-0x7fffffff, and 1 GiB from 0x40000000 on is in it */
	assert_int_equal(caps.page_sizes, 0x7ffff800);
	assert_true(caps.can_keep && caps.needs_table && caps.marks);
	assert_false(caps.unmaps || caps.over_reports || caps.allows_holes || caps.ranges);
	/* any device of the context will do */
	at.idev = NULL;
	assert_int_equal(iommu_dirty_caps(&at, &caps, &why), 0);
	fake.no_hw_info = true;
	failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "does not tell what the IOMMU of mock can do");
	assert_int_equal(caps.page_sizes, 0);
	iommu_close(at.iommu);
	none = open_mock("mock", false);
	failed(iommu_dirty_caps(&none, &caps, &why), -EOPNOTSUPP, "no device is attached");
	none.source = DIRTY_TYPE1;
	failed(iommu_dirty_caps(&none, &caps, &why), -EOPNOTSUPP, "backend mock has no dirty source type1");
	none.source = DIRTY_DEVICE;
	failed(iommu_dirty_caps(&none, &caps, &why), -EOPNOTSUPP, "backend mock has no dirty source device");
	iommu_close(none.iommu);
	fresh(NULL);
	fake.hw_caps = 0;
	at = open_mock("mock,no-dirty", true);
	failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "made without dirty tracking");
	iommu_close(at.iommu);
}

/* Without large pages the smallest is the processor's: what can be mapped and what a bit may stand for follow at once. */
static void test_huge_pages(void **state)
{
	struct dirty_at at = open_mock("mock", true);

	(void)state;
	assert_int_equal(iommu_caps(at.iommu)->page_sizes, 2048);
	assert_int_equal(iommu_option_set(at.iommu, IOMMU_OPTION_HUGE_PAGES, 0, &why), 0);
	assert_int_equal(iommu_caps(at.iommu)->page_sizes, 4096);
	assert_int_equal(iommu_dirty_caps(&at, &caps, &why), 0);
	assert_int_equal(caps.page_sizes, 0x7ffff000);
	assert_int_equal(iommu_option_set(at.iommu, IOMMU_OPTION_HUGE_PAGES, 1, &why), 0);
	assert_int_equal(iommu_caps(at.iommu)->page_sizes, 2048);
	iommu_close(at.iommu);
}

static void lacks(const struct dirty_at *at, uint32_t type, const void *regs, uint32_t len, const char *words)
{
	fake.hw_type = type;
	fake.hw_len = len;
	memcpy(fake.hw_data, regs, len);
	failed(iommu_dirty_caps(at, &caps, &why), -EOPNOTSUPP, words);
}

/* Which bit is missing, in each vendor's registers; and where none is, that it is the kernel. */
static void test_iommu_missing(void **state)
{
	struct dirty_at at = open_mock("mock", true);
	struct ic_iommufd_hw_info_vtd vtd = {.cap_reg = UINT64_C(0xd2008c40660462), .ecap_reg = UINT64_C(0xf050da)};
	struct ic_iommufd_hw_info_amd amd = {.efr = UINT64_C(0x25bf732fa2295afe)};
	struct ic_iommufd_hw_info_arm_smmuv3 smmu = {.idr = {1u << 6 | 1u << 4}};

	(void)state;
	fake.hw_caps = 0;
	lacks(&at, IC_IOMMUFD_HW_INFO_TYPE_INTEL_VTD, &vtd, sizeof(vtd), "SSADS (bit 45)");
	vtd.ecap_reg |= 1ull << 43 | 1ull << 45;
	lacks(&at, IC_IOMMUFD_HW_INFO_TYPE_INTEL_VTD, &vtd, sizeof(vtd), "(SMPWCS (bit 48) is clear)");
	vtd.ecap_reg |= 1ull << 48;
	lacks(&at, IC_IOMMUFD_HW_INFO_TYPE_INTEL_VTD, &vtd, sizeof(vtd), "by its registers: possible");
	amd.efr &= ~(1ull << 52);
	lacks(&at, IC_IOMMUFD_HW_INFO_TYPE_AMD, &amd, sizeof(amd), "HDSup (bit 52)");
	lacks(&at, IC_IOMMUFD_HW_INFO_TYPE_ARM_SMMUV3, &smmu, sizeof(smmu), "HTTU (bits 7:6) is 1");
	smmu.idr[0] = 2u << 6;
	lacks(&at, IC_IOMMUFD_HW_INFO_TYPE_ARM_SMMUV3, &smmu, sizeof(smmu), "COHACC (bit 4) is clear");
	lacks(&at, IC_MOCK_HW_INFO_TYPE, "", 0, "says the kernel");
	fake.hw_caps = IC_IOMMUFD_HW_CAP_DIRTY_TRACKING;
	assert_int_equal(iommu_dirty_caps(&at, &caps, &why), 0);
	iommu_close(at.iommu);
}

/* What the kernel is asked, to the bit. */
static void test_iommu_asks(void **state)
{
	struct dirty_at at = open_tracked();
	struct dirty_read req = whole();

	(void)state;
	map_at(at.iommu, AT, SIZE);
	assert_int_equal(start(&at, 0), 0);
	assert_true(fake.tracked && fake.dirty_set.hwpt_id == at.table && fake.dirty_set.flags == 1);
	req.bits = (char *)bits + 1;
	assert_int_equal(read_with(&at, req), 0);
	assert_int_equal(fake.dirty_get.flags, 0);
	assert_true(fake.dirty_get.hwpt_id == at.table && fake.dirty_get.iova == AT && fake.dirty_get.length == SIZE);
	assert_true(fake.dirty_get.page_size == 4096 && fake.dirty_get.data == (uintptr_t)bits + 1);
	assert_int_equal(bits[0], 0x100);
	req.keep = true;
	assert_int_equal(read_with(&at, req), 0);
	assert_int_equal(fake.dirty_get.flags, IC_IOMMUFD_HWPT_GET_DIRTY_BITMAP_NO_CLEAR);
	/* the kernel is not told how much room there is, so it is not asked */
	fake.dirty_reads = 0;
	req.bytes = 2;
	assert_int_equal(read_with(&at, req), 0);
	req.bytes = 1;
	failed(read_with(&at, req), -ENOBUFS, "the bitmap has 0x1 bytes, and 0x8 are needed");
	req.page_size = 2048;
	req.bytes = 3;
	assert_int_equal(read_with(&at, req), -ENOBUFS);
	assert_int_equal(fake.dirty_reads, 1);
	assert_int_equal(iommu_dirty_stop(&at, &why), 0);
	assert_true(!fake.tracked && fake.dirty_set.flags == 0);
	iommu_close(at.iommu);
}

static void test_iommu_words(void **state)
{
	struct dirty_at at = open_tracked(), other = at;
	struct dirty_read req = whole();

	(void)state;
	map_at(at.iommu, AT, SIZE);
	other.table = 3;
	fake.ioas_of[3] = 1;
	failed(start(&other, 0), -EOPNOTSUPP, "page table 3 was not made for dirty tracking");
	failed(read_with(&other, req), -EOPNOTSUPP, "page table 3 was not made for dirty tracking");
	failed(iommu_dirty_stop(&other, &why), -EOPNOTSUPP, "page table 3 was not made for dirty tracking");
	other.table = 60;
	failed(start(&other, 0), -ENOENT, "60 is no page table");
	failed(start(&at, 0x80), -EOPNOTSUPP, "flags 0x80 are not known");
	req.flags = 0x40;
	failed(read_with(&at, req), -EOPNOTSUPP, "flags 0x40 are not known");
	req = whole();
	req.length = 0;
	failed(read_with(&at, req), -EINVAL, "at least one page");
	req = whole();
	req.iova = UINT64_MAX - 0xfff;
	failed(read_with(&at, req), -EOVERFLOW, "past 2^64");
	req = whole();
	req.page_size = 0;
	failed(read_with(&at, req), -EINVAL, "a page size of 0x0 is not a power of two from 0x800 on");
	req = whole();
	req.iova += 0x800;
	failed(read_with(&at, req), -EINVAL, "multiples of the page size, 0x1000");
	req = whole();
	req.length += SIZE;
	failed(read_with(&at, req), -EINVAL, "nothing is mapped at 0x2010000");
	req = whole();
	req.bits = NULL;
	failed(read_with(&at, req), -EFAULT, "cannot be written");
	failed(iommu_dirty_unmap(&at, &req, NULL, &why), -EOPNOTSUPP, "read, then unmap");
	iommu_close(at.iommu);
}

static void test_mock_marks(void **state)
{
	struct dirty_at at = open_tracked(), other = at;
	uint64_t marked = 7, mask = 0x8005;

	(void)state;
	map_at(at.iommu, AT, SIZE);
	failed(iommu_dirty_mark(&at, AT, SIZE, 4096, &mask, &marked, &why), -EINVAL, "while tracking is on");
	assert_int_equal(marked, 0);
	assert_int_equal(start(&at, 0), 0);
	assert_int_equal(iommu_dirty_mark(&at, AT, SIZE, 4096, &mask, &marked, &why), 0);
	assert_int_equal(marked, 3);
	assert_true(fake.dirty_mark.id == at.table && fake.dirty_mark.dirty.page_size == 4096);
	assert_int_equal(fake.dirty_mark.dirty.flags, 0);
	failed(iommu_dirty_mark(&at, AT + 1, SIZE, 4096, &mask, NULL, &why), -EINVAL, "multiples of the page size");
	failed(iommu_dirty_mark(&at, 0, 1ull << 40, 4096, &mask, NULL, &why), -EOVERFLOW, "at most 134217728 pages");
	other.table = 60;
	failed(iommu_dirty_mark(&other, AT, SIZE, 4096, &mask, NULL, &why), -ENOENT, "60 is no page table");
	other.source = DIRTY_TYPE1;
	failed(iommu_dirty_mark(&other, AT, SIZE, 4096, &mask, NULL, &why), -EOPNOTSUPP, "have devices that write");
	iommu_close(at.iommu);
}

/* A container with a device, put together by hand. */
static struct vfio container;
static struct vfio_device device;

static struct dirty_at set_up(const struct iommu_ops *ops, enum iommu_personality personality)
{
	container = (struct vfio){
		.iommu = {.ops = ops, .personality = personality, .caps = {.page_sizes = 0x40201000}},
		.container = FAKE_CONTAINER,
		.has_hardware = true,
	};
	container.iommu.caps.nr_ranges = 1;
	container.iommu.caps.ranges[0] = (struct iova_range){0, (1ull << 39) - 1};
	assert_int_equal(ledger_new(&container.iommu.ledger), 0);
	device = (struct vfio_device){
		.idev = {.iommu = &container.iommu, .ops = &vfio_idev_ops, .id.name = "0000:00:04.0"},
		.fd = FAKE_DEVICE,
	};
	return (struct dirty_at){.source = DIRTY_TYPE1, .iommu = &container.iommu, .idev = &device.idev};
}

static void tear_down(const struct dirty_at *at)
{
	ledger_free(at->iommu->ledger);
}

static void test_type1_caps(void **state)
{
	struct dirty_at at = set_up(&iommu_vfio_ops, IOMMU_TYPE1_V2);

	(void)state;
	assert_int_equal(iommu_dirty_caps(&at, &caps, &why), 0);
	assert_int_equal(caps.page_sizes, 4096);
	assert_int_equal(caps.max_bitmap, FAKE_BITMAP_MAX);
	assert_true(caps.unmaps && caps.over_reports && caps.whole_mappings && caps.allows_holes);
	assert_false(caps.can_keep || caps.needs_table || caps.marks || caps.ranges);
	/* with mediated devices alone, what was not pinned is not dirty */
	container.has_hardware = false;
	assert_int_equal(iommu_dirty_caps(&at, &caps, &why), 0);
	assert_false(caps.over_reports);
	fake_vfio.no_migration = true;
	failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "no migration capability");
	fake_vfio.no_migration = false;
	container.by_iommufd = true;
	failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "/dev/iommu serves the container without");
	tear_down(&at);
	at = set_up(&iommu_vfio_v1_ops, IOMMU_TYPE1_V1);
	failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "type1 v1 has no dirty tracking");
	fake_vfio.is_v1 = true;
	failed(start(&at, 0), -EACCES, "type1 v1 has no dirty tracking");
	at.source = DIRTY_IOMMU;
	failed(start(&at, 0), -EOPNOTSUPP, "backend vfio-v1 has no dirty source iommu");
	tear_down(&at);
}

static void test_type1_asks(void **state)
{
	struct dirty_at at = set_up(&iommu_vfio_ops, IOMMU_TYPE1_V2);
	struct dirty_read req = whole();
	uint64_t n = 7;

	(void)state;
	map_at(at.iommu, AT, SIZE);
	assert_int_equal(start(&at, 0), 0);
	assert_true(fake_vfio.on);
	assert_int_equal(read_with(&at, req), 0);
	assert_int_equal(bits[0], 0xffff);
	/* whole words, of the range and not of the memory there is */
	assert_int_equal(fake_vfio.last_size, 8);
	req.length = 65 * 4096;
	assert_int_equal(read_with(&at, req), 0);
	assert_int_equal(fake_vfio.last_size, 16);
	req.bytes = 12;
	failed(read_with(&at, req), -EINVAL, "the bitmap has 0xc bytes, and 0x10 are needed");
	assert_int_equal(fake_vfio.last_size, 12);
	memset(bits, 0, sizeof(bits));
	req = whole();
	req.bits = (char *)bits + 1;
	assert_int_equal(iommu_dirty_unmap(&at, &req, &n, &why), 0);
	assert_int_equal(n, SIZE);
	assert_int_equal(bits[0], 0xffff00);
	assert_int_equal(fake_vfio.last_flags, IC_VFIO_UNMAP_DIRTY);
	assert_int_equal(fake_vfio.nr, 0);
	assert_int_equal(ledger_count(at.iommu->ledger), 0);
	assert_int_equal(iommu_dirty_stop(&at, &why), 0);
	assert_false(fake_vfio.on);
	tear_down(&at);
}

static void test_type1_words(void **state)
{
	struct dirty_at at = set_up(&iommu_vfio_ops, IOMMU_TYPE1_V2);
	struct dirty_read req = whole();
	uint64_t n = 7;

	(void)state;
	map_at(at.iommu, AT, SIZE);
	failed(read_with(&at, req), -EINVAL, "tracking by type1 may not have been started");
	failed(iommu_dirty_unmap(&at, &req, &n, &why), -EINVAL, "tracking by type1 may not have been started");
	assert_int_equal(n, 0);
	assert_int_equal(ledger_count(at.iommu->ledger), 1);
	assert_int_equal(start(&at, 0), 0);
	failed(start(&at, 0x10), -EINVAL, "flags 0x10 are not known");
	req.page_size = 8192;
	failed(read_with(&at, req), -EINVAL, "in pages of 0x1000 only, not 0x2000");
	req = whole();
	req.length -= 4096;
	failed(read_with(&at, req), -EINVAL, "cuts the mapping 0x2000000-0x200ffff");
	failed(iommu_dirty_unmap(&at, &req, &n, &why), -EINVAL, "cuts the mapping 0x2000000-0x200ffff");
	req.iova += 4096;
	failed(read_with(&at, req), -EINVAL, "cuts the mapping 0x2000000-0x200ffff");
	req.iova += 1;
	failed(read_with(&at, req), -EINVAL, "multiples of the page size, 0x1000");
	req = whole();
	req.iova = 0;
	req.length = 1ull << 44;
	req.bytes = 1ull << 30;
	failed(read_with(&at, req), -EINVAL, "bitmaps of at most 0x10000000 bytes: read at most 0x80000000000");
	req = whole();
	req.bits = NULL;
	failed(read_with(&at, req), -EFAULT, "cannot be written");
	req = whole();
	req.flags = 0x80;
	failed(read_with(&at, req), -EINVAL, "flags 0x80 are not known");
	req = whole();
	req.keep = true;
	failed(read_with(&at, req), -EOPNOTSUPP, "clears the bits that it tells");
	fake_vfio.no_ioctl = true;
	failed(iommu_dirty_stop(&at, &why), -ENOTTY, "/dev/iommu or a kernel before 5.8");
	tear_down(&at);
}

/* Where the bitmap cannot be written half way, the mappings before that are gone, and the ledger knows. */
static void test_type1_half(void **state)
{
	struct dirty_at at = set_up(&iommu_vfio_ops, IOMMU_TYPE1_V2);
	struct dirty_read req = whole();
	struct ledger_entry e;

	(void)state;
	map_at(at.iommu, AT, SIZE);
	map_at(at.iommu, AT + 2 * SIZE, 4096);
	map_at(at.iommu, AT + 4 * SIZE, SIZE);
	assert_int_equal(start(&at, 0), 0);
	req.length = 5 * SIZE;
	fake_vfio.unwritable = 64;
	failed(iommu_dirty_unmap(&at, &req, NULL, &why), -EFAULT, "cannot be written");
	assert_int_equal(fake_vfio.nr, 1);
	assert_int_equal(ledger_count(at.iommu->ledger), 1);
	assert_true(ledger_find(at.iommu->ledger, (struct iova_range){0, UINT64_MAX}, &e));
	assert_int_equal(e.range.start, AT + 4 * SIZE);
	/* and of what is refused as a whole nothing is gone */
	req.page_size = 2048;
	assert_int_equal(iommu_dirty_unmap(&at, &req, NULL, &why), -EINVAL);
	assert_int_equal(ledger_count(at.iommu->ledger), 1);
	tear_down(&at);
}

static void test_device_caps(void **state)
{
	struct dirty_at at = set_up(&iommu_vfio_ops, IOMMU_TYPE1_V2);

	(void)state;
	at.source = DIRTY_DEVICE;
	failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "the driver of 0000:00:04.0 has no DMA log");
	fake_vfio.has_log = true;
	assert_int_equal(iommu_dirty_caps(&at, &caps, &why), 0);
	assert_int_equal(caps.page_sizes, 0xfffffff000); /* up to all of the aperture */
	assert_int_equal(caps.ranges, 256);
	assert_true(caps.allows_holes);
	assert_false(caps.can_keep || caps.unmaps || caps.over_reports || caps.needs_table);
	/* each of the three is needed */
	for (unsigned int n = 6; n <= 8; n++) {
		fake_vfio.fail_probe = n;
		fake_vfio.probe_err = -EINVAL;
		failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "has no DMA log");
	}
	fake_vfio.probe_err = -EIO;
	failed(iommu_dirty_caps(&at, &caps, &why), -EOPNOTSUPP, "does not tell whether it has a DMA log");
	tear_down(&at);
}

static void test_device_asks(void **state)
{
	struct dirty_at at = set_up(&iommu_vfio_ops, IOMMU_TYPE1_V2);
	const struct iova_range ranges[] = {{AT, AT + SIZE - 1}, {AT + 4 * SIZE, AT + 5 * SIZE - 1}};
	struct dirty_start req = {.ranges = ranges, .nr = 2, .page_size = 4096};
	struct dirty_read read = whole();

	(void)state;
	at.source = DIRTY_DEVICE;
	fake_vfio.has_log = true;
	assert_int_equal(iommu_dirty_start(&at, &req, &why), 0);
	assert_int_equal(req.page_size, 8192);
	assert_true(fake_vfio.start.num_ranges == 2 && fake_vfio.start.page_size == 4096);
	assert_true(fake_vfio.ranges[1].iova == AT + 4 * SIZE && fake_vfio.ranges[1].length == SIZE);
	assert_int_equal(fake_vfio.last_flags, IC_VFIO_FEATURE_SET | 6);
	assert_int_equal(read_with(&at, read), 0);
	assert_int_equal(bits[0], 1);
	assert_true(fake_vfio.report.iova == AT && fake_vfio.report.length == SIZE);
	assert_int_equal(fake_vfio.last_flags, IC_VFIO_FEATURE_GET | 8);
	assert_int_equal(iommu_dirty_stop(&at, &why), 0);
	assert_false(fake_vfio.logging);
	read.bytes = 1;
	assert_int_equal(read_with(&at, read), -ENOBUFS);
	tear_down(&at);
}

static void start_fails(const struct dirty_at *at, const struct iova_range *ranges, unsigned int nr, int err,
			const char *words)
{
	struct dirty_start req = {.ranges = ranges, .nr = nr, .page_size = 4096};

	failed(iommu_dirty_start(at, &req, &why), err, words);
}

static void test_device_words(void **state)
{
	struct dirty_at at = set_up(&iommu_vfio_ops, IOMMU_TYPE1_V2);
	static const struct iova_range odd[] = {{AT, AT + 0x7ff}}, twice[] = {{AT, AT + 0x1fff}, {AT, AT + 0xfff}},
				       one[] = {{AT, AT + 0xfff}};
	static struct iova_range many[257];
	struct dirty_read read = whole();

	(void)state;
	at.source = DIRTY_DEVICE;
	start_fails(&at, one, 1, -ENOTTY, "the driver of 0000:00:04.0 has no DMA log");
	fake_vfio.has_log = true;
	for (unsigned int i = 0; i < 257; i++)
		many[i] = (struct iova_range){AT + i * SIZE, AT + i * SIZE + 0xfff};
	start_fails(&at, NULL, 0, -EINVAL, "which ranges to log");
	start_fails(&at, many, 257, -E2BIG, "at most 256 ranges, not 257");
	start_fails(&at, odd, 1, -EINVAL, "0x2000000-0x20007ff does not begin and end at multiples");
	start_fails(&at, twice, 2, -EINVAL, "overlap");
	failed(read_with(&at, read), -EINVAL, "tracking by device may not have been started");
	assert_int_equal(iommu_dirty_start(&at, &(struct dirty_start){.ranges = one, .nr = 1, .page_size = 4096}, &why),
			 0);
	start_fails(&at, one, 1, -EINVAL, "may be logging already");
	read.page_size = 2048;
	failed(read_with(&at, read), -EINVAL, "not a power of two from 0x1000 on");
	read = whole();
	read.keep = true;
	failed(read_with(&at, read), -EOPNOTSUPP, "clears the bits that it tells");
	failed(iommu_dirty_unmap(&at, &read, NULL, &why), -EOPNOTSUPP, "read, then unmap");
	tear_down(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_iommu_caps, fresh),	  cmocka_unit_test_setup(test_iommu_missing, fresh),
		cmocka_unit_test_setup(test_huge_pages, fresh),	  cmocka_unit_test_setup(test_iommu_asks, fresh),
		cmocka_unit_test_setup(test_iommu_words, fresh),  cmocka_unit_test_setup(test_mock_marks, fresh),
		cmocka_unit_test_setup(test_type1_caps, fresh),	  cmocka_unit_test_setup(test_type1_asks, fresh),
		cmocka_unit_test_setup(test_type1_words, fresh),  cmocka_unit_test_setup(test_type1_half, fresh),
		cmocka_unit_test_setup(test_device_caps, fresh),  cmocka_unit_test_setup(test_device_asks, fresh),
		cmocka_unit_test_setup(test_device_words, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
