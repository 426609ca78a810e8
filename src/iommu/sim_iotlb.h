/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOTLB: set-associative, shared by all queues, entries guarded by a sequence each. */
#ifndef IC_IOMMU_SIM_IOTLB_H
#define IC_IOMMU_SIM_IOTLB_H

#include <stdatomic.h>
#include <stdbool.h>

#include "iommu/sim_pt.h"

#define SIM_IOTLB_SETS 64u
#define SIM_IOTLB_WAYS 4u

struct sim_iotlb_entry {
	_Atomic uint32_t sequence; /* odd while it is being written */
	_Atomic uint64_t tag;	   /* first IOVA of the page | level + 1; 0 = invalid */
	_Atomic uint64_t pte;	   /* the leaf as it was walked */
};

struct sim_iotlb {
	struct sim_iotlb_entry entry[SIM_IOTLB_SETS][SIM_IOTLB_WAYS];
	_Atomic uint32_t victim;
};

/*
 * What the verbs below call an iova: the upper 16 bits say whose it is, as VT-d's domain id does (6.2.2.1). The hardware
 * translates 48 bits.
 */
static inline uint64_t sim_iotlb_address(uint16_t domain, uint64_t iova)
{
	return (uint64_t)domain << SIM_IOVA_BITS | iova;
}

/* Inside the rcu_enter() in which the translation is used. False = miss. */
bool sim_iotlb_lookup(struct sim_iotlb *tlb, uint64_t iova, struct sim_leaf *out);
/* Inside the rcu_enter() of the walk that found @leaf. May be dropped when another queue writes the same entry. */
void sim_iotlb_fill(struct sim_iotlb *tlb, uint64_t iova, const struct sim_leaf *leaf);
/* Drop every entry whose page touches start..last. */
void sim_iotlb_invalidate(struct sim_iotlb *tlb, uint64_t start, uint64_t last);

#endif
