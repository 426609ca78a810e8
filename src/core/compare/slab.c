/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for the loops, cut from pinned pieces, so that buffers in the graveyard can neither move nor be reused. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/priv.h"

#define SLAB_BYTES MiB(1)
#define SLAB_LOOPS 16

/*
 * Host memory shares a pin among up to 16 loops. Huge pages are as large as a slab already; the simulation's misbehaviours
 * act on whole allocations, and pins cost it nothing: there a slab is one buffer.
 */
static uint64_t slab_size(const struct compare_thread *t, uint64_t size)
{
	const struct compare *c = t->c;

	if (session_is_simulated(c->s) || c->p->mem != IOMMU_MEM_ANON || !c->p->graveyard)
		return size;
	return MAX(size, MIN(SLAB_BYTES, SLAB_LOOPS * size));
}

unsigned int slabs_per_thread(const struct compare_params *p)
{
	/* at worst one for each grave, the spare's and the one being cut; and those that are handed from thread to thread */
	return graves_per_thread(p) + 2 + (p->threads > 1 ? COMPARE_PARCELS : 0);
}

uint64_t slab_largest(const struct compare *c)
{
	uint64_t most =
		c->p->iova_mode == COMPARE_ADVERSARIAL ? MAX(c->mapping_max, COMPARE_CASE_BYTES) : c->mapping_max;

	return MAX(most, SLAB_BYTES);
}

uint64_t slab_locked_most(const struct compare *c)
{
	uint64_t slab = MAX(c->mapping_max, MIN(SLAB_BYTES, SLAB_LOOPS * c->mapping_max));
	uint64_t kept = graves_per_thread(c->p) + (c->p->threads > 1 ? COMPARE_PARCELS : 0);
	uint64_t each = c->p->graveyard ? kept * c->mapping_max + 2 * slab : 0;

	return c->p->threads * (each + c->mapping_max);
}

int slabs_new(struct compare_thread *t, struct fail *f)
{
	t->nr_slabs = slabs_per_thread(t->c->p);
	t->slabs = calloc(t->nr_slabs, sizeof(*t->slabs));
	if (!t->slabs)
		return fail_set(f, ENOMEM, "cannot allocate %u memory records", t->nr_slabs);
	for (unsigned int i = 0; i < t->nr_slabs; i++)
		t->slabs[i].slot = t->index * t->nr_slabs + i;
	return 0;
}

/* Without a graveyard nothing outlives its mapping: no pin is needed. */
static int slab_pin(struct compare_thread *t, struct slab *slab, struct fail *f)
{
	int err;

	if (!t->c->p->graveyard)
		return 0;
	err = session_pin(t->c->s, slab->slot, slab->mem.va, slab->mem.size, f);
	slab->pinned = !err;
	return err;
}

static int slab_release(struct compare_thread *t, struct compare_loop *l, struct slab *slab, struct fail *f)
{
	uint64_t size = slab->mem.size, unmapped = 0;
	int err = 0;

	if (slab->pinned)
		err = session_unpin(t->c->s, slab->slot, size, &unmapped, f);
	if (slab->pinned && !err && l && unmapped != size) {
		struct failure *bad = compare_found(l, FAILURE_SHORT_UNMAP, l->iova, size);

		snprintf(bad->text, sizeof(bad->text), "unmapping a pin of 0x%" PRIx64 " bytes reported 0x%" PRIx64,
			 size, unmapped);
	}
	slab->pinned = false;
	iommu_mem_free(session_iommu(t->c->s), &slab->mem);
	slab->mem.va = NULL;
	return err;
}

static int slab_drop(struct compare_thread *t, struct compare_loop *l, struct slab *slab, struct fail *f)
{
	return --slab->refs ? 0 : slab_release(t, l, slab, f);
}

int slab_put(struct compare_thread *t, struct compare_loop *l, struct loop_mem *mem, struct fail *f)
{
	struct slab *slab = mem->slab;

	if (!mem->va)
		return 0;
	mem->va = NULL;
	return slab_drop(t, l, slab, f);
}

int slab_recycle(struct compare_loop *l, struct loop_mem *mem, struct fail *f)
{
	struct compare_thread *t = l->t;

	if (!t->c->p->reuse || !mem->va || t->spare.va)
		return slab_put(t, l, mem, f);
	t->spare = *mem;
	mem->va = NULL;
	return 0;
}

static struct slab *slab_unused(struct compare_thread *t)
{
	for (unsigned int i = 0; i < t->nr_slabs; i++)
		if (!t->slabs[i].mem.va)
			return &t->slabs[i];
	return NULL;
}

/* With --reuse any loop's memory is to do for any other. */
static uint64_t slab_piece(const struct compare_loop *l)
{
	return l->c->p->reuse ? MAX(l->size, l->c->mapping_max) : l->size;
}

/* Where there is a graveyard a pin to read comes first, which has to find pages of its own. */
static int slab_memory(struct compare_loop *l, struct iommu_mem *out, struct fail *f)
{
	const struct compare *c = l->c;
	uint64_t size = slab_size(l->t, slab_piece(l));

	if (c->p->graveyard)
		return iommu_mem_alloc(session_iommu(c->s), size, c->p->mem, out, f);
	return iommu_mem_alloc_untouched(session_iommu(c->s), size, c->p->mem, out, f);
}

static int slab_new(struct compare_loop *l, struct fail *f)
{
	struct compare_thread *t = l->t;
	struct slab *slab = slab_unused(t);
	int err;

	if (!slab)
		return fail_set(f, ENOMEM, "no memory record is free");
	err = slab_memory(l, &slab->mem, f);
	if (err)
		return err;
	slab->refs = 1;
	slab->used = 0;
	t->cutting = slab;
	err = slab_pin(t, slab, f);
	if (err == -EEXIST || err == -EADDRINUSE) {
		struct failure *bad = compare_found(l, FAILURE_MAP_REFUSED, l->iova, l->size);

		snprintf(bad->text, sizeof(bad->text), "a pin mapping was refused where nothing is mapped: %s",
			 strerror(-err));
		err = 0;
	}
	return err;
}

int slab_take(struct compare_loop *l, struct fail *f)
{
	struct compare_thread *t = l->t;
	struct slab *slab = t->cutting;
	uint64_t size = slab_piece(l);
	int err;

	if (slab && slab->mem.size - slab->used < size) {
		t->cutting = NULL;
		err = slab_drop(t, l, slab, f);
		if (err)
			return err;
		slab = NULL;
	}
	if (!slab) {
		err = slab_new(l, f);
		if (err)
			return err;
		slab = t->cutting;
	}
	l->mem = (struct loop_mem){(char *)slab->mem.va + slab->used, size, slab};
	slab->used += size;
	slab->refs++;
	return 0;
}

int slabs_repin(struct compare_thread *t, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < t->nr_slabs && !err; i++)
		if (t->slabs[i].mem.va)
			err = slab_pin(t, &t->slabs[i], f);
	return err;
}

void slabs_free(struct compare_thread *t)
{
	for (unsigned int i = 0; t->slabs && i < t->nr_slabs; i++)
		if (t->slabs[i].mem.va)
			slab_release(t, NULL, &t->slabs[i], NULL);
	free(t->slabs);
	t->slabs = NULL;
	t->cutting = NULL;
}
