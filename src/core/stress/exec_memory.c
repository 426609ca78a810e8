/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress on the memory behind mappings: given back, moved, shared with a child, filled, looked at. */
#include "base/rng.h"
#include "core/stress/priv.h"
#include "iommu/mem.h"

static bool memory_draw(struct stress_thread *t, struct stress_op *op, unsigned int states)
{
	const struct stress_mem *m;

	if (!stress_draw_slot(t, op, "slot", states, 0, &op->slot))
		return false;
	m = t->slots[op->slot].mem;
	op->iova = t->slots[op->slot].iova;
	op->size = m->size;
	op->mem = m->mem.kind;
	return m->va;
}

/*
 * iommufd pins anew when a device comes to a space, by the addresses that were mapped: behind them there is nothing any more, or something
 * else (iopt_fill_domain()). So an episode on hardware has either devices that change their space or memory that goes away.
 */
bool stress_has_stale(const struct stress *st)
{
	const unsigned int *quiet = st->quiet_weight;

	if (!st->hardware || !(quiet[STRESS_REPLACE] || quiet[STRESS_DETACH]))
		return true;
	return rng_draw(st->seed, STRESS_QUIET_N, rng_place("stale")) & 1;
}

static const char *memory_lacks(const struct stress *st)
{
	return st->caps->bypasses_table ? "accesses are by the process's addresses: iopt_pages_rw_access()" : NULL;
}

static bool release_draw(struct stress_thread *t, struct stress_op *op)
{
	return stress_has_stale(t->st) && memory_draw(t, op, 1 << SLOT_MAPPED);
}

/* Its pages are pinned and stay what they are to the device; the process can look at them no more. */
static int release_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_mem *m = t->slots[op->slot].mem;
	int err;

	stress_mem_check(t, op, m, 0, m->size);
	err = iommu_mem_release(t->st->space[0], &m->mem, f);
	if (!err)
		m->va = NULL;
	return err;
}

const struct stress_verb stress_verb_release = {.lacks = memory_lacks, .draw = release_draw, .exec = release_exec};

static bool move_draw(struct stress_thread *t, struct stress_op *op)
{
	/* kernels before 5.16 move no pages out of a pool */
	return stress_has_stale(t->st) && memory_draw(t, op, 1 << SLOT_MAPPED) && op->mem != IOMMU_MEM_HUGETLB_2M &&
	       op->mem != IOMMU_MEM_HUGETLB_1G;
}

static int move_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_slot *s = &t->slots[op->slot];
	struct stress_mem *m = s->mem;
	int err = iommu_mem_move(t->st->space[0], &m->mem, f);

	if (err)
		return err;
	m->va = m->mem.va;
	iommu_note_va(t->st->space[0], (struct iova_range){s->iova, s->iova + (s->size - 1)}, m->va);
	stress_mem_check(t, op, m, 0, m->size);
	stress_check_table(t, op, 0, m, 0, s->iova, s->size, true);
	return 0;
}

const struct stress_verb stress_verb_move = {.lacks = memory_lacks, .draw = move_draw, .exec = move_exec};

static bool fork_draw(struct stress_thread *t, struct stress_op *op)
{
	if (!memory_draw(t, op, 1 << SLOT_MAPPED))
		return false;
	/* what a child shares with us it would really change */
	op->variant = op->mem != IOMMU_MEM_MEMFD;
	return true;
}

/* Whose copy is the new one decides where the device's writes go: pages pinned for DMA are copied for the child at once. */
static int fork_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_mem *m = t->slots[op->slot].mem;
	int err = iommu_mem_fork(t->st->space[0], &m->mem, op->variant, f);

	/* ours is written to as well: a page that was copied for us instead leaves the device with the old one */
	if (!err && stress_mem_check(t, op, m, 0, m->size))
		stress_mem_fill(t, op, m, 0, m->size, op->iova);
	return err;
}

const struct stress_verb stress_verb_fork = {.draw = fork_draw, .exec = fork_exec};

static bool fill_draw(struct stress_thread *t, struct stress_op *op)
{
	uint64_t pages;

	if (!memory_draw(t, op, 1 << SLOT_MAPPED | 1 << SLOT_HELD | 1 << SLOT_CUT))
		return false;
	if (stress_draw_once_in(t, op, "whole", 2) || op->size > MiB(1))
		return true;
	pages = op->size / t->st->granule;
	op->offset = stress_draw_below(t, op, "from", pages) * t->st->granule;
	op->size = stress_draw_between(t, op, "pages", 1, pages - op->offset / t->st->granule) * t->st->granule;
	op->iova += op->offset;
	return true;
}

static int fill_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_mem *m = t->slots[op->slot].mem;

	(void)f;
	/* what is filled over is looked at first */
	if (stress_mem_check(t, op, m, op->offset, op->size))
		stress_mem_fill(t, op, m, op->offset, op->size, op->iova);
	return 0;
}

const struct stress_verb stress_verb_fill = {.draw = fill_draw, .exec = fill_exec};

static bool check_draw(struct stress_thread *t, struct stress_op *op)
{
	return memory_draw(t, op, 1 << SLOT_MAPPED | 1 << SLOT_HELD | 1 << SLOT_CUT);
}

static int check_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_mem *m = t->slots[op->slot].mem;

	(void)f;
	stress_mem_check(t, op, m, 0, m->size);
	return 0;
}

const struct stress_verb stress_verb_check = {.draw = check_draw, .exec = check_exec};
