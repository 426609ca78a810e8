/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maps and unmaps of ops held against the kernel's own view of its page table, where it tells that. */
#ifndef IC_CORE_OP_TABLE_H
#define IC_CORE_OP_TABLE_H

#include "core/failure.h"
#include "core/session/session.h"
#include "iommu/ledger.h"

/* After a map of @size bytes at @va: a disagreement adds a page-table failure. -errno: could not be asked. */
int op_table_mapped(struct session *s, struct iommu *space, const void *va, iova_t iova, uint64_t size,
		    struct failures *found, struct fail *f);

/* What is mapped in a range before something is unmapped there. */
struct op_table {
	struct ledger_entry *entries;
	size_t nr;
};
/* -ENOMEM. Holds nothing where nobody can be asked later. */
int op_table_before(struct session *s, struct iommu *space, struct iova_range range, struct op_table *t,
		    struct fail *f);
/* Each of them is in the page table still or no longer, as the ledger says. As op_table_mapped(). Frees @t. */
int op_table_after(struct session *s, struct iommu *space, struct op_table *t, struct failures *found, struct fail *f);

#endif
