/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs on accesses: a device that has none says so, the rest is the backend's. */
#include "iommu/access.h"

#include <errno.h>

#include "iommu/backend.h"

int idev_access_open(struct iommu_device *idev, struct idev_access **out, struct fail *f)
{
	int err = idev->ops->access_open ? idev->ops->access_open(idev, out) : -EOPNOTSUPP;

	if (err) {
		*out = NULL;
		return fail_set(f, err, "cannot make an access to what %s is attached to", idev->id.name);
	}
	(*out)->idev = idev;
	return 0;
}

void idev_access_close(struct idev_access *access)
{
	if (access)
		access->idev->ops->access_close(access);
}

int idev_access_rw(struct idev_access *access, iova_t iova, void *buf, uint64_t len, unsigned int flags)
{
	return access->idev->ops->access_rw(access, iova, buf, len, flags);
}
