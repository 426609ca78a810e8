/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers: values that the specification forbids, claims nobody verified, and sources that contradict each other. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"
#include "host/migration.h"

#define VIOLATIONS_MAX 16
#define IVRS_EFR_SUPPORTED 1
#define IORT_COHACC 1
#define SMMU_COHACC (1u << 4)

/* --- register-forbidden --- */

static void forbidden_found(struct audit *a, const char *subject, const struct reg_value *regs, unsigned int n)
{
	struct reg_violation v[VIOLATIONS_MAX];
	unsigned int count = reg_violations(regs, n, v, VIOLATIONS_MAX);

	if (!count)
		return;
	audit_add(a, AUDIT_MEDIUM, subject, "%s has %u register value%s that the specification forbids: %s", subject,
		  count, count == 1 ? "" : "s", v[0].text);
	for (unsigned int i = 0; i < count; i++)
		audit_show(a, v[i].value->source, "%s 0x%" PRIx64 ": %s", v[i].value->reg->name, v[i].value->raw,
			   v[i].text);
}

static void register_forbidden_check(struct audit *a)
{
	for (unsigned int i = 0; i < a->m->nr_units; i++) {
		const struct iommu_unit *unit = &a->m->units[i];

		if (audit_wants_unit(a, unit) && !unit->order_unknown)
			forbidden_found(a, unit->name, unit->regs, unit->nr_regs);
	}
	for (unsigned int n = 0; n < a->m->ioctl.nr_devices; n++) {
		const struct ioctl_device *d = &a->m->ioctl.devices[n];
		int i = machine_device(a->m, d->id);
		const struct iommu_unit *unit = i >= 0 ? machine_unit(a->m, a->m->pci[i].iommu) : NULL;

		/* the registers of a unit that shows its own are the same ones; if not, source-mismatch tells */
		if (i >= 0 && audit_wants_device(a, (unsigned int)i) && d->has_hw_info && (!unit || !unit->nr_regs))
			forbidden_found(a, d->id, d->regs, d->nr_regs);
	}
}

const struct audit_rule audit_register_forbidden = {
	.id = "register-forbidden",
	.severity = AUDIT_MEDIUM,
	.title = "a register holds what its specification forbids",
	.explain = "A capability register of the IOMMU has a combination of bits that its specification rules out: no "
		   "address width at all, a feature without the one it needs, a reserved code. The evidence names "
		   "the field and the section. Hardware does not do that; emulated IOMMUs, broken firmware "
		   "overrides and misread captures do. What the kernel concludes from such a register is not to be "
		   "relied on.",
	.advice = "compare with another machine of the type; update the hypervisor or firmware that makes the value up",
	.check = register_forbidden_check,
};

/* --- dirty-unverified --- */

static void dirty_unverified_check(struct audit *a)
{
	for (unsigned int i = 0; i < a->m->nr_units; i++) {
		const struct iommu_unit *unit = &a->m->units[i];
		struct reg_fact facts[REG_FACTS_MAX];
		unsigned int n = unit->order_unknown ? 0 : reg_facts(unit->regs, unit->nr_regs, facts);
		const struct reg_fact *dirty = reg_fact_find(facts, n, "dirty-tracking");

		if (!audit_wants_unit(a, unit) || !dirty || !dirty->has)
			continue;
		audit_add(a, AUDIT_INFO, unit->name, "%s claims to track dirty pages, which nobody has verified here",
			  unit->name);
		for (unsigned int r = 0; r < unit->nr_regs; r++)
			audit_show(a, unit->regs[r].source, "%s 0x%" PRIx64, unit->regs[r].reg->name,
				   unit->regs[r].raw);
	}
	for (unsigned int n = 0; n < a->m->ioctl.nr_devices; n++) {
		const struct ioctl_device *d = &a->m->ioctl.devices[n];
		int i = machine_device(a->m, d->id);

		if (i < 0 || !audit_wants_device(a, (unsigned int)i) || !d->has_hw_info ||
		    !(d->capabilities & IOCTL_HW_DIRTY_TRACKING))
			continue;
		audit_add(a, AUDIT_INFO, d->id,
			  "the kernel claims dirty tracking for %s, which nobody has verified here", d->id);
		audit_show(a, "IOMMU_GET_HW_INFO", "%s: out_capabilities 0x%" PRIx64 ", bit 0 is set", d->id,
			   d->capabilities);
	}
}

const struct audit_rule audit_dirty_unverified = {
	.id = "dirty-unverified",
	.severity = AUDIT_INFO,
	.title = "dirty tracking is claimed and was never verified",
	.explain = "The registers or the kernel say that the IOMMU marks pages that a device has written. Live "
		   "migration relies on it: a page that is not marked arrives with old contents. Reading registers "
		   "does not show whether it works. On AMD the kernel takes the claim from a firmware table rather "
		   "than from the hardware; emulated IOMMUs can claim it and mark nothing; and several kernels had "
		   "bugs in collecting the marks. It is no fault, but a thing to test before it is needed.",
	.advice = "before relying on it, write known pages by DMA and hold the bitmap against them",
	.check = dirty_unverified_check,
};

/* --- dirty-unmeasured --- */

static void unmeasured_check(struct audit *a)
{
	const struct iommu_unit *unit = NULL, *of = NULL; /* @of: whose facts these are */
	struct reg_fact facts[REG_FACTS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		const struct pci_info *dev = &a->m->pci[i];
		struct migration_fact ways[MIGRATION_WAYS];

		if (!audit_is_assigned(dev) || !audit_wants_device(a, i))
			continue;
		unit = machine_unit(a->m, dev->iommu);
		if (unit != of)
			n = unit && !unit->order_unknown ? reg_facts(unit->regs, unit->nr_regs, facts) : 0;
		of = unit;
		migration_facts(dev, reg_fact_find(facts, n, "dirty-tracking"),
				ioctl_facts_device(&a->m->ioctl, dev->addr), ways);
		if (ways[MIGRATION_BY_IOMMU].answer != MIGRATION_NO || ways[MIGRATION_BY_DEVICE].answer != MIGRATION_NO)
			continue;
		audit_add(a, AUDIT_INFO, dev->addr, "nothing tells which pages %s writes to", dev->addr);
		for (enum migration_way way = 0; way < MIGRATION_WAYS; way++)
			audit_show(a, way == MIGRATION_BY_IOMMU && unit ? unit->name : dev->driver, "%s: %s: %s",
				   migration_way_name(way), migration_answer_name(ways[way].answer), ways[way].why);
	}
}

const struct audit_rule audit_dirty_unmeasured = {
	.id = "dirty-unmeasured",
	.severity = AUDIT_INFO,
	.title = "an assigned device whose writes nothing keeps account of",
	.explain = "A live migration copies memory while the guest runs, and then again what was written in the "
		   "meantime. What a device writes is told by the dirty bits of the IOMMU's page tables, or by a log "
		   "that the device itself keeps and its VFIO driver offers. This device has neither: the evidence "
		   "names the bit or feature that is missing. VFIO's container answers all the same, but reports every "
		   "page the device could write to, so that all memory is copied again while the guest stands still.",
	.advice = "for live migration use a device whose driver has a log, or a machine whose IOMMU has dirty bits; or "
		  "expect the time that copying all memory takes",
	.check = unmeasured_check,
};

/* --- source-mismatch --- */

static void mismatch_registers(struct audit *a, const struct iommu_unit *unit, const struct ioctl_device *d)
{
	for (unsigned int r = 0; r < d->nr_regs; r++) {
		const struct reg_value *asked = &d->regs[r];
		const struct reg_value *shown = reg_value_find(unit->regs, unit->nr_regs, asked->reg->name);

		if (!shown || shown->raw == asked->raw)
			continue;
		audit_add(a, AUDIT_MEDIUM, unit->name,
			  "%s of %s is 0x%" PRIx64 " in sysfs and 0x%" PRIx64 " by IOMMU_GET_HW_INFO", asked->reg->name,
			  unit->name, shown->raw, asked->raw);
		audit_show(a, shown->source, "0x%" PRIx64, shown->raw);
		audit_show(a, asked->source[0] ? asked->source : "IOMMU_GET_HW_INFO", "0x%" PRIx64, asked->raw);
	}
}

static void mismatch_ioctl(struct audit *a)
{
	const struct iommu_unit *last = NULL;

	for (unsigned int n = 0; n < a->m->ioctl.nr_devices; n++) {
		const struct ioctl_device *d = &a->m->ioctl.devices[n];
		int i = d->has_hw_info ? machine_device(a->m, d->id) : -1;
		const struct iommu_unit *unit = i >= 0 ? machine_unit(a->m, a->m->pci[i].iommu) : NULL;

		/* several devices of one unit say the same */
		if (!unit || unit == last || unit->order_unknown || !audit_wants_device(a, (unsigned int)i))
			continue;
		last = unit;
		mismatch_registers(a, unit, d);
	}
}

/* With debugfs: what the hardware shows now against what the driver read when it started. */
static void mismatch_debugfs(struct audit *a)
{
	for (unsigned int i = 0; i < a->nr_regs; i++) {
		const struct debugfs_reg *d = &a->regs[i];
		const struct iommu_unit *unit = machine_unit(a->m, d->unit);
		const struct reg_value *shown =
			unit ? reg_value_find(unit->regs, unit->nr_regs, d->value.reg->name) : NULL;

		if (!shown || shown->raw == d->value.raw || unit->order_unknown || !audit_wants_unit(a, unit))
			continue;
		audit_add(a, AUDIT_MEDIUM, unit->name,
			  "%s of %s is 0x%" PRIx64 " in sysfs and 0x%" PRIx64 " in debugfs", d->value.reg->name,
			  unit->name, shown->raw, d->value.raw);
		audit_show(a, shown->source, "0x%" PRIx64, shown->raw);
		audit_show(a, d->value.source, "0x%" PRIx64, d->value.raw);
	}
}

static const struct dmar_entry *mismatch_drhd(const struct audit *a, uint64_t base)
{
	for (unsigned int i = 0; i < a->m->dmar.nr_entries; i++)
		if (a->m->dmar.entries[i].type == DMAR_DRHD && a->m->dmar.entries[i].base == base)
			return &a->m->dmar.entries[i];
	return NULL;
}

static void mismatch_bases(struct audit *a)
{
	char path[128];

	for (unsigned int i = 0; i < a->m->nr_units; i++) {
		const struct iommu_unit *unit = &a->m->units[i];

		if (unit->kind != UNIT_VTD || !unit->has_address || !audit_wants_unit(a, unit) ||
		    !a->m->dmar.nr_entries || mismatch_drhd(a, unit->address))
			continue;
		audit_add(a, AUDIT_MEDIUM, unit->name,
			  "%s has its registers at 0x%" PRIx64 ", where DMAR describes no IOMMU", unit->name,
			  unit->address);
		snprintf(path, sizeof(path), "/sys/class/iommu/%s/intel-iommu/address", unit->name);
		audit_show(a, path, "%" PRIx64, unit->address);
		for (unsigned int e = 0; e < a->m->dmar.nr_entries; e++)
			if (a->m->dmar.entries[e].type == DMAR_DRHD) {
				snprintf(path, sizeof(path), "DMAR+0x%x", a->m->dmar.entries[e].at);
				audit_show(a, path, "DRHD at 0x%" PRIx64, a->m->dmar.entries[e].base);
			}
	}
}

/* The kernel's choice of unit for a device against what the table says by its scopes. */
static void mismatch_scopes(struct audit *a)
{
	unsigned int shown = 0;
	char path[64];

	for (unsigned int i = 0; i < a->m->nr_devices; i++) {
		const struct pci_info *dev = &a->m->pci[i];
		const struct iommu_unit *unit = machine_unit(a->m, dev->iommu);
		int e = unit && unit->has_address && audit_wants_device(a, i) ? machine_drhd(a->m, i) : -1;

		if (e < 0 || unit->kind != UNIT_VTD || a->m->dmar.entries[e].base == unit->address ||
		    !mismatch_drhd(a, unit->address))
			continue;
		if (!shown++)
			audit_add(a, AUDIT_MEDIUM, dev->addr,
				  "%s is behind %s for the kernel, and behind the IOMMU at 0x%" PRIx64
				  " by DMAR's scopes",
				  dev->addr, unit->name, a->m->dmar.entries[e].base);
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu", dev->addr);
		audit_show(a, path, "%s, at 0x%" PRIx64 "; DMAR+0x%x has it at 0x%" PRIx64, unit->name, unit->address,
			   a->m->dmar.entries[e].at, a->m->dmar.entries[e].base);
	}
}

/* The n-th AMD unit is the n-th block of the newest type (drivers/iommu/amd/init.c, get_highest_supported_ivhd_type()). */
static const struct ivhd *mismatch_ivhd(const struct audit *a, unsigned int n)
{
	const struct ivrs *ivrs = &a->m->ivrs;
	unsigned int highest = 0, at = 0;

	for (unsigned int i = 0; i < ivrs->nr_blocks; i++)
		if (ivrs->blocks[i].type <= 0x40)
			highest = MAX(highest, ivrs->blocks[i].type);
	for (unsigned int i = 0; i < ivrs->nr_blocks; i++)
		if (ivrs->blocks[i].type == highest && at++ == n)
			return highest >= 0x11 ? &ivrs->blocks[i] : NULL;
	return NULL;
}

static void mismatch_efr(struct audit *a)
{
	unsigned int n;
	char source[32], line[200];

	for (unsigned int i = 0; i < a->m->nr_units; i++) {
		const struct iommu_unit *unit = &a->m->units[i];
		const struct reg_value *efr = reg_value_find(unit->regs, unit->nr_regs, "amd.efr");
		const struct ivhd *block = NULL;

		if (unit->kind == UNIT_AMD && sscanf(unit->name, "ivhd%u", &n) == 1)
			block = mismatch_ivhd(a, n);
		if (!block || !efr || unit->order_unknown || !(a->m->ivrs.info & IVRS_EFR_SUPPORTED) ||
		    block->efr == efr->raw || !audit_wants_unit(a, unit))
			continue;
		audit_add(a, AUDIT_MEDIUM, unit->name,
			  "the features of %s are 0x%" PRIx64 " for the kernel and 0x%" PRIx64 " in IVRS", unit->name,
			  efr->raw, block->efr);
		audit_show(a, efr->source, "0x%" PRIx64, efr->raw);
		snprintf(source, sizeof(source), "IVRS+0x%x", block->at);
		audit_show(a, source, "IVHD of type 0x%02x: EFR image 0x%" PRIx64, block->type, block->efr);
	}
	if (audit_log_line(a, "EFR mismatch", line, sizeof(line))) {
		audit_add(a, AUDIT_MEDIUM, "IVRS",
			  "the features of an AMD IOMMU differ between IVRS and the hardware, and the kernel "
			  "believes IVRS");
		audit_show(a, "kernel log", "%s", line);
	}
}

static const struct reg_value *mismatch_idr0(const struct audit *a, uint64_t base, const char **device)
{
	char name[32];

	snprintf(name, sizeof(name), "smmu3.0x%016" PRIx64, base);
	for (unsigned int n = 0; n < a->m->ioctl.nr_devices; n++) {
		const struct ioctl_device *d = &a->m->ioctl.devices[n];
		int i = machine_device(a->m, d->id);
		const struct iommu_unit *unit = i >= 0 ? machine_unit(a->m, a->m->pci[i].iommu) : NULL;

		*device = d->id;
		if (unit && (strcmp(unit->name, name) == 0 || (unit->has_address && unit->address == base)))
			return reg_value_find(d->regs, d->nr_regs, "smmuv3.idr0");
	}
	return NULL;
}

/* On ACPI machines the kernel takes coherency and table updates from IORT (arm-smmu-v3.c, arm_smmu_device_acpi_probe()). */
static void mismatch_iort(struct audit *a)
{
	for (unsigned int i = 0; i < a->m->iort.nr_nodes; i++) {
		const struct iort_node *node = &a->m->iort.nodes[i];
		const char *device = "";
		const struct reg_value *idr0 = node->type == IORT_SMMUV3 ? mismatch_idr0(a, node->base, &device) : NULL;
		unsigned int httu = node->flags >> 1 & 3, has;
		char source[32];
		bool more;

		if (!idr0)
			continue;
		has = (unsigned int)(idr0->raw >> 6) & 3;
		if ((node->flags & IORT_COHACC) == !!(idr0->raw & SMMU_COHACC) && httu == MIN(has, 2u))
			continue;
		/* to use less than there is does no harm */
		more = (node->flags & IORT_COHACC && !(idr0->raw & SMMU_COHACC)) || httu > has;
		snprintf(source, sizeof(source), "IORT+0x%x", node->at);
		audit_add(a, more ? AUDIT_MEDIUM : AUDIT_LOW, "IORT",
			  "IORT overrides the SMMU at 0x%" PRIx64 ": coherent %u for %u, table updates %u for %u",
			  node->base, node->flags & IORT_COHACC, !!(idr0->raw & SMMU_COHACC), httu, has);
		audit_show(a, source, "flags 0x%x: COHACC override %u, HTTU override %u", node->flags,
			   node->flags & IORT_COHACC, httu);
		audit_show(a, idr0->source, "IDR0 0x%" PRIx64 " by way of %s: COHACC %u, HTTU %u", idr0->raw, device,
			   !!(idr0->raw & SMMU_COHACC), has);
	}
}

static void source_mismatch_check(struct audit *a)
{
	audit_sees_table(a, &a->m->dmar.table, "DMAR");
	audit_sees_table(a, &a->m->ivrs.table, "IVRS");
	mismatch_ioctl(a);
	mismatch_debugfs(a);
	mismatch_bases(a);
	mismatch_scopes(a);
	mismatch_efr(a);
	mismatch_iort(a);
}

const struct audit_rule audit_source_mismatch = {
	.id = "source-mismatch",
	.severity = AUDIT_MEDIUM,
	.title = "two sources say different things about one IOMMU",
	.explain = "What should be one fact is told in two ways: a register in sysfs and by IOMMU_GET_HW_INFO; AMD's "
		   "features in IVRS and in the hardware (the kernel believes IVRS and warns); the registers' "
		   "address in sysfs and in DMAR; the IOMMU of a device for the kernel and by DMAR's scopes; "
		   "coherency and table updates of an SMMU in IORT and in IDR0 (the kernel believes IORT). One of "
		   "the two is wrong, and features may be used that the hardware lacks: dirty tracking that tracks "
		   "nothing, page tables that are not seen. In captures it can mean that files of two machines "
		   "were mixed.",
	.advice = "update the firmware; do not rely on the features that only one of the sources has",
	.check = source_mismatch_check,
};

/* --- source-broken --- */

static void source_broken_check(struct audit *a)
{
	char source[64];

	for (unsigned int i = 0; i < a->m->nr_units; i++) {
		const struct iommu_unit *unit = &a->m->units[i];

		if (!unit->problem[0] || !audit_wants_unit(a, unit))
			continue;
		audit_add(a, AUDIT_MEDIUM, unit->name, "sysfs says of %s what cannot be read as a register",
			  unit->name);
		snprintf(source, sizeof(source), "/sys/class/iommu/%s", unit->name);
		audit_show(a, source, "%s", unit->problem);
	}
	if (a->m->ioctl_problem[0]) {
		audit_add(a, AUDIT_MEDIUM, "capture",
			  "the answers of VFIO and iommufd in the capture are not what was written there");
		audit_advise(a, "make a new capture: iommuctl capture FILE");
		audit_show(a, "/iommuctl/ioctl.json", "%s", a->m->ioctl_problem);
	}
}

const struct audit_rule audit_source_broken = {
	.id = "source-broken",
	.severity = AUDIT_MEDIUM,
	.title = "a source that holds nonsense",
	.explain = "A file that should hold a register or another fact holds something else, and was left out: what it "
		   "would have told is not known. On a running machine that is a kernel whose format this version "
		   "does not know; in a capture, a damaged or edited file.",
	.advice = "report the file and the kernel's version; with a capture, make a new one",
	.check = source_broken_check,
};
