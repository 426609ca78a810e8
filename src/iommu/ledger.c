/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of live mappings: skip lists ordered by IOVA, the books. Entries within one GiB are in the book of that region, which has one writer at
 * a time by a mutex; those that reach over a border are in a book of their own, whose writer holds all of the mutexes. Readers are under
 * RCU. Removed nodes keep their links, so a reader standing on one walks on; after a grace period they are used again, or freed.
 */
#include "iommu/ledger_priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
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
	for (unsigned int i = 0; i < LEDGER_BOOKS; i++) {
		struct ledger_book *book = &ledger->book[i];

		pthread_mutex_init(&book->lock, NULL);
		atomic_init(&book->levels, 1);
		book->draws = UINT64_C(0x9e3779b97f4a7c15);
	}
	*out = ledger;
	return 0;
}

static void ledger_book_free(struct ledger_book *book)
{
	struct ledger_node *node, *next;

	ledger_nodes_free(book);
	/* Nobody reads it any more: no grace period is needed for what is still here. */
	for (node = atomic_load(&book->head[0]); node; node = next) {
		next = atomic_load(&node->next[0]);
		free(node);
	}
	pthread_mutex_destroy(&book->lock);
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		ledger_book_free(&ledger->book[i]);
	free(ledger);
}

static unsigned int ledger_book_of(struct iova_range range)
{
	if (range.start >> LEDGER_SHIFT != range.last >> LEDGER_SHIFT)
		return LEDGER_WIDE;
	return (unsigned int)(range.start >> LEDGER_SHIFT) % LEDGER_REGIONS;
}

/* For what lies within a region its own lock suffices, unless entries of the wide book may be concerned, which @wide says. */
static unsigned int ledger_lock(struct ledger *ledger, struct iova_range range, bool wide)
{
	unsigned int book = wide ? LEDGER_WIDE : ledger_book_of(range);

	for (unsigned int i = 0; book == LEDGER_WIDE && i < LEDGER_BOOKS; i++)
		pthread_mutex_lock(&ledger->book[i].lock);
	if (book != LEDGER_WIDE)
		pthread_mutex_lock(&ledger->book[book].lock);
	return book;
}

static void ledger_unlock(struct ledger *ledger, unsigned int book)
{
	for (unsigned int i = LEDGER_BOOKS; book == LEDGER_WIDE && i-- > 0;)
		pthread_mutex_unlock(&ledger->book[i].lock);
	if (book != LEDGER_WIDE)
		pthread_mutex_unlock(&ledger->book[book].lock);
}

/*
 * The links that lead past every entry that ends below @iova, one per level in use, in @links (may be NULL); returns the
 * first entry that ends at or above it.
 */
static struct ledger_node *ledger_seek(const struct ledger_book *book, iova_t iova, ledger_link **links)
{
	ledger_link *level = ((struct ledger_book *)(uintptr_t)book)->head;
	struct ledger_node *node = NULL;

	for (unsigned int i = atomic_load_explicit(&book->levels, memory_order_relaxed); i-- > 0;) {
		while ((node = atomic_load_explicit(&level[i], memory_order_acquire)) && node->entry.range.last < iova)
			level = node->next;
		if (links)
			links[i] = &level[i];
	}
	return node;
}

/* Under the lock, so that there is one writer: no read and write in one step is needed. */
static void ledger_count_up(struct ledger_book *book, uint64_t n, uint64_t bytes)
{
	atomic_store_explicit(&book->count, atomic_load_explicit(&book->count, memory_order_relaxed) + n,
			      memory_order_relaxed);
	atomic_store_explicit(&book->bytes, atomic_load_explicit(&book->bytes, memory_order_relaxed) + bytes,
			      memory_order_relaxed);
}

static void ledger_count_in(struct ledger_book *book, const struct ledger_node *node)
{
	ledger_count_up(book, 1, node->entry.range.last - node->entry.range.start + 1);
}

/* Levels that were not in use have no links yet but the head's. */
static void ledger_raise(struct ledger_book *book, unsigned int height, ledger_link **links)
{
	unsigned int levels = atomic_load_explicit(&book->levels, memory_order_relaxed);

	for (; levels < height; levels++)
		links[levels] = &book->head[levels];
	atomic_store_explicit(&book->levels, levels, memory_order_relaxed);
}

static void ledger_link_node(struct ledger_book *book, struct ledger_node *node, ledger_link **links)
{
	ledger_raise(book, node->height, links);
	for (unsigned int i = 0; i < node->height; i++) {
		struct ledger_node *next = atomic_load_explicit(links[i], memory_order_relaxed);

		atomic_store_explicit(&node->next[i], next, memory_order_relaxed);
	}
	for (unsigned int i = 0; i < node->height; i++)
		atomic_store_explicit(links[i], node, memory_order_release);
	ledger_count_in(book, node);
}

/* Does an entry of the book overlap @range? */
static bool ledger_book_has(const struct ledger_book *book, struct iova_range range)
{
	const struct ledger_node *node = ledger_seek(book, range.start, NULL);

	return node && node->entry.range.start <= range.last;
}

static bool ledger_overlaps(const struct ledger *ledger, struct iova_range range)
{
	for (unsigned int i = 0; i < LEDGER_REGIONS; i++)
		if (ledger_book_has(&ledger->book[i], range))
			return true;
	return false;
}

int ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
	unsigned int held = ledger_lock(ledger, entry->range, false);
	struct ledger_book *book = &ledger->book[held], *wide = &ledger->book[LEDGER_WIDE];
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *node = ledger_seek(book, entry->range.start, links);
	bool there = node && node->entry.range.start <= entry->range.last;
	int r = -EEXIST;

	if (!there)
		there = held == LEDGER_WIDE ? ledger_overlaps(ledger, entry->range)
					    : ledger_book_has(wide, entry->range);
	if (!there) {
		node = ledger_node_new(book, entry, 0);
		r = node ? 0 : -ENOMEM;
		if (node)
			ledger_link_node(book, node, links);
	}
	ledger_unlock(ledger, held);
	return r;
}

/* What is behind @old is behind @heir as well, which is no taller and which nothing leads to yet. */
static void ledger_inherit(struct ledger_node *heir, const struct ledger_node *old)
{
	for (unsigned int i = 0; i < heir->height; i++)
		atomic_store_explicit(&heir->next[i], atomic_load_explicit(&old->next[i], memory_order_relaxed),
				      memory_order_relaxed);
}

/*
 * Unlink @node; it stays readable until a grace period has passed. Returns its size. @heir (or NULL), which has inherited, takes its place: by one
 * store at each level, so that a reader finds the one or the other.
 */
static uint64_t ledger_part(struct ledger_book *book, struct ledger_node *node, struct ledger_node *heir,
			    ledger_link **links)
{
	uint64_t bytes = node->entry.range.last - node->entry.range.start + 1;
	unsigned int levels = atomic_load_explicit(&book->levels, memory_order_relaxed);

	if (heir)
		ledger_count_in(book, heir);
	/* From the top, so that a reader coming down never meets a level that is already gone below it. */
	for (unsigned int i = node->height; i-- > 0;)
		atomic_store_explicit(
			links[i],
			heir && i < heir->height ? heir : atomic_load_explicit(&node->next[i], memory_order_relaxed),
			memory_order_release);
	while (levels > 1 && !atomic_load_explicit(&book->head[levels - 1], memory_order_relaxed))
		levels--;
	atomic_store_explicit(&book->levels, levels, memory_order_relaxed);
	ledger_count_up(book, -(uint64_t)1, -bytes);
	ledger_node_parted(book, node);
	return bytes;
}

/* The entry with just this range; what leads to it in @links. */
static struct ledger_node *ledger_exact(struct ledger_book *book, struct iova_range range, ledger_link **links)
{
	struct ledger_node *node = ledger_seek(book, range.start, links);

	return node && node->entry.range.start == range.start && node->entry.range.last == range.last ? node : NULL;
}

int ledger_replace(struct ledger *ledger, const struct ledger_entry *entry)
{
	unsigned int held = ledger_lock(ledger, entry->range, false);
	struct ledger_book *book = &ledger->book[held];
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *old = ledger_exact(book, entry->range, links), *node;
	int r = -ENOENT;

	if (old) {
		node = ledger_node_new(book, entry, old->height);
		r = node ? 0 : -ENOMEM;
		if (node) {
			ledger_inherit(node, old);
			ledger_part(book, old, node, links);
		}
	}
	ledger_unlock(ledger, held);
	return r;
}

/* The two halves of an entry, and the books that they belong to. */
struct ledger_halves {
	struct ledger_entry entry[2];
	struct ledger_book *book[2];
	struct ledger_node *node[2];
};

static void ledger_halve(struct ledger *ledger, const struct ledger_entry *old, iova_t point, struct ledger_halves *h)
{
	h->entry[0] = h->entry[1] = *old;
	h->entry[0].range.last = point;
	h->entry[1].range.start = point + 1;
	h->entry[1].va = (char *)old->va + (point + 1 - old->range.start);
	for (unsigned int i = 0; i < 2; i++)
		h->book[i] = &ledger->book[ledger_book_of(h->entry[i].range)];
}

/* One of them takes the place of @old, and its height, if it stays in @book. -ENOMEM: there is neither. */
static int ledger_halves_new(const struct ledger_book *book, const struct ledger_node *old, struct ledger_halves *h)
{
	bool left = h->book[0] == book, right = h->book[1] == book && !left;

	h->node[0] = ledger_node_new(h->book[0], &h->entry[0], left ? old->height : 0);
	if (!h->node[0])
		return -ENOMEM;
	h->node[1] = ledger_node_new(h->book[1], &h->entry[1], right ? old->height : 0);
	if (h->node[1])
		return 0;
	ledger_node_unused(h->book[0], h->node[0]);
	return -ENOMEM;
}

/* Both in the book of @old: whoever comes to the left half goes on to the right one. */
static void ledger_link_behind(struct ledger_book *book, const struct ledger_node *old, struct ledger_node *left,
			       struct ledger_node *right, ledger_link **links)
{
	struct ledger_node *next;

	/* without memory: no level at which only the right one would have to take the place of @old */
	if (left->height < old->height)
		right->height = MIN(right->height, left->height);
	ledger_raise(book, right->height, links);
	for (unsigned int i = 0; i < right->height; i++) {
		next = atomic_load_explicit(i < old->height ? &old->next[i] : links[i], memory_order_relaxed);
		atomic_store_explicit(&right->next[i], next, memory_order_relaxed);
		if (i < left->height)
			atomic_store_explicit(&left->next[i], right, memory_order_relaxed);
	}
	/* above @old, where whoever comes to it goes down or past all of it */
	for (unsigned int i = left->height; i < right->height; i++)
		atomic_store_explicit(links[i], right, memory_order_release);
	ledger_count_in(book, right);
}

int ledger_cut(struct ledger *ledger, struct iova_range range, iova_t point)
{
	unsigned int held = ledger_lock(ledger, range, false);
	struct ledger_book *book = &ledger->book[held];
	ledger_link *links[LEDGER_HEIGHT], *others[LEDGER_HEIGHT];
	struct ledger_node *old = ledger_exact(book, range, links), *heir = NULL;
	struct ledger_halves h;
	int r = -ENOENT;

	if (old) {
		ledger_halve(ledger, &old->entry, point, &h);
		r = ledger_halves_new(book, old, &h);
	}
	/* into other books first: a reader looks into the wide one before it looks into those */
	for (unsigned int i = 0; i < 2 && !r; i++) {
		if (h.book[i] == book) {
			heir = heir ? heir : h.node[i];
			continue;
		}
		ledger_seek(h.book[i], h.entry[i].range.start, others);
		ledger_link_node(h.book[i], h.node[i], others);
	}
	if (!r) {
		if (heir)
			ledger_inherit(heir, old);
		if (h.book[0] == h.book[1] && h.book[0] == book)
			ledger_link_behind(book, old, h.node[0], h.node[1], links);
		ledger_part(book, old, heir, links);
	}
	ledger_unlock(ledger, held);
	return r;
}

bool ledger_take(struct ledger *ledger, struct iova_range range, struct ledger_entry *out)
{
	unsigned int held = ledger_lock(ledger, range, range.last < range.start);
	struct ledger_book *book = &ledger->book[held];
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *node = ledger_exact(book, range, links);

	if (node) {
		*out = node->entry;
		ledger_part(book, node, NULL, links);
	}
	ledger_unlock(ledger, held);
	return node;
}

static uint64_t ledger_book_remove(struct ledger_book *book, struct iova_range range)
{
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *node = ledger_seek(book, range.start, links), *next;
	uint64_t bytes = 0;

	if (node && node->entry.range.start < range.start) {
		/* It sticks out to the left: what may go begins after it. */
		node = node->entry.range.last < range.last ? ledger_seek(book, node->entry.range.last + 1, links)
							   : NULL;
	}
	for (; node && node->entry.range.last <= range.last; node = next) {
		next = atomic_load_explicit(&node->next[0], memory_order_relaxed);
		bytes += ledger_part(book, node, NULL, links);
	}
	return bytes;
}

/* What lies inside of a region's range is in the region's book, whatever there is in the wide one. */
uint64_t ledger_remove(struct ledger *ledger, struct iova_range range)
{
	unsigned int held = ledger_lock(ledger, range, range.last < range.start);
	uint64_t bytes = 0;

	if (held != LEDGER_WIDE)
		bytes = ledger_book_remove(&ledger->book[held], range);
	for (unsigned int i = 0; held == LEDGER_WIDE && i < LEDGER_BOOKS; i++)
		bytes += ledger_book_remove(&ledger->book[i], range);
	ledger_unlock(ledger, held);
	return bytes;
}

/* Inside of a section: the lower of @found and the book's first that overlaps @range. */
static const struct ledger_node *ledger_lower(const struct ledger_book *book, struct iova_range range,
					      const struct ledger_node *found)
{
	const struct ledger_node *node;

	if (!atomic_load_explicit(&book->head[0], memory_order_acquire))
		return found;
	node = ledger_seek(book, range.start, NULL);
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

/* Of the books' next entries the lowest; its book goes on. */
static const struct ledger_node *ledger_next(const struct ledger_node *next[LEDGER_BOOKS])
{
	const struct ledger_node *node;
	unsigned int lowest = LEDGER_BOOKS;

	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		if (next[i] && (lowest == LEDGER_BOOKS || next[i]->entry.range.start < next[lowest]->entry.range.start))
			lowest = i;
	if (lowest == LEDGER_BOOKS)
		return NULL;
	node = next[lowest];
	next[lowest] = atomic_load_explicit(&node->next[0], memory_order_acquire);
	return node;
}

int ledger_each(const struct ledger *ledger, int (*fn)(const struct ledger_entry *entry, void *arg), void *arg)
{
	const struct ledger_node *next[LEDGER_BOOKS], *node;
	int r = 0;

	rcu_enter_books();
	for (unsigned int i = 0; i < LEDGER_BOOKS; i++)
		next[i] = atomic_load_explicit(&ledger->book[i].head[0], memory_order_acquire);
	while (!r && (node = ledger_next(next)))
		r = fn(&node->entry, arg);
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
