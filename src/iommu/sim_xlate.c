/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation of one device access: the IOTLB, else a walk whose result is kept, else a fault. */
#include "iommu/sim_context.h"

/* A cached entry answers unless it lacks the right, or the page's dirty bit has still to be set by a walk. */
static bool sim_access_cached(struct sim_space *space, uint64_t iova, bool write, struct sim_leaf *leaf)
{
	uint64_t need = write ? SIM_PTE_W | SIM_PTE_D : SIM_PTE_R;

	return sim_iotlb_lookup(&space->sim->tlb, sim_iotlb_address(space->domain, iova), leaf) &&
	       (leaf->pte & need) == need;
}

static enum sim_walk sim_access_walk(struct sim_space *space, uint64_t iova, bool write, struct sim_leaf *leaf)
{
	struct sim *sim = space->sim;
	enum sim_walk r = sim_pt_walk(&space->pt, iova, write, false, leaf);

	if (r == SIM_WALK_DENIED && write && sim_fault_fires(&sim->faults, SIM_FAULT_RO_WRITABLE))
		return sim_pt_walk(&space->pt, iova, write, true, leaf);
	if (r == SIM_WALK_OK)
		sim_iotlb_fill(&sim->tlb, sim_iotlb_address(space->domain, iova), leaf);
	return r;
}

/* dirty-read-marks: as if the device had written, and nobody asks whether it may. */
static void sim_access_mark(struct sim_space *space, uint64_t iova)
{
	struct sim_leaf leaf;

	if (sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_READ_MARKS))
		sim_pt_walk(&space->pt, iova, true, true, &leaf);
}

static char *sim_access_phys(struct sim *sim, uint64_t phys)
{
	if (phys >> SIM_PAGE_SHIFT >= atomic_load_explicit(&sim->mem.next_frame, memory_order_acquire))
		return NULL;
	return sim_frame_va(&sim->mem, phys >> SIM_PAGE_SHIFT);
}

char *sim_access_page(struct sim_access *access, uint64_t iova, bool write)
{
	struct sim *sim = access->sim;
	struct sim_space *space = access->space;
	enum sim_walk r = space ? SIM_WALK_NOT_PRESENT : SIM_WALK_BLOCKED;
	struct sim_leaf leaf;
	uint64_t phys = iova;
	char *page;

	if (!access->untranslated) {
		if (space && iova <= SIM_IOVA_LAST)
			r = sim_access_cached(space, iova, write, &leaf) ? SIM_WALK_OK
									 : sim_access_walk(space, iova, write, &leaf);
		if (r != SIM_WALK_OK) {
			access->faulted = true;
			sim_record_add(sim, iova, write, r);
			return NULL;
		}
		if (!write)
			sim_access_mark(space, iova);
		phys = (leaf.pte & SIM_PTE_ADDR) | (iova & ((UINT64_C(1) << sim_pt_shift(leaf.level)) - 1));
	}
	page = sim_access_phys(sim, phys);
	return page ? page + (phys & (SIM_PAGE - 1)) : NULL;
}
