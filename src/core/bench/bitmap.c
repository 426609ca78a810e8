/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark "bitmap": how fast a dirty bitmap is turned into ranges, counted and compared, each held against reading the same memory, in
 * turns. No backend and no device has a part in it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap_variant.h"
#include "base/num.h"
#include "base/rng.h"
#include "core/bench/bench.h"
#include "core/session/priv.h"
#include "host/self.h"

/* More than any cache holds, so that what is read comes from memory, as a bitmap does that somebody else has filled. */
#define BITMAP_ALL MiB(256)
#define BITMAP_COPIES_MAX 16384u

struct bitmap_bench {
	const struct bench_params *p;
	struct bench_result *res;
	struct fail *f;
	struct dirty_bitmap *copies;
	unsigned int want, nr, turn; /* copies, those that are there, and whose turn it is */
	uint64_t bits, bytes;
	uint64_t sum; /* of all results, so that none is left out */
	const struct bitmap_row *row;
	struct bitmap_edges edges;
};

/* What is measured, of @a; of comparing also @b. Returns something that depends on all of it. */
typedef uint64_t (*bitmap_work)(struct bitmap_bench *b, const uint64_t *x, const uint64_t *y);

static uint64_t work_ranges(struct bitmap_bench *b, const uint64_t *x, const uint64_t *y)
{
	uint64_t nr = 0;

	bitmap_edges_begin(&b->edges);
	while (bitmap_edges(x, b->bits, &b->edges))
		nr += b->edges.nr;
	return nr / 2 + nr % 2;
}

static uint64_t work_runs(struct bitmap_bench *b, const uint64_t *x, const uint64_t *y)
{
	struct bitmap_run runs[256];
	uint64_t at = 0, nr = 0;
	size_t n;

	while ((n = bitmap_runs(x, b->bits, &at, runs, ARRAY_SIZE(runs))))
		nr += n;
	return nr;
}

static uint64_t work_count(struct bitmap_bench *b, const uint64_t *x, const uint64_t *y)
{
	return bitmap_count(x, b->bits);
}

static uint64_t work_diff(struct bitmap_bench *b, const uint64_t *x, const uint64_t *y)
{
	struct bitmap_diff diff;

	bitmap_compare(x, y, b->bits, &diff);
	return diff.only_a;
}

static const struct bitmap_row {
	const char *name;
	bitmap_work work;
	unsigned int inputs;
	unsigned int half; /* of the bits are set, at random; else one in a thousand */
} bitmap_rows[] = {
	{"ranges-0.1", work_ranges, 1, 0}, {"runs-0.1", work_runs, 1, 0}, {"ranges-50", work_ranges, 1, 1},
	{"runs-50", work_runs, 1, 1},	   {"count", work_count, 1, 1},	  {"diff", work_diff, 2, 1},
};

/* The first at random; the others are the same, each begun at another place. */
static void bitmap_fill(struct bitmap_bench *b, bool half)
{
	uint64_t *first = dirty_bitmap_bits(&b->copies[0]), words = b->bytes / 8, skip;

	for (uint64_t i = 0; i < words; i++)
		first[i] = half ? rng_draw(b->p->op, i, 0) : 0;
	for (uint64_t i = 0; !half && i < b->bits / 1000; i++)
		bitmap_set(first, rng_below(rng_draw(b->p->op, i, 1), b->bits), 1);
	for (unsigned int c = 1; c < b->nr; c++) {
		skip = words * c / b->nr;
		memcpy(dirty_bitmap_bits(&b->copies[c]), first + skip, (words - skip) * 8);
		memcpy(dirty_bitmap_bits(&b->copies[c]) + (words - skip), first, skip * 8);
	}
}

static const uint64_t *bitmap_next_copy(struct bitmap_bench *b)
{
	b->turn = (b->turn + 1) % b->nr;
	return b->copies[b->turn].words;
}

static uint64_t bitmap_read(struct bitmap_bench *b, const uint64_t *x, const uint64_t *y)
{
	uint64_t any = bitmap_variant()->merge(x, b->bytes / 8);

	return y ? any | bitmap_variant()->merge(y, b->bytes / 8) : any;
}

static void bitmap_times(struct bitmap_bench *b, bitmap_work work, uint64_t *n)
{
	uint64_t i;

	for (i = 0; i < *n && !session_signal; i++) {
		const uint64_t *x = bitmap_next_copy(b), *y = b->row->inputs > 1 ? bitmap_next_copy(b) : NULL;

		b->sum += work(b, x, y);
	}
	*n = i;
}

static int bitmap_ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct bitmap_bench *b = ctx;

	bitmap_times(b, b->row->work, n);
	return 0;
}

static int bitmap_plain_loop(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	bitmap_times(ctx, bitmap_read, n);
	return 0;
}

/* Nothing here waits, and each time takes another copy, so that what is worked on was not just read. */
static int bitmap_measure(struct bitmap_bench *b, const struct bitmap_row *row)
{
	static const struct bench_work work = {.ours = bitmap_ours, .plain = bitmap_plain_loop, .by_cpu = true};
	struct bench_measured m;
	void *ctx = b;
	int err;

	b->row = row;
	err = bench_measure(&work, &ctx, 1, &b->p->until, &m, b->f);
	if (m.rounds)
		bench_add_rate(b->res, b->p, &m, row->name, "GiB/s", (double)(b->bytes * row->inputs), (double)GiB(1),
			       "read");
	bench_measured_free(&m);
	return err;
}

/* Both ways to ranges find the same number, or there is nothing to measure. */
static int bitmap_check(struct bitmap_bench *b)
{
	uint64_t ranges = work_ranges(b, b->copies[0].words, NULL), runs = work_runs(b, b->copies[0].words, NULL);

	return ranges == runs ? 0
			      : fail_set(b->f, EIO, "edges make %" PRIu64 " ranges and runs %" PRIu64, ranges, runs);
}

static int bitmap_alloc(struct bitmap_bench *b)
{
	int err = 0;

	b->copies = calloc(b->want, sizeof(*b->copies));
	if (!b->copies)
		return fail_set(b->f, ENOMEM, "no memory for %u bitmaps", b->want);
	for (b->nr = 0; b->nr < b->want && !err; b->nr++)
		err = dirty_bitmap_new(&b->copies[b->nr], DIRTY_IOMMU, 0, b->p->cell.size, b->p->cell.page_size, b->f);
	return err;
}

static void bitmap_note(struct bitmap_bench *b)
{
	char one[32], all[32];

	snprintf(b->res->note, sizeof(b->res->note),
		 "%u bitmaps of %s in turn, %s in all; by %s; medians of time on the processor", b->nr,
		 num_format_size(one, sizeof(one), b->bytes), num_format_size(all, sizeof(all), b->nr * b->bytes),
		 bitmap_variant()->name);
}

static int bitmap_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	static struct bitmap_bench b; /* large, and there is one benchmark at a time */
	struct bench_params params = *p;
	int err = 0, half = -1;

	memset(&b, 0, sizeof(b));
	params.cell.page_size = p->cell.page_size ? p->cell.page_size : 4096;
	b.p = &params;
	b.res = out;
	b.f = f;
	b.bits = p->cell.size / params.cell.page_size;
	b.bytes = bitmap_words(b.bits) * 8;
	if (!b.bits || p->cell.size % params.cell.page_size) {
		fail_usage(f, EINVAL, "--size: 0x%" PRIx64 " is no multiple of pages of 0x%" PRIx64, p->cell.size,
			   params.cell.page_size);
		fail_hint(f, "--page-size 4K, or another power of two that is not above --size");
		return -EINVAL;
	}
	b.want = (unsigned int)MIN(MAX(BITMAP_ALL / b.bytes, 2), BITMAP_COPIES_MAX);
	err = self_memory_enough(&bench_host, b.want * b.bytes, f);
	if (!err)
		err = bitmap_alloc(&b);
	for (size_t i = 0; i < ARRAY_SIZE(bitmap_rows) && !err && !session_signal; i++) {
		if (half != (int)bitmap_rows[i].half) {
			half = (int)bitmap_rows[i].half;
			bitmap_fill(&b, half);
			err = bitmap_check(&b);
		}
		if (!err)
			err = bitmap_measure(&b, &bitmap_rows[i]);
	}
	bitmap_note(&b);
	while (b.nr)
		dirty_bitmap_free(&b.copies[--b.nr]);
	free(b.copies);
	return err;
}

static const uint64_t bitmap_sizes[] = {TiB(1), 0};

const struct bench bench_bitmap = {
	.name = "bitmap",
	.no_backend = true,
	.summary = "turn a dirty bitmap into ranges, count it, compare two: GiB of bitmap a second, against reading it",
	.varies = BENCH_SIZE | BENCH_PAGE_SIZE,
	.sizes = bitmap_sizes,
	.min_size = KiB(4),
	.loops = BENCH_AUTO,
	.warmup = BENCH_AUTO,
	.max_size = TiB(64),
	.run = bitmap_run,
};
