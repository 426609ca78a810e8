/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where page tables come from and go to. */
#ifndef IC_IOMMU_SIM_PT_POOL_H
#define IC_IOMMU_SIM_PT_POOL_H

#include "iommu/sim/pt.h"

/* An empty table, or NULL. */
sim_pte *sim_pt_pool_get(struct sim_pt *pt);
/* An unlinked empty table: kept aside until sim_pt_reap(). Cannot fail. */
void sim_pt_pool_part(struct sim_pt *pt, sim_pte *table);
void sim_pt_pool_exit(struct sim_pt *pt);

#endif
