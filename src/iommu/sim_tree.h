/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ordered set of disjoint inclusive ranges, nodes embedded in their owners. Callers lock. */
#ifndef IC_IOMMU_SIM_TREE_H
#define IC_IOMMU_SIM_TREE_H

#include <stdint.h>

struct sim_node {
	uint64_t start, last;
	struct sim_node *left, *right;
	uint32_t priority;
};

struct sim_tree {
	struct sim_node *root;
	uint64_t count;
	uint32_t draws; /* state of the priorities' generator */
};

/* @node's range must not overlap any in the tree. */
void sim_tree_insert(struct sim_tree *tree, struct sim_node *node);
void sim_tree_remove(struct sim_tree *tree, struct sim_node *node);
/* The lowest node that overlaps start..last, or NULL. */
struct sim_node *sim_tree_first(const struct sim_tree *tree, uint64_t start, uint64_t last);

#endif
