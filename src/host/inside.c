/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening what lies below a captured machine's root, and nothing else. */
#include "host/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#define INSIDE_TRIES 16 /* openat2() asks to try again when something is renamed meanwhile */

int inside_root(const char *root)
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int inside_beneath_at(int dir, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	long fd = -1;

	path += strspn(path, "/");
	for (unsigned int i = 0; i < INSIDE_TRIES; i++) {
		fd = syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

static int inside_beneath(const struct host *host, const char *path, int flags)
{
	CLEANUP_FD int dir = -1;

	if (host->root_fd > 0)
		return inside_beneath_at(host->root_fd, path, flags);
	dir = inside_root(host->root);
	return dir < 0 ? dir : inside_beneath_at(dir, path, flags);
}

/* The directory of @path, whose own last component may be a link that is not followed. */
static void inside_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash && slash != path)
		*slash = '\0';
}

/* Without openat2(2) (before Linux 5.6, under some tools): where does the path lead, and is that below the root? */
static int inside_by_name(const char *root, const char *path, int flags)
{
	CLEANUP_FREE char *top = realpath(root, NULL), *real = NULL;
	char full[PATH_MAX], looked[PATH_MAX];
	size_t len;
	int fd;

	if (!top)
		return -errno;
	if ((size_t)snprintf(full, sizeof(full), "%s/%s", root, path) >= sizeof(full))
		return -ENAMETOOLONG;
	strcpy(looked, full);
	if (flags & O_NOFOLLOW)
		inside_parent(looked);
	real = realpath(looked, NULL);
	if (!real)
		return -errno;
	len = strlen(top);
	if (strncmp(real, top, len) || (real[len] && real[len] != '/'))
		return -EXDEV;
	fd = open(flags & O_NOFOLLOW ? full : real, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int inside_get(const struct host *host, const char *path, int flags)
{
	int fd = inside_beneath(host, path, flags);

	/* EPERM: a filter of system calls that does not know it */
	return fd == -ENOSYS || fd == -EPERM ? inside_by_name(host->root, path, flags) : fd;
}

int inside_find(const struct host *host, const char *path, bool nofollow)
{
	return inside_get(host, path, O_PATH | (nofollow ? O_NOFOLLOW : 0));
}

int inside_open_dir(const struct host *host, const char *path)
{
	return inside_get(host, path, O_RDONLY | O_DIRECTORY);
}

int inside_check(const struct host *host, const char *path)
{
	CLEANUP_FD int fd = inside_find(host, path, false);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? 0 : -ENODEV;
}

int inside_open(const struct host *host, const char *path)
{
	/* Looked at first: to open a device, or a pipe, is to do something already. */
	int ret = inside_check(host, path);

	return ret ? ret : inside_get(host, path, O_RDONLY | O_NONBLOCK);
}

int inside_open_at(int dir, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EAGAIN;
	fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
