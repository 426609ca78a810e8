/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a bitmap file: beside its name, without its zeros, then put in place. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bitmap_variant.h"
#include "base/crc32c.h"
#include "core/dirty/format.h"

#define FILE_PAGE 4096u
#define FILE_PIECE MiB(1)

static void file_put(uint8_t *header, enum dirty_field field, unsigned int width, uint64_t v)
{
	for (unsigned int i = 0; i < width; i++)
		header[field + i] = (uint8_t)(v >> 8 * i);
}

static uint32_t file_data_sum(const struct dirty_bitmap *b, struct crc32c *c)
{
	uint64_t last;

	crc32c_begin(c);
	crc32c_add_words(c, b->words, b->bits / 64);
	if (b->bits % 64) {
		last = dirty_last_word(b);
		crc32c_add_words(c, &last, 1);
	}
	return crc32c_sum(c);
}

static void file_header(const struct dirty_bitmap *b, uint8_t *header)
{
	struct crc32c c;

	memset(header, 0, DIRTY_HEADER);
	memcpy(header + FIELD_MAGIC, DIRTY_MAGIC, 8);
	file_put(header, FIELD_VERSION, 4, DIRTY_VERSION);
	file_put(header, FIELD_HEADER, 4, DIRTY_HEADER);
	file_put(header, FIELD_IOVA, 8, b->iova);
	file_put(header, FIELD_LENGTH, 8, b->length);
	file_put(header, FIELD_PAGE_SIZE, 8, b->page_size);
	file_put(header, FIELD_DIRTY, 8, bitmap_count(b->words, b->bits));
	file_put(header, FIELD_TIME, 8, b->time_ns);
	file_put(header, FIELD_SINCE, 8, b->since_ns);
	file_put(header, FIELD_SOURCE, 4, b->source);
	file_put(header, FIELD_FLAGS, 4,
		 (b->simulated ? DIRTY_FLAG_SIMULATED : 0) | (b->marked ? DIRTY_FLAG_MARKED : 0) |
			 (b->over_reports ? DIRTY_FLAG_OVER_REPORTS : 0) | (b->cleared ? DIRTY_FLAG_CLEARED : 0));
	/* the last byte of each stays 0 */
	memcpy(header + FIELD_KERNEL, b->kernel, strnlen(b->kernel, sizeof(b->kernel) - 1));
	memcpy(header + FIELD_BACKEND, b->backend, strnlen(b->backend, sizeof(b->backend) - 1));
	memcpy(header + FIELD_DEVICE, b->device, strnlen(b->device, sizeof(b->device) - 1));
	file_put(header, FIELD_DATA_SUM, 4, file_data_sum(b, &c));
	crc32c_begin(&c);
	crc32c_add(&c, header, FIELD_HEADER_SUM);
	file_put(header, FIELD_HEADER_SUM, 4, crc32c_sum(&c));
}

static int file_pwrite(int fd, const void *data, uint64_t len, uint64_t at)
{
	const char *from = data;
	ssize_t n;

	while (len) {
		n = pwrite(fd, from, MIN(len, FILE_PIECE), (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		from += n;
		at += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* Whole words, where they are not zero: the file's pages that hold none but zeros are never written. */
static int file_words(int fd, const uint64_t *words, uint64_t n)
{
	const uint64_t page = FILE_PAGE / 8, before = DIRTY_HEADER / 8; /* words of a page, of the header */
	uint64_t i = 0, end;
	int err = 0;

	while (!err) {
		i = bitmap_variant()->skip_same(words, i, n, 0);
		if (i == n)
			break;
		/* to the end of the page, and of those after it that have something */
		end = MIN(n, ALIGN_DOWN(i + before, page) + page - before);
		while (end < n && bitmap_variant()->skip_same(words, end, MIN(n, end + page), 0) < MIN(n, end + page))
			end = MIN(n, end + page);
		err = file_pwrite(fd, words + i, (end - i) * 8, DIRTY_HEADER + i * 8);
		i = end;
	}
	return err;
}

static int file_put_all(int fd, const struct dirty_bitmap *b)
{
	uint8_t header[DIRTY_HEADER];
	uint64_t last, whole = b->bits / 64;
	int err;

	file_header(b, header);
	if (ftruncate(fd, (off_t)(DIRTY_HEADER + bitmap_words(b->bits) * 8)))
		return -errno;
	err = file_pwrite(fd, header, sizeof(header), 0);
	if (!err)
		err = file_words(fd, b->words, whole);
	if (!err && b->bits % 64) {
		last = dirty_last_word(b);
		err = file_pwrite(fd, &last, sizeof(last), DIRTY_HEADER + whole * 8);
	}
	if (!err && fsync(fd) && errno != EINVAL && errno != EROFS)
		err = -errno;
	return err;
}

/* The folder of @path, ending in a slash. Its length, or -ENAMETOOLONG. */
static int file_folder(const char *path, char *folder, size_t size)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(folder, size, "%.*s", (int)(slash - path) + 1, path) : snprintf(folder, size, "./");

	return (size_t)n < size ? n : -ENAMETOOLONG;
}

/*
 * A file without a name, which is gone should we be killed, where the file system has such; else one beside @path. *named says which. The
 * descriptor, or -errno.
 */
static int file_new(const char *path, const char *tmp, bool *named)
{
	char folder[PATH_MAX];
	int err = file_folder(path, folder, sizeof(folder)), fd;

	if (err < 0)
		return err;
	*named = false;
	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0) {
		*named = true;
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	}
	return fd < 0 ? -errno : fd;
}

static int file_name(int fd, const char *tmp, bool *named)
{
	char self[40];

	if (*named)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, tmp, AT_SYMLINK_FOLLOW))
		return -errno;
	*named = true;
	return 0;
}

/* The name is on disk as well. Folders that cannot be asked for that keep what they have. */
static void file_settle(const char *path)
{
	char folder[PATH_MAX];
	CLEANUP_FD int fd = -1;

	if (file_folder(path, folder, sizeof(folder)) >= 0)
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

static int file_replace(const struct dirty_bitmap *b, const char *path, const struct stat *old)
{
	char tmp[PATH_MAX];
	bool named;
	int fd, err = 0;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.%ld.new", path, (long)getpid()) >= sizeof(tmp))
		return -ENAMETOOLONG;
	fd = file_new(path, tmp, &named);
	if (fd < 0)
		return fd;
	if (old && fchmod(fd, old->st_mode & 0777))
		err = -errno;
	if (!err)
		err = file_put_all(fd, b);
	if (!err)
		err = file_name(fd, tmp, &named);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (!err)
		file_settle(path);
	else if (named)
		unlink(tmp);
	return err;
}

int dirty_file_check_path(const char *path, struct fail *f)
{
	char folder[PATH_MAX];
	struct stat st;

	if (file_folder(path, folder, sizeof(folder)) < 0)
		return fail_set(f, ENAMETOOLONG, "cannot write %s", path);
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return fail_set(f, EISDIR, "cannot write %s", path);
	/* the rename would put a file in the place of /dev/null or of a pipe */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return fail_complete(f, EINVAL, "cannot write %s: it is no regular file", path);
	return access(folder, W_OK | X_OK) ? fail_set(f, errno, "cannot write %s", path) : 0;
}

int dirty_file_write(const struct dirty_bitmap *b, const char *path, struct fail *f)
{
	CLEANUP_FREE char *real = NULL;
	struct stat old;
	int err = dirty_file_check_path(path, f);
	bool exists;

	if (err)
		return err;
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return fail_complete(f, EOPNOTSUPP, "bitmap files are little-endian, and this machine is not");
	exists = !stat(path, &old);
	/* a symbolic link stays one: what it leads to is replaced */
	real = exists ? realpath(path, NULL) : NULL;
	err = file_replace(b, real ? real : path, exists ? &old : NULL);
	return err ? fail_set(f, err, "cannot write %s", path) : 0;
}
