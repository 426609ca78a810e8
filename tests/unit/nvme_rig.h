/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A started NVMe driver on its model, with memory for large transfers. */
#ifndef IC_TESTS_NVME_RIG_H
#define IC_TESTS_NVME_RIG_H

#include "model_rig.h"

#include "base/msg.h"
#include "dev/nvme.h"
#include "iommu/model/nvme.h"

#define BIG_IOVA UINT64_C(0x10000000)
#define BIG_SIZE MiB(8)
#define BIG_DST (BIG_IOVA + BIG_SIZE / 2)

static inline struct nvme_model *chip_of(struct model_rig *rig)
{
	return rig->model->priv;
}

static inline void start(struct model_rig *rig, const char *options)
{
	char driver[128];

	snprintf(driver, sizeof(driver), "nvme%s%s", options[0] ? "," : "", options);
	rig_open(rig, "nvme", driver);
	if (dev_start(rig->dev, &rig->fail))
		fail_msg("%s: %s", driver, rig->fail.text);
}

static inline void stop(struct model_rig *rig)
{
	struct nvme_model *chip = chip_of(rig);

	assert_int_equal(dev_stop(rig->dev), 0);
	assert_int_equal(rig->freed, rig->rings);
	assert_false(chip->cc & NVME_CC_EN);
	assert_int_equal(chip->csts, 0);
	assert_false(rig_masters(rig));
}

/* More memory than the rig has, at BIG_IOVA. */
static inline char *big_map(struct model_rig *rig)
{
	struct iommu_map_req req = {.size = BIG_SIZE, .iova = BIG_IOVA, .prot = IOMMU_PROT_RW};
	struct iommu_mem mem;

	iommu_mem_free(rig->iommu, &rig->mem);
	assert_int_equal(iommu_unmap(rig->iommu, RIG_IOVA, RIG_SIZE, NULL, NULL), 0);
	assert_int_equal(iommu_mem_alloc(rig->iommu, BIG_SIZE, IOMMU_MEM_ANON, &mem, &rig->fail), 0);
	req.va = mem.va;
	assert_int_equal(iommu_map(rig->iommu, &req, &rig->fail), 0);
	rig->mem = mem;
	return mem.va;
}

static inline void pattern(char *at, uint64_t len, unsigned int salt)
{
	for (uint64_t i = 0; i < len; i++)
		at[i] = (char)((i >> 2) * 31 + (i >> 12) * 7 + i + salt);
}

static inline bool all(const char *at, uint64_t len, char byte)
{
	for (uint64_t i = 0; i < len; i++)
		if (at[i] != byte)
			return false;
	return true;
}

/* There and back in single requests at these offsets in their pages; nothing beside is touched. */
static inline void there_and_back(struct model_rig *rig, char *mem, uint64_t off_src, uint64_t off_dst, uint64_t len)
{
	struct dev_req req = {DEV_READ, BIG_IOVA + off_src, 0, len, 99};
	char *dst = mem + BIG_SIZE / 2 + off_dst;

	pattern(mem + off_src, len, (unsigned int)(off_src + len));
	memset(mem + BIG_SIZE / 2, RIG_POISON, off_dst + len + 8192);
	assert_int_equal(dev_transfer(rig->dev, 0, &req, 1, 1000), 0);
	assert_int_equal(req.status, 0);
	req = (struct dev_req){DEV_WRITE, 0, BIG_DST + off_dst, len, 99};
	assert_int_equal(dev_transfer(rig->dev, 0, &req, 1, 1000), 0);
	assert_int_equal(req.status, 0);
	assert_memory_equal(dst, mem + off_src, len);
	assert_true(all(mem + BIG_SIZE / 2, off_dst, RIG_POISON));
	assert_true(all(dst + len, 8192, RIG_POISON));
}

/* @n requests at once, @loops times: rings wrap, phases turn. */
static inline void many(struct model_rig *rig, unsigned int n, unsigned int loops)
{
	char *mem = rig->mem.va;
	struct dev_req reqs[64];

	for (unsigned int loop = 0; loop < loops; loop++) {
		pattern(mem, n * 512, loop);
		memset(mem + RIG_DST, RIG_POISON, RIG_SIZE - RIG_DST);
		for (unsigned int i = 0; i < n; i++)
			reqs[i] = (struct dev_req){DEV_READ, RIG_IOVA + 512 * i, 512 * i, 512, 99};
		assert_int_equal(dev_transfer(rig->dev, 0, reqs, n, 1000), 0);
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(reqs[i].status, 0);
			/* each block goes back to another place */
			reqs[i] = (struct dev_req){DEV_WRITE, 512 * i, RIG_IOVA + RIG_DST + 512 * (n - 1 - i), 512, 99};
		}
		assert_int_equal(dev_transfer(rig->dev, 0, reqs, n, 1000), 0);
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(reqs[i].status, 0);
			assert_memory_equal(mem + RIG_DST + 512 * (n - 1 - i), mem + 512 * i, 512);
		}
	}
}

#endif
