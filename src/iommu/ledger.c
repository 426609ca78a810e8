/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of live mappings: a skip list ordered by IOVA. One writer at a time by a mutex, readers under RCU. Removed
 * nodes keep their links, so a reader standing on one walks on; after a grace period they are used again, or freed.
 */
#include "iommu/ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/util.h"
#include "iommu/rcu.h"

#define LEDGER_HEIGHT 16
/* Removed nodes handed to the reaper at a time: one message to its thread for all of them. */
#define LEDGER_BATCH 512
/* Links that every node has room for, so that it can be used again: 255 of 256 need no more. */
#define LEDGER_ROOM 4

struct ledger_node;
typedef _Atomic(struct ledger_node *) ledger_link;

struct ledger_node {
	struct rcu_garbage parted; /* first member: see rcu.h */
	struct ledger_entry entry;
	unsigned int height, room; /* links in use, and that there is memory for */
	ledger_link next[];
};

struct ledger {
	pthread_mutex_t lock;
	ledger_link head[LEDGER_HEIGHT];
	/* of the tallest node, at least 1: a search begins there. A reader that sees an old value starts elsewhere, that is all. */
	_Atomic unsigned int levels;
	struct rcu_reaper reaper;
	struct rcu_garbage *parted;
	unsigned int parted_count;
	struct rcu_garbage *spare; /* nodes that nobody reads any more */
	uint64_t draws;
	uint64_t serial;
	_Atomic uint64_t count, bytes;
};

int ledger_new(struct ledger **out)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	pthread_mutex_init(&ledger->lock, NULL);
	rcu_reaper_init(&ledger->reaper);
	atomic_init(&ledger->levels, 1);
	ledger->draws = UINT64_C(0x9e3779b97f4a7c15);
	*out = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	struct ledger_node *node, *next;

	if (!ledger)
		return;
	rcu_reaper_give(&ledger->reaper, ledger->parted);
	rcu_reaper_exit(&ledger->reaper);
	while (ledger->spare) {
		node = container_of(ledger->spare, struct ledger_node, parted);
		ledger->spare = ledger->spare->next;
		free(node);
	}
	/* Nobody reads it any more: no grace period is needed for what is still here. */
	for (node = atomic_load(&ledger->head[0]); node; node = next) {
		next = atomic_load(&node->next[0]);
		free(node);
	}
	pthread_mutex_destroy(&ledger->lock);
	free(ledger);
}

/*
 * The links that lead past every entry that ends below @iova, one per level in use, in @links (may be NULL); returns the
 * first entry that ends at or above it.
 */
static struct ledger_node *ledger_seek(const struct ledger *ledger, iova_t iova, ledger_link **links)
{
	ledger_link *level = ((struct ledger *)(uintptr_t)ledger)->head;
	struct ledger_node *node = NULL;

	for (unsigned int i = atomic_load_explicit(&ledger->levels, memory_order_relaxed); i-- > 0;) {
		while ((node = atomic_load_explicit(&level[i], memory_order_acquire)) && node->entry.range.last < iova)
			level = node->next;
		if (links)
			links[i] = &level[i];
	}
	return node;
}

/* Height h with probability 4^-h. */
static unsigned int ledger_height(struct ledger *ledger)
{
	unsigned int height;

	ledger->draws ^= ledger->draws << 13;
	ledger->draws ^= ledger->draws >> 7;
	ledger->draws ^= ledger->draws << 17;
	height = 1 + (unsigned int)__builtin_ctzll(ledger->draws | UINT64_C(1) << 62) / 2;
	return MIN(height, LEDGER_HEIGHT);
}

static struct ledger_node *ledger_spare(struct ledger *ledger, unsigned int height)
{
	struct ledger_node *node;

	if (!ledger->spare)
		ledger->spare = rcu_reaper_take(&ledger->reaper);
	if (!ledger->spare)
		return NULL;
	node = container_of(ledger->spare, struct ledger_node, parted);
	if (node->room < height)
		return NULL;
	ledger->spare = ledger->spare->next;
	return node;
}

/* Not zeroed: all that is read is written here and by ledger_link_node(). */
static struct ledger_node *ledger_node_new(struct ledger *ledger, const struct ledger_entry *entry)
{
	unsigned int height = ledger_height(ledger), room = height > LEDGER_ROOM ? LEDGER_HEIGHT : LEDGER_ROOM;
	struct ledger_node *node = ledger_spare(ledger, height);

	if (!node) {
		node = malloc(sizeof(*node) + room * sizeof(ledger_link));
		if (!node)
			return NULL;
		node->room = room;
	}
	node->entry = *entry;
	node->height = height;
	return node;
}

/* Under the lock, so that there is one writer: no read and write in one step is needed. */
static void ledger_count_up(struct ledger *ledger, uint64_t n, uint64_t bytes)
{
	atomic_store_explicit(&ledger->count, atomic_load_explicit(&ledger->count, memory_order_relaxed) + n,
			      memory_order_relaxed);
	atomic_store_explicit(&ledger->bytes, atomic_load_explicit(&ledger->bytes, memory_order_relaxed) + bytes,
			      memory_order_relaxed);
}

static void ledger_link_node(struct ledger *ledger, struct ledger_node *node, ledger_link **links)
{
	unsigned int levels = atomic_load_explicit(&ledger->levels, memory_order_relaxed);

	for (; levels < node->height; levels++)
		links[levels] = &ledger->head[levels];
	atomic_store_explicit(&ledger->levels, levels, memory_order_relaxed);
	for (unsigned int i = 0; i < node->height; i++) {
		struct ledger_node *next = atomic_load_explicit(links[i], memory_order_relaxed);

		atomic_store_explicit(&node->next[i], next, memory_order_relaxed);
	}
	for (unsigned int i = 0; i < node->height; i++)
		atomic_store_explicit(links[i], node, memory_order_release);
	ledger_count_up(ledger, 1, node->entry.range.last - node->entry.range.start + 1);
}

int ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *node, *there;
	int r = -ENOMEM;

	pthread_mutex_lock(&ledger->lock);
	there = ledger_seek(ledger, entry->range.start, links);
	if (there && there->entry.range.start <= entry->range.last) {
		r = -EEXIST;
		goto out;
	}
	node = ledger_node_new(ledger, entry);
	if (!node)
		goto out;
	node->entry.serial = ++ledger->serial;
	ledger_link_node(ledger, node, links);
	r = 0;
out:
	pthread_mutex_unlock(&ledger->lock);
	return r;
}

/* Unlink @node; it stays readable until a grace period has passed. Returns its size. */
static uint64_t ledger_part(struct ledger *ledger, struct ledger_node *node, ledger_link **links)
{
	uint64_t bytes = node->entry.range.last - node->entry.range.start + 1;
	unsigned int levels = atomic_load_explicit(&ledger->levels, memory_order_relaxed);

	/* From the top, so that a reader coming down never meets a level that is already gone below it. */
	for (unsigned int i = node->height; i-- > 0;)
		atomic_store_explicit(links[i], atomic_load_explicit(&node->next[i], memory_order_relaxed),
				      memory_order_release);
	while (levels > 1 && !atomic_load_explicit(&ledger->head[levels - 1], memory_order_relaxed))
		levels--;
	atomic_store_explicit(&ledger->levels, levels, memory_order_relaxed);
	ledger_count_up(ledger, -(uint64_t)1, -bytes);
	node->parted.next = ledger->parted;
	ledger->parted = &node->parted;
	if (++ledger->parted_count >= LEDGER_BATCH) {
		rcu_reaper_give(&ledger->reaper, ledger->parted);
		ledger->parted = NULL;
		ledger->parted_count = 0;
	}
	return bytes;
}

int ledger_replace(struct ledger *ledger, const struct ledger_entry *entry)
{
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *node, *old;
	int r = -ENOENT;

	pthread_mutex_lock(&ledger->lock);
	old = ledger_seek(ledger, entry->range.start, links);
	if (!old || old->entry.range.start != entry->range.start || old->entry.range.last != entry->range.last)
		goto out;
	node = ledger_node_new(ledger, entry);
	r = node ? 0 : -ENOMEM;
	if (r)
		goto out;
	node->entry.serial = old->entry.serial;
	ledger_part(ledger, old, links);
	ledger_link_node(ledger, node, links);
out:
	pthread_mutex_unlock(&ledger->lock);
	return r;
}

bool ledger_take(struct ledger *ledger, struct iova_range range, struct ledger_entry *out)
{
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *node;
	bool found;

	pthread_mutex_lock(&ledger->lock);
	node = ledger_seek(ledger, range.start, links);
	found = node && node->entry.range.start == range.start && node->entry.range.last == range.last;
	if (found) {
		*out = node->entry;
		ledger_part(ledger, node, links);
	}
	pthread_mutex_unlock(&ledger->lock);
	return found;
}

uint64_t ledger_remove(struct ledger *ledger, struct iova_range range)
{
	ledger_link *links[LEDGER_HEIGHT];
	struct ledger_node *node, *next;
	uint64_t bytes = 0;

	pthread_mutex_lock(&ledger->lock);
	node = ledger_seek(ledger, range.start, links);
	if (node && node->entry.range.start < range.start) {
		/* It sticks out to the left: what may go begins after it. */
		node = node->entry.range.last < range.last ? ledger_seek(ledger, node->entry.range.last + 1, links)
							   : NULL;
	}
	for (; node && node->entry.range.last <= range.last; node = next) {
		next = atomic_load_explicit(&node->next[0], memory_order_relaxed);
		bytes += ledger_part(ledger, node, links);
	}
	pthread_mutex_unlock(&ledger->lock);
	return bytes;
}

bool ledger_find(const struct ledger *ledger, struct iova_range range, struct ledger_entry *out)
{
	const struct ledger_node *node;
	bool found;

	rcu_enter();
	node = ledger_seek(ledger, range.start, NULL);
	found = node && node->entry.range.start <= range.last;
	if (found)
		*out = node->entry;
	rcu_leave();
	return found;
}

int ledger_each(const struct ledger *ledger, int (*fn)(const struct ledger_entry *entry, void *arg), void *arg)
{
	const struct ledger_node *node;
	int r = 0;

	rcu_enter();
	node = atomic_load_explicit(&ledger->head[0], memory_order_acquire);
	for (; node && !r; node = atomic_load_explicit(&node->next[0], memory_order_acquire))
		r = fn(&node->entry, arg);
	rcu_leave();
	return r;
}

uint64_t ledger_count(const struct ledger *ledger)
{
	return atomic_load_explicit(&ledger->count, memory_order_relaxed);
}

uint64_t ledger_bytes(const struct ledger *ledger)
{
	return atomic_load_explicit(&ledger->bytes, memory_order_relaxed);
}
