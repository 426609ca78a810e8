/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remembering what was read. Paths are resolved here as the kernel resolves them, link by link, so that a device that was
 * asked for as /sys/bus/pci/devices/X is kept as that link and a directory below /sys/devices, and is there once.
 */
#include "host/record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/text.h"

#define RECORD_LINKS_MAX 40 /* as the kernel: MAXSYMLINKS */

struct record *record_new(void)
{
	return calloc(1, sizeof(struct record));
}

static void record_set_free(struct record_set *set)
{
	for (unsigned int i = 0; i < set->nr_entries; i++) {
		free(set->entries[i].path);
		free(set->entries[i].data);
	}
	free(set->entries);
	free(set->slots);
}

void record_free(struct record *record)
{
	if (!record)
		return;
	record_set_free(&record->seen);
	record_set_free(&record->refused);
	free(record);
}

/* FNV-1a */
static uint32_t record_hash(const char *path)
{
	uint32_t h = 2166136261u;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 16777619u;
	return h;
}

/* The slot that holds @path, or the free one where it belongs. The table is never full. */
static uint32_t *record_slot(const struct record_set *set, const char *path)
{
	uint32_t at = record_hash(path) & (set->nr_slots - 1);

	while (set->slots[at] && strcmp(set->entries[set->slots[at] - 1].path, path))
		at = (at + 1) & (set->nr_slots - 1);
	return &set->slots[at];
}

static struct record_entry *record_set_find(const struct record_set *set, const char *path)
{
	uint32_t slot = set->nr_slots ? *record_slot(set, path) : 0;

	return slot ? &set->entries[slot - 1] : NULL;
}

const struct record_entry *record_find(const struct record *record, const char *path)
{
	return record_set_find(&record->seen, path);
}

/* Twice the room; slots stay at most half full. */
static int record_set_grow(struct record_set *set)
{
	unsigned int room = set->room ? set->room * 2 : 256;
	struct record_entry *entries = realloc(set->entries, room * sizeof(*entries));
	uint32_t *slots;

	if (!entries)
		return -ENOMEM;
	set->entries = entries;
	slots = calloc(2 * room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(set->slots);
	set->slots = slots;
	set->nr_slots = 2 * room;
	set->room = room;
	for (unsigned int i = 0; i < set->nr_entries; i++)
		*record_slot(set, entries[i].path) = i + 1;
	return 0;
}

/* A new entry; NULL: out of memory. */
static struct record_entry *record_add(struct record *record, struct record_set *set, const char *path,
				       enum record_kind kind)
{
	struct record_entry *e;
	char *copy = strdup(path);

	if (!copy || (set->nr_entries == set->room && record_set_grow(set))) {
		free(copy);
		record->no_memory = true;
		return NULL;
	}
	e = &set->entries[set->nr_entries++];
	*e = (struct record_entry){.path = copy, .kind = kind};
	*record_slot(set, path) = set->nr_entries;
	return e;
}

static void record_data(struct record *record, struct record_entry *e, const char *data, size_t size)
{
	char *copy = malloc(size + 1);

	if (!copy) {
		record->no_memory = true;
		return;
	}
	memcpy(copy, data, size);
	copy[size] = '\0';
	free(e->data);
	e->data = copy;
	e->size = size;
}

/* What lies at @real, looked at once: a link, or @kind where the caller knows it, or by lstat(2). NULL: nothing, or no memory. */
static struct record_entry *record_look(const struct host *host, const char *real, bool known, enum record_kind kind)
{
	struct record_entry *e = record_set_find(&host->record->seen, real);
	char full[PATH_MAX + sizeof(host->root)], target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (e)
		return e;
	snprintf(full, sizeof(full), "%s%s", host->root, real);
	n = readlink(full, target, sizeof(target));
	if (n > 0 && (size_t)n < sizeof(target)) {
		e = record_add(host->record, &host->record->seen, real, RECORD_LINK);
		if (e)
			record_data(host->record, e, target, n);
		return e;
	}
	if (!known) {
		if (lstat(full, &st))
			return NULL;
		kind = S_ISDIR(st.st_mode) ? RECORD_DIR : RECORD_FILE;
	}
	return record_add(host->record, &host->record->seen, real, kind);
}

/* A walk along a path: what is resolved, and what is still to come. */
struct record_walk {
	const struct host *host;
	char real[PATH_MAX], todo[2 * PATH_MAX];
	unsigned int links;
};

/* The next component of what is to come; NULL at the end. */
static const char *record_walk_next(struct record_walk *w, char name[NAME_MAX + 1])
{
	size_t skip = strspn(w->todo, "/"), len = strcspn(w->todo + skip, "/");

	if (!len || len > NAME_MAX)
		return NULL;
	memcpy(name, w->todo + skip, len);
	name[len] = '\0';
	memmove(w->todo, w->todo + skip + len, strlen(w->todo + skip + len) + 1);
	return name;
}

/* False above the root. */
static bool record_walk_up(struct record_walk *w)
{
	char *slash = strrchr(w->real, '/');

	if (slash)
		*slash = '\0';
	return slash != NULL;
}

/* Put a link's target before what is to come. False where it leads out of the root, or in circles. */
static bool record_walk_link(struct record_walk *w, const struct record_entry *link)
{
	char rest[2 * PATH_MAX];
	int n;

	if (!link->data || ++w->links > RECORD_LINKS_MAX || !record_walk_up(w))
		return false;
	if (link->data[0] == '/') {
		w->real[0] = '\0';
		if (host_is_capture(w->host))
			return false;
	}
	text_copy(rest, sizeof(rest), w->todo);
	n = snprintf(w->todo, sizeof(w->todo), "%s/%s", link->data, rest);
	return n > 0 && (size_t)n < sizeof(w->todo);
}

/*
 * What @path leads to: resolved into w->real and remembered, with every directory and link on the way. When @known, somebody was
 * there: the last component is taken for @kind and those before it for directories. NULL: it leads out of the root or nowhere.
 */
static struct record_entry *record_resolve(struct record_walk *w, const struct host *host, const char *path, bool known,
					   enum record_kind kind)
{
	struct record_entry *e;
	char name[NAME_MAX + 1];
	size_t len;
	bool last;

	w->host = host;
	w->real[0] = '\0';
	w->links = 0;
	if (!text_copy(w->todo, sizeof(w->todo), path))
		return NULL;
	while (record_walk_next(w, name)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			if (!record_walk_up(w)) {
				host->record->nr_outside++;
				return NULL;
			}
			continue;
		}
		len = strlen(w->real);
		if (len + 1 + strlen(name) >= sizeof(w->real))
			return NULL;
		w->real[len] = '/';
		strcpy(w->real + len + 1, name);
		last = !w->todo[strspn(w->todo, "/")];
		e = record_look(host, w->real, known, last ? kind : RECORD_DIR);
		if (!e)
			return NULL;
		if (e->kind == RECORD_LINK && !record_walk_link(w, e)) {
			host->record->nr_outside++;
			return NULL;
		}
	}
	return w->real[0] ? record_look(host, w->real, known, kind) : NULL;
}

void record_file(const struct host *host, const char *path, const char *data, size_t size)
{
	struct record_walk w;
	struct record_entry *e;

	if (!host->record)
		return;
	e = record_resolve(&w, host, path, true, RECORD_FILE);
	/* The first reading counts; one that saw more of the file wins. */
	if (e && e->kind == RECORD_FILE && (!e->data || size > e->size))
		record_data(host->record, e, data, size);
}

void record_dir(const struct host *host, const char *path, char *const *names)
{
	struct record_walk w;
	struct record_entry *e;
	char child[PATH_MAX];
	int n;

	if (!host->record)
		return;
	e = record_resolve(&w, host, path, true, RECORD_DIR);
	for (; e && *names; names++) {
		n = snprintf(child, sizeof(child), "%s/%s", w.real, *names);
		if (n > 0 && (size_t)n < sizeof(child))
			record_look(host, child, false, RECORD_FILE);
	}
}

/* Also of what is not there: the directories on the way, which tell from "was not looked for". */
void record_exists(const struct host *host, const char *path)
{
	struct record_walk w;

	if (host->record)
		record_resolve(&w, host, path, false, RECORD_FILE);
}

void record_link(const struct host *host, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct record_walk w;
	char dir[PATH_MAX], child[2 * PATH_MAX];

	if (!host->record || !slash)
		return;
	w.real[0] = '\0';
	text_copy(dir, MIN(sizeof(dir), (size_t)(slash - path) + 1), path);
	/* The link itself is not followed: what it leads to was not looked at. */
	if (dir[0] && !record_resolve(&w, host, dir, true, RECORD_DIR))
		return;
	if ((size_t)snprintf(child, sizeof(child), "%s%s", w.real, slash) < PATH_MAX)
		record_look(host, child, false, RECORD_FILE);
}

void record_refused(const struct host *host, const char *path, int err)
{
	struct record_entry *e;

	if (!host->record || err == -ENOMEM)
		return;
	/* these come of what lies there, which is kept: absent, a directory, links in a circle */
	if (err == -ENOENT || err == -ENOTDIR || err == -EISDIR || err == -ELOOP) {
		record_exists(host, path);
		return;
	}
	if (record_set_find(&host->record->refused, path))
		return;
	e = record_add(host->record, &host->record->refused, path, RECORD_REFUSED);
	if (e)
		e->err = -err;
	/* It is there, and whoever lists the directory will see it. */
	record_exists(host, path);
}

static int record_compare(const void *a, const void *b)
{
	return strcmp(((const struct record_entry *)a)->path, ((const struct record_entry *)b)->path);
}

static void record_set_sort(struct record_set *set)
{
	if (set->nr_entries)
		qsort(set->entries, set->nr_entries, sizeof(*set->entries), record_compare);
	free(set->slots);
	set->slots = NULL;
	set->nr_slots = 0;
}

void record_sort(struct record *record)
{
	record_set_sort(&record->seen);
	record_set_sort(&record->refused);
}
