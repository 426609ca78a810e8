/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the drivers of Intel's gigabit controllers must do, each on its model: shapes and batches, lost packets, descriptors that lie, a PHY
 * and a bus that do not answer. The includer says whose turn it is: NIC_NAME, NIC_OPS, NIC_ALIGN and nic_lies.
 */
#ifndef IC_TESTS_NIC_BODY_H
#define IC_TESTS_NIC_BODY_H

#include "model_rig.h"

#include "base/rng.h"
#include "dev/driver.h"
#include "iommu/model/nic.h"

#define STATUS 0x00008u
#define MDIC 0x00020u
#define RCTL 0x00100u
#define TDT 0x03818u
#define SW_FW_SYNC 0x05b5cu
#define MASTER 0x00080000u
#define GAP 0x77

/* What lies in the ring pages after a kick: the words of the last descriptors that were written back. */
struct nic_lie {
	const char *what;
	unsigned int back; /* of the receive descriptors: 1 is the last */
	uint64_t flip;
};
static const struct nic_lie nic_lies[8];

/* Registers that may lie: all go to the model, and come from there but for what is told here. */
struct nic_rig {
	struct model_rig rig;
	unsigned int kicks;
	const struct nic_lie *lie;
	bool lie_sent;	 /* the last packet is not reported as sent */
	bool lie_header; /* what was received is an earlier kick's */
	bool wedged;	 /* nothing is sent until the function is reset as a whole */
	unsigned int resets;
	uint32_t stuck;	  /* bits of STATUS that are always on */
	bool mute;	  /* the PHY */
	uint32_t claimed; /* bits of SW_FW_SYNC that are always on */
};

static struct nic_rig r;
static uint16_t nic_relative; /* another device's id, for the same model */

static volatile uint64_t *nic_word(unsigned int page, unsigned int tail, unsigned int back)
{
	return (uint64_t *)r.rig.ring[page].va + (tail + 256 - back) % 256 * 2 + 1;
}

static void nic_lie(void)
{
	struct nic_model *nic = r.rig.model->priv;
	unsigned int last = r.rig.rings - 3; /* of the pages, this start's first */

	if (r.lie)
		*nic_word(last + 1, nic->regs[0x2818 / 4], r.lie->back) ^= r.lie->flip;
	if (r.lie_sent)
		*nic_word(last, nic->regs[0x3818 / 4], 1) &= ~(UINT64_C(1) << 32);
	if (r.lie_header)
		((uint8_t *)r.rig.ring[last + 2].va)[2048 + 16] ^= 1;
	r.lie = NULL;
	r.lie_sent = r.lie_header = false;
}

static uint64_t nic_fake_read(void *ctx, uint64_t offset, unsigned int width)
{
	uint64_t value;

	assert_int_equal(width, 4);
	assert_int_equal(idev_bar_read(r.rig.idev, 0, offset, width, &value), 0);
	if (offset == STATUS)
		value |= r.stuck;
	if (offset == SW_FW_SYNC)
		value |= r.claimed;
	return offset == MDIC && r.mute ? 0 : value;
}

static void nic_fake_write(void *ctx, uint64_t offset, unsigned int width, uint64_t value)
{
	bool kick = offset == TDT && value != 0;

	assert_int_equal(width, 4);
	if (offset == TDT && r.wedged)
		return;
	r.kicks += kick;
	assert_int_equal(idev_bar_write(r.rig.idev, 0, offset, width, value), 0);
	if (kick)
		nic_lie();
}

static int nic_fake_reset(struct iommu_device *idev)
{
	r.resets++;
	r.wedged = false;
	nic_model_reset(r.rig.model);
	return 0;
}

/* The model, opened by its driver through the lying registers. */
static void nic_open(const char *options)
{
	static const struct mmio_ops fake_ops = {nic_fake_read, nic_fake_write};
	static const struct mmio fake = {.size = NIC_MODEL_BAR, .ops = &fake_ops};
	static struct idev_ops idev_ops;

	memset(&r, 0, sizeof(r));
	rig_open(&r.rig, NIC_NAME, NULL);
	assert_string_equal(dev_name(r.rig.dev), NIC_NAME);
	dev_close(r.rig.dev);
	idev_ops = *r.rig.idev->ops;
	idev_ops.reset = nic_fake_reset;
	r.rig.idev->ops = &idev_ops;
	if (nic_relative)
		r.rig.idev->id.device = nic_relative;
	assert_int_equal(dev_open_ops(&r.rig.dev, &NIC_OPS, r.rig.idev, options, &fake, &r.rig.env, &r.rig.fail), 0);
}

static void nic_start(const char *options)
{
	nic_open(options);
	assert_int_equal(dev_start(r.rig.dev, &r.rig.fail), 0);
	r.kicks = 0;
}

static unsigned char *nic_memory(uint64_t at)
{
	return (unsigned char *)r.rig.mem.va + at;
}

static void nic_pattern(uint64_t salt)
{
	for (uint64_t i = 0; i < RIG_DST; i++)
		*nic_memory(i) = (unsigned char)((i * 31 + salt) ^ (i >> 8));
	memset(nic_memory(RIG_DST), GAP, RIG_SIZE - RIG_DST);
}

/* One packet of every kind of length, from and to anywhere, and nothing beside it. */
static void test_shapes(void **state)
{
	static const uint64_t edges[] = {1, 2, 59, 60, 63, 64, 1500, 2047, 2048, 2049, 4095, 4096};
	uint8_t gap[64];

	memset(gap, GAP, sizeof(gap));
	nic_start("");
	for (uint64_t i = 0; i < 300; i++) {
		uint64_t len = i < ARRAY_SIZE(edges) ? edges[i] : 1 + rng_below(rng_draw(7, i, 0), 4096);
		uint64_t src = ALIGN_DOWN(rng_below(rng_draw(7, i, 1), RIG_DST - len), NIC_ALIGN);
		uint64_t dst = RIG_DST + 64 + ALIGN_DOWN(rng_below(rng_draw(7, i, 2), RIG_DST - 128 - len), NIC_ALIGN);
		struct dev_req req = {DEV_COPY, RIG_IOVA + src, RIG_IOVA + dst, len, 99};

		nic_pattern(i);
		assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 1000), 0);
		assert_int_equal(req.status, 0);
		assert_memory_equal(nic_memory(dst), nic_memory(src), len);
		assert_memory_equal(nic_memory(dst - sizeof(gap)), gap, sizeof(gap));
		assert_memory_equal(nic_memory(dst + len), gap, sizeof(gap));
	}
	rig_close(&r.rig);
}

static void test_limits(void **state)
{
	struct dev_req reqs[65];

	nic_start("");
	reqs[0] = (struct dev_req){DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, 4097, 0};
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, 1, 100), -ERANGE);
	reqs[0].len = 0;
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, 1, 100), -ERANGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(reqs); i++)
		reqs[i] = (struct dev_req){DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, 64, 0};
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, 65, 100), -ERANGE);
	reqs[0].dir = DEV_WRITE;
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, 1, 100), -EINVAL);
	assert_false(dev_limits(r.rig.dev)->reports_faults);
	assert_int_equal(r.kicks, 0);
	rig_close(&r.rig);
}

/* 64 requests of one length are one kick, and rings of 256 descriptors go round many times. */
static void test_wrap(void **state)
{
	struct dev_req reqs[64];

	nic_start("");
	for (uint64_t round = 0; round < 40; round++) {
		uint64_t len = 2 + 2 * rng_below(rng_draw(9, round, 0), 254);
		unsigned int n = 1 + (unsigned int)rng_below(rng_draw(9, round, 1), 64);

		if (round % 4 == 0)
			n = 64;
		nic_pattern(round);
		for (unsigned int i = 0; i < n; i++)
			reqs[i] = (struct dev_req){DEV_COPY, RIG_IOVA + i * len, RIG_IOVA + RIG_DST + i * 512, len, 99};
		r.kicks = 0;
		assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, n, 1000), 0);
		assert_int_equal(r.kicks, 1);
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(reqs[i].status, 0);
			assert_memory_equal(nic_memory(RIG_DST + i * 512), nic_memory(i * len), len);
			assert_int_equal(*nic_memory(RIG_DST + i * 512 + len),
					 len == 512 && i < n - 1 ? *nic_memory((i + 1) * len) : GAP);
		}
	}
	rig_close(&r.rig);
}

/* Runs of one length are a kick each: a packet never takes the place of a shorter one. */
static void test_lengths(void **state)
{
	static const uint64_t lens[] = {64, 64, 4096, 100, 100, 100, 64};
	struct dev_req reqs[ARRAY_SIZE(lens)];
	int status;

	nic_start("");
	nic_pattern(1);
	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++)
		reqs[i] = (struct dev_req){DEV_COPY, RIG_IOVA + i * 64, RIG_IOVA + RIG_DST + i * 4096, lens[i], 99};
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, ARRAY_SIZE(lens), 1000), 0);
	assert_int_equal(r.kicks, 4);
	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		assert_int_equal(reqs[i].status, 0);
		assert_memory_equal(nic_memory(RIG_DST + i * 4096), nic_memory(i * 64), lens[i]);
	}
	r.kicks = 0;
	assert_int_equal(dev_roundtrip(r.rig.dev, 0, RIG_IOVA + 2, RIG_IOVA + RIG_DST + 6, 30001, &status), 0);
	assert_int_equal(status, 0);
	assert_memory_equal(nic_memory(RIG_DST + 6), nic_memory(2), 30001);
	assert_int_equal(r.kicks, 2);
	rig_close(&r.rig);
}

static void nic_works(void)
{
	struct dev_req req = {DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, 3000, 99};

	nic_pattern(77);
	assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 1000), 0);
	assert_int_equal(req.status, 0);
	assert_memory_equal(nic_memory(RIG_DST), nic_memory(0), 3000);
	assert_int_equal(*nic_memory(RIG_DST + 3000), GAP);
}

/* Reads that memory refuses: the packet is lost, those behind it are out of place, but never out of their places. */
static void test_lost(void **state)
{
	struct dev_req reqs[8];

	nic_start("");
	nic_pattern(3);
	for (unsigned int i = 0; i < ARRAY_SIZE(reqs); i++)
		reqs[i] = (struct dev_req){DEV_COPY, RIG_IOVA + i * 1000, RIG_IOVA + RIG_DST + i * 4096, 1000, 99};
	reqs[3].src = RIG_IOVA + RIG_SIZE + 4096;
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, ARRAY_SIZE(reqs), 1000), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(reqs); i++) {
		assert_int_equal(reqs[i].status, -EIO);
		assert_int_equal(*nic_memory(RIG_DST + i * 4096 + 1000), GAP);
	}
	assert_int_equal(r.resets, 0);
	nic_works();
	/* writes are refused, and nobody tells */
	reqs[0] = (struct dev_req){DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_SIZE, 64, 99};
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, 1, 1000), 0);
	assert_int_equal(reqs[0].status, 0);
	/* what is behind a kick that failed is not tried */
	nic_pattern(4);
	reqs[0] = (struct dev_req){DEV_COPY, RIG_IOVA + RIG_SIZE, RIG_IOVA + RIG_DST, 64, 99};
	reqs[1] = (struct dev_req){DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST + 4096, 65, 99};
	assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, 2, 1000), 0);
	assert_int_equal(reqs[1].status, -EIO);
	assert_int_equal(*nic_memory(RIG_DST + 4096), GAP);
	assert_int_equal(dev_stop(r.rig.dev), 0);
	assert_int_equal(r.rig.rings - r.rig.freed, 0);
	rig_close(&r.rig);
}

/* The controller's own reset is not enough, the function's is. */
static void test_wedged(void **state)
{
	struct dev_req req = {DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, 64, 99};

	nic_start("");
	r.wedged = true;
	assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 5), 0);
	assert_int_equal(req.status, -EIO);
	assert_int_equal(r.resets, 1);
	nic_works();
	rig_close(&r.rig);
}

/* Descriptors that are written back with anything else than what was sent. */
static void test_lies(void **state)
{
	nic_start("");
	for (unsigned int i = 0; i < ARRAY_SIZE(nic_lies) + 2; i++) {
		struct dev_req reqs[2] = {{DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, 3000, 99},
					  {DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST + 4096, 3000, 99}};

		if (i < ARRAY_SIZE(nic_lies))
			print_message("%s\n", nic_lies[i].what);
		r.lie = i < ARRAY_SIZE(nic_lies) ? &nic_lies[i] : NULL;
		r.lie_sent = i == ARRAY_SIZE(nic_lies);
		r.lie_header = i == ARRAY_SIZE(nic_lies) + 1;
		assert_int_equal(dev_transfer(r.rig.dev, 0, reqs, 2, 20), 0);
		assert_int_equal(reqs[0].status, -EIO);
		assert_int_equal(reqs[1].status, -EIO);
		assert_int_equal(r.resets, 0);
		nic_works();
	}
	rig_close(&r.rig);
}

/* A packet for somebody else is not received: its header is changed where it is sent from. */
/* A packet that a busy receiver lost is sent once more; one that is lost each time is an error. */
static void test_lost_once(void **state)
{
	struct dev_req req = {DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, 3000, 99};
	unsigned int kicks;

	nic_start("");
	kicks = r.kicks;
	r.lie = &nic_lies[6];
	assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 5000), 0);
	assert_int_equal(req.status, 0);
	assert_int_equal(r.kicks - kicks, 3); /* with the packet that tests it in between */
	rig_break(&r.rig, MODEL_ERROR_STATUS);
	assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 5000), 0);
	assert_int_equal(req.status, -EIO);
	rig_close(&r.rig);
}

static void test_foreign(void **state)
{
	struct dev_req req = {DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, 64, 99};
	uint8_t *header;

	nic_start("");
	header = r.rig.ring[2].va;
	assert_int_equal(header[0] & 3, 2); /* one station's, locally administered */
	nic_pattern(1);
	for (unsigned int i = 0; i < 6; i++) {
		header[i] ^= 0x80;
		assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 20), 0);
		assert_int_equal(req.status, -EIO);
		assert_int_equal(*nic_memory(RIG_DST), GAP);
		header[i] ^= 0x80;
		/* the self-test's packet was for somebody else, too */
		assert_int_equal(dev_transfer(r.rig.dev, 0, &req, 1, 20), 0);
		assert_int_equal(req.status, 0);
		*nic_memory(RIG_DST) = GAP;
	}
	rig_close(&r.rig);
}

static void test_options(void **state)
{
	static const struct {
		const char *options;
		uint32_t lbm;
		uint16_t phy;
	} good[] = {
		{"", 0x40, 0x4140},
		{"loopback=both", 0x40, 0x4140},
		{"loopback=mac", 0x40, 0x1140},
		{"loopback=phy", 0, 0x4140},
	};
	static const char *const bad[] = {"loopback", "loopback=", "loopback=wire", "speed=1", "loopback=mac,"};
	const struct nic_model *nic;
	struct fail f = {0};
	struct dev *dev;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		nic_start(good[i].options);
		nic = r.rig.model->priv;
		assert_int_equal(nic->regs[RCTL / 4] & 0xc0, good[i].lbm);
		assert_int_equal(nic->phy[0], good[i].phy);
		/* neither flow control nor promiscuity, no bad packets; long ones, without checksums */
		assert_int_equal(nic->regs[RCTL / 4] & 0x0400803e, 0x04000022);
		assert_int_equal(nic->regs[0] & 0x58000000, 0);
		nic_works();
		assert_int_equal(dev_stop(r.rig.dev), 0);
		assert_int_equal(nic->regs[RCTL / 4], 0);
		dev_close(r.rig.dev);
		assert_int_equal(nic->phy[0], 0x1140); /* as it was found */
		r.rig.dev = NULL;
		rig_close(&r.rig);
	}
	nic_open("");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(dev_open_ops(&dev, &NIC_OPS, r.rig.idev, bad[i], NULL, &r.rig.env, &f), -EINVAL);
		assert_non_null(strstr(f.hint, "loopback=both|mac|phy"));
	}
	rig_close(&r.rig);
}

static void test_small_bar(void **state)
{
	static const struct mmio_ops none = {nic_fake_read, nic_fake_write};
	const struct mmio fake = {.size = 0x5000, .ops = &none};
	struct fail f = {0};
	struct dev *dev;

	nic_open("");
	assert_int_equal(dev_open_ops(&dev, &NIC_OPS, r.rig.idev, "", &fake, &r.rig.env, &f), -ENODEV);
	assert_non_null(strstr(f.text, "20480 bytes"));
	rig_close(&r.rig);
}

/* Requests on the bus that never end: not known to be quiet, whatever is reset. */
static void test_bus(void **state)
{
	nic_start("");
	r.stuck = MASTER;
	assert_int_equal(dev_stop(r.rig.dev), -EBUSY);
	assert_int_equal(r.resets, 1);
	assert_false(rig_masters(&r.rig));
	assert_int_equal(r.rig.rings - r.rig.freed, 3);
	rig_close(&r.rig);
}

static void test_phy_mute(void **state)
{
	nic_open("");
	r.mute = true;
	assert_int_equal(dev_start(r.rig.dev, &r.rig.fail), -EIO);
	assert_string_equal(r.rig.fail.text, NIC_NAME "'s PHY does not answer");
	assert_int_equal(r.rig.rings - r.rig.freed, 0);
	rig_close(&r.rig);
}

/* Started and stopped again and again, as by compare --unmap all. */
static void test_again(void **state)
{
	nic_start("");
	for (unsigned int i = 0; i < 3; i++) {
		nic_works();
		assert_int_equal(dev_stop(r.rig.dev), 0);
		assert_int_equal(r.rig.rings - r.rig.freed, 0);
		assert_false(rig_masters(&r.rig));
		assert_int_equal(dev_start(r.rig.dev, &r.rig.fail), 0);
	}
	rig_close(&r.rig);
}

#define NIC_TESTS                                                                                              \
	cmocka_unit_test(test_shapes), cmocka_unit_test(test_limits), cmocka_unit_test(test_wrap),             \
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_lost), cmocka_unit_test(test_wedged),    \
		cmocka_unit_test(test_lies), cmocka_unit_test(test_lost_once), cmocka_unit_test(test_foreign), \
		cmocka_unit_test(test_options), cmocka_unit_test(test_small_bar), cmocka_unit_test(test_bus),  \
		cmocka_unit_test(test_phy_mute), cmocka_unit_test(test_again)

#endif
