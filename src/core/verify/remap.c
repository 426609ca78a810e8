/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: mappings that come, go and are replaced while writes are tracked, and their bits with them. */
#include <errno.h>
#include <stdlib.h>

#include "core/verify/some.h"

#define REMAP_GRAINS 32
#define REMAP_WRITES 8

static int remap_run_added(struct verify *v, struct fail *f)
{
	struct verify_area *old, *added;
	int err = verify_some(v, REMAP_GRAINS, &old, f);

	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_scatter(v, old, REMAP_WRITES, false, f);
	if (!err)
		err = verify_some(v, REMAP_GRAINS, &added, f);
	if (!err)
		err = verify_scatter(v, added, REMAP_WRITES, false, f);
	if (!err)
		err = verify_hold_all(v, added, false, "the read of a mapping added after the start", f);
	return err ? err : verify_hold_all(v, old, false, "the read of a mapping that was there before", f);
}

/* @size bytes right there, with memory of its own. */
static int remap_at(struct verify *v, iova_t iova, uint64_t size, struct verify_area **out, struct fail *f)
{
	const struct verify_want want = {.size = size, .iova = &iova, .named = true};

	return verify_map(v, &want, out, f);
}

static int remap_run_replaced(struct verify *v, struct fail *f)
{
	struct verify_area *old, *new;
	iova_t iova;
	int err = verify_some(v, REMAP_GRAINS, &old, f);

	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_scatter(v, old, REMAP_WRITES, false, f);
	if (err)
		return err;
	iova = old->iova;
	err = verify_unmap(v, old, f);
	if (!err)
		err = remap_at(v, iova, REMAP_GRAINS * verify_small(v), &new, f);
	if (!err && verify_draw(v, 2))
		err = verify_hold_all(v, new, false, "the first read of a mapping put where a written one was", f);
	if (!err)
		err = verify_scatter(v, new, REMAP_WRITES, false, f);
	return err ? err : verify_hold_all(v, new, false, "the read of a mapping that replaced a written one", f);
}

/* Several areas, one right behind the other. */
static int remap_row(struct verify *v, struct verify_area **row, unsigned int n, struct fail *f)
{
	uint64_t size = REMAP_GRAINS * verify_small(v);
	struct verify_area *all;
	iova_t iova;
	int err = verify_some(v, n * REMAP_GRAINS, &all, f);

	if (err)
		return err;
	iova = all->iova;
	err = verify_unmap(v, all, f);
	for (unsigned int i = 0; i < n && !err; i++)
		err = remap_at(v, iova + i * size, size, &row[i], f);
	return err;
}

/* Random pages, and those at both ends: the neighbours of the next area's. */
static int remap_write(struct verify *v, struct verify_area *area, struct fail *f)
{
	uint64_t len = verify_write_len(v);
	int err = verify_scatter(v, area, REMAP_WRITES, false, f);

	if (!err && verify_draw(v, 2))
		err = verify_write(v, area, 0, len, f);
	if (!err && verify_draw(v, 2))
		err = verify_write(v, area, area->size - len, len, f);
	return err;
}

static void remap_judge_bytes(struct verify *v, const struct verify_area *area, uint64_t bytes)
{
	if (bytes != area->size)
		verify_fail(v, "reading and unmapping 0x%llx bytes says it unmapped 0x%llx",
			    (unsigned long long)area->size, (unsigned long long)bytes);
}

/* By the session's verb, which reads and then unmaps where there is no call that does both. */
static int remap_unmap_op(struct verify *v, struct verify_area *area, struct fail *f)
{
	const struct op_dirty_read op = {.on = v->p->on, .iova = area->iova, .size = area->size, .page_size = v->unit};
	struct verify_query q = {.area = area, .what = "reading and unmapping"};
	struct dirty_bitmap bits;
	struct failures *found = calloc(1, sizeof(*found));
	uint64_t bytes = 0;
	enum dirty_order order;
	int err;

	if (!found)
		return fail_set(f, ENOMEM, "unmapping");
	failures_init(found);
	err = op_dirty_unmap(v->s, &op, &bits, &bytes, &order, found, f);
	if (!err) {
		area->unmapped = true;
		if (order == DIRTY_READ_UNMAP)
			verify_note(v, "read without clearing, then unmapped: what is written between the two is lost");
		verify_judge(v, &q, bits.words, area->truth);
		remap_judge_bytes(v, area, bytes);
		if (failures_total(found))
			verify_fail(v, "%s", found->list[0].text);
		dirty_bitmap_free(&bits);
	}
	free(found);
	return err;
}

/* By the source's one call, into a bitmap of ours. */
static int remap_unmap_call(struct verify *v, struct verify_area *area, struct fail *f)
{
	struct verify_query q = {.area = area, .what = "reading and unmapping in one call"};
	uint64_t words = bitmap_words(area->size / v->unit), bytes = 0;
	uint64_t *bits = calloc(words, sizeof(*bits));
	const struct dirty_read req = {.iova = area->iova,
				       .length = area->size,
				       .page_size = v->unit,
				       .bits = bits,
				       .bytes = words * sizeof(*bits)};
	int err;

	if (!bits)
		return fail_set(f, ENOMEM, "a bitmap");
	err = iommu_dirty_unmap(&v->at, &req, &bytes, f);
	if (!err) {
		area->unmapped = true;
		verify_judge(v, &q, bits, area->truth);
		remap_judge_bytes(v, area, bytes);
	}
	free(bits);
	return err;
}

static int remap_run_unmap(struct verify *v, struct fail *f)
{
	struct verify_area *row[3], *again;
	int err = remap_row(v, row, 3, f);

	if (!err)
		err = verify_start(v, f);
	for (unsigned int i = 0; i < 3 && !err; i++)
		err = remap_write(v, row[i], f);
	if (!err)
		err = v->caps.unmaps && verify_draw(v, 2) ? remap_unmap_call(v, row[1], f)
							  : remap_unmap_op(v, row[1], f);
	if (!err)
		err = verify_hold_all(v, row[0], false, "the read of the area before the one unmapped with its bits",
				      f);
	if (!err)
		err = verify_hold_all(v, row[2], false, "the read of the area behind the one unmapped with its bits",
				      f);
	if (!err)
		err = remap_at(v, row[1]->iova, row[1]->size, &again, f);
	return err ? err : verify_hold_all(v, again, false, "the read of what was mapped there next", f);
}

const struct verify_case verify_remap_cases[] = {
	{.name = "map-after-start",
	 .title = "a mapping added while writes are tracked is tracked",
	 .can = verify_can_map,
	 .run = remap_run_added},
	{.name = "remap-same-iova",
	 .title = "a mapping inherits no bits from the one that was there before it",
	 .can = verify_can_map,
	 .run = remap_run_replaced},
	{.name = "unmap-with-bits",
	 .title = "reading and unmapping gives the range's bits and leaves the neighbours theirs",
	 .can = verify_can_map,
	 .run = remap_run_unmap},
	{0},
};
