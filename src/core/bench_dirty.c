/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benchmark "dirty": how fast the dirty bits of tracked memory are read and cleared, with few, half and all pages written. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/rng.h"
#include "core/bench.h"

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
	struct hist times;
	uint64_t reported; /* pages, by all measured reads of the share */
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

static int dirty_submit(struct dirty_bench *b, struct dev_req *reqs, unsigned int n)
{
	int err = dev_transfer(session_dev(b->s), 0, reqs, n, DIRTY_TIMEOUT_MS);

	if (err) {
		fail_set(b->f, err, "the device did not write the pages of the benchmark");
		return session_dma_failed(b->s, err, b->f);
	}
	for (unsigned int i = 0; i < n; i++)
		if (reqs[i].status)
			return fail_set(b->f, reqs[i].status, "the device could not write at iova 0x%" PRIx64,
					reqs[i].dst);
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

static int dirty_once(struct dirty_bench *b, bool counts)
{
	struct dirty_read read = {.iova = b->req.iova,
				  .length = b->req.size,
				  .page_size = b->page_size,
				  .bits = dirty_bitmap_bits(&b->got),
				  .bytes = bitmap_words(b->pages) * 8};
	struct bitmap_diff diff;
	uint64_t before;
	int err = dirty_make(b);

	if (err)
		return err;
	memset(read.bits, 0, read.bytes);
	before = clock_ns();
	err = iommu_dirty_read(&b->at, &read, b->f);
	if (!err && counts)
		hist_add(&b->times, clock_ns() - before);
	bitmap_compare(b->want.words, b->got.words, b->pages, &diff);
	if (!err && diff.only_a)
		b->res->missed++;
	b->reported += counts ? diff.both + diff.only_b : 0;
	return err;
}

static int dirty_share(struct dirty_bench *b, unsigned int i)
{
	uint64_t want = MAX(b->pages * dirty_shares[i].percent / 100, (uint64_t)1), done = 0;
	struct bench_row *row;
	int err = 0;

	memset(&b->times, 0, sizeof(b->times));
	b->reported = 0;
	dirty_choose(b, want);
	for (uint64_t n = 0; n < b->p->warmup + b->p->loops && !err && !session_signal; n++) {
		err = dirty_once(b, n >= b->p->warmup);
		done += !err && n >= b->p->warmup;
	}
	if (!done)
		return err;
	b->res->loops = MAX(b->res->loops, done);
	row = bench_rate(b->res, dirty_shares[i].name, "GiB/s", done * b->req.size, b->times.sum);
	row->value /= (double)GiB(1);
	row->reference = b->p->reference;
	row->reference_value = b->p->reference_value;
	bench_times(b->res, dirty_shares[i].times, &b->times);
	/* more than 1 where page table entries are larger than what a bit stands for */
	if (!b->caps.over_reports)
		bench_ratio(b->res, dirty_shares[i].reported, "pages per written page",
			    (double)b->reported / (double)(want * done));
	return err;
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
	b->res->clock_ns = bench_clock_cost();
	for (; i < ARRAY_SIZE(dirty_shares) && !err && !session_signal; i++)
		err = dirty_share(b, i);
	if (op_dirty_stop(b->s, &b->p->dirty, err ? &why : b->f) && !err)
		err = -b->f->err;
	return err;
}

static void dirty_note(struct dirty_bench *b)
{
	char size[32];

	num_format_size(size, sizeof(size), b->page_size);
	snprintf(b->res->note, sizeof(b->res->note), "source %s, a bit for %s%s", dirty_source_name(b->at.source), size,
		 b->caps.over_reports ? "; it reports every mapped page: nothing was written"
		 : b->caps.marks      ? "; the pages were marked, not written by DMA"
				      : "");
}

static int dirty_prepare(struct dirty_bench *b)
{
	uint64_t sizes;
	int err = op_dirty_find(b->s, &b->p->dirty, &b->at, &b->caps, b->f);

	if (err)
		return err;
	sizes = b->caps.page_sizes;
	b->page_size = b->p->page_size ? b->p->page_size : MAX(sizes & -sizes, (uint64_t)4096);
	if (!(b->page_size & sizes) || b->page_size & (b->page_size - 1) || b->p->size % b->page_size)
		return fail_usage(b->f, EINVAL,
				  "--page-size 0x%" PRIx64
				  " is not one that source %s has, or that --size is a multiple of",
				  b->page_size, dirty_source_name(b->at.source));
	b->pages = b->p->size / b->page_size;
	dirty_note(b);
	err = dirty_bitmap_new(&b->want, b->at.source, 0, b->p->size, b->page_size, b->f);
	if (!err)
		err = dirty_bitmap_new(&b->got, b->at.source, 0, b->p->size, b->page_size, b->f);
	if (!err && !b->caps.marks && !b->caps.over_reports)
		err = session_dma_start(b->s, b->f);
	return err;
}

static int dirty_mapped(struct dirty_bench *b)
{
	int err;

	err = iommu_map(b->iommu, &b->req, b->f);
	if (err)
		return err;
	b->res->iova = b->req.iova;
	err = dirty_measure(b);
	if (session_is_quiet(b->s) && iommu_unmap(b->iommu, b->req.iova, b->req.size, NULL, err ? NULL : b->f) && !err)
		err = -b->f->err;
	return err;
}

static int dirty_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	static struct dirty_bench b; /* large, and there is one benchmark at a time */
	struct iommu_mem mem = {.fd = -1};
	int err;

	memset(out, 0, sizeof(*out));
	b = (struct dirty_bench){.s = s, .iommu = session_iommu(s), .p = p, .res = out, .f = f};
	b.req = (struct iommu_map_req){.prot = IOMMU_PROT_RW, .tag = "bench"};
	err = dirty_prepare(&b);
	if (!err)
		err = bench_memory(s, p, &b.req, &mem, f);
	if (!err) {
		err = dirty_mapped(&b);
		if (session_is_quiet(s))
			iommu_mem_free(b.iommu, &mem);
	}
	dirty_bitmap_free(&b.want);
	dirty_bitmap_free(&b.got);
	if (!err)
		out->pins_counted = !session_pin_excess(s, &out->pins_left);
	return err;
}

const struct bench bench_dirty = {
	.name = "dirty",
	.summary = "read and clear the dirty bits of tracked memory, with 1 %, half and all of its pages written",
	.loops = 20,
	.warmup = 2,
	.size = MiB(256),
	.max_size = GiB(64),
	.tracks = true,
	.run = dirty_run,
};
