/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress that only make sense beside something else: DMA in flight, and other threads at the same IOVAs. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/stress/priv.h"

#define FLIGHT_TIMES 3 /* unmapped and mapped again so often while the device copies */
#define FLIGHT_FAULTS 4

/* What of a slot a flight moves: from the first half to the second. */
static uint64_t flight_size(const struct stress *st, uint64_t size)
{
	return ALIGN_DOWN(stress_transfer_size(st, MIN(size / 2, KiB(16))), STAMP_LINE);
}

static bool flight_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress_slot *s, *o;

	if (!stress_draw_slot(t, op, "other", 1 << SLOT_MAPPED, IOMMU_PROT_RW, &op->other))
		return false;
	o = &t->slots[op->other];
	/* on a real device nothing is ever sent where it may find nothing */
	op->variant = !t->st->hardware && stress_draw_once_in(t, op, "variant", 2);
	op->slot = op->other;
	if (!op->variant && (!stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, 0, &op->slot) || op->slot == op->other))
		return false;
	s = &t->slots[op->slot];
	op->iova = s->iova;
	op->size = s->size;
	op->prot = s->prot;
	op->dma_size = flight_size(t->st, o->size);
	if (!op->dma_size || !s->mem->va || !o->mem->va || o->mem->unknown)
		return false;
	return !op->variant || stress_deny(t, o->iova, o->size);
}

/* What a read that reached nothing returns on PCI Express. */
static bool flight_is_ones(const char *line)
{
	for (unsigned int i = 0; i < STAMP_LINE; i++)
		if (line[i] != (char)0xff)
			return false;
	return true;
}

/* The second half holds what it had, or what the first half has there, or nothing's bytes: only the place of each line is judged. */
static void flight_judge_place(struct stress_thread *t, struct stress_op *op, struct stress_mem *m, uint64_t half)
{
	const char *va = (const char *)m->va + half, *old = m->shadow + half;

	stress_mem_check(t, op, m, 0, half);
	for (uint64_t at = 0; at < op->dma_size; at += STAMP_LINE) {
		if (!memcmp(va + at, old + at, STAMP_LINE) || !memcmp(va + at, m->shadow + at, STAMP_LINE) ||
		    flight_is_ones(va + at))
			continue;
		stress_mismatch(t, op, FAILURE_MISPLACED, "a line as it was or as the device wrote it",
				"neither, at iova 0x%" PRIx64, op->iova + half + at);
		break;
	}
	memcpy(m->shadow + half, va, op->dma_size);
	stress_mem_check(t, op, m, 0, m->size);
	stress_mem_fill(t, op, m, 0, m->size, op->iova);
}

static void flight_judge(struct stress_thread *t, struct stress_op *op, uint64_t half, int status, unsigned int arrived)
{
	struct stress_mem *m = t->slots[op->other].mem;

	/* what was written before its mapping was taken away went with that */
	if (t->st->dirty && (op->variant || status))
		model_touched(t->model[0], t->slots[op->other].iova + half, op->dma_size);
	else if (t->st->dirty)
		model_wrote(t->model[0], t->slots[op->other].iova + half, op->dma_size);
	if (op->variant) {
		flight_judge_place(t, op, m, half);
		return;
	}
	if (status) {
		stress_mismatch(t, op, FAILURE_DMA_ERROR, "DMA in flight to other memory goes on",
				"the device reported %s", strerror(-status));
		return;
	}
	/* none: another thread's mismatch came before the first */
	if (arrived)
		memcpy(m->shadow + half, m->shadow, op->dma_size);
	stress_mem_check(t, op, m, 0, m->size);
}

/* Each of the flight's writes may have met the hole; this one has its mapping, and must arrive. */
static int flight_last(struct stress_thread *t, struct stress_op *op, uint64_t half, struct fail *f)
{
	int err;

	if (!op->variant || t->broken || t->slots[op->other].state != SLOT_MAPPED)
		return 0;
	err = stress_copy_slots(t, op, op->other, 0, op->other, half, op->dma_size, f);
	/* what came before has been done all the same */
	return err == -ECANCELED ? 0 : err;
}

static int flight_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_slot *s = &t->slots[op->slot], *o = &t->slots[op->other];
	struct stress_mem *m = s->mem;
	uint64_t half = ALIGN_DOWN(o->size / 2, STAMP_LINE);
	iova_t at = o->iova;
	unsigned int arrived = 0;
	int status = 0, err;

	err = stress_flight_start(t, at, at + half, op->dma_size, op->variant ? FLIGHT_FAULTS : UINT32_MAX, f);
	if (err)
		return err;
	for (unsigned int i = 0; i < FLIGHT_TIMES && !t->broken; i++) {
		if (stress_slot_unmap(t, op, 0, m))
			break;
		s->state = SLOT_HELD;
		stress_slot_map(t, op, m);
		if (s->state != SLOT_MAPPED)
			break;
	}
	err = stress_flight_end(t, &status, &arrived, f);
	if (err)
		return err;
	flight_judge(t, op, half, status, arrived);
	return flight_last(t, op, half, f);
}

const struct stress_verb stress_verb_flight = {.draw = flight_draw, .exec = flight_exec, .dma = true};

/*
 * What several threads may be told at the same IOVAs; no range cuts a mapping. The simulation is in no doubt: one call at a time, and
 * as Linux answers since 6.18, where nothing to unmap is no error of compat.
 */
static const struct {
	int map[2], unmap[3];
	unsigned int nr_unmap, nr_simulated;
} collide_due[] = {
	[IOMMU_TYPE1_V2] = {{0, EEXIST}, {0}, 1, 1},
	[IOMMU_TYPE1_V1] = {{0, EEXIST}, {0}, 1, 1},
	/* EBUSY: the range is being mapped or unmapped just now, iopt_unmap_iova_range() */
	[IOMMU_IOMMUFD] = {{0, EEXIST}, {0, ENOENT, EBUSY}, 3, 2},
	[IOMMU_COMPAT_V2] = {{0, EEXIST}, {0, ENOENT, EBUSY}, 3, 1},
	[IOMMU_COMPAT_V1] = {{0, EEXIST}, {0, ENOENT, EBUSY}, 3, 1},
};

static void collide_expect(const struct stress_thread *t, const struct stress_op *op, struct model_answer *due)
{
	enum iommu_personality p = t->st->personality;

	due->nr = ARRAY_SIZE(collide_due[p].map);
	if (op->variant)
		due->nr = t->st->caps->simulated ? collide_due[p].nr_simulated : collide_due[p].nr_unmap;
	memcpy(due->errs, op->variant ? collide_due[p].unmap : collide_due[p].map, due->nr * sizeof(int));
}

static bool collide_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	uint64_t cell = STRESS_CELL * st->granule, cells, first, n;

	if (!st->shared.nr)
		return false;
	cells = st->shared.bytes / cell;
	first = stress_draw_below(t, op, "cell", cells);
	op->variant = stress_draw_once_in(t, op, "variant", 2);
	n = op->variant ? stress_draw_between(t, op, "cells", 1, MIN(cells - first, 3)) : 1;
	op->iova = st->shared.part[0].start + first * cell;
	op->size = n * cell;
	op->prot = IOMMU_PROT_RW;
	return true;
}

static int collide_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct iommu_map_req req = {.va = t->shared_mem.va,
				    .size = op->size,
				    .iova = op->iova,
				    .prot = op->prot,
				    .tag = "stress",
				    .owner = t->index};
	struct model_answer due = {.bytes_any = true, .why = "several threads take part"};
	uint64_t bytes = 0;
	int err;

	(void)f;
	collide_expect(t, op, &due);
	if (op->variant) {
		err = iommu_unmap(t->st->space[0], op->iova, op->size, &bytes, NULL);
		t->shared_unmapped += bytes;
		/* what went before it stopped is told to nobody */
		t->shared_doubt |= err == -EBUSY;
	} else {
		err = iommu_map(t->st->space[0], &req, NULL);
		bytes = err ? 0 : op->size;
		t->shared_mapped += bytes;
	}
	stress_judge(t, op, &due, err, bytes);
	return 0;
}

const struct stress_verb stress_verb_collide = {.draw = collide_draw, .exec = collide_exec};
