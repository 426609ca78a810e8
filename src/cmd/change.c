/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One change of a device as values and as a line, with the time of day. */
#include "cmd/change.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void change_times(char *utc, size_t utc_len, char *wall, size_t wall_len)
{
	struct timespec now;
	struct tm tm;
	unsigned int ms;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &now);
	ms = now.tv_nsec / 1000000 % 1000;
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(utc, utc_len, "%s.%03uZ", date, ms);
	localtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%H:%M:%S", &tm);
	snprintf(wall, wall_len, "%s.%03u", date, ms);
}

/* Appends ", "-separated. */
static void change_add(char *buf, size_t len, const char *word, const char *value)
{
	size_t used = strlen(buf);

	snprintf(buf + used, len - used, "%s%s%s", used ? ", " : "", word, value);
}

/* "to vfio-pci, group 3" */
static void change_details(const struct change *c, char *buf, size_t len)
{
	char group[16];

	buf[0] = '\0';
	if (strcmp(c->subsystem, "iommu") == 0)
		change_add(buf, len, "an IOMMU unit", "");
	if (strcmp(c->subsystem, "pci") == 0 && c->driver[0])
		change_add(buf, len,
			   strcmp(c->action, "bind") == 0     ? "to "
			   : strcmp(c->action, "unbind") == 0 ? "from "
							      : "driver ",
			   c->driver);
	if (c->node[0])
		change_add(buf, len, c->node, "");
	snprintf(group, sizeof(group), "%d", c->group);
	if (c->group >= 0)
		change_add(buf, len, "group ", group);
}

void change_report(struct report *entry, const struct change *c, char *line, size_t len)
{
	char utc[48], wall[48], details[256];

	change_times(utc, sizeof(utc), wall, sizeof(wall));
	change_details(c, details, sizeof(details));
	report_str(entry, "time", utc);
	report_str(entry, "kind", "uevent");
	report_str(entry, "action", c->action);
	report_str(entry, "device", c->device);
	report_str(entry, "driver", c->driver);
	/* a number or not there at all, as in the list itself */
	if (c->group >= 0)
		report_num(entry, "group", (uint64_t)c->group);
	report_str(entry, "subsystem", c->subsystem);
	report_str(entry, "node", c->node);
	report_str(entry, "raw", c->raw);
	snprintf(line, len, "%s  %-7s %-12s  %s", wall, c->action, c->device, details);
}
