/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bits in 64-bit words: bit n is bit n % 64 of word n / 64, as the kernel's dirty bitmaps have it (drivers/iommu/iommufd/iova_bitmap.c).
 * Bits past the end in the last word are never looked at and may be anything. Scans take the widest vectors the CPU has.
 */
#ifndef IC_BASE_BITMAP_H
#define IC_BASE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t bitmap_words(uint64_t bits)
{
	return bits / 64 + !!(bits % 64);
}

static inline bool bitmap_test(const uint64_t *words, uint64_t bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

/* Set or clear @n bits from @first on. */
void bitmap_set(uint64_t *words, uint64_t first, uint64_t n);
void bitmap_clear(uint64_t *words, uint64_t first, uint64_t n);
/* How many of the first @bits are set. */
uint64_t bitmap_count(const uint64_t *words, uint64_t bits);
/* The same of @n bits from @first on. */
uint64_t bitmap_count_range(const uint64_t *words, uint64_t first, uint64_t n);
/* The first set (clear) bit at or after @from; @bits where there is none. */
uint64_t bitmap_next(const uint64_t *words, uint64_t bits, uint64_t from);
uint64_t bitmap_next_clear(const uint64_t *words, uint64_t bits, uint64_t from);

/* Runs of set bits, of all of @bits: as many as bitmap_runs() finds, in the time of about a pass. */
uint64_t bitmap_count_runs(const uint64_t *words, uint64_t bits);

struct bitmap_diff {
	uint64_t only_a, only_b, both;
};
void bitmap_compare(const uint64_t *a, const uint64_t *b, uint64_t bits, struct bitmap_diff *out);

/*
 * Where runs of set bits begin and end, a block of words at a time: the fastest form, since at random half of all bits are such edges
 * and a byte each is as much as can be stored in the time that reading takes. An edge is a bit that differs from the one before it;
 * before bit 0 lies a clear one. Counted over all blocks, the even edges begin a run and the odd ones end it (they are the first bit
 * after it); a run that lasts to the very end has no second edge.
 *
 * The edges of the block, in order: for each j below nr_words the first count[j] of bit[j], which are bits of word first + word[j].
 * A row has room for all bits of a word, so that each begins a cache line: packed, most vectors would be stored over the border of two.
 */
#define BITMAP_EDGE_WORDS 256u
struct bitmap_edges {
	uint8_t bit[BITMAP_EDGE_WORDS + 1][64]
		__attribute__((aligned(64)));  /* 0 to 63; one row more, which may be read */
	uint64_t first;			       /* word that the block begins with */
	unsigned int nr_words, nr;	       /* entries of word[], count[] and bit[]; edges in all of them */
	uint16_t word[BITMAP_EDGE_WORDS + 64]; /* ascending: all that have edges, and maybe some with a count of 0 */
	uint8_t count[BITMAP_EDGE_WORDS + 64]; /* 0 to 64 */
	/* private; 64 entries more than there can be, above: vectors are stored whole */
	uint64_t next, last;
	unsigned int all; /* so many entries of word[] are 0, 1, 2, ... */
	bool dense;
};

/* Before the first block. The arrays need no value, and keep theirs from block to block. */
static inline void bitmap_edges_begin(struct bitmap_edges *e)
{
	e->next = e->last = 0;
	e->all = 0;
	e->dense = false;
}

/* The next block; false where there is none. A block may have no edges. */
bool bitmap_edges(const uint64_t *words, uint64_t bits, struct bitmap_edges *e);

/*
 * Up to @max runs of set bits at or after *at, which moves on; 0 = no more, fewer than @max say nothing. Runs are maximal: none touches the next.
 * Quickest with room for a thousand.
 */
struct bitmap_run {
	uint64_t first, count;
};
size_t bitmap_runs(const uint64_t *words, uint64_t bits, uint64_t *at, struct bitmap_run *out, size_t max);

#endif
