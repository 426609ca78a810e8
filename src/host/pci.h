/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI devices of a host: ids, names and config space by libpci; driver, group and resources by sysfs. */
#ifndef IC_HOST_PCI_H
#define IC_HOST_PCI_H

#include <stdbool.h>

#include "host/host.h"

struct host_dir;

struct pci_info {
	char addr[16]; /* "0000:00:04.0" */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* 24 bits */
	uint8_t revision;
	bool is_bridge;
	char physfn[16]; /* the device that this is a virtual function of, "" = none */
	char name[160];	 /* "Broadcom / LSI 53c895a", "" without libpci or pci.ids, and before pci_names() */
	char class_name[80];
	char driver[32]; /* "" = none */
	int group;	 /* -1 = none */
	char iommu[32];	 /* "dmar0", "" = none */
	char reset_methods[64];
	char cdev[16];	  /* "vfio0", "" = none */
	char devnode[32]; /* other handles: network interface or block device, "" = none */
};

/* "00:04.0" -> "0000:00:04.0"; -EINVAL when it is not a PCI address. */
int pci_normalize(const char *id, char *out, size_t len);
/* All devices in address order; malloc'ed. Works on a capture. 0 or -errno. */
int pci_scan(const struct host *host, struct pci_info **out, unsigned int *count, struct fail *f);
/* The names of devices and classes, which nobody else looks up: reading pci.ids takes longer than reading a device. */
void pci_names(const struct host *host, struct pci_info *list, unsigned int count);
/* One device. -ENOENT with a hint that lists candidates. */
int pci_find(const struct host *host, const char *id, struct pci_info *out, struct fail *f);

/*
 * The bridges between the device and its root bus, the one at the root first, separated by blanks: "0000:00:1c.0
 * 0000:02:00.0". "" where there is none or sysfs does not tell. What does not fit is left out.
 */
void pci_bridges(const struct host *host, const char *addr, char *out, size_t len);
/* The same of many: @devices is /sys/bus/pci/devices (host/host_dir.h). */
void pci_bridges_in(const struct host_dir *devices, const char *addr, char *out, size_t len);

/* By a driver's name: does it hand the device to user space (vfio-pci and its variants)? */
bool pci_is_vfio_driver(const char *driver);
/* "" too: does it make no use of the device? */
bool pci_is_idle_driver(const char *driver);
/*
 * Part of the machine's fabric, with which nobody drives DMA: PCI bridges, and host, ISA and other bridges unless somebody
 * has given one to VFIO.
 */
bool pci_is_fabric(const struct pci_info *dev);

/* Memory windows the device must not be pointed at (peer to peer): BARs and bridge windows from /proc/iomem and sysfs. */
struct pci_window {
	uint64_t start, last;
	char what[48];
};
/*
 * In address order; malloc'ed. @estimated: /proc/iomem does not show the host bridges' windows to this user, and the
 * windows are generous guesses around what sysfs shows to everyone. -errno: they cannot be known, so no DMA is safe.
 */
int pci_windows(const struct host *host, struct pci_window **out, unsigned int *count, bool *estimated);

#endif
