/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pile of free frame extents. */
#include "iommu/sim/pile.h"

#include <errno.h>
#include <string.h>

int sim_pile_reserve(struct sim_pile *pile, size_t more)
{
	size_t room = MAX(pile->room * 2, pile->count + more);
	struct sim_extent *extent;

	if (pile->count + more <= pile->room)
		return 0;
	extent = realloc(pile->extent, room * sizeof(*extent));
	if (!extent)
		return -ENOMEM;
	pile->extent = extent;
	pile->room = room;
	return 0;
}

void sim_pile_push(struct sim_pile *pile, struct sim_extent extent)
{
	struct sim_extent *top = pile->count ? &pile->extent[pile->count - 1] : NULL;

	if (top && top->zero == extent.zero && extent.frame + extent.count == top->frame) {
		top->frame = extent.frame;
		top->count += extent.count;
	} else if (top && top->zero == extent.zero && top->frame + top->count == extent.frame) {
		top->count += extent.count;
	} else {
		pile->extent[pile->count++] = extent;
	}
}

bool sim_pile_pop(struct sim_pile *pile, uint64_t max, struct sim_extent *out)
{
	struct sim_extent *top;

	if (!pile->count)
		return false;
	top = &pile->extent[pile->count - 1];
	*out = *top;
	if (top->count <= max) {
		pile->count--;
		return true;
	}
	out->count = max;
	top->frame += max;
	top->count -= max;
	return true;
}

/* Cut start..start+count-1 out of extent @i; the part before it stays in place. */
static void sim_pile_split(struct sim_pile *pile, size_t i, uint64_t start, uint64_t count)
{
	struct sim_extent *e = &pile->extent[i], right = *e;

	right.frame = start + count;
	right.count = e->frame + e->count - right.frame;
	if (start == e->frame) {
		*e = right;
	} else {
		e->count = start - e->frame;
		if (right.count)
			pile->extent[pile->count++] = right;
	}
	if (!e->count) {
		memmove(e, e + 1, (pile->count - i - 1) * sizeof(*e));
		pile->count--;
	}
}

bool sim_pile_cut(struct sim_pile *pile, uint64_t count, uint64_t align, struct sim_extent *out)
{
	for (size_t i = pile->count; i-- > 0;) {
		const struct sim_extent *e = &pile->extent[i];
		uint64_t start = ALIGN_UP(e->frame, align);

		if (start + count > e->frame + e->count)
			continue;
		*out = (struct sim_extent){start, count, e->zero};
		sim_pile_split(pile, i, start, count);
		return true;
	}
	return false;
}

/* The rank is the place in the pile; it travels with the extent while they are sorted by frame. */
struct sim_pile_item {
	struct sim_extent extent;
	size_t rank;
};

static int sim_pile_by_frame(const void *a, const void *b)
{
	const struct sim_pile_item *x = a, *y = b;

	return (x->extent.frame > y->extent.frame) - (x->extent.frame < y->extent.frame);
}

static int sim_pile_by_rank(const void *a, const void *b)
{
	const struct sim_pile_item *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

void sim_pile_tidy(struct sim_pile *pile)
{
	CLEANUP_FREE struct sim_pile_item *item = calloc(pile->count + 1, sizeof(*item));
	size_t n = 0;

	/* Only tidiness is lost without memory for it. */
	if (!item || !pile->count)
		return;
	for (size_t i = 0; i < pile->count; i++)
		item[i] = (struct sim_pile_item){pile->extent[i], i};
	qsort(item, pile->count, sizeof(*item), sim_pile_by_frame);
	for (size_t i = 1; i < pile->count; i++) {
		struct sim_pile_item *to = &item[n], *from = &item[i];

		if (to->extent.frame + to->extent.count == from->extent.frame && to->extent.zero == from->extent.zero) {
			to->extent.count += from->extent.count;
			to->rank = MAX(to->rank, from->rank);
		} else {
			item[++n] = *from;
		}
	}
	pile->count = n + 1;
	qsort(item, pile->count, sizeof(*item), sim_pile_by_rank);
	for (size_t i = 0; i < pile->count; i++)
		pile->extent[i] = item[i].extent;
}

static int sim_pile_downwards(const void *a, const void *b)
{
	const struct sim_extent *x = a, *y = b;

	return (x->frame < y->frame) - (x->frame > y->frame);
}

void sim_pile_sort(struct sim_pile *pile)
{
	size_t n = 0;

	if (!pile->count)
		return;
	qsort(pile->extent, pile->count, sizeof(*pile->extent), sim_pile_downwards);
	for (size_t i = 1; i < pile->count; i++) {
		struct sim_extent *to = &pile->extent[n], *from = &pile->extent[i];

		if (from->frame + from->count == to->frame) {
			to->frame = from->frame;
			to->count += from->count;
			to->zero &= from->zero;
		} else {
			pile->extent[++n] = *from;
		}
	}
	pile->count = n + 1;
}
