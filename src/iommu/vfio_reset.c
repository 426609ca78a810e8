/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets: the device's own where it has one, else of the slot or bus, if everything that hits is ours. */
#include <errno.h>

#include "iommu/vfio.h"

#define VFIO_HOT_RESET_TRIES 4

/* The devices a slot or bus reset takes along. *out is malloc'ed. -ENODEV: no such reset. */
static int vfio_hot_reset_info(const struct vfio_device *d, struct ic_vfio_hot_reset_info **out)
{
	struct ic_vfio_hot_reset_info *info;
	uint32_t count = 8;
	size_t size;
	int err = -ENOSPC;

	*out = NULL;
	/* the kernel answers ENOSPC with the count it needs; hot-plug may change it in between */
	for (int tries = 0; err == -ENOSPC && tries < VFIO_HOT_RESET_TRIES; tries++) {
		size = sizeof(*info) + count * sizeof(info->devices[0]);
		info = calloc(1, size);
		if (!info)
			return -ENOMEM;
		info->argsz = (uint32_t)size;
		err = ioctl(d->fd, IC_VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) ? -errno : 0;
		if (!err && info->count <= count) {
			*out = info;
			return 0;
		}
		count = MIN(info->count, 4096);
		free(info);
	}
	return err ? err : -ENOSPC;
}

static struct vfio_group *vfio_reset_group(const struct vfio_device *d, uint32_t id)
{
	for (struct vfio_group *g = d->vfio->groups; g; g = g->next)
		if (g->id == (int)id)
			return g;
	return NULL;
}

/*
 * 0 when every device that would be reset lies in one of our groups, or is one of our context, which for a device opened by
 * its own node the kernel says itself; -EPERM when one does not.
 */
static int vfio_hot_reset_is_ours(const struct vfio_device *d)
{
	CLEANUP_FREE struct ic_vfio_hot_reset_info *info = NULL;
	int err = vfio_hot_reset_info(d, &info);

	if (err)
		return err;
	if (!d->group)
		return info->flags & IC_VFIO_HOT_RESET_DEV_ID_OWNED ? 0 : -EPERM;
	for (uint32_t i = 0; i < info->count; i++)
		if (!vfio_reset_group(d, info->devices[i].group))
			return -EPERM;
	return 0;
}

/*
 * The group descriptors are the proof of ownership; groups that are not hit may be among them. A device opened by its own
 * node gives none: its context is the proof.
 */
static int vfio_hot_reset(const struct vfio_device *d)
{
	struct vfio_group *groups = d->vfio ? d->vfio->groups : NULL;
	CLEANUP_FREE struct ic_vfio_hot_reset *arg = NULL;
	uint32_t count = 0;
	size_t size;

	for (struct vfio_group *g = groups; g; g = g->next)
		count++;
	size = sizeof(*arg) + count * sizeof(arg->group_fds[0]);
	arg = calloc(1, size);
	if (!arg)
		return -ENOMEM;
	arg->argsz = (uint32_t)size;
	for (struct vfio_group *g = groups; g; g = g->next)
		arg->group_fds[arg->count++] = g->fd;
	return ioctl(d->fd, IC_VFIO_DEVICE_PCI_HOT_RESET, arg) ? -errno : 0;
}

bool vfio_has_reset(const struct iommu_device *idev)
{
	const struct vfio_device *d = to_vfio_device(idev);

	return (d->flags & IC_VFIO_DEVICE_FLAG_RESET) || vfio_hot_reset_is_ours(d) == 0;
}

int vfio_reset(struct iommu_device *idev)
{
	const struct vfio_device *d = to_vfio_device(idev);
	int err;

	if (d->flags & IC_VFIO_DEVICE_FLAG_RESET)
		return ioctl(d->fd, IC_VFIO_DEVICE_RESET) ? -errno : 0;
	err = vfio_hot_reset_is_ours(d);
	/* the second: not by PCI, a mediated device's driver */
	if (err == -ENODEV || err == -ENOTTY)
		return -EOPNOTSUPP;
	return err ? err : vfio_hot_reset(d);
}
