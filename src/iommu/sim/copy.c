/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU_IOAS_COPY as the kernel answers it: iommufd_ioas_copy(), iopt_get_pages(), iopt_map_pages(). */
#include "iommu/sim/copy.h"

#include <errno.h>

#include "base/num.h"

/* iopt_get_pages(): the source is mapped without a hole, by as many mappings as it takes. */
static int sim_copy_check_source(struct sim_space *src, uint64_t iova, uint64_t size)
{
	uint64_t at = iova, last;
	struct sim_mapping *map;

	if (!size)
		return -EINVAL;
	if (!num_add(iova, size - 1, &last))
		return -EOVERFLOW;
	for (;;) {
		map = sim_mapping_first(src, at, at);
		if (!map)
			return -ENOENT;
		if (map->node.last >= last)
			return 0;
		at = map->node.last + 1;
	}
}

/* Pages that were pinned for reading only cannot be copied for writing; cut at bytes that are no page border they cannot be mapped. */
static int sim_copy_check_pages(struct sim_space *src, const struct iommu_copy_req *req)
{
	uint64_t at = req->src_iova, last = req->src_iova + (req->size - 1);

	for (;;) {
		struct sim_mapping *map = sim_mapping_first(src, at, at);

		if (req->prot & IOMMU_PROT_WRITE && !map->writable)
			return -EPERM;
		if (!IS_ALIGNED(at, SIM_PAGE))
			return -EINVAL;
		if (map->node.last >= last)
			return 0;
		at = map->node.last + 1;
	}
}

static int sim_copy_piece(struct sim_space *dst, struct sim_mapping *map, uint64_t from, uint64_t size, iova_t iova,
			  enum iommu_prot prot)
{
	uint64_t offset = (map->first_page << SIM_PAGE_SHIFT) + (from - map->node.start);
	bool writable = map->writable, by_file = map->by_file;
	struct sim_mapping *made;
	int r;

	r = sim_mapping_add(dst, iova, size, prot, sim_buf_hold(&dst->sim->mem, map->buf), offset, &made);
	if (r)
		return r;
	made->writable = writable;
	made->by_file = by_file;
	return 0;
}

/* Not all or nothing by itself: what was made goes again. */
static int sim_copy_pieces(struct sim_space *dst, struct sim_space *src, const struct iommu_copy_req *req)
{
	struct sim_mapping *map, *list = NULL;
	uint64_t done = 0;
	int r = 0;

	while (done < req->size && !r) {
		uint64_t from = req->src_iova + done, size;

		map = sim_mapping_first(src, from, from);
		size = MIN(req->size - done, map->node.last - from + 1);
		r = sim_copy_piece(dst, map, from, size, req->iova + done, req->prot);
		if (!r)
			done += size;
	}
	if (!r)
		return 0;
	while (done && (map = sim_mapping_first(dst, req->iova, req->iova + (done - 1))))
		sim_mapping_unlink(dst, map, &list);
	if (list)
		sim_mapping_remove(dst, list);
	return r;
}

static int sim_copy_locked(struct sim_space *dst, struct sim_space *src, struct iommu_copy_req *req)
{
	struct sim_mapping *first;
	int r;

	if (src->gone)
		return -ENOENT;
	r = sim_copy_check_source(src, req->src_iova, req->size);
	if (r)
		return r;
	if (dst->gone)
		return -ENOENT;
	if (!IS_ALIGNED(req->size, SIM_PAGE))
		return -EINVAL;
	first = sim_mapping_first(src, req->src_iova, req->src_iova);
	if (req->kernel_iova)
		r = sim_iommufd_alloc(dst,
				      first->buf->node.start + (first->first_page << SIM_PAGE_SHIFT) +
					      (req->src_iova - first->node.start),
				      req->size, &req->iova);
	else
		r = sim_iommufd_check_iova(dst, req->iova, req->size);
	if (!r)
		r = sim_copy_check_pages(src, req);
	return r ? r : sim_copy_pieces(dst, src, req);
}

int sim_space_copy(struct iommu *iommu, struct iommu_copy_req *req)
{
	struct sim_space *dst = sim_space_of(iommu), *src = sim_space_of(req->src);
	int r;

	if (dst->sim->main.iommu.personality != IOMMU_IOMMUFD)
		return -EOPNOTSUPP;
	if (req->size == UINT64_MAX || req->src_iova == UINT64_MAX || req->iova == UINT64_MAX)
		return -EOVERFLOW;
	if (!(req->prot & IOMMU_PROT_RW))
		return -EINVAL;
	sim_lock(dst->sim);
	r = sim_copy_locked(dst, src, req);
	sim_unlock(dst->sim);
	return r;
}
