/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA in flight: a thread beside each of stress's own that has the device copy, again and again, until it is told to stop. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "core/stress/priv.h"

#define FLIGHT_TURNS_MAX 256 /* each may be a fault, of which only so many are remembered */

struct stress_flight {
	struct stress_thread *t;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool go, quit;
	iova_t src, dst;
	uint64_t size;
	unsigned int turns_max;
	atomic_bool more, begun;
	/* of the flight: turns, those of them that were done, the first status that was not 0, and why it could not go on */
	unsigned int turns, arrived;
	int status, err;
	struct fail fail;
};

static void flight_turn(struct stress_flight *fl)
{
	struct stress *st = fl->t->st;
	int status = 0;

	fl->err = dev_roundtrip(session_dev(st->s), stress_queue(fl->t), fl->src, fl->dst, fl->size, &status);
	fl->turns++;
	if (fl->err) {
		fail_set(&fl->fail, fl->err, "the device did not finish its DMA at iova 0x%llx",
			 (unsigned long long)fl->src);
		fl->err = session_dma_failed(st->s, fl->err, &fl->fail);
		return;
	}
	fl->arrived += !status;
	if (!fl->status)
		fl->status = status;
}

static void flight_run(struct stress_flight *fl)
{
	/* as stress_transfer() does: none after a mismatch, whoever found it */
	do {
		if (stress_is_over(fl->t->st))
			break;
		flight_turn(fl);
		atomic_store(&fl->begun, true);
	} while (atomic_load(&fl->more) && !fl->err && fl->turns < fl->turns_max);
	atomic_store(&fl->begun, true);
}

static void *flight_main(void *arg)
{
	struct stress_flight *fl = arg;

	pthread_mutex_lock(&fl->lock);
	while (!fl->quit) {
		if (fl->go) {
			pthread_mutex_unlock(&fl->lock);
			flight_run(fl);
			pthread_mutex_lock(&fl->lock);
			fl->go = false;
			pthread_cond_broadcast(&fl->cond);
		}
		if (!fl->quit && !fl->go)
			pthread_cond_wait(&fl->cond, &fl->lock);
	}
	pthread_mutex_unlock(&fl->lock);
	return NULL;
}

static int flight_new(struct stress_thread *t, struct fail *f)
{
	struct stress_flight *fl = calloc(1, sizeof(*fl));
	int err = ENOMEM;

	if (fl) {
		fl->t = t;
		pthread_mutex_init(&fl->lock, NULL);
		pthread_cond_init(&fl->cond, NULL);
		err = pthread_create(&fl->thread, NULL, flight_main, fl);
	}
	if (err) {
		free(fl);
		return fail_set(f, err, "cannot start a thread for DMA in flight");
	}
	t->flight = fl;
	return 0;
}

int stress_flight_start(struct stress_thread *t, iova_t src, iova_t dst, uint64_t size, unsigned int turns_max,
			struct fail *f)
{
	struct stress_flight *fl;
	int err = t->flight ? 0 : flight_new(t, f);

	if (err)
		return err;
	fl = t->flight;
	pthread_mutex_lock(&fl->lock);
	fl->src = src;
	fl->dst = dst;
	fl->size = size;
	fl->turns_max = MIN(turns_max, FLIGHT_TURNS_MAX);
	fl->status = fl->err = 0;
	fl->turns = fl->arrived = 0;
	atomic_store(&fl->begun, false);
	atomic_store(&fl->more, true);
	fl->go = true;
	pthread_cond_broadcast(&fl->cond);
	pthread_mutex_unlock(&fl->lock);
	/* once it has made a turn it is in flight, as far as anybody can tell */
	while (!atomic_load(&fl->begun))
		sched_yield();
	return 0;
}

int stress_flight_end(struct stress_thread *t, int *status, unsigned int *arrived, struct fail *f)
{
	struct stress_flight *fl = t->flight;

	atomic_store(&fl->more, false);
	pthread_mutex_lock(&fl->lock);
	while (fl->go)
		pthread_cond_wait(&fl->cond, &fl->lock);
	pthread_mutex_unlock(&fl->lock);
	*status = fl->status;
	*arrived = fl->arrived;
	t->transfers += fl->turns;
	t->dma_bytes += fl->size * fl->arrived;
	if (fl->err)
		*f = fl->fail;
	return fl->err;
}

void stress_flight_free(struct stress_thread *t)
{
	struct stress_flight *fl = t->flight;

	if (!fl)
		return;
	pthread_mutex_lock(&fl->lock);
	fl->quit = true;
	pthread_cond_broadcast(&fl->cond);
	pthread_mutex_unlock(&fl->lock);
	pthread_join(fl->thread, NULL);
	pthread_mutex_destroy(&fl->lock);
	pthread_cond_destroy(&fl->cond);
	free(fl);
	t->flight = NULL;
}
