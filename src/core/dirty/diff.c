/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two dirty bitmaps side by side: what only one of them has. */
#include <errno.h>
#include <inttypes.h>

#include "core/dirty/format.h"
#include "core/session/session.h"

/* Words from one look at session_signal to the next. */
#define DIFF_PIECE 65536u

/* A word of @b; what lies outside of the bitmap is 0. */
static uint64_t diff_whole_word(const struct dirty_bitmap *b, int64_t at)
{
	uint64_t words = bitmap_words(b->bits);

	if (at < 0 || (uint64_t)at >= words)
		return 0;
	return (uint64_t)at + 1 == words && b->bits % 64 ? dirty_last_word(b) : b->words[at];
}

/* The 64 bits from @bit on, which may lie before the first or behind the last. */
static uint64_t diff_word(const struct dirty_bitmap *b, int64_t bit)
{
	unsigned int shift = (uint64_t)bit % 64;
	int64_t at = (bit - (int64_t)shift) / 64;
	uint64_t low = diff_whole_word(b, at) >> shift;

	return shift ? low | diff_whole_word(b, at + 1) << (64 - shift) : low;
}

static int diff_fits(const struct dirty_bitmap *a, const struct dirty_bitmap *b, struct dirty_diff *d, struct fail *f)
{
	uint64_t last_a = a->iova + (a->length - 1), last_b = b->iova + (b->length - 1), last = MIN(last_a, last_b);

	if (a->page_size != b->page_size)
		return fail_usage(f, EINVAL, "their pages are of different sizes: 0x%" PRIx64 " and 0x%" PRIx64,
				  a->page_size, b->page_size);
	if ((a->iova ^ b->iova) & (a->page_size - 1))
		return fail_usage(f, EINVAL,
				  "their pages lie at different places: from 0x%" PRIx64 " and 0x%" PRIx64 " on",
				  a->iova, b->iova);
	d->iova = MAX(a->iova, b->iova);
	if (d->iova > last)
		return fail_usage(f, EINVAL,
				  "they have no page in common: 0x%" PRIx64 "-0x%" PRIx64 " and 0x%" PRIx64
				  "-0x%" PRIx64,
				  a->iova, last_a, b->iova, last_b);
	d->length = last - d->iova + 1;
	d->part = a->iova != b->iova || a->length != b->length;
	return 0;
}

/* What @a has and @b has not, over all that @a covers. Memory is written to only where there is something. */
static int diff_only(const struct dirty_bitmap *a, const struct dirty_bitmap *b, struct dirty_bitmap *only,
		     struct fail *f)
{
	uint64_t words = bitmap_words(a->bits), pages, x;
	int64_t first; /* bit of @b where @a begins */
	int err = dirty_bitmap_new(only, a->source, a->iova, a->length, a->page_size, f);

	if (err)
		return err;
	pages = (MAX(a->iova, b->iova) - MIN(a->iova, b->iova)) / a->page_size;
	first = a->iova < b->iova ? -(int64_t)pages : (int64_t)pages;
	for (uint64_t i = 0; i < words; i++) {
		x = diff_whole_word(a, (int64_t)i);
		if (x)
			x &= ~diff_word(b, first + (int64_t)(i * 64));
		if (x)
			dirty_bitmap_bits(only)[i] = x;
		if (i % DIFF_PIECE == 0 && session_signal)
			return fail_complete(f, EINTR, "interrupted");
	}
	return 0;
}

/* Dirty pages of @b outside of what both cover. */
static uint64_t diff_outside(const struct dirty_bitmap *b, const struct dirty_diff *d)
{
	uint64_t first = (d->iova - b->iova) / b->page_size, end = first + d->length / b->page_size;

	return bitmap_count_range(b->words, 0, first) + bitmap_count_range(b->words, end, b->bits - end);
}

int dirty_diff(const struct dirty_bitmap *a, const struct dirty_bitmap *b, struct dirty_diff *out, struct fail *f)
{
	int err;

	*out = (struct dirty_diff){0};
	err = diff_fits(a, b, out, f);
	if (!err)
		err = diff_only(a, b, &out->only_a, f);
	if (!err)
		err = diff_only(b, a, &out->only_b, f);
	if (err) {
		dirty_diff_free(out);
		return err;
	}
	out->both = bitmap_count(a->words, a->bits) - bitmap_count(out->only_a.words, out->only_a.bits);
	out->outside_a = diff_outside(a, out);
	out->outside_b = diff_outside(b, out);
	return 0;
}

void dirty_diff_free(struct dirty_diff *d)
{
	dirty_bitmap_free(&d->only_a);
	dirty_bitmap_free(&d->only_b);
}
