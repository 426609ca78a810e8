/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to VFIO and iommufd about one device, without a session: opened, asked, closed. Nothing is mapped, no DMA. */
#ifndef IC_IOMMU_ASK_H
#define IC_IOMMU_ASK_H

#include "host/ioctl_facts.h"
#include "host/pci.h"

/* VFIO's container by itself: vfio_api, the extensions without a device, and vfio_err. */
void ask_container(struct ioctl_facts *facts);
/* /dev/iommu: has_iommufd and iommufd_err. */
void ask_iommufd(struct ioctl_facts *facts);
/*
 * The extensions before and after the device's group is in a container with the IOMMU set, and what the container tells
 * then. The device itself is not opened. What refused is in vfio_err and vfio_why.
 */
void ask_group(const struct host *host, const struct pci_info *pci, struct ioctl_device *out);
/*
 * IOMMU_GET_HW_INFO of the IOMMU before the device, which is opened by its own node and bound for that: the kernel resets
 * the function. What its driver has for migration is asked, too. What refused is in hw_err and hw_why.
 */
void ask_hw_info(const struct host *host, const struct pci_info *pci, struct ioctl_device *out);

#endif
