/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses that must not succeed on a real device: at the IOVA of a canary page only (safety rule 2), so that even an IOMMU that
 * lets everything through hits memory of ours. A page of the pool per thread, pinned in the arena all along.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/priv.h"

#define POOL_PAGE 4096u
#define POOL_CANARY 0xc7 /* what lies where an access that is not translated ends */

static unsigned int pool_pin(const struct stress *st, unsigned int i)
{
	return st->nr_threads * STRESS_MEMS + i;
}

static int pool_add(struct stress *st, unsigned int i, struct fail *f)
{
	struct stress_pool *p = &st->pool[i];
	int err = session_canary_page(st->s, i, &p->at, f);

	if (!err)
		err = iommu_mem_alloc(st->space[0], POOL_PAGE, IOMMU_MEM_ANON, &p->victim, f);
	if (!err)
		err = session_pin(st->s, pool_pin(st, i), p->victim.va, POOL_PAGE, f);
	p->pinned = !err;
	return err;
}

int stress_pool_open(struct stress *st, struct fail *f)
{
	struct fail why = {0};
	int err = 0;

	if (!st->hardware || !st->has_dma || !st->p->probe)
		return 0;
	for (unsigned int i = 0; i < MIN(st->nr_threads, SESSION_CANARY_PAGES) && !err; i++) {
		err = pool_add(st, i, &why);
		st->nr_canary += !err;
	}
	if (err == -EOPNOTSUPP || st->nr_canary) {
		snprintf(st->canary_why, sizeof(st->canary_why), "%.150s", why.text);
		return 0;
	}
	if (err)
		*f = why;
	return err;
}

int stress_pool_repin(struct stress *st, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < st->nr_canary && !err; i++)
		err = session_pin(st->s, pool_pin(st, i), st->pool[i].victim.va, POOL_PAGE, f);
	return err;
}

void stress_pool_close(struct stress *st)
{
	for (unsigned int i = 0; i < SESSION_CANARY_PAGES && session_is_quiet(st->s); i++) {
		if (st->pool[i].pinned)
			session_unpin(st->s, pool_pin(st, i), POOL_PAGE, NULL, NULL);
		iommu_mem_free(st->space[0], &st->pool[i].victim);
	}
}

static int pool_map(struct stress_thread *t, struct stress_op *op, const struct stress_pool *p, struct fail *f)
{
	struct iommu_map_req req = {.va = p->victim.va,
				    .size = POOL_PAGE,
				    .iova = p->at.phys,
				    .prot = op->variant == 4 ? IOMMU_PROT_READ : IOMMU_PROT_RW,
				    .tag = "stress",
				    .owner = t->index};
	int err = iommu_map(t->st->space[0], &req, f);

	if (err == -EEXIST)
		stress_mismatch(t, op, FAILURE_MAP_REFUSED, "nothing is mapped there: success", "EEXIST");
	return err;
}

static void pool_unmap(struct stress_thread *t, struct stress_op *op, const struct stress_pool *p)
{
	struct model_answer due = {.nr = 1, .bytes = POOL_PAGE};
	uint64_t bytes = 0;
	int err = iommu_unmap(t->st->space[0], p->at.phys, POOL_PAGE, &bytes, NULL);

	stress_judge(t, op, &due, err, bytes);
}

/* The device's write in full: to the page that is or was mapped, to the page whose physical address it is, or nowhere. */
static void pool_judge(struct stress_thread *t, struct stress_op *op, const struct stress_pool *p,
		       const struct stamp *stamp, int status)
{
	bool readonly = op->variant == 4;
	enum failure_class class = readonly ? FAILURE_READONLY_WRITE : FAILURE_UNMAPPED_ACCESS;
	const unsigned char *at = p->at.va;
	struct fail why = {0};
	bool reached = false;

	for (unsigned int i = 0; i < POOL_PAGE && !reached; i++)
		reached = at[i] != POOL_CANARY;
	if (reached) {
		stress_mismatch(t, op, FAILURE_UNTRANSLATED, "the device to be refused",
				"its write reached physical address 0x%" PRIx64, p->at.phys);
		fail_set(&why, EREMOTEIO, "the device's write reached physical address 0x%" PRIx64, p->at.phys);
		session_forbid(t->st->s, &why);
	} else if (!stamp_verify(p->victim.va, POOL_PAGE, stamp)) {
		stress_mismatch(t, op, class, "the device to be refused", "its write reached memory that %s",
				readonly ? "is mapped read-only" : "was unmapped before");
	} else if (!status && dev_limits(session_dev(t->st->s))->reports_faults) {
		stress_mismatch(t, op, class, "the device to be refused",
				"it reports that its write at iova 0x%" PRIx64 " was done", op->iova);
	}
	op->err = -status;
	t->refused[op->kind] += status != 0;
}

int stress_pool_denied(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	const struct stress_pool *p = &t->st->pool[t->index];
	struct stamp stamp = {session_stamp_id(t->st->s), stamp_generation(op->thread, op->n), p->at.phys};
	iova_t src = t->slots[op->slot].iova;
	int status = 0, err = pool_map(t, op, p, f);

	if (err)
		return err == -EEXIST ? 0 : err;
	memset(p->at.va, POOL_CANARY, POOL_PAGE);
	/* used once while mapped, so that a translation is cached */
	if (op->variant == 3) {
		err = stress_transfer(t, src, p->at.phys, op->size, &status, f);
		if (err)
			return err;
		pool_unmap(t, op, p);
	}
	stamp_fill(p->victim.va, POOL_PAGE, &stamp);
	err = stress_transfer(t, src, p->at.phys, op->size, &status, f);
	if (err)
		return err;
	pool_judge(t, op, p, &stamp, status);
	if (op->variant == 4 && session_is_quiet(t->st->s))
		pool_unmap(t, op, p);
	return 0;
}
