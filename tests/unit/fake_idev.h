/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device for driver tests: a COMMAND register, a reset that may exist, and a page source for rings. */
#ifndef IC_TESTS_FAKE_IDEV_H
#define IC_TESTS_FAKE_IDEV_H

#include <errno.h>
#include <string.h>

#include "dev/dev.h"
#include "iommu/backend.h"

struct fake_idev {
	struct iommu_device idev;
	uint16_t command;
	bool master_stuck; /* clearing bus master has no effect */
	bool has_reset;
	int reset_err;
	unsigned int resets;
	void (*on_reset)(void *ctx);
	void *ctx;
};

static inline struct fake_idev *fake_of(const struct iommu_device *idev)
{
	return container_of(idev, struct fake_idev, idev);
}

static inline int fake_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value)
{
	*value = offset == 4 && width == 2 ? fake_of(idev)->command : 0;
	return 0;
}

static inline int fake_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value)
{
	struct fake_idev *fake = fake_of(idev);

	if (offset == 4 && width == 2)
		fake->command = (uint16_t)(value | (fake->master_stuck ? fake->command & 4 : 0));
	return 0;
}

static inline int fake_reset(struct iommu_device *idev)
{
	struct fake_idev *fake = fake_of(idev);

	fake->resets++;
	if (!fake->reset_err && fake->on_reset)
		fake->on_reset(fake->ctx);
	return fake->reset_err;
}

static inline bool fake_has_reset(const struct iommu_device *idev)
{
	return fake_of(idev)->has_reset;
}

static inline void fake_idev_init(struct fake_idev *fake, uint16_t vendor, uint16_t device)
{
	static const struct idev_ops ops = {
		.config_read = fake_config_read,
		.config_write = fake_config_write,
		.reset = fake_reset,
		.has_reset = fake_has_reset,
	};

	*fake = (struct fake_idev){.idev = {.ops = &ops, .id = {.vendor = vendor, .device = device}}};
	strcpy(fake->idev.id.name, "0000:00:04.0");
}

/* One ring page at a fixed IOVA. */
#define FAKE_RING_IOVA 0x7000

struct fake_ring {
	uint32_t page[1024];
	unsigned int allocated, freed;
	iova_t asked_max;
};

static inline int fake_ring_alloc(void *ctx, iova_t max_iova, void **va, iova_t *iova, struct fail *f)
{
	struct fake_ring *ring = ctx;

	ring->allocated++;
	ring->asked_max = max_iova;
	memset(ring->page, 0, sizeof(ring->page));
	*va = ring->page;
	*iova = FAKE_RING_IOVA;
	return 0;
}

static inline void fake_ring_free(void *ctx, void *va)
{
	struct fake_ring *ring = ctx;

	ring->freed++;
}

#endif
