/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the ledger's nodes come from and go to: each thread has some of its own, which it uses again after a grace period that is waited for
 * once for many.
 */
#include <pthread.h>
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

/* A thread's. */
struct ledger_pool {
	struct ledger_node *parted; /* removed, and perhaps read still */
	unsigned int parted_count, parted_tall;
	struct ledger_node *spare, *tall; /* that nobody reads any more; those with room for all links apart */
	uint64_t draws;
};

static _Thread_local struct ledger_pool ledger_pool;

static pthread_key_t pool_exit_key;
static pthread_once_t pool_exit_once = PTHREAD_ONCE_INIT;

static void pool_free_list(struct ledger_node *node)
{
	struct ledger_node *next;

	for (; node; node = next) {
		next = node->parted;
		free(node);
	}
}

/* All but the latest @kept: one of those may have to go back without memory (pool_last_resort()). */
static void pool_free_parted(struct ledger_pool *pool, unsigned int kept)
{
	struct ledger_node **end = &pool->parted;

	rcu_wait_for(RCU_BOOKS);
	pool->parted_count = pool->parted_tall = 0;
	for (; *end && pool->parted_count < kept; end = &(*end)->parted) {
		pool->parted_count++;
		pool->parted_tall += (*end)->room > LEDGER_ROOM;
	}
	pool_free_list(*end);
	*end = NULL;
}

/* Of a thread that ends; the first one's stay until the process does. */
static void pool_exit(void *arg)
{
	struct ledger_pool *pool = arg;

	if (pool->parted)
		pool_free_parted(pool, 0);
	pool_free_list(pool->spare);
	pool_free_list(pool->tall);
	*pool = (struct ledger_pool){0};
}

static void pool_exit_key_create(void)
{
	pthread_key_create(&pool_exit_key, pool_exit);
}

/* The draws begin at the address, which no other thread's pool has. */
static struct ledger_pool *pool_mine(void)
{
	struct ledger_pool *pool = &ledger_pool;

	if (__builtin_expect(!pool->draws, 0)) {
		pool->draws = (uintptr_t)pool ^ UINT64_C(0x9e3779b97f4a7c15);
		pthread_once(&pool_exit_once, pool_exit_key_create);
		pthread_setspecific(pool_exit_key, pool);
	}
	return pool;
}

/* Height h with probability 4^-h. */
static unsigned int pool_height(struct ledger_pool *pool)
{
	unsigned int height;

	pool->draws ^= pool->draws << 13;
	pool->draws ^= pool->draws >> 7;
	pool->draws ^= pool->draws << 17;
	height = 1 + (unsigned int)__builtin_ctzll(pool->draws | UINT64_C(1) << 62) / 2;
	return MIN(height, LEDGER_HEIGHT);
}

static void pool_put(struct ledger_pool *pool, struct ledger_node *node)
{
	struct ledger_node **list = node->room > LEDGER_ROOM ? &pool->tall : &pool->spare;

	node->parted = *list;
	*list = node;
}

/*
 * The nodes that were removed become spare, after a grace period: waited for here, by whoever needs one, and once for many. A thread
 * would spare the wait, but a slow one leaves nothing to use again.
 */
static void pool_reclaim(struct ledger_pool *pool)
{
	struct ledger_node *node = pool->parted, *next;

	rcu_wait_for(RCU_BOOKS);
	for (; node; node = next) {
		next = node->parted;
		pool_put(pool, node);
	}
	pool->parted = NULL;
	pool->parted_count = pool->parted_tall = 0;
}

static struct ledger_node *pool_spare(struct ledger_pool *pool, unsigned int height)
{
	bool tall = height > LEDGER_ROOM;
	struct ledger_node **list = tall ? &pool->tall : &pool->spare, *node;

	/* of the tall ones there are few, and few are wanted */
	if (!*list && (pool->parted_count >= LEDGER_BATCH || (tall && pool->parted_tall)))
		pool_reclaim(pool);
	node = *list;
	if (node)
		*list = node->parted;
	return node;
}

/*
 * Without memory: one that was removed, of whatever height. What an unmap took out that the kernel then refused finds its way back by this, and
 * has to: memory that the device still reaches would count as free. The same thread has taken it out.
 */
static struct ledger_node *pool_last_resort(struct ledger_pool *pool, unsigned int *height)
{
	struct ledger_node **list, *node;

	if (!pool->spare && !pool->tall && pool->parted)
		pool_reclaim(pool);
	list = pool->spare ? &pool->spare : &pool->tall;
	node = *list;
	if (node) {
		*list = node->parted;
		*height = MIN(*height, node->room);
	}
	return node;
}

/* Not zeroed: all that is read is written here, and by who links it. */
struct ledger_node *ledger_node_new(const struct ledger_entry *entry)
{
	struct ledger_pool *pool = pool_mine();
	unsigned int height = LEDGER_FORCED_HEIGHT ? LEDGER_FORCED_HEIGHT : pool_height(pool),
		     room = height > LEDGER_ROOM ? LEDGER_HEIGHT : LEDGER_ROOM;
	struct ledger_node *node = pool_spare(pool, height);

	if (!node) {
		node = malloc(sizeof(*node) + room * sizeof(ledger_link));
		if (node)
			node->room = room;
		else
			node = pool_last_resort(pool, &height);
	}
	if (!node)
		return NULL;
	node->entry = *entry;
	node->height = height;
	atomic_store_explicit(&node->state, 0, memory_order_relaxed);
	return node;
}

void ledger_node_unused(struct ledger_node *node)
{
	if (node)
		pool_put(pool_mine(), node);
}

void ledger_node_parted(struct ledger_node *node)
{
	struct ledger_pool *pool = pool_mine();

	node->parted = pool->parted;
	pool->parted = node;
	pool->parted_tall += node->room > LEDGER_ROOM;
	if (++pool->parted_count >= LEDGER_KEPT)
		pool_free_parted(pool, LEDGER_BATCH);
}
