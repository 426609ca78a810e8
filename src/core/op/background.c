/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread of things that go on in the background. */
#include "core/op/background.h"

#include <sched.h>
#include <signal.h>

/* Between two turns. */
static void background_pause(struct background *b)
{
	if (!atomic_load(&b->rest))
		return;
	atomic_store(&b->resting, true);
	while (atomic_load(&b->rest) && !atomic_load(&b->stop))
		sched_yield();
	atomic_store(&b->resting, false);
}

static void *background_thread(void *arg)
{
	struct background *b = arg;

	while (!atomic_load(&b->stop) && !b->err) {
		background_pause(b);
		b->err = b->turn(b->ctx);
		if (!b->err)
			atomic_fetch_add(&b->turns, 1);
	}
	atomic_store(&b->ended, true);
	return NULL;
}

int background_start(struct background *b, int (*turn)(void *ctx), void *ctx)
{
	sigset_t all, old;
	int err;

	b->turn = turn;
	b->ctx = ctx;
	b->err = 0;
	atomic_store(&b->stop, false);
	atomic_store(&b->ended, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&b->thread, NULL, background_thread, b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	b->started = !err;
	return -err;
}

void background_stop(struct background *b)
{
	if (!b->started)
		return;
	atomic_store(&b->stop, true);
	pthread_join(b->thread, NULL);
	b->started = false;
}

void background_wait_first(const struct background *b)
{
	while (b->started && !atomic_load(&b->turns) && !atomic_load(&b->ended))
		sched_yield();
}

void background_rest(struct background *b)
{
	atomic_store(&b->rest, true);
	while (b->started && !atomic_load(&b->resting) && !atomic_load(&b->ended))
		sched_yield();
}

void background_resume(struct background *b)
{
	atomic_store(&b->rest, false);
	/* else the next rest would take this one's word for it */
	while (b->started && atomic_load(&b->resting) && !atomic_load(&b->ended))
		sched_yield();
}
