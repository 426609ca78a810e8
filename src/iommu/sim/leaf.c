/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of struct leaf_ops on the simulated IOMMU: how large is an entry, make it smaller, make it larger, in place and under DMA.
 * What is cached of the old form is flushed before a verb returns.
 */
#include <errno.h>

#include "iommu/rcu.h"
#include "iommu/sim/context.h"

/* -1: entries of no such size. */
static int sim_leaf_level(uint64_t size)
{
	for (unsigned int level = 0; level <= SIM_PT_LARGEST; level++)
		if (size == UINT64_C(1) << sim_pt_shift(level))
			return (int)level;
	return -1;
}

static int sim_leaf_size(struct iommu *iommu, iova_t iova, uint64_t *size)
{
	struct sim_space *space = sim_space_of(iommu);
	struct sim_leaf leaf;
	bool found;

	sim_lock(space->sim);
	found = sim_pt_find(&space->pt, iova, &leaf);
	sim_unlock(space->sim);
	if (!found)
		return -ENOENT;
	*size = UINT64_C(1) << sim_pt_shift(leaf.level);
	return 0;
}

/* Whoever walked the old form may cache it until he is waited for; after that and the flush nobody has it. */
static void sim_leaf_flush(struct sim_space *space)
{
	rcu_wait();
	sim_lane_flush(space, 0, 0, SIM_QI_MAMV + 1);
	rcu_wait();
	sim_pt_reap(&space->pt);
}

static int sim_leaf_check(struct sim_space *space, struct iova_range range)
{
	if (space->gone)
		return -ENOENT;
	return sim_mapping_first(space, range.start, range.last) ? 0 : -ENOENT;
}

static int sim_leaf_split(struct iommu *iommu, struct iova_range range, uint64_t size)
{
	struct sim_space *space = sim_space_of(iommu);
	int level = sim_leaf_level(size), r;

	if (level < 0 || range.last < range.start)
		return -EINVAL;
	sim_lock(space->sim);
	r = sim_leaf_check(space, range);
	if (!r) {
		r = sim_pt_split(&space->pt, range.start, range.last, (unsigned int)level);
		sim_leaf_flush(space);
	}
	sim_unlock(space->sim);
	return r;
}

int sim_leaf_cut(struct sim_space *space, uint64_t iova)
{
	struct sim_leaf leaf;
	int r;

	if (!sim_pt_find(&space->pt, iova, &leaf) || IS_ALIGNED(iova, UINT64_C(1) << sim_pt_shift(leaf.level)))
		return 0;
	r = sim_pt_split(&space->pt, iova, iova, 0);
	sim_leaf_flush(space);
	return r;
}

/* How many blocks of the range that lie in @map are one leaf each afterwards. */
static uint64_t sim_leaf_merge_in(struct sim_space *space, const struct sim_mapping *map, struct iova_range range,
				  unsigned int level)
{
	uint64_t size = UINT64_C(1) << sim_pt_shift(level), merged = 0;
	uint64_t at = ALIGN_UP(MAX(range.start, map->node.start), size), last = MIN(range.last, map->node.last);

	for (; at <= last && last - at >= size - 1; at += size)
		merged += sim_pt_merge(&space->pt, at, level);
	return merged;
}

/* A leaf belongs to one mapping, so that unmapping that is nobody else's loss. */
static int sim_leaf_merge_locked(struct sim_space *space, struct iova_range range, unsigned int level)
{
	uint64_t at = range.start, merged = 0;
	struct sim_mapping *map;

	while ((map = sim_mapping_first(space, at, range.last))) {
		merged += sim_leaf_merge_in(space, map, range, level);
		if (map->node.last >= range.last)
			break;
		at = map->node.last + 1;
	}
	sim_leaf_flush(space);
	return merged ? 0 : -EINVAL;
}

static int sim_leaf_merge(struct iommu *iommu, struct iova_range range, uint64_t size)
{
	struct sim_space *space = sim_space_of(iommu);
	int level = sim_leaf_level(size), r;

	if (level <= 0 || range.last < range.start)
		return -EINVAL;
	sim_lock(space->sim);
	r = sim_leaf_check(space, range);
	if (!r)
		r = sim_leaf_merge_locked(space, range, (unsigned int)level);
	sim_unlock(space->sim);
	return r;
}

const struct leaf_ops sim_leaf_ops = {
	.size = sim_leaf_size,
	.split = sim_leaf_split,
	.merge = sim_leaf_merge,
	.place = sim_window_place,
};
