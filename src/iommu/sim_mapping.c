/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One live mapping of the simulated IOMMU: entries and pins on the way in; the order that matters on the way out. */
#include <errno.h>
#include <sched.h>

#include "iommu/rcu.h"
#include "iommu/sim_context.h"

/* Tables that stale-iotlb leaves behind wait for somebody's grace period, but not for ever. */
#define SIM_PARTED_MAX 64
/* More ranges than this in one unmap are invalidated by one flush of the domain. */
#define SIM_FLUSH_RANGES 16

static uint64_t sim_mapping_bits(enum iommu_prot prot)
{
	return (prot & IOMMU_PROT_READ ? SIM_PTE_R : 0) | (prot & IOMMU_PROT_WRITE ? SIM_PTE_W : 0);
}

static int sim_mapping_enter(struct sim_space *space, struct sim_mapping *map, uint64_t bits)
{
	uint64_t page = 0, run, frame, done;

	/*
	 * Type1 and iommufd refuse this before they pin; the container's ioctl of /dev/iommu lets the page table refuse it,
	 * with a WARNING on kernels whose tables are of the generic kind (map_range() of iommu_pt.h).
	 */
	if (!bits) {
		map->pages = 0;
		return -EINVAL;
	}
	while (page < map->pages) {
		int r;

		frame = sim_buf_frame(map->buf, map->first_page + page, map->pages - page, &run);
		r = sim_pt_map(&space->pt, map->node.start + (page << SIM_PAGE_SHIFT), frame, run, bits, &done);
		page += done;
		if (r) {
			map->pages = page; /* what there is to undo */
			return r;
		}
	}
	return 0;
}

int sim_mapping_add(struct sim_space *space, uint64_t iova, uint64_t size, enum iommu_prot prot, struct sim_buf *buf,
		    uint64_t offset, struct sim_mapping **out)
{
	struct sim_mapping *map = calloc(1, sizeof(*map));
	struct sim *sim = space->sim;
	int r;

	if (!map) {
		sim_buf_put(&sim->mem, buf);
		return -ENOMEM;
	}
	map->node.start = iova;
	map->node.last = iova + size - 1;
	map->buf = buf;
	map->first_page = offset >> SIM_PAGE_SHIFT;
	map->pages = size >> SIM_PAGE_SHIFT;
	map->writable = prot & IOMMU_PROT_WRITE;
	r = sim_mapping_enter(space, map, sim_mapping_bits(prot));
	if (!r) {
		sim_tree_insert(&space->maps, &map->node);
		atomic_fetch_add_explicit(&sim->pins, map->pages, memory_order_relaxed);
		*out = map;
		return 0;
	}
	/* The device may have used what was already there: it goes the long way. */
	if (map->pages)
		sim_pt_unmap(&space->pt, iova, map->pages, false, NULL);
	rcu_wait();
	if (map->pages)
		sim_qi_flush(&sim->qi, space->domain, iova, sim_qi_mask(iova >> SIM_PAGE_SHIFT, map->pages));
	rcu_wait();
	sim_pt_reap(&space->pt);
	sim_buf_put(&sim->mem, buf);
	free(map);
	return r;
}

int sim_mapping_split(struct sim_space *space, struct sim_mapping *map, uint64_t point)
{
	struct sim_mapping *right = calloc(1, sizeof(*right));

	if (!right || sim_leaf_cut(space, point + 1)) {
		free(right);
		return -ENOMEM;
	}
	sim_tree_remove(&space->maps, &map->node);
	right->node.start = point + 1;
	right->node.last = map->node.last;
	map->node.last = point;
	right->buf = sim_buf_hold(&space->sim->mem, map->buf);
	right->writable = map->writable;
	right->by_file = map->by_file;
	right->pages = (right->node.last - point) >> SIM_PAGE_SHIFT;
	map->pages -= right->pages;
	right->first_page = map->first_page + map->pages;
	sim_tree_insert(&space->maps, &map->node);
	sim_tree_insert(&space->maps, &right->node);
	return 0;
}

void sim_mapping_unlink(struct sim_space *space, struct sim_mapping *map, struct sim_mapping **list)
{
	sim_tree_remove(&space->maps, &map->node);
	map->next = *list;
	*list = map;
}

static void sim_mapping_flush(struct sim_space *space, const struct sim_mapping *map)
{
	struct sim *sim = space->sim;
	uint64_t pfn = map->node.start >> SIM_PAGE_SHIFT;
	unsigned int order = sim_qi_mask(pfn, map->pages), wrong = sim_qi_mask_short(map->pages);

	/* The bug shows only where the range straddles a block of its own size. */
	if (wrong < order && sim_fault_fires(&sim->faults, SIM_FAULT_PSI_MASK))
		order = wrong;
	sim_qi_flush(&sim->qi, space->domain, map->node.start, order);
}

static void sim_mapping_flush_all(struct sim_space *space, const struct sim_mapping *list, unsigned int n)
{
	if (n > SIM_FLUSH_RANGES) {
		sim_qi_flush(&space->sim->qi, space->domain, 0, SIM_QI_MAMV + 1);
		return;
	}
	for (; list; list = list->next)
		sim_mapping_flush(space, list);
}

static void sim_mapping_unpin(struct sim *sim, struct sim_mapping *list)
{
	while (list) {
		struct sim_mapping *map = list;

		list = map->next;
		/* A leaked pin keeps the count and the reference; the frames come back when the context is closed. */
		if (!sim_fault_fires(&sim->faults, SIM_FAULT_PIN_LEAK)) {
			atomic_fetch_sub_explicit(&sim->pins, map->pages, memory_order_relaxed);
			sim_buf_put(&sim->mem, map->buf);
		}
		free(map);
	}
}

/* The frames go before the translations do; whoever asks for memory next gets them. */
static void sim_mapping_lose(struct sim *sim, const struct sim_mapping *list)
{
	bool lost = false;

	for (; list; list = list->next) {
		if (!sim_fault_fires(&sim->faults, SIM_FAULT_EARLY_UNPIN))
			continue;
		sim_buf_lose(&sim->mem, list->buf);
		lost = true;
	}
	if (lost)
		sched_yield();
}

uint64_t sim_mapping_remove(struct sim_space *space, struct sim_mapping *list)
{
	struct sim *sim = space->sim;
	uint64_t bytes = 0;
	unsigned int n = 0;

	sim_window_open(&space->windows, DIRTY_UNMAP_BEFORE_CLEAR);
	for (const struct sim_mapping *map = list; map; map = map->next, n++) {
		bool keep = sim_fault_fires(&sim->faults, SIM_FAULT_UNMAP_SKIP_PTE);

		sim_dirty_unmap_entries(space, (struct iova_range){map->node.start, map->node.last}, map->pages, keep);
		bytes += map->pages << SIM_PAGE_SHIFT;
	}
	sim_mapping_lose(sim, list);
	if (!sim_fault_fires(&sim->faults, SIM_FAULT_STALE_IOTLB)) {
		rcu_wait(); /* no walker holds an old entry that it could still cache */
		sim_window_open(&space->windows, DIRTY_UNMAP_BEFORE_FLUSH);
		sim_mapping_flush_all(space, list, n);
		rcu_wait(); /* no DMA that began with an old translation is under way */
		sim_pt_reap(&space->pt);
	} else if (space->pt.parted.count > SIM_PARTED_MAX) {
		/* Only the model's own memory is made safe: translations stay cached. */
		rcu_wait();
		sim_pt_reap(&space->pt);
	}
	sim_window_open(&space->windows, DIRTY_UNMAP_AFTER_FLUSH);
	sim_mapping_unpin(sim, list);
	if (bytes && sim_fault_fires(&sim->faults, SIM_FAULT_SHORT_UNMAP))
		bytes -= SIM_PAGE;
	return bytes;
}

void sim_mapping_drop_all(struct sim_space *space)
{
	struct sim_mapping *map;

	while ((map = sim_mapping_first(space, 0, UINT64_MAX))) {
		sim_tree_remove(&space->maps, &map->node);
		sim_buf_put(&space->sim->mem, map->buf);
		free(map);
	}
}
