/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why dirty tracking was refused: one errno means many things, and the source's caps and the ledger tell which. */
#include "iommu/explain_dirty.h"

#include <errno.h>

#include "base/bitmap.h"
#include "iommu/backend.h"
#include "iommu/ledger.h"

typedef unsigned long long ull;

#define MARKS_MAX (16ull << 20 << 3) /* iommufd_test_dirty() */

static bool dirty_is_power(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* What the source itself lacks, whatever was asked of it. True when a hint was given. */
static bool explain_dirty_source(const struct dirty_at *at, int err, uint32_t flags, struct fail *f)
{
	if (err == -ENOENT && at->source == DIRTY_IOMMU)
		fail_hint(f, "%u is no page table (`maps` shows them): `dirty start` makes one that tracks", at->table);
	else if (err == -EOPNOTSUPP && at->source == DIRTY_IOMMU && flags)
		fail_hint(f, "flags 0x%x are not known to this kernel", flags);
	else if (err == -EOPNOTSUPP && at->source == DIRTY_IOMMU)
		fail_hint(f,
			  "page table %u was not made for dirty tracking: `hwpt new --dirty`, and attach the device to "
			  "that",
			  at->table);
	else if (err == -EACCES && at->source == DIRTY_TYPE1)
		fail_hint(f, "type1 v1 has no dirty tracking: use --backend vfio");
	else if (err == -ENOTTY && at->source == DIRTY_TYPE1)
		fail_hint(f, "/dev/iommu or a kernel before 5.8 serves this container: neither tracks writes in it");
	else if (err == -ENOTTY && at->source == DIRTY_DEVICE)
		fail_hint(f, "the driver of the device has no DMA log");
	else if (err == -ENOTTY)
		fail_hint(f, "this kernel's iommufd has no dirty tracking: Linux 6.7 and later have it");
	else
		return false;
	return true;
}

static bool explain_ranges_shape(const struct dirty_caps *caps, const struct dirty_start *req, struct fail *f)
{
	uint64_t page = req->page_size;

	if (!req->nr) {
		fail_hint(f, "the device must be told which ranges to log: at least one");
		return true;
	}
	if (caps->ranges && req->nr > caps->ranges) {
		fail_hint(f, "the kernel takes at most %u ranges, not %u: join neighbours", caps->ranges, req->nr);
		return true;
	}
	for (unsigned int i = 0; i < req->nr; i++) {
		const struct iova_range *r = &req->ranges[i];

		if (!IS_ALIGNED(r->start | (r->last + 1), page)) {
			fail_hint(f, "0x%llx-0x%llx does not begin and end at multiples of the page size 0x%llx",
				  (ull)r->start, (ull)r->last, (ull)page);
			return true;
		}
		for (unsigned int j = 0; j < i; j++) {
			if (!iova_range_overlaps(*r, req->ranges[j]))
				continue;
			fail_hint(f, "ranges 0x%llx-0x%llx and 0x%llx-0x%llx overlap", (ull)req->ranges[j].start,
				  (ull)req->ranges[j].last, (ull)r->start, (ull)r->last);
			return true;
		}
	}
	return false;
}

static void explain_start_device(const struct dirty_caps *caps, const struct dirty_start *req, int err, struct fail *f)
{
	if (err != -EINVAL && err != -E2BIG && err != -EOVERFLOW && err != -EBUSY)
		return;
	if (err == -EBUSY || !explain_ranges_shape(caps, req, f))
		fail_hint(f, "the device may be logging already, or cannot log so much: stop it first, or name less");
}

int explain_dirty_start(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_start *req,
			int err, struct fail *f)
{
	if (!f)
		return err;
	fail_set(f, err, "cannot start dirty tracking by %s", dirty_source_name(at->source));
	if (explain_dirty_source(at, err, req->flags, f))
		return err;
	if (at->source == DIRTY_DEVICE)
		explain_start_device(caps, req, err, f);
	else if (err == -EINVAL && req->flags)
		fail_hint(f, "flags 0x%x are not known to this kernel", req->flags);
	else if (err == -ENOMEM && at->source == DIRTY_TYPE1)
		fail_hint(f, "the kernel takes memory for a bit per mapped page, at once: map less");
	return err;
}

int explain_dirty_stop(const struct dirty_at *at, int err, struct fail *f)
{
	if (!f)
		return err;
	fail_set(f, err, "cannot stop dirty tracking by %s", dirty_source_name(at->source));
	explain_dirty_source(at, err, 0, f);
	return err;
}

/* The size of the range and of a page. True when a hint was given. */
static bool explain_read_shape(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_read *req,
			       struct fail *f)
{
	/* iommufd minds the pages of the table as well */
	uint64_t granule = at->source == DIRTY_IOMMU ? caps_granule(&at->iommu->caps) : 1, last;
	uint64_t least = caps->page_sizes & -caps->page_sizes;

	if (!req->length)
		fail_hint(f, "give a size of at least one page");
	else if (__builtin_add_overflow(req->iova, req->length - 1, &last))
		fail_hint(f, "iova + size goes past 2^64: choose a lower iova or a smaller size");
	else if (dirty_is_power(caps->page_sizes) && req->page_size != least)
		fail_hint(f, "this source counts in pages of 0x%llx only, not 0x%llx", (ull)least, (ull)req->page_size);
	else if (!dirty_is_power(req->page_size) || req->page_size < least)
		fail_hint(f, "a page size of 0x%llx is not a power of two from 0x%llx on", (ull)req->page_size,
			  (ull)least);
	else if (!IS_ALIGNED(req->iova | req->length, req->page_size))
		fail_hint(f, "iova and size must be multiples of the page size, 0x%llx", (ull)req->page_size);
	else if (!IS_ALIGNED(req->iova | req->length, granule))
		fail_hint(f, "iova and size must be multiples of 0x%llx, the smallest page of this IOMMU",
			  (ull)granule);
	else
		return false;
	return true;
}

/* A bitmap that is too large, or too small for the range. */
static bool explain_read_bitmap(const struct dirty_caps *caps, const struct dirty_read *req, struct fail *f)
{
	uint64_t need = req->page_size ? bitmap_words(req->length / req->page_size) * 8 : 0;

	if (caps->max_bitmap && need > caps->max_bitmap)
		fail_hint(f, "the kernel takes bitmaps of at most 0x%llx bytes: read at most 0x%llx bytes at a time",
			  (ull)caps->max_bitmap, (ull)(caps->max_bitmap * 8 * req->page_size));
	else if (need > req->bytes)
		fail_hint(f, "the bitmap has 0x%llx bytes, and 0x%llx are needed", (ull)req->bytes, (ull)need);
	else if ((uintptr_t)req->bits + req->bytes > INTPTR_MAX)
		fail_hint(f, "the bitmap does not lie in this process's memory");
	else
		return false;
	return true;
}

/* An entry that begins before the range or ends behind it; @what of the source: "takes mappings whole". */
static bool explain_cut(const struct iommu *iommu, struct iova_range r, const char *what, struct fail *f)
{
	struct ledger_entry e;

	if ((!ledger_find(iommu->ledger, (struct iova_range){r.start, r.start}, &e) || e.range.start >= r.start) &&
	    (!ledger_find(iommu->ledger, (struct iova_range){r.last, r.last}, &e) || e.range.last <= r.last))
		return false;
	fail_hint(f, "the range cuts the mapping 0x%llx-0x%llx: %s", (ull)e.range.start, (ull)e.range.last, what);
	return true;
}

static bool explain_read_hole(const struct iommu *iommu, struct iova_range r, struct fail *f)
{
	struct iova_range rest = r;
	struct ledger_entry e;

	while (ledger_find(iommu->ledger, rest, &e) && e.range.start <= rest.start) {
		if (e.range.last >= r.last)
			return false;
		rest.start = e.range.last + 1;
	}
	fail_hint(f, "nothing is mapped at 0x%llx: this source reads what is mapped without a hole", (ull)rest.start);
	return true;
}

/* Type1 v1 and what stands in for it take part of a mapping, and that is no reason there. */
static bool explain_unmap_cut(const struct iommu *iommu, struct iova_range r, struct fail *f)
{
	return iommu->personality != IOMMU_TYPE1_V1 && iommu->personality != IOMMU_COMPAT_V1 &&
	       explain_cut(iommu, r, "it is unmapped whole or not at all", f);
}

static void explain_read_einval(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_read *req,
				bool unmap, struct fail *f)
{
	struct iova_range r = {req->iova, req->iova + (req->length - 1)};

	if (explain_read_shape(at, caps, req, f) || explain_read_bitmap(caps, req, f))
		return;
	if (caps->whole_mappings && explain_cut(at->iommu, r, "this source takes mappings whole", f))
		return;
	if (unmap && explain_unmap_cut(at->iommu, r, f))
		return;
	if (caps->page_sizes && !caps->allows_holes && !caps->outlasts && explain_read_hole(at->iommu, r, f))
		return;
	if (req->flags)
		fail_hint(f, "flags 0x%x are not known to this kernel", req->flags);
	else if (!req->started)
		fail_hint(f, "tracking by %s may not have been started: `dirty start`", dirty_source_name(at->source));
}

static void explain_read_errno(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_read *req,
			       int err, bool unmap, struct fail *f)
{
	switch (-err) {
	case EINVAL:
	case EOVERFLOW:
		explain_read_einval(at, caps, req, unmap, f);
		break;
	case ENOBUFS:
		explain_read_bitmap(caps, req, f);
		break;
	case EFAULT:
		fail_hint(f, "the bitmap's memory cannot be written, so bits may be lost");
		break;
	default:
		break;
	}
}

int explain_dirty_read(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_read *req, int err,
		       struct fail *f)
{
	if (!f)
		return err;
	fail_set(f, err, "cannot read the dirty bits of 0x%llx bytes at iova 0x%llx by pages of 0x%llx",
		 (ull)req->length, (ull)req->iova, (ull)req->page_size);
	if (err == -EOPNOTSUPP && req->keep && !caps->can_keep)
		fail_hint(f, "this source clears the bits that it tells: `dirty read-clear`");
	else if (!explain_dirty_source(at, err, req->flags, f))
		explain_read_errno(at, caps, req, err, false, f);
	return err;
}

/* iommufd says the same of a range in which there is nothing and of one that cuts what is there. */
static void explain_unmap_enoent(const struct dirty_at *at, const struct dirty_read *req, struct fail *f)
{
	struct iova_range r = {req->iova, req->iova + (req->length - 1)};

	if (!req->length || r.last < r.start || !explain_unmap_cut(at->iommu, r, f))
		fail_hint(f, "nothing is mapped there");
}

int explain_dirty_unmap(const struct dirty_at *at, const struct dirty_caps *caps, const struct dirty_read *req, int err,
			struct fail *f)
{
	if (!f)
		return err;
	fail_set(f, err, "cannot read and unmap 0x%llx bytes at iova 0x%llx", (ull)req->length, (ull)req->iova);
	if (err == -EOPNOTSUPP && !caps->unmaps)
		fail_hint(f, "no one call both reads and unmaps by this source: read, then unmap");
	else if (err == -ENOENT)
		explain_unmap_enoent(at, req, f);
	else if (!explain_dirty_source(at, err, req->flags, f))
		explain_read_errno(at, caps, req, err, true, f);
	return err;
}

int explain_dirty_mark(const struct dirty_at *at, iova_t iova, uint64_t length, uint64_t page_size, int err,
		       struct fail *f)
{
	if (!f)
		return err;
	fail_set(f, err, "cannot mark pages dirty in 0x%llx bytes at iova 0x%llx", (ull)length, (ull)iova);
	if (err == -EINVAL && (!page_size || !length || iova % page_size || length % page_size))
		fail_hint(f, "iova and size must be multiples of the page size, 0x%llx", (ull)page_size);
	else if (err == -EINVAL)
		fail_hint(f, "pages can be marked while tracking is on: `dirty start`");
	else if (err == -EOVERFLOW)
		fail_hint(f, "at most %llu pages can be marked at a time", MARKS_MAX);
	else if (err == -EFAULT)
		fail_hint(f, "the bitmap's memory cannot be read");
	else if (err == -EOPNOTSUPP)
		fail_hint(f, "only the kernel's mock device has pages marked; others have devices that write");
	else
		explain_dirty_source(at, err, 0, f);
	return err;
}
