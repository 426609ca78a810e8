/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address at which a mapping's memory lies in this process, apart from the mapping: type1's live update. The kernel can
 * be told to forget it, while the device's DMA goes on as the pages stay pinned, and be given another one later for the same
 * memory (VFIO_DMA_UNMAP_FLAG_VADDR, VFIO_DMA_MAP_FLAG_VADDR, Linux 5.12, drivers/vfio/vfio_iommu_type1.c).
 */
#ifndef IC_IOMMU_VADDR_H
#define IC_IOMMU_VADDR_H

#include "iommu/iommu.h"

/*
 * Forget the addresses of all mappings in @size bytes from @iova, or of everything (@all: both 0). *bytes (may be NULL) = what
 * the kernel reports. -EINVAL: one of them is forgotten already (then none is), or the range bisects one; -EBUSY with a mediated
 * device in the container; -EOPNOTSUPP.
 */
int iommu_vaddr_forget(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes, struct fail *f);
/* The memory of the mapping is at @va now. -ENOENT nothing is mapped, -EINVAL not forgotten or not exactly one mapping. */
int iommu_vaddr_renew(struct iommu *iommu, void *va, iova_t iova, uint64_t size, struct fail *f);
/* Is any address forgotten? Until it is renewed, type1 takes no further group. */
bool iommu_vaddr_is_forgotten(const struct iommu *iommu);

/* A second address for memory that is a file's (memfd). -EOPNOTSUPP: this kind has one only. iommu_mem_settle() ends it. */
int iommu_mem_elsewhere(struct iommu *iommu, const struct iommu_mem *mem, void **va, struct fail *f);
/* Of the two addresses only one stays: @va where @moved, else the one it had. */
void iommu_mem_settle(struct iommu_mem *mem, void *va, bool moved);

#endif
