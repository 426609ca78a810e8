/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans of whole bitmaps: which variant does them is chosen once; the bits of the last word are seen to here. */
#include "base/bitmap_variant.h"

#include "base/util.h"

const struct bitmap_variant *const bitmap_variants[] = {
#ifdef __x86_64__
	&bitmap_avx512,
	&bitmap_avx2,
#endif
	&bitmap_plain,
	NULL,
};

static const struct bitmap_variant *bitmap_chosen;

/* A table instead of the compiler's function versions: those are resolved before a sanitizer's runtime is there. */
const struct bitmap_variant *bitmap_variant(void)
{
	const struct bitmap_variant *v = __atomic_load_n(&bitmap_chosen, __ATOMIC_RELAXED);

	if (v)
		return v;
	for (size_t i = 0; !v; i++)
		if (bitmap_variants[i]->works())
			v = bitmap_variants[i];
	__atomic_store_n(&bitmap_chosen, v, __ATOMIC_RELAXED);
	return v;
}

void bitmap_variant_force(const struct bitmap_variant *v)
{
	__atomic_store_n(&bitmap_chosen, v, __ATOMIC_RELAXED);
}

/* The bits of the last word that belong to the bitmap, where it is not all of them. */
static uint64_t bitmap_tail(uint64_t bits)
{
	return (1ull << bits % 64) - 1;
}

uint64_t bitmap_count(const uint64_t *words, uint64_t bits)
{
	uint64_t n = bitmap_variant()->count(words, bits / 64);

	if (bits % 64)
		n += (uint64_t)__builtin_popcountll(words[bits / 64] & bitmap_tail(bits));
	return n;
}

/* A run begins at a set bit behind a clear one. These bits are put down a block at a time, for the count to find them in the cache. */
uint64_t bitmap_count_runs(const uint64_t *words, uint64_t bits)
{
	uint64_t begins[BITMAP_EDGE_WORDS], whole = bits / 64, n = 0, part;
	uint64_t before = 0;

	for (uint64_t at = 0; at < whole; at += part) {
		part = MIN(whole - at, BITMAP_EDGE_WORDS);
		begins[0] = words[at] & ~(words[at] << 1 | before);
		for (uint64_t i = 1; i < part; i++)
			begins[i] = words[at + i] & ~(words[at + i] << 1 | words[at + i - 1] >> 63);
		before = words[at + part - 1] >> 63;
		n += bitmap_variant()->count(begins, part);
	}
	if (bits % 64)
		n += (uint64_t)__builtin_popcountll(words[whole] & ~(words[whole] << 1 | before) & bitmap_tail(bits));
	return n;
}

void bitmap_compare(const uint64_t *a, const uint64_t *b, uint64_t bits, struct bitmap_diff *out)
{
	*out = (struct bitmap_diff){0};
	bitmap_variant()->compare(a, b, bits / 64, out);
	if (bits % 64) {
		uint64_t last_a = a[bits / 64] & bitmap_tail(bits), last_b = b[bits / 64] & bitmap_tail(bits);

		bitmap_plain.compare(&last_a, &last_b, 1, out);
	}
}

/* Edges of the last word, of which @bits % 64 bits are the bitmap's; what lies at its end is none. */
static void bitmap_edges_tail(uint64_t word, uint64_t bits, unsigned int at, struct bitmap_edges *e)
{
	uint64_t edges = bitmap_word_edges(word, e->last) & bitmap_tail(bits);
	unsigned int n = 0;

	if (!edges)
		return;
	for (; edges; edges &= edges - 1)
		e->bit[e->nr_words][n++] = (uint8_t)__builtin_ctzll(edges);
	e->word[e->nr_words] = (uint16_t)at;
	e->count[e->nr_words++] = (uint8_t)n;
	e->nr += n;
}

bool bitmap_edges(const uint64_t *words, uint64_t bits, struct bitmap_edges *e)
{
	uint64_t whole = bits / 64, end = bitmap_words(bits);
	unsigned int n;

	if (e->next >= end)
		return false;
	e->first = e->next;
	e->next = MIN(end, e->first + BITMAP_EDGE_WORDS);
	n = (unsigned int)(MIN(e->next, whole) - e->first);
	bitmap_variant()->edges(words + e->first, n, e);
	if (e->next > whole)
		bitmap_edges_tail(words[whole], bits, n, e);
	return true;
}
