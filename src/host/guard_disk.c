/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guards for storage: what of a device's disks and shares the host uses. */
#include "host/guard_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/pci_path.h"
#include "host/text.h"

/* The machine's tables, read once per check. */
struct guard_tables {
	char *mounts[2]; /* of init, whose view is the machine's, and of this process */
	char *swaps;
};

static void guard_tables_free(struct guard_tables *t)
{
	free(t->mounts[0]);
	free(t->mounts[1]);
	free(t->swaps);
}

/* What is not there is empty (a kernel without swap, a small capture); what cannot be read is an error. */
static int guard_read_table(const struct host *host, const char *path, char **out)
{
	int ret = host_read_file(host, out, NULL, "%s", path);

	if (ret)
		*out = NULL;
	return ret == -ENOENT ? 0 : ret;
}

/* Frees what it read when it fails. init's mounts are not for everyone, and without them ours have to do. */
static int guard_tables_read(const struct host *host, struct guard_tables *t)
{
	int ret;

	memset(t, 0, sizeof(*t));
	guard_read_table(host, "/proc/1/mountinfo", &t->mounts[0]);
	ret = guard_read_table(host, "/proc/self/mountinfo", &t->mounts[1]);
	if (!ret && !t->mounts[1] && !host_is_capture(host))
		ret = -ENOENT; /* /proc is not mounted */
	if (!ret)
		ret = guard_read_table(host, "/proc/swaps", &t->swaps);
	if (ret)
		guard_tables_free(t);
	return ret;
}

static int guard_read_target(const struct host *host, const char *path, char *target, size_t len)
{
	char full[PATH_MAX];
	ssize_t n;

	if (host_path(host, full, sizeof(full), "%s", path))
		return -ENAMETOOLONG;
	n = readlink(full, target, len - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	return 0;
}

/*
 * A multipath NVMe disk lives below /sys/devices/virtual/nvme-subsystem/nvme-subsysN, whose links nvmeM lead to the
 * controllers (drivers/nvme/host/multipath.c).
 */
static bool guard_nvme_is_behind(const struct host *host, const char *target, const char *addr)
{
	CLEANUP_FREE char **names = NULL;
	const char *s = strstr(target, "/nvme-subsystem/");
	char subsystem[32], path[PATH_MAX], controller[PATH_MAX];

	if (!s || sscanf(s, "/nvme-subsystem/%31[^/]", subsystem) != 1 ||
	    host_list_dir(host, &names, "/sys/devices/virtual/nvme-subsystem/%s", subsystem))
		return false;
	for (char **name = names; *name; name++) {
		snprintf(path, sizeof(path), "/sys/devices/virtual/nvme-subsystem/%s/%s", subsystem, *name);
		if (guard_read_target(host, path, controller, sizeof(controller)) == 0 &&
		    pci_path_contains(controller, addr))
			return true;
	}
	return false;
}

bool guard_is_behind(const struct host *host, const char *addr, const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (guard_read_target(host, path, target, sizeof(target)))
		return false;
	return pci_path_contains(target, addr) || guard_nvme_is_behind(host, target, addr);
}

/* proc(5): ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS; blanks in names are escaped. */
struct guard_mount {
	char dev[24], point[128], type[32], source[128];
};

static const char *guard_mount_next(const char *line, struct guard_mount *m)
{
	const char *end, *dash;

	for (; line && *line; line = end) {
		end = strchr(line, '\n');
		end = end ? end + 1 : line + strlen(line);
		dash = strstr(line, " - ");
		if (dash && dash < end && sscanf(line, "%*s %*s %23s %*s %127s", m->dev, m->point) == 2 &&
		    sscanf(dash, " - %31s %127s", m->type, m->source) == 2)
			return end;
	}
	return NULL;
}

/* Where a block device is mounted. btrfs shows numbers of its own, so the source's name counts as well. */
static bool guard_find_mount(const struct guard_tables *t, const char *name, const char *dev, char *point, size_t len)
{
	struct guard_mount m;

	for (size_t i = 0; i < ARRAY_SIZE(t->mounts); i++)
		for (const char *at = guard_mount_next(t->mounts[i], &m); at; at = guard_mount_next(at, &m))
			if ((*dev && strcmp(m.dev, dev) == 0) ||
			    (text_starts(m.source, "/dev/") && strcmp(m.source + 5, name) == 0)) {
				text_copy(point, len, m.point);
				return true;
			}
	return false;
}

static bool guard_is_swap(const struct guard_tables *t, const char *name)
{
	char node[64];
	size_t len;

	len = snprintf(node, sizeof(node), "/dev/%.50s", name);
	for (const char *line = t->swaps; line && *line; line = strchr(line, '\n')) {
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

static int guard_block(const struct host *host, const struct guard_tables *t, const char *name,
		       struct guard_reasons *out)
{
	char dev[24], point[128];
	int ret;

	if (host_read_line(host, dev, sizeof(dev), "/sys/class/block/%s/dev", name))
		dev[0] = '\0';
	ret = guard_holders(host, name, out);
	if (guard_find_mount(t, name, dev, point, sizeof(point)))
		guard_reason(out, "%s is mounted on %s", name, point);
	if (guard_is_swap(t, name))
		guard_reason(out, "%s is swap", name);
	return ret;
}

int guard_disks(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	CLEANUP_FREE char **names = NULL;
	struct guard_tables tables;
	int ret;

	ret = host_list_dir(host, &names, "/sys/class/block");
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	ret = guard_tables_read(host, &tables);
	if (ret)
		return ret;
	for (char **name = names; !ret && *name; name++)
		if (guard_is_behind(host, dev->addr, "/sys/class/block/%s", *name))
			ret = guard_block(host, &tables, *name, out);
	guard_tables_free(&tables);
	return ret;
}

int guard_probe_disks(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	CLEANUP_FREE char **names = NULL;
	int ret;

	ret = host_list_dir(host, &names, "/sys/class/block");
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	/* A disk counts as claimed while one of its partitions is: the first one found says enough. */
	for (char **name = names; *name && !out->count; name++)
		if (guard_is_behind(host, dev->addr, "/sys/class/block/%s", *name) && guard_is_claimed(host, *name))
			guard_reason(out, "%s is in use by the kernel", *name);
	return 0;
}

/* 9p names its device by the tag; virtiofs tells its tag only since 6.9, so any mount of it counts. */
static bool guard_share_matches(const struct guard_mount *m, const char *driver, const char *tag)
{
	if (strcmp(m->type, "9p") == 0)
		return *tag && strcmp(m->source, tag) == 0;
	return strcmp(m->type, "virtiofs") == 0 && strcmp(driver, "virtiofs") == 0;
}

int guard_shares(const struct host *host, const struct pci_info *dev, struct guard_reasons *out)
{
	CLEANUP_FREE char **names = NULL;
	struct guard_tables tables;
	char driver[32], tag[64];
	struct guard_mount m;
	int ret;

	ret = host_list_dir(host, &names, "/sys/bus/virtio/devices");
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	ret = guard_tables_read(host, &tables);
	if (ret)
		return ret;
	for (char **name = names; *name; name++) {
		if (!guard_is_behind(host, dev->addr, "/sys/bus/virtio/devices/%s", *name))
			continue;
		if (host_read_link(host, driver, sizeof(driver), "/sys/bus/virtio/devices/%s/driver", *name))
			driver[0] = '\0';
		if (host_read_line(host, tag, sizeof(tag), "/sys/bus/virtio/devices/%s/mount_tag", *name))
			tag[0] = '\0';
		for (const char *at = guard_mount_next(tables.mounts[1], &m); at; at = guard_mount_next(at, &m))
			if (guard_share_matches(&m, driver, tag))
				guard_reason(out, "%s is mounted on %s (%s)", m.source, m.point, m.type);
	}
	guard_tables_free(&tables);
	return 0;
}
