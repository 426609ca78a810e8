/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between rounds: what the machine says held against what the models say, and the ops that take everything. By thread 0 alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/stress/priv.h"
#include "iommu/ledger.h"

#define QUIET_FAULTS_NS 20000000 /* one look, whatever is being logged */

struct quiet_sum {
	struct iova_range window;
	uint64_t bytes;
	const struct iova_space *legal;
	iova_t outside;
	bool is_outside;
};

static int quiet_add(const struct ledger_entry *e, void *arg)
{
	struct quiet_sum *sum = arg;

	if (e->range.start > sum->window.last)
		return 1;
	if (e->range.last >= sum->window.start)
		sum->bytes += e->range.last - e->range.start + 1;
	return 0;
}

/* The ledger, which iommu/ keeps from the answers, and the models, which know the rules, have to come to the same. */
static void quiet_ledger(struct stress *st, struct stress_thread *t, struct stress_op *op)
{
	for (unsigned int i = 0; i < st->nr_spaces && !t->broken; i++) {
		struct quiet_sum sum = {.bytes = 0};

		for (unsigned int k = 0; k < t->window.nr; k++) {
			sum.window = t->window.part[k];
			ledger_each(iommu_ledger(st->space[i]), quiet_add, &sum);
		}
		if (sum.bytes == model_bytes(t->model[i]))
			continue;
		stress_mismatch(&st->threads[0], op, FAILURE_CLASSES, "the ledger to have what the model has",
				"0x%" PRIx64 " bytes in the windows of thread %u instead of 0x%" PRIx64, sum.bytes,
				t->index, model_bytes(t->model[i]));
	}
}

static int quiet_legal(const struct ledger_entry *e, void *arg)
{
	struct quiet_sum *sum = arg;

	if (space_contains(sum->legal, e->range))
		return 0;
	sum->outside = e->range.start;
	sum->is_outside = true;
	return 1;
}

/* Nothing is mapped but where the kernel says that something may be. */
static void quiet_ranges(struct stress *st, struct stress_op *op)
{
	struct iova_space all;
	struct quiet_sum sum = {.legal = &all};

	if (!st->caps->ranges_known || !st->caps->nr_ranges)
		return;
	all.nr = st->caps->nr_ranges;
	memcpy(all.r, st->caps->ranges, all.nr * sizeof(all.r[0]));
	ledger_each(iommu_ledger(st->space[0]), quiet_legal, &sum);
	if (sum.is_outside)
		stress_mismatch(&st->threads[0], op, FAILURE_RESERVED_ACCEPTED, "mappings inside of the apertures only",
				"one at iova 0x%" PRIx64, sum.outside);
}

static int quiet_excess(struct stress *st, int64_t *pages)
{
	int err = session_pin_excess(st->s, pages);

	*pages -= st->pins_excess;
	return err;
}

static void quiet_pins(struct stress *st, struct stress_op *op)
{
	int64_t pages = 0;

	/* freeing may be deferred for a moment: only a level that stays is told */
	for (unsigned int try = 0; try < 5; try++) {
		if (quiet_excess(st, &pages) || !pages)
			return;
		if (!session_is_simulated(st->s))
			clock_sleep_ns(10000000, NULL);
	}
	st->pins_excess += pages;
	op->size = (uint64_t)(pages < 0 ? -pages : pages) * 4096;
	stress_mismatch(&st->threads[0], op, FAILURE_PIN_LEAK, "as many pages pinned as are mapped",
			"%" PRId64 " pages %s", pages < 0 ? -pages : pages, pages < 0 ? "too few" : "too many");
	op->size = 0;
}

static bool quiet_fault_is_due(const struct stress *st, const struct dma_fault *fault)
{
	unsigned int any = 0;

	for (unsigned int i = 0; i < st->nr_threads; i++) {
		const struct stress_thread *t = &st->threads[i];

		any += t->nr_denied;
		for (unsigned int k = 0; k < t->nr_denied && fault->iova_known; k++)
			if (fault->iova >= t->denied[k].start && fault->iova <= t->denied[k].last)
				return true;
	}
	/* QEMU's AMD IOMMU logs no address; and what only came at the time may be another device's */
	return (!fault->iova_known && any) || (fault->tie == FAULT_TIE_TIME && !fault->alone);
}

static void quiet_faults(struct stress *st, struct stress_op *op, bool judge)
{
	uint64_t until = clock_ns() + QUIET_FAULTS_NS;
	struct dma_fault batch[64];
	unsigned int n = 0, lost = 0;
	bool seen;

	do {
		if (session_faults(st->s, batch, ARRAY_SIZE(batch), &n, &seen, &lost))
			break;
		for (unsigned int i = 0; i < n; i++) {
			if (!judge || quiet_fault_is_due(st, &batch[i]) || st->threads[0].broken)
				continue;
			op->iova = batch[i].iova;
			stress_mismatch(&st->threads[0], op, FAILURE_DMA_ERROR, "no fault where none was due", "%.150s",
					batch[i].raw);
			op->iova = 0;
		}
	} while (n == ARRAY_SIZE(batch) && clock_ns() < until);
}

static void quiet_kernel(struct stress *st, struct stress_op *op)
{
	const char *complaint = session_kernel_complaint(st->s);

	if (!complaint[0] || st->res->failures.count[FAILURE_KERNEL])
		return;
	stress_mismatch(&st->threads[0], op, FAILURE_KERNEL, "the kernel does not complain", "%.150s", complaint);
}

/* The shared window is emptied: now it is certain what was mapped there, and all of it has to be told. */
static void quiet_shared(struct stress *st, struct stress_op *op, bool judge)
{
	uint64_t mapped = 0, unmapped = 0, bytes = 0;
	bool doubt = false;
	int err;

	for (unsigned int i = 0; i < st->nr_threads; i++) {
		struct stress_thread *t = &st->threads[i];

		mapped += t->shared_mapped;
		unmapped += t->shared_unmapped;
		doubt |= t->shared_doubt;
		t->shared_mapped = t->shared_unmapped = 0;
		t->shared_doubt = false;
	}
	if (!mapped)
		return;
	op->kind = STRESS_COLLIDE;
	op->variant = 1;
	op->iova = st->shared.part[0].start;
	op->size = st->shared.bytes;
	err = iommu_unmap(st->space[0], op->iova, op->size, &bytes, NULL);
	unmapped += bytes;
	if (judge && ((err && err != -ENOENT) || unmapped > mapped || (unmapped < mapped && !doubt)))
		stress_mismatch(&st->threads[0], op, FAILURE_SHORT_UNMAP, "all that was mapped to be unmapped",
				"0x%" PRIx64 " bytes of 0x%" PRIx64 "%s%s", unmapped, mapped, err ? ": " : "",
				err ? strerror(-err) : "");
	op->kind = STRESS_CHECK;
	op->iova = op->size = 0;
}

static bool quiet_is_broken(const struct stress *st)
{
	for (unsigned int i = 0; i < st->nr_threads; i++)
		if (st->threads[i].broken)
			return true;
	return false;
}

/* A mismatch may mean that nothing is translated any more: then it is asked before the device is given another address. */
static int quiet_canary(struct stress *st, bool end, struct fail *f)
{
	uint64_t transfers = 0;

	for (unsigned int i = 0; i < st->nr_threads; i++)
		transfers += st->threads[i].transfers;
	/* an episode that counts by itself may be too short for the next look */
	if (!st->has_dma || (transfers - st->transfers_at < SESSION_CANARY_EVERY && !quiet_is_broken(st) &&
			     !(end && st->p->fresh && !st->hardware)))
		return 0;
	st->transfers_at = transfers;
	return session_canary(st->s, f);
}

/* What a mismatch leaves is told no second time: the level from which the next episode counts. */
static void quiet_settle(struct stress *st)
{
	if (session_pin_excess(st->s, &st->pins_excess))
		st->pins_excess = 0;
}

static void quiet_look(struct stress *st, struct stress_op *op)
{
	bool broken = quiet_is_broken(st);

	st->res->checks++;
	quiet_shared(st, op, !broken);
	quiet_faults(st, op, !broken);
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		if (!broken)
			quiet_ledger(st, &st->threads[i], op);
		st->threads[i].nr_denied = 0;
	}
	if (!broken) {
		quiet_ranges(st, op);
		quiet_pins(st, op);
	}
	quiet_kernel(st, op);
}

/* A mismatch that no op of a thread's is to blame for is told with one of these. */
static struct stress_op quiet_op(struct stress *st, unsigned int which)
{
	return (struct stress_op){.n = STRESS_QUIET_N + 4 * st->round + which, .kind = STRESS_CHECK};
}

/* Done and kept in the trace as thread 0's. */
static int quiet_do(struct stress *st, enum stress_kind kind, unsigned int which, struct fail *f)
{
	struct stress_thread *t = &st->threads[0];
	struct stress_op op = quiet_op(st, which);

	op.kind = kind;
	if (t->broken || t->nr_ops == st->ops_room || !stress_verbs[kind]->draw(t, &op))
		return 0;
	return stress_do(t, &op, f);
}

static enum stress_kind quiet_kind(const struct stress *st, const struct stress_op *op)
{
	uint64_t at = stress_draw_below(&st->threads[0], op, "kind", st->quiet_sum);
	unsigned int k = 0;

	while (at >= st->quiet_weight[k])
		at -= st->quiet_weight[k++];
	return (enum stress_kind)k;
}

int stress_quiet_round(struct stress *st, struct fail *f)
{
	struct stress_op op = quiet_op(st, 0), look = quiet_op(st, 1);
	int err = 0;

	quiet_look(st, &look);
	if (atomic_load(&st->stop))
		return 0;
	/* is what was unmapped out of reach? */
	if (st->weight[STRESS_DMA_DENIED])
		err = quiet_do(st, STRESS_DMA_DENIED, 2, f);
	if (!err && st->quiet_sum && stress_draw_once_in(&st->threads[0], &op, "quiet", 3))
		err = quiet_do(st, quiet_kind(st, &op), 0, f);
	return err ? err : quiet_canary(st, false, f);
}

void stress_quiet_undo(struct stress *st)
{
	struct ledger_entry left;
	struct fail why = {0};
	uint64_t bytes;

	/* one call may stop half way */
	for (unsigned int try = 0; try < 3 && st->shared.nr; try++)
		if (ledger_find(iommu_ledger(st->space[0]), st->shared.part[0], &left))
			iommu_unmap(st->space[0], st->shared.part[0].start, st->shared.bytes, &bytes, NULL);
	stress_dirty_end(st, &why);
}

/* Everything has been unmapped and checked by its thread. */
int stress_quiet_end(struct stress *st, struct fail *f)
{
	struct stress_op look = quiet_op(st, 3);
	int err;

	quiet_look(st, &look);
	if (quiet_is_broken(st))
		quiet_settle(st);
	for (unsigned int i = 0; i < st->nr_threads && !quiet_is_broken(st); i++)
		for (unsigned int k = 0; k < st->nr_spaces; k++)
			if (model_bytes(st->threads[i].model[k]) && !st->threads[i].broken)
				stress_mismatch(&st->threads[0], &look, FAILURE_CLASSES,
						"nothing to be left at the end",
						"thread %u's model has 0x%" PRIx64 " bytes", i,
						model_bytes(st->threads[i].model[k]));
	if (quiet_is_broken(st))
		stress_pins_begin(st);
	else
		stress_pins_end(st, &look);
	err = stress_dirty_end(st, f);
	return err ? err : quiet_canary(st, true, f);
}
