/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kind of CPU does in its own way to whole words; the table of kinds. Private to the bitmaps and their tests. */
#ifndef IC_BASE_BITMAP_VARIANT_H
#define IC_BASE_BITMAP_VARIANT_H

#include "base/bitmap.h"

/*
 * Runs while they are made, counted in edges: two to each. An odd number: the last run, which begins at @open, has no end yet and its count is
 * anything.
 */
struct bitmap_pairs {
	struct bitmap_run *out;
	uint64_t nr, max, open;
};
#define BITMAP_PAIRS_ROOM 64u /* edges in one word, at most */

struct bitmap_variant {
	const char *name;
	bool (*works)(void); /* on this CPU and kernel */
	/* The bits set in any of @n words: nothing but reading, as fast as it goes, for other scans to be held against. */
	uint64_t (*merge)(const uint64_t *words, uint64_t n);
	/* Bits set in @n words. */
	uint64_t (*count)(const uint64_t *words, uint64_t n);
	/* Added to *out. */
	void (*compare)(const uint64_t *a, const uint64_t *b, uint64_t n, struct bitmap_diff *out);
	/* The first word from @from on that is not @same; @end where there is none. */
	uint64_t (*skip_same)(const uint64_t *words, uint64_t from, uint64_t end, uint64_t same);
	/* Fills nr_words, nr, word[], count[] and bit[] from @n words, at most BITMAP_EDGE_WORDS; reads and writes last. */
	void (*edges)(const uint64_t *words, unsigned int n, struct bitmap_edges *e);
	/* Makes runs of the edges in @e, while there is room for BITMAP_PAIRS_ROOM more. How many of its nr_words were taken. */
	unsigned int (*pairs)(const struct bitmap_edges *e, struct bitmap_pairs *p);
};

extern const struct bitmap_variant bitmap_plain;
#ifdef __x86_64__
extern const struct bitmap_variant bitmap_avx2, bitmap_avx512;
#endif

/* The best first, ended by NULL; the last one always works. */
extern const struct bitmap_variant *const bitmap_variants[];
/* The first that works here. */
const struct bitmap_variant *bitmap_variant(void);
/* Takes @v from now on, for tests of each; NULL: the best again. */
void bitmap_variant_force(const struct bitmap_variant *v);

/* The edges of a word, given the bit before it. */
static inline uint64_t bitmap_word_edges(uint64_t word, uint64_t last)
{
	return word ^ (word << 1 | last);
}

/* So far ahead of the words at work: with phases that do not read, the hardware alone would not keep memory busy. */
#define BITMAP_AHEAD 1024
static inline void bitmap_prefetch(const uint64_t *words, uint64_t at)
{
	__builtin_prefetch((const void *)((uintptr_t)words + (at + BITMAP_AHEAD) * 8), 0, 3);
}

#endif
