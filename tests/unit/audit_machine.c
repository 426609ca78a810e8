/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine in memory that the audit's tests change, and its files below a root of its own. */
#include "audit_machine.h"

#include "unit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VTD_CAP 0x8d2078c106f0466ULL /* a server's: 48 and 57 bits, 2M and 1G pages */
#define VTD_ECAP 0xf020deULL	     /* coherent, QI, DT, IR, EIM, PT, SC */
#define VTD_BASE 0xfed90000ULL

static void machine_path(const struct audit_machine *t, char *buf, size_t len, const char *path)
{
	snprintf(buf, len, "%s%s", t->dir, path);
}

static void machine_mkdirs(char *path)
{
	for (char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*s = '/';
	}
}

void audit_machine_put(struct audit_machine *t, const char *path, const char *fmt, ...)
{
	char full[512];
	va_list ap;
	FILE *to;

	machine_path(t, full, sizeof(full), path);
	machine_mkdirs(full);
	to = fopen(full, "w");
	assert_non_null(to);
	va_start(ap, fmt);
	vfprintf(to, fmt, ap);
	va_end(ap);
	assert_int_equal(fclose(to), 0);
}

void audit_machine_drop(struct audit_machine *t, const char *path)
{
	char full[512];

	machine_path(t, full, sizeof(full), path);
	assert_int_equal(unlink(full), 0);
}

void audit_machine_option(struct audit_machine *t, const char *key, const char *value)
{
	struct kernel_option *o = &t->options[t->m.kernel.nr_options++];

	assert_true(o < t->options + ARRAY_SIZE(t->options));
	snprintf(o->key, sizeof(o->key), "%s", key);
	snprintf(o->value, sizeof(o->value), "%s", value);
}

void audit_machine_param(struct audit_machine *t, const char *module, const char *name, const char *value)
{
	struct module_param *p = &t->params[t->m.kernel.nr_params++];

	assert_true(p < t->params + ARRAY_SIZE(t->params));
	snprintf(p->module, sizeof(p->module), "%s", module);
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->value, sizeof(p->value), "%s", value);
}

void audit_machine_node(struct audit_machine *t, const char *path, uint32_t mode)
{
	struct machine_node *n = &t->nodes[t->m.nr_nodes++];

	assert_true(n < t->nodes + ARRAY_SIZE(t->nodes));
	snprintf(n->path, sizeof(n->path), "%s", path);
	n->mode = mode;
}

void audit_machine_reg(struct iommu_unit *unit, const char *name, uint64_t raw)
{
	struct reg_value *v = &unit->regs[unit->nr_regs];

	for (unsigned int i = 0; i < unit->nr_regs; i++)
		if (strcmp(unit->regs[i].reg->name, name) == 0)
			v = &unit->regs[i];
	unit->nr_regs += v == &unit->regs[unit->nr_regs];
	v->reg = reg_find(name);
	assert_non_null(v->reg);
	v->raw = raw;
	snprintf(v->source, sizeof(v->source), "/sys/class/iommu/%s/%s", unit->name, name);
}

void audit_machine_config_reg(struct audit_machine *t, unsigned int dev, const char *name, uint64_t raw)
{
	struct pci_config *c = &t->configs[dev];
	struct reg_value *v = &c->regs[c->nr_regs];

	for (unsigned int i = 0; i < c->nr_regs; i++)
		if (strcmp(c->regs[i].reg->name, name) == 0)
			v = &c->regs[i];
	c->nr_regs += v == &c->regs[c->nr_regs];
	v->reg = reg_find(name);
	assert_non_null(v->reg);
	v->raw = raw;
}

void audit_machine_problem(struct acpi_table *table, const char *kind, const char *text)
{
	struct acpi_problem *p = &table->problems[table->nr_problems++];

	p->at = 0x40;
	p->kind = kind;
	snprintf(p->text, sizeof(p->text), "%s", text);
}

unsigned int audit_machine_add(struct audit_machine *t, const char *addr, uint32_t class_code, int group, int parent)
{
	unsigned int i = t->m.nr_devices++;
	struct pci_info *p = &t->pci[i];
	char path[128];

	assert_true(i < NR_DEVS);
	snprintf(p->addr, sizeof(p->addr), "%s", addr);
	p->class_code = class_code;
	p->is_bridge = class_code >> 8 == 0x0604;
	p->group = -1;
	t->parents[i] = parent;
	t->secondary[i] = -1;
	t->drhds[i] = 0;
	t->configs[i] = (struct pci_config){.len = 4096, .has_pcie = true, .pcie_type = PCIE_ENDPOINT};
	if (group >= 0) {
		struct group_info *g = &t->groups[group];

		p->group = g->id;
		snprintf(p->iommu, sizeof(p->iommu), "%s", t->units[0].name);
		snprintf(t->members[group][g->nr_devices++], sizeof(t->members[group][0]), "%s", addr);
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/dma_mask_bits", addr);
	audit_machine_put(t, path, "64\n");
	return i;
}

static void machine_groups(struct audit_machine *t)
{
	t->m.groups = t->groups;
	t->m.nr_groups = NR_GROUPS;
	for (int i = 0; i < NR_GROUPS; i++) {
		struct group_info *g = &t->groups[i];

		*g = (struct group_info){.id = i, .type = "DMA", .devices = t->members[i], .reserved = t->reserved[i]};
		g->nr_reserved = 1;
		t->reserved[i][0] = (struct group_reserved){0xfee00000, 0xfeefffff, "msi"};
	}
}

static void machine_devices(struct audit_machine *t)
{
	t->m.pci = t->pci;
	t->m.configs = t->configs;
	t->m.parents = t->parents;
	t->m.secondary = t->secondary;
	t->m.drhds = t->drhds;
	audit_machine_add(t, "0000:00:00.0", 0x060000, GROUP_PORT, -1);
	audit_machine_add(t, "0000:00:01.0", 0x060400, GROUP_PORT, -1);
	t->configs[DEV_PORT].pcie_type = PCIE_ROOT_PORT;
	t->configs[DEV_PORT].secondary = 1;
	t->secondary[DEV_PORT] = 1;
	audit_machine_config_reg(t, DEV_PORT, "pcie.acs", 0x001d001f);
	snprintf(t->pci[DEV_PORT].driver, sizeof(t->pci->driver), "pcieport");
	/* the order of addresses is that of this list, which machine_device() searches */
	audit_machine_add(t, "0000:00:03.0", 0x020000, GROUP_VFIO, -1);
	audit_machine_add(t, "0000:00:1f.0", 0x060100, GROUP_ISA, -1);
	audit_machine_add(t, "0000:01:00.0", 0x010802, GROUP_NVME, DEV_PORT);
	t->configs[DEV_ISA].has_pcie = false;
	snprintf(t->pci[DEV_VFIO].driver, sizeof(t->pci->driver), "vfio-pci");
	snprintf(t->pci[DEV_NVME].driver, sizeof(t->pci->driver), "nvme");
}

static void machine_dmar(struct audit_machine *t)
{
	struct dmar *d = &t->m.dmar;

	snprintf(d->table.signature, sizeof(d->table.signature), "DMAR");
	snprintf(d->table.path, sizeof(d->table.path), "/sys/firmware/acpi/tables/DMAR");
	d->flags = 5;
	d->width = 46;
	d->entries = t->dmar_entries;
	d->nr_entries = 1;
	t->dmar_entries[0] = (struct dmar_entry){.type = DMAR_DRHD, .at = 0x30, .flags = 1, .base = VTD_BASE};
}

void audit_machine_begin(struct audit_machine *t)
{
	memset(t, 0, sizeof(*t));
	snprintf(t->dir, sizeof(t->dir), "/tmp/iommuctl-audit-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	assert_int_equal(host_init(&t->host, t->dir, NULL), 0);
	t->m.host = &t->host;
	t->m.units = t->units;
	t->m.nr_units = 1;
	t->units[0] = (struct iommu_unit){.name = "dmar0", .kind = UNIT_VTD, .has_address = true, .address = VTD_BASE};
	audit_machine_reg(&t->units[0], "vtd.cap", VTD_CAP);
	audit_machine_reg(&t->units[0], "vtd.ecap", VTD_ECAP);
	machine_groups(t);
	machine_devices(t);
	/* what VFIO says of the assigned device: its driver keeps a log of its writes */
	t->m.ioctl.devices = t->asked;
	t->m.ioctl.nr_devices = 1;
	t->asked[0] = (struct ioctl_device){.id = "0000:00:03.0", .has_features = true, .dma_logging = true};
	machine_dmar(t);
	snprintf(t->m.kernel.release, sizeof(t->m.kernel.release), "7.3.1");
	snprintf(t->m.kernel.cpu_vendor, sizeof(t->m.kernel.cpu_vendor), "GenuineIntel");
	snprintf(t->m.kernel.arch, sizeof(t->m.kernel.arch), "x86");
	t->m.kernel.has_cmdline = true;
	t->m.kernel.options = t->options;
	t->m.kernel.params = t->params;
	t->m.nodes = t->nodes;
	audit_machine_param(t, "vfio_iommu_type1", "allow_unsafe_interrupts", "N");
	audit_machine_node(t, "/dev/vfio/vfio", 0666);
	audit_machine_node(t, "/dev/vfio/2", 0600);
	t->m.log = strdup("Linux version 7.3.1\n");
	audit_machine_put(t, "/sys/firmware/acpi/tables/DMAR", "DMAR");
	audit_machine_put(t, "/proc/cpuinfo",
			  "vendor_id\t: GenuineIntel\nflags\t\t: fpu vme\naddress sizes\t: 46 bits physical\n");
	audit_machine_put(t, "/proc/interrupts", " 0: 1 IR-IO-APIC 2-edge timer\n");
}

static int machine_remove_one(const char *path, const struct stat *st IC_UNUSED, int kind IC_UNUSED,
			      struct FTW *ftw IC_UNUSED)
{
	return remove(path);
}

void audit_machine_end(struct audit_machine *t)
{
	audit_free(&t->audit);
	free(t->m.log);
	nftw(t->dir, machine_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void machine_rename_unit(struct audit_machine *t, const char *name, enum unit_kind kind)
{
	t->units[0] = (struct iommu_unit){.kind = kind};
	snprintf(t->units[0].name, sizeof(t->units[0].name), "%s", name);
	for (unsigned int i = 0; i < t->m.nr_devices; i++)
		if (t->pci[i].iommu[0])
			snprintf(t->pci[i].iommu, sizeof(t->pci[i].iommu), "%s", name);
	memset(&t->m.dmar, 0, sizeof(t->m.dmar));
	t->m.drhds = NULL;
}

void audit_machine_amd(struct audit_machine *t)
{
	machine_rename_unit(t, "ivhd0", UNIT_AMD);
	audit_machine_reg(&t->units[0], "amd.cap", 0x190b640f);
	audit_machine_reg(&t->units[0], "amd.efr", 0x58f77ef22294a5aULL);
	snprintf(t->m.kernel.cpu_vendor, sizeof(t->m.kernel.cpu_vendor), "AuthenticAMD");
	snprintf(t->m.ivrs.table.signature, sizeof(t->m.ivrs.table.signature), "IVRS");
	t->m.ivrs.info = 3;
	t->m.ivrs.blocks = t->blocks;
	t->m.ivrs.nr_blocks = 1;
	t->blocks[0] = (struct ivhd){.at = 0x30, .type = 0x11, .base = 0xfeb80000, .efr = 0x58f77ef22294a5aULL};
	t->blocks[0].entries = t->ivhd_entries;
	t->blocks[0].nr_entries = 1;
	t->ivhd_entries[0] = (struct ivhd_entry){.first = 0, .last = 0xffff};
}

void audit_machine_virtio(struct audit_machine *t)
{
	machine_rename_unit(t, "virtio0", UNIT_VIRTIO);
	audit_machine_put(t, "/proc/interrupts", " 0: 1 IO-APIC 2-edge timer\n");
}

void audit_machine_smmu(struct audit_machine *t)
{
	machine_rename_unit(t, "smmu3.0x0000000009050000", UNIT_SMMUV3);
	snprintf(t->m.kernel.arch, sizeof(t->m.kernel.arch), "arm64");
	t->m.kernel.cpu_vendor[0] = '\0';
	for (int i = 0; i < NR_GROUPS; i++)
		t->reserved[i][0] = (struct group_reserved){0x8000000, 0x80fffff, "msi"};
	t->m.iort.nodes = t->iort_nodes;
	t->m.iort.nr_nodes = 1;
	t->iort_nodes[0] = (struct iort_node){.type = IORT_SMMUV3, .base = 0x9050000, .flags = 1, .at = 0x50};
	snprintf(t->m.iort.table.signature, sizeof(t->m.iort.table.signature), "IORT");
	t->m.ioctl.devices = t->asked;
	t->m.ioctl.nr_devices = 1;
	snprintf(t->asked[0].id, sizeof(t->asked[0].id), "0000:00:03.0");
	t->asked[0].has_hw_info = true;
	t->asked[0].nr_regs = 1;
	t->asked[0].regs[0] =
		(struct reg_value){.reg = reg_find("smmuv3.idr0"), .raw = 0x0d44101b, .source = "IOMMU_GET_HW_INFO"};
	audit_machine_put(t, "/proc/cpuinfo", "CPU implementer\t: 0x41\n");
}

void audit_machine_unassign(struct audit_machine *t)
{
	t->pci[DEV_VFIO].driver[0] = '\0';
}

void audit_machine_unused(struct audit_machine *t)
{
	t->m.nr_units = 0;
	t->m.nr_groups = 0;
	for (unsigned int i = 0; i < t->m.nr_devices; i++) {
		t->pci[i].iommu[0] = '\0';
		t->pci[i].group = -1;
	}
}

void audit_machine_run(struct audit_machine *t)
{
	audit_free(&t->audit);
	t->audit.m = &t->m;
	assert_int_equal(audit_run(&t->audit, NULL), 0);
}
