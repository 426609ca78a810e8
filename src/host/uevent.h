/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for the kernel to announce a device: netlink uevents by libnl, or a short sleep without it. */
#ifndef IC_HOST_UEVENT_H
#define IC_HOST_UEVENT_H

#include "base/util.h"

struct uevent_watch;

/* Open before the change that is to be seen. 0 or -errno; on failure uevent_wait() still works, by sleeping. */
int uevent_open(struct uevent_watch **out);
/* Until the kernel announces anything, at most @timeout_ms. 0, or -ETIMEDOUT. Always look at the fact afterwards. */
int uevent_wait(struct uevent_watch *watch, int timeout_ms);
void uevent_close(struct uevent_watch *watch);

#endif
