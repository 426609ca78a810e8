/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32C (Castagnoli: polynomial 0x1edc6f41, reflected, begun and ended with all ones; RFC 3720, section 12.1), quick over long zeros. */
#ifndef IC_BASE_CRC32C_H
#define IC_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

struct crc32c {
	/* private */
	uint32_t state;
	uint32_t table[8][256]; /* what a byte does to the state, followed by 0 to 7 bytes of zero */
	uint32_t zeros[32];	/* what each bit of the state becomes by 4096 bytes of zero */
};

void crc32c_begin(struct crc32c *c);
void crc32c_add(struct crc32c *c, const void *data, size_t len);
/* @n words as they lie in memory; 4096 bytes of zeros cost no more than finding them. */
void crc32c_add_words(struct crc32c *c, const uint64_t *words, uint64_t n);
/* The sum of all that was added; more may be added afterwards. */
uint32_t crc32c_sum(const struct crc32c *c);

#endif
