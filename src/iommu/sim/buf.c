/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffers of simulated memory: their frames, their addresses in the process, and who holds them. */
#include "iommu/sim/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "iommu/rcu.h"

/* Freed extents from this size on go back to the host; smaller ones are cleared when they are handed out again. */
#define SIM_PUNCH_FRAMES 1024
/* Buffers up to this size have their pages brought in by mmap() itself: cheaper than one fault per page. */
#define SIM_POPULATE_BYTES MiB(1)

/* The extents one after another from @va on. */
static int sim_buf_map_at(const struct sim_mem *mem, const struct sim_buf *buf, char *va, int flags)
{
	for (unsigned int i = 0; i < buf->extents; i++) {
		const struct sim_extent *e = &buf->extent[i];
		uint64_t size = e->count << SIM_PAGE_SHIFT;

		if (mmap(va, size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE | MAP_FIXED, mem->fd,
			 (off_t)(e->frame << SIM_PAGE_SHIFT)) == MAP_FAILED)
			return -ENOMEM;
		va += size;
	}
	return 0;
}

static void sim_buf_unmap(struct sim_buf *buf)
{
	if (buf->own_va)
		munmap(buf->own_va, buf->frames << SIM_PAGE_SHIFT);
	buf->own_va = NULL;
}

static int sim_buf_map(struct sim_mem *mem, struct sim_buf *buf, uint64_t align)
{
	uint64_t size = buf->frames << SIM_PAGE_SHIFT;

	buf->own_va = sim_mem_reserve(size, MAX(align << SIM_PAGE_SHIFT, SIM_PAGE));
	if (!buf->own_va)
		return -ENOMEM;
	return sim_buf_map_at(mem, buf, buf->own_va, MAP_SHARED | (size <= SIM_POPULATE_BYTES ? MAP_POPULATE : 0));
}

/* Where the process sees the buffer: in a window when one holds all of it, else by a mapping of its own. */
static int sim_buf_place(struct sim_mem *mem, struct sim_buf *buf, uint64_t align)
{
	const struct sim_extent *e = &buf->extent[0];
	char *va;

	if (!mem->alias && buf->extents == 1 &&
	    e->frame >> SIM_WINDOW_SHIFT == (e->frame + e->count - 1) >> SIM_WINDOW_SHIFT) {
		va = sim_frame_cpu_va(mem, e->frame);
	} else {
		int r = sim_buf_map(mem, buf, align);

		if (r) {
			sim_buf_unmap(buf);
			return r;
		}
		va = buf->own_va;
	}
	buf->node.start = (uintptr_t)va;
	buf->node.last = buf->node.start + (buf->frames << SIM_PAGE_SHIFT) - 1;
	for (unsigned int i = 0; i < buf->extents; i++) {
		if (!buf->extent[i].zero)
			memset(va, 0, buf->extent[i].count << SIM_PAGE_SHIFT);
		buf->extent[i].zero = false;
		va += buf->extent[i].count << SIM_PAGE_SHIFT;
	}
	return 0;
}

static struct sim_buf *sim_buf_collect(struct sim_mem *mem, uint64_t frames, uint64_t align)
{
	struct sim_buf *buf = NULL;

	pthread_mutex_lock(&mem->lock);
	if (!sim_mem_take(mem, frames, align)) {
		size_t bytes = mem->taken.count * sizeof(struct sim_extent);

		/* its references are counted on lines of its own */
		buf = aligned_alloc(64, ALIGN_UP(sizeof(*buf) + bytes, 64));
		if (buf) {
			memset(buf, 0, sizeof(*buf));
			memcpy(buf->extent, mem->taken.extent, bytes);
			buf->extents = (unsigned int)mem->taken.count;
			buf->frames = frames;
			atomic_init(&buf->refs, 1);
		} else {
			sim_mem_give_back(mem, mem->taken.extent, mem->taken.count);
		}
	}
	pthread_mutex_unlock(&mem->lock);
	return buf;
}

int sim_buf_new(struct sim_mem *mem, uint64_t size, enum iommu_mem_kind kind, struct sim_buf **out)
{
	uint64_t align = 1;
	struct sim_buf *buf;
	int r;

	if (kind == IOMMU_MEM_HUGETLB_1G)
		align = GiB(1) / SIM_PAGE;
	else if (kind == IOMMU_MEM_HUGETLB_2M || (kind == IOMMU_MEM_THP && size >= MiB(2)))
		align = MiB(2) / SIM_PAGE;
	if (!size || size > SIM_FRAMES << SIM_PAGE_SHIFT)
		return size ? -ENOMEM : -EINVAL;
	size = ALIGN_UP(size, kind == IOMMU_MEM_THP ? SIM_PAGE : align * SIM_PAGE);
	buf = sim_buf_collect(mem, size >> SIM_PAGE_SHIFT, align);
	if (!buf)
		return -ENOMEM;
	r = sim_buf_place(mem, buf, align);
	pthread_mutex_lock(&mem->lock);
	if (r) {
		sim_mem_give_back(mem, buf->extent, buf->extents);
		free(buf);
	} else {
		range_tree_insert(&mem->by_va, &buf->node);
		buf->next = mem->all;
		if (mem->all)
			mem->all->prev = buf;
		mem->all = buf;
		*out = buf;
	}
	pthread_mutex_unlock(&mem->lock);
	return r;
}

void sim_buf_release(struct sim_mem *mem, struct sim_buf *buf)
{
	pthread_mutex_lock(&mem->lock);
	range_tree_remove(&mem->by_va, &buf->node);
	atomic_fetch_add(&mem->epoch, 1);
	pthread_mutex_unlock(&mem->lock);
	sim_buf_unmap(buf);
	sim_buf_put(mem, buf);
}

int sim_buf_move(struct sim_mem *mem, struct sim_buf *buf)
{
	uint64_t bytes = buf->frames << SIM_PAGE_SHIFT;
	void *old = buf->own_va;
	int r = sim_buf_map(mem, buf, 1);

	if (r) {
		sim_buf_unmap(buf);
		buf->own_va = old;
		return r;
	}
	pthread_mutex_lock(&mem->lock);
	range_tree_remove(&mem->by_va, &buf->node);
	atomic_fetch_add(&mem->epoch, 1);
	buf->node.start = (uintptr_t)buf->own_va;
	buf->node.last = buf->node.start + bytes - 1;
	range_tree_insert(&mem->by_va, &buf->node);
	pthread_mutex_unlock(&mem->lock);
	if (old)
		munmap(old, bytes);
	return 0;
}

int sim_buf_copy_in_child(const struct sim_mem *mem, const struct sim_buf *buf)
{
	return sim_buf_map_at(mem, buf, (char *)buf->node.start, MAP_PRIVATE);
}

struct sim_buf *sim_buf_get(struct sim_mem *mem, const void *va, uint64_t size, uint64_t *offset)
{
	uint64_t start = (uintptr_t)va;
	struct range_node *node;
	struct sim_buf *buf = NULL;

	pthread_mutex_lock(&mem->lock);
	node = range_tree_first(&mem->by_va, start, start);
	if (node && size - 1 <= node->last - start) {
		buf = container_of(node, struct sim_buf, node);
		atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
		*offset = start - node->start;
	}
	pthread_mutex_unlock(&mem->lock);
	return buf;
}

/* False: it is on its way out. */
static bool sim_buf_try(struct sim_buf *buf)
{
	unsigned int refs = atomic_load_explicit(&buf->refs, memory_order_relaxed);

	while (refs && !atomic_compare_exchange_weak_explicit(&buf->refs, &refs, refs + 1, memory_order_acquire,
							      memory_order_relaxed))
		;
	return refs;
}

/* Inside of a section: until it ends the buffer's own memory is there, whatever became of the buffer. */
static struct sim_buf *sim_buf_hinted(struct sim_mem *mem, const struct sim_buf_hint *hint, uint64_t start,
				      uint64_t size)
{
	if (!hint->buf || atomic_load_explicit(&mem->epoch, memory_order_acquire) != hint->epoch ||
	    start < hint->start || start > hint->last || size - 1 > hint->last - start)
		return NULL;
	return sim_buf_try(hint->buf) ? hint->buf : NULL;
}

struct sim_buf *sim_buf_get_near(struct sim_mem *mem, struct sim_buf_hint *hint, const void *va, uint64_t size,
				 uint64_t *offset)
{
	uint64_t epoch = atomic_load_explicit(&mem->epoch, memory_order_acquire);
	struct sim_buf *buf;

	rcu_enter_books();
	buf = sim_buf_hinted(mem, hint, (uintptr_t)va, size);
	rcu_leave_books();
	if (buf) {
		*offset = (uintptr_t)va - hint->start;
		return buf;
	}
	buf = sim_buf_get(mem, va, size, offset);
	if (buf)
		*hint = (struct sim_buf_hint){.buf = buf, .start = (uintptr_t)va - *offset, .epoch = epoch};
	if (buf)
		hint->last = hint->start + (buf->frames << SIM_PAGE_SHIFT) - 1;
	return buf;
}

struct sim_buf *sim_buf_hold(struct sim_mem *mem, struct sim_buf *buf)
{
	atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
	return buf;
}

static void sim_buf_punch(struct sim_mem *mem, struct sim_buf *buf)
{
	for (unsigned int i = 0; i < buf->extents; i++) {
		struct sim_extent *e = &buf->extent[i];

		if (e->count >= SIM_PUNCH_FRAMES)
			e->zero = !fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					     (off_t)(e->frame << SIM_PAGE_SHIFT), (off_t)(e->count << SIM_PAGE_SHIFT));
	}
}

void sim_buf_put(struct sim_mem *mem, struct sim_buf *buf)
{
	bool lost;

	if (atomic_fetch_sub_explicit(&buf->refs, 1, memory_order_acq_rel) > 1)
		return;
	pthread_mutex_lock(&mem->lock);
	lost = buf->lost;
	if (buf->next)
		buf->next->prev = buf->prev;
	if (buf->prev)
		buf->prev->next = buf->next;
	else
		mem->all = buf->next;
	pthread_mutex_unlock(&mem->lock);
	if (!lost) {
		sim_buf_punch(mem, buf);
		pthread_mutex_lock(&mem->lock);
		sim_mem_give_back(mem, buf->extent, buf->extents);
		pthread_mutex_unlock(&mem->lock);
	}
	/* whoever is still looking at a hint */
	rcu_wait_for(RCU_BOOKS);
	free(buf);
}

void sim_buf_recount(struct sim_mem *mem)
{
	for (struct sim_buf *buf = mem->all; buf; buf = buf->next)
		buf->due = range_tree_first(&mem->by_va, buf->node.start, buf->node.start) == &buf->node;
}

void sim_buf_settle(struct sim_mem *mem)
{
	struct sim_buf *next;

	for (struct sim_buf *buf = mem->all; buf; buf = next) {
		next = buf->next;
		/* with the last one the buffer goes */
		unsigned int refs = atomic_load(&buf->refs);

		for (unsigned int excess = refs - MIN(buf->due, refs); excess; excess--)
			sim_buf_put(mem, buf);
	}
	pthread_mutex_lock(&mem->lock);
	sim_mem_settle(mem);
	pthread_mutex_unlock(&mem->lock);
}

void sim_buf_lose(struct sim_mem *mem, struct sim_buf *buf)
{
	pthread_mutex_lock(&mem->lock);
	if (!buf->lost)
		sim_mem_give_back(mem, buf->extent, buf->extents);
	buf->lost = true;
	pthread_mutex_unlock(&mem->lock);
}

uint64_t sim_buf_frame(const struct sim_buf *buf, uint64_t page, uint64_t max, uint64_t *count)
{
	const struct sim_extent *e = buf->extent;

	while (page >= e->count)
		page -= (e++)->count;
	*count = MIN(max, e->count - page);
	return e->frame + page;
}
