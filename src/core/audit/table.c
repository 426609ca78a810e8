/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of all rules of the audit. */
#include <string.h>

#include "core/audit/priv.h"

const struct audit_rule *const audit_rules[] = {
	&audit_acpi_malformed,
	&audit_acpi_misaligned,
	&audit_acpi_overlap,
	&audit_acpi_reference,
	&audit_acs_override,
	&audit_ats_untrusted,
	&audit_bridge_alias,
	&audit_config_broken,
	&audit_debugfs_hazard,
	&audit_dirty_unmeasured,
	&audit_dirty_unverified,
	&audit_dma_mask,
	&audit_drhd_uncovered,
	&audit_firmware_bug,
	&audit_group_host_bridge,
	&audit_group_shared,
	&audit_interrupt_remapping_off,
	&audit_iommu_absent,
	&audit_iommu_off,
	&audit_iova_width,
	&audit_kernel_bug,
	&audit_kernel_complaint,
	&audit_kernel_faults,
	&audit_lazy_flush,
	&audit_memlock_small,
	&audit_msi_window,
	&audit_no_snoop_control,
	&audit_noiommu_mode,
	&audit_not_readable,
	&audit_open_permissions,
	&audit_passthrough_default,
	&audit_preboot_dma,
	&audit_pri_untrusted,
	&audit_pte_already_set,
	&audit_register_forbidden,
	&audit_reserved_direct,
	&audit_reserved_relaxable,
	&audit_source_broken,
	&audit_source_mismatch,
	&audit_superpages_off,
	&audit_unsafe_interrupts,
	NULL,
};

const struct audit_rule *audit_rule_find(const char *id)
{
	for (size_t i = 0; audit_rules[i]; i++)
		if (strcmp(audit_rules[i]->id, id) == 0)
			return audit_rules[i];
	return NULL;
}
