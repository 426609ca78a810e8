/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Map and unmap as /dev/iommu answers them: by its own ioctls (drivers/iommu/iommufd/{ioas,io_pagetable,pages}.c) and by those
 * of the VFIO container (vfio_compat.c), which reach the same code past fewer checks.
 */
#include <errno.h>

#include "base/num.h"
#include "iommu/sim_context.h"

/*
 * iopt_alloc_iova(): the lowest hole above page 0, aligned as far as the address of the memory is, at most to a large page.
 * The reserved regions count as used.
 */
static int sim_iommufd_alloc(struct sim *sim, struct iommu_map_req *req)
{
	uint64_t va = (uintptr_t)req->va, align, iova, last;

	if (req->size >= UINT64_MAX / 2)
		return -EOVERFLOW;
	align = req->size > 1 ? UINT64_C(1) << (64 - __builtin_clzll(req->size - 1)) : 1;
	if (va)
		align = MIN(align, va & -va);
	align = MIN(align, MiB(2));
	if (align < SIM_PAGE)
		return -EINVAL;
	for (iova = ALIGN_UP(SIM_PAGE, align); num_add(iova, req->size - 1, &last) && last <= SIM_IOVA_LAST;) {
		struct sim_node *node = sim_tree_first(&sim->maps, iova, last);

		if (node) {
			iova = ALIGN_UP(node->last + 1, align);
		} else if (iova_range_overlaps(SIM_MSI, (struct iova_range){iova, last})) {
			iova = ALIGN_UP(SIM_MSI_LAST + 1, align);
		} else {
			req->iova = iova;
			return 0;
		}
	}
	return -ENOSPC;
}

/* iommufd_ioas_map(); the container's ioctl does not look at these. */
static int sim_iommufd_check_ioctl(const struct sim *sim, const struct iommu_map_req *req)
{
	if (sim->iommu.personality != IOMMU_IOMMUFD)
		return 0;
	if (req->iova == UINT64_MAX || req->size == UINT64_MAX)
		return -EOVERFLOW;
	return req->prot & IOMMU_PROT_RW ? 0 : -EINVAL;
}

/* iopt_alloc_user_pages(), iopt_alloc_pages(), iopt_check_iova(), iopt_insert_area(). */
int sim_iommufd_check_map(struct sim *sim, struct iommu_map_req *req)
{
	uint64_t last, va_last;
	int r = sim_iommufd_check_ioctl(sim, req);

	if (r)
		return r;
	if (!num_add((uintptr_t)req->va, req->size, &va_last))
		return -EOVERFLOW;
	if (!req->size || !IS_ALIGNED(req->size, SIM_PAGE))
		return -EINVAL;
	if (req->kernel_iova)
		return sim_iommufd_alloc(sim, req);
	if (!IS_ALIGNED(req->iova, SIM_PAGE))
		return -EINVAL;
	if (!num_add(req->iova, req->size - 1, &last))
		return -EOVERFLOW;
	if (!sim_range_valid(sim, (struct iova_range){req->iova, last}))
		return -EINVAL;
	r = sim_range_free(sim, (struct iova_range){req->iova, last});
	return !r && !IS_ALIGNED((uintptr_t)req->va, SIM_PAGE) ? -EINVAL : r;
}

/* iopt_unmap_iova_range(): whole areas from the left; stops at one that sticks out, with the earlier ones gone. */
static int sim_iopt_unmap(struct sim *sim, uint64_t start, uint64_t last, uint64_t *unmapped)
{
	struct sim_mapping *map, *list = NULL;
	int r = 0;

	while (!r && (map = sim_mapping_first(sim, start, last))) {
		if (map->node.start < start || map->node.last > last)
			r = -ENOENT;
		else
			sim_mapping_unlink(sim, map, &list);
	}
	*unmapped = list ? sim_mapping_remove(sim, list) : 0;
	return r;
}

/* iommufd_ioas_unmap(): it tells the length only when it succeeds, and nothing there is an error. */
static int sim_ioas_unmap(struct sim *sim, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	uint64_t last;
	int r;

	if (iova == 0 && size == UINT64_MAX)
		return sim_iopt_unmap(sim, 0, UINT64_MAX, unmapped);
	if (iova == UINT64_MAX || size == UINT64_MAX)
		return -EOVERFLOW;
	if (!size)
		return -EINVAL;
	if (!num_add(iova, size - 1, &last))
		return -EOVERFLOW;
	r = sim_iopt_unmap(sim, iova, last, unmapped);
	if (!r && !*unmapped)
		r = -ENOENT;
	if (r)
		*unmapped = 0;
	return r;
}

/* iopt_cut_iova() at one point: the area there ends at @point, the rest becomes an area of its own. */
static int sim_iopt_cut(struct sim *sim, uint64_t point)
{
	struct sim_mapping *map = sim_mapping_first(sim, point, point);

	if (!map || point == map->node.start || point == map->node.last)
		return 0;
	return IS_ALIGNED(point + 1, SIM_PAGE) ? sim_mapping_split(sim, map, point) : -EINVAL;
}

/* iommufd_vfio_unmap_dma(). */
static int sim_compat_unmap(struct sim *sim, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	uint64_t last;
	int r = 0;

	if (sim->iommu.personality == IOMMU_COMPAT_V1) {
		r = sim_iopt_cut(sim, iova + size - 1);
		if (!r && iova)
			r = sim_iopt_cut(sim, iova - 1);
	}
	if (r)
		return r;
	if (!size)
		return -EINVAL;
	if (!num_add(iova, size - 1, &last))
		return -EOVERFLOW;
	r = sim_iopt_unmap(sim, iova, last, unmapped);
	if (r)
		*unmapped = 0;
	return r;
}

int sim_iommufd_unmap(struct sim *sim, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	if (sim->iommu.personality == IOMMU_IOMMUFD)
		return sim_ioas_unmap(sim, iova, size, unmapped);
	return sim_compat_unmap(sim, iova, size, unmapped);
}
