/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that a device's DMA could reach and that is not needed any more: it goes back to the kernel late. */
#ifndef IC_CORE_QUARANTINE_H
#define IC_CORE_QUARANTINE_H

#include "iommu/iommu.h"

#define QUARANTINE_MAX 16
#define QUARANTINE_BYTES MiB(256)

/*
 * Where an IOMMU still has a translation of what was unmapped, the device's next DMA writes to these pages: they must not be
 * somebody else's by then. The latest buffers are held, up to a number and, but for the latest one, up to a size. Zeroed: empty.
 */
struct quarantine {
	struct iommu_mem mem[QUARANTINE_MAX]; /* a ring */
	unsigned int first, nr;
	uint64_t bytes;
};

/*
 * @mem, which is mapped nowhere, is the quarantine's from now on; what it pushes out is freed by iommu_mem_free() on @iommu. What
 * has no pages of the process (a device's memory, what was released) is freed at once.
 */
void quarantine_add(struct quarantine *q, struct iommu *iommu, struct iommu_mem *mem);
/* Free all of it; the device must be quiet. True: there was something. */
bool quarantine_drain(struct quarantine *q, struct iommu *iommu);

#endif
