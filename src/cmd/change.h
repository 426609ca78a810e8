/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How one change of a device is told, by `list --follow` and `watch`. */
#ifndef IC_CMD_CHANGE_H
#define IC_CMD_CHANGE_H

#include "host/follow.h"
#include "out/report.h"

/* Now: "2026-11-21T10:35:21.123Z" for machines; people read a clock on the wall. */
void change_times(char *utc, size_t utc_len, char *wall, size_t wall_len);
/* time, kind "uevent", action, device, driver, group, subsystem, node, raw; and the line for people. */
void change_report(struct report *entry, const struct change *c, char *line, size_t len);

#endif
