/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reading by a path (host.c) and by a directory (host_dir.c) have in common. Private to these two. */
#ifndef IC_HOST_HOST_PRIV_H
#define IC_HOST_HOST_PRIV_H

#include <sys/types.h>

#include "host/host.h"

/*
 * The first @len bytes at most, of which the first line is wanted: nothing behind the read that had its end, unless this is recorded.
 * How many there were, or -errno.
 */
ssize_t host_read_start(const struct host *host, int fd, char *buf, size_t len);
/* The first line of those bytes, in place; there is room for a NUL behind them. */
void host_cut_line(char *buf, size_t len);
/* Last component of a link's target. 0 or -ENAMETOOLONG. */
int host_take_link(const char *target, char *buf, size_t len);

#endif
