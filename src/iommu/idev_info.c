/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VFIO tells of a device: regions, interrupts, features, and whom its bus reset takes along. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "iommu/backend.h"
#include "iommu/idev_vfio.h"
#include "iommu/vfio_abi.h"

static int info_fd(const struct iommu_device *idev)
{
	return idev->ops->vfio_fd ? idev->ops->vfio_fd(idev) : -EOPNOTSUPP;
}

const char *idev_region_name(unsigned int n)
{
	static const char *const names[IDEV_REGIONS] = {"bar0", "bar1", "bar2",	  "bar3", "bar4",
							"bar5", "rom",	"config", "vga"};

	return n < IDEV_REGIONS ? names[n] : NULL;
}

const char *idev_irq_name(unsigned int n)
{
	static const char *const names[IDEV_IRQS] = {"intx", "msi", "msix", "err", "req"};

	return n < IDEV_IRQS ? names[n] : NULL;
}

/* What cannot be asked is not there: upper halves of 64-bit BARs, VGA on most devices. */
static void info_region(int fd, unsigned int n, struct idev_region_info *out)
{
	struct ic_vfio_region_info info = {.argsz = sizeof(info), .index = n};

	*out = (struct idev_region_info){0};
	if (ioctl(fd, IC_VFIO_DEVICE_GET_REGION_INFO, &info) || !info.size)
		return;
	out->size = info.size;
	out->can_read = info.flags & IC_VFIO_REGION_READ;
	out->can_write = info.flags & IC_VFIO_REGION_WRITE;
	out->can_mmap = info.flags & IC_VFIO_REGION_MMAP;
}

static void info_irq(int fd, unsigned int n, struct idev_irq_info *out)
{
	struct ic_vfio_irq_info info = {.argsz = sizeof(info), .index = n};

	*out = (struct idev_irq_info){0};
	if (ioctl(fd, IC_VFIO_DEVICE_GET_IRQ_INFO, &info) || !info.count)
		return;
	out->count = info.count;
	out->eventfd = info.flags & IC_VFIO_IRQ_INFO_EVENTFD;
	out->maskable = info.flags & IC_VFIO_IRQ_INFO_MASKABLE;
	out->automasked = info.flags & IC_VFIO_IRQ_INFO_AUTOMASKED;
	out->noresize = info.flags & IC_VFIO_IRQ_INFO_NORESIZE;
}

int idev_vfio_info(const struct iommu_device *idev, struct idev_vfio_info *out, struct fail *f)
{
	struct ic_vfio_device_info info = {.argsz = sizeof(info)};
	int fd = info_fd(idev);

	*out = (struct idev_vfio_info){0};
	if (fd < 0)
		return fail_set(f, fd, "%s is not VFIO's", idev->id.name);
	if (ioctl(fd, IC_VFIO_DEVICE_GET_INFO, &info))
		return fail_set(f, errno, "cannot read what %s offers", idev->id.name);
	out->has_reset = info.flags & IC_VFIO_DEVICE_FLAG_RESET;
	for (unsigned int i = 0; i < MIN(info.num_regions, IDEV_REGIONS); i++)
		info_region(fd, i, &out->regions[i]);
	for (unsigned int i = 0; i < MIN(info.num_irqs, IDEV_IRQS); i++)
		info_irq(fd, i, &out->irqs[i]);
	return 0;
}

static bool info_probe(int fd, unsigned int n, uint32_t how)
{
	struct ic_vfio_feature arg = {.argsz = sizeof(arg), .flags = IC_VFIO_FEATURE_PROBE | how | n};

	return ioctl(fd, IC_VFIO_DEVICE_FEATURE, &arg) == 0;
}

int idev_feature_probe(const struct iommu_device *idev, unsigned int n, struct idev_feature *out)
{
	static const char *const names[IC_VFIO_FEATURE_NR] = {
		"PCI_VF_TOKEN",
		"MIGRATION",
		"MIG_DEVICE_STATE",
		"LOW_POWER_ENTRY",
		"LOW_POWER_ENTRY_WITH_WAKEUP",
		"LOW_POWER_EXIT",
		"DMA_LOGGING_START",
		"DMA_LOGGING_STOP",
		"DMA_LOGGING_REPORT",
		"MIG_DATA_SIZE",
		"BUS_MASTER",
		"DMA_BUF",
		"MIG_PRECOPY_INFOv2",
		"ZPCI_ERROR",
	};
	int fd = info_fd(idev);

	if (fd < 0)
		return fd;
	if (n >= IC_VFIO_FEATURE_NR)
		return -ENOENT;
	*out = (struct idev_feature){names[n], info_probe(fd, n, IC_VFIO_FEATURE_GET),
				     info_probe(fd, n, IC_VFIO_FEATURE_SET)};
	return 0;
}

int idev_hot_reset_info(const struct iommu_device *idev, struct idev_hot_reset_info *out)
{
	size_t size =
		sizeof(struct ic_vfio_hot_reset_info) + IDEV_DEPENDENT_MAX * sizeof(struct ic_vfio_dependent_device);
	CLEANUP_FREE struct ic_vfio_hot_reset_info *info = calloc(1, size);
	int fd = info_fd(idev);

	*out = (struct idev_hot_reset_info){0};
	if (fd < 0)
		return fd;
	if (!info)
		return -ENOMEM;
	info->argsz = (uint32_t)size;
	if (ioctl(fd, IC_VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info))
		return -errno;
	out->count = MIN(info->count, IDEV_DEPENDENT_MAX);
	out->by_id = info->flags & IC_VFIO_HOT_RESET_DEV_ID;
	out->all_ours = info->flags & IC_VFIO_HOT_RESET_DEV_ID_OWNED;
	for (unsigned int i = 0; i < out->count; i++) {
		const struct ic_vfio_dependent_device *d = &info->devices[i];

		snprintf(out->devices[i].addr, sizeof(out->devices[i].addr), "%04x:%02x:%02x.%x", d->segment, d->bus,
			 d->devfn >> 3, d->devfn & 7);
		out->devices[i].object = d->group;
	}
	return 0;
}
