/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory there is for this process: the machine's, and what its control groups leave it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "host/host.h"
#include "host/self.h"

#define SELF_CGROUPS "/sys/fs/cgroup"

/* "KEY<blanks>NUMBER" on a line of @text; 0 if there is none. */
static uint64_t self_memory_number(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && (line[len] == ' ' || line[len] == '\t'))
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

/*
 * What one group has left: its limit less what cannot be taken back from it (Documentation/admin-guide/cgroup-v2.rst: memory.current
 * includes the page cache). UINT64_MAX: it has no limit.
 */
static uint64_t self_group_memory(const struct host *host, const char *group)
{
	CLEANUP_FREE char *stat = NULL;
	uint64_t max, current, cache = 0;
	char line[32];

	if (host_read_line(host, line, sizeof(line), SELF_CGROUPS "%s/memory.max", group) || num_parse_u64(line, &max))
		return UINT64_MAX;
	if (host_read_line(host, line, sizeof(line), SELF_CGROUPS "%s/memory.current", group) ||
	    num_parse_u64(line, &current))
		return UINT64_MAX;
	if (!host_read_file(host, &stat, NULL, SELF_CGROUPS "%s/memory.stat", group))
		cache = self_memory_number(stat, "inactive_file") + self_memory_number(stat, "active_file");
	current -= MIN(cache, current);
	return max - MIN(current, max);
}

/* The least that our group and those above it have left. */
static uint64_t self_groups_memory(const struct host *host)
{
	CLEANUP_FREE char *groups = NULL;
	uint64_t least = UINT64_MAX, left;
	char *path, *slash;

	if (host_read_file(host, &groups, NULL, "/proc/self/cgroup") || !(path = strstr(groups, "0::/")))
		return least;
	path += strlen("0::");
	path[strcspn(path, "\n")] = 0;
	for (;;) {
		left = self_group_memory(host, path);
		least = MIN(least, left);
		slash = strrchr(path, '/');
		if (!slash)
			return least;
		*slash = 0;
	}
}

int self_memory_free(const struct host *host, uint64_t *bytes)
{
	CLEANUP_FREE char *info = NULL;
	int err = host_read_file(host, &info, NULL, "/proc/meminfo");
	uint64_t groups;

	if (err)
		return err;
	*bytes = self_memory_number(info, "MemAvailable:");
	if (!*bytes)
		return -ENODATA; /* before Linux 3.14 */
	groups = self_groups_memory(host);
	*bytes = MIN(*bytes << 10, groups);
	return 0;
}

int self_memory_enough(const struct host *host, uint64_t bytes, struct fail *f)
{
	uint64_t there;
	char want[32], have[32];

	/* nobody tells: the kernel has the last word */
	if (self_memory_free(host, &there))
		return 0;
	/* what is pinned cannot be taken back: the machine must go on living beside it */
	there -= there / 8;
	if (bytes <= there)
		return 0;
	fail_set(f, ENOMEM, "%s of memory are needed, and %s may be taken", num_format_size(want, sizeof(want), bytes),
		 num_format_size(have, sizeof(have), ALIGN_DOWN(there, MiB(1))));
	fail_hint(f, "that is 7/8 of what is free: choose a smaller --size, fewer --threads, or end other programs");
	return -ENOMEM;
}
