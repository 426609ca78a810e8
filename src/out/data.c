/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of data: whole under their names, or not there at all. */
#include "out/data.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "out/sink.h"

static int file_put(int fd, const char *data, size_t length)
{
	int err = sink_write_fd(fd, data, length);

	if (!err && fsync(fd) && errno != EINVAL && errno != EROFS)
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/* A name beside @path that nobody has. The descriptor or -errno. */
static int file_beside(const char *path, char *tmp, size_t size)
{
	for (unsigned int i = 0; i < 100; i++) {
		int fd;

		if ((size_t)snprintf(tmp, size, "%s.%d-%u", path, getpid(), i) >= size)
			return -ENAMETOOLONG;
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd >= 0 ? fd : -errno;
	}
	return -EEXIST;
}

static int file_replace(const char *path, const struct stat *old, const char *data, size_t length)
{
	char tmp[PATH_MAX];
	int fd = file_beside(path, tmp, sizeof(tmp)), err;

	if (fd < 0)
		return fd;
	if (old && fchmod(fd, old->st_mode & 0777)) {
		err = -errno;
		close(fd);
	} else {
		err = file_put(fd, data, length);
	}
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

static int file_write(const char *path, const char *data, size_t length)
{
	struct stat old;
	char *real;
	int err, fd;

	if (!strcmp(path, "-"))
		return sink_write_fd(sink_stdout(), data, length);
	if (stat(path, &old))
		return errno == ENOENT ? file_replace(path, NULL, data, length) : -errno;
	if (!S_ISREG(old.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? -errno : file_put(fd, data, length);
	}
	/* where it is a link, what it leads to is replaced, not the link */
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	err = file_replace(real, &old, data, length);
	free(real);
	return err;
}

int data_write(const char *path, const char *data, size_t length, struct fail *f)
{
	int err = file_write(path, data, length);

	return err ? fail_set(f, err, "cannot write %s", strcmp(path, "-") ? path : "to stdout") : 0;
}
