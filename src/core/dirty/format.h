/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a bitmap file, iommuctl-bitmap(5): where each field lies. Private to the files' reader and writer, and their tests. */
#ifndef IC_CORE_DIRTY_FORMAT_H
#define IC_CORE_DIRTY_FORMAT_H

#include "core/dirty/bitmap.h"

#define DIRTY_MAGIC \
	"\x89"      \
	"IODIRT\n" /* not ASCII, not UTF-8, and spoilt by whoever changes line ends */
#define DIRTY_VERSION 1u
#define DIRTY_HEADER 256u

enum dirty_field {
	FIELD_MAGIC = 0,
	FIELD_VERSION = 8,
	FIELD_HEADER = 12, /* its size */
	FIELD_IOVA = 16,
	FIELD_LENGTH = 24,
	FIELD_PAGE_SIZE = 32,
	FIELD_DIRTY = 40, /* bits that are set */
	FIELD_TIME = 48,
	FIELD_SINCE = 56,
	FIELD_SOURCE = 64,
	FIELD_FLAGS = 68,
	FIELD_KERNEL = 72,   /* 64 */
	FIELD_BACKEND = 136, /* 16 */
	FIELD_DEVICE = 152,  /* 40 */
	FIELD_ZEROS = 192,
	FIELD_DATA_SUM = 248,
	FIELD_HEADER_SUM = 252, /* of all before it */
};

#define DIRTY_FLAG_SIMULATED 1u
#define DIRTY_FLAG_MARKED 2u
#define DIRTY_FLAG_OVER_REPORTS 4u
#define DIRTY_FLAG_CLEARED 8u
#define DIRTY_FLAGS_ALL 15u

/* The last word as the file has it: bits past the end are 0. Of a bitmap whose bits do not end with a word. */
static inline uint64_t dirty_last_word(const struct dirty_bitmap *b)
{
	return b->words[b->bits / 64] & ((1ull << b->bits % 64) - 1);
}

#endif
