/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOTLB, one for each device: set-associative, shared by its queues, a sequence guards the entries of a set. */
#ifndef IC_IOMMU_SIM_IOTLB_H
#define IC_IOMMU_SIM_IOTLB_H

#include <stdatomic.h>
#include <stdbool.h>

#include "iommu/rcu.h"
#include "iommu/sim/pt.h"

#define SIM_IOTLB_SETS 64u
#define SIM_IOTLB_WAYS 4u

/* Regions of 1 GiB by turns: what lies in different lanes does not meet. */
#define SIM_LANES 16u

static inline unsigned int sim_lane(uint64_t iova)
{
	return (unsigned int)(iova >> 30) % SIM_LANES;
}

/* The lanes that start..last touches, as rcu_enter_for() takes them. */
static inline uint32_t sim_lane_mask(uint64_t start, uint64_t last)
{
	uint32_t mask = 0;

	if ((last >> 30) - (start >> 30) >= SIM_LANES - 1)
		return RCU_LANES;
	for (uint64_t at = start >> 30; at <= last >> 30; at++)
		mask |= UINT32_C(1) << at % SIM_LANES;
	return mask;
}

struct sim_iotlb {
	struct sim_iotlb *next; /* another device's */
	/* first IOVA of the page | level + 1; 0 = invalid */
	_Alignas(64) _Atomic uint64_t tag[SIM_IOTLB_SETS][SIM_IOTLB_WAYS];
	_Atomic uint64_t pte[SIM_IOTLB_SETS][SIM_IOTLB_WAYS]; /* the leaf as it was walked */
	_Atomic uint32_t sequence[SIM_IOTLB_SETS];	      /* odd while an entry of the set is written */
	_Atomic uint8_t victim[SIM_IOTLB_SETS];		      /* draws the way that makes room */
	_Atomic bool filled[SIM_LANES];			      /* false: nothing of the lane is in here */
};

/*
 * What the verbs below call an iova: the upper 16 bits say whose it is, as VT-d's domain id does (6.2.2.1). The hardware
 * translates 48 bits.
 */
static inline uint64_t sim_iotlb_address(uint16_t domain, uint64_t iova)
{
	return (uint64_t)domain << SIM_IOVA_BITS | (iova & SIM_IOVA_LAST);
}

/* Inside the rcu_enter() in which the translation is used. False = miss. */
bool sim_iotlb_lookup(struct sim_iotlb *tlb, uint64_t iova, struct sim_leaf *out);
/*
 * How many of @max pages of 4K from @iova on are cached with the rights @need, and lie side by side in memory from @phys on. As
 * sim_iotlb_lookup() for each of them.
 */
uint64_t sim_iotlb_run(struct sim_iotlb *tlb, uint64_t iova, uint64_t phys, uint64_t need, uint64_t max);
/* Inside the rcu_enter() of the walk that found @leaf. May be dropped when another queue writes the same entry. */
void sim_iotlb_fill(struct sim_iotlb *tlb, uint64_t iova, const struct sim_leaf *leaf);
/*
 * Drop every entry whose page touches start..last, under the locks of all lanes that this is in: their marks are gone while it lasts. Who may
 * still fill in an old one was waited for before; what is filled in meanwhile may go with the others, or stay.
 */
void sim_iotlb_invalidate(struct sim_iotlb *tlb, uint64_t start, uint64_t last);
/* Empty, as at the start. While nobody fills it. */
void sim_iotlb_fresh(struct sim_iotlb *tlb);

#endif
