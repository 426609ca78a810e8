/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware's tables say of IOMMUs: broken structures, devices that nobody covers or that are not there. */
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"
#include "host/pci_path.h"

#define SCOPE_BRIDGE 2
#define DMAR_OPT_IN (1u << 2)
#define IVRS_OPT_IN (1u << 1)
#define VMD_SEGMENT 0x10000 /* made up by the kernel for what is behind a volume management device */

struct table_ref {
	const char *name;
	const struct acpi_table *table;
};
#define TABLES 4

static void tables_all(const struct audit *a, struct table_ref out[TABLES])
{
	out[0] = (struct table_ref){"DMAR", &a->m->dmar.table};
	out[1] = (struct table_ref){"IVRS", &a->m->ivrs.table};
	out[2] = (struct table_ref){"IORT", &a->m->iort.table};
	out[3] = (struct table_ref){"VIOT", &a->m->viot.table};
}

/* --- acpi-malformed, acpi-misaligned, acpi-overlap --- */

struct table_kind {
	const char *kind;
	enum audit_severity severity;
	const struct audit_rule *rule;
};
static const struct table_kind table_kinds[] = {
	{"truncated", AUDIT_HIGH, &audit_acpi_malformed},   {"length", AUDIT_HIGH, &audit_acpi_malformed},
	{"signature", AUDIT_HIGH, &audit_acpi_malformed},   {"loop", AUDIT_HIGH, &audit_acpi_malformed},
	{"checksum", AUDIT_MEDIUM, &audit_acpi_malformed},  {"value", AUDIT_MEDIUM, &audit_acpi_malformed},
	{"duplicate", AUDIT_MEDIUM, &audit_acpi_malformed}, {"too-many", AUDIT_MEDIUM, &audit_acpi_malformed},
	{"reserved", AUDIT_LOW, &audit_acpi_malformed},	    {"misaligned", AUDIT_MEDIUM, &audit_acpi_misaligned},
	{"overlap", AUDIT_HIGH, &audit_acpi_overlap},	    {"reference", AUDIT_MEDIUM, &audit_acpi_reference},
};

static bool table_kind_is(const char *kind, const struct audit_rule *rule, enum audit_severity severity)
{
	for (size_t i = 0; i < ARRAY_SIZE(table_kinds); i++)
		if (strcmp(table_kinds[i].kind, kind) == 0)
			return table_kinds[i].rule == rule && table_kinds[i].severity == severity;
	return rule == &audit_acpi_malformed && severity == AUDIT_MEDIUM;
}

static void table_found(struct audit *a, const struct table_ref *t, enum audit_severity severity, unsigned int count,
			const char *what)
{
	char source[32];

	audit_add(a, severity, t->name, "the ACPI table %s has %u %s%s", t->name, count, what, count == 1 ? "" : "s");
	for (unsigned int i = 0; i < MIN(t->table->nr_problems, ACPI_PROBLEMS_MAX); i++) {
		const struct acpi_problem *p = &t->table->problems[i];

		if (!table_kind_is(p->kind, a->rule, severity))
			continue;
		snprintf(source, sizeof(source), "%s+0x%x", t->name, p->at);
		audit_show(a, source, "%s", p->text);
	}
	if (t->table->nr_problems_lost)
		audit_show(a, t->name, "and %u more problems of all kinds that were not kept",
			   t->table->nr_problems_lost);
}

/* One finding for each table and severity. */
static void tables_check(struct audit *a, const char *what)
{
	struct table_ref tables[TABLES];

	tables_all(a, tables);
	for (size_t i = 0; i < TABLES; i++) {
		if (!audit_sees_table(a, tables[i].table, tables[i].name))
			continue;
		for (int severity = AUDIT_HIGH; severity >= AUDIT_INFO; severity--) {
			unsigned int count = 0;

			for (unsigned int p = 0; p < MIN(tables[i].table->nr_problems, ACPI_PROBLEMS_MAX); p++)
				count += table_kind_is(tables[i].table->problems[p].kind, a->rule,
						       (enum audit_severity)severity);
			if (count)
				table_found(a, &tables[i], (enum audit_severity)severity, count, what);
		}
	}
}

static void acpi_malformed_check(struct audit *a)
{
	tables_check(a, "malformed part");
}

const struct audit_rule audit_acpi_malformed = {
	.id = "acpi-malformed",
	.severity = AUDIT_HIGH,
	.title = "a firmware table that is broken",
	.explain = "The table from which the kernel learns of its IOMMUs (DMAR, IVRS, IORT or VIOT) breaks its "
		   "specification. High: it is cut off, its lengths do not add up, or its structure leads nowhere, "
		   "so that what lies behind is lost, whole IOMMUs perhaps. Medium: the checksum is wrong, a value "
		   "is impossible, something is there twice. Low: reserved bits are set, or a type is used that is "
		   "not defined, as newer firmware does. The evidence is the offset in the table, and the bytes. "
		   "The kernel ignores some of it, and gives up on the whole table for some.",
	.advice = "update the firmware; if it stays, report it to the maker with the table: /sys/firmware/acpi/tables",
	.check = acpi_malformed_check,
};

static void acpi_misaligned_check(struct audit *a)
{
	tables_check(a, "misaligned address");
}

const struct audit_rule audit_acpi_misaligned = {
	.id = "acpi-misaligned",
	.severity = AUDIT_MEDIUM,
	.title = "a firmware table with addresses that are not page-aligned",
	.explain = "Registers of an IOMMU, or memory that a device shares with firmware, must begin and end at page "
		   "borders. What does not is rounded by the kernel, so that more memory is open to the device "
		   "than was said, or refused, so that the device's first DMA faults.",
	.advice = "update the firmware; if it stays, report it to the maker",
	.check = acpi_misaligned_check,
};

static void acpi_overlap_check(struct audit *a)
{
	tables_check(a, "overlap");
}

const struct audit_rule audit_acpi_overlap = {
	.id = "acpi-overlap",
	.severity = AUDIT_HIGH,
	.title = "structures of a firmware table overlap",
	.explain = "Two IOMMUs have registers at the same addresses, or two shared memory regions or device ranges "
		   "overlap. One of the two entries is wrong. An IOMMU that is programmed through the registers of "
		   "another one does not translate at all while the kernel believes it does.",
	.advice = "update the firmware; until then do not rely on the isolation of the devices behind these IOMMUs",
	.check = acpi_overlap_check,
};

/* --- acpi-reference --- */

static const char *scope_text(const struct acpi_scope *s, char *buf, size_t len)
{
	size_t at = (size_t)snprintf(buf, len, "%04x:%02x", s->segment, s->bus);

	for (unsigned int i = 0; i < MIN(s->nr_path, ACPI_PATH_MAX) && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%c%02x.%x", i ? '/' : ':', s->path[i].device,
				       s->path[i].function);
	return buf;
}

/* IOAPICs, HPETs and namespace devices have numbers of their own that sysfs does not show. */
static bool scope_is_missing(const struct audit *a, const struct acpi_scope *s)
{
	return (s->type == 1 || s->type == SCOPE_BRIDGE) && s->nr_path && machine_scope(a->m, s) < 0;
}

/*
 * An endpoint that is a bridge to more devices, or a bridge that is none (drivers/iommu/intel/dmar.c, dmar_insert_dev_scope():
 * there bridges are known by their header; NTB devices that are named as bridges have the class of other bridges).
 */
static bool scope_is_mistaken(const struct audit *a, const struct acpi_scope *s)
{
	int at = s->type == 1 || s->type == SCOPE_BRIDGE ? machine_scope(a->m, s) : -1;
	uint32_t class;

	if (at < 0)
		return false;
	class = a->m->pci[at].class_code >> 8;
	return s->type == SCOPE_BRIDGE ? class >> 8 != 0x06 : class == 0x0604 || class == 0x0607;
}

typedef bool (*scope_test)(const struct audit *a, const struct acpi_scope *s);

static unsigned int scopes_count(const struct audit *a, scope_test test)
{
	const struct dmar *dmar = &a->m->dmar;
	unsigned int count = 0;

	for (unsigned int i = 0; i < dmar->nr_entries; i++)
		for (unsigned int s = 0; s < dmar->entries[i].nr_scopes; s++)
			count += test(a, &dmar->entries[i].scopes[s]);
	return count;
}

static void scopes_show(struct audit *a, scope_test test)
{
	const struct dmar *dmar = &a->m->dmar;
	char source[32], text[64];

	for (unsigned int i = 0; i < dmar->nr_entries; i++)
		for (unsigned int s = 0; s < dmar->entries[i].nr_scopes; s++) {
			const struct acpi_scope *scope = &dmar->entries[i].scopes[s];

			if (!test(a, scope))
				continue;
			snprintf(source, sizeof(source), "DMAR+0x%x", scope->at);
			audit_show(a, source, "%s: %s %s", dmar_type_name(dmar->entries[i].type),
				   scope->type == SCOPE_BRIDGE ? "bridge" : "device",
				   scope_text(scope, text, sizeof(text)));
		}
}

static void reference_scopes(struct audit *a)
{
	unsigned int missing = scopes_count(a, scope_is_missing), mistaken = scopes_count(a, scope_is_mistaken);

	if (missing) {
		audit_add(a, AUDIT_INFO, "DMAR", "DMAR names %u device%s that %s not there", missing,
			  missing == 1 ? "" : "s", missing == 1 ? "is" : "are");
		audit_advise(a, "nothing, where the devices are switched off in the firmware setup or not plugged in");
		scopes_show(a, scope_is_missing);
	}
	if (mistaken) {
		audit_add(a, AUDIT_MEDIUM, "DMAR",
			  "DMAR takes %u device%s for what %s not: a bridge for an endpoint or the other way", mistaken,
			  mistaken == 1 ? "" : "s", mistaken == 1 ? "it is" : "they are");
		scopes_show(a, scope_is_mistaken);
	}
}

/* An IOMMU that is a PCI function, and is not there as one. */
static void reference_unit(struct audit *a, const char *table, uint32_t at, unsigned int segment, unsigned int rid)
{
	char addr[16], source[32];

	snprintf(addr, sizeof(addr), "%04x:%02x:%02x.%x", segment & 0xffff, rid >> 8 & 0xff, rid >> 3 & 0x1f, rid & 7);
	if (machine_device(a->m, addr) >= 0)
		return;
	audit_add(a, AUDIT_MEDIUM, table, "%s describes the IOMMU %s, and there is no such device", table, addr);
	snprintf(source, sizeof(source), "%s+0x%x", table, at);
	audit_show(a, source, "IOMMU at %s", addr);
}

static void reference_units(struct audit *a)
{
	const struct ivrs *ivrs = &a->m->ivrs;

	for (unsigned int i = 0; i < ivrs->nr_blocks; i++)
		if (ivrs->blocks[i].type == ivrs->blocks[0].type)
			reference_unit(a, "IVRS", ivrs->blocks[i].at, ivrs->blocks[i].segment,
				       ivrs->blocks[i].device_id);
	for (unsigned int i = 0; i < a->m->viot.nr_nodes; i++)
		if (a->m->viot.nodes[i].type == 3)
			reference_unit(a, "VIOT", a->m->viot.nodes[i].at, a->m->viot.nodes[i].first_segment,
				       a->m->viot.nodes[i].first);
}

static void acpi_reference_check(struct audit *a)
{
	tables_check(a, "reference to nothing");
	/* a capture of the tables alone has no devices to refer to */
	if (!a->m->nr_devices)
		return;
	reference_scopes(a);
	reference_units(a);
}

const struct audit_rule audit_acpi_reference = {
	.id = "acpi-reference",
	.severity = AUDIT_MEDIUM,
	.title = "a firmware table names what is not there",
	.explain = "A structure of the table refers to another one, or to an IOMMU's own PCI function, that does not "
		   "exist: what it was to say is lost. Devices that DMAR names and that are not on the bus are "
		   "reported together and for information: firmware lists devices that can be switched off, hidden "
		   "or not plugged in. If such a device is there under another number, because the firmware has "
		   "counted buses wrongly, then it is not covered (see drhd-uncovered). A bridge that is named as an "
		   "endpoint, or an endpoint as a bridge, is an error on which Linux does not use VT-d at all.",
	.advice = "update the firmware; if it stays, report it to the maker",
	.check = acpi_reference_check,
};

/* --- drhd-uncovered --- */

static bool covered_by_ivrs(const struct ivrs *ivrs, uint64_t number)
{
	unsigned int segment = (unsigned int)(number >> 16), rid = number & 0xffff;

	for (unsigned int b = 0; b < ivrs->nr_blocks; b++) {
		const struct ivhd *block = &ivrs->blocks[b];

		for (unsigned int i = 0; block->segment == segment && i < block->nr_entries; i++) {
			const struct ivhd_entry *e = &block->entries[i];

			if (e->all || (!e->special && !e->hid[0] && rid >= e->first && rid <= e->last))
				return true;
		}
	}
	return false;
}

/* What the kernel has found a unit for is covered, whatever this table says; fabric does no DMA. */
static bool device_is_uncovered(const struct audit *a, unsigned int i, bool intel)
{
	const struct pci_info *dev = &a->m->pci[i];
	uint64_t number = pci_path_number(dev->addr);

	if (dev->iommu[0] || dev->group >= 0 || pci_is_fabric(dev) || number >> 16 >= VMD_SEGMENT)
		return false;
	/* an IOMMU does not translate itself */
	if (dev->class_code >> 8 == 0x0806)
		return false;
	return intel ? machine_drhd(a->m, i) < 0 : !covered_by_ivrs(&a->m->ivrs, number);
}

static bool table_is_reliable(const struct acpi_table *t)
{
	for (unsigned int i = 0; i < MIN(t->nr_problems, ACPI_PROBLEMS_MAX); i++)
		if (table_kind_is(t->problems[i].kind, &audit_acpi_malformed, AUDIT_HIGH))
			return false;
	return true;
}

static void uncovered_found(struct audit *a, const char *table, bool intel)
{
	unsigned int count = 0, first = 0;
	const char *addr;

	for (unsigned int i = a->m->nr_devices; i-- > 0;)
		if (audit_wants_device(a, i) && device_is_uncovered(a, i, intel)) {
			count++;
			first = i;
		}
	if (!count)
		return;
	addr = a->m->pci[first].addr;
	if (count == 1)
		audit_add(a, AUDIT_HIGH, addr, "%s is outside every IOMMU that %s describes: its DMA is not translated",
			  addr, table);
	else
		audit_add(
			a, AUDIT_HIGH, table,
			"%u devices are outside every IOMMU that %s describes, %s for one: their DMA is not translated",
			count, table, addr);
	for (unsigned int i = first; i < a->m->nr_devices; i++)
		if (audit_wants_device(a, i) && device_is_uncovered(a, i, intel))
			audit_show(a, a->m->pci[i].addr, "class 0x%06x, driver %s; no %s has it in its scope",
				   a->m->pci[i].class_code, a->m->pci[i].driver[0] ? a->m->pci[i].driver : "none",
				   intel ? "DRHD" : "IVHD");
}

static void drhd_uncovered_check(struct audit *a)
{
	const struct machine *m = a->m;

	if (!audit_sees_table(a, &m->dmar.table, "DMAR") || !audit_sees_table(a, &m->ivrs.table, "IVRS"))
		return;
	if (!table_is_reliable(&m->dmar.table) || !table_is_reliable(&m->ivrs.table)) {
		audit_unseen(a, "update the firmware",
			     "the table that says which IOMMU covers which device is broken (acpi-malformed)");
		return;
	}
	if (m->drhds && m->dmar.nr_entries)
		uncovered_found(a, "DMAR", true);
	if (m->ivrs.nr_blocks)
		uncovered_found(a, "IVRS", false);
}

const struct audit_rule audit_drhd_uncovered = {
	.id = "drhd-uncovered",
	.severity = AUDIT_HIGH,
	.title = "a device that no IOMMU covers",
	.explain = "The firmware's table says by device scopes which IOMMU is in charge of which device (DRHD "
		   "structures of DMAR, IVHD blocks of IVRS). The device is in none of them, and the kernel has "
		   "found no IOMMU for it either: it reaches all of memory, and cannot be assigned. It is not said "
		   "of bridges and the machine's own fabric, of virtual functions (their physical function "
		   "counts), and of devices behind Intel VMD, which speak with the ID of the VMD device.",
	.advice = "update the firmware, or move the device to another slot; until then treat it as not isolated",
	.check = drhd_uncovered_check,
};

/* --- preboot-dma --- */

/* "1" or "0": did firmware leave Thunderbolt behind the IOMMU. -1 = no such bus. */
static int preboot_thunderbolt(const struct audit *a, char *path, size_t len)
{
	CLEANUP_FREE char **names = NULL;
	char line[8];

	if (host_list_dir(a->m->host, &names, "/sys/bus/thunderbolt/devices"))
		return -1;
	for (char **name = names; *name; name++) {
		snprintf(path, len, "/sys/bus/thunderbolt/devices/%s/iommu_dma_protection", *name);
		if (strncmp(*name, "domain", 6) == 0 && host_read_line(a->m->host, line, sizeof(line), "%s", path) == 0)
			return line[0] == '1';
	}
	return -1;
}

static void preboot_dma_check(struct audit *a)
{
	const struct machine *m = a->m;
	bool intel = m->dmar.table.signature[0] && m->dmar.nr_entries;
	bool amd = m->ivrs.table.signature[0] && m->ivrs.nr_blocks;
	int thunderbolt;
	char path[128];

	/* a hypervisor's firmware has nothing plugged in that it does not know */
	if (a->guest || !audit_sees_table(a, &m->dmar.table, "DMAR") || !audit_sees_table(a, &m->ivrs.table, "IVRS"))
		return;
	if ((!intel && !amd) || (intel && m->dmar.flags & DMAR_OPT_IN) || (amd && m->ivrs.info & IVRS_OPT_IN))
		return;
	thunderbolt = preboot_thunderbolt(a, path, sizeof(path));
	audit_add(a, thunderbolt >= 0 ? AUDIT_MEDIUM : AUDIT_LOW, intel ? "DMAR" : "IVRS",
		  "the firmware does not ask to keep DMA under control from the start%s",
		  thunderbolt >= 0 ? ", on a machine with Thunderbolt" : "");
	if (intel)
		audit_show(a, "DMAR+0x25", "flags 0x%02x: DMA_CTRL_PLATFORM_OPT_IN (bit 2) is clear", m->dmar.flags);
	else
		audit_show(a, "IVRS+0x24", "IVinfo 0x%08x: the DMA remapping opt-in (bit 1) is clear", m->ivrs.info);
	if (thunderbolt >= 0)
		audit_show(a, path, "%d", thunderbolt);
}

const struct audit_rule audit_preboot_dma = {
	.id = "preboot-dma",
	.severity = AUDIT_LOW,
	.title = "no protection against DMA before the kernel starts",
	.explain = "Until the kernel sets up the IOMMU, it is up to firmware whether a device reaches memory. Firmware "
		   "that keeps it blocked says so by a bit in DMAR (DMA_CTRL_PLATFORM_OPT_IN) or IVRS; the kernel "
		   "then also turns the IOMMU on by itself and treats devices behind external ports as untrusted. "
		   "Here the bit is clear. Who can plug in a device before or while the machine starts can put "
		   "code into memory. It matters for machines that leave the house, and for those with Thunderbolt "
		   "or USB4 (then the severity is medium); servers rarely have it set.",
	.advice = "switch on kernel DMA protection (also named pre-boot DMA protection) in the firmware setup",
	.check = preboot_dma_check,
};
