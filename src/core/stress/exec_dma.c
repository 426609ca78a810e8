/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress in which the device moves bytes: where it may, and where it must not. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/priv.h"

#define DENIED_BYTES 256u

/* Of @size bytes: a multiple of 64, so that stamps stay whole, and of what the device can name. */
static uint64_t draw_offset(const struct stress_thread *t, const struct stress_op *op, const char *place, uint64_t size)
{
	uint64_t unit = MAX(dev_addr_unit(dev_limits(session_dev(t->st->s))), (uint64_t)STAMP_LINE);

	return size ? ALIGN_DOWN(stress_draw_below(t, op, place, size), unit) : 0;
}

static uint64_t draw_length(const struct stress_thread *t, const struct stress_op *op, uint64_t most)
{
	uint64_t size = stress_draw_between(t, op, "size", 1, most);

	switch (stress_draw_below(t, op, "length", 4)) {
	case 0:
		size = most;
		break;
	case 1:
		size = MIN(most, STAMP_LINE);
		break;
	default:
		break;
	}
	return stress_transfer_size(t->st, ALIGN_UP(size, STAMP_LINE) <= most ? ALIGN_UP(size, STAMP_LINE) : size);
}

static bool dma_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress_slot *src, *dst;
	uint64_t most;

	if (!stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, IOMMU_PROT_READ, &op->slot) ||
	    !stress_draw_slot(t, op, "other", 1 << SLOT_MAPPED, IOMMU_PROT_WRITE, &op->other) || op->slot == op->other)
		return false;
	src = &t->slots[op->slot];
	dst = &t->slots[op->other];
	op->offset = draw_offset(t, op, "from", src->size);
	op->other_offset = draw_offset(t, op, "to", dst->size);
	most = MIN(src->size - op->offset, dst->size - op->other_offset);
	op->size = draw_length(t, op, most);
	op->iova = dst->iova;
	op->dir = DEV_COPY;
	return op->size;
}

static int dma_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	int err = stress_copy_slots(t, op, op->slot, op->offset, op->other, op->other_offset, op->size, f);

	op->bytes = err ? 0 : op->size;
	return err;
}

const struct stress_verb stress_verb_dma = {.draw = dma_draw, .exec = dma_exec, .dma = true};

/* Where nothing is mapped: where something was a moment ago, or anywhere in the window. */
static bool denied_hole(struct stress_thread *t, struct stress_op *op)
{
	struct iova_range r = t->recent[stress_draw_below(t, op, "recent", STRESS_RECENT)];
	struct model_map map;

	op->iova = r.start;
	if (r.last > r.start && !stress_draw_once_in(t, op, "any", 4))
		op->iova = r.start + ALIGN_DOWN(draw_offset(t, op, "hole", r.last - r.start + 1), t->st->granule);
	else if (!stress_draw_iova(t, op, "hole", &t->window, t->model[0], t->st->granule, t->st->granule, &op->iova))
		return false;
	/* all of a denied access lies in one page */
	return !model_find(t->model[0], op->iova, &map) && !model_find(t->model[0], op->iova + op->size - 1, &map);
}

static bool denied_readonly(struct stress_thread *t, struct stress_op *op)
{
	unsigned int from = (unsigned int)stress_draw_below(t, op, "other", STRESS_SLOTS);

	for (unsigned int i = 0; i < STRESS_SLOTS; i++) {
		const struct stress_slot *s = &t->slots[(from + i) % STRESS_SLOTS];

		if (s->state != SLOT_MAPPED || s->prot != IOMMU_PROT_READ)
			continue;
		op->other = (from + i) % STRESS_SLOTS;
		op->other_offset = ALIGN_DOWN(draw_offset(t, op, "to", s->size), 4096);
		op->iova = s->iova + op->other_offset;
		return true;
	}
	return false;
}

static bool denied_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	unsigned int need;

	if (st->hardware)
		op->variant = 3 + (unsigned int)stress_draw_below(t, op, "variant", 2);
	else
		op->variant = (unsigned int)stress_draw_below(t, op, "variant", 3);
	if (st->hardware && (!st->nr_canary || t->index >= st->nr_canary))
		return false;
	need = op->variant == 1 ? IOMMU_PROT_WRITE : IOMMU_PROT_READ;
	op->size = dev_length(dev_limits(session_dev(st->s)), DENIED_BYTES);
	if (op->size > st->granule || !stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, need, &op->slot))
		return false;
	/* what a refused read leaves is looked up */
	if (op->variant == 1 && !t->slots[op->slot].mem->va)
		return false;
	if (op->variant >= 3) {
		op->iova = st->pool[t->index].at.phys;
		return stress_deny(t, op->iova, op->size);
	}
	return (op->variant == 2 ? denied_readonly(t, op) : denied_hole(t, op)) && stress_deny(t, op->iova, op->size);
}

/* A device that reports what is refused has to report this. */
static void denied_status(struct stress_thread *t, struct stress_op *op, int status)
{
	bool readonly = op->variant == 2 || op->variant == 4;

	op->err = -status;
	if (status) {
		t->refused[op->kind]++;
		return;
	}
	if (dev_limits(session_dev(t->st->s))->reports_faults && !t->broken)
		stress_mismatch(t, op, readonly ? FAILURE_READONLY_WRITE : FAILURE_UNMAPPED_ACCESS,
				"the device to be refused", "it reports that its %s at iova 0x%" PRIx64 " was done",
				op->variant == 1 ? "read" : "write", op->iova);
}

/* What it did write where it had no right to is told as that. */
static void denied_look(struct stress_thread *t, struct stress_op *op)
{
	struct stress_mem *m = t->slots[op->other].mem;

	if (op->variant == 2 && m->va && !m->unknown &&
	    memcmp((char *)m->va + op->other_offset, m->shadow + op->other_offset, op->size)) {
		stress_mismatch(t, op, FAILURE_READONLY_WRITE, "read-only memory stays as it is",
				"the device's write at iova 0x%" PRIx64 " changed it", op->iova);
		return;
	}
	stress_mem_check_all(t, op);
}

/* Does @line hold what was mapped at @iova before: what is still known of that memory, or its stamp? */
static bool denied_is_stale(const struct stress_thread *t, const char *line, iova_t iova)
{
	uint64_t words[STAMP_LINE / 8];
	struct stamp got;

	for (unsigned int i = 0; i < STRESS_MEMS; i++) {
		const struct stress_mem *m = &t->mems[i];
		uint64_t at = iova - m->last_iova;

		if (m->used && !m->unknown && iova >= m->last_iova && at < m->size && m->size - at >= STAMP_LINE &&
		    !memcmp(m->shadow + at, line, STAMP_LINE))
			return true;
	}
	memcpy(words, line, sizeof(words));
	return stamp_read(words, &got) && got.session == session_stamp_id(t->st->s) && got.iova == iova;
}

/* Of a device that reports nothing of a refusal, what arrived tells whether its read got through. */
static void denied_arrived(struct stress_thread *t, struct stress_op *op, const struct stress_mem *m)
{
	const char *va = m->va;

	for (uint64_t at = 0; at + STAMP_LINE <= op->size; at += STAMP_LINE) {
		if (!memcmp(va + at, m->shadow + at, STAMP_LINE) || !denied_is_stale(t, va + at, op->iova + at))
			continue;
		stress_mismatch(t, op, FAILURE_UNMAPPED_ACCESS, "nothing to be read where nothing is mapped",
				"what was mapped before at iova 0x%" PRIx64 ", by the device's read", op->iova + at);
		return;
	}
}

static int denied_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_slot *s = &t->slots[op->slot];
	iova_t own = s->iova;
	int status = 0, err;

	if (op->variant >= 3)
		return stress_pool_denied(t, op, f);
	if (op->variant == 1) {
		err = stress_transfer(t, op->iova, own, op->size, &status, f);
		if (!err && !status && s->mem->va && !s->mem->unknown)
			denied_arrived(t, op, s->mem);
		/* what else a device writes that could not read is its own affair */
		if (!err && s->mem->va)
			memcpy(s->mem->shadow, s->mem->va, op->size);
		if (t->st->dirty)
			model_touched(t->model[0], own, op->size);
	} else {
		err = stress_transfer(t, own, op->iova, op->size, &status, f);
	}
	if (err)
		return err;
	denied_look(t, op);
	denied_status(t, op, status);
	return 0;
}

static const char *denied_lacks(const struct stress *st)
{
	/* a platform may take them for errors of its hardware, and stop */
	if (st->hardware && !st->p->probe)
		return "on a real device only with --probe-unmapped";
	return st->hardware && !st->nr_canary ? st->canary_why : NULL;
}

const struct stress_verb stress_verb_dma_denied = {
	.lacks = denied_lacks, .draw = denied_draw, .exec = denied_exec, .dma = true};
