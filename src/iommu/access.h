/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An access: somebody in the kernel who reads and writes an I/O address space by IOVA, as the driver of a mediated device
 * does. It sees what is mapped and with which rights, but reaches memory through the pinned pages, not through a page table.
 */
#ifndef IC_IOMMU_ACCESS_H
#define IC_IOMMU_ACCESS_H

#include "iommu/device.h"

struct idev_access {
	struct iommu_device *idev;
};

/* To the address space that @idev is attached to; it follows the device to other spaces. -EOPNOTSUPP: not this device. */
int idev_access_open(struct iommu_device *idev, struct idev_access **out, struct fail *f);
/* NULL is fine. After it nothing reads or writes through it any more. */
void idev_access_close(struct idev_access *access);

enum idev_access_flags {
	IDEV_ACCESS_WRITE = 1, /* into the space; else out of it */
	IDEV_ACCESS_SLOW = 2,  /* as for a caller in another process: by page, not by the caller's own addresses */
};
/*
 * @len bytes between @buf and the space at @iova, in whole or not at all but for what came before the first bad page. 0,
 * -ENOENT not mapped, -EPERM mapped without the right, other -errno. Safe from several threads.
 */
int idev_access_rw(struct idev_access *access, iova_t iova, void *buf, uint64_t len, unsigned int flags);

#endif
