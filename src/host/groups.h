/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU units and groups of a host, and what stands between a device and VFIO. */
#ifndef IC_HOST_GROUPS_H
#define IC_HOST_GROUPS_H

#include <stdbool.h>

#include "host/host.h"
#include "host/pci.h"

#define GROUP_NAME_MAX 40

struct group_reserved {
	uint64_t start, last;
	char type[24]; /* direct, direct-relaxable, reserved, msi */
};

struct group_info {
	int id;
	char type[16]; /* DMA, DMA-FQ, identity, ...; "" = unknown */
	unsigned int nr_devices;
	char (*devices)[GROUP_NAME_MAX]; /* PCI addresses, UUIDs of mediated devices */
	unsigned int nr_reserved;
	struct group_reserved *reserved;
	int reserved_err; /* -ENOENT: not shown (before Linux 4.11); -EBADMSG: lines that are no regions; why else not all are known */
	bool noiommu; /* of VFIO's no-IOMMU mode: nothing is translated */
	bool viable;  /* every non-bridge device is on a VFIO driver or none */
	unsigned int nr_blockers;
	char (*blockers)[16]; /* devices on a host driver */
};

/* Sorted by id. An empty list is not an error: the machine has no IOMMU in use. */
int groups_scan(const struct host *host, struct group_info **out, unsigned int *count, struct fail *f);
int group_find(const struct host *host, int id, struct group_info *out, struct fail *f);
void groups_free(struct group_info *groups, unsigned int count);
void group_clear(struct group_info *group);

/* Names below /sys/class/iommu, NULL-terminated, free() it. */
int iommu_units(const struct host *host, char ***out);

/*
 * Behind some IOMMUs (virtio-iommu, those described by device tree) a device has no group until a driver probes it. True
 * for one without group or driver on a machine with IOMMU units: whether it gets a group is known when it is bound.
 */
bool group_may_appear(const struct host *host, const struct pci_info *dev);

/*
 * Is the device ready for VFIO here and now? True, or false with one phrase in @why ("bound to sym53c8xx",
 * "group 4 is blocked by 0000:01:02.0 (e1000e)", "no IOMMU") and in @hint what to run, or what no command can change. For
 * many devices: ready_open().
 */
bool device_ready(const struct host *host, const struct pci_info *dev, char *why, size_t why_len, char *hint,
		  size_t hint_len);
/*
 * The same for many devices of one moment, of which everything that is asked more than once is read once. @pci and @groups, as
 * pci_scan() and groups_scan() gave them, and @host must outlive it. 0 or -ENOMEM.
 */
struct ready;
int ready_open(const struct host *host, const struct pci_info *pci, unsigned int nr_pci,
	       const struct group_info *groups, unsigned int nr_groups, struct ready **out);
void ready_close(struct ready *ready);
bool ready_ask(struct ready *ready, const struct pci_info *dev, char *why, size_t why_len, char *hint, size_t hint_len);
/* Can this user open what a backend needs: the group's node and VFIO's container, the device's own node and /dev/iommu? */
struct device_ways {
	bool group, cdev;
};
/* Neither on a capture, whose nodes are nobody's. */
struct device_ways device_ways(const struct host *host, const struct pci_info *dev);

#endif
