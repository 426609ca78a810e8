/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring of freed buffers. The pages stay the process's for as long as they are mapped in it; they are not locked with mlock(2),
 * which would count in VmLck, where type1 counts what it pins: `check --pins` and a limit would see the difference.
 */
#include "core/session/quarantine.h"

#include "base/util.h"

static void quarantine_push_out(struct quarantine *q, struct iommu *iommu)
{
	struct iommu_mem *oldest = &q->mem[q->first];

	q->bytes -= oldest->size;
	q->first = (q->first + 1) % QUARANTINE_MAX;
	q->nr--;
	iommu_mem_free(iommu, oldest);
}

void quarantine_add(struct quarantine *q, struct iommu *iommu, struct iommu_mem *mem)
{
	if (!mem->va || mem->released || iommu_mem_is_device(mem)) {
		iommu_mem_free(iommu, mem);
		return;
	}
	while (q->nr && (q->nr == QUARANTINE_MAX || q->bytes + mem->size > QUARANTINE_BYTES))
		quarantine_push_out(q, iommu);
	q->mem[(q->first + q->nr++) % QUARANTINE_MAX] = *mem;
	q->bytes += mem->size;
	*mem = (struct iommu_mem){.fd = -1};
}

bool quarantine_drain(struct quarantine *q, struct iommu *iommu)
{
	bool some = q->nr;

	while (q->nr)
		quarantine_push_out(q, iommu);
	return some;
}
