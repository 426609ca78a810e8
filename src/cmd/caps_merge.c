/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of each IOMMU from sysfs, ioctls and debugfs put together, without hiding that two of them differ. */
#include <errno.h>
#include <string.h>

#include "cmd/caps.h"
#include "host/debugfs.h"

static const struct {
	const char *words, *key;
} caps_kinds[] = {
	[UNIT_VTD] = {"Intel VT-d", "vt-d"},
	[UNIT_AMD] = {"AMD IOMMU", "amd"},
	[UNIT_SMMUV3] = {"Arm SMMUv3", "smmuv3"},
	[UNIT_SMMU] = {"Arm SMMU", "smmu"},
	[UNIT_VIRTIO] = {"virtio-iommu", "virtio-iommu"},
	[UNIT_RISCV] = {"RISC-V IOMMU", "riscv"},
	[UNIT_OTHER] = {"of no known kind", "other"},
};

const char *caps_kind(enum unit_kind kind)
{
	return caps_kinds[kind].words;
}

const char *caps_kind_key(enum unit_kind kind)
{
	return caps_kinds[kind].key;
}

static void merge_add(struct caps_unit *u, const struct reg_value *v)
{
	for (unsigned int i = 0; i < u->nr_regs; i++)
		if (u->regs[i].reg == v->reg && u->regs[i].raw == v->raw)
			return;
	if (u->nr_regs < CAPS_REGS_MAX)
		u->regs[u->nr_regs++] = *v;
}

bool caps_disagree(const struct caps_unit *u, const struct reg *reg)
{
	const struct reg_value *first = NULL;

	for (unsigned int i = 0; i < u->nr_regs; i++) {
		if (u->regs[i].reg != reg)
			continue;
		if (first && first->raw != u->regs[i].raw)
			return true;
		first = &u->regs[i];
	}
	return false;
}

static struct caps_unit *merge_find(struct caps *c, const char *name)
{
	for (unsigned int u = 0; u < c->machine.nr_units; u++)
		if (strcmp(c->machine.units[u].name, name) == 0)
			return &c->merged[u];
	return NULL;
}

static void merge_ioctl(struct caps *c)
{
	const struct machine *m = &c->machine;

	for (unsigned int i = 0; i < m->ioctl.nr_devices; i++) {
		const struct ioctl_device *d = &m->ioctl.devices[i];
		int at = d->nr_regs ? machine_device(m, d->id) : -1;
		struct caps_unit *u = at >= 0 ? merge_find(c, m->pci[at].iommu) : NULL;

		for (unsigned int n = 0; u && n < d->nr_regs; n++)
			merge_add(u, &d->regs[n]);
	}
}

static int merge_debugfs(struct caps *c)
{
	CLEANUP_FREE struct debugfs_reg *regs = NULL;
	unsigned int n;
	int ret = debugfs_registers(&c->machine, !c->dry_run, &regs, &n, c->debugfs_why, sizeof(c->debugfs_why));

	for (unsigned int i = 0; i < n && !ret; i++) {
		struct caps_unit *u = merge_find(c, regs[i].unit);

		if (u)
			merge_add(u, &regs[i].value);
	}
	return ret;
}

/*
 * Nothing follows from two numbers of which nobody knows which is which. Where a source that does know has told them as well,
 * its values stand behind those.
 */
static void merge_facts(const struct iommu_unit *unit, struct caps_unit *u)
{
	unsigned int from = unit->order_unknown ? unit->nr_regs : 0;

	u->nr_facts = reg_facts(u->regs + from, u->nr_regs - from, u->facts);
	u->nr_violations = reg_violations(u->regs + from, u->nr_regs - from, u->violations, CAPS_VIOLATIONS_MAX);
}

int caps_merge(struct caps *c)
{
	const struct machine *m = &c->machine;
	int ret = 0;

	c->merged = calloc(m->nr_units + 1, sizeof(*c->merged));
	if (!c->merged)
		return -ENOMEM;
	for (unsigned int u = 0; u < m->nr_units; u++)
		for (unsigned int i = 0; i < m->units[u].nr_regs; i++)
			merge_add(&c->merged[u], &m->units[u].regs[i]);
	merge_ioctl(c);
	if (c->debugfs)
		ret = merge_debugfs(c);
	for (unsigned int u = 0; u < m->nr_units; u++)
		merge_facts(&m->units[u], &c->merged[u]);
	return ret;
}
