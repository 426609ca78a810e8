/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bitmaps held against what was written, page by page, and the memory around them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/clock.h"
#include "core/verify/log.h"
#include "core/verify/priv.h"

#define GUARD 4096u

/* A query with its defaults filled in. */
struct judge {
	struct verify *v;
	const struct verify_query *q;
	struct verify_area *area;
	struct iova_range range;
	uint64_t off, length, page_size, bits;
};

static struct judge judge_of(struct verify *v, const struct verify_query *q)
{
	struct judge j = {.v = v, .q = q, .area = q->area, .off = q->off};

	j.length = q->length ? q->length : q->area->size - q->off;
	j.page_size = q->page_size ? q->page_size : v->unit;
	j.bits = j.length / j.page_size;
	j.range = (struct iova_range){q->area->iova + j.off, q->area->iova + j.off + j.length - 1};
	return j;
}

/* Set the bits of the query's pages that overlap @r. */
static void judge_mark(const struct judge *j, uint64_t *bits, struct iova_range r)
{
	uint64_t first, last;

	if (!iova_range_overlaps(r, j->range))
		return;
	first = (MAX(r.start, j->range.start) - j->range.start) / j->page_size;
	last = (MIN(r.last, j->range.last) - j->range.start) / j->page_size;
	bitmap_set(bits, first, last - first + 1);
}

/* @want: pages that were written. @may: and all that share a page table entry with one that was. */
static void judge_expect(const struct judge *j, const uint64_t *truth, uint64_t *want, uint64_t *may)
{
	uint64_t unit = j->v->unit, leaf = MAX(j->area->leaf, unit), at = 0;
	struct bitmap_run runs[512];
	size_t n;

	while ((n = bitmap_runs(truth, j->area->size / unit, &at, runs, ARRAY_SIZE(runs)))) {
		for (size_t i = 0; i < n; i++) {
			struct iova_range r = {j->area->iova + runs[i].first * unit, 0};

			r.last = r.start + runs[i].count * unit - 1;
			judge_mark(j, want, r);
			r.start = ALIGN_DOWN(r.start, leaf);
			r.last |= leaf - 1;
			judge_mark(j, may, r);
		}
	}
}

static void judge_missing(const struct judge *j, uint64_t bit)
{
	const struct verify_entry *e;
	uint64_t at = j->off + bit * j->page_size;
	const char *when = j->q->what ? j->q->what : "the read that followed";

	e = verify_log_find(j->area->log, at, j->page_size);
	if (!e && j->area->leaf > j->page_size)
		verify_missing(j->v, j->range.start + bit * j->page_size, j->page_size,
			       "its entry of 0x%llx bytes was written, and it is not in %s",
			       (unsigned long long)j->area->leaf, when);
	else if (!e)
		verify_missing(j->v, j->range.start + bit * j->page_size, j->page_size,
			       "it was written, and is not in %s", when);
	else
		verify_missing(j->v, j->range.start + bit * j->page_size, j->page_size,
			       "write %llu of the case, 0x%llx bytes at 0x%llx, is not in %s",
			       (unsigned long long)e->nr, (unsigned long long)e->len,
			       (unsigned long long)(j->area->iova + e->off), when);
}

static void judge_spurious(const struct judge *j, uint64_t bit)
{
	uint64_t span = MAX(j->area->leaf, j->page_size);
	iova_t iova = j->range.start + bit * j->page_size;

	verify_spurious(j->v, iova, j->page_size, "nothing was written in its 0x%llx bytes before %s",
			(unsigned long long)span, j->q->what ? j->q->what : "the read that reported it");
}

/* Most of a large bitmap may be wrong: past what is kept of a case, pages are only counted. */
static void judge_word(const struct judge *j, uint64_t word, uint64_t bad, bool missing)
{
	struct verify_result *res = j->v->res;
	uint64_t *of_case = missing ? &j->v->now->missing : &j->v->now->spurious;
	unsigned int rest;

	for (; bad && *of_case < VERIFY_PAGES_OF_CASE; bad &= bad - 1) {
		uint64_t bit = word * 64 + (unsigned int)__builtin_ctzll(bad);

		missing ? judge_missing(j, bit) : judge_spurious(j, bit);
	}
	rest = (unsigned int)__builtin_popcountll(bad);
	*of_case += rest;
	*(missing ? &res->missing_total : &res->spurious_total) += rest;
}

static void judge_words(const struct judge *j, const uint64_t *bits, const uint64_t *want, const uint64_t *may)
{
	uint64_t words = bitmap_words(j->bits), rest = j->bits % 64, tail = rest ? ~0ull << rest : 0;

	for (uint64_t i = 0; i < words; i++) {
		uint64_t got = bits[i];

		if (i == words - 1)
			got &= ~tail;
		if (want[i] & ~got)
			judge_word(j, i, want[i] & ~got, true);
		/* a source that reports everything has been called that already */
		if (got & ~may[i] && !j->v->caps.over_reports)
			judge_word(j, i, got & ~may[i], false);
	}
	if (bits[words - 1] & tail)
		verify_fail(j->v, "bits are set past the end of the range 0x%llx-0x%llx: 0x%llx in its last word",
			    (unsigned long long)j->range.start, (unsigned long long)j->range.last,
			    (unsigned long long)(bits[words - 1] & tail));
}

void verify_judge(struct verify *v, const struct verify_query *q, const uint64_t *bits, const uint64_t *truth)
{
	struct judge j = judge_of(v, q);
	uint64_t *want = calloc(2 * bitmap_words(j.bits), sizeof(*want));

	if (!want) {
		verify_error(v, "there is no memory to judge %llu bits", (unsigned long long)j.bits);
		return;
	}
	judge_expect(&j, truth ? truth : q->area->truth, want, want + bitmap_words(j.bits));
	judge_words(&j, bits, want, want + bitmap_words(j.bits));
	v->res->reported_total += bitmap_count(bits, j.bits);
	free(want);
}

static int judge_read(const struct judge *j, void *bits, struct fail *f)
{
	struct dirty_read req = {.iova = j->range.start,
				 .length = j->length,
				 .page_size = j->page_size,
				 .bits = bits,
				 .bytes = bitmap_words(j->bits) * 8,
				 .keep = j->q->keep,
				 .started = j->v->on};

	return iommu_dirty_read(&j->v->at, &req, f);
}

int verify_read(struct verify *v, const struct verify_query *q, uint64_t *bits)
{
	struct judge j = judge_of(v, q);

	return judge_read(&j, bits, NULL);
}

static bool guard_holds(const unsigned char *p, size_t n, unsigned char fill)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != fill)
			return false;
	return true;
}

/* Read into memory that has a page of a known pattern before and behind the bitmap. */
static int judge_read_guarded(const struct judge *j, uint64_t *bits, struct fail *f)
{
	uint64_t bytes = bitmap_words(j->bits) * 8, size = ALIGN_UP(2 * GUARD + j->q->skew + bytes, GUARD), start;
	/* bits that are set and bits that are cleared: a byte of zeros shows the ones, the other the others too */
	unsigned char fill = j->v->round % 2 ? 0xa5 : 0;
	unsigned char *buffer = aligned_alloc(GUARD, size), *at = buffer + GUARD + j->q->skew;
	int err;

	if (!buffer)
		return fail_set(f, ENOMEM, "cannot allocate a bitmap of 0x%llx bytes", (unsigned long long)bytes);
	memset(buffer, fill, (size_t)(at - buffer));
	memset(at, 0, bytes);
	memset(at + bytes, fill, size - bytes - (size_t)(at - buffer));
	start = clock_ns();
	err = judge_read(j, at, f);
	/* a few large entries for very much memory would make any rate */
	if (!err && !j->q->keep && j->area->leaf <= verify_small(j->v)) {
		j->v->read_ns += clock_ns() - start;
		j->v->read_bytes += j->length;
	}
	if (!guard_holds(buffer, (size_t)(at - buffer), fill))
		verify_fail(j->v, "memory before the bitmap of 0x%llx-0x%llx was changed by reading it",
			    (unsigned long long)j->range.start, (unsigned long long)j->range.last);
	if (!guard_holds(at + bytes, size - bytes - (size_t)(at - buffer), fill))
		verify_fail(j->v, "memory behind the bitmap of 0x%llx-0x%llx was changed by reading it",
			    (unsigned long long)j->range.start, (unsigned long long)j->range.last);
	memcpy(bits, at, bytes);
	free(buffer);
	return err;
}

int verify_hold(struct verify *v, const struct verify_query *q, struct fail *f)
{
	struct judge j = judge_of(v, q);
	uint64_t *bits = malloc(bitmap_words(j.bits) * sizeof(*bits));
	int err;

	if (!bits)
		return fail_set(f, ENOMEM, "cannot allocate a bitmap of %llu bits", (unsigned long long)j.bits);
	err = judge_read_guarded(&j, bits, f);
	if (!err) {
		verify_judge(v, q, bits, NULL);
		if (!q->keep)
			bitmap_clear(q->area->truth, j.off / v->unit, j.length / v->unit);
	}
	free(bits);
	return err;
}
