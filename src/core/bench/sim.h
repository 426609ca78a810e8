/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to core/bench: the bodies that are measured, each a bench_batch, and one thread's part of the work. */
#ifndef IC_CORE_BENCH_SIM_H
#define IC_CORE_BENCH_SIM_H

#include "core/bench/bench.h"
#include "iommu/sim/sim.h"

#define BENCH_SIM_PAGES 256u	/* of one map call */
#define BENCH_SIM_DMA KiB(64)	/* of one copy */
#define BENCH_SIM_APART GiB(3)	/* parts lie this far apart: in nothing that could be shared */
#define BENCH_SIM_IOVA GiB(8)	/* the first part's; below lie small tests, above hundreds of leaves */
#define BENCH_SIM_LEAVES TiB(1) /* where leaves are mapped */

/* A device, a range of IOVAs, memory: nothing of it is another's. */
struct bench_sim_part {
	struct iommu *iommu;
	struct iommu_device *idev;
	struct sim_engine *engine;
	unsigned int index;
	struct iommu_mem mem; /* 2 x area: source, destination */
	uint64_t area;
	iova_t iova;
	uint64_t draws;	   /* so many places were chosen */
	uint64_t from, to; /* the last ones, in their areas */
	uint64_t len;	   /* of a copy */
	bench_batch body;  /* bench_sim_all(), bench_sim_first() */
	_Atomic uint64_t pte[BENCH_SIM_PAGES] __attribute__((aligned(4096)));
} __attribute__((aligned(128)));

/*
 * Map and unmap pages one call each: by the verbs, and by the simulation's own ops, without a ledger beside them. What that is held against:
 * as many entries stored and zeroed, one by one, as hardware would find them.
 */
int bench_sim_pairs(void *ctx, uint64_t *n, struct hist *times, struct fail *f);
int bench_sim_pairs_plain(void *ctx, uint64_t *n, struct hist *times, struct fail *f);
int bench_sim_stores(void *ctx, uint64_t *n, struct hist *times, struct fail *f);

/* Copies between random pages of the two areas: by the device, in this thread, and by memcpy. */
int bench_sim_dma(void *ctx, uint64_t *n, struct hist *times, struct fail *f);
int bench_sim_memcpy(void *ctx, uint64_t *n, struct hist *times, struct fail *f);

/* Both areas mapped, one copy, and unmapped. */
int bench_sim_life(void *ctx, uint64_t *n, struct hist *times, struct fail *f);
/* Memory allocated, mapped, copied by a queue of the device's, unmapped and freed. */
int bench_sim_loop(void *ctx, uint64_t *n, struct hist *times, struct fail *f);

/* part->body by all threads; by the first one alone, while the others do nothing. */
int bench_sim_all(void *ctx, uint64_t *n, struct hist *times, struct fail *f);
int bench_sim_first(void *ctx, uint64_t *n, struct hist *times, struct fail *f);

/*
 * sim_leaves.c: rows of how mapping goes with the number of large leaves, and what they take. Of memory that is never touched: it takes
 * 2 TiB of addresses, and a row is left out where those are not to be had.
 */
int bench_sim_leaves(struct iommu *iommu, const struct bench_params *p, struct bench_result *out, struct fail *f);

/* A row of @value, which was made of @m in a way of its own; @interval as a row has it. */
struct bench_row *bench_sim_row(struct bench_result *out, const struct bench_params *p, const struct bench_measured *m,
				const char *name, const char *unit, double value, double interval);

#endif
