/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left to the machine or the kernel to choose: the backend for a device, the IOVA of a mapping. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/session/named.h"
#include "core/session/priv.h"
#include "host/mdev.h"
#include "iommu/objects.h"

/* Its own node and /dev/iommu; never a backend that would fall back to another device. */
static bool choice_is_iommufd(const struct host *host, const char *device)
{
	bool is_mdev = mdev_is_uuid(device);
	struct mdev_info mdev = {0};
	struct pci_info pci = {0};
	const char *cdev = is_mdev ? mdev.cdev : pci.cdev;

	if (is_mdev ? mdev_find(host, device, &mdev, NULL) : pci_find(host, device, &pci, NULL))
		return false;
	return cdev[0] && host_exists(host, "/dev/vfio/devices/%s", cdev) && host_exists(host, "/dev/iommu");
}

const char *session_backend_choice(const struct session_params *params, const struct host *host)
{
	if (params->backend && strcmp(params->backend, "auto"))
		return params->backend;
	if (!params->device)
		return "sim";
	/* a device that a backend brings along has that backend's name */
	if (iommu_own_device(params->device))
		return params->device;
	return choice_is_iommufd(host, params->device) ? "iommufd" : "vfio";
}

static bool *choice_allowed(struct session *s, const struct iommu *space)
{
	for (struct named *n = s->named; n; n = n->next)
		if (n->kind == IOMMU_OBJECT_IOAS && n->space == space)
			return &n->allowed;
	return &s->choice_allowed;
}

void session_choice_is_users(struct session *s, const struct iommu *space)
{
	*choice_allowed(s, space) = true;
}

int session_allow_choice(struct session *s, struct iommu *space, struct fail *f)
{
	bool *allowed = choice_allowed(s, space);
	int err = *allowed ? 0 : iommu_space_allow(space, s->space.r, s->space.nr, f);

	/* where there is no hardware there are no windows to keep out of, and the device reaches all that is offered */
	if (err == -EOPNOTSUPP && iommu_caps(s->iommu)->no_hardware)
		err = 0;
	*allowed = *allowed || !err;
	return err;
}

/* What the safety rules forbid goes again. */
static int choice_judge(struct session *s, struct iommu *space, iova_t iova, uint64_t size, struct fail *f)
{
	struct iova_range r = {iova, iova + (size - 1)};

	if (space_contains(&s->reach, r))
		return 0;
	iommu_unmap(space, iova, size, NULL, NULL);
	fail_set(f, ERANGE, "the kernel chose iova 0x%llx-0x%llx, which must not be used here",
		 (unsigned long long)r.start, (unsigned long long)r.last);
	return -ERANGE;
}

int session_map_chosen(struct session *s, struct iommu *space, struct iommu_map_req *req, struct fail *f)
{
	int err = iommu_map(space, req, f);

	return err ? err : choice_judge(s, space, req->iova, req->size, f);
}

int session_copy_chosen(struct session *s, struct iommu *space, struct iommu_copy_req *req, struct fail *f)
{
	int err = session_allow_choice(s, space, f);

	if (!err)
		err = iommu_space_copy(space, req, f);
	return err ? err : choice_judge(s, space, req->iova, req->size, f);
}
