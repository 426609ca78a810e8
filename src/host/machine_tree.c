/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bridge a device is behind, by sysfs' tree, and which bus is behind a bridge. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/host_dir.h"
#include "host/machine.h"
#include "host/pci_path.h"

/* The component of @path that ends at @end, exclusive, moved before it. False: not a full PCI address. */
static bool tree_component(const char *path, size_t *end, char out[16])
{
	size_t stop = *end, start;

	while (stop && path[stop - 1] == '/')
		stop--;
	for (start = stop; start && path[start - 1] != '/'; start--)
		;
	*end = start;
	/* "pci0000:00" is a bus, and short forms do not occur in sysfs */
	return stop - start >= 12 && pci_path_parse(path + start, stop - start, out);
}

/* How many bridges lie between the device and its root bus, by its link; the nearest in @parent. 0 = none. */
static unsigned int tree_above(const struct host_dir *devices, const char *addr, char parent[16])
{
	char target[PATH_MAX], part[16];
	unsigned int depth = 0;
	size_t end;

	if (host_dir_target(devices, addr, target, sizeof(target)))
		return 0;
	end = strlen(target);
	if (!tree_component(target, &end, part))
		return 0;
	while (tree_component(target, &end, part))
		if (!depth++)
			memcpy(parent, part, sizeof(part));
	return depth;
}

/* A parent is one level up in its own link as well: so links that lie cannot make a loop. */
static int tree_parents(struct machine *m)
{
	CLEANUP_FREE unsigned int *depths = calloc(m->nr_devices + 1, sizeof(*depths));
	struct host_dir devices;
	char parent[16];

	if (!depths)
		return -ENOMEM;
	host_dir_open(&devices, m->host, "/sys/bus/pci/devices");
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		depths[i] = tree_above(&devices, m->pci[i].addr, parent);
		m->parents[i] = depths[i] ? machine_device(m, parent) : -1;
	}
	host_dir_close(&devices);
	for (unsigned int i = 0; i < m->nr_devices; i++)
		if (m->parents[i] >= 0 && depths[m->parents[i]] + 1 != depths[i])
			m->parents[i] = -1;
	return 0;
}

static int tree_bus(const char *addr)
{
	return (int)(pci_path_number(addr) >> 8 & 0xff);
}

static void tree_secondary(struct machine *m)
{
	for (unsigned int i = 0; i < m->nr_devices; i++)
		m->secondary[i] =
			m->pci[i].is_bridge && m->configs && m->configs[i].secondary ? m->configs[i].secondary : -1;
	/* VFs of a device behind a bridge are on buses of their own: the lowest one is the bridge's */
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		int up = m->parents[i];

		if (up >= 0 && m->secondary[up] < 0)
			m->secondary[up] = tree_bus(m->pci[i].addr);
	}
}

int machine_read_tree(struct machine *m)
{
	m->parents = calloc(m->nr_devices + 1, sizeof(*m->parents));
	m->secondary = calloc(m->nr_devices + 1, sizeof(*m->secondary));
	if (!m->parents || !m->secondary || tree_parents(m))
		return -ENOMEM;
	tree_secondary(m);
	return 0;
}
