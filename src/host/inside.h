/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening what lies below a captured machine's root, and nothing else: a capture is somebody else's, its links included. */
#ifndef IC_HOST_INSIDE_H
#define IC_HOST_INSIDE_H

#include "host/host.h"

/* A descriptor with O_PATH for the directory @root, for host->root_fd. -errno. */
int inside_root(const char *root);
/*
 * A descriptor with O_PATH for @path below the root, as openat2(2) gives it with RESOLVE_BENEATH: a link that leads out of the root,
 * an absolute one among them, is -EXDEV. @nofollow: the last component itself, though it be a link. -errno.
 */
int inside_find(const struct host *host, const char *path, bool nofollow);
/* To read from. Only regular files (else -EISDIR, -ENODEV): no device, no pipe. -errno. */
int inside_open(const struct host *host, const char *path);
/* To list; O_DIRECTORY opens nothing else. -errno. */
int inside_open_dir(const struct host *host, const char *path);
/* The same of @name, one component, in a directory of inside_find(). -EAGAIN: it is no plain file, and its path has to be asked. */
int inside_open_at(int dir, const char *name);
/*
 * Does @path, followed as everybody does who does not ask here, lead to a regular file below the root? What openat2(2) does not
 * refuse leads where it always leads. 0 or -errno, as inside_open().
 */
int inside_check(const struct host *host, const char *path);

#endif
