/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of network devices with their functions, as devlink tells them: which of them can be migrated. */
#ifndef IC_HOST_DEVLINK_H
#define IC_HOST_DEVLINK_H

#include "host/ioctl_facts.h"

/*
 * Every devlink port of the running machine, malloc'ed; none is fine. -EOPNOTSUPP without libnl or without devlink in the
 * kernel, else -errno with @f.
 */
int devlink_ports(struct devlink_port **out, unsigned int *count, struct fail *f);

#endif
