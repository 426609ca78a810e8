/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public verbs on an attached device: identity, config space, BARs, interrupts, reset. */
#ifndef IC_IOMMU_DEVICE_H
#define IC_IOMMU_DEVICE_H

#include "base/fail.h"
#include "iommu/types.h"

struct iommu_device;
struct iommu;
struct sim_engine;

struct iommu_device_id {
	char name[40]; /* "0000:00:04.0", a mediated device's UUID, "sim" or "mock" */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* 24 bits */
	uint8_t revision;
	bool is_sim;
	bool no_bus; /* not on PCI: no config space, no bus mastering to turn off */
	/* A mediated device: no IOMMU is before it, the kernel's own code makes its accesses, and nobody here can ask for one. */
	bool emulated;
};

const struct iommu_device_id *idev_id(const struct iommu_device *idev);
struct iommu *idev_iommu(const struct iommu_device *idev);

/* PCI config space through the device descriptor. @width 1, 2 or 4. 0, -EINVAL, -EIO, -EOPNOTSUPP (sim). */
int idev_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value);
int idev_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value);
/*
 * On: set COMMAND.MEM|MASTER (PCI 3.0 6.2.2). Off: clear MASTER only, so that the registers of an engine that is being
 * stopped stay readable (VFIO answers an access without MEM with SIGBUS). Read back: -EIO when it did not stick.
 */
int idev_bus_master(struct iommu_device *idev, bool on);
/* COMMAND.MEM on, so that registers answer, and MASTER off; read back as above. */
int idev_decode_only(struct iommu_device *idev);

/*
 * Off the bus: the dword of class and revision reads as all ones. Not the vendor id, which VFIO answers from its own copy
 * (vfio_pci_config.c, init_pci_cap_basic_perm()). False also where there is no bus, or where it cannot be read.
 */
bool idev_is_gone(struct iommu_device *idev);

struct idev_bar {
	volatile void *base; /* NULL when the BAR is I/O ports or not mappable: use idev_bar_read/write */
	uint64_t size;
	bool is_io;
};
/* mmap BAR @n (0..5). -ENOENT no such BAR, -EOPNOTSUPP. Unmapped by iommu_detach(). */
int idev_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f);

/* One access of @width 1, 2, 4 or 8 bytes to BAR @n without mapping it. -ENOENT no such BAR, -EINVAL outside, -EIO. */
int idev_bar_read(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width, uint64_t *value);
int idev_bar_write(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width, uint64_t value);

/* The reset methods the device has, strongest the kernel chooses. -EOPNOTSUPP when the device has none. */
int idev_reset(struct iommu_device *idev);
bool idev_has_reset(const struct iommu_device *idev);

/* ERR: an error the device could not correct; REQ: the host wants the device back. */
enum idev_irq { IDEV_IRQ_INTX, IDEV_IRQ_MSI, IDEV_IRQ_MSIX, IDEV_IRQ_ERR, IDEV_IRQ_REQ };
/* Route vector @n of @kind to a new eventfd (caller closes). -EOPNOTSUPP when the device has no such vector. */
int idev_irq_enable(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *eventfd_out);
int idev_irq_disable(struct iommu_device *idev, enum idev_irq kind);
/* INTx only; it masks itself with each interrupt. -ENOTTY for the others. */
int idev_irq_unmask(struct iommu_device *idev, enum idev_irq kind);
int idev_irq_mask(struct iommu_device *idev, enum idev_irq kind);
/* As if vector @n had come: the kernel signals its eventfd. -EINVAL when @kind is not enabled. */
int idev_irq_trigger(struct iommu_device *idev, enum idev_irq kind, unsigned int n);

/* The simulated device's engine, NULL for real devices (iommu/sim/sim.h has its verbs). */
struct sim_engine *idev_sim_engine(struct iommu_device *idev);

#endif
