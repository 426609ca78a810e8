/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOMMU's page tables: the dirty bits of a range, looked at and cleared. */
#include "iommu/sim/pt.h"

static void sim_pt_scan_leaf(struct sim_pt_scan *scan, sim_pte *slot, uint64_t iova, unsigned int level)
{
	uint64_t last = iova + ((UINT64_C(1) << sim_pt_shift(level)) - 1);

	if (scan->dirty && !scan->dirty(scan, iova, level))
		return;
	/* A walker may have set the bit once more since it was seen: that write is told of as well. */
	atomic_fetch_and_explicit(slot, ~SIM_PTE_D, memory_order_acq_rel);
	scan->first_cleared = MIN(scan->first_cleared, iova);
	scan->last_cleared = MAX(scan->last_cleared, last);
}

/* @base: the first address below @table. */
static void sim_pt_scan_level(struct sim_pt_scan *scan, sim_pte *table, unsigned int level, uint64_t base)
{
	unsigned int shift = sim_pt_shift(level);
	uint64_t end = base + ((UINT64_C(1) << (shift + 9)) - 1);
	unsigned int i = scan->start > base ? sim_pt_index(scan->start, level) : 0;
	unsigned int last = scan->last < end ? sim_pt_index(scan->last, level) : SIM_PT_ENTRIES - 1;

	for (; i <= last; i++) {
		uint64_t pte = atomic_load_explicit(&table[i], memory_order_acquire);

		if (!(pte & SIM_PTE_LEAF)) {
			if (pte)
				sim_pt_scan_level(scan, sim_pt_table(pte), level - 1, base + ((uint64_t)i << shift));
		} else if (pte & SIM_PTE_D) {
			sim_pt_scan_leaf(scan, &table[i], base + ((uint64_t)i << shift), level);
		}
	}
}

void sim_pt_scan(struct sim_pt *pt, struct sim_pt_scan *scan)
{
	scan->first_cleared = UINT64_MAX;
	scan->last_cleared = 0;
	if (scan->start > SIM_IOVA_LAST)
		return;
	sim_pt_scan_level(scan, pt->root, SIM_PT_TOP, 0);
}
