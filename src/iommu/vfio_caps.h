/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/: the kernel's capability chains, read without trust in offsets or counts. Pure functions. */
#ifndef IC_IOMMU_VFIO_CAPS_H
#define IC_IOMMU_VFIO_CAPS_H

#include <stddef.h>

#include "iommu/types.h"

/* A walk over the chain in an info struct of @len bytes. */
struct vfio_cap_walk {
	const void *info;
	size_t len;
	uint32_t next;	    /* offset of the next header, 0 = end */
	uint32_t first_ok;  /* headers cannot lie before this: the fixed part of the struct */
	unsigned int steps; /* headers seen: more than fit into @len means a cycle */
	uint16_t id, version;
	const void *body; /* behind the header; no alignment promised */
	size_t body_len;  /* up to the end of the struct: the chain does not say more */
};

/* 1 and id, version, body, body_len; 0 at the end; -EBADMSG when the chain leaves the struct or runs in a circle. */
int vfio_cap_next(struct vfio_cap_walk *walk);

/* What VFIO_IOMMU_GET_INFO tells. A capability an old kernel does not have leaves its has_ at false. */
struct type1_info {
	uint64_t page_sizes; /* 0 = not told */
	bool has_ranges, has_migration, has_dma_avail;
	unsigned int nr_ranges; /* stored, sorted; more than IOMMU_MAX_RANGES are cut off */
	struct iova_range ranges[IOMMU_MAX_RANGES];
	uint64_t dirty_page_sizes, max_dirty_bitmap;
	uint32_t dma_avail;
};

/*
 * @len bytes as the kernel filled them in: 16 from kernels before 5.4, 24 and a chain since. 0, -EBADMSG on a malformed
 * chain or a capability that claims more than there is (*out then has what came before it), -EINVAL below 16 bytes.
 */
int type1_parse_info(const void *info, size_t len, struct type1_info *out);

/*
 * The type capability of a region's info, @len bytes as the kernel filled them in. 1: it has one; 0: it has none, or no capabilities; -EBADMSG
 * on a malformed chain, -EINVAL below 32 bytes.
 */
int vfio_region_type(const void *info, size_t len, uint32_t *type, uint32_t *subtype);

#endif
