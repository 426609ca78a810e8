/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random values of an op: each a hash of the episode's seed, the op's number in its thread, and the place that wants it. */
#include "base/num.h"
#include "base/rng.h"
#include "core/stress/priv.h"

#define DRAW_TRIES 8

uint64_t stress_draw(const struct stress_thread *t, const struct stress_op *op, const char *place)
{
	return rng_draw(t->st->seed, op->n | (uint64_t)op->thread << 48, rng_place(place));
}

uint64_t stress_draw_below(const struct stress_thread *t, const struct stress_op *op, const char *place, uint64_t n)
{
	return rng_below(stress_draw(t, op, place), n);
}

uint64_t stress_draw_between(const struct stress_thread *t, const struct stress_op *op, const char *place, uint64_t min,
			     uint64_t max)
{
	return rng_between(stress_draw(t, op, place), min, max);
}

bool stress_draw_once_in(const struct stress_thread *t, const struct stress_op *op, const char *place, uint64_t n)
{
	return stress_draw_below(t, op, place, n) == 0;
}

bool stress_draw_slot(const struct stress_thread *t, const struct stress_op *op, const char *place, unsigned int states,
		      unsigned int prot, unsigned int *slot)
{
	unsigned int from = (unsigned int)stress_draw_below(t, op, place, STRESS_SLOTS);

	for (unsigned int i = 0; i < STRESS_SLOTS; i++) {
		const struct stress_slot *s = &t->slots[(from + i) % STRESS_SLOTS];

		if (!(states & 1u << s->state) || (s->state == SLOT_MAPPED && (s->prot & prot) != prot))
			continue;
		*slot = (from + i) % STRESS_SLOTS;
		return true;
	}
	return false;
}

/* One start of the window's many; false: @size fits nowhere. */
static bool draw_place(uint64_t draw, const struct stress_window *w, uint64_t size, uint64_t align, iova_t *iova)
{
	struct iova_space space = {.nr = 0};

	for (unsigned int i = 0; i < w->nr; i++)
		space.r[space.nr++] = w->part[i];
	return space_pick(&space, draw, size, align, iova);
}

static bool draw_is_free(const struct model *model, iova_t iova, uint64_t size)
{
	struct model_map map;

	/* mappings are looked for by their bytes: from the start on, and whether one begins further on */
	for (uint64_t at = 0; at < size; at += 4096)
		if (model_find(model, iova + at, &map))
			return false;
	return true;
}

bool stress_draw_iova(const struct stress_thread *t, const struct stress_op *op, const char *place,
		      const struct stress_window *w, const struct model *model, uint64_t size, uint64_t align,
		      iova_t *iova)
{
	uint64_t key = rng_place(place);

	for (unsigned int try = 0; try < DRAW_TRIES; try++) {
		uint64_t draw = rng_draw(t->st->seed, op->n | (uint64_t)op->thread << 48, key + try);

		if (!draw_place(draw, w, size, align, iova))
			return false;
		if (!model || draw_is_free(model, *iova, size))
			return true;
	}
	/* what is there already makes it a map that has to be refused */
	return true;
}

/* Small ones, whole large pages, and those that begin or end beside one. */
static uint64_t draw_huge_size(const struct stress_thread *t, const struct stress_op *op)
{
	const struct stress *st = t->st;
	uint64_t large = stress_draw_between(t, op, "large", 1, st->size_max / MiB(2)) * MiB(2);
	uint64_t few = stress_draw_between(t, op, "few", 1, 16) * st->granule;

	switch (stress_draw_below(t, op, "huge", 4)) {
	case 0:
		return few;
	case 1:
		return MIN(large + few, st->size_max);
	case 2:
		return large - MIN(few, large / 2);
	default:
		return large;
	}
}

uint64_t stress_draw_size(const struct stress_thread *t, const struct stress_op *op)
{
	const struct stress *st = t->st;
	uint64_t pages = st->size_max / st->granule, size;

	if (st->size_max > MiB(2))
		size = draw_huge_size(t, op);
	else if (stress_draw_once_in(t, op, "single", 3))
		size = st->granule;
	else
		size = stress_draw_between(t, op, "pages", 1, pages) * st->granule;
	return ALIGN_DOWN(size, st->granule);
}
