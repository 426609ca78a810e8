/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Map and unmap as the kernel answers them: drivers/vfio/vfio_iommu_type1.c (v1 and v2); what /dev/iommu answers is in
 * iommufd.c. The order of the checks is part of the answer. Where kernels differ the model behaves as Linux 6.18 and
 * later: a range that wraps is EOVERFLOW, not EINVAL, and the last page of 2^64 can be unmapped.
 */
#include <errno.h>

#include "base/num.h"
#include "iommu/sim/context.h"

/* vfio_iommu_iova_dma_valid(): the range lies in one aperture. */
bool sim_range_valid(struct sim *sim, struct iova_range range)
{
	struct iova_range below = {0, SIM_MSI_START - 1}, above = {SIM_MSI_LAST + 1, sim_iova_top(sim)};

	if (iova_range_contains(below, range) || iova_range_contains(above, range))
		return true;
	if (sim->wide && iova_range_contains(SIM_HIGH, range))
		return true;
	return range.last <= SIM_IOVA_LAST && iova_range_overlaps(range, SIM_MSI) &&
	       sim_fault_fires(&sim->faults, SIM_FAULT_IOVA_RESERVED);
}

/* -EEXIST where something is mapped; overlap-ok has it go away instead. */
int sim_range_free(struct sim_space *space, struct iova_range range)
{
	struct sim_mapping *map = sim_mapping_first(space, range.start, range.last), *list = NULL;

	if (!map)
		return 0;
	if (!sim_fault_fires(&space->sim->faults, SIM_FAULT_OVERLAP_OK))
		return -EEXIST;
	for (; map; map = sim_mapping_first(space, range.start, range.last))
		sim_mapping_unlink(space, map, &list);
	sim_mapping_remove(space, list);
	return 0;
}

/* The container's flags READ and WRITE are ours; iommufd's WRITEABLE is 2, READABLE 4, and 1 is FIXED_IOVA. */
enum iommu_prot sim_prot(const struct sim_space *space, const struct iommu_map_req *req)
{
	uint32_t flags = req->flags;

	if (space->iommu.personality == IOMMU_IOMMUFD)
		flags = (flags & 4 ? IOMMU_PROT_READ : 0) | (flags & 2);
	return (req->prot | flags) & IOMMU_PROT_RW;
}

/*
 * vfio_dma_do_map() before it pins anything. The flags are READ, WRITE and VADDR; the last asks for the address of a mapping to be
 * renewed that the model never forgot.
 */
static int sim_type1_check_map(struct sim_space *space, const struct iommu_map_req *req)
{
	bool renew = req->flags & 4;
	uint64_t last, va_last;
	int r;

	if (req->flags & ~7u || !req->size)
		return -EINVAL;
	if (!num_add(req->iova, req->size - 1, &last) || !num_add((uintptr_t)req->va, req->size - 1, &va_last))
		return -EOVERFLOW;
	if (!sim_prot(space, req) == !renew || !IS_ALIGNED(req->size | req->iova | (uintptr_t)req->va, SIM_PAGE))
		return -EINVAL;
	if (renew)
		return sim_mapping_first(space, req->iova, last) ? -EINVAL : -ENOENT;
	r = sim_range_free(space, (struct iova_range){req->iova, last});
	if (r)
		return r;
	if (sim_entries_full(space, req->iova) && !sim_fault_fires(&space->sim->faults, SIM_FAULT_NO_ENTRY_LIMIT))
		return -ENOSPC;
	return sim_range_valid(space->sim, (struct iova_range){req->iova, last}) ? 0 : -EINVAL;
}

/* As vfio_pin_pages_remote() and iopt_pages' accounting count against RLIMIT_MEMLOCK: what is pinned more than once, more than once. */
static bool sim_is_over_limit(struct sim *sim, uint64_t size)
{
	uint64_t pinned = sim_pins_count(sim) << SIM_PAGE_SHIFT;

	return sim->main.iommu.memlock && (size > sim->main.iommu.memlock || pinned > sim->main.iommu.memlock - size);
}

static int sim_map_locked(struct sim_space *space, struct iommu_map_req *req)
{
	struct sim *sim = space->sim;
	struct sim_lane *lane;
	struct sim_mapping *map;
	struct sim_buf *buf;
	uint64_t offset;
	int r = sim_is_iommufd(sim) ? sim_iommufd_check_map(space, req) : sim_type1_check_map(space, req);

	if (r)
		return r;
	/* Pinning memory that is not there. */
	lane = sim_lane_of(sim, req->iova);
	buf = sim_buf_get_near(&sim->mem, &lane->hint, req->va, req->size, &offset);
	if (!buf)
		return -EFAULT;
	if (sim_is_over_limit(sim, req->size) && !sim_fault_fires(&sim->faults, SIM_FAULT_NO_MEMLOCK)) {
		sim_buf_put(&sim->mem, buf);
		return -ENOMEM;
	}
	r = sim_mapping_add(space, req->iova, req->size, sim_prot(space, req), buf, offset, &map);
	if (r)
		return r;
	map->by_file = req->file;
	if (!sim->exclusive)
		lane->credit--;
	return 0;
}

/* AMD's tables begin with 3 levels of 9 bits over pages of 4K, and grow by one when an IOVA asks for it (increase_address_space()). */
#define SIM_GROWN_FROM (UINT64_C(1) << 39)

/* Before a map: does the table grow for it? Only of interest where that goes wrong. */
static bool sim_grow_begin(struct sim_space *space, uint64_t iova)
{
	struct sim_faults *faults = &space->sim->faults;

	if (!faults->fault[SIM_FAULT_LEVEL_RACE].on || iova < SIM_GROWN_FROM || atomic_load(&space->grown))
		return false;
	atomic_fetch_add(&space->growing, 1);
	sim_fault_linger(faults, SIM_FAULT_LEVEL_RACE);
	return true;
}

static void sim_grow_end(struct sim_space *space, bool mapped)
{
	if (mapped)
		atomic_store(&space->grown, true);
	atomic_fetch_sub(&space->growing, 1);
}

/* Of an unmap: the table that it walks grew meanwhile; @grown is what was so before. */
static bool sim_grow_met(struct sim_space *space, bool grown)
{
	return (atomic_load(&space->growing) || atomic_load(&space->grown) != grown) &&
	       sim_fault_fires(&space->sim->faults, SIM_FAULT_LEVEL_RACE);
}

int sim_map(struct iommu *iommu, struct iommu_map_req *req)
{
	struct sim_space *space = sim_space_of(iommu);
	struct sim *sim = space->sim;
	struct sim_lane *lane;
	bool grows;
	int r;

	if (req->kernel_iova && iommu->personality != IOMMU_IOMMUFD)
		return -EOPNOTSUPP;
	grows = sim_grow_begin(space, req->kernel_iova ? 0 : req->iova);
	lane = req->kernel_iova ? NULL : sim_lane_lock(space, req->iova, req->size, true);
	if (!lane)
		sim_lock(sim);
	r = sim_map_locked(space, req);
	if (lane)
		sim_lane_unlock(sim, lane);
	else
		sim_unlock(sim);
	if (grows)
		sim_grow_end(space, !r);
	return r;
}

/* vfio_dma_do_unmap() of v2: no mapping may be bisected by either end of the range. */
bool sim_bisects(struct sim_space *space, struct iova_range range)
{
	struct sim_mapping *first = sim_mapping_first(space, range.start, range.start);
	struct sim_mapping *last = sim_mapping_first(space, range.last, range.last);

	return (first && first->node.start != range.start) || (last && last->node.last != range.last);
}

static int sim_type1_unmap(struct sim_space *space, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	bool v1 = space->iommu.personality == IOMMU_TYPE1_V1;
	struct sim_mapping *map, *list = NULL;
	uint64_t last;

	if (!IS_ALIGNED(iova, SIM_PAGE) || !size || !IS_ALIGNED(size, SIM_PAGE))
		return -EINVAL;
	if (!num_add(iova, size - 1, &last))
		return -EOVERFLOW;
	if (!v1 && sim_bisects(space, (struct iova_range){iova, last}))
		return -EINVAL;
	while ((map = sim_mapping_first(space, iova, last))) {
		if (map->node.last == UINT64_MAX && sim_fault_fires(&space->sim->faults, SIM_FAULT_LAST_PAGE))
			break;
		/* v1: a range that begins inside a mapping takes nothing; one that covers its start takes all of it. */
		if (v1 && map->node.start < iova)
			break;
		sim_mapping_unlink(space, map, &list);
	}
	*unmapped = list ? sim_mapping_remove(space, list) : 0;
	return 0;
}

int sim_unmap_locked(struct sim_space *space, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	if (sim_is_iommufd(space->sim))
		return sim_iommufd_unmap(space, iova, size, unmapped);
	return sim_type1_unmap(space, iova, size, unmapped);
}

int sim_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	struct sim_space *space = sim_space_of(iommu);
	struct sim *sim = space->sim;
	bool grown = atomic_load(&space->grown);
	struct sim_lane *lane;
	int r;

	*unmapped = 0;
	sim_fault_linger(&sim->faults, SIM_FAULT_LEVEL_RACE);
	lane = sim_lane_lock(space, iova, size, false);
	if (!lane)
		sim_lock(sim);
	r = sim_unmap_locked(space, iova, size, unmapped);
	if (lane)
		sim_lane_unlock(sim, lane);
	else
		sim_unlock(sim);
	if (*unmapped && sim_grow_met(space, grown))
		*unmapped -= SIM_PAGE;
	return r;
}

int sim_unmap_all(struct iommu *iommu, uint64_t *unmapped)
{
	struct sim_space *space = sim_space_of(iommu);

	sim_lock(space->sim);
	sim_space_empty(space, unmapped);
	sim_unlock(space->sim);
	return 0;
}
