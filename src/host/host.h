/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine being looked at: the running one, or a captured one below --sysroot. Readers take a struct host. */
#ifndef IC_HOST_HOST_H
#define IC_HOST_HOST_H

#include <stdbool.h>

#include "base/fail.h"

struct host;

/*
 * What a kernel does when it is written to. NULL in struct host = the running kernel, by write(2) and modprobe. Unit tests
 * put a model of the driver core here, which lets them change a fake root as the kernel would, and die at any step.
 */
struct host_kernel {
	/* @path without the root. 0 or -errno. */
	int (*write)(const struct host *host, const char *path, const char *text);
	int (*load_module)(const struct host *host, const char *name);
};

struct record;
struct refused;
struct stat;

struct host {
	char root[256]; /* "" = the running machine; else a directory without a trailing slash */
	int root_fd;	/* the root while this is open, O_PATH; 0 = not held */
	const struct host_kernel *kernel;
	struct record *record; /* where what is read is remembered (host/record.h), or NULL; not owned */
	struct refused
		*refused; /* what could not be read when this capture was made, NULL = nothing (host/refused.h) */
};

/*
 * @root NULL or "/" = the running machine. -ENOENT/-ENOTDIR when the directory is not there. What a capture's list of refused
 * files needs is freed by host_close().
 */
int host_init(struct host *host, const char *root, struct fail *f);
void host_close(struct host *host);
/* True when nothing may be opened or changed, because this is a capture. */
bool host_is_capture(const struct host *host);
/* True for the running machine, and for a fake root that a test gave a kernel. */
bool host_may_change(const struct host *host);

/* "ROOT/sys/..." into buf; -ENAMETOOLONG. */
int host_path(const struct host *host, char *buf, size_t len, const char *fmt, ...) IC_PRINTF(4, 5);
/*
 * What reads below follows the links of a capture within its root only: one that leads out of it is -EXDEV, and neither devices nor
 * pipes are opened there (host/inside.h).
 */
/* First line of a small text file, newline stripped. 0 or -errno. */
int host_read_line(const struct host *host, char *buf, size_t len, const char *fmt, ...) IC_PRINTF(4, 5);
/* Whole file, NUL-terminated, malloc'ed (caller frees). Size in *size if not NULL. 0 or -errno; -EFBIG for 64 MiB in a capture. */
int host_read_file(const struct host *host, char **out, size_t *size, const char *fmt, ...) IC_PRINTF(4, 5);
/* The same, but -EFBIG for a file of more than @max bytes: captures are not trusted with this process's memory. */
int host_read_bounded(const struct host *host, size_t max, char **out, size_t *size, const char *fmt, ...)
	IC_PRINTF(5, 6);
/* Last path component of a symbolic link's target ("vfio-pci" for .../driver). 0 or -errno (-ENOENT: no link). */
int host_read_link(const struct host *host, char *buf, size_t len, const char *fmt, ...) IC_PRINTF(4, 5);
/* All of a symbolic link's target, as it stands there. 0 or -errno. */
int host_read_target(const struct host *host, char *buf, size_t len, const char *fmt, ...) IC_PRINTF(4, 5);
bool host_exists(const struct host *host, const char *fmt, ...) IC_PRINTF(2, 3);
/* Mode and owner of what the path leads to, links followed. 0 or -errno. */
int host_stat(const struct host *host, struct stat *st, const char *fmt, ...) IC_PRINTF(3, 4);
/* Write @text to a sysfs file of the running machine. -EROFS on a capture (unless it has a kernel of its own). */
int host_write(const struct host *host, const char *text, const char *fmt, ...) IC_PRINTF(3, 4);
/* Sorted entries of a directory without "." and ".."; NULL-terminated, one allocation (free() it). 0 or -errno. */
int host_list_dir(const struct host *host, char ***out, const char *fmt, ...) IC_PRINTF(3, 4);

#endif
