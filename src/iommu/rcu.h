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

/* Run @fn on liburcu's own thread after a grace period. @fn starts with rcu_deferred(). */
static inline void rcu_defer(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	rcu_tsan_release(&rcu_grace_ended);
	urcu_mb_call_rcu(head, fn);
}

static inline void rcu_deferred(void)
{
	rcu_tsan_acquire(&rcu_grace_ended);
	rcu_tsan_acquire(&rcu_readers_left);
}

/* Wait until everything given to rcu_defer() so far has run. */
static inline void rcu_drain(void)
{
	urcu_mb_barrier();
}

#endif
