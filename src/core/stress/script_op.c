/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress as lines: mappings, memory and DMA. What a line may say of its own accord (counts, pins, faults) is left to it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/script_priv.h"

const char *const text_prot[4] = {" --prot none", " --prot r", " --prot w", ""};
static const char *const text_mems[] = {"", " --mem thp", " --mem hugetlb-2M", " --mem hugetlb-1G", " --mem memfd"};

static bool text_is_due(const struct stress_op *op)
{
	return !text_due(op)[0];
}

static void text_mapped(struct text *t, struct text_mem *m, const struct stress_op *op)
{
	struct model_map map = {.range = {op->iova, op->iova + (op->size - 1)},
				.prot = op->prot,
				.id = text_mem_id(t, m),
				.file = op->kind == STRESS_MAP_FILE};

	m->exists = true;
	m->iova = op->iova;
	if (model_mapped(t->model[0], &map) == -ENOMEM)
		t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
}

/* The slot has fresh memory, mapped and stamped; or the map has to be refused, and then there is none. */
static void text_map(struct text *t, const struct stress_op *op)
{
	struct text_mem *m;
	char size[32];

	text_clear(t, op->thread, op->slot, true);
	m = text_mem_new(t, op, "s");
	if (!m)
		return;
	t->slot[op->thread][op->slot] = m;
	text_line(t, "%smap %s --size %s --iova 0x%" PRIx64 "%s%s", text_due(op), m->name, text_size(size, op->size),
		  op->iova, text_prot[op->prot & 3], text_mems[op->mem]);
	if (!text_is_due(op))
		return;
	text_mapped(t, m, op);
	text_fill(t, m, op, 0, op->size, op->iova);
}

static void text_unmap(struct text *t, const struct stress_op *op)
{
	struct text_mem *m = t->slot[op->thread][op->slot];

	if (!m || !m->exists)
		return;
	text_unmap_slot(t, m, 0);
	if (op->variant)
		text_clear(t, op->thread, op->slot, false);
}

/* Shared memory has a buffer for every mapping, which goes with it. */
static void text_forget_shared(struct text *t)
{
	for (unsigned int i = 0; i < t->nr_mems; i++)
		if (t->mems[i]->exists && !strncmp(t->mems[i]->name, "c", 1) && !text_is_mapped(t, t->mems[i], 0)) {
			text_line(t, "free %s", t->mems[i]->name);
			t->mems[i]->exists = false;
		}
}

static void text_unmap_range(struct text *t, const struct stress_op *op)
{
	bool odd = !op->size || op->iova + (op->size - 1) < op->iova;
	char size[32];

	text_line(t, "%sunmap%s --iova 0x%" PRIx64 " --size %s", text_due(op),
		  odd && text_is_due(op) ? " --unchecked" : "", op->iova, text_size(size, op->size));
	/* refused, it may be half done: the model knows */
	if (!op->mismatch)
		model_unmapped(t->model[op->space], op->iova, op->size);
	if (op->kind == STRESS_COLLIDE)
		text_forget_shared(t);
}

static void text_unmap_all(struct text *t, const struct stress_op *op)
{
	(void)op;
	text_line(t, "unmap --all");
	model_unmapped_all(t->model[0]);
	text_forget_shared(t);
}

static void text_copy(struct text *t, struct text_mem *from, uint64_t from_offset, struct text_mem *to,
		      uint64_t to_offset, uint64_t size)
{
	char a[40] = "", b[40] = "", n[32], s[32];

	if (!from || !to || !from->exists || !to->exists)
		return;
	if (from_offset)
		snprintf(a, sizeof(a), "+%s", text_size(n, from_offset));
	if (to_offset)
		snprintf(b, sizeof(b), "+%s", text_size(n, to_offset));
	text_line(t, "dma copy %s%s %s%s --size %s", from->name, a, to->name, b, text_size(s, size));
	text_moved(t, to, to_offset, from, from_offset, size);
	text_check(t, to, to_offset, size);
}

static void text_remap_dma(struct text *t, const struct stress_op *op, unsigned int when)
{
	struct text_mem *own = t->slot[op->thread][op->slot], *other = t->slot[op->thread][op->other];

	if (!op->dma_size || !(op->variant & when))
		return;
	if (op->dir == DEV_READ)
		text_copy(t, own, 0, other, 0, op->dma_size);
	else
		text_copy(t, other, 0, own, 0, op->dma_size);
}

static void text_remap(struct text *t, const struct stress_op *op)
{
	struct text_mem *m;
	char size[32];

	text_remap_dma(t, op, 1);
	text_clear(t, op->thread, op->slot, op->variant & 4);
	m = text_mem_new(t, op, "s");
	if (!m)
		return;
	t->slot[op->thread][op->slot] = m;
	text_line(t, "map %s --size %s --iova 0x%" PRIx64 "%s%s", m->name, text_size(size, op->size), op->iova,
		  text_prot[op->prot & 3], text_mems[op->mem]);
	text_mapped(t, m, op);
	text_fill(t, m, op, 0, op->size, op->iova);
	text_remap_dma(t, op, 2);
}

/* More than any memory of a buffer that is not checked: what lies behind that cannot be pinned. */
#define TEXT_NO_MEMORY MiB(128)

static void text_bad_map(struct text *t, const struct stress_op *op)
{
	bool lacks = op->variant == STRESS_BAD_MEMORY || op->err == EFAULT;
	uint64_t bytes = lacks ? TEXT_NO_MEMORY : op->size;
	char size[32], skip[48] = "";
	struct text_mem *m;

	/* takes half a second: only where it is what was wrong */
	if (lacks && !op->mismatch)
		return;
	m = text_mem_new(t, op, "bad");
	if (!m)
		return;
	if (op->offset)
		snprintf(skip, sizeof(skip), " --skip %" PRIu64, op->offset);
	text_line(t, "%smap%s %s --size %s --iova 0x%" PRIx64 "%s%s", text_due(op),
		  text_is_due(op) ? " --unchecked" : "", m->name, text_size(size, bytes), op->iova,
		  text_prot[op->prot & 3], skip);
	if (text_is_due(op))
		text_line(t, "free %s", m->name);
}

static void text_dma(struct text *t, const struct stress_op *op)
{
	text_copy(t, t->slot[op->thread][op->slot], op->offset, t->slot[op->thread][op->other], op->other_offset,
		  op->size);
}

/* The line has to fail: a device that reports what is refused says so, of others the log tells. */
static void text_denied(struct text *t, const struct stress_op *op)
{
	struct text_mem *own = t->slot[op->thread][op->slot];
	char size[32];

	if (!own || !own->exists || op->variant > 2)
		return;
	if (op->variant == 1) {
		text_line(t, "!dma copy 0x%" PRIx64 " %s --size %s", op->iova, own->name, text_size(size, op->size));
		text_unknown(t, own, 0, op->size);
	} else {
		text_line(t, "!dma copy %s 0x%" PRIx64 " --size %s", own->name, op->iova, text_size(size, op->size));
	}
	if (op->mismatch)
		text_check_all(t, op->thread);
}

static void text_release(struct text *t, const struct stress_op *op)
{
	struct text_mem *m = t->slot[op->thread][op->slot];

	if (!m || !m->exists)
		return;
	text_check(t, m, 0, m->size);
	text_line(t, "memory release %s", m->name);
	m->released = true;
}

static void text_move(struct text *t, const struct stress_op *op)
{
	struct text_mem *m = t->slot[op->thread][op->slot];

	if (!m || !m->exists)
		return;
	text_line(t, "memory move %s", m->name);
	text_check(t, m, 0, m->size);
}

static void text_fork(struct text *t, const struct stress_op *op)
{
	struct text_mem *m = t->slot[op->thread][op->slot];

	if (!m || !m->exists)
		return;
	text_line(t, "memory fork %s%s", m->name, op->variant ? " --write" : "");
	text_check(t, m, 0, m->size);
	text_fill(t, m, op, 0, m->size, op->iova);
}

static void text_fill_op(struct text *t, const struct stress_op *op)
{
	struct text_mem *m = t->slot[op->thread][op->slot];

	if (!m)
		return;
	text_check(t, m, op->offset, op->size);
	text_fill(t, m, op, op->offset, op->size, op->iova);
}

static void text_check_op(struct text *t, const struct stress_op *op)
{
	/* a look between rounds: the end of the script is one, too */
	if (op->n >= STRESS_QUIET_N)
		return;
	if (t->slot[op->thread][op->slot])
		text_check(t, t->slot[op->thread][op->slot], 0, UINT64_MAX / 2);
}

static void text_flight(struct text *t, const struct stress_op *op)
{
	struct text_mem *m = t->slot[op->thread][op->slot], *o = t->slot[op->thread][op->other];
	uint64_t half = o ? ALIGN_DOWN(o->size / 2, STAMP_LINE) : 0;
	const char *unchecked = session_is_simulated(t->s) ? "" : " --unchecked";
	char size[32], at[32];

	if (!m || !o || !m->exists || !o->exists)
		return;
	text_line(t, "dma start f%u copy %s %s+%s --size %s%s", op->thread, o->name, o->name, text_size(at, half),
		  text_size(size, op->dma_size), op->variant ? " --may-fault" : "");
	for (unsigned int i = 0; i < 3; i++) {
		text_line(t, "unmap %s%s", m->name, unchecked);
		text_line(t, "map %s --size %s --iova 0x%" PRIx64 "%s", m->name, text_size(size, m->size), m->iova,
			  text_prot[op->prot & 3]);
	}
	text_line(t, "dma stop f%u", op->thread);
	if (op->variant) {
		text_unknown(t, o, half, op->dma_size);
		text_fill(t, o, op, 0, o->size, o->iova);
		/* with its mapping in place it has to arrive */
		text_copy(t, o, 0, o, half, op->dma_size);
	} else {
		text_moved(t, o, half, o, 0, op->dma_size);
		text_check(t, o, 0, o->size);
	}
}

/* Between rounds the shared window is emptied, which is no op of the trace: what is mapped where a map was possible went then. */
static void text_empty_shared(struct text *t, const struct stress_op *op)
{
	for (unsigned int i = 0; i < t->nr_mems; i++) {
		struct text_mem *m = t->mems[i];

		if (m->exists && m->name[0] == 'c' && m->iova < op->iova + op->size && op->iova < m->iova + m->size)
			text_unmap_slot(t, m, 0);
	}
	text_forget_shared(t);
}

/* Of what several threads did at once the tickets are no order: a line is made of what could be so in this one. */
static void text_collide(struct text *t, const struct stress_op *op)
{
	struct model_req req = {.iova = op->iova, .size = op->size, .resident = op->size, .prot = IOMMU_PROT_RW};
	struct model_answer due;
	struct text_mem *m;
	char size[32];

	if (op->variant) {
		model_ask_unmap(t->model[0], op->iova, op->size, &due);
		if (op->mismatch || model_allows(&due, op->err))
			text_unmap_range(t, op);
		return;
	}
	if (text_is_due(op))
		text_empty_shared(t, op);
	model_ask_map(t->model[0], &req, &due);
	m = op->mismatch || model_allows(&due, op->err) ? text_mem_new(t, op, "s") : NULL;
	if (!m)
		return;
	m->name[0] = 'c';
	text_line(t, "%smap %s --size %s --iova 0x%" PRIx64, text_due(op), m->name, text_size(size, op->size),
		  op->iova);
	if (text_is_due(op))
		text_mapped(t, m, op);
}

static void (*const text_kinds[STRESS_KINDS])(struct text *t, const struct stress_op *op) = {
	[STRESS_MAP] = text_map,
	[STRESS_MAP_FILE] = text_map,
	[STRESS_UNMAP] = text_unmap,
	[STRESS_UNMAP_RANGE] = text_unmap_range,
	[STRESS_UNMAP_ALL] = text_unmap_all,
	[STRESS_REMAP] = text_remap,
	[STRESS_BAD_MAP] = text_bad_map,
	[STRESS_BAD_UNMAP] = text_unmap_range,
	[STRESS_RELEASE] = text_release,
	[STRESS_MOVE] = text_move,
	[STRESS_FORK] = text_fork,
	[STRESS_FILL] = text_fill_op,
	[STRESS_CHECK] = text_check_op,
	[STRESS_DMA] = text_dma,
	[STRESS_DMA_DENIED] = text_denied,
	[STRESS_FLIGHT] = text_flight,
	[STRESS_COPY] = text_object,
	[STRESS_REPLACE] = text_object,
	[STRESS_DETACH] = text_object,
	[STRESS_RESET] = text_object,
	[STRESS_LIMIT] = text_object,
	[STRESS_CHOOSE] = text_object,
	[STRESS_DIRTY_START] = text_dirty,
	[STRESS_DIRTY_STOP] = text_dirty,
	[STRESS_DIRTY_READ] = text_dirty,
	[STRESS_DIRTY_CLEAR] = text_dirty,
	[STRESS_DIRTY_UNMAP] = text_dirty,
	[STRESS_COLLIDE] = text_collide,
};

void text_op(struct text *t, const struct stress_op *op)
{
	if (text_kinds[op->kind])
		text_kinds[op->kind](t, op);
}
