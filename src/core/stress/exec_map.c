/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress that map and unmap what is legal. */
#include <errno.h>
#include <stdio.h>

#include "core/stress/priv.h"

#define REMAP_DMA_MAX KiB(4)

static enum iommu_prot draw_prot(const struct stress_thread *t, const struct stress_op *op)
{
	switch (stress_draw_below(t, op, "prot", 16)) {
	case 0:
	case 1:
		return IOMMU_PROT_READ;
	case 2:
		return IOMMU_PROT_WRITE;
	default:
		return IOMMU_PROT_RW;
	}
}

static enum iommu_mem_kind draw_kind(const struct stress_thread *t, const struct stress_op *op)
{
	static const enum iommu_mem_kind kinds[] = {IOMMU_MEM_ANON, IOMMU_MEM_ANON, IOMMU_MEM_MEMFD, IOMMU_MEM_THP,
						    IOMMU_MEM_HUGETLB_2M};
	/* large pages only where what is mapped may be as large */
	unsigned int n = t->st->size_max > MiB(2) ? (t->st->has_hugetlb ? 5 : 4) : 3;

	/* large entries want memory that is of one piece */
	if (op->size >= MiB(2) && stress_draw_once_in(t, op, "large memory", 2))
		return IOMMU_MEM_THP;

	return kinds[stress_draw_below(t, op, "mem", n)];
}

/* What the other slots have, and @size more, may be half of the budget: the other half is the graves', where the slot's own memory goes. */
static bool map_fits(const struct stress_thread *t, unsigned int slot, uint64_t size)
{
	for (unsigned int i = 0; i < STRESS_SLOTS; i++)
		if (t->slots[i].mem && i != slot)
			size += t->slots[i].mem->size;
	return size <= t->st->mem_budget / 2;
}

bool stress_draw_mapping(const struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	uint64_t align = stress_draw_once_in(t, op, "align", 4) ? st->granule : st->align;

	op->size = stress_draw_size(t, op);
	op->prot = draw_prot(t, op);
	if (!op->size || !map_fits(t, op->slot, op->size))
		return false;
	return stress_draw_iova(t, op, "iova", &t->window, t->model[0], op->size, align, &op->iova);
}

static bool map_draw(struct stress_thread *t, struct stress_op *op)
{
	if (!stress_draw_slot(t, op, "slot", 1 << SLOT_EMPTY | 1 << SLOT_HELD, 0, &op->slot) ||
	    !stress_draw_mapping(t, op))
		return false;
	op->mem = op->kind == STRESS_MAP_FILE ? IOMMU_MEM_MEMFD : draw_kind(t, op);
	return true;
}

void stress_slot_map(struct stress_thread *t, struct stress_op *op, struct stress_mem *m)
{
	bool file = op->kind == STRESS_MAP_FILE;
	struct iommu_map_req req = {.va = m->va,
				    .size = op->size,
				    .iova = op->iova,
				    .prot = op->prot,
				    .tag = "stress",
				    .owner = t->index,
				    .file = file ? &m->mem : NULL};
	struct model_req ask = {.iova = op->iova,
				.size = op->size,
				.resident = m->mem.size,
				.va = file ? 0 : (uintptr_t)m->va,
				.prot = op->prot,
				.file = file};
	struct model_answer due;
	int err;

	t->slots[op->slot] = (struct stress_slot){SLOT_HELD, m, op->iova, op->size, op->prot};
	m->last_iova = op->iova;
	model_ask_map(t->model[0], &ask, &due);
	err = iommu_map(t->st->space[0], &req, NULL);
	if (!stress_judge(t, op, &due, err, err ? 0 : op->size) || err)
		return;
	stress_slot_mapped(t, op->slot, m, op);
	stress_check_table(t, op, 0, m, 0, op->iova, op->size, true);
}

static int map_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_mem *m;

	stress_slot_clear(t, op, op->slot, true);
	if (t->broken)
		return 0;
	m = stress_mem_new(t, op, f);
	if (!m)
		return f->err ? -f->err : -ENOMEM;
	stress_mem_fill(t, op, m, 0, op->size, op->iova);
	stress_slot_map(t, op, m);
	return 0;
}

static const char *map_file_lacks(const struct stress *st)
{
	return st->caps->has_map_file ? NULL : "the backend maps by address only";
}

const struct stress_verb stress_verb_map = {.draw = map_draw, .exec = map_exec};
const struct stress_verb stress_verb_map_file = {.lacks = map_file_lacks, .draw = map_draw, .exec = map_exec};

static bool unmap_draw(struct stress_thread *t, struct stress_op *op)
{
	if (!stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED | 1 << SLOT_CUT, 0, &op->slot))
		return false;
	op->iova = t->slots[op->slot].iova;
	op->size = t->slots[op->slot].size;
	op->variant = stress_draw_once_in(t, op, "free", 3);
	return true;
}

static int unmap_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_slot *s = &t->slots[op->slot];

	(void)f;
	if (stress_slot_unmap(t, op, 0, s->mem))
		return 0;
	s->state = SLOT_HELD;
	if (op->variant)
		stress_slot_clear(t, op, op->slot, false);
	return 0;
}

const struct stress_verb stress_verb_unmap = {.draw = unmap_draw, .exec = unmap_exec};

/* From one page of the window to another; now and then just what two slots have, and what lies between them. */
static bool unmap_range_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress_window *w = &t->window;
	struct iova_range part = w->part[stress_draw_below(t, op, "part", w->nr)];
	uint64_t granule = t->st->granule, pages = (part.last - part.start + 1) / granule;
	uint64_t first = stress_draw_below(t, op, "first", pages), n = stress_draw_between(t, op, "n", 1, 32);
	unsigned int a, b;

	op->iova = part.start + first * granule;
	op->size = MIN(n, pages - first) * granule;
	if (stress_draw_once_in(t, op, "free", 2) || !stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, 0, &a) ||
	    !stress_draw_slot(t, op, "other", 1 << SLOT_MAPPED, 0, &b))
		return true;
	if (t->slots[a].iova > t->slots[b].iova)
		a ^= b, b ^= a, a ^= b;
	/* across parts there may be anything */
	if (!iova_range_contains(part, (struct iova_range){t->slots[a].iova, t->slots[b].iova + t->slots[b].size - 1}))
		return true;
	op->iova = t->slots[a].iova;
	op->size = t->slots[b].iova + t->slots[b].size - op->iova;
	/* one page short, to cut the last or leave it sticking out */
	if (op->size > granule && stress_draw_once_in(t, op, "short", 3))
		op->size -= granule;
	return true;
}

static int unmap_range_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	(void)f;
	if (!stress_unmap(t, op, 0, op->iova, op->size))
		stress_slots_refresh(t);
	return 0;
}

const struct stress_verb stress_verb_unmap_range = {.draw = unmap_range_draw, .exec = unmap_range_exec};

static const char *unmap_all_lacks(const struct stress *st)
{
	return st->others ? "other buffers are mapped in this session" : NULL;
}

static bool unmap_all_draw(struct stress_thread *t, struct stress_op *op)
{
	(void)t, (void)op;
	return true;
}

/* What is held besides what is mapped went as well. */
static int unmap_all_repin(struct stress *st, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < st->nr_threads && !err; i++)
		err = stress_mem_repin(&st->threads[i], f);
	return err ? err : stress_pool_repin(st, f);
}

static int unmap_all_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct model_answer due = {.nr = 1, .why = "everything goes"};
	uint64_t mapped = 0, unmapped = 0;
	int err = session_unmap_all(st->s, st->space[0], &mapped, &unmapped, f);

	/* what the tool has for itself goes as well, and is mapped again by now: the session counted it */
	due.bytes = mapped;
	if (err && err != -EEXIST)
		return err;
	stress_judge(t, op, &due, err, unmapped);
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		model_unmapped_all(st->threads[i].model[0]);
		stress_slots_refresh(&st->threads[i]);
	}
	if (!err) {
		err = unmap_all_repin(st, f);
		if (err == -EEXIST && !t->broken)
			stress_mismatch(t, op, FAILURE_MAP_REFUSED, "everything to be gone",
					"EEXIST where memory is to be held again");
	}
	/* something is left where the tool's own pages have to be: without them the device stays stopped, and the run ends */
	if (err == -EEXIST)
		atomic_store(&st->over, true);
	return err == -EEXIST ? 0 : err;
}

const struct stress_verb stress_verb_unmap_all = {
	.lacks = unmap_all_lacks, .draw = unmap_all_draw, .exec = unmap_all_exec, .quiet = true};

static bool remap_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress_slot *s;
	unsigned int need = IOMMU_PROT_READ;

	if (!stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, 0, &op->slot))
		return false;
	s = &t->slots[op->slot];
	if (!map_fits(t, op->slot, s->size))
		return false;
	op->iova = s->iova;
	op->size = s->size;
	op->prot = s->prot;
	op->mem = s->mem->mem.kind;
	op->variant = (unsigned int)stress_draw_below(t, op, "variant", 8);
	op->dir = s->prot == IOMMU_PROT_WRITE || (s->prot == IOMMU_PROT_RW && stress_draw_once_in(t, op, "dir", 2))
			  ? DEV_WRITE
			  : DEV_READ;
	if (op->dir == DEV_READ)
		need = IOMMU_PROT_WRITE;
	if (!t->st->has_dma || !stress_draw_slot(t, op, "other", 1 << SLOT_MAPPED, need, &op->other) ||
	    op->other == op->slot)
		return true;
	op->dma_size = MIN(MIN(s->size, t->slots[op->other].size), REMAP_DMA_MAX);
	op->dma_size = stress_transfer_size(t->st, op->dma_size);
	return true;
}

static int remap_dma(struct stress_thread *t, struct stress_op *op, unsigned int when, struct fail *f)
{
	bool reads = op->dir == DEV_READ;

	if (!op->dma_size || !(op->variant & when) || t->broken)
		return 0;
	return stress_copy_slots(t, op, reads ? op->slot : op->other, 0, reads ? op->other : op->slot, 0, op->dma_size,
				 f);
}

static int remap_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_slot *s = &t->slots[op->slot];
	struct stress_mem *old = s->mem, *m;
	int err = remap_dma(t, op, 1, f);

	for (unsigned int i = 0; i < t->st->nr_spaces && !err; i++)
		if (t->broken || stress_slot_unmap(t, op, i, old))
			return 0;
	if (err)
		return err;
	s->state = SLOT_HELD;
	stress_mem_give_up(t, op, old, op->variant & 4);
	*s = (struct stress_slot){.state = SLOT_EMPTY};
	m = stress_mem_new(t, op, f);
	if (!m)
		return f->err ? -f->err : -ENOMEM;
	stress_mem_fill(t, op, m, 0, op->size, op->iova);
	stress_slot_map(t, op, m);
	if (t->slots[op->slot].state != SLOT_MAPPED)
		return 0;
	err = remap_dma(t, op, 2, f);
	/* what came before has been done all the same */
	return err == -ECANCELED ? 0 : err;
}

const struct stress_verb stress_verb_remap = {.draw = remap_draw, .exec = remap_exec};
