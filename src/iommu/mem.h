/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: host memory fit for DMA, for the backends that bring none of their own. */
#ifndef IC_IOMMU_MEM_H
#define IC_IOMMU_MEM_H

#include "base/fail.h"
#include "iommu/types.h"

/*
 * Zero-filled and touched. anon is kept in 4K pages, thp is asked for as 2M pages and may still be 4K, hugetlb is exact
 * (@size is rounded up to the page). -EINVAL size 0, -ENOMEM with the count of reserved pages for hugetlb, -EOVERFLOW.
 */
int mem_alloc(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f);
/* With at least a page behind the end that nobody, the kernel's pinning included, can reach. */
int mem_alloc_guarded(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f);
/* memfd only: the same pages at one more address. 0, -errno of mmap. The other takes one of the two addresses away. */
int mem_map_again(const struct iommu_mem *mem, void **va);
void mem_unmap_again(const struct iommu_mem *mem, void *va);
/* Pages pinned by a mapping live on until it is gone. */
void mem_free(struct iommu_mem *mem);
/* "anon", "thp", "hugetlb-2M", "hugetlb-1G", "memfd". */
const char *mem_kind_name(enum iommu_mem_kind kind);

#endif
