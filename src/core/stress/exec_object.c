/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress on objects: copies between spaces, the device elsewhere, away, and reset. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/op/device.h"
#include "core/op/space.h"
#include "core/session/named.h"
#include "core/stress/priv.h"

/* Beside the session's own. More would only be more of the same. */
#define OBJECT_SPACES 2
#define OBJECT_DMA_MAX KiB(16)

static const char *object_lacks(const struct stress *st)
{
	return st->nr_spaces > 1 ? NULL : "the backend has one address space only";
}

static bool object_wanted(const struct stress *st)
{
	const unsigned int *weight = st->p->mix.weight;

	return weight[STRESS_COPY] || weight[STRESS_REPLACE] || weight[STRESS_DETACH];
}

/*
 * A space that no page table is made for pins nothing, and pins by address once a device comes: memory that was given back or moved
 * by then is not found any more, or other memory is found there (iopt_area_fill_domain()). A page table that no device is in keeps the
 * pages of a space, and what is copied into it, where they are.
 */
static int object_hold(const struct stress *st, struct iommu *space, uint32_t *holder, struct fail *f)
{
	struct iommu_hwpt_req req = {.idev = session_device(st->s), .parent = iommu_space_id(space)};

	*holder = 0;
	return st->caps->has_page_tables ? iommu_hwpt_new(st->space[0], &req, holder, f) : 0;
}

static int object_release(const struct stress *st, uint32_t *holder, struct fail *f)
{
	uint32_t id = *holder;

	*holder = 0;
	return id ? iommu_object_destroy(st->space[0], id, f) : 0;
}

/* st->object_priv */
struct stress_objects {
	uint32_t holder[STRESS_SPACES + 1];
};

int stress_spaces_open(struct stress *st, struct fail *f)
{
	struct stress_objects *all;
	int err = stress_dirty_open(st, f);

	st->nr_spaces = 1;
	if (err || !st->caps->has_spaces || !object_wanted(st))
		return err;
	st->object_priv = all = calloc(1, sizeof(*all));
	if (!all)
		return fail_set(f, ENOMEM, "cannot keep book of address spaces");
	for (unsigned int i = 1; i <= OBJECT_SPACES && !err; i++) {
		struct named *n;
		char name[20];

		snprintf(name, sizeof(name), "stress-%u", i);
		err = op_space_new(st->s, name, &n, f);
		if (err)
			break;
		st->space[i] = n->space;
		st->nr_spaces = i + 1;
		err = object_hold(st, n->space, &all->holder[i], f);
	}
	return err;
}

void stress_spaces_close(struct stress *st)
{
	struct stress_objects *all = st->object_priv;
	const struct iommu *at = session_attached(st->s);
	struct fail why = {0};

	/* an error on the way may have left the device in one of them; DMA may be forbidden by now, so what it says of the way is not told */
	for (unsigned int i = 1; i < st->nr_spaces && session_is_quiet(st->s); i++)
		if (at == st->space[i])
			session_attach(st->s, iommu_space_id(st->space[0]), st->space[0], &why);
	for (unsigned int i = 1; i < st->nr_spaces; i++) {
		struct named *n;
		char name[20];

		object_release(st, &all->holder[i], NULL);
		snprintf(name, sizeof(name), "stress-%u", i);
		n = named_find(st->s, name);
		if (n)
			named_remove(st->s, n);
		iommu_close(st->space[i]);
		st->space[i] = NULL;
	}
	st->nr_spaces = 1;
	free(all);
	st->object_priv = NULL;
	stress_dirty_close(st);
}

/* --- copy --- */

/* Where something else is mapped in the first space: then it matters in which of them the device is. */
static bool draw_twin(struct stress_thread *t, struct stress_op *op)
{
	unsigned int other;

	if (!stress_draw_slot(t, op, "twin", 1 << SLOT_MAPPED, 0, &other) || t->slots[other].size < op->size)
		return false;
	op->iova = t->slots[other].iova;
	return true;
}

/* What lies behind a part of the window is another thread's or the tool's own: this thread's model knows nothing of it. */
static bool copy_stays(const struct stress_thread *t, const struct stress_op *op, uint64_t size)
{
	iova_t start = t->slots[op->slot].iova + op->offset;

	for (unsigned int i = 0; i < t->window.nr; i++)
		if (iova_range_contains(t->window.part[i], (struct iova_range){start, start + (size - 1)}))
			return true;
	return false;
}

static bool copy_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	const struct stress_slot *s;
	uint64_t pages, first;

	if (!stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, 0, &op->slot))
		return false;
	s = &t->slots[op->slot];
	pages = s->size / st->granule;
	op->other_space = 1 + (unsigned int)stress_draw_below(t, op, "space", st->nr_spaces - 1);
	op->prot = (enum iommu_prot)(stress_draw_once_in(t, op, "any", 4) ? 1 + stress_draw_below(t, op, "prot", 3)
									  : s->prot);
	first = stress_draw_once_in(t, op, "part", 3) ? stress_draw_below(t, op, "first", pages) : 0;
	op->offset = first * st->granule;
	op->size = (first ? stress_draw_between(t, op, "pages", 1, pages - first) : pages) * st->granule;
	/* past the end of the mapping, where it may be refused */
	if (stress_draw_once_in(t, op, "past", 16) && copy_stays(t, op, op->size + st->granule))
		op->size += st->granule;
	if (stress_draw_once_in(t, op, "where", 2) && draw_twin(t, op))
		return true;
	return stress_draw_iova(t, op, "iova", &t->window, t->model[op->other_space], op->size, st->granule, &op->iova);
}

static int copy_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct model *src = t->model[0], *dst = t->model[op->other_space];
	struct iommu_copy_req req = {.src = t->st->space[0],
				     .src_iova = t->slots[op->slot].iova + op->offset,
				     .size = op->size,
				     .prot = op->prot,
				     .iova = op->iova,
				     .tag = "stress",
				     .owner = t->index};
	struct model_answer due;
	int err;

	model_ask_copy(dst, src, req.src_iova, op->size, op->iova, op->prot, &due);
	err = iommu_space_copy(t->st->space[op->other_space], &req, NULL);
	if (!stress_judge(t, op, &due, err, err ? 0 : op->size) || err)
		return 0;
	err = model_copied(dst, src, req.src_iova, op->size, op->iova, op->prot);
	return err ? fail_set(f, err, "cannot note down a copy") : 0;
}

const struct stress_verb stress_verb_copy = {.lacks = object_lacks, .draw = copy_draw, .exec = copy_exec};

/* --- the device elsewhere --- */

/* Of one thread. */
struct object_pair {
	struct stress_thread *t;
	struct model_pair of;
};

static int pair_pick(const struct model_map *map, void *arg)
{
	return model_pair_take(arg, map);
}

static bool pair_find(struct stress_thread *t, unsigned int space, uint64_t draw, struct object_pair *p)
{
	*p = (struct object_pair){.t = t, .of.skip = draw % 4};
	model_each(t->model[space], pair_pick, &p->of);
	return model_pair_is_whole(&p->of);
}

/* The device copies from one to the other, in the space it is in now, and it arrives there. */
static int pair_copy(struct stress_op *op, const struct object_pair *p, struct fail *f)
{
	struct stress_thread *t = p->t;
	struct stress_mem *from = stress_mem_of(t, p->of.from.id), *to = stress_mem_of(t, p->of.to.id);
	uint64_t size =
		MIN(p->of.from.range.last - p->of.from.range.start, p->of.to.range.last - p->of.to.range.start) + 1;
	int status = 0, err;

	size = stress_transfer_size(t->st, MIN(size, OBJECT_DMA_MAX));
	if (!size)
		return 0;
	err = stress_transfer(t, p->of.from.range.start, p->of.to.range.start, size, &status, f);
	if (err)
		return err;
	op->bytes += size;
	/* by a device's own log an address is written, in whichever space */
	model_touched(t->model[0], p->of.to.range.start, size);
	if (status) {
		stress_mismatch(t, op, FAILURE_DMA_ERROR, "both ends are mapped there: no error",
				"the device reported %s, from iova 0x%" PRIx64 " to 0x%" PRIx64, strerror(-status),
				p->of.from.range.start, p->of.to.range.start);
		return 0;
	}
	if (from->unknown)
		to->unknown = true;
	else
		memcpy(to->shadow + p->of.to.offset, from->shadow + p->of.from.offset, size);
	if (to->va && !to->unknown)
		stress_mem_check(t, op, to, p->of.to.offset, size);
	/* what lies at the same IOVA of the other space has not changed */
	stress_mem_check_all(t, op);
	return 0;
}

/* Tracking in a table of its own is for the space that the device would leave. */
static bool object_bound(const struct stress *st)
{
	return st->dirty && st->dirty_caps.needs_table;
}

static bool object_moves(const struct stress *st)
{
	return !object_bound(st) && !(st->hardware && stress_has_stale(st));
}

static int object_home(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct model_answer due = {.nr = 1, .why = "the device comes back"};
	int err = session_attach(st->s, iommu_space_id(st->space[0]), st->space[0], f);

	stress_judge(t, op, &due, err, 0);
	return err ? err : session_dma_start(st->s, f);
}

/* Of any thread whose mappings in the space will do. */
static int object_dma(struct stress *st, struct stress_op *op, unsigned int space, struct fail *f)
{
	struct object_pair p;

	for (unsigned int i = 0; i < st->nr_threads; i++)
		if (pair_find(&st->threads[i], space, op->n, &p) && !st->threads[i].broken)
			return pair_copy(op, &p, f);
	return 0;
}

static bool replace_draw(struct stress_thread *t, struct stress_op *op)
{
	if (!object_moves(t->st))
		return false;
	op->other_space = 1 + (unsigned int)stress_draw_below(t, op, "space", t->st->nr_spaces - 1);
	return true;
}

/* There and back, while something keeps the pages of the first space. */
static int replace_go(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct iommu *space = st->space[op->other_space];
	struct model_answer due = {.nr = 1, .why = "the device goes where it is sent"};
	struct fail why = {0};
	int err = session_attach(st->s, iommu_space_id(space), space, f), back;

	if (!stress_judge(t, op, &due, err, 0))
		return session_is_forbidden(st->s) ? err : object_home(t, op, f);
	err = session_dma_start(st->s, f);
	if (!err && st->has_dma)
		err = object_dma(st, op, op->other_space, f);
	/* whatever came of it: the space may not be closed with the device in it */
	back = session_is_forbidden(st->s) ? 0 : object_home(t, op, err ? &why : f);
	if (err || back)
		return err ? err : back;
	return st->has_dma && !session_is_forbidden(st->s) ? object_dma(st, op, 0, f) : 0;
}

static int replace_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct stress_objects *all = st->object_priv;
	struct fail why = {0};
	int err = object_hold(st, st->space[0], &all->holder[0], f), gone;

	if (err)
		return err;
	err = replace_go(t, op, f);
	gone = object_release(st, &all->holder[0], &why);
	if (gone && !err)
		*f = why;
	return err ? err : gone;
}

const struct stress_verb stress_verb_replace = {
	.lacks = object_lacks, .draw = replace_draw, .exec = replace_exec, .quiet = true};

static bool detach_draw(struct stress_thread *t, struct stress_op *op)
{
	(void)op;
	return object_moves(t->st);
}

static int detach_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct model_answer due = {.nr = 1, .why = "the device can be detached"};
	struct fail why = {0};
	bool reached = false;
	int err = session_detach(st->s, f);

	/* the kernel's mock device is made in a space and stays */
	if (err == -EOPNOTSUPP)
		return 0;
	if (!stress_judge(t, op, &due, err, 0))
		return err;
	err = session_ask_detached(st->s, &reached, &why);
	if (err == -EREMOTEIO || reached)
		stress_mismatch(t, op, err ? FAILURE_UNTRANSLATED : FAILURE_UNMAPPED_ACCESS,
				"a detached device reaches nothing", "it reached %s",
				err ? "physical memory" : "what it was attached to before");
	else if (err && err != -EOPNOTSUPP) {
		*f = why;
		return err;
	}
	if (session_is_forbidden(st->s))
		return 0;
	err = object_home(t, op, f);
	return err || !st->has_dma ? err : object_dma(st, op, 0, f);
}

const struct stress_verb stress_verb_detach = {
	.lacks = object_lacks, .draw = detach_draw, .exec = detach_exec, .quiet = true};

/* --- reset --- */

static const char *reset_lacks(const struct stress *st)
{
	if (!session_device(st->s) || !idev_has_reset(session_device(st->s)))
		return "the device has no reset";
	return NULL;
}

/* What a device logged is its own, and may be gone with the reset. */
static bool reset_draw(struct stress_thread *t, struct stress_op *op)
{
	(void)op;
	return !(t->st->dirty && t->st->dirty_at.source == DIRTY_DEVICE);
}

/* Mappings and memory stay as they are. */
static int reset_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct model_answer due = {.nr = 1, .why = "the device can be reset"};
	int err = op_device_reset(st->s, session_device(st->s), f);

	if (err == -EOPNOTSUPP)
		return 0;
	stress_judge(t, op, &due, err, 0);
	if (err || !st->has_dma)
		return 0;
	err = session_dma_start(st->s, f);
	for (unsigned int i = 0; i < st->nr_threads && !err; i++)
		stress_mem_check_all(&st->threads[i], op);
	return err ? err : object_dma(st, op, 0, f);
}

const struct stress_verb stress_verb_reset = {
	.lacks = reset_lacks, .draw = reset_draw, .exec = reset_exec, .quiet = true};
