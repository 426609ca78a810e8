/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One live mapping of the simulated IOMMU: entries and pins on the way in; the order that matters on the way out. */
#include <errno.h>
#include <sched.h>

#include "iommu/rcu.h"
#include "iommu/sim/context.h"

/* Tables that stale-iotlb leaves behind wait for somebody's grace period, but not for ever. */
#define SIM_PARTED_MAX 64
/* More ranges than this in one unmap are invalidated by one flush: of the domain, or of the region whose lane is held. */
#define SIM_FLUSH_RANGES 16
/* A region's 1 GiB of pages. */
#define SIM_REGION_ORDER 18u

static uint64_t sim_mapping_bits(enum iommu_prot prot)
{
	return (prot & IOMMU_PROT_READ ? SIM_PTE_R : 0) | (prot & IOMMU_PROT_WRITE ? SIM_PTE_W : 0);
}

static struct range_tree *sim_mapping_tree(struct sim_space *space, const struct sim_mapping *map)
{
	if (map->node.start >> 30 != map->node.last >> 30)
		return &space->wide;
	return &space->maps[sim_lane(map->node.start)].tree;
}

static void sim_mapping_insert(struct sim_space *space, struct sim_mapping *map)
{
	range_tree_insert(sim_mapping_tree(space, map), &map->node);
}

static void sim_mapping_take(struct sim_space *space, struct sim_mapping *map)
{
	range_tree_remove(sim_mapping_tree(space, map), &map->node);
}

/* The lower of @found and the tree's first. */
static struct range_node *sim_mapping_lower(const struct range_tree *tree, uint64_t start, uint64_t last,
					    struct range_node *found)
{
	struct range_node *node = tree->root ? range_tree_first(tree, start, last) : NULL;

	return node && (!found || node->start < found->start) ? node : found;
}

struct sim_mapping *sim_mapping_first(struct sim_space *space, uint64_t start, uint64_t last)
{
	struct range_node *found = sim_mapping_lower(&space->wide, start, last, NULL);

	if (start >> 30 == last >> 30)
		found = sim_mapping_lower(&space->maps[sim_lane(start)].tree, start, last, found);
	else
		for (unsigned int lane = 0; lane < SIM_LANES; lane++)
			found = sim_mapping_lower(&space->maps[lane].tree, start, last, found);
	return found ? container_of(found, struct sim_mapping, node) : NULL;
}

static int sim_mapping_enter(struct sim_space *space, struct sim_mapping *map, uint64_t bits)
{
	uint64_t page = 0, run, frame, done;

	/*
	 * Type1 and iommufd refuse this before they pin; the container's ioctl of /dev/iommu lets the page table refuse it,
	 * with a WARNING on kernels whose tables are of the generic kind (map_range() of iommu_pt.h).
	 */
	if (!bits && !sim_fault_fires(&space->sim->faults, SIM_FAULT_NO_RIGHTS_OK)) {
		map->pages = 0;
		return -EINVAL;
	}
	while (page < map->pages) {
		int r;

		frame = sim_buf_frame(map->buf, map->first_page + page, map->pages - page, &run);
		r = (space->sim->exclusive ? sim_pt_map : sim_pt_lane_map)(
			&space->pt, map->node.start + (page << SIM_PAGE_SHIFT), frame, run, bits, &done);
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
	struct sim *sim = space->sim;
	struct sim_mapping *map = sim_lane_node(sim_lane_of(sim, iova));
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
		sim_mapping_insert(space, map);
		sim_pins_add(sim, iova, map->pages);
		*out = map;
		return 0;
	}
	/* The device may have used what was already there: it goes the long way. */
	if (map->pages && sim->exclusive)
		sim_pt_unmap(&space->pt, iova, map->pages, false, NULL);
	else if (map->pages)
		sim_lane_unmap(space, iova, map->pages);
	rcu_wait();
	if (map->pages)
		sim_lane_flush(space, iova, iova, sim_qi_mask(iova >> SIM_PAGE_SHIFT, map->pages));
	rcu_wait();
	if (sim->exclusive)
		sim_pt_reap(&space->pt);
	sim_buf_put(&sim->mem, buf);
	sim_lane_put_node(sim_lane_of(sim, iova), map);
	return r;
}

int sim_mapping_split(struct sim_space *space, struct sim_mapping *map, uint64_t point)
{
	struct sim_mapping *right = calloc(1, sizeof(*right));

	if (!right || sim_leaf_cut(space, point + 1)) {
		free(right);
		return -ENOMEM;
	}
	sim_mapping_take(space, map);
	right->node.start = point + 1;
	right->node.last = map->node.last;
	map->node.last = point;
	right->buf = sim_buf_hold(&space->sim->mem, map->buf);
	right->writable = map->writable;
	right->by_file = map->by_file;
	right->pages = (right->node.last - point) >> SIM_PAGE_SHIFT;
	map->pages -= right->pages;
	right->first_page = map->first_page + map->pages;
	sim_mapping_insert(space, map);
	sim_mapping_insert(space, right);
	if (sim_fault_fires(&space->sim->faults, SIM_FAULT_SPLIT_PINS))
		sim_pins_add(space->sim, right->node.start, right->pages);
	return 0;
}

void sim_mapping_unlink(struct sim_space *space, struct sim_mapping *map, struct sim_mapping **list)
{
	sim_mapping_take(space, map);
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
	if (map->pages < MiB(2) / SIM_PAGE && sim_fault_fires(&sim->faults, SIM_FAULT_EMPTY_FLUSH))
		sim_lane_flush(space, map->node.start, ~map->node.start & SIM_IOVA_LAST, 0);
	else
		sim_lane_flush(space, map->node.start, map->node.start & SIM_IOVA_LAST, order);
}

static void sim_mapping_flush_all(struct sim_space *space, const struct sim_mapping *list, unsigned int n)
{
	_Static_assert(SIM_REGION_ORDER <= SIM_QI_MAMV, "a region can be flushed alone");

	if (n > SIM_FLUSH_RANGES) {
		/* in a lane no more than that: by the marks that a flush takes away for its time others may be leaving theirs out */
		sim_lane_flush(space, list->node.start, list->node.start & SIM_IOVA_LAST,
			       space->sim->exclusive ? SIM_QI_MAMV + 1 : SIM_REGION_ORDER);
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
		if (!sim_fault_fires(&sim->faults, SIM_FAULT_PIN_LEAK) &&
		    (map->writable || !sim_fault_fires(&sim->faults, SIM_FAULT_RO_PIN_LEAK))) {
			sim_pins_add(sim, map->node.start, -map->pages);
			sim_buf_put(&sim->mem, map->buf);
		}
		sim_lane_of(sim, map->node.start)->credit += !sim->exclusive;
		sim_lane_put_node(sim_lane_of(sim, map->node.start), map);
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

/* Is the flush left out, and nobody waited for? */
static bool sim_mapping_is_stale(struct sim *sim)
{
	pthread_t before, self = pthread_self();
	bool other;

	if (!sim->faults.any)
		return false;
	before = sim->last_unmap;
	other = sim->has_unmapped && !pthread_equal(before, self);
	sim->last_unmap = self;
	sim->has_unmapped = true;
	return (other && sim_fault_fires(&sim->faults, SIM_FAULT_WAIT_ORDER)) ||
	       sim_fault_fires(&sim->faults, SIM_FAULT_STALE_IOTLB);
}

/* Whom the list's removal waits for: walkers and DMA of its lanes; all of them where a table goes, in whose upper parts any may be. */
static uint32_t sim_mapping_readers(const struct sim_space *space, const struct sim_mapping *list)
{
	uint32_t lanes = space->pt.parted.count ? RCU_LANES : 0;

	for (; list && lanes != RCU_LANES; list = list->next)
		lanes |= sim_lane_mask(list->node.start, list->node.last);
	return lanes;
}

uint64_t sim_mapping_remove(struct sim_space *space, struct sim_mapping *list)
{
	struct sim *sim = space->sim;
	uint64_t bytes = 0;
	unsigned int n = 0;
	uint32_t readers;

	sim_window_open(&space->windows, DIRTY_UNMAP_BEFORE_CLEAR);
	for (const struct sim_mapping *map = list; map; map = map->next, n++) {
		bool keep = sim_fault_fires(&sim->faults, SIM_FAULT_UNMAP_SKIP_PTE);
		struct iova_range range = {map->node.start, map->node.last};

		if (sim->exclusive)
			sim_dirty_unmap_entries(space, range, map->pages, keep);
		else
			sim_lane_unmap(space, range.start, map->pages);
		bytes += map->pages << SIM_PAGE_SHIFT;
	}
	sim_mapping_lose(sim, list);
	readers = sim_mapping_readers(space, list);
	if (!sim_mapping_is_stale(sim)) {
		rcu_wait_for(readers); /* no walker holds an old entry that it could still cache */
		sim_window_open(&space->windows, DIRTY_UNMAP_BEFORE_FLUSH);
		sim_mapping_flush_all(space, list, n);
		rcu_wait_for(readers); /* no DMA that began with an old translation is under way */
		if (sim->exclusive)
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
		sim_mapping_take(space, map);
		sim_buf_put(&space->sim->mem, map->buf);
		free(map);
	}
}
