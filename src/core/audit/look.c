/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions that several rules of the audit ask, and how a rule says that it could not look. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"
#include "host/text.h"

#define AS_ROOT "run as root"

/* "flags : ... hypervisor ..." and "address sizes : 46 bits physical, 48 bits virtual" of the first processor. */
static void look_processor(struct audit *a)
{
	CLEANUP_FREE char *text = NULL;
	const char *flags, *end, *word, *sizes;
	unsigned int bits;

	if (host_read_file(a->m->host, &text, NULL, "/proc/cpuinfo"))
		return;
	flags = strstr(text, "flags\t");
	end = flags ? flags + strcspn(flags, "\n") : NULL;
	word = flags ? strstr(flags, " hypervisor") : NULL;
	if (word && word < end)
		a->guest = true;
	sizes = strstr(text, "address sizes\t: ");
	if (sizes && sscanf(sizes, "address sizes\t: %u bits", &bits) == 1 && bits <= 64)
		a->address_bits = bits;
}

/* Caching mode and NpCache are for IOMMUs that a hypervisor emulates; virtio-iommu is one by its nature. */
static bool look_unit_is_virtual(const struct iommu_unit *unit)
{
	const struct reg_value *cap = reg_value_find(unit->regs, unit->nr_regs, "vtd.cap");
	const struct reg_value *amd = reg_value_find(unit->regs, unit->nr_regs, "amd.cap");

	if (cap && reg_get(cap->reg, "CM", cap->raw))
		return true;
	if (amd && amd->raw >> 26 & 1)
		return true;
	return unit->kind == UNIT_VIRTIO;
}

/* What was asked for, as devices: those behind a unit that was named, too. */
static void look_wanted(struct audit *a)
{
	const struct machine *m = a->m;

	if (!a->nr_only)
		return;
	a->wanted = calloc(m->nr_devices + 1, sizeof(*a->wanted));
	if (!a->wanted) {
		a->out_of_memory = true;
		return;
	}
	for (unsigned int n = 0; n < a->nr_only; n++) {
		int i = machine_unit(m, a->only[n]) ? -1 : machine_device(m, a->only[n]);

		if (i >= 0)
			a->wanted[i] = true;
		for (unsigned int d = 0; i < 0 && d < m->nr_devices; d++)
			if (strcmp(m->pci[d].iommu, a->only[n]) == 0)
				a->wanted[d] = true;
	}
}

static void look_debugfs(struct audit *a)
{
	char why[160] = "";

	a->regs = NULL;
	a->nr_regs = 0;
	a->regs_why[0] = '\0';
	if (a->debugfs && debugfs_registers(a->m, !a->dry_run, &a->regs, &a->nr_regs, why, sizeof(why)))
		a->out_of_memory = true;
	else if (a->debugfs && !a->nr_regs)
		text_copy(a->regs_why, sizeof(a->regs_why), why[0] ? why : "none of its files is there");
}

const struct reg_value *audit_debugfs(const struct audit *a, const char *unit, const char *reg)
{
	for (unsigned int i = 0; i < a->nr_regs; i++)
		if (strcmp(a->regs[i].unit, unit) == 0 && strcmp(a->regs[i].value.reg->name, reg) == 0)
			return &a->regs[i].value;
	return NULL;
}

void audit_look(struct audit *a)
{
	const struct machine *m = a->m;
	char vendor[32];

	a->wanted = NULL;
	look_wanted(a);
	look_debugfs(a);
	a->guest = false;
	a->nr_assigned = 0;
	a->address_bits = 0;
	look_processor(a);
	if (host_read_line(m->host, vendor, sizeof(vendor), "/sys/class/dmi/id/sys_vendor") == 0 &&
	    strcmp(vendor, "QEMU") == 0)
		a->guest = true;
	for (unsigned int i = 0; i < m->nr_units; i++)
		if (look_unit_is_virtual(&m->units[i]))
			a->guest = true;
	for (unsigned int i = 0; i < m->nr_devices; i++)
		a->nr_assigned += audit_is_assigned(&m->pci[i]);
}

bool audit_wants_device(const struct audit *a, unsigned int i)
{
	return !a->wanted || a->wanted[i];
}

bool audit_wants_group(const struct audit *a, const struct group_info *g)
{
	for (unsigned int n = 0; a->wanted && n < g->nr_devices; n++) {
		int i = machine_device(a->m, g->devices[n]);

		if (i >= 0 && a->wanted[i])
			return true;
	}
	return !a->wanted;
}

bool audit_wants_unit(const struct audit *a, const struct iommu_unit *unit)
{
	for (unsigned int n = 0; n < a->nr_only; n++)
		if (strcmp(a->only[n], unit->name) == 0)
			return true;
	for (unsigned int i = 0; a->wanted && i < a->m->nr_devices; i++)
		if (a->wanted[i] && strcmp(a->m->pci[i].iommu, unit->name) == 0)
			return true;
	return !a->wanted;
}

bool audit_is_assigned(const struct pci_info *dev)
{
	return pci_is_vfio_driver(dev->driver);
}

int audit_group_assigned(const struct audit *a, const struct group_info *g)
{
	for (unsigned int n = 0; n < g->nr_devices; n++) {
		int i = machine_device(a->m, g->devices[n]);

		if (i >= 0 && audit_is_assigned(&a->m->pci[i]))
			return i;
	}
	return -1;
}

bool audit_group_matters(const struct audit *a, const struct group_info *g)
{
	for (unsigned int n = 0; n < g->nr_devices; n++) {
		int i = machine_device(a->m, g->devices[n]);

		/* what is no PCI device is a platform device with DMA of its own */
		if (i < 0 || !pci_is_fabric(&a->m->pci[i]))
			return true;
	}
	return false;
}

static const char *look_advice(int err)
{
	return err == -EACCES || err == -EPERM ? AS_ROOT : "";
}

bool audit_sees_table(struct audit *a, const struct acpi_table *table, const char *name)
{
	if (table->err) {
		audit_unseen(a, look_advice(table->err), "the ACPI table %s cannot be read: %s", name,
			     strerror(-table->err));
		return false;
	}
	if (table->signature[0] || !host_is_capture(a->m->host) || host_exists(a->m->host, "/sys/firmware"))
		return true;
	audit_unseen(a, "capture as root: iommuctl capture FILE", "the capture holds no ACPI tables");
	return false;
}

bool audit_sees_log(struct audit *a)
{
	int err = a->m->log_err;

	if (a->m->log)
		return true;
	if (host_is_capture(a->m->host) && err == -ENOENT)
		audit_unseen(a, "capture as root: iommuctl capture FILE", "the capture holds no kernel log");
	else
		audit_unseen(a, err == -ENODEV ? "" : "run as root, or as root: sysctl kernel.dmesg_restrict=0",
			     "the kernel's log cannot be read: %s", strerror(err ? -err : ENODATA));
	return false;
}

bool audit_sees_cmdline(struct audit *a)
{
	if (a->m->kernel.has_cmdline)
		return true;
	audit_unseen(a, "", "the kernel's command line (/proc/cmdline) is not there to be read");
	return false;
}

/* A PCI Express function has 4096 bytes; one that shows 256 is on a machine that does not reach the rest (no MMCONFIG). */
static bool look_is_short(const struct pci_config *config)
{
	return config->len <= 64 || (config->has_pcie && config->len <= 256);
}

/* Devices that ordinary users see the first 64 bytes of, or of which nothing could be read; and those with a broken list. */
static unsigned int look_short_configs(const struct audit *a, int *err, unsigned int *broken)
{
	unsigned int n = 0;

	*broken = 0;
	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		if (!audit_wants_device(a, i))
			continue;
		if (look_is_short(&a->m->configs[i])) {
			n++;
			if (a->m->configs[i].err)
				*err = a->m->configs[i].err;
		} else if (a->m->configs[i].broken[0]) {
			++*broken;
		}
	}
	return n;
}

bool audit_sees_configs(struct audit *a, bool extended)
{
	unsigned int n = 0, broken = 0;
	int err = 0;

	if (!a->m->configs) {
		if (a->m->configs_err == -EOPNOTSUPP)
			audit_unseen(a, "build iommuctl with libpci",
				     "config space is not read by a build without libpci");
		else
			audit_unseen(a, "", "config space was not read: %s",
				     strerror(a->m->configs_err ? -a->m->configs_err : ENODATA));
		return false;
	}
	if (extended)
		n = look_short_configs(a, &err, &broken);
	if (n)
		audit_unseen(a, host_is_capture(a->m->host) ? "capture as root: iommuctl capture FILE" : AS_ROOT,
			     "the capabilities in config space of %u device%s cannot be read%s%s", n, n == 1 ? "" : "s",
			     err ? ": " : "", err ? strerror(-err) : "");
	if (broken)
		audit_unseen(a, "see config-broken", "what lies behind the break in %u capability list%s is not known",
			     broken, broken == 1 ? "" : "s");
	return true;
}

const struct pci_config *audit_config(const struct audit *a, unsigned int i)
{
	return a->m->configs && a->m->configs[i].len > 64 ? &a->m->configs[i] : NULL;
}

bool audit_is_yes(const char *value)
{
	return value && (*value == 'y' || *value == 'Y' || *value == '1' || strcmp(value, "on") == 0);
}

bool audit_has_unit(const struct audit *a, enum unit_kind kind)
{
	for (unsigned int i = 0; i < a->m->nr_units; i++)
		if (a->m->units[i].kind == kind)
			return true;
	return false;
}

bool audit_log_line(const struct audit *a, const char *needle, char *line, size_t len)
{
	const char *at = a->m->log ? strstr(a->m->log, needle) : NULL;

	if (!at)
		return false;
	while (at > a->m->log && at[-1] != '\n')
		at--;
	snprintf(line, len, "%.*s", (int)MIN(strcspn(at, "\n"), len), at);
	return true;
}

bool audit_log_next(const char **at, char *line, size_t len)
{
	size_t n;

	if (!*at || !**at)
		return false;
	n = strcspn(*at, "\n");
	snprintf(line, len, "%.*s", (int)MIN(n, len), *at);
	*at += n + ((*at)[n] == '\n');
	return true;
}
