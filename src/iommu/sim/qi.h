/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The invalidation queue of the simulated IOMMU, in VT-d's form (spec 6.5.2): descriptors of 128 bits in a ring. */
#ifndef IC_IOMMU_SIM_QI_H
#define IC_IOMMU_SIM_QI_H

#include "iommu/sim/iotlb.h"

#define SIM_QI_ENTRIES 256u
#define SIM_QI_MAMV 18u /* the largest address mask the hardware takes (CAP_REG.MAMV) */

struct sim_qi_desc {
	uint64_t low, high;
};

struct sim_qi {
	struct sim_qi_desc ring[SIM_QI_ENTRIES];
	uint32_t head, tail;
	struct sim_iotlb *tlb;			   /* of all devices, by their next */
	uint64_t page_selective, domain_selective; /* how many of each were executed */
};

void sim_qi_init(struct sim_qi *qi);
/* A device's IOTLB from now on, and no more. Under the context's lock. */
void sim_qi_add(struct sim_qi *qi, struct sim_iotlb *tlb);
void sim_qi_drop(struct sim_qi *qi, struct sim_iotlb *tlb);

/* Order of the smallest aligned power-of-two block of pages that covers the range. */
unsigned int sim_qi_mask(uint64_t pfn, uint64_t pages);
/* The order that forgets that the range may straddle a block: right only for aligned ranges. */
unsigned int sim_qi_mask_short(uint64_t pages);

/*
 * Invalidate 2^@order pages around @iova of @domain, or the whole domain when the hardware takes no such mask, then wait. Called under the
 * locks of all lanes that this is in. Returns when the hardware has written the wait's status.
 */
void sim_qi_flush(struct sim_qi *qi, uint16_t domain, uint64_t iova, unsigned int order);

#endif
