/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of the audit: single devices, registers, sources that disagree. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit_machine.h"

#define ATS_ENABLED 0x80000000
#define NO_SNOOP 0x0800

static void external(struct audit_machine *t)
{
	audit_machine_put(t, "/sys/bus/pci/devices/0000:01:00.0/removable", "removable\n");
}

static void ats_external(struct audit_machine *t)
{
	external(t);
	audit_machine_config_reg(t, DEV_NVME, "pcie.ats", ATS_ENABLED);
}

static void ats_external_off(struct audit_machine *t)
{
	external(t);
	audit_machine_config_reg(t, DEV_NVME, "pcie.ats", 0x20);
}

static void ats_internal(struct audit_machine *t)
{
	audit_machine_config_reg(t, DEV_NVME, "pcie.ats", ATS_ENABLED);
}

static void ats_fixed(struct audit_machine *t)
{
	audit_machine_put(t, "/sys/bus/pci/devices/0000:01:00.0/removable", "fixed\n");
	audit_machine_config_reg(t, DEV_NVME, "pcie.ats", ATS_ENABLED);
}

static void pri_external(struct audit_machine *t)
{
	external(t);
	audit_machine_config_reg(t, DEV_NVME, "pcie.pri", 1);
}

static void pri_internal(struct audit_machine *t)
{
	audit_machine_config_reg(t, DEV_NVME, "pcie.pri", 1);
}

static void config_short(struct audit_machine *t)
{
	t->configs[DEV_NVME].len = 64;
}

static void no_libpci(struct audit_machine *t)
{
	t->m.configs = NULL;
	t->m.configs_err = -EOPNOTSUPP;
}

/* --- no-snoop-control --- */

static void no_snoop_control(struct audit_machine *t)
{
	audit_machine_reg(&t->units[0], "vtd.ecap", 0xf020de & ~0x80);
}

static void snoop_assigned(struct audit_machine *t)
{
	no_snoop_control(t);
	t->configs[DEV_VFIO].devctl = NO_SNOOP;
}

static void snoop_of_host(struct audit_machine *t)
{
	no_snoop_control(t);
	t->configs[DEV_NVME].devctl = NO_SNOOP;
}

static void snoop_cleared(struct audit_machine *t)
{
	no_snoop_control(t);
}

static void snoop_controlled(struct audit_machine *t)
{
	t->configs[DEV_VFIO].devctl = NO_SNOOP;
}

static void snoop_conventional(struct audit_machine *t)
{
	snoop_assigned(t);
	t->configs[DEV_VFIO].has_pcie = false;
}

static void snoop_amd(struct audit_machine *t)
{
	audit_machine_amd(t);
	t->configs[DEV_VFIO].devctl = NO_SNOOP;
}

/* --- dma-mask, config-broken --- */

static void mask_28(struct audit_machine *t)
{
	audit_machine_put(t, "/sys/bus/pci/devices/0000:01:00.0/dma_mask_bits", "28\n");
}

static void mask_32(struct audit_machine *t)
{
	audit_machine_put(t, "/sys/bus/pci/devices/0000:01:00.0/dma_mask_bits", "32\n");
}

static void mask_of_vfio(struct audit_machine *t)
{
	audit_machine_put(t, "/sys/bus/pci/devices/0000:00:03.0/dma_mask_bits", "24\n");
}

static void mask_hidden(struct audit_machine *t)
{
	audit_machine_drop(t, "/sys/bus/pci/devices/0000:01:00.0/dma_mask_bits");
}

static void broken(struct audit_machine *t)
{
	snprintf(t->configs[DEV_NVME].broken, sizeof(t->configs->broken), "capability at 0x40 points to itself");
}

static void gone(struct audit_machine *t)
{
	t->configs[DEV_NVME].gone = true;
	snprintf(t->configs[DEV_NVME].broken, sizeof(t->configs->broken), "reads as ones");
}

static void nothing(struct audit_machine *t)
{
	(void)t;
}

/* --- registers --- */

static void forbidden(struct audit_machine *t)
{
	/* SAGAW 0 on an IOMMU that has nothing else */
	audit_machine_reg(&t->units[0], "vtd.cap", 0x8d2078c106f0466ULL & ~(0x1fULL << 8));
}

static void asked(struct audit_machine *t, const char *reg, uint64_t raw)
{
	t->m.ioctl.devices = t->asked;
	t->m.ioctl.nr_devices = 1;
	snprintf(t->asked[0].id, sizeof(t->asked[0].id), "0000:00:03.0");
	t->asked[0].has_hw_info = true;
	t->asked[0].nr_regs = 1;
	t->asked[0].regs[0] = (struct reg_value){.reg = reg_find(reg), .raw = raw, .source = "IOMMU_GET_HW_INFO"};
}

static void dirty_by_registers(struct audit_machine *t)
{
	/* SMTS, SSADS, SMPWCS */
	audit_machine_reg(&t->units[0], "vtd.ecap", 0xf020de | 1ULL << 43 | 1ULL << 45 | 1ULL << 46 | 1ULL << 48);
}

static void dirty_by_kernel(struct audit_machine *t)
{
	asked(t, "vtd.ecap", 0xf020de);
	t->asked[0].capabilities = 1;
}

static void dirty_denied(struct audit_machine *t)
{
	asked(t, "vtd.ecap", 0xf020de);
}

/* --- dirty-unmeasured --- */

static void no_log(struct audit_machine *t)
{
	t->asked[0].dma_logging = false;
}

static void no_log_but_bits(struct audit_machine *t)
{
	no_log(t);
	dirty_by_kernel(t);
}

static void no_log_but_registers(struct audit_machine *t)
{
	no_log(t);
	dirty_by_registers(t);
}

static void no_log_not_opened(struct audit_machine *t)
{
	t->asked[0].has_features = false;
}

static void no_log_own_driver(struct audit_machine *t)
{
	no_log_not_opened(t);
	snprintf(t->pci[DEV_VFIO].driver, sizeof(t->pci[DEV_VFIO].driver), "mlx5_vfio_pci");
}

/* --- source-mismatch --- */

static void hw_info_differs(struct audit_machine *t)
{
	asked(t, "vtd.ecap", 0xf020df);
}

static void hw_info_agrees(struct audit_machine *t)
{
	asked(t, "vtd.ecap", 0xf020de);
}

static void base_differs(struct audit_machine *t)
{
	t->units[0].address = 0xfed91000;
}

static void scope_differs(struct audit_machine *t)
{
	t->dmar_entries[1] = (struct dmar_entry){.type = DMAR_DRHD, .at = 0x48, .base = 0xfed91000};
	t->m.dmar.nr_entries = 2;
	t->drhds[DEV_NVME] = 1;
}

static void efr_differs(struct audit_machine *t)
{
	audit_machine_amd(t);
	t->blocks[0].efr |= 1ULL << 52;
}

/* without EFRSup the kernel reads the hardware, and the image says nothing */
static void efr_unused(struct audit_machine *t)
{
	efr_differs(t);
	t->m.ivrs.info = 2;
}

static void efr_order_unknown(struct audit_machine *t)
{
	efr_differs(t);
	t->units[0].order_unknown = true;
}

static void iort_claims_more(struct audit_machine *t)
{
	audit_machine_smmu(t);
	t->iort_nodes[0].flags = 1 | 2 << 1;
}

static void iort_claims_less(struct audit_machine *t)
{
	audit_machine_smmu(t);
	t->iort_nodes[0].flags = 0;
}

static void unit_nonsense(struct audit_machine *t)
{
	snprintf(t->units[0].problem, sizeof(t->units[0].problem), "cap holds 'hello'");
}

static void capture_nonsense(struct audit_machine *t)
{
	snprintf(t->m.ioctl_problem, sizeof(t->m.ioctl_problem), "line 1: not JSON");
}

const struct audit_case audit_cases_devices[] = {
	{"ats-untrusted", "enabled, external", ats_external, AUDIT_HIGH, "0000:01:00.0", "0x80000000"},
	{"ats-untrusted", "external, not enabled", ats_external_off, NOT_FOUND, NULL, NULL},
	{"ats-untrusted", "enabled, internal", ats_internal, NOT_FOUND, NULL, NULL},
	{"ats-untrusted", "enabled, fixed", ats_fixed, NOT_FOUND, NULL, NULL},
	{"ats-untrusted", "config space unreadable", config_short, BLIND, NULL, NULL},
	{"ats-untrusted", "built without libpci", no_libpci, BLIND, NULL, NULL},
	{"pri-untrusted", "enabled, external", pri_external, AUDIT_HIGH, "0000:01:00.0", "Enable is set"},
	{"pri-untrusted", "enabled, internal", pri_internal, NOT_FOUND, NULL, NULL},
	{"pri-untrusted", "config space unreadable", config_short, BLIND, NULL, NULL},
	{"no-snoop-control", "an assigned device", snoop_assigned, AUDIT_MEDIUM, "0000:00:03.0", "SC (bit 7) is clear"},
	{"no-snoop-control", "a device of the host", snoop_of_host, AUDIT_INFO, "dmar0", "0x0800"},
	{"no-snoop-control", "the bit is clear", snoop_cleared, NOT_FOUND, NULL, NULL},
	{"no-snoop-control", "the unit has control", snoop_controlled, NOT_FOUND, NULL, NULL},
	{"no-snoop-control", "conventional devices have no such bit", snoop_conventional, NOT_FOUND, NULL, NULL},
	{"no-snoop-control", "AMD's can always", snoop_amd, NOT_FOUND, NULL, NULL},
	{"no-snoop-control", "config space unreadable", config_short, BLIND, NULL, NULL},
	{"dma-mask", "28 bits", mask_28, AUDIT_LOW, "0000:01:00.0", "28"},
	{"dma-mask", "32 bits", mask_32, NOT_FOUND, NULL, NULL},
	{"dma-mask", "of an assigned device", mask_of_vfio, NOT_FOUND, NULL, NULL},
	{"dma-mask", "not shown", mask_hidden, BLIND, NULL, NULL},
	{"config-broken", "a loop", broken, AUDIT_MEDIUM, "0000:01:00.0", "points to itself"},
	{"config-broken", "a device that sleeps", gone, AUDIT_INFO, "0000:01:00.0", "reads as ones"},
	{"config-broken", "none", nothing, NOT_FOUND, NULL, NULL},
	{"config-broken", "built without libpci", no_libpci, BLIND, NULL, NULL},
	{"register-forbidden", "SAGAW 0", forbidden, AUDIT_MEDIUM, "dmar0", "SAGAW"},
	{"register-forbidden", "healthy", nothing, NOT_FOUND, NULL, NULL},
	{"dirty-unverified", "by the registers", dirty_by_registers, AUDIT_INFO, "dmar0", "vtd.ecap"},
	{"dirty-unverified", "by the kernel", dirty_by_kernel, AUDIT_INFO, "0000:00:03.0", "bit 0 is set"},
	{"dirty-unverified", "not claimed", dirty_denied, NOT_FOUND, NULL, NULL},
	{"dirty-unmeasured", "no bit, no log", no_log, AUDIT_INFO, "0000:00:03.0", "SSADS"},
	{"dirty-unmeasured", "vfio-pci has no log, unasked", no_log_not_opened, AUDIT_INFO, "0000:00:03.0", "mlx5"},
	{"dirty-unmeasured", "a log", nothing, NOT_FOUND, NULL, NULL},
	{"dirty-unmeasured", "the kernel has the bits", no_log_but_bits, NOT_FOUND, NULL, NULL},
	{"dirty-unmeasured", "the registers have them", no_log_but_registers, NOT_FOUND, NULL, NULL},
	{"dirty-unmeasured", "a driver that was not asked", no_log_own_driver, NOT_FOUND, NULL, NULL},
	{"source-mismatch", "sysfs against hw_info", hw_info_differs, AUDIT_MEDIUM, "dmar0", "0xf020df"},
	{"source-mismatch", "sysfs as hw_info", hw_info_agrees, NOT_FOUND, NULL, NULL},
	{"source-mismatch", "no DRHD at the unit's address", base_differs, AUDIT_MEDIUM, "dmar0", "DRHD at 0xfed90000"},
	{"source-mismatch", "another DRHD by the scopes", scope_differs, AUDIT_MEDIUM, "0000:01:00.0", "0xfed91000"},
	{"source-mismatch", "IVRS against sysfs", efr_differs, AUDIT_MEDIUM, "ivhd0", "IVHD of type 0x11"},
	{"source-mismatch", "IVRS is not believed", efr_unused, NOT_FOUND, NULL, NULL},
	{"source-mismatch", "EFR and EFR2 may be each other", efr_order_unknown, NOT_FOUND, NULL, NULL},
	{"source-mismatch", "IVRS as sysfs", audit_machine_amd, NOT_FOUND, NULL, NULL},
	{"source-mismatch", "IORT claims more than IDR0", iort_claims_more, AUDIT_MEDIUM, "IORT", "HTTU 0"},
	{"source-mismatch", "IORT claims less than IDR0", iort_claims_less, AUDIT_LOW, "IORT", "COHACC 1"},
	{"source-mismatch", "IORT as IDR0", audit_machine_smmu, NOT_FOUND, NULL, NULL},
	{"source-broken", "a unit's file", unit_nonsense, AUDIT_MEDIUM, "dmar0", "hello"},
	{"source-broken", "a capture's answers", capture_nonsense, AUDIT_MEDIUM, "capture", "not JSON"},
	{"source-broken", "all in order", nothing, NOT_FOUND, NULL, NULL},
	{0},
};
