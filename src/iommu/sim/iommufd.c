/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Map and unmap as /dev/iommu answers them: by its own ioctls (drivers/iommu/iommufd/{ioas,io_pagetable,pages}.c) and by those
 * of the VFIO container (vfio_compat.c), which reach the same code past fewer checks.
 */
#include <errno.h>

#include "base/num.h"
#include "iommu/sim/context.h"

/* __alloc_iova_check_hole() over one range in which IOVAs may be chosen. */
static int sim_iommufd_alloc_in(struct sim_space *space, struct iova_range in, uint64_t size, uint64_t align,
				iova_t *out)
{
	uint64_t iova = ALIGN_UP(in.start, align), last;

	/* iova-wrap: what was added for the alignment went over 2^64, and nobody looks */
	if (iova < in.start && in.last - in.start >= size - 1 &&
	    sim_fault_fires(&space->sim->faults, SIM_FAULT_IOVA_WRAP)) {
		*out = iova;
		return 0;
	}
	for (; iova >= in.start && num_add(iova, size - 1, &last) && last <= in.last;) {
		struct sim_mapping *map = sim_mapping_first(space, iova, last);

		if (map) {
			iova = ALIGN_UP(map->node.last + 1, align);
		} else if (iova_range_overlaps(SIM_MSI, (struct iova_range){iova, last})) {
			iova = ALIGN_UP(SIM_MSI_LAST + 1, align);
		} else {
			*out = iova;
			return 0;
		}
	}
	return -ENOSPC;
}

/*
 * The lowest hole above page 0 in the allowed ranges, aligned as far as the address of the memory is, at most to a large
 * page. The reserved regions count as used.
 */
int sim_iommufd_alloc(struct sim_space *space, uint64_t va, uint64_t size, iova_t *iova)
{
	const struct iova_range all = {SIM_PAGE, sim_iova_top(space->sim)};
	uint64_t align;
	int r = -ENOSPC;

	if (size >= UINT64_MAX / 2)
		return -EOVERFLOW;
	align = size > 1 ? UINT64_C(1) << (64 - __builtin_clzll(size - 1)) : 1;
	if (va)
		align = MIN(align, va & -va);
	align = MIN(align, MiB(2));
	if (align < SIM_PAGE)
		return -EINVAL;
	if (!space->nr_allowed)
		return sim_iommufd_alloc_in(space, all, size, align, iova);
	for (unsigned int i = 0; i < space->nr_allowed && r; i++) {
		struct iova_range in = space->allowed[i];

		in.start = MAX(in.start, all.start);
		if (in.start <= in.last)
			r = sim_iommufd_alloc_in(space, in, size, align, iova);
	}
	return r;
}

int sim_iommufd_check_iova(struct sim_space *space, iova_t iova, uint64_t size)
{
	uint64_t last;

	if (!IS_ALIGNED(iova, SIM_PAGE))
		return -EINVAL;
	if (!num_add(iova, size - 1, &last))
		return -EOVERFLOW;
	if (!sim_range_valid(space->sim, (struct iova_range){iova, last}))
		return -EINVAL;
	return sim_range_free(space, (struct iova_range){iova, last});
}

/* iommufd_ioas_map(); iommufd_vfio_map_dma(), the container's ioctl, only wants to know its flags. */
static int sim_iommufd_check_ioctl(const struct sim_space *space, const struct iommu_map_req *req)
{
	if (space->iommu.personality != IOMMU_IOMMUFD)
		return req->flags & ~3u ? -EINVAL : 0;
	if (req->flags & ~7u)
		return -EOPNOTSUPP;
	if (req->iova == UINT64_MAX || req->size == UINT64_MAX)
		return -EOVERFLOW;
	if (!sim_prot(space, req))
		return -EINVAL;
	return space->gone ? -ENOENT : 0;
}

/* iopt_alloc_user_pages() or iopt_alloc_file_pages(), iopt_alloc_area_pages(), iopt_insert_area(). */
int sim_iommufd_check_map(struct sim_space *space, struct iommu_map_req *req)
{
	uint64_t va = (uintptr_t)req->va, start = req->file ? va - (uintptr_t)req->file->va : va, va_last;
	int r = sim_iommufd_check_ioctl(space, req);

	if (r)
		return r;
	if (!num_add(va, req->size, &va_last))
		return -EOVERFLOW;
	if (!req->size || !IS_ALIGNED(req->size, SIM_PAGE))
		return -EINVAL;
	if (req->kernel_iova)
		return sim_iommufd_alloc(space, start, req->size, &req->iova);
	r = sim_iommufd_check_iova(space, req->iova, req->size);
	return !r && !IS_ALIGNED(start, SIM_PAGE) ? -EINVAL : r;
}

/* iopt_unmap_iova_range(): whole areas from the left; stops at one that sticks out, with the earlier ones gone. */
static int sim_iopt_unmap(struct sim_space *space, uint64_t start, uint64_t last, uint64_t *unmapped)
{
	struct sim_mapping *map, *list = NULL;
	int r = 0;

	while (!r && (map = sim_mapping_first(space, start, last))) {
		if (map->node.start < start || map->node.last > last)
			r = -ENOENT;
		else
			sim_mapping_unlink(space, map, &list);
	}
	*unmapped = list ? sim_mapping_remove(space, list) : 0;
	return r;
}

/* iommufd_ioas_unmap(): it tells the length only when it succeeds, and nothing there is an error. */
static int sim_ioas_unmap(struct sim_space *space, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	uint64_t last;
	int r;

	if (space->gone)
		return -ENOENT;
	if (iova == 0 && size == UINT64_MAX)
		return sim_iopt_unmap(space, 0, UINT64_MAX, unmapped);
	if (iova == UINT64_MAX || size == UINT64_MAX)
		return -EOVERFLOW;
	if (!size)
		return -EINVAL;
	if (!num_add(iova, size - 1, &last))
		return -EOVERFLOW;
	r = sim_iopt_unmap(space, iova, last, unmapped);
	if (!r && !*unmapped)
		r = -ENOENT;
	if (r)
		*unmapped = 0;
	return r;
}

/* iopt_cut_iova() at one point: the area there ends at @point, the rest becomes an area of its own. */
static int sim_iopt_cut(struct sim_space *space, uint64_t point)
{
	struct sim_mapping *map = sim_mapping_first(space, point, point);

	if (!map || point == map->node.start || point == map->node.last)
		return 0;
	return IS_ALIGNED(point + 1, SIM_PAGE) ? sim_mapping_split(space, map, point) : -EINVAL;
}

/* iommufd_vfio_unmap_dma(). */
static int sim_compat_unmap(struct sim_space *space, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	uint64_t last;
	int r = 0;

	if (space->iommu.personality == IOMMU_COMPAT_V1) {
		r = sim_iopt_cut(space, iova + size - 1);
		if (!r && iova)
			r = sim_iopt_cut(space, iova - 1);
	}
	if (r)
		return r;
	if (!size)
		return -EINVAL;
	if (!num_add(iova, size - 1, &last))
		return -EOVERFLOW;
	r = sim_iopt_unmap(space, iova, last, unmapped);
	if (r)
		*unmapped = 0;
	return r;
}

int sim_iommufd_unmap(struct sim_space *space, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	if (space->iommu.personality == IOMMU_IOMMUFD)
		return sim_ioas_unmap(space, iova, size, unmapped);
	return sim_compat_unmap(space, iova, size, unmapped);
}
