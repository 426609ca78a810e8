/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ordered set of disjoint inclusive ranges, nodes embedded in their owners. Callers lock. */
#ifndef IC_BASE_RANGE_TREE_H
#define IC_BASE_RANGE_TREE_H

#include <stdint.h>

struct range_node {
	uint64_t start, last;
	struct range_node *left, *right;
	uint32_t priority;
};

struct range_tree {
	struct range_node *root;
	uint64_t count;
	uint32_t draws; /* state of the priorities' generator */
};

/* @node's range must not overlap any in the tree. */
void range_tree_insert(struct range_tree *tree, struct range_node *node);
void range_tree_remove(struct range_tree *tree, struct range_node *node);
/* The lowest node that overlaps start..last, or NULL. */
struct range_node *range_tree_first(const struct range_tree *tree, uint64_t start, uint64_t last);

#endif
