/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of the audit: what the kernel was told and chose, interrupts, who may do DMA. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_machine.h"
#include "base/util.h"

static void log_is(struct audit_machine *t, const char *text)
{
	free(t->m.log);
	t->m.log = strdup(text);
}

static void types_are(struct audit_machine *t, const char *type)
{
	for (int i = 0; i < NR_GROUPS; i++)
		snprintf(t->groups[i].type, sizeof(t->groups[i].type), "%s", type);
}

/* --- iommu-absent, iommu-off --- */

static void no_iommu(struct audit_machine *t)
{
	audit_machine_unused(t);
	memset(&t->m.dmar, 0, sizeof(t->m.dmar));
}

/* VFIO's own groups, for devices that are given away without an IOMMU */
static void no_iommu_but_groups(struct audit_machine *t)
{
	no_iommu(t);
	t->m.nr_groups = 2;
	t->groups[0].noiommu = t->groups[1].noiommu = true;
	t->groups[0].nr_reserved = t->groups[1].nr_reserved = 0;
	audit_machine_put(t, "/sys/kernel/iommu_groups/1/reserved_regions", "%s", "");
}

static void no_iommu_no_table(struct audit_machine *t)
{
	audit_machine_unused(t);
	memset(&t->m.dmar, 0, sizeof(t->m.dmar));
	t->m.dmar.table.err = -13;
}

/* an IORT is there for the interrupts of every Arm server */
static void no_iommu_no_iort(struct audit_machine *t)
{
	audit_machine_unused(t);
	memset(&t->m.dmar, 0, sizeof(t->m.dmar));
	t->m.iort.table.err = -13;
}

static void no_iommu_but_a_test(struct audit_machine *t)
{
	no_iommu(t);
	t->m.nr_units = 1;
	t->units[0].kind = UNIT_OTHER;
	t->units[0].nr_devices = 0;
	snprintf(t->units[0].name, sizeof(t->units[0].name), "iommufd_selftest_iommu.0");
}

static void unit_of_other_kind(struct audit_machine *t)
{
	no_iommu_but_a_test(t);
	t->units[0].nr_devices = 1;
}

static void no_sys(struct audit_machine *t)
{
	audit_machine_unused(t);
	memset(&t->m.dmar, 0, sizeof(t->m.dmar));
	host_close(&t->host); /* which holds the root that it had */
	snprintf(t->host.root, sizeof(t->host.root), "%s/proc", t->dir);
}

static void off(struct audit_machine *t)
{
	audit_machine_unused(t);
}

static void off_by_option(struct audit_machine *t)
{
	audit_machine_unused(t);
	audit_machine_option(t, "intel_iommu", "off");
}

static void off_virtio(struct audit_machine *t)
{
	audit_machine_unused(t);
	memset(&t->m.dmar, 0, sizeof(t->m.dmar));
	t->m.viot.nodes = t->viot_nodes;
	t->m.viot.nr_nodes = 1;
	t->viot_nodes[0].type = 3;
}

/* --- passthrough-default --- */

static void passthrough(struct audit_machine *t)
{
	types_are(t, "identity");
	audit_machine_option(t, "iommu", "pt");
}

static void passthrough_built_in(struct audit_machine *t)
{
	types_are(t, "identity");
}

static void passthrough_of_one(struct audit_machine *t)
{
	snprintf(t->groups[GROUP_NVME].type, sizeof(t->groups->type), "identity");
}

/* later words on the command line win: what the groups show is what holds */
static void passthrough_overridden(struct audit_machine *t)
{
	audit_machine_option(t, "iommu", "pt");
	audit_machine_option(t, "iommu.passthrough", "0");
}

static void passthrough_untyped(struct audit_machine *t)
{
	types_are(t, "");
	log_is(t, "iommu: Default domain type: Passthrough (set via kernel command line)\n");
}

static void translated_untyped(struct audit_machine *t)
{
	types_are(t, "");
	audit_machine_option(t, "iommu", "pt");
	log_is(t, "iommu: Default domain type: Translated\n");
}

static void untyped(struct audit_machine *t)
{
	types_are(t, "");
}

static void bridges_alone(struct audit_machine *t)
{
	snprintf(t->groups[GROUP_PORT].type, sizeof(t->groups->type), "identity");
}

static void igfx_off_alone(struct audit_machine *t)
{
	audit_machine_option(t, "intel_iommu", "on,igfx_off");
}

static void igfx_off(struct audit_machine *t)
{
	igfx_off_alone(t);
	audit_machine_add(t, "0000:02:00.0", 0x030000, -1, -1);
}

static void smmu_bypass(struct audit_machine *t)
{
	audit_machine_smmu(t);
	audit_machine_option(t, "arm-smmu.disable_bypass", "0");
}

/* --- lazy-flush --- */

static void lazy(struct audit_machine *t)
{
	snprintf(t->groups[GROUP_NVME].type, sizeof(t->groups->type), "DMA-FQ");
}

static void lazy_unassigned(struct audit_machine *t)
{
	types_are(t, "DMA-FQ");
	audit_machine_unassign(t);
}

/* the assigned device's own group is flushed at once, whatever its type */
static void lazy_assigned_alone(struct audit_machine *t)
{
	snprintf(t->groups[GROUP_VFIO].type, sizeof(t->groups->type), "DMA-FQ");
}

static void lazy_untyped(struct audit_machine *t)
{
	types_are(t, "");
	log_is(t, "iommu: DMA domain TLB invalidation policy: lazy mode\n");
}

static void strict_untyped(struct audit_machine *t)
{
	types_are(t, "");
	log_is(t, "iommu: DMA domain TLB invalidation policy: strict mode\n");
}

static void lazy_by_option(struct audit_machine *t)
{
	types_are(t, "");
	audit_machine_option(t, "iommu.strict", "0");
}

static void strict_by_option(struct audit_machine *t)
{
	types_are(t, "");
	audit_machine_option(t, "intel_iommu", "on,strict");
}

/* --- superpages-off --- */

static void sp_off(struct audit_machine *t)
{
	audit_machine_option(t, "intel_iommu", "on,sp_off");
}

static void sp_off_amd(struct audit_machine *t)
{
	audit_machine_amd(t);
	audit_machine_option(t, "intel_iommu", "on,sp_off");
}

static void hugepages_disabled(struct audit_machine *t)
{
	audit_machine_param(t, "vfio_iommu_type1", "disable_hugepages", "Y");
}

static void no_superpages(struct audit_machine *t)
{
	audit_machine_reg(&t->units[0], "vtd.cap", 0x8d2078c106f0466ULL & ~(0xfULL << 34));
}

static void no_second_stage(struct audit_machine *t)
{
	audit_machine_reg(&t->units[0], "vtd.cap", 0x8d2078c106f0466ULL & ~(0xfULL << 34) & ~(0x1fULL << 8));
}

/* --- interrupts --- */

static void remapping_off(struct audit_machine *t)
{
	audit_machine_put(t, "/proc/interrupts", " 0: 1 IO-APIC 2-edge timer\n 24: 0 PCI-MSI 0-edge\n");
}

/* 512 processors: the name of the chip comes behind a column for each. */
static void remapping_off_on_many(struct audit_machine *t)
{
	char row[512 * 11 + 1];

	memset(row, ' ', sizeof(row) - 1);
	row[sizeof(row) - 1] = '\0';
	audit_machine_put(t, "/proc/interrupts", " 24:%s PCI-MSI 0-edge\nNMI: 0 Non-maskable interrupts\n", row);
}

/* DesignWare's root ports of Arm and RISC-V have chips of the same name (pcie-designware-host.c). */
static void remapping_elsewhere(struct audit_machine *t)
{
	audit_machine_put(t, "/proc/interrupts", " 24: 0 PCI-MSI 0-edge\nIPI0: 5 Rescheduling interrupts\n");
}

static void remapping_off_in_guest(struct audit_machine *t)
{
	remapping_off(t);
	audit_machine_put(t, "/proc/cpuinfo", "flags\t\t: fpu hypervisor vme\naddress sizes\t: 46 bits physical\n");
}

static void remapping_option(struct audit_machine *t)
{
	audit_machine_drop(t, "/proc/interrupts");
	audit_machine_option(t, "intremap", "off");
}

static void remapping_hardware(struct audit_machine *t)
{
	audit_machine_drop(t, "/proc/interrupts");
	audit_machine_reg(&t->units[0], "vtd.ecap", 0xf020de & ~8);
}

static void remapping_firmware(struct audit_machine *t)
{
	audit_machine_drop(t, "/proc/interrupts");
	t->m.dmar.flags = 4;
}

static void remapping_unknown(struct audit_machine *t)
{
	audit_machine_drop(t, "/proc/interrupts");
}

static void remapping_logged(struct audit_machine *t)
{
	audit_machine_drop(t, "/proc/interrupts");
	log_is(t, "DMAR-IR: Enabled IRQ remapping in x2apic mode\n");
}

static void remapping_nosid(struct audit_machine *t)
{
	audit_machine_option(t, "intremap", "nosid");
}

static void unsafe(struct audit_machine *t)
{
	audit_machine_put(t, "/proc/interrupts", " 0: 1 IO-APIC 2-edge timer\n");
	snprintf(t->params[0].value, sizeof(t->params->value), "Y");
}

static void unsafe_idle(struct audit_machine *t)
{
	snprintf(t->params[0].value, sizeof(t->params->value), "Y");
}

static void unsafe_virtio(struct audit_machine *t)
{
	audit_machine_virtio(t);
	snprintf(t->params[0].value, sizeof(t->params->value), "Y");
}

static void unsafe_to_come(struct audit_machine *t)
{
	audit_machine_put(t, "/proc/interrupts", " 0: 1 IO-APIC 2-edge timer\n");
	audit_machine_option(t, "iommufd.allow_unsafe_interrupts", "1");
}

/* the module is loaded, and says N */
static void unsafe_option_overruled(struct audit_machine *t)
{
	audit_machine_option(t, "vfio_iommu_type1.allow_unsafe_interrupts", "1");
}

/* --- access --- */

static void noiommu(struct audit_machine *t)
{
	audit_machine_param(t, "vfio", "enable_unsafe_noiommu_mode", "Y");
}

static void noiommu_node(struct audit_machine *t)
{
	audit_machine_param(t, "vfio", "enable_unsafe_noiommu_mode", "N");
	audit_machine_node(t, "/dev/vfio/noiommu-0", 0600);
}

static void noiommu_no(struct audit_machine *t)
{
	audit_machine_param(t, "vfio", "enable_unsafe_noiommu_mode", "N");
}

static void group_open(struct audit_machine *t)
{
	t->nodes[1].mode = 0666;
}

static void device_open(struct audit_machine *t)
{
	audit_machine_node(t, "/dev/vfio/devices/vfio0", 0606);
}

static void iommufd_open(struct audit_machine *t)
{
	audit_machine_node(t, "/dev/iommu", 0666);
}

/* opening takes both */
static void group_readable(struct audit_machine *t)
{
	t->nodes[1].mode = 0664;
}

static void nodes_not_captured(struct audit_machine *t)
{
	t->m.nr_nodes = 0;
}

static void memlock_small(struct audit_machine *t)
{
	t->m.kernel.has_memlock = true;
	t->m.kernel.memlock = 8 << 20;
}

static void memlock_enough(struct audit_machine *t)
{
	t->m.kernel.has_memlock = true;
	t->m.kernel.memlock = UINT64_MAX;
}

static void memlock_unassigned(struct audit_machine *t)
{
	memlock_small(t);
	audit_machine_unassign(t);
}

static void debugfs_there(struct audit_machine *t)
{
	audit_machine_put(t, "/sys/kernel/debug/iommu/intel/iommu_regset", "\n");
	snprintf(t->m.kernel.release, sizeof(t->m.kernel.release), "6.12.3");
}

static void debugfs_fixed(struct audit_machine *t)
{
	debugfs_there(t);
	snprintf(t->m.kernel.release, sizeof(t->m.kernel.release), "6.17.3");
}

static void debugfs_no_version(struct audit_machine *t)
{
	debugfs_there(t);
	snprintf(t->m.kernel.release, sizeof(t->m.kernel.release), "custom");
}

static void debugfs_absent(struct audit_machine *t)
{
	snprintf(t->m.kernel.release, sizeof(t->m.kernel.release), "6.12.3");
}

static void acs_override(struct audit_machine *t)
{
	audit_machine_option(t, "pcie_acs_override", "downstream,multifunction");
}

static void acs_override_unassigned(struct audit_machine *t)
{
	acs_override(t);
	audit_machine_unassign(t);
}

static void acs_redirect_off(struct audit_machine *t)
{
	audit_machine_option(t, "pci", "noaer,disable_acs_redir=0000:00:01.0");
}

static void other_pci_option(struct audit_machine *t)
{
	audit_machine_option(t, "pci", "noaer");
}

static void no_cmdline(struct audit_machine *t)
{
	t->m.kernel.has_cmdline = false;
}

const struct audit_case audit_cases_config[] = {
	{"iommu-absent", "no unit, no group, no table", no_iommu, AUDIT_HIGH, "machine", "none of DMAR"},
	{"iommu-absent", "no groups but VFIO's without an IOMMU", no_iommu_but_groups, AUDIT_HIGH, "machine",
	 "no-IOMMU mode"},
	{"msi-window", "no IOMMU, and VFIO's groups without one", no_iommu_but_groups, NOT_FOUND, NULL, NULL},
	{"iommu-absent", "a table is there and cannot be read", no_iommu_no_table, NOT_FOUND, NULL, NULL},
	{"iommu-absent", "one that may be without an IOMMU cannot", no_iommu_no_iort, AUDIT_HIGH, "machine",
	 "no units"},
	{"iommu-absent", "none but iommufd's test", no_iommu_but_a_test, AUDIT_HIGH, "machine",
	 "no unit with a device"},
	{"iommu-absent", "one of a kind nobody knows", unit_of_other_kind, NOT_FOUND, NULL, NULL},
	{"iommu-absent", "a table describes one", off, NOT_FOUND, NULL, NULL},
	{"iommu-absent", "nothing was captured", no_sys, BLIND, NULL, NULL},
	{"iommu-off", "described and not used", off, AUDIT_HIGH, "kernel", "1 IOMMU described"},
	{"iommu-off", "switched off by an option", off_by_option, AUDIT_HIGH, "kernel", "intel_iommu=off"},
	{"iommu-off", "virtio-iommu without its driver", off_virtio, AUDIT_HIGH, "kernel", "1 IOMMU described"},
	{"iommu-off", "there is none", no_iommu, NOT_FOUND, NULL, NULL},
	{"iommu-off", "the table that describes it cannot be read", no_iommu_no_table, AUDIT_HIGH, "kernel",
	 "may not be read"},
	{"iommu-off", "one that may be without an IOMMU cannot", no_iommu_no_iort, NOT_FOUND, NULL, NULL},
	{"passthrough-default", "iommu=pt", passthrough, AUDIT_MEDIUM, "kernel", "iommu=pt"},
	{"passthrough-default", "by the kernel's build", passthrough_built_in, AUDIT_MEDIUM, "kernel", "identity"},
	{"passthrough-default", "one group's own", passthrough_of_one, AUDIT_INFO, "kernel", "identity (0000:01:00.0)"},
	{"passthrough-default", "overridden by a later word", passthrough_overridden, NOT_FOUND, NULL, NULL},
	{"passthrough-default", "by the log of an old kernel", passthrough_untyped, AUDIT_MEDIUM, "kernel",
	 "Passthrough"},
	{"passthrough-default", "the log of an old kernel denies it", translated_untyped, NOT_FOUND, NULL, NULL},
	{"passthrough-default", "an old kernel says nothing", untyped, BLIND, NULL, NULL},
	{"passthrough-default", "a group of bridges alone", bridges_alone, NOT_FOUND, NULL, NULL},
	{"passthrough-default", "graphics left out", igfx_off, AUDIT_MEDIUM, "kernel", "igfx_off"},
	{"passthrough-default", "no graphics to leave out", igfx_off_alone, NOT_FOUND, NULL, NULL},
	{"passthrough-default", "an SMMU that lets through", smmu_bypass, AUDIT_MEDIUM, "kernel", "disable_bypass=0"},
	{"lazy-flush", "a group of the host", lazy, AUDIT_MEDIUM, "kernel", "DMA-FQ (0000:01:00.0)"},
	{"lazy-flush", "nothing is assigned", lazy_unassigned, NOT_FOUND, NULL, NULL},
	{"lazy-flush", "only the assigned device's group", lazy_assigned_alone, NOT_FOUND, NULL, NULL},
	{"lazy-flush", "by the log", lazy_untyped, AUDIT_MEDIUM, "kernel", "lazy mode"},
	{"lazy-flush", "the log says strict", strict_untyped, NOT_FOUND, NULL, NULL},
	{"lazy-flush", "by the command line", lazy_by_option, AUDIT_MEDIUM, "kernel", "iommu.strict=0"},
	{"lazy-flush", "strict by the command line", strict_by_option, NOT_FOUND, NULL, NULL},
	{"lazy-flush", "an old kernel says nothing", untyped, BLIND, NULL, NULL},
	{"superpages-off", "sp_off", sp_off, AUDIT_LOW, "kernel", "sp_off"},
	{"superpages-off", "sp_off without VT-d", sp_off_amd, NOT_FOUND, NULL, NULL},
	{"superpages-off", "disable_hugepages", hugepages_disabled, AUDIT_LOW, "kernel", "Y"},
	{"superpages-off", "hardware without", no_superpages, AUDIT_LOW, "dmar0", "SSLPS"},
	{"superpages-off", "no second stage at all", no_second_stage, NOT_FOUND, NULL, NULL},
	{"interrupt-remapping-off", "by the chips", remapping_off, AUDIT_HIGH, "kernel", "no line with IR-"},
	{"interrupt-remapping-off", "by the chips, many processors", remapping_off_on_many, AUDIT_HIGH, "kernel",
	 "PCI-MSI"},
	{"interrupt-remapping-off", "chips of another kind of machine", remapping_elsewhere, BLIND, NULL, NULL},
	{"interrupt-remapping-off", "in a guest", remapping_off_in_guest, AUDIT_MEDIUM, "kernel", NULL},
	{"interrupt-remapping-off", "by an option", remapping_option, AUDIT_HIGH, "kernel", "intremap=off"},
	{"interrupt-remapping-off", "hardware without", remapping_hardware, AUDIT_HIGH, "kernel", "IR (bit 3)"},
	{"interrupt-remapping-off", "firmware without", remapping_firmware, AUDIT_HIGH, "kernel", "INTR_REMAP"},
	{"interrupt-remapping-off", "nothing shows it", remapping_unknown, BLIND, NULL, NULL},
	{"interrupt-remapping-off", "the log says on", remapping_logged, NOT_FOUND, NULL, NULL},
	{"interrupt-remapping-off", "without source ids", remapping_nosid, AUDIT_MEDIUM, "kernel", "nosid"},
	{"interrupt-remapping-off", "virtio-iommu has none", audit_machine_virtio, AUDIT_MEDIUM, "kernel",
	 "cannot remap"},
	{"interrupt-remapping-off", "Arm has none", audit_machine_smmu, NOT_FOUND, NULL, NULL},
	{"unsafe-interrupts", "set where nothing remaps", unsafe, AUDIT_HIGH, "kernel", "Y"},
	{"unsafe-interrupts", "set where interrupts are remapped", unsafe_idle, AUDIT_LOW, "kernel", "remapped"},
	{"unsafe-interrupts", "set in a guest", unsafe_virtio, AUDIT_MEDIUM, "kernel", "Y"},
	{"unsafe-interrupts", "on the command line of a module to come", unsafe_to_come, AUDIT_HIGH, "kernel",
	 "iommufd."},
	{"unsafe-interrupts", "the module says N", unsafe_option_overruled, NOT_FOUND, NULL, NULL},
	{"noiommu-mode", "enabled", noiommu, AUDIT_HIGH, "kernel", "Y"},
	{"noiommu-mode", "a device of it is there", noiommu_node, AUDIT_HIGH, "kernel", "mode 0600"},
	{"noiommu-mode", "not enabled", noiommu_no, NOT_FOUND, NULL, NULL},
	{"open-permissions", "a group's node", group_open, AUDIT_HIGH, "/dev/vfio/2", "mode 0666"},
	{"open-permissions", "a device's node", device_open, AUDIT_HIGH, "/dev/vfio/devices/vfio0", "mode 0606"},
	{"open-permissions", "iommufd", iommufd_open, AUDIT_MEDIUM, "/dev/iommu", "mode 0666"},
	{"open-permissions", "to be read only", group_readable, NOT_FOUND, NULL, NULL},
	{"open-permissions", "not captured", nodes_not_captured, BLIND, NULL, NULL},
	{"memlock-small", "8 MiB", memlock_small, AUDIT_LOW, "machine", "8388608"},
	{"memlock-small", "no limit", memlock_enough, NOT_FOUND, NULL, NULL},
	{"memlock-small", "nothing is assigned", memlock_unassigned, NOT_FOUND, NULL, NULL},
	{"debugfs-hazard", "the files are there", debugfs_there, AUDIT_LOW, "kernel", "6.12.3"},
	{"debugfs-hazard", "a fixed release", debugfs_fixed, NOT_FOUND, NULL, NULL},
	{"debugfs-hazard", "a release that is no version", debugfs_no_version, BLIND, NULL, NULL},
	{"debugfs-hazard", "no such files", debugfs_absent, NOT_FOUND, NULL, NULL},
	{"acs-override", "of a patched kernel", acs_override, AUDIT_HIGH, "kernel", "downstream"},
	{"acs-override", "with nothing assigned", acs_override_unassigned, AUDIT_MEDIUM, "kernel", NULL},
	{"acs-override", "redirection off", acs_redirect_off, AUDIT_MEDIUM, "kernel", "disable_acs_redir=0000:00:01.0"},
	{"acs-override", "another word of pci=", other_pci_option, NOT_FOUND, NULL, NULL},
	{"acs-override", "no command line", no_cmdline, BLIND, NULL, NULL},
	{0},
};
