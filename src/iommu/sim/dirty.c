/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty tracking by the simulated IOMMU's page tables: start, stop, read, read and unmap. The answers are those of
 * IOMMU_HWPT_SET_DIRTY_TRACKING and IOMMU_HWPT_GET_DIRTY_BITMAP (Linux, iommufd_check_iova_range()); a hole in the range, and
 * reading while tracking is off, are EINVAL, as the ioctl's documentation and the IOMMU drivers have it, and nothing was cleared then.
 *
 * A read of a part of a dirty leaf clears its bit and notes the rest down (owed.h): each page of the leaf is reported once.
 *
 * Why nothing is lost: a bit is cleared by an atomic exchange; whoever still holds the old entry, which lets him write without
 * setting the bit anew, is waited for twice: before the flush, so that he does not cache it again, and after it, so that his write
 * has arrived when the read returns, which reports the page.
 */
#include "iommu/sim/dirty.h"

#include <errno.h>

#include "base/num.h"
#include "iommu/rcu.h"
#include "iommu/sim/context.h"

/* One read, or one unmap that reads. */
struct sim_dirty_read {
	struct sim_space *space;
	struct sim_bits *bits;
	struct sim_pt_scan scan;
	struct sim_pt_heir heir;
	bool keep;
};

void sim_dirty_exit(struct sim_dirty *dirty)
{
	sim_owed_drop(&dirty->owed, (struct iova_range){0, UINT64_MAX});
}

static int sim_dirty_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why)
{
	*out = (struct dirty_caps){
		.page_sizes = SIM_DIRTY_SIZES,
		.can_keep = true,
		.unmaps = true,
		.leaves = true,
		.windows = true,
	};
	return 0;
}

/* Drop the range from the IOTLB, and wait for DMA by what was dropped. Who could cache it again was waited for before. */
static void sim_dirty_flush(struct sim_space *space, uint64_t start, uint64_t last)
{
	uint64_t pfn = start >> SIM_PAGE_SHIFT;

	if (start <= last && !sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_NO_FLUSH))
		sim_lane_flush(space, start, start, sim_qi_mask(pfn, (last >> SIM_PAGE_SHIFT) - pfn + 1));
	rcu_wait();
}

/* iopt_clear_dirty_data() */
static void sim_dirty_clear_all(struct sim_space *space)
{
	struct sim_pt_scan scan = {.last = SIM_IOVA_LAST};

	sim_pt_scan(&space->pt, &scan);
	sim_owed_drop(&space->dirty.owed, (struct iova_range){0, UINT64_MAX});
	rcu_wait();
	sim_lane_flush(space, 0, 0, SIM_QI_MAMV + 1);
	rcu_wait();
}

static int sim_dirty_set(const struct dirty_at *at, bool on)
{
	struct sim_space *space = sim_space_of(at->iommu);
	int r = 0;

	sim_lock(space->sim);
	if (space->gone)
		r = -ENOENT;
	else if (on && !sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_STALE_START))
		sim_dirty_clear_all(space);
	if (!r)
		space->dirty.on = on;
	sim_unlock(space->sim);
	return r;
}

static int sim_dirty_start(const struct dirty_at *at, struct dirty_start *req)
{
	return req->flags ? -EOPNOTSUPP : sim_dirty_set(at, true);
}

static int sim_dirty_stop(const struct dirty_at *at)
{
	return sim_dirty_set(at, false);
}

/* iopt_for_each_contig_area(): mapped without a hole, by as many mappings as it takes. */
static bool sim_dirty_has_hole(struct sim_space *space, struct iova_range range)
{
	uint64_t at = range.start;
	struct sim_mapping *map;

	while ((map = sim_mapping_first(space, at, at))) {
		if (map->node.last >= range.last)
			return false;
		at = map->node.last + 1;
	}
	return true;
}

/* iommufd_check_iova_range(), and that a page size is one. */
static int sim_dirty_check(const struct dirty_read *req)
{
	uint64_t last;

	if (req->flags)
		return -EOPNOTSUPP;
	if (!dirty_fits(req))
		return -ENOBUFS;
	if (!req->length)
		return -EINVAL;
	if (!num_add(req->iova, req->length - 1, &last))
		return -EOVERFLOW;
	if (!IS_ALIGNED(req->iova | (last + 1), SIM_PAGE) || !req->page_size || req->page_size & (req->page_size - 1) ||
	    !IS_ALIGNED(req->iova | (last + 1), req->page_size))
		return -EINVAL;
	return sim_bits_writable(req) ? 0 : -EFAULT;
}

/* Under the lock. */
static int sim_dirty_check_space(struct sim_space *space, struct iova_range range)
{
	if (space->gone)
		return -ENOENT;
	return !space->dirty.on || sim_dirty_has_hole(space, range) ? -EINVAL : 0;
}

/* Where a read has to be refused and is answered all the same, with less than was asked for: what is looked at begins at scan.start. */
static bool sim_dirty_answers(struct sim_dirty_read *read)
{
	struct sim_space *space = read->space;
	struct sim_mapping *map = sim_mapping_first(space, read->scan.start, read->scan.start);

	if (space->gone || !space->dirty.on || !map || map->node.last >= read->scan.last ||
	    !sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_HOLE))
		return false;
	read->scan.last = map->node.last;
	return true;
}

/* All pages of the leaf; dirty-huge-partial takes an entry for a page, whatever its size. */
static void sim_dirty_report(struct sim_dirty_read *read, uint64_t iova, unsigned int level)
{
	struct sim_faults *faults = &read->space->sim->faults;
	uint64_t start = MAX(iova, read->bits->range.start);
	uint64_t last = MIN(iova + ((UINT64_C(1) << sim_pt_shift(level)) - 1), read->bits->range.last);

	if (level && start >> read->bits->shift != last >> read->bits->shift &&
	    sim_fault_fires(faults, SIM_FAULT_DIRTY_HUGE_PARTIAL))
		last = start;
	sim_bits_add(read->bits, start, last);
}

/* True: clear the bit. */
static bool sim_dirty_found(struct sim_pt_scan *scan, uint64_t iova, unsigned int level)
{
	struct sim_dirty_read *read = container_of(scan, struct sim_dirty_read, scan);
	struct sim_space *space = read->space;
	uint64_t last = iova + ((UINT64_C(1) << sim_pt_shift(level)) - 1);

	if (iova < read->bits->range.start && !read->keep &&
	    sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_LEAF_BEGIN))
		return true;
	sim_dirty_report(read, iova, level);
	if (last > read->bits->range.last && !read->keep &&
	    sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_LEAF_END))
		return true;
	if (read->keep || sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_NO_CLEAR))
		return false;
	/* without memory for a note the bit stays: reported too often, but not too seldom */
	return !level || !sim_owed_rest(&space->dirty.owed, iova, last, read->bits->range);
}

static void sim_dirty_scan(struct sim_dirty_read *read)
{
	struct range_tree *owed = &read->space->dirty.owed;

	/* the notes first: those that the scan makes are of what lies outside of the range */
	if (owed->root)
		sim_owed_report(owed, read->bits);
	if (owed->root && !read->keep)
		sim_owed_drop(owed, read->bits->range);
	sim_pt_scan(&read->space->pt, &read->scan);
	sim_bits_finish(read->bits);
}

static void sim_dirty_collect(struct sim_dirty_read *read)
{
	struct sim_space *space = read->space;
	struct iova_range range = read->bits->range;

	if (read->keep) {
		sim_dirty_scan(read);
		return;
	}
	if (sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_EARLY_FLUSH)) {
		rcu_wait();
		sim_dirty_flush(space, range.start, range.last);
		sim_window_open(&space->windows, DIRTY_READ_BEFORE_FLUSH);
		sim_dirty_scan(read);
		rcu_wait();
	} else {
		sim_dirty_scan(read);
		rcu_wait();
		sim_window_open(&space->windows, DIRTY_READ_BEFORE_FLUSH);
		sim_dirty_flush(space, read->scan.first_cleared, read->scan.last_cleared);
	}
	sim_window_open(&space->windows, DIRTY_READ_AFTER_FLUSH);
}

/* Is it answered with success although @err was due: without a bit, and without those that there were? */
static bool sim_dirty_lies(struct sim_space *space, const struct dirty_read *req, int err)
{
	struct sim_pt_scan scan = {.start = req->iova, .last = req->iova + (req->length - 1)};

	if (err == -EINVAL && (req->page_size >> 58 || req->page_size & (req->page_size - 1)))
		return sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_PAGE_SIZE);
	if (err != -EFAULT || !sim_fault_fires(&space->sim->faults, SIM_FAULT_DIRTY_LOST_BITMAP))
		return false;
	sim_lock(space->sim);
	if (!req->keep && scan.start <= scan.last)
		sim_pt_scan(&space->pt, &scan);
	rcu_wait();
	sim_dirty_flush(space, scan.first_cleared, scan.last_cleared);
	sim_unlock(space->sim);
	return true;
}

static int sim_dirty_read(const struct dirty_at *at, const struct dirty_read *req)
{
	struct sim_space *space = sim_space_of(at->iommu);
	int r = sim_dirty_check(req);
	struct sim_dirty_read read = {.space = space, .keep = req->keep};
	struct sim_bits bits;

	if (r && sim_dirty_lies(space, req, r))
		return 0;
	if (r)
		return r;
	sim_bits_init(&bits, req, &space->sim->faults);
	read.bits = &bits;
	read.scan = (struct sim_pt_scan){bits.range.start, bits.range.last, .dirty = sim_dirty_found};
	sim_lock(space->sim);
	r = sim_dirty_check_space(space, bits.range);
	if (r == -EINVAL && sim_dirty_answers(&read))
		r = 0;
	if (!r)
		sim_dirty_collect(&read);
	sim_unlock(space->sim);
	return r;
}

static void sim_dirty_inherit(struct sim_pt_heir *heir, uint64_t iova, unsigned int level)
{
	struct sim_dirty_read *read = container_of(heir, struct sim_dirty_read, heir);

	if (!sim_fault_fires(&read->space->sim->faults, SIM_FAULT_DIRTY_LOST_UNMAP))
		sim_dirty_report(read, iova, level);
}

void sim_dirty_unmap_entries(struct sim_space *space, struct iova_range range, uint64_t pages, bool keep_last)
{
	struct sim_dirty *dirty = &space->dirty;
	struct sim_dirty_read read = {.space = space, .bits = dirty->collect, .heir.dirty = sim_dirty_inherit};

	sim_pt_unmap(&space->pt, range.start, pages, keep_last, dirty->collect ? &read.heir : NULL);
	if (!dirty->owed.root)
		return;
	if (dirty->collect)
		sim_owed_report(&dirty->owed, dirty->collect);
	sim_owed_drop(&dirty->owed, range);
}

/*
 * Each bit is taken by the exchange that clears its entry, so that there is no moment between reading and unmapping. The unmap
 * is the personality's own; only that none may take more than the range, which would have no place in the bitmap.
 */
static int sim_dirty_unmap(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped)
{
	struct sim_space *space = sim_space_of(at->iommu);
	int r = sim_dirty_check(req);
	struct sim_bits bits;

	*unmapped = 0;
	if (r)
		return r;
	sim_bits_init(&bits, req, &space->sim->faults);
	sim_lock(space->sim);
	r = sim_dirty_check_space(space, bits.range);
	if (!r && space->iommu.personality == IOMMU_TYPE1_V1 && sim_bisects(space, bits.range))
		r = -EINVAL;
	if (!r) {
		space->dirty.collect = &bits;
		r = sim_unmap_locked(space, req->iova, req->length, unmapped);
		space->dirty.collect = NULL;
		sim_bits_finish(&bits);
	}
	sim_unlock(space->sim);
	return r;
}

const struct dirty_ops sim_dirty_ops = {
	.caps = sim_dirty_caps,
	.start = sim_dirty_start,
	.stop = sim_dirty_stop,
	.read = sim_dirty_read,
	.unmap = sim_dirty_unmap,
};
