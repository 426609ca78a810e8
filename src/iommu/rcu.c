/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which threads liburcu knows: each enlists at its first read and leaves when it exits. And the reaper. */
#include "iommu/rcu.h"

#include <signal.h>
#include <stdlib.h>

char rcu_readers_left, rcu_grace_ended;
_Thread_local bool rcu_enlisted;

static pthread_key_t rcu_exit_key;
static pthread_once_t rcu_exit_once = PTHREAD_ONCE_INIT;

static void rcu_exit(void *arg)
{
	(void)arg;
	urcu_mb_unregister_thread();
	rcu_enlisted = false;
}

static void rcu_exit_key_create(void)
{
	pthread_key_create(&rcu_exit_key, rcu_exit);
}

void rcu_enlist(void)
{
	if (rcu_enlisted)
		return;
	pthread_once(&rcu_exit_once, rcu_exit_key_create);
	urcu_mb_register_thread();
	rcu_enlisted = true;
	/* Any non-NULL value makes the destructor run. */
	pthread_setspecific(rcu_exit_key, &rcu_exit_key);
}

void rcu_reaper_init(struct rcu_reaper *reaper)
{
	*reaper = (struct rcu_reaper){.running = false};
	pthread_mutex_init(&reaper->lock, NULL);
	pthread_cond_init(&reaper->wake, NULL);
}

static void rcu_free(struct rcu_garbage *list)
{
	struct rcu_garbage *next;

	for (; list; list = next) {
		next = list->next;
		free(list);
	}
}

static void rcu_reaper_free(struct rcu_reaper *reaper, struct rcu_garbage *list)
{
	struct rcu_garbage *none = NULL;

	if (!list)
		return;
	rcu_wait();
	if (!atomic_compare_exchange_strong_explicit(&reaper->ready, &none, list, memory_order_release,
						     memory_order_relaxed))
		rcu_free(list);
}

struct rcu_garbage *rcu_reaper_take(struct rcu_reaper *reaper)
{
	/* asked at every allocation: the exchange is only worth it where there is something */
	if (!atomic_load_explicit(&reaper->ready, memory_order_relaxed))
		return NULL;
	return atomic_exchange_explicit(&reaper->ready, NULL, memory_order_acquire);
}

static void *rcu_reaper_thread(void *arg)
{
	struct rcu_reaper *reaper = arg;
	struct rcu_garbage *list;
	bool stop = false;

	while (!stop) {
		pthread_mutex_lock(&reaper->lock);
		while (!reaper->list && !reaper->stop)
			pthread_cond_wait(&reaper->wake, &reaper->lock);
		list = reaper->list;
		reaper->list = NULL;
		stop = reaper->stop;
		pthread_mutex_unlock(&reaper->lock);
		rcu_reaper_free(reaper, list);
	}
	return NULL;
}

/* Under the lock. Signals are for the threads that know what to do. */
static bool rcu_reaper_start(struct rcu_reaper *reaper)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	reaper->running = !pthread_create(&reaper->thread, NULL, rcu_reaper_thread, reaper);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return reaper->running;
}

void rcu_reaper_give(struct rcu_reaper *reaper, struct rcu_garbage *list)
{
	struct rcu_garbage *last = list;
	bool running;

	if (!list)
		return;
	while (last->next)
		last = last->next;
	pthread_mutex_lock(&reaper->lock);
	running = reaper->running || rcu_reaper_start(reaper);
	if (running) {
		last->next = reaper->list;
		reaper->list = list;
		pthread_cond_signal(&reaper->wake);
	}
	pthread_mutex_unlock(&reaper->lock);
	/* Without a thread the giver has to wait after all. */
	if (!running)
		rcu_reaper_free(reaper, list);
}

void rcu_reaper_exit(struct rcu_reaper *reaper)
{
	pthread_mutex_lock(&reaper->lock);
	reaper->stop = true;
	pthread_cond_signal(&reaper->wake);
	pthread_mutex_unlock(&reaper->lock);
	if (reaper->running)
		pthread_join(reaper->thread, NULL);
	rcu_free(rcu_reaper_take(reaper));
	pthread_cond_destroy(&reaper->wake);
	pthread_mutex_destroy(&reaper->lock);
}
