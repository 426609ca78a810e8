/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening what lies below a captured machine's root, and nothing else: a capture is somebody else's, its links included. */
#ifndef IC_HOST_INSIDE_H
#define IC_HOST_INSIDE_H

#include <stdbool.h>

/*
 * A descriptor with O_PATH for @path below @root, as openat2(2) gives it with RESOLVE_BENEATH: a link that leads out of the root,
 * an absolute one among them, is -EXDEV. @nofollow: the last component itself, though it be a link. -errno.
 */
int inside_find(const char *root, const char *path, bool nofollow);
/* To read from. Only regular files (else -EISDIR, -ENODEV) and, with @directory, directories: no device, no pipe. -errno. */
int inside_open(const char *root, const char *path, bool directory);
/* Does @path, followed as everybody does who does not ask here, lead to a regular file below @root? 0 or -errno. */
int inside_check(const char *root, const char *path);

#endif
