/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several entries of one directory of the machine: its path is walked once. */
#ifndef IC_HOST_HOST_DIR_H
#define IC_HOST_HOST_DIR_H

#include "host/host.h"

/*
 * Each read below does what its namesake in host/host.h does with "PATH/NAME", and says the same of what cannot be read. @name is one
 * component, without a slash. What is a link in a capture, and everything while a capture is made, goes by the path.
 */
struct host_dir {
	const struct host *host; /* not owned */
	int fd;			 /* O_PATH; negative: each read goes by the path, and so finds out why */
	char path[160];		 /* without the root */
};

/* Never fails: see fd. A path that has no room is cut, and then not there. */
void host_dir_open(struct host_dir *dir, const struct host *host, const char *fmt, ...) IC_PRINTF(3, 4);
void host_dir_close(struct host_dir *dir);

/* host_read_line(). */
int host_dir_line(const struct host_dir *dir, const char *name, char *buf, size_t len);
/* host_read_link(). */
int host_dir_link(const struct host_dir *dir, const char *name, char *buf, size_t len);
/* host_read_target(). */
int host_dir_target(const struct host_dir *dir, const char *name, char *buf, size_t len);
/* host_list_dir(). */
int host_dir_list(const struct host_dir *dir, const char *name, char ***out);

#endif
