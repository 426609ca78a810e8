/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/sim: mapping in one space what is mapped in another. */
#ifndef IC_IOMMU_SIM_COPY_H
#define IC_IOMMU_SIM_COPY_H

#include "iommu/sim/context.h"

/* As iommu_space_copy(). */
int sim_space_copy(struct iommu *dst, struct iommu_copy_req *req);

#endif
