/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each loop maps, how much, and in how many pieces; the adversarial cases are in compare_case.c. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/compare_priv.h"
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

struct iova_range compare_fixed_range(const struct compare *c, unsigned int t)
{
	iova_t start = c->p->iova + t * c->stride;

	return (struct iova_range){start, start + c->mapping_max - 1};
}

int compare_ranges(struct compare *c, struct fail *f)
{
	uint64_t all;
	int err = compare_mapping_max(c, &c->mapping_max);

	if (err || c->mapping_max > UINT64_MAX - MiB(2))
		return fail_usage(f, ERANGE, "--size 0x%" PRIx64 " is too large", c->p->size_max);
	c->stride = ALIGN_UP(c->mapping_max, MiB(2));
	if (c->p->iova_mode != COMPARE_FIXED)
		return 0;
	if (!num_mul(c->stride, c->p->threads - 1, &all) || !num_add(all, c->mapping_max - 1, &all) ||
	    !num_add(all, c->p->iova, &all))
		return fail_usage(f, ERANGE,
				  "iova 0x%" PRIx64 " for %u threads, 0x%" PRIx64
				  " bytes apart, wraps around the address space",
				  c->p->iova, c->p->threads, c->stride);
	for (unsigned int t = 0; t < c->p->threads && !err; t++)
		err = session_check_map(c->s, compare_fixed_range(c, t).start, c->mapping_max, f);
	if (!err)
		session_keep_free(c->s, &(struct iova_range){c->p->iova, all});
	return err;
}

int compare_check_free(const struct compare *c, struct fail *f)
{
	struct ledger_entry entry;
	iova_t at;

	for (unsigned int t = 0; t < c->p->threads && c->p->iova_mode == COMPARE_FIXED; t++) {
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

static int compare_choose_sequential(struct compare_loop *l)
{
	struct iova_space *space = &l->t->space;
	struct ledger_entry entry;

	for (unsigned int lap = 0; lap < 2; lap++) {
		for (unsigned int i = 0; i < space->nr; i++) {
			iova_t at = MAX(ALIGN_UP(space->r[i].start, compare_granule_of(l->c)), l->t->next);

			while (at <= space->r[i].last && space->r[i].last - at >= l->size - 1) {
				struct iova_range r = {at, at + l->size - 1};

				if (!ledger_find(iommu_ledger(session_iommu(l->c->s)), r, &entry)) {
					l->iova = at;
					l->t->next = at + l->size;
					return 0;
				}
				at = entry.range.last + 1;
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
		l->iova = compare_fixed_range(c, l->t->index).start;
		break;
	case COMPARE_ADVERSARIAL:
		err = compare_choose_case(l, f);
		break;
	case COMPARE_SEQUENTIAL:
		err = compare_choose_sequential(l);
		break;
	case COMPARE_RANDOM:
		if (!session_pick(c->s, &l->t->space, l->op, l->size, compare_granule_of(c), &l->iova))
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
