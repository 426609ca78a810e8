/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each thread of stress does in a round, and how it takes everything back at an episode's end. */
#include <errno.h>

#include "base/clock.h"
#include "core/stress/priv.h"

#define THREAD_TRIES 4
#define THREAD_CLOCK 8 /* ops between two looks at the time */

int stress_do(struct stress_thread *t, const struct stress_op *drawn, struct fail *f)
{
	struct stress_op *op = &t->ops[t->nr_ops++];
	int err;

	*op = *drawn;
	op->ticket = atomic_fetch_add_explicit(&t->st->ticket, 1, memory_order_relaxed);
	err = stress_verbs[op->kind]->exec(t, op, f);
	op->done = !err || op->mismatch;
	/* left out, as no DMA is done any more */
	if (err == -ECANCELED)
		return t->err;
	t->per_kind[op->kind]++;
	t->done++;
	return err ? err : t->err;
}

static enum stress_kind thread_kind(const struct stress_thread *t, const struct stress_op *op, unsigned int try)
{
	static const char *const places[THREAD_TRIES] = {"kind", "kind 2", "kind 3", "kind 4"};
	const struct stress *st = t->st;
	uint64_t at = stress_draw_below(t, op, places[try], st->weight_sum);
	unsigned int k = 0;

	while (at >= st->weight[k])
		at -= st->weight[k++];
	return (enum stress_kind)k;
}

/* Where nothing fits there is too little or too much mapped. */
static bool thread_draw(struct stress_thread *t, struct stress_op *op)
{
	static const enum stress_kind rest[] = {STRESS_MAP, STRESS_UNMAP, STRESS_CHECK};
	const struct stress_op bare = *op;

	for (unsigned int try = 0; try < THREAD_TRIES + ARRAY_SIZE(rest); try++) {
		*op = bare;
		op->kind = try < THREAD_TRIES ? thread_kind(t, op, try) : rest[try - THREAD_TRIES];
		if (stress_verbs[op->kind]->draw(t, op))
			return true;
	}
	return false;
}

static bool thread_goes_on(struct stress_thread *t, unsigned int i)
{
	struct stress *st = t->st;

	if (session_signal || stress_is_over(st))
		return false;
	if (!st->until_ns || i % THREAD_CLOCK || clock_ns() < st->until_ns)
		return true;
	atomic_store(&st->over, true);
	atomic_store(&st->stop, true);
	return false;
}

void stress_thread_round(struct stress_thread *t)
{
	for (unsigned int i = 0; i < t->round_ops && thread_goes_on(t, i); i++) {
		struct stress_op op = {.n = t->next_n++, .thread = t->index};

		if (!thread_draw(t, &op))
			continue;
		t->err = stress_do(t, &op, &t->fail);
		if (!t->err)
			continue;
		atomic_store(&t->st->over, true);
		atomic_store(&t->st->stop, true);
	}
}

/* What a mismatch leaves is not as the model has it: whatever is in the windows goes. */
static void thread_clean(struct stress_thread *t)
{
	struct stress *st = t->st;
	uint64_t bytes;

	for (unsigned int i = 0; i < st->nr_spaces; i++) {
		/* one that sticks out of a range stops some: they are tried again from there on */
		for (unsigned int k = 0; k < t->window.nr; k++)
			for (unsigned int try = 0; try < 3; try++)
				iommu_unmap(st->space[i], t->window.part[k].start,
					    t->window.part[k].last - t->window.part[k].start + 1, &bytes, NULL);
		model_reset(t->model[i]);
	}
	for (unsigned int i = 0; i < STRESS_SLOTS; i++)
		t->slots[i] = (struct stress_slot){.state = SLOT_EMPTY};
}

/* As ops like others, so that a trace has them. */
static int thread_end_slot(struct stress_thread *t, unsigned int slot, struct fail *f)
{
	const struct stress_slot *s = &t->slots[slot];
	struct stress_op op = {.n = t->next_n++,
			       .kind = STRESS_CHECK,
			       .thread = t->index,
			       .slot = slot,
			       .iova = s->iova,
			       .size = s->size};
	int err = stress_do(t, &op, f);

	if (err || t->broken || s->state == SLOT_HELD)
		return err;
	op.kind = STRESS_UNMAP;
	op.n = t->next_n++;
	return stress_do(t, &op, f);
}

static int thread_end_slots(struct stress_thread *t, struct fail *f)
{
	uint64_t done = t->done;
	int err = 0;

	for (unsigned int i = 0; i < STRESS_SLOTS && !err && !t->broken; i++)
		if (t->slots[i].state != SLOT_EMPTY)
			err = thread_end_slot(t, i, f);
	/* they come on top of what was asked for */
	t->done = done;
	return err;
}

void stress_thread_end(struct stress_thread *t)
{
	struct stress_op op = {.n = t->next_n, .kind = STRESS_CHECK, .thread = t->index};

	/* nothing is unmapped from under a device that would not stop */
	if (!session_is_quiet(t->st->s))
		return;
	if (!t->err && !t->broken)
		t->err = thread_end_slots(t, &t->fail);
	for (unsigned int k = 1; k < t->st->nr_spaces && !t->broken && !t->err; k++)
		for (unsigned int i = 0; i < STRESS_SLOTS && !t->broken; i++)
			if (t->slots[i].mem)
				stress_slot_unmap(t, &op, k, t->slots[i].mem);
	if (!t->err && !t->broken)
		stress_mem_check_all(t, &op);
	if (t->err || t->broken)
		thread_clean(t);
	for (unsigned int i = 0; i < STRESS_SLOTS; i++)
		t->slots[i] = (struct stress_slot){.state = SLOT_EMPTY};
	stress_mem_empty(t);
}

void *stress_thread_main(void *arg)
{
	struct stress_thread *t = arg;
	struct stress *st = t->st;

	/* until all of them are there */
	pthread_mutex_lock(&st->lock);
	pthread_mutex_unlock(&st->lock);
	for (;;) {
		pthread_barrier_wait(&st->barrier);
		if (st->phase == STRESS_PHASE_OVER)
			return NULL;
		if (st->phase == STRESS_PHASE_ROUND)
			stress_thread_round(t);
		else
			stress_thread_end(t);
		pthread_barrier_wait(&st->barrier);
	}
}
