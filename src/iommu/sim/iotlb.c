/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated IOTLB. Every field is an atomic and every load of a payload an acquire, so that the second look at the
 * sequence cannot move before it; no fences, which ThreadSanitizer does not model.
 */
#include "iommu/sim/iotlb.h"

#define SIM_IOTLB_LEVELS 3

static unsigned int sim_iotlb_set(uint64_t iova, unsigned int level)
{
	return (iova >> sim_pt_shift(level)) % SIM_IOTLB_SETS;
}

static uint64_t sim_iotlb_tag(uint64_t iova, unsigned int level)
{
	return (iova >> sim_pt_shift(level)) << sim_pt_shift(level) | (level + 1);
}

static inline bool sim_iotlb_read(struct sim_iotlb *tlb, unsigned int set, unsigned int way, uint64_t tag,
				  uint64_t *pte)
{
	uint32_t sequence = atomic_load_explicit(&tlb->sequence[set], memory_order_acquire);

	if (atomic_load_explicit(&tlb->tag[set][way], memory_order_acquire) != tag || sequence & 1)
		return false;
	*pte = atomic_load_explicit(&tlb->pte[set][way], memory_order_acquire);
	return atomic_load_explicit(&tlb->sequence[set], memory_order_relaxed) == sequence;
}

bool sim_iotlb_lookup(struct sim_iotlb *tlb, uint64_t iova, struct sim_leaf *out)
{
	for (unsigned int level = 0; level < SIM_IOTLB_LEVELS; level++) {
		unsigned int set = sim_iotlb_set(iova, level);
		uint64_t tag = sim_iotlb_tag(iova, level);

		for (unsigned int way = 0; way < SIM_IOTLB_WAYS; way++) {
			if (sim_iotlb_read(tlb, set, way, tag, &out->pte)) {
				out->level = level;
				return true;
			}
		}
	}
	return false;
}

uint64_t sim_iotlb_run(struct sim_iotlb *tlb, uint64_t iova, uint64_t phys, uint64_t need, uint64_t max)
{
	uint64_t pages = 0, tag = sim_iotlb_tag(iova, 0), pte = 0;
	unsigned int set = sim_iotlb_set(iova, 0), way = 0, tries;

	for (; pages < max; pages++, tag += 4096, phys += 4096, set = (set + 1) % SIM_IOTLB_SETS) {
		/* what was cached together often is in the same way */
		for (tries = 0; tries < SIM_IOTLB_WAYS && !sim_iotlb_read(tlb, set, way, tag, &pte); tries++)
			way = (way + 1) % SIM_IOTLB_WAYS;
		if (tries == SIM_IOTLB_WAYS || (pte & (SIM_PTE_ADDR | need)) != (phys | need))
			break;
	}
	return pages;
}

/* One that has the tag already, else an empty one, else any. Under the set's sequence. */
static unsigned int sim_iotlb_way(struct sim_iotlb *tlb, unsigned int set, uint64_t tag)
{
	unsigned int empty = SIM_IOTLB_WAYS, way;
	uint8_t victim;

	for (way = 0; way < SIM_IOTLB_WAYS; way++) {
		uint64_t there = atomic_load_explicit(&tlb->tag[set][way], memory_order_relaxed);

		if (there == tag)
			return way;
		if (!there && empty == SIM_IOTLB_WAYS)
			empty = way;
	}
	if (empty < SIM_IOTLB_WAYS)
		return empty;
	/* without a pattern: those that come by turns, one more than there are ways, would never be found */
	victim = (uint8_t)(atomic_load_explicit(&tlb->victim[set], memory_order_relaxed) * 29 + 71);
	atomic_store_explicit(&tlb->victim[set], victim, memory_order_relaxed);
	return (victim >> 5) % SIM_IOTLB_WAYS;
}

void sim_iotlb_fill(struct sim_iotlb *tlb, uint64_t iova, const struct sim_leaf *leaf)
{
	unsigned int set = sim_iotlb_set(iova, leaf->level), way;
	uint64_t tag = sim_iotlb_tag(iova, leaf->level);
	uint32_t sequence = atomic_load_explicit(&tlb->sequence[set], memory_order_relaxed);

	if (sequence & 1 || !atomic_compare_exchange_strong_explicit(&tlb->sequence[set], &sequence, sequence + 1,
								     memory_order_acq_rel, memory_order_relaxed))
		return;
	way = sim_iotlb_way(tlb, set, tag);
	atomic_store_explicit(&tlb->tag[set][way], tag, memory_order_release);
	atomic_store_explicit(&tlb->pte[set][way], leaf->pte, memory_order_release);
	/* after the tag: who takes the mark back sees that */
	atomic_store_explicit(&tlb->filled[sim_lane(iova)], true, memory_order_release);
	atomic_store_explicit(&tlb->sequence[set], sequence + 2, memory_order_release);
}

static bool sim_iotlb_touches(uint64_t tag, uint64_t start, uint64_t last)
{
	unsigned int shift = sim_pt_shift((unsigned int)(tag & 3) - 1);
	uint64_t first = tag & ~UINT64_C(3);

	return first <= last && first + ((UINT64_C(1) << shift) - 1) >= start;
}

/* Entries of the set that touch the range go. Who reads one meanwhile has it from before. Returns the lanes of those that stay. */
static uint32_t sim_iotlb_clear(struct sim_iotlb *tlb, unsigned int set, uint64_t start, uint64_t last)
{
	uint32_t rest = 0;

	for (unsigned int way = 0; way < SIM_IOTLB_WAYS; way++) {
		uint64_t tag = atomic_load_explicit(&tlb->tag[set][way], memory_order_acquire);

		if (tag && sim_iotlb_touches(tag, start, last))
			atomic_store_explicit(&tlb->tag[set][way], 0, memory_order_release);
		else if (tag)
			rest |= UINT32_C(1) << sim_lane(tag);
	}
	return rest;
}

/* All sets. Afterwards it is known which of @lanes are empty. */
static void sim_iotlb_sweep(struct sim_iotlb *tlb, uint64_t start, uint64_t last, uint32_t lanes)
{
	uint32_t had = 0, rest = 0;

	for (unsigned int lane = 0; lane < SIM_LANES; lane++)
		if (lanes & UINT32_C(1) << lane &&
		    atomic_exchange_explicit(&tlb->filled[lane], false, memory_order_acq_rel))
			had |= UINT32_C(1) << lane;
	for (unsigned int set = 0; had && set < SIM_IOTLB_SETS; set++)
		rest |= sim_iotlb_clear(tlb, set, start, last);
	for (unsigned int lane = 0; lane < SIM_LANES; lane++)
		if (rest & had & UINT32_C(1) << lane)
			atomic_store_explicit(&tlb->filled[lane], true, memory_order_release);
}

/* Those sets that pages of the range can be in. */
static void sim_iotlb_pick(struct sim_iotlb *tlb, uint64_t start, uint64_t last)
{
	for (unsigned int level = 0; level < SIM_IOTLB_LEVELS; level++) {
		unsigned int shift = sim_pt_shift(level);

		for (uint64_t page = start >> shift; page <= last >> shift; page++)
			sim_iotlb_clear(tlb, page % SIM_IOTLB_SETS, start, last);
	}
}

void sim_iotlb_invalidate(struct sim_iotlb *tlb, uint64_t start, uint64_t last)
{
	uint32_t lanes = sim_lane_mask(start, last);

	if (start >> 30 == last >> 30 && !atomic_load_explicit(&tlb->filled[sim_lane(start)], memory_order_acquire))
		return;
	if ((last >> 12) - (start >> 12) < SIM_IOTLB_SETS / 4)
		sim_iotlb_pick(tlb, start, last);
	else
		sim_iotlb_sweep(tlb, start, last, lanes);
}

void sim_iotlb_fresh(struct sim_iotlb *tlb)
{
	sim_iotlb_invalidate(tlb, 0, UINT64_MAX);
	for (unsigned int set = 0; set < SIM_IOTLB_SETS; set++)
		atomic_store_explicit(&tlb->victim[set], 0, memory_order_relaxed);
}
