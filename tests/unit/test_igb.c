/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dev/igb on the model of its device: what all of Intel's controllers must do, its descriptors that lie, its addresses and ids. */
#define NIC_NAME "igb"
#define NIC_OPS dev_igb_ops
#define NIC_ALIGN 2u

#include "nic_body.h"

/* Two packets of 2048 and 3000 bytes: three descriptors each. Status from bit 0, errors from 20, length from 32 on. */
static const struct nic_lie nic_lies[8] = {
	{"the last is too long", 1, UINT64_C(0x1000) << 32},
	{"the last is too short", 1, UINT64_C(1) << 32},
	{"the first header is short", 6, UINT64_C(64) << 32},
	{"a packet ends early", 5, 2},
	{"a packet does not end", 4, 2},
	{"one in the middle is not done", 3, 1},
	{"the last is not done", 1, 1},
	{"an error of the data", 1, UINT64_C(0x80000000)},
};

static void test_odd(void **state)
{
	struct dev_req req = {DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST + 1, 64, 99};

	nic_start("");
	assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 100), -EINVAL);
	assert_int_equal(r.kicks, 0);
	rig_close(&r.rig);
}

/* Firmware has the PHY, and does not give it. */
static void test_phy_claimed(void **state)
{
	nic_open("");
	r.claimed = 0x00020000;
	assert_int_equal(dev_start(r.rig.dev, &r.rig.fail), -EBUSY);
	assert_string_equal(r.rig.fail.text, "igb's PHY is held by its firmware");
	assert_int_equal(r.rig.rings - r.rig.freed, 0);
	r.claimed = 0x00040000; /* another port's */
	assert_int_equal(dev_start(r.rig.dev, &r.rig.fail), 0);
	nic_works();
	rig_close(&r.rig);
}

/* A relative takes what it needs of its own: the I210 has its loss of signal inverted. */
static void test_relative(void **state)
{
	nic_relative = 0x1533;
	nic_start("");
	assert_int_equal(nic_model_get(r.rig.model, 0) & 0x80, 0x80);
	nic_works();
	/* what the drivers of all ports share is given back */
	assert_int_equal(nic_model_get(r.rig.model, 0x5b50), 0);
	assert_int_equal(nic_model_get(r.rig.model, 0x5b5c), 0);
	assert_int_equal(dev_stop(r.rig.dev), 0);
	rig_close(&r.rig);
	nic_relative = 0;
	nic_start("");
	assert_int_equal(nic_model_get(r.rig.model, 0) & 0x80, 0);
	rig_close(&r.rig);
}

static void test_ids(void **state)
{
	static const uint16_t ours[] = {0x10c9, 0x10e8, 0x1526, 0x150a, 0x1533, 0x157b, 0x1539};
	/* 82576 with fiber, 82575, 82580, I350, 82576's virtual function, 82574 */
	static const uint16_t others[] = {0x10e6, 0x10a7, 0x150e, 0x1521, 0x10ca, 0x10d3};
	struct iommu_device_id id = {.vendor = 0x8086};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		id.device = ours[i];
		assert_string_equal(dev_match_name(&id), "igb");
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		id.device = others[i];
		assert_false(dev_igb_ops.match(&id));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NIC_TESTS,
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_phy_claimed),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests_name("igb", tests, NULL, NULL);
}
