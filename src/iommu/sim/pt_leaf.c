/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOMMU's page tables: large entries become tables of small ones and the reverse, while walkers are inside. */
#include <errno.h>

#include "iommu/rcu.h"
#include "iommu/sim/pt_pool.h"

#define SIM_PT_FLAGS (~SIM_PTE_ADDR)

/* The entry of @iova at @level or, where a leaf ends the walk before that, that leaf. */
static sim_pte *sim_pt_slot(struct sim_pt *pt, uint64_t iova, unsigned int level, unsigned int *found)
{
	sim_pte *table = pt->root;

	for (unsigned int at = SIM_PT_TOP;; at--) {
		sim_pte *slot = &table[sim_pt_index(iova, at)];
		uint64_t pte = atomic_load_explicit(slot, memory_order_acquire);

		*found = at;
		if (at == level || !pte || pte & SIM_PTE_LEAF)
			return slot;
		table = sim_pt_table(pte);
	}
}

bool sim_pt_find(struct sim_pt *pt, uint64_t iova, struct sim_leaf *out)
{
	if (iova > SIM_IOVA_LAST)
		return false;
	out->pte = atomic_load_explicit(sim_pt_slot(pt, iova, 0, &out->level), memory_order_acquire);
	return out->pte;
}

static void sim_pt_fill(sim_pte *table, uint64_t pte, unsigned int level)
{
	for (unsigned int i = 0; i < SIM_PT_ENTRIES; i++)
		atomic_store_explicit(&table[i], pte + ((uint64_t)i << sim_pt_shift(level - 1)), memory_order_relaxed);
}

/* The leaf in @slot becomes a table. A walker may mark it meanwhile: then the new entries are made again, with its mark. */
static int sim_pt_break(struct sim_pt *pt, sim_pte *slot, unsigned int level)
{
	sim_pte *table = sim_pt_pool_get(pt);
	uint64_t pte = atomic_load_explicit(slot, memory_order_acquire), pointer;

	if (!table)
		return -ENOMEM;
	pointer = (uintptr_t)table | SIM_PTE_R | SIM_PTE_W | (uint64_t)SIM_PT_ENTRIES << SIM_PTE_COUNT_SHIFT;
	do {
		sim_pt_fill(table, pte, level);
	} while (!atomic_compare_exchange_strong_explicit(slot, &pte, pointer, memory_order_acq_rel,
							  memory_order_acquire));
	return 0;
}

struct sim_pt_span {
	struct sim_pt *pt;
	uint64_t start, last;
	unsigned int level; /* the largest that leaves may have afterwards */
};

static int sim_pt_split_level(const struct sim_pt_span *span, sim_pte *table, unsigned int level, uint64_t base)
{
	unsigned int shift = sim_pt_shift(level);
	uint64_t end = base + ((UINT64_C(1) << (shift + 9)) - 1);
	unsigned int i = span->start > base ? sim_pt_index(span->start, level) : 0;
	unsigned int last = span->last < end ? sim_pt_index(span->last, level) : SIM_PT_ENTRIES - 1;
	int r = 0;

	for (; i <= last && !r; i++) {
		uint64_t pte = atomic_load_explicit(&table[i], memory_order_acquire);

		if (pte & SIM_PTE_LEAF) {
			r = sim_pt_break(span->pt, &table[i], level);
			pte = atomic_load_explicit(&table[i], memory_order_acquire);
		}
		if (pte && !r && level - 1 > span->level)
			r = sim_pt_split_level(span, sim_pt_table(pte), level - 1, base + ((uint64_t)i << shift));
	}
	return r;
}

int sim_pt_split(struct sim_pt *pt, uint64_t start, uint64_t last, unsigned int level)
{
	const struct sim_pt_span span = {.pt = pt, .start = start, .last = last, .level = level};

	return start > SIM_IOVA_LAST ? 0 : sim_pt_split_level(&span, pt->root, SIM_PT_TOP, 0);
}

/* The leaf of @level that the entries of @table add up to, without their marks; 0 = they do not. */
static uint64_t sim_pt_sum(const sim_pte *table, unsigned int level)
{
	uint64_t size = UINT64_C(1) << sim_pt_shift(level - 1);
	uint64_t marks = SIM_PTE_A | SIM_PTE_D, whole = 0;

	for (unsigned int i = 0; i < SIM_PT_ENTRIES; i++) {
		uint64_t pte = atomic_load_explicit(&table[i], memory_order_relaxed) & ~marks;

		if (!i)
			whole = pte;
		if (!(pte & SIM_PTE_LEAF) || pte != whole + i * size)
			return 0;
	}
	return IS_ALIGNED(whole & SIM_PTE_ADDR, size * SIM_PT_ENTRIES) ? whole : 0;
}

static uint64_t sim_pt_marks(const sim_pte *table)
{
	uint64_t marks = 0;

	for (unsigned int i = 0; i < SIM_PT_ENTRIES; i++)
		marks |= atomic_load_explicit(&table[i], memory_order_relaxed) & (SIM_PTE_A | SIM_PTE_D);
	return marks;
}

/*
 * Walkers who are in the old table go on setting bits there until the grace period ends: then they are looked at once more. Nobody reads
 * dirty bits in between, for that takes the lock.
 */
static bool sim_pt_join(struct sim_pt *pt, sim_pte *slot, unsigned int level)
{
	sim_pte *table = sim_pt_table(atomic_load_explicit(slot, memory_order_relaxed));
	uint64_t whole = sim_pt_sum(table, level);

	if (!whole)
		return false;
	atomic_store_explicit(slot, whole | sim_pt_marks(table), memory_order_release);
	rcu_wait();
	atomic_fetch_or_explicit(slot, sim_pt_marks(table), memory_order_acq_rel);
	for (unsigned int i = 0; i < SIM_PT_ENTRIES; i++)
		atomic_store_explicit(&table[i], 0, memory_order_relaxed);
	sim_pt_pool_part(pt, table);
	return true;
}

bool sim_pt_merge(struct sim_pt *pt, uint64_t iova, unsigned int level)
{
	uint64_t small = UINT64_C(1) << sim_pt_shift(level - 1);
	unsigned int found;
	sim_pte *slot = sim_pt_slot(pt, iova, level, &found);
	uint64_t pte = atomic_load_explicit(slot, memory_order_acquire);

	if (!pte || pte & SIM_PTE_LEAF)
		return pte;
	if (level > 1)
		for (unsigned int i = 0; i < SIM_PT_ENTRIES; i++)
			if (!sim_pt_merge(pt, iova + i * small, level - 1))
				return false;
	return sim_pt_join(pt, slot, level);
}
