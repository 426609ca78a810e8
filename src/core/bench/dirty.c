/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark "dirty": how fast the dirty bits of tracked memory are read and cleared, with few, half and all pages written; each held against a
 * plain loop that does the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "core/bench/dirty.h"

#define DIRTY_BATCH 64
#define DIRTY_TIMEOUT_MS 10000

static const struct {
	unsigned int percent;
	const char *name, *times, *reported;
} dirty_shares[] = {
	{1, "read-clear-1%", "read-clear-1%-time", "reported-1%"},
	{50, "read-clear-50%", "read-clear-50%-time", "reported-50%"},
	{100, "read-clear-100%", "read-clear-100%-time", "reported-100%"},
};

struct dirty_bench {
	struct session *s;
	struct iommu *iommu;
	const struct bench_params *p;
	struct bench_result *res;
	struct fail *f;
	struct iommu_map_req req;
	struct dirty_at at;
	struct dirty_caps caps;
	uint64_t page_size, pages;
	struct dirty_bitmap want, got; /* pages to be written; what was read */
	struct bench_dirty_plain plain;
	uint64_t reported, reads; /* pages, by all reads of the share */
	unsigned int since;	  /* requests after the latest canary */
};

/* --- writing --- */

/* @n pages of the share, chosen at random and each once: selection sampling, so that they come in order. */
static void dirty_choose(struct dirty_bench *b, uint64_t n)
{
	uint64_t *bits = dirty_bitmap_bits(&b->want), left = n, place = rng_place("bench dirty");

	bitmap_clear(bits, 0, b->pages);
	for (uint64_t i = 0; i < b->pages && left; i++)
		if (rng_below(rng_draw(session_params(b->s)->seed, b->p->op + i, place), b->pages - i) < left) {
			bitmap_set(bits, i, 1);
			left--;
		}
}

static int dirty_refused(struct dirty_bench *b, const struct dev_req *req)
{
	struct failure bad = {.class = FAILURE_DMA_ERROR, .iova = req->dst, .length = req->len};

	snprintf(bad.text, sizeof(bad.text), "the device could not write at iova 0x%" PRIx64 ": %.100s", req->dst,
		 strerror(abs(req->status)));
	failures_add(&b->res->found, &bad);
	return fail_set(b->f, req->status, "the device could not write at iova 0x%" PRIx64, req->dst);
}

static int dirty_submit(struct dirty_bench *b, struct dev_req *reqs, unsigned int n)
{
	int err = 0;

	if (b->since + n > SESSION_CANARY_EVERY) {
		b->since = 0;
		err = session_canary(b->s, b->f);
		if (err)
			return err;
	}
	b->since += n;
	err = dev_transfer(session_dev(b->s), 0, reqs, n, DIRTY_TIMEOUT_MS);
	if (err) {
		fail_set(b->f, err, "the device did not write the pages of the benchmark");
		return session_dma_failed(b->s, err, b->f);
	}
	for (unsigned int i = 0; i < n; i++)
		if (reqs[i].status)
			return dirty_refused(b, &reqs[i]);
	return 0;
}

/* What a device that copies takes: the page's own next bytes, or where a request is all of a page, a page beside it. */
static iova_t dirty_source(const struct dirty_bench *b, uint64_t page, uint64_t len)
{
	uint64_t at = page * b->page_size;

	if (2 * len <= b->page_size)
		return b->req.iova + at + len;
	return b->req.iova + (at + 2 * len <= b->req.size ? at + len : at - len);
}

/* The first bytes of every chosen page, by a device that writes from its own buffer, or copies. */
static int dirty_write(struct dirty_bench *b)
{
	const struct dev_limits *limits = dev_limits(session_dev(b->s));
	unsigned int depth = MIN(MAX(limits->depth, 1U), DIRTY_BATCH), n = 0;
	uint64_t len = dev_length(limits, 1), page;
	struct dev_req reqs[DIRTY_BATCH];
	int err = 0;

	if (len > b->page_size)
		return fail_set(b->f, EOPNOTSUPP,
				"the device writes no less than 0x%" PRIx64 " bytes, more than a page", len);
	for (page = 0; !err && (page = bitmap_next(b->want.words, b->pages, page)) < b->pages; page++) {
		uint64_t dst = b->req.iova + page * b->page_size;

		reqs[n++] = (struct dev_req){
			.dir = limits->dirs & DEV_WRITE ? DEV_WRITE : DEV_COPY, .dst = dst, .len = len};
		if (reqs[n - 1].dir == DEV_COPY)
			reqs[n - 1].src = dirty_source(b, page, len);
		if (n == depth) {
			err = dirty_submit(b, reqs, n);
			n = 0;
		}
	}
	return !err && n ? dirty_submit(b, reqs, n) : err;
}

static int dirty_make(struct dirty_bench *b)
{
	if (b->caps.over_reports)
		return 0;
	if (b->caps.marks)
		return iommu_dirty_mark(&b->at, b->req.iova, b->req.size, b->page_size, b->want.words, NULL, b->f);
	return dirty_write(b);
}

/* --- measuring --- */

static int dirty_before(void *ctx, struct fail *f)
{
	struct dirty_bench *b = ctx;
	int err = dirty_make(b);

	memset(dirty_bitmap_bits(&b->got), 0, bitmap_words(b->pages) * 8);
	bench_dirty_plain_mark(&b->plain, b->want.words, b->pages);
	return err;
}

static struct dirty_read dirty_request(struct dirty_bench *b)
{
	return (struct dirty_read){.iova = b->req.iova,
				   .length = b->req.size,
				   .page_size = b->page_size,
				   .bits = dirty_bitmap_bits(&b->got),
				   .bytes = bitmap_words(b->pages) * 8};
}

/* What a bit that the source keeps stands for may be larger than a page: at the range's ends it is not cleared as a whole. */
static void dirty_inner(const struct dirty_bench *b, uint64_t *first, uint64_t *end)
{
	struct op_dirty_on on;
	uint64_t unit = b->page_size, last = b->req.iova + b->req.size;

	if (op_dirty_get(b->s, 0, &on) && on.page_size > unit)
		unit = on.page_size;
	*first = (ALIGN_UP(b->req.iova, unit) - b->req.iova) / b->page_size;
	*end = ALIGN_DOWN(last, unit) > b->req.iova ? (ALIGN_DOWN(last, unit) - b->req.iova) / b->page_size : 0;
}

/* With nothing written since the read before, which was to clear. */
static int dirty_again(struct dirty_bench *b, struct fail *f)
{
	struct dirty_read read = dirty_request(b);
	uint64_t page, first, end;
	int err;

	memset(dirty_bitmap_bits(&b->got), 0, bitmap_words(b->pages) * 8);
	err = iommu_dirty_read(&b->at, &read, f);
	if (err)
		return err;
	dirty_inner(b, &first, &end);
	for (page = first; (page = bitmap_next(b->got.words, b->pages, page)) < end; page++)
		if (!b->res->spurious++)
			b->res->spurious_at = b->req.iova + page * b->page_size;
	b->res->again++;
	return 0;
}

static int dirty_ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct dirty_bench *b = ctx;
	struct dirty_read read = dirty_request(b);
	struct bitmap_diff diff;
	uint64_t before = clock_ns();
	int err = iommu_dirty_read(&b->at, &read, f);

	hist_add(times, clock_ns() - before);
	*n = 1;
	if (err)
		return err;
	bitmap_compare(b->want.words, b->got.words, b->pages, &diff);
	b->res->missed += diff.only_a > 0;
	b->reported += diff.both + diff.only_b;
	b->reads++;
	/* the 1st, 2nd, 4th, ... of a share: enough to see it, and little of the time */
	return b->caps.over_reports || b->reads & (b->reads - 1) ? 0 : dirty_again(b, f);
}

static int dirty_plain_loop(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct dirty_bench *b = ctx;
	struct dirty_read read = dirty_request(b);
	uint64_t before = clock_ns();
	int err = bench_dirty_plain_read(&b->plain, &b->at, &read);

	hist_add(times, clock_ns() - before);
	*n = 1;
	return err ? fail_set(f, err, "the plain loop cannot read the dirty bits") : 0;
}

/* What is to be read has to be written first, each time anew. */
static int dirty_share(struct dirty_bench *b, unsigned int i)
{
	static const struct bench_work work = {.ours = dirty_ours,
					       .plain = dirty_plain_loop,
					       .parts = 1,
					       .part_only = true,
					       .before = dirty_before,
					       .most = 1};
	uint64_t want = MAX(b->pages * dirty_shares[i].percent / 100, (uint64_t)1);
	const char *reference = bench_dirty_plain_name(&b->plain);
	struct bench_measured m;
	void *ctx = b;
	int err;

	b->reported = b->reads = 0;
	dirty_choose(b, want);
	err = bench_measure(&work, &ctx, 1, &b->p->until, &m, b->f);
	if (m.rounds) {
		bench_add_rate(b->res, b->p, &m, dirty_shares[i].name, "GiB/s", (double)b->req.size, (double)GiB(1),
			       reference);
		bench_add_times(b->res, b->p, &m, 0, dirty_shares[i].times, reference);
	}
	/* more than 1 where page table entries are larger than what a bit stands for */
	if (m.rounds && !b->caps.over_reports)
		bench_add(b->res, b->p, dirty_shares[i].reported, "pages per written page",
			  (double)b->reported / (double)(want * b->reads));
	bench_measured_free(&m);
	return err;
}

static void dirty_note(struct dirty_bench *b)
{
	snprintf(b->res->note, sizeof(b->res->note), "source %s, beside %s%s", dirty_source_name(b->at.source),
		 bench_dirty_plain_text(&b->plain),
		 b->caps.over_reports ? "; it reports every mapped page: nothing was written"
		 : b->caps.marks      ? "; the pages were marked, not written by DMA"
				      : "");
}

static int dirty_measure(struct dirty_bench *b)
{
	struct iova_range range = {b->req.iova, b->req.iova + b->req.size - 1};
	int err = op_dirty_start(b->s, &b->p->dirty, &range, b->caps.ranges ? 1 : 0, b->caps.ranges ? b->page_size : 0,
				 b->f);
	unsigned int i = b->caps.over_reports ? ARRAY_SIZE(dirty_shares) - 1 : 0;
	struct fail why = {0};

	if (err)
		return err;
	op_dirty_is_on(b->s, &b->at);
	err = bench_dirty_plain_begin(&b->plain, b->s, &b->at, &b->req, b->page_size, b->f);
	dirty_note(b);
	for (; i < ARRAY_SIZE(dirty_shares) && !err && !session_signal; i++)
		err = dirty_share(b, i);
	bench_dirty_plain_end(&b->plain);
	if (op_dirty_stop(b->s, &b->p->dirty, err ? &why : b->f) && !err)
		err = -b->f->err;
	return err;
}

static int dirty_prepare(struct dirty_bench *b)
{
	uint64_t sizes;
	int err = op_dirty_find(b->s, &b->p->dirty, &b->at, &b->caps, b->f);

	if (err)
		return err;
	sizes = b->caps.page_sizes;
	b->page_size = b->p->cell.page_size ? b->p->cell.page_size : MAX(sizes & -sizes, (uint64_t)4096);
	if (!(b->page_size & sizes) || b->page_size & (b->page_size - 1) || b->p->cell.size % b->page_size)
		return fail_usage(b->f, EINVAL,
				  "--page-size 0x%" PRIx64
				  " is not one that source %s has, or that --size is a multiple of",
				  b->page_size, dirty_source_name(b->at.source));
	b->pages = b->p->cell.size / b->page_size;
	err = dirty_bitmap_new(&b->want, b->at.source, 0, b->p->cell.size, b->page_size, b->f);
	if (!err)
		err = dirty_bitmap_new(&b->got, b->at.source, 0, b->p->cell.size, b->page_size, b->f);
	if (!err && !b->caps.marks && !b->caps.over_reports)
		err = session_dma_start(b->s, b->f);
	return err;
}

static int dirty_mapped(struct dirty_bench *b)
{
	int err;

	err = iommu_map(b->iommu, &b->req, b->f);
	if (err) {
		op_map_is_refused(b->iommu, err, &b->req, &b->res->found);
		return err;
	}
	b->res->iova = b->req.iova;
	err = dirty_measure(b);
	if (session_is_quiet(b->s) && iommu_unmap(b->iommu, b->req.iova, b->req.size, NULL, err ? NULL : b->f) && !err)
		err = -b->f->err;
	return err;
}

static int dirty_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	struct bench_params params = *p;
	struct dirty_bench b = {.s = s, .iommu = session_iommu(s), .p = &params, .res = out, .f = f};
	struct iommu_mem mem = {.fd = -1};
	int err;

	b.req = (struct iommu_map_req){.prot = IOMMU_PROT_RW, .tag = "bench"};
	err = dirty_prepare(&b);
	params.cell.page_size = b.page_size;
	if (!err)
		err = bench_memory(s, &params, &b.req, &mem, f);
	if (!err) {
		err = dirty_mapped(&b);
		if (session_is_quiet(s))
			iommu_mem_free(b.iommu, &mem);
	}
	dirty_bitmap_free(&b.want);
	dirty_bitmap_free(&b.got);
	err = bench_verdict(out, err, b.req.iova, b.req.size, f);
	if (!err && session_is_quiet(s))
		out->pins_counted = !session_pin_excess(s, &out->pins_left);
	return err;
}

static const uint64_t dirty_sizes[] = {MiB(256), 0};

const struct bench bench_dirty = {
	.name = "dirty",
	.summary = "read and clear the dirty bits of tracked memory, with 1 %, half and all of its pages written",
	.varies = BENCH_SIZE | BENCH_PAGE_SIZE | BENCH_MEM | BENCH_IOVA | BENCH_SOURCE,
	.sizes = dirty_sizes,
	.min_size = KiB(4),
	.max_size = GiB(64),
	.loops = BENCH_AUTO,
	.warmup = BENCH_AUTO,
	.run = dirty_run,
};
