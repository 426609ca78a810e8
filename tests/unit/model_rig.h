/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver on its device's register model, behind the simulated IOMMU: rings, memory to move, and hardware that breaks when told. */
#ifndef IC_TESTS_MODEL_RIG_H
#define IC_TESTS_MODEL_RIG_H

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dev/dev.h"
#include "iommu/iommu.h"
#include "iommu/model/model.h"
#include "iommu/sim/context.h"

#define RIG_IOVA UINT64_C(0x100000) /* of the memory */
#define RIG_RINGS UINT64_C(0x80000) /* of the first ring page */
#define RIG_SIZE UINT64_C(65536)
#define RIG_DST (RIG_SIZE / 2)
#define RIG_POISON 0x5a
#define RIG_MAX_RINGS 128

struct model_rig {
	struct iommu *iommu;
	struct iommu_device *idev;
	struct model *model;
	struct dev *dev;
	struct iommu_mem mem;
	struct iommu_mem ring[RIG_MAX_RINGS];
	unsigned int rings, freed;
	struct dev_env env;
	struct fail fail;
};

static inline iova_t rig_ring_iova(unsigned int n)
{
	return RIG_RINGS + n * 4096;
}

static inline int rig_ring_alloc(void *ctx, iova_t max_iova, void **va, iova_t *iova, struct fail *f)
{
	struct model_rig *rig = ctx;
	struct iommu_mem *mem = &rig->ring[rig->rings];
	struct iommu_map_req req = {.size = 4096, .iova = rig_ring_iova(rig->rings), .prot = IOMMU_PROT_RW};

	assert_true(rig->rings < RIG_MAX_RINGS && req.iova + 4095 <= max_iova);
	assert_int_equal(iommu_mem_alloc(rig->iommu, 4096, IOMMU_MEM_ANON, mem, f), 0);
	memset(mem->va, 0, 4096);
	req.va = *va = mem->va;
	*iova = req.iova;
	assert_int_equal(iommu_map(rig->iommu, &req, f), 0);
	rig->rings++;
	return 0;
}

static inline void rig_ring_free(void *ctx, void *va)
{
	struct model_rig *rig = ctx;
	uint64_t bytes;

	for (unsigned int i = 0; i < rig->rings; i++) {
		if (rig->ring[i].va != va)
			continue;
		assert_int_equal(iommu_unmap(rig->iommu, rig_ring_iova(i), 4096, &bytes, NULL), 0);
		iommu_mem_free(rig->iommu, &rig->ring[i]);
		rig->freed++;
		return;
	}
	fail_msg("a ring page that was never given");
}

/* @model "lsi", "lsi:broken=gone" ...; @driver as for dev_open(). The device is opened, and not started. */
static inline void rig_open(struct model_rig *rig, const char *model, const char *driver)
{
	char spec[96];
	struct iommu_params params = {.spec = spec, .seed = 1};
	struct iommu_map_req req = {.size = RIG_SIZE, .iova = RIG_IOVA, .prot = IOMMU_PROT_RW};

	memset(rig, 0, sizeof(*rig));
	rig->env = (struct dev_env){rig, rig_ring_alloc, rig_ring_free};
	snprintf(spec, sizeof(spec), "sim,model=%s", model);
	assert_int_equal(iommu_open(&rig->iommu, &params, &rig->fail), 0);
	assert_int_equal(iommu_attach(rig->iommu, "sim", &rig->idev, &rig->fail), 0);
	rig->model = container_of(rig->idev, struct sim_device, idev)->model;
	assert_int_equal(iommu_mem_alloc(rig->iommu, RIG_SIZE, IOMMU_MEM_ANON, &rig->mem, &rig->fail), 0);
	req.va = rig->mem.va;
	assert_int_equal(iommu_map(rig->iommu, &req, &rig->fail), 0);
	assert_int_equal(dev_open(&rig->dev, rig->idev, driver, &rig->env, &rig->fail), 0);
}

/* Whatever became of it. What a device that never got quiet has not given back is not asked for: as for a session, that is for exit. */
static inline void rig_close(struct model_rig *rig)
{
	dev_close(rig->dev);
	for (unsigned int i = 0; i < rig->rings; i++)
		if (rig->ring[i].va)
			iommu_mem_free(rig->iommu, &rig->ring[i]);
	iommu_mem_free(rig->iommu, &rig->mem);
	iommu_close(rig->iommu);
}

/* From the next access to a register on. */
static inline void rig_break(struct model_rig *rig, enum model_broken broken)
{
	rig->model->broken = broken;
	rig->model->after = 0;
}

/* COMMAND's bus master bit; gone devices have it on. */
static inline bool rig_masters(struct model_rig *rig)
{
	uint32_t command;

	assert_int_equal(idev_config_read(rig->idev, 4, 2, &command), 0);
	return command & 4;
}

/*
 * @len bytes to RIG_DST by whatever directions the device has, each request given so long. What it returned, *status that of the
 * first request that had one; *arrived bytes from RIG_DST on are not poison any more.
 */
static inline int rig_move(struct model_rig *rig, uint64_t len, unsigned int timeout_ms, int *status, uint64_t *arrived)
{
	const struct dev_limits *limits = dev_limits(rig->dev);
	unsigned char *src = rig->mem.va, *dst = src + RIG_DST;
	struct dev_req reqs[2] = {{DEV_COPY, RIG_IOVA, RIG_IOVA + RIG_DST, len, 0}};
	unsigned int n = 1;
	int err = 0;

	memset(src, 0xa5, len);
	memset(dst, RIG_POISON, RIG_SIZE - RIG_DST);
	*status = 0;
	if (!(limits->dirs & DEV_COPY)) {
		n = 0;
		if (limits->dirs & DEV_READ)
			reqs[n++] = (struct dev_req){DEV_READ, RIG_IOVA, 0, len, 0};
		reqs[n++] = (struct dev_req){DEV_WRITE, 0, RIG_IOVA + RIG_DST, len, 0};
	}
	for (unsigned int i = 0; !err && i < n; i++) {
		err = dev_transfer(rig->dev, 0, &reqs[i], 1, timeout_ms);
		if (!err && !*status)
			*status = reqs[i].status;
	}
	for (*arrived = 0; *arrived < RIG_SIZE - RIG_DST && dst[*arrived] != RIG_POISON;)
		++*arrived;
	return err;
}

#endif
