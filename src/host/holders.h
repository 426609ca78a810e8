/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has the nodes of VFIO and iommufd open: all of them in one pass over the processes. */
#ifndef IC_HOST_HOLDERS_H
#define IC_HOST_HOLDERS_H

#include "base/util.h"

struct holder {
	char node[48]; /* "/dev/vfio/7", "/dev/vfio/devices/vfio0" */
	int pid;
	char name[20];
};

/*
 * Holders below /dev/vfio among the processes that this one may look at, itself among them; malloc'ed, by node, one per
 * process and node. 0 or -ENOMEM.
 */
int holders_find(struct holder **out, unsigned int *count);
/* By binary search; NULL when nobody is known to hold it. */
const struct holder *holders_of(const struct holder *holders, unsigned int count, const char *node);

#endif
