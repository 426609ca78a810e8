/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies behind which PCI device: every link of a few classes followed once. */
#include "host/guard_index.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/pci_path.h"

static const char *const behind_dirs[BEHIND_KINDS] = {
	"/sys/class/block", "/sys/class/net", "/sys/bus/virtio/devices", "/sys/class/graphics", "/sys/class/drm",
};

static int guard_index_add(struct guard_index *index, const char *addr, enum behind_kind kind, const char *name)
{
	struct behind *bigger;

	if (index->count == index->room) {
		index->room = index->room ? index->room * 2 : 64;
		bigger = realloc(index->items, index->room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		index->items = bigger;
	}
	index->items[index->count++] = (struct behind){pci_path_number(addr), kind, name};
	return 0;
}

/* Behind every device on the way. */
static int guard_index_path(struct guard_index *index, const char *path, enum behind_kind kind, const char *name)
{
	char addr[16];
	int ret = 0;

	while (!ret && pci_path_next(&path, addr))
		ret = guard_index_add(index, addr, kind, name);
	return ret;
}

/*
 * A multipath NVMe disk lives below /sys/devices/virtual/nvme-subsystem/nvme-subsysN, whose links nvmeM lead to the
 * controllers (drivers/nvme/host/multipath.c).
 */
static int guard_index_nvme(struct guard_index *index, const char *target, enum behind_kind kind, const char *name)
{
	CLEANUP_FREE char **links = NULL;
	const char *s = strstr(target, "/nvme-subsystem/");
	char subsystem[32], controller[PATH_MAX];
	int ret = 0;

	if (!s || sscanf(s, "/nvme-subsystem/%31[^/]", subsystem) != 1 ||
	    host_list_dir(index->host, &links, "/sys/devices/virtual/nvme-subsystem/%s", subsystem))
		return 0;
	for (char **link = links; !ret && *link; link++)
		if (host_read_target(index->host, controller, sizeof(controller),
				     "/sys/devices/virtual/nvme-subsystem/%s/%s", subsystem, *link) == 0)
			ret = guard_index_path(index, controller, kind, name);
	return ret;
}

static int guard_index_class(struct guard_index *index, enum behind_kind kind)
{
	char target[PATH_MAX];
	int ret;

	ret = index->err[kind] = host_list_dir(index->host, &index->names[kind], "%s", behind_dirs[kind]);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	for (char **name = index->names[kind]; !ret && *name; name++) {
		if (host_read_target(index->host, target, sizeof(target), "%s/%s", behind_dirs[kind], *name))
			continue;
		ret = guard_index_path(index, target, kind, *name);
		if (!ret)
			ret = guard_index_nvme(index, target, kind, *name);
	}
	return ret;
}

static int behind_compare(const void *a, const void *b)
{
	const struct behind *x = a, *y = b;

	if (x->pci != y->pci)
		return x->pci < y->pci ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	/* names of a kind are one block of memory in their order */
	return (x->name > y->name) - (x->name < y->name);
}

/* A disk with two controllers behind one bridge is there once. */
static void guard_index_sort(struct guard_index *index)
{
	unsigned int kept = 0;

	if (!index->count)
		return;
	qsort(index->items, index->count, sizeof(*index->items), behind_compare);
	for (unsigned int i = 1; i < index->count; i++)
		if (behind_compare(&index->items[kept], &index->items[i]))
			index->items[++kept] = index->items[i];
	index->count = kept + 1;
}

/* What is not there is empty (a kernel without swap, a small capture); what cannot be read is an error. */
static int guard_index_tables(struct guard_index *index)
{
	int ret = guard_mounts_read(index->host, &index->mounts);

	if (ret)
		return ret;
	ret = host_read_file(index->host, &index->swaps, NULL, "/proc/swaps");
	return ret == -ENOENT ? 0 : ret;
}

int guard_index_open(const struct host *host, struct guard_index **out)
{
	struct guard_index *index = calloc(1, sizeof(*index));
	int ret = index ? 0 : -ENOMEM;

	*out = index;
	if (ret)
		return ret;
	index->host = host;
	for (enum behind_kind kind = 0; !ret && kind < BEHIND_KINDS; kind++)
		ret = guard_index_class(index, kind);
	if (!ret) {
		guard_index_sort(index);
		index->tables_err = guard_index_tables(index);
		return 0;
	}
	guard_index_close(index);
	*out = NULL;
	return ret;
}

void guard_index_close(struct guard_index *index)
{
	if (!index)
		return;
	for (enum behind_kind kind = 0; kind < BEHIND_KINDS; kind++)
		free(index->names[kind]);
	free(index->items);
	guard_mounts_free(index->mounts);
	free(index->swaps);
	free(index->platform);
	free(index);
}

const struct behind *guard_behind(const struct guard_index *index, const char *addr, enum behind_kind kind,
				  unsigned int *count)
{
	uint64_t pci = pci_path_number(addr);
	unsigned int low = 0, high = index->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (index->items[mid].pci < pci || (index->items[mid].pci == pci && index->items[mid].kind < kind))
			low = mid + 1;
		else
			high = mid;
	}
	for (*count = 0; low + *count < index->count; ++*count)
		if (index->items[low + *count].pci != pci || index->items[low + *count].kind != kind)
			break;
	return *count ? &index->items[low] : NULL;
}
