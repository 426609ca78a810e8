/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backend's own ops, without ledger and explanation: what a benchmark holds the verbs against. On a kernel's backend each is an ioctl and
 * nothing else. What is mapped this way nobody knows of: it has to be unmapped this way, too, or told with iommu_plain_note().
 */
#ifndef IC_IOMMU_PLAIN_H
#define IC_IOMMU_PLAIN_H

#include "iommu/dirty.h"
#include "iommu/iommu.h"

/* 0 or -errno as the backend answers. */
int iommu_plain_map(struct iommu *iommu, struct iommu_map_req *req);
/* *unmapped is always written. */
int iommu_plain_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped);
/* -EOPNOTSUPP: there is no such call. *unmapped is always written. */
int iommu_plain_unmap_all(struct iommu *iommu, uint64_t *unmapped);
/* The ledger learns of a plain mapping that could not be undone, so that iommu_close() undoes it. */
void iommu_plain_note(struct iommu *iommu, const struct iommu_map_req *req);
/* The ledger drops what lies in the range: after a plain unmap of what iommu_map() had mapped. */
void iommu_plain_forget(struct iommu *iommu, struct iova_range range);

/* -EOPNOTSUPP without such a source. */
int iommu_plain_dirty_read(const struct dirty_at *at, const struct dirty_read *req);

#endif
