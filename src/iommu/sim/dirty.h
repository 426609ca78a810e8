/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty tracking of the simulated IOMMU: what an address space keeps for it, and its sources. */
#ifndef IC_IOMMU_SIM_DIRTY_H
#define IC_IOMMU_SIM_DIRTY_H

#include "iommu/backend.h"
#include "iommu/sim/owed.h"
#include "iommu/sim/pt.h"

/* One bit may stand for 4K or any larger power of two that fits into an aperture. */
#define SIM_DIRTY_SIZES ((UINT64_C(1) << SIM_IOVA_BITS) - 4096)

struct sim_space;

struct sim_dirty {
	bool on;	   /* IOMMU_HWPT_SET_DIRTY_TRACKING */
	bool container_on; /* VFIO_IOMMU_DIRTY_PAGES */
	struct range_tree owed;
	struct sim_bits *collect; /* where the unmap under way reports to, NULL: it does not */
};

void sim_dirty_exit(struct sim_dirty *dirty);

/* Clear the entries of a mapping of @pages in @range, as sim_pt_unmap(); dirty ones are reported if that was asked for. */
void sim_dirty_unmap_entries(struct sim_space *space, struct iova_range range, uint64_t pages, bool keep_last);

/* leaf.c: entries end at @iova, so that what lies before it and behind it can go alone. Under the lock. -ENOMEM. */
int sim_leaf_cut(struct sim_space *space, uint64_t iova);

extern const struct dirty_ops sim_dirty_ops;	    /* source iommu */
extern const struct dirty_ops sim_dirty_type1_ops;  /* dirty_type1.c */
extern const struct dirty_ops sim_dirty_device_ops; /* dirty_device.c */
extern const struct leaf_ops sim_leaf_ops;	    /* leaf.c */

#endif
