/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map and unmap issued by a child of this process: what is pinned is then another process's memory, and accounted there (type1 and
 * iommufd account to the process that asked, drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/pages.c). The child has
 * ended when they return; what it pinned stays.
 */
#ifndef IC_IOMMU_CHILD_H
#define IC_IOMMU_CHILD_H

#include "iommu/iommu.h"

/*
 * As iommu_map(). Of @mem, which req->va lies in, the child has a copy, and that is what the device reaches: the processor finds
 * other pages at req->va, unless it is memfd memory. The simulation makes such a copy itself.
 */
int iommu_map_by_child(struct iommu *iommu, struct iommu_map_req *req, const struct iommu_mem *mem, struct fail *f);
/* As iommu_unmap(). */
int iommu_unmap_by_child(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped, struct fail *f);

#endif
