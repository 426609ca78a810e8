/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver of the kernel's mock device. It has no engine: each request is one access by the kernel to the address space,
 * done when the call returns. What the device "has" is a buffer of ours per queue. The kernel tells every access that it
 * refuses; the accesses never go through a page table.
 */
#include <errno.h>
#include <string.h>

#include "base/spec.h"
#include "dev/driver.h"
#include "iommu/access.h"

#define MOCK_DEPTH 64
#define MOCK_QUEUES 4
#define MOCK_BUFFER MiB(1) /* the kernel takes up to 16 MiB at once, and allocates as much */

struct mock_queue {
	struct idev_access *access; /* one each: an access does one thing at a time */
	char *buffer;
};

struct mock_driver {
	struct mock_queue queue[MOCK_QUEUES];
	unsigned int flags;
};

static bool mock_driver_match(const struct iommu_device_id *id)
{
	return !strcmp(id->name, "mock");
}

static int mock_driver_options(struct dev *dev, struct mock_driver *drv, struct fail *f)
{
	const char *cursor = dev->options;
	struct spec_option option;
	int more;

	while ((more = spec_next(&cursor, &option)) > 0) {
		if (strcmp(option.key, "slow-path") || option.has_value)
			return dev_bad_option(dev, option.key, "slow-path", f);
		drv->flags |= IDEV_ACCESS_SLOW;
	}
	return more ? fail_set(f, more, "driver mock: cannot read options '%s'", dev->options) : 0;
}

static int mock_driver_probe(struct dev *dev, struct fail *f)
{
	struct mock_driver *drv = calloc(1, sizeof(*drv));

	dev->priv = drv;
	if (!drv)
		return fail_set(f, ENOMEM, "driver mock");
	for (unsigned int i = 0; i < MOCK_QUEUES; i++) {
		drv->queue[i].buffer = calloc(1, MOCK_BUFFER);
		if (!drv->queue[i].buffer)
			return fail_set(f, ENOMEM, "driver mock");
	}
	return mock_driver_options(dev, drv, f);
}

static int mock_driver_init(struct dev *dev, struct fail *f)
{
	struct mock_driver *drv = dev->priv;
	int err = 0;

	for (unsigned int i = 0; i < MOCK_QUEUES && !err; i++)
		err = idev_access_open(dev->idev, &drv->queue[i].access, f);
	return err;
}

/* An access that is closed has ended. */
static int mock_driver_stop(struct dev *dev)
{
	struct mock_driver *drv = dev->priv;

	for (unsigned int i = 0; i < MOCK_QUEUES; i++) {
		idev_access_close(drv->queue[i].access);
		drv->queue[i].access = NULL;
	}
	return 0;
}

static void mock_driver_remove(struct dev *dev)
{
	struct mock_driver *drv = dev->priv;

	for (unsigned int i = 0; drv && i < MOCK_QUEUES; i++)
		free(drv->queue[i].buffer);
	free(drv);
	dev->priv = NULL;
}

/* iommufd_access_rw(): not mapped, not mapped to its end, mapped without the right, wrapping. The rest is no refusal. */
static int mock_driver_status(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
	case -EPERM:
	case -EFAULT:
	case -EOVERFLOW:
		return -EFAULT;
	default:
		return -EIO;
	}
}

static int mock_driver_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n)
{
	struct mock_driver *drv = dev->priv;
	const struct mock_queue *q = &drv->queue[queue];

	for (unsigned int i = 0; i < n; i++) {
		struct dev_req *r = &reqs[i];
		int err = r->dir == DEV_READ ? idev_access_rw(q->access, r->src, q->buffer + r->dst, r->len, drv->flags)
					     : idev_access_rw(q->access, r->dst, q->buffer + r->src, r->len,
							      drv->flags | IDEV_ACCESS_WRITE);

		/* the kernel had no memory for the data: nothing was accessed, and the device has nothing to do with it */
		if (err == -ENOMEM)
			return err;
		r->status = mock_driver_status(err);
	}
	return 0;
}

static int mock_driver_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n,
			    unsigned int timeout_ms)
{
	return 0;
}

const struct dev_ops dev_mock_ops = {
	.name = "mock",
	.help = "the kernel's mock device: reads and writes by the kernel's own accesses on 4 queues; option slow-path",
	.limits =
		{
			.min_len = 1,
			.max_len = MOCK_BUFFER,
			.align = 1,
			.max_iova = UINT64_MAX,
			.depth = MOCK_DEPTH,
			.queues = MOCK_QUEUES,
			.dirs = DEV_READ | DEV_WRITE,
			.buffer = MOCK_BUFFER,
			.reports_faults = true,
		},
	.match = mock_driver_match,
	.probe = mock_driver_probe,
	.init = mock_driver_init,
	.stop = mock_driver_stop,
	.remove = mock_driver_remove,
	.submit = mock_driver_submit,
	.wait = mock_driver_wait,
};
