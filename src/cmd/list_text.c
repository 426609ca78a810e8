/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `list` for people: one line per device that ends with what to do next. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/list.h"

#define LIST_NAME_WIDTH 44

static bool list_is_shown(const struct list_device *d, bool all)
{
	return all || !d->pci->is_bridge;
}

static const char *list_name(const struct pci_info *p, char *buf, size_t len)
{
	if (p->name[0])
		snprintf(buf, len, "%04x:%04x %s", p->vendor, p->device, p->name);
	else
		snprintf(buf, len, "%04x:%04x class %06x", p->vendor, p->device, p->class_code & 0xffffff);
	return buf;
}

static void list_text_units(struct report *r, const struct list_machine *m)
{
	char line[256] = "";
	size_t used = 0;

	for (char **unit = m->units; *unit && used < sizeof(line) - 64; unit++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", used ? ", " : "", *unit);
	if (used)
		report_line(r, "IOMMU units: %s; %u groups, %u devices", line, m->nr_groups, m->nr_devices);
	else if (m->nr_groups)
		report_line(r, "no IOMMU unit is listed; %u groups, %u devices", m->nr_groups, m->nr_devices);
	else
		report_line(r, "no IOMMU is in use; %u devices", m->nr_devices);
}

/* How wide the columns of ids and drivers are on this machine. */
static void list_widths(const struct list_machine *m, bool all, int *id, int *driver, int *name)
{
	char buf[256];

	*id = 6;
	*driver = 6;
	*name = 4;
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		const struct pci_info *p = m->devices[i].pci;

		if (!list_is_shown(&m->devices[i], all))
			continue;
		*id = MAX(*id, (int)strlen(p->addr));
		*driver = MAX(*driver, (int)strlen(p->driver));
		*name = MAX(*name, MIN(LIST_NAME_WIDTH, (int)strlen(list_name(p, buf, sizeof(buf)))));
	}
}

/* Without any IOMMU the advice is the same for all: list_text_next() gives it once. */
static const char *list_hint(const struct list_machine *m, const struct list_device *d)
{
	return m->nr_groups ? d->hint : "";
}

/* Which of the two ways to a device is meant goes without saying on a capture: neither. */
static const char *list_ready(const struct list_device *d)
{
	if (!d->ready)
		return "no: ";
	if (d->ways.cdev)
		return d->ways.group ? "ready (iommufd, vfio)" : "ready (iommufd)";
	return d->ways.group ? "ready (vfio)" : "ready";
}

static void list_text_devices(struct report *r, const struct list_machine *m, bool all)
{
	int id, driver, name;
	char buf[256], group[12];

	list_widths(m, all, &id, &driver, &name);
	report_line(r, "%s", "");
	report_line(r, "%-*s  group  %-*s  %-*s  for VFIO", id, "device", driver, "driver", name, "what");
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		const struct list_device *d = &m->devices[i];

		if (!list_is_shown(d, all))
			continue;
		snprintf(group, sizeof(group), "%d", d->pci->group);
		report_line(r, "%-*s  %5s  %-*s  %-*.*s  %s%s%s%s", id, d->pci->addr, d->pci->group < 0 ? "-" : group,
			    driver, d->pci->driver[0] ? d->pci->driver : "-", name, name,
			    list_name(d->pci, buf, sizeof(buf)), list_ready(d), d->why, list_hint(m, d)[0] ? "; " : "",
			    list_hint(m, d));
	}
}

/* The MSI window is everywhere and worth a word only in full. */
static bool list_region_is_shown(const struct group_reserved *res, bool all)
{
	return all || strcmp(res->type, "msi");
}

static void list_text_group(struct report *r, const struct group_info *g, bool all)
{
	char line[512];
	size_t used = 0;

	line[0] = '\0';
	for (unsigned int i = 0; i < g->nr_devices && used < sizeof(line) - 96; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, " %s", g->devices[i]);
	for (unsigned int i = 0; i < g->nr_reserved && used < sizeof(line) - 96; i++)
		if (list_region_is_shown(&g->reserved[i], all))
			used += (size_t)snprintf(line + used, sizeof(line) - used, ", %s 0x%" PRIx64 "-0x%" PRIx64,
						 g->reserved[i].type, g->reserved[i].start, g->reserved[i].last);
	report_line(r, "%5d  %-8s  %-6s %s", g->id, g->type[0] ? g->type : "-", g->viable ? "yes" : "no", line);
}

static void list_text_groups(struct report *r, const struct list_machine *m, bool all)
{
	if (!m->nr_groups)
		return;
	report_line(r, "%s", "");
	report_line(r, "group  type      viable  devices, reserved addresses");
	for (unsigned int i = 0; i < m->nr_groups; i++)
		list_text_group(r, &m->groups[i], all);
}

static void list_text_next(struct report *r, const struct list_machine *m)
{
	const struct list_device *first = NULL;
	const char *hint = "";
	unsigned int ready = 0;

	for (unsigned int i = 0; i < m->nr_devices; i++) {
		hint = m->devices[i].hint[0] ? m->devices[i].hint : hint;
		if (!m->devices[i].ready)
			continue;
		first = first ? first : &m->devices[i];
		ready++;
	}
	report_line(r, "%s", "");
	if (first)
		report_line(r, "%u of %u devices ready for VFIO; for example: iommuctl --device %s compare", ready,
			    m->nr_devices, first->pci->addr);
	else if (m->nr_groups)
		report_line(r, "no device is ready for VFIO; iommuctl bind ID makes one ready");
	else
		report_line(r, "nothing can be used with VFIO yet%s%s; iommuctl compare runs on the simulated IOMMU",
			    *hint ? ": " : "", hint);
}

void list_text(struct report *r, const struct list_machine *m, bool all)
{
	list_text_units(r, m);
	list_text_devices(r, m, all);
	list_text_groups(r, m, all);
	list_text_next(r, m);
}
