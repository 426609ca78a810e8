/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a struct host has read, remembered: the bytes of that moment, for a capture. */
#ifndef IC_HOST_RECORD_H
#define IC_HOST_RECORD_H

#include <stdbool.h>

#include "host/host.h"

enum record_kind { RECORD_DIR, RECORD_FILE, RECORD_LINK, RECORD_REFUSED };

struct record_entry {
	char *path; /* without the root, "/sys/class/iommu"; no symbolic link on the way to it. As asked where it was refused */
	enum record_kind kind;
	char *data; /* a file's bytes (NULL: it was only seen) or a link's target; NUL-terminated, the NUL not counted */
	size_t size;
	int err; /* positive errno of what refused */
};

/* Found by path in constant time. Iterate over entries[]. */
struct record_set {
	unsigned int nr_entries, room, nr_slots;
	struct record_entry *entries;
	uint32_t *slots;
};

struct record {
	struct record_set seen, refused;
	unsigned int nr_outside; /* links that led out of the root and were not followed */
	bool no_memory;		 /* something is missing */
};

/* NULL: out of memory. Put it into host->record; the caller takes it out again and frees it. */
struct record *record_new(void);
void record_free(struct record *record); /* NULL is fine */
/* By path, parents before children. */
void record_sort(struct record *record);
/* In a record that is not sorted. NULL: not seen. */
const struct record_entry *record_find(const struct record *record, const char *path);

/*
 * host.c tells what came of each access to @path (without the root). They do nothing when host->record is NULL, and never fail:
 * a lack of memory is remembered.
 */
void record_file(const struct host *host, const char *path, const char *data, size_t size);
void record_dir(const struct host *host, const char *path, char *const *names);
void record_link(const struct host *host, const char *path);
void record_exists(const struct host *host, const char *path);
/* @err -errno. That something is not there is no refusal: then the directories on the way to it are kept. */
void record_refused(const struct host *host, const char *path, int err);

#endif
