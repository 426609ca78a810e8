/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/objects: what is known of them, the ledger of copies, the order of the end; and the words of their data. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "iommu/iommufd_abi.h"
#include "iommu/ledger.h"
#include "iommu/objects.h"
#include "iommu/pt_data.h"

static struct iommu *open_sim(struct iommu_device **idev)
{
	struct iommu_params params = {.spec = "sim,personality=iommufd"};
	struct iommu *iommu = NULL;
	struct fail f = {0};

	assert_int_equal(iommu_open(&iommu, &params, &f), 0);
	assert_int_equal(iommu_attach(iommu, "sim", idev, &f), 0);
	return iommu;
}

static unsigned int count(struct iommu *iommu, enum iommu_object_kind kind)
{
	struct iommu_object o;
	unsigned int n = 0;

	for (unsigned int i = 0; iommu_object_get(iommu, i, &o); i++)
		n += o.kind == kind;
	return n;
}

static uint32_t parent_of_device(struct iommu *iommu)
{
	struct iommu_object o;

	for (unsigned int i = 0; iommu_object_get(iommu, i, &o); i++)
		if (o.kind == IOMMU_OBJECT_DEVICE)
			return o.parent;
	fail_msg("no device");
	return 0;
}

static void test_known(void **state)
{
	struct iommu *iommu, *space = NULL;
	struct iommu_device *idev;
	struct fail f = {0};
	uint32_t id;

	iommu = open_sim(&idev);
	assert_int_equal(count(iommu, IOMMU_OBJECT_IOAS), 1);
	assert_int_equal(parent_of_device(iommu), iommu_space_id(iommu));
	assert_int_equal(iommu_space_new(iommu, &space, &f), 0);
	id = iommu_space_id(space);
	assert_true(id != iommu_space_id(iommu));
	assert_int_equal(count(iommu, IOMMU_OBJECT_IOAS), 2);
	assert_int_equal(iommu_device_attach(idev, id, IOMMU_NO_PASID, &f), 0);
	assert_int_equal(parent_of_device(iommu), id);
	assert_int_equal(iommu_object_destroy(iommu, id, &f), -EBUSY);
	assert_non_null(strstr(f.hint, "maps"));
	assert_int_equal(iommu_device_detach(idev, IOMMU_NO_PASID, &f), 0);
	assert_int_equal(parent_of_device(iommu), 0);
	assert_int_equal(iommu_object_destroy(iommu, id, &f), 0);
	assert_int_equal(count(iommu, IOMMU_OBJECT_IOAS), 1);
	assert_int_equal(iommu_object_destroy(iommu, id, &f), -ENOENT);
	assert_int_equal(iommu_device_attach(idev, id, IOMMU_NO_PASID, &f), -ENOENT);
	assert_non_null(strstr(f.text, "cannot attach device sim"));
	iommu_close(iommu);
}

static void test_copies(void **state)
{
	struct iommu_copy_req req = {.size = 0x2000, .prot = IOMMU_PROT_RW};
	struct iommu_device *idev;
	struct iommu *iommu = open_sim(&idev), *space;
	struct iommu_map_req map = {.prot = IOMMU_PROT_RW, .tag = "a", .named = true};
	struct ledger_entry e;
	struct iommu_mem mem;
	struct fail f = {0};
	uint64_t bytes;

	assert_int_equal(iommu_space_new(iommu, &space, &f), 0);
	assert_int_equal(iommu_mem_alloc(iommu, 0x4000, IOMMU_MEM_ANON, &mem, &f), 0);
	/* two mappings side by side */
	for (unsigned int i = 0; i < 2; i++) {
		map.va = (char *)mem.va + i * 0x2000;
		map.size = 0x2000;
		map.iova = 0x10000 + i * 0x2000;
		assert_int_equal(iommu_map(iommu, &map, &f), 0);
	}
	req.src = iommu;
	req.src_iova = 0x11000;
	req.iova = 0x50000;
	assert_int_equal(iommu_space_copy(space, &req, &f), 0);
	/* half of each: a mapping of its own for either */
	assert_int_equal(ledger_count(iommu_ledger(space)), 2);
	assert_true(ledger_find(iommu_ledger(space), (struct iova_range){0x51000, 0x51000}, &e));
	assert_int_equal(e.range.start, 0x51000);
	assert_ptr_equal(e.va, (char *)mem.va + 0x2000);
	assert_string_equal(e.tag, "a");
	assert_int_equal(iommu_unmap(space, 0x50000, 0x1000, &bytes, &f), 0);
	assert_int_equal(bytes, 0x1000);
	assert_int_equal(ledger_count(iommu_ledger(space)), 1);
	/* refused: nothing is noted down */
	req.src_iova = 0x13000;
	assert_int_equal(iommu_space_copy(space, &req, &f), -ENOENT);
	assert_int_equal(ledger_count(iommu_ledger(space)), 1);
	assert_int_equal(ledger_count(iommu_ledger(iommu)), 2);
	iommu_mem_free(iommu, &mem);
	/* the space that was left open goes with its context */
	iommu_close(iommu);
}

static void test_unsupported(void **state)
{
	struct iommu_params params = {.spec = "sim"};
	struct iommu *iommu = NULL, *space;
	struct iommu_device *idev;
	struct fail f = {0};
	uint32_t id;

	assert_int_equal(iommu_open(&iommu, &params, &f), 0);
	assert_int_equal(iommu_attach(iommu, "sim", &idev, &f), 0);
	assert_int_equal(iommu_space_new(iommu, &space, &f), -EOPNOTSUPP);
	assert_int_equal(iommu_fault_queue_new(iommu, &id, &f), -EOPNOTSUPP);
	assert_string_equal(f.text, "backend sim has no fault queues");
	/* its one space and its device are known all the same, for trees */
	assert_int_equal(count(iommu, IOMMU_OBJECT_IOAS), 1);
	assert_int_equal(count(iommu, IOMMU_OBJECT_DEVICE), 1);
	iommu_close(iommu);
}

static void test_words(void **state)
{
	struct ic_iommufd_hwpt_vtd_s1 s1;
	struct pt_data d;
	struct fail f = {0};

	assert_int_equal(pt_data_parse(PT_DATA_HWPT, "vtd-s1,pgtbl=0x123000,width=48", &d, &f), 0);
	assert_int_equal(d.type, IC_IOMMUFD_HWPT_DATA_VTD_S1);
	assert_int_equal(d.len, sizeof(s1));
	memcpy(&s1, d.bytes, sizeof(s1));
	assert_int_equal(s1.pgtbl_addr, 0x123000);
	assert_int_equal(s1.addr_width, 48);
	assert_int_equal(s1.flags, 0);
	/* filled anew: nothing of the entry before is left */
	assert_int_equal(pt_data_fill(&d, "flags=1", &f), 0);
	memcpy(&s1, d.bytes, sizeof(s1));
	assert_int_equal(s1.flags, 1);
	assert_int_equal(s1.pgtbl_addr, 0);
	assert_int_equal(pt_data_parse(PT_DATA_HWPT, "0xdead,raw=00ff10", &d, &f), 0);
	assert_int_equal(d.type, 0xdead);
	assert_int_equal(d.len, 3);
	assert_memory_equal(d.bytes, "\x00\xff\x10", 3);
	static const char *const bad[] = {
		"",	    "foo",	 "vtd-s1,foo=1", "vtd-s1,width=0x100000000", "vtd-s1,width=x", "1,raw=f",
		"1,raw=zz", "1,width=3", "0x100000000"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		f = (struct fail){0};
		assert_int_equal(pt_data_parse(PT_DATA_HWPT, bad[i], &d, &f), -EINVAL);
		assert_true(f.usage);
	}
	/* a type of another use */
	assert_int_equal(pt_data_parse(PT_DATA_INVALIDATE, "amd-guest", &d, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "mock-viommu"));
}

static void test_hw_info(void **state)
{
	struct iommu_hw_info info = {.type = IC_IOMMUFD_HW_INFO_TYPE_AMD, .len = 8};
	const char *name;
	uint64_t value;

	memcpy(info.data, "\x01\x02\0\0\0\0\0\x80", 8);
	assert_string_equal(iommu_hw_info_name(info.type), "amd");
	assert_true(iommu_hw_info_field(&info, 0, &name, &value));
	assert_string_equal(name, "efr");
	assert_true(value == UINT64_C(0x8000000000000201));
	/* a kernel whose struct ends before the second */
	assert_false(iommu_hw_info_field(&info, 1, &name, &value));
	assert_string_equal(iommu_hw_info_name(0x1234), "unknown");
	info.type = 0x1234;
	assert_false(iommu_hw_info_field(&info, 0, &name, &value));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known), cmocka_unit_test(test_copies),  cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_words), cmocka_unit_test(test_hw_info),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
