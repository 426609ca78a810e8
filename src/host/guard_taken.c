/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may still be in use of a device that the host no longer drives: its disks are gone, and what stood on them may not be. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/bind_state.h"
#include "host/guard_disk.h"
#include "host/text.h"

static int guard_forced(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	struct bind_state state;
	int ret = bind_state_read(host, dev->addr, &state);

	if (!ret && state.used[0])
		guard_reason(out, "it was taken by force while %.100s", state.used);
	return ret == -ENOENT ? 0 : ret;
}

/* "/dev/nvme0n1p2" is the node of a disk that is not there. */
static bool guard_is_orphan(const struct guard_index *index, const char *node, size_t len)
{
	char name[64];

	if (!text_starts(node, "/dev/nvme") || len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(len - 5), node + 5);
	return !host_exists(index->host, "/sys/class/block/%s", name);
}

static void guard_orphans(const struct guard_index *index, struct guard_reasons *out)
{
	for (unsigned int i = 0; i < index->mounts->count; i++) {
		const struct guard_mount *m = &index->mounts->mounts[i];

		if (guard_is_orphan(index, m->source, strlen(m->source)))
			guard_reason(out, "%s, mounted on %s, is on a disk that is gone: perhaps this one", m->source,
				     m->point);
	}
	for (const char *line = index->swaps; line && *line; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		len = strcspn(line, " \t\n");
		if (guard_is_orphan(index, line, len))
			guard_reason(out, "%.*s, in use as swap, is on a disk that is gone: perhaps this one", (int)len,
				     line);
	}
}

int guards_check_taken(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	struct guard_index *index;
	int ret = guard_index_open(host, &index);

	memset(out, 0, sizeof(*out));
	if (!ret)
		ret = guards_check_in(index, dev, true, out);
	if (!ret)
		ret = guard_forced(host, dev, out);
	if (!ret)
		ret = index->tables_err;
	if (!ret)
		guard_orphans(index, out);
	guard_index_close(index);
	return ret;
}
