/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of the audit: the kernel's log, and its version. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_machine.h"

static void log_is(struct audit_machine *t, const char *text)
{
	free(t->m.log);
	t->m.log = text ? strdup(text) : NULL;
	t->m.log_err = text ? 0 : -EPERM;
}

static void no_log(struct audit_machine *t)
{
	log_is(t, NULL);
}

#define FAULT(device)                                        \
	"DMAR: [DMA Write NO_PASID] Request device [" device \
	"] fault addr 0x8000000 [fault reason 0x05] PTE Write access is not set\n"

static void fault_of_host(struct audit_machine *t)
{
	log_is(t, "DMAR: DRHD: handling fault status reg 2\n" FAULT("0000:01:00.0") FAULT("0000:01:00.0"));
}

static void fault_of_assigned(struct audit_machine *t)
{
	log_is(t, FAULT("0000:00:03.0"));
}

/* the bridge's requester ID, of the group of the device behind it */
static void fault_of_group(struct audit_machine *t)
{
	audit_machine_add(t, "0000:02:00.0", 0x060400, GROUP_VFIO, -1);
	log_is(t, FAULT("0000:02:00.0"));
}

static void fault_of_gone(struct audit_machine *t)
{
	log_is(t, FAULT("0000:7f:00.0"));
}

static void faults_many(struct audit_machine *t)
{
	static char text[100 * 200];

	text[0] = '\0';
	for (int i = 0; i < 100; i++)
		strcat(text, FAULT("0000:01:00.0"));
	log_is(t, text);
}

static void fault_smmu(struct audit_machine *t)
{
	audit_machine_smmu(t);
	log_is(t, "arm-smmu-v3 arm-smmu-v3.0.auto: event 0x10 received:\n"
		  "arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000001800000010\n"
		  "arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000020800000000\n"
		  "arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000000008000000\n"
		  "arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000000000000000\n");
}

static void harmless(struct audit_machine *t)
{
	log_is(t, "DMAR: Host address width 46\nDMAR: Intel(R) Virtualization Technology for Directed I/O\n"
		  "nvme nvme0: 8/0/0 default/read/poll queues\nmydriver: Warning: cable is slow\n");
}

static void pte_set(struct audit_machine *t)
{
	log_is(t, "DMAR: ERROR: DMA PTE for vPFN 0x3fe00 already set (to 12345003 not 6789a003)\n");
}

static void warning_ours(struct audit_machine *t)
{
	log_is(t, "WARNING: CPU: 1 PID: 2 at drivers/iommu/intel/iommu.c:1234 domain_unmap+0x1/0x2\n");
}

static void warning_other(struct audit_machine *t)
{
	log_is(t, "WARNING: CPU: 1 PID: 2 at net/sched/sch_generic.c:525 dev_watchdog+0x1/0x2\n");
}

static void tainted(struct audit_machine *t)
{
	t->m.kernel.taint = 1 << 9;
}

/* a proprietary module is no complaint */
static void tainted_by_module(struct audit_machine *t)
{
	t->m.kernel.taint = 1 << 0 | 1 << 12;
}

static void firmware_bug(struct audit_machine *t)
{
	log_is(t, "[Firmware Bug]: AMD-Vi: IOAPIC[4] not in IVRS table\n");
}

static void firmware_bug_iort(struct audit_machine *t)
{
	log_is(t, "ACPI: IORT: [Firmware Bug]: [map 0x1] conflicting mapping for input ID 0x100\n");
}

static void firmware_viot(struct audit_machine *t)
{
	log_is(t, "ACPI: VIOT: Could not find PCI IOMMU\n");
}

static void firmware_bug_other(struct audit_machine *t)
{
	log_is(t, "[Firmware Bug]: TSC frequency mismatch\n");
}

static void efr_mismatch(struct audit_machine *t)
{
	audit_machine_amd(t);
	log_is(t, "AMD-Vi: [Firmware Warn]: EFR mismatch. Use IVHD EFR (0x1 : 0x2), EFR2 (0x0 : 0x0).\n");
}

/* --- kernel-bug --- */

static void release(struct audit_machine *t, const char *text)
{
	snprintf(t->m.kernel.release, sizeof(t->m.kernel.release), "%s", text);
}

static void bug_mainline(struct audit_machine *t)
{
	release(t, "5.16.0-rc2");
}

static void bug_backport(struct audit_machine *t)
{
	release(t, "5.15.0-91-generic");
}

static void bug_other_driver(struct audit_machine *t)
{
	audit_machine_virtio(t);
	t->m.nr_nodes = 0;
	t->m.kernel.nr_params = 0;
	release(t, "5.16.0-rc2");
}

/* 6.19.12 has the fix of the page tables' short flush, and of vtd-pasid-replace since .4 */
static void bug_fixed_stable(struct audit_machine *t)
{
	release(t, "6.19.12");
}

static void bug_stable(struct audit_machine *t)
{
	release(t, "6.19.11");
}

static void bug_unknown(struct audit_machine *t)
{
	release(t, "custom");
}

static void nothing(struct audit_machine *t)
{
	(void)t;
}

const struct audit_case audit_cases_log[] = {
	{"kernel-faults", "of the host", fault_of_host, AUDIT_MEDIUM, "0000:01:00.0", "fault addr 0x8000000"},
	{"kernel-faults", "of an assigned device", fault_of_assigned, AUDIT_HIGH, "0000:00:03.0", NULL},
	{"kernel-faults", "of a bridge in its group", fault_of_group, AUDIT_HIGH, "0000:02:00.0", NULL},
	{"kernel-faults", "of a device that is gone", fault_of_gone, AUDIT_MEDIUM, "0000:7f:00.0", NULL},
	{"kernel-faults", "a hundred", faults_many, AUDIT_HIGH, "0000:01:00.0", "97 more"},
	{"kernel-faults", "of an SMMU", fault_smmu, AUDIT_HIGH, "0000:00:03.0", "event 0x10"},
	{"kernel-faults", "none", harmless, NOT_FOUND, NULL, NULL},
	{"kernel-faults", "no log", no_log, BLIND, NULL, NULL},
	{"pte-already-set", "logged", pte_set, AUDIT_HIGH, "kernel", "vPFN 0x3fe00"},
	{"pte-already-set", "not logged", harmless, NOT_FOUND, NULL, NULL},
	{"pte-already-set", "no log", no_log, BLIND, NULL, NULL},
	{"kernel-complaint", "in the IOMMU's code", warning_ours, AUDIT_MEDIUM, "kernel", "domain_unmap"},
	{"kernel-complaint", "elsewhere", warning_other, AUDIT_LOW, "kernel", "sch_generic"},
	{"kernel-complaint", "no longer in the log", tainted, AUDIT_LOW, "kernel", "bit 9"},
	{"kernel-complaint", "tainted by a module", tainted_by_module, NOT_FOUND, NULL, NULL},
	{"kernel-complaint", "told as pte-already-set", pte_set, NOT_FOUND, NULL, NULL},
	{"kernel-complaint", "none", harmless, NOT_FOUND, NULL, NULL},
	{"kernel-complaint", "no log", no_log, BLIND, NULL, NULL},
	{"firmware-bug-logged", "of IVRS", firmware_bug, AUDIT_MEDIUM, "firmware", "IOAPIC[4]"},
	{"firmware-bug-logged", "of IORT", firmware_bug_iort, AUDIT_MEDIUM, "firmware", "conflicting mapping"},
	{"firmware-bug-logged", "of VIOT, by its words", firmware_viot, AUDIT_MEDIUM, "firmware", "PCI IOMMU"},
	{"firmware-bug-logged", "of something else", firmware_bug_other, NOT_FOUND, NULL, NULL},
	{"firmware-bug-logged", "told as source-mismatch", efr_mismatch, NOT_FOUND, NULL, NULL},
	{"source-mismatch", "by the log", efr_mismatch, AUDIT_MEDIUM, "IVRS", "EFR mismatch"},
	{"kernel-bug", "a release candidate before the fix", bug_mainline, AUDIT_LOW, "vtd-flush-mask", "5.16.0-rc2"},
	{"kernel-bug", "a distribution's", bug_backport, AUDIT_INFO, "type1-locked-underflow", NULL},
	{"kernel-bug", "of a driver that is not in use", bug_other_driver, NOT_FOUND, NULL, NULL},
	{"kernel-bug", "a stable release before its fix", bug_stable, AUDIT_LOW, "page-table-short-flush", "6.19.12"},
	{"kernel-bug", "a stable release with the fix", bug_fixed_stable, NOT_FOUND, NULL, NULL},
	{"kernel-bug", "no version", bug_unknown, BLIND, NULL, NULL},
	{"kernel-bug", "a newer release", nothing, NOT_FOUND, NULL, NULL},
	{0},
};
