/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans of whole bitmaps: counting, comparing, edges. */
#include "base/bitmap.h"

/* The bits of the last word that belong to it; all where @bits ends with it. */
static uint64_t bitmap_tail(uint64_t bits)
{
	return bits % 64 ? (1ull << bits % 64) - 1 : ~0ull;
}

uint64_t bitmap_count(const uint64_t *words, uint64_t bits)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < bits / 64; i++)
		n += (uint64_t)__builtin_popcountll(words[i]);
	if (bits % 64)
		n += (uint64_t)__builtin_popcountll(words[bits / 64] & bitmap_tail(bits));
	return n;
}

static void bitmap_compare_word(uint64_t a, uint64_t b, struct bitmap_diff *out)
{
	out->only_a += (uint64_t)__builtin_popcountll(a & ~b);
	out->only_b += (uint64_t)__builtin_popcountll(b & ~a);
	out->both += (uint64_t)__builtin_popcountll(a & b);
}

void bitmap_compare(const uint64_t *a, const uint64_t *b, uint64_t bits, struct bitmap_diff *out)
{
	uint64_t i, tail = bitmap_tail(bits);

	*out = (struct bitmap_diff){0};
	for (i = 0; i < bits / 64; i++)
		bitmap_compare_word(a[i], b[i], out);
	if (bits % 64)
		bitmap_compare_word(a[i] & tail, b[i] & tail, out);
}

size_t bitmap_edges(const uint64_t *words, uint64_t word, uint64_t nr_words, uint64_t *last, uint32_t *edge)
{
	size_t n = 0;

	for (uint64_t i = 0; i < nr_words; i++) {
		uint64_t x = words[word + i], edges = x ^ (x << 1 | *last);

		for (; edges; edges &= edges - 1)
			edge[n++] = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(edges);
		*last = x >> 63;
	}
	return n;
}
