/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated IOMMU's page tables: 4 levels of 512 entries, leaves of 4K, 2M and 1G. Walkers are RCU readers without
 * locks; map and unmap are called under the context's lock.
 */
#ifndef IC_IOMMU_SIM_PT_H
#define IC_IOMMU_SIM_PT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/util.h"

#define SIM_PT_LEVELS 4
#define SIM_PT_TOP (SIM_PT_LEVELS - 1)
#define SIM_PT_LARGEST 2 /* 1G */
#define SIM_PT_ENTRIES 512u
#define SIM_IOVA_BITS 48
#define SIM_IOVA_LAST ((UINT64_C(1) << SIM_IOVA_BITS) - 1)

/* Entry bits as VT-d's second stage has them (3.9): R 0, W 1, page size 7, accessed 8, dirty 9, ignored 52..61. */
#define SIM_PTE_R UINT64_C(0x1)
#define SIM_PTE_W UINT64_C(0x2)
#define SIM_PTE_LEAF UINT64_C(0x80)
#define SIM_PTE_A UINT64_C(0x100)
#define SIM_PTE_D UINT64_C(0x200)
#define SIM_PTE_ADDR UINT64_C(0x000ffffffffff000)
#define SIM_PTE_COUNT_SHIFT 52 /* in entries that point to a table: its live entries */
#define SIM_PTE_COUNT (UINT64_C(0x3ff) << SIM_PTE_COUNT_SHIFT)

typedef _Atomic uint64_t sim_pte;

struct sim_tables {
	sim_pte **table;
	size_t count;
};

struct sim_pt {
	sim_pte *root;
	bool small;		  /* leaves of 4K only, so that any of them can go alone (iopt_disable_large_pages()) */
	pthread_mutex_t lock;	  /* of what follows: the tables' memory */
	size_t live;		  /* tables in use, the root included */
	size_t total;		  /* tables there is memory for */
	struct sim_tables spare;  /* empty, no walker in them */
	struct sim_tables parted; /* unlinked; a walker may still be inside until a grace period has passed */
	void **chunk;
	size_t chunks;
};

int sim_pt_init(struct sim_pt *pt);
void sim_pt_exit(struct sim_pt *pt);

/*
 * Map @frames contiguous frames with the largest leaves that fit. -EEXIST when an entry is already set, -ENOMEM; *done =
 * frames mapped, all of them only on 0. @bits: SIM_PTE_R and SIM_PTE_W.
 */
int sim_pt_map(struct sim_pt *pt, uint64_t iova, uint64_t frame, uint64_t frames, uint64_t bits, uint64_t *done);

/* Told of dirty leaves: one of @level that begins at @iova. */
struct sim_pt_heir {
	void (*dirty)(struct sim_pt_heir *heir, uint64_t iova, unsigned int level);
};

/*
 * Clear the leaves of the range. @keep_last leaves the last one standing. Tables that fall empty are parted: after a
 * grace period call sim_pt_reap(). @heir (may be NULL) is told of those that were dirty when they went.
 */
void sim_pt_unmap(struct sim_pt *pt, uint64_t iova, uint64_t frames, bool keep_last, struct sim_pt_heir *heir);
void sim_pt_reap(struct sim_pt *pt);

struct sim_leaf {
	uint64_t pte;
	unsigned int level; /* 0 = 4K, 1 = 2M, 2 = 1G */
};

enum sim_walk {
	SIM_WALK_OK,
	SIM_WALK_NOT_PRESENT,
	SIM_WALK_DENIED,
	SIM_WALK_BEYOND,  /* nor this: no table has such an address */
	SIM_WALK_BLOCKED, /* never a walk's own answer: the device is attached to no table */
};

/* Where a walk has ended: the table of 4K entries for the 2M from block << 21 on. Good inside the rcu_enter() of the walk. */
struct sim_near {
	sim_pte *table; /* NULL: not known */
	uint64_t block;
};

/*
 * Inside rcu_enter(). Sets the accessed bit, and the dirty bit for a write. SIM_WALK_DENIED: present without the right;
 * @force goes on all the same. @near: where the last walk in the same table ended, for the next page is often there.
 */
enum sim_walk sim_pt_walk_near(struct sim_pt *pt, struct sim_near *near, uint64_t iova, bool write, bool force,
			       struct sim_leaf *out);
static inline enum sim_walk sim_pt_walk(struct sim_pt *pt, uint64_t iova, bool write, bool force, struct sim_leaf *out)
{
	struct sim_near near = {0};

	return sim_pt_walk_near(pt, &near, iova, write, force, out);
}

/* A look at the dirty bits of a range; the time it takes is that of the tables that are there. */
struct sim_pt_scan {
	uint64_t start, last;
	/* Of each dirty leaf that touches the range: clear its bit? NULL: always. */
	bool (*dirty)(struct sim_pt_scan *scan, uint64_t iova, unsigned int level);
	uint64_t first_cleared,
		last_cleared; /* out: the addresses of all leaves that were cleared lie between; first > last: none */
};
/* Under the lock, while walkers set bits. What it has cleared may be cached: flush, and wait for those under way. */
void sim_pt_scan(struct sim_pt *pt, struct sim_pt_scan *scan);

/*
 * pt_lane.c: sim_pt_map() and sim_pt_unmap() within one GiB, with others at work in other ones; and what has to hold before. Tables that fall
 * empty stay where they are.
 */
bool sim_pt_lane_ready(struct sim_pt *pt, uint64_t iova, uint64_t frames);
int sim_pt_lane_map(struct sim_pt *pt, uint64_t iova, uint64_t frame, uint64_t frames, uint64_t bits, uint64_t *done);
void sim_pt_lane_unmap(struct sim_pt *pt, uint64_t iova, uint64_t frames);
/* Does @iova lie in an empty table? */
bool sim_pt_lane_is_idle(struct sim_pt *pt, uint64_t iova);
/* Part the empty tables above @iova, as sim_pt_unmap() parts those that fall empty. With nobody else at work. */
void sim_pt_trim(struct sim_pt *pt, uint64_t iova);

/* pt_leaf.c: entries that others take the place of, under the lock and while walkers are in the tables. */

/* The leaf of @iova. False: none. No bit is set by looking. */
bool sim_pt_find(struct sim_pt *pt, uint64_t iova, struct sim_leaf *out);
/*
 * Leaves above @level that touch the range become tables of leaves of @level. Each inherits what the large one had, accessed and dirty too.
 * -ENOMEM: not all did. The large ones may be cached.
 */
int sim_pt_split(struct sim_pt *pt, uint64_t start, uint64_t last, unsigned int level);
/*
 * Make @iova's block of @level one leaf, if its entries lie side by side in memory with the same rights. It is dirty when one of them was. True: it
 * is one leaf now, or was. Waits for grace periods. The small ones may be cached.
 */
bool sim_pt_merge(struct sim_pt *pt, uint64_t iova, unsigned int level);

/* Bytes of memory for tables in use and the books about them. */
uint64_t sim_pt_bytes(const struct sim_pt *pt);

static inline unsigned int sim_pt_shift(unsigned int level)
{
	return 12 + 9 * level;
}

static inline unsigned int sim_pt_index(uint64_t iova, unsigned int level)
{
	return (iova >> sim_pt_shift(level)) & (SIM_PT_ENTRIES - 1);
}

/* What an entry that is no leaf points to. */
static inline sim_pte *sim_pt_table(uint64_t pte)
{
	return (sim_pte *)(uintptr_t)(pte & SIM_PTE_ADDR);
}

#endif
