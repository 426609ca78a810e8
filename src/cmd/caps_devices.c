/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of `caps`: what their config space says that an IOMMU has to do with. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/caps.h"
#include "cmd/registers.h"
#include "host/migration.h"

#define COMMAND_BUS_MASTER 0x4
#define DEVCTL_NO_SNOOP 0x800
#define CONFIG_EXTENDED 256
#define CONFIG_HEADER 64

static const struct pci_config devices_unread;

static const struct pci_config *devices_config(const struct caps *c, unsigned int i)
{
	return c->machine.configs ? &c->machine.configs[i] : &devices_unread;
}

static const char *devices_pcie_type(const struct pci_config *config)
{
	static const char *const names[] = {
		[PCIE_ENDPOINT] = "endpoint",	       [PCIE_LEGACY] = "legacy endpoint",
		[PCIE_ROOT_PORT] = "root port",	       [PCIE_UPSTREAM] = "upstream port",
		[PCIE_DOWNSTREAM] = "downstream port", [PCIE_TO_PCI] = "PCIe to PCI bridge",
		[PCI_TO_PCIE] = "PCI to PCIe bridge",  [PCIE_RC_ENDPOINT] = "integrated endpoint",
		[PCIE_RC_EVENT] = "event collector",
	};
	const char *name = NULL;

	if (!config->has_pcie)
		return "";
	if ((size_t)config->pcie_type < ARRAY_SIZE(names))
		name = names[config->pcie_type];
	return name ? name : "reserved";
}

/* Extended capabilities are those from 0x100 on (PCIe 7.6). */
static void devices_report_chain(struct report *r, const struct pci_config *config)
{
	report_list(r, "capabilities");
	for (unsigned int i = 0; i < config->nr_caps; i++) {
		const struct pci_cap *cap = &config->caps[i];
		const char *name = pci_cap_name(cap->extended, cap->id);

		report_object(r, NULL);
		report_hex(r, "id", cap->id);
		report_hex(r, "at", cap->at);
		report_str(r, "name", name ? name : "");
		report_close(r);
	}
	report_close(r);
}

static void devices_report_config(struct report *r, const struct pci_config *config)
{
	report_num(r, "config_bytes", config->len);
	if (config->err)
		report_str(r, "config_error", strerror(config->err < 0 ? -config->err : config->err));
	if (config->broken[0])
		report_str(r, "config_problem", config->broken);
	if (config->len)
		report_bool(r, "bus_master", config->command & COMMAND_BUS_MASTER);
	if (config->has_pcie)
		report_bool(r, "no_snoop", config->devctl & DEVCTL_NO_SNOOP);
	report_str(r, "pcie_type", devices_pcie_type(config));
	devices_report_chain(r, config);
	report_object(r, "registers");
	for (unsigned int i = 0; i < config->nr_regs; i++)
		report_hex(r, config->regs[i].reg->name, config->regs[i].raw);
	report_close(r);
}

static void devices_migration(const struct caps *c, unsigned int i, const struct ioctl_device *asked,
			      struct migration_fact facts[MIGRATION_WAYS])
{
	const struct iommu_unit *unit = machine_unit(&c->machine, c->machine.pci[i].iommu);
	const struct caps_unit *merged = unit ? &c->merged[unit - c->machine.units] : NULL;

	migration_facts(&c->machine.pci[i],
			merged ? reg_fact_find(merged->facts, merged->nr_facts, "dirty-tracking") : NULL, asked, facts);
}

static void devices_report_migration(struct report *r, const struct caps *c, unsigned int i,
				     const struct ioctl_device *asked)
{
	struct migration_fact facts[MIGRATION_WAYS];

	devices_migration(c, i, asked, facts);
	report_object(r, "migration");
	for (enum migration_way way = 0; way < MIGRATION_WAYS; way++) {
		report_object(r, migration_way_name(way));
		report_str(r, "answer", migration_answer_name(facts[way].answer));
		report_str(r, "why", facts[way].why);
		report_close(r);
	}
	report_close(r);
}

/* @asked: in the order of the devices, where there is one. */
static void devices_report_one(struct report *r, const struct caps *c, unsigned int i, const struct ioctl_device *asked)
{
	const struct pci_info *p = &c->machine.pci[i];
	char ids[16];

	snprintf(ids, sizeof(ids), "%04x:%04x", p->vendor, p->device);
	report_object(r, NULL);
	report_str(r, "id", p->addr);
	report_str(r, "ids", ids);
	report_str(r, "driver", p->driver);
	if (p->group >= 0)
		report_num(r, "group", (uint64_t)p->group);
	report_str(r, "iommu", p->iommu);
	devices_report_config(r, devices_config(c, i));
	devices_report_migration(r, c, i, asked);
	if (asked)
		caps_report_asked(r, asked);
	report_close(r);
}

/* By index in the machine's devices, the answers of each; NULL where nobody asked. */
static const struct ioctl_device **devices_asked(const struct caps *c)
{
	const struct machine *m = &c->machine;
	const struct ioctl_device **of = calloc(m->nr_devices + 1, sizeof(*of));

	for (unsigned int i = 0; of && i < m->ioctl.nr_devices; i++) {
		int at = machine_device(m, m->ioctl.devices[i].id);

		if (at >= 0)
			of[at] = &m->ioctl.devices[i];
	}
	return of;
}

void caps_report_devices(struct report *r, const struct caps *c)
{
	const struct ioctl_device **asked = devices_asked(c);

	report_list(r, "devices");
	for (unsigned int i = 0; i < c->machine.nr_devices; i++)
		if (c->devices[i])
			devices_report_one(r, c, i, asked ? asked[i] : NULL);
	report_close(r);
	free(asked);
}

/* What a list does not name is not there only when all of the list was seen. */
static bool devices_is_whole(const struct pci_config *config)
{
	return config->len > CONFIG_HEADER && !config->broken[0];
}

/* "on", "off", "-" for a capability that is not there, "?" where the part of config space that has it cannot be read. */
static const char *devices_state(const struct pci_config *config, const char *name, uint64_t enable)
{
	const struct reg_value *v = reg_value_find(config->regs, config->nr_regs, name);

	if (v)
		return v->raw & enable ? "on" : "off";
	if (!devices_is_whole(config))
		return "?";
	return config->has_pcie && config->len <= CONFIG_EXTENDED ? "?" : "-";
}

static const char *devices_bit(bool known, bool set)
{
	return known ? set ? "on" : "off" : "?";
}

/* No Snoop is a bit of PCI Express; without config space behind the header nobody knows whether the device is that. */
static const char *devices_no_snoop(const struct pci_config *config)
{
	if (!config->has_pcie && devices_is_whole(config))
		return "-";
	return devices_bit(config->has_pcie, config->devctl & DEVCTL_NO_SNOOP);
}

static const char *devices_port(const struct pci_config *config)
{
	if (config->has_pcie)
		return devices_pcie_type(config);
	return devices_is_whole(config) ? "conventional" : "?";
}

/* The enable bits stand where reg_pcie.c has them: ATS 31, PRI 0, PASID 16, any of ACS 22:16, SR-IOV 32. */
static void devices_text_row(struct report *r, const struct caps *c, unsigned int i, int unit_width)
{
	const struct pci_info *p = &c->machine.pci[i];
	const struct pci_config *config = devices_config(c, i);
	char group[12] = "-";

	if (p->group >= 0)
		snprintf(group, sizeof(group), "%d", p->group);
	report_line(r, "%-13s  %-*s  %5s  %6u  %-6s  %-8s  %-3s  %-3s  %-5s  %-3s  %-6s  %s", p->addr, unit_width,
		    p->iommu[0] ? p->iommu : "-", group, config->len,
		    devices_bit(config->len, config->command & COMMAND_BUS_MASTER), devices_no_snoop(config),
		    devices_state(config, "pcie.ats", UINT64_C(1) << 31), devices_state(config, "pcie.pri", 1),
		    devices_state(config, "pcie.pasid", UINT64_C(1) << 16),
		    devices_state(config, "pcie.acs", UINT64_C(0x7f) << 16),
		    devices_state(config, "pcie.sriov", UINT64_C(1) << 32), devices_port(config));
}

static void devices_text_more(struct report *r, const struct caps *c, unsigned int i)
{
	const struct pci_config *config = devices_config(c, i);

	if (config->broken[0])
		report_line(r, "  %s: %s", c->machine.pci[i].addr, config->broken);
	if (!c->verbose)
		return;
	for (unsigned int n = 0; n < config->nr_caps; n++) {
		const struct pci_cap *cap = &config->caps[n];
		const char *name = pci_cap_name(cap->extended, cap->id);

		report_line(r, "  0x%03x  %s0x%x %s", cap->at, cap->extended ? "extended " : "", cap->id,
			    name ? name : "");
	}
	for (unsigned int n = 0; n < config->nr_regs; n++)
		register_text(r, &config->regs[n], true);
}

/* Of devices that are in use by VFIO, and of those that were named; of all with -v. */
static void devices_text_migration(struct report *r, const struct caps *c, unsigned int i,
				   const struct ioctl_device *asked)
{
	struct migration_fact facts[MIGRATION_WAYS];

	if (!asked && c->all && !c->verbose)
		return;
	devices_migration(c, i, asked, facts);
	report_line(r, "  dirty pages and migration of %s", c->machine.pci[i].addr);
	for (enum migration_way way = 0; way < MIGRATION_WAYS; way++)
		report_line(r, "    %-7s %-9s%s", migration_way_name(way), migration_answer_name(facts[way].answer),
			    facts[way].why);
}

void caps_text_devices(struct report *r, const struct caps *c)
{
	const struct ioctl_device **asked = devices_asked(c);
	unsigned int shown = 0;
	int unit = 5;

	for (unsigned int i = 0; i < c->machine.nr_devices; i++)
		if (c->devices[i])
			unit = MAX(unit, (int)strlen(c->machine.pci[i].iommu));
	for (unsigned int i = 0; i < c->machine.nr_devices; i++) {
		if (!c->devices[i])
			continue;
		if (!shown++)
			report_line(r, "%-13s  %-*s  %s", "device", unit, "iommu",
				    "group  config  master  no snoop  ATS  PRI  PASID  ACS  SR-IOV  port");
		devices_text_row(r, c, i, unit);
		devices_text_more(r, c, i);
		devices_text_migration(r, c, i, asked ? asked[i] : NULL);
	}
	if (shown && !c->machine.configs)
		report_line(r, "config space is not read: this program was built without libpci");
	if (shown)
		report_line(r, "%s", "");
	free(asked);
}
