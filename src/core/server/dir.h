/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of the user's sessions, and what each has there: NAME.sock, NAME.lock (held while it lives, with a line on what
 * it is), NAME.log. Nobody else's directory or socket is used, and no symbolic link followed.
 */
#ifndef IC_CORE_SERVER_DIR_H
#define IC_CORE_SERVER_DIR_H

#include <stdbool.h>

#include "core/session/buffer.h"

#define SERVER_NAME_MAX BUFFER_NAME_MAX

/*
 * $XDG_RUNTIME_DIR/iommuctl, else /run/user/UID/iommuctl, else /tmp/iommuctl-UID; made where @make. The descriptor in *dir.
 * -ENOENT without @make: there is none, so there is no session. Else with @f, -EPERM for what belongs to somebody else.
 */
int server_dir_open(bool make, int *dir, struct fail *f);
/* "NAME.sock"; @name is valid. */
void server_file(char *buf, size_t len, const char *name, const char *suffix);
/*
 * Hold NAME.lock, made where it is not there. -EWOULDBLOCK: somebody has it, a session lives. *fd is closed by the caller, who unlinks
 * first what it made.
 */
int server_lock(int dir, const char *name, int *fd, struct fail *f);
/* What the holder of the lock wrote into it: words between tabs, for a session that can no longer answer. -errno. */
int server_lock_read(int dir, const char *name, char *buf, size_t len);
/* Remove what a session has there, @lock of server_lock() being held, which goes last. A log in which something stands stays if @log. */
void server_unlink(int dir, const char *name, int lock, bool log);
/* A socket bound to NAME.sock, mode 0600, not listening yet. -errno with @f. */
int server_bind(int dir, const char *name, int *fd, struct fail *f);
/* Connected to it, its owner checked on both sides. -ENOENT, -ECONNREFUSED: nobody is there; -EPERM with @f: somebody else's. */
int server_connect(int dir, const char *name, int *fd, struct fail *f);
/* Is the process at the other end this user's? *pid: which it is. */
bool server_peer_is_ours(int fd, int *pid, unsigned int *uid);

#endif
