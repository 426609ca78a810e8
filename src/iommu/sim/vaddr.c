/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forgotten and renewed addresses of the simulated IOMMU's mappings, as vfio_dma_do_unmap() and vfio_dma_do_map() answer with
 * their VADDR flags. The frames are what the device reaches, so that its DMA does not notice.
 */
#include <errno.h>

#include "base/num.h"
#include "iommu/sim/context.h"

/* The mapping after @map that begins in the range, NULL at its end. v1 stops at one that the range begins inside of. */
static struct sim_mapping *sim_vaddr_next(struct sim_space *space, const struct sim_mapping *map, struct iova_range r)
{
	uint64_t from = map ? map->node.last + 1 : r.start;
	struct sim_mapping *next = map && map->node.last >= r.last ? NULL : sim_mapping_first(space, from, r.last);

	return next && next->node.start >= r.start ? next : NULL;
}

/* All or none: the first that is forgotten already undoes those before it. */
static int sim_vaddr_forget_range(struct sim_space *space, struct iova_range r, uint64_t *bytes)
{
	struct sim_mapping *map = NULL, *bad;

	while ((map = sim_vaddr_next(space, map, r)) && !map->forgotten) {
		map->forgotten = true;
		*bytes += map->pages << SIM_PAGE_SHIFT;
	}
	if (!map)
		return 0;
	for (bad = map, map = NULL; (map = sim_vaddr_next(space, map, r)) != bad;)
		map->forgotten = false;
	*bytes = 0;
	return -EINVAL;
}

static int sim_vaddr_forget_locked(struct sim_space *space, iova_t iova, uint64_t size, bool all, uint64_t *bytes)
{
	struct iova_range r = {iova, UINT64_MAX};

	if (all)
		return iova || size ? -EINVAL : sim_vaddr_forget_range(space, r, bytes);
	if (!IS_ALIGNED(iova | size, SIM_PAGE) || !size || !num_add(iova, size - 1, &r.last))
		return -EINVAL;
	if (space->iommu.personality != IOMMU_TYPE1_V1 && sim_bisects(space, r))
		return -EINVAL;
	return sim_vaddr_forget_range(space, r, bytes);
}

int sim_vaddr_forget(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes)
{
	struct sim_space *space = sim_space_of(iommu);
	int r;

	*bytes = 0;
	if (!iommu->caps.update_vaddr)
		return -EOPNOTSUPP;
	sim_lock(space->sim);
	r = sim_vaddr_forget_locked(space, iova, size, all, bytes);
	sim_unlock(space->sim);
	return r;
}

/* The kernel finds the lowest mapping that the range touches, and takes no other than exactly that one. */
static int sim_vaddr_renew_locked(struct sim_space *space, void *va, iova_t iova, uint64_t size)
{
	struct sim_mapping *map;
	uint64_t last;

	if (!size || !num_add(iova, size - 1, &last) || !IS_ALIGNED(size | iova | (uintptr_t)va, SIM_PAGE))
		return -EINVAL;
	map = sim_mapping_first(space, iova, last);
	if (!map)
		return -ENOENT;
	if (!map->forgotten || map->node.start != iova || map->node.last != last)
		return -EINVAL;
	map->forgotten = false;
	return 0;
}

int sim_vaddr_renew(struct iommu *iommu, void *va, iova_t iova, uint64_t size)
{
	struct sim_space *space = sim_space_of(iommu);
	int r;

	if (!iommu->caps.update_vaddr)
		return -EOPNOTSUPP;
	sim_lock(space->sim);
	r = sim_vaddr_renew_locked(space, va, iova, size);
	sim_unlock(space->sim);
	return r;
}
