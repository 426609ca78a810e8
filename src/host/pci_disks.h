/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disks of PCI devices by name, read once for all devices. Private to host/pci*.c. */
#ifndef IC_HOST_PCI_DISKS_H
#define IC_HOST_PCI_DISKS_H

#include "host/host.h"

struct pci_disks;

/* NULL: there are none, or no memory. */
struct pci_disks *pci_disks_read(const struct host *host);
void pci_disks_free(struct pci_disks *disks);
/* The first disk, by name, that belongs to the device; NULL. @disks may be NULL. */
const char *pci_disks_of(const struct pci_disks *disks, const char *addr);

#endif
