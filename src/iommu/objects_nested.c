/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs on what nested translation is made of, on the container's space, and on the mock device's test commands. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "iommu/iommufd_abi.h"
#include "iommu/mock_abi.h"
#include "iommu/objects_priv.h"

typedef unsigned long long ull;

int iommu_vfio_space(struct iommu *iommu, enum iommu_vfio_space op, uint32_t *id, struct fail *f)
{
	static const char *const what[] = {"tell", "choose", "clear"};
	int err;

	if (!objects_has(iommu, vfio_space))
		return objects_unsupported(iommu, "address space for the container's ioctls", f);
	err = iommu->ops->objects->vfio_space(objects_root(iommu), op, id);
	if (!err)
		return 0;
	fail_set(f, err, "cannot %s the address space of the container's ioctls", what[op]);
	return objects_explain(OBJECTS_VFIO, err, f);
}

int iommu_space_phys(struct iommu *iommu, iova_t iova, uint64_t *size, uint64_t *phys, struct fail *f)
{
	int err;

	if (!objects_has(iommu, space_phys))
		return objects_unsupported(iommu, "physical addresses to tell", f);
	err = iommu->ops->objects->space_phys(iommu, iova, size, phys);
	/* a kernel without the ioctl says so with an errno of its own */
	if (err == -ENOTTY)
		err = -EOPNOTSUPP;
	if (!err)
		return 0;
	fail_set(f, err, "cannot tell where iova 0x%llx of address space %u leads", (ull)iova, iommu_space_id(iommu));
	return objects_explain(OBJECTS_PHYS, err, f);
}

int iommu_viommu_new(struct iommu *iommu, const struct iommu_viommu_req *req, uint32_t *id, struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	int err;

	if (!objects_has(root, viommu_new))
		return objects_unsupported(root, "virtual IOMMUs", f);
	err = objects_reserve(root, f);
	if (err)
		return err;
	err = root->ops->objects->viommu_new(root, req, id);
	if (err) {
		fail_set(f, err, "cannot make a virtual IOMMU on page table %u", req->hwpt);
		return objects_explain(OBJECTS_VIOMMU, err, f);
	}
	objects_add(root, IOMMU_OBJECT_VIOMMU, *id, req->hwpt);
	return 0;
}

int iommu_vdevice_new(struct iommu *iommu, struct iommu_device *idev, uint32_t viommu, uint64_t virt_id, uint32_t *id,
		      struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	int err;

	if (!objects_has(root, vdevice_new))
		return objects_unsupported(root, "virtual devices", f);
	err = objects_reserve(root, f);
	if (err)
		return err;
	err = root->ops->objects->vdevice_new(idev, viommu, virt_id, id);
	if (err) {
		fail_set(f, err, "cannot make device %s known to virtual IOMMU %u as 0x%llx", idev->id.name, viommu,
			 (ull)virt_id);
		return objects_explain(OBJECTS_VDEVICE, err, f);
	}
	objects_add(root, IOMMU_OBJECT_VDEVICE, *id, viommu);
	return 0;
}

int iommu_hw_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t index, iova_t iova, uint64_t size,
		       uint32_t *id, struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	int err;

	if (!objects_has(root, hw_queue_new))
		return objects_unsupported(root, "hardware queues", f);
	err = objects_reserve(root, f);
	if (err)
		return err;
	err = root->ops->objects->hw_queue_new(root, viommu, type, index, iova, size, id);
	if (err) {
		fail_set(f, err, "cannot make hardware queue %u of virtual IOMMU %u at iova 0x%llx", index, viommu,
			 (ull)iova);
		return objects_explain(OBJECTS_HW_QUEUE, err, f);
	}
	objects_add(root, IOMMU_OBJECT_HW_QUEUE, *id, viommu);
	return 0;
}

/* Bytes behind the header of an event; 0: a type that is not known here. */
static uint32_t event_len(uint32_t type)
{
	switch (type) {
	case IC_IOMMUFD_VEVENTQ_TYPE_ARM_SMMUV3:
		return sizeof(struct ic_iommufd_vevent_arm_smmuv3);
	case IC_IOMMUFD_VEVENTQ_TYPE_TEGRA241_CMDQV:
		return sizeof(struct ic_iommufd_vevent_tegra241_cmdqv);
	case IC_MOCK_VEVENT_QUEUE_TYPE:
		return sizeof(struct ic_mock_vevent);
	default:
		return 0;
	}
}

int iommu_event_queue_new(struct iommu *iommu, uint32_t viommu, uint32_t type, uint32_t depth, uint32_t *id,
			  struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	struct object *o;
	int fd = -1, err;

	if (!objects_has(root, event_queue_new))
		return objects_unsupported(root, "event queues", f);
	err = objects_reserve(root, f);
	if (err)
		return err;
	err = root->ops->objects->event_queue_new(root, viommu, type, depth, id, &fd);
	if (err) {
		fail_set(f, err, "cannot make an event queue of virtual IOMMU %u", viommu);
		return objects_explain(OBJECTS_EVENTS, err, f);
	}
	o = objects_add(root, IOMMU_OBJECT_VEVENT_QUEUE, *id, viommu);
	o->fd = fd;
	o->event_len = event_len(type);
	return 0;
}

/* One event off @raw; how many bytes it took, 0 where it is cut short. */
static size_t event_take(const unsigned char *raw, size_t left, uint32_t len, struct iommu_event *out)
{
	struct ic_iommufd_vevent_header header;

	if (left < sizeof(header))
		return 0;
	memcpy(&header, raw, sizeof(header));
	*out = (struct iommu_event){.sequence = header.sequence,
				    .lost = header.flags & IC_IOMMUFD_VEVENTQ_FLAG_LOST_EVENTS};
	if (out->lost)
		return sizeof(header);
	/* of a type that is not known here, all that is left is one event's */
	out->len = len ? len : (uint32_t)MIN(left - sizeof(header), sizeof(out->data));
	if (left - sizeof(header) < out->len)
		return 0;
	memcpy(out->data, raw + sizeof(header), out->len);
	return sizeof(header) + (len ? len : left - sizeof(header));
}

int iommu_event_queue_read(struct iommu *iommu, uint32_t id, struct iommu_event *out, unsigned int max,
			   unsigned int *count, struct fail *f)
{
	struct object *o = objects_find(iommu, IOMMU_OBJECT_VEVENT_QUEUE, id);
	unsigned char raw[4096];
	struct pollfd ready = {.fd = o ? o->fd : -1, .events = POLLIN};
	size_t at = 0, took, room;
	ssize_t n;

	*count = 0;
	if (!o)
		return fail_set(f, ENOENT, "there is no event queue %u", id);
	if (poll(&ready, 1, 0) <= 0 || !(ready.revents & POLLIN))
		return 0;
	room = max * (sizeof(struct ic_iommufd_vevent_header) + o->event_len);
	n = read(ready.fd, raw, o->event_len ? MIN(room, sizeof(raw)) : sizeof(raw));
	if (n < 0)
		return errno == EAGAIN ? 0 : fail_set(f, errno, "cannot read event queue %u", id);
	while (at < (size_t)n && *count < max) {
		took = event_take(raw + at, (size_t)n - at, o->event_len, &out[*count]);
		if (!took)
			return fail_set(f, EIO, "event queue %u gave half an event", id);
		at += took;
		++*count;
	}
	return 0;
}

int iommu_test_fault(struct iommu_device *idev, const struct iommu_pgfault *fault, struct fail *f)
{
	int err;

	if (!objects_has(idev->iommu, test_fault))
		return objects_unsupported(idev->iommu, "page faults on request: that is the kernel's mock device", f);
	err = idev->iommu->ops->objects->test_fault(idev, fault);
	return err ? fail_set(f, err, "cannot have the device fault at 0x%llx", (ull)fault->addr) : 0;
}

int iommu_test_event(struct iommu_device *idev, struct fail *f)
{
	int err;

	if (!objects_has(idev->iommu, test_event))
		return objects_unsupported(idev->iommu, "events on request: that is the kernel's mock device", f);
	err = idev->iommu->ops->objects->test_event(idev);
	return err ? fail_set(f, err, "cannot have the device raise an event") : 0;
}
