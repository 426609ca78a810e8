/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/sim: a change of a range of entries, table by table. */
#ifndef IC_IOMMU_SIM_PT_RUN_H
#define IC_IOMMU_SIM_PT_RUN_H

#include "iommu/sim/pt.h"

/* What is still to be mapped or unmapped, moving forward through the levels. */
struct sim_pt_run {
	struct sim_pt *pt;
	uint64_t iova, frame, left;
	uint64_t bits;
	bool keep_last;
	bool keep_tables; /* those that fall empty stay linked */
	struct sim_pt_heir *heir;
};

/* As much of the run as lies below @table; *live counts its entries that came, and went. -EEXIST, -ENOMEM. */
int sim_pt_map_level(struct sim_pt_run *run, sim_pte *table, unsigned int level, int *live);
void sim_pt_unmap_level(struct sim_pt_run *run, sim_pte *table, unsigned int level, int *live);

/* @more entries (may be negative) in the table below @slot. Returns how many there are. */
uint64_t sim_pt_count(sim_pte *slot, int more);
/* The same, and the table is unlinked when there is none: then *live is one less. */
void sim_pt_recount(struct sim_pt *pt, sim_pte *slot, int more, int *live);

#endif
