/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two dirty bitmaps side by side: what only one of them has. */
#include <errno.h>
#include <inttypes.h>

#include "core/dirty_bitmap.h"

struct diff_side {
	const struct dirty_bitmap *b;
	uint64_t first; /* bit that is compared first */
};

/* 64 bits from the @n-th that is compared on; what lies behind the bitmap's words is 0. */
static uint64_t diff_word(const struct diff_side *s, uint64_t n)
{
	uint64_t bit = s->first + n, at = bit / 64, shift = bit % 64, words = bitmap_words(s->b->bits);
	uint64_t low = s->b->words[at] >> shift;

	return shift && at + 1 < words ? low | s->b->words[at + 1] << (64 - shift) : low;
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

/* Memory is written to only where they differ. */
static void diff_fill(const struct diff_side *a, const struct diff_side *b, struct dirty_diff *d)
{
	uint64_t *only_a = dirty_bitmap_bits(&d->only_a), *only_b = dirty_bitmap_bits(&d->only_b);
	uint64_t bits = d->only_a.bits;

	for (uint64_t n = 0; n < bits; n += 64) {
		uint64_t mask = bits - n < 64 ? (1ull << (bits - n)) - 1 : ~0ull;
		uint64_t x = diff_word(a, n) & mask, y = diff_word(b, n) & mask;

		if (x | y)
			d->both += (uint64_t)__builtin_popcountll(x & y);
		if (x & ~y)
			only_a[n / 64] = x & ~y;
		if (y & ~x)
			only_b[n / 64] = y & ~x;
	}
}

int dirty_diff(const struct dirty_bitmap *a, const struct dirty_bitmap *b, struct dirty_diff *out, struct fail *f)
{
	struct diff_side side_a = {.b = a}, side_b = {.b = b};
	int err;

	*out = (struct dirty_diff){0};
	err = diff_fits(a, b, out, f);
	if (!err)
		err = dirty_bitmap_new(&out->only_a, a->source, out->iova, out->length, a->page_size, f);
	if (!err)
		err = dirty_bitmap_new(&out->only_b, b->source, out->iova, out->length, a->page_size, f);
	if (err) {
		dirty_diff_free(out);
		return err;
	}
	side_a.first = (out->iova - a->iova) / a->page_size;
	side_b.first = (out->iova - b->iova) / b->page_size;
	diff_fill(&side_a, &side_b, out);
	return 0;
}

void dirty_diff_free(struct dirty_diff *d)
{
	dirty_bitmap_free(&d->only_a);
	dirty_bitmap_free(&d->only_b);
}
