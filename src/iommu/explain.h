/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: why the kernel refused a map or an unmap, as one hint. */
#ifndef IC_IOMMU_EXPLAIN_H
#define IC_IOMMU_EXPLAIN_H

#include "iommu/iommu.h"

/* Records the failure of a map that was answered with @err (negative), and the likely cause as a hint. Returns @err. */
int explain_map(struct iommu *iommu, const struct iommu_map_req *req, int err, struct fail *f);
int explain_unmap(const struct iommu *iommu, iova_t iova, uint64_t size, int err, struct fail *f);

#endif
