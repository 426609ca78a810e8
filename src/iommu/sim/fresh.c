/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulation brought to where it was when nothing had gone wrong yet: only what is mapped and allocated now is left. */
#include "iommu/rcu.h"
#include "iommu/sim/context.h"

/* Entries that no mapping has: those of unmaps that left some. */
static void fresh_table(struct sim_space *space, uint64_t start, uint64_t last)
{
	struct sim_mapping *map;

	while ((map = sim_mapping_first(space, start, last))) {
		if (map->node.start > start)
			sim_pt_unmap(&space->pt, start, (map->node.start - start) >> SIM_PAGE_SHIFT, false, NULL);
		if (map->node.last >= last)
			return;
		start = map->node.last + 1;
	}
	sim_pt_unmap(&space->pt, start, ((last - start) >> SIM_PAGE_SHIFT) + 1, false, NULL);
}

static void fresh_tables(struct sim *sim)
{
	for (struct sim_space *space = sim->spaces; space; space = space->next) {
		fresh_table(space, 0, sim_iova_top(sim));
		if (sim->wide)
			fresh_table(space, SIM_HIGH.start, SIM_HIGH.last);
	}
	sim_lanes_trim(sim);
	rcu_wait();
	for (struct sim_device *dev = sim->devices; dev; dev = dev->next)
		sim_iotlb_fresh(sim_engine_tlb(dev->engine));
	rcu_wait();
	for (struct sim_space *space = sim->spaces; space; space = space->next)
		sim_pt_reap(&space->pt);
}

/* Each mapping holds its memory and its pins once. */
static void fresh_pins(struct sim *sim)
{
	uint64_t pins = 0;

	sim_buf_recount(&sim->mem);
	for (struct sim_space *space = sim->spaces; space; space = space->next) {
		uint64_t at = 0;
		struct sim_mapping *map;

		while ((map = sim_mapping_first(space, at, UINT64_MAX))) {
			map->buf->due++;
			pins += map->pages;
			if (map->node.last == UINT64_MAX)
				break;
			at = map->node.last + 1;
		}
	}
	for (unsigned int i = 0; i < SIM_LANES; i++)
		atomic_store_explicit(&sim->lane[i].pins, i ? 0 : pins, memory_order_relaxed);
	sim_buf_settle(&sim->mem);
}

int sim_fresh(struct iommu *iommu, uint64_t seed)
{
	struct sim *sim = sim_space_of(iommu)->sim;

	sim_lock(sim);
	for (struct sim_device *dev = sim->devices; dev; dev = dev->next)
		sim_engine_put(dev->engine, dev->at);
	fresh_tables(sim);
	fresh_pins(sim);
	sim->has_unmapped = false;
	sim_faults_fresh(&sim->faults, seed);
	sim_unlock(sim);
	pthread_mutex_lock(&sim->records.lock);
	sim->records.count = sim->records.dropped = 0;
	pthread_mutex_unlock(&sim->records.lock);
	return 0;
}
