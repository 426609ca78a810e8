/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the benchmark "dma" transfers: many mappings for each thread, and what was mapped at the first of them before. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/bench/dma.h"
#include "core/session/priv.h"

static uint64_t place_half(const struct dma_set *set)
{
	const struct dev_limits *l = dev_limits(session_dev(set->s));
	uint64_t align = MAX(MAX(set->s->granule, (uint64_t)4096), dev_addr_unit(l));

	return ALIGN_UP(set->len, align);
}

static unsigned int place_slots(const struct dma_set *set)
{
	uint32_t avail;
	uint64_t n = DMA_REGION_BYTES / (2 * place_half(set));

	if (set->p->where != OP_IOVA_RANDOM)
		return 1;
	/* half of the mappings that the kernel still allows: the canary wants some */
	if (!iommu_avail(session_iommu(set->s), &avail))
		n = MIN(n, (uint64_t)avail / 2 / set->threads);
	return (unsigned int)MAX(MIN(n, DMA_SLOTS_MAX), 1);
}

static int place_regions(struct dma_set *set, unsigned int slots, struct fail *f)
{
	struct bench_place place[BENCH_THREADS_MAX] = {0};
	struct bench_params p = *set->p;
	uint64_t half = place_half(set);
	int err;

	if (!num_mul(2 * half, slots, &p.cell.size))
		return fail_usage(f, ERANGE, "--size: 0x%" PRIx64 " is too much", set->len);
	p.cell.granule = 0;
	p.cell.page_size = half & -half; /* what the place is a multiple of */
	p.cell.page_size = MIN(p.cell.page_size, MiB(2));
	for (unsigned int i = 0; i < set->threads; i++)
		place[i].req = (struct iommu_map_req){.prot = IOMMU_PROT_RW, .tag = "bench"};
	err = bench_places(set->s, &p, place, set->threads, f);
	for (unsigned int i = 0; i < set->threads && !err; i++) {
		struct dma_region *r = &set->bench[i].r;

		r->place = place[i];
		if (r->place.req.file)
			r->place.req.file = &r->place.mem;
		r->iova = place[i].req.iova;
		r->va = place[i].mem.va;
		r->half = half;
		r->nr = slots;
	}
	return err;
}

/* In an order in which each comes once before the first comes again: whatever keeps the latest few does not have it any more. */
static int place_shuffle(struct dma_set *set, struct dma_region *r, unsigned int thread, struct fail *f)
{
	uint64_t seed = session_params(set->s)->seed, place = rng_place("bench dma") + ((uint64_t)thread << 32);

	r->order = malloc(r->nr * sizeof(*r->order));
	if (!r->order)
		return fail_set(f, ENOMEM, "no memory for the order of %u transfers", r->nr);
	for (unsigned int i = 0; i < r->nr; i++) {
		unsigned int k = (unsigned int)rng_below(rng_draw(seed, set->p->op, place + i), i + 1);

		r->order[i] = r->order[k];
		r->order[k] = i;
	}
	return 0;
}

static int place_map(struct dma_set *set, struct dma_region *r, struct fail *f)
{
	struct iommu *iommu = session_iommu(set->s);
	struct iommu_map_req req = r->place.req;
	int err = 0;

	req.size = 2 * r->half;
	for (unsigned int i = 0; i < r->nr && !err; i++) {
		req.va = dma_src_va(r, i);
		req.iova = dma_src(r, i);
		err = req.kernel_iova ? session_map_chosen(set->s, iommu, &req, f) : iommu_map(iommu, &req, f);
		if (err) {
			op_map_is_refused(iommu, err, &req, &set->out->found);
			break;
		}
		if (req.kernel_iova)
			r->iova = req.iova;
		r->mapped++;
	}
	return err;
}

static void place_unmap(struct dma_set *set, struct dma_region *r)
{
	uint64_t unmapped;

	for (unsigned int i = 0; i < r->mapped; i++) {
		if (!iommu_unmap(session_iommu(set->s), dma_src(r, i), 2 * r->half, &unmapped, NULL) &&
		    unmapped != 2 * r->half)
			bench_add_wrong(set->out, 1, 2 * r->half, unmapped);
	}
	r->mapped = 0;
}

/* --- what was there before --- */

static int place_old_transfer(struct dma_set *set, const struct dma_region *r, struct fail *f)
{
	static const enum dev_dir dirs[] = {DEV_READ, DEV_WRITE, DEV_COPY};
	int err = 0, status;

	for (unsigned int i = 0; i < ARRAY_SIZE(dirs) && !err; i++) {
		if (!dma_can(set, dirs[i]))
			continue;
		err = dma_one(set, 0, dirs[i], dma_src(r, 0), dma_dst(r, 0), &status, f);
		if (!err && status)
			dma_report_status(set, status, dma_src(r, 0));
	}
	return err;
}

/* That it does not fit only means that stale writes are not looked for. */
static int place_old_refused(struct dma_set *set, int err, const struct iommu_map_req *req, const struct fail *why,
			     struct fail *f)
{
	if (!op_map_is_refused(session_iommu(set->s), err, req, &set->out->found))
		return 0;
	*f = *why;
	return err;
}

/*
 * Other memory at the first slot, until the device has been there: should it find the way there again later, what is written then
 * is seen. A second mapping elsewhere holds its pages, so that they are nobody else's meanwhile.
 */
static int place_old(struct dma_set *set, struct fail *f)
{
	const struct dma_region *r = &set->bench[0].r;
	struct iommu_map_req req = {.size = 2 * r->half, .iova = r->iova, .prot = IOMMU_PROT_RW, .tag = "bench"};
	struct iommu_map_req pin = {.size = req.size};
	const struct stamp stamp = {session_stamp_id(set->s), stamp_generation(0, 0), r->iova};
	struct fail none = {0};
	int err;

	if (r->place.req.kernel_iova || session_pin_setup(set->s, req.size, 1, &none) ||
	    iommu_mem_alloc(session_iommu(set->s), req.size, IOMMU_MEM_ANON, &set->old, &none))
		return 0;
	err = session_pin(set->s, 0, set->old.va, req.size, &none);
	set->old_pinned = !err;
	pin.iova = set->s->slots_base;
	if (err)
		return place_old_refused(set, err, &pin, &none, f);
	stamp_fill(set->old.va, set->len, &stamp);
	req.va = set->old.va;
	/* nothing of the benchmark's own: where it does not fit, a stale write is not looked for */
	err = iommu_map(session_iommu(set->s), &req, &none);
	if (err) {
		stamp_bury((char *)set->old.va + r->half, r->half);
		return place_old_refused(set, err, &req, &none, f);
	}
	err = place_old_transfer(set, r, f);
	if (err || !session_is_quiet(set->s))
		return err; /* session_close() unmaps it, or keeps it */
	err = iommu_unmap(session_iommu(set->s), req.iova, req.size, NULL, f);
	stamp_bury((char *)set->old.va + r->half, r->half);
	return err;
}

static void place_old_free(struct dma_set *set)
{
	if (!session_is_quiet(set->s))
		return;
	if (set->old_pinned)
		session_unpin(set->s, 0, 2 * set->bench[0].r.half, NULL, NULL);
	if (set->old.va)
		iommu_mem_free(session_iommu(set->s), &set->old);
}

int dma_places(struct dma_set *set, struct fail *f)
{
	unsigned int slots = place_slots(set);
	int err = place_regions(set, slots, f);

	/* the device's reach, the limit on locked memory: fewer will do */
	while ((err == -ENOSPC || err == -ENOMEM) && slots > 1) {
		slots /= 2;
		err = place_regions(set, slots, f);
	}
	if (!err)
		err = place_old(set, f);
	for (unsigned int i = 0; i < set->threads && !err; i++) {
		err = place_shuffle(set, &set->bench[i].r, i, f);
		if (!err)
			err = place_map(set, &set->bench[i].r, f);
	}
	return err;
}

void dma_places_free(struct dma_set *set)
{
	for (unsigned int i = 0; i < set->threads; i++) {
		struct dma_region *r = &set->bench[i].r;

		if (session_is_quiet(set->s))
			place_unmap(set, r);
		bench_places_free(set->s, &r->place, 1);
		free(r->order);
	}
	place_old_free(set);
}
