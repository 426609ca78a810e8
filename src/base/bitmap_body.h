/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edges word by word, compiled anew by each variant that has no better way, with the instructions that it may use. */
#ifndef IC_BASE_BITMAP_BODY_H
#define IC_BASE_BITMAP_BODY_H

#include <endian.h>
#include <string.h>

#include "base/bitmap_variant.h"
#include "base/util.h"

#define BITMAP_BODY static inline __attribute__((always_inline))

/* For each byte which bits it has, one in each byte of the number, the lowest first. */
extern const uint64_t bitmap_byte_lists[256];

#define BITMAP_EACH 0x0101010101010101ull

/* How many bits are set in the bytes before each byte: sums of pairs, fours and bytes, then of all bytes below. */
BITMAP_BODY uint64_t bitmap_body_before(uint64_t word)
{
	word -= word >> 1 & BITMAP_EACH * 0x55;
	word = (word & BITMAP_EACH * 0x33) + (word >> 2 & BITMAP_EACH * 0x33);
	word = (word + (word >> 4)) & BITMAP_EACH * 0xf;
	return word * BITMAP_EACH << 8;
}

/* Lists the bits of a word, eight at a time; what is too much is overwritten by the next eight. */
BITMAP_BODY void bitmap_body_list(uint64_t word, uint8_t *bit)
{
	uint64_t before = bitmap_body_before(word), list;

#pragma GCC unroll 8
	for (unsigned int at = 0; at < 64; at += 8) {
		list = htole64(bitmap_byte_lists[word >> at & 0xff] + at * BITMAP_EACH);
		memcpy(bit + (before >> at & 0xff), &list, sizeof(list));
	}
}

BITMAP_BODY bool bitmap_body_is_still(const uint64_t *words, unsigned int n, uint64_t last)
{
	uint64_t moved = 0;

	for (unsigned int i = 0; i < n; i++)
		moved |= words[i] ^ -last;
	return !moved;
}

/* Notes those of @n words that have edges. Without a branch for each: whether a word has any cannot be predicted. */
BITMAP_BODY unsigned int bitmap_body_mark(const uint64_t *words, unsigned int n, struct bitmap_edges *e,
					  uint64_t *marks)
{
	uint64_t last = e->last;
	unsigned int nr = 0;

	for (unsigned int i = 0; i < n; i += 64) {
		unsigned int end = MIN(i + 64, n);

		for (unsigned int k = i; k < end; k += 8)
			bitmap_prefetch(words, k);
		if (bitmap_body_is_still(words + i, end - i, last))
			continue;
		for (unsigned int k = i; k < end; k++) {
			marks[nr] = bitmap_word_edges(words[k], last);
			e->word[nr] = (uint16_t)k;
			nr += marks[nr] != 0;
			last = words[k] >> 63;
		}
	}
	e->last = last;
	return nr;
}

/* Most words have one run, with two edges. */
BITMAP_BODY void bitmap_body_edges(const uint64_t *words, unsigned int n, struct bitmap_edges *e)
{
	uint64_t marks[BITMAP_EDGE_WORDS + 1], second;

	e->nr_words = bitmap_body_mark(words, n, e, marks);
	e->nr = 0;
	for (unsigned int j = 0; j < e->nr_words; j++) {
		e->count[j] = (uint8_t)__builtin_popcountll(marks[j]);
		if (e->count[j] <= 2) {
			second = marks[j] & (marks[j] - 1);
			e->bit[j][0] = (uint8_t)__builtin_ctzll(marks[j]);
			e->bit[j][1] = (uint8_t)__builtin_ctzll(second | 1ull << 63);
		} else {
			bitmap_body_list(marks[j], e->bit[j]);
		}
		e->nr += e->count[j];
	}
}

/* Four runs from eight edges of the word whose first bit is @base. */
BITMAP_BODY void bitmap_body_four(const uint8_t *bit, uint64_t base, uint64_t *edge)
{
#pragma GCC unroll 4
	for (unsigned int k = 0; k < 8; k += 2) {
		edge[k] = base + bit[k];
		edge[k + 1] = (uint64_t)bit[k + 1] - bit[k];
	}
}

/*
 * Whether a run is open where a word begins cannot be predicted and is no branch: its length goes where the next edge belongs, which is written
 * over where none was. By four runs, so that how often is mostly as before.
 */
BITMAP_BODY unsigned int bitmap_body_pairs(const struct bitmap_edges *e, struct bitmap_pairs *p)
{
	uint64_t *edge = (uint64_t *)p->out + p->nr, *end = (uint64_t *)p->out + p->max;
	unsigned int j, inside = p->nr % 2;

	for (j = 0; j < e->nr_words && end - edge >= BITMAP_PAIRS_ROOM; j++) {
		uint64_t base = (e->first + e->word[j]) * 64;
		unsigned int count = e->count[j];

		if (!count)
			continue;
		*edge = base + e->bit[j][0] - p->open;
		for (unsigned int k = inside; k < count; k += 8)
			bitmap_body_four(e->bit[j] + k, base, edge + k);
		p->open = base + e->bit[j][count - 1];
		edge += count;
		inside ^= count % 2;
	}
	p->nr = (uint64_t)(edge - (uint64_t *)p->out);
	return j;
}

BITMAP_BODY uint64_t bitmap_body_skip(const uint64_t *words, uint64_t from, uint64_t end, uint64_t same)
{
	for (; from + 8 <= end; from += 8) {
		uint64_t differ = 0;

		bitmap_prefetch(words, from);
		for (unsigned int k = 0; k < 8; k++)
			differ |= words[from + k] ^ same;
		if (differ)
			break;
	}
	while (from < end && words[from] == same)
		from++;
	return from;
}

#endif
