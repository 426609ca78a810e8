/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread that does one thing again and again, DMA mostly, beside what the others do, and can be told to rest or to end. */
#ifndef IC_CORE_BACKGROUND_H
#define IC_CORE_BACKGROUND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero before background_start(); the owner's otherwise. */
struct background {
	pthread_t thread;
	int (*turn)(void *ctx);
	void *ctx;
	int err; /* of the turn that was the last one; to be read once it has ended */
	bool started;
	atomic_bool stop, rest, resting, ended;
	_Atomic uint64_t turns; /* that are done */
};

/*
 * @turn is called until it returns something else than 0 or background_stop() is called, from a thread that signals are blocked in.
 * 0 or -errno of pthread_create().
 */
int background_start(struct background *b, int (*turn)(void *ctx), void *ctx);
/* No turn is under way any more, and none begins. Also for one that was never started, and twice. */
void background_stop(struct background *b);
/* No turn is under way when it returns, and none begins until background_resume(): from one thread, in pairs. */
void background_rest(struct background *b);
void background_resume(struct background *b);
/* One turn has ended. */
void background_wait_first(const struct background *b);
/* A turn was the last one. */
static inline bool background_has_ended(const struct background *b)
{
	return atomic_load(&b->ended);
}

#endif
