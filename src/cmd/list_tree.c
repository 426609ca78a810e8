/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `list --tree`: IOMMU units, the groups behind each, and the devices in each group. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/list.h"

/* A device in the place that the tree gives it: by unit, group and address. */
struct tree_row {
	const char *unit; /* "" = behind none that is listed */
	int group;	  /* -1 = in none */
	unsigned int device;
};

static int tree_compare(const void *a, const void *b)
{
	const struct tree_row *x = a, *y = b;
	int order;

	/* what belongs nowhere comes last */
	if (!*x->unit != !*y->unit)
		return !*x->unit - !*y->unit;
	order = strcmp(x->unit, y->unit);
	if (order)
		return order;
	if ((x->group < 0) != (y->group < 0))
		return (x->group < 0) - (y->group < 0);
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return (x->device > y->device) - (x->device < y->device);
}

static int tree_compare_group(const void *key, const void *item)
{
	int x = *(const int *)key, y = ((const struct group_info *)item)->id;

	return (x > y) - (x < y);
}

static void tree_group(struct report *r, const struct list_machine *m, int id)
{
	const struct group_info *g = bsearch(&id, m->groups, m->nr_groups, sizeof(*g), tree_compare_group);
	char line[512];
	size_t used;

	if (id < 0) {
		report_line(r, "  in no group");
		return;
	}
	used = (size_t)snprintf(line, sizeof(line), "  group %d", id);
	if (g && g->type[0])
		used += (size_t)snprintf(line + used, sizeof(line) - used, " (%s)", g->type);
	if (g && g->nr_blockers)
		used += (size_t)snprintf(line + used, sizeof(line) - used, ", host drivers on %u of %u", g->nr_blockers,
					 g->nr_devices);
	for (unsigned int i = 0; g && i < g->nr_reserved && used < sizeof(line) - 96; i++)
		if (strcmp(g->reserved[i].type, "msi"))
			used += (size_t)snprintf(line + used, sizeof(line) - used, ", %s 0x%" PRIx64 "-0x%" PRIx64,
						 g->reserved[i].type, g->reserved[i].start, g->reserved[i].last);
	report_line(r, "%s", line);
}

/* The name gets what is left of the line. */
#define TREE_WIDTH 112

static void tree_device(struct report *r, const struct list_machine *m, const struct list_device *d)
{
	char name[256], verdict[600], start[256];
	int left;

	snprintf(start, sizeof(start), "%s%s%s  %s", d->pci->addr, d->bridges[0] ? " via " : "", d->bridges,
		 d->pci->driver[0] ? d->pci->driver : "-");
	left = MAX(TREE_WIDTH - (int)strlen(start) - 6, 12);
	report_line(r, "    %s  %.*s", start, left, list_name(d->pci, name, sizeof(name)));
	report_line(r, "      %s", list_verdict(m, d, verdict, sizeof(verdict)));
}

/* Units that have nothing behind them are worth a line, too. */
static void tree_empty_units(struct report *r, const struct list_machine *m, const struct tree_row *rows,
			     unsigned int n)
{
	unsigned int at = 0;

	for (char **unit = m->units; *unit; unit++) {
		while (at < n && *rows[at].unit && strcmp(rows[at].unit, *unit) < 0)
			at++;
		if (at == n || strcmp(rows[at].unit, *unit))
			report_line(r, "%s: no PCI device is behind it", *unit);
	}
}

static void tree_show(struct report *r, const struct list_machine *m, const struct tree_row *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		bool new_unit = !i || strcmp(rows[i].unit, rows[i - 1].unit);

		if (new_unit)
			report_line(r, "%s", *rows[i].unit ? rows[i].unit : "behind no IOMMU unit");
		if (new_unit || rows[i].group != rows[i - 1].group)
			tree_group(r, m, rows[i].group);
		tree_device(r, m, &m->devices[rows[i].device]);
	}
}

int list_tree(struct report *r, const struct list_machine *m, bool all)
{
	CLEANUP_FREE struct tree_row *rows = calloc(m->nr_devices + 1, sizeof(*rows));
	unsigned int n = 0;

	if (!rows)
		return -ENOMEM;
	for (unsigned int i = 0; i < m->nr_devices; i++)
		if (all || !m->pci[i].is_bridge)
			rows[n++] = (struct tree_row){m->pci[i].iommu, m->pci[i].group, i};
	if (n)
		qsort(rows, n, sizeof(*rows), tree_compare);
	list_text_units(r, m);
	report_line(r, "%s", "");
	tree_show(r, m, rows, n);
	tree_empty_units(r, m, rows, n);
	list_text_mdevs(r, m);
	list_text_next(r, m);
	return 0;
}
