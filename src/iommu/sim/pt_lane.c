/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated IOMMU's page tables, changed within one GiB while others change other ones: the entries of that region's table and of those
 * below, and the count in the entry that points to it, are the caller's alone. Nothing above changes, and no table goes.
 */
#include "iommu/sim/pt_pool.h"
#include "iommu/sim/pt_run.h"

#define SIM_PT_REGION 2 /* the level whose entries are of 1 GiB */

/* The entry of @iova's region; NULL: the table it would be in is not there. */
static sim_pte *sim_pt_region(struct sim_pt *pt, uint64_t iova)
{
	uint64_t pte = atomic_load_explicit(&pt->root[sim_pt_index(iova, SIM_PT_TOP)], memory_order_acquire);

	return pte ? &sim_pt_table(pte)[sim_pt_index(iova, SIM_PT_REGION)] : NULL;
}

/* Its table; NULL: there is none. */
static sim_pte *sim_pt_region_table(struct sim_pt *pt, uint64_t iova)
{
	sim_pte *slot = sim_pt_region(pt, iova);
	uint64_t pte = slot ? atomic_load_explicit(slot, memory_order_acquire) : 0;

	return pte && !(pte & SIM_PTE_LEAF) ? sim_pt_table(pte) : NULL;
}

static bool sim_pt_is_empty(uint64_t pte)
{
	return pte && !(pte & (SIM_PTE_LEAF | SIM_PTE_COUNT));
}

bool sim_pt_lane_ready(struct sim_pt *pt, uint64_t iova, uint64_t frames)
{
	sim_pte *table = sim_pt_region_table(pt, iova);
	uint64_t last = iova + ((frames - 1) << 12);

	if (!table || frames < SIM_PT_ENTRIES)
		return table;
	/* a large entry could take the place of an empty table, which would have to go */
	for (uint64_t at = iova >> 21; at <= last >> 21; at++)
		if (sim_pt_is_empty(atomic_load_explicit(&table[at % SIM_PT_ENTRIES], memory_order_relaxed)))
			return false;
	return true;
}

int sim_pt_lane_map(struct sim_pt *pt, uint64_t iova, uint64_t frame, uint64_t frames, uint64_t bits, uint64_t *done)
{
	struct sim_pt_run run = {
		.pt = pt, .iova = iova, .frame = frame, .left = frames, .bits = bits, .keep_tables = true};
	int live = 0, r = sim_pt_map_level(&run, sim_pt_region_table(pt, iova), SIM_PT_REGION - 1, &live);

	sim_pt_count(sim_pt_region(pt, iova), live);
	*done = frames - run.left;
	return r;
}

void sim_pt_lane_unmap(struct sim_pt *pt, uint64_t iova, uint64_t frames)
{
	struct sim_pt_run run = {.pt = pt, .iova = iova, .left = frames, .keep_tables = true};
	int live = 0;

	sim_pt_unmap_level(&run, sim_pt_region_table(pt, iova), SIM_PT_REGION - 1, &live);
	sim_pt_count(sim_pt_region(pt, iova), live);
}

bool sim_pt_lane_is_idle(struct sim_pt *pt, uint64_t iova)
{
	sim_pte *slot = sim_pt_region(pt, iova), *table = sim_pt_region_table(pt, iova);

	return table && (sim_pt_is_empty(atomic_load_explicit(slot, memory_order_relaxed)) ||
			 sim_pt_is_empty(atomic_load_explicit(&table[sim_pt_index(iova, 1)], memory_order_relaxed)));
}

static void sim_pt_trim_level(struct sim_pt *pt, sim_pte *table, unsigned int level, uint64_t iova, int *live)
{
	sim_pte *slot = &table[sim_pt_index(iova, level)];
	uint64_t pte = atomic_load_explicit(slot, memory_order_relaxed);
	int below = 0;

	if (!pte || pte & SIM_PTE_LEAF)
		return;
	if (level > 1)
		sim_pt_trim_level(pt, sim_pt_table(pte), level - 1, iova, &below);
	sim_pt_recount(pt, slot, below, live);
}

void sim_pt_trim(struct sim_pt *pt, uint64_t iova)
{
	int live = 0;

	sim_pt_trim_level(pt, pt->root, SIM_PT_TOP, iova, &live);
}
