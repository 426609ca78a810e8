/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated device's queues: a ring and a thread each, started at first use, with short spins before sleeping. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "iommu/rcu.h"
#include "iommu/sim/dma.h"
#include "iommu/sim/log.h"

#define SIM_RING 256u
#define SIM_POLLS 100u
#define SIM_YIELDS 10u
#define SIM_HOLD_NS 100000u

struct sim_queue {
	struct sim_engine *engine;
	pthread_mutex_t lock; /* submitters, start and stop */
	bool started;
	pthread_t thread;
	char *buffer;
	struct sim_dma *ring[SIM_RING];
	_Alignas(64) _Atomic uint32_t tail; /* descriptors ever submitted; the doorbell */
	_Atomic uint32_t thread_sleeps;
	_Atomic uint32_t stop;
	_Alignas(64) _Atomic uint32_t head; /* descriptors ever finished */
	_Atomic uint32_t waiters;
};

struct sim_engine {
	struct sim *sim;
	_Atomic(struct sim_space *) at; /* the hardware's view of what it is attached to */
	_Atomic(struct sim_log *) log;
	_Atomic(const char *) peer;
	_Atomic unsigned int gate; /* enum sim_gate */
	_Atomic bool cancel;	   /* what the gate holds */
	unsigned int yields;
	struct sim_iotlb tlb;
	struct sim_queue queue[SIM_QUEUES];
};

static void sim_queue_sleep(_Atomic uint32_t *word, uint32_t seen, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, timeout, NULL, 0);
}

static void sim_queue_wake(_Atomic uint32_t *word, int n)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

static bool sim_queue_poll(_Atomic uint32_t *word, uint32_t seen, unsigned int times)
{
	while (atomic_load_explicit(word, memory_order_acquire) == seen) {
		if (!times--)
			return false;
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#endif
	}
	return true;
}

/*
 * True when *word left @seen within a short time. The processor is offered to others in between: the other side may
 * have been put on the same one, and would not get on while this one polls.
 */
static bool sim_queue_spin(_Atomic uint32_t *word, uint32_t seen, unsigned int yields)
{
	while (!sim_queue_poll(word, seen, SIM_POLLS)) {
		if (!yields--)
			return false;
		sched_yield();
	}
	return true;
}

static bool sim_queue_next(struct sim_queue *q, uint32_t head)
{
	while (!atomic_load_explicit(&q->stop, memory_order_acquire)) {
		if (sim_queue_spin(&q->tail, head, q->engine->yields))
			return true;
		atomic_store(&q->thread_sleeps, 1);
		if (atomic_load(&q->tail) == head && !atomic_load(&q->stop))
			sim_queue_sleep(&q->tail, head, NULL);
		atomic_store(&q->thread_sleeps, 0);
	}
	return false;
}

static void *sim_queue_thread(void *arg)
{
	struct sim_queue *q = arg;
	uint32_t head = atomic_load(&q->head);

	while (sim_queue_next(q, head)) {
		sim_dma_execute(q->engine->sim, q->engine, q->ring[head % SIM_RING], q->buffer);
		atomic_store(&q->head, ++head);
		if (atomic_load(&q->waiters))
			sim_queue_wake(&q->head, INT_MAX);
	}
	return NULL;
}

/* Under the lock. */
static int sim_queue_buffer(struct sim_queue *q)
{
	if (!q->buffer)
		q->buffer = calloc(1, SIM_DEVICE_BUFFER);
	return q->buffer ? 0 : -ENOMEM;
}

/* Under the lock. The thread takes no signals: they are for the threads that know what to do. */
static int sim_queue_start(struct sim_queue *q)
{
	sigset_t all, old;
	int r = sim_queue_buffer(q);

	if (r)
		return r;
	atomic_store(&q->stop, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&q->thread, NULL, sim_queue_thread, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	q->started = !r;
	return -r;
}

static void sim_queue_ring_bell(struct sim_queue *q)
{
	if (atomic_load(&q->thread_sleeps))
		sim_queue_wake(&q->tail, 1);
}

int sim_engine_submit(struct sim_engine *e, unsigned int queue, struct sim_dma *reqs, unsigned int n)
{
	struct sim_queue *q = &e->queue[queue];
	uint32_t tail;
	int r = 0;

	if (queue >= SIM_QUEUES)
		return -EINVAL;
	pthread_mutex_lock(&q->lock);
	tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	if (n > SIM_RING - (tail - atomic_load(&q->head)))
		r = -ENOSPC;
	else if (!q->started)
		r = sim_queue_start(q);
	if (!r) {
		for (unsigned int i = 0; i < n; i++)
			q->ring[(tail + i) % SIM_RING] = &reqs[i];
		atomic_store(&q->tail, tail + n);
		sim_queue_ring_bell(q);
	}
	pthread_mutex_unlock(&q->lock);
	return r;
}

int sim_engine_load(struct sim_engine *e, unsigned int queue, const void *bytes, uint64_t len)
{
	struct sim_queue *q = &e->queue[queue];
	int r = 0;

	if (queue >= SIM_QUEUES || len > SIM_DEVICE_BUFFER)
		return -EINVAL;
	pthread_mutex_lock(&q->lock);
	if (atomic_load(&q->head) != atomic_load(&q->tail))
		r = -EBUSY;
	else
		r = sim_queue_buffer(q);
	if (!r)
		memcpy(q->buffer, bytes, len);
	pthread_mutex_unlock(&q->lock);
	return r;
}

int sim_engine_run(struct sim_engine *e, unsigned int queue, struct sim_dma *reqs, unsigned int n)
{
	struct sim_queue *q = &e->queue[queue];
	int r = 0;

	if (queue >= SIM_QUEUES)
		return -EINVAL;
	/* submitters wait for the lock, and a reset cancels what is held before it takes it */
	pthread_mutex_lock(&q->lock);
	r = atomic_load(&q->head) != atomic_load(&q->tail) ? -EBUSY : sim_queue_buffer(q);
	for (unsigned int i = 0; !r && i < n; i++)
		sim_dma_execute(e->sim, e, &reqs[i], q->buffer);
	pthread_mutex_unlock(&q->lock);
	return r;
}

/* Sleep until head leaves @seen or @deadline (clock_ns) passes. */
static int sim_queue_wait_head(struct sim_queue *q, uint32_t seen, uint64_t deadline)
{
	uint64_t now = clock_ns(), left;
	struct timespec ts;

	if (now >= deadline)
		return -ETIMEDOUT;
	left = deadline - now;
	ts = (struct timespec){.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
	atomic_fetch_add(&q->waiters, 1);
	if (atomic_load(&q->head) == seen)
		sim_queue_sleep(&q->head, seen, &ts);
	atomic_fetch_sub(&q->waiters, 1);
	return 0;
}

int sim_engine_wait(struct sim_engine *e, unsigned int queue, unsigned int timeout_ms)
{
	struct sim_queue *q = &e->queue[queue];
	uint64_t deadline = 0;
	uint32_t target, head;

	if (queue >= SIM_QUEUES)
		return -EINVAL;
	target = atomic_load(&q->tail);
	while ((int32_t)(target - (head = atomic_load(&q->head))) > 0) {
		if (sim_queue_spin(&q->head, head, e->yields))
			continue;
		if (!deadline)
			deadline = clock_ns() + (uint64_t)timeout_ms * 1000000u;
		if (sim_queue_wait_head(q, head, deadline))
			return -ETIMEDOUT;
	}
	return 0;
}

/* Under the lock. What was not begun is cancelled. */
static void sim_queue_stop(struct sim_queue *q)
{
	uint32_t head, tail = atomic_load(&q->tail);

	if (!q->started)
		return;
	atomic_store(&q->stop, 1);
	/* The bell's word stays the same, so a thread on its way to sleep may miss one wake: until it is awake. */
	while (atomic_load(&q->thread_sleeps))
		sim_queue_wake(&q->tail, 1);
	pthread_join(q->thread, NULL);
	q->started = false;
	for (head = atomic_load(&q->head); head != tail; head++)
		q->ring[head % SIM_RING]->status = -ECANCELED;
	atomic_store(&q->head, tail);
	sim_queue_wake(&q->head, INT_MAX);
}

void sim_engine_reset(struct sim_engine *e)
{
	atomic_store(&e->cancel, true);
	for (unsigned int i = 0; i < SIM_QUEUES; i++) {
		pthread_mutex_lock(&e->queue[i].lock);
		sim_queue_stop(&e->queue[i]);
		pthread_mutex_unlock(&e->queue[i].lock);
	}
	atomic_store(&e->cancel, false);
}

void sim_engine_set_gate(struct sim_engine *e, enum sim_gate gate)
{
	if (atomic_exchange(&e->gate, gate) < gate)
		rcu_wait();
}

void sim_engine_set_peer(struct sim_engine *e, const char *page)
{
	atomic_store(&e->peer, page);
}

enum sim_gate sim_engine_gate(struct sim_engine *e)
{
	return (enum sim_gate)atomic_load_explicit(&e->gate, memory_order_acquire);
}

bool sim_engine_is_peer(struct sim_engine *e, const char *at)
{
	const char *peer = atomic_load(&e->peer);

	return at && peer && at >= peer && at < peer + SIM_PAGE;
}

bool sim_engine_hold(struct sim_engine *e)
{
	clock_sleep_ns(SIM_HOLD_NS, NULL);
	return !atomic_load(&e->cancel);
}

struct sim_iotlb *sim_engine_tlb(struct sim_engine *e)
{
	return &e->tlb;
}

struct sim_space *sim_engine_space(struct sim_engine *e)
{
	return atomic_load_explicit(&e->at, memory_order_acquire);
}

void sim_engine_put(struct sim_engine *e, struct sim_space *space)
{
	atomic_store_explicit(&e->at, space, memory_order_release);
}

void sim_engine_attach(struct sim_engine *e, struct sim_space *space)
{
	struct sim_space *old = atomic_load(&e->at);

	/* the entry that names the device's tables stays cached: it goes on where it was */
	if (old != space && sim_fault_fires(&e->sim->faults, SIM_FAULT_STALE_ATTACH))
		return;
	atomic_store_explicit(&e->at, space, memory_order_release);
	rcu_wait();
	if (old && old != space)
		sim_lane_flush(old, 0, 0, SIM_QI_MAMV + 1);
}

struct sim_log *sim_engine_log(struct sim_engine *e)
{
	return atomic_load_explicit(&e->log, memory_order_acquire);
}

void sim_engine_set_log(struct sim_engine *e, struct sim_log *log)
{
	atomic_store_explicit(&e->log, log, memory_order_release);
	rcu_wait();
}

struct sim_engine *sim_engine_new(struct sim *sim)
{
	struct sim_engine *e = aligned_alloc(64, ALIGN_UP(sizeof(*e), 64));

	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->sim = sim;
	atomic_store(&e->at, &sim->main);
	/* With one processor nothing changes while this side spins. */
	e->yields = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SIM_YIELDS : 0;
	for (unsigned int i = 0; i < SIM_QUEUES; i++) {
		e->queue[i].engine = e;
		pthread_mutex_init(&e->queue[i].lock, NULL);
	}
	return e;
}

void sim_engine_free(struct sim_engine *e)
{
	if (!e)
		return;
	sim_engine_reset(e);
	sim_log_free(sim_engine_log(e));
	for (unsigned int i = 0; i < SIM_QUEUES; i++) {
		pthread_mutex_destroy(&e->queue[i].lock);
		free(e->queue[i].buffer);
	}
	free(e);
}
