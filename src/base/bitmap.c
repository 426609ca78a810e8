/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps: setting, clearing, finding the next bit, runs; counting of parts. The scans of all are bitmap_scan.c's. */
#include "base/bitmap_variant.h"

#include <string.h>

#include "base/util.h"

/* The bits of one word from @first on, @n of them, n > 0 and first + n <= 64. */
static uint64_t bitmap_mask(unsigned int first, unsigned int n)
{
	return (n == 64 ? ~0ull : (1ull << n) - 1) << first;
}

/* The part of bits first .. first + n - 1 that lies in the word of @first; how many they are. */
static unsigned int bitmap_part(uint64_t first, uint64_t n, uint64_t *mask)
{
	unsigned int at = (unsigned int)(first % 64), part = (unsigned int)MIN(n, 64 - at);

	*mask = bitmap_mask(at, part);
	return part;
}

static void bitmap_put(uint64_t *words, uint64_t first, uint64_t n, bool set)
{
	uint64_t mask;
	unsigned int part;

	while (n && (first % 64 || n < 64)) {
		part = bitmap_part(first, n, &mask);
		words[first / 64] = set ? words[first / 64] | mask : words[first / 64] & ~mask;
		first += part;
		n -= part;
	}
	if (n >= 64) {
		memset(&words[first / 64], set ? 0xff : 0, n / 64 * 8);
		bitmap_put(words, first + n / 64 * 64, n % 64, set);
	}
}

void bitmap_set(uint64_t *words, uint64_t first, uint64_t n)
{
	bitmap_put(words, first, n, true);
}

void bitmap_clear(uint64_t *words, uint64_t first, uint64_t n)
{
	bitmap_put(words, first, n, false);
}

uint64_t bitmap_count_range(const uint64_t *words, uint64_t first, uint64_t n)
{
	uint64_t mask, count;
	unsigned int part;

	if (!(first % 64) || !n)
		return bitmap_count(words + first / 64, n);
	part = bitmap_part(first, n, &mask);
	count = (uint64_t)__builtin_popcountll(words[first / 64] & mask);
	return n == part ? count : count + bitmap_count(words + first / 64 + 1, n - part);
}

/* The first bit at or after @from that differs from @same's, which is all ones or all zeros. */
static uint64_t bitmap_find(const uint64_t *words, uint64_t bits, uint64_t from, uint64_t same)
{
	uint64_t at = from / 64, end = bitmap_words(bits), differ;

	if (from >= bits)
		return bits;
	differ = (words[at] ^ same) & ~0ull << (from % 64);
	if (!differ) {
		at = bitmap_variant()->skip_same(words, at + 1, end, same);
		if (at == end)
			return bits;
		differ = words[at] ^ same;
	}
	return MIN(at * 64 + (uint64_t)__builtin_ctzll(differ), bits);
}

uint64_t bitmap_next(const uint64_t *words, uint64_t bits, uint64_t from)
{
	return bitmap_find(words, bits, from, 0);
}

uint64_t bitmap_next_clear(const uint64_t *words, uint64_t bits, uint64_t from)
{
	return bitmap_find(words, bits, from, ~0ull);
}

/*
 * Runs that begin in one word, whose bits from @word on are @left; up to @max. The lowest run goes by adding its lowest bit: the carry stops
 * at the first clear bit above it, or leaves the word. *at = where to go on.
 */
static size_t bitmap_word_runs(const uint64_t *words, uint64_t bits, uint64_t left, uint64_t *at,
			       struct bitmap_run *out, size_t max)
{
	uint64_t base = ALIGN_DOWN(*at, 64), above, end;
	size_t n = 0;

	while (left && n < max) {
		out[n].first = base + (uint64_t)__builtin_ctzll(left);
		if (__builtin_add_overflow(left, left & -left, &above)) {
			end = bitmap_next_clear(words, bits, base + 64);
			out[n].count = end - out[n].first;
			*at = end;
			return n + 1;
		}
		out[n].count = base + (uint64_t)__builtin_ctzll(above) - out[n].first;
		left = above & (above - 1);
		n++;
	}
	*at = left ? out[n - 1].first + out[n - 1].count : base + 64;
	return n;
}

/* How many words are likely to fill the room that is left, given what came of @n words. */
static unsigned int bitmap_block_guess(const struct bitmap_pairs *p, uint64_t before, unsigned int n)
{
	uint64_t words = (uint64_t)n * (p->max - p->nr) / (p->nr - before + 1);

	return (unsigned int)MIN(MAX(words, 8), BITMAP_EDGE_WORDS);
}

/*
 * The runs of whole words from *at on, which is where a word begins, by their edges; there is room for one word's at least. Ends where there is
 * no longer, or where the whole words do.
 */
static size_t bitmap_block_runs(const uint64_t *words, uint64_t bits, uint64_t *at, struct bitmap_run *out, size_t max)
{
	const struct bitmap_variant *v = bitmap_variant();
	struct bitmap_pairs p = {out, 0, (uint64_t)max * 2, 0};
	uint64_t word = *at / 64, end = bits / 64, before;
	struct bitmap_edges e;
	unsigned int n = 16, taken;

	bitmap_edges_begin(&e);
	e.dense = __builtin_popcountll(words[word]) > 8;
	while (word < end && p.max - p.nr >= BITMAP_PAIRS_ROOM) {
		n = (unsigned int)MIN(n, end - word);
		before = p.nr;
		e.first = word;
		v->edges(words + word, n, &e);
		taken = v->pairs(&e, &p);
		if (taken < e.nr_words) {
			word += e.word[taken];
			break;
		}
		word += n;
		if (!e.nr)
			word = v->skip_same(words, word, end, -e.last);
		n = bitmap_block_guess(&p, before, n);
	}
	*at = word * 64;
	if (p.nr % 2) {
		*at = bitmap_next_clear(words, bits, *at);
		out[p.nr / 2].count = *at - p.open;
	}
	return (size_t)(p.nr / 2 + p.nr % 2);
}

#define BITMAP_BLOCK_ROOM (BITMAP_PAIRS_ROOM / 2) /* runs */

/* The bits of the bitmap from @at on that are in its word. */
static uint64_t bitmap_rest(const uint64_t *words, uint64_t bits, uint64_t at)
{
	uint64_t rest = words[at / 64] & ~0ull << (at % 64);

	return at / 64 == bits / 64 ? rest & ((1ull << bits % 64) - 1) : rest;
}

size_t bitmap_runs(const uint64_t *words, uint64_t bits, uint64_t *at, struct bitmap_run *out, size_t max)
{
	size_t n = 0;

	while (n < max) {
		if (max - n >= BITMAP_BLOCK_ROOM && *at % 64 == 0 && *at < bits && bits - *at >= 64) {
			n += bitmap_block_runs(words, bits, at, out + n, max - n);
			if (n && max - n < BITMAP_BLOCK_ROOM)
				break; /* the next call finds the rest faster */
		}
		*at = bitmap_next(words, bits, *at);
		if (*at >= bits)
			break;
		n += bitmap_word_runs(words, bits, bitmap_rest(words, bits, *at), at, out + n, max - n);
	}
	*at = MIN(*at, bits);
	return n;
}
