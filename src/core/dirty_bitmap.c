/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dirty bitmap in memory: made, freed, and what is said of it. */
#include "core/dirty_bitmap.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/num.h"
#include "core/dirty_map.h"

int dirty_bitmap_new(struct dirty_bitmap *out, enum dirty_source source, iova_t iova, uint64_t length,
		     uint64_t page_size, struct fail *f)
{
	uint64_t last, bytes;
	void *base;

	*out = (struct dirty_bitmap){.source = source};
	if (!page_size || page_size & (page_size - 1))
		return fail_set(f, EINVAL, "a page size of 0x%" PRIx64 " is no power of two", page_size);
	if (!length || length % page_size)
		return fail_set(f, EINVAL, "0x%" PRIx64 " bytes are no multiple of pages of 0x%" PRIx64, length,
				page_size);
	if (!num_add(iova, length - 1, &last))
		return fail_set(f, EOVERFLOW, "0x%" PRIx64 " bytes at iova 0x%" PRIx64 " wrap", length, iova);
	bytes = bitmap_words(length / page_size) * 8;
	base = mmap(NULL, bytes + DIRTY_SLACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		    0);
	if (base == MAP_FAILED)
		return fail_set(f, ENOMEM, "no memory for a bitmap of 0x%" PRIx64 " bytes", bytes);
	out->iova = iova;
	out->length = length;
	out->page_size = page_size;
	out->bits = length / page_size;
	out->base = base;
	out->mapped = bytes + DIRTY_SLACK;
	out->words = base;
	return 0;
}

uint64_t *dirty_bitmap_bits(struct dirty_bitmap *b)
{
	return b->base;
}

void dirty_bitmap_free(struct dirty_bitmap *b)
{
	if (!b)
		return;
	if (b->base)
		munmap(b->base, b->mapped);
	dirty_map_close(b->map);
	b->base = NULL;
	b->map = NULL;
	b->words = NULL;
	b->bits = b->mapped = 0;
}

const char *dirty_bitmap_caveat(const struct dirty_bitmap *b)
{
	if (b->marked)
		return "marked, not DMA";
	if (b->over_reports)
		return "every mapped page is reported: not a measurement of what was written";
	return NULL;
}

void dirty_bitmap_report(struct report *r, const struct dirty_bitmap *b)
{
	struct bitmap_run runs[64];
	const char *caveat = dirty_bitmap_caveat(b);
	uint64_t at = 0, nr = 0;
	size_t n;

	report_str(r, "source", dirty_source_name(b->source));
	report_hex(r, "iova", b->iova);
	report_num(r, "length", b->length);
	report_num(r, "page_size", b->page_size);
	report_num(r, "dirty_pages", bitmap_count(b->words, b->bits));
	report_str(r, "caveat", caveat ? caveat : "");
	if (!caveat)
		report_text_hide(r, "caveat");
	report_ranges(r, "ranges");
	report_text_hide(r, "ranges");
	while ((n = bitmap_runs(b->words, b->bits, &at, runs, ARRAY_SIZE(runs))))
		for (size_t i = 0; i < n; i++, nr++) {
			iova_t iova = b->iova + runs[i].first * b->page_size;
			uint64_t length = runs[i].count * b->page_size;

			report_range(r, iova, length);
			if (nr < DIRTY_RANGES_SHOWN)
				report_line(r, "dirty 0x%" PRIx64 "-0x%" PRIx64, iova, iova + (length - 1));
		}
	report_close(r);
	if (nr > DIRTY_RANGES_SHOWN)
		report_line(r, "and %" PRIu64 " more ranges", nr - DIRTY_RANGES_SHOWN);
}
