/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The type1 container's ioctls: map, unmap, and what it can do. drivers/vfio/vfio_iommu_type1.c is the other side. */
#include <errno.h>
#include <string.h>

#include "host/self.h"
#include "iommu/vfio.h"
#include "iommu/vfio_caps.h"

#define TYPE1_INFO_MAX (1u << 20)
#define TYPE1_INFO_TRIES 8 /* the chain may grow between two calls */

int type1_map(struct iommu *iommu, struct iommu_map_req *req)
{
	struct ic_vfio_dma_map arg = {
		.argsz = sizeof(arg),
		.vaddr = (uintptr_t)req->va,
		.iova = req->iova,
		.size = req->size,
		.flags = req->flags,
	};

	if (req->kernel_iova)
		return -EOPNOTSUPP;
	if (req->prot & IOMMU_PROT_READ)
		arg.flags |= IC_VFIO_MAP_READ;
	if (req->prot & IOMMU_PROT_WRITE)
		arg.flags |= IC_VFIO_MAP_WRITE;
	return ioctl(to_vfio(iommu)->container, IC_VFIO_IOMMU_MAP_DMA, &arg) ? -errno : 0;
}

int type1_do_unmap(struct iommu *iommu, struct ic_vfio_dma_unmap *arg, uint64_t *unmapped)
{
	uint64_t asked = arg->size;
	int err = ioctl(to_vfio(iommu)->container, IC_VFIO_IOMMU_UNMAP_DMA, arg) ? -errno : 0;

	/* with an error only iommufd writes a count, of what it had removed by then (iommufd_vfio_unmap_dma()) */
	*unmapped = err && arg->size == asked ? 0 : arg->size;
	return err;
}

int type1_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	struct ic_vfio_dma_unmap arg = {.argsz = sizeof(arg), .iova = iova, .size = size};

	return type1_do_unmap(iommu, &arg, unmapped);
}

int type1_unmap_all(struct iommu *iommu, uint64_t *unmapped)
{
	struct ic_vfio_dma_unmap arg = {.argsz = sizeof(arg), .flags = IC_VFIO_UNMAP_ALL};

	*unmapped = 0;
	return iommu->caps.unmap_all ? type1_do_unmap(iommu, &arg, unmapped) : -EOPNOTSUPP;
}

int type1_vaddr_forget(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes)
{
	struct ic_vfio_dma_unmap arg = {.argsz = sizeof(arg), .flags = IC_VFIO_UNMAP_VADDR, .iova = iova, .size = size};

	if (all)
		arg.flags |= IC_VFIO_UNMAP_ALL;
	return type1_do_unmap(iommu, &arg, bytes);
}

int type1_vaddr_renew(struct iommu *iommu, void *va, iova_t iova, uint64_t size)
{
	struct ic_vfio_dma_map arg = {
		.argsz = sizeof(arg),
		.flags = IC_VFIO_MAP_VADDR,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = size,
	};

	return ioctl(to_vfio(iommu)->container, IC_VFIO_IOMMU_MAP_DMA, &arg) ? -errno : 0;
}

/* type1 accounts pages in mm->locked_vm (vfio_lock_acct()), iommufd in mm->pinned_vm (iopt_pages_update_pinned()). */
int type1_pins(struct iommu *iommu, uint64_t *pages)
{
	uint64_t locked, pinned;
	int err = self_locked(&locked, &pinned);

	if (!err)
		*pages = (to_vfio(iommu)->by_iommufd ? pinned : locked) / 4096;
	return err;
}

/* GET_INFO into a buffer that grows until the chain fits. *out is malloc'ed. */
static int type1_get_info(int container, void **out, size_t *len)
{
	size_t size = sizeof(struct ic_vfio_type1_info);
	struct ic_vfio_type1_info *info;
	int err;

	*out = NULL;
	for (int tries = 0; tries < TYPE1_INFO_TRIES && size <= TYPE1_INFO_MAX; tries++) {
		info = calloc(1, size);
		if (!info)
			return -ENOMEM;
		info->argsz = (uint32_t)size;
		if (ioctl(container, IC_VFIO_IOMMU_GET_INFO, info)) {
			err = -errno;
			free(info);
			return err;
		}
		if (info->argsz <= size) {
			*out = info;
			*len = size;
			return 0;
		}
		size = info->argsz;
		free(info);
	}
	return -E2BIG;
}

int type1_ask_info(int container, struct type1_info *out)
{
	CLEANUP_FREE void *info = NULL;
	size_t len = 0;
	int err = type1_get_info(container, &info, &len);

	return err ? err : type1_parse_info(info, len, out);
}

int type1_avail(struct iommu *iommu, uint32_t *mappings)
{
	struct type1_info parsed;
	int err = type1_ask_info(to_vfio(iommu)->container, &parsed);

	if (err)
		return err;
	*mappings = parsed.dma_avail;
	return parsed.has_dma_avail ? 0 : -EOPNOTSUPP;
}

static bool type1_extension(const struct vfio *vfio, unsigned long n)
{
	return ioctl(vfio->container, IC_VFIO_CHECK_EXTENSION, n) > 0;
}

int type1_read_caps(struct vfio *vfio, struct fail *f)
{
	struct iommu_caps *caps = &vfio->iommu.caps;
	struct type1_info parsed;
	int err = type1_ask_info(vfio->container, &parsed);

	if (err)
		return fail_set(f, err, "cannot read what the container can do");
	*caps = (struct iommu_caps){
		.page_sizes = parsed.page_sizes,
		.nr_ranges = parsed.nr_ranges,
		.ranges_known = parsed.has_ranges,
		.has_dma_avail = parsed.has_dma_avail,
		.dma_avail = parsed.dma_avail,
		.unmap_all = type1_extension(vfio, IC_VFIO_EXT_UNMAP_ALL),
		.update_vaddr = type1_extension(vfio, IC_VFIO_EXT_UPDATE_VADDR),
		.unmap_bisects = vfio->iommu.personality == IOMMU_TYPE1_V1,
		.coherent = type1_extension(vfio, IC_VFIO_EXT_DMA_CC),
		.has_phys = true,
		.has_pins = true,
	};
	memcpy(caps->ranges, parsed.ranges, sizeof(caps->ranges));
	if (!vfio->has_hardware)
		vfio_caps_emulated(caps);
	return 0;
}
