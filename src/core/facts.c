/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an op was about: the shape of its request, and a hash of what stood there before it. */
#include "core/facts.h"

#include <stdio.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/session/priv.h"
#include "host/self.h"
#include "iommu/ledger.h"

const char *op_kind_name(enum op_kind kind)
{
	static const char *const names[] = {"other", "map",	     "unmap", "free", "fill",
					    "check", "check --pins", "dma",   "dirty"};

	return names[kind];
}

void session_watch(struct session *s, struct op_facts *facts)
{
	s->facts = facts;
}

static uint64_t facts_granule(const struct session *s)
{
	uint64_t sizes = iommu_caps(s->iommu)->page_sizes;

	return sizes ? sizes & -sizes : 4096;
}

/* What both maps and unmaps can be wrong in. True when there is a range to look at. */
static bool facts_shape(struct session *s, iova_t iova, uint64_t size, struct iova_range *r)
{
	uint64_t granule = facts_granule(s);
	uint32_t shape = 0;

	if (!size)
		shape |= SHAPE_EMPTY;
	if (!IS_ALIGNED(iova, granule))
		shape |= SHAPE_IOVA_UNALIGNED;
	if (!IS_ALIGNED(size, granule))
		shape |= SHAPE_SIZE_UNALIGNED;
	if (iova == UINT64_MAX || size == UINT64_MAX)
		shape |= SHAPE_MAX;
	r->start = iova;
	if (size && !num_add(iova, size - 1, &r->last))
		shape |= SHAPE_WRAPS;
	s->facts->shape |= shape;
	return !(shape & (SHAPE_EMPTY | SHAPE_WRAPS));
}

/*
 * What is mapped in a range: how it lies there, and a hash that two runs share where the same buffers lie in the same way.
 * Offsets count from the range's start, which a chosen IOVA does not change. The tool's own mappings are left out: where
 * they are follows from physical addresses.
 */
static void facts_look(struct session *s, const struct iommu *space, struct iova_range r)
{
	struct iova_range rest = r;
	struct op_facts *facts = s->facts;
	struct ledger_entry e;
	uint32_t shape = 0;

	while (ledger_find(iommu_ledger(space), rest, &e)) {
		if (e.named) {
			if (e.range.start < r.start)
				shape |= SHAPE_CUTS_FIRST;
			if (e.range.last > r.last)
				shape |= SHAPE_CUTS_LAST;
			if (iova_range_contains(r, e.range))
				shape |= SHAPE_WHOLE;
			facts->before += rng_draw(rng_place(e.tag), e.range.start - r.start,
						  (e.range.last - e.range.start) | (uint64_t)e.prot << 62);
		}
		if (e.range.last >= r.last)
			break;
		rest.start = e.range.last + 1;
	}
	facts->shape |= shape ? shape : SHAPE_NOTHING;
}

static int facts_entry(const struct ledger_entry *e, void *arg)
{
	struct op_facts *facts = arg;

	if (!e->named)
		return 0;
	facts->shape |= SHAPE_WHOLE;
	facts->before += rng_draw(rng_place(e->tag), e->range.last - e->range.start, e->prot);
	return 0;
}

static void facts_set_buf(struct op_facts *facts, const char *buf)
{
	if (buf)
		snprintf(facts->buf, sizeof(facts->buf), "%.31s", buf);
}

static bool facts_is_outside(const struct iommu_caps *caps, struct iova_range r)
{
	for (unsigned int i = 0; i < caps->nr_ranges; i++)
		if (iova_range_contains(caps->ranges[i], r))
			return false;
	return caps->ranges_known;
}

void facts_map(struct session *s, struct iommu *space, const char *buf, const struct iommu_map_req *req, bool chosen)
{
	struct op_facts *facts = s->facts;
	uintptr_t va = (uintptr_t)req->va;
	struct iova_range r;
	uint64_t last;
	uint32_t left;

	if (!facts)
		return;
	facts->kind = OP_MAP;
	facts_set_buf(facts, buf);
	if (chosen)
		facts->shape |= SHAPE_CHOSEN;
	if (!(req->prot & IOMMU_PROT_RW))
		facts->shape |= SHAPE_NO_PROT;
	if (!IS_ALIGNED(va, facts_granule(s)))
		facts->shape |= SHAPE_VA_UNALIGNED;
	if (req->size && !num_add(va, req->size - 1, &last))
		facts->shape |= SHAPE_VA_WRAPS;
	if (req->flags)
		facts->shape |= SHAPE_FLAGS;
	if (!iommu_avail(space, &left) && !left)
		facts->shape |= SHAPE_FULL;
	if (!session_is_simulated(s) && self_memlock_is_limited())
		facts->shape |= SHAPE_LIMITED;
	if (req->kernel_iova || !facts_shape(s, req->iova, req->size, &r))
		return;
	if (facts_is_outside(iommu_caps(space), r))
		facts->shape |= SHAPE_OUTSIDE;
	facts_look(s, space, r);
}

void facts_unmap(struct session *s, const struct iommu *space, const char *buf, iova_t iova, uint64_t size, bool all)
{
	struct op_facts *facts = s->facts;
	struct iova_range r;

	if (!facts)
		return;
	facts->kind = OP_UNMAP;
	facts_set_buf(facts, buf);
	if (all) {
		facts->shape |= SHAPE_ALL;
		ledger_each(iommu_ledger(space), facts_entry, facts);
	} else if (facts_shape(s, iova, size, &r)) {
		facts_look(s, space, r);
	}
}

void facts_range(struct session *s, const struct iommu *space, iova_t iova, uint64_t size)
{
	struct iova_range r;

	if (s->facts && facts_shape(s, iova, size, &r))
		facts_look(s, space, r);
}

void facts_buffer(struct session *s, enum op_kind kind, const char *buf)
{
	const struct buffer *b = s->facts && buf ? buffer_find(s, buf) : NULL;

	if (!s->facts)
		return;
	s->facts->kind = kind;
	facts_set_buf(s->facts, buf);
	if (b)
		s->facts->before += rng_draw(rng_place(b->name), b->size, buffer_is_mapped(b));
}

void facts_dirty(struct session *s, unsigned int source)
{
	if (!s->facts)
		return;
	if (s->facts->kind == OP_OTHER)
		s->facts->kind = OP_DIRTY;
	s->facts->source = 1 + source;
}

void facts_asked(struct session *s)
{
	if (s->facts)
		s->facts->asked = true;
}

void facts_placed(struct session *s, const struct iommu_map_req *req)
{
	if (!s->facts)
		return;
	s->facts->placed = true;
	s->facts->iova = req->iova;
	s->facts->size = req->size;
	facts_count(s, FACT_MAPPED, req->size);
}

void facts_count(struct session *s, enum fact_count what, uint64_t bytes)
{
	if (!s->facts)
		return;
	s->facts->counted |= 1u << what;
	s->facts->bytes[what] = bytes;
}

void facts_found(struct session *s, const struct failures *found)
{
	if (!s->facts)
		return;
	for (unsigned int i = 0; i < FAILURE_CLASSES; i++)
		if (found->count[i])
			s->facts->classes |= 1u << i;
}
