/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each loop maps and how much: the fixed, random, sequential and adversarial choices. */
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

/* The smallest mapping. */
static uint64_t compare_page_of(const struct compare *c)
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
			if (strcmp(entry.tag, "page") && strcmp(entry.tag, "probe"))
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

static void case_add(struct compare *c, iova_t iova, uint64_t pages, const char *why)
{
	struct iova_range r = {iova, 0};
	struct compare_case *k;
	char what[96];

	if (!num_add(iova, pages * PAGE - 1, &r.last))
		return;
	if (!space_contains(session_space(c->s), r)) {
		snprintf(what, sizeof(what), "adversarial 0x%" PRIx64 "+0x%" PRIx64 ": %s", iova, pages * PAGE, why);
		compare_skip(c, what, "beyond the device's mask or in a range that must not be used");
		return;
	}
	/* type1 before 6.18 computes the end of the last page as 0 and never unpins it (fix 6012379ede6a): danger leak */
	if (r.last == UINT64_MAX && !session_is_simulated(c->s) && !session_params(c->s)->allow_crash) {
		snprintf(what, sizeof(what), "adversarial 0x%" PRIx64 "+0x%" PRIx64 ": %s", iova, pages * PAGE, why);
		compare_skip(c, what, "kernels before 6.18 leak the last page of a 64-bit space: needs --allow-crash");
		return;
	}
	if (c->nr_cases == COMPARE_CASES_MAX)
		return;
	k = &c->cases[c->nr_cases++];
	*k = (struct compare_case){.iova = iova, .size = pages * PAGE};
	snprintf(k->why, sizeof(k->why), "%s", why);
}

/* Both sides of a border and across it, also unaligned. */
static void case_border(struct compare *c, iova_t border, const char *why)
{
	case_add(c, border - 2 * PAGE, 2, why);
	case_add(c, border, 2, why);
	case_add(c, border - PAGE, 2, why);
	case_add(c, border - 3 * PAGE, 5, why);
}

static void cases_borders(struct compare *c, uint64_t seed)
{
	static const struct {
		unsigned int shift;
		const char *why;
	} level[] = {{21, "2M border"}, {30, "1G border"}, {32, "4G border"}, {39, "512G border"}};
	const struct iova_space *space = session_space(c->s);
	iova_t top = space->r[space->nr - 1].last;

	for (unsigned int i = 0; i < ARRAY_SIZE(level); i++) {
		uint64_t unit = 1ull << level[i].shift, count = top / unit;

		case_border(c, unit, level[i].why);
		if (count < 2)
			continue;
		case_border(c, 2 * unit, level[i].why);
		if (count > 3)
			case_border(c, rng_between(rng_draw(seed, i, rng_place("border")), 3, count - 1) * unit,
				    level[i].why);
	}
}

static void cases_edges(struct compare *c)
{
	const struct iova_space space = *session_space(c->s);

	for (unsigned int i = 0; i < space.nr && i < 16; i++) {
		struct iova_range r = space.r[i];
		iova_t start = ALIGN_UP(r.start, PAGE), end = ALIGN_DOWN(r.last, PAGE);

		if (r.last - r.start < 8 * PAGE)
			continue;
		case_add(c, start, 2, "start of a usable range");
		case_add(c, start, 3, "start of a usable range");
		case_add(c, end - PAGE, 2, "end of a usable range");
		case_add(c, end - 2 * PAGE, 3, "end of a usable range");
	}
}

/*
 * A run of 2 or 3 pages across a 2^m page border needs an invalidation mask of m + 1 bits: one case for every mask order
 * (VT-d spec 6.5.2.3, address mask), so that a mask computed from the page count alone leaves something behind.
 */
static void cases_masks(struct compare *c)
{
	for (unsigned int m = 0; m < 36; m++) {
		iova_t border = PAGE << m;

		if (m)
			case_add(c, border - PAGE, 2, "unaligned run across a flush-mask border");
		case_add(c, m ? border + border / 2 - PAGE : border, 3, "unaligned run across a flush-mask border");
	}
}

int compare_cases_build(struct compare *c, struct fail *f)
{
	uint64_t seed = session_params(c->s)->seed;

	c->cases = calloc(COMPARE_CASES_MAX, sizeof(*c->cases));
	if (!c->cases)
		return fail_set(f, ENOMEM, "cannot allocate the adversarial cases");
	case_add(c, 0x17full * PAGE, 3, "3 pages at pfn 0x17f");
	case_add(c, 0x3fe00ull * PAGE, 1024, "4M at pfn 0x3fe00");
	for (unsigned int pages = 2; pages <= 4; pages++)
		case_add(c, 0x40000ull * PAGE / 4, pages, "sizes that grow at one iova");
	cases_borders(c, seed);
	cases_edges(c);
	cases_masks(c);
	if (!c->nr_cases)
		return fail_set(f, ENOSPC, "none of the adversarial cases fits this device");
	return 0;
}

static void compare_choose_size(struct compare_loop *l)
{
	const struct compare_params *p = l->c->p;
	uint64_t granule = compare_granule_of(l->c), draw;
	uint64_t unit = p->size_min % PAGE || p->size_max % PAGE ? STAMP_LINE : PAGE;

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

static int compare_choose_case(struct compare_loop *l)
{
	const struct compare_case *k = &l->c->cases[(l->n / COMPARE_CASE_REPEAT) % l->c->nr_cases];
	struct ledger_entry entry;

	l->iova = k->iova;
	l->size = k->size;
	l->payload = k->size / 2;
	if (!ledger_find(iommu_ledger(session_iommu(l->c->s)), (struct iova_range){l->iova, l->iova + l->size - 1},
			 &entry))
		return 0;
	/* a ring or canary of ours lies there, by the chance of its physical address: the size at another place then */
	return session_pick(l->c->s, &l->t->space, l->op, l->size, PAGE, &l->iova) ? 0 : -ENOSPC;
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
		err = compare_choose_case(l);
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
	if (err)
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
