/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a bitmap file: nothing in it is believed before it was looked at. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/num.h"
#include "core/dirty/format.h"
#include "core/dirty/map.h"
#include "core/session/session.h"

struct file {
	const char *path;
	struct bytes all;
	struct dirty_bitmap *b;
	struct fail *f;
};

static uint64_t file_get(const struct file *x, enum dirty_field field, unsigned int width)
{
	return bytes_at(x->all, field, width);
}

static int file_corrupt(const struct file *x, const char *why)
{
	return fail_complete(x->f, EUCLEAN, "%s is corrupt: %s", x->path, why);
}

/* What the first bytes say: whether it is ours, and of a version that we know. */
static int file_check_kind(const struct file *x)
{
	size_t len = MIN(x->all.len, (size_t)8);
	uint32_t version = (uint32_t)file_get(x, FIELD_VERSION, 4);

	if (memcmp(x->all.data, DIRTY_MAGIC, len))
		return fail_complete(x->f, EILSEQ, "%s is no dirty bitmap: it does not begin like one", x->path);
	if (x->all.len >= FIELD_VERSION + 4 && version > DIRTY_VERSION)
		return fail_complete(x->f, EPROTO,
				     "%s is of version %" PRIu32 ", and this program reads version %u only", x->path,
				     version, DIRTY_VERSION);
	if (x->all.len < DIRTY_HEADER)
		return fail_complete(x->f, ENODATA, "%s is truncated: it has %zu bytes, and the header alone has %u",
				     x->path, x->all.len, DIRTY_HEADER);
	return 0;
}

static int file_check_header_sum(const struct file *x)
{
	struct crc32c c;

	crc32c_begin(&c);
	crc32c_add(&c, x->all.data, FIELD_HEADER_SUM);
	if (crc32c_sum(&c) != file_get(x, FIELD_HEADER_SUM, 4))
		return file_corrupt(x, "the header's checksum is wrong");
	if (file_get(x, FIELD_VERSION, 4) != DIRTY_VERSION || file_get(x, FIELD_HEADER, 4) != DIRTY_HEADER)
		return file_corrupt(x, "the header has no size or version of ours");
	return 0;
}

static int file_check_geometry(const struct file *x)
{
	struct dirty_bitmap *b = x->b;
	uint64_t last, size;

	b->iova = file_get(x, FIELD_IOVA, 8);
	b->length = file_get(x, FIELD_LENGTH, 8);
	b->page_size = file_get(x, FIELD_PAGE_SIZE, 8);
	if (!b->page_size || b->page_size & (b->page_size - 1))
		return file_corrupt(x, "the page size is no power of two");
	if (!b->length || b->length % b->page_size)
		return file_corrupt(x, "the length is no multiple of the page size");
	if (!num_add(b->iova, b->length - 1, &last))
		return file_corrupt(x, "the range wraps");
	b->bits = b->length / b->page_size;
	size = DIRTY_HEADER + bitmap_words(b->bits) * 8;
	if (x->all.len < size)
		return fail_complete(x->f, ENODATA,
				     "%s is truncated: it has %zu bytes, and %" PRIu64 " pages need %" PRIu64, x->path,
				     x->all.len, b->bits, size);
	return x->all.len > size ? file_corrupt(x, "there is more behind the last bit") : 0;
}

/* Text that ends, and nothing but zeros behind its end. */
static bool file_text(const struct file *x, enum dirty_field field, char *to, size_t size)
{
	size_t len;

	memcpy(to, x->all.data + field, size);
	len = strnlen(to, size);
	for (size_t i = len; i < size; i++)
		if (to[i])
			return false;
	return len < size;
}

static int file_check_rest(const struct file *x)
{
	struct dirty_bitmap *b = x->b;
	uint64_t source = file_get(x, FIELD_SOURCE, 4), flags = file_get(x, FIELD_FLAGS, 4);

	b->time_ns = file_get(x, FIELD_TIME, 8);
	b->since_ns = file_get(x, FIELD_SINCE, 8);
	if (source >= DIRTY_SOURCES)
		return file_corrupt(x, "there is no such source");
	if (flags & ~(uint64_t)DIRTY_FLAGS_ALL)
		return file_corrupt(x, "there are no such flags");
	b->source = (enum dirty_source)source;
	b->simulated = flags & DIRTY_FLAG_SIMULATED;
	b->marked = flags & DIRTY_FLAG_MARKED;
	b->over_reports = flags & DIRTY_FLAG_OVER_REPORTS;
	b->cleared = flags & DIRTY_FLAG_CLEARED;
	if (!file_text(x, FIELD_KERNEL, b->kernel, sizeof(b->kernel)) ||
	    !file_text(x, FIELD_BACKEND, b->backend, sizeof(b->backend)) ||
	    !file_text(x, FIELD_DEVICE, b->device, sizeof(b->device)))
		return file_corrupt(x, "a name does not end");
	for (size_t i = FIELD_ZEROS; i < FIELD_DATA_SUM; i++)
		if (x->all.data[i])
			return file_corrupt(x, "there is something where nothing should be");
	return 0;
}

/* A piece at a time: the files may be large, and somebody may not want to wait. */
static int file_sum_data(const struct file *x, struct crc32c *c)
{
	const struct dirty_bitmap *b = x->b;
	uint64_t words = bitmap_words(b->bits), n;

	crc32c_begin(c);
	for (uint64_t i = 0; i < words; i += n) {
		if (session_signal)
			return fail_complete(x->f, EINTR, "interrupted while reading %s", x->path);
		n = MIN(words - i, MiB(8));
		crc32c_add_words(c, b->words + i, n);
	}
	return 0;
}

static int file_check_data(const struct file *x)
{
	struct dirty_bitmap *b = x->b;
	struct crc32c c;
	int err;

	b->words = (const uint64_t *)(const void *)(x->all.data + DIRTY_HEADER);
	err = file_sum_data(x, &c);
	if (err)
		return err;
	if (crc32c_sum(&c) != file_get(x, FIELD_DATA_SUM, 4))
		return file_corrupt(x, "the checksum of the bits is wrong");
	if (b->bits % 64 && b->words[b->bits / 64] != dirty_last_word(b))
		return file_corrupt(x, "bits are set behind the last one");
	if (bitmap_count(b->words, b->bits) != file_get(x, FIELD_DIRTY, 8))
		return file_corrupt(x, "the number of bits is not what the header says");
	return 0;
}

static int file_check(const struct file *x)
{
	int err = file_check_kind(x);

	if (!err)
		err = file_check_header_sum(x);
	if (!err)
		err = file_check_geometry(x);
	if (!err)
		err = file_check_rest(x);
	if (!err)
		err = file_check_data(x);
	return err;
}

/* A pipe would be waited for and a device might do something, so that both are refused before they are opened. */
static int file_open(const char *path, struct stat *st, struct fail *f)
{
	int fd, err = stat(path, st) ? -errno : 0;

	if (!err && S_ISDIR(st->st_mode))
		err = -EISDIR;
	if (err)
		return fail_set(f, err, "cannot read %s", path);
	if (!S_ISREG(st->st_mode))
		return fail_complete(f, EINVAL, "cannot read %s: it is no regular file", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail_set(f, errno, "cannot read %s", path);
	/* it may be another one by now */
	if (fstat(fd, st) || !S_ISREG(st->st_mode)) {
		close(fd);
		return fail_complete(f, EINVAL, "cannot read %s: it is no regular file", path);
	}
	return fd;
}

int dirty_file_open(struct dirty_bitmap *out, const char *path, struct fail *f)
{
	struct file x = {.path = path, .b = out, .f = f};
	struct stat st;
	int err, fd;

	*out = (struct dirty_bitmap){0};
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return fail_complete(f, EOPNOTSUPP, "bitmap files are little-endian, and this machine is not");
	fd = file_open(path, &st, f);
	if (fd < 0)
		return fd;
	if (!st.st_size) {
		close(fd);
		return fail_complete(f, ENODATA, "%s is truncated: it is empty", path);
	}
	err = dirty_map_open(fd, (uint64_t)st.st_size, &out->map);
	close(fd);
	if (err)
		return fail_set(f, err, "cannot read %s", path);
	x.all = (struct bytes){dirty_map_data(out->map), (size_t)st.st_size};
	err = file_check(&x);
	/* then whatever was seen is of no file */
	if (dirty_map_is_lost(out->map))
		err = dirty_file_check_whole(out, path, f);
	if (err) {
		dirty_bitmap_free(out);
		*out = (struct dirty_bitmap){0};
	}
	return err;
}

int dirty_file_check_whole(const struct dirty_bitmap *b, const char *path, struct fail *f)
{
	return b->map && dirty_map_is_lost(b->map)
		       ? fail_complete(f, ENODATA, "%s was cut, or its disk failed, while it was read", path)
		       : 0;
}
