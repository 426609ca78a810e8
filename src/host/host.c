/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every path of the machine is built here, so that a captured machine below --sysroot reads like the running one. */
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/host_priv.h"
#include "host/inside.h"
#include "host/record.h"
#include "host/refused.h"
#include "host/text.h"

#define HOST_CAPTURED_MAX MiB(64) /* what nobody gives a bound of its own: more than any such file of a real machine */

int host_init(struct host *host, const char *root, struct fail *f)
{
	struct stat st;
	size_t len;
	int ret;

	memset(host, 0, sizeof(*host));
	if (!root || !*root)
		return 0;
	len = strlen(root);
	while (len && root[len - 1] == '/')
		len--;
	if (len >= sizeof(host->root))
		return fail_set(f, ENAMETOOLONG, "cannot use the sysroot %.40s...", root);
	if (stat(root, &st) < 0)
		return fail_set(f, errno, "cannot use the sysroot %s", root);
	if (!S_ISDIR(st.st_mode)) {
		fail_set(f, ENOTDIR, "cannot use the sysroot %s", root);
		fail_hint(f, "unpack a capture first: mkdir DIR && tar -xf %s -C DIR", root);
		return -ENOTDIR;
	}
	memcpy(host->root, root, len);
	host->root[len] = '\0';
	if (len)
		host->root_fd = inside_root(host->root);
	ret = refused_load(host, &host->refused, f);
	if (ret)
		host_close(host);
	return ret;
}

void host_close(struct host *host)
{
	refused_free(host->refused);
	host->refused = NULL;
	if (host->root_fd > 0)
		close(host->root_fd);
	host->root_fd = 0;
}

bool host_is_capture(const struct host *host)
{
	return host->root[0] != '\0';
}

/* One slash between the two, whether or not @fmt begins with one. */
static int host_vpath(const struct host *host, char *buf, size_t len, const char *fmt, va_list ap)
{
	size_t head = strlen(host->root);
	int tail;

	if (head + 1 >= len)
		return -ENAMETOOLONG;
	memcpy(buf, host->root, head);
	buf[head++] = '/';
	tail = vsnprintf(buf + head, len - head, fmt, ap);
	if (tail < 0 || (size_t)tail >= len - head)
		return -ENAMETOOLONG;
	if (buf[head] == '/')
		memmove(buf + head - 1, buf + head, tail + 1);
	return 0;
}

int host_path(const struct host *host, char *buf, size_t len, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vpath(host, buf, len, fmt, ap);
	va_end(ap);
	return ret;
}

/* read(2) until @len bytes or the end; sysfs and procfs may return less than was asked for. */
static ssize_t host_read_fd(int fd, char *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = read(fd, buf + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += n;
	}
	return done;
}

/* The path as its users name it. */
static const char *host_bare(const struct host *host, const char *path)
{
	return path + strlen(host->root);
}

/* A descriptor to read from, or -errno: of now, or of when the capture was made. */
static int host_open(const struct host *host, const char *path)
{
	int err = refused_find(host->refused, host_bare(host, path)), fd;

	if (err)
		return -err;
	if (host_is_capture(host))
		return inside_open(host, host_bare(host, path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t host_read_start(const struct host *host, int fd, char *buf, size_t len)
{
	ssize_t n = host->record ? 0 : read(fd, buf, len), more;

	if (n > 0 && memchr(buf, '\n', n))
		return n;
	n = MAX(n, 0);
	more = host_read_fd(fd, buf + n, len - n);
	return more < 0 ? more : n + more;
}

void host_cut_line(char *buf, size_t len)
{
	buf[len] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* The first @len bytes at most. How many there were, or -errno. */
static ssize_t host_read_path(const struct host *host, const char *path, char *buf, size_t len)
{
	CLEANUP_FD int fd = host_open(host, path);

	return fd < 0 ? fd : host_read_start(host, fd, buf, len);
}

int host_read_line(const struct host *host, char *buf, size_t len, const char *fmt, ...)
{
	char path[PATH_MAX];
	ssize_t n;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vpath(host, path, sizeof(path), fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	n = host_read_path(host, path, buf, len - 1);
	if (n < 0) {
		record_refused(host, host_bare(host, path), n);
		return n;
	}
	record_file(host, host_bare(host, path), buf, n);
	host_cut_line(buf, n);
	return 0;
}

/* Everything up to the end, malloc'ed, with a NUL behind it. -EFBIG when that is more than @max. */
static int host_read_whole(const struct host *host, const char *path, size_t max, char **out, size_t *size)
{
	CLEANUP_FD int fd = host_open(host, path);
	CLEANUP_FREE char *buf = NULL;
	size_t room = 4096, used = 0;
	char *bigger;
	ssize_t n;

	if (fd < 0)
		return fd;
	for (;;) {
		bigger = realloc(buf, room + 1);
		if (!bigger)
			return -ENOMEM;
		buf = bigger;
		n = host_read_fd(fd, buf + used, room - used);
		if (n < 0)
			return n;
		used += n;
		if (used > max)
			return -EFBIG;
		if (used < room)
			break;
		room *= 2;
	}
	buf[used] = '\0';
	*size = used;
	*out = buf;
	buf = NULL;
	return 0;
}

static int host_vread(const struct host *host, size_t max, char **out, size_t *size, const char *fmt, va_list ap)
{
	char path[PATH_MAX];
	size_t used = 0;
	int ret = host_vpath(host, path, sizeof(path), fmt, ap);

	if (ret)
		return ret;
	ret = host_read_whole(host, path, max, out, &used);
	if (ret) {
		record_refused(host, host_bare(host, path), ret);
		return ret;
	}
	record_file(host, host_bare(host, path), *out, used);
	if (size)
		*size = used;
	return 0;
}

int host_read_file(const struct host *host, char **out, size_t *size, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vread(host, host_is_capture(host) ? HOST_CAPTURED_MAX : SIZE_MAX, out, size, fmt, ap);
	va_end(ap);
	return ret;
}

int host_read_bounded(const struct host *host, size_t max, char **out, size_t *size, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vread(host, max, out, size, fmt, ap);
	va_end(ap);
	return ret;
}

/* A link's own text, without a NUL. Its length or -errno. */
static ssize_t host_readlink(const struct host *host, const char *path, char *buf, size_t len)
{
	CLEANUP_FD int fd = host_is_capture(host) ? inside_find(host, host_bare(host, path), true) : AT_FDCWD;
	ssize_t n;

	if (fd < 0 && fd != AT_FDCWD)
		return fd;
	n = readlinkat(fd, fd == AT_FDCWD ? path : "", buf, len);
	/* what is no link is told so in two ways (readlinkat(2)) */
	if (n < 0)
		return errno == ENOENT && fd != AT_FDCWD ? -EINVAL : -errno;
	return n;
}

static int host_vread_target(const struct host *host, char target[PATH_MAX], const char *fmt, va_list ap)
{
	char path[PATH_MAX];
	ssize_t n;
	int ret = host_vpath(host, path, sizeof(path), fmt, ap);

	if (ret)
		return ret;
	n = host_readlink(host, path, target, PATH_MAX - 1);
	if (n < 0) {
		record_exists(host, host_bare(host, path));
		return (int)n;
	}
	record_link(host, host_bare(host, path));
	target[n] = '\0';
	return 0;
}

int host_read_target(const struct host *host, char *buf, size_t len, const char *fmt, ...)
{
	char target[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vread_target(host, target, fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	return text_copy(buf, len, target) ? 0 : -ENAMETOOLONG;
}

int host_take_link(const char *target, char *buf, size_t len)
{
	const char *base = strrchr(target, '/');

	if (!text_copy(buf, len, base ? base + 1 : target))
		return -ENAMETOOLONG;
	/* no kernel makes such a name, and in a table it would look like a line of its own */
	for (char *c = buf; *c; c++)
		if (*c == '\n')
			*c = '?';
	return 0;
}

int host_read_link(const struct host *host, char *buf, size_t len, const char *fmt, ...)
{
	char target[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vread_target(host, target, fmt, ap);
	va_end(ap);
	return ret ? ret : host_take_link(target, buf, len);
}

static int host_stat_path(const struct host *host, const char *path, struct stat *st)
{
	CLEANUP_FD int fd = -1;

	if (!host_is_capture(host))
		return stat(path, st) ? -errno : 0;
	fd = inside_find(host, host_bare(host, path), false);
	if (fd < 0)
		return fd;
	return fstat(fd, st) ? -errno : 0;
}

bool host_exists(const struct host *host, const char *fmt, ...)
{
	struct stat st;
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vpath(host, path, sizeof(path), fmt, ap);
	va_end(ap);
	if (ret)
		return false;
	record_exists(host, host_bare(host, path));
	return host_stat_path(host, path, &st) == 0;
}

int host_stat(const struct host *host, struct stat *st, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vpath(host, path, sizeof(path), fmt, ap);
	va_end(ap);
	return ret ? ret : host_stat_path(host, path, st);
}

/* One write(2) call: sysfs takes a value whole or not at all. */
static int host_write_path(const char *path, const char *text)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int host_write(const struct host *host, const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = host_vpath(host, path, sizeof(path), fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	if (host->kernel)
		return host->kernel->write(host, path + strlen(host->root), text);
	if (host_is_capture(host))
		return -EROFS;
	return host_write_path(path, text);
}

bool host_may_change(const struct host *host)
{
	return host->kernel || !host_is_capture(host);
}

static int host_keep_entry(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int host_compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Pointers and names in one block, so that the caller has one thing to free. */
static char **host_pack_names(struct dirent **entries, int n)
{
	size_t bytes = (n + 1) * sizeof(char *);
	char **list, *at;

	for (int i = 0; i < n; i++)
		bytes += strlen(entries[i]->d_name) + 1;
	list = malloc(bytes);
	if (!list)
		return NULL;
	at = (char *)(list + n + 1);
	for (int i = 0; i < n; i++) {
		list[i] = at;
		at = stpcpy(at, entries[i]->d_name) + 1;
	}
	list[n] = NULL;
	return list;
}

/* How many entries, or -errno. */
static int host_scan(const struct host *host, const char *path, struct dirent ***out)
{
	int err = refused_find(host->refused, host_bare(host, path)), n;
	CLEANUP_FD int fd = -1;

	if (err)
		return -err;
	if (host_is_capture(host)) {
		fd = inside_open_dir(host, host_bare(host, path));
		if (fd < 0)
			return fd;
	}
	n = scandirat(fd < 0 ? AT_FDCWD : fd, fd < 0 ? path : ".", out, host_keep_entry, host_compare_entries);
	return n < 0 ? -errno : n;
}

int host_list_dir(const struct host *host, char ***out, const char *fmt, ...)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	va_list ap;
	int ret, n;

	va_start(ap, fmt);
	ret = host_vpath(host, path, sizeof(path), fmt, ap);
	va_end(ap);
	if (ret)
		return ret;
	n = host_scan(host, path, &entries);
	if (n < 0) {
		ret = n;
		record_refused(host, host_bare(host, path), ret);
		return ret;
	}
	*out = host_pack_names(entries, n);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	if (!*out)
		return -ENOMEM;
	record_dir(host, host_bare(host, path), *out);
	return 0;
}
