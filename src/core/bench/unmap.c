/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark "unmap": what was mapped goes in each of the ways that the interface has, and before as well as after the device was
 * there. Only the unmap calls are timed. Beside each the same bare call, and in the simulation, which has none, the zeroing of the entries.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/bench/bench.h"
#include "core/bench/stores.h"
#include "core/op/flight.h"
#include "core/session/priv.h"
#include "iommu/ledger.h"
#include "iommu/plain.h"

#define UNMAP_TIMEOUT_MS 10000
#define UNMAP_TOUCHES 16u /* places of a mapping that the device goes to */
#define UNMAP_TOUCH_BYTES 64u

/* What one call takes away. */
enum unmap_call { UNMAP_SIZE, UNMAP_PIECE, UNMAP_EACH_PAGE, UNMAP_EVERYTHING };

static const struct unmap_way {
	const char *time, *rate;
	enum unmap_call call;
	bool pieces; /* mapped by pieces */
	bool used;   /* the device was there */
} unmap_ways[] = {
	{"whole", "whole-pages", UNMAP_SIZE, false, false},
	{"many-at-once", "many-at-once-pages", UNMAP_SIZE, true, false},
	{"each", "each-pages", UNMAP_PIECE, true, false},
	{"by-page", "by-page-pages", UNMAP_EACH_PAGE, false, false},
	{"all", "all-pages", UNMAP_EVERYTHING, true, false},
	{"whole-used", "whole-used-pages", UNMAP_SIZE, false, true},
	{"many-at-once-used", "many-at-once-used-pages", UNMAP_SIZE, true, true},
};

struct unmap_bench {
	struct session *s;
	struct iommu *iommu;
	const struct unmap_way *way;
	struct failures *found;
	struct bench_place place;
	uint64_t piece;
	struct bench_stores stores;
	uint64_t wrong, wrong_got;
	uint64_t calls, pages; /* of ours */
	uint64_t since;	       /* transfers after the latest canary */
	int status;	       /* that the device reported */
	iova_t bad;
};

/* --- mapped, and used --- */

static int unmap_map(struct unmap_bench *b, struct fail *f)
{
	struct iommu_map_req req = b->place.req;
	uint64_t size = b->place.req.size, step = b->way->pieces ? b->piece : size;
	int err = 0;

	for (uint64_t at = 0; at < size && !err; at += step) {
		req.va = (char *)b->place.req.va + at;
		req.iova = b->place.req.iova + at;
		req.size = MIN(step, size - at);
		err = iommu_map(b->iommu, &req, f);
		if (err)
			op_map_is_refused(b->iommu, err, &req, b->found);
	}
	return err;
}

static enum dev_dir unmap_direction(const struct dev_limits *l)
{
	return l->dirs & DEV_READ ? DEV_READ : l->dirs & DEV_COPY ? DEV_COPY : DEV_WRITE;
}

/* The device at a few pages all over it. */
static int unmap_use(struct unmap_bench *b, struct fail *f)
{
	struct dev *dev = session_dev(b->s);
	const struct dev_limits *l = dev_limits(dev);
	uint64_t len = dev_length(l, UNMAP_TOUCH_BYTES), unit = MAX((uint64_t)BENCH_STORES_PAGE, dev_addr_unit(l));
	uint64_t step = MAX(ALIGN_DOWN(b->place.req.size / UNMAP_TOUCHES, unit), unit);
	enum dev_dir dir = unmap_direction(l);
	int err = 0;

	for (uint64_t at = 0; at + len <= b->place.req.size && !err && !b->status; at += step) {
		iova_t iova = b->place.req.iova + at;

		err = dir == DEV_COPY ? dev_roundtrip(dev, 0, iova, iova, len, &b->status)
				      : dev_oneway(dev, 0, dir, iova, len, UNMAP_TIMEOUT_MS, &b->status);
		b->bad = iova;
		b->since++;
		if (err)
			fail_set(f, err, "the device did not do the DMA at iova 0x%" PRIx64, iova);
	}
	if (!err && b->status)
		return fail_set(f, EIO, "the device reported an error at iova 0x%" PRIx64, b->bad);
	return session_dma_failed(b->s, err, f);
}

static int unmap_canary(void *ctx, struct fail *f)
{
	struct unmap_bench *b = ctx;

	if (!b->way->used || b->since < SESSION_CANARY_EVERY / 2)
		return 0;
	b->since = 0;
	return session_canary(b->s, f);
}

/* Other memory: how long a map and unmap take depends on how it lies. */
static int unmap_fresh(void *ctx, struct fail *f)
{
	struct unmap_bench *b = ctx;

	return bench_places_renew(b->s, &b->place, 1, f);
}

/* --- and unmapped --- */

static int unmap_one(struct unmap_bench *b, uint64_t at, uint64_t size, bool plain, uint64_t *unmapped, struct fail *f)
{
	iova_t iova = b->place.req.iova + at;
	int err;

	if (b->way->call == UNMAP_EVERYTHING)
		err = plain ? iommu_plain_unmap_all(b->iommu, unmapped) : iommu_unmap_all(b->iommu, unmapped, f);
	else
		err = plain ? iommu_plain_unmap(b->iommu, iova, size, unmapped)
			    : iommu_unmap(b->iommu, iova, size, unmapped, f);
	if (err && plain)
		fail_set(f, err, "the plain loop cannot unmap 0x%" PRIx64 " bytes at iova 0x%" PRIx64, size, iova);
	return err;
}

static uint64_t unmap_step(const struct unmap_bench *b)
{
	return b->way->call == UNMAP_PIECE	 ? b->piece
	       : b->way->call == UNMAP_EACH_PAGE ? b->s->granule
						 : b->place.req.size;
}

static inline int unmap_unmap(struct unmap_bench *b, struct hist *times, bool plain, struct fail *f)
{
	uint64_t size = b->place.req.size, step = unmap_step(b), total = 0, calls = 0;

	/* v1 takes a mapping as a whole, whatever part of it is asked for, and says so */
	for (uint64_t at = 0; at < size; calls++) {
		uint64_t part = MIN(step, size - at), unmapped, before = clock_ns();
		int err = unmap_one(b, at, part, plain, &unmapped, f);

		if (err)
			return err;
		hist_add(times, clock_ns() - before);
		total += unmapped;
		at += MAX(part, MIN(unmapped, size - at));
	}
	if (total != size && !b->wrong++)
		b->wrong_got = total;
	if (plain) {
		iommu_plain_forget(b->iommu, (struct iova_range){b->place.req.iova, b->place.req.iova + (size - 1)});
		return 0;
	}
	b->calls += calls;
	b->pages += size / BENCH_STORES_PAGE;
	return 0;
}

static inline int unmap_times(struct unmap_bench *b, uint64_t *n, struct hist *times, bool plain, struct fail *f)
{
	uint64_t i;
	int err = 0;

	for (i = 0; i < *n && !session_signal; i++) {
		err = unmap_map(b, f);
		if (!err && b->way->used)
			err = unmap_use(b, f);
		if (!err)
			err = unmap_unmap(b, times, plain, f);
		if (err)
			break;
	}
	*n = i;
	return err;
}

static int unmap_ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return unmap_times(ctx, n, times, false, f);
}

static int unmap_plain(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return unmap_times(ctx, n, times, true, f);
}

static int unmap_stores(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct unmap_bench *b = ctx;
	uint64_t size = b->place.req.size, step = unmap_step(b), i;

	(void)f;
	/* as many as a call of ours takes */
	if (b->way->call == UNMAP_EACH_PAGE && b->calls)
		step = ALIGN_UP(b->pages / b->calls * BENCH_STORES_PAGE, b->s->granule);
	for (i = 0; i < *n && !session_signal; i++)
		for (uint64_t at = 0; at < size; at += step)
			bench_stores_timed(&b->stores, 0, MIN(step, size - at) / BENCH_STORES_PAGE, 0, times);
	*n = i;
	return 0;
}

/* --- which ways there are --- */

/* Is nothing mapped but what this benchmark maps? Canaries and buffers of a session would go as well. */
static bool unmap_alone(const struct unmap_bench *b)
{
	return !ledger_count(iommu_ledger(b->iommu)) && iommu_caps(b->iommu)->unmap_all && !b->s->named;
}

static bool unmap_can_use(const struct unmap_bench *b)
{
	const struct dev_limits *l = session_dev(b->s) ? dev_limits(session_dev(b->s)) : NULL;

	return l && dev_length(l, UNMAP_TOUCH_BYTES) <= b->place.req.size;
}

static bool unmap_has(struct unmap_bench *b, const struct unmap_way *way, struct bench_result *out)
{
	const char *left = "unmapping everything was left out: something else is mapped here, or there is no such call";

	if (way->pieces && way->call != UNMAP_EVERYTHING && b->piece >= b->place.req.size)
		return false;
	if (way->call == UNMAP_EACH_PAGE)
		return iommu_caps(b->iommu)->unmap_bisects && b->s->granule < b->place.req.size;
	if (way->used)
		return unmap_can_use(b);
	if (way->call == UNMAP_EVERYTHING && !unmap_alone(b)) {
		snprintf(out->note, sizeof(out->note), "%s", left);
		return false;
	}
	return true;
}

static int unmap_start(struct unmap_bench *b, const struct unmap_way *way, struct fail *f)
{
	int err = session_usable(b->s, f);

	if (!err && (way->used || way->call == UNMAP_EVERYTHING))
		err = session_idle(b->s, f);
	if (!err && way->used)
		err = session_at_home(b->s, f);
	if (!err && way->used)
		err = session_dma_start(b->s, f);
	return err;
}

static int unmap_measure(struct unmap_bench *b, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	const struct bench_work work = {
		.ours = unmap_ours,
		.plain = b->stores.entry ? unmap_stores : unmap_plain,
		.parts = 1,
		.part_only = true,
		.before = unmap_canary,
		.fresh = unmap_fresh,
		.most = b->way->used ? SESSION_CANARY_EVERY / 2 / UNMAP_TOUCHES : 0,
	};
	const char *reference = b->stores.entry ? "stores" : "plain-ioctl";
	struct bench_measured m;
	void *ctx = b;
	int err = unmap_start(b, b->way, f);

	if (err)
		return err;
	b->calls = b->pages = 0;
	err = bench_measure(&work, &ctx, 1, &p->until, &m, f);
	if (m.rounds) {
		bench_add_times(out, p, &m, 0, b->way->time, reference);
		bench_add_rate(out, p, &m, b->way->rate, "pages/s", (double)b->pages / (double)MAX(b->calls, 1u), 1,
			       reference);
	}
	bench_measured_free(&m);
	return err;
}

/* --- all of it --- */

static int unmap_new(struct unmap_bench *b, const struct bench_params *p, struct fail *f)
{
	int err;

	if (p->where == OP_IOVA_KERNEL)
		return fail_usage(f, EINVAL, "`bench unmap` maps pieces side by side: no --iova kernel");
	b->piece = p->cell.granule ? p->cell.granule : b->s->granule;
	b->place.req = (struct iommu_map_req){.prot = IOMMU_PROT_RW, .tag = "bench"};
	err = bench_places(b->s, p, &b->place, 1, f);
	return err || !session_is_simulated(b->s) ? err : bench_stores_new(&b->stores, p->cell.size, f);
}

/* What a device says is a failure, too, of which the figures so far are told. */
static int unmap_verdict(const struct unmap_bench *b, int err, struct bench_result *out, const struct fail *f)
{
	struct failure bad = {.class = FAILURE_DMA_ERROR, .iova = b->bad, .length = UNMAP_TOUCH_BYTES};

	if (err != -EREMOTEIO && b->status) {
		snprintf(bad.text, sizeof(bad.text), "%.190s", f->text);
		failures_add(&out->found, &bad);
	}
	return bench_verdict(out, err, b->bad, UNMAP_TOUCH_BYTES, f);
}

/* After an error what is left of the mappings goes; while the device may still write, nothing does. */
static void unmap_free(struct unmap_bench *b)
{
	struct ledger_entry left;
	struct iova_range r = {b->place.req.iova, b->place.req.iova + (b->place.req.size - 1)};

	if (b->place.mem.va && session_is_quiet(b->s))
		while (ledger_find(iommu_ledger(b->iommu), r, &left) &&
		       !iommu_unmap(b->iommu, left.range.start, left.range.last - left.range.start + 1, NULL, NULL))
			;
	bench_places_free(b->s, &b->place, 1);
	bench_stores_free(&b->stores);
}

static int unmap_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	struct unmap_bench b = {.s = s, .iommu = session_iommu(s), .found = &out->found, .place.mem.fd = -1};
	int err = unmap_new(&b, p, f);

	for (unsigned int i = 0; i < ARRAY_SIZE(unmap_ways) && !err && !session_signal; i++) {
		if (!unmap_has(&b, &unmap_ways[i], out))
			continue;
		b.way = &unmap_ways[i];
		err = unmap_measure(&b, p, out, f);
		if (b.way->used && !out->note[0])
			snprintf(out->note, sizeof(out->note),
				 "before what is \"used\" went, the device had read there");
	}
	out->iova = b.place.req.iova;
	bench_add_wrong(out, b.wrong, b.place.req.size, b.wrong_got);
	err = unmap_verdict(&b, err, out, f);
	unmap_free(&b);
	if (!err && session_is_quiet(s))
		out->pins_counted = !session_pin_excess(s, &out->pins_left);
	return err;
}

static const uint64_t unmap_sizes[] = {MiB(2), 0};

const struct bench bench_unmap = {
	.name = "unmap",
	.summary = "unmap one mapping, many in one call, each, page by page and everything; after the device was "
		   "there, too",
	.varies = BENCH_SIZE | BENCH_GRANULE | BENCH_MEM | BENCH_IOVA,
	.sizes = unmap_sizes,
	.min_size = KiB(4),
	.max_size = TiB(1),
	.loops = BENCH_AUTO,
	.warmup = BENCH_AUTO,
	.maps = true,
	.run = unmap_run,
};
