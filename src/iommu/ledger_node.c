/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the ledger's nodes come from and go to: used again after a grace period, which is waited for once for many. */
#include <stdlib.h>

#include "base/util.h"
#include "iommu/ledger_priv.h"
#include "iommu/rcu.h"

/* Removed nodes that one grace period is waited for, when nodes are needed again. */
#define LEDGER_BATCH 16
/* Removed nodes are freed where more have come together. */
#define LEDGER_KEPT 512
/* Links that nearly all nodes have room for: 1 of 65536 needs more. The others are used again for one of their kind. */
#define LEDGER_ROOM 8

static void ledger_free_list(struct ledger_node *node)
{
	struct ledger_node *next;

	for (; node; node = next) {
		next = node->parted;
		free(node);
	}
}

/* Height h with probability 4^-h. */
static unsigned int ledger_height(struct ledger_book *book)
{
	unsigned int height;

	book->draws ^= book->draws << 13;
	book->draws ^= book->draws >> 7;
	book->draws ^= book->draws << 17;
	height = 1 + (unsigned int)__builtin_ctzll(book->draws | UINT64_C(1) << 62) / 2;
	return MIN(height, LEDGER_HEIGHT);
}

void ledger_node_unused(struct ledger_book *book, struct ledger_node *node)
{
	struct ledger_node **list = node->room > LEDGER_ROOM ? &book->tall : &book->spare;

	node->parted = *list;
	*list = node;
}

/*
 * The nodes that were removed become spare, after a grace period: waited for here, by whoever needs one, and once for many. A thread
 * would spare the wait, but a slow one leaves nothing to use again.
 */
static void ledger_reclaim(struct ledger_book *book)
{
	struct ledger_node *node = book->parted, *next;

	rcu_wait_for(RCU_BOOKS);
	for (; node; node = next) {
		next = node->parted;
		ledger_node_unused(book, node);
	}
	book->parted = NULL;
	book->parted_count = book->parted_tall = 0;
}

static struct ledger_node *ledger_spare(struct ledger_book *book, unsigned int height)
{
	bool tall = height > LEDGER_ROOM;
	struct ledger_node **list = tall ? &book->tall : &book->spare, *node;

	/* of the tall ones there are few, and few are wanted */
	if (!*list && (book->parted_count >= LEDGER_BATCH || (tall && book->parted_tall)))
		ledger_reclaim(book);
	node = *list;
	if (node)
		*list = node->parted;
	return node;
}

/*
 * Without memory: one that was removed, of whatever height. What an unmap took out that the kernel then refused finds its way back by this, and
 * has to: memory that the device still reaches would count as free.
 */
static struct ledger_node *ledger_last_resort(struct ledger_book *book, unsigned int *height)
{
	struct ledger_node **list, *node;

	if (!book->spare && !book->tall && book->parted)
		ledger_reclaim(book);
	list = book->spare ? &book->spare : &book->tall;
	node = *list;
	if (node) {
		*list = node->parted;
		*height = MIN(*height, node->room);
	}
	return node;
}

/* Not zeroed: all that is read is written here, and by who links it. */
struct ledger_node *ledger_node_new(struct ledger_book *book, const struct ledger_entry *entry, unsigned int height)
{
	struct ledger_node *node;
	unsigned int room;

	if (!height)
		height = ledger_height(book);
	room = height > LEDGER_ROOM ? LEDGER_HEIGHT : LEDGER_ROOM;
	node = ledger_spare(book, height);
	if (!node) {
		node = malloc(sizeof(*node) + room * sizeof(ledger_link));
		if (node)
			node->room = room;
		else
			node = ledger_last_resort(book, &height);
	}
	if (!node)
		return NULL;
	node->entry = *entry;
	node->height = height;
	return node;
}

void ledger_node_parted(struct ledger_book *book, struct ledger_node *node)
{
	node->parted = book->parted;
	book->parted = node;
	book->parted_tall += node->room > LEDGER_ROOM;
	if (++book->parted_count >= LEDGER_KEPT) {
		rcu_wait_for(RCU_BOOKS);
		ledger_free_list(book->parted);
		book->parted = NULL;
		book->parted_count = book->parted_tall = 0;
	}
}

void ledger_nodes_free(struct ledger_book *book)
{
	ledger_free_list(book->parted);
	ledger_free_list(book->spare);
	ledger_free_list(book->tall);
}
