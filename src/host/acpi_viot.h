/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two files that read VIOT: nodes, and what they say together. Private to them. */
#ifndef IC_HOST_ACPI_VIOT_H
#define IC_HOST_ACPI_VIOT_H

#include "host/acpi_table.h"

enum { VIOT_PCI_RANGE = 1, VIOT_ENDPOINT, VIOT_PCI_IOMMU, VIOT_MMIO_IOMMU };

/* What is wrong between nodes that are each in order. -ENOMEM. */
int viot_check(struct viot *viot);

#endif
