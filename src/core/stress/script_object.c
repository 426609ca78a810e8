/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress on spaces and the device, as lines: copies, the device elsewhere, away, reset. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/script_priv.h"

#define OBJECT_DMA_MAX KiB(16)

/* Spaces are made where they are needed first. */
static void object_space(struct text *t, unsigned int space)
{
	if (t->has_space[space])
		return;
	t->has_space[space] = true;
	text_line(t, "ioas new s%u", space);
}

static void object_copy(struct text *t, const struct stress_op *op)
{
	struct text_mem *m = t->slot[op->thread][op->slot];
	char offset[40] = "", size[32];
	int err;

	if (!m || !m->exists)
		return;
	object_space(t, op->other_space);
	if (op->offset)
		snprintf(offset, sizeof(offset), "+%s", text_size(size, op->offset));
	text_line(t, "%sioas copy %s%s --to s%u --size %s --iova 0x%" PRIx64 "%s", text_due(op), m->name, offset,
		  op->other_space, text_size(size, op->size), op->iova, text_prot[op->prot & 3]);
	if (text_due(op)[0])
		return;
	err = model_copied(t->model[op->other_space], t->model[0], m->iova + op->offset, op->size, op->iova, op->prot);
	if (err == -ENOMEM)
		t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
}

/* Of one thread. */
struct object_pair {
	struct text *t;
	unsigned int thread;
	struct model_pair of;
};

static int object_pick(const struct model_map *map, void *arg)
{
	struct object_pair *p = arg;
	const struct text_mem *m = p->t->mems[map->id - 1];
	unsigned int thread;

	if (sscanf(m->name, "t%us", &thread) != 1 || thread != p->thread)
		return 0;
	return model_pair_take(&p->of, map);
}

static void object_dma(struct text *t, const struct stress_op *op, unsigned int space)
{
	struct text_mem *from, *to;
	uint64_t size;
	char text[32];

	for (unsigned int i = 0; i < t->trace->threads; i++) {
		struct object_pair p = {.t = t, .thread = i, .of.skip = op->n % 4};

		model_each(t->model[space], object_pick, &p);
		if (!model_pair_is_whole(&p.of))
			continue;
		from = t->mems[p.of.from.id - 1];
		to = t->mems[p.of.to.id - 1];
		size = MIN(p.of.from.range.last - p.of.from.range.start, p.of.to.range.last - p.of.to.range.start) + 1;
		size = MIN(size, OBJECT_DMA_MAX);
		text_line(t, "dma copy 0x%" PRIx64 " 0x%" PRIx64 " --size %s", p.of.from.range.start,
			  p.of.to.range.start, text_size(text, size));
		text_moved(t, to, p.of.to.offset, from, p.of.from.offset, size);
		text_check(t, to, p.of.to.offset, size);
		if (op->mismatch)
			text_check_all(t, i);
		return;
	}
}

static void object_replace(struct text *t, const struct stress_op *op)
{
	object_space(t, op->other_space);
	text_line(t, "attach s%u", op->other_space);
	object_dma(t, op, op->other_space);
	text_line(t, "attach main");
	object_dma(t, op, 0);
}

static void object_detach(struct text *t, const struct stress_op *op)
{
	text_line(t, "detach");
	text_line(t, "attach main");
	object_dma(t, op, 0);
}

static void object_reset(struct text *t, const struct stress_op *op)
{
	text_line(t, "device reset");
	object_dma(t, op, 0);
}

/* Nothing but what was wrong: it leaves nothing, and nothing comes of it. */
static void object_choose(struct text *t, const struct stress_op *op)
{
	char size[32];
	int due = 0;

	if (!op->mismatch)
		return;
	t->names++;
	text_line(t, "map k%u --size %s --mem thp", t->names, text_size(size, STRESS_CHOOSE_ALIGN));
	text_line(t, "ioas new k%us", t->names);
	text_line(t, "ioas allow k%us 0x%" PRIx64 "..0x%" PRIx64, t->names, op->iova, op->iova + (op->offset - 1));
	for (uint64_t i = 0; i < op->other_offset && !due; i++) {
		due = stress_choose_due(op, i);
		text_line(t, "%smap k%um%" PRIu64 " --size %s --memory-of k%u --iova kernel --ioas k%us",
			  due ? "!ENOSPC " : "", t->names, i, text_size(size, op->size), t->names, t->names);
	}
	text_line(t, "destroy k%us", t->names);
	text_line(t, "free k%u", t->names);
}

/*
 * Of a space that has nothing mapped but what the session needs for DMA, so that it does not depend on the lines before. The mappings
 * stay, as nothing follows.
 */
static void object_limit_entries(struct text *t, const struct stress_op *op)
{
	char size[32], two[32];

	if (op->due != ENOSPC)
		return;
	text_size(size, op->page_size);
	text_size(two, 2 * op->page_size);
	text_line(t, "unmap --all");
	text_line(t, "map l%u --size %s", t->names, two);
	text_line(t, "dma copy l%u l%u+%s --size %s", t->names, t->names, size, size);
	if (op->offset > 1) {
		text_line(t, "repeat %" PRIu64, op->offset - 1);
		text_line(t, "map --size %s --memory-of l%u --iova random", size, t->names);
		text_line(t, "end");
	}
	text_line(t, "!ENOSPC map l%um --size %s --memory-of l%u", t->names, size, t->names);
}

static void object_limit_map(struct text *t, const struct stress_op *op)
{
	const char *due = text_due(op);
	bool locks = op->variant == STRESS_LIMIT_MEMLOCK && *due;
	char size[32];

	if (locks)
		text_line(t, "limits memlock 0");
	text_line(t, "%smap%s l%u --size %s --iova 0x%" PRIx64 "%s", due, *due ? " --unchecked" : "", t->names,
		  text_size(size, op->size), op->iova, text_prot[op->prot & 3]);
	text_line(t, *due ? "free l%u" : "unmap l%u", t->names);
	if (locks)
		text_line(t, "limits memlock back");
}

/* Nothing but what was wrong, as above. */
static void object_limit(struct text *t, const struct stress_op *op)
{
	if (!op->mismatch)
		return;
	t->names++;
	if (op->variant == STRESS_LIMIT_ENTRIES)
		object_limit_entries(t, op);
	else
		object_limit_map(t, op);
}

void text_object(struct text *t, const struct stress_op *op)
{
	if (op->kind == STRESS_LIMIT)
		object_limit(t, op);
	else if (op->kind == STRESS_CHOOSE)
		object_choose(t, op);
	else if (op->kind == STRESS_COPY)
		object_copy(t, op);
	else if (op->kind == STRESS_REPLACE)
		object_replace(t, op);
	else if (op->kind == STRESS_DETACH)
		object_detach(t, op);
	else
		object_reset(t, op);
}
