/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host memory fit for DMA, for the backends that bring none of their own: private to iommu/. And what a process may do to
 * memory under its mappings, which the device must not notice.
 */
#ifndef IC_IOMMU_MEM_H
#define IC_IOMMU_MEM_H

#include "base/fail.h"
#include "iommu/iommu.h"

/*
 * Zero-filled and touched. anon is kept in 4K pages, thp is asked for as 2M pages and may still be 4K, hugetlb is exact
 * (@size is rounded up to the page). -EINVAL size 0, -ENOMEM with the count of reserved pages for hugetlb, -EOVERFLOW.
 */
int mem_alloc(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f);
/* Where that is less than 1 MiB of anon memory, not touched yet: see iommu_mem_alloc_untouched(). */
int mem_alloc_untouched(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f);
/* With at least a page behind the end that nobody, the kernel's pinning included, can reach. */
int mem_alloc_guarded(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f);
/* memfd only: the same pages at one more address. 0, -errno of mmap. The other takes one of the two addresses away. */
int mem_map_again(const struct iommu_mem *mem, void **va);
void mem_unmap_again(const struct iommu_mem *mem, void *va);
/* Pages pinned by a mapping live on until it is gone. */
void mem_free(struct iommu_mem *mem);
/* "anon", "thp", "hugetlb-2M", "hugetlb-1G", "memfd": of each kind that is allocated, in the enum's order, NULL-terminated. */
extern const char *const mem_kind_names[];
const char *mem_kind_name(enum iommu_mem_kind kind);
/* Bytes of its pages: what an address of it is a multiple of. */
uint64_t mem_kind_align(enum iommu_mem_kind kind);

/*
 * What follows changes memory that may be mapped. Mappings, their pins and what the device reaches through them stay; where the
 * process finds the memory does not. @mem is from iommu_mem_alloc(); nobody else may use it meanwhile. Device memory
 * (iommu_mem_is_device()) and what was released are -EINVAL.
 */

/* munmap(2): mem->released, and other memory may come to lie there. What is left for it is iommu_mem_free(). */
int iommu_mem_release(struct iommu *iommu, struct iommu_mem *mem, struct fail *f);
/* mremap(2) to another address, in mem->va: the same pages. Maps made later use that one. -errno: it is where it was. */
int iommu_mem_move(struct iommu *iommu, struct iommu_mem *mem, struct fail *f);
/*
 * MADV_DONTNEED, of memfd memory MADV_REMOVE: the processor finds fresh pages of zeros, the device what there was: mem->discarded.
 * mem->va may be another one (sim). -EOPNOTSUPP with huge pages out of a pool, which may have no other.
 */
int iommu_mem_discard(struct iommu *iommu, struct iommu_mem *mem, struct fail *f);
/*
 * fork(2): a child, which with @write writes to all of its copy, and ends; returns then. A kernel before 5.12 (and some after it)
 * gave the child the pages that the device knows, and the parent others once it wrote. -EINVAL: @write to memfd memory, which is
 * shared with the child. -ECHILD: the child did not end as it should.
 */
int iommu_mem_fork(struct iommu *iommu, const struct iommu_mem *mem, bool write, struct fail *f);

/* The first three of these on host memory; @how is what the backend's mem_change gets. 0 or -errno. */
enum mem_change { MEM_RELEASE, MEM_MOVE, MEM_DISCARD };
int mem_change(struct iommu_mem *mem, enum mem_change how);

#endif
