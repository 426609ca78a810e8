/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An NVMe controller's own registers: what it can do, on, off, and the notice before off (B 3.1.3, 3.5, 3.6). */
#include <errno.h>

#include "base/clock.h"
#include "dev/nvme.h"

#define NVME_STEP_NS 100000
#define NVME_READY_STEP_MS 500 /* CAP.TO, CRTO */

/* Either half is a dword of its own: not every path to a register moves 8 bytes at once (T 3.1.1). */
static uint64_t nvme_read64(const struct dev *dev, uint64_t at)
{
	uint64_t low = mmio_read32(&dev->mmio, at);

	return (uint64_t)mmio_read32(&dev->mmio, at + 4) << 32 | low;
}

static void nvme_write64(const struct dev *dev, uint64_t at, uint64_t value)
{
	mmio_write32(&dev->mmio, at, (uint32_t)value);
	mmio_write32(&dev->mmio, at + 4, (uint32_t)(value >> 32));
}

static uint32_t nvme_status(const struct dev *dev)
{
	return mmio_read32(&dev->mmio, NVME_CSTS);
}

bool nvme_control_is_dead(const struct dev *dev)
{
	return nvme_status(dev) & NVME_CSTS_CFS; /* all ones too */
}

/* The doorbells of all queues, and none of them outside of the BAR. */
static bool nvme_doorbells_fit(const struct dev *dev)
{
	uint64_t last = 2 * (uint64_t)dev->limits.queues + 1, stride = 4u << NVME_CAP_DSTRD(nvme_of(dev)->cap);

	return dev->mmio.size >= NVME_DOORBELLS + (last + 1) * stride;
}

int nvme_control_look(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	unsigned int units;

	nvme->cap = nvme_read64(dev, NVME_CAP);
	if (nvme->cap == UINT64_MAX || nvme_status(dev) == NVME_GONE)
		return fail_set(f, ENODEV, "nvme does not answer: its registers are all ones");
	if (!(nvme->cap & NVME_CAP_CSS_NVM))
		return fail_set(f, EOPNOTSUPP, "nvme has no NVM command set (CAP 0x%016llx)",
				(unsigned long long)nvme->cap);
	if (NVME_CAP_MPSMIN(nvme->cap))
		return fail_set(f, EOPNOTSUPP, "nvme wants memory pages of at least 0x%x bytes",
				NVME_PAGE << NVME_CAP_MPSMIN(nvme->cap));
	if (!NVME_CAP_MQES(nvme->cap))
		return fail_set(f, EIO, "nvme has queues of one entry (CAP 0x%016llx)", (unsigned long long)nvme->cap);
	if (!nvme_doorbells_fit(dev))
		return fail_set(f, EOPNOTSUPP, "nvme has no doorbells for %u queues in its 0x%llx bytes of registers",
				dev->limits.queues, (unsigned long long)dev->mmio.size);
	units = NVME_CAP_TO(nvme->cap);
	/* B 3.1.3.14: then this one counts, and may be longer than the 127.5 s that fit into CAP.TO */
	if (nvme->cap & NVME_CAP_CRWMS)
		units = MAX(units, mmio_read32(&dev->mmio, NVME_CRTO) & 0xffff);
	nvme->ready_ms = MAX(units, 1u) * NVME_READY_STEP_MS;
	return 0;
}

/* Until CSTS.RDY is @ready. -ENODEV: gone. -EIO: it failed on its way up. The last look is taken after the time is over. */
static int nvme_control_wait(const struct dev *dev, bool ready)
{
	uint64_t end = clock_ns() + nvme_of(dev)->ready_ms * NVME_MS;

	for (bool over = false;; over = clock_ns() >= end) {
		uint32_t status = nvme_status(dev);

		if (status == NVME_GONE)
			return -ENODEV;
		if (ready && (status & NVME_CSTS_CFS))
			return -EIO;
		if (!(status & NVME_CSTS_RDY) == !ready)
			return 0;
		if (over)
			return -ETIMEDOUT;
		clock_sleep_ns(NVME_STEP_NS, NULL);
	}
}

/* As that, by a single look: it has been waited for. */
static int nvme_control_ready(const struct dev *dev)
{
	uint32_t status = nvme_status(dev);

	return status == NVME_GONE ? -ENODEV : status & (NVME_CSTS_CFS | NVME_CSTS_RDY) ? 0 : -ETIMEDOUT;
}

int nvme_control_disable(struct dev *dev)
{
	struct nvme *nvme = nvme_of(dev);
	uint32_t cc = mmio_read32(&dev->mmio, NVME_CC);

	if (cc == NVME_GONE)
		return -ENODEV;
	/*
	 * B 3.1.3.5: what clearing EN does before RDY is set is undefined, and RDY clear would say nothing then: it takes a reset of
	 * the function. One that failed never will be ready.
	 */
	if ((cc & NVME_CC_EN) && !nvme->up) {
		int err = nvme->sick ? nvme_control_ready(dev) : nvme_control_wait(dev, true);

		if (err && err != -EIO)
			return err;
	}
	if (cc & (NVME_CC_EN | NVME_CC_SHN_MASK))
		mmio_write32(&dev->mmio, NVME_CC, cc & ~(NVME_CC_EN | NVME_CC_SHN_MASK));
	nvme->up = false;
	return nvme_control_wait(dev, false);
}

int nvme_control_enable(struct dev *dev, struct fail *f)
{
	struct nvme *nvme = nvme_of(dev);
	uint32_t last = nvme->admin.entries - 1;
	int err;

	mmio_write32(&dev->mmio, NVME_AQA, last << 16 | last);
	nvme_write64(dev, NVME_ASQ, nvme->admin.sq_iova);
	nvme_write64(dev, NVME_ACQ, nvme->admin.cq_iova);
	/* the rest of CC: NVM command set, pages of 4096 bytes, round robin */
	mmio_write32(&dev->mmio, NVME_CC, NVME_CC_IOCQES | NVME_CC_IOSQES | NVME_CC_EN);
	err = nvme_control_wait(dev, true);
	if (err) {
		nvme->sick = true;
		return fail_set(f, err,
				err == -ENODEV ? "nvme went away while it was enabled"
				: err == -EIO  ? "nvme says that it failed (CSTS.CFS) when it was enabled"
					       : "nvme did not become ready within %u ms",
				nvme->ready_ms);
	}
	nvme->up = true;
	/* everything is polled; the pin would be asserted for each completion of an admin command (T 3.2.1) */
	mmio_write32(&dev->mmio, NVME_INTMS, UINT32_MAX);
	return 0;
}

void nvme_control_shutdown(struct dev *dev)
{
	uint64_t end = clock_ns() + nvme_of(dev)->shutdown_ms * NVME_MS;
	uint32_t cc = mmio_read32(&dev->mmio, NVME_CC), status;
	bool over = false;

	if (cc == NVME_GONE || !(cc & NVME_CC_EN))
		return;
	mmio_write32(&dev->mmio, NVME_CC, (cc & ~NVME_CC_SHN_MASK) | NVME_CC_SHN_NORMAL);
	for (;; over = clock_ns() >= end) {
		status = nvme_status(dev);
		if ((status & NVME_CSTS_CFS) || (status & NVME_CSTS_SHST_MASK) == NVME_CSTS_SHST_DONE || over)
			return;
		clock_sleep_ns(NVME_STEP_NS, NULL);
	}
}
