/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated physical memory: frames of one memfd, and buffers made of them. Safe to call from several threads. */
#ifndef IC_IOMMU_SIM_MEM_H
#define IC_IOMMU_SIM_MEM_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/range_tree.h"
#include "base/util.h"
#include "iommu/types.h"

#define SIM_PAGE 4096u
#define SIM_PAGE_SHIFT 12
/*
 * Where memory begins: 680 MiB. Below 4 GiB, so that a small run's physical addresses are legal IOVAs of a 32-bit device,
 * and away from the round addresses and the known edges that people choose as IOVAs, because canary and rings are mapped
 * where they lie.
 */
#define SIM_FRAME_BASE 0x2a800u
/* Frames reach the process through windows of 1 GiB, made when the first frame in them is handed out. */
#define SIM_WINDOW_SHIFT 18
#define SIM_WINDOW_FRAMES (UINT64_C(1) << SIM_WINDOW_SHIFT)
#define SIM_WINDOW_BYTES (SIM_WINDOW_FRAMES << SIM_PAGE_SHIFT)
#define SIM_WINDOWS 16384u
#define SIM_FRAMES (SIM_WINDOW_FRAMES * SIM_WINDOWS)

struct sim_extent {
	uint64_t frame, count;
	bool zero; /* known to read as zero */
};

/* A last-in first-out pile of free extents, also used to collect the extents of a new buffer. */
struct sim_pile {
	struct sim_extent *extent;
	size_t count, room;
};

struct sim_mem;

struct sim_buf {
	struct range_node node; /* the process's addresses; in the tree while held */
	struct sim_buf *next, *prev;
	_Atomic unsigned int refs; /* the process's hold and one per mapping */
	unsigned int due;	   /* as many as there should be, see sim_buf_settle() */
	bool lost;		   /* frames were given away under its holders (early-unpin) */
	void *own_va;		   /* a mapping of its own, else it lies inside a window */
	uint64_t frames;
	unsigned int extents;
	struct sim_extent extent[];
};

/* The last buffer that was found, as long as none left its addresses since. Its owner locks it. */
struct sim_buf_hint {
	struct sim_buf *buf;
	uint64_t start, last, epoch;
};

struct sim_mem {
	pthread_mutex_t lock;
	int fd;
	bool alias;		/* every buffer gets addresses of its own: the same frames may be handed out twice */
	_Atomic uint64_t epoch; /* counts buffers that left their addresses */
	/* read by every translation, and seldom written */
	_Alignas(64) _Atomic uint64_t next_frame; /* from here on never handed out: not memory yet */
	_Alignas(64) uint64_t touched; /* from here on all frames read as zero, where that is beyond next_frame */
	_Atomic(char *) *window;
	struct sim_pile free, taken;
	size_t tidy_at; /* extents in the pile at which neighbours are merged */
	struct range_tree by_va;
	struct sim_buf *all;
	size_t pieces; /* extents that are out */
	uint64_t free_frames;
};

int sim_mem_init(struct sim_mem *mem, bool alias);
void sim_mem_exit(struct sim_mem *mem);

/* For buf.c, under the lock: fill mem->taken with @count frames; give pieces back. */
int sim_mem_take(struct sim_mem *mem, uint64_t count, uint64_t align);
void sim_mem_give_back(struct sim_mem *mem, const struct sim_extent *extent, size_t n);
/* The lowest free frames come first from now on, and those behind the last used one count as fresh. */
void sim_mem_settle(struct sim_mem *mem);
/* Unused addresses aligned like huge frames; NULL without room. */
void *sim_mem_reserve(uint64_t size, uint64_t align);

/*
 * A zero-filled buffer of @size bytes with one reference, the process's. Freed frames come back last-in first-out.
 * hugetlb kinds: contiguous and aligned to the page, @size rounded up to it. -EINVAL size 0, -ENOMEM.
 */
int sim_buf_new(struct sim_mem *mem, uint64_t size, enum iommu_mem_kind kind, struct sim_buf **out);
/* The process lets go of its addresses. Mappings keep the frames. */
void sim_buf_release(struct sim_mem *mem, struct sim_buf *buf);
/* The process finds it at another address from now on. -ENOMEM: at the one it had. */
int sim_buf_move(struct sim_mem *mem, struct sim_buf *buf);
/* In a child: its frames at its address are a copy that nobody else sees. */
int sim_buf_copy_in_child(const struct sim_mem *mem, const struct sim_buf *buf);
/* The held buffer that contains @va..@va+@size-1, with a reference, and where in it; NULL if none does. */
struct sim_buf *sim_buf_get(struct sim_mem *mem, const void *va, uint64_t size, uint64_t *offset);
/* The same, with a look at the last one found first, which takes no lock that others hold. */
struct sim_buf *sim_buf_get_near(struct sim_mem *mem, struct sim_buf_hint *hint, const void *va, uint64_t size,
				 uint64_t *offset);
/* One more reference to a buffer that has one; returns it. */
struct sim_buf *sim_buf_hold(struct sim_mem *mem, struct sim_buf *buf);
void sim_buf_put(struct sim_mem *mem, struct sim_buf *buf);
/* early-unpin: its frames become free although it has holders. They are freed no second time. */
void sim_buf_lose(struct sim_mem *mem, struct sim_buf *buf);

/*
 * References that nobody has are given up. First sim_buf_recount(), then @due of each buffer is counted up once for each mapping that
 * has it, then sim_buf_settle(); after that the next frames to be handed out depend on those in use, and on nothing else. While no
 * DMA is under way.
 */
void sim_buf_recount(struct sim_mem *mem);
void sim_buf_settle(struct sim_mem *mem);

/* Frames behind page @page of @buf: the first, and how many are contiguous from there (at most @max). */
uint64_t sim_buf_frame(const struct sim_buf *buf, uint64_t page, uint64_t max, uint64_t *count);

/* Where the process finds @frame when a window serves it; NULL when it was never memory. */
static inline char *sim_frame_cpu_va(const struct sim_mem *mem, uint64_t frame)
{
	char *base;

	if (frame >= SIM_FRAMES || frame < SIM_FRAME_BASE)
		return NULL;
	base = atomic_load_explicit(&mem->window[frame >> SIM_WINDOW_SHIFT], memory_order_acquire);
	return base ? base + ((frame & (SIM_WINDOW_FRAMES - 1)) << SIM_PAGE_SHIFT) : NULL;
}

/*
 * Where the simulated hardware reaches @frame. A device is not a thread of the process: it has a view of its own, and
 * what it does at the wrong time is for the verdicts to find, not for a race detector.
 */
static inline char *sim_frame_va(const struct sim_mem *mem, uint64_t frame)
{
	char *va = sim_frame_cpu_va(mem, frame);

	return va ? va + SIM_WINDOW_BYTES : NULL;
}

#endif
