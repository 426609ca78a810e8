/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a map has to answer. The order of the checks is part of the interface: where several reasons apply, the first one is told. Read
 * off Linux 7.3: drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/{ioas,io_pagetable,pages,vfio_compat}.c; what older kernels
 * say otherwise is allowed as well.
 */
#include <errno.h>

#include "base/num.h"
#include "core/stress/model_priv.h"

static bool model_in_aperture(const struct iommu_caps *caps, struct iova_range range)
{
	for (unsigned int i = 0; i < caps->nr_ranges; i++)
		if (iova_range_contains(caps->ranges[i], range))
			return true;
	/* a container whose only device has no IOMMU of its own (a mediated one) has no ranges, and takes all of them */
	return !caps->nr_ranges;
}

/* Where the kernel does not tell the apertures (before 5.4) it does not look either; the IOMMU's driver may. */
static void model_ask_aperture(const struct model *m, struct iova_range range, struct model_answer *due)
{
	const struct iommu_caps *caps = m->params.caps;
	struct iova_range sure = {0, (UINT64_C(1) << 39) - 1};

	if (caps->ranges_known && !model_in_aperture(caps, range))
		model_due(
			due, EINVAL,
			"outside of the ranges that the kernel tells: vfio_iommu_iova_dma_valid(), iopt_check_iova()");
	else if (!caps->ranges_known && !iova_range_contains(sure, range))
		*due = (struct model_answer){.nr = 3,
					     .errs = {EFAULT, EINVAL, 0},
					     .why = "beyond what every IOMMU takes, and apertures are not told before "
						    "Linux 5.4"};
	else
		model_due(due, 0, "nothing speaks against it");
}

/* Type1 looks for an overlap, then for the limit, and last at the aperture; iommufd first at the aperture. */
void model_ask_place(const struct model *m, iova_t iova, uint64_t size, struct model_answer *due)
{
	struct iova_range range = {iova, iova + (size - 1)};
	bool taken = model_first(m, range.start, range.last), type1 = model_is_type1(m);

	model_ask_aperture(m, range, due);
	if (type1 && m->params.limit && m->maps.count >= m->params.limit)
		model_due(due, ENOSPC, "the limit on mappings is reached: vfio_dma_do_map(), dma_avail");
	if (taken && (type1 || due->errs[0] == 0))
		model_due(due, EEXIST, "something is mapped there: vfio_dma_do_map(), iopt_check_iova()");
}

/* Pinning comes last, and finds that memory is missing. */
static void model_ask_memory(const struct model *m, const struct model_req *req, struct model_answer *due)
{
	if (req->resident >= req->size || due->errs[0])
		return;
	if (m->params.spare)
		model_due_or(due, 0, EFAULT,
			     "memory is missing, and without a page table nothing is pinned: iopt_area_fill_domains()");
	else if (req->file && m->params.personality == IOMMU_IOMMUFD)
		model_due(due, EINVAL, "the file ends before the range does: memfd_pin_folios()");
	else
		model_due(due, EFAULT, "there is no memory to pin behind a part of it: pin_user_pages()");
}

static void model_ask_type1(const struct model *m, const struct model_req *req, struct model_answer *due)
{
	uint64_t last;

	if (req->kernel_iova)
		model_due(due, EOPNOTSUPP, "the container's ioctl takes the caller's IOVA only");
	else if (!req->size)
		model_due(due, EINVAL, "size 0: vfio_dma_do_map()");
	else if (!num_add(req->iova, req->size - 1, &last) || !num_add(req->va, req->size - 1, &last))
		model_due_since(m, due, EOVERFLOW, EINVAL,
				"the range wraps: vfio_dma_do_map(), EINVAL before Linux 6.18");
	else if (!(req->prot & IOMMU_PROT_RW))
		model_due(due, EINVAL, "neither READ nor WRITE: vfio_dma_do_map()");
	else if (!IS_ALIGNED(req->size | req->iova | req->va, model_granule(m)))
		model_due(due, EINVAL, "not a multiple of the smallest page: vfio_dma_do_map()");
	else
		model_ask_place(m, req->iova, req->size, due);
}

/* iommufd_ioas_map(), iommufd_ioas_map_file() and iommufd_vfio_map_dma(): what they look at before the page table does. */
static bool model_ask_ioctl(const struct model *m, const struct model_req *req, struct model_answer *due)
{
	bool own = m->params.personality == IOMMU_IOMMUFD;
	uint64_t end;

	if (!own && req->kernel_iova)
		model_due(due, EOPNOTSUPP, "the container's ioctl takes the caller's IOVA only");
	else if (own && (req->iova == UINT64_MAX || req->size == UINT64_MAX))
		model_due(due, EOVERFLOW, "2^64 - 1 is refused as a number: iommufd_ioas_map()");
	else if (own && !(req->prot & IOMMU_PROT_RW))
		model_due(due, EINVAL, "neither READ nor WRITE: iommufd_ioas_map()");
	else if (!num_add(req->va, req->size, &end))
		model_due(due, EOVERFLOW, "the address wraps: iopt_alloc_user_pages(), iopt_map_file_pages()");
	else if (!req->size || !IS_ALIGNED(req->size, model_granule(m)))
		model_due(due, EINVAL, "size 0 or no multiple of the smallest page: iopt_alloc_area_pages()");
	else
		return false;
	return true;
}

/* iopt_check_iova(), iopt_insert_area(). */
static void model_ask_iopt(const struct model *m, const struct model_req *req, struct model_answer *due)
{
	uint64_t granule = model_granule(m), last;

	if (req->kernel_iova)
		/* the space is far larger than what is mapped in it: iopt_alloc_iova() finds some place */
		model_due(due, 0, "the kernel chooses the place");
	else if (!IS_ALIGNED(req->iova, granule))
		model_due(due, EINVAL, "the IOVA is no multiple of the smallest page: iopt_check_iova()");
	else if (!num_add(req->iova, req->size - 1, &last))
		model_due(due, EOVERFLOW, "the range wraps: iopt_check_iova()");
	else
		model_ask_place(m, req->iova, req->size, due);
	if (!due->errs[0] && !IS_ALIGNED(req->va, granule))
		model_due(due, EINVAL, "the address is no multiple of the smallest page: iopt_insert_area()");
}

void model_ask_map(const struct model *m, const struct model_req *req, struct model_answer *due)
{
	if (model_is_type1(m))
		model_ask_type1(m, req, due);
	else if (!model_ask_ioctl(m, req, due))
		model_ask_iopt(m, req, due);
	model_ask_memory(m, req, due);
	/* only the container served by /dev/iommu comes so far without a right */
	if (!due->errs[0] && !(req->prot & IOMMU_PROT_RW) && m->params.refuses && !m->params.spare)
		model_due(due, EINVAL, "neither READ nor WRITE: the page table, if nothing before it");
	else if (!due->errs[0] && !(req->prot & IOMMU_PROT_RW))
		model_due_or(due, EINVAL, 0,
			     "neither READ nor WRITE, which iommufd_vfio_map_dma() does not ask: up to the page table, "
			     "generic_pt/iommu_pt.h map_range()");
	due->bytes = model_allows(due, 0) ? req->size : 0;
}

int model_mapped(struct model *m, const struct model_map *map)
{
	uint64_t gone;
	int r;

	if (map->range.last < map->range.start)
		return -EINVAL;
	gone = model_remove_range(m, map->range.start, map->range.last);
	r = model_insert(m, map, map->prot & IOMMU_PROT_WRITE);
	if (!r && gone)
		r = -EEXIST;
	return r;
}
