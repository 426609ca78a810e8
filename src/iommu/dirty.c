/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public verbs of dirty tracking: find the source's ops, call them, compose the failure text. */
#include "iommu/dirty.h"

#include <errno.h>

#include "iommu/backend.h"
#include "iommu/explain_dirty.h"
#include "iommu/mapping.h"

const char *dirty_source_name(enum dirty_source source)
{
	static const char *const names[DIRTY_SOURCES] = {"iommu", "type1", "device"};

	return source < DIRTY_SOURCES ? names[source] : "none";
}

const char *dirty_window_name(enum dirty_window window)
{
	static const char *const names[DIRTY_WINDOWS] = {
		"between reading and the flush",   "after the read's flush",  "before the unmap",
		"between the unmap and its flush", "after the unmap's flush",
	};

	return names[window];
}

const struct dirty_ops *dirty_ops_of(const struct dirty_at *at)
{
	switch (at->source) {
	case DIRTY_IOMMU:
		return at->iommu->ops->dirty_iommu;
	case DIRTY_TYPE1:
		return at->iommu->ops->dirty_type1;
	case DIRTY_DEVICE:
		return at->idev ? at->idev->ops->dirty : NULL;
	default:
		return NULL;
	}
}

int iommu_dirty_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *f)
{
	const struct dirty_ops *ops = dirty_ops_of(at);

	*out = (struct dirty_caps){0};
	if (!ops)
		return fail_set(f, EOPNOTSUPP, "backend %s has no dirty source %s", iommu_name(at->iommu),
				dirty_source_name(at->source));
	return ops->caps(at, out, f);
}

/* What the source can do, for the words of a failure; zero and the reason where there is none. */
struct dirty_why {
	struct dirty_caps caps;
	struct fail none;
};

static void dirty_ask_why(const struct dirty_at *at, struct dirty_why *why)
{
	why->none = (struct fail){0};
	if (iommu_dirty_caps(at, &why->caps, &why->none))
		why->caps = (struct dirty_caps){0};
}

/* That there is no such source outdoes what the errno may mean otherwise. */
static int dirty_why_not(const struct dirty_why *why, int err, struct fail *f)
{
	if (why->none.err)
		fail_hint(f, "%s", why->none.text);
	return err;
}

int iommu_dirty_start(const struct dirty_at *at, struct dirty_start *req, struct fail *f)
{
	const struct dirty_ops *ops = dirty_ops_of(at);
	int err = ops && ops->start ? ops->start(at, req) : -EOPNOTSUPP;
	struct dirty_why why;

	if (!err || !f)
		return err;
	dirty_ask_why(at, &why);
	explain_dirty_start(at, &why.caps, req, err, f);
	return dirty_why_not(&why, err, f);
}

int iommu_dirty_stop(const struct dirty_at *at, struct fail *f)
{
	const struct dirty_ops *ops = dirty_ops_of(at);
	int err = ops && ops->stop ? ops->stop(at) : -EOPNOTSUPP;
	struct dirty_why why;

	if (!err || !f)
		return err;
	dirty_ask_why(at, &why);
	explain_dirty_stop(at, err, f);
	return dirty_why_not(&why, err, f);
}

int iommu_dirty_read(const struct dirty_at *at, const struct dirty_read *req, struct fail *f)
{
	const struct dirty_ops *ops = dirty_ops_of(at);
	int err = ops && ops->read ? ops->read(at, req) : -EOPNOTSUPP;
	struct dirty_why why;

	if (!err || !f)
		return err;
	dirty_ask_why(at, &why);
	explain_dirty_read(at, &why.caps, req, err, f);
	return dirty_why_not(&why, err, f);
}

bool dirty_fits(const struct dirty_read *req)
{
	/* the kernels that are told a page size take its lowest bit, and count in bytes: iova_bitmap_alloc() */
	return !req->page_size || !req->length ||
	       ((req->length - 1) >> __builtin_ctzll(req->page_size)) / 8 < req->bytes;
}

uint64_t dirty_sizes(const struct iommu_caps *caps, uint64_t least)
{
	/* where they are not told, what types.h says of that */
	static const struct iova_range assumed = {0, (1ull << 39) - 1};
	bool known = caps->ranges_known && caps->nr_ranges;
	const struct iova_range *r = known ? caps->ranges : &assumed;
	uint64_t sizes = least, first;

	for (uint64_t size = least << 1; size; size <<= 1) {
		for (unsigned int i = 0; i < (known ? caps->nr_ranges : 1); i++) {
			if (__builtin_add_overflow(r[i].start, size - 1, &first))
				continue;
			first &= -size;
			if (first <= r[i].last && r[i].last - first >= size - 1)
				sizes |= size;
		}
	}
	return sizes;
}

struct dirty_unmap {
	const struct dirty_ops *ops;
	const struct dirty_at *at;
	const struct dirty_read *req;
};

static int dirty_unmap_call(void *ctx, uint64_t *bytes)
{
	const struct dirty_unmap *u = ctx;

	*bytes = 0;
	return u->ops->unmap(u->at, u->req, bytes);
}

static bool dirty_unmap_kept(void *ctx, struct iova_range mapping)
{
	const struct dirty_unmap *u = ctx;

	return !u->ops->kept || u->ops->kept(u->at, mapping);
}

int iommu_dirty_unmap(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped, struct fail *f)
{
	struct dirty_unmap u = {.ops = dirty_ops_of(at), .at = at, .req = req};
	const struct mapping_call call = {.unmap = dirty_unmap_call, .kept = dirty_unmap_kept, .ctx = &u};
	uint64_t bytes = 0;
	struct dirty_why why;
	int err = -EOPNOTSUPP;

	if (u.ops && u.ops->unmap)
		err = mapping_unmap(at->iommu, req->iova, req->length, &call, &bytes);
	if (unmapped)
		*unmapped = bytes;
	if (!err || !f)
		return err;
	dirty_ask_why(at, &why);
	explain_dirty_unmap(at, &why.caps, req, err, f);
	return dirty_why_not(&why, err, f);
}

int iommu_dirty_mark(const struct dirty_at *at, iova_t iova, uint64_t length, uint64_t page_size, const void *bits,
		     uint64_t *marked, struct fail *f)
{
	const struct dirty_ops *ops = dirty_ops_of(at);
	uint64_t n = 0;
	int err = ops && ops->mark ? ops->mark(at, iova, length, page_size, bits, &n) : -EOPNOTSUPP;

	if (marked)
		*marked = n;
	return err ? explain_dirty_mark(at, iova, length, page_size, err, f) : 0;
}

int iommu_leaf_size(struct iommu *iommu, iova_t iova, uint64_t *size)
{
	return iommu->ops->leaves ? iommu->ops->leaves->size(iommu, iova, size) : -EOPNOTSUPP;
}

int iommu_leaf_split(struct iommu *iommu, struct iova_range range, uint64_t size, struct fail *f)
{
	int err = iommu->ops->leaves ? iommu->ops->leaves->split(iommu, range, size) : -EOPNOTSUPP;

	return err ? fail_set(f, err, "cannot split the page table entries of 0x%llx-0x%llx",
			      (unsigned long long)range.start, (unsigned long long)range.last)
		   : 0;
}

int iommu_leaf_merge(struct iommu *iommu, struct iova_range range, uint64_t size, struct fail *f)
{
	int err = iommu->ops->leaves ? iommu->ops->leaves->merge(iommu, range, size) : -EOPNOTSUPP;

	return err ? fail_set(f, err, "cannot merge the page table entries of 0x%llx-0x%llx",
			      (unsigned long long)range.start, (unsigned long long)range.last)
		   : 0;
}

int iommu_dirty_place(struct iommu *iommu, enum dirty_window window, void (*fn)(void *arg), void *arg)
{
	return iommu->ops->leaves ? iommu->ops->leaves->place(iommu, window, fn, arg) : -EOPNOTSUPP;
}
