/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops of several threads. Each worker is three: one maps and unmaps, one has the device move, one verifies, and three loops go round
 * between them, each at a place of its own. So of every worker DMA, the churn of mappings and the verifier go on at once, beside
 * those of the others; while each loop on its own still is what it is in one thread: mapped, moved, verified and buried, unmapped, and the
 * next one mapped at its place.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/compare/priv.h"
#include "iommu/ledger.h"

/* --- the verifier --- */

/* Who has that IOVA by now: a stale or foreign write most often is of its loop. The ledger is read beside those who change it. */
static void pipe_tell_owner(const struct compare_loop *l, struct failure *bad)
{
	size_t at = strlen(bad->text);
	struct ledger_entry e;

	/* its own place is its own still */
	if (bad->iova - l->iova < l->size)
		return;
	if (bad->has_memory && at < sizeof(bad->text) &&
	    ledger_find(iommu_ledger(session_iommu(l->c->s)), (struct iova_range){bad->iova, bad->iova}, &e) &&
	    !strcmp(e.tag, "compare"))
		snprintf(bad->text + at, sizeof(bad->text) - at, "; thread %u has it mapped now", e.owner);
}

/*
 * A write that landed in a grave may have been told with an earlier loop than the one that it is of; or where one was told before, at
 * the same place: what is stale stays so.
 */
static bool pipe_is_explained(const struct compare_loop *l)
{
	const struct iova_range at = {l->iova, l->iova + (l->size - 1)};
	const struct compare_thread *t = l->t;

	for (unsigned int i = 0; i < MIN(t->nr_explained, (unsigned int)COMPARE_EXPLAINED); i++)
		if (t->explained[i].generation == l->op || iova_range_overlaps(t->explained[i].at, at))
			return true;
	return false;
}

static void pipe_verify(struct compare_thread *t, struct compare_parcel *p)
{
	struct compare_loop *l = &p->l;

	compare_verify_memory(l);
	graveyard_verify(l);
	l->graveyard_hit |= pipe_is_explained(l);
	for (unsigned int i = 0; i < l->nr; i++)
		pipe_tell_owner(l, &l->found[i]);
	p->retired = graveyard_evict(t);
	graveyard_bury(l);
}

static void *pipe_verifier(void *arg)
{
	struct compare_thread *t = arg;
	struct queue_node *node;

	while ((node = queue_take(&t->judge)) != &t->last) {
		struct compare_parcel *p = container_of(node, struct compare_parcel, node);

		if (p->moved)
			pipe_verify(t, p);
		queue_give(&t->back, node);
	}
	return NULL;
}

/* --- the device's DMA --- */

static void *pipe_mover(void *arg)
{
	struct compare_thread *t = arg;
	struct queue_node *node;

	do {
		struct compare_parcel *p;

		node = queue_take(&t->move);
		p = container_of(node, struct compare_parcel, node);
		if (node != &t->last && !p->err) {
			compare_stamp(&p->l);
			p->err = compare_transfer(&p->l, &p->fail);
			p->moved = !p->err;
		}
		queue_give(&t->judge, node);
	} while (node != &t->last);
	return NULL;
}

/* --- maps and unmaps --- */

static int pipe_undo(struct compare_parcel *p, struct fail *f)
{
	struct compare_loop *l = &p->l;
	/* what left the graveyard: before the unmap under test, so that nothing is unmapped between that and the next loop's DMA */
	int err = slab_recycle(l, &p->retired, f);

	if (!err)
		err = compare_unmap(l, f);
	/* what was not buried */
	return err ? err : slab_recycle(l, &l->mem, f);
}

/* The loop in @p has been to the other two. */
static int pipe_finish(struct compare_parcel *p, struct fail *f)
{
	struct compare_loop *l = &p->l;
	struct compare_thread *t = l->t;
	int err = p->err, undo, commit;

	if (!p->begun)
		return 0;
	p->begun = false;
	if (err < 0)
		*f = p->fail;
	if (!session_is_quiet(l->c->s))
		return err < 0 ? err : -EBUSY; /* the device may still write: nothing is unmapped or freed any more */
	if (p->moved)
		t->bytes += l->payload * ((unsigned int)l->c->res->read + (unsigned int)l->c->res->write);
	undo = pipe_undo(p, err < 0 ? NULL : f);
	err = err < 0 ? err : undo;
	if (err >= 0)
		err = compare_probe(l, f);
	commit = compare_commit(l, err < 0 ? NULL : f);
	return err < 0 ? err : commit;
}

/* The next loop into @p, and on its way. */
static int pipe_begin(struct compare_thread *t, struct compare_parcel *p, uint64_t n, struct fail *f)
{
	int err;

	p->l = (struct compare_loop){
		.c = t->c, .t = t, .n = n, .found = p->found, .window = (unsigned int)(p - t->parcels)};
	p->moved = false;
	p->fail.err = 0;
	err = compare_begin(&p->l, f);
	if (err)
		return err;
	compare_count(&p->l);
	p->begun = true;
	p->err = compare_map_in(&p->l, &p->fail);
	return 0;
}

static int pipe_turn(struct compare_thread *t, struct compare_parcel *p, uint64_t n, struct fail *f)
{
	bool first = !p->begun;
	int err = pipe_finish(p, f);

	if (!err && t->c->p->delay_ns && !first && !t->c->stop)
		clock_sleep_ns(t->c->p->delay_ns, &session_signal);
	if (!err)
		err = pipe_begin(t, p, n, f);
	return err;
}

static struct compare_parcel *pipe_take(struct compare_thread *t)
{
	return container_of(queue_take(&t->back), struct compare_parcel, node);
}

void compare_pipe_main(struct compare_thread *t)
{
	struct compare *c = t->c;
	unsigned int away = 0;
	struct fail why = {0};
	int err = 0, one;

	/* the first ones are at hand */
	for (uint64_t n = t->index; compare_more(t, n) && !err; n += c->p->threads) {
		struct compare_parcel *p = away < COMPARE_PARCELS ? &t->parcels[away] : pipe_take(t);

		err = pipe_turn(t, p, n, &t->fail);
		if (err) {
			away -= away == COMPARE_PARCELS;
			break;
		}
		queue_give(&t->move, &p->node);
		away += away < COMPARE_PARCELS;
		if (t->index == 0)
			err = compare_look(t, &t->fail);
	}
	while (away--) {
		one = pipe_finish(pipe_take(t), &why);
		if (one && !err) {
			err = one;
			t->fail = why;
		}
	}
	t->err = err;
	if (err)
		c->stop = true;
	queue_give(&t->move, &t->last);
}

static void pipe_free(struct compare_thread *t)
{
	queue_exit(&t->move);
	queue_exit(&t->judge);
	queue_exit(&t->back);
}

int compare_pipe_start(struct compare_thread *t, struct fail *f)
{
	int err;

	queue_init(&t->move);
	queue_init(&t->judge);
	queue_init(&t->back);
	err = pthread_create(&t->mover, NULL, pipe_mover, t);
	if (!err) {
		err = pthread_create(&t->verifier, NULL, pipe_verifier, t);
		if (!err)
			return 0;
		queue_give(&t->move, &t->last);
		pthread_join(t->mover, NULL);
	}
	pipe_free(t);
	return fail_set(f, err, "cannot start threads for worker %u", t->index);
}

void compare_pipe_end(struct compare_thread *t)
{
	pthread_join(t->mover, NULL);
	pthread_join(t->verifier, NULL);
	pipe_free(t);
	/* the graves of the last loops have not been looked at since */
	if (!t->err)
		t->err = compare_last(t, &t->fail);
}
