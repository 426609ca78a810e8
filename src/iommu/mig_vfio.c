/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration states by a device's VFIO descriptor: VFIO_DEVICE_FEATURE_MIGRATION, MIG_DEVICE_STATE and MIG_DATA_SIZE, the stream's own
 * descriptor, and the region of the deprecated v1 (include/uapi/linux/vfio.h, drivers/vfio/vfio_main.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "iommu/vfio.h"
#include "iommu/vfio_caps.h"

#define MIG_REGIONS_MAX 256u	 /* that are asked */
#define MIG_INFO_MAX (64u << 10) /* of a region's info with its capabilities */

static int mig_ioctl(const struct iommu_device *idev, unsigned long request, void *arg)
{
	int fd = idev->ops->vfio_fd ? idev->ops->vfio_fd(idev) : -EOPNOTSUPP;

	if (fd < 0)
		return fd;
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

/* Kernels before 5.7 know no features at all, later ones answer ENOTTY where the driver has none. */
static int vfio_mig_flags(struct iommu_device *idev, uint64_t *flags)
{
	struct ic_vfio_feature_migration arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_GET | IC_VFIO_FEATURE_MIGRATION}};
	int err = mig_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);

	*flags = err ? 0 : arg.flags;
	return err;
}

static int vfio_mig_get_state(struct iommu_device *idev, uint32_t *raw)
{
	struct ic_vfio_feature_mig_state arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_GET | IC_VFIO_FEATURE_MIG_STATE},
		.data_fd = -1};
	int err = mig_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);

	if (!err)
		*raw = arg.device_state;
	return err;
}

/* A stream never blocks the caller: a driver that has nothing to give says so. */
static int vfio_mig_set_state(struct iommu_device *idev, uint32_t to, struct mig_stream *out)
{
	struct ic_vfio_feature_mig_state arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_MIG_STATE},
		.device_state = to,
		.data_fd = -1};
	int flags, err = mig_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);

	if (err || arg.data_fd < 0)
		return err;
	out->fd = arg.data_fd;
	flags = fcntl(out->fd, F_GETFL);
	if (flags >= 0)
		fcntl(out->fd, F_SETFL, flags | O_NONBLOCK);
	return 0;
}

/*
 * A driver may have the ioctl and not say so in the device's flags (samples/vfio-mdev/mtty.c), and the header knows no other way out of
 * ERROR: so it is tried. What has none is reset as any other device.
 */
static int vfio_mig_reset(struct iommu_device *idev)
{
	int err = mig_ioctl(idev, IC_VFIO_DEVICE_RESET, NULL);

	return err == -ENOTTY || err == -EINVAL ? idev_reset(idev) : err;
}

static int vfio_mig_data_size(struct iommu_device *idev, uint64_t *bytes)
{
	struct ic_vfio_feature_mig_data_size arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_GET | IC_VFIO_FEATURE_MIG_DATA_SIZE}};
	int err = mig_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);

	if (!err)
		*bytes = arg.stop_copy_length;
	return err;
}

/* What region @n is said to be, with all its capabilities. 1: it has a type. */
static int mig_region_type(struct iommu_device *idev, uint32_t n, uint32_t *type, uint32_t *subtype)
{
	struct ic_vfio_region_info head = {.argsz = sizeof(head), .index = n};
	CLEANUP_FREE struct ic_vfio_region_info *info = NULL;
	uint32_t size;
	int err = mig_ioctl(idev, IC_VFIO_DEVICE_GET_REGION_INFO, &head);

	/* a region that cannot be asked is not there, as the upper half of a 64-bit BAR */
	if (err || head.argsz <= sizeof(head) || !(head.flags & IC_VFIO_REGION_CAPS))
		return 0;
	size = MIN(head.argsz, MIG_INFO_MAX);
	info = calloc(1, size);
	if (!info)
		return -ENOMEM;
	*info = (struct ic_vfio_region_info){.argsz = size, .index = n};
	err = mig_ioctl(idev, IC_VFIO_DEVICE_GET_REGION_INFO, info);
	return err ? err : vfio_region_type(info, size, type, subtype);
}

static int vfio_mig_has_v1_region(struct iommu_device *idev, bool *has)
{
	struct ic_vfio_device_info info = {.argsz = sizeof(info)};
	uint32_t type = 0, subtype = 0;
	int ret = mig_ioctl(idev, IC_VFIO_DEVICE_GET_INFO, &info);

	for (uint32_t i = 0; ret >= 0 && i < MIN(info.num_regions, MIG_REGIONS_MAX) && !*has; i++) {
		ret = mig_region_type(idev, i, &type, &subtype);
		*has = ret > 0 && type == IC_VFIO_REGION_TYPE_MIGRATION_V1 &&
		       subtype == IC_VFIO_REGION_SUBTYPE_MIGRATION_V1;
	}
	return ret < 0 ? ret : 0;
}

static ssize_t vfio_mig_read(struct iommu_device *idev, struct mig_stream *s, void *buf, size_t len)
{
	ssize_t got = read(s->fd, buf, len);

	return got < 0 ? -errno : got;
}

static ssize_t vfio_mig_write(struct iommu_device *idev, struct mig_stream *s, const void *buf, size_t len)
{
	ssize_t put = write(s->fd, buf, len);

	return put < 0 ? -errno : put;
}

static int vfio_mig_precopy_info(struct iommu_device *idev, struct mig_stream *s, struct mig_precopy *out)
{
	struct ic_vfio_precopy_info arg = {.argsz = sizeof(arg)};

	if (ioctl(s->fd, IC_VFIO_MIG_GET_PRECOPY_INFO, &arg) < 0)
		return -errno;
	*out = (struct mig_precopy){arg.initial_bytes, arg.dirty_bytes, arg.flags};
	return 0;
}

static void vfio_mig_close(struct iommu_device *idev, struct mig_stream *s)
{
	close(s->fd);
}

const struct mig_ops vfio_mig_ops = {
	.flags = vfio_mig_flags,
	.get_state = vfio_mig_get_state,
	.set_state = vfio_mig_set_state,
	.reset = vfio_mig_reset,
	.data_size = vfio_mig_data_size,
	.has_v1_region = vfio_mig_has_v1_region,
	.read = vfio_mig_read,
	.write = vfio_mig_write,
	.precopy_info = vfio_mig_precopy_info,
	.close = vfio_mig_close,
};
