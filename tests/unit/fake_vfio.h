/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFIO's container and a device's DMA log as far as iommu/type1_dirty.c and iommu/idev_dirty.c ask for them; to be had by
 * fake_iommufd.h's hook. All that is mapped is dirty, as behind an IOMMU.
 */
#ifndef IC_TESTS_FAKE_VFIO_H
#define IC_TESTS_FAKE_VFIO_H

#include "fake_iommufd.h"
#include "iommu/vfio.h"

#define FAKE_CONTAINER 1000 /* descriptors */
#define FAKE_DEVICE 1001
#define FAKE_MAPS 8
#define FAKE_BITMAP_MAX (256u << 20)

struct fake_vfio {
	bool no_migration, is_v1, no_ioctl; /* no_ioctl: DIRTY_PAGES is not known */
	bool on;
	struct iova_range maps[FAKE_MAPS]; /* in order */
	unsigned int nr;
	uint64_t unwritable; /* from this bit of a bitmap on, 0: all can be written */
	uint64_t last_size;  /* of the bitmap, as told to the kernel */
	uint32_t last_flags;
	/* the device's log */
	bool has_log, logging;
	int probe_err;
	unsigned int fail_probe; /* the feature that is not there */
	uint64_t log_page;	 /* what the device tracks by */
	struct ic_vfio_feature_log_start start;
	struct ic_vfio_feature_log_report report;
	struct ic_vfio_log_range ranges[4];
};

static struct fake_vfio fake_vfio;

static inline int fake_vfio_info(struct ic_vfio_type1_info *info)
{
	struct {
		struct ic_vfio_type1_info head;
		struct ic_vfio_cap_header cap;
		struct ic_vfio_cap_migration migration;
	} *all = (void *)info;
	uint32_t room = info->argsz;

	info->flags = IC_VFIO_INFO_PGSIZES | (fake_vfio.no_migration ? 0 : IC_VFIO_INFO_CAPS);
	info->iova_pgsizes = 0x40201000;
	info->cap_offset = 0;
	if (fake_vfio.no_migration)
		return 0;
	info->argsz = sizeof(*all);
	if (room < sizeof(*all))
		return 0;
	info->cap_offset = offsetof(__typeof__(*all), cap);
	all->cap = (struct ic_vfio_cap_header){.id = IC_VFIO_CAP_MIGRATION, .version = 1};
	all->migration =
		(struct ic_vfio_cap_migration){.pgsize_bitmap = 4096, .max_dirty_bitmap_size = FAKE_BITMAP_MAX};
	return 0;
}

static inline bool fake_vfio_cuts(struct iova_range r)
{
	for (unsigned int i = 0; i < fake_vfio.nr; i++)
		if (iova_range_overlaps(fake_vfio.maps[i], r) && !iova_range_contains(r, fake_vfio.maps[i]))
			return true;
	return false;
}

/* As vfio_iommu_type1_dirty_pages() and vfio_dma_do_unmap() look at them. */
static inline int fake_vfio_check(struct iova_range r, uint64_t size, const struct ic_vfio_bitmap *b)
{
	uint64_t pages = b->pgsize ? size >> __builtin_ctzll(b->pgsize) : 0;

	fake_vfio.last_size = b->size;
	if (!size)
		return -EINVAL;
	if (r.last < r.start)
		return -EOVERFLOW;
	if (!pages || b->size > FAKE_BITMAP_MAX || b->size < (pages + 63) / 64 * 8)
		return -EINVAL;
	if (b->pgsize != 4096 || (r.start | size) % 4096 || !fake_vfio.on)
		return -EINVAL;
	return fake_vfio_cuts(r) ? -EINVAL : 0;
}

/* update_user_bitmap() of mapping @i: every page of it is dirty. */
static inline int fake_vfio_bits(struct iova_range r, const struct ic_vfio_bitmap *b, unsigned int i)
{
	const struct iova_range *m = &fake_vfio.maps[i];
	uint64_t first = (m->start - r.start) / 4096, last = (m->last - r.start) / 4096;

	if (!b->data || (fake_vfio.unwritable && last >= fake_vfio.unwritable))
		return -EFAULT;
	for (uint64_t bit = first; bit <= last; bit++)
		((unsigned char *)(uintptr_t)b->data)[bit / 8] |= (unsigned char)(1 << bit % 8);
	return 0;
}

static inline int fake_vfio_dirty(struct ic_vfio_dirty_get *arg)
{
	struct iova_range r;
	int err;

	fake_vfio.last_flags = arg->head.flags;
	if (fake_vfio.no_ioctl)
		return -ENOTTY;
	if (fake_vfio.is_v1)
		return -EACCES;
	if (arg->head.flags == IC_VFIO_DIRTY_START || arg->head.flags == IC_VFIO_DIRTY_STOP) {
		fake_vfio.on = arg->head.flags == IC_VFIO_DIRTY_START;
		return 0;
	}
	if (arg->head.flags != IC_VFIO_DIRTY_GET || arg->head.argsz < sizeof(*arg))
		return -EINVAL;
	r = (struct iova_range){arg->iova, arg->iova + (arg->size - 1)};
	err = fake_vfio_check(r, arg->size, &arg->bitmap);
	for (unsigned int i = 0; !err && i < fake_vfio.nr; i++)
		if (iova_range_contains(r, fake_vfio.maps[i]))
			err = fake_vfio_bits(r, &arg->bitmap, i);
	return err;
}

/* What went before a failure is gone, and no count of it is given. */
static inline int fake_vfio_unmap(struct ic_vfio_dma_unmap_dirty *arg)
{
	struct iova_range r = {arg->head.iova, arg->head.iova + (arg->head.size - 1)};
	bool dirty = arg->head.flags & IC_VFIO_UNMAP_DIRTY;
	uint64_t bytes = 0;
	unsigned int kept = 0, i;
	int err = 0;

	fake_vfio.last_flags = arg->head.flags;
	if (arg->head.flags & ~(uint32_t)IC_VFIO_UNMAP_DIRTY ||
	    arg->head.argsz < (dirty ? sizeof(*arg) : sizeof(arg->head)))
		return -EINVAL;
	err = dirty ? fake_vfio_check(r, arg->head.size, &arg->bitmap) : fake_vfio_cuts(r) ? -EINVAL : 0;
	if (err)
		return err;
	for (i = 0; i < fake_vfio.nr; i++) {
		if (!err && iova_range_contains(r, fake_vfio.maps[i])) {
			err = dirty ? fake_vfio_bits(r, &arg->bitmap, i) : 0;
			bytes += fake_vfio.maps[i].last - fake_vfio.maps[i].start + 1;
			if (!err)
				continue;
		}
		fake_vfio.maps[kept++] = fake_vfio.maps[i];
	}
	fake_vfio.nr = kept;
	if (!err)
		arg->head.size = bytes;
	return err;
}

static inline int fake_vfio_map(const struct ic_vfio_dma_map *arg)
{
	fake_vfio.maps[fake_vfio.nr++] = (struct iova_range){arg->iova, arg->iova + (arg->size - 1)};
	return 0;
}

/* As vfio_ioctl_device_feature_logging_start(). */
static inline int fake_log_start(struct ic_vfio_feature_log_start *arg)
{
	const struct ic_vfio_log_range *r = (void *)(uintptr_t)arg->ranges;

	fake_vfio.start = *arg;
	if (!arg->num_ranges || fake_vfio.logging)
		return -EINVAL;
	if (arg->num_ranges > 256)
		return -E2BIG;
	for (uint32_t i = 0; i < arg->num_ranges; i++) {
		if (i < 4)
			fake_vfio.ranges[i] = r[i];
		if ((r[i].iova | r[i].length) & (arg->page_size - 1))
			return -EINVAL;
		for (uint32_t j = 0; j < i; j++)
			if (r[i].iova < r[j].iova + r[j].length && r[j].iova < r[i].iova + r[i].length)
				return -EINVAL;
	}
	arg->page_size = fake_vfio.log_page;
	fake_vfio.logging = true;
	return 0;
}

static inline int fake_log_report(const struct ic_vfio_feature_log_report *arg)
{
	fake_vfio.report = *arg;
	if (!fake_vfio.logging || arg->page_size < 4096 || arg->page_size & (arg->page_size - 1))
		return -EINVAL;
	*(unsigned char *)(uintptr_t)arg->bitmap |= 1;
	return 0;
}

static inline int fake_log(struct ic_vfio_feature *arg)
{
	uint32_t feature = arg->flags & 0xffff;

	fake_vfio.last_flags = arg->flags;
	if (!fake_vfio.has_log || feature < 6 || feature > 8 || feature == fake_vfio.fail_probe)
		return fake_vfio.probe_err ? fake_vfio.probe_err : -ENOTTY;
	if (!(arg->flags & (feature == 8 ? IC_VFIO_FEATURE_GET : IC_VFIO_FEATURE_SET)))
		return -EINVAL;
	if (arg->flags & IC_VFIO_FEATURE_PROBE)
		return 0;
	if (feature == 6)
		return fake_log_start((void *)arg);
	if (feature == 8)
		return fake_log_report((void *)arg);
	fake_vfio.logging = false;
	return 0;
}

static inline int fake_vfio_ioctl(int fd, unsigned long request, void *arg)
{
	if (fd == FAKE_DEVICE)
		return request == IC_VFIO_DEVICE_FEATURE ? fake_log(arg) : -ENOTTY;
	if (fd != FAKE_CONTAINER)
		return -ENOTTY;
	switch (request) {
	case IC_VFIO_IOMMU_GET_INFO:
		return fake_vfio_info(arg);
	case IC_VFIO_IOMMU_MAP_DMA:
		return fake_vfio_map(arg);
	case IC_VFIO_IOMMU_UNMAP_DMA:
		return fake_vfio_unmap(arg);
	case IC_VFIO_IOMMU_DIRTY_PAGES:
		return fake_vfio_dirty(arg);
	default:
		return -ENOTTY;
	}
}

#endif
