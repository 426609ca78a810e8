/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty bits read and cleared with nothing around it. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "core/bench/dirty.h"
#include "iommu/plain.h"

#define PLAIN_RIGHTS UINT64_C(3)
#define PLAIN_DIRTY (UINT64_C(1) << 9)

static enum bench_dirty_kind plain_kind(struct session *s, const struct dirty_at *at)
{
	if (!session_is_simulated(s))
		return BENCH_DIRTY_IOCTL;
	if (at->source == DIRTY_IOMMU)
		return BENCH_DIRTY_ENTRIES;
	return at->source == DIRTY_DEVICE ? BENCH_DIRTY_WORDS : BENCH_DIRTY_SET;
}

int bench_dirty_plain_begin(struct bench_dirty_plain *plain, struct session *s, const struct dirty_at *at,
			    const struct iommu_map_req *req, uint64_t page_size, struct fail *f)
{
	void *memory;

	*plain = (struct bench_dirty_plain){.kind = plain_kind(s, at), .leaf = KiB(4), .page_size = page_size};
	if (plain->kind == BENCH_DIRTY_ENTRIES) {
		iommu_leaf_size(at->iommu, req->iova, &plain->leaf);
		plain->nr = req->size / plain->leaf + !!(req->size % plain->leaf);
	} else if (plain->kind == BENCH_DIRTY_WORDS) {
		plain->nr = bitmap_words(req->size / page_size);
	}
	if (!plain->nr)
		return 0;
	plain->bytes = plain->nr * 8;
	memory = mmap(NULL, plain->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return fail_set(f, ENOMEM, "no memory for %" PRIu64 " words of the plain loop", plain->nr);
	plain->memory = memory;
	for (uint64_t i = 0; plain->kind == BENCH_DIRTY_ENTRIES && i < plain->nr; i++)
		atomic_store_explicit(&plain->memory[i], i << 12 | PLAIN_RIGHTS, memory_order_relaxed);
	return 0;
}

void bench_dirty_plain_end(struct bench_dirty_plain *plain)
{
	if (plain->memory)
		munmap((void *)plain->memory, plain->bytes);
	plain->memory = NULL;
}

const char *bench_dirty_plain_name(const struct bench_dirty_plain *plain)
{
	static const char *const names[] = {"plain-ioctl", "plain-entries", "plain-words", "memset"};

	return names[plain->kind];
}

const char *bench_dirty_plain_text(const struct bench_dirty_plain *plain)
{
	static const char *const texts[] = {"the bare ioctl", "as many page-table entries looked at one by one",
					    "as many words of a log taken one by one", "memset of the bitmap"};

	return texts[plain->kind];
}

static void plain_or(_Atomic uint64_t *at, uint64_t bits)
{
	atomic_store_explicit(at, atomic_load_explicit(at, memory_order_relaxed) | bits, memory_order_relaxed);
}

void bench_dirty_plain_mark(struct bench_dirty_plain *plain, const uint64_t *want, uint64_t pages)
{
	if (plain->kind == BENCH_DIRTY_WORDS)
		for (uint64_t i = 0; i < plain->nr; i++)
			plain_or(&plain->memory[i], want[i]);
	if (plain->kind != BENCH_DIRTY_ENTRIES)
		return;
	for (uint64_t page = 0; (page = bitmap_next(want, pages, page)) < pages; page++)
		plain_or(&plain->memory[page * plain->page_size / plain->leaf], PLAIN_DIRTY);
}

/* --- reading --- */

/* A look at each; those that are dirty are cleared as hardware may set them meanwhile, by an atomic, and their pages' bits set. */
static void plain_entries(struct bench_dirty_plain *plain, uint64_t *bits)
{
	uint64_t per_leaf = MAX(plain->leaf / plain->page_size, (uint64_t)1);

	for (uint64_t i = 0; i < plain->nr; i++) {
		uint64_t page;

		if (!(atomic_load_explicit(&plain->memory[i], memory_order_relaxed) & PLAIN_DIRTY))
			continue;
		atomic_fetch_and_explicit(&plain->memory[i], ~PLAIN_DIRTY, memory_order_relaxed);
		page = i * plain->leaf / plain->page_size;
		if (per_leaf == 1)
			bits[page / 64] |= UINT64_C(1) << (page % 64);
		else
			bitmap_set(bits, page, per_leaf);
	}
}

static void plain_words(struct bench_dirty_plain *plain, uint64_t *bits)
{
	for (uint64_t i = 0; i < plain->nr; i++)
		if (atomic_load_explicit(&plain->memory[i], memory_order_relaxed))
			bits[i] |= atomic_exchange_explicit(&plain->memory[i], 0, memory_order_relaxed);
}

int bench_dirty_plain_read(struct bench_dirty_plain *plain, const struct dirty_at *at, const struct dirty_read *req)
{
	switch (plain->kind) {
	case BENCH_DIRTY_IOCTL:
		return iommu_plain_dirty_read(at, req);
	case BENCH_DIRTY_ENTRIES:
		plain_entries(plain, req->bits);
		return 0;
	case BENCH_DIRTY_WORDS:
		plain_words(plain, req->bits);
		return 0;
	default:
		memset(req->bits, 0xff, req->bytes);
		return 0;
	}
}
