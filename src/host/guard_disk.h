/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guards for storage: what of a device's disks and shares the host uses. */
#ifndef IC_HOST_GUARD_DISK_H
#define IC_HOST_GUARD_DISK_H

#include "host/guard_index.h"

/* Add one reason; what does not fit is counted. */
void guard_reason(struct guard_reasons *out, const char *fmt, ...) IC_PRINTF(2, 3);

int guard_disks(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out);
/* Is any of its disks claimed? Opens them. */
int guard_probe_disks(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out);
/* File systems without a disk that come over the device: 9p and virtiofs. */
int guard_shares(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out);

#endif
