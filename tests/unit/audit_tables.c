/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of the audit: the firmware's tables. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit_machine.h"

static void nothing(struct audit_machine *t)
{
	(void)t;
}

static void truncated(struct audit_machine *t)
{
	audit_machine_problem(&t->m.dmar.table, "truncated", "the table ends in a DRHD");
}

static void checksum(struct audit_machine *t)
{
	audit_machine_problem(&t->m.dmar.table, "checksum", "the sum is 0x17");
}

static void reserved_bits(struct audit_machine *t)
{
	audit_machine_problem(&t->m.dmar.table, "reserved", "flags has reserved bits set: 0x80");
}

static void misaligned(struct audit_machine *t)
{
	audit_machine_problem(&t->m.dmar.table, "misaligned", "DRHD at 0xfed90010");
}

static void overlap(struct audit_machine *t)
{
	audit_machine_problem(&t->m.dmar.table, "overlap", "DRHD at 0xfed90000 twice");
}

static void reference(struct audit_machine *t)
{
	audit_machine_problem(&t->m.dmar.table, "reference", "RHSA: no DRHD has its registers at 0x1000");
}

static void unreadable(struct audit_machine *t)
{
	t->m.dmar.table.err = -EACCES;
}

static void scope(struct audit_machine *t, uint8_t device)
{
	t->dmar_entries[0].scopes = t->scopes;
	t->dmar_entries[0].nr_scopes = 1;
	t->scopes[0] = (struct acpi_scope){.at = 0x40, .type = 1, .nr_path = 1};
	t->scopes[0].path[0].device = device;
}

static void scope_missing(struct audit_machine *t)
{
	scope(t, 0x1c);
}

static void scope_present(struct audit_machine *t)
{
	scope(t, 3);
}

/* interrupt controllers have no PCI function to look for */
static void scope_ioapic(struct audit_machine *t)
{
	scope(t, 0x1c);
	t->scopes[0].type = 3;
}

static void scope_of_a_bridge(struct audit_machine *t)
{
	scope(t, 1);
}

static void scope_of_no_bridge(struct audit_machine *t)
{
	scope(t, 3);
	t->scopes[0].type = 2;
}

static void scope_of_the_port(struct audit_machine *t)
{
	scope(t, 1);
	t->scopes[0].type = 2;
}

static void ivrs_unit_missing(struct audit_machine *t)
{
	audit_machine_amd(t);
	t->blocks[0].device_id = 0x0a;
}

static void ivrs_unit_present(struct audit_machine *t)
{
	audit_machine_amd(t);
	t->blocks[0].device_id = 3 << 3;
}

/* --- drhd-uncovered --- */

static void uncovered(struct audit_machine *t)
{
	t->drhds[audit_machine_add(t, "0000:02:00.0", 0x020000, -1, -1)] = -1;
}

static void uncovered_bridge(struct audit_machine *t)
{
	t->drhds[audit_machine_add(t, "0000:02:00.0", 0x060400, -1, -1)] = -1;
}

static void uncovered_vmd(struct audit_machine *t)
{
	t->drhds[audit_machine_add(t, "10000:02:00.0", 0x010802, -1, -1)] = -1;
}

/* where the kernel has found a unit the device is covered, whatever we make of the scopes */
static void uncovered_but_known(struct audit_machine *t)
{
	t->drhds[DEV_NVME] = -1;
}

static void uncovered_in_broken_table(struct audit_machine *t)
{
	uncovered(t);
	truncated(t);
}

static void uncovered_amd(struct audit_machine *t)
{
	audit_machine_amd(t);
	t->ivhd_entries[0].last = 0x00ff;
	audit_machine_add(t, "0000:02:00.0", 0x020000, -1, -1);
}

static void covered_amd(struct audit_machine *t)
{
	audit_machine_amd(t);
	audit_machine_add(t, "0000:02:00.0", 0x020000, -1, -1);
}

/* --- preboot-dma --- */

static void no_opt_in(struct audit_machine *t)
{
	t->m.dmar.flags = 1;
}

static void no_opt_in_thunderbolt(struct audit_machine *t)
{
	no_opt_in(t);
	audit_machine_put(t, "/sys/bus/thunderbolt/devices/domain0/iommu_dma_protection", "0\n");
}

static void no_opt_in_amd(struct audit_machine *t)
{
	audit_machine_amd(t);
	t->m.ivrs.info = 1;
}

static void no_opt_in_guest(struct audit_machine *t)
{
	no_opt_in(t);
	audit_machine_put(t, "/sys/class/dmi/id/sys_vendor", "QEMU\n");
}

const struct audit_case audit_cases_tables[] = {
	{"acpi-malformed", "cut off", truncated, AUDIT_HIGH, "DMAR", "ends in a DRHD"},
	{"acpi-malformed", "checksum", checksum, AUDIT_MEDIUM, "DMAR", "0x17"},
	{"acpi-malformed", "reserved bits", reserved_bits, AUDIT_LOW, "DMAR", "0x80"},
	{"acpi-malformed", "a problem of another kind", overlap, NOT_FOUND, NULL, NULL},
	{"acpi-malformed", "not to be read", unreadable, BLIND, NULL, NULL},
	{"acpi-misaligned", "a base", misaligned, AUDIT_MEDIUM, "DMAR", "0xfed90010"},
	{"acpi-misaligned", "a problem of another kind", overlap, NOT_FOUND, NULL, NULL},
	{"acpi-overlap", "two bases", overlap, AUDIT_HIGH, "DMAR", "twice"},
	{"acpi-overlap", "a problem of another kind", misaligned, NOT_FOUND, NULL, NULL},
	{"acpi-reference", "to nothing", reference, AUDIT_MEDIUM, "DMAR", "RHSA"},
	{"acpi-reference", "a device that is not there", scope_missing, AUDIT_INFO, "DMAR", "0000:00:1c.0"},
	{"acpi-reference", "a device that is there", scope_present, NOT_FOUND, NULL, NULL},
	{"acpi-reference", "an IOAPIC", scope_ioapic, NOT_FOUND, NULL, NULL},
	{"acpi-reference", "a bridge named as an endpoint", scope_of_a_bridge, AUDIT_MEDIUM, "DMAR", "0000:00:01.0"},
	{"acpi-reference", "an endpoint named as a bridge", scope_of_no_bridge, AUDIT_MEDIUM, "DMAR", "0000:00:03.0"},
	{"acpi-reference", "a bridge named as one", scope_of_the_port, NOT_FOUND, NULL, NULL},
	{"acpi-reference", "an IOMMU that is not there", ivrs_unit_missing, AUDIT_MEDIUM, "IVRS", "0000:00:01.2"},
	{"acpi-reference", "an IOMMU that is there", ivrs_unit_present, NOT_FOUND, NULL, NULL},
	{"drhd-uncovered", "one device", uncovered, AUDIT_HIGH, "0000:02:00.0", "no DRHD"},
	{"drhd-uncovered", "by IVRS", uncovered_amd, AUDIT_HIGH, "0000:02:00.0", "no IVHD"},
	{"drhd-uncovered", "covered by IVRS", covered_amd, NOT_FOUND, NULL, NULL},
	{"drhd-uncovered", "a bridge", uncovered_bridge, NOT_FOUND, NULL, NULL},
	{"drhd-uncovered", "behind VMD", uncovered_vmd, NOT_FOUND, NULL, NULL},
	{"drhd-uncovered", "the kernel knows better", uncovered_but_known, NOT_FOUND, NULL, NULL},
	{"drhd-uncovered", "the table is broken", uncovered_in_broken_table, BLIND, NULL, NULL},
	{"preboot-dma", "DMAR without opt-in", no_opt_in, AUDIT_LOW, "DMAR", "bit 2"},
	{"preboot-dma", "with Thunderbolt", no_opt_in_thunderbolt, AUDIT_MEDIUM, "DMAR", "0"},
	{"preboot-dma", "IVRS without opt-in", no_opt_in_amd, AUDIT_LOW, "IVRS", "bit 1"},
	{"preboot-dma", "in a guest", no_opt_in_guest, NOT_FOUND, NULL, NULL},
	{"preboot-dma", "opted in", nothing, NOT_FOUND, NULL, NULL},
	{0},
};
