/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of dirty bits is due. Read off Linux 7.3: vfio_iommu_type1_dirty_pages(), vfio_dma_do_unmap(); iommufd_check_iova_range(),
 * iommu_read_and_clear_dirty() (drivers/iommu/iommufd/io_pagetable.c); vfio_ioctl_device_feature_logging_report().
 */
#include <errno.h>

#include "base/bitmap.h"
#include "base/num.h"
#include "core/stress/model_priv.h"

#define DIRTY_EVERYTHING ((struct iova_range){0, UINT64_MAX})
/* No page table entry is larger. */
#define DIRTY_ENTRY_MAX GiB(1)
/* DIRTY_BITMAP_SIZE_MAX of vfio_iommu_type1.c */
#define DIRTY_TYPE1_MAX MiB(256)

void model_dirty_start(struct model *m, const struct model_tracking *how)
{
	model_dirty_stop(m);
	m->how = *how;
	m->tracking = true;
}

void model_dirty_stop(struct model *m)
{
	runs_cut(&m->dirty, DIRTY_EVERYTHING);
	runs_cut(&m->touched, DIRTY_EVERYTHING);
	m->tracking = m->forgetful = false;
}

bool model_dirty_is_on(const struct model *m)
{
	return m->tracking;
}

static uint64_t dirty_unit(const struct model *m)
{
	return MAX(m->how.unit, model_granule(m));
}

static void dirty_note(struct model *m, struct model_runs *runs, iova_t iova, uint64_t size)
{
	uint64_t unit = dirty_unit(m);
	struct iova_range r = {ALIGN_DOWN(iova, unit), (iova + (size - 1)) | (unit - 1)};

	if (m->tracking && size && runs_add(runs, r))
		m->forgetful = true;
}

void model_wrote(struct model *m, iova_t iova, uint64_t size)
{
	if (m->tracking && !m->how.caps->marks)
		dirty_note(m, &m->dirty, iova, size);
}

void model_touched(struct model *m, iova_t iova, uint64_t size)
{
	if (m->tracking && !m->how.caps->marks)
		dirty_note(m, &m->touched, iova, size);
}

void model_marked(struct model *m, iova_t iova, uint64_t size)
{
	dirty_note(m, &m->dirty, iova, size);
}

void model_dirty_unmapped(struct model *m, struct iova_range r)
{
	if (!m->tracking || m->how.caps->outlasts)
		return;
	if (runs_cut(&m->dirty, r) || runs_cut(&m->touched, r))
		m->forgetful = true;
}

/* Entries of the smallest size only: compat v1 has it so (iopt_disable_large_pages()), and other sources have no entries. */
static bool dirty_entries_are_small(const struct model *m)
{
	return m->params.personality == IOMMU_COMPAT_V1 || (m->tracking && m->how.source != DIRTY_IOMMU);
}

uint64_t model_entry_max(const struct model *m, iova_t iova)
{
	const struct model_node *node = model_first(m, iova, iova);
	uint64_t size = dirty_unit(m);

	if (!node || dirty_entries_are_small(m))
		return size;
	while (size < DIRTY_ENTRY_MAX) {
		struct iova_range r = {ALIGN_DOWN(iova, 2 * size), iova | (2 * size - 1)};

		if (!iova_range_contains(node->map.range, r))
			break;
		size *= 2;
	}
	return size;
}

bool model_dirty_next(const struct model *m, enum model_dirty which, struct iova_range within, struct iova_range *run)
{
	if (which == MODEL_DIRTY && !m->forgetful)
		return runs_next(&m->dirty, within, run);
	if (which == MODEL_DIRTY)
		return false;
	if (!m->forgetful)
		return runs_next(&m->touched, within, run);
	*run = within;
	return true;
}

enum model_dirty model_dirty_at(const struct model *m, iova_t iova, uint64_t page_size)
{
	struct iova_range page = {ALIGN_DOWN(iova, page_size), iova | (page_size - 1)}, run, near;

	if (!m->tracking)
		return MODEL_MAY_BE_DIRTY;
	if (model_dirty_next(m, MODEL_DIRTY, page, &run))
		return MODEL_DIRTY;
	if (m->how.caps->over_reports && model_first(m, page.start, page.last))
		return MODEL_MAY_BE_DIRTY;
	near.start = ALIGN_DOWN(page.start, model_entry_max(m, page.start));
	near.last = page.last | (model_entry_max(m, page.last) - 1);
	if (model_dirty_next(m, MODEL_DIRTY, near, &run) || model_dirty_next(m, MODEL_MAY_BE_DIRTY, near, &run))
		return MODEL_MAY_BE_DIRTY;
	return MODEL_CLEAN;
}

/* Of an entry that is dirty, what the read did not ask for: @cut. */
static void dirty_cut_entry(struct model *m, struct iova_range entry, struct iova_range cut)
{
	struct iova_range run;

	if (!runs_next(&m->dirty, entry, &run) && !runs_next(&m->touched, entry, &run))
		return;
	if (runs_add(&m->touched, cut) || (m->how.caps->loses_cut && runs_cut(&m->dirty, cut)))
		m->forgetful = true;
}

void model_dirty_cleared(struct model *m, struct iova_range within, struct iova_range first, struct iova_range last)
{
	if (!m->tracking)
		return;
	if (first.start < within.start)
		dirty_cut_entry(m, first, (struct iova_range){first.start, within.start - 1});
	if (last.last > within.last)
		dirty_cut_entry(m, last, (struct iova_range){within.last + 1, last.last});
	if (runs_cut(&m->dirty, within) || runs_cut(&m->touched, within))
		m->forgetful = true;
}

void model_dirty_doubt(struct model *m, struct iova_range within)
{
	struct iova_range run;

	while (m->tracking && runs_next(&m->dirty, within, &run)) {
		run.start = MAX(run.start, within.start);
		run.last = MIN(run.last, within.last);
		if (runs_add(&m->touched, run) || runs_cut(&m->dirty, run)) {
			m->forgetful = true;
			return;
		}
	}
}

/* --- answers --- */

/* verify_bitmap_size(), for the page size as it was given. */
static bool dirty_bitmap_bad(const struct model_dirty_req *req)
{
	uint64_t pages = req->page_size ? req->size >> __builtin_ctzll(req->page_size) : 0;
	uint64_t bytes = bitmap_words(pages) * 8;

	return !pages || bytes > DIRTY_TYPE1_MAX || bytes > req->bytes;
}

static bool dirty_cuts(const struct model *m, iova_t iova, iova_t last)
{
	const struct model_node *first = model_first(m, iova, iova), *final = model_first(m, last, last);

	return (first && first->node.start != iova) || (final && final->node.last != last);
}

/* The order of these matters only where the range wraps: all others are EINVAL. */
static void dirty_ask_type1(const struct model *m, const struct model_dirty_req *req, struct model_answer *due)
{
	uint64_t last;

	if (req->keep)
		model_due(due, EOPNOTSUPP, "the container's ioctl always clears");
	else if (!req->size)
		model_due(due, EINVAL, "size 0: vfio_iommu_type1_dirty_pages()");
	else if (!num_add(req->iova, req->size - 1, &last))
		model_due_or(due, EOVERFLOW, EINVAL,
			     "the range wraps: vfio_iommu_type1_dirty_pages(); EINVAL before Linux 6.18, or where the "
			     "bitmap is too small: verify_bitmap_size()");
	else if (dirty_bitmap_bad(req) || req->page_size != model_granule(m) ||
		 !IS_ALIGNED(req->iova | req->size, model_granule(m)))
		model_due(due, EINVAL, "bitmap too small, or not by the smallest page: vfio_iommu_type1_dirty_pages()");
	else if (!m->tracking)
		model_due(due, EINVAL, "tracking is off: vfio_iommu_type1_dirty_pages()");
	else if (dirty_cuts(m, req->iova, last))
		model_due(due, EINVAL, "it cuts a mapping: vfio_iova_dirty_bitmap()");
	else if (req->unwritable && model_first(m, req->iova, last))
		model_due(due, EFAULT, "the bitmap cannot be written: update_user_bitmap()");
	else
		model_due(due, 0, "whole mappings, with holes or without");
}

static void dirty_ask_iommu(const struct model *m, const struct model_dirty_req *req, struct model_answer *due)
{
	uint64_t granule = model_granule(m), last = 0;

	if (!req->size)
		model_due(due, EINVAL, "size 0: iommufd_check_iova_range()");
	else if (!num_add(req->iova, req->size - 1, &last))
		model_due(due, EOVERFLOW, "the range wraps: iommufd_check_iova_range()");
	else if (!IS_ALIGNED(req->iova | (last + 1), granule) || !req->page_size ||
		 !IS_ALIGNED(req->iova | (last + 1), req->page_size))
		model_due(due, EINVAL, "no multiple of the pages: iommufd_check_iova_range()");
	else if (req->page_size & (req->page_size - 1))
		model_due(due, EINVAL, "no page size: bits are of powers of two, struct iommu_hwpt_get_dirty_bitmap");
	else if (req->unwritable)
		model_due_since(m, due, EFAULT, ENOMEM,
				"the bitmap cannot be written: iova_bitmap_alloc(), of whose errors "
				"iommu_read_and_clear_dirty() makes ENOMEM");
	else if (!m->tracking)
		model_due_or(
			due, EINVAL, 0,
			"tracking is off: the IOMMU's driver says EINVAL, iommu_read_and_clear_dirty() ignores it");
	else if (!model_reaches(m, req->iova, req->size, 0))
		/* the simulation never ignores it */
		model_due_since(m, due, EINVAL, 0,
				"there is a hole: __iommu_read_and_clear_dirty() says EINVAL, "
				"iommu_read_and_clear_dirty() ignores it");
	else
		model_due(due, 0, "mapped without a hole");
}

static void dirty_ask_device(const struct model *m, const struct model_dirty_req *req, struct model_answer *due)
{
	uint64_t end;

	if (req->keep)
		model_due(due, EOPNOTSUPP, "a device's report always clears");
	else if (req->page_size < 4096 || req->page_size & (req->page_size - 1))
		model_due(due, EINVAL, "no page size: vfio_ioctl_device_feature_logging_report()");
	else if (!num_add(req->iova, req->size, &end))
		model_due(due, EOVERFLOW, "the range wraps: vfio_ioctl_device_feature_logging_report()");
	else if (!m->tracking)
		model_due(due, EINVAL, "tracking is off: the device's driver");
	else
		model_due(due, 0, "any range that is logged");
}

void model_ask_dirty(const struct model *m, const struct model_tracking *how, const struct model_dirty_req *req,
		     struct model_answer *due)
{
	struct model_answer unmap;

	if (how->source == DIRTY_TYPE1)
		dirty_ask_type1(m, req, due);
	else if (how->source == DIRTY_IOMMU)
		dirty_ask_iommu(m, req, due);
	else
		dirty_ask_device(m, req, due);
	if (!req->unmap || !model_allows(due, 0))
		return;
	/* what is unmapped is what the interface takes of that range, as long as it lies in the bitmap */
	model_ask_unmap(m, req->iova, req->size, &unmap);
	if (m->params.personality == IOMMU_TYPE1_V1 && dirty_cuts(m, req->iova, req->iova + (req->size - 1)))
		model_due(&unmap, EINVAL, "v1 would take more than the range, or less");
	if (due->nr == 1)
		*due = unmap;
	else
		due->bytes = unmap.bytes;
}
