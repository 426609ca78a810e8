/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation of one device access: the IOTLB, else a walk whose result is kept, else a fault. */
#include "iommu/sim/context.h"

static uint64_t sim_access_need(bool write)
{
	return write ? SIM_PTE_W | SIM_PTE_D : SIM_PTE_R;
}

/* A cached entry answers unless it lacks the right, or the page's dirty bit has still to be set by a walk. */
static bool sim_access_cached(struct sim_access *access, uint64_t iova, bool write, struct sim_leaf *leaf)
{
	uint64_t need = sim_access_need(write);

	return sim_iotlb_lookup(access->tlb, sim_iotlb_address(access->space->domain, iova), leaf) &&
	       (leaf->pte & need) == need;
}

static enum sim_walk sim_access_walk(struct sim_access *access, uint64_t iova, bool write, struct sim_leaf *leaf)
{
	struct sim_space *space = access->space;
	struct sim *sim = space->sim;
	enum sim_walk r = sim_pt_walk_near(&space->pt, &access->near[write], iova, write, false, leaf);

	if (r == SIM_WALK_DENIED && write && sim_fault_fires(&sim->faults, SIM_FAULT_RO_WRITABLE))
		return sim_pt_walk(&space->pt, iova, write, true, leaf);
	if (r == SIM_WALK_OK)
		sim_iotlb_fill(access->tlb, sim_iotlb_address(space->domain, iova), leaf);
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

static enum sim_walk sim_access_translate(struct sim_access *access, uint64_t iova, bool write, struct sim_leaf *leaf)
{
	if (!sim_iova_exists(access->sim, iova))
		return SIM_WALK_BEYOND;
	if (!access->space)
		return SIM_WALK_BLOCKED;
	if (sim_access_cached(access, iova, write, leaf))
		return SIM_WALK_OK;
	return sim_access_walk(access, iova, write, leaf);
}

/* Bytes that @leaf leads to from @iova on, and those that are known to follow it in memory. */
static uint64_t sim_access_extend(struct sim_access *access, uint64_t iova, bool write, const struct sim_leaf *leaf,
				  uint64_t max)
{
	uint64_t size = UINT64_C(1) << sim_pt_shift(leaf->level), n = size - (iova & (size - 1));
	uint64_t phys = leaf->pte & SIM_PTE_ADDR;

	/* no further than a window of memory and a region of addresses */
	max = MIN(max, SIM_WINDOW_BYTES - ((phys | (iova & (SIM_PAGE - 1))) & (SIM_WINDOW_BYTES - 1)));
	max = MIN(max, GiB(1) - (iova & (GiB(1) - 1)));
	if (!leaf->level && n < max)
		n += SIM_PAGE * sim_iotlb_run(access->tlb, sim_iotlb_address(access->space->domain, iova + n),
					      phys + SIM_PAGE, sim_access_need(write),
					      (max - n + SIM_PAGE - 1) >> SIM_PAGE_SHIFT);
	return MIN(n, max);
}

struct sim_reach sim_access_reach(struct sim_access *access, uint64_t iova, uint64_t max, bool write)
{
	struct sim *sim = access->sim;
	struct sim_reach to = {NULL, MIN(max, SIM_PAGE - (iova & (SIM_PAGE - 1)))};
	struct sim_leaf leaf;
	uint64_t phys = iova;
	enum sim_walk r;

	if (!access->untranslated) {
		r = sim_access_translate(access, iova, write, &leaf);
		if (r != SIM_WALK_OK) {
			access->faulted = true;
			sim_record_add(sim, iova, write, r);
			return to;
		}
		if (!write)
			sim_access_mark(access->space, iova);
		phys = (leaf.pte & SIM_PTE_ADDR) | (iova & ((UINT64_C(1) << sim_pt_shift(leaf.level)) - 1));
		/* what may go wrong goes wrong page by page */
		if (!sim->faults.any)
			to.n = sim_access_extend(access, iova, write, &leaf, max);
	}
	to.at = sim_access_phys(sim, phys);
	if (to.at)
		to.at += phys & (SIM_PAGE - 1);
	return to;
}
