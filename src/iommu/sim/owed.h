/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is still to be reported of large leaves. A read may cover only a part of a dirty one: its dirty bit is cleared all the same,
 * and the pages outside of the range are noted here, so that every page of a dirty leaf is reported exactly once. Under the
 * context's lock.
 */
#ifndef IC_IOMMU_SIM_OWED_H
#define IC_IOMMU_SIM_OWED_H

#include "base/range_tree.h"
#include "iommu/sim/bits.h"

/* Note the parts of leaf @start..@last outside of @range. -ENOMEM: not all were noted, and the leaf has to stay dirty. */
int sim_owed_rest(struct range_tree *owed, uint64_t start, uint64_t last, struct iova_range range);
/* Report what is noted in the bitmap's range. */
void sim_owed_report(const struct range_tree *owed, struct sim_bits *bits);
/* Forget what is noted in @range. Where memory is short for the remainders, something stays and is reported again. */
void sim_owed_drop(struct range_tree *owed, struct iova_range range);

#endif
