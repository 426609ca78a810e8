/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32C eight bytes at a time, by tables or by the processor's instruction, and by a matrix over long zeros. */
#include "base/crc32c.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/bitmap_variant.h"
#include "base/util.h"

#define CRC32C_REFLECTED 0x82f63b78u
#define CRC32C_ZERO_WORDS 512u

/* Each bit of a number goes to a number of its own; all that are set are added. */
static uint32_t crc32c_apply(const uint32_t matrix[32], uint32_t v)
{
	uint32_t sum = 0;

	for (unsigned int bit = 0; bit < 32; bit++)
		sum ^= matrix[bit] & -(v >> bit & 1);
	return sum;
}

void crc32c_begin(struct crc32c *c)
{
	uint32_t half[32];

	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t v = byte;

		for (unsigned int bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (CRC32C_REFLECTED & -(v & 1));
		c->table[0][byte] = v;
	}
	for (uint32_t byte = 0; byte < 256; byte++)
		for (unsigned int k = 1; k < 8; k++)
			c->table[k][byte] = c->table[k - 1][byte] >> 8 ^ c->table[0][c->table[k - 1][byte] & 0xff];
	/* one byte of zero, then twice as many, twelve times */
	for (unsigned int bit = 0; bit < 32; bit++)
		c->zeros[bit] = (1u << bit) >> 8 ^ c->table[0][(1u << bit) & 0xff];
	for (unsigned int n = 1; n < CRC32C_ZERO_WORDS * 8; n *= 2) {
		memcpy(half, c->zeros, sizeof(half));
		for (unsigned int bit = 0; bit < 32; bit++)
			c->zeros[bit] = crc32c_apply(half, half[bit]);
	}
	c->state = ~0u;
}

void crc32c_add(struct crc32c *c, const void *data, size_t len)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < len; i++)
		c->state = c->state >> 8 ^ c->table[0][(c->state ^ byte[i]) & 0xff];
}

static void crc32c_plain(struct crc32c *c, const uint64_t *words, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t v = le64toh(words[i]) ^ c->state;

		c->state = 0;
		for (unsigned int k = 0; k < 8; k++)
			c->state ^= c->table[7 - k][v >> 8 * k & 0xff];
	}
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static void crc32c_sse42(struct crc32c *c, const uint64_t *words, uint64_t n)
{
	uint64_t state = c->state;

	for (uint64_t i = 0; i < n; i++)
		state = _mm_crc32_u64(state, words[i]);
	c->state = (uint32_t)state;
}

static void crc32c_some(struct crc32c *c, const uint64_t *words, uint64_t n)
{
	if (__builtin_cpu_supports("sse4.2"))
		crc32c_sse42(c, words, n);
	else
		crc32c_plain(c, words, n);
}
#else
static void crc32c_some(struct crc32c *c, const uint64_t *words, uint64_t n)
{
	crc32c_plain(c, words, n);
}
#endif

void crc32c_add_words(struct crc32c *c, const uint64_t *words, uint64_t n)
{
	uint64_t i = 0, next;

	while (i < n) {
		next = bitmap_variant()->skip_same(words, i, n, 0);
		for (; next - i >= CRC32C_ZERO_WORDS; i += CRC32C_ZERO_WORDS)
			c->state = crc32c_apply(c->zeros, c->state);
		next = MIN(n, i + CRC32C_ZERO_WORDS);
		crc32c_some(c, words + i, next - i);
		i = next;
	}
}

uint32_t crc32c_sum(const struct crc32c *c)
{
	return ~c->state;
}
