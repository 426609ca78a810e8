/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl list: units, groups and devices; which are ready for VFIO, and what to do about the others. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd/command.h"
#include "cmd/list.h"
#include "host/host_dir.h"

static void list_report_group(struct report *r, const struct group_info *g)
{
	report_object(r, NULL);
	report_num(r, "id", g->id);
	report_str(r, "type", g->type);
	report_list(r, "devices");
	for (unsigned int i = 0; i < g->nr_devices; i++)
		report_str(r, NULL, g->devices[i]);
	report_close(r);
	report_list(r, "reserved");
	for (unsigned int i = 0; i < g->nr_reserved; i++) {
		report_object(r, NULL);
		report_hex(r, "start", g->reserved[i].start);
		report_hex(r, "last", g->reserved[i].last);
		report_str(r, "type", g->reserved[i].type);
		report_close(r);
	}
	report_close(r);
	report_bool(r, "viable", g->viable);
	report_list(r, "blockers");
	for (unsigned int i = 0; i < g->nr_blockers; i++)
		report_str(r, NULL, g->blockers[i]);
	report_close(r);
	report_close(r);
}

static void list_report_words(struct report *r, const char *key, const char *words)
{
	char copy[160], *rest, *word;

	snprintf(copy, sizeof(copy), "%s", words);
	report_list(r, key);
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		report_str(r, NULL, word);
	report_close(r);
}

/* What can have the device now, by the names that --backend takes. */
static void list_report_backends(struct report *r, const struct list_device *d)
{
	report_list(r, "backends");
	if (d->ready && d->ways.cdev)
		report_str(r, NULL, "iommufd");
	if (d->ready && d->ways.group)
		report_str(r, NULL, "vfio");
	report_close(r);
}

static void list_report_device(struct report *r, const struct list_device *d)
{
	const struct pci_info *p = d->pci;
	char ids[16], class_code[8];

	snprintf(ids, sizeof(ids), "%04x:%04x", p->vendor, p->device);
	snprintf(class_code, sizeof(class_code), "%06x", p->class_code & 0xffffff);
	report_object(r, NULL);
	report_str(r, "id", p->addr);
	report_str(r, "ids", ids);
	report_str(r, "name", p->name);
	report_str(r, "class", class_code);
	report_str(r, "class_name", p->class_name);
	report_str(r, "driver", p->driver);
	/* a number or not there at all: a key never changes its type */
	if (p->group >= 0)
		report_num(r, "group", p->group);
	report_str(r, "iommu", p->iommu);
	list_report_words(r, "bridges", d->bridges);
	list_report_words(r, "reset_methods", p->reset_methods);
	report_str(r, "cdev", p->cdev);
	report_str(r, "devnode", p->devnode);
	report_bool(r, "ready", d->ready);
	list_report_backends(r, d);
	report_str(r, "why", d->why);
	report_str(r, "hint", d->hint);
	report_close(r);
}

static void list_report(struct report *r, const struct list_machine *m)
{
	report_list(r, "iommus");
	for (char **unit = m->units; *unit; unit++)
		report_str(r, NULL, *unit);
	report_close(r);
	report_list(r, "groups");
	for (unsigned int i = 0; i < m->nr_groups; i++)
		list_report_group(r, &m->groups[i]);
	report_close(r);
	report_list(r, "devices");
	for (unsigned int i = 0; i < m->nr_devices; i++)
		list_report_device(r, &m->devices[i]);
	report_close(r);
	list_report_mdevs(r, m);
}

static void list_free(struct list_machine *m)
{
	free(m->units);
	groups_free(m->groups, m->nr_groups);
	free(m->pci);
	free(m->devices);
	free(m->mdevs);
}

static int list_ask(const struct host *host, struct list_machine *m, struct fail *f)
{
	struct host_dir devices;
	struct ready *ready;

	m->devices = calloc(m->nr_devices + 1, sizeof(*m->devices));
	if (!m->devices || ready_open(host, m->pci, m->nr_devices, m->groups, m->nr_groups, &ready))
		return fail_set(f, ENOMEM, "cannot list the devices");
	pci_names(host, m->pci, m->nr_devices);
	host_dir_open(&devices, host, "/sys/bus/pci/devices");
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		struct list_device *d = &m->devices[i];

		d->pci = &m->pci[i];
		d->ways = device_ways(host, d->pci);
		pci_bridges_in(&devices, d->pci->addr, d->bridges, sizeof(d->bridges));
		d->ready = ready_ask(ready, d->pci, d->why, sizeof(d->why), d->hint, sizeof(d->hint));
	}
	host_dir_close(&devices);
	ready_close(ready);
	return 0;
}

static int list_read(const struct host *host, struct list_machine *m, struct fail *f)
{
	int err = iommu_units(host, &m->units);

	if (err)
		return fail_set(f, err, "cannot list the IOMMU units");
	err = groups_scan(host, &m->groups, &m->nr_groups, f);
	if (!err)
		err = pci_scan(host, &m->pci, &m->nr_devices, f);
	if (!err)
		err = mdev_scan(host, &m->mdevs, &m->nr_mdevs, f);
	return err ? err : list_ask(host, m, f);
}

enum { OPT_TREE = 0x100, OPT_FOLLOW, OPT_TIME };

static const struct argp_option list_options[] = {
	{"tree", OPT_TREE, NULL, 0, "as a tree: IOMMU units, their groups, and the devices in these", 0},
	{"follow", OPT_FOLLOW, NULL, 0,
	 "show drivers that are bound and unbound and devices that come and go, as it happens", 0},
	{"time", OPT_TIME, "DUR", 0, "follow for this long, not until a signal", 0},
	{0},
};

struct list_command {
	bool tree, follow;
	uint64_t time_ns;
};

static error_t list_parse(int key, char *arg, struct argp_state *state)
{
	struct list_command *c = state->input;

	switch (key) {
	case OPT_TREE:
		c->tree = true;
		return 0;
	case OPT_FOLLOW:
		c->follow = true;
		return 0;
	case OPT_TIME:
		return num_parse_duration(arg, &c->time_ns) || !c->time_ns
			       ? usage_error(state, "--time: '%s' is not a duration (such as 500ms, 30s, 5m)", arg)
			       : 0;
	case ARGP_KEY_ARG:
		return usage_error(state, "it takes no argument, not '%s'", arg);
	case ARGP_KEY_END:
		if (c->time_ns && !c->follow)
			return usage_error(state, "--time: says for how long to --follow");
		if (c->tree && c->follow)
			return usage_error(state, "--tree and --follow exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int list_execute(struct command_run *run, void *arg)
{
	const struct list_command *c = arg;
	bool all = run->globals->verbosity > 0;
	struct list_machine m = {0};
	int err;

	if (c->follow)
		return list_follow(run, c->time_ns);
	err = list_read(&run->globals->host, &m, &run->fail);
	run->shows = true;
	if (!err && c->tree)
		err = list_tree(run->report, &m, all);
	else if (!err)
		list_text(run->report, &m, all);
	if (!err && report_is_data(run->report))
		list_report(run->report, &m);
	list_free(&m);
	return err;
}

const struct command command_list = {
	.name = "list",
	.summary = "show devices, groups and IOMMUs, and which are ready for VFIO (-v: bridges too)",
	.options = list_options,
	.state_size = sizeof(struct list_command),
	.parse = list_parse,
	.execute = list_execute,
	.scriptable = true,
};
