/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving a device to vfio-pci and back, with the guards of the safety rules and a state file that survives a crash. */
#ifndef IC_HOST_BIND_H
#define IC_HOST_BIND_H

#include <stdbool.h>

#include "host/host.h"

struct bind_params {
	bool force;   /* override the guards */
	bool dry_run; /* say, do nothing */
};

struct bind_result {
	char id[16];
	char from[32], to[32]; /* driver names, "" = none */
	bool changed;
};

/*
 * Move @id to vfio-pci by driver_override; the driver it had is remembered in the state file (/run/iommuctl/bind/ADDR, so
 * a crash loses nothing). Refuses (-EBUSY, names what) a device that backs a mounted file system, swap, dm/md/LVM, an
 * interface that is up or a display in use, unless force; and while another run moves the device (after 5 s). Loads the vfio-pci module if needed. Waits for the group's
 * node by uevent (libnl) or polling. A device whose group can only appear now (group_may_appear()) is given back when none
 * does. -EINVAL: a bridge; -ENODEV: the device has no IOMMU group; -ENOENT: no such device or no vfio-pci.
 */
int bind_to_vfio(const struct host *host, const char *id, const struct bind_params *params, struct bind_result *out,
		 struct fail *f);
/*
 * What bind_to_vfio() would refuse @id for without having touched it: no such device, a bridge (forced or not), no IOMMU
 * group, a use (unless force). Changes nothing; for looking at several devices before the first one is moved.
 */
int bind_check(const struct host *host, const char *id, const struct bind_params *params, struct fail *f);
/*
 * Back to the remembered driver (none remembered: clears driver_override and lets the kernel probe). Refuses (-EBUSY,
 * names the process) while a process holds the group or the device open.
 */
int bind_restore(const struct host *host, const char *id, const struct bind_params *params, struct bind_result *out,
		 struct fail *f);

#endif
