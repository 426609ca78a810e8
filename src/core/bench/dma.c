/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark "dma": transfers by the session's device, by each queue's thread, always to the same place (which an IOTLB has) and to
 * many in an order that no IOTLB has; one at a time and as many at once as the device takes. Beside each the processor's memcpy().
 */
#include "core/bench/dma.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/op/flight.h"

/* What is measured, in this order. */
static const struct dma_way {
	enum dev_dir dir;
	bool random;
	const char *rate, *time;
} dma_ways[] = {
	{DEV_READ, false, "read-hit", "read-hit-time"},	   {DEV_READ, true, "read-miss", "read-miss-time"},
	{DEV_WRITE, false, "write-hit", "write-hit-time"}, {DEV_WRITE, true, "write-miss", "write-miss-time"},
	{DEV_COPY, false, "copy-hit", "copy-hit-time"},	   {DEV_COPY, true, "copy-miss", "copy-miss-time"},
};

bool dma_can(const struct dma_set *set, enum dev_dir dir)
{
	const struct dev_limits *l = dev_limits(session_dev(set->s));

	return dir == DEV_COPY ? dev_both_ways(l) : (l->dirs & dir) != 0;
}

void dma_report_status(struct dma_set *set, int status, iova_t at)
{
	struct failure bad = {.class = FAILURE_DMA_ERROR, .iova = at, .length = set->len};

	snprintf(bad.text, sizeof(bad.text), "the device reported an error at iova 0x%" PRIx64 ": %.100s", at,
		 strerror(-status));
	failures_add(&set->out->found, &bad);
}

static int dma_lost(struct session *s, int err, iova_t at, struct fail *f)
{
	if (!err)
		return 0;
	fail_set(f, err, "the device did not do the DMA at iova 0x%" PRIx64, at);
	return session_dma_failed(s, err, f);
}

int dma_one(struct dma_set *set, unsigned int queue, enum dev_dir dir, iova_t src, iova_t dst, int *status,
	    struct fail *f)
{
	struct dev *dev = session_dev(set->s);
	iova_t at = dir == DEV_WRITE ? dst : src;
	int err = dir == DEV_COPY ? dev_roundtrip(dev, queue, src, dst, set->len, status)
				  : dev_oneway(dev, queue, dir, at, set->len, DMA_TIMEOUT_MS, status);

	return dma_lost(set->s, err, at, f);
}

/* --- what is measured --- */

static unsigned int dma_next(struct dma_bench *b)
{
	unsigned int slot;

	if (!b->random)
		return 0;
	slot = b->r.order[b->next];
	b->next = b->next + 1 < b->r.nr ? b->next + 1 : 0;
	return slot;
}

/* Several requests in one submission. */
static int dma_many(struct dma_bench *b, struct fail *f)
{
	int err;

	for (unsigned int i = 0; i < b->depth; i++) {
		unsigned int slot = dma_next(b);

		b->reqs[i] = (struct dev_req){
			.dir = b->dir,
			.src = b->dir == DEV_WRITE ? 0 : dma_src(&b->r, slot),
			.dst = b->dir == DEV_READ ? 0 : dma_dst(&b->r, slot),
			.len = b->len,
		};
	}
	err = dev_transfer(session_dev(b->s), b->queue, b->reqs, b->depth, DMA_TIMEOUT_MS);
	for (unsigned int i = 0; i < b->depth && !err && !b->status; i++) {
		b->status = b->reqs[i].status;
		b->bad = b->dir == DEV_WRITE ? b->reqs[i].dst : b->reqs[i].src;
	}
	return dma_lost(b->s, err, b->dir == DEV_WRITE ? b->reqs[0].dst : b->reqs[0].src, f);
}

static int dma_single(struct dma_bench *b, struct fail *f)
{
	unsigned int slot = dma_next(b);

	b->bad = b->dir == DEV_WRITE ? dma_dst(&b->r, slot) : dma_src(&b->r, slot);
	return dma_one(b->set, b->queue, b->dir, dma_src(&b->r, slot), dma_dst(&b->r, slot), &b->status, f);
}

static int dma_ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct dma_bench *b = ctx;
	uint64_t i, before = 0;
	int err = 0;

	for (i = 0; i < *n && !session_signal; i++) {
		if (times)
			before = clock_ns();
		err = b->depth > 1 ? dma_many(b, f) : dma_single(b, f);
		if (times)
			hist_add(times, clock_ns() - before);
		if (!err && b->status)
			err = fail_set(f, EIO, "the device reported an error at iova 0x%" PRIx64, b->bad);
		if (err)
			break;
	}
	b->since += i * b->depth;
	*n = i;
	return err;
}

/* The same bytes, by the processor. */
static void dma_by_hand(struct dma_bench *b)
{
	unsigned int slot = dma_next(b);

	memcpy(b->dir == DEV_READ ? b->scratch : dma_dst_va(&b->r, slot),
	       b->dir == DEV_WRITE ? b->scratch : dma_src_va(&b->r, slot), b->len);
}

static int dma_plain(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct dma_bench *b = ctx;
	uint64_t i, before = 0;

	(void)f;
	for (i = 0; i < *n && !session_signal; i++) {
		if (times)
			before = clock_ns();
		for (unsigned int k = 0; k < b->depth; k++)
			dma_by_hand(b);
		if (times)
			hist_add(times, clock_ns() - before);
	}
	*n = i;
	return 0;
}

static uint64_t dma_since(const struct dma_set *set)
{
	uint64_t since = 0;

	for (unsigned int i = 0; i < set->threads; i++)
		since += set->bench[i].since;
	return since;
}

static int dma_ask_canary(struct dma_set *set, struct fail *f)
{
	int err = session_canary(set->s, f);

	for (unsigned int i = 0; i < set->threads && !err; i++)
		set->bench[i].since = 0;
	return err;
}

int dma_canary(struct dma_set *set, uint64_t more, struct fail *f)
{
	int err = dma_since(set) + more > SESSION_CANARY_EVERY ? dma_ask_canary(set, f) : 0;

	set->bench[0].since += more;
	return err;
}

/* Half of what may be between two canaries is one batch's, the other half is of those before it. */
#define DMA_BATCH_MOST (SESSION_CANARY_EVERY / 2)

static int dma_before(void *ctx, struct fail *f)
{
	struct dma_set *set = ((struct dma_bench *)ctx)->set;

	return dma_since(set) > SESSION_CANARY_EVERY - DMA_BATCH_MOST ? dma_ask_canary(set, f) : 0;
}

static uint64_t dma_most_at_once(const struct dma_set *set, unsigned int depth)
{
	return MAX(DMA_BATCH_MOST / set->threads / depth, 1u);
}

/* --- rows --- */

static void dma_rows(struct dma_set *set, const struct dma_way *way, unsigned int depth, const struct bench_measured *m)
{
	struct bench_params p = *set->p;
	double bytes = (double)set->len * depth;

	p.cell.size = set->len;
	p.cell.depth = depth;
	if (!m->rounds)
		return;
	bench_add_rate(set->out, &p, m, way->rate, "GiB/s", bytes, (double)GiB(1), "memcpy");
	if (depth == 1)
		bench_add_times(set->out, &p, m, 0, way->time, "memcpy");
}

static int dma_way(struct dma_set *set, const struct dma_way *way, unsigned int depth, struct fail *f)
{
	const struct bench_work work = {
		.ours = dma_ours,
		.plain = dma_plain,
		.parts = depth == 1,
		.before = dma_before,
		.most = dma_most_at_once(set, depth),
	};
	struct bench_measured m;
	int err;

	for (unsigned int i = 0; i < set->threads; i++) {
		struct dma_bench *b = &set->bench[i];

		b->dir = way->dir;
		b->random = way->random;
		b->depth = depth;
		b->next = 0;
	}
	err = bench_measure(&work, set->ctx, set->threads, &set->p->until, &m, f);
	dma_rows(set, way, depth, &m);
	bench_measured_free(&m);
	for (unsigned int i = 0; i < set->threads; i++)
		if (set->bench[i].status)
			dma_report_status(set, set->bench[i].status, set->bench[i].bad);
	return err;
}

/* Can the device do it with so many at once? A roundtrip through its buffer, and one in pieces, are several submissions. */
static bool dma_fits(const struct dma_set *set, enum dev_dir dir, unsigned int depth)
{
	const struct dev_limits *l = dev_limits(session_dev(set->s));

	return dma_can(set, dir) && (depth == 1 || (l->dirs & dir && set->len <= dev_most(l, dir)));
}

static int dma_measure(struct dma_set *set, struct fail *f)
{
	unsigned int most = dev_limits(session_dev(set->s))->depth, depths[2] = {1, most}, nr = most > 1 ? 2 : 1,
		     done = 0;
	int err = 0;

	if (set->p->cell.depth) {
		depths[0] = set->p->cell.depth;
		nr = 1;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(dma_ways); i++)
		for (unsigned int k = 0; k < nr && !err && !session_signal; k++) {
			const struct dma_way *way = &dma_ways[i];

			if (!dma_fits(set, way->dir, depths[k]) || (way->random && set->bench[0].r.nr == 1))
				continue;
			done++;
			err = dma_way(set, way, depths[k], f);
		}
	if (err || done || session_signal)
		return err;
	return fail_set(f, EOPNOTSUPP, "driver %s moves 0x%" PRIx64 " bytes in no direction with %u requests at once",
			session_driver_name(set->s), set->len, depths[0]);
}

/* --- setting up --- */

static int dma_check(struct dma_set *set, struct fail *f)
{
	const struct dev_limits *l = dev_limits(session_dev(set->s));
	const struct bench_params *p = set->p;
	int err;

	set->len = p->nr_sizes ? p->cell.size : dev_length(l, p->cell.size);
	err = dev_check_length(l, "--size", set->len, f);
	if (!err && p->where == OP_IOVA_ADDR)
		err = dev_check_address(l, "--iova", p->iova, f);
	if (err)
		return err;
	if (p->cell.depth > l->depth) {
		fail_usage(f, EINVAL, "--depth: %u is more than the %u requests that driver %s submits at once",
			   p->cell.depth, l->depth, session_driver_name(set->s));
		fail_hint(f, "--depth %u, or without it as many as the driver takes", l->depth);
		return -EINVAL;
	}
	if (p->cell.threads > l->queues)
		return fail_usage(f, EINVAL, "--threads: %u is more than the %u queue%s of driver %s", p->cell.threads,
				  l->queues, l->queues == 1 ? "" : "s", session_driver_name(set->s));
	return 0;
}

static int dma_new(struct dma_set *set, struct fail *f)
{
	unsigned int most = dev_limits(session_dev(set->s))->depth;
	int err = dma_check(set, f);

	for (unsigned int i = 0; i < set->threads && !err; i++) {
		struct dma_bench *b = &set->bench[i];

		set->ctx[i] = b;
		b->s = set->s;
		b->set = set;
		b->queue = i;
		b->len = set->len;
		b->reqs = calloc(most, sizeof(*b->reqs));
		b->scratch = malloc(b->len);
		if (!b->reqs || !b->scratch)
			err = fail_set(f, ENOMEM, "no memory for %u requests of 0x%" PRIx64 " bytes", most, b->len);
	}
	return err ? err : dma_places(set, f);
}

static void dma_free(struct dma_set *set)
{
	dma_places_free(set);
	for (unsigned int i = 0; i < set->threads; i++) {
		free(set->bench[i].reqs);
		free(set->bench[i].scratch);
	}
	free(set);
}

static void dma_note(struct dma_set *set)
{
	char half[32], checked[32];
	const struct dma_region *r = &set->bench[0].r;
	int at = 0;

	if (r->nr > 1)
		at = snprintf(set->out->note, sizeof(set->out->note), "misses go through %u mappings of %s; ", r->nr,
			      num_format_size(half, sizeof(half), 2 * r->half));
	if (set->out->checked)
		snprintf(set->out->note + at, sizeof(set->out->note) - (size_t)at, "%s were looked at afterwards",
			 num_format_size(checked, sizeof(checked), set->out->checked));
	else
		snprintf(set->out->note + at, sizeof(set->out->note) - (size_t)at, "what arrived was not looked at%s",
			 dma_can(set, DEV_WRITE) || dma_can(set, DEV_COPY) ? "" : ": the device does not write");
}

static int dma_start(struct session *s, struct fail *f)
{
	int err = session_usable(s, f);

	if (!err)
		err = session_idle(s, f);
	if (!err)
		err = session_at_home(s, f);
	return err ? err : session_dma_start(s, f);
}

static int dma_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	struct dma_set *set;
	int err;

	if (posix_memalign((void **)&set, 128, sizeof(*set)))
		return fail_set(f, ENOMEM, "no memory for %u threads", p->cell.threads);
	memset(set, 0, sizeof(*set));
	*set = (struct dma_set){.s = s, .p = p, .out = out, .threads = p->cell.threads, .old.fd = -1};
	for (unsigned int i = 0; i < set->threads; i++)
		set->bench[i].r.place.mem.fd = -1;
	err = dma_start(s, f);
	if (!err)
		err = dma_new(set, f);
	if (!err)
		err = dma_measure(set, f);
	if (!err && !failures_total(&out->found))
		err = dma_verify(set, f);
	if (set->bench[0].r.mapped)
		out->iova = set->bench[0].r.iova;
	out->checked += set->checked;
	err = bench_verdict(out, err, 0, set->len, f);
	if (out->nr_rows)
		dma_note(set);
	dma_free(set);
	if (!err && session_is_quiet(s))
		out->pins_counted = !session_pin_excess(s, &out->pins_left);
	return err;
}

static const uint64_t dma_sizes[] = {KiB(4), KiB(64), 0};

const struct bench bench_dma = {
	.name = "dma",
	.summary = "transfers by the device: how long one takes and how many bytes move, IOTLB hits and misses",
	.varies = BENCH_SIZE | BENCH_MEM | BENCH_THREADS | BENCH_IOVA | BENCH_DEPTH,
	.sizes = dma_sizes,
	.min_size = 1,
	.max_size = GiB(1),
	.loops = BENCH_AUTO,
	.warmup = BENCH_AUTO,
	.maps = true,
	.run = dma_run,
};
