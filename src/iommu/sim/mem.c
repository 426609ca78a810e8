/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated physical memory: the memfd, its windows, and who holds which frames. */
#include "iommu/sim/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "iommu/sim/pile.h"

/* Below this many free extents neighbours are left unmerged. */
#define SIM_TIDY_MIN 256
/* As long as less than this is free (64 MiB), a buffer is made of one piece even if that takes fresh frames. */
#define SIM_PIECES_FRAMES 16384

int sim_mem_init(struct sim_mem *mem, bool alias)
{
	*mem = (struct sim_mem){.fd = -1, .alias = alias, .next_frame = SIM_FRAME_BASE, .tidy_at = SIM_TIDY_MIN};
	pthread_mutex_init(&mem->lock, NULL);
	mem->window = calloc(SIM_WINDOWS, sizeof(*mem->window));
	mem->fd = memfd_create("iommuctl-sim", MFD_CLOEXEC);
	if (!mem->window || mem->fd < 0 || ftruncate(mem->fd, (off_t)(SIM_FRAMES << SIM_PAGE_SHIFT))) {
		int err = mem->window ? errno : ENOMEM;

		sim_mem_exit(mem);
		return -err;
	}
	return 0;
}

void sim_mem_exit(struct sim_mem *mem)
{
	while (mem->all) {
		struct sim_buf *buf = mem->all;

		mem->all = buf->next;
		if (buf->own_va)
			munmap(buf->own_va, buf->frames << SIM_PAGE_SHIFT);
		free(buf);
	}
	for (unsigned int i = 0; mem->window && i < SIM_WINDOWS; i++) {
		char *base = atomic_load_explicit(&mem->window[i], memory_order_relaxed);

		if (base)
			munmap(base, 2 * SIM_WINDOW_BYTES);
	}
	free(mem->window);
	free(mem->free.extent);
	free(mem->taken.extent);
	if (mem->fd >= 0)
		close(mem->fd);
	pthread_mutex_destroy(&mem->lock);
	mem->window = NULL;
	mem->fd = -1;
}

void *sim_mem_reserve(uint64_t size, uint64_t align)
{
	uint64_t whole = size + (align > SIM_PAGE ? align : 0);
	char *va = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *start;

	if (va == MAP_FAILED)
		return NULL;
	start = (char *)ALIGN_UP((uintptr_t)va, align);
	if (start > va)
		munmap(va, (size_t)(start - va));
	if (va + whole > start + size)
		munmap(start + size, (size_t)(va + whole - start - size));
	return start;
}

/* Two views of the same frames, the process's and then the hardware's: see sim_frame_va(). */
static int sim_mem_open_window(struct sim_mem *mem, uint64_t n)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_NORESERVE | MAP_FIXED;
	off_t offset = (off_t)(n * SIM_WINDOW_BYTES);
	char *va;

	if (atomic_load_explicit(&mem->window[n], memory_order_relaxed))
		return 0;
	va = sim_mem_reserve(2 * SIM_WINDOW_BYTES, SIM_WINDOW_BYTES);
	if (!va)
		return -ENOMEM;
	if (mmap(va, SIM_WINDOW_BYTES, prot, flags, mem->fd, offset) == MAP_FAILED ||
	    mmap(va + SIM_WINDOW_BYTES, SIM_WINDOW_BYTES, prot, flags, mem->fd, offset) == MAP_FAILED) {
		munmap(va, 2 * SIM_WINDOW_BYTES);
		return -ENOMEM;
	}
	atomic_store_explicit(&mem->window[n], va, memory_order_release);
	return 0;
}

/* Frames never used before; the gap that @align leaves goes to the bottom of the pile. */
static int sim_mem_fresh(struct sim_mem *mem, uint64_t count, uint64_t align, struct sim_extent *out)
{
	uint64_t next = atomic_load_explicit(&mem->next_frame, memory_order_relaxed);
	uint64_t start = ALIGN_UP(next, align), end = start + count, gap = start - next;
	int r;

	if (count > SIM_FRAMES || end > SIM_FRAMES)
		return -ENOMEM;
	for (uint64_t n = next >> SIM_WINDOW_SHIFT; n <= (end - 1) >> SIM_WINDOW_SHIFT; n++) {
		r = sim_mem_open_window(mem, n);
		if (r)
			return r;
	}
	if (gap) {
		if (sim_pile_reserve(&mem->free, 1))
			return -ENOMEM;
		memmove(mem->free.extent + 1, mem->free.extent, mem->free.count * sizeof(*mem->free.extent));
		mem->free.extent[0] = (struct sim_extent){next, gap, next >= mem->touched};
		mem->free.count++;
		mem->free_frames += gap;
	}
	atomic_store_explicit(&mem->next_frame, end, memory_order_release);
	*out = (struct sim_extent){start, count, start >= mem->touched};
	return 0;
}

void sim_mem_settle(struct sim_mem *mem)
{
	uint64_t next = atomic_load_explicit(&mem->next_frame, memory_order_relaxed);
	struct sim_extent *last = mem->free.extent;

	sim_pile_sort(&mem->free);
	if (!mem->free.count || last->frame + last->count != next)
		return;
	mem->touched = MAX(mem->touched, next);
	mem->free_frames -= last->count;
	atomic_store_explicit(&mem->next_frame, last->frame, memory_order_release);
	memmove(last, last + 1, --mem->free.count * sizeof(*last));
}

void sim_mem_give_back(struct sim_mem *mem, const struct sim_extent *extent, size_t n)
{
	mem->pieces -= n;
	/* In reverse, so that the first frame of a buffer is the next to be handed out. */
	while (n-- > 0) {
		sim_pile_push(&mem->free, extent[n]);
		mem->free_frames += extent[n].count;
	}
	if (mem->free.count >= mem->tidy_at) {
		sim_pile_tidy(&mem->free);
		mem->tidy_at = MAX(SIM_TIDY_MIN, mem->free.count * 2);
	}
}

/*
 * Contiguous frames, the latest freed that suffice; then fresh ones; and pieces only when much lies about in pieces. A
 * buffer in pieces costs the process one mapping for each.
 */
static int sim_mem_take_some(struct sim_mem *mem, uint64_t count, uint64_t align, struct sim_extent *out)
{
	bool found = sim_pile_cut(&mem->free, count, align, out);

	if (!found && mem->free_frames >= count && mem->free.count > 1) {
		sim_pile_tidy(&mem->free);
		found = sim_pile_cut(&mem->free, count, align, out);
	}
	if (!found && align == 1 && mem->free_frames > SIM_PIECES_FRAMES)
		found = sim_pile_pop(&mem->free, count, out);
	if (!found)
		return sim_mem_fresh(mem, count, align, out);
	mem->free_frames -= out->count;
	return 0;
}

int sim_mem_take(struct sim_mem *mem, uint64_t count, uint64_t align)
{
	struct sim_extent e;
	int r = 0;

	mem->taken.count = 0;
	while (count && !r) {
		r = sim_pile_reserve(&mem->taken, 1);
		/* Room for every piece that is out, so that giving back cannot fail. */
		if (!r)
			r = sim_pile_reserve(&mem->free, mem->pieces + mem->taken.count + 3);
		if (!r)
			r = sim_mem_take_some(mem, count, align, &e);
		if (!r) {
			sim_pile_push(&mem->taken, e);
			count -= e.count;
		}
	}
	mem->pieces += mem->taken.count;
	if (r)
		sim_mem_give_back(mem, mem->taken.extent, mem->taken.count);
	return r;
}
