/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One operation of stress: all its values are in it, none is left to chance or to what came before, so that leaving another one out
 * changes nothing in it. Values come from rng_draw(episode's seed, op number, place). What it leads to (an error, a count, contents) is
 * for the model to say, and so is whether a sequence without some op still makes sense: unmapping what is not mapped is an op, too.
 *
 * Memory is in slots: every thread has STRESS_SLOTS of its own, each with a buffer or none, and a window of IOVAs of its own. A slot is
 * a buffer of a script: thread 1's slot 3 is t1s3. What several threads may touch at once is the shared window, with slots per thread.
 */
#ifndef IC_CORE_STRESS_OP_H
#define IC_CORE_STRESS_OP_H

#include "dev/dev.h"
#include "iommu/types.h"

#define STRESS_SLOTS 16
#define STRESS_CHOOSE_ALIGN \
	MiB(2)		/* of its memory: no page table entry is larger that the kernel chooses a place for */
#define STRESS_SPACES 4 /* address spaces beside the first one, where the backend has them */

/*
 * In the order of the table in kind.c, which has name, danger and what it needs of a backend. What fields and variants mean to a
 * kind is said here; `dma_size` 0 is no DMA. All of a slot's memory is mapped, from its first byte on: op.size is both.
 */
enum stress_kind {
	/*
	 * Fresh memory of op.size and op.mem for the slot (what it had is unmapped everywhere and given back), filled with stamps of
	 * generation op.n for op.iova on, mapped at op.iova with op.prot. Refused (EEXIST): the slot has the memory all the same.
	 */
	STRESS_MAP,
	STRESS_MAP_FILE, /* the same, by descriptor */
	STRESS_UNMAP, /* what the slot has mapped, exactly, piece by piece where it was cut; variant 1: the memory is given back then */
	STRESS_UNMAP_RANGE, /* op.iova, op.size: spanning several mappings and holes, or cutting one in two */
	STRESS_UNMAP_ALL,   /* everything; between rounds */
	/*
	 * The loop of compare: dma_size bytes between slot and other (op.dir READ: slot to other, WRITE: other to slot; both from their
	 * start), unmapped, the memory given back, fresh memory (filled as by MAP) at the same IOVA, the same DMA. variant bits:
	 * 1 DMA before, 2 DMA after, 4 the old memory is kept for a while and watched.
	 */
	STRESS_REMAP,
	/* What has to be refused; variant: enum stress_bad. op.iova, op.size, op.prot as they are, at op.offset of a page of memory. */
	STRESS_BAD_MAP,
	STRESS_BAD_UNMAP, /* the same of unmap: op.iova, op.size */
	STRESS_COPY, /* op.size bytes from op.offset of the slot's mapping, to op.iova of op.other_space (IOMMU_IOAS_COPY) */
	STRESS_RELEASE, /* munmap under the mapping; the address range may be taken by new memory */
	STRESS_MOVE,	/* mremap under the mapping */
	STRESS_FORK, /* a child is made and (variant 1) writes to its copy of the memory, then ends; then that is filled as by FILL */
	STRESS_FILL,  /* new stamps, generation op.n, at op.offset, op.size bytes, for op.iova on */
	STRESS_CHECK, /* the slot's memory against its shadow */
	STRESS_DMA, /* the device copies op.size bytes from op.offset of op.slot to op.other_offset of op.other; then that is checked */
	/*
	 * Memory must not change. variant 0: from op.offset of op.slot to op.iova, where nothing is mapped; 1: from op.iova, where
	 * nothing is mapped, to op.offset of op.slot; 2: from op.slot to op.other, which is mapped read-only, at op.other_offset;
	 * 3: to a canary page that was mapped and used just before, 4: to one that is mapped read-only, both from op.slot.
	 */
	STRESS_DMA_DENIED,
	/*
	 * While the device copies in op.other, from its first half to its second, again and again: op.slot is unmapped and mapped
	 * again at the same place. variant 1: op.slot is op.other; then the second half may have either's bytes, and is filled anew.
	 */
	STRESS_FLIGHT,
	STRESS_DIRTY_START, /* variant: enum dirty_source; between rounds */
	STRESS_DIRTY_STOP,  /* between rounds */
	/*
	 * Of op.size bytes from op.iova, by op.page_size, into memory op.other_offset bytes past a place of its own; the bits stay.
	 * variant: enum stress_beside.
	 */
	STRESS_DIRTY_READ,
	STRESS_DIRTY_CLEAR, /* the same, and they are cleared */
	STRESS_DIRTY_UNMAP, /* read and unmapped in one call */
	STRESS_REPLACE,	    /* the device to op.other_space and back; between rounds */
	STRESS_DETACH,	    /* away, asked whether it still reaches anything, and back; between rounds */
	STRESS_RESET,	    /* the device; between rounds */
	STRESS_LIMIT,	    /* variant: enum stress_limit; what it mapped is unmapped again; between rounds */
	/*
	 * A space of its own, in which op.offset bytes from op.iova on are allowed: op.size bytes of memory aligned to STRESS_CHOOSE_ALIGN,
	 * mapped op.other_offset times where the kernel chooses, until it finds no place any more; between rounds
	 */
	STRESS_CHOOSE,
	STRESS_COLLIDE, /* variant 0: map, 1: unmap op.size bytes at op.iova in the shared window, where other threads do the same */
	STRESS_KINDS,
};

/* Variants of BAD_MAP and, where it has them, of BAD_UNMAP. */
enum stress_bad {
	STRESS_BAD_OVERLAP,  /* unmap: nothing is there */
	STRESS_BAD_END,	     /* across the end of an aperture; of map only */
	STRESS_BAD_RESERVED, /* of map only */
	STRESS_BAD_WRAP,
	STRESS_BAD_ZERO,
	STRESS_BAD_ALIGN,  /* of the IOVA, the size or, map only, the address */
	STRESS_BAD_RIGHT,  /* neither read nor write; of map only */
	STRESS_BAD_MEMORY, /* less of it than is mapped; of map only */
	STRESS_BADS,
};

/* What goes on beside a read of dirty bits. */
enum stress_beside {
	STRESS_BESIDE_NOTHING,
	/* inside of the read the device writes op.dma_size bytes from slot op.other to op.offset of op.slot */
	STRESS_BESIDE_WRITE,	  /* before the IOTLB is flushed */
	STRESS_BESIDE_WRITE_LATE, /* after it */
	STRESS_BESIDE_MARK, /* before the read op.dma_size bytes at op.offset of op.slot are marked (dirty_caps.marks) */
	STRESS_BESIDE_BEFORE, /* before the read the device writes op.dma_size bytes from slot op.other to op.offset of op.slot */
	/* the bitmap is where it cannot be written: in memory that can only be read, or that nobody can access */
	STRESS_BESIDE_READONLY,
	STRESS_BESIDE_NOWHERE,
};

enum stress_limit {
	/*
	 * Pages of op.page_size side by side from op.iova, until the kernel's limit on mappings refuses: op.size has one more.
	 * op.offset: the limit, without the session's own mappings.
	 */
	STRESS_LIMIT_ENTRIES,
	STRESS_LIMIT_MEMLOCK, /* a page at op.iova while RLIMIT_MEMLOCK is 0, and again after that */
	STRESS_LIMIT_ENDS,    /* op.size bytes at op.iova: at the end of an aperture, or beyond it */
};

struct stress_op {
	uint64_t n;	 /* number of the op in its episode and thread: what its draws were made with */
	uint64_t ticket; /* its place in the one order in which all threads' ops were done */
	enum stress_kind kind;
	unsigned int thread;
	unsigned int slot, other;	 /* of its thread */
	unsigned int space, other_space; /* 0 = the first one */
	iova_t iova;
	uint64_t offset, size, page_size;
	uint64_t other_offset, dma_size;
	enum iommu_prot prot;
	enum iommu_mem_kind mem;
	enum dev_dir dir;
	unsigned int variant; /* which of a kind's several forms */
	/* filled when it is done */
	bool done;	/* false: left out, its slot had nothing to do it with */
	int err;	/* positive errno it met, 0 = none */
	uint64_t bytes; /* it reported */
	int due;	/* what the model said */
	uint64_t due_bytes;
	bool mismatch;
	char text[160]; /* of a mismatch: expected and got, in words */
};

/* The name and help of a kind, for mixes and reports; ended by a NULL name. */
struct stress_kind_info {
	const char *name, *help;
	const char *danger; /* "none", "leak", "crash" (safety rule 3) */
};
extern const struct stress_kind_info stress_kinds[];

#endif
