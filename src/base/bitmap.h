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

struct bitmap_diff {
	uint64_t only_a, only_b, both;
};
void bitmap_compare(const uint64_t *a, const uint64_t *b, uint64_t bits, struct bitmap_diff *out);

/*
 * Where runs of set bits begin and end: @edge gets the positions, counted from bit 64 * @word, at which a bit differs from the one
 * before it (before bit 0 of the whole lies a clear one), of @words words from @word on; *last carries over from call to call and is 0
 * at first. Returns how many; room for 64 * @words is needed, and @words is at most BITMAP_EDGE_WORDS. The even ones begin a run and the odd ones
 * end it, counted over all calls; a run that lasts to the very end has no second edge.
 */
#define BITMAP_EDGE_WORDS 1024u
size_t bitmap_edges(const uint64_t *words, uint64_t word, uint64_t nr_words, uint64_t *last, uint32_t *edge);

/* Up to @max runs of set bits at or after *at, which moves on; 0 = no more. Runs are maximal: none touches the next. */
struct bitmap_run {
	uint64_t first, count;
};
size_t bitmap_runs(const uint64_t *words, uint64_t bits, uint64_t *at, struct bitmap_run *out, size_t max);

#endif
