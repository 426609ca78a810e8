/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the field as C types. No behaviour. */
#ifndef IC_IOMMU_TYPES_H
#define IC_IOMMU_TYPES_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t iova_t;

/* Inclusive, so that the last page of a 64-bit space can be named. */
struct iova_range {
	iova_t start, last;
};

static inline bool iova_range_overlaps(struct iova_range a, struct iova_range b)
{
	return a.start <= b.last && b.start <= a.last;
}

static inline bool iova_range_contains(struct iova_range outer, struct iova_range inner)
{
	return inner.start >= outer.start && inner.last <= outer.last;
}

/* From the device's point of view: READ = the device may read memory. */
enum iommu_prot { IOMMU_PROT_READ = 1, IOMMU_PROT_WRITE = 2, IOMMU_PROT_RW = 3 };

enum iommu_mem_kind {
	IOMMU_MEM_ANON,
	IOMMU_MEM_THP,
	IOMMU_MEM_HUGETLB_2M,
	IOMMU_MEM_HUGETLB_1G,
	IOMMU_MEM_MEMFD,
	/* idev_bar_mem(): a device's, not the host's; never allocated, never touched by the processor through va */
	IOMMU_MEM_BAR,
	IOMMU_MEM_DMABUF
};

/* Host memory that can be mapped for DMA. Owned by whoever called iommu_mem_alloc(). */
struct iommu_mem {
	void *va;
	uint64_t size;
	enum iommu_mem_kind kind;
	int fd;		/* memfd or dma-buf, else -1 */
	uint64_t guard; /* inaccessible bytes behind size */
	void *priv;	/* the backend's */
	bool released;	/* the process has let go of it (mem.h): nothing of ours is at va any more */
	bool discarded; /* what is at va is not what was mapped before (mem.h) */
};

#define IOMMU_MAX_RANGES 64

static inline bool iommu_mem_is_device(const struct iommu_mem *mem)
{
	return mem->kind == IOMMU_MEM_BAR || mem->kind == IOMMU_MEM_DMABUF;
}

/* What a backend can do: data that callers read. Zero means "no" or "unknown" as said. */
struct iommu_caps {
	uint64_t page_sizes; /* bit n = 2^n bytes; bit of the smallest is the map granule */
	unsigned int nr_ranges;
	struct iova_range ranges[IOMMU_MAX_RANGES]; /* valid IOVA apertures, sorted */
	bool ranges_known; /* false on kernels before 5.4: assume 0..2^39-1 less the MSI window */
	unsigned int nr_reserved;
	struct iova_range reserved[IOMMU_MAX_RANGES]; /* holes inside: MSI window, RMRR, HT */
	bool has_dma_avail;
	uint32_t dma_avail;   /* mappings still allowed (type1 dma_entry_limit) */
	bool unmap_all;	      /* one call removes everything */
	bool update_vaddr;    /* mappings can be told that their memory has another address now (vaddr.h) */
	bool unmap_bisects;   /* v1: unmap may take more than was asked; sizes are not exact */
	bool kernel_iova;     /* the backend can choose the IOVA */
	bool coherent;	      /* VFIO_DMA_CC_IOMMU asked after SET_IOMMU */
	bool simulated;	      /* no kernel behind it: no log, no pins of the machine's, nothing to wait for */
	bool no_hardware;     /* no device behind it that could reach anything but what is mapped */
	bool has_phys;	      /* iommu_phys() may work */
	bool has_pins;	      /* iommu_pins() works: what is mapped is pinned, until it is unmapped */
	bool has_map_file;    /* maps a file by descriptor, not by address (iommufd) */
	bool has_spaces;      /* objects.h: further spaces, copies between them, attaching a device elsewhere */
	bool has_page_tables; /* objects.h: page tables as objects of their own (HWPT) */
	/* The device's accesses go through the pinned pages, never through the page table (the kernel's mock device). */
	bool bypasses_table;
	bool checks_table; /* iommu_check_table() works */
};

/*
 * Whose semantics a context has: type1 v2 and v1, /dev/iommu itself, and the container's ioctls as /dev/iommu serves them
 * (drivers/iommu/iommufd/vfio_compat.c) after VFIO_SET_IOMMU with v2 or v1.
 */
enum iommu_personality { IOMMU_TYPE1_V2, IOMMU_TYPE1_V1, IOMMU_IOMMUFD, IOMMU_COMPAT_V2, IOMMU_COMPAT_V1 };

#endif
