/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guards for storage: what of a device's disks and shares the host uses. */
#include "host/guard_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/text.h"

static bool guard_is_swap(const struct guard_index *index, const char *name)
{
	char node[64];
	size_t len;

	len = snprintf(node, sizeof(node), "/dev/%.50s", name);
	for (const char *line = index->swaps; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, node, len) == 0 && (line[len] == ' ' || line[len] == '\t'))
			return true;
	}
	return false;
}

/* "dm-0 (vg-root)", "md127": what the kernel stacked on top. */
static int guard_holders(const struct host *host, const char *name, struct guard_reasons *out)
{
	CLEANUP_FREE char **holders = NULL;
	char label[80];
	int ret;

	ret = host_list_dir(host, &holders, "/sys/class/block/%s/holders", name);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	for (char **holder = holders; *holder; holder++) {
		if (host_read_line(host, label, sizeof(label), "/sys/class/block/%s/dm/name", *holder) == 0)
			guard_reason(out, "%s is part of %s (%s)", name, *holder, label);
		else
			guard_reason(out, "%s is part of %s", name, *holder);
	}
	return 0;
}

/* What the tables do not tell (ZFS, mounts of other namespaces): an exclusive open fails while the kernel uses a disk. */
static bool guard_is_claimed(const struct host *host, const char *name)
{
	char node[PATH_MAX];
	int fd;

	if (host_is_capture(host) || host_path(host, node, sizeof(node), "/dev/%s", name))
		return false;
	fd = open(node, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

static int guard_block(const struct guard_index *index, const char *name, struct guard_reasons *out)
{
	const char *point;
	char dev[24];
	int ret;

	if (host_read_line(index->host, dev, sizeof(dev), "/sys/class/block/%s/dev", name))
		dev[0] = '\0';
	ret = guard_holders(index->host, name, out);
	point = guard_mounts_of(index->mounts, name, dev);
	if (point)
		guard_reason(out, "%s is mounted on %s", name, point);
	if (guard_is_swap(index, name))
		guard_reason(out, "%s is swap", name);
	return ret;
}

int guard_disks(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	const struct behind *disks;
	int ret = index->err[BEHIND_BLOCK];
	unsigned int n;

	if (ret)
		return ret == -ENOENT ? 0 : ret;
	ret = index->tables_err;
	disks = guard_behind(index, dev->addr, BEHIND_BLOCK, &n);
	for (unsigned int i = 0; !ret && i < n; i++)
		ret = guard_block(index, disks[i].name, out);
	return ret;
}

int guard_probe_disks(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	const struct behind *disks;
	unsigned int n;

	disks = guard_behind(index, dev->addr, BEHIND_BLOCK, &n);
	/* A disk counts as claimed while one of its partitions is: the first one found says enough. */
	for (unsigned int i = 0; i < n && !out->count; i++)
		if (guard_is_claimed(index->host, disks[i].name))
			guard_reason(out, "%s is in use by the kernel", disks[i].name);
	return 0;
}

/* 9p names its device by the tag; virtiofs tells its tag only since 6.9, so any mount of it counts. */
static bool guard_share_matches(const struct guard_mount *m, const char *driver, const char *tag)
{
	if (strcmp(m->type, "9p") == 0)
		return *tag && strcmp(m->source, tag) == 0;
	return strcmp(m->type, "virtiofs") == 0 && strcmp(driver, "virtiofs") == 0;
}

static void guard_share(const struct guard_index *index, const char *name, struct guard_reasons *out)
{
	char driver[32], tag[64];

	if (host_read_link(index->host, driver, sizeof(driver), "/sys/bus/virtio/devices/%s/driver", name))
		driver[0] = '\0';
	if (host_read_line(index->host, tag, sizeof(tag), "/sys/bus/virtio/devices/%s/mount_tag", name))
		tag[0] = '\0';
	/* most virtio devices are something else */
	if (!*tag && strcmp(driver, "virtiofs"))
		return;
	for (unsigned int i = 0; i < index->mounts->count; i++) {
		const struct guard_mount *m = &index->mounts->mounts[i];

		if (m->ours && guard_share_matches(m, driver, tag))
			guard_reason(out, "%s is mounted on %s (%s)", m->source, m->point, m->type);
	}
}

int guard_shares(struct guard_index *index, const struct pci_info *dev, struct guard_reasons *out)
{
	const struct behind *shares;
	int ret = index->err[BEHIND_VIRTIO];
	unsigned int n;

	if (ret)
		return ret == -ENOENT ? 0 : ret;
	if (index->tables_err)
		return index->tables_err;
	shares = guard_behind(index, dev->addr, BEHIND_VIRTIO, &n);
	for (unsigned int i = 0; i < n; i++)
		guard_share(index, shares[i].name, out);
	return 0;
}
