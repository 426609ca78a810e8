/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading below one directory that is held open: a device has a dozen files, and the way to it is long. */
#include "host/host_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/host_priv.h"
#include "host/inside.h"
#include "host/refused.h"
#include "host/text.h"

static int dir_find(const struct host *host, const char *path)
{
	char full[sizeof(host->root) + 160];
	int fd;

	if (host_is_capture(host))
		return inside_find(host, path, false);
	if (host_path(host, full, sizeof(full), "%s", path))
		return -ENAMETOOLONG;
	fd = open(full, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void host_dir_open(struct host_dir *dir, const struct host *host, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dir->path, sizeof(dir->path), fmt, ap);
	va_end(ap);
	dir->host = host;
	dir->fd = -ENAMETOOLONG;
	/* what is recorded is recorded with the links on its way */
	if (n > 0 && (size_t)n < sizeof(dir->path) && !host->record)
		dir->fd = dir_find(host, dir->path);
}

void host_dir_close(struct host_dir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -EBADF;
}

/* 0, or why @name could not be read when this capture was made. */
static int dir_refused(const struct host_dir *dir, const char *name)
{
	char path[sizeof(dir->path) + NAME_MAX + 2];

	if (!dir->host->refused)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dir->path, name);
	return -refused_find(dir->host->refused, path);
}

/* A descriptor to read from; -EAGAIN: by the path. */
static int dir_open_file(const struct host_dir *dir, const char *name)
{
	int fd;

	if (dir->fd < 0)
		return -EAGAIN;
	fd = dir_refused(dir, name);
	if (fd)
		return fd;
	if (host_is_capture(dir->host))
		return inside_open_at(dir->fd, name);
	fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int host_dir_line(const struct host_dir *dir, const char *name, char *buf, size_t len)
{
	CLEANUP_FD int fd = dir_open_file(dir, name);
	ssize_t n;

	if (fd == -EAGAIN)
		return host_read_line(dir->host, buf, len, "%s/%s", dir->path, name);
	n = fd < 0 ? fd : host_read_start(dir->host, fd, buf, len - 1);
	if (n < 0)
		return (int)n;
	host_cut_line(buf, (size_t)n);
	return 0;
}

/* -EAGAIN: by the path. */
static int dir_target(const struct host_dir *dir, const char *name, char target[PATH_MAX])
{
	ssize_t n;

	if (dir->fd < 0)
		return -EAGAIN;
	n = readlinkat(dir->fd, name, target, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	return 0;
}

int host_dir_link(const struct host_dir *dir, const char *name, char *buf, size_t len)
{
	char target[PATH_MAX];
	int ret = dir_target(dir, name, target);

	if (ret == -EAGAIN)
		return host_read_link(dir->host, buf, len, "%s/%s", dir->path, name);
	return ret ? ret : host_take_link(target, buf, len);
}

int host_dir_target(const struct host_dir *dir, const char *name, char *buf, size_t len)
{
	char target[PATH_MAX];
	int ret = dir_target(dir, name, target);

	if (ret == -EAGAIN)
		return host_read_target(dir->host, buf, len, "%s/%s", dir->path, name);
	if (ret)
		return ret;
	return text_copy(buf, len, target) ? 0 : -ENAMETOOLONG;
}

int host_dir_list(const struct host_dir *dir, const char *name, char ***out)
{
	struct stat st;
	int ret = dir->fd < 0 ? 0 : dir_refused(dir, name);

	/* most are not there, and that is quickly said */
	if (!ret && dir->fd >= 0 && fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		ret = -errno;
	return ret ? ret : host_list_dir(dir->host, out, "%s/%s", dir->path, name);
}
