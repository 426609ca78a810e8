/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's edu device: reads memory into a page of its own and writes that page to memory, 100 ms per transfer.
 * Registers: docs/specs/edu.rst and hw/misc/edu.c of QEMU.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/spec.h"
#include "dev/driver.h"

#include <string.h>

#define EDU_ID 0x00
#define EDU_ID_VALUE 0x010000edu /* major.minor 1.0, "ed" */
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98
#define EDU_CMD_RUN 0x1
#define EDU_CMD_TO_MEMORY 0x2
#define EDU_BUFFER 0x40000

/*
 * The buffer is 4096 bytes, but QEMU 7.2 aborts on a transfer that reaches its last byte, and later versions run over
 * the end of larger ones: stay below, by a whole line of 64 bytes, so that no stamp is moved in two pieces.
 */
#define EDU_MAX_LEN 4032
#define EDU_MASK_DEFAULT 28 /* -device edu,dma_mask= ; addresses are cut to it silently */
#define EDU_MASK_MIN 20	    /* the device's own buffer address goes through it too */
#define EDU_STOP_MS 1000

static bool edu_match(const struct iommu_device_id *id)
{
	return id->vendor == 0x1234 && id->device == 0x11e8;
}

static int edu_parse_mask(struct dev *dev, const char *value, struct fail *f)
{
	uint64_t bits;

	if (num_parse_u64(value, &bits) || bits < EDU_MASK_MIN || bits > 64) {
		fail_set(f, EINVAL, "bad mask \"%s\" for driver edu", value);
		fail_hint(f, "mask=BITS, %d..64, as the device was given dma_mask (default %d bits)", EDU_MASK_MIN,
			  EDU_MASK_DEFAULT);
		return -EINVAL;
	}
	dev->limits.max_iova = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	return 0;
}

static int edu_probe(struct dev *dev, struct fail *f)
{
	const char *rest = dev->options;
	struct spec_option o;
	int ret;

	while ((ret = spec_next(&rest, &o)) > 0) {
		if (strcmp(o.key, "mask"))
			return dev_bad_option(dev, o.key, "mask=BITS", f);
		ret = edu_parse_mask(dev, o.value, f);
		if (ret)
			return ret;
	}
	if (ret < 0)
		return dev_bad_option(dev, rest, "mask=BITS", f);
	return dev_map_bar(dev, 0, f);
}

static bool edu_is_busy(const struct dev *dev)
{
	return mmio_read32(&dev->mmio, EDU_DMA_CMD) & EDU_CMD_RUN;
}

/* Until the transfer is over: 100 ms by the device's own timer, so a millisecond between looks costs nothing. */
static int edu_poll(const struct dev *dev, unsigned int timeout_ms)
{
	uint64_t end = clock_ns() + (uint64_t)timeout_ms * 1000000;

	while (edu_is_busy(dev)) {
		if (clock_ns() >= end)
			return -ETIMEDOUT;
		clock_sleep_ns(1000000, NULL);
	}
	return 0;
}

static int edu_init(struct dev *dev, struct fail *f)
{
	uint32_t id = mmio_read32(&dev->mmio, EDU_ID);

	if (id != EDU_ID_VALUE)
		return fail_set(f, ENODEV, "edu answers 0x%08x as its id, not 0x%08x", id, EDU_ID_VALUE);
	/* writes are ignored while a transfer of an earlier user runs */
	if (edu_poll(dev, EDU_STOP_MS))
		return fail_set(f, EBUSY, "edu does not end an earlier transfer");
	return 0;
}

/* There is no way to stop a transfer, only to see it end. */
static int edu_stop(struct dev *dev)
{
	return edu_poll(dev, EDU_STOP_MS);
}

static void edu_remove(struct dev *dev)
{
}

static int edu_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	const struct mmio *m = &dev->mmio;
	bool to_memory = reqs->dir == DEV_WRITE;

	mmio_write64(m, EDU_DMA_SRC, to_memory ? EDU_BUFFER + reqs->src : reqs->src);
	mmio_write64(m, EDU_DMA_DST, to_memory ? reqs->dst : EDU_BUFFER + reqs->dst);
	mmio_write64(m, EDU_DMA_COUNT, reqs->len);
	mmio_write64(m, EDU_DMA_CMD, EDU_CMD_RUN | (to_memory ? EDU_CMD_TO_MEMORY : 0));
	return 0;
}

static int edu_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms)
{
	/* a refused access is not reported: the status says that the transfer is over, no more */
	reqs->status = 0;
	return edu_poll(dev, timeout_ms);
}

const struct dev_ops dev_edu_ops = {
	.name = "edu",
	.help = "QEMU's edu device, 100 ms per transfer [mask=BITS]",
	.limits =
		{
			.min_len = 1,
			.max_len = EDU_MAX_LEN,
			.align = 1,
			.max_iova = (1u << EDU_MASK_DEFAULT) - 1,
			.depth = 1,
			.queues = 1,
			.dirs = DEV_READ | DEV_WRITE,
			.buffer = EDU_MAX_LEN,
		},
	.match = edu_match,
	.probe = edu_probe,
	.init = edu_init,
	.stop = edu_stop,
	.remove = edu_remove,
	.submit = edu_submit,
	.wait = edu_wait,
};
