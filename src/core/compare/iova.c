/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each loop maps, how much, and in how many pieces; the adversarial cases are in case.c. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/compare/priv.h"
#include "iommu/ledger.h"

#define PAGE ((uint64_t)4096)

uint64_t compare_page_of(const struct compare *c)
{
	uint64_t sizes = iommu_caps(session_iommu(c->s))->page_sizes;

	return MAX(PAGE, sizes & -sizes);
}

static uint64_t compare_granule_of(const struct compare *c)
{
	switch (c->p->mem) {
	case IOMMU_MEM_HUGETLB_2M:
		return MiB(2);
	case IOMMU_MEM_HUGETLB_1G:
		return GiB(1);
	default:
		return compare_page_of(c);
	}
}

/* Every mapping is whole huge pages where the memory is. */
static int compare_mapping_max(const struct compare *c, uint64_t *size)
{
	uint64_t granule = compare_granule_of(c);

	if (!num_mul(c->p->size_max, 2, size) || !num_add(*size, granule - 1, size))
		return -ERANGE;
	*size = ALIGN_DOWN(*size, granule);
	return 0;
}

unsigned int compare_fixed_places(const struct compare_params *p)
{
	return p->threads > 1 ? p->threads * COMPARE_PARCELS : 1;
}

struct iova_range compare_fixed_range(const struct compare *c, unsigned int n)
{
	iova_t start = c->p->iova + n * c->stride;

	return (struct iova_range){start, start + c->mapping_max - 1};
}

int compare_ranges(struct compare *c, struct fail *f)
{
	uint64_t all;
	int err = compare_mapping_max(c, &c->mapping_max);

	if (err || c->mapping_max > UINT64_MAX - MiB(2))
		return fail_usage(f, ERANGE, "--size 0x%" PRIx64 " is too large", c->p->size_max);
	/*
	 * Small ones not a large page apart, as that would have them in the same few sets of an IOTLB: they would put each other out, and what is
	 * stale there would never be used.
	 */
	c->stride = ALIGN_UP(c->mapping_max, MiB(2));
	if (c->mapping_max < MiB(2))
		c->stride +=
			UINT64_C(1) << (64 - __builtin_clzll(c->mapping_max - 1)); /* to its size, as they all are */
	if (c->p->iova_mode != COMPARE_FIXED)
		return 0;
	if (!num_mul(c->stride, compare_fixed_places(c->p) - 1, &all) || !num_add(all, c->mapping_max - 1, &all) ||
	    !num_add(all, c->p->iova, &all))
		return fail_usage(f, ERANGE,
				  "iova 0x%" PRIx64 " for %u mappings, 0x%" PRIx64
				  " bytes apart, wraps around the address space",
				  c->p->iova, compare_fixed_places(c->p), c->stride);
	for (unsigned int t = 0; t < compare_fixed_places(c->p) && !err; t++)
		err = session_check_map(c->s, compare_fixed_range(c, t).start, c->mapping_max, f);
	if (!err)
		session_keep_free(c->s, &(struct iova_range){c->p->iova, all}, 1);
	return err;
}

int compare_check_free(const struct compare *c, struct fail *f)
{
	struct ledger_entry entry;
	iova_t at;

	for (unsigned int t = 0; t < compare_fixed_places(c->p) && c->p->iova_mode == COMPARE_FIXED; t++) {
		struct iova_range r = compare_fixed_range(c, t);

		if (ledger_find(iommu_ledger(session_iommu(c->s)), r, &entry)) {
			at = entry.range.start;
			if (entry.named)
				return fail_usage(f, ERANGE, "iova 0x%" PRIx64 " is taken: %s is mapped at 0x%" PRIx64,
						  r.start, entry.tag, at);
		} else if (!compare_probe_lies_in(c, r, &at)) {
			continue;
		}
		fail_usage(f, ERANGE, "iova 0x%" PRIx64 " is taken by a page of the tool's own at 0x%" PRIx64, r.start,
			   at);
		fail_hint(f,
			  "its place follows from a physical address: choose another --iova, for example 0x40000000");
		return -ERANGE;
	}
	return 0;
}

static uint64_t unit_of_both(uint64_t a, uint64_t b)
{
	uint64_t x = a, y = b, rest;

	for (; y; x = y, y = rest)
		rest = x % y;
	return a / x * b;
}

int compare_payloads(struct compare *c, struct fail *f)
{
	const struct compare_params *p = c->p;
	struct dev *dev = session_dev(c->s);
	const struct dev_limits *lim = dev ? dev_limits(dev) : NULL;
	int err = 0;

	/* the way back goes to iova + payload */
	c->unit = lim ? unit_of_both(STAMP_LINE, unit_of_both(dev_unit(lim), dev_addr_unit(lim))) : STAMP_LINE;
	if (!lim || p->iova_mode == COMPARE_ADVERSARIAL)
		return 0;
	err = dev_check_length(lim, "--size", p->size_min, f);
	if (!err)
		err = dev_check_length(lim, "--size", p->size_max, f);
	if (!err)
		err = dev_check_address(lim, "--size", p->size_min, f);
	if (!err)
		err = dev_check_address(lim, "--size", p->size_max, f);
	if (!err && p->iova_mode == COMPARE_FIXED)
		err = dev_check_address(lim, "--iova", p->iova, f);
	return err;
}

static void compare_choose_size(struct compare_loop *l)
{
	const struct compare_params *p = l->c->p;
	uint64_t granule = compare_granule_of(l->c), draw;
	uint64_t unit = p->size_min % PAGE || p->size_max % PAGE ? l->c->unit : unit_of_both(PAGE, l->c->unit);

	draw = rng_draw(session_params(l->c->s)->seed, l->op, rng_place("size"));
	l->payload = p->size_min == p->size_max
			     ? p->size_min
			     : p->size_min + rng_below(draw, (p->size_max - p->size_min) / unit + 1) * unit;
	l->size = ALIGN_UP(2 * l->payload, granule);
}

/*
 * The power of two that the mapping's first address is a multiple of (--align size), or lies one granule before (--align across): then the
 * mapping has a page on both sides of that border, and nothing smaller than twice its size, in blocks of their own size, covers it.
 */
static uint64_t compare_align_of(const struct compare_loop *l)
{
	uint64_t granule = compare_granule_of(l->c), align = granule;

	while (l->c->p->align != COMPARE_ALIGN_PAGE && align < l->size)
		align *= 2;
	return align;
}

/* From a multiple of compare_align_of(), where that much is free and the mapping behind it, to where the mapping goes. */
static iova_t compare_shift_of(const struct compare_loop *l)
{
	return l->c->p->align == COMPARE_ALIGN_ACROSS ? compare_align_of(l) - compare_granule_of(l->c) : 0;
}

static bool compare_choose_random(struct compare_loop *l)
{
	uint64_t shift = compare_shift_of(l);

	if (!session_pick(l->c->s, &l->t->space, l->op, shift + l->size, compare_align_of(l), &l->iova))
		return false;
	l->iova += shift;
	return true;
}

static int compare_choose_sequential(struct compare_loop *l)
{
	struct iova_space *space = &l->t->space;
	uint64_t align = compare_align_of(l), shift = compare_shift_of(l), need = shift + l->size;
	struct ledger_entry entry;

	for (unsigned int lap = 0; lap < 2; lap++) {
		for (unsigned int i = 0; i < space->nr; i++) {
			iova_t at = ALIGN_UP(MAX(space->r[i].start, l->t->next), align);

			while (at <= space->r[i].last && space->r[i].last - at >= need - 1) {
				struct iova_range r = {at + shift, at + need - 1};

				if (!ledger_find(iommu_ledger(session_iommu(l->c->s)), r, &entry)) {
					l->iova = at + shift;
					l->t->next = at + need;
					return 0;
				}
				at = ALIGN_UP(entry.range.last + 1, align);
			}
		}
		l->t->next = 0;
	}
	return -ENOSPC;
}

int compare_choose(struct compare_loop *l, struct fail *f)
{
	struct compare *c = l->c;
	int err = 0;

	compare_choose_size(l);
	switch (c->p->iova_mode) {
	case COMPARE_FIXED:
		l->iova =
			compare_fixed_range(c, c->p->threads > 1 ? l->t->index * COMPARE_PARCELS + l->window : 0).start;
		break;
	case COMPARE_ADVERSARIAL:
		err = compare_choose_case(l, f);
		break;
	case COMPARE_SEQUENTIAL:
		err = compare_choose_sequential(l);
		break;
	case COMPARE_RANDOM:
		if (!compare_choose_random(l))
			err = -ENOSPC;
		break;
	case COMPARE_KERNEL:
		l->iova = 0;
		break;
	}
	if (err && !f->err)
		fail_set(f, ENOSPC, "no free iova for 0x%" PRIx64 " bytes", l->size);
	return err;
}

uint64_t compare_piece(const struct compare_loop *l, uint64_t offset)
{
	uint64_t granule = compare_granule_of(l->c), left = l->size - offset, draw, piece;

	/* an adversarial case smaller than a huge page maps a part of one: its pieces are those of the IOMMU */
	if (!IS_ALIGNED(l->size, granule))
		granule = compare_page_of(l->c);
	switch (l->c->p->granule) {
	case COMPARE_MAP_PAGE:
		piece = granule;
		break;
	case COMPARE_MAP_RANDOM:
		draw = rng_draw(session_params(l->c->s)->seed, l->op, rng_place("piece") + offset);
		piece = rng_between(draw, 1, (left - 1) / granule + 1) * granule;
		break;
	default:
		piece = left;
		break;
	}
	piece = MIN(piece, left);
	assert(piece && offset + piece <= l->size);
	return piece;
}
