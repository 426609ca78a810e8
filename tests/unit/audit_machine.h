/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine in memory in which the audit finds nothing, and the changes that make it find something. */
#ifndef IC_TESTS_AUDIT_MACHINE_H
#define IC_TESTS_AUDIT_MACHINE_H

#include "core/audit/audit.h"

/*
 *   0000:00:00.0  host bridge
 *   0000:00:01.0  root port, ACS enabled
 *   0000:01:00.0    nvme, group 1, behind it
 *   0000:00:03.0  on vfio-pci, group 2: assigned
 *   0000:00:1f.0  ISA bridge, group 3
 * behind dmar0, which the DMAR's only DRHD describes.
 */
enum { DEV_HOST, DEV_PORT, DEV_VFIO, DEV_ISA, DEV_NVME, NR_DEVS_BASE, NR_DEVS = 12 };
enum { GROUP_PORT, GROUP_NVME, GROUP_VFIO, GROUP_ISA, NR_GROUPS };

struct audit_machine {
	struct host host;
	char dir[64];
	struct machine m;
	struct audit audit;
	struct iommu_unit units[3];
	struct group_info groups[NR_GROUPS];
	char members[NR_GROUPS][4][GROUP_NAME_MAX];
	struct group_reserved reserved[NR_GROUPS][4];
	struct pci_info pci[NR_DEVS];
	struct pci_config configs[NR_DEVS];
	int parents[NR_DEVS], secondary[NR_DEVS], drhds[NR_DEVS];
	struct dmar_entry dmar_entries[3];
	struct acpi_scope scopes[2];
	struct ivhd blocks[2];
	struct ivhd_entry ivhd_entries[2];
	struct ivmd memory[1];
	struct iort_node iort_nodes[1];
	struct viot_node viot_nodes[1];
	struct kernel_option options[4];
	struct module_param params[4];
	struct machine_node nodes[4];
	struct ioctl_device asked[1];
};

void audit_machine_begin(struct audit_machine *t);
void audit_machine_end(struct audit_machine *t);
/* A file below the root; printf-like. */
void audit_machine_put(struct audit_machine *t, const char *path, const char *fmt, ...) IC_PRINTF(3, 4);
void audit_machine_drop(struct audit_machine *t, const char *path);
void audit_machine_option(struct audit_machine *t, const char *key, const char *value);
void audit_machine_param(struct audit_machine *t, const char *module, const char *name, const char *value);
void audit_machine_node(struct audit_machine *t, const char *path, uint32_t mode);
void audit_machine_reg(struct iommu_unit *unit, const char *name, uint64_t raw);
void audit_machine_config_reg(struct audit_machine *t, unsigned int dev, const char *name, uint64_t raw);
void audit_machine_problem(struct acpi_table *table, const char *kind, const char *text);
/* One more device, in the group (index in groups[]), behind the bridge (-1: none). Addresses in ascending order. */
unsigned int audit_machine_add(struct audit_machine *t, const char *addr, uint32_t class_code, int group, int parent);
/* The one unit becomes AMD's, with IVRS in the DMAR's stead; a virtio-iommu; an SMMUv3. */
void audit_machine_amd(struct audit_machine *t);
void audit_machine_virtio(struct audit_machine *t);
void audit_machine_smmu(struct audit_machine *t);
/* Nothing on VFIO. */
void audit_machine_unassign(struct audit_machine *t);
/* No IOMMU in use. */
void audit_machine_unused(struct audit_machine *t);
void audit_machine_run(struct audit_machine *t);

/* A change of that machine, and the finding it must bring. */
struct audit_case {
	const char *id, *name;
	void (*change)(struct audit_machine *t);
	int severity;	      /* of the worst finding of this id; NOT_FOUND: there must be none */
	const char *subject;  /* of that finding; NULL: any */
	const char *evidence; /* part of one of its evidence's text; NULL: any */
};
#define NOT_FOUND (-1)
#define BLIND (-2) /* none, and the rule says that it could not look */

extern const struct audit_case audit_cases_config[], audit_cases_groups[], audit_cases_devices[], audit_cases_tables[],
	audit_cases_log[]; /* ended by one without id */

#endif
