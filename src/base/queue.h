/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects handed from thread to thread in order: a wait-free queue (liburcu's wfcqueue) and a count of what is in it to sleep on. Who
 * gives never waits, whatever the taker does.
 */
#ifndef IC_BASE_QUEUE_H
#define IC_BASE_QUEUE_H

#include <semaphore.h>
#include <stdbool.h>
#include <urcu/wfcqueue.h>

/* Embedded in what is handed over: in one queue at a time. */
struct queue_node {
	struct cds_wfcq_node node;
};

struct queue {
	struct __cds_wfcq_head head;
	struct cds_wfcq_tail tail;
	sem_t filled;
};

void queue_init(struct queue *q);
void queue_exit(struct queue *q);
/* From any thread. What was written to the object before is seen by who takes it. */
void queue_give(struct queue *q, struct queue_node *node);
/* The oldest, waited for; from one thread only. */
struct queue_node *queue_take(struct queue *q);
/* The same, NULL where there is none now. */
struct queue_node *queue_try(struct queue *q);

#endif
