/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases of `dirty verify` that ask for more than the interfaces promise: reads that cannot be right, or only in part. Strictly, such a read either
 * is refused and has cleared nothing, or is right. Linux 7.3 loses bits here: iommu_read_and_clear_dirty() passes no error on,
 * iova_bitmap_set() returns nothing where it could not write, and record_dirty() clears a leaf of which a part was asked for. Reads over several
 * mappings are promised by type1; there Linux 7.3 makes up bits: update_user_bitmap() keeps those of a mapping's neighbour as the mapping's own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/verify/some.h"

#define BEYOND_GRAINS 16
#define BEYOND_WRITES 4
#define BEYOND_ROW 64 /* pages of a read over two mappings: one at its start, one at page 32 */
#define BEYOND_LEAF MiB(2)

static int beyond_at(struct verify *v, iova_t iova, uint64_t grains, struct verify_area **out, struct fail *f)
{
	const struct verify_want want = {.size = grains * verify_small(v), .iova = &iova};

	return verify_map(v, &want, out, f);
}

/* Two areas, and between them the room of one where nothing is mapped. */
static int beyond_gap(struct verify *v, struct verify_area **low, struct verify_area **high, struct fail *f)
{
	struct verify_area *all;
	iova_t iova;
	int err = verify_some(v, 3 * BEYOND_GRAINS, &all, f);

	if (err)
		return err;
	iova = all->iova;
	err = verify_unmap(v, all, f);
	if (!err)
		err = beyond_at(v, iova, BEYOND_GRAINS, low, f);
	if (!err)
		err = beyond_at(v, iova + 2 * BEYOND_GRAINS * verify_small(v), BEYOND_GRAINS, high, f);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_scatter(v, *low, BEYOND_WRITES, false, f);
	return err ? err : verify_scatter(v, *high, BEYOND_WRITES, false, f);
}

/* What a read over both says of one of them; then what is left for a read of that one alone. */
static int beyond_hold_part(struct verify *v, struct verify_area *area, const uint64_t *all, uint64_t first, int answer,
			    struct fail *f)
{
	uint64_t pages = area->size / v->unit, at = 0, *left = calloc(bitmap_words(pages), sizeof(*left));
	struct verify_query q = {.area = area};
	int err = left ? verify_read(v, &q, left) : -ENOMEM;

	for (; !err && (at = bitmap_next(area->truth, pages, at)) < pages; at++) {
		bool then = bitmap_test(all, first + at), later = bitmap_test(left, at);

		/* refused: nothing was cleared; answered: it is all there */
		if (answer ? !later : !then)
			verify_missing(
				v, area->iova + at * v->unit, v->unit,
				"a read over a hole answered %s and had no bit for it; the next read of the mapping %s",
				answer ? strerror(-answer) : "no error", later ? "has it" : "has none either");
	}
	free(left);
	return err ? fail_set(f, err, "cannot read the dirty bits beside a hole") : 0;
}

static int beyond_run_hole(struct verify *v, struct fail *f)
{
	uint64_t bits[3 * BEYOND_GRAINS] = {0}, part = BEYOND_GRAINS * (verify_small(v) / v->unit);
	struct verify_area *low, *high;
	struct dirty_read req = {.page_size = v->unit, .bits = bits, .bytes = sizeof(bits)};
	int err = beyond_gap(v, &low, &high, f), answer;

	if (err)
		return err;
	req.iova = low->iova;
	req.length = 3 * low->size;
	answer = iommu_dirty_read(&v->at, &req, NULL);
	if (answer && answer != -EINVAL)
		verify_fail(v, "a read over a hole answered %s", strerror(-answer));
	if (answer && v->caps.allows_holes)
		verify_fail(v, "holes are allowed here, and a read over one was refused: %s", strerror(-answer));
	err = beyond_hold_part(v, low, bits, 0, answer, f);
	return err ? err : beyond_hold_part(v, high, bits, 2 * part, answer, f);
}

static bool beyond_can_neighbours(struct verify *v, const char **why)
{
	if (!v->caps.allows_holes)
		*why = "a range must have no hole here";
	return v->caps.allows_holes;
}

/* Where nothing is mapped nothing was written, whatever else is reported. */
static int beyond_read_row(struct verify *v, iova_t iova, const char *which, struct fail *f)
{
	uint64_t bits[BEYOND_ROW / 64] = {0};
	const struct dirty_read req = {.iova = iova,
				       .length = BEYOND_ROW * v->unit,
				       .page_size = v->unit,
				       .bits = bits,
				       .bytes = sizeof(bits)};
	int err = iommu_dirty_read(&v->at, &req, f);

	for (uint64_t at = 0; !err && (at = bitmap_next(bits, BEYOND_ROW, at)) < BEYOND_ROW; at++)
		if (at >= BEYOND_GRAINS && at != BEYOND_ROW / 2)
			verify_spurious(v, iova + at * v->unit, v->unit,
					"%s over two mappings: nothing is mapped there", which);
	return err;
}

static int beyond_run_neighbours(struct verify *v, struct fail *f)
{
	struct verify_area *low, *high;
	iova_t iova;
	int err = verify_some(v, BEYOND_ROW, &low, f);

	if (err)
		return err;
	iova = low->iova;
	err = verify_unmap(v, low, f);
	if (!err)
		err = beyond_at(v, iova, BEYOND_GRAINS, &low, f);
	if (!err)
		err = beyond_at(v, iova + BEYOND_ROW / 2 * verify_small(v), 1, &high, f);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = beyond_read_row(v, iova, "the first read", f);
	if (!err)
		err = beyond_read_row(v, iova, "the second read", f);
	return err ? err : beyond_read_row(v, iova, "the third read", f);
}

/* @prot of the memory that the bits are to be written to. */
static int beyond_unwritable(struct verify *v, int prot, const char *words, struct fail *f)
{
	struct dirty_read req = {.page_size = v->unit, .bytes = KiB(4)};
	struct verify_area *area;
	int err = verify_some(v, BEYOND_GRAINS, &area, f), answer;

	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_scatter(v, area, BEYOND_WRITES, false, f);
	if (err)
		return err;
	req.iova = area->iova;
	req.length = area->size;
	req.bits = mmap(NULL, KiB(4), prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (req.bits == MAP_FAILED)
		return fail_set(f, errno, "no page for a bitmap");
	answer = iommu_dirty_read(&v->at, &req, NULL);
	munmap(req.bits, KiB(4));
	/* kernels that pin the bitmap when they begin say ENOMEM, whatever kept them from it (iova_bitmap_alloc()) */
	if (answer != -EFAULT && answer != -ENOMEM)
		verify_fail(v, "a bitmap in memory that %s: answered with %s, where %s is due", words,
			    answer ? strerror(-answer) : "no error", strerror(EFAULT));
	return verify_hold_all(v, area, false, "the read after one that could not write its bitmap", f);
}

static int beyond_run_readonly(struct verify *v, struct fail *f)
{
	return beyond_unwritable(v, PROT_READ, "can only be read", f);
}

static int beyond_run_nowhere(struct verify *v, struct fail *f)
{
	return beyond_unwritable(v, PROT_NONE, "nobody can access", f);
}

static bool beyond_can_cut(struct verify *v, const char **why)
{
	if (v->caps.whole_mappings)
		*why = "a read must not cut a mapping here";
	return !v->caps.whole_mappings;
}

/*
 * One leaf, written in both halves. A read of one half must have what was written there, must write to no memory behind its bitmap, and must leave
 * the other half's for the next.
 */
static int beyond_cut(struct verify *v, uint64_t off, const char *first, const char *then, struct fail *f)
{
	const struct verify_want want = {.size = BEYOND_LEAF, .align = BEYOND_LEAF, .leaf = BEYOND_LEAF};
	struct verify_query q = {.off = off, .length = BEYOND_LEAF / 2, .what = first};
	uint64_t half = BEYOND_LEAF / 2, len = verify_write_len(v);
	struct verify_area *area;
	int err = verify_map(v, &want, &area, f);

	if (err == -EOPNOTSUPP)
		return verify_skip(v, "%s", f->text);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_write(v, area, ALIGN_DOWN(verify_draw(v, half), v->unit), len, f);
	if (!err)
		err = verify_write(v, area, half + ALIGN_DOWN(verify_draw(v, half), v->unit), len, f);
	if (err)
		return err;
	q.area = area;
	err = verify_hold(v, &q, f);
	return err ? err : verify_hold_all(v, area, false, then, f);
}

static int beyond_run_cut_begin(struct verify *v, struct fail *f)
{
	return beyond_cut(v, BEYOND_LEAF / 2, "a read that begins inside of its entry",
			  "the read after one that began inside of its entry", f);
}

static int beyond_run_cut_end(struct verify *v, struct fail *f)
{
	return beyond_cut(v, 0, "a read that ends inside of its entry",
			  "the read after one that ended inside of its entry", f);
}

const struct verify_case verify_beyond_cases[] = {
	{.name = "beyond-hole",
	 .title = "a read over a hole is refused and clears nothing, or is right",
	 .beyond = true,
	 .run = beyond_run_hole},
	{.name = "beyond-neighbours",
	 .title = "reads over several mappings have no bit where nothing is mapped",
	 .can = beyond_can_neighbours,
	 .beyond = true,
	 .answers = true,
	 .run = beyond_run_neighbours},
	{.name = "beyond-readonly",
	 .title = "a bitmap in memory that can only be read: refused, no bit is lost",
	 .beyond = true,
	 .answers = true,
	 .run = beyond_run_readonly},
	{.name = "beyond-nowhere",
	 .title = "a bitmap where no memory is: refused, no bit is lost",
	 .beyond = true,
	 .answers = true,
	 .run = beyond_run_nowhere},
	{.name = "beyond-leaf-begin",
	 .title = "a range that begins inside of an entry",
	 .can = beyond_can_cut,
	 .beyond = true,
	 .run = beyond_run_cut_begin},
	{.name = "beyond-leaf-end",
	 .title = "a range that ends inside of an entry",
	 .can = beyond_can_cut,
	 .beyond = true,
	 .run = beyond_run_cut_end},
	{0},
};
