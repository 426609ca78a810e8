/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's iommu-testdev: writes a pattern to memory, and tells whether the IOMMU let it. Registers: docs/specs/iommu-testdev.rst and
 * hw/misc/iommu-testdev.c of QEMU. It does not ask for bus mastering and has no reset: to disarm it is the only way out.
 */
#include <errno.h>

#include "base/clock.h"
#include "dev/driver.h"

#define TESTDEV_TRIGGER 0x00 /* to read it is to have the write done */
#define TESTDEV_IOVA_LO 0x04
#define TESTDEV_IOVA_HI 0x08
#define TESTDEV_LEN 0x0c
#define TESTDEV_RESULT 0x10
#define TESTDEV_DOORBELL 0x14
#define TESTDEV_ARM 1
#define TESTDEV_DISARM 0
#define TESTDEV_GPA_LO 0x1c /* guest-physical: where it looks for what it wrote */
#define TESTDEV_GPA_HI 0x20
#define TESTDEV_REGISTERS 0x24

#define TESTDEV_ARMED 0xfffffffeu
#define TESTDEV_IDLE 0xffffffffu /* what a device that is gone reads as, too */
#define TESTDEV_REFUSED 0xdead0002u
#define TESTDEV_UNREADABLE 0xdead0003u
#define TESTDEV_MISMATCH 0xdead0004u

#define TESTDEV_MARK 0x5ca1ab1eu /* an address that is never written to */
/*
 * It allocates as much and reads as much at guest-physical 0, where the first 64 KiB are memory on every machine that has some there,
 * and behind which the PC has the registers of its display.
 */
#define TESTDEV_MAX_LEN 65536
#define TESTDEV_MS 1000000ull

static bool testdev_match(const struct iommu_device_id *id)
{
	return id->vendor == 0x1b36 && id->device == 0x0005;
}

static int testdev_probe(struct dev *dev, struct fail *f)
{
	const char *name = idev_id(dev->idev)->name;
	struct idev_bar ports;
	int err;

	if (dev->options[0])
		return dev_bad_option(dev, dev->options, "", f);
	/* QEMU's pci-testdev has the same ids, and BAR 1 as well; what its registers do is something else, and no DMA */
	if (!idev_bar_map(dev->idev, 1, &ports, NULL))
		return fail_set(f, ENODEV, "%s has a BAR 1: it is pci-testdev, which does no DMA", name);
	err = dev_map_bar(dev, 0, f);
	if (!err && dev->mmio.size < TESTDEV_REGISTERS)
		err = fail_set(f, ENODEV, "BAR 0 of %s is too small for iommu-testdev", name);
	return err;
}

/* Disarmed, and the same to see from its register; a device that is gone would not hold the address. */
static int testdev_disarm(const struct dev *dev, uint32_t *result)
{
	const struct mmio *m = &dev->mmio;

	mmio_write32(m, TESTDEV_DOORBELL, TESTDEV_DISARM);
	mmio_write32(m, TESTDEV_IOVA_LO, TESTDEV_MARK);
	*result = mmio_read32(m, TESTDEV_RESULT);
	if (mmio_read32(m, TESTDEV_IOVA_LO) != TESTDEV_MARK)
		return -ENODEV;
	return *result == TESTDEV_IDLE ? 0 : -ETIMEDOUT;
}

static int testdev_init(struct dev *dev, struct fail *f)
{
	uint32_t result;
	int err = testdev_disarm(dev, &result);

	if (err == -ENODEV)
		return fail_set(f, ENODEV, "iommu-testdev's registers do not hold what is written");
	if (err)
		return fail_set(f, ENODEV, "iommu-testdev does not become idle: its result is 0x%08x", result);
	/* where it looks afterwards is all the same: memory is looked at here */
	mmio_write32(&dev->mmio, TESTDEV_GPA_LO, 0);
	mmio_write32(&dev->mmio, TESTDEV_GPA_HI, 0);
	return 0;
}

static int testdev_stop(struct dev *dev)
{
	uint32_t result;

	return testdev_disarm(dev, &result) ? -ETIMEDOUT : 0;
}

static void testdev_remove(struct dev *dev)
{
}

/* Done when the trigger has been read. */
static int testdev_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	const struct mmio *m = &dev->mmio;

	mmio_write32(m, TESTDEV_IOVA_LO, (uint32_t)reqs->dst);
	mmio_write32(m, TESTDEV_IOVA_HI, (uint32_t)(reqs->dst >> 32));
	mmio_write32(m, TESTDEV_LEN, (uint32_t)reqs->len);
	mmio_write32(m, TESTDEV_DOORBELL, TESTDEV_ARM);
	(void)mmio_read32(m, TESTDEV_TRIGGER);
	return 0;
}

/* What it found at the guest-physical address says nothing: the write was done then. */
static int testdev_status(uint32_t result)
{
	switch (result) {
	case 0:
	case TESTDEV_UNREADABLE:
	case TESTDEV_MISMATCH:
		return 0;
	case TESTDEV_REFUSED:
		return -EFAULT;
	default:
		return -EIO;
	}
}

static int testdev_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n,
			unsigned int timeout_ms)
{
	uint32_t result = mmio_read32(&dev->mmio, TESTDEV_RESULT);
	uint64_t end = 0;

	while (result == TESTDEV_ARMED) {
		if (!end)
			end = clock_ns() + timeout_ms * TESTDEV_MS;
		else if (clock_ns() >= end)
			return -ETIMEDOUT;
		result = mmio_read32(&dev->mmio, TESTDEV_RESULT);
	}
	/* it was armed, so this is no idle device but one that is gone: whether the DMA ended is not known */
	if (result == TESTDEV_IDLE)
		return -ETIMEDOUT;
	reqs->status = testdev_status(result);
	return 0;
}

const struct dev_ops dev_testdev_ops = {
	.name = "testdev",
	.help = "QEMU's iommu-testdev, which writes a pattern and reports what was refused",
	.limits =
		{
			.min_len = 1,
			.max_len = TESTDEV_MAX_LEN,
			.align = 1,
			.max_iova = UINT64_MAX,
			.depth = 1,
			.queues = 1,
			.dirs = DEV_WRITE,
			.buffer = TESTDEV_MAX_LEN,
			.fixed = true,
			.reports_faults = true,
		},
	.match = testdev_match,
	.probe = testdev_probe,
	.init = testdev_init,
	.stop = testdev_stop,
	.remove = testdev_remove,
	.submit = testdev_submit,
	.wait = testdev_wait,
};
