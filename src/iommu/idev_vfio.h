/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VFIO tells of a device and lets a user do to it beyond DMA: regions and interrupts, optional features, low power, the
 * devices that a reset takes along, writes triggered by events, BARs as dma-bufs. All by the device's descriptor, from a group
 * or a cdev (include/uapi/linux/vfio.h). Every verb answers 0 or -errno as the kernel did, -EOPNOTSUPP where no VFIO is.
 */
#ifndef IC_IOMMU_IDEV_VFIO_H
#define IC_IOMMU_IDEV_VFIO_H

#include "iommu/device.h"

#define IDEV_REGIONS 9 /* BARs 0..5, ROM, configuration space, VGA */
#define IDEV_IRQS 5    /* by enum idev_irq */

struct idev_region_info {
	uint64_t size; /* 0: there is none */
	bool can_read, can_write, can_mmap;
};

struct idev_irq_info {
	unsigned int count; /* 0: there is none */
	bool eventfd, maskable, automasked, noresize;
};

struct idev_vfio_info {
	bool has_reset; /* DEVICE_RESET works; a reset of slot or bus is another matter */
	struct idev_region_info regions[IDEV_REGIONS];
	struct idev_irq_info irqs[IDEV_IRQS];
};
int idev_vfio_info(const struct iommu_device *idev, struct idev_vfio_info *out, struct fail *f);
/* "bar0" ... "vga"; "intx", "msi", "msix", "err", "req". NULL past the last. */
const char *idev_region_name(unsigned int n);
const char *idev_irq_name(unsigned int n);

/* What answers to VFIO_DEVICE_FEATURE's probe: GET and SET are asked apart, ENOTTY and EINVAL both mean no. */
struct idev_feature {
	const char *name;
	bool get, set;
};
/* @n from 0; -ENOENT past the last one that is known here. */
int idev_feature_probe(const struct iommu_device *idev, unsigned int n, struct idev_feature *out);

/* VFIO_DEVICE_FEATURE_MIGRATION: VFIO_MIGRATION_* (since 5.18). -ENOTTY: the driver cannot migrate its device. */
int idev_migration_flags(const struct iommu_device *idev, uint64_t *flags);

/*
 * The kernel may put the device to sleep from now on, or not any more. Until then its registers are out of reach: accesses
 * wake it, mapped BARs answer with SIGBUS. @wakeup_fd: an eventfd that is signalled when something wakes it, -1 none.
 */
int idev_low_power_enter(const struct iommu_device *idev, int wakeup_fd);
int idev_low_power_exit(const struct iommu_device *idev);

/* A device that a reset of the slot or bus takes along. */
struct idev_dependent {
	char addr[16];	 /* "0000:00:04.0" */
	uint32_t object; /* its group, or with by_id its iommufd id */
};
#define IDEV_DEPENDENT_MAX 256
struct idev_hot_reset_info {
	unsigned int count;
	bool by_id, all_ours; /* told for cdevs only */
	struct idev_dependent devices[IDEV_DEPENDENT_MAX];
};
/* -ENODEV: there is no such reset. */
int idev_hot_reset_info(const struct iommu_device *idev, struct idev_hot_reset_info *out);

/*
 * From now on a signal on @eventfd writes @value, @width bytes wide (1, 2, 4, 8), to BAR @n at @offset; @eventfd -1 ends it.
 * -EINVAL outside the BAR or over the MSI-X table, -EEXIST twice the same, -ENODEV none to end.
 */
int idev_ioeventfd(const struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width, uint64_t value,
		   int eventfd);

/* @size bytes of BAR @n from @offset as a new dma-buf (caller closes), which a reset or disabled memory decoding revokes. */
int idev_bar_dmabuf(const struct iommu_device *idev, unsigned int n, uint64_t offset, uint64_t size, int *fd);

/* COMMAND.MEM alone, read back: off, and the device answers at none of its addresses. -EIO when it did not stick. */
int idev_memory(struct iommu_device *idev, bool on);

/*
 * A part of a BAR as memory that can be mapped for DMA: @as_dmabuf by descriptor (iommufd), else by address (type1). The
 * processor must not touch it through out->va, where a device that does not answer raises SIGBUS: idev_bar_read() does not.
 * -EOPNOTSUPP ports, or not mappable; -EINVAL outside the BAR or not whole pages. Give back by iommu_mem_free().
 */
int idev_bar_mem(struct iommu_device *idev, unsigned int n, uint64_t offset, uint64_t size, bool as_dmabuf,
		 struct iommu_mem *out, struct fail *f);

#endif
