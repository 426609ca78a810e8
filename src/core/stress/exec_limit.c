/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stress until there is no room for one mapping more: by number, by memory that may be locked, by the apertures' ends. All is undone. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "core/stress/priv.h"
#include "iommu/ledger.h"

/* So many mappings are made every time; of a higher limit, which the kernel has unless told otherwise, now and then. */
#define LIMIT_FEW 4096u
#define LIMIT_MANY 100000u

static int limit_map(const struct stress_thread *t, iova_t iova)
{
	struct iommu_map_req req = {.va = t->scratch.va,
				    .size = t->st->granule,
				    .iova = iova,
				    .prot = IOMMU_PROT_READ,
				    .tag = "limit",
				    .owner = t->index};

	return iommu_map(t->st->space[0], &req, NULL);
}

static struct model_answer limit_due(int err, const char *why)
{
	return (struct model_answer){.nr = 1, .errs = {err}, .why = why};
}

/* --- so many mappings --- */

static int entries_count(const struct ledger_entry *e, void *count)
{
	*(uint64_t *)count += !strcmp(e->tag, "stress");
	return 0;
}

/* IOVAs side by side for one mapping more than the limit allows. */
static bool entries_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	uint32_t left = 0;

	if (iommu_avail(st->space[0], &left) || !left || left > LIMIT_MANY)
		return false;
	if (left > LIMIT_FEW && !stress_draw_once_in(t, op, "many", 32))
		return false;
	op->size = ((uint64_t)left + 1) * st->granule;
	op->page_size = st->granule;
	op->offset = left;
	ledger_each(iommu_ledger(st->space[0]), entries_count, &op->offset);
	return session_pick(st->s, session_space(st->s), stress_draw(t, op, "iova"), op->size, st->granule, &op->iova);
}

static int entries_exec(struct stress_thread *t, struct stress_op *op)
{
	struct stress *st = t->st;
	struct model_answer full = limit_due(ENOSPC, "the limit on mappings is reached: vfio_dma_do_map(), dma_avail");
	struct model_answer back = limit_due(0, "whole mappings");
	uint64_t done = 0, unmapped = 0;
	uint32_t before = 0, after = 0;
	int err = iommu_avail(st->space[0], &before);

	while (!err && done <= before && !session_signal) {
		err = limit_map(t, op->iova + done * st->granule);
		done += !err;
	}
	/* an interrupted one says nothing, but is undone as well */
	if (err || done > before)
		stress_judge(t, op, &full, err, done * st->granule);
	iommu_avail(st->space[0], &after);
	if (err == -ENOSPC && (done != before || after))
		stress_mismatch(t, op, FAILURE_MAP_REFUSED, "as many mappings as the kernel said there are left",
				"%" PRIu64 " of %" PRIu32 ", %" PRIu32 " left then", done, before, after);
	if (!done)
		return 0;
	err = iommu_unmap(st->space[0], op->iova, done * st->granule, &unmapped, NULL);
	back.bytes = done * st->granule;
	if (!t->broken)
		stress_judge(t, op, &back, err, unmapped);
	iommu_avail(st->space[0], &after);
	if (!t->broken && after != before)
		stress_mismatch(t, op, FAILURE_CLASSES, "room for as many mappings as before",
				"%" PRIu32 " instead of %" PRIu32, after, before);
	return 0;
}

/* --- memory that may be locked --- */

static bool memlock_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;

	op->size = st->granule;
	return session_pick(st->s, session_space(st->s), stress_draw(t, op, "iova"), op->size, st->granule, &op->iova);
}

/*
 * Without the right to lock as much as one likes not a page can be pinned under a limit of none (type1: vfio_lock_acct(); iommufd:
 * incr_user_locked_vm(), update_mm_locked_vm()), and with right and limit as they were one can. The limit is the process's: all
 * threads stand still.
 */
static int memlock_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct model_answer none = limit_due(ENOMEM, "RLIMIT_MEMLOCK is 0"), room = limit_due(0, "there is room again");
	struct iommu *space = t->st->space[0];
	uint64_t unmapped;
	int err = iommu_memlock(space, 0, f), mapped;

	if (err)
		return err;
	mapped = limit_map(t, op->iova);
	err = iommu_memlock(space, UINT64_MAX, f);
	if (!mapped)
		iommu_unmap(space, op->iova, t->st->granule, &unmapped, NULL);
	if (err || !stress_judge(t, op, &none, mapped, 0))
		return err;
	mapped = limit_map(t, op->iova);
	if (!mapped)
		iommu_unmap(space, op->iova, t->st->granule, &unmapped, NULL);
	stress_judge(t, op, &room, mapped, 0);
	return 0;
}

/* --- the apertures' ends --- */

static bool ends_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct iommu_caps *caps = t->st->caps;
	uint64_t granule = t->st->granule;
	struct iova_range r;

	if (!caps->ranges_known || !caps->nr_ranges)
		return false;
	r = caps->ranges[stress_draw_below(t, op, "range", caps->nr_ranges)];
	op->size = granule;
	/* one of: the first page, the last one, the one before the first, the one after the last, one that begins at neither */
	switch (stress_draw_below(t, op, "end", 4)) {
	case 0:
		op->iova = ALIGN_UP(r.start, granule);
		break;
	case 1:
		op->iova = ALIGN_DOWN(r.last - (granule - 1), granule);
		break;
	case 2:
		op->iova = ALIGN_DOWN(r.start - 1, granule);
		break;
	default:
		op->iova = ALIGN_DOWN(r.last, granule);
		op->size = 2 * granule;
		break;
	}
	return true;
}

/* Something of the session's own may be there, or of another thread's, which no model here has. */
static bool ends_taken(const struct stress *st, const struct stress_op *op)
{
	struct iova_range r = {op->iova, op->iova + (op->size - 1)};
	struct ledger_entry e;

	return r.last < r.start || ledger_find(iommu_ledger(st->space[0]), r, &e);
}

static int ends_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct model_params params = {.caps = st->caps, .personality = st->personality};
	struct iommu_map_req req = {.va = t->shared_mem.va,
				    .size = op->size,
				    .iova = op->iova,
				    .prot = IOMMU_PROT_READ,
				    .tag = "limit",
				    .owner = t->index};
	struct model_req ask = {.iova = op->iova,
				.size = op->size,
				.va = (uintptr_t)req.va,
				.prot = req.prot,
				.resident = t->shared_mem.size};
	struct model_answer due, back = limit_due(0, "a whole mapping");
	uint64_t unmapped = 0;
	struct model *empty;
	int err;

	if (ends_taken(st, op))
		return 0;
	err = model_new(&empty, &params);
	if (err)
		return fail_set(f, err, "cannot allocate a model");
	model_ask_map(empty, &ask, &due);
	model_free(empty);
	err = iommu_map(st->space[0], &req, NULL);
	stress_judge(t, op, &due, err, err ? 0 : op->size);
	if (err)
		return 0;
	err = iommu_unmap(st->space[0], op->iova, op->size, &unmapped, NULL);
	back.bytes = op->size;
	if (!t->broken)
		stress_judge(t, op, &back, err, unmapped);
	return 0;
}

static bool limit_draw(struct stress_thread *t, struct stress_op *op)
{
	op->prot = IOMMU_PROT_READ;
	op->variant = (unsigned int)stress_draw_below(t, op, "variant", 3);
	if (op->variant == STRESS_LIMIT_ENTRIES && entries_draw(t, op))
		return true;
	op->variant = STRESS_LIMIT_MEMLOCK;
	if (stress_draw_once_in(t, op, "memlock", 2) && memlock_draw(t, op))
		return true;
	op->variant = STRESS_LIMIT_ENDS;
	return ends_draw(t, op);
}

static int limit_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	if (op->variant == STRESS_LIMIT_ENTRIES)
		return entries_exec(t, op);
	return op->variant == STRESS_LIMIT_MEMLOCK ? memlock_exec(t, op, f) : ends_exec(t, op, f);
}

const struct stress_verb stress_verb_limit = {.draw = limit_draw, .exec = limit_exec, .quiet = true};
