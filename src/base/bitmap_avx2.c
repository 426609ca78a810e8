/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans for CPUs with AVX2. */
#ifdef __x86_64__
#include <immintrin.h>

#include "base/bitmap_body.h"

#define AVX2_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX2_INLINE static inline __attribute__((always_inline)) AVX2_TARGET

/* Added to four sums: how many bits of @v are set, by a table of sixteen that is looked up for each half of a byte. */
AVX2_INLINE __m256i avx2_add_count(__m256i sums, __m256i v)
{
	const __m256i table =
		_mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
	const __m256i half = _mm256_set1_epi8(0xf);
	__m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(v, half));
	__m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));

	return _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256()));
}

AVX2_INLINE uint64_t avx2_sum(__m256i sums)
{
	return (uint64_t)_mm256_extract_epi64(sums, 0) + (uint64_t)_mm256_extract_epi64(sums, 1) +
	       (uint64_t)_mm256_extract_epi64(sums, 2) + (uint64_t)_mm256_extract_epi64(sums, 3);
}

AVX2_INLINE __m256i avx2_load(const uint64_t *words)
{
	return _mm256_loadu_si256((const __m256i *)words);
}

static AVX2_TARGET uint64_t avx2_merge(const uint64_t *words, uint64_t n)
{
	__m256i any[4] = {0};
	uint64_t i = 0, rest = 0;

	for (; i + 16 <= n; i += 16) {
#pragma GCC unroll 4
		for (unsigned int k = 0; k < 4; k++)
			any[k] = _mm256_or_si256(any[k], avx2_load(words + i + 4 * k));
	}
	for (; i < n; i++)
		rest |= words[i];
	any[0] = _mm256_or_si256(_mm256_or_si256(any[0], any[1]), _mm256_or_si256(any[2], any[3]));
	return rest | (uint64_t)_mm256_extract_epi64(any[0], 0) | (uint64_t)_mm256_extract_epi64(any[0], 1) |
	       (uint64_t)_mm256_extract_epi64(any[0], 2) | (uint64_t)_mm256_extract_epi64(any[0], 3);
}

static AVX2_TARGET uint64_t avx2_count(const uint64_t *words, uint64_t n)
{
	__m256i even = _mm256_setzero_si256(), odd = even;
	uint64_t i = 0, rest = 0;

	for (; i + 8 <= n; i += 8) {
		bitmap_prefetch(words, i);
		even = avx2_add_count(even, avx2_load(words + i));
		odd = avx2_add_count(odd, avx2_load(words + i + 4));
	}
	for (; i < n; i++)
		rest += (uint64_t)__builtin_popcountll(words[i]);
	return avx2_sum(even) + avx2_sum(odd) + rest;
}

static AVX2_TARGET void avx2_compare(const uint64_t *a, const uint64_t *b, uint64_t n, struct bitmap_diff *out)
{
	__m256i in_a = _mm256_setzero_si256(), in_b = in_a, both = in_a, x, y;
	uint64_t i = 0, common;

	for (; i + 4 <= n; i += 4) {
		bitmap_prefetch(a, i);
		bitmap_prefetch(b, i);
		x = avx2_load(a + i);
		y = avx2_load(b + i);
		in_a = avx2_add_count(in_a, x);
		in_b = avx2_add_count(in_b, y);
		both = avx2_add_count(both, _mm256_and_si256(x, y));
	}
	common = avx2_sum(both);
	out->only_a += avx2_sum(in_a) - common;
	out->only_b += avx2_sum(in_b) - common;
	out->both += common;
	bitmap_plain.compare(a + i, b + i, n - i, out);
}

static AVX2_TARGET uint64_t avx2_skip(const uint64_t *words, uint64_t from, uint64_t end, uint64_t same)
{
	const __m256i all = _mm256_set1_epi64x((long long)same);

	for (; from + 8 <= end; from += 8) {
		__m256i low = _mm256_xor_si256(avx2_load(words + from), all);
		__m256i high = _mm256_xor_si256(avx2_load(words + from + 4), all);

		bitmap_prefetch(words, from);
		low = _mm256_or_si256(low, high);
		if (!_mm256_testz_si256(low, low))
			break;
	}
	while (from < end && words[from] == same)
		from++;
	return from;
}

static AVX2_TARGET void avx2_edges(const uint64_t *words, unsigned int n, struct bitmap_edges *e)
{
	bitmap_body_edges(words, n, e);
}

static AVX2_TARGET unsigned int avx2_pairs(const struct bitmap_edges *e, struct bitmap_pairs *p)
{
	return bitmap_body_pairs(e, p);
}

static bool avx2_works(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
}

const struct bitmap_variant bitmap_avx2 = {
	.name = "avx2",
	.works = avx2_works,
	.merge = avx2_merge,
	.count = avx2_count,
	.compare = avx2_compare,
	.skip_same = avx2_skip,
	.edges = avx2_edges,
	.pairs = avx2_pairs,
};
#else
/* A file needs something in it. */
typedef int bitmap_no_avx2;
#endif
