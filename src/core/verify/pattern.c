/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: what is written in which pattern, read by every page size. */
#include <errno.h>

#include "core/verify/priv.h"

#define PATTERN_SIZE MiB(4)
#define PATTERN_WRITES 16u

/* One pattern, written into @area, which will be read by pages of @page. */
typedef int (*pattern_fn)(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f);

/* The next page size from *page on that the source offers; false: none that fits into @size. */
static bool pattern_next(const struct verify *v, uint64_t size, uint64_t *page)
{
	while (*page <= size && !(v->caps.page_sizes & *page))
		*page *= 2;
	return *page <= size;
}

/* By every page size: write, read, and read again, which must find nothing. */
static int pattern_each(struct verify *v, pattern_fn fn, struct fail *f)
{
	struct verify_want want = {.size = MAX(PATTERN_SIZE, 4 * v->unit), .align = MAX(PATTERN_SIZE, 4 * v->unit)};
	struct verify_area *area;
	int err = verify_map(v, &want, &area, f);

	if (!err)
		err = verify_start(v, f);
	for (uint64_t page = v->unit; !err && pattern_next(v, area->size, &page); page *= 2) {
		struct verify_query q = {.area = area, .page_size = page, .what = "the read after it"};

		err = fn(v, area, page, f);
		if (!err)
			err = verify_hold(v, &q, f);
		q.what = "the second read";
		if (!err)
			err = verify_hold(v, &q, f);
	}
	return err;
}

static int pattern_write_random(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < PATTERN_WRITES && !err; i++) {
		uint64_t len = 1 + verify_draw(v, MIN(2 * page, area->size / 4));

		err = verify_write(v, area, verify_draw(v, area->size - len + 1), len, f);
	}
	return err;
}

static int pattern_random(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_write_random, f);
}

/* Every n-th page: strides that are no power of two meet every bit of a word. */
static int pattern_write_strided(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	uint64_t pages = area->size / page, stride = pages / PATTERN_WRITES + 1 + verify_draw(v, 3);
	int err = 0;

	for (uint64_t at = verify_draw(v, MIN(stride, pages)); at < pages && !err; at += stride)
		err = verify_write(v, area, at * page + verify_draw(v, page / 8) * 8, 8, f);
	return err;
}

static int pattern_strided(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_write_strided, f);
}

/* A few bytes on each side of a border: of such a page, and of a smallest one. */
static int pattern_write_straddling(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < PATTERN_WRITES && !err; i++) {
		uint64_t unit = i % 2 ? v->unit : page, border;

		if (area->size / unit < 2)
			continue;
		border = (1 + verify_draw(v, area->size / unit - 1)) * unit;
		err = verify_write(v, area, border - 4, 8, f);
	}
	return err;
}

static int pattern_straddling(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_write_straddling, f);
}

/* One byte each: the first and the last of a page, of the first page and of the last. */
static int pattern_write_ends(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	uint64_t pages = area->size / page, lone;
	int err = 0;

	for (unsigned int i = 0; i < PATTERN_WRITES && !err; i++) {
		lone = verify_draw(v, pages);
		err = verify_write(v, area, lone * page + (i % 2 ? page - 1 : 0), 1, f);
	}
	/* the outermost, each alone in every second round */
	if (!err && v->round % 2 == 0)
		err = verify_write(v, area, 0, 1, f);
	if (!err && v->round % 4 < 2)
		err = verify_write(v, area, area->size - 1, 1, f);
	return err;
}

static int pattern_ends(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_write_ends, f);
}

/* A page is written again and again, and once more after it was read: the bit has to come back. */
static int pattern_write_repeated(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	struct verify_query q = {.area = area, .page_size = page, .what = "the read between two writes to a page"};
	uint64_t pages[4];
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = verify_draw(v, area->size / v->unit) * v->unit;
	for (unsigned int i = 0; i < 3 * ARRAY_SIZE(pages) && !err; i++)
		err = verify_write(v, area, pages[i % ARRAY_SIZE(pages)] + verify_draw(v, v->unit / 8) * 8, 8, f);
	if (!err)
		err = verify_hold(v, &q, f);
	/* the device may have the entry cached as dirty: the read has to make it look again */
	for (unsigned int i = 0; i < ARRAY_SIZE(pages) - 1 && !err; i++)
		err = verify_write(v, area, pages[i], 8, f);
	return err;
}

static int pattern_repeated(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_write_repeated, f);
}

static int pattern_write_none(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	return 0;
}

static int pattern_none(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_write_none, f);
}

static int pattern_read_only(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	int err = verify_peek(v, area, 0, area->size, f);

	for (unsigned int i = 0; i < 4 && !err; i++)
		err = verify_peek(v, area, verify_draw(v, area->size / 8) * 8, 8, f);
	return err;
}

static int pattern_reads(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_read_only, f);
}

static bool pattern_can_read(struct verify *v, const char **why)
{
	if (v->caps.marks) {
		*why = "what is marked is marked: there is no device that reads through the page table";
		return false;
	}
	*why = "the device only writes";
	return dev_limits(session_dev(v->s))->dirs & (DEV_READ | DEV_COPY);
}

static int pattern_write_whole(struct verify *v, struct verify_area *area, uint64_t page, struct fail *f)
{
	return verify_write(v, area, 0, area->size, f);
}

static int pattern_whole(struct verify *v, struct fail *f)
{
	return pattern_each(v, pattern_write_whole, f);
}

const struct verify_case verify_pattern_cases[] = {
	{"random", "writes at random places and of random lengths set the bits of what they touch, by every page size",
	 .run = pattern_random},
	{"strided", "a few bytes in every n-th page", .run = pattern_strided},
	{"straddling", "a write over a page border sets the bits of both pages", .run = pattern_straddling},
	{"page-ends", "one byte, the first or the last of a page, sets its bit and no other", .run = pattern_ends},
	{"repeated", "a page that is written again after a read that cleared is reported again",
	 .run = pattern_repeated},
	{"none", "nothing was written and nothing is set", .run = pattern_none},
	{"device-reads", "what the device reads does not become dirty", .can = pattern_can_read, .run = pattern_reads},
	{"whole", "all of an area, from its first byte to its last", .run = pattern_whole},
	{0},
};
