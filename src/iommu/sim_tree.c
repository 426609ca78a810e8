/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ordered set of ranges: a treap, so that depth stays logarithmic without rebalancing code. */
#include "iommu/sim_tree.h"

#include <stddef.h>

/* Nodes that start below @key to the left, the others to the right. */
static void sim_tree_split(struct sim_node *node, uint64_t key, struct sim_node **left, struct sim_node **right)
{
	while (node) {
		if (node->start < key) {
			*left = node;
			left = &node->right;
			node = node->right;
		} else {
			*right = node;
			right = &node->left;
			node = node->left;
		}
	}
	*left = NULL;
	*right = NULL;
}

/* All of @left lies below all of @right. */
static struct sim_node *sim_tree_join(struct sim_node *left, struct sim_node *right)
{
	struct sim_node *root = NULL, **link = &root;

	while (left && right) {
		if (left->priority > right->priority) {
			*link = left;
			link = &left->right;
			left = left->right;
		} else {
			*link = right;
			link = &right->left;
			right = right->left;
		}
	}
	*link = left ? left : right;
	return root;
}

void sim_tree_insert(struct sim_tree *tree, struct sim_node *node)
{
	struct sim_node **link = &tree->root;

	tree->draws = tree->draws * 1664525u + 1013904223u;
	node->priority = tree->draws ^ (tree->draws >> 16);
	while (*link && (*link)->priority >= node->priority)
		link = node->start < (*link)->start ? &(*link)->left : &(*link)->right;
	sim_tree_split(*link, node->start, &node->left, &node->right);
	*link = node;
	tree->count++;
}

void sim_tree_remove(struct sim_tree *tree, struct sim_node *node)
{
	struct sim_node **link = &tree->root;

	while (*link != node)
		link = node->start < (*link)->start ? &(*link)->left : &(*link)->right;
	*link = sim_tree_join(node->left, node->right);
	tree->count--;
}

struct sim_node *sim_tree_first(const struct sim_tree *tree, uint64_t start, uint64_t last)
{
	struct sim_node *node = tree->root, *found = NULL;

	while (node) {
		if (node->last < start) {
			node = node->right;
		} else {
			if (node->start <= last)
				found = node;
			node = node->left;
		}
	}
	return found;
}
