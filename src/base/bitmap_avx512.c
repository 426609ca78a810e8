/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans by vectors of eight words, for CPUs with AVX-512, VBMI2 and VPOPCNTDQ. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "base/bitmap_variant.h"
#include "base/util.h"

#define AVX512_TARGET \
	__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx512vpopcntdq,bmi,bmi2,popcnt")))
#define AVX512_INLINE static inline __attribute__((always_inline)) AVX512_TARGET

/* The next eight words, or those of them that are left; the others are 0. *lanes = which. */
AVX512_INLINE __m512i avx512_load(const uint64_t *words, uint64_t left, __mmask8 *lanes)
{
	*lanes = left >= 8 ? 0xff : (__mmask8)((1u << left) - 1);
	return left >= 8 ? _mm512_loadu_si512(words) : _mm512_maskz_loadu_epi64(*lanes, words);
}

static AVX512_TARGET uint64_t avx512_merge(const uint64_t *words, uint64_t n)
{
	__m512i any[4] = {0};
	__mmask8 lanes;
	uint64_t i = 0;

	for (; i + 32 <= n; i += 32) {
#pragma GCC unroll 4
		for (unsigned int k = 0; k < 4; k++)
			any[k] = _mm512_or_si512(any[k], _mm512_loadu_si512(words + i + 8 * k));
	}
	for (; i < n; i += 8)
		any[0] = _mm512_or_si512(any[0], avx512_load(words + i, n - i, &lanes));
	any[0] = _mm512_or_si512(_mm512_or_si512(any[0], any[1]), _mm512_or_si512(any[2], any[3]));
	return (uint64_t)_mm512_reduce_or_epi64(any[0]);
}

static AVX512_TARGET uint64_t avx512_count(const uint64_t *words, uint64_t n)
{
	__m512i sum[4] = {0};
	__mmask8 lanes;
	uint64_t i = 0;

	for (; i + 32 <= n; i += 32)
#pragma GCC unroll 4
		for (unsigned int k = 0; k < 4; k++) {
			bitmap_prefetch(words, i + 8 * k);
			sum[k] = _mm512_add_epi64(sum[k], _mm512_popcnt_epi64(_mm512_loadu_si512(words + i + 8 * k)));
		}
	for (; i < n; i += 8)
		sum[0] = _mm512_add_epi64(sum[0], _mm512_popcnt_epi64(avx512_load(words + i, n - i, &lanes)));
	sum[0] = _mm512_add_epi64(_mm512_add_epi64(sum[0], sum[1]), _mm512_add_epi64(sum[2], sum[3]));
	return (uint64_t)_mm512_reduce_add_epi64(sum[0]);
}

static AVX512_TARGET void avx512_compare(const uint64_t *a, const uint64_t *b, uint64_t n, struct bitmap_diff *out)
{
	__m512i in_a = _mm512_setzero_si512(), in_b = in_a, both = in_a, x, y;
	uint64_t common;
	__mmask8 lanes;

	for (uint64_t i = 0; i < n; i += 8) {
		bitmap_prefetch(a, i);
		bitmap_prefetch(b, i);
		x = avx512_load(a + i, n - i, &lanes);
		y = avx512_load(b + i, n - i, &lanes);
		in_a = _mm512_add_epi64(in_a, _mm512_popcnt_epi64(x));
		in_b = _mm512_add_epi64(in_b, _mm512_popcnt_epi64(y));
		both = _mm512_add_epi64(both, _mm512_popcnt_epi64(_mm512_and_si512(x, y)));
	}
	common = (uint64_t)_mm512_reduce_add_epi64(both);
	out->only_a += (uint64_t)_mm512_reduce_add_epi64(in_a) - common;
	out->only_b += (uint64_t)_mm512_reduce_add_epi64(in_b) - common;
	out->both += common;
}

static AVX512_TARGET uint64_t avx512_skip(const uint64_t *words, uint64_t from, uint64_t end, uint64_t same)
{
	const __m512i all = _mm512_set1_epi64((long long)same);
	__mmask8 lanes;

	for (; from < end; from += 8) {
		__m512i x = avx512_load(words + from, end - from, &lanes);
		unsigned int differ = _mm512_mask_cmpneq_epi64_mask(lanes, x, all);

		if (differ)
			return from + (uint64_t)__builtin_ctz(differ);
	}
	return end;
}

static const uint8_t avx512_numbers[64] __attribute__((aligned(64))) = {
	0,  1,	2,  3,	4,  5,	6,  7,	8,  9,	10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

/*
 * The numbers of the bits of @mask, and zeros. The instruction waits for the old value of the register it writes to although none of it
 * stays (Zen 5: one in 5 cycles instead of one in 1.5), and the compiler's intrinsic does not take that into account.
 * One of the lower sixteen, which is what vpxor knows.
 */
AVX512_INLINE __m512i avx512_bits(uint64_t mask, __m512i numbers)
{
	__m512i list;

	__asm__("vpxor %x0, %x0, %x0\n\tvpcompressb %2, %0%{%1%}%{z%}"
		: "=&x"(list)
		: "Yk"((__mmask64)mask), "v"(numbers));
	return list;
}

struct avx512_block {
	uint64_t edges[BITMAP_EDGE_WORDS] __attribute__((aligned(64)));
	uint64_t lanes[BITMAP_EDGE_WORDS / 64]; /* bit per word: it has edges */
};

/* The edges of eight words, of which those in @lanes are there; *before = the eight before them. Which of them have any. */
AVX512_INLINE uint8_t avx512_mark_eight(__m512i x, __mmask8 lanes, __m512i *before, uint64_t *edges)
{
	__m512i e = _mm512_xor_si512(x, _mm512_shldi_epi64(x, _mm512_alignr_epi64(x, *before, 7), 1));

	*before = x;
	if (lanes != 0xff)
		e = _mm512_maskz_mov_epi64(lanes, e);
	_mm512_store_si512(edges, e);
	return _mm512_test_epi64_mask(e, e);
}

/* The edges of each word, as bits. What is gathered stays in a register: vectors are slow to load where bytes were just stored. */
AVX512_INLINE void avx512_mark(const uint64_t *words, unsigned int n, struct bitmap_edges *e, struct avx512_block *b)
{
	__m512i before = _mm512_set1_epi64((long long)(e->last << 63)), x;
	__mmask8 lanes;
	uint64_t some;

	for (unsigned int from = 0; from < n; from += 64) {
		unsigned int i = from, end = MIN(from + 64, n);

		some = 0;
		for (; i + 8 <= end; i += 8) {
			bitmap_prefetch(words, i);
			x = _mm512_loadu_si512(words + i);
			some |= (uint64_t)avx512_mark_eight(x, 0xff, &before, b->edges + i) << (i - from);
		}
		if (i < end) {
			x = avx512_load(words + i, end - i, &lanes);
			some |= (uint64_t)avx512_mark_eight(x, lanes, &before, b->edges + i) << (i - from);
		}
		b->lanes[from / 64] = some;
	}
	if (n)
		e->last = words[n - 1] >> 63;
}

/* The words that have edges. */
AVX512_INLINE unsigned int avx512_list_words(unsigned int n, struct bitmap_edges *e, const struct avx512_block *b)
{
	const __m512i numbers = _mm512_load_si512(avx512_numbers);
	unsigned int nr = 0;

	for (unsigned int i = 0; i < n; i += 64) {
		__m512i list = avx512_bits(b->lanes[i / 64], numbers), from = _mm512_set1_epi16((short)i);

		_mm512_storeu_si512(e->word + nr,
				    _mm512_add_epi16(from, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(list))));
		_mm512_storeu_si512(e->word + nr + 32,
				    _mm512_add_epi16(from, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(list, 1))));
		nr += (unsigned int)__builtin_popcountll(b->lanes[i / 64]);
	}
	return nr;
}

/* Most words have one run, with two edges, which are found without a branch that could be mispredicted. */
AVX512_INLINE unsigned int avx512_few(struct bitmap_edges *e, const struct avx512_block *b)
{
	const __m512i numbers = _mm512_load_si512(avx512_numbers);
	unsigned int nr = 0;

	for (unsigned int j = 0; j < e->nr_words; j++) {
		uint64_t edges = b->edges[e->word[j]];
		unsigned int count = (unsigned int)__builtin_popcountll(edges);

		uint16_t two = (uint16_t)(_tzcnt_u64(edges) | _tzcnt_u64(_blsr_u64(edges)) << 8);

		memcpy(e->bit[j], &two, sizeof(two));
		if (__builtin_expect(count > 2, 0))
			_mm512_storeu_si512(e->bit[j], avx512_bits(edges, numbers));
		e->count[j] = (uint8_t)count;
		nr += count;
	}
	return nr;
}

/* The edges of the next eight words, or of the @left ones that there are: their bits, how many in each, and added to eight sums of them. */
AVX512_INLINE void avx512_count_eight(const uint64_t *words, uint64_t left, __m512i *before, uint64_t *edges,
				      uint8_t *count, __m512i *nr)
{
	__m512i x, counts;
	__mmask8 lanes;

	bitmap_prefetch(words, 0);
	x = avx512_load(words, left, &lanes);
	avx512_mark_eight(x, lanes, before, edges);
	counts = _mm512_popcnt_epi64(_mm512_load_si512(edges));
	*nr = _mm512_add_epi64(*nr, counts);
	_mm_storel_epi64((__m128i *)count, _mm512_cvtepi64_epi8(counts));
}

#define AVX512_LAG 32u /* words */

/*
 * All words alike, whether they have edges or not: in hardly more than the cycle and a half each that the listing instruction takes (Zen 5).
 * Edges are found some words before they are listed: what was just stored as a vector is slow to load as masks.
 */
AVX512_INLINE void avx512_many(const uint64_t *words, unsigned int n, struct bitmap_edges *e)
{
	const __m512i numbers = _mm512_load_si512(avx512_numbers);
	__m512i before = _mm512_set1_epi64((long long)(e->last << 63)), nr = _mm512_setzero_si512();
	uint64_t edges[BITMAP_EDGE_WORDS] __attribute__((aligned(64)));

	for (unsigned int i = 0; i < MIN(n, AVX512_LAG); i += 8)
		avx512_count_eight(words + i, n - i, &before, edges + i, e->count + i, &nr);
	for (unsigned int i = 0, j = AVX512_LAG; i < n; i += 8, j += 8) {
		if (j < n)
			avx512_count_eight(words + j, n - j, &before, edges + j, e->count + j, &nr);
#pragma GCC unroll 8
		for (unsigned int k = i; k < i + 8; k++)
			_mm512_storeu_si512(e->bit[k], avx512_bits(edges[k], numbers));
	}
	if (n)
		e->last = words[n - 1] >> 63;
	e->nr = (unsigned int)_mm512_reduce_add_epi64(nr);
}

/* All words are listed; those that are it already stay. */
AVX512_INLINE void avx512_all_words(unsigned int n, struct bitmap_edges *e)
{
	for (unsigned int i = e->all; i < n; i++)
		e->word[i] = (uint16_t)i;
	e->all = MAX(e->all, n);
	e->nr_words = n;
}

static AVX512_TARGET void avx512_edges(const uint64_t *words, unsigned int n, struct bitmap_edges *e)
{
	uint64_t last = e->last;
	struct avx512_block b;

	if (!e->dense) {
		avx512_mark(words, n, e, &b);
		e->nr_words = avx512_list_words(n, e, &b);
		e->all = 0;
		e->dense = e->nr_words > n / 4;
	}
	if (!e->dense) {
		e->nr = avx512_few(e, &b);
		return;
	}
	e->last = last;
	avx512_many(words, n, e);
	avx512_all_words(n, e);
	e->dense = e->nr > n / 2;
}

/* Four runs from eight edges of the word whose first bit is @base. */
AVX512_INLINE void avx512_four(const uint8_t *bit, __m512i base, uint64_t *edge)
{
	__m512i edges = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)bit));

	edges = _mm512_mask_sub_epi64(edges, 0xaa, edges, _mm512_unpacklo_epi64(edges, edges));
	_mm512_storeu_si512(edge, _mm512_mask_add_epi64(edges, 0x55, edges, base));
}

/* As bitmap_body_pairs(), but by one, five and eight times four runs: which of these is mostly as before, too. */
static AVX512_TARGET unsigned int avx512_pairs(const struct bitmap_edges *e, struct bitmap_pairs *p)
{
	uint64_t *edge = (uint64_t *)p->out + p->nr, *end = (uint64_t *)p->out + p->max, open = p->open;
	unsigned int j, inside = p->nr % 2;

	for (j = 0; j < e->nr_words && end - edge >= BITMAP_PAIRS_ROOM; j++) {
		uint64_t base = (e->first + e->word[j]) * 64;
		const __m512i bases = _mm512_set1_epi64((long long)base);
		const uint8_t *bit = e->bit[j] + inside;
		unsigned int count = e->count[j];
		uint64_t *to = edge + inside;

		if (!count)
			continue;
		*edge = base + e->bit[j][0] - open;
		avx512_four(bit, bases, to);
		if (count > 8) {
#pragma GCC unroll 4
			for (unsigned int k = 8; k < 40; k += 8)
				avx512_four(bit + k, bases, to + k);
			for (unsigned int k = 40; k < 64 && count > 40; k += 8)
				avx512_four(bit + k, bases, to + k);
		}
		open = base + e->bit[j][count - 1];
		edge += count;
		inside ^= count % 2;
	}
	p->open = open;
	p->nr = (uint64_t)(edge - (uint64_t *)p->out);
	return j;
}

static bool avx512_works(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

const struct bitmap_variant bitmap_avx512 = {
	.name = "avx512",
	.works = avx512_works,
	.merge = avx512_merge,
	.count = avx512_count,
	.compare = avx512_compare,
	.skip_same = avx512_skip,
	.edges = avx512_edges,
	.pairs = avx512_pairs,
};
#else
/* A file needs something in it. */
typedef int bitmap_no_avx512;
#endif
