/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans word by word, for every CPU. */
#include "base/bitmap_body.h"

#define BIT(b, k) ((b) >> (k)&1u)
/* Bit k of a byte, as the byte of the list that comes after those of the lower bits. */
#define AT(b, k, lower) ((uint64_t)(BIT(b, k) ? (k) : 0) << 8 * (lower))
#define UP_TO_1(b) BIT(b, 0)
#define UP_TO_2(b) (UP_TO_1(b) + BIT(b, 1))
#define UP_TO_3(b) (UP_TO_2(b) + BIT(b, 2))
#define UP_TO_4(b) (UP_TO_3(b) + BIT(b, 3))
#define UP_TO_5(b) (UP_TO_4(b) + BIT(b, 4))
#define UP_TO_6(b) (UP_TO_5(b) + BIT(b, 5))
#define UP_TO_7(b) (UP_TO_6(b) + BIT(b, 6))
#define LIST(b)                                                                                      \
	(AT(b, 1, UP_TO_1(b)) | AT(b, 2, UP_TO_2(b)) | AT(b, 3, UP_TO_3(b)) | AT(b, 4, UP_TO_4(b)) | \
	 AT(b, 5, UP_TO_5(b)) | AT(b, 6, UP_TO_6(b)) | AT(b, 7, UP_TO_7(b)))
#define LISTS_4(b) LIST(b), LIST(b + 1), LIST(b + 2), LIST(b + 3)
#define LISTS_16(b) LISTS_4(b), LISTS_4(b + 4), LISTS_4(b + 8), LISTS_4(b + 12)
#define LISTS_64(b) LISTS_16(b), LISTS_16(b + 16), LISTS_16(b + 32), LISTS_16(b + 48)

const uint64_t bitmap_byte_lists[256] = {LISTS_64(0u), LISTS_64(64u), LISTS_64(128u), LISTS_64(192u)};

static uint64_t plain_merge(const uint64_t *words, uint64_t n)
{
	uint64_t any[8] = {0}, i = 0;

	for (; i + 8 <= n; i += 8)
		for (unsigned int k = 0; k < 8; k++)
			any[k] |= words[i + k];
	for (; i < n; i++)
		any[0] |= words[i];
	return any[0] | any[1] | any[2] | any[3] | any[4] | any[5] | any[6] | any[7];
}

static uint64_t plain_count(const uint64_t *words, uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++)
		sum += (uint64_t)__builtin_popcountll(words[i]);
	return sum;
}

static void plain_compare(const uint64_t *a, const uint64_t *b, uint64_t n, struct bitmap_diff *out)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t both = a[i] & b[i];

		if (!(a[i] | b[i]))
			continue;
		out->only_a += (uint64_t)__builtin_popcountll(a[i] ^ both);
		out->only_b += (uint64_t)__builtin_popcountll(b[i] ^ both);
		out->both += (uint64_t)__builtin_popcountll(both);
	}
}

static uint64_t plain_skip(const uint64_t *words, uint64_t from, uint64_t end, uint64_t same)
{
	return bitmap_body_skip(words, from, end, same);
}

static void plain_edges(const uint64_t *words, unsigned int n, struct bitmap_edges *e)
{
	bitmap_body_edges(words, n, e);
}

static unsigned int plain_pairs(const struct bitmap_edges *e, struct bitmap_pairs *p)
{
	return bitmap_body_pairs(e, p);
}

static bool plain_works(void)
{
	return true;
}

const struct bitmap_variant bitmap_plain = {
	.name = "plain",
	.works = plain_works,
	.merge = plain_merge,
	.count = plain_count,
	.compare = plain_compare,
	.skip_same = plain_skip,
	.edges = plain_edges,
	.pairs = plain_pairs,
};
