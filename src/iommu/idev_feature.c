/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VFIO lets a user do to a device beyond DMA: low power, writes triggered by events, BARs as memory for DMA. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "iommu/backend.h"
#include "iommu/idev_vfio.h"
#include "iommu/vfio_abi.h"

#define FEATURE_COMMAND 0x04 /* PCI Local Bus 3.0, 6.2.2 */
#define FEATURE_COMMAND_MEM 0x0002

static int feature_ioctl(const struct iommu_device *idev, unsigned long request, void *arg)
{
	int fd = idev->ops->vfio_fd ? idev->ops->vfio_fd(idev) : -EOPNOTSUPP;
	int ret;

	if (fd < 0)
		return fd;
	ret = ioctl(fd, request, arg);
	return ret < 0 ? -errno : ret;
}

int idev_low_power_enter(const struct iommu_device *idev, int wakeup_fd)
{
	struct ic_vfio_feature plain = {.argsz = sizeof(plain),
					.flags = IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_LOW_POWER_ENTRY};
	struct ic_vfio_feature_low_power_wakeup arg = {
		.head = {.argsz = sizeof(arg),
			 .flags = IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP},
		.wakeup_eventfd = wakeup_fd,
	};

	if (wakeup_fd < 0)
		return feature_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &plain);
	return feature_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);
}

int idev_low_power_exit(const struct iommu_device *idev)
{
	struct ic_vfio_feature arg = {.argsz = sizeof(arg),
				      .flags = IC_VFIO_FEATURE_SET | IC_VFIO_FEATURE_LOW_POWER_EXIT};

	return feature_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);
}

int idev_migration_flags(const struct iommu_device *idev, uint64_t *flags)
{
	struct ic_vfio_feature_migration arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_GET | IC_VFIO_FEATURE_MIGRATION}};
	int err = feature_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);

	*flags = err ? 0 : arg.flags;
	return err;
}

int idev_ioeventfd(const struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width, uint64_t value,
		   int eventfd)
{
	struct ic_vfio_region_info region = {.argsz = sizeof(region), .index = n};
	struct ic_vfio_ioeventfd arg = {
		.argsz = sizeof(arg), .flags = width & IC_VFIO_IOEVENTFD_SIZES, .data = value, .fd = eventfd};
	int err;

	if (n > 5)
		return -ENOENT;
	err = feature_ioctl(idev, IC_VFIO_DEVICE_GET_REGION_INFO, &region);
	if (err)
		return err;
	/* past its end the kernel would see another region */
	if (width > region.size || offset > region.size - width)
		return -EINVAL;
	arg.offset = region.offset + offset;
	return feature_ioctl(idev, IC_VFIO_DEVICE_IOEVENTFD, &arg);
}

int idev_bar_dmabuf(const struct iommu_device *idev, unsigned int n, uint64_t offset, uint64_t size, int *fd)
{
	struct ic_vfio_feature_dma_buf arg = {
		.head = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_GET | IC_VFIO_FEATURE_DMA_BUF},
		.region_index = n,
		.open_flags = O_RDWR | O_CLOEXEC,
		.nr_ranges = 1,
		.offset = offset,
		.length = size,
	};
	int ret = feature_ioctl(idev, IC_VFIO_DEVICE_FEATURE, &arg);

	*fd = ret < 0 ? -1 : ret;
	return ret < 0 ? ret : 0;
}

int idev_memory(struct iommu_device *idev, bool on)
{
	uint32_t command, want;
	int err = idev_config_read(idev, FEATURE_COMMAND, 2, &command);

	if (err)
		return err;
	want = on ? command | FEATURE_COMMAND_MEM : command & ~(uint32_t)FEATURE_COMMAND_MEM;
	err = idev_config_write(idev, FEATURE_COMMAND, 2, want);
	if (!err)
		err = idev_config_read(idev, FEATURE_COMMAND, 2, &command);
	return err ? err : command == want ? 0 : -EIO;
}

static int feature_dmabuf_explain(const struct iommu_device *idev, unsigned int n, int err, struct fail *f)
{
	/* both are the kernel's "no such feature" */
	if (err == -ENOTTY || err == -EINVAL)
		err = -EOPNOTSUPP;
	fail_set(f, err, "cannot have BAR %u of %s as a dma-buf", n, idev->id.name);
	if (err == -EOPNOTSUPP)
		fail_hint(f,
			  "the kernel needs CONFIG_VFIO_PCI_DMABUF (6.19 and later), and the machine must allow peer "
			  "to peer: `device features` tells");
	return err;
}

int idev_bar_mem(struct iommu_device *idev, unsigned int n, uint64_t offset, uint64_t size, bool as_dmabuf,
		 struct iommu_mem *out, struct fail *f)
{
	struct idev_bar bar;
	int err = idev_bar_map(idev, n, &bar, f);

	*out = (struct iommu_mem){.kind = as_dmabuf ? IOMMU_MEM_DMABUF : IOMMU_MEM_BAR, .fd = -1};
	if (err)
		return err;
	if (!bar.base)
		return fail_set(f, EOPNOTSUPP, "BAR %u of %s cannot be mapped: %s", n, idev->id.name,
				bar.is_io ? "it is ports" : "VFIO does not allow it");
	if (!size || size > bar.size || offset > bar.size - size || ((offset | size) & 4095))
		return fail_usage(
			f, EINVAL, "offset 0x%llx and size 0x%llx are not whole pages inside BAR %u of 0x%llx bytes",
			(unsigned long long)offset, (unsigned long long)size, n, (unsigned long long)bar.size);
	err = as_dmabuf ? idev_bar_dmabuf(idev, n, offset, size, &out->fd) : 0;
	if (err)
		return feature_dmabuf_explain(idev, n, err, f);
	out->va = (char *)(uintptr_t)bar.base + offset;
	out->size = size;
	return 0;
}
