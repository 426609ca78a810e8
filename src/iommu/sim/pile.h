/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pile of free frame extents: last in, first out, neighbours merged now and then. Callers lock. */
#ifndef IC_IOMMU_SIM_PILE_H
#define IC_IOMMU_SIM_PILE_H

#include "iommu/sim/mem.h"

/* Room for @more pushes that then cannot fail. */
int sim_pile_reserve(struct sim_pile *pile, size_t more);
/* Put on top, merged with the top where they touch. Room must have been reserved. */
void sim_pile_push(struct sim_pile *pile, struct sim_extent extent);
/* Take at most @max frames off the top; false when empty. */
bool sim_pile_pop(struct sim_pile *pile, uint64_t max, struct sim_extent *out);
/*
 * Cut @count contiguous frames, aligned to @align, out of the highest extent that has them; false if none. Room for one
 * more must have been reserved.
 */
bool sim_pile_cut(struct sim_pile *pile, uint64_t count, uint64_t align, struct sim_extent *out);
/* Merge all neighbours; a merged extent stands where its highest part stood. */
void sim_pile_tidy(struct sim_pile *pile);
/* The lowest on top, and neighbours merged, whether they are zero or not: one order, however it came to be. */
void sim_pile_sort(struct sim_pile *pile);

#endif
