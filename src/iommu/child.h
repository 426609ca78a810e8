/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map and unmap issued by a child of this process: what is pinned is then another process's memory, and accounted there (type1 and
 * iommufd account to the process that asked, drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/pages.c). The child has
 * ended when they return; what it pinned stays.
 */
#ifndef IC_IOMMU_CHILD_H
#define IC_IOMMU_CHILD_H

#include <sys/types.h>

#include "iommu/iommu.h"

/*
 * As iommu_map(). Of @mem, which req->va lies in, the child has a copy, and that is what the device reaches: the processor finds
 * other pages at req->va, unless it is memfd memory. The simulation makes such a copy itself.
 */
int iommu_map_by_child(struct iommu *iommu, struct iommu_map_req *req, const struct iommu_mem *mem, struct fail *f);
/* A child that mapped, went on as another program with a memory of its own, and stays until it is ended. */
struct iommu_execed {
	pid_t pid; /* 0: there is none, or the simulation's */
	int fd;	   /* of a pipe: when it is closed the program ends by itself */
};
/* As iommu_map_by_child(), by such a child. *out begins as {0}, or has an earlier one, which is ended. */
int iommu_map_by_exec(struct iommu *iommu, struct iommu_map_req *req, const struct iommu_mem *mem,
		      struct iommu_execed *out, struct fail *f);
/*
 * How much is locked in the memory that it has now, where it locked none itself: 0, unless the kernel takes it for the memory that it mapped with
 * (vfio_lock_acct() of kernels before 6.3). @unmapped: the bytes of it that were unmapped meanwhile.
 */
int iommu_execed_locked(struct iommu *iommu, const struct iommu_execed *execed, uint64_t unmapped, uint64_t *bytes);
void iommu_execed_end(struct iommu_execed *execed);
/* As iommu_unmap(). */
int iommu_unmap_by_child(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped, struct fail *f);

#endif
