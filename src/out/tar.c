/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tar archive, block after block. */
#include "out/tar.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "out/sink.h"

#define TAR_BLOCK 512
#define TAR_RECORD (20 * TAR_BLOCK) /* archives are a multiple of it, as POSIX says */
#define TAR_NAME_MAX 100
#define TAR_PREFIX_MAX 155
#define TAR_FILE_MAX 077777777777ULL /* eleven octal digits */

enum tar_type { TAR_FILE = '0', TAR_LINK = '2', TAR_DIR = '5', TAR_EXTENDED = 'x' };

/* POSIX.1-2017, pax, ustar Interchange Format: offsets are the specification's; numbers are octal and end with a NUL. */
struct tar_header {
	char name[TAR_NAME_MAX], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[TAR_NAME_MAX],
		magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[TAR_PREFIX_MAX], pad[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is a block");

struct tar {
	int fd, err;
	uint64_t mtime, written;
	size_t used; /* of buf */
	char buf[TAR_RECORD];
};

struct tar *tar_open(int fd, uint64_t mtime)
{
	struct tar *tar = calloc(1, sizeof(*tar));

	if (!tar)
		return NULL;
	tar->fd = fd;
	tar->mtime = MIN(mtime, TAR_FILE_MAX);
	return tar;
}

static void tar_put(struct tar *tar, const void *data, size_t size)
{
	const char *from = data;

	while (size && !tar->err) {
		size_t n = MIN(size, sizeof(tar->buf) - tar->used);

		memcpy(tar->buf + tar->used, from, n);
		tar->used += n;
		tar->written += n;
		from += n;
		size -= n;
		if (tar->used == sizeof(tar->buf)) {
			tar->err = sink_write_fd(tar->fd, tar->buf, tar->used);
			tar->used = 0;
		}
	}
}

static void tar_pad(struct tar *tar, size_t unit)
{
	static const char zero[TAR_BLOCK];

	while (tar->written % unit && !tar->err)
		tar_put(tar, zero, MIN(unit - tar->written % unit, sizeof(zero)));
}

static void tar_data(struct tar *tar, const void *data, size_t size)
{
	tar_put(tar, data, size);
	tar_pad(tar, TAR_BLOCK);
}

static void tar_octal(char *field, size_t width, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llo", (int)width - 1, (unsigned long long)value);
	memcpy(field, text, width);
}

/* The sum of all bytes, those of the field itself counted as blanks. */
static void tar_checksum(struct tar_header *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned int sum = 0;
	char text[8];

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	snprintf(text, sizeof(text), "%06o", sum & 0777777);
	memcpy(h->checksum, text, 7);
}

/* Into name, or prefix and name divided at a slash. False: it does not fit. */
static bool tar_split(const char *path, struct tar_header *h)
{
	size_t len = strlen(path);
	const char *slash;

	if (len <= TAR_NAME_MAX) {
		memcpy(h->name, path, len);
		return true;
	}
	if (len > TAR_PREFIX_MAX + 1 + TAR_NAME_MAX)
		return false;
	/* the first slash that leaves a name that is short enough; something has to follow it */
	slash = strchr(path + len - TAR_NAME_MAX - 1, '/');
	if (!slash || slash - path > TAR_PREFIX_MAX || slash == path || !slash[1])
		return false;
	memcpy(h->prefix, path, slash - path);
	memcpy(h->name, slash + 1, strlen(slash + 1));
	return true;
}

static void tar_header(struct tar *tar, struct tar_header *h, enum tar_type type, size_t size)
{
	tar_octal(h->mode, sizeof(h->mode), type == TAR_DIR ? 0755 : type == TAR_LINK ? 0777 : 0644);
	tar_octal(h->uid, sizeof(h->uid), 0);
	tar_octal(h->gid, sizeof(h->gid), 0);
	tar_octal(h->size, sizeof(h->size), size);
	tar_octal(h->mtime, sizeof(h->mtime), tar->mtime);
	h->type = (char)type;
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	tar_octal(h->devmajor, sizeof(h->devmajor), 0);
	tar_octal(h->devminor, sizeof(h->devminor), 0);
	tar_checksum(h);
	tar_put(tar, h, sizeof(*h));
}

/* "LENGTH path=VALUE\n", where LENGTH counts itself. @out has room for all of it. */
static size_t tar_record(char *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, len = rest + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof(digits), "%zu", len) + rest != len)
		len = rest + strlen(digits);
	return (size_t)sprintf(out, "%zu %s=%s\n", len, key, value);
}

/* A header of its own before the entry, for what does not fit into the entry's. */
static void tar_extended(struct tar *tar, const char *path, const char *link)
{
	struct tar_header h = {.name = "PaxHeaders/0"};
	CLEANUP_FREE char *text = malloc((path ? strlen(path) : 0) + (link ? strlen(link) : 0) + 100);
	size_t size = 0;

	if (!text) {
		tar->err = -ENOMEM;
		return;
	}
	if (path)
		size += tar_record(text, "path", path);
	if (link)
		size += tar_record(text + size, "linkpath", link);
	tar_header(tar, &h, TAR_EXTENDED, size);
	tar_data(tar, text, size);
}

static int tar_entry(struct tar *tar, enum tar_type type, const char *name, const char *link, const void *data,
		     size_t size)
{
	struct tar_header h = {0};
	bool fits = tar_split(name, &h), link_fits = !link || strlen(link) <= TAR_NAME_MAX;

	if (tar->err)
		return tar->err;
	if (!*name || *name == '/' || size > TAR_FILE_MAX)
		return tar->err = -EINVAL;
	if (!fits || !link_fits)
		tar_extended(tar, fits ? NULL : name, link_fits ? NULL : link);
	/* readers without extended headers get what fits */
	if (!fits)
		memcpy(h.name, name, TAR_NAME_MAX);
	if (link)
		memcpy(h.link, link, MIN(strlen(link), TAR_NAME_MAX));
	tar_header(tar, &h, type, size);
	tar_data(tar, data, size);
	return tar->err;
}

int tar_dir(struct tar *tar, const char *name)
{
	return tar_entry(tar, TAR_DIR, name, NULL, NULL, 0);
}

int tar_file(struct tar *tar, const char *name, const void *data, size_t size)
{
	return tar_entry(tar, TAR_FILE, name, NULL, data, size);
}

int tar_link(struct tar *tar, const char *name, const char *target)
{
	return tar_entry(tar, TAR_LINK, name, target, NULL, 0);
}

int tar_close(struct tar *tar, uint64_t *size)
{
	static const char end[2 * TAR_BLOCK];
	int err;

	if (!tar)
		return 0;
	tar_put(tar, end, sizeof(end));
	tar_pad(tar, TAR_RECORD);
	err = tar->err;
	if (size)
		*size = tar->written;
	free(tar);
	return err;
}
