/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: unmapping with the ledger kept true beside it, whichever call of the kernel's does it. */
#ifndef IC_IOMMU_MAPPING_H
#define IC_IOMMU_MAPPING_H

#include "iommu/iommu.h"

/* A call that unmaps in place of the backend's unmap. */
struct mapping_call {
	/* *bytes is always written. 0 or -errno. */
	int (*unmap)(void *ctx, uint64_t *bytes);
	/* After a failure: is this mapping of the range still there? NULL: all are. */
	bool (*kept)(void *ctx, struct iova_range mapping);
	void *ctx;
};
/* A map that was done, into the ledger. -ENOMEM: it is undone. */
int mapping_note(struct iommu *iommu, const struct iommu_map_req *req, struct fail *f);
/* What iommu_unmap() does, without its words. @call: NULL for the backend's unmap. @unmapped may be NULL. */
int mapping_unmap(struct iommu *iommu, iova_t iova, uint64_t size, const struct mapping_call *call, uint64_t *unmapped);

#endif
