/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: ranges and bitmaps that begin and end where it is awkward. */
#include <errno.h>

#include "core/verify/priv.h"

#define RANGE_SIZE MiB(4)
#define RANGE_WRITES 24u
/* The kernel works through a bitmap by pages of it (iova_bitmap.c), and pins so many at a time. */
#define BITMAP_PAGE_BITS (4096u * 8)
#define BITMAP_PAGES 512u

static int range_write(struct verify *v, struct verify_area *area, unsigned int n, struct fail *f)
{
	int err = 0;

	while (n-- && !err)
		err = verify_write(v, area, verify_draw(v, area->size / 8) * 8, 8, f);
	return err;
}

static int range_begin(struct verify *v, struct verify_area **area, struct fail *f)
{
	struct verify_want want = {.size = MAX(RANGE_SIZE, 256 * v->unit), .align = MAX(RANGE_SIZE, 256 * v->unit)};
	int err = verify_map(v, &want, area, f);

	return err ? err : verify_start(v, f);
}

/* Where every page is reported an area is one mapping, else one per page: area_piece(). */
static bool range_can_part(struct verify *v, const char **why)
{
	if (!v->caps.whole_mappings || !v->caps.over_reports)
		return true;
	*why = "a read must not cut a mapping here";
	return false;
}

/* A part of the area, neither end of which need lie on a word of the bitmap of all of it. */
static void range_draw(struct verify *v, const struct verify_area *area, struct verify_query *q)
{
	uint64_t units = area->size / v->unit, first = verify_draw(v, units);

	q->off = first * v->unit;
	q->length = (1 + verify_draw(v, units - first)) * v->unit;
}

/* Each range alone, then what is left of the area: what was outside of the ranges must still be there. */
static int range_off_word(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = range_begin(v, &area, f);

	for (unsigned int i = 0; i < 6 && !err; i++) {
		struct verify_query q = {.area = area, .what = "the read of a range"};

		err = range_write(v, area, RANGE_WRITES, f);
		for (unsigned int n = 0; n < 4 && !err; n++) {
			range_draw(v, area, &q);
			err = verify_hold(v, &q, f);
		}
		q = (struct verify_query){.area = area, .what = "the read of all after those of ranges"};
		if (!err)
			err = verify_hold(v, &q, f);
	}
	return err;
}

/* Both neighbours of a range, and the pages at its ends, are written: the read takes the ends and leaves the neighbours. */
static int range_borders(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = range_begin(v, &area, f);

	for (unsigned int i = 0; i < 8 && !err; i++) {
		uint64_t units = area->size / v->unit, first = 1 + verify_draw(v, units - 2),
			 n = 1 + verify_draw(v, units - first - 1);
		struct verify_query q = {
			.area = area, .off = first * v->unit, .length = n * v->unit, .what = "the read of its range"};

		err = verify_write(v, area, (first - 1) * v->unit, 1, f);
		if (!err)
			err = verify_write(v, area, first * v->unit, 1, f);
		if (!err)
			err = verify_write(v, area, (first + n) * v->unit - 1, 1, f);
		if (!err)
			err = verify_write(v, area, (first + n) * v->unit, 1, f);
		if (!err)
			err = verify_hold(v, &q, f);
		q = (struct verify_query){.area = area, .what = "the read of all after that of a range beside it"};
		if (!err)
			err = verify_hold(v, &q, f);
	}
	return err;
}

static int range_pointers(struct verify *v, struct fail *f)
{
	static const unsigned int skews[] = {0, 1, 8, 2048, 4088, 4095};
	struct verify_area *area;
	const char *why;
	int err = range_begin(v, &area, f);

	for (unsigned int i = 0; i < ARRAY_SIZE(skews) && !err; i++) {
		struct verify_query q = {.area = area, .skew = skews[i], .what = "a bitmap at an odd address"};

		err = range_write(v, area, RANGE_WRITES, f);
		q.keep = v->caps.can_keep;
		if (!err)
			err = verify_hold(v, &q, f);
		q.keep = false;
		if (!err)
			err = verify_hold(v, &q, f);
		if (!err)
			err = range_write(v, area, RANGE_WRITES, f);
		if (range_can_part(v, &why))
			range_draw(v, area, &q);
		if (!err)
			err = verify_hold(v, &q, f);
		q.off = q.length = 0;
		if (!err)
			err = verify_hold(v, &q, f);
	}
	return err;
}

/* The page at both sides of the border @at (bytes from where the query begins), and some anywhere. */
static int range_write_border(struct verify *v, struct verify_area *area, uint64_t off, uint64_t at, struct fail *f)
{
	int err = 0;

	if (off + at > 0 && off + at < area->size)
		err = verify_write(v, area, off + at - 4, 8, f);
	return err ? err : range_write(v, area, 4, f);
}

/*
 * One page of the bitmap holds the bits of a window. Ranges that begin off it move its borders, and so do bitmaps that begin
 * off a page; both borders of the window are written over.
 */
static int range_window_of(struct verify *v, struct verify_area *area, uint64_t window, struct fail *f)
{
	static const unsigned int skews[] = {0, 1, 8, 2048};
	int err = verify_start(v, f);

	for (unsigned int i = 0; i < ARRAY_SIZE(skews) && !err; i++) {
		/* a range may only begin where an entry does */
		uint64_t step = MAX(v->unit, area->leaf), skewed = window - (uint64_t)skews[i] * 8 * v->unit,
			 off = verify_draw(v, MIN((area->size - window) / step, 64)) * step;
		struct verify_query q = {.area = area, .skew = skews[i], .what = "the read over a window's border"};

		q.off = off;
		q.length = area->size - off;
		err = range_write_border(v, area, off, skewed, f);
		if (!err)
			err = range_write_border(v, area, off, skewed + window, f);
		if (!err)
			err = verify_hold(v, &q, f);
		q.off = q.length = 0;
		q.what = "the read of all after that of a part";
		if (!err)
			err = verify_hold(v, &q, f);
	}
	return err;
}

/* Does an area fit that is so large? What is taken for rings and pins is left out by the one who picks. */
static bool range_fits(struct verify *v, uint64_t size, const char **why)
{
	const struct iova_space *space = session_space(v->s);

	for (unsigned int i = 0; i < space->nr; i++)
		if (space->r[i].last - space->r[i].start >= size)
			return true;
	*why = "no aperture is that large here";
	return false;
}

static uint64_t range_window(const struct verify *v)
{
	return BITMAP_PAGE_BITS * v->unit;
}

static bool range_can_window(struct verify *v, const char **why)
{
	return range_can_part(v, why) && range_fits(v, 3 * range_window(v), why);
}

/* The same 2M of memory again and again: windows are about IOVA. */
static int range_windows(struct verify *v, struct fail *f)
{
	struct verify_want want = {.size = range_window(v) + 128 * verify_small(v), .align = v->unit};
	struct verify_area *area;
	int err;

	want.memory = MiB(2);
	err = verify_map(v, &want, &area, f);
	if (err == -EOPNOTSUPP)
		return verify_skip(v, "%s", f->text);
	return err ? err : range_window_of(v, area, range_window(v), f);
}

/* Entries of 2M, some of which lie across the border of a window: beside it, only a bitmap off its page can have that. */
static int range_leaf_windows(struct verify *v, struct fail *f)
{
	struct verify_want want = {.leaf = MiB(2), .memory = MiB(2)};
	struct verify_area *area;
	int err;

	want.size = 2 * range_window(v) + 2 * want.leaf;
	err = verify_map(v, &want, &area, f);
	if (err == -EOPNOTSUPP)
		return verify_skip(v, "%s", f->text);
	return err ? err : range_window_of(v, area, range_window(v), f);
}

static uint64_t range_chunk(const struct verify *v)
{
	return BITMAP_PAGES * range_window(v);
}

static bool range_can_chunk(struct verify *v, const char **why)
{
	return range_can_part(v, why) && range_fits(v, range_chunk(v) + GiB(3), why);
}

/* More than the kernel pins of a bitmap at once: entries of 1G, in every second round of 4K beside the very border. */
static int range_chunks(struct verify *v, struct fail *f)
{
	struct verify_want want = {.size = range_chunk(v) + GiB(2), .leaf = GiB(1), .memory = GiB(1)};
	struct verify_area *area;
	struct iova_range border;
	int err = verify_map(v, &want, &area, f);

	if (err == -EOPNOTSUPP)
		return verify_skip(v, "%s", f->text);
	if (!err && v->caps.leaves && v->round % 2) {
		border.start = area->iova + range_chunk(v) - MiB(4);
		border.last = border.start + MiB(8) - 1;
		err = iommu_leaf_split(session_iommu(v->s), border, v->unit, f);
	}
	return err ? err : range_window_of(v, area, range_chunk(v), f);
}

const struct verify_case verify_range_cases[] = {
	{"off-word", "ranges that begin and end off the bitmap's 64-bit words; only their bits are cleared",
	 .can = range_can_part, .run = range_off_word},
	{"sub-range", "the pages at a range's ends belong to it, their neighbours do not", .can = range_can_part,
	 .run = range_borders},
	{"bitmap-address",
	 "bitmaps at addresses aligned to 4096, 8 and 1 bytes, and half a page off; nothing around them changes",
	 .run = range_pointers},
	{"windows", "ranges and writes over the borders of what one page of bitmap holds (128 MiB by 4 KiB)",
	 .can = range_can_window, .run = range_windows},
	{"leaf-windows", "large entries across the border of what one page of bitmap holds", .can = range_can_window,
	 .run = range_leaf_windows},
	{"chunks",
	 "more IOVA than the kernel holds bitmap for at a time (64 GiB by 4 KiB), with entries across that border",
	 .can = range_can_chunk, .run = range_chunks},
	{0},
};
