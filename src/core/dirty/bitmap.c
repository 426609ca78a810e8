/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dirty bitmap in memory: made, freed, and what is said of it. */
#include "core/dirty/bitmap.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "base/num.h"
#include "core/dirty/map.h"
#include "core/session/session.h"

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

/* False: no more of them are wanted. */
static bool ranges_put(struct report *r, const struct dirty_bitmap *b, const struct bitmap_run *run, const char *line)
{
	iova_t iova = b->iova + run->first * b->page_size;
	uint64_t length = run->count * b->page_size;

	if (line)
		report_line(r, "%s0x%" PRIx64 "-0x%" PRIx64, line, iova, iova + (length - 1));
	return !report_is_data(r) || report_range(r, iova, length);
}

uint64_t dirty_ranges_report(struct report *r, const struct dirty_bitmap *b, const struct dirty_ranges *how)
{
	uint64_t most = report_is_data(r) ? how->most : DIRTY_RANGES_SHOWN;
	uint64_t at = 0, nr = 0, total = bitmap_count_runs(b->words, b->bits);
	struct bitmap_run runs[512];
	bool more = true;
	size_t n;

	report_ranges(r, how->key);
	while (more && !session_signal &&
	       (n = bitmap_runs(b->words, b->bits, &at, runs, MIN(most - nr, ARRAY_SIZE(runs)))))
		for (size_t i = 0; i < n && more; i++) {
			more = ranges_put(r, b, &runs[i], nr < DIRTY_RANGES_SHOWN ? how->line : NULL);
			nr += more;
		}
	report_close(r);
	report_num(r, how->total, total);
	report_bool(r, how->cut, nr < total);
	report_text_hide(r, how->key);
	report_text_hide(r, how->total);
	report_text_hide(r, how->cut);
	if (total > DIRTY_RANGES_SHOWN)
		report_line(r, "%sand %" PRIu64 " more ranges", how->rest, total - DIRTY_RANGES_SHOWN);
	return nr;
}

uint64_t dirty_bitmap_report(struct report *r, const struct dirty_bitmap *b, uint64_t most)
{
	const struct dirty_ranges how = {"ranges", "ranges_total", "ranges_cut", "dirty ", "", most};
	const char *caveat = dirty_bitmap_caveat(b);

	report_str(r, "source", dirty_source_name(b->source));
	report_hex(r, "iova", b->iova);
	report_num(r, "length", b->length);
	report_num(r, "page_size", b->page_size);
	report_num(r, "dirty_pages", bitmap_count(b->words, b->bits));
	report_str(r, "caveat", caveat ? caveat : "");
	if (!caveat)
		report_text_hide(r, "caveat");
	return dirty_ranges_report(r, b, &how);
}
