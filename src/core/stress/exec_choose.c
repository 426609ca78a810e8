/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stress of IOVAs that the kernel chooses: in a space of its own, out of one range that is allowed, until no place is left in it. */
#include <errno.h>
#include <inttypes.h>

#include "base/num.h"
#include "core/stress/priv.h"

#define CHOOSE_PAGES 64u
#define CHOOSE_TIMES 4u
/* Far from what any IOMMU reserves, and below what all of them translate. */
#define CHOOSE_LOW GiB(8)
#define CHOOSE_HIGH GiB(256)

/* What iopt_alloc_iova() aligns by: the size, as far as the memory is, and that is as far as anyone asks for. */
static uint64_t choose_align(uint64_t size)
{
	uint64_t align = 4096;

	while (align < size && align < STRESS_CHOOSE_ALIGN)
		align *= 2;
	return align;
}

int stress_choose_due(const struct stress_op *op, uint64_t i)
{
	uint64_t align = choose_align(op->size), last = op->iova + (op->offset - 1), at = op->iova, end;

	for (uint64_t done = 0; done <= i; done++, at = end + 1) {
		iova_t place = ALIGN_UP(at, align);

		if (place < at || !num_add(place, op->size - 1, &end) || end > last)
			return ENOSPC;
	}
	return 0;
}

static const char *choose_lacks(const struct stress *st)
{
	return st->caps->kernel_iova && st->caps->has_spaces ? NULL : "the kernel chooses no IOVAs here";
}

/* Where an IOVA that is aligned goes over the end of all addresses, and in the middle of them. */
static bool choose_draw(struct stress_thread *t, struct stress_op *op)
{
	uint64_t granule = t->st->granule, align;

	op->size = stress_draw_between(t, op, "pages", 1, CHOOSE_PAGES) * granule;
	align = choose_align(op->size);
	op->offset = op->size + stress_draw_below(t, op, "room", 2 * align / granule) * granule;
	op->other_offset = 1;
	op->prot = IOMMU_PROT_RW;
	if (stress_draw_once_in(t, op, "top", 2)) {
		op->iova = -op->offset - granule;
		return true;
	}
	op->other_offset = stress_draw_between(t, op, "times", 1, CHOOSE_TIMES);
	op->offset = op->other_offset * op->offset;
	op->iova = CHOOSE_LOW + stress_draw_below(t, op, "iova", (CHOOSE_HIGH - CHOOSE_LOW) / granule) * granule;
	return true;
}

/* Where a kernel goes about it in another way, it may find a place sooner or later than this. */
static struct model_answer choose_answer(const struct stress *st, const struct stress_op *op, uint64_t i)
{
	struct model_answer due = {.nr = st->caps->simulated ? 1 : 2, .bytes = op->size, .why = "iopt_alloc_iova()"};

	due.errs[0] = stress_choose_due(op, i);
	due.errs[1] = ENOSPC - due.errs[0];
	return due;
}

/* Inside of what is allowed, and beside those that were chosen before. */
static void choose_judge(struct stress_thread *t, struct stress_op *op, const iova_t *chosen, uint64_t i)
{
	struct iova_range all = {op->iova, op->iova + (op->offset - 1)};
	struct iova_range r = {chosen[i], chosen[i] + (op->size - 1)};

	if (!iova_range_contains(all, r) || r.last < r.start)
		stress_mismatch(t, op, FAILURE_RESERVED_ACCEPTED, "an IOVA out of those that are allowed", "0x%" PRIx64,
				r.start);
	for (uint64_t k = 0; k < i && !t->broken; k++)
		if (chosen[k] <= r.last && r.start <= chosen[k] + (op->size - 1))
			stress_mismatch(t, op, FAILURE_OVERLAP_ACCEPTED, "an IOVA where nothing is mapped",
					"0x%" PRIx64 " beside 0x%" PRIx64, r.start, chosen[k]);
}

static void choose_run(struct stress_thread *t, struct stress_op *op, struct iommu *space, void *va)
{
	iova_t chosen[CHOOSE_TIMES];
	int err = 0;

	for (uint64_t i = 0; i < MIN(op->other_offset, (uint64_t)CHOOSE_TIMES) && !err && !t->broken; i++) {
		struct iommu_map_req req = {.va = va,
					    .size = op->size,
					    .prot = op->prot,
					    .kernel_iova = true,
					    .tag = "choose",
					    .owner = t->index};
		struct model_answer due = choose_answer(t->st, op, i);

		err = iommu_map(space, &req, NULL);
		chosen[i] = req.iova;
		if (stress_judge(t, op, &due, err, err ? 0 : op->size) && !err)
			choose_judge(t, op, chosen, i);
	}
}

static int choose_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct iova_range allowed = {op->iova, op->iova + (op->offset - 1)};
	struct model_answer due = {.nr = 1, .why = "nothing is reserved where no device is"};
	struct iommu *space;
	struct iommu_mem mem;
	int err = iommu_space_new(t->st->space[0], &space, f);

	if (err)
		return err;
	/* room for an address that is aligned */
	err = iommu_mem_alloc(t->st->space[0], STRESS_CHOOSE_ALIGN + op->size, IOMMU_MEM_ANON, &mem, f);
	if (!err) {
		uintptr_t va = ALIGN_UP((uintptr_t)mem.va, STRESS_CHOOSE_ALIGN);

		if (stress_judge(t, op, &due, iommu_space_allow(space, &allowed, 1, NULL), 0) && !op->err)
			choose_run(t, op, space, (void *)va);
	}
	iommu_close(space);
	if (!err)
		iommu_mem_free(t->st->space[0], &mem);
	return err;
}

const struct stress_verb stress_verb_choose = {
	.lacks = choose_lacks, .draw = choose_draw, .exec = choose_exec, .quiet = true};
