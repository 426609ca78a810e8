/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's announcements of devices that come, go and change drivers: netlink uevents by libnl. */
#ifndef IC_HOST_UEVENT_H
#define IC_HOST_UEVENT_H

#include "base/util.h"

struct uevent_watch;

/* One announcement (lib/kobject_uevent.c). What it did not say is "". */
struct uevent {
	char action[16];    /* add, remove, change, move, online, offline, bind, unbind */
	char devpath[512];  /* below /sys */
	char subsystem[32]; /* pci, vfio, vfio-dev, iommu ... */
	char driver[32];    /* not said when one was unbound */
	char slot[24];	    /* PCI_SLOT_NAME: 0000:00:04.0 */
	char devname[64];   /* below /dev: vfio/7 */
	char raw[4096];	    /* as it came, its strings joined by blanks; cut */
};

/* Open before the change that is to be seen. 0 or -errno; on failure uevent_wait() still works, by sleeping. */
int uevent_open(struct uevent_watch **out);
/* Until the kernel announces anything, at most @timeout_ms. 0, or -ETIMEDOUT. Always look at the fact afterwards. */
int uevent_wait(struct uevent_watch *watch, int timeout_ms);
/*
 * The next announcement of the kernel's. 0; -ETIMEDOUT when there was none in time, -EINTR after a signal, -ENOBUFS when the
 * kernel had to drop some since the last call, -EBADMSG for one that says nothing, -EOPNOTSUPP without libnl.
 */
int uevent_next(struct uevent_watch *watch, int timeout_ms, struct uevent *out);
/* Readable when there is something, for poll(2); -1 without libnl. */
int uevent_fd(const struct uevent_watch *watch);
void uevent_close(struct uevent_watch *watch);

/* One message: "ACTION@DEVPATH", then KEY=VALUE, each ended by a 0. 0 or -EBADMSG. Pure. */
int uevent_parse(const void *message, size_t len, struct uevent *out);

#endif
