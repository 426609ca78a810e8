/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each thread's IOVAs lie in an episode: small windows side by side, at the edges of what is allowed, or wide ones for large pages. */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "core/stress/priv.h"
#include "iommu/ledger.h"

#define WINDOW_EDGES 24
#define WINDOW_DENSE_PAGES 256u
#define WINDOW_EDGE_PAGES 64u
#define WINDOW_HUGE MiB(64)

enum window_style { STYLE_DENSE, STYLE_EDGES, STYLE_HUGE };

static uint64_t window_draw(const struct stress *st, const char *place, uint64_t n)
{
	return rng_below(rng_draw(st->seed, STRESS_QUIET_N, rng_place(place)), n);
}

/* Named mixes say what they are about; the others, and files, take turns. */
static enum window_style window_style(const struct stress *st)
{
	const char *mix = st->p->mix.name;

	if (!strcmp(mix, "edges"))
		return STYLE_EDGES;
	if (!strcmp(mix, "huge"))
		return STYLE_HUGE;
	if (!strcmp(mix, "churn"))
		return STYLE_DENSE;
	/* entries of which a bitmap tells more than one bit there are in large pages only */
	if (st->weight[STRESS_DIRTY_CLEAR] && window_draw(st, "large", 4) == 0)
		return STYLE_HUGE;
	switch (window_draw(st, "style", 8)) {
	case 0:
		return STYLE_HUGE;
	case 1:
	case 2:
		return STYLE_EDGES;
	default:
		return STYLE_DENSE;
	}
}

/* Nothing is there, and nothing of this episode's either: @free is without it then. */
static bool window_take(const struct stress *st, struct iova_space *free, struct iova_range r)
{
	struct ledger_entry e;

	for (unsigned int i = 0; i < st->nr_spaces; i++)
		if (ledger_find(iommu_ledger(st->space[i]), r, &e))
			return false;
	if (!space_contains(free, r))
		return false;
	space_exclude(free, r);
	return true;
}

/* One block, cut to a piece for each thread and one for all of them. */
static void window_deal(struct stress *st, struct iova_range block, uint64_t size)
{
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		struct stress_window *w = &st->threads[i].window;
		iova_t start = block.start + i * size;

		if (w->nr == STRESS_WINDOW_PARTS)
			return;
		w->part[w->nr++] = (struct iova_range){start, start + (size - 1)};
		w->bytes += size;
	}
}

static bool window_block(struct stress *st, struct iova_space *free, uint64_t size, uint64_t align)
{
	struct iova_range r;
	iova_t at;

	for (unsigned int try = 0; try < 64; try++) {
		uint64_t draw = rng_draw(st->seed, STRESS_QUIET_N, rng_place("window") + try);

		if (!space_pick(free, draw, size * st->nr_threads, align, &at))
			return false;
		r = (struct iova_range){at, at + (size * st->nr_threads - 1)};
		if (!window_take(st, free, r))
			continue;
		window_deal(st, r, size);
		return true;
	}
	return false;
}

/* Both ends of every range that is allowed, so also beside what is reserved, and across 4 GiB. */
static unsigned int window_edges(const struct stress *st, uint64_t all, iova_t *at)
{
	const struct iova_space *space = session_space(st->s);
	unsigned int n = 0;

	for (unsigned int i = 0; i < space->nr && n + 2 < WINDOW_EDGES; i++) {
		struct iova_range r = space->r[i];

		r.start = ALIGN_UP(r.start, st->granule);
		if (r.last < r.start || r.last - r.start < 2 * all)
			continue;
		at[n++] = r.start;
		at[n++] = ALIGN_DOWN(r.last - (all - 1), st->granule);
	}
	at[n++] = ALIGN_DOWN(GiB(4) - all / 2, st->granule);
	return n;
}

static void window_place_edges(struct stress *st, struct iova_space *free, uint64_t size)
{
	uint64_t all = size * st->nr_threads;
	iova_t at[WINDOW_EDGES + 1];
	unsigned int n = window_edges(st, all, at), from = (unsigned int)window_draw(st, "edge", n);

	for (unsigned int i = 0; i < n && st->threads[0].window.nr < STRESS_WINDOW_PARTS; i++) {
		iova_t start = at[(from + i) % n];
		struct iova_range r = {start, start + (all - 1)};

		if (r.last > r.start && window_take(st, free, r))
			window_deal(st, r, size);
	}
}

static void window_shared(struct stress *st, struct iova_space *free)
{
	uint64_t size = STRESS_CELLS * STRESS_CELL * st->granule;

	st->shared = (struct stress_window){.nr = 0};
	for (unsigned int try = 0; try < 64 && !st->shared.nr; try++) {
		uint64_t draw = rng_draw(st->seed, STRESS_QUIET_N, rng_place("shared") + try);
		struct iova_range r;

		if (!space_pick(free, draw, size, st->granule, &r.start))
			return;
		r.last = r.start + (size - 1);
		if (window_take(st, free, r))
			st->shared = (struct stress_window){1, {r}, size};
	}
}

/* Where a thread may map, but for the canary pages' addresses: those are mapped for a moment, in the middle of a round. */
static struct iova_space window_space(const struct stress *st)
{
	struct iova_space free = *session_space(st->s);

	for (unsigned int i = 0; i < st->nr_canary; i++) {
		iova_t page = ALIGN_DOWN(st->pool[i].at.phys, st->granule);

		space_exclude(&free, (struct iova_range){page, page + (st->granule - 1)});
	}
	return free;
}

/* Rings are made anew whenever the device starts again, at the addresses of pages that the kernel chooses. */
static void window_keep(struct stress *st)
{
	const struct stress_window *first = &st->threads[0].window, *last = &st->threads[st->nr_threads - 1].window;
	struct iova_range keep[STRESS_WINDOW_PARTS + 1];
	unsigned int n = 0;

	for (; n < first->nr; n++)
		keep[n] = (struct iova_range){first->part[n].start, last->part[n].last};
	if (st->shared.nr)
		keep[n++] = st->shared.part[0];
	session_keep_free(st->s, keep, n);
}

int stress_windows_place(struct stress *st, struct fail *f)
{
	struct iova_space free = window_space(st);
	enum window_style style = window_style(st);
	uint64_t size = WINDOW_DENSE_PAGES * st->granule;

	for (unsigned int i = 0; i < st->nr_threads; i++)
		st->threads[i].window = (struct stress_window){.nr = 0};
	st->align = st->granule;
	st->size_max = 16 * st->granule;
	st->mem_budget = UINT64_MAX;
	if (style == STYLE_HUGE && window_block(st, &free, WINDOW_HUGE, MiB(2))) {
		st->align = MAX(MiB(2), st->granule);
		/* among all the others a large page and some beside it are enough: each is filled and compared */
		st->size_max = MAX(strcmp(st->p->mix.name, "all") ? MiB(4) : MiB(2) + 16 * st->granule, st->granule);
		st->mem_budget = MAX(6 * ALIGN_DOWN(st->size_max, MiB(2)), 4 * st->size_max);
	} else if (style == STYLE_EDGES) {
		st->size_max = 8 * st->granule;
		window_place_edges(st, &free, WINDOW_EDGE_PAGES * st->granule);
	}
	/* where there is no room for the others there may be for small ones */
	while (!st->threads[0].window.nr && size >= 16 * st->granule) {
		if (window_block(st, &free, size, st->granule))
			break;
		size /= 2;
	}
	if (!st->threads[0].window.nr)
		return fail_set(f, ENOSPC, "no free IOVAs for %u threads", st->nr_threads);
	window_shared(st, &free);
	window_keep(st);
	return 0;
}
