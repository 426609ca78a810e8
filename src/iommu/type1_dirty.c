/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's own dirty tracking: VFIO_IOMMU_DIRTY_PAGES, and VFIO_IOMMU_UNMAP_DMA with a bitmap. */
#include <errno.h>
#include <string.h>

#include "base/bitmap.h"
#include "iommu/vfio.h"
#include "iommu/vfio_caps.h"

static int type1_dirty_missing(const struct vfio *vfio, struct fail *why)
{
	if (vfio->by_iommufd) {
		fail_set(why, EOPNOTSUPP, "/dev/iommu serves the container without VFIO_IOMMU_DIRTY_PAGES");
		fail_hint(why, "use --backend iommufd, where page tables are tracked, or a kernel with VFIO's own "
			       "container");
	} else if (vfio->iommu.personality == IOMMU_TYPE1_V1) {
		fail_set(why, EOPNOTSUPP, "type1 v1 has no dirty tracking");
		fail_hint(why, "use --backend vfio, which is type1 v2");
	} else {
		fail_set(why, EOPNOTSUPP,
			 "this kernel's container has no dirty tracking (no migration capability in "
			 "VFIO_IOMMU_GET_INFO)");
		fail_hint(why, "Linux 5.8 and later have it");
	}
	return -EOPNOTSUPP;
}

static int type1_dirty_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why)
{
	const struct vfio *vfio = to_vfio(at->iommu);
	struct type1_info info;
	int err;

	if (vfio->by_iommufd || vfio->iommu.personality == IOMMU_TYPE1_V1)
		return type1_dirty_missing(vfio, why);
	err = type1_ask_info(vfio->container, &info);
	if (err)
		return fail_set(why, EOPNOTSUPP, "the container does not tell what it can do: %s", strerror(-err));
	if (!info.has_migration)
		return type1_dirty_missing(vfio, why);
	*out = (struct dirty_caps){
		.page_sizes = info.dirty_page_sizes,
		.unmaps = true,
		/*
		 * Pages of a device behind an IOMMU are all dirty, always; of mediated devices those that its driver has pinned or
		 * written (update_user_bitmap(), vfio_iommu_type1_attach_group()).
		 */
		.over_reports = vfio->has_hardware,
		.whole_mappings = true,
		.allows_holes = true,
		.max_bitmap = info.max_dirty_bitmap,
	};
	return 0;
}

static int type1_dirty_ioctl(const struct dirty_at *at, void *arg)
{
	return ioctl(to_vfio(at->iommu)->container, IC_VFIO_IOMMU_DIRTY_PAGES, arg) ? -errno : 0;
}

static int type1_dirty_start(const struct dirty_at *at, struct dirty_start *req)
{
	struct ic_vfio_dirty arg = {.argsz = sizeof(arg), .flags = IC_VFIO_DIRTY_START | req->flags};

	return type1_dirty_ioctl(at, &arg);
}

static int type1_dirty_stop(const struct dirty_at *at)
{
	struct ic_vfio_dirty arg = {.argsz = sizeof(arg), .flags = IC_VFIO_DIRTY_STOP};

	return type1_dirty_ioctl(at, &arg);
}

/* Whole words, as the kernel wants them, as far as there is memory: it refuses less than it needs (verify_bitmap_size()). */
static struct ic_vfio_bitmap type1_bitmap(const struct dirty_read *req)
{
	uint64_t size = req->page_size ? bitmap_words(req->length >> __builtin_ctzll(req->page_size)) * 8 : req->bytes;

	return (struct ic_vfio_bitmap){
		.pgsize = req->page_size, .size = MIN(size, req->bytes), .data = (uintptr_t)req->bits};
}

static int type1_dirty_read(const struct dirty_at *at, const struct dirty_read *req)
{
	struct ic_vfio_dirty_get arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_DIRTY_GET | req->flags},
		.iova = req->iova,
		.size = req->length,
		.bitmap = type1_bitmap(req),
	};

	return req->keep ? -EOPNOTSUPP : type1_dirty_ioctl(at, &arg);
}

static int type1_dirty_unmap(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped)
{
	struct ic_vfio_dma_unmap_dirty arg = {
		.head = {.argsz = sizeof(arg),
			 .flags = IC_VFIO_UNMAP_DIRTY | req->flags,
			 .iova = req->iova,
			 .size = req->length},
		.bitmap = type1_bitmap(req),
	};

	*unmapped = 0;
	return type1_do_unmap(at->iommu, &arg.head, unmapped);
}

/*
 * vfio_dma_do_unmap() stops at the first mapping whose bits it cannot write, with those before it gone and not counted. Reading
 * into nowhere tells: EFAULT of what is mapped, before any bit is cleared, and nothing of what is not.
 */
static bool type1_dirty_kept(const struct dirty_at *at, struct iova_range mapping)
{
	uint64_t granule = caps_granule(&at->iommu->caps), size = mapping.last - mapping.start + 1;
	struct ic_vfio_dirty_get arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_DIRTY_GET},
		.iova = mapping.start,
		.size = size,
		.bitmap = {.pgsize = granule, .size = bitmap_words(size / granule) * 8},
	};

	return type1_dirty_ioctl(at, &arg) != 0;
}

const struct dirty_ops type1_dirty_ops = {
	.caps = type1_dirty_caps,
	.start = type1_dirty_start,
	.stop = type1_dirty_stop,
	.read = type1_dirty_read,
	.unmap = type1_dirty_unmap,
	.kept = type1_dirty_kept,
};
