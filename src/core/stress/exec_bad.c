/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress that have to be refused: the ends of everything, and what lies on top of something. */
#include <errno.h>
#include <stdio.h>

#include "core/stress/priv.h"
#include "iommu/ledger.h"

/* On top of a mapping of the thread's own. */
static bool bad_overlap(struct stress_thread *t, struct stress_op *op)
{
	const struct stress_slot *s;

	if (!stress_draw_slot(t, op, "slot", 1 << SLOT_MAPPED, 0, &op->slot))
		return false;
	s = &t->slots[op->slot];
	op->iova = s->iova + stress_draw_below(t, op, "page", s->size / t->st->granule) * t->st->granule;
	return true;
}

/* The last byte inside, the next one outside. */
static bool bad_end(struct stress_thread *t, struct stress_op *op)
{
	const struct iommu_caps *caps = t->st->caps;
	struct iova_range r;

	if (!caps->ranges_known || !caps->nr_ranges)
		return false;
	r = caps->ranges[stress_draw_below(t, op, "range", caps->nr_ranges)];
	if (r.last > UINT64_MAX - 2 * t->st->granule)
		return false;
	op->iova = r.last + 1 - t->st->granule;
	op->size = 2 * t->st->granule;
	return true;
}

static bool bad_reserved(struct stress_thread *t, struct stress_op *op)
{
	const struct iommu_caps *caps = t->st->caps;
	struct iova_range r;

	if (!caps->nr_reserved)
		return false;
	r = caps->reserved[stress_draw_below(t, op, "reserved", caps->nr_reserved)];
	op->iova = ALIGN_DOWN(r.start, t->st->granule);
	if (stress_draw_once_in(t, op, "far", 2))
		op->iova = ALIGN_DOWN(r.last, t->st->granule);
	return true;
}

static bool bad_wrap(struct stress_thread *t, struct stress_op *op)
{
	bool window = stress_draw_once_in(t, op, "window", 2);

	if (window && !stress_draw_iova(t, op, "iova", &t->window, NULL, t->st->granule, t->st->granule, &op->iova))
		return false;
	if (!window)
		op->iova = ALIGN_DOWN(UINT64_MAX, t->st->granule);
	op->size = -op->iova + t->st->granule * stress_draw_between(t, op, "past", 1, 4);
	return true;
}

static bool bad_in_window(struct stress_thread *t, struct stress_op *op)
{
	uint64_t granule = t->st->granule, off = granule / 2;

	if (!stress_draw_iova(t, op, "iova", &t->window, t->model[0], (STRESS_SCRATCH + 1) * granule, granule,
			      &op->iova))
		return false;
	switch (op->variant) {
	case STRESS_BAD_ZERO:
		op->size = 0;
		break;
	case STRESS_BAD_RIGHT:
		op->prot = 0;
		break;
	case STRESS_BAD_MEMORY:
		op->size = STRESS_SCRATCH * granule + granule;
		break;
	case STRESS_BAD_ALIGN:
		switch (stress_draw_below(t, op, "what", op->kind == STRESS_BAD_MAP ? 3 : 2)) {
		case 0:
			op->iova += off;
			break;
		case 1:
			op->size += off;
			break;
		default:
			op->offset = off;
			break;
		}
		break;
	default:
		break;
	}
	return true;
}

static bool bad_draw(struct stress_thread *t, struct stress_op *op)
{
	op->size = t->st->granule;
	op->prot = IOMMU_PROT_RW;
	switch (op->variant) {
	case STRESS_BAD_OVERLAP:
		return op->kind == STRESS_BAD_MAP ? bad_overlap(t, op) : bad_in_window(t, op);
	case STRESS_BAD_END:
		return bad_end(t, op);
	case STRESS_BAD_RESERVED:
		return bad_reserved(t, op);
	case STRESS_BAD_WRAP:
		return bad_wrap(t, op);
	default:
		return bad_in_window(t, op);
	}
}

/* What others have there, the tool's own pages say, would make another answer of it. */
static bool bad_is_elsewhere(const struct stress_thread *t, const struct stress_op *op)
{
	struct iova_range r = {op->iova, op->iova + (op->size - 1)};
	struct ledger_entry e;

	return (op->variant == STRESS_BAD_END || op->variant == STRESS_BAD_RESERVED) &&
	       ledger_find(iommu_ledger(t->st->space[0]), r, &e);
}

/* v1 of compat cuts before it looks at the range, also where that ends after it wrapped: in a window of another thread's? */
static bool bad_cuts_others(const struct stress_thread *t, const struct stress_op *op)
{
	struct iova_range low = {0, op->iova + op->size};

	if (op->variant != STRESS_BAD_WRAP || t->st->personality != IOMMU_COMPAT_V1)
		return false;
	for (unsigned int i = 0; i < t->st->nr_threads; i++)
		for (unsigned int k = 0; k < t->st->threads[i].window.nr; k++)
			if (iova_range_overlaps(t->st->threads[i].window.part[k], low))
				return true;
	return t->st->others;
}

const char *stress_bad_right_lacks(const struct stress *st)
{
	bool compat = st->personality == IOMMU_COMPAT_V1 || st->personality == IOMMU_COMPAT_V2;

	if (!st->hardware || !compat || session_params(st->s)->allow_crash)
		return NULL;
	return "iommufd's container takes it as far as a WARN_ON() in the page table (generic_pt, map_range()): "
	       "--allow-crash";
}

static bool bad_map_draw(struct stress_thread *t, struct stress_op *op)
{
	op->variant = (unsigned int)stress_draw_below(t, op, "variant", STRESS_BADS);
	if (op->variant == STRESS_BAD_RIGHT && stress_bad_right_lacks(t->st))
		return false;
	return bad_draw(t, op) && !bad_is_elsewhere(t, op);
}

static int bad_map_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	char *va = (char *)t->scratch.va + op->offset;
	struct iommu_map_req req = {
		.va = va, .size = op->size, .iova = op->iova, .prot = op->prot, .tag = "stress", .owner = t->index};
	struct model_req ask = {.iova = op->iova,
				.size = op->size,
				.resident = t->scratch.size - op->offset,
				.va = (uintptr_t)va,
				.prot = op->prot};
	struct model_answer due;
	uint64_t unmapped;
	int err;

	(void)f;
	model_ask_map(t->model[0], &ask, &due);
	err = iommu_map(t->st->space[0], &req, NULL);
	stress_judge(t, op, &due, err, err ? 0 : op->size);
	/* what nobody notes down is not left there; on top of another mapping the end of the episode takes both */
	if (!err && op->variant != STRESS_BAD_OVERLAP)
		iommu_unmap(t->st->space[0], op->iova, op->size, &unmapped, NULL);
	return 0;
}

const struct stress_verb stress_verb_bad_map = {.draw = bad_map_draw, .exec = bad_map_exec};

static bool bad_unmap_draw(struct stress_thread *t, struct stress_op *op)
{
	static const enum stress_bad variants[] = {STRESS_BAD_OVERLAP, STRESS_BAD_ZERO, STRESS_BAD_ALIGN,
						   STRESS_BAD_WRAP};

	op->variant = variants[stress_draw_below(t, op, "variant", ARRAY_SIZE(variants))];
	return bad_draw(t, op) && !bad_is_elsewhere(t, op) && !bad_cuts_others(t, op);
}

static int bad_unmap_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	(void)f;
	if (!stress_unmap(t, op, 0, op->iova, op->size))
		stress_slots_refresh(t);
	return 0;
}

const struct stress_verb stress_verb_bad_unmap = {.draw = bad_unmap_draw, .exec = bad_unmap_exec};
