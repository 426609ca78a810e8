/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of the audit: groups, ACS, bridges, addresses. */
#include <errno.h>
#include <stdio.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "audit_machine.h"

#define ACS_ALL 0x001d001f

/* --- group-shared --- */

static unsigned int two_functions(struct audit_machine *t)
{
	unsigned int i = audit_machine_add(t, "0000:01:00.1", 0x040300, GROUP_NVME, DEV_PORT);

	t->configs[DEV_NVME].header_type = 0x80;
	t->configs[i].header_type = 0x80;
	return i;
}

static void functions_without_acs(struct audit_machine *t)
{
	two_functions(t);
}

/* To the kernel virtual functions are none of several, so that theirs is no ACS that could be missing. */
static void virtual_functions(struct audit_machine *t)
{
	unsigned int i = two_functions(t);

	t->configs[i].header_type = 0;
	strcpy(t->pci[i].physfn, "0000:01:00.0");
	t->configs[DEV_NVME].header_type = 0;
}

/* What ACPI names and no bus has: two of them, and 0000:00:00.0 is neither. */
static void no_pci_devices(struct audit_machine *t)
{
	struct group_info *g = &t->groups[GROUP_NVME];

	t->pci[DEV_HOST].class_code = 0x020000;
	g->nr_devices = 2;
	strcpy(t->members[GROUP_NVME][0], "AMDI0020:00");
	strcpy(t->members[GROUP_NVME][1], "AMDI0020:01");
}

static void functions_with_acs_off(struct audit_machine *t)
{
	unsigned int i = two_functions(t);

	audit_machine_config_reg(t, DEV_NVME, "pcie.acs", 0x0000001f);
	audit_machine_config_reg(t, i, "pcie.acs", ACS_ALL);
}

/* the kernel knows other reasons than those in config space */
static void functions_with_acs(struct audit_machine *t)
{
	unsigned int i = two_functions(t);

	audit_machine_config_reg(t, DEV_NVME, "pcie.acs", ACS_ALL);
	audit_machine_config_reg(t, i, "pcie.acs", ACS_ALL);
}

/* what the capability does not offer counts as hard-wired */
static void functions_with_less_acs(struct audit_machine *t)
{
	unsigned int i = two_functions(t);

	audit_machine_config_reg(t, DEV_NVME, "pcie.acs", 0x00040004);
	audit_machine_config_reg(t, i, "pcie.acs", 0);
}

static void functions_unreadable(struct audit_machine *t)
{
	two_functions(t);
	for (unsigned int i = 0; i < t->m.nr_devices; i++)
		t->configs[i].len = 64;
}

static void port_without_acs(struct audit_machine *t)
{
	two_functions(t);
	memcpy(t->pci[t->m.nr_devices - 1].addr, "0000:01:01.0", 13);
	memcpy(t->members[GROUP_NVME][1], "0000:01:01.0", 13);
	t->configs[DEV_PORT].nr_regs = 0;
}

static void port_with_acs_off(struct audit_machine *t)
{
	port_without_acs(t);
	audit_machine_config_reg(t, DEV_PORT, "pcie.acs", 0x0001001f);
}

static void behind_vmd(struct audit_machine *t)
{
	audit_machine_add(t, "10000:e1:00.0", 0x010802, GROUP_NVME, -1);
}

/* functions that the kernel has put into groups of their own are no finding, ACS or not */
static void functions_apart(struct audit_machine *t)
{
	audit_machine_add(t, "0000:01:00.1", 0x040300, -1, DEV_PORT);
	t->configs[DEV_NVME].header_type = 0x80;
}

static void with_a_bridge(struct audit_machine *t)
{
	audit_machine_add(t, "0000:01:01.0", 0x060400, GROUP_NVME, DEV_PORT);
}

/* --- bridge-alias --- */

static unsigned int behind_a_bridge(struct audit_machine *t, const char *driver)
{
	unsigned int bridge = audit_machine_add(t, "0000:01:01.0", 0x060400, GROUP_NVME, DEV_PORT), i;

	t->configs[bridge].pcie_type = PCIE_TO_PCI;
	i = audit_machine_add(t, "0000:02:04.0", 0x020000, GROUP_NVME, (int)bridge);
	snprintf(t->pci[i].driver, sizeof(t->pci[i].driver), "%s", driver);
	return bridge;
}

static void alias_assigned(struct audit_machine *t)
{
	behind_a_bridge(t, "vfio-pci");
}

static void alias_of_host(struct audit_machine *t)
{
	behind_a_bridge(t, "e1000");
}

static void alias_conventional(struct audit_machine *t)
{
	t->configs[behind_a_bridge(t, "vfio-pci")].has_pcie = false;
}

static void behind_a_switch(struct audit_machine *t)
{
	t->configs[behind_a_bridge(t, "vfio-pci")].pcie_type = PCIE_DOWNSTREAM;
}

static void bridge_alone(struct audit_machine *t)
{
	unsigned int bridge = audit_machine_add(t, "0000:01:01.0", 0x060400, GROUP_NVME, DEV_PORT);

	t->configs[bridge].pcie_type = PCIE_TO_PCI;
}

/* 64 bytes do not show whether the bridge is of PCI Express */
static void bridge_unreadable(struct audit_machine *t)
{
	unsigned int bridge = behind_a_bridge(t, "vfio-pci");

	t->configs[bridge].len = 64;
	t->configs[bridge].has_pcie = false;
}

/* --- group-host-bridge --- */

static void host_driver_in_group(struct audit_machine *t)
{
	unsigned int i = audit_machine_add(t, "0000:02:00.0", 0x060500, GROUP_VFIO, -1);

	snprintf(t->pci[i].driver, sizeof(t->pci[i].driver), "some_edac");
}

static void host_bridge_in_group(struct audit_machine *t)
{
	audit_machine_add(t, "0000:02:00.0", 0x060000, GROUP_VFIO, -1);
}

static void port_in_group(struct audit_machine *t)
{
	unsigned int i = audit_machine_add(t, "0000:02:00.0", 0x060400, GROUP_VFIO, -1);

	snprintf(t->pci[i].driver, sizeof(t->pci[i].driver), "pcieport");
}

static void host_driver_elsewhere(struct audit_machine *t)
{
	snprintf(t->pci[DEV_ISA].driver, sizeof(t->pci->driver), "lpc_ich");
}

/* --- reserved regions --- */

static void reserve(struct audit_machine *t, int group, const char *type)
{
	struct group_info *g = &t->groups[group];
	struct group_reserved *r = &t->reserved[group][g->nr_reserved++];

	*r = (struct group_reserved){.start = 0xbd000000, .last = 0xbd00ffff};
	snprintf(r->type, sizeof(r->type), "%s", type);
}

static void direct_assigned(struct audit_machine *t)
{
	reserve(t, GROUP_VFIO, "direct");
	t->dmar_entries[t->m.dmar.nr_entries++] =
		(struct dmar_entry){.type = DMAR_RMRR, .at = 0x48, .base = 0xbd000000, .last = 0xbd00ffff};
}

static void direct_of_host(struct audit_machine *t)
{
	reserve(t, GROUP_NVME, "direct");
}

static void relaxable(struct audit_machine *t)
{
	reserve(t, GROUP_VFIO, "direct-relaxable");
}

/* The first 16 MiB, as the kernel reserves them for floppy controllers. */
static void reserve_low(struct audit_machine *t, int group)
{
	reserve(t, group, "direct-relaxable");
	t->reserved[group][t->groups[group].nr_reserved - 1].start = 0;
	t->reserved[group][t->groups[group].nr_reserved - 1].last = 0xffffff;
}

static void relaxable_floppies(struct audit_machine *t)
{
	reserve_low(t, GROUP_ISA);
}

static void relaxable_low(struct audit_machine *t)
{
	reserve_low(t, GROUP_VFIO);
}

static void relaxable_rmrr(struct audit_machine *t)
{
	reserve_low(t, GROUP_ISA);
	t->dmar_entries[t->m.dmar.nr_entries++] =
		(struct dmar_entry){.type = DMAR_RMRR, .at = 0x48, .base = 0, .last = 0xffffff};
}

static void window_missing(struct audit_machine *t)
{
	t->groups[GROUP_NVME].nr_reserved = 0;
	audit_machine_put(t, "/sys/kernel/iommu_groups/1/reserved_regions", "%s", "");
}

static void window_unknown(struct audit_machine *t)
{
	t->groups[GROUP_NVME].nr_reserved = 0;
	t->groups[GROUP_NVME].reserved_err = -ENOENT;
}

static void window_unread(struct audit_machine *t)
{
	t->groups[GROUP_NVME].nr_reserved = 0;
	t->groups[GROUP_NVME].reserved_err = -EBADMSG;
}

static void window_over_memory(struct audit_machine *t)
{
	audit_machine_put(t, "/proc/iomem", "00100000-7fffffff : System RAM\nfee80000-feefffff : System RAM\n");
}

static void memory_elsewhere(struct audit_machine *t)
{
	audit_machine_put(t, "/proc/iomem", "00100000-7fffffff : System RAM\n  00000000-00000000 : Kernel code\n");
}

static void narrow(struct audit_machine *t)
{
	audit_machine_reg(&t->units[0], "vtd.cap", 0xd2008c40660462ULL);
}

static void narrow_by_vfio(struct audit_machine *t)
{
	t->m.ioctl.devices = t->asked;
	t->m.ioctl.nr_devices = 1;
	snprintf(t->asked[0].id, sizeof(t->asked[0].id), "0000:00:03.0");
	t->asked[0].has_vfio = true;
	t->asked[0].nr_ranges = 2;
	t->asked[0].ranges[0] = (struct vfio_range){0, 0xfedfffff};
	t->asked[0].ranges[1] = (struct vfio_range){0xfef00000, 0x7fffffffff};
}

static void narrow_processor(struct audit_machine *t)
{
	narrow(t);
	audit_machine_put(t, "/proc/cpuinfo", "flags\t\t: fpu\naddress sizes\t: 39 bits physical\n");
}

static void no_cpuinfo(struct audit_machine *t)
{
	audit_machine_drop(t, "/proc/cpuinfo");
}

const struct audit_case audit_cases_groups[] = {
	{"group-shared", "functions without ACS", functions_without_acs, AUDIT_LOW, "group 1", "no ACS capability"},
	{"group-shared", "virtual functions", virtual_functions, AUDIT_LOW, "group 1", "does not say why"},
	{"group-shared", "devices that are not on PCI", no_pci_devices, NOT_FOUND, NULL, NULL},
	{"group-shared", "a function's ACS is off", functions_with_acs_off, AUDIT_LOW, "group 1",
	 "SV RR CR UF supported"},
	{"group-shared", "for a reason that does not show", functions_with_acs, AUDIT_LOW, "group 1",
	 "does not say why"},
	{"group-shared", "features not offered are hard-wired", functions_with_less_acs, AUDIT_LOW, "group 1",
	 "does not say why"},
	{"group-shared", "config space unreadable", functions_unreadable, AUDIT_LOW, "group 1", "not known"},
	{"group-shared", "a port without ACS", port_without_acs, AUDIT_LOW, "group 1", "no ACS capability"},
	{"group-shared", "a port's ACS is off", port_with_acs_off, AUDIT_LOW, "group 1", "RR CR UF supported"},
	{"group-shared", "behind VMD", behind_vmd, AUDIT_LOW, "group 1", "VMD"},
	{"group-shared", "functions apart", functions_apart, NOT_FOUND, NULL, NULL},
	{"group-shared", "a device and its bridge", with_a_bridge, NOT_FOUND, NULL, NULL},
	{"bridge-alias", "an assigned device", alias_assigned, AUDIT_MEDIUM, "0000:01:01.0", "type 7"},
	{"bridge-alias", "a device of the host", alias_of_host, AUDIT_LOW, "0000:01:01.0", "driver e1000"},
	{"bridge-alias", "a conventional bridge", alias_conventional, AUDIT_MEDIUM, "0000:01:01.0", "no PCI Express"},
	{"bridge-alias", "behind a switch", behind_a_switch, NOT_FOUND, NULL, NULL},
	{"bridge-alias", "nothing behind it", bridge_alone, NOT_FOUND, NULL, NULL},
	{"bridge-alias", "the bridge is unreadable", bridge_unreadable, BLIND, NULL, NULL},
	{"group-host-bridge", "a driver of the host", host_driver_in_group, AUDIT_MEDIUM, "group 2", "some_edac"},
	{"group-host-bridge", "the host bridge itself", host_bridge_in_group, AUDIT_LOW, "group 2", "driver none"},
	{"group-host-bridge", "a port with its driver", port_in_group, NOT_FOUND, NULL, NULL},
	{"group-host-bridge", "in another group", host_driver_elsewhere, NOT_FOUND, NULL, NULL},
	{"reserved-direct", "of an assigned device", direct_assigned, AUDIT_MEDIUM, "group 2", "RMRR"},
	{"reserved-direct", "of the host", direct_of_host, AUDIT_INFO, "machine", "direct"},
	{"reserved-direct", "relaxable ones are another finding", relaxable, NOT_FOUND, NULL, NULL},
	{"reserved-relaxable", "of an assigned device", relaxable, AUDIT_INFO, "machine", "direct-relaxable"},
	{"reserved-relaxable", "the kernel's own for floppies", relaxable_floppies, NOT_FOUND, NULL, NULL},
	{"reserved-relaxable", "low memory of another device", relaxable_low, AUDIT_INFO, "machine",
	 "0x0000000000ffffff"},
	{"reserved-relaxable", "low memory by an RMRR", relaxable_rmrr, AUDIT_INFO, "machine", "0x0000000000ffffff"},
	{"reserved-relaxable", "direct ones are another finding", direct_of_host, NOT_FOUND, NULL, NULL},
	{"msi-window", "missing", window_missing, AUDIT_HIGH, "kernel", "none of them covers it"},
	{"msi-window", "not shown", window_unknown, BLIND, NULL, NULL},
	{"msi-window", "lines that are none", window_unread, BLIND, NULL, NULL},
	{"reserved-direct", "lines that are none", window_unread, BLIND, NULL, NULL},
	{"reserved-relaxable", "lines that are none", window_unread, BLIND, NULL, NULL},
	{"msi-window", "memory in it", window_over_memory, AUDIT_HIGH, "machine", "fee80000"},
	{"msi-window", "memory elsewhere", memory_elsewhere, NOT_FOUND, NULL, NULL},
	{"msi-window", "made by software", audit_machine_smmu, AUDIT_INFO, "kernel", "0x0000000008000000"},
	{"iova-width", "39 bits for 46", narrow, AUDIT_LOW, "dmar0", "39 bits"},
	{"iova-width", "39 bits by VFIO", narrow_by_vfio, AUDIT_LOW, "dmar0", "39 bits"},
	{"iova-width", "as wide as the processor", narrow_processor, NOT_FOUND, NULL, NULL},
	{"iova-width", "the processor's is not known", no_cpuinfo, BLIND, NULL, NULL},
	{0},
};
