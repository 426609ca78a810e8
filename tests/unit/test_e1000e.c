/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev/e1000e on the model of its device: what all of Intel's controllers must do, its descriptors that lie, and its ids. */
#define NIC_NAME "e1000e"
#define NIC_OPS dev_e1000e_ops
#define NIC_ALIGN 1u

#include "nic_body.h"

/* Two packets of 2048 and 3000 bytes: three descriptors each. Length in bits 15:0, status from 32, errors from 40 on. */
static const struct nic_lie nic_lies[8] = {
	{"the last is too long", 1, 0x1000},
	{"the last is too short", 1, 1},
	{"the first header is short", 6, 64},
	{"a packet ends early", 5, UINT64_C(2) << 32},
	{"a packet does not end", 4, UINT64_C(2) << 32},
	{"one in the middle is not done", 3, UINT64_C(1) << 32},
	{"the last is not done", 1, UINT64_C(1) << 32},
	{"an error of the data", 1, UINT64_C(0x80) << 40},
};

/* A relative takes what it needs of its own: GCR's bit 22 is the 82574's alone. */
static void test_relative(void **state)
{
	nic_relative = 0x105e;
	nic_start("");
	assert_int_equal(nic_model_get(r.rig.model, 0x5b00), 0);
	nic_works();
	/* what the drivers of both ports share is given back */
	assert_int_equal(nic_model_get(r.rig.model, 0x5b50), 0);
	assert_int_equal(dev_stop(r.rig.dev), 0);
	rig_close(&r.rig);
	nic_relative = 0;
	nic_start("");
	assert_int_equal(nic_model_get(r.rig.model, 0x5b00), 0x00400000);
	rig_close(&r.rig);
}

static void test_ids(void **state)
{
	static const uint16_t ours[] = {0x10d3, 0x10f6, 0x105e, 0x10a4, 0x10bc, 0x10d5, 0x107d, 0x10b9};
	/* 82573L, 82583V, ICH8, I219, 82540EM, 82576 */
	static const uint16_t others[] = {0x109a, 0x150c, 0x104a, 0x156f, 0x100e, 0x10c9};
	struct iommu_device_id id = {.vendor = 0x8086};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		id.device = ours[i];
		assert_string_equal(dev_match_name(&id), "e1000e");
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		id.device = others[i];
		assert_false(dev_e1000e_ops.match(&id));
	}
	id = (struct iommu_device_id){.vendor = 0x1af4, .device = 0x10d3};
	assert_null(dev_match_name(&id));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {NIC_TESTS, cmocka_unit_test(test_relative),
						  cmocka_unit_test(test_ids)};

	return cmocka_run_group_tests_name("e1000e", tests, NULL, NULL);
}
