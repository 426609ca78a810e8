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

static int inside_beneath(const char *root, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	CLEANUP_FD int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long fd = -1;

	if (dir < 0)
		return -errno;
	path += strspn(path, "/");
	for (unsigned int i = 0; i < INSIDE_TRIES; i++) {
		fd = syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
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

static int inside_get(const char *root, const char *path, int flags)
{
	int fd = inside_beneath(root, path, flags);

	/* EPERM: a filter of system calls that does not know it */
	return fd == -ENOSYS || fd == -EPERM ? inside_by_name(root, path, flags) : fd;
}

int inside_find(const char *root, const char *path, bool nofollow)
{
	return inside_get(root, path, O_PATH | (nofollow ? O_NOFOLLOW : 0));
}

int inside_open(const char *root, const char *path, bool directory)
{
	/* Looked at first: to open a device, or a pipe, is to do something already. */
	CLEANUP_FD int fd = inside_find(root, path, false);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (directory)
		return S_ISDIR(st.st_mode) ? inside_get(root, path, O_RDONLY | O_DIRECTORY) : -ENOTDIR;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? inside_get(root, path, O_RDONLY | O_NONBLOCK) : -ENODEV;
}

int inside_check(const char *root, const char *path)
{
	CLEANUP_FD int fd = inside_find(root, path, false);
	struct stat here, there;
	char full[PATH_MAX];

	if (fd < 0)
		return fd;
	if ((size_t)snprintf(full, sizeof(full), "%s%s", root, path) >= sizeof(full))
		return -ENAMETOOLONG;
	if (fstat(fd, &here) || stat(full, &there))
		return -errno;
	if (here.st_dev != there.st_dev || here.st_ino != there.st_ino)
		return -EXDEV;
	return S_ISREG(here.st_mode) ? 0 : -ENODEV;
}
