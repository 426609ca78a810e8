/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark "map": buffers mapped and unmapped, each thread's at its own place; pairs of calls a second, then the time of each call.
 * Beside that the backend's bare ioctls, and in the simulation, which has none, the stores of as many page-table entries.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/bench/bench.h"
#include "core/bench/stores.h"
#include "iommu/plain.h"

enum map_part { MAP_MAP, MAP_UNMAP, MAP_PARTS };

struct map_setup;

/* One thread's. */
struct map_bench {
	struct map_setup *all;
	struct iommu *iommu;
	struct failures *found;
	struct iommu_map_req req; /* of the call that is made */
	char *va;
	iova_t iova;
	uint64_t size, piece;
	struct bench_stores stores;
	uint64_t wrong, wrong_got;
} __attribute__((aligned(128)));

static uint64_t map_point(struct map_bench *b, uint64_t at)
{
	if (!b->req.kernel_iova)
		b->req.iova = b->iova + at;
	b->req.va = b->va + at;
	b->req.size = MIN(b->piece, b->size - at);
	return b->req.size;
}

static uint64_t map_look(struct hist *times)
{
	return times ? clock_ns() : 0;
}

static void map_looked(struct hist *times, uint64_t before)
{
	if (times)
		hist_add(times, clock_ns() - before);
}

/* What a plain map did and no plain unmap undoes any more: everything from @at to @end. */
static void map_stays(struct map_bench *b, uint64_t at, uint64_t end)
{
	while (at < end) {
		at += map_point(b, at);
		iommu_plain_note(b->iommu, &b->req);
	}
}

/* The error path: what was mapped of it goes again. */
static void map_undo(struct map_bench *b, uint64_t end, bool plain)
{
	uint64_t unmapped;

	for (uint64_t at = 0; at < end;) {
		uint64_t size = map_point(b, at);

		if (!plain)
			iommu_unmap(b->iommu, b->req.iova, size, NULL, NULL);
		else if (iommu_plain_unmap(b->iommu, b->req.iova, size, &unmapped))
			iommu_plain_note(b->iommu, &b->req);
		at += size;
	}
}

/* Noted down before anything is undone; out of the way of the calls that are measured. */
static __attribute__((noinline)) void map_refused(const struct map_bench *b, int err)
{
	op_map_is_refused(b->iommu, err, &b->req, b->found);
}

static int map_failed(const struct map_bench *b, int err, const char *what, struct fail *f)
{
	return fail_set(f, err, "the plain loop cannot %s 0x%" PRIx64 " bytes at iova 0x%" PRIx64, what, b->req.size,
			b->req.iova);
}

static inline int map_map(struct map_bench *b, struct hist *times, struct fail *f, bool plain)
{
	for (uint64_t at = 0; at < b->size; at += b->req.size) {
		uint64_t before;
		int err;

		map_point(b, at);
		before = map_look(times);
		err = plain ? iommu_plain_map(b->iommu, &b->req) : iommu_map(b->iommu, &b->req, f);
		if (err) {
			map_refused(b, err);
			if (plain)
				map_failed(b, err, "map", f);
			map_undo(b, at, plain);
			return err;
		}
		map_looked(times, before);
	}
	return 0;
}

static inline int map_unmap(struct map_bench *b, struct hist *times, struct fail *f, bool plain)
{
	uint64_t unmapped;

	for (uint64_t at = 0; at < b->size; at += b->req.size) {
		uint64_t before;
		int err;

		map_point(b, at);
		before = map_look(times);
		err = plain ? iommu_plain_unmap(b->iommu, b->req.iova, b->req.size, &unmapped)
			    : iommu_unmap(b->iommu, b->req.iova, b->req.size, &unmapped, f);
		if (err) {
			if (plain) {
				map_failed(b, err, "unmap", f);
				map_stays(b, at, b->size);
			}
			return err;
		}
		map_looked(times, before);
		if (unmapped != b->req.size && !b->wrong++)
			b->wrong_got = unmapped;
	}
	return 0;
}

/* Nothing but the calls, so that they can be held against a plain loop's. */
static inline int map_pairs(struct map_bench *b, uint64_t *n, struct hist *times, struct fail *f, bool plain)
{
	uint64_t i;
	int err = 0;

	for (i = 0; i < *n && !session_signal; i++) {
		err = map_map(b, times ? &times[MAP_MAP] : NULL, f, plain);
		if (!err)
			err = map_unmap(b, times ? &times[MAP_UNMAP] : NULL, f, plain);
		if (err)
			break;
	}
	*n = i;
	return err;
}

static int map_ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return map_pairs(ctx, n, times, f, false);
}

static int map_plain(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return map_pairs(ctx, n, times, f, true);
}

/* @value for an entry that is there, 0 for one that goes. */
static void map_store(struct map_bench *b, struct hist *times, uint64_t value)
{
	for (uint64_t at = 0; at < b->size; at += b->req.size) {
		uint64_t pages = map_point(b, at) / BENCH_STORES_PAGE;

		bench_stores_timed(&b->stores, at / BENCH_STORES_PAGE, pages, value, times);
	}
}

static int map_stores(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct map_bench *b = ctx;
	uint64_t i;

	(void)f;
	for (i = 0; i < *n && !session_signal; i++) {
		map_store(b, times ? &times[MAP_MAP] : NULL, 3);
		map_store(b, times ? &times[MAP_UNMAP] : NULL, 0);
	}
	*n = i;
	return 0;
}

/* --- setting up --- */

struct map_setup {
	struct map_bench bench[BENCH_THREADS_MAX];
	struct bench_place place[BENCH_THREADS_MAX];
	void *ctx[BENCH_THREADS_MAX];
	struct bench_measured m;
	struct session *s;
	unsigned int threads;
};

/* Other memory for all threads: how long a map takes depends on how it lies. */
static int map_fresh(void *ctx, struct fail *f)
{
	struct map_setup *set = ((struct map_bench *)ctx)->all;
	int err;

	/* where the kernel chose, it is the latest place that must be empty */
	for (unsigned int i = 0; i < set->threads; i++)
		set->place[i].req.iova = set->bench[i].req.kernel_iova ? set->bench[i].req.iova : set->bench[i].iova;
	err = bench_places_renew(set->s, set->place, set->threads, f);
	for (unsigned int i = 0; i < set->threads && !err; i++) {
		set->bench[i].va = set->place[i].req.va;
		set->bench[i].req.file = set->place[i].req.file;
	}
	return err;
}

static int map_new(struct session *s, const struct bench_params *p, struct map_setup *set, struct failures *found,
		   struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < p->cell.threads && !err; i++) {
		struct map_bench *b = &set->bench[i];

		set->ctx[i] = b;
		b->all = set;
		b->iommu = session_iommu(s);
		b->found = found;
		b->req = set->place[i].req;
		b->va = b->req.va;
		b->iova = b->req.iova;
		b->size = p->cell.size;
		b->piece = p->cell.granule ? p->cell.granule : p->cell.size;
		if (session_is_simulated(s))
			err = bench_stores_new(&b->stores, b->size, f);
	}
	return err;
}

static void map_rows(const struct bench_params *p, const struct map_bench *b, const struct bench_measured *m,
		     struct bench_result *out)
{
	const char *reference = b->stores.entry ? "stores" : "plain-ioctl";
	double calls = (double)((b->size + b->piece - 1) / b->piece);

	if (!m->rounds)
		return;
	bench_add_rate(out, p, m, "map+unmap", "pairs/s", calls, 1, reference);
	bench_add_times(out, p, m, MAP_MAP, "map", reference);
	bench_add_times(out, p, m, MAP_UNMAP, "unmap", reference);
	bench_add_rate(out, p, m, "memory", "GiB/s", (double)b->size, (double)GiB(1), reference);
}

static int map_measure(struct session *s, const struct bench_params *p, struct map_setup *set, struct bench_result *out,
		       struct fail *f)
{
	const struct bench_work work = {.ours = map_ours,
					.plain = session_is_simulated(s) ? map_stores : map_plain,
					.parts = MAP_PARTS,
					.fresh = map_fresh};
	int err = map_new(s, p, set, &out->found, f);

	set->s = s;
	set->threads = p->cell.threads;
	if (!err)
		err = bench_measure(&work, set->ctx, p->cell.threads, &p->until, &set->m, f);
	map_rows(p, &set->bench[0], &set->m, out);
	bench_measured_free(&set->m);
	out->iova = set->bench[0].req.kernel_iova ? set->bench[0].req.iova : set->bench[0].iova;
	for (unsigned int i = 0; i < p->cell.threads; i++) {
		struct map_bench *b = &set->bench[i];

		bench_add_wrong(out, b->wrong, b->piece, b->wrong_got);
		bench_stores_free(&b->stores);
	}
	return err;
}

static int map_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	struct map_setup *set;
	int err;

	if (p->where == OP_IOVA_KERNEL && p->cell.granule)
		return fail_usage(f, EINVAL, "--iova kernel has no --granule: each piece would be somewhere else");
	if (posix_memalign((void **)&set, 128, sizeof(*set)))
		return fail_set(f, ENOMEM, "no memory for %u threads", p->cell.threads);
	memset(set, 0, sizeof(*set));
	for (unsigned int i = 0; i < p->cell.threads; i++)
		set->place[i].req = (struct iommu_map_req){.prot = IOMMU_PROT_RW, .tag = "bench"};
	err = bench_places(s, p, set->place, p->cell.threads, f);
	if (!err) {
		err = map_measure(s, p, set, out, f);
		bench_places_free(s, set->place, p->cell.threads);
	}
	free(set);
	err = bench_verdict(out, err, out->iova, p->cell.size, f);
	if (!err)
		out->pins_counted = !session_pin_excess(s, &out->pins_left);
	return err;
}

static const uint64_t map_sizes[] = {KiB(4), KiB(64), MiB(2), 0};

const struct bench bench_map = {
	.name = "map",
	.summary = "map and unmap a buffer at one place: pairs a second, and how long each call takes",
	.varies = BENCH_SIZE | BENCH_GRANULE | BENCH_MEM | BENCH_THREADS | BENCH_IOVA,
	.sizes = map_sizes,
	.min_size = KiB(4),
	.max_size = TiB(1),
	.loops = BENCH_AUTO,
	.warmup = BENCH_AUTO,
	.maps = true,
	.run = map_run,
};
