/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMUs of `caps`: facts in words first, then the registers that they come from. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/caps.h"
#include "cmd/registers.h"

static void units_report_facts(struct report *r, const struct caps_unit *u)
{
	report_list(r, "facts");
	for (unsigned int i = 0; i < u->nr_facts; i++) {
		report_object(r, NULL);
		report_str(r, "name", u->facts[i].name);
		report_bool(r, "has", u->facts[i].has);
		report_num(r, "value", u->facts[i].value);
		report_str(r, "text", u->facts[i].text);
		report_close(r);
	}
	report_close(r);
}

/* The first source's value by name; what others say differently is in registers[], and its name in disagree[]. */
static void units_report_registers(struct report *r, const struct caps_unit *u)
{
	report_object(r, "registers");
	for (unsigned int i = 0; i < u->nr_regs; i++)
		if (reg_value_find(u->regs, u->nr_regs, u->regs[i].reg->name) == &u->regs[i])
			report_hex(r, u->regs[i].reg->name, u->regs[i].raw);
	report_close(r);
	report_list(r, "disagree");
	for (size_t k = 0; registers[k]; k++)
		if (caps_disagree(u, registers[k]))
			report_str(r, NULL, registers[k]->name);
	report_close(r);
	report_list(r, "forbidden");
	for (unsigned int i = 0; i < u->nr_violations; i++) {
		report_object(r, NULL);
		report_str(r, "register", u->violations[i].value->reg->name);
		report_str(r, "field", u->violations[i].field);
		report_str(r, "text", u->violations[i].text);
		report_close(r);
	}
	report_close(r);
}

static void units_report_one(struct report *r, const struct caps *c, unsigned int at)
{
	const struct iommu_unit *unit = &c->machine.units[at];
	const struct caps_unit *u = &c->merged[at];

	report_object(r, NULL);
	report_str(r, "name", unit->name);
	report_str(r, "kind", caps_kind_key(unit->kind));
	/* what is not known is not there: a key never changes its type */
	if (unit->has_address)
		report_hex(r, "address", unit->address);
	if (unit->has_domains) {
		report_num(r, "domains_supported", unit->domains_supported);
		report_num(r, "domains_used", unit->domains_used);
	}
	report_num(r, "nr_devices", unit->nr_devices);
	report_list(r, "devices");
	for (unsigned int i = 0; i < c->machine.nr_devices; i++)
		if (strcmp(c->machine.pci[i].iommu, unit->name) == 0)
			report_str(r, NULL, c->machine.pci[i].addr);
	report_close(r);
	units_report_registers(r, u);
	units_report_facts(r, u);
	report_str(r, "problem", unit->problem);
	report_close(r);
}

void caps_report_units(struct report *r, const struct caps *c)
{
	report_list(r, "iommus");
	for (unsigned int i = 0; i < c->machine.nr_units; i++)
		if (c->units[i])
			units_report_one(r, c, i);
	report_close(r);
}

static void units_text_head(struct report *r, const struct iommu_unit *unit)
{
	char address[48] = "", domains[64] = "";

	if (unit->has_address)
		snprintf(address, sizeof(address), ", registers at 0x%" PRIx64, unit->address);
	if (unit->has_domains)
		snprintf(domains, sizeof(domains), ", %" PRIu64 " of %" PRIu64 " domains in use", unit->domains_used,
			 unit->domains_supported);
	report_line(r, "%s: %s%s, %u device%s%s", unit->name, caps_kind(unit->kind), address, unit->nr_devices,
		    unit->nr_devices == 1 ? "" : "s", domains);
}

/* Why there is nothing to see, which is not that there is nothing. */
static void units_text_nothing(struct report *r, const struct iommu_unit *unit)
{
	switch (unit->kind) {
	case UNIT_SMMUV3:
		report_line(r,
			    "  not readable: only iommufd tells its registers, of a device that is bound to vfio-pci");
		break;
	case UNIT_VTD:
	case UNIT_AMD:
	case UNIT_VIRTIO:
		report_line(r, "  no register could be read from /sys/class/iommu/%s", unit->name);
		break;
	default:
		report_line(r, "  not readable: this kernel tells none of its registers");
	}
}

static void units_text_one(struct report *r, const struct caps *c, unsigned int at)
{
	const struct iommu_unit *unit = &c->machine.units[at];
	const struct caps_unit *u = &c->merged[at];

	units_text_head(r, unit);
	for (unsigned int i = 0; i < u->nr_facts; i++)
		report_line(r, "  %-22s %s", u->facts[i].name, u->facts[i].text);
	if (!u->nr_regs)
		units_text_nothing(r, unit);
	for (unsigned int i = 0; i < u->nr_regs; i++)
		register_text(r, &u->regs[i], c->verbose);
	for (size_t k = 0; registers[k]; k++)
		if (caps_disagree(u, registers[k]))
			report_line(r, "  the sources of %s differ; what is said above follows from the first",
				    registers[k]->name);
	for (unsigned int i = 0; i < u->nr_violations; i++)
		report_line(r, "  forbidden: %s: %s", u->violations[i].value->reg->name, u->violations[i].text);
	if (unit->problem[0])
		report_line(r, "  problem: %s", unit->problem);
	report_line(r, "%s", "");
}

void caps_text_units(struct report *r, const struct caps *c)
{
	if (c->all && !c->machine.nr_units) {
		report_line(r, "no IOMMU is in use: /sys/class/iommu has none");
		report_line(r, "%s", "");
	}
	for (unsigned int i = 0; i < c->machine.nr_units; i++)
		if (c->units[i])
			units_text_one(r, c, i);
	if (c->debugfs && c->debugfs_why[0])
		report_line(r, "debugfs: %s", c->debugfs_why);
}
