/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many loops a second the simulation allows: allocate, map, copy by the device, unmap, free; one thread, no stamps. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "iommu/backend.h"
#include "iommu/sim.h"

static void bench_check(int r, const char *what)
{
	if (!r)
		return;
	fprintf(stderr, "sim_loop: %s: %d\n", what, r);
	exit(2);
}

static void bench_loop(struct iommu *iommu, struct sim_engine *engine, uint64_t payload)
{
	const iova_t iova = 0x100000;
	struct iommu_mem mem;
	struct iommu_map_req req = {.iova = iova, .size = 2 * payload, .prot = IOMMU_PROT_RW};
	struct sim_dma dma = {.kind = SIM_DMA_COPY, .src = iova, .dst = iova + payload, .len = payload};
	uint64_t unmapped;

	bench_check(iommu_sim_ops.mem_alloc(iommu, 2 * payload, IOMMU_MEM_ANON, &mem), "mem_alloc");
	req.va = mem.va;
	bench_check(iommu_sim_ops.map(iommu, &req), "map");
	bench_check(sim_engine_submit(engine, 0, &dma, 1), "submit");
	bench_check(sim_engine_wait(engine, 0, 1000), "wait");
	bench_check(dma.status, "dma");
	bench_check(iommu_sim_ops.unmap(iommu, iova, 2 * payload, &unmapped), "unmap");
	bench_check(unmapped != 2 * payload, "unmapped size");
	iommu_sim_ops.mem_free(iommu, &mem);
}

int main(int argc, char **argv)
{
	uint64_t loops = argc > 1 ? strtoull(argv[1], NULL, 0) : 200000,
		 payload = argc > 2 ? strtoull(argv[2], NULL, 0) : 8192;
	struct iommu_params params = {.spec = "sim", .seed = 1};
	struct iommu_device *idev;
	struct iommu *iommu;
	struct fail f = {0};
	uint64_t start;

	bench_check(iommu_sim_ops.open("", &params, &iommu, &f), "open");
	bench_check(iommu_sim_ops.attach(iommu, "sim", &idev, &f), "attach");
	start = clock_ns();
	for (uint64_t i = 0; i < loops; i++)
		bench_loop(iommu, idev->ops->sim_engine(idev), payload);
	printf("%.0f loops/s of %llu bytes\n", (double)loops * 1e9 / (double)(clock_ns() - start),
	       (unsigned long long)payload);
	iommu_sim_ops.detach(idev);
	iommu_sim_ops.close(iommu);
	return 0;
}
