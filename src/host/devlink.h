/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of network devices with the functions behind them, as devlink tells: which of those can be migrated. */
#ifndef IC_HOST_DEVLINK_H
#define IC_HOST_DEVLINK_H

#include "host/ioctl_facts.h"

/*
 * Every devlink port of the running machine, malloc'ed; none is fine. -EOPNOTSUPP without libnl or without devlink in the
 * kernel, else -errno; both with @f.
 */
int devlink_ports(struct devlink_port **out, unsigned int *count, struct fail *f);
/*
 * One port from the attributes of a message (behind its generic netlink header). 0, -EBADMSG when it names no port or an
 * attribute is not what it has to be, -EOPNOTSUPP without libnl.
 */
int devlink_port_parse(const void *attributes, size_t len, struct devlink_port *out);

#endif
