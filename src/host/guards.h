/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reasons not to take a device away from the host. */
#ifndef IC_HOST_GUARDS_H
#define IC_HOST_GUARDS_H

#include "host/pci.h"

#define GUARD_MAX_REASONS 16

struct guard_reasons {
	unsigned int count; /* may be larger than what was kept */
	char text[GUARD_MAX_REASONS][160];
};

/*
 * Collects every use the host makes of the device: mounted file systems, swap, dm/md/LVM and other holders of its disks
 * (those of USB and multipath NVMe included), interfaces that are up, or that a network function must have but are not to
 * be seen, the boot display and displays in use. An empty list = free. -errno: what uses it is not known, so it is not free.
 * @probe: where the tables show no use of its disks, also open them, which finds ZFS and other namespaces' mounts.
 */
int guards_check(const struct host *host, const struct pci_info *dev, bool probe, struct guard_reasons *out);
/*
 * What may still be in use of a device that VFIO has: what `bind --force` took it away from, what a driver of the host still has behind
 * it, and file systems and swap on NVMe disks that are not there any more, whosoever they were. For whoever is about to write to its
 * media. That another controller leads to the same disk cannot be seen: the kernel's link goes with the driver.
 */
int guards_check_taken(const struct host *host, const struct pci_info *dev, struct guard_reasons *out);
/*
 * guards_check() for many devices of one moment: what the guards look at is read when the index is opened. 0 or -ENOMEM; an
 * unreadable part is the answer for every device that it matters to.
 */
struct guard_index;
int guard_index_open(const struct host *host, struct guard_index **out);
void guard_index_close(struct guard_index *index);
int guards_check_in(struct guard_index *index, const struct pci_info *dev, bool probe, struct guard_reasons *out);

#endif
