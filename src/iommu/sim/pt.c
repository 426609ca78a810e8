/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOMMU's page tables: map, unmap, walk. */
#include "iommu/sim/pt.h"

#include <errno.h>

#include "iommu/sim/pt_pool.h"
#include "iommu/sim/pt_run.h"

int sim_pt_init(struct sim_pt *pt)
{
	*pt = (struct sim_pt){.root = NULL};
	pthread_mutex_init(&pt->lock, NULL);
	pt->root = sim_pt_pool_get(pt);
	return pt->root ? 0 : -ENOMEM;
}

void sim_pt_exit(struct sim_pt *pt)
{
	sim_pt_pool_exit(pt);
}

static void sim_pt_advance(struct sim_pt_run *run, uint64_t frames)
{
	frames = MIN(frames, run->left);
	run->iova += frames << 12;
	run->frame += frames;
	run->left -= frames;
}

uint64_t sim_pt_count(sim_pte *slot, int more)
{
	uint64_t pte = atomic_load_explicit(slot, memory_order_relaxed);
	uint64_t count = ((pte & SIM_PTE_COUNT) >> SIM_PTE_COUNT_SHIFT) + (uint64_t)(int64_t)more;

	if (more)
		atomic_store_explicit(slot, (pte & ~SIM_PTE_COUNT) | count << SIM_PTE_COUNT_SHIFT,
				      memory_order_release);
	return count;
}

void sim_pt_recount(struct sim_pt *pt, sim_pte *slot, int more, int *live)
{
	uint64_t pte = atomic_load_explicit(slot, memory_order_relaxed);

	if (sim_pt_count(slot, more))
		return;
	atomic_store_explicit(slot, 0, memory_order_release);
	sim_pt_pool_part(pt, sim_pt_table(pte));
	(*live)--;
}

static void sim_pt_below(struct sim_pt_run *run, sim_pte *slot, int more, int *live)
{
	if (run->keep_tables)
		sim_pt_count(slot, more);
	else
		sim_pt_recount(run->pt, slot, more, live);
}

/* Entries of 4K side by side. */
static int sim_pt_map_run(struct sim_pt_run *run, sim_pte *table, unsigned int i, int *live)
{
	uint64_t n = MIN(run->left, SIM_PT_ENTRIES - i), k;
	uint64_t pte = run->frame << 12 | run->bits | SIM_PTE_LEAF;

	for (k = 0; k < n; k++, pte += 4096) {
		if (atomic_load_explicit(&table[i + k], memory_order_relaxed))
			break;
		atomic_store_explicit(&table[i + k], pte, memory_order_release);
	}
	sim_pt_advance(run, k);
	*live += (int)k;
	return k < n ? -EEXIST : 0;
}

/*
 * The same to nothing. A store will do where nobody is told of dirty bits: a walker who sets one has it overwritten or finds the entry
 * changed.
 */
static void sim_pt_unmap_run(struct sim_pt_run *run, sim_pte *table, unsigned int i, int *live)
{
	uint64_t n = MIN(run->left, SIM_PT_ENTRIES - i);
	uint64_t end = i + n - (run->keep_last && n == run->left);
	int gone = 0;

	for (; i < end; i++) {
		gone += atomic_load_explicit(&table[i], memory_order_relaxed) != 0;
		atomic_store_explicit(&table[i], 0, memory_order_relaxed);
	}
	sim_pt_advance(run, n);
	*live -= gone;
}

static bool sim_pt_leaf_fits(const struct sim_pt_run *run, unsigned int level)
{
	uint64_t frames = UINT64_C(1) << (9 * level);

	return level <= (run->pt->small ? 0 : SIM_PT_LARGEST) && run->left >= frames &&
	       IS_ALIGNED(run->iova >> 12 | run->frame, frames);
}

int sim_pt_map_level(struct sim_pt_run *run, sim_pte *table, unsigned int level, int *live)
{
	unsigned int i = sim_pt_index(run->iova, level);

	if (!level)
		return sim_pt_map_run(run, table, i, live);
	for (; run->left && i < SIM_PT_ENTRIES; i++) {
		uint64_t pte = atomic_load_explicit(&table[i], memory_order_relaxed);
		int below = 0, r;

		if (pte & SIM_PTE_LEAF)
			return -EEXIST;
		/* an empty table makes room for a large entry */
		if (pte && !(pte & SIM_PTE_COUNT) && sim_pt_leaf_fits(run, level)) {
			sim_pt_recount(run->pt, &table[i], 0, live);
			pte = 0;
		}
		if (!pte && sim_pt_leaf_fits(run, level)) {
			atomic_store_explicit(&table[i], run->frame << 12 | run->bits | SIM_PTE_LEAF,
					      memory_order_release);
			sim_pt_advance(run, UINT64_C(1) << (9 * level));
			(*live)++;
			continue;
		}
		if (!pte) {
			sim_pte *child = sim_pt_pool_get(run->pt);

			if (!child)
				return -ENOMEM;
			pte = (uintptr_t)child | SIM_PTE_R | SIM_PTE_W;
			atomic_store_explicit(&table[i], pte, memory_order_release);
			(*live)++;
		}
		r = sim_pt_map_level(run, sim_pt_table(pte), level - 1, &below);
		sim_pt_below(run, &table[i], below, live);
		if (r)
			return r;
	}
	return 0;
}

int sim_pt_map(struct sim_pt *pt, uint64_t iova, uint64_t frame, uint64_t frames, uint64_t bits, uint64_t *done)
{
	struct sim_pt_run run = {.pt = pt, .iova = iova, .frame = frame, .left = frames, .bits = bits};
	int live = 0, r = sim_pt_map_level(&run, pt->root, SIM_PT_TOP, &live);

	*done = frames - run.left;
	return r;
}

void sim_pt_unmap_level(struct sim_pt_run *run, sim_pte *table, unsigned int level, int *live)
{
	uint64_t span = UINT64_C(1) << (9 * level);
	unsigned int i = sim_pt_index(run->iova, level);

	if (!level && !run->heir) {
		sim_pt_unmap_run(run, table, i, live);
		return;
	}
	for (; run->left && i < SIM_PT_ENTRIES; i++) {
		uint64_t pte = atomic_load_explicit(&table[i], memory_order_relaxed);
		uint64_t rest = span - ((run->iova >> 12) & (span - 1));
		int below = 0;

		if (!pte) {
			sim_pt_advance(run, rest);
		} else if (pte & SIM_PTE_LEAF) {
			uint64_t at = ALIGN_DOWN(run->iova, span << 12);

			sim_pt_advance(run, rest);
			if (run->keep_last && !run->left)
				break;
			/* An exchange: a walker may be setting accessed or dirty at this moment. */
			pte = atomic_exchange_explicit(&table[i], 0, memory_order_acq_rel);
			if (run->heir && pte & SIM_PTE_D)
				run->heir->dirty(run->heir, at, level);
			(*live)--;
		} else {
			sim_pt_unmap_level(run, sim_pt_table(pte), level - 1, &below);
			sim_pt_below(run, &table[i], below, live);
		}
	}
}

void sim_pt_unmap(struct sim_pt *pt, uint64_t iova, uint64_t frames, bool keep_last, struct sim_pt_heir *heir)
{
	struct sim_pt_run run = {.pt = pt, .iova = iova, .left = frames, .keep_last = keep_last, .heir = heir};
	int live = 0;

	sim_pt_unmap_level(&run, pt->root, SIM_PT_TOP, &live);
}

/* Set accessed (and dirty) unless the entry changed in the meantime; *pte becomes what is there. */
static bool sim_pt_mark(sim_pte *slot, uint64_t *pte, bool write)
{
	uint64_t marked = *pte | SIM_PTE_A | (write ? SIM_PTE_D : 0);

	if (marked == *pte)
		return true;
	if (!atomic_compare_exchange_strong_explicit(slot, pte, marked, memory_order_acq_rel, memory_order_acquire))
		return false;
	*pte = marked;
	return true;
}

/* The entry that ends the walk, or its absence: *pte, with *level and the slot. */
static sim_pte *sim_pt_descend(struct sim_pt *pt, struct sim_near *near, uint64_t iova, uint64_t *pte,
			       unsigned int *level)
{
	bool known = near->table && near->block == iova >> sim_pt_shift(1);
	sim_pte *table = known ? near->table : pt->root;

	for (*level = known ? 0 : SIM_PT_TOP;; (*level)--) {
		sim_pte *slot = &table[sim_pt_index(iova, *level)];

		*pte = atomic_load_explicit(slot, memory_order_acquire);
		if (!*level)
			*near = (struct sim_near){table, iova >> sim_pt_shift(1)};
		if (!*pte || *pte & SIM_PTE_LEAF)
			return slot;
		table = sim_pt_table(*pte);
	}
}

enum sim_walk sim_pt_walk_near(struct sim_pt *pt, struct sim_near *near, uint64_t iova, bool write, bool force,
			       struct sim_leaf *out)
{
	unsigned int level;
	uint64_t pte;
	sim_pte *slot = sim_pt_descend(pt, near, iova, &pte, &level);

	while (pte & SIM_PTE_LEAF) {
		if (!(pte & (write ? SIM_PTE_W : SIM_PTE_R)) && !force)
			return SIM_WALK_DENIED;
		if (sim_pt_mark(slot, &pte, write)) {
			*out = (struct sim_leaf){pte, level};
			return SIM_WALK_OK;
		}
	}
	/* a leaf that became a table meanwhile */
	return pte ? sim_pt_walk_near(pt, near, iova, write, force, out) : SIM_WALK_NOT_PRESENT;
}
