/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of what `list` shows: PCI devices that come, go and change drivers, VFIO's nodes, IOMMU units. */
#ifndef IC_HOST_FOLLOW_H
#define IC_HOST_FOLLOW_H

#include <stdbool.h>

#include "host/host.h"
#include "host/uevent.h"

struct change {
	char action[16];    /* as the kernel says it: bind, unbind, add, remove, change ... */
	char subsystem[32]; /* pci, vfio-dev, vfio, iommu */
	char device[48];    /* "0000:00:04.0"; of a unit or a group's node its own name */
	char driver[32];    /* the one it has now, or had until now; "" = none */
	int group;	    /* -1 = none */
	char node[80];	    /* "/dev/vfio/7", "" = none */
	const char *raw;    /* the message, until the next call */
};

struct follow;

/* Reads which driver and group every device has, after the kernel's announcements have been opened. 0 or -errno with @f. */
int follow_open(const struct host *host, struct follow **out, struct fail *f);
/*
 * The next change. 0; -ETIMEDOUT, -EINTR; -ENOBUFS when some were lost, after which the drivers are known anew; another
 * -errno is the end.
 */
int follow_next(struct follow *follow, int timeout_ms, struct change *out);
int follow_fd(const struct follow *follow);
void follow_close(struct follow *follow);

/* What an announcement means; false when it is about nothing that is listed. For follow_next(), and for tests on a capture. */
bool follow_take(struct follow *follow, const struct uevent *event, struct change *out);
/* The same without a source of announcements. */
int follow_open_quiet(const struct host *host, struct follow **out, struct fail *f);

#endif
