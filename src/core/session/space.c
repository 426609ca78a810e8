/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set of usable IOVAs: built from capabilities, cut by exclusions, drawn from by the tests. */
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/util.h"
#include "core/session/space.h"

#define SPACE_MSI_START 0xfee00000ull
#define SPACE_MSI_LAST 0xfeefffffull
#define SPACE_DEFAULT_LAST ((1ull << 39) - 1)

void space_init(struct iova_space *space, const struct iommu_caps *caps, iova_t max_iova)
{
	memset(space, 0, sizeof(*space));
	if (!caps->ranges_known || !caps->nr_ranges)
		space->r[space->nr++] = (struct iova_range){0, MIN(SPACE_DEFAULT_LAST, max_iova)};
	for (unsigned int i = 0; caps->ranges_known && i < caps->nr_ranges; i++) {
		struct iova_range r = caps->ranges[i];

		if (r.start > max_iova || r.last < r.start)
			continue;
		r.last = MIN(r.last, max_iova);
		space->r[space->nr++] = r;
	}
	for (unsigned int i = 0; i < caps->nr_reserved; i++)
		space_exclude(space, caps->reserved[i]);
	space_exclude(space, (struct iova_range){SPACE_MSI_START, SPACE_MSI_LAST});
}

static void space_insert(struct iova_space *space, unsigned int at, struct iova_range r)
{
	if (space->nr == SPACE_MAX)
		return; /* losing a range only makes the usable space smaller, never less safe */
	memmove(&space->r[at + 1], &space->r[at], (space->nr - at) * sizeof(space->r[0]));
	space->r[at] = r;
	space->nr++;
}

static void space_delete(struct iova_space *space, unsigned int at)
{
	space->nr--;
	memmove(&space->r[at], &space->r[at + 1], (space->nr - at) * sizeof(space->r[0]));
}

void space_exclude(struct iova_space *space, struct iova_range range)
{
	for (unsigned int i = 0; i < space->nr;) {
		struct iova_range old = space->r[i];

		if (!iova_range_overlaps(old, range)) {
			i++;
			continue;
		}
		space_delete(space, i);
		if (old.last > range.last)
			space_insert(space, i, (struct iova_range){range.last + 1, old.last});
		if (old.start < range.start)
			space_insert(space, i++, (struct iova_range){old.start, range.start - 1});
	}
}

bool space_contains(const struct iova_space *space, struct iova_range range)
{
	for (unsigned int i = 0; i < space->nr; i++)
		if (iova_range_contains(space->r[i], range))
			return true;
	return false;
}

/* How many aligned starts does @r offer for @size bytes? *first gets the lowest. */
static uint64_t space_starts(struct iova_range r, uint64_t size, uint64_t align, iova_t *first)
{
	uint64_t up;

	if (!num_add(r.start, align - 1, &up))
		return 0;
	*first = up & ~(align - 1);
	if (*first > r.last || r.last - *first < size - 1)
		return 0;
	return (r.last - *first - (size - 1)) / align + 1;
}

bool space_pick(const struct iova_space *space, uint64_t draw, uint64_t size, uint64_t align, iova_t *out)
{
	uint64_t total = 0, n, at;
	iova_t first;

	if (!size)
		return false;
	for (unsigned int i = 0; i < space->nr; i++)
		total += space_starts(space->r[i], size, align, &first);
	if (!total)
		return false;
	at = rng_below(draw, total);
	for (unsigned int i = 0; i < space->nr; i++) {
		n = space_starts(space->r[i], size, align, &first);
		if (at < n) {
			*out = first + at * align;
			return true;
		}
		at -= n;
	}
	return false;
}

uint64_t space_bytes(const struct iova_space *space)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < space->nr; i++)
		if (!num_add(sum, space->r[i].last - space->r[i].start, &sum) || !num_add(sum, 1, &sum))
			return UINT64_MAX;
	return sum;
}

/* The address of the @pos'th byte, down to a 2 MiB border; UINT64_MAX past the end. */
static iova_t space_cut(const struct iova_space *space, uint64_t pos)
{
	for (unsigned int k = 0; k < space->nr; k++) {
		uint64_t more =
			space->r[k].last - space->r[k].start; /* bytes less one: all of 2^64 has no other size */

		if (pos <= more)
			return ALIGN_DOWN(space->r[k].start + pos, MiB(2));
		pos -= more + 1;
	}
	return UINT64_MAX;
}

void space_part(const struct iova_space *space, unsigned int i, unsigned int n, struct iova_space *out)
{
	uint64_t part = space_bytes(space) / n;
	iova_t from = i ? space_cut(space, part * i) : 0;
	iova_t last = i + 1 < n ? space_cut(space, part * (i + 1)) - 1 : UINT64_MAX;

	memset(out, 0, sizeof(*out));
	for (unsigned int k = 0; k < space->nr; k++) {
		struct iova_range r = {MAX(space->r[k].start, from), MIN(space->r[k].last, last)};

		if (r.start <= r.last && from <= last)
			out->r[out->nr++] = r;
	}
}
