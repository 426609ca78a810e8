/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMAR's device scopes as devices of this machine, and which remapping unit covers a device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/machine.h"
#include "host/pci_path.h"

#define SCOPE_ENDPOINT 1
#define SCOPE_BRIDGE 2
#define DRHD_INCLUDE_ALL 1

/* VT-d 8.3.1: the path starts on a bus; every step but the last is a bridge, and goes on behind it. */
int machine_scope(const struct machine *m, const struct acpi_scope *scope)
{
	int bus = scope->bus, at = -1;
	char addr[16];

	if (scope->type != SCOPE_ENDPOINT && scope->type != SCOPE_BRIDGE)
		return -1;
	for (unsigned int i = 0; i < MIN(scope->nr_path, ACPI_PATH_MAX); i++) {
		if (i > 0)
			bus = m->secondary ? m->secondary[at] : -1;
		if (bus < 0)
			return -1;
		snprintf(addr, sizeof(addr), "%04x:%02x:%02x.%x", scope->segment, bus & 0xff,
			 scope->path[i].device & 0x1f, scope->path[i].function & 7);
		at = machine_device(m, addr);
		if (at < 0)
			return -1;
	}
	return at;
}

/*
 * By the order of the kernel's list, in which a unit comes before those that the table has before it, and those that include all
 * the rest of their segment come last (drivers/iommu/intel/dmar.c, dmar_register_drhd_unit()).
 */
static void scope_mark(const struct machine *m, int *named)
{
	for (unsigned int i = 0; i < m->nr_devices; i++)
		named[i] = -1;
	for (unsigned int e = 0; e < m->dmar.nr_entries; e++) {
		const struct dmar_entry *d = &m->dmar.entries[e];

		if (d->type != DMAR_DRHD || d->flags & DRHD_INCLUDE_ALL)
			continue;
		for (unsigned int s = 0; s < d->nr_scopes; s++) {
			int at = machine_scope(m, &d->scopes[s]);

			if (at >= 0)
				named[at] = (int)e;
		}
	}
}

static int scope_include_all(const struct machine *m, unsigned int segment)
{
	for (unsigned int e = 0; e < m->dmar.nr_entries; e++) {
		const struct dmar_entry *d = &m->dmar.entries[e];

		if (d->type == DMAR_DRHD && d->flags & DRHD_INCLUDE_ALL && d->segment == segment)
			return (int)e;
	}
	return -1;
}

/* A virtual function is where its physical one is. */
static int scope_physical(const struct machine *m, unsigned int i)
{
	int at = m->pci[i].physfn[0] ? machine_device(m, m->pci[i].physfn) : -1;

	return at < 0 ? (int)i : at;
}

/* Named itself, or behind a bridge that is: the first unit of the list that names any of them. */
static int scope_cover(const struct machine *m, const int *named, unsigned int i)
{
	int unit = -1;

	for (int at = scope_physical(m, i); at >= 0; at = m->parents[at])
		unit = MAX(unit, named[at]);
	return unit;
}

int machine_read_drhds(struct machine *m)
{
	CLEANUP_FREE int *named = calloc(m->nr_devices + 1, sizeof(*named));
	unsigned int last = UINT32_MAX;
	int rest = -1;

	m->drhds = calloc(m->nr_devices + 1, sizeof(*m->drhds));
	if (!named || !m->drhds)
		return -ENOMEM;
	scope_mark(m, named);
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		unsigned int segment = (unsigned int)(pci_path_number(m->pci[i].addr) >> 16);

		if (segment != last)
			rest = scope_include_all(m, segment);
		last = segment;
		m->drhds[i] = scope_cover(m, named, i);
		if (m->drhds[i] < 0)
			m->drhds[i] = rest;
	}
	return 0;
}

int machine_drhd(const struct machine *m, unsigned int i)
{
	return m->drhds && i < m->nr_devices ? m->drhds[i] : -1;
}
