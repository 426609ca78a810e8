/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which dirty bits a thread of stress asks for: whole mappings, parts, spans, what is left of an entry, and what has to be refused. */
#include "base/num.h"
#include "core/stress/exec_dirty.h"

/* Bits of one read at most. */
#define DIRTY_BITS_MAX 65536u
#define DRAW_ODD_PAGES 16u

static bool draw_slot_range(struct stress_thread *t, struct stress_op *op)
{
	if (!stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, 0, &op->slot))
		return false;
	op->iova = t->slots[op->slot].iova;
	op->size = t->slots[op->slot].size;
	return true;
}

/* Some pages of the slot's mapping. */
static void draw_part(struct stress_thread *t, struct stress_op *op)
{
	uint64_t granule = t->st->granule, pages = op->size / granule, first = stress_draw_below(t, op, "part", pages);

	op->iova += first * granule;
	op->size = granule * stress_draw_between(t, op, "pages", 1, pages - first);
}

/* From the slot's mapping to another one's end, whatever lies between: in one part of the window, as a device was told them to log. */
static void draw_span(struct stress_thread *t, struct stress_op *op)
{
	const struct stress_slot *s;
	struct iova_range r = {op->iova, 0};
	unsigned int other;

	if (!stress_draw_slot(t, op, "to", 1 << SLOT_MAPPED, 0, &other))
		return;
	s = &t->slots[other];
	r.last = s->iova + (s->size - 1);
	for (unsigned int i = 0; i < t->window.nr && r.start < s->iova; i++)
		if (iova_range_contains(t->window.part[i], r))
			op->size = r.last - r.start + 1;
}

/*
 * By pages of no size that there is. Type1 and a device's log refuse that by rule; iommufd's kernels took the lowest bit of it, and divided by
 * zero where that is 2^58 or more (core/op/dirty_read.c). So few pages that bits for each of those 8 bytes have room.
 */
static void draw_odd_size(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	bool iommu = st->dirty_at.source == DIRTY_IOMMU;
	bool may_divide = session_is_simulated(st->s) || session_params(st->s)->allow_crash;

	op->size = MIN(op->size, DRAW_ODD_PAGES * st->granule);
	if (iommu && may_divide && stress_draw_once_in(t, op, "huge pages", 2))
		op->page_size = UINT64_C(1) << stress_draw_between(t, op, "shift", 58, 63);
	else if (!iommu || st->beyond)
		op->page_size = 3000;
	else
		op->size = 0;
}

/* What the interfaces refuse before they look at any bit. */
static void draw_broken(struct stress_thread *t, struct stress_op *op)
{
	/* of a device's log only two are refused by rule */
	bool device = t->st->dirty_at.source == DIRTY_DEVICE;

	switch (device ? 3 + stress_draw_below(t, op, "broken", 2) : stress_draw_below(t, op, "broken", 5)) {
	case 0:
		op->iova += 0x800;
		break;
	case 1:
		op->size = 0;
		break;
	case 2:
		op->page_size *= 2; /* where it is no multiple of it, or the source has no such pages */
		break;
	case 3:
		op->iova = UINT64_MAX - 0xfff;
		op->size = 0x2000;
		break;
	default:
		draw_odd_size(t, op);
		break;
	}
}

/* Larger pages where source and range have them. */
static void draw_page_size(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	const struct stress_dirty *d = st->dirty_priv;
	uint64_t sizes = st->dirty_caps.page_sizes, page;

	op->page_size = sizes ? MAX(sizes & -sizes, d->how.unit) : st->granule;
	if (!stress_draw_once_in(t, op, "large", 4))
		return;
	page = op->page_size << stress_draw_below(t, op, "page", 10);
	if (sizes & page && IS_ALIGNED(op->iova | op->size, page))
		op->page_size = page;
}

/* The slot that has all of @r mapped, with the range of its mapping. */
static bool draw_slot_of(const struct stress_thread *t, struct iova_range r, unsigned int *slot,
			 struct iova_range *mapped)
{
	for (unsigned int i = 0; i < STRESS_SLOTS && r.last >= r.start; i++) {
		const struct stress_slot *s = &t->slots[i];

		*mapped = (struct iova_range){s->iova, s->iova + (s->size - 1)};
		if (s->state != SLOT_MAPPED || !iova_range_contains(*mapped, r))
			continue;
		*slot = i;
		return true;
	}
	return false;
}

static bool draw_take(struct stress_op *op, struct iova_range r)
{
	op->iova = r.start;
	op->size = r.last - r.start + 1;
	return true;
}

/* It is that one's turn. */
static bool draw_has_rest(const struct stress_thread *t, const struct stress_op *op)
{
	return t->rest.last >= t->rest.start && stress_draw_once_in(t, op, "rest", 2);
}

/* What an earlier read left of an entry, if that is still mapped. */
static bool draw_rest(struct stress_thread *t, struct stress_op *op)
{
	struct iova_range mapped;

	return draw_slot_of(t, t->rest, &op->slot, &mapped) && draw_take(op, t->rest);
}

static bool dirty_range_draw(struct stress_thread *t, struct stress_op *op)
{
	uint64_t shape = stress_draw_below(t, op, "shape", 20);

	if (draw_has_rest(t, op) && draw_rest(t, op))
		shape = 0;
	else if (!draw_slot_range(t, op))
		return false;
	if (shape >= 10 && shape < 14)
		draw_part(t, op);
	else if (shape >= 14 && shape < 18)
		draw_span(t, op);
	draw_page_size(t, op);
	if (op->size / op->page_size > DIRTY_BITS_MAX)
		op->size = op->page_size * DIRTY_BITS_MAX;
	if (shape == 19)
		draw_broken(t, op);
	/* where the bitmap begins in its page */
	op->other_offset = stress_draw_once_in(t, op, "skewed", 4) ? stress_draw_below(t, op, "skew", 4096) : 0;
	return true;
}

/* Memory that cannot be written: kernels are known to clear the bits all the same. A device's driver may look at it first, or last. */
static bool draw_unwritable(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;

	if (st->dirty_at.source == DIRTY_DEVICE || (st->dirty_at.source == DIRTY_IOMMU && !st->beyond) ||
	    !stress_draw_once_in(t, op, "unwritable", 32))
		return false;
	op->variant = STRESS_BESIDE_READONLY + stress_draw_once_in(t, op, "nowhere", 2);
	return true;
}

/* A write into the range while it is read, or pages of it that are marked before. */
static void draw_beside(struct stress_thread *t, struct stress_op *op)
{
	const struct dirty_caps *caps = &t->st->dirty_caps;
	const struct stress_slot *s = &t->slots[op->slot];
	uint64_t pages = s->size / t->st->granule, least = stress_draw_below(t, op, "at", pages);

	op->offset = least * t->st->granule;
	if (caps->marks) {
		op->variant = STRESS_BESIDE_MARK;
		op->dma_size = t->st->granule * stress_draw_between(t, op, "marked", 1, pages - least);
		return;
	}
	if (!caps->windows || !t->st->has_dma || !stress_draw_once_in(t, op, "beside", 3) ||
	    !(s->prot & IOMMU_PROT_WRITE) ||
	    !stress_draw_slot(t, op, "other", 1 << SLOT_MAPPED, IOMMU_PROT_READ, &op->other) || op->other == op->slot)
		return;
	op->dma_size = MIN(MIN(s->size - op->offset, t->slots[op->other].size), KiB(8));
	op->dma_size = stress_transfer_size(t->st, op->dma_size);
	if (op->dma_size)
		op->variant = STRESS_BESIDE_WRITE + stress_draw_once_in(t, op, "after", 3);
}

/* Large enough to have an entry with more pages than one. */
static bool draw_large_slot(const struct stress_thread *t, const struct stress_op *op, unsigned int *slot)
{
	unsigned int from = (unsigned int)stress_draw_below(t, op, "large slot", STRESS_SLOTS);

	for (unsigned int i = 0; i < STRESS_SLOTS; i++) {
		const struct stress_slot *s = &t->slots[(from + i) % STRESS_SLOTS];

		*slot = (from + i) % STRESS_SLOTS;
		if (s->state == SLOT_MAPPED && s->size >= MiB(2) && s->prot & IOMMU_PROT_WRITE)
			return true;
	}
	return false;
}

/* One page of it is written or marked just before: by whom, and how much. */
static bool draw_before(struct stress_thread *t, struct stress_op *op)
{
	op->dma_size = t->st->granule;
	op->variant = STRESS_BESIDE_MARK;
	if (t->st->dirty_caps.marks)
		return true;
	op->variant = STRESS_BESIDE_BEFORE;
	if (!t->st->has_dma || !stress_draw_slot(t, op, "other", 1 << SLOT_MAPPED, IOMMU_PROT_READ, &op->other) ||
	    op->other == op->slot)
		return false;
	op->dma_size = stress_transfer_size(t->st, MIN(op->dma_size, t->slots[op->other].size));
	return op->dma_size;
}

/* A range that begins with a page that is written just before, or ends at it: inside of a large entry. */
static bool draw_cut(struct stress_thread *t, struct stress_op *op)
{
	uint64_t granule = t->st->granule;
	const struct stress_slot *s;
	const struct stress_op bare = *op;

	if (t->st->dirty_at.source == DIRTY_IOMMU && draw_large_slot(t, op, &op->slot) && draw_before(t, op)) {
		s = &t->slots[op->slot];
		op->offset = stress_draw_below(t, op, "at", s->size / granule) * granule;
		op->iova = s->iova;
		op->size = op->offset;
		if (!op->offset || !stress_draw_once_in(t, op, "ends", 2)) {
			op->iova = s->iova + op->offset;
			op->size = stress_draw_once_in(t, op, "page", 2) ? granule : s->size - op->offset;
		}
		draw_page_size(t, op);
		return true;
	}
	*op = bare;
	return false;
}

/* Among large pages whenever it can be. */
static bool draw_wants_cut(const struct stress_thread *t, const struct stress_op *op)
{
	return t->st->align > t->st->granule || stress_draw_once_in(t, op, "cut", 3);
}

bool stress_dirty_draw_read(struct stress_thread *t, struct stress_op *op)
{
	if (!t->st->dirty || (op->kind == STRESS_DIRTY_READ && !t->st->dirty_caps.can_keep))
		return false;
	if (!draw_has_rest(t, op) && draw_wants_cut(t, op) && draw_cut(t, op))
		return true;
	if (!dirty_range_draw(t, op))
		return false;
	if (!draw_unwritable(t, op))
		draw_beside(t, op);
	return true;
}

bool stress_dirty_draw_unmap(struct stress_thread *t, struct stress_op *op)
{
	return t->st->dirty && t->st->dirty_caps.unmaps && dirty_range_draw(t, op);
}
