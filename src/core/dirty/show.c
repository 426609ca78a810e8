/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that a dirty bitmap tells, for its readers: where it comes from, ranges, and what each GiB of IOVA has. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/num.h"
#include "core/dirty/bitmap.h"

#define SHOW_GIB_SHOWN 32

static double show_rate(const struct dirty_bitmap *b, uint64_t pages)
{
	return (double)pages * 1e9 / (double)b->since_ns;
}

static void show_time(struct report *r, const struct dirty_bitmap *b)
{
	time_t seconds = (time_t)(b->time_ns / 1000000000);
	char text[40];
	struct tm tm;

	if (b->time_ns && gmtime_r(&seconds, &tm)) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		report_str(r, "time", text);
	}
	if (b->since_ns)
		report_real(r, "since_s", (double)b->since_ns / 1e9);
}

/* How many pages from @bit on begin in the same GiB of IOVA. */
static uint64_t show_gib_pages(const struct dirty_bitmap *b, uint64_t bit)
{
	uint64_t step = MAX(GiB(1), b->page_size), at = b->iova + bit * b->page_size;

	return MIN(b->bits - bit, ((at | (step - 1)) - at) / b->page_size + 1);
}

static void show_gib_row(struct report *r, const struct dirty_bitmap *b, uint64_t bit, uint64_t pages, uint64_t dirty,
			 bool line)
{
	iova_t iova = b->iova + bit * b->page_size;
	double share = (double)dirty / (double)pages;
	char rate[64] = "";

	report_object(r, NULL);
	report_hex(r, "iova", iova);
	report_num(r, "pages", pages);
	report_num(r, "dirty", dirty);
	report_real(r, "share", share);
	if (b->since_ns) {
		report_real(r, "pages_s", show_rate(b, dirty));
		snprintf(rate, sizeof(rate), ", %.4g pages/s", show_rate(b, dirty));
	}
	report_close(r);
	if (line)
		report_line(r, "GiB from 0x%" PRIx64 ": %" PRIu64 " of %" PRIu64 " pages dirty (%.4g %%)%s", iova,
			    dirty, pages, 100 * share, rate);
}

static void show_gib(struct report *r, const struct dirty_bitmap *b)
{
	uint64_t pages, dirty, nr = 0;

	report_list(r, "gib");
	report_text_hide(r, "gib");
	for (uint64_t bit = 0; bit < b->bits; bit += pages) {
		pages = show_gib_pages(b, bit);
		dirty = bitmap_count_range(b->words, bit, pages);
		if (dirty)
			show_gib_row(r, b, bit, pages, dirty, nr++ < SHOW_GIB_SHOWN);
	}
	report_close(r);
	if (nr > SHOW_GIB_SHOWN)
		report_line(r, "and %" PRIu64 " more GiB with dirty pages", nr - SHOW_GIB_SHOWN);
}

void dirty_bitmap_describe(struct report *r, const struct dirty_bitmap *b)
{
	uint64_t dirty = bitmap_count(b->words, b->bits);

	report_num(r, "pages", b->bits);
	report_real(r, "share", b->bits ? (double)dirty / (double)b->bits : 0);
	if (b->backend[0])
		report_str(r, "backend", b->backend);
	if (b->device[0])
		report_str(r, "device", b->device);
	if (b->kernel[0])
		report_str(r, "taken_on", b->kernel);
	show_time(r, b);
	if (b->since_ns)
		report_real(r, "pages_s", show_rate(b, dirty));
	report_bool(r, "simulated", b->simulated);
	report_bool(r, "marked", b->marked);
	report_bool(r, "over_reports", b->over_reports);
	report_bool(r, "cleared", b->cleared);
	show_gib(r, b);
}
