/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl caps: every capability register and chain of IOMMUs, devices and the kernel's interfaces, raw and decoded. */
#include "cmd/caps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "core/asked.h"

enum { OPT_NO_OPEN = 0x100, OPT_DEBUGFS };

static const struct argp_option caps_options[] = {
	{"no-open", OPT_NO_OPEN, NULL, 0, "open no node of /dev: leave out what only VFIO and iommufd tell", 0},
	{"debugfs", OPT_DEBUGFS, NULL, 0, "also the register files in debugfs", 0},
	{0},
};

struct caps_command {
	bool no_open, debugfs;
	const char **ids; /* into argv */
	unsigned int count;
};

static error_t caps_add_id(struct caps_command *cc, const char *id)
{
	const char **more = reallocarray(cc->ids, cc->count + 1, sizeof(*more));

	if (!more)
		return ENOMEM;
	cc->ids = more;
	cc->ids[cc->count++] = id;
	return 0;
}

static error_t caps_parse(int key, char *arg, struct argp_state *state)
{
	struct caps_command *cc = state->input;

	switch (key) {
	case OPT_NO_OPEN:
		cc->no_open = true;
		return 0;
	case OPT_DEBUGFS:
		cc->debugfs = true;
		return 0;
	case ARGP_KEY_ARG:
		return caps_add_id(cc, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void caps_release(void *state)
{
	struct caps_command *cc = state;

	free(cc->ids);
}

static int caps_no_such(const struct machine *m, const char *id, struct fail *f)
{
	char names[256] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < m->nr_units && used < sizeof(names) - 40; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "", m->units[i].name);
	fail_set(f, ENOENT, "there is no device and no IOMMU '%s'", id);
	fail_hint(f, "IOMMUs here: %s; iommuctl list shows the devices", used ? names : "none");
	return -ENOENT;
}

static int caps_select(struct caps *c, const char *id, struct fail *f)
{
	const struct iommu_unit *unit = machine_unit(&c->machine, id);
	char addr[16];
	int at = -1;

	/* a virtio IOMMU may be called as its PCI function: both are meant then */
	if (unit)
		c->units[unit - c->machine.units] = true;
	if (pci_normalize(id, addr, sizeof(addr)) == 0)
		at = machine_device(&c->machine, addr);
	if (at >= 0)
		c->devices[at] = true;
	return unit || at >= 0 ? 0 : caps_no_such(&c->machine, id, f);
}

static int caps_select_all(struct caps *c, const struct caps_command *cc, struct fail *f)
{
	int err = 0;

	c->units = calloc(c->machine.nr_units + 1, sizeof(*c->units));
	c->devices = calloc(c->machine.nr_devices + 1, sizeof(*c->devices));
	if (!c->units || !c->devices)
		return fail_set(f, ENOMEM, "cannot read this machine");
	c->all = !cc->count;
	memset(c->units, c->all, c->machine.nr_units);
	memset(c->devices, c->all, c->machine.nr_devices);
	for (unsigned int i = 0; i < cc->count && !err; i++)
		err = caps_select(c, cc->ids[i], f);
	return err;
}

/* An IOMMU is asked through its devices: those of a unit that was named are opened for it. */
static int caps_ask(struct caps *c, bool open, struct fail *f)
{
	const struct machine *m = &c->machine;
	CLEANUP_FREE bool *wanted = calloc(m->nr_devices + 1, sizeof(*wanted));

	if (!wanted)
		return fail_set(f, ENOMEM, "cannot ask VFIO and iommufd");
	for (unsigned int i = 0; i < m->nr_devices; i++) {
		const struct iommu_unit *unit = machine_unit(m, m->pci[i].iommu);

		wanted[i] = c->devices[i] || (unit && c->units[unit - m->units]);
	}
	return asked_fill_some(&c->machine, open, wanted, f);
}

static void caps_show(struct report *r, const struct caps *c)
{
	caps_text_units(r, c);
	caps_text_devices(r, c);
	caps_text_interfaces(r, c);
	if (report_is_data(r)) {
		caps_report_units(r, c);
		caps_report_devices(r, c);
	}
	caps_report_interfaces(r, c);
	if (c->all)
		caps_report_acpi(r, &c->machine);
	caps_report_kernel(r, c);
}

static void caps_free(struct caps *c)
{
	machine_free(&c->machine);
	free(c->units);
	free(c->devices);
	free(c->merged);
}

static int caps_execute(struct command_run *run, void *state)
{
	const struct caps_command *cc = state;
	struct caps c = {
		.verbose = run->globals->verbosity > 0, .debugfs = cc->debugfs, .dry_run = run->globals->dry_run};
	int err = machine_read(&run->globals->host, MACHINE_ALL, &c.machine, &run->fail);

	run->shows = true;
	if (!err)
		err = caps_select_all(&c, cc, &run->fail);
	if (!err)
		/* a device that is asked is reset, which is more than nothing */
		err = caps_ask(&c, !cc->no_open && !run->globals->dry_run, &run->fail);
	if (!err && caps_merge(&c))
		err = fail_set(&run->fail, ENOMEM, "cannot read this machine");
	if (!err && report_is_data(run->report) && caps_report_registers(run->report, &c))
		err = fail_set(&run->fail, ENOMEM, "cannot read this machine");
	if (!err)
		caps_show(run->report, &c);
	caps_free(&c);
	return err;
}

const struct command command_caps = {
	.name = "caps",
	.summary = "show every capability of IOMMUs, devices, VFIO and iommufd, raw and decoded (-v: all fields)",
	.args_doc = "[ID...]",
	.options = caps_options,
	.state_size = sizeof(struct caps_command),
	.parse = caps_parse,
	.execute = caps_execute,
	.release = caps_release,
	.scriptable = true,
};
