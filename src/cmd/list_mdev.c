/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `list`: the mediated devices, which have no address on a bus and no IOMMU before them. */
#include <stdio.h>

#include "cmd/list.h"

void list_text_mdevs(struct report *r, const struct list_machine *m)
{
	char group[12];

	if (!m->nr_mdevs)
		return;
	report_line(r, "%s", "");
	report_line(r, "%-36s  group  driver  parent, type", "mediated device");
	for (unsigned int i = 0; i < m->nr_mdevs; i++) {
		const struct mdev_info *d = &m->mdevs[i];

		snprintf(group, sizeof(group), "%d", d->group);
		report_line(r, "%s  %5s  %-6s  %s, %s%s%s%s", d->uuid, d->group < 0 ? "-" : group,
			    d->driver[0] ? d->driver : "-", d->parent, d->type[0] ? d->type : "type unknown",
			    d->type_name[0] ? " (" : "", d->type_name, d->type_name[0] ? ")" : "");
	}
}

void list_report_mdevs(struct report *r, const struct list_machine *m)
{
	report_list(r, "mdevs");
	for (unsigned int i = 0; i < m->nr_mdevs; i++) {
		const struct mdev_info *d = &m->mdevs[i];

		report_object(r, NULL);
		report_str(r, "id", d->uuid);
		report_str(r, "parent", d->parent);
		report_str(r, "type", d->type);
		report_str(r, "type_name", d->type_name);
		report_str(r, "driver", d->driver);
		/* a number or not there at all: a key never changes its type */
		if (d->group >= 0)
			report_num(r, "group", d->group);
		report_str(r, "cdev", d->cdev);
		report_close(r);
	}
	report_close(r);
}
