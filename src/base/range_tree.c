/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ordered set of ranges: a treap, so that depth stays logarithmic without rebalancing code. */
#include "base/range_tree.h"

#include <stddef.h>

/* Nodes that start below @key to the left, the others to the right. */
static void range_tree_split(struct range_node *node, uint64_t key, struct range_node **left, struct range_node **right)
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
static struct range_node *range_tree_join(struct range_node *left, struct range_node *right)
{
	struct range_node *root = NULL, **link = &root;

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

void range_tree_insert(struct range_tree *tree, struct range_node *node)
{
	struct range_node **link = &tree->root;

	tree->draws = tree->draws * 1664525u + 1013904223u;
	node->priority = tree->draws ^ (tree->draws >> 16);
	while (*link && (*link)->priority >= node->priority)
		link = node->start < (*link)->start ? &(*link)->left : &(*link)->right;
	range_tree_split(*link, node->start, &node->left, &node->right);
	*link = node;
	tree->count++;
}

void range_tree_remove(struct range_tree *tree, struct range_node *node)
{
	struct range_node **link = &tree->root;

	while (*link != node)
		link = node->start < (*link)->start ? &(*link)->left : &(*link)->right;
	*link = range_tree_join(node->left, node->right);
	tree->count--;
}

struct range_node *range_tree_first(const struct range_tree *tree, uint64_t start, uint64_t last)
{
	struct range_node *node = tree->root, *found = NULL;

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
