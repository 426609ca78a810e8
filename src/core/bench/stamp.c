/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark "stamp": how fast patterns are written and verified, against memcpy of as many bytes in the same run, with what else the machine's
 * memory gives beside it. No backend and no device has a part in it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bitmap_variant.h"
#include "base/num.h"
#include "core/bench/bench.h"
#include "core/session/priv.h"
#include "core/stamp/kernel.h"
#include "host/self.h"

/* One thread's: a pattern to verify, and to copy, and a place to write to. */
struct stamp_bench {
	char *from, *to;
	size_t size;
	const struct stamp_row *row;
	unsigned int threads; /* of the first one of so many side by side */
	uint64_t sum;	      /* of what was read, so that it is */
	bool wrong;
} __attribute__((aligned(128)));

typedef void (*stamp_work)(struct stamp_bench *b);

static const struct stamp stamp_of_bench = {.session = 1, .generation = 2, .iova = 0x100000};

static void stamp_do_copy(struct stamp_bench *b)
{
	memcpy(b->to, b->from, b->size);
}

static void stamp_do_set(struct stamp_bench *b)
{
	memset(b->to, 0x5b, b->size);
}

static void stamp_do_read(struct stamp_bench *b)
{
	b->sum |= bitmap_variant()->merge((const uint64_t *)(const void *)b->from, b->size / 8);
}

static void stamp_do_fill(struct stamp_bench *b)
{
	stamp_fill(b->to, b->size, &stamp_of_bench);
}

static void stamp_do_verify(struct stamp_bench *b)
{
	b->wrong |= !stamp_verify(b->from, b->size, &stamp_of_bench);
}

static void stamp_do_both(struct stamp_bench *b)
{
	stamp_do_fill(b);
	b->wrong |= !stamp_verify(b->to, b->size, &stamp_of_bench);
}

static void stamp_do_copies(struct stamp_bench *b)
{
	stamp_do_copy(b);
	stamp_do_copy(b);
}

static void stamp_do_poison(struct stamp_bench *b)
{
	stamp_poison(b->to, b->size);
}

static void stamp_do_poison_both(struct stamp_bench *b)
{
	stamp_poison(b->to, b->size);
	b->wrong |= !stamp_is_poison(b->to, b->size);
}

static const struct stamp_row {
	const char *name;
	stamp_work ours, plain;
	unsigned int passes; /* over all bytes */
} stamp_rows[] = {
	{"stamp", stamp_do_fill, stamp_do_copy, 1},
	{"verify", stamp_do_verify, stamp_do_copy, 1},
	{"stamp+verify", stamp_do_both, stamp_do_copies, 2},
	{"poison", stamp_do_poison, stamp_do_copy, 1},
	{"poison+verify", stamp_do_poison_both, stamp_do_copies, 2},
	/* no work of ours: what the machine gives */
	{"memset", stamp_do_set, stamp_do_copy, 1},
	{"read", stamp_do_read, stamp_do_copy, 1},
};

static void stamp_times(struct stamp_bench *b, stamp_work work, uint64_t *n)
{
	uint64_t i;

	for (i = 0; i < *n && !session_signal; i++) {
		work(b);
		__asm__ volatile("" : : "r"(b->to), "r"(b->from) : "memory"); /* somebody may look */
	}
	*n = i;
}

static int stamp_ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct stamp_bench *b = ctx;

	stamp_times(b, b->row->ours, n);
	return b->wrong ? fail_set(f, EIO, "memory does not hold what was written to it a moment ago") : 0;
}

static int stamp_plain_loop(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct stamp_bench *b = ctx;

	stamp_times(b, b->row->plain, n);
	return 0;
}

/* --- memory --- */

static void *stamp_memory(size_t size)
{
	void *va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return va == MAP_FAILED ? NULL : va;
}

static void stamp_free(struct stamp_bench *b)
{
	if (b->from)
		munmap(b->from, b->size);
	if (b->to)
		munmap(b->to, b->size);
	b->from = b->to = NULL;
}

/* The pages are there from here on. */
static int stamp_alloc(struct stamp_bench *b, size_t size, struct fail *f)
{
	b->from = stamp_memory(size);
	b->to = stamp_memory(size);
	b->size = size;
	if (!b->from || !b->to)
		return fail_set(f, ENOMEM, "no memory for two patterns of 0x%zx bytes", size);
	stamp_fill(b->from, size, &stamp_of_bench);
	memset(b->to, 1, size);
	return 0;
}

/* Other memory for all threads: which of its lines are in each other's way in a cache depends on where it lies. */
static int stamp_fresh(void *ctx, struct fail *f)
{
	struct stamp_bench *b = ctx;
	int err = 0;

	bench_between_give();
	for (unsigned int i = 0; i < b->threads; i++)
		stamp_free(&b[i]);
	bench_between_take();
	for (unsigned int i = 0; i < b->threads && !err; i++)
		err = stamp_alloc(&b[i], b->size, f);
	return err;
}

/* --- measuring --- */

static const struct bench_work stamp_work_of = {
	.ours = stamp_ours, .plain = stamp_plain_loop, .by_cpu = true, .fresh = stamp_fresh};

static int stamp_measure(struct stamp_bench *b, const struct stamp_row *row, const struct bench_params *p,
			 struct bench_result *out, struct fail *f)
{
	void *ctx[BENCH_THREADS_MAX];
	double each = (double)p->cell.size * row->passes;
	struct bench_measured m;
	int err;

	for (unsigned int i = 0; i < p->cell.threads; i++) {
		b[i].row = row;
		b[i].threads = p->cell.threads;
		ctx[i] = &b[i];
	}
	err = bench_measure(&stamp_work_of, ctx, p->cell.threads, &p->until, &m, f);
	/* what others are held against is a row, too */
	if (m.plain.median > 0 && row == stamp_rows)
		bench_add(out, p, "memcpy", "GiB/s", each * 1e9 / (double)GiB(1) / m.plain.median);
	if (m.rounds)
		bench_add_rate(out, p, &m, row->name, "GiB/s", each, (double)GiB(1), "memcpy");
	bench_measured_free(&m);
	return err;
}

static void stamp_note(struct bench_result *out, uint64_t left_out)
{
	char from[32], size[32];
	int n;

	n = snprintf(out->note, sizeof(out->note), "patterns by %s, ", stamp_variant()->name);
	if (stamp_variant()->stream && stamp_stream_from() < GiB(64))
		n += snprintf(out->note + n, sizeof(out->note) - (size_t)n, "past the caches from %s on",
			      num_format_size(from, sizeof(from), stamp_stream_from()));
	else
		n += snprintf(out->note + n, sizeof(out->note) - (size_t)n, "never past the caches");
	if (left_out)
		snprintf(out->note + n, sizeof(out->note) - (size_t)n, "; %s left out for want of memory",
			 num_format_size(size, sizeof(size), left_out));
}

static int stamp_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	static struct stamp_bench b[BENCH_THREADS_MAX];
	int err = self_memory_enough(&bench_host, 2 * p->cell.size * p->cell.threads, f);
	unsigned int nr = 0;

	/* a size of ours, not the user's */
	if (err && !p->nr_sizes && out->nr_rows) {
		stamp_note(out, p->cell.size);
		return 0;
	}
	memset(b, 0, sizeof(b));
	for (; nr < p->cell.threads && !err; nr++)
		err = stamp_alloc(&b[nr], p->cell.size, f);
	for (size_t i = 0; i < ARRAY_SIZE(stamp_rows) && !err && !session_signal; i++)
		err = stamp_measure(b, &stamp_rows[i], p, out, f);
	while (nr)
		stamp_free(&b[--nr]);
	bench_between_give();
	stamp_note(out, 0);
	return err;
}

static const uint64_t stamp_sizes[] = {KiB(8), KiB(256), MiB(4), MiB(64), GiB(1), 0};

const struct bench bench_stamp = {
	.name = "stamp",
	.no_backend = true,
	.summary = "write and verify patterns: GiB a second, against memcpy",
	.varies = BENCH_SIZE | BENCH_THREADS,
	.sizes = stamp_sizes,
	.min_size = KiB(4),
	.max_size = GiB(64),
	.loops = BENCH_AUTO,
	.warmup = BENCH_AUTO,
	.run = stamp_run,
};
