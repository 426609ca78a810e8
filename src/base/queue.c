/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only user of liburcu's queues. */
#include "base/queue.h"

#include <errno.h>

#include "base/util.h"

/* What liburcu before 0.14 does not tell ThreadSanitizer: the giver comes before the taker. */
#if defined(__SANITIZE_THREAD__)
#define QUEUE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUEUE_TSAN 1
#endif
#endif

#ifdef QUEUE_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define queue_tsan_acquire(addr) __tsan_acquire(addr)
#define queue_tsan_release(addr) __tsan_release(addr)
#else
#define queue_tsan_acquire(addr) ((void)(addr))
#define queue_tsan_release(addr) ((void)(addr))
#endif

void queue_init(struct queue *q)
{
	__cds_wfcq_init(&q->head, &q->tail);
	sem_init(&q->filled, 0, 0);
}

void queue_exit(struct queue *q)
{
	sem_destroy(&q->filled);
}

void queue_give(struct queue *q, struct queue_node *node)
{
	cds_wfcq_node_init(&node->node);
	queue_tsan_release(node);
	cds_wfcq_enqueue(&q->head, &q->tail, &node->node);
	sem_post(&q->filled);
}

/* There is one. It may be only half way in: then its giver is waited for, which is about to go on. */
static struct queue_node *queue_pop(struct queue *q)
{
	struct cds_wfcq_node *node = __cds_wfcq_dequeue_blocking(&q->head, &q->tail);
	struct queue_node *got = container_of(node, struct queue_node, node);

	queue_tsan_acquire(got);
	return got;
}

struct queue_node *queue_take(struct queue *q)
{
	while (sem_wait(&q->filled) && errno == EINTR)
		;
	return queue_pop(q);
}

struct queue_node *queue_try(struct queue *q)
{
	while (sem_trywait(&q->filled))
		if (errno != EINTR)
			return NULL;
	return queue_pop(q);
}
