/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may change what at the same time. A map or unmap within one GiB, of nothing that reaches beyond it, holds the lock of that region's
 * lane; everything else holds all of them. Tables that fall empty in a lane stay where they are, because what lies above them is not
 * the lane's: they are noted, and a few at a time go when everything is held.
 */
#include "iommu/rcu.h"
#include "iommu/sim/context.h"

/* What a lane takes on: few entries of the table above. */
#define SIM_LANE_BYTES MiB(16)
#define SIM_LANE_BLOCKS (SIM_LANE_BYTES / MiB(2) + 1)
/* Entries that a lane may add without a look at those of the others. */
#define SIM_LANE_CREDIT 1024u
/* Freed nodes that a lane keeps. */
#define SIM_LANE_SPARES 64u

void sim_lanes_init(struct sim *sim)
{
	pthread_mutex_init(&sim->lock, NULL);
	for (unsigned int i = 0; i < SIM_LANES; i++) {
		pthread_mutex_init(&sim->lane[i].lock, NULL);
		sim_qi_init(&sim->lane[i].qi);
	}
}

void sim_lanes_exit(struct sim *sim)
{
	for (unsigned int i = 0; i < SIM_LANES; i++) {
		struct sim_lane *lane = &sim->lane[i];

		while (lane->spare) {
			struct sim_mapping *map = lane->spare;

			lane->spare = map->next;
			free(map);
		}
		pthread_mutex_destroy(&lane->lock);
	}
	pthread_mutex_destroy(&sim->lock);
}

void sim_lock(struct sim *sim)
{
	pthread_mutex_lock(&sim->lock);
	for (unsigned int i = 0; i < SIM_LANES; i++)
		pthread_mutex_lock(&sim->lane[i].lock);
	sim->exclusive = true;
}

void sim_unlock(struct sim *sim)
{
	sim->exclusive = false;
	for (unsigned int i = SIM_LANES; i-- > 0;)
		pthread_mutex_unlock(&sim->lane[i].lock);
	pthread_mutex_unlock(&sim->lock);
}

static bool sim_lane_may(const struct sim_space *space, uint64_t iova, uint64_t size)
{
	enum iommu_personality personality = space->iommu.personality;

	return !space->sim->faults.any && size - 1 < SIM_LANE_BYTES && iova <= SIM_IOVA_LAST - (size - 1) &&
	       iova >> 30 == (iova + (size - 1)) >> 30 && IS_ALIGNED(iova | size, SIM_PAGE) &&
	       (personality == IOMMU_TYPE1_V2 || personality == IOMMU_COMPAT_V2 || personality == IOMMU_IOMMUFD);
}

/* Is there no room for the notes of one more operation? */
static bool sim_lane_is_full(const struct sim_lane *lane)
{
	return lane->idles > SIM_LANE_IDLES - SIM_LANE_BLOCKS;
}

struct sim_lane *sim_lane_lock(struct sim_space *space, uint64_t iova, uint64_t size, bool map)
{
	struct sim *sim = space->sim;
	struct sim_lane *lane = sim_lane_of(sim, iova);

	if (!sim_lane_may(space, iova, size))
		return NULL;
	pthread_mutex_lock(&lane->lock);
	if (!sim_lane_is_full(lane) && !space->gone && !space->dirty.on && !space->dirty.owed.root &&
	    !sim->main.iommu.memlock && !range_tree_first(&space->wide, iova, iova + (size - 1)) &&
	    sim_pt_lane_ready(&space->pt, iova, size >> SIM_PAGE_SHIFT) &&
	    (!map || lane->credit || sim->entry_limit == UINT64_MAX))
		return lane;
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

/* Under all locks: tables that lanes left empty. */
void sim_lanes_trim(struct sim *sim)
{
	bool any = false;

	for (unsigned int i = 0; i < SIM_LANES; i++) {
		struct sim_lane *lane = &sim->lane[i];

		for (unsigned int j = 0; j < lane->idles; j++)
			sim_pt_trim(&lane->idle[j].space->pt, lane->idle[j].iova);
		any |= lane->idles;
		lane->idles = 0;
	}
	if (!any)
		return;
	rcu_wait_for(RCU_LANES);
	for (struct sim_space *space = sim->spaces; space; space = space->next)
		sim_pt_reap(&space->pt);
}

void sim_lane_unlock(struct sim *sim, struct sim_lane *lane)
{
	bool full = sim_lane_is_full(lane);

	pthread_mutex_unlock(&lane->lock);
	if (!full)
		return;
	sim_lock(sim);
	sim_lanes_trim(sim);
	sim_unlock(sim);
}

static void sim_lane_note(struct sim_lane *lane, struct sim_space *space, uint64_t iova)
{
	for (unsigned int i = 0; i < lane->idles; i++)
		if (lane->idle[i].space == space && lane->idle[i].iova >> 21 == iova >> 21)
			return;
	lane->idle[lane->idles++] = (struct sim_idle){space, iova};
}

void sim_lane_unmap(struct sim_space *space, uint64_t iova, uint64_t pages)
{
	struct sim_lane *lane = sim_lane_of(space->sim, iova);
	uint64_t last = iova + ((pages - 1) << SIM_PAGE_SHIFT);

	sim_pt_lane_unmap(&space->pt, iova, pages);
	for (uint64_t block = iova >> 21; block <= last >> 21; block++)
		if (sim_pt_lane_is_idle(&space->pt, block << 21))
			sim_lane_note(lane, space, block << 21);
}

struct sim_mapping *sim_lane_node(struct sim_lane *lane)
{
	struct sim_mapping *map = lane->spare;

	if (map) {
		lane->spare = map->next;
		lane->spares--;
	} else {
		map = aligned_alloc(64, ALIGN_UP(sizeof(*map), 64));
	}
	if (!map)
		return NULL;
	*map = (struct sim_mapping){.next = NULL};
	return map;
}

void sim_lane_put_node(struct sim_lane *lane, struct sim_mapping *map)
{
	if (lane->spares >= SIM_LANE_SPARES) {
		free(map);
		return;
	}
	map->next = lane->spare;
	lane->spare = map;
	lane->spares++;
}

uint64_t sim_pins_count(const struct sim *sim)
{
	uint64_t pins = 0;

	for (unsigned int i = 0; i < SIM_LANES; i++)
		pins += atomic_load_explicit(&sim->lane[i].pins, memory_order_relaxed);
	return pins;
}

uint64_t sim_space_count(const struct sim_space *space)
{
	uint64_t count = space->wide.count;

	for (unsigned int i = 0; i < SIM_LANES; i++)
		count += space->maps[i].tree.count;
	return count;
}

bool sim_entries_full(struct sim_space *space, uint64_t iova)
{
	struct sim *sim = space->sim;
	uint64_t count;

	if (!sim->exclusive || sim->entry_limit == UINT64_MAX)
		return false; /* there is credit */
	/* what was given to the lanes counts as unused: it is given anew */
	for (unsigned int i = 0; i < SIM_LANES; i++)
		sim->lane[i].credit = 0;
	count = sim_space_count(space);
	if (count >= sim->entry_limit)
		return true;
	/* one of the rest is for who asks */
	sim_lane_of(sim, iova)->credit = MIN(sim->entry_limit - count - 1, SIM_LANE_CREDIT);
	return false;
}
