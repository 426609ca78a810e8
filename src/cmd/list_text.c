/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `list` for people: one line per device that ends with what to do next. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/list.h"

/* Lines are to end here, where the names can give way; shorter than the smallest they say nothing. */
#define LIST_WIDTH 112
#define LIST_NAME_MIN 28
#define LIST_NAME_MAX 44

static bool list_is_shown(const struct list_device *d, bool all)
{
	return all || !d->pci->is_bridge;
}

/* Words of companies' names that tell nobody anything, in a column that is too narrow anyway. */
static bool list_is_filler(const char *word, size_t len)
{
	static const char fillers[][16] = {"Corporation", "Corp.",	"Inc.",		"Inc",	       "Inc.,",
					   "Co.",	  "Co.,",	"Co",		"Ltd",	       "Ltd.",
					   "Limited",	  "Technology", "Technologies", "Electronics", "Semiconductor"};

	while (len && word[len - 1] == ',')
		len--;
	for (size_t i = 0; len < sizeof(fillers[0]) && i < ARRAY_SIZE(fillers); i++)
		if (strncmp(fillers[i], word, len) == 0 && !fillers[i][len])
			return true;
	return false;
}

/* Behind the @used bytes of @buf, cut where it ends; as snprintf(), how long it would be with room. */
static size_t list_append(char *buf, size_t len, size_t used, const char *word, size_t n)
{
	size_t room = used < len ? len - used : 0, take = MIN(n + 1, room ? room - 1 : 0);

	if (!take)
		return used + n + 1;
	buf[used] = ' ';
	memcpy(buf + used + 1, word, take - 1);
	buf[used + take] = '\0';
	return used + n + 1;
}

const char *list_name(const struct pci_info *p, char *buf, size_t len)
{
	const char *word = p->name;
	size_t used = (size_t)snprintf(buf, len, "%04x:%04x", p->vendor, p->device), n;

	if (!*word)
		snprintf(buf + used, len - used, " class %06x", p->class_code & 0xffffff);
	for (; *word && used < len; word += n + (word[n] == ' ')) {
		n = strcspn(word, " ");
		if (!list_is_filler(word, n))
			used = list_append(buf, len, used, word, n);
	}
	return buf;
}

void list_text_units(struct report *r, const struct list_machine *m)
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

const char *list_verdict(const struct list_machine *m, const struct list_device *d, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s%s%s", list_ready(d), d->why, list_hint(m, d)[0] ? "; " : "", list_hint(m, d));
	return buf;
}

struct list_widths {
	int id, driver, name;
};

/* How wide the columns are on this machine: the names get what the others leave of most lines. */
static struct list_widths list_measure(const struct list_machine *m, bool all)
{
	struct list_widths w = {6, 6, 4};
	char buf[600];
	int verdict = 0;

	for (unsigned int i = 0; i < m->nr_devices; i++) {
		const struct list_device *d = &m->devices[i];

		if (!list_is_shown(d, all))
			continue;
		w.id = MAX(w.id, (int)strlen(d->pci->addr));
		w.driver = MAX(w.driver, (int)strlen(d->pci->driver));
		w.name = MAX(w.name, (int)strlen(list_name(d->pci, buf, sizeof(buf))));
		verdict = MAX(verdict, (int)strlen(list_verdict(m, d, buf, sizeof(buf))));
	}
	w.name = MIN(w.name, MAX(LIST_NAME_MIN, MIN(LIST_NAME_MAX, LIST_WIDTH - w.id - w.driver - verdict - 13)));
	return w;
}

static void list_text_devices(struct report *r, const struct list_machine *m, bool all)
{
	struct list_widths w = list_measure(m, all);
	char name[256], group[12], verdict[600];

	report_line(r, "%s", "");
	report_line(r, "%-*s  group  %-*s  %-*s  for VFIO", w.id, "device", w.driver, "driver", w.name, "what");
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		const struct list_device *d = &m->devices[i];

		if (!list_is_shown(d, all))
			continue;
		snprintf(group, sizeof(group), "%d", d->pci->group);
		report_line(r, "%-*s  %5s  %-*s  %-*.*s  %s", w.id, d->pci->addr, d->pci->group < 0 ? "-" : group,
			    w.driver, d->pci->driver[0] ? d->pci->driver : "-", w.name, w.name,
			    list_name(d->pci, name, sizeof(name)), list_verdict(m, d, verdict, sizeof(verdict)));
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
	if (g->reserved_err && g->reserved_err != -ENOENT)
		snprintf(line + used, sizeof(line) - used, ", reserved addresses not all readable");
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

void list_text_next(struct report *r, const struct list_machine *m)
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
	list_text_mdevs(r, m);
	list_text_groups(r, m, all);
	list_text_next(r, m);
}
