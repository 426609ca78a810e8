/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which threads liburcu knows: each enlists at its first read and leaves when it exits. And who waits for them. */
#include "iommu/rcu.h"

char rcu_readers_left, rcu_grace_ended;
_Thread_local bool rcu_enlisted;

#define RCU_SLOTS 128u
/* Looks at a reader before sleeping: about 20 us. */
#define RCU_SPINS 1000u

_Thread_local struct rcu_slot *rcu_slot;

static struct rcu_slot rcu_slots[RCU_SLOTS];
static _Thread_local struct rcu_slot rcu_unseen;
static _Atomic unsigned int rcu_slots_used;   /* those beyond were never taken */
static _Atomic unsigned int rcu_unseen_count; /* threads without a slot: liburcu knows them */

static pthread_key_t rcu_exit_key;
static pthread_once_t rcu_exit_once = PTHREAD_ONCE_INIT;

static void rcu_exit(void *arg)
{
	(void)arg;
	urcu_memb_unregister_thread();
	rcu_enlisted = false;
	if (rcu_slot == &rcu_unseen)
		atomic_fetch_sub(&rcu_unseen_count, 1);
	else
		atomic_store_explicit(&rcu_slot->taken, false, memory_order_release);
	rcu_slot = NULL;
}

static void rcu_exit_key_create(void)
{
	pthread_key_create(&rcu_exit_key, rcu_exit);
}

/* Counted before the first section begins, whose barrier comes after. */
static struct rcu_slot *rcu_slot_take(void)
{
	for (unsigned int i = 0; i < RCU_SLOTS; i++) {
		unsigned int used = atomic_load(&rcu_slots_used);

		if (atomic_exchange(&rcu_slots[i].taken, true))
			continue;
		while (used <= i && !atomic_compare_exchange_weak(&rcu_slots_used, &used, i + 1))
			;
		return &rcu_slots[i];
	}
	atomic_fetch_add(&rcu_unseen_count, 1);
	return &rcu_unseen;
}

void rcu_widen(struct rcu_part *part, uint32_t interest)
{
	uint32_t before = atomic_load_explicit(&part->interest, memory_order_relaxed);

	if (!(interest & ~before))
		return;
	atomic_store_explicit(&part->interest, before | interest, memory_order_release);
	cmm_smp_mb();
}

void rcu_enlist(void)
{
	if (rcu_enlisted)
		return;
	pthread_once(&rcu_exit_once, rcu_exit_key_create);
	urcu_memb_register_thread();
	rcu_slot = rcu_slot_take();
	rcu_enlisted = true;
	/* Any non-NULL value makes the destructor run. */
	pthread_setspecific(rcu_exit_key, &rcu_exit_key);
}

/* False: it is still inside. */
static bool rcu_part_wait(struct rcu_part *part, uint32_t interest)
{
	uint64_t sequence = atomic_load_explicit(&part->sequence, memory_order_acquire);
	unsigned int spins = RCU_SPINS;

	if (!(sequence & 1))
		return true;
	/*
	 * The interest may be that of a section after the one seen, whose end it comes after; then either the sequence tells, or it is
	 * one that began after the caller's barrier, which nobody has to wait for.
	 */
	if (!(atomic_load_explicit(&part->interest, memory_order_acquire) & interest))
		return true;
	while (atomic_load_explicit(&part->sequence, memory_order_acquire) == sequence) {
		if (!spins--)
			return false;
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#endif
	}
	return true;
}

void rcu_wait_for(uint32_t interest)
{
	bool ended = true;

	rcu_tsan_release(&rcu_grace_ended);
	cmm_smp_mb();
	for (unsigned int i = 0, n = atomic_load(&rcu_slots_used); ended && i < n; i++)
		ended = (!(interest & RCU_LANES) || rcu_part_wait(&rcu_slots[i].lanes, interest)) &&
			(!(interest & RCU_BOOKS) || rcu_part_wait(&rcu_slots[i].books, interest));
	if (!ended || atomic_load(&rcu_unseen_count))
		urcu_memb_synchronize_rcu();
	rcu_tsan_acquire(&rcu_readers_left);
}
