/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bench sim` measures, and the plain loops it is held against. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/rng.h"
#include "core/bench/sim.h"
#include "iommu/plain.h"

#define SIM_PAGE_SIZE 4096u
#define SIM_TIMEOUT_MS 10000

static struct iommu_map_req sim_request(const struct bench_sim_part *part, uint64_t size)
{
	return (struct iommu_map_req){.iova = part->iova, .va = part->mem.va, .size = size, .prot = IOMMU_PROT_RW};
}

/* --- map and unmap --- */

static int sim_unmapped(uint64_t got, uint64_t size, struct fail *f)
{
	if (got == size)
		return 0;
	return fail_set(f, EIO, "unmapping 0x%" PRIx64 " bytes reported 0x%" PRIx64, size, got);
}

int bench_sim_pairs(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;
	uint64_t size = BENCH_SIM_PAGES * SIM_PAGE_SIZE, unmapped, i;
	int err = 0;

	for (i = 0; i < *n && !err && !session_signal; i++) {
		struct iommu_map_req req = sim_request(part, size);

		err = iommu_map(part->iommu, &req, f);
		if (!err)
			err = iommu_unmap(part->iommu, part->iova, size, &unmapped, f);
		if (!err)
			err = sim_unmapped(unmapped, size, f);
	}
	*n = i;
	return err;
}

int bench_sim_pairs_plain(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;
	uint64_t size = BENCH_SIM_PAGES * SIM_PAGE_SIZE, unmapped, i;
	int err = 0;

	for (i = 0; i < *n && !err && !session_signal; i++) {
		struct iommu_map_req req = sim_request(part, size);

		err = iommu_plain_map(part->iommu, &req);
		if (!err)
			err = iommu_plain_unmap(part->iommu, part->iova, size, &unmapped);
		if (err)
			return fail_set(f, err, "the simulation does not map or unmap 0x%" PRIx64 " bytes", size);
		err = sim_unmapped(unmapped, size, f);
	}
	*n = i;
	return err;
}

int bench_sim_stores(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;

	for (uint64_t k = 0; k < *n; k++) {
		for (unsigned int i = 0; i < BENCH_SIM_PAGES; i++)
			atomic_store_explicit(&part->pte[i], (uint64_t)i << 12 | 3, memory_order_relaxed);
		for (unsigned int i = 0; i < BENCH_SIM_PAGES; i++)
			atomic_store_explicit(&part->pte[i], 0, memory_order_relaxed);
	}
	return 0;
}

/* --- copies --- */

static void sim_choose(struct bench_sim_part *part)
{
	uint64_t pages = (part->area - part->len) / SIM_PAGE_SIZE + 1;

	part->from = rng_below(rng_draw(7, part->draws++, 0), pages) * SIM_PAGE_SIZE;
	part->to = rng_below(rng_draw(7, part->draws++, 0), pages) * SIM_PAGE_SIZE;
}

static int sim_copied(int err, const struct sim_dma *dma, struct fail *f)
{
	if (!err)
		err = dma->status;
	if (!err)
		return 0;
	return fail_set(f, err, "the simulated device could not copy from iova 0x%" PRIx64 " to 0x%" PRIx64, dma->src,
			dma->dst);
}

int bench_sim_dma(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;
	uint64_t i;
	int err = 0;

	for (i = 0; i < *n && !err && !session_signal; i++) {
		struct sim_dma dma = {.kind = SIM_DMA_COPY, .len = part->len};

		sim_choose(part);
		dma.src = part->iova + part->from;
		dma.dst = part->iova + part->area + part->to;
		err = sim_engine_run(part->engine, 0, &dma, 1);
		err = sim_copied(err, &dma, f);
	}
	*n = i;
	return err;
}

int bench_sim_memcpy(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;
	char *va = part->mem.va;
	uint64_t i;

	for (i = 0; i < *n && !session_signal; i++) {
		sim_choose(part);
		memcpy(va + part->area + part->to, va + part->from, part->len);
		__asm__ volatile("" : : "r"(va) : "memory"); /* somebody may look */
	}
	*n = i;
	return 0;
}

/* --- all of it --- */

int bench_sim_life(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;
	uint64_t i, one = 1, unmapped;
	int err = 0;

	for (i = 0; i < *n && !err && !session_signal; i++) {
		struct iommu_map_req req = sim_request(part, 2 * part->area);

		err = iommu_map(part->iommu, &req, f);
		if (err)
			return err;
		err = bench_sim_dma(part, &one, NULL, f);
		if (!err)
			err = iommu_unmap(part->iommu, req.iova, req.size, &unmapped, f);
		else
			iommu_unmap(part->iommu, req.iova, req.size, &unmapped, NULL);
	}
	*n = i;
	return err;
}

static int sim_queued(struct bench_sim_part *part, struct sim_dma *dma, struct fail *f)
{
	int err = sim_engine_submit(part->engine, 0, dma, 1);

	if (!err)
		err = sim_engine_wait(part->engine, 0, SIM_TIMEOUT_MS);
	return sim_copied(err, dma, f);
}

static int sim_loop_once(struct bench_sim_part *part, struct fail *f)
{
	iova_t iova = part->iova + BENCH_SIM_APART / 2;
	struct sim_dma dma = {.kind = SIM_DMA_COPY, .src = iova, .dst = iova + part->len, .len = part->len};
	struct iommu_map_req req = {.iova = iova, .size = 2 * part->len, .prot = IOMMU_PROT_RW};
	struct iommu_mem mem;
	uint64_t unmapped;
	int err = iommu_mem_alloc(part->iommu, req.size, IOMMU_MEM_ANON, &mem, f);

	if (err)
		return err;
	req.va = mem.va;
	err = iommu_map(part->iommu, &req, f);
	if (!err) {
		err = sim_queued(part, &dma, f);
		if (iommu_unmap(part->iommu, iova, req.size, &unmapped, err ? NULL : f) && !err)
			err = -f->err;
	}
	iommu_mem_free(part->iommu, &mem);
	return err ? err : sim_unmapped(unmapped, req.size, f);
}

int bench_sim_loop(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	uint64_t i;
	int err = 0;

	for (i = 0; i < *n && !err && !session_signal; i++)
		err = sim_loop_once(ctx, f);
	*n = i;
	return err;
}

int bench_sim_all(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;

	return part->body(ctx, n, times, f);
}

int bench_sim_first(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bench_sim_part *part = ctx;

	if (!part->index)
		return part->body(ctx, n, times, f);
	*n = 0;
	return 0;
}
