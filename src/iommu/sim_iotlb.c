/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated IOTLB. Every field is an atomic and every load of a payload an acquire, so that the second look at the
 * sequence cannot move before it; no fences, which ThreadSanitizer does not model.
 */
#include "iommu/sim_iotlb.h"

#define SIM_IOTLB_LEVELS 3

static struct sim_iotlb_entry *sim_iotlb_set(struct sim_iotlb *tlb, uint64_t iova, unsigned int level)
{
	return tlb->entry[(iova >> sim_pt_shift(level)) % SIM_IOTLB_SETS];
}

static uint64_t sim_iotlb_tag(uint64_t iova, unsigned int level)
{
	return (iova >> sim_pt_shift(level)) << sim_pt_shift(level) | (level + 1);
}

static bool sim_iotlb_read(struct sim_iotlb_entry *e, uint64_t tag, uint64_t *pte)
{
	uint32_t sequence = atomic_load_explicit(&e->sequence, memory_order_acquire);

	if (atomic_load_explicit(&e->tag, memory_order_acquire) != tag || sequence & 1)
		return false;
	*pte = atomic_load_explicit(&e->pte, memory_order_acquire);
	return atomic_load_explicit(&e->sequence, memory_order_relaxed) == sequence;
}

bool sim_iotlb_lookup(struct sim_iotlb *tlb, uint64_t iova, struct sim_leaf *out)
{
	for (unsigned int level = 0; level < SIM_IOTLB_LEVELS; level++) {
		struct sim_iotlb_entry *set = sim_iotlb_set(tlb, iova, level);
		uint64_t tag = sim_iotlb_tag(iova, level);

		for (unsigned int way = 0; way < SIM_IOTLB_WAYS; way++) {
			if (sim_iotlb_read(&set[way], tag, &out->pte)) {
				out->level = level;
				return true;
			}
		}
	}
	return false;
}

static bool sim_iotlb_lock(struct sim_iotlb_entry *e, uint32_t *sequence)
{
	*sequence = atomic_load_explicit(&e->sequence, memory_order_relaxed);
	return !(*sequence & 1) && atomic_compare_exchange_strong_explicit(&e->sequence, sequence, *sequence + 1,
									   memory_order_acq_rel, memory_order_relaxed);
}

static void sim_iotlb_write(struct sim_iotlb_entry *e, uint32_t sequence, uint64_t tag, uint64_t pte)
{
	atomic_store_explicit(&e->tag, tag, memory_order_release);
	atomic_store_explicit(&e->pte, pte, memory_order_release);
	atomic_store_explicit(&e->sequence, sequence + 2, memory_order_release);
}

void sim_iotlb_fill(struct sim_iotlb *tlb, uint64_t iova, const struct sim_leaf *leaf)
{
	struct sim_iotlb_entry *set = sim_iotlb_set(tlb, iova, leaf->level), *e = NULL;
	uint64_t tag = sim_iotlb_tag(iova, leaf->level);
	uint32_t sequence;

	for (unsigned int way = 0; way < SIM_IOTLB_WAYS; way++) {
		uint64_t there = atomic_load_explicit(&set[way].tag, memory_order_relaxed);

		if (there == tag) {
			e = &set[way];
			break;
		}
		if (!there && !e)
			e = &set[way];
	}
	if (!e)
		e = &set[atomic_fetch_add_explicit(&tlb->victim, 1, memory_order_relaxed) % SIM_IOTLB_WAYS];
	if (sim_iotlb_lock(e, &sequence))
		sim_iotlb_write(e, sequence, tag, leaf->pte);
}

static bool sim_iotlb_touches(uint64_t tag, uint64_t start, uint64_t last)
{
	unsigned int shift = sim_pt_shift((unsigned int)(tag & 3) - 1);
	uint64_t first = tag & ~UINT64_C(3);

	return first <= last && first + ((UINT64_C(1) << shift) - 1) >= start;
}

void sim_iotlb_invalidate(struct sim_iotlb *tlb, uint64_t start, uint64_t last)
{
	struct sim_iotlb_entry *e = &tlb->entry[0][0], *end = e + SIM_IOTLB_SETS * SIM_IOTLB_WAYS;
	uint32_t sequence;
	uint64_t tag;

	for (; e < end; e++) {
		tag = atomic_load_explicit(&e->tag, memory_order_acquire);
		/* Settled entries of other pages need no lock; one that is being written may become ours. */
		if (!(atomic_load_explicit(&e->sequence, memory_order_acquire) & 1) &&
		    (!tag || !sim_iotlb_touches(tag, start, last)))
			continue;
		while (!sim_iotlb_lock(e, &sequence))
			;
		tag = atomic_load_explicit(&e->tag, memory_order_relaxed);
		if (tag && sim_iotlb_touches(tag, start, last))
			tag = 0;
		sim_iotlb_write(e, sequence, tag, tag ? atomic_load_explicit(&e->pte, memory_order_relaxed) : 0);
	}
}
