/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that wait for each other by looking, because who sleeps in a barrier wakes up too late to meet the others. */
#include "base/together.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* So often a thread looks before it leaves the processor to others, who may need it to arrive. */
#define TOGETHER_LOOKS 1000u

struct together {
	void (*call)(void *ctx, unsigned int i);
	void *ctx;
	unsigned int n;
	_Atomic unsigned int there;
	_Atomic int off; /* somebody is missing */
};

struct together_one {
	struct together *all;
	unsigned int i;
	pthread_t thread;
};

static void together_arrive(struct together *t, unsigned int i)
{
	unsigned int looks = 0;

	atomic_fetch_add(&t->there, 1);
	while (atomic_load(&t->there) < t->n && !atomic_load(&t->off))
		if (++looks % TOGETHER_LOOKS == 0)
			sched_yield();
	if (!atomic_load(&t->off))
		t->call(t->ctx, i);
}

static void *together_thread(void *arg)
{
	struct together_one *one = arg;

	together_arrive(one->all, one->i);
	return NULL;
}

int together(unsigned int n, void (*call)(void *ctx, unsigned int i), void *ctx)
{
	struct together t = {.call = call, .ctx = ctx, .n = n};
	struct together_one one[TOGETHER_MAX];
	unsigned int made = 1;
	int err = n > TOGETHER_MAX ? EINVAL : 0;

	for (; !err && made < n; made++) {
		one[made] = (struct together_one){.all = &t, .i = made};
		err = pthread_create(&one[made].thread, NULL, together_thread, &one[made]);
		if (err)
			break;
	}
	if (err)
		atomic_store(&t.off, 1);
	else
		together_arrive(&t, 0);
	while (--made)
		pthread_join(one[made].thread, NULL);
	return -err;
}
