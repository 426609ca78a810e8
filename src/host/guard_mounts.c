/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted where, as proc(5) tells it, found by device number or by name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/guard_index.h"
#include "host/text.h"

struct guard_mount_key {
	const char *text;
	unsigned int mount; /* the first in the tables counts */
};

/* ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS; blanks in names are escaped. */
static bool guard_mount_parse(const char *line, struct guard_mount *m)
{
	const char *dash = strstr(line, " - ");

	return dash && sscanf(line, "%*s %*s %23s %*s %127s", m->dev, m->point) == 2 &&
	       sscanf(dash, " - %31s %127s", m->type, m->source) == 2;
}

static int guard_mounts_take(struct guard_mounts *mounts, char *text, bool ours)
{
	struct guard_mount *bigger;
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (mounts->count == mounts->room) {
			mounts->room = mounts->room ? mounts->room * 2 : 64;
			bigger = realloc(mounts->mounts, mounts->room * sizeof(*bigger));
			if (!bigger)
				return -ENOMEM;
			mounts->mounts = bigger;
		}
		mounts->mounts[mounts->count].ours = ours;
		if (guard_mount_parse(line, &mounts->mounts[mounts->count]))
			mounts->count++;
	}
	return 0;
}

static int guard_mounts_table(const struct host *host, const char *path, struct guard_mounts *mounts, bool ours)
{
	CLEANUP_FREE char *text = NULL;
	int ret = host_read_file(host, &text, NULL, "%s", path);

	return ret ? ret : guard_mounts_take(mounts, text, ours);
}

static int guard_mount_key_compare(const void *a, const void *b)
{
	const struct guard_mount_key *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : (x->mount > y->mount) - (x->mount < y->mount);
}

/* btrfs shows device numbers of its own, so the source's name counts as well. */
static int guard_mounts_sort(struct guard_mounts *mounts)
{
	mounts->keys = calloc(2 * mounts->count + 1, sizeof(*mounts->keys));
	if (!mounts->keys)
		return -ENOMEM;
	for (unsigned int i = 0; i < mounts->count; i++) {
		const struct guard_mount *m = &mounts->mounts[i];

		mounts->keys[mounts->nr_keys++] = (struct guard_mount_key){m->dev, i};
		if (text_starts(m->source, "/dev/"))
			mounts->keys[mounts->nr_keys++] = (struct guard_mount_key){m->source, i};
	}
	if (mounts->nr_keys)
		qsort(mounts->keys, mounts->nr_keys, sizeof(*mounts->keys), guard_mount_key_compare);
	return 0;
}

int guard_mounts_read(const struct host *host, struct guard_mounts **out)
{
	struct guard_mounts *mounts = calloc(1, sizeof(*mounts));
	int ret = mounts ? 0 : -ENOMEM;

	*out = NULL;
	if (ret)
		return ret;
	ret = guard_mounts_table(host, "/proc/1/mountinfo", mounts, false);
	if (ret != -ENOMEM)
		ret = guard_mounts_table(host, "/proc/self/mountinfo", mounts, true);
	if (ret == -ENOENT && host_is_capture(host))
		ret = 0; /* not in it; on the running machine /proc is not mounted */
	if (!ret)
		ret = guard_mounts_sort(mounts);
	if (ret)
		guard_mounts_free(mounts);
	else
		*out = mounts;
	return ret;
}

void guard_mounts_free(struct guard_mounts *mounts)
{
	if (!mounts)
		return;
	free(mounts->mounts);
	free(mounts->keys);
	free(mounts);
}

/* The first mount with this key; UINT_MAX without any. */
static unsigned int guard_mounts_find(const struct guard_mounts *mounts, const char *text)
{
	unsigned int low = 0, high = mounts->nr_keys, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(mounts->keys[mid].text, text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == mounts->nr_keys || strcmp(mounts->keys[low].text, text))
		return UINT32_MAX;
	return mounts->keys[low].mount;
}

const char *guard_mounts_of(const struct guard_mounts *mounts, const char *name, const char *dev)
{
	unsigned int found = UINT32_MAX;
	char node[300];

	if (*dev)
		found = guard_mounts_find(mounts, dev);
	snprintf(node, sizeof(node), "/dev/%s", name);
	found = MIN(found, guard_mounts_find(mounts, node));
	return found == UINT32_MAX ? NULL : mounts->mounts[found].point;
}
