/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger's nodes and books: private to ledger*.c. A book's writer holds its lock in all of this. */
#ifndef IC_IOMMU_LEDGER_PRIV_H
#define IC_IOMMU_LEDGER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "iommu/ledger.h"

#define LEDGER_HEIGHT 16

struct ledger_node;
typedef _Atomic(struct ledger_node *) ledger_link;

struct ledger_node {
	struct ledger_node *parted; /* the next one of those that were removed */
	struct ledger_entry entry;
	unsigned int height, room; /* links in use, and that there is memory for */
	ledger_link next[];
};

struct ledger_book {
	_Alignas(64) pthread_mutex_t lock; /* also of those of the wide book's entries that lie here */
	ledger_link head[LEDGER_HEIGHT];
	/* of the tallest node, at least 1: a search begins there. A reader that sees an old value starts elsewhere, that is all. */
	_Atomic unsigned int levels;
	struct ledger_node *parted; /* removed, and perhaps read still */
	unsigned int parted_count, parted_tall;
	struct ledger_node *spare, *tall; /* that nobody reads any more; those with room for all links apart */
	uint64_t draws;
	_Atomic uint64_t count, bytes;
};

/* Of @height links, without memory of fewer; 0: of some height, drawn. NULL: no memory. Its links are for the caller to fill. */
struct ledger_node *ledger_node_new(struct ledger_book *book, const struct ledger_entry *entry, unsigned int height);
/* One that nobody has seen yet is given back. */
void ledger_node_unused(struct ledger_book *book, struct ledger_node *node);
/* It was unlinked: used again, or freed, when no reader can stand on it any more. */
void ledger_node_parted(struct ledger_book *book, struct ledger_node *node);
/* All that are in no list of the ledger's; nobody reads it any more. */
void ledger_nodes_free(struct ledger_book *book);

#endif
