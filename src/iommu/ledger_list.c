/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A book's skip list, without locks. */
#include <sched.h>
#include <stddef.h>

#include "base/util.h"
#include "iommu/ledger_priv.h"

/* Looks at another thread's unfinished node before the processor is left to it. */
#define LIST_SPINS 1000u

struct ledger_node *ledger_list_find(const struct ledger_book *book, iova_t iova)
{
	ledger_link *level = ((struct ledger_book *)(uintptr_t)book)->head;
	struct ledger_node *node = NULL;
	uintptr_t behind;

	for (unsigned int i = atomic_load_explicit(&book->levels, memory_order_relaxed); i-- > 0;) {
		node = ledger_node_at(atomic_load_explicit(&level[i], memory_order_acquire));
		while (node && node->entry.range.last < iova) {
			behind = atomic_load_explicit(&node->next[i], memory_order_acquire);
			/* what came since one that goes was marked is not behind that */
			if (!(behind & LEDGER_MARK))
				level = node->next;
			node = ledger_node_at(behind);
		}
	}
	/* what goes leads on to what takes its place */
	while (node && (behind = atomic_load_explicit(&node->next[0], memory_order_acquire),
			(behind & LEDGER_MARK) || node->entry.range.last < iova || !ledger_is_read(node)))
		node = ledger_node_at(behind);
	return node;
}

/* @past: behind all that begin at or below @iova, else only behind those that end below it. */
static bool list_goes_on(const struct ledger_node *node, iova_t iova, bool past)
{
	return past ? node->entry.range.start <= iova : node->entry.range.last < iova;
}

/* One level of a search, from @link on; nodes that go are taken out. NULL: what @link is in goes itself. */
static ledger_link *list_level(ledger_link *link, unsigned int i, iova_t iova, bool past, struct ledger_node **next)
{
	uintptr_t at = atomic_load(&link[i]), behind;

	for (;;) {
		struct ledger_node *node = ledger_node_at(at);

		if (at & LEDGER_MARK)
			return NULL;
		*next = node;
		if (!node)
			return link;
		behind = atomic_load(&node->next[i]);
		if (behind & LEDGER_MARK) {
			if (!atomic_compare_exchange_strong(&link[i], &at, behind & ~LEDGER_MARK))
				continue;
			at = behind & ~LEDGER_MARK;
		} else if (list_goes_on(node, iova, past)) {
			link = node->next;
			at = behind;
		} else {
			return link;
		}
	}
}

/*
 * @out: a node that goes, to be taken out wherever it still is: behind others that begin within it, which came while it went. No shortcut of
 * a level above may lead past it.
 */
static struct ledger_node *list_search(struct ledger_book *book, iova_t iova, const struct ledger_node *out,
				       struct ledger_path *path)
{
	ledger_link *link = book->head;
	struct ledger_node *next = NULL, *unused;

	path->levels = atomic_load(&book->levels);
	LEDGER_POINT("levels known");
	for (unsigned int i = path->levels; i-- > 0;) {
		ledger_link *on = list_level(link, i, iova, false, &next);

		if (!on || (out && !list_level(on, i, out->entry.range.last, true, &unused))) {
			link = book->head;
			i = path->levels = atomic_load(&book->levels);
			continue;
		}
		link = on;
		path->link[i] = &on[i];
		path->next[i] = next;
		if (i == 1)
			LEDGER_POINT("level 1 searched");
	}
	return next;
}

struct ledger_node *ledger_list_seek(struct ledger_book *book, iova_t iova, struct ledger_path *path)
{
	return list_search(book, iova, NULL, path);
}

static void list_raise(struct ledger_book *book, unsigned int height)
{
	unsigned int levels = atomic_load_explicit(&book->levels, memory_order_relaxed);

	while (levels < height && !atomic_compare_exchange_weak(&book->levels, &levels, height))
		;
}

/* From the second level on. Its links are its own until it is done. */
static void list_link_above(struct ledger_book *book, struct ledger_node *node, struct ledger_path *path)
{
	for (unsigned int i = 1; i < node->height; i++)
		for (;;) {
			uintptr_t expected = (uintptr_t)path->next[i];

			atomic_store(&node->next[i], expected);
			/* what begins before it and reaches into it has gone since: each level stays in the order of beginnings */
			if ((!expected || path->next[i]->entry.range.start >= node->entry.range.start) &&
			    atomic_compare_exchange_strong(path->link[i], &expected, (uintptr_t)node))
				break;
			list_search(book, node->entry.range.start, NULL, path);
		}
}

static void list_count(struct ledger_book *book, const struct ledger_node *node, uint64_t n)
{
	uint64_t bytes = node->entry.range.last - node->entry.range.start + 1;

	atomic_fetch_add_explicit(&book->count, n, memory_order_relaxed);
	atomic_fetch_add_explicit(&book->bytes, n * bytes, memory_order_relaxed);
}

bool ledger_list_add(struct ledger_book *book, struct ledger_node *node, struct ledger_node **there)
{
	struct ledger_path path;
	struct ledger_node *next;
	uintptr_t expected;

	list_raise(book, node->height);
	do {
		next = list_search(book, node->entry.range.start, NULL, &path);
		if (next && next->entry.range.start <= node->entry.range.last) {
			*there = next;
			return false;
		}
		expected = (uintptr_t)next;
		atomic_store_explicit(&node->next[0], expected, memory_order_relaxed);
		/* what is linked meanwhile, just here or overlapping, changes this very link */
	} while (!atomic_compare_exchange_strong(path.link[0], &expected, (uintptr_t)node));
	list_link_above(book, node, &path);
	list_count(book, node, 1);
	return true;
}

static unsigned int list_settled(const struct ledger_node *node)
{
	unsigned int state, looks = 0;

	while (!(state = atomic_load(&node->state) & (LEDGER_DONE | LEDGER_CLAIMED)))
		if (++looks % LIST_SPINS == 0)
			sched_yield();
	return state;
}

void ledger_list_put(struct ledger_book *book, struct ledger_node *node)
{
	struct ledger_node *there;

	while (!ledger_list_add(book, node, &there)) {
		list_settled(there);
		sched_yield();
	}
}

void ledger_list_done(struct ledger_node *node)
{
	atomic_fetch_or(&node->state, LEDGER_DONE);
}

bool ledger_list_stays(const struct ledger_node *node)
{
	return list_settled(node) == LEDGER_DONE;
}

bool ledger_list_claim(struct ledger_node *node)
{
	return (list_settled(node) & LEDGER_DONE) && !(atomic_fetch_or(&node->state, LEDGER_CLAIMED) & LEDGER_CLAIMED);
}

/* From the top, so that who comes down never stands on a node that has gone below. */
static void list_mark(struct ledger_node *node, struct ledger_node *heir, struct ledger_node *second)
{
	uintptr_t behind = atomic_load(&node->next[0]);

	for (unsigned int i = node->height; i-- > 1;)
		atomic_fetch_or(&node->next[i], LEDGER_MARK);
	if (!heir) {
		atomic_fetch_or(&node->next[0], LEDGER_MARK);
		return;
	}
	do {
		atomic_store_explicit(&(second ? second : heir)->next[0], behind, memory_order_relaxed);
		if (second)
			atomic_store_explicit(&heir->next[0], (uintptr_t)second, memory_order_relaxed);
	} while (!atomic_compare_exchange_strong(&node->next[0], &behind, (uintptr_t)heir | LEDGER_MARK));
}

static void list_link_heir(struct ledger_book *book, struct ledger_node *heir)
{
	struct ledger_path path;

	list_raise(book, heir->height);
	list_search(book, heir->entry.range.start, NULL, &path);
	list_link_above(book, heir, &path);
}

/*
 * By the way that a search found: where a link still leads to @node, nothing else of that level does, and nothing can later. False: some link
 * has changed.
 */
static bool list_unlink(struct ledger_node *node, const struct ledger_path *path)
{
	/* it may have raised them after the search began */
	if (path->levels < node->height)
		return false;
	for (unsigned int i = node->height; i-- > 0;) {
		uintptr_t expected = (uintptr_t)node;

		if (!atomic_compare_exchange_strong(path->link[i], &expected,
						    atomic_load(&node->next[i]) & ~LEDGER_MARK))
			return false;
	}
	return true;
}

void ledger_list_part(struct ledger_book *book, struct ledger_node *node, const struct ledger_path *path)
{
	struct ledger_path again;

	atomic_fetch_or(&node->state, LEDGER_CLAIMED);
	list_mark(node, NULL, NULL);
	LEDGER_POINT("marked");
	list_count(book, node, -(uint64_t)1);
	if (!path || !list_unlink(node, path))
		list_search(book, node->entry.range.start, node, &again);
}

void ledger_list_part_with(struct ledger_book *book, struct ledger_node *node, struct ledger_node *heir,
			   struct ledger_node *second)
{
	struct ledger_path path;

	if (heir)
		list_count(book, heir, 1);
	if (second)
		list_count(book, second, 1);
	list_mark(node, heir, second);
	list_count(book, node, -(uint64_t)1);
	if (heir)
		list_link_heir(book, heir);
	if (second)
		list_link_heir(book, second);
	list_search(book, node->entry.range.start, node, &path);
}
