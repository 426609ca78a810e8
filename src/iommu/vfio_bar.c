/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BARs in our address space: whole, or the areas the kernel allows with holes between them. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "iommu/vfio.h"
#include "iommu/vfio_caps.h"

#define VFIO_REGION_INFO_MAX (1u << 16)

static uint64_t vfio_page_up(uint64_t size)
{
	return ALIGN_UP(size, (uint64_t)sysconf(_SC_PAGESIZE));
}

static int vfio_bar_map_area(const struct vfio_device *d, unsigned int n, uint64_t offset, uint64_t size)
{
	const struct ic_vfio_region_info *r = &d->regions[n];
	int prot =
		(r->flags & IC_VFIO_REGION_READ ? PROT_READ : 0) | (r->flags & IC_VFIO_REGION_WRITE ? PROT_WRITE : 0);

	if (offset > r->size || size > r->size - offset)
		return -EBADMSG;
	return mmap((char *)d->bars[n].base + offset, size, prot, MAP_SHARED | MAP_FIXED, d->fd,
		    (off_t)(r->offset + offset)) == MAP_FAILED
		       ? -errno
		       : 0;
}

static int vfio_bar_map_sparse(const struct vfio_device *d, unsigned int n, const struct vfio_cap_walk *cap)
{
	struct ic_vfio_cap_sparse head;
	struct ic_vfio_sparse_area area;
	int err = 0;

	if (cap->body_len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, cap->body, sizeof(head));
	if (head.nr_areas > (cap->body_len - sizeof(head)) / sizeof(area))
		return -EBADMSG;
	for (uint32_t i = 0; !err && i < head.nr_areas; i++) {
		memcpy(&area, (const char *)cap->body + sizeof(head) + i * sizeof(area), sizeof(area));
		if (area.size)
			err = vfio_bar_map_area(d, n, area.offset, area.size);
	}
	return err;
}

/* 1: mapped as the sparse capability says; 0: there is none, the whole BAR may be mapped. */
static int vfio_bar_try_sparse(const struct vfio_device *d, unsigned int n)
{
	size_t len = d->regions[n].argsz;
	struct vfio_cap_walk walk;
	CLEANUP_FREE struct ic_vfio_region_info *info = NULL;
	int ret;

	if (!(d->regions[n].flags & IC_VFIO_REGION_CAPS) || len <= sizeof(*info))
		return 0;
	if (len > VFIO_REGION_INFO_MAX)
		return -E2BIG;
	info = calloc(1, len);
	if (!info)
		return -ENOMEM;
	info->argsz = (uint32_t)len;
	info->index = n;
	if (ioctl(d->fd, IC_VFIO_DEVICE_GET_REGION_INFO, info))
		return -errno;
	walk = (struct vfio_cap_walk){.info = info, .len = len, .next = info->cap_offset, .first_ok = sizeof(*info)};
	while ((ret = vfio_cap_next(&walk)) > 0) {
		if (walk.id == IC_VFIO_CAP_SPARSE_MMAP) {
			ret = vfio_bar_map_sparse(d, n, &walk);
			return ret ? ret : 1;
		}
	}
	return ret;
}

static bool vfio_bar_is_io(struct iommu_device *idev, unsigned int n)
{
	uint32_t bar;

	return idev_config_read(idev, 0x10 + 4 * n, 4, &bar) == 0 && (bar & 1);
}

static void vfio_bar_unmap_one(struct vfio_mapping *m)
{
	if (m->base)
		munmap(m->base, m->size);
	*m = (struct vfio_mapping){0};
}

int vfio_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f)
{
	struct vfio_device *d = to_vfio_device(idev);
	const struct ic_vfio_region_info *r = &d->regions[n];
	struct vfio_mapping *m = &d->bars[n];
	int err;

	*out = (struct idev_bar){.size = r->size};
	if (r->size == 0)
		return fail_set(f, ENOENT, "%s has no BAR %u", idev->id.name, n);
	out->is_io = vfio_bar_is_io(idev, n);
	if (!(r->flags & IC_VFIO_REGION_MMAP))
		return 0;
	if (!m->base) {
		/* reserve first: the holes between sparse areas must not be somebody else's memory */
		m->size = vfio_page_up(r->size);
		m->base = mmap(NULL, m->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (m->base == MAP_FAILED) {
			err = -errno;
			m->base = NULL;
			return fail_set(f, err, "cannot map BAR %u of %s", n, idev->id.name);
		}
		err = vfio_bar_try_sparse(d, n);
		if (err == 0)
			err = vfio_bar_map_area(d, n, 0, r->size);
		if (err < 0) {
			vfio_bar_unmap_one(m);
			return fail_set(f, err, "cannot map BAR %u of %s", n, idev->id.name);
		}
	}
	out->base = m->base;
	return 0;
}

void vfio_bar_unmap(struct vfio_device *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(d->bars); i++)
		vfio_bar_unmap_one(&d->bars[i]);
}
