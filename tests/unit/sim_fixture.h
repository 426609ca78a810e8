/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated IOMMU with one device for unit tests, used through its ops table; each helper asserts what it needs. */
#ifndef IC_TESTS_SIM_FIXTURE_H
#define IC_TESTS_SIM_FIXTURE_H

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "iommu/sim/context.h"

#define PAGE UINT64_C(4096)
#define OPS iommu_sim_ops

struct fixture {
	struct iommu *iommu;
	struct sim *sim;
	struct iommu_device *idev;
	struct sim_engine *engine;
};

static inline void fixture_open(struct fixture *fx, const char *options, uint64_t seed)
{
	struct iommu_params params = {.spec = "sim", .seed = seed};
	struct fail f = {0};

	assert_int_equal(OPS.open(options, &params, &fx->iommu, &f), 0);
	assert_int_equal(OPS.attach(fx->iommu, "sim", &fx->idev, &f), 0);
	fx->sim = sim_space_of(fx->iommu)->sim;
	fx->engine = fx->idev->ops->sim_engine(fx->idev);
	assert_non_null(fx->engine);
}

static inline void fixture_close(struct fixture *fx)
{
	OPS.detach(fx->idev);
	OPS.close(fx->iommu);
}

static inline struct iommu_mem fixture_alloc(struct fixture *fx, uint64_t size)
{
	struct iommu_mem mem;

	assert_int_equal(OPS.mem_alloc(fx->iommu, size, IOMMU_MEM_ANON, &mem), 0);
	assert_int_equal(mem.size, size);
	return mem;
}

static inline int fixture_map(struct fixture *fx, const void *va, uint64_t size, iova_t iova, enum iommu_prot prot)
{
	struct iommu_map_req req = {.va = (void *)(uintptr_t)va, .size = size, .iova = iova, .prot = prot};

	return OPS.map(fx->iommu, &req);
}

/* Returns what the op answers; *bytes what it reports. */
static inline int fixture_unmap(struct fixture *fx, iova_t iova, uint64_t size, uint64_t *bytes)
{
	*bytes = 0xdead;
	return OPS.unmap(fx->iommu, iova, size, bytes);
}

static inline void fixture_unmap_ok(struct fixture *fx, iova_t iova, uint64_t size)
{
	uint64_t bytes;

	assert_int_equal(fixture_unmap(fx, iova, size, &bytes), 0);
	assert_int_equal(bytes, size);
}

/* The descriptor's status. */
static inline int fixture_dma(struct fixture *fx, enum sim_dma_kind kind, uint64_t src, uint64_t dst, uint64_t len)
{
	struct sim_dma dma = {.kind = kind, .src = src, .dst = dst, .len = len, .status = 1};

	assert_int_equal(sim_engine_submit(fx->engine, 0, &dma, 1), 0);
	assert_int_equal(sim_engine_wait(fx->engine, 0, 10000), 0);
	return dma.status;
}

static inline int fixture_copy(struct fixture *fx, uint64_t src, uint64_t dst, uint64_t len)
{
	return fixture_dma(fx, SIM_DMA_COPY, src, dst, len);
}

static inline uint64_t fixture_frame(struct fixture *fx, const void *va)
{
	uint64_t phys;

	assert_int_equal(OPS.phys(fx->iommu, va, &phys), 0);
	return phys >> SIM_PAGE_SHIFT;
}

static inline uint64_t fixture_pins(struct fixture *fx)
{
	uint64_t pages;

	assert_int_equal(OPS.pins(fx->iommu, &pages), 0);
	return pages;
}

static inline bool fixture_all(const void *va, unsigned char byte, uint64_t size)
{
	const unsigned char *p = va;

	for (uint64_t i = 0; i < size; i++)
		if (p[i] != byte)
			return false;
	return true;
}

/* Tables in use, without those that are empty and kept to be used again. */
static inline size_t fixture_tables(struct fixture *fx)
{
	sim_lock(fx->sim);
	sim_lanes_trim(fx->sim);
	sim_unlock(fx->sim);
	return fx->sim->main.pt.live;
}

/* Device side of one IOVA without moving anything. */
static inline enum sim_walk fixture_walk(struct fixture *fx, uint64_t iova, bool write, struct sim_leaf *leaf)
{
	return sim_pt_walk(&fx->sim->main.pt, iova, write, false, leaf);
}

#endif
