/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an unmap has to answer, and what of the mappings is gone after it: refused ones may be half done. Read off Linux 7.3:
 * vfio_dma_do_unmap(); iommufd_ioas_unmap(), iommufd_vfio_unmap_dma(), iopt_cut_iova(), iopt_unmap_iova_range().
 */
#include <errno.h>

#include "base/num.h"
#include "core/stress/model_priv.h"

/* Where compat v1 cuts a mapping in two. */
struct model_cut {
	bool done;
	iova_t point; /* becomes the last byte of the left part */
};

/* All that an unmap does: what it cuts, then everything that has a byte of iova..gone_last is gone. */
struct model_plan {
	struct model_answer due;
	struct model_cut cuts[2];
	bool any;
	iova_t gone_last;
	uint64_t bytes;
};

static void model_refuse(struct model_plan *plan, int err, const char *why)
{
	model_due(&plan->due, err, why);
}

/* From the left. @sticks_out: may a mapping be taken that ends behind the range? */
static struct model_node *model_plan_walk(const struct model *m, struct iova_range r, bool sticks_out,
					  struct model_plan *plan)
{
	iova_t at = r.start;

	for (;;) {
		struct model_node *node = model_first(m, at, r.last);
		iova_t start, last;

		if (!node)
			return NULL;
		start = node->node.start;
		last = node->node.last;
		for (unsigned int i = 0; i < ARRAY_SIZE(plan->cuts); i++) {
			iova_t point = plan->cuts[i].point;

			if (!plan->cuts[i].done || point < node->node.start || point >= node->node.last)
				continue;
			if (point == r.last)
				last = point;
			else if (point == r.start - 1)
				start = r.start;
		}
		if (start < r.start || (last > r.last && !sticks_out))
			return node;
		plan->any = true;
		plan->bytes += last - start + 1;
		plan->gone_last = MIN(last, r.last);
		if (node->node.last >= r.last)
			return NULL;
		at = node->node.last + 1;
	}
}

static void model_plan_type1(const struct model *m, iova_t iova, uint64_t size, struct model_plan *plan)
{
	bool v1 = m->params.personality == IOMMU_TYPE1_V1;
	const struct model_node *first, *final;
	struct iova_range r = {.start = iova};

	if (!IS_ALIGNED(iova, model_granule(m)) || !size || !IS_ALIGNED(size, model_granule(m))) {
		model_refuse(plan, EINVAL, "size 0 or no multiple of the smallest page: vfio_dma_do_unmap()");
		return;
	}
	if (!num_add(iova, size - 1, &r.last)) {
		model_due_since(m, &plan->due, EOVERFLOW, EINVAL,
				"the range wraps: vfio_dma_do_unmap(), EINVAL before Linux 6.18");
		return;
	}
	first = model_first(m, r.start, r.start);
	final = model_first(m, r.last, r.last);
	if (!v1 && ((first && first->node.start != r.start) || (final && final->node.last != r.last))) {
		model_refuse(plan, EINVAL, "it would cut a mapping in two, which v2 never does: vfio_dma_do_unmap()");
		return;
	}
	model_plan_walk(m, r, v1, plan);
	model_due(&plan->due, 0,
		  v1 ? "v1 takes each mapping whose start it covers, and stops at one it begins inside of: "
		       "vfio_dma_do_unmap()"
		     : "v2 takes whole mappings, however many: vfio_dma_do_unmap()");
}

/* iopt_cut_iova() at one point, iopt_area_split(). false: it is refused. */
static bool model_plan_cut(const struct model *m, iova_t point, struct model_cut *cut)
{
	const struct model_node *node = model_first(m, point, point);

	if (!node || point == node->node.start || point == node->node.last)
		return true;
	if (!IS_ALIGNED(point + 1, model_granule(m)))
		return false;
	*cut = (struct model_cut){.done = true, .point = point};
	return true;
}

/* iommufd_vfio_unmap_dma() under v1 cuts before it looks at the range, even one that wraps or is empty. */
static bool model_plan_cuts(const struct model *m, iova_t iova, uint64_t size, struct model_plan *plan)
{
	if (m->params.personality != IOMMU_COMPAT_V1)
		return true;
	if (model_plan_cut(m, iova + size - 1, &plan->cuts[0]) &&
	    (!iova || model_plan_cut(m, iova - 1, &plan->cuts[1])))
		return true;
	model_refuse(plan, EINVAL, "a mapping can be cut at pages only: iopt_area_split()");
	return false;
}

static void model_plan_iopt(const struct model *m, struct iova_range r, struct model_plan *plan)
{
	if (model_plan_walk(m, r, false, plan))
		model_refuse(plan, ENOENT,
			     "one mapping sticks out of the range; those left of it are gone: iopt_unmap_iova_range()");
	else if (!plan->any && m->params.personality == IOMMU_IOMMUFD)
		model_refuse(plan, ENOENT, "nothing is mapped there: iommufd_ioas_unmap()");
	else if (!plan->any)
		model_due_since(m, &plan->due, 0, ENOENT,
				"nothing is mapped there: iopt_unmap_iova_range(), ENOENT before Linux 6.18");
	else
		model_due(&plan->due, 0, "every mapping in the range: iopt_unmap_iova_range()");
}

static void model_plan_iommufd(const struct model *m, iova_t iova, uint64_t size, struct model_plan *plan)
{
	bool own = m->params.personality == IOMMU_IOMMUFD;
	struct iova_range r = {.start = iova};

	if (own && iova == 0 && size == UINT64_MAX) {
		model_plan_walk(m, (struct iova_range){0, UINT64_MAX}, false, plan);
		model_due(&plan->due, 0, "this range means everything: iommufd_ioas_unmap()");
	} else if (own && (iova == UINT64_MAX || size == UINT64_MAX)) {
		model_refuse(plan, EOVERFLOW, "2^64 - 1 is refused as a number: iommufd_ioas_unmap()");
	} else if (!model_plan_cuts(m, iova, size, plan)) {
		return;
	} else if (!size) {
		model_refuse(plan, EINVAL, "size 0: iopt_unmap_iova()");
	} else if (!num_add(iova, size - 1, &r.last)) {
		model_refuse(plan, EOVERFLOW, "the range wraps: iopt_unmap_iova()");
	} else {
		model_plan_iopt(m, r, plan);
	}
}

static void model_plan(const struct model *m, iova_t iova, uint64_t size, struct model_plan *plan)
{
	*plan = (struct model_plan){.bytes = 0};
	if (model_is_type1(m))
		model_plan_type1(m, iova, size, plan);
	else
		model_plan_iommufd(m, iova, size, plan);
	plan->due.bytes = model_allows(&plan->due, 0) ? plan->bytes : 0;
}

void model_ask_unmap(const struct model *m, iova_t iova, uint64_t size, struct model_answer *due)
{
	struct model_plan plan;

	model_plan(m, iova, size, &plan);
	*due = plan.due;
}

void model_ask_unmap_all(const struct model *m, struct model_answer *due)
{
	model_due(due, 0, "everything goes: vfio_dma_do_unmap(), iopt_unmap_all()");
	due->bytes = m->bytes;
}

/* -ENOMEM: the mapping stays as it is. */
static int model_cut(struct model *m, const struct model_cut *cut)
{
	struct model_node *node = cut->done ? model_first(m, cut->point, cut->point) : NULL;
	struct model_map left, right;
	bool writable;
	int r;

	if (!node || cut->point == node->node.last)
		return 0;
	left = right = node->map;
	writable = node->writable;
	left.range.last = cut->point;
	right.range.start = cut->point + 1;
	right.offset += right.range.start - left.range.start;
	model_remove(m, node);
	r = model_insert(m, &left, writable);
	return r ? r : model_insert(m, &right, writable);
}

uint64_t model_unmapped(struct model *m, iova_t iova, uint64_t size)
{
	struct model_plan plan;

	model_plan(m, iova, size, &plan);
	for (unsigned int i = 0; i < ARRAY_SIZE(plan.cuts); i++)
		if (model_cut(m, &plan.cuts[i]))
			return 0;
	return plan.any ? model_remove_range(m, iova, plan.gone_last) : 0;
}

uint64_t model_unmapped_all(struct model *m)
{
	return model_remove_range(m, 0, UINT64_MAX);
}
