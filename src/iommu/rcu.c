/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which threads liburcu knows: each enlists at its first read and leaves when it exits. */
#include "iommu/rcu.h"

#include <pthread.h>

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
