/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fault queues: made by the kernel as descriptors, on which faults are read and answers written. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "iommu/iommufd_abi.h"
#include "iommu/objects_priv.h"

/* Faults per read: the kernel hands out whole groups only, and refuses a buffer that one does not fit in. */
#define QUEUE_BATCH 64

int iommu_fault_queue_new(struct iommu *iommu, uint32_t *id, struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	struct object *o;
	int fd = -1, err;

	if (!objects_has(root, fault_queue_new))
		return objects_unsupported(root, "fault queues", f);
	err = objects_reserve(root, f);
	if (err)
		return err;
	err = root->ops->objects->fault_queue_new(root, id, &fd);
	if (err)
		return fail_set(f, err, "cannot make a fault queue");
	o = objects_add(root, IOMMU_OBJECT_FAULT_QUEUE, *id, 0);
	o->fd = fd;
	return 0;
}

static int queue_find(struct iommu *iommu, uint32_t id, int *fd, struct fail *f)
{
	struct object *o = objects_find(iommu, IOMMU_OBJECT_FAULT_QUEUE, id);

	if (!o)
		return fail_set(f, ENOENT, "there is no fault queue %u", id);
	*fd = o->fd;
	return 0;
}

static void queue_fault(const struct ic_iommufd_hwpt_pgfault *in, struct iommu_pgfault *out)
{
	*out = (struct iommu_pgfault){
		.dev_object = in->dev_id,
		.pasid = in->pasid,
		.group = in->grpid,
		.perm = in->perm,
		.length = in->length,
		.cookie = in->cookie,
		.has_pasid = in->flags & IC_IOMMUFD_PGFAULT_FLAGS_PASID_VALID,
		.is_last = in->flags & IC_IOMMUFD_PGFAULT_FLAGS_LAST_PAGE,
		.addr = in->addr,
	};
}

int iommu_fault_queue_read(struct iommu *iommu, uint32_t id, struct iommu_pgfault *out, unsigned int max,
			   unsigned int *count, struct fail *f)
{
	struct ic_iommufd_hwpt_pgfault raw[QUEUE_BATCH];
	struct pollfd ready = {.events = POLLIN};
	size_t size = MIN(max, QUEUE_BATCH) * sizeof(raw[0]);
	ssize_t n;
	int err = queue_find(iommu, id, &ready.fd, f);

	*count = 0;
	if (err)
		return err;
	/* the descriptor may block; only read what is there */
	if (poll(&ready, 1, 0) <= 0 || !(ready.revents & POLLIN))
		return 0;
	n = read(ready.fd, raw, size);
	if (n < 0)
		return errno == EAGAIN ? 0 : fail_set(f, errno, "cannot read fault queue %u", id);
	if ((size_t)n % sizeof(raw[0]))
		return fail_set(f, EIO, "fault queue %u gave %zd bytes, which is no number of faults", id, n);
	for (*count = 0; *count < (size_t)n / sizeof(raw[0]); (*count)++)
		queue_fault(&raw[*count], &out[*count]);
	return 0;
}

int iommu_fault_queue_answer(struct iommu *iommu, uint32_t id, uint32_t cookie, bool success, struct fail *f)
{
	struct ic_iommufd_hwpt_page_response answer = {.cookie = cookie, .code = success ? 0 : 1};
	int fd = -1, err = queue_find(iommu, id, &fd, f);
	ssize_t n;

	if (err)
		return err;
	n = write(fd, &answer, sizeof(answer));
	if (n == (ssize_t)sizeof(answer))
		return 0;
	err = n < 0 ? -errno : -EIO;
	fail_set(f, err, "cannot answer fault 0x%x of queue %u", cookie, id);
	return objects_explain(OBJECTS_ANSWER, err, f);
}
