/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes of pages that are still to be reported dirty: disjoint ranges in a tree, touching ones joined. */
#include "iommu/sim/owed.h"

#include <errno.h>

static struct range_node *sim_owed_new(uint64_t start, uint64_t last)
{
	struct range_node *node = malloc(sizeof(*node));

	if (node)
		*node = (struct range_node){.start = start, .last = last};
	return node;
}

static int sim_owed_add(struct range_tree *owed, uint64_t start, uint64_t last)
{
	struct range_node *near = range_tree_first(owed, start ? start - 1 : 0, last == UINT64_MAX ? last : last + 1);

	if (!near) {
		near = sim_owed_new(start, last);
		if (near)
			range_tree_insert(owed, near);
		return near ? 0 : -ENOMEM;
	}
	/* the first neighbour takes the range over, and all further ones */
	range_tree_remove(owed, near);
	start = MIN(start, near->start);
	last = MAX(last, near->last);
	for (struct range_node *more; (more = range_tree_first(owed, start, last == UINT64_MAX ? last : last + 1));) {
		range_tree_remove(owed, more);
		last = MAX(last, more->last);
		free(more);
	}
	near->start = start;
	near->last = last;
	range_tree_insert(owed, near);
	return 0;
}

int sim_owed_rest(struct range_tree *owed, uint64_t start, uint64_t last, struct iova_range range)
{
	int r = 0;

	if (start < range.start)
		r = sim_owed_add(owed, start, range.start - 1);
	if (!r && last > range.last)
		r = sim_owed_add(owed, range.last + 1, last);
	return r;
}

void sim_owed_report(const struct range_tree *owed, struct sim_bits *bits)
{
	uint64_t at = bits->range.start;
	struct range_node *node;

	while ((node = range_tree_first(owed, at, bits->range.last))) {
		sim_bits_add(bits, node->start, node->last);
		if (node->last >= bits->range.last)
			break;
		at = node->last + 1;
	}
}

/* What of @node lies outside of @range stays noted. False: it could not be cut. */
static bool sim_owed_cut(struct range_tree *owed, struct range_node *node, struct iova_range range)
{
	bool left = node->start < range.start;
	bool right = node->last > range.last;
	struct range_node *behind = left && right ? sim_owed_new(range.last + 1, node->last) : NULL;

	if (left && right && !behind)
		return false;
	range_tree_remove(owed, node);
	if (left)
		node->last = range.start - 1;
	else
		node->start = range.last + 1;
	if (behind)
		range_tree_insert(owed, behind);
	if (left || right)
		range_tree_insert(owed, node);
	else
		free(node);
	return true;
}

void sim_owed_drop(struct range_tree *owed, struct iova_range range)
{
	struct range_node *node;

	while ((node = range_tree_first(owed, range.start, range.last)))
		if (!sim_owed_cut(owed, node, range))
			break;
}
