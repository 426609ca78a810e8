/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ops as they are; dirty.c finds a source's. */
#include "iommu/plain.h"

#include <errno.h>

#include "iommu/backend.h"
#include "iommu/ledger.h"
#include "iommu/mapping.h"

int iommu_plain_map(struct iommu *iommu, struct iommu_map_req *req)
{
	return iommu->ops->map(iommu, req);
}

int iommu_plain_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	return iommu->ops->unmap(iommu, iova, size, unmapped);
}

int iommu_plain_unmap_all(struct iommu *iommu, uint64_t *unmapped)
{
	*unmapped = 0;
	return iommu->ops->unmap_all ? iommu->ops->unmap_all(iommu, unmapped) : -EOPNOTSUPP;
}

void iommu_plain_note(struct iommu *iommu, const struct iommu_map_req *req)
{
	mapping_note(iommu, req, NULL);
}

void iommu_plain_forget(struct iommu *iommu, struct iova_range range)
{
	ledger_remove(iommu->ledger, range);
}

int iommu_plain_dirty_read(const struct dirty_at *at, const struct dirty_read *req)
{
	const struct dirty_ops *ops = dirty_ops_of(at);

	return ops && ops->read ? ops->read(at, req) : -EOPNOTSUPP;
}
