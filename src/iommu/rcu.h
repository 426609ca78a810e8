/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only wrapper over liburcu (flavour memb: where membarrier(2) is, a section costs its reader one barrier, at its beginning). It enlists
 * threads by itself and tells ThreadSanitizer what a grace period orders, which liburcu before 0.14 does not.
 *
 * Pointers are published and followed with C11 release and acquire. A thread must not wait for a grace period, map or
 * unmap while it is inside rcu_enter().
 */
#ifndef IC_IOMMU_RCU_H
#define IC_IOMMU_RCU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_TSAN 1
#endif
#endif

/* Its read side inline, which its license allows programs under this one's; ThreadSanitizer is told what it does, and does not see how. */
#ifndef RCU_TSAN
#define _LGPL_SOURCE
#endif
#include <urcu/urcu-memb.h>

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

/*
 * What a section reads: translations, of some lanes (iommu/sim/context.h), or books: lists of what is mapped and allocated. Who waits for some does not
 * wait for those who read other things, nor looks at lines that they write.
 */
#define RCU_LANES UINT32_C(0xffff)
#define RCU_BOOKS UINT32_C(0x10000)
#define RCU_ALL (RCU_LANES | RCU_BOOKS)

struct rcu_part {
	_Alignas(64) _Atomic uint64_t sequence; /* odd inside of a section */
	_Atomic uint32_t interest;		/* what that reads; written before it begins */
	unsigned int depth;
};

/* A reader for those who wait: lines of its own, which nobody else writes. */
struct rcu_slot {
	struct rcu_part lanes, books;
	_Alignas(64) _Atomic bool taken;
};

/* This thread's; one that nobody looks at where there are too many threads, see rcu_wait_for(). */
extern _Thread_local struct rcu_slot *rcu_slot;

/* Register the calling thread with liburcu until it exits; idempotent. rcu_enter() does it by itself. */
void rcu_enlist(void);

/* A section inside of another: that has to read as much. */
void rcu_widen(struct rcu_part *part, uint32_t interest);

static inline void rcu_part_enter(struct rcu_part *part, uint32_t interest)
{
	if (__builtin_expect(part->depth++ != 0, 0)) {
		rcu_widen(part, interest);
	} else {
		uint64_t sequence = atomic_load_explicit(&part->sequence, memory_order_relaxed);

		atomic_store_explicit(&part->interest, interest, memory_order_release);
		atomic_store_explicit(&part->sequence, sequence + 1, memory_order_release);
		/* who changes something and then does not see this is seen by what follows */
		cmm_smp_mb();
	}
	urcu_memb_read_lock();
	rcu_tsan_acquire(&rcu_grace_ended);
}

static inline void rcu_part_leave(struct rcu_part *part)
{
	uint64_t sequence = atomic_load_explicit(&part->sequence, memory_order_relaxed);

	rcu_tsan_release(&rcu_readers_left);
	urcu_memb_read_unlock();
	if (--part->depth == 0)
		atomic_store_explicit(&part->sequence, sequence + 1, memory_order_release);
}

/* Begin and end a read-side section, of translations in some lanes; they nest. */
static inline void rcu_enter_for(uint32_t lanes)
{
	if (__builtin_expect(!rcu_enlisted, 0))
		rcu_enlist();
	rcu_part_enter(&rcu_slot->lanes, lanes);
}

static inline void rcu_enter(void)
{
	rcu_enter_for(RCU_LANES);
}

static inline void rcu_leave(void)
{
	rcu_part_leave(&rcu_slot->lanes);
}

/* The same, of books. */
static inline void rcu_enter_books(void)
{
	if (__builtin_expect(!rcu_enlisted, 0))
		rcu_enlist();
	rcu_part_enter(&rcu_slot->books, RCU_BOOKS);
}

static inline void rcu_leave_books(void)
{
	rcu_part_leave(&rcu_slot->books);
}

/*
 * Wait until every section that had begun, and reads some of @interest, has ended. By a look at each reader and a short spin where one is
 * inside; liburcu's own wait, which sleeps and is for all, when that was too short.
 */
void rcu_wait_for(uint32_t interest);

static inline void rcu_wait(void)
{
	rcu_wait_for(RCU_ALL);
}

#endif
