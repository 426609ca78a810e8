/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps to be drawn, and numbers out of the JSON that is said of the pictures. */
#ifndef IC_TESTS_DIRTY_PICTURE_H
#define IC_TESTS_DIRTY_PICTURE_H

#include "core/dirty/plot.h"
#include "picture.h"
#include "plot_dir.h"
#include "render.h"

static inline void bitmap_open(struct dirty_bitmap *b, uint64_t iova, uint64_t pages, uint64_t page_size)
{
	assert_int_equal(dirty_bitmap_new(b, DIRTY_IOMMU, iova, pages * page_size, page_size, NULL), 0);
	snprintf(b->backend, sizeof(b->backend), "sim");
	snprintf(b->kernel, sizeof(b->kernel), "6.12.0");
	b->simulated = true;
	b->cleared = true;
	b->time_ns = 1700000000ull * 1000000000;
	b->since_ns = 1000000000;
}

static inline uint64_t json_number(const char *json, const char *key)
{
	char pattern[64];
	const char *at;

	snprintf(pattern, sizeof(pattern), "\"%s\":", key);
	at = strstr(json, pattern);
	assert_non_null(at);
	at += strlen(pattern);
	return strtoull(at + strspn(at, " \""), NULL, 0);
}

#endif
