/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of live mappings: skip lists ordered by IOVA, the books, which threads read and change without locks (ledger_priv.h). Entries
 * within one GiB are in the book of that region, so that threads with regions of their own write no memory that others do; those that reach
 * over a border are in a book of their own. What may be in either is added first and looked for in the other afterwards: of two that
 * overlap one at least sees the other, and the one within a region steps back.
 */
#include "iommu/ledger_priv.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "iommu/rcu.h"

/* Regions of 1 GiB take turns. */
#define LEDGER_SHIFT 30
#define LEDGER_REGIONS 16u
#define LEDGER_WIDE LEDGER_REGIONS
#define LEDGER_BOOKS (LEDGER_REGIONS + 1)

struct ledger {
	struct ledger_book book[LEDGER_BOOKS];
};

int ledger_new(struct ledger **out)
{
	struct ledger *ledger = aligned_alloc(_Alignof(struct ledger), sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	memset(ledger, 0, sizeof(*ledger));
	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		atomic_init(&ledger->book[i].levels, 1);
	*out = ledger;
	return 0;
}

/* Nobody reads it any more: no grace period is needed for what is still here. */
void ledger_free(struct ledger *ledger)
{
	struct ledger_node *node, *next;

	if (!ledger)
		return;
	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		for (node = ledger_node_at(atomic_load(&ledger->book[i].head[0])); node; node = next) {
			next = ledger_node_at(atomic_load(&node->next[0]));
			free(node);
		}
	free(ledger);
}

static unsigned int ledger_book_of(struct iova_range range)
{
	if (range.start >> LEDGER_SHIFT != range.last >> LEDGER_SHIFT)
		return LEDGER_WIDE;
	return (unsigned int)(range.start >> LEDGER_SHIFT) % LEDGER_REGIONS;
}

static struct ledger_node *ledger_overlap(struct ledger_book *book, struct iova_range range)
{
	struct ledger_path path;
	struct ledger_node *node = atomic_load(&book->head[0]) ? ledger_list_seek(book, range.start, &path) : NULL;

	return node && node->entry.range.start <= range.last ? node : NULL;
}

/* What overlaps @range in the books that @book's adders do not see by linking. */
static struct ledger_node *ledger_elsewhere(struct ledger *ledger, unsigned int book, struct iova_range range)
{
	struct ledger_node *node = NULL;

	if (book != LEDGER_WIDE)
		return ledger_overlap(&ledger->book[LEDGER_WIDE], range);
	for (unsigned int i = 0; i < LEDGER_REGIONS && !node; i++)
		node = ledger_overlap(&ledger->book[i], range);
	return node;
}

/* The wide one waits for those in regions to step back or to stay, which step back before they wait for it: they cannot wait for each other. */
static int ledger_try_wide(struct ledger *ledger, struct ledger_node *node)
{
	struct ledger_book *book = &ledger->book[LEDGER_WIDE];
	struct ledger_node *there;

	while ((there = ledger_elsewhere(ledger, LEDGER_WIDE, node->entry.range))) {
		if (ledger_list_stays(there)) {
			ledger_list_part(book, node, NULL);
			return -EEXIST;
		}
		sched_yield();
	}
	return 0;
}

static int ledger_try_region(struct ledger *ledger, unsigned int held, struct ledger_node *node)
{
	struct ledger_node *there = ledger_elsewhere(ledger, held, node->entry.range);

	if (!there)
		return 0;
	ledger_list_part(&ledger->book[held], node, NULL);
	return ledger_list_stays(there) ? -EEXIST : -EAGAIN;
}

/* -EAGAIN: what stood in the way has gone. *linked: readers may have seen @node. */
static int ledger_try(struct ledger *ledger, struct ledger_node *node, bool *linked)
{
	unsigned int held = ledger_book_of(node->entry.range);
	struct ledger_node *there = ledger_elsewhere(ledger, held, node->entry.range);
	int r;

	LEDGER_POINT("nothing elsewhere");
	*linked = !there && ledger_list_add(&ledger->book[held], node, &there);
	if (!*linked)
		return ledger_list_stays(there) ? -EEXIST : -EAGAIN;
	LEDGER_POINT("linked");
	r = held == LEDGER_WIDE ? ledger_try_wide(ledger, node) : ledger_try_region(ledger, held, node);
	if (!r)
		ledger_list_done(node);
	return r;
}

int ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
	struct ledger_entry there;
	bool linked;
	int r;

	do {
		struct ledger_node *node = ledger_node_new(entry);

		if (!node)
			return ledger_find(ledger, entry->range, &there) ? -EEXIST : -ENOMEM;
		rcu_enter_books();
		r = ledger_try(ledger, node, &linked);
		rcu_leave_books();
		if (r && linked)
			ledger_node_parted(node);
		else if (r)
			ledger_node_unused(node);
		if (r == -EAGAIN)
			sched_yield();
	} while (r == -EAGAIN);
	return r;
}

static struct ledger_node *ledger_exact(struct ledger_book *book, struct iova_range range, struct ledger_path *path)
{
	struct ledger_node *node = ledger_list_seek(book, range.start, path);

	return node && node->entry.range.start == range.start && node->entry.range.last == range.last ? node : NULL;
}

/* The entry with just this range, claimed. NULL: there is none. */
static struct ledger_node *ledger_claim(struct ledger_book *book, struct iova_range range, struct ledger_path *path)
{
	struct ledger_node *node;

	while ((node = ledger_exact(book, range, path)) && !ledger_list_claim(node))
		sched_yield();
	return node;
}

int ledger_replace(struct ledger *ledger, const struct ledger_entry *entry)
{
	struct ledger_book *book = &ledger->book[ledger_book_of(entry->range)];
	struct ledger_node *node = ledger_node_new(entry), *old;
	struct ledger_path path;
	int r = node ? -ENOENT : -ENOMEM;

	rcu_enter_books();
	old = node ? ledger_claim(book, entry->range, &path) : NULL;
	if (!node && !ledger_exact(book, entry->range, &path))
		r = -ENOENT;
	if (old) {
		atomic_store(&node->state, LEDGER_HEIR);
		ledger_list_part_with(book, old, node, NULL);
		ledger_list_done(node);
		r = 0;
	}
	rcu_leave_books();
	if (old)
		ledger_node_parted(old);
	else
		ledger_node_unused(node);
	return r;
}

/* The two halves of an entry, and the books that they belong to. */
struct ledger_halves {
	struct ledger_node *node[2];
	struct ledger_book *book[2];
};

static void ledger_halve(struct ledger *ledger, const struct ledger_entry *old, iova_t point, struct ledger_halves *h)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct ledger_entry *half = &h->node[i]->entry;

		atomic_store(&h->node[i]->state, LEDGER_HEIR);
		*half = *old;
		if (!i) {
			half->range.last = point;
		} else {
			half->range.start = point + 1;
			half->va = (char *)old->va + (point + 1 - old->range.start);
		}
		h->book[i] = &ledger->book[ledger_book_of(half->range)];
	}
}

/* Into other books first: a reader looks into the wide one, where @old is then, before it looks into those. */
static void ledger_cut_claimed(struct ledger_book *book, struct ledger_node *old, struct ledger_halves *h)
{
	struct ledger_node *heir = NULL, *second = NULL;

	for (unsigned int i = 0; i < 2; i++) {
		if (h->book[i] != book)
			ledger_list_put(h->book[i], h->node[i]);
		else if (!heir)
			heir = h->node[i];
		else
			second = h->node[i];
	}
	ledger_list_part_with(book, old, heir, second);
	for (unsigned int i = 0; i < 2; i++)
		ledger_list_done(h->node[i]);
}

int ledger_cut(struct ledger *ledger, struct iova_range range, iova_t point)
{
	struct ledger_book *book = &ledger->book[ledger_book_of(range)];
	struct ledger_entry unknown = {.range = range};
	struct ledger_halves h = {.node = {ledger_node_new(&unknown), ledger_node_new(&unknown)}};
	bool room = h.node[0] && h.node[1];
	struct ledger_path path;
	struct ledger_node *old;

	rcu_enter_books();
	old = room ? ledger_claim(book, range, &path) : ledger_exact(book, range, &path);
	if (room && old) {
		ledger_halve(ledger, &old->entry, point, &h);
		ledger_cut_claimed(book, old, &h);
	}
	rcu_leave_books();
	if (room && old) {
		ledger_node_parted(old);
		return 0;
	}
	ledger_node_unused(h.node[0]);
	ledger_node_unused(h.node[1]);
	return old ? -ENOMEM : -ENOENT;
}

bool ledger_take(struct ledger *ledger, struct iova_range range, struct ledger_entry *out)
{
	struct ledger_book *book = &ledger->book[ledger_book_of(range)];
	struct ledger_path path;
	struct ledger_node *node;

	rcu_enter_books();
	node = ledger_claim(book, range, &path);
	if (node) {
		*out = node->entry;
		ledger_list_part(book, node, &path);
	}
	rcu_leave_books();
	if (node)
		ledger_node_parted(node);
	return node;
}

/* Of one book; *gone: the nodes, to be parted with. */
static uint64_t ledger_book_remove(struct ledger_book *book, struct iova_range range, struct ledger_node **gone)
{
	struct ledger_path path;
	struct ledger_node *node;
	iova_t from = range.start;
	uint64_t bytes = 0;

	while ((node = ledger_list_seek(book, from, &path)) && node->entry.range.last <= range.last) {
		/* one that sticks out to the left stays */
		if (node->entry.range.start >= range.start) {
			if (!ledger_list_claim(node)) {
				sched_yield();
				continue;
			}
			bytes += node->entry.range.last - node->entry.range.start + 1;
			ledger_list_part(book, node, &path);
			node->parted = *gone;
			*gone = node;
		}
		if (node->entry.range.last == UINT64_MAX)
			break;
		from = node->entry.range.last + 1;
	}
	return bytes;
}

/* What lies inside of a region's range is in the region's book, whatever there is in the wide one. */
uint64_t ledger_remove(struct ledger *ledger, struct iova_range range)
{
	unsigned int held = range.last < range.start ? LEDGER_WIDE : ledger_book_of(range);
	struct ledger_node *gone = NULL, *next;
	uint64_t bytes = 0;

	rcu_enter_books();
	if (held != LEDGER_WIDE)
		bytes = ledger_book_remove(&ledger->book[held], range, &gone);
	for (unsigned int i = 0; held == LEDGER_WIDE && i < LEDGER_BOOKS; i++)
		bytes += ledger_book_remove(&ledger->book[i], range, &gone);
	rcu_leave_books();
	for (; gone; gone = next) {
		next = gone->parted;
		ledger_node_parted(gone);
	}
	return bytes;
}

/* Inside of a section: the lower of @found and the book's first that overlaps @range. */
static const struct ledger_node *ledger_lower(const struct ledger_book *book, struct iova_range range,
					      const struct ledger_node *found)
{
	const struct ledger_node *node;

	if (!atomic_load_explicit(&book->head[0], memory_order_acquire))
		return found;
	node = ledger_list_find(book, range.start);
	if (!node || node->entry.range.start > range.last)
		return found;
	return found && found->entry.range.start < node->entry.range.start ? found : node;
}

bool ledger_find(const struct ledger *ledger, struct iova_range range, struct ledger_entry *out)
{
	unsigned int region = ledger_book_of(range);
	const struct ledger_node *found;

	rcu_enter_books();
	found = ledger_lower(&ledger->book[LEDGER_WIDE], range, NULL);
	if (region != LEDGER_WIDE)
		found = ledger_lower(&ledger->book[region], range, found);
	for (unsigned int i = 0; region == LEDGER_WIDE && i < LEDGER_REGIONS; i++)
		found = ledger_lower(&ledger->book[i], range, found);
	if (found)
		*out = found->entry;
	rcu_leave_books();
	return found;
}

/* From @node on, without those that go or may not stay, and without what took the place of something up to @last that was told already. */
static const struct ledger_node *ledger_live(const struct ledger_node *node, const iova_t *last)
{
	uintptr_t behind;

	while (node && (behind = atomic_load_explicit(&node->next[0], memory_order_acquire),
			(behind & LEDGER_MARK) || !ledger_is_read(node) || (last && node->entry.range.start <= *last)))
		node = ledger_node_at(behind);
	return node;
}

/* Of the books' next entries the lowest; @last: where the one before ended, NULL at the beginning. */
static const struct ledger_node *ledger_next(const struct ledger_node *next[LEDGER_BOOKS], const iova_t *last)
{
	const struct ledger_node *lowest = NULL;

	for (unsigned int i = 0; i < LEDGER_BOOKS; i++) {
		next[i] = ledger_live(next[i], last);
		if (next[i] && (!lowest || next[i]->entry.range.start < lowest->entry.range.start))
			lowest = next[i];
	}
	return lowest;
}

int ledger_each(const struct ledger *ledger, int (*fn)(const struct ledger_entry *entry, void *arg), void *arg)
{
	const struct ledger_node *next[LEDGER_BOOKS], *node;
	iova_t last;
	int r = 0;

	rcu_enter_books();
	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		next[i] = ledger_node_at(atomic_load_explicit(&ledger->book[i].head[0], memory_order_acquire));
	for (node = ledger_next(next, NULL); node && !r; node = ledger_next(next, &last)) {
		last = node->entry.range.last;
		r = fn(&node->entry, arg);
	}
	rcu_leave_books();
	return r;
}

uint64_t ledger_count(const struct ledger *ledger)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		count += atomic_load_explicit(&ledger->book[i].count, memory_order_relaxed);
	return count;
}

uint64_t ledger_bytes(const struct ledger *ledger)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		bytes += atomic_load_explicit(&ledger->book[i].bytes, memory_order_relaxed);
	return bytes;
}
