/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only wrapper over liburcu (flavour mb: full barriers, no membarrier(2) needed). It enlists threads by itself and
 * tells ThreadSanitizer what a grace period orders, which liburcu before 0.14 does not.
 *
 * Pointers are published and followed with C11 release and acquire. A thread must not wait for a grace period, map or
 * unmap while it is inside rcu_enter().
 */
#ifndef IC_IOMMU_RCU_H
#define IC_IOMMU_RCU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <urcu/urcu-mb.h>

#if defined(__SANITIZE_THREAD__)
#define RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_TSAN 1
#endif
#endif

#ifdef RCU_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define rcu_tsan_acquire(addr) __tsan_acquire(addr)
#define rcu_tsan_release(addr) __tsan_release(addr)
#else
#define rcu_tsan_acquire(addr) ((void)(addr))
#define rcu_tsan_release(addr) ((void)(addr))
#endif

/* Edges for ThreadSanitizer: readers that left -> the waiter; the waiter -> readers that enter later. */
extern char rcu_readers_left, rcu_grace_ended;
extern _Thread_local bool rcu_enlisted;

/* Register the calling thread with liburcu until it exits; idempotent. rcu_enter() does it by itself. */
void rcu_enlist(void);

/* Begin and end a read-side section; they nest. */
static inline void rcu_enter(void)
{
	if (__builtin_expect(!rcu_enlisted, 0))
		rcu_enlist();
	urcu_mb_read_lock();
	rcu_tsan_acquire(&rcu_grace_ended);
}

static inline void rcu_leave(void)
{
	rcu_tsan_release(&rcu_readers_left);
	urcu_mb_read_unlock();
}

/* Wait until every section that had begun has ended. */
static inline void rcu_wait(void)
{
	rcu_tsan_release(&rcu_grace_ended);
	urcu_mb_synchronize_rcu();
	rcu_tsan_acquire(&rcu_readers_left);
}

/*
 * Frees what was unlinked, after a grace period, on a thread of its own that starts with the first gift: the giver does
 * not wait. (liburcu's call_rcu would do, but its thread can never be ended.) One list at a time is kept instead, for
 * those who would allocate the same again.
 */
struct rcu_garbage {
	struct rcu_garbage *next;
};

struct rcu_reaper {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running, stop;
	struct rcu_garbage *list;
	_Atomic(struct rcu_garbage *) ready; /* past its grace period */
};

void rcu_reaper_init(struct rcu_reaper *reaper);
/* Frees everything given so far and ends the thread. */
void rcu_reaper_exit(struct rcu_reaper *reaper);
/* Objects that nobody reads any more, to be used again or freed; NULL when there are none now. */
struct rcu_garbage *rcu_reaper_take(struct rcu_reaper *reaper);
/* A list of unlinked objects from malloc, each with struct rcu_garbage as its first member. */
void rcu_reaper_give(struct rcu_reaper *reaper, struct rcu_garbage *list);

#endif
