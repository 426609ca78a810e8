/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to core/bench: what threads transfer, and between which places. */
#ifndef IC_CORE_BENCH_DMA_H
#define IC_CORE_BENCH_DMA_H

#include "core/bench/bench.h"

#define DMA_TIMEOUT_MS 10000
#define DMA_SLOTS_MAX 8192u
#define DMA_REGION_BYTES MiB(64) /* of one thread: more than an IOTLB covers, and than most caches */

/*
 * One thread's memory: slots of two halves, from and to, each slot a mapping of its own. The first is the one place of those transfers
 * that always go to the same.
 */
struct dma_region {
	struct bench_place place;
	iova_t iova;
	char *va;
	uint64_t half;
	unsigned int nr, mapped;
	uint32_t *order; /* all of them, shuffled */
};

/* One thread's. */
struct dma_bench {
	struct session *s;
	struct dma_set *set;
	unsigned int queue, depth;
	enum dev_dir dir;
	bool random;
	uint64_t len;
	struct dma_region r;
	unsigned int next; /* in r.order */
	struct dev_req *reqs;
	char *scratch;	/* for the reference: the device's own buffer */
	uint64_t since; /* transfers after the latest canary */
	int status;	/* that the device reported */
	iova_t bad;	/* where */
} __attribute__((aligned(128)));

struct dma_set {
	struct session *s;
	const struct bench_params *p;
	struct bench_result *out;
	unsigned int threads;
	uint64_t len;
	bool at_once_given; /* the depth is the user's */
	struct dma_bench bench[BENCH_THREADS_MAX];
	void *ctx[BENCH_THREADS_MAX];
	/* what was mapped at the first slot of all before: a stale translation leads there. Kept pinned. */
	struct iommu_mem old;
	bool old_pinned;
	uint64_t checked;
};

static inline iova_t dma_src(const struct dma_region *r, unsigned int slot)
{
	return r->iova + slot * 2 * r->half;
}

static inline iova_t dma_dst(const struct dma_region *r, unsigned int slot)
{
	return dma_src(r, slot) + r->half;
}

static inline char *dma_src_va(const struct dma_region *r, unsigned int slot)
{
	return r->va + slot * 2 * r->half;
}

static inline char *dma_dst_va(const struct dma_region *r, unsigned int slot)
{
	return dma_src_va(r, slot) + r->half;
}

/* What the device says is wrong becomes a failure, not an error. -ETIMEDOUT and the like: the way out was taken. */
int dma_one(struct dma_set *set, unsigned int queue, enum dev_dir dir, iova_t src, iova_t dst, int *status,
	    struct fail *f);
/* Before @more transfers, where with them it would be more than 1,000 after the latest (safety rule 1). */
int dma_canary(struct dma_set *set, uint64_t more, struct fail *f);
void dma_report_status(struct dma_set *set, int status, iova_t at);
/* The directions that the device has. */
bool dma_can(const struct dma_set *set, enum dev_dir dir);

/* dma_place.c: memory and mappings for all threads; fewer slots where there is no room for all. */
int dma_places(struct dma_set *set, struct fail *f);
void dma_places_free(struct dma_set *set);

/* dma_verify.c: once more through some of the slots, with patterns, which are looked at. */
int dma_verify(struct dma_set *set, struct fail *f);

#endif
