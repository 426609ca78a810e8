/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many loops a second the simulation allows: allocate, map, copy by the device, unmap, free; one thread, no stamps. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "iommu/backend.h"
#include "iommu/sim.h"

static void bench_check(int r, const char *what)
{
	if (!r)
		return;
	fprintf(stderr, "sim_loop: %s: %d\n", what, r);
	exit(2);
}

#define BENCH_IOVA UINT64_C(0x100000)
#define BENCH_GRAVEYARD 4u

static struct iommu_mem bench_grave[BENCH_GRAVEYARD];

static void bench_loop(struct iommu *iommu, struct sim_engine *engine, uint64_t payload, uint64_t n, bool keep)
{
	struct iommu_mem mem, *grave = &bench_grave[n % BENCH_GRAVEYARD];
	struct iommu_map_req req = {.iova = BENCH_IOVA, .size = 2 * payload, .prot = IOMMU_PROT_RW};
	struct sim_dma dma = {.kind = SIM_DMA_COPY, .src = BENCH_IOVA, .dst = BENCH_IOVA + payload, .len = payload};
	uint64_t unmapped;

	bench_check(iommu_sim_ops.mem_alloc(iommu, 2 * payload, IOMMU_MEM_ANON, &mem), "mem_alloc");
	req.va = mem.va;
	bench_check(iommu_sim_ops.map(iommu, &req), "map");
	bench_check(sim_engine_submit(engine, 0, &dma, 1), "submit");
	bench_check(sim_engine_wait(engine, 0, 1000), "wait");
	bench_check(dma.status, "dma");
	bench_check(iommu_sim_ops.unmap(iommu, BENCH_IOVA, 2 * payload, &unmapped), "unmap");
	bench_check(unmapped != 2 * payload, "unmapped size");
	if (keep && grave->va)
		iommu_sim_ops.mem_free(iommu, grave);
	if (keep)
		*grave = mem;
	else
		iommu_sim_ops.mem_free(iommu, &mem);
}

/* Payloads of 4K..@max bytes, or exactly @max; @keep: the last few buffers live on, so that frames come back in pieces. */
static void bench_run(struct iommu *iommu, struct sim_engine *engine, uint64_t loops, uint64_t max, bool keep)
{
	uint64_t start = clock_ns(), bytes = 0;
	double seconds;

	for (uint64_t i = 0; i < loops; i++) {
		uint64_t payload = keep ? 4096 * (1 + rng_below(rng_draw(1, i, 0), max / 4096)) : max;

		bench_loop(iommu, engine, payload, i, keep);
		bytes += payload;
	}
	seconds = (double)(clock_ns() - start) / 1e9;
	printf("%s %llu bytes: %.0f loops/s, %.2f GB/s\n", keep ? "random sizes up to" : "payloads of",
	       (unsigned long long)max, (double)loops / seconds, (double)bytes / seconds / 1e9);
}

int main(int argc, char **argv)
{
	uint64_t loops = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	struct iommu_params params = {.spec = "sim", .seed = 1};
	struct iommu_device *idev;
	struct sim_engine *engine;
	struct iommu *iommu;
	struct fail f = {0};

	bench_check(iommu_sim_ops.open("", &params, &iommu, &f), "open");
	bench_check(iommu_sim_ops.attach(iommu, "sim", &idev, &f), "attach");
	engine = idev->ops->sim_engine(idev);
	bench_run(iommu, engine, loops, 8192, false);
	bench_run(iommu, engine, loops / 4, 262144, false);
	bench_run(iommu, engine, loops / 4, 262144, true);
	iommu_sim_ops.detach(idev);
	iommu_sim_ops.close(iommu);
	return 0;
}
