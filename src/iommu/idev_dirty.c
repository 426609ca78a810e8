/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device's own log of its DMA: VFIO_DEVICE_FEATURE_DMA_LOGGING_*, which a few vendors' drivers have. */
#include <errno.h>
#include <string.h>

#include "iommu/vfio.h"

#define LOG_PAGE 4096u		 /* vfio_ioctl_device_feature_logging_report() takes no less */
#define LOG_RANGES (4096u / 16u) /* of as many as fit into one page: LOG_MAX_RANGES */

static int idev_log_ioctl(const struct dirty_at *at, void *arg)
{
	int fd = at->idev && at->idev->ops->vfio_fd ? at->idev->ops->vfio_fd(at->idev) : -EOPNOTSUPP;

	if (fd < 0)
		return fd;
	return ioctl(fd, IC_VFIO_DEVICE_FEATURE, arg) < 0 ? -errno : 0;
}

static int idev_log_probe(const struct dirty_at *at)
{
	static const uint32_t features[] = {
		IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_LOG_START,
		IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_LOG_STOP,
		IC_VFIO_FEATURE_GET | IC_VFIO_FEATURE_LOG_REPORT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		struct ic_vfio_feature arg = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_PROBE | features[i]};
		int err = idev_log_ioctl(at, &arg);

		if (err)
			return err;
	}
	return 0;
}

static int idev_log_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why)
{
	int err = idev_log_probe(at);

	/* the first two are the kernel's "no such feature" */
	if (err == -ENOTTY || err == -EINVAL || err == -EOPNOTSUPP) {
		fail_set(why, EOPNOTSUPP, "the driver of %s has no DMA log",
			 at->idev ? at->idev->id.name : "the device");
		fail_hint(why, "few drivers have one, to migrate their devices: mlx5_vfio_pci, pds_vfio_pci");
		return -EOPNOTSUPP;
	}
	if (err)
		return fail_set(why, EOPNOTSUPP, "%s does not tell whether it has a DMA log: %s", at->idev->id.name,
				strerror(-err));
	*out = (struct dirty_caps){
		.page_sizes = dirty_sizes(&at->iommu->caps, LOG_PAGE),
		.allows_holes = true,
		.outlasts = true, /* the report asks the device, vfio_device_log_read_and_clear() */
		.ranges = LOG_RANGES,
	};
	return 0;
}

static int idev_log_start(const struct dirty_at *at, struct dirty_start *req)
{
	CLEANUP_FREE struct ic_vfio_log_range *ranges = calloc(req->nr ? req->nr : 1, sizeof(*ranges));
	struct ic_vfio_feature_log_start arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_LOG_START | req->flags},
		.page_size = req->page_size,
		.num_ranges = req->nr,
		.ranges = (uintptr_t)ranges,
	};
	int err;

	if (!ranges)
		return -ENOMEM;
	for (unsigned int i = 0; i < req->nr; i++)
		ranges[i] = (struct ic_vfio_log_range){req->ranges[i].start,
						       req->ranges[i].last - req->ranges[i].start + 1};
	err = idev_log_ioctl(at, &arg);
	if (!err)
		req->page_size = arg.page_size;
	return err;
}

static int idev_log_stop(const struct dirty_at *at)
{
	struct ic_vfio_feature arg = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_LOG_STOP};

	return idev_log_ioctl(at, &arg);
}

/* A report is taken out of the log. The kernel is not told how long the bitmap is. */
static int idev_log_read(const struct dirty_at *at, const struct dirty_read *req)
{
	struct ic_vfio_feature_log_report arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_GET | IC_VFIO_FEATURE_LOG_REPORT | req->flags},
		.iova = req->iova,
		.length = req->length,
		.page_size = req->page_size,
		.bitmap = (uintptr_t)req->bits,
	};

	if (req->keep)
		return -EOPNOTSUPP;
	return dirty_fits(req) ? idev_log_ioctl(at, &arg) : -ENOBUFS;
}

const struct dirty_ops idev_dirty_ops = {
	.caps = idev_log_caps,
	.start = idev_log_start,
	.stop = idev_log_stop,
	.read = idev_log_read,
};
