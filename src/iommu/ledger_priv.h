/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger's books and nodes: private to ledger*.c. A book is a skip list that any number of threads read and change at once, without a
 * lock (T. Harris, "A Pragmatic Implementation of Non-Blocking Linked-Lists", 2001; K. Fraser, "Practical lock-freedom", 2004): a node goes
 * by a mark in its own links, after which nothing can be linked behind it, and then whoever comes by takes it out.
 *
 * What is not so there: a node that takes another one's place hangs behind it, at the very store that marks that one, so that a reader finds
 * the one or the other. And nobody marks a node but who has claimed it, once its own thread was done with it.
 *
 * All of this but the pool is called inside of rcu_enter_books().
 */
#ifndef IC_IOMMU_LEDGER_PRIV_H
#define IC_IOMMU_LEDGER_PRIV_H

#include <stdatomic.h>
#include <stdint.h>

#include "iommu/ledger.h"

#define LEDGER_HEIGHT 16

/* A node's address; with LEDGER_MARK in the links of a node that goes. */
typedef _Atomic(uintptr_t) ledger_link;
#define LEDGER_MARK ((uintptr_t)1)

enum ledger_state {
	LEDGER_DONE = 1,    /* in all its lists, and to stay */
	LEDGER_CLAIMED = 2, /* by the one thread that takes it out again */
	LEDGER_HEIR = 4,    /* takes the place of one that was there: readers see it from its first moment on */
};

/* Where a test stops one thread and lets others go on. */
#ifndef LEDGER_POINT
#define LEDGER_POINT(name) ((void)0)
#define LEDGER_FORCED_HEIGHT 0u /* of new nodes; 0: as drawn */
#endif

struct ledger_node {
	struct ledger_node *parted; /* the next one of those that were removed */
	struct ledger_entry entry;
	unsigned int height, room; /* links in use, and that there is memory for */
	_Atomic unsigned int state;
	ledger_link next[];
};

struct ledger_book {
	_Alignas(64) ledger_link head[LEDGER_HEIGHT];
	_Atomic unsigned int levels; /* of the tallest node that ever was, at least 1: a search begins there */
	_Alignas(64) _Atomic uint64_t count;
	_Atomic uint64_t bytes;
};

/* Where a search went: for each level the link that leads on, and what it led to. */
struct ledger_path {
	ledger_link *link[LEDGER_HEIGHT];
	struct ledger_node *next[LEDGER_HEIGHT];
	unsigned int levels; /* that were searched: above them there is nothing in the two */
};

static inline bool ledger_is_read(const struct ledger_node *node)
{
	return atomic_load_explicit(&node->state, memory_order_acquire) & (LEDGER_DONE | LEDGER_HEIR);
}

static inline struct ledger_node *ledger_node_at(uintptr_t link)
{
	return (struct ledger_node *)(link & ~LEDGER_MARK);
}

/* The first node that ends at or above @iova and is to be read; it may just go. NULL: there is none. */
struct ledger_node *ledger_list_find(const struct ledger_book *book, iova_t iova);
/* The same, and the way there; nodes that go are taken out on it. */
struct ledger_node *ledger_list_seek(struct ledger_book *book, iova_t iova, struct ledger_path *path);
/*
 * Link @node, which nobody has seen yet. False, and nothing is done: an entry that overlaps it is there, in *there. Nobody changes it before
 * ledger_list_done().
 */
bool ledger_list_add(struct ledger_book *book, struct ledger_node *node, struct ledger_node **there);
/* The same of what another book has until then, so that what overlaps it is going to step back, which is waited for. */
void ledger_list_put(struct ledger_book *book, struct ledger_node *node);
void ledger_list_done(struct ledger_node *node);
/* Wait until it is known whether @node, of another thread, stays; false: it went. */
bool ledger_list_stays(const struct ledger_node *node);
/* The right to take @node out, which the first to ask gets, once it is done. */
bool ledger_list_claim(struct ledger_node *node);
/*
 * Take out @node, which is claimed, or was never done: afterwards nothing leads to it, and it may be parted with. @path led to it; NULL: it is
 * not known. _with: @heir, NULL or new, takes its place in one step; @second, NULL or new, comes behind it; they are not done then.
 */
void ledger_list_part(struct ledger_book *book, struct ledger_node *node, const struct ledger_path *path);
void ledger_list_part_with(struct ledger_book *book, struct ledger_node *node, struct ledger_node *heir,
			   struct ledger_node *second);

/* NULL: no memory. Its links are for the caller to fill. Outside of a section, as it may wait for those of others. */
struct ledger_node *ledger_node_new(const struct ledger_entry *entry);
/* One that nobody has seen is given back; NULL is fine. */
void ledger_node_unused(struct ledger_node *node);
/* Nothing leads to it: used again, or freed, when no reader can stand on it any more. Outside of a section. */
void ledger_node_parted(struct ledger_node *node);

#endif
