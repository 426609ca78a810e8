/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture's list of what could not be read: loaded once, searched at every access. */
#include "host/refused.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REFUSED_ERRNO_MAX 255 /* Linux has some 130, and ends of lines that are none are looked up in vain */
#define REFUSED_MAX MiB(4)

struct refused_entry {
	char *path;
	int err;
};

struct refused {
	unsigned int count, room;
	struct refused_entry *entries;
};

void refused_free(struct refused *refused)
{
	for (unsigned int i = 0; refused && i < refused->count; i++)
		free(refused->entries[i].path);
	if (refused)
		free(refused->entries);
	free(refused);
}

static int refused_add(struct refused *refused, const char *path, int err)
{
	struct refused_entry *more;
	char *copy;

	if (refused->count == refused->room) {
		refused->room = refused->room ? refused->room * 2 : 64;
		more = realloc(refused->entries, refused->room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		refused->entries = more;
	}
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	refused->entries[refused->count++] = (struct refused_entry){copy, err};
	return 0;
}

/* By its name, as strerrorname_np(3) gives it. 0: there is no such error. */
static int refused_errno(const char *name)
{
	for (int err = 1; err <= REFUSED_ERRNO_MAX; err++) {
		const char *known = strerrorname_np(err);

		if (known && strcmp(known, name) == 0)
			return err;
	}
	return 0;
}

/* "PATH ERRNO": the last blank divides them. */
static int refused_line(struct refused *refused, char *line)
{
	char *blank;
	int err;

	blank = strrchr(line, ' ');
	if (!blank || line[0] != '/')
		return 0;
	*blank = '\0';
	err = refused_errno(blank + 1);
	return err > 0 ? refused_add(refused, line, err) : 0;
}

static int refused_compare(const void *a, const void *b)
{
	return strcmp(((const struct refused_entry *)a)->path, ((const struct refused_entry *)b)->path);
}

static int refused_parse(char *text, struct refused *refused)
{
	char *line, *rest;
	int err = 0;

	for (line = strtok_r(text, "\n", &rest); line && !err; line = strtok_r(NULL, "\n", &rest))
		err = refused_line(refused, line);
	if (!err && refused->count)
		qsort(refused->entries, refused->count, sizeof(*refused->entries), refused_compare);
	return err;
}

int refused_load(const struct host *host, struct refused **out, struct fail *f)
{
	CLEANUP_FREE char *text = NULL;
	int err = host_read_bounded(host, REFUSED_MAX, &text, NULL, "/" REFUSED_FILE);

	*out = NULL;
	if (err == -ENOENT || err == -ENOTDIR)
		return 0;
	if (!err) {
		*out = calloc(1, sizeof(**out));
		err = *out ? refused_parse(text, *out) : -ENOMEM;
	}
	if (!err)
		return 0;
	refused_free(*out);
	*out = NULL;
	return fail_set(f, err, "cannot read %s/" REFUSED_FILE, host->root);
}

int refused_find(const struct refused *refused, const char *path)
{
	struct refused_entry key = {.path = (char *)(uintptr_t)path};
	const struct refused_entry *e;

	if (!refused || !refused->count)
		return 0;
	e = bsearch(&key, refused->entries, refused->count, sizeof(*refused->entries), refused_compare);
	return e ? e->err : 0;
}
