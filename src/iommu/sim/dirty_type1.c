/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's dirty tracking as drivers/vfio/vfio_iommu_type1.c answers it: VFIO_IOMMU_DIRTY_PAGES and VFIO_IOMMU_UNMAP_DMA with
 * a bitmap. Every page that is mapped is reported, always: the container takes all pinned memory of an ordinary device for dirty.
 */
#include <errno.h>

#include "base/bitmap.h"
#include "base/num.h"
#include "iommu/sim/context.h"

/* DIRTY_BITMAP_SIZE_MAX */
#define SIM_BITMAP_MAX MiB(256)
/* VFIO_IOMMU_DIRTY_PAGES_FLAG_START and _GET_BITMAP, VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP: further flags are refused */
#define SIM_TYPE1_START 1u
#define SIM_TYPE1_GET 4u
#define SIM_TYPE1_UNMAP 1u

/* vfio_iommu_type1_dirty_pages() is of v2; iommufd_vfio_ioctl() does not know it, whoever speaks for the container. */
static int sim_type1_is_there(const struct sim_space *space)
{
	if (sim_is_iommufd(space->sim))
		return -ENOTTY;
	return space->iommu.personality == IOMMU_TYPE1_V2 ? 0 : -EACCES;
}

static int sim_type1_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why)
{
	int r = sim_type1_is_there(sim_space_of(at->iommu));

	if (r == -ENOTTY)
		return fail_set(why, EOPNOTSUPP,
				"/dev/iommu does not have the container's dirty tracking (VFIO_IOMMU_DIRTY_PAGES)");
	if (r)
		return fail_set(why, EOPNOTSUPP, "the container's dirty tracking is of type1 v2, not of v1");
	*out = (struct dirty_caps){
		.page_sizes = SIM_PAGE,
		.unmaps = true,
		.over_reports = true,
		.whole_mappings = true,
		.allows_holes = true,
		.max_bitmap = SIM_BITMAP_MAX,
	};
	return 0;
}

static int sim_type1_set(const struct dirty_at *at, bool on)
{
	struct sim_space *space = sim_space_of(at->iommu);
	int r = sim_type1_is_there(space);

	if (r)
		return r;
	sim_lock(space->sim);
	space->dirty.container_on = on;
	sim_unlock(space->sim);
	return 0;
}

/* Exactly one flag. */
static int sim_type1_start(const struct dirty_at *at, struct dirty_start *req)
{
	int r = sim_type1_is_there(sim_space_of(at->iommu));

	return !r && req->flags & ~SIM_TYPE1_START ? -EINVAL : sim_type1_set(at, true);
}

static int sim_type1_stop(const struct dirty_at *at)
{
	return sim_type1_set(at, false);
}

/* verify_bitmap_size() for the page size as it was given, and as much of the bitmap as it takes. */
static int sim_type1_check_bitmap(const struct dirty_read *req)
{
	uint64_t pages = req->page_size ? req->length >> __builtin_ctzll(req->page_size) : 0;
	uint64_t bytes = bitmap_words(pages) * 8;

	return !pages || bytes > SIM_BITMAP_MAX || bytes > req->bytes ? -EINVAL : 0;
}

static void sim_type1_report(struct sim_space *space, struct sim_bits *bits)
{
	uint64_t at = bits->range.start;
	struct sim_mapping *map;

	while ((map = sim_mapping_first(space, at, bits->range.last))) {
		sim_bits_add(bits, map->node.start, map->node.last);
		if (map->node.last >= bits->range.last)
			break;
		at = map->node.last + 1;
	}
	sim_bits_finish(bits);
}

/* Under the lock: the rest of the ioctl's checks, in its order. */
static int sim_type1_get(struct sim_space *space, const struct dirty_read *req)
{
	struct sim_bits bits;

	if (req->page_size != SIM_PAGE || !IS_ALIGNED(req->iova | req->length, SIM_PAGE) || !space->dirty.container_on)
		return -EINVAL;
	sim_bits_init(&bits, req, &space->sim->faults);
	if (sim_bisects(space, bits.range))
		return -EINVAL;
	if (!sim_bits_writable(req))
		return sim_mapping_first(space, bits.range.start, bits.range.last) ? -EFAULT : 0;
	sim_type1_report(space, &bits);
	return 0;
}

static int sim_type1_read(const struct dirty_at *at, const struct dirty_read *req)
{
	struct sim_space *space = sim_space_of(at->iommu);
	int r = sim_type1_is_there(space);
	uint64_t last;

	if (r)
		return r;
	if (req->keep)
		return -EOPNOTSUPP; /* there is no such flag */
	if (req->flags & ~SIM_TYPE1_GET || !req->length)
		return -EINVAL;
	if (!num_add(req->iova, req->length - 1, &last))
		return -EOVERFLOW;
	r = sim_type1_check_bitmap(req);
	if (r)
		return r;
	sim_lock(space->sim);
	r = sim_type1_get(space, req);
	sim_unlock(space->sim);
	return r;
}

/* Under the lock: vfio_dma_do_unmap(). Each mapping is reported before it goes; dirty-lost-unmap forgets that. */
static int sim_type1_take(struct sim_space *space, const struct dirty_read *req, uint64_t *unmapped)
{
	struct sim_bits bits;
	uint64_t last;

	if (!IS_ALIGNED(req->iova | req->length, SIM_PAGE) || !req->length)
		return -EINVAL;
	if (!num_add(req->iova, req->length - 1, &last))
		return -EOVERFLOW;
	if (!space->dirty.container_on || req->page_size != SIM_PAGE ||
	    sim_bisects(space, (struct iova_range){req->iova, last}))
		return -EINVAL;
	if (!sim_bits_writable(req))
		return sim_mapping_first(space, req->iova, last) ? -EFAULT : 0;
	sim_bits_init(&bits, req, &space->sim->faults);
	if (!sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_LOST_UNMAP))
		sim_type1_report(space, &bits);
	return sim_unmap_locked(space, req->iova, req->length, unmapped);
}

/* The unmap ioctl itself is there on all; v1 can never have started, and /dev/iommu does not know the flag. */
static int sim_type1_unmap_bits(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped)
{
	struct sim_space *space = sim_space_of(at->iommu);
	int r = req->flags & ~SIM_TYPE1_UNMAP || sim_is_iommufd(space->sim) ? -EINVAL : sim_type1_check_bitmap(req);

	*unmapped = 0;
	if (r)
		return r;
	sim_lock(space->sim);
	r = sim_type1_take(space, req, unmapped);
	sim_unlock(space->sim);
	return r;
}

const struct dirty_ops sim_dirty_type1_ops = {
	.caps = sim_type1_caps,
	.start = sim_type1_start,
	.stop = sim_type1_stop,
	.read = sim_type1_read,
	.unmap = sim_type1_unmap_bits,
};
