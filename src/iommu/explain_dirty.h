/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: why dirty tracking was refused, as one hint. Each records the failure @err (negative) and returns it. */
#ifndef IC_IOMMU_EXPLAIN_DIRTY_H
#define IC_IOMMU_EXPLAIN_DIRTY_H

#include "iommu/dirty.h"

/* @caps: of the source, all zero where there is none. */
int explain_dirty_start(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_start *req,
			int err, struct fail *f);
int explain_dirty_stop(const struct dirty_at *at, int err, struct fail *f);
int explain_dirty_read(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_read *req, int err,
		       struct fail *f);
int explain_dirty_unmap(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_read *req, int err,
			struct fail *f);
int explain_dirty_mark(const struct dirty_at *at, iova_t iova, uint64_t length, uint64_t page_size, int err,
		       struct fail *f);

#endif
