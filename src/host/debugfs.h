/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of IOMMUs that only debugfs shows (CONFIG_IOMMU_DEBUGFS). */
#ifndef IC_HOST_DEBUGFS_H
#define IC_HOST_DEBUGFS_H

#include "host/machine.h"

struct debugfs_reg {
	char unit[32]; /* "dmar0" */
	struct reg_value value;
};

/*
 * Of VT-d's iommu_regset every register there is a table for; of AMD's units control and features, for which the running
 * kernel's file has to be told an offset first (@may_write; without it only what the file shows already is taken). Dumps of page tables are never read: doing so crashes some kernels (Linux 6.7 to
 * 6.17.2, CVE-2025-40155), and no register is in them. Where nothing comes out @why says what stood in the way. 0 or -ENOMEM.
 */
int debugfs_registers(const struct machine *m, bool may_write, struct debugfs_reg **out, unsigned int *count, char *why,
		      size_t why_len);

#endif
