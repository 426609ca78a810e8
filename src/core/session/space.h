/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which IOVAs may be used: the apertures less everything that must not be touched. */
#ifndef IC_CORE_SPACE_H
#define IC_CORE_SPACE_H

#include "iommu/types.h"

#define SPACE_MAX 256

/* Sorted, disjoint. A value type: copies are cheap enough and independent. */
struct iova_space {
	unsigned int nr;
	struct iova_range r[SPACE_MAX];
};

/*
 * The apertures of @caps up to @max_iova, less reserved regions and the x86 interrupt window 0xfee00000-0xfeefffff (VT-d
 * spec 3.14: requests there are interrupts, never translated). Unknown apertures count as 0..2^39-1, the smallest width
 * that VT-d hardware has.
 */
void space_init(struct iova_space *space, const struct iommu_caps *caps, iova_t max_iova);
void space_exclude(struct iova_space *space, struct iova_range range);
bool space_contains(const struct iova_space *space, struct iova_range range);
/* Uniform over all @align-ed starts where @size bytes fit; false when there is none. */
bool space_pick(const struct iova_space *space, uint64_t draw, uint64_t size, uint64_t align, iova_t *out);
/* The @i-th of @n parts, for threads that must not meet; cut on 2 MiB borders. */
void space_part(const struct iova_space *space, unsigned int i, unsigned int n, struct iova_space *out);
/* Bytes in all ranges, capped at UINT64_MAX. */
uint64_t space_bytes(const struct iova_space *space);

#endif
