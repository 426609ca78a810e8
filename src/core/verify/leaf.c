/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: large page table entries, what they cost and report, split and merged. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bitmap.h"
#include "base/clock.h"
#include "core/verify/priv.h"
#include "iommu/objects.h"

#define LEAF_2M MiB(2)
#define LEAF_1G GiB(1)
#define LEAF_WRITES 8u

/* What one read said. */
struct leaf_seen {
	uint64_t ns, reported; /* pages of the smallest size */
	uint64_t first, last;  /* the outermost of them */
};

/* Read all of @area, judge it, and look at how much was reported. */
static int leaf_hold(struct verify *v, struct verify_area *area, const char *what, struct leaf_seen *seen,
		     struct fail *f)
{
	struct verify_query q = {.area = area, .what = what};
	uint64_t bits = area->size / v->unit, start, *words = calloc(bitmap_words(bits), sizeof(*words));
	int err;

	if (!words)
		return fail_set(f, ENOMEM, "cannot allocate a bitmap of %llu bits", (unsigned long long)bits);
	start = clock_ns();
	err = verify_read(v, &q, words);
	seen->ns = clock_ns() - start;
	if (!err) {
		verify_judge(v, &q, words, NULL);
		bitmap_clear(area->truth, 0, bits);
		seen->reported = bitmap_count(words, bits);
		seen->first = bitmap_next(words, bits, 0);
		for (seen->last = seen->first; bitmap_next(words, bits, seen->last + 1) < bits;)
			seen->last = bitmap_next_clear(words, bits, bitmap_next(words, bits, seen->last + 1)) - 1;
	} else {
		fail_set(f, err, "cannot read the dirty bits of 0x%llx bytes at iova 0x%llx",
			 (unsigned long long)area->size, (unsigned long long)area->iova);
	}
	free(words);
	return err;
}

/* The row of the table of what each size of entry costs, NULL: there is no room. */
static struct verify_leaf *leaf_row(struct verify *v, uint64_t size)
{
	struct verify_result *res = v->res;
	struct verify_leaf *leaf = res->leaves;

	while (leaf < res->leaves + res->nr_leaves && leaf->size != size)
		leaf++;
	if (leaf == res->leaves + VERIFY_LEAVES_MAX)
		return NULL;
	if (leaf == res->leaves + res->nr_leaves)
		res->leaves[res->nr_leaves++] = (struct verify_leaf){.size = size};
	return leaf;
}

static void leaf_count(struct verify *v, uint64_t size, const struct leaf_seen *seen, uint64_t written)
{
	struct verify_leaf *leaf = leaf_row(v, size);

	if (!leaf)
		return;
	leaf->reads++;
	leaf->read_ns += seen->ns;
	leaf->written += written;
	leaf->reported += seen->reported;
	leaf->why[0] = '\0';
}

/* What other rounds measured stays. */
static void leaf_lacks(struct verify *v, uint64_t size, const char *why)
{
	struct verify_leaf *leaf = leaf_row(v, size);

	verify_note(v, "entries of 0x%llx bytes were not measured: %s", (unsigned long long)size, why);
	if (leaf && !leaf->reads)
		snprintf(leaf->why, sizeof(leaf->why), "%.159s", why);
}

static int leaf_map(struct verify *v, uint64_t leaf, uint64_t size, struct verify_area **area, struct fail *f)
{
	struct verify_want want = {.size = size, .leaf = leaf, .memory = MIN(size, MAX(leaf, LEAF_2M))};

	return verify_map(v, &want, area, f);
}

/*
 * There is one bit for all of an entry: once a byte of it was written, each of its pages has to be told, and is missing otherwise. Where
 * entries are out of reach nothing is known of that.
 */
static void leaf_is_dirty(struct verify *v, struct verify_area *area, uint64_t off, uint64_t leaf)
{
	struct iova_range r = {ALIGN_DOWN(area->iova + off, leaf), (area->iova + off) | (leaf - 1)};

	if (!v->caps.leaves)
		return;
	r.start = MAX(r.start, area->iova) - area->iova;
	r.last = MIN(r.last - area->iova, area->size - 1);
	bitmap_set(area->truth, r.start / v->unit, (r.last - r.start + 1) / v->unit);
}

/* One write in each eighth of some entry, and all of that entry is reported. */
static int leaf_eighths(struct verify *v, struct verify_area *area, uint64_t leaf, struct fail *f)
{
	struct leaf_seen seen;
	int err = 0;

	for (unsigned int i = 0; i < LEAF_WRITES && !err; i++) {
		uint64_t part = leaf / LEAF_WRITES, off = verify_draw(v, 2) * leaf + i * part + verify_draw(v, part);

		err = verify_write(v, area, off, 1, f);
		if (err)
			break;
		leaf_is_dirty(v, area, off, leaf);
		err = leaf_hold(v, area, "the read after one byte", &seen, f);
	}
	return err;
}

/* By pages smaller and larger than the entries, too. */
static int leaf_pages(struct verify *v, struct verify_area *area, struct fail *f)
{
	int err = 0;

	for (uint64_t page = v->unit; page <= area->size / 2 && !err; page *= 8) {
		struct verify_query q = {.area = area, .page_size = page, .what = "the read after it"};

		if (!(v->caps.page_sizes & page))
			continue;
		err = verify_write(v, area, verify_draw(v, area->size / 8) * 8, 8, f);
		if (!err)
			err = verify_hold(v, &q, f);
		q.what = "the second read";
		if (!err)
			err = verify_hold(v, &q, f);
	}
	return err;
}

static int leaf_large(struct verify *v, uint64_t leaf, struct fail *f)
{
	struct verify_area *area;
	int err = leaf_map(v, leaf, 2 * leaf, &area, f);

	if (err == -EOPNOTSUPP)
		return verify_skip(v, "%s", f->text);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = leaf_eighths(v, area, leaf, f);
	if (!err)
		err = leaf_pages(v, area, f);
	if (!err && v->caps.leaves)
		v->res->leaf = MAX(v->res->leaf, leaf);
	return err;
}

static int leaf_2m(struct verify *v, struct fail *f)
{
	return leaf_large(v, LEAF_2M, f);
}

static int leaf_1g(struct verify *v, struct fail *f)
{
	return leaf_large(v, LEAF_1G, f);
}

static bool leaf_can_see(struct verify *v, const char **why)
{
	*why = "every mapped page is reported: entries are not to be told from that";
	if (v->caps.over_reports)
		return false;
	*why = "bits of this source are of pages, whatever entries translate them";
	return v->at.source == DIRTY_IOMMU;
}

static bool leaf_can_1g(struct verify *v, const char **why)
{
	const struct iova_space *space = session_space(v->s);

	if (!leaf_can_see(v, why))
		return false;
	*why = "no entries of 1G here";
	if (!(iommu_caps(session_iommu(v->s))->page_sizes & LEAF_1G))
		return false;
	*why = "no aperture is large enough for entries of 1G";
	for (unsigned int i = 0; i < space->nr; i++)
		if (space->r[i].last - space->r[i].start >= 4 * LEAF_1G)
			return true;
	return false;
}

/* One read of what a few writes left. */
static int leaf_cost_turn(struct verify *v, struct verify_area *area, unsigned int writes, uint64_t *written,
			  struct leaf_seen *seen, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < writes && !err; i++)
		err = verify_write(v, area, verify_draw(v, area->size / v->unit) * v->unit, 1, f);
	/* pages that were written twice count once */
	*written = bitmap_count(area->truth, area->size / v->unit);
	return err ? err : leaf_hold(v, area, "the read after it", seen, f);
}

/* The same range in entries of each size: what reading it takes, and how much is said to be dirty for what was written. */
static int leaf_cost_of(struct verify *v, uint64_t leaf, uint64_t size, struct fail *f)
{
	struct verify_area *area;
	struct leaf_seen seen;
	uint64_t written;
	int err = leaf_map(v, leaf, size, &area, f);

	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = leaf_cost_turn(v, area, 1, &written, &seen, f);
	/* where entries are out of reach, one byte tells their size */
	if (!err)
		leaf = v->caps.leaves || !seen.reported ? area->leaf : seen.reported * v->unit;
	for (unsigned int turn = 0; turn < 2 && !err; turn++) {
		err = leaf_cost_turn(v, area, LEAF_WRITES, &written, &seen, f);
		if (!err)
			leaf_count(v, leaf, &seen, written);
	}
	if (!err)
		err = verify_stop(v, f);
	return err ? err : verify_unmap(v, area, f);
}

static int leaf_costs(struct verify *v, struct fail *f)
{
	const char *why = "page table entries are out of reach here";
	bool has_1g = v->caps.leaves && leaf_can_1g(v, &why);
	uint64_t sizes[] = {verify_small(v), LEAF_2M, LEAF_1G}, size = has_1g ? LEAF_1G : MiB(8);
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes) - !has_1g && !err; i++) {
		err = leaf_cost_of(v, sizes[i], size, f);
		if (err == -EOPNOTSUPP && sizes[i] > verify_small(v)) {
			leaf_lacks(v, sizes[i], f->text);
			err = 0;
		}
	}
	if (!err && !has_1g)
		leaf_lacks(v, LEAF_1G, why);
	return err;
}

static bool leaf_can_move(struct verify *v, const char **why)
{
	*why = "page table entries are out of reach here";
	return v->caps.leaves;
}

static int leaf_write(struct verify *v, struct verify_area *area, unsigned int n, struct fail *f)
{
	int err = 0;

	while (n-- && !err)
		err = verify_write(v, area, verify_draw(v, area->size / 8) * 8, 8, f);
	return err;
}

static struct iova_range leaf_range(const struct verify_area *area)
{
	return (struct iova_range){area->iova, area->iova + area->size - 1};
}

static int leaf_now(struct verify *v, struct verify_area *area, uint64_t leaf, struct fail *f)
{
	iova_t at = area->iova + verify_draw(v, area->size / v->unit) * v->unit;
	uint64_t size = 0;
	int err = iommu_leaf_size(session_iommu(v->s), at, &size);

	if (err)
		return fail_set(f, err, "cannot ask for the size of the entry at iova 0x%llx", (unsigned long long)at);
	if (size != leaf)
		verify_fail(v, "the entry at iova 0x%llx has 0x%llx bytes where 0x%llx were due",
			    (unsigned long long)at, (unsigned long long)size, (unsigned long long)leaf);
	return 0;
}

/* Dirty when it is split: all parts are. Clean: none is, and from then on each is told alone. */
static int leaf_split_from(struct verify *v, uint64_t from, uint64_t to, struct fail *f)
{
	struct verify_query q = {.what = "the read after the split"};
	struct verify_area *area;
	int err = leaf_map(v, from, 2 * from, &area, f);

	if (err == -EOPNOTSUPP)
		return verify_skip(v, "%s", f->text);
	if (!err)
		err = verify_start(v, f);
	if (!err && v->round % 2)
		err = leaf_write(v, area, 3, f);
	if (!err)
		err = iommu_leaf_split(session_iommu(v->s), leaf_range(area), to, f);
	if (!err)
		err = leaf_now(v, area, to, f);
	q.area = area;
	/* what was written before is still an entry's of the old size */
	if (!err)
		err = verify_hold(v, &q, f);
	if (err)
		return err;
	area->leaf = to;
	q.what = "a read after the split";
	for (unsigned int i = 0; i < 3 && !err; i++) {
		err = leaf_write(v, area, 6, f);
		if (!err)
			err = verify_hold(v, &q, f);
	}
	return err;
}

static int leaf_split(struct verify *v, struct fail *f)
{
	return leaf_split_from(v, LEAF_2M, verify_small(v), f);
}

static int leaf_split_1g(struct verify *v, struct fail *f)
{
	return leaf_split_from(v, LEAF_1G, LEAF_2M, f);
}

static bool leaf_can_split_1g(struct verify *v, const char **why)
{
	return leaf_can_move(v, why) && leaf_can_1g(v, why);
}

/* Pages of which one was written become one entry, which is dirty. */
static int leaf_merge(struct verify *v, struct fail *f)
{
	struct verify_query q = {.what = "the read after the merge"};
	struct verify_area *area;
	struct leaf_seen seen;
	uint64_t off;
	int err = leaf_map(v, LEAF_2M, 2 * LEAF_2M, &area, f);

	if (err == -EOPNOTSUPP)
		return verify_skip(v, "%s", f->text);
	if (!err)
		err = iommu_leaf_split(session_iommu(v->s), leaf_range(area), verify_small(v), f);
	if (!err)
		err = verify_start(v, f);
	if (!err && v->round % 2 == 0)
		err = verify_write(v, area, verify_draw(v, area->size / 8) * 8, 8, f);
	if (!err)
		err = iommu_leaf_merge(session_iommu(v->s), leaf_range(area), LEAF_2M, f);
	if (!err)
		err = leaf_now(v, area, LEAF_2M, f);
	q.area = area;
	if (!err)
		err = verify_hold(v, &q, f);
	off = verify_draw(v, area->size / 8) * 8;
	if (!err)
		err = verify_write(v, area, off, 8, f);
	if (err)
		return err;
	leaf_is_dirty(v, area, off, LEAF_2M);
	return leaf_hold(v, area, "a read after the merge", &seen, f);
}

/* Is what was reported for one byte the entry around it, a power of two and aligned to itself? */
static bool leaf_is_entry(const struct verify *v, const struct verify_area *area, const struct leaf_seen *seen,
			  uint64_t page)
{
	return seen->last - seen->first + 1 == seen->reported && page >= seen->first && page <= seen->last &&
	       !(seen->reported & (seen->reported - 1)) && (area->iova / v->unit + seen->first) % seen->reported == 0;
}

/* One byte, where the size of the entry around it is known: that and nothing else is reported. */
static int leaf_see_known(struct verify *v, struct verify_area *area, uint64_t off, uint64_t size,
			  struct leaf_seen *seen, struct fail *f)
{
	uint64_t may = area->leaf;
	int err;

	leaf_is_dirty(v, area, off, size);
	area->leaf = size;
	err = leaf_hold(v, area, "the read after one byte", seen, f);
	area->leaf = may;
	return err;
}

/* Where it is not known, by the look of it. The page of the byte is judged as ever; the rest is too much, if anything. */
static int leaf_see_unknown(struct verify *v, struct verify_area *area, uint64_t off, struct leaf_seen *seen,
			    struct fail *f)
{
	uint64_t page = off / v->unit, before = v->now->spurious;
	int err = leaf_hold(v, area, "the read after one byte", seen, f);
	iova_t other;

	if (err || !seen->reported || before != v->now->spurious || leaf_is_entry(v, area, seen, page))
		return err;
	other = area->iova + (seen->first == page ? seen->last : seen->first) * v->unit;
	verify_spurious(v, other, v->unit,
			"a byte at 0x%llx made %llu pages of 0x%llx-0x%llx dirty: no entry around it",
			(unsigned long long)(area->iova + off), (unsigned long long)seen->reported,
			(unsigned long long)(area->iova + seen->first * v->unit),
			(unsigned long long)(area->iova + (seen->last + 1) * v->unit - 1));
	return 0;
}

static int leaf_see(struct verify *v, struct verify_area *area, uint64_t *largest, struct fail *f)
{
	uint64_t off = verify_draw(v, area->size), size = 0;
	struct leaf_seen seen;
	int err = verify_write(v, area, off, 1, f);

	if (err)
		return err;
	if (v->caps.leaves && !iommu_leaf_size(session_iommu(v->s), area->iova + off, &size))
		err = leaf_see_known(v, area, off, size, &seen, f);
	else
		err = leaf_see_unknown(v, area, off, &seen, f);
	/* nothing at all has been told as missing */
	if (!err && seen.reported && leaf_is_entry(v, area, &seen, off / v->unit))
		*largest = MAX(*largest, seen.reported * v->unit);
	return err;
}

/* Huge memory, where there is any, is what large entries are made of. */
static int leaf_seen_in(struct verify *v, const char *how, uint64_t *largest, struct fail *f)
{
	struct verify_want want = {.size = 2 * LEAF_2M, .align = LEAF_2M, .leaf = LEAF_2M, .whole = true};
	struct verify_area *area;
	int err = verify_map(v, &want, &area, f);

	*largest = want.leaf = 0;
	if (err == -EOPNOTSUPP)
		err = verify_map(v, &want, &area, f);
	if (!err)
		err = verify_start(v, f);
	for (unsigned int i = 0; i < LEAF_WRITES && !err; i++)
		err = leaf_see(v, area, largest, f);
	if (!err)
		err = verify_stop(v, f);
	if (!err)
		err = verify_unmap(v, area, f);
	if (!err && *largest) {
		verify_note(v, "leaf in effect seen%s: 0x%llx bytes", how, (unsigned long long)*largest);
		v->res->leaf = MAX(v->res->leaf, *largest);
	}
	return err;
}

static int leaf_effect(struct verify *v, struct fail *f)
{
	uint64_t largest;

	return leaf_seen_in(v, "", &largest, f);
}

static bool leaf_can_choose(struct verify *v, const char **why)
{
	uint64_t value;

	if (!leaf_can_see(v, why))
		return false;
	*why = "whether entries are large cannot be chosen here";
	return !iommu_option_get(session_iommu(v->s), IOMMU_OPTION_HUGE_PAGES, &value, NULL);
}

/* Off, no entry is larger than the processor's page, whatever the memory. */
static int leaf_option(struct verify *v, struct fail *f)
{
	uint64_t largest, page = (uint64_t)sysconf(_SC_PAGESIZE);
	int err = verify_small_pages(v, f);

	if (err == -EINVAL)
		return verify_skip(
			v, "large entries cannot be switched off once something is mapped that the device needs");
	if (!err)
		err = leaf_seen_in(v, " with large pages off", &largest, f);
	if (!err && largest > page)
		verify_fail(v, "large pages are off, and an entry of 0x%llx bytes was seen",
			    (unsigned long long)largest);
	return err;
}

const struct verify_case verify_leaf_cases[] = {
	{"leaf-2M", "bits of small pages over entries of 2M: one byte and all of the entry is reported",
	 .can = leaf_can_see, .run = leaf_2m},
	{"leaf-1G", "the same over entries of 1G", .can = leaf_can_1g, .run = leaf_1g},
	{"leaf-split",
	 "entries of 2M are split in place; what was written before stays, what is written after is told by page",
	 .can = leaf_can_move, .run = leaf_split},
	{"leaf-split-1G", "entries of 1G become entries of 2M", .can = leaf_can_split_1g, .run = leaf_split_1g},
	{"leaf-merge", "entries become a large one, dirty when any of them was", .can = leaf_can_move,
	 .run = leaf_merge},
	{"leaf-seen", "the size of entry in effect, by what one byte makes dirty", .can = leaf_can_see,
	 .run = leaf_effect},
	{"huge-pages-off", "large pages switched off: no entry is larger than a page", .can = leaf_can_choose,
	 .run = leaf_option},
	{"leaf-costs", "the same range in entries of every size: what reading costs and how much it reports",
	 .can = leaf_can_see, .run = leaf_costs},
	{0},
};
