/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which device and IOMMU group a requester id in a fault stands for: it need not be the id of a device that is there. */
#ifndef IC_HOST_REQUESTER_H
#define IC_HOST_REQUESTER_H

#include "host/faults.h"
#include "host/host.h"

/* The PCI devices and their groups; looked at again, at most once a second, when an id is in none. */
struct requesters;

/* Reads nothing yet. NULL: no memory. @host must outlive it. */
struct requesters *requesters_open(const struct host *host);
void requesters_close(struct requesters *r);

/*
 * Fills in group and alias_of. An id that no device has is
 *  - another function of a device that is there: a phantom function (PCIe 7.5.3.3), or a quirk of the device,
 *  - function 00.0 of the bus behind a bridge to conventional PCI, which takes ownership of requests (PCIe to PCI/PCI-X Bridge
 *    specification 2.3; pci_for_each_dma_alias() in the kernel),
 * where all that may be meant is of one group. Nothing is filled in where several could be meant.
 */
void requesters_resolve(struct requesters *r, struct dma_fault *fault);

/*
 * Was it @addr, or a device that the IOMMU cannot tell from it? @group -1: it has none. @fault is resolved. FAULT_TIE_NONE: another
 * device; FAULT_TIE_TIME: nobody knows, for requester or bus were not logged, or the segment was not, and several have such a device;
 * FAULT_TIE_DEVICE.
 */
enum fault_tie requesters_match(const struct requesters *r, const struct dma_fault *fault, const char *addr, int group);
/* Of one that is tied to @addr by the time alone, for its bus is not known: has no other device here its device and function? */
bool requesters_alone(struct requesters *r, const struct dma_fault *fault, const char *addr);

#endif
