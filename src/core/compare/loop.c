/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One turn: memory, map, stamp, DMA, verify, bury, unmap, look at the graves. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/compare/priv.h"

static int loop_memory(struct compare_loop *l, struct fail *f)
{
	struct compare_thread *t = l->t;

	if (!t->spare.va || t->spare.size < l->size)
		return slab_take(l, f);
	l->mem = t->spare;
	t->spare.va = NULL;
	return 0;
}

static int loop_map(struct compare_loop *l, struct fail *f)
{
	struct iommu_map_req req = {
		.prot = IOMMU_PROT_RW, .tag = "compare", .owner = l->t->index, .file = &l->mem.slab->mem};
	struct failure *bad;
	int err;

	l->va = l->mem.va;
	while (l->mapped < l->size) {
		req.va = l->mem.va + l->mapped;
		req.size = compare_piece(l, l->mapped);
		req.iova = l->iova + l->mapped;
		req.kernel_iova = l->c->p->iova_mode == COMPARE_KERNEL;
		err = req.kernel_iova ? session_map_chosen(l->c->s, session_iommu(l->c->s), &req, f)
				      : iommu_map(session_iommu(l->c->s), &req, f);
		if (err != -EEXIST && err != -EADDRINUSE) {
			if (err)
				return err;
			if (!l->mapped)
				l->iova = req.iova;
			l->mapped += req.size;
			continue;
		}
		bad = compare_found(l, FAILURE_MAP_REFUSED, req.iova, req.size);
		snprintf(bad->text, sizeof(bad->text),
			 "mapping 0x%" PRIx64 " bytes at iova 0x%" PRIx64 " was refused where nothing is mapped: %s",
			 req.size, req.iova, strerror(-err));
		return 1;
	}
	return compare_table(l, l->va, l->iova, l->size, true, l->mem.slab->pinned + 1, f);
}

static int loop_unmap_piece(struct compare_loop *l, uint64_t offset, uint64_t size, struct fail *f)
{
	uint64_t unmapped = 0;
	struct failure *bad;
	int err = iommu_unmap(session_iommu(l->c->s), l->iova + offset, size, &unmapped, f);

	if (err || unmapped == size || l->bytes_doubtful)
		return err;
	bad = compare_found(l, FAILURE_SHORT_UNMAP, l->iova + offset, size);
	snprintf(bad->text, sizeof(bad->text),
		 "unmapping 0x%" PRIx64 " bytes at iova 0x%" PRIx64 " reported 0x%" PRIx64 " bytes", size,
		 l->iova + offset, unmapped);
	return 0;
}

static int loop_unmap_all(struct compare_loop *l, struct fail *f)
{
	uint64_t mapped = 0, unmapped = 0;
	struct failure *bad;
	int err = session_unmap_all(l->c->s, session_iommu(l->c->s), &mapped, &unmapped, f);

	if (mapped != unmapped) {
		bad = compare_found(l, FAILURE_SHORT_UNMAP, l->iova, mapped);
		snprintf(bad->text, sizeof(bad->text),
			 "unmapping everything, 0x%" PRIx64 " bytes, reported 0x%" PRIx64 " bytes", mapped, unmapped);
	}
	for (unsigned int i = 0; i < l->c->p->threads && !err; i++)
		err = slabs_repin(&l->c->threads[i], f);
	if (!err)
		err = compare_reference_rearm(l->c, f);
	if (!err)
		err = compare_probe_rearm(l->c, f);
	if (err != -EEXIST && err != -EADDRINUSE)
		return err;
	/* what was to be mapped again is said to be there still; without it nothing more can be done here */
	bad = compare_found(l, FAILURE_MAP_REFUSED, l->iova, mapped);
	snprintf(bad->text, sizeof(bad->text), "after everything was unmapped: %.150s: %s", f->text, strerror(-err));
	l->c->stop = true;
	return 0;
}

/* In mid-way: this piece is gone, the next one is not. */
static int loop_check_border(struct compare_loop *l, uint64_t at, uint64_t step, struct fail *f)
{
	int pins = l->mem.slab->pinned, err;

	err = compare_table(l, l->va + at, l->iova + at, step, false, pins, f);
	return err ? err : compare_table(l, l->va + at + step, l->iova + at + step, step, true, pins + 1, f);
}

/* Undo the mapping in the way that is under test. With --map-granule random one unmap spans the pieces. */
static int loop_unmap(struct compare_loop *l, struct fail *f)
{
	uint64_t mapped = l->mapped, step = mapped;
	int err = 0;

	l->mapped = 0;
	if (!mapped)
		return 0;
	if (l->c->p->unmap == COMPARE_UNMAP_ALL)
		return loop_unmap_all(l, f);
	if (l->c->p->unmap == COMPARE_UNMAP_PAGE)
		step = compare_piece(l, 0);
	for (uint64_t at = 0; at < mapped && !err; at += step) {
		err = loop_unmap_piece(l, at, MIN(step, mapped - at), f);
		if (!err && at + step < mapped)
			err = loop_check_border(l, at, step, f);
	}
	return err;
}

/* Whatever the way, afterwards nothing of it may be left. */
int compare_unmap(struct compare_loop *l, struct fail *f)
{
	uint64_t mapped = l->mapped;
	int err = loop_unmap(l, f);

	if (err || !mapped)
		return err;
	return compare_table(l, l->va, l->iova, mapped, false, l->mem.slab->pinned, f);
}

int compare_probe(struct compare_loop *l, struct fail *f)
{
	const struct compare_params *p = l->c->p;
	int err = 0;

	if (p->probe_unmapped)
		err = compare_probe_unmapped(l, f);
	if (!err && p->readonly)
		err = compare_probe_readonly(l, f);
	return err;
}

/*
 * A write that landed in a grave explains the poison where it should have gone: one fault is told once, by the page that
 * was hit.
 */
static void loop_explain(struct compare_loop *l)
{
	unsigned int kept = 0;

	if (!l->graveyard_hit)
		return;
	for (unsigned int i = 0; i < l->nr; i++)
		if (l->found[i].class != FAILURE_UNWRITTEN)
			l->found[kept++] = l->found[i];
	l->nr = kept;
}

/*
 * A failure may mean that nothing is translated any more: the canary is asked before the failure gets its name. Once it
 * said so, every failure of that moment has that cause.
 */
static int loop_ask_canary(struct compare_loop *l, struct fail *f)
{
	struct compare *c = l->c;
	struct fail why = {0};
	struct failure *bad;
	int err;

	pthread_mutex_lock(&c->lock);
	compare_count_canary(c);
	err = session_canary(c->s, &why);
	pthread_mutex_unlock(&c->lock);
	if (err && err != -EREMOTEIO && f)
		*f = why;
	if (err != -EREMOTEIO)
		return err;
	c->res->untranslated = true;
	l->nr = 0;
	bad = compare_found(l, FAILURE_UNTRANSLATED, l->iova, l->payload);
	snprintf(bad->text, sizeof(bad->text), "%.190s", why.text);
	return 0;
}

static int loop_log(const struct compare_loop *l, struct fail *f)
{
	struct compare *c = l->c;
	struct report *r;
	int err;

	pthread_mutex_lock(&c->lock);
	r = report_log_begin(c->log);
	report_num(r, "loop", l->n);
	report_num(r, "thread", l->t->index);
	report_hex(r, "iova", l->iova);
	report_num(r, "size", l->payload);
	report_str(r, "result", l->nr ? "fail" : "pass");
	if (l->nr) {
		report_str(r, "class", failure_name(l->found[0].class));
		report_str(r, "text", l->found[0].text);
	}
	err = report_log_commit(c->log);
	pthread_mutex_unlock(&c->lock);
	return err ? fail_set(f, err, "cannot write the log %s", c->p->log_path) : 0;
}

int compare_commit(struct compare_loop *l, struct fail *f)
{
	struct compare *c = l->c;
	int err = 0, log_err;

	loop_explain(l);
	if (l->nr)
		err = loop_ask_canary(l, f);
	for (unsigned int i = 0; i < l->nr; i++)
		failures_add(&c->res->failures, &l->found[i]);
	if ((l->nr && !c->p->keep_going) || c->res->untranslated)
		c->stop = true;
	log_err = c->log ? loop_log(l, err ? NULL : f) : 0;
	return err ? err : log_err;
}

int compare_begin(struct compare_loop *l, struct fail *f)
{
	int err;

	l->op = stamp_generation(l->t->index, l->t->loops);
	err = compare_choose(l, f);
	return err ? err : loop_memory(l, f);
}

int compare_map_in(struct compare_loop *l, struct fail *f)
{
	return loop_map(l, f);
}

void compare_stamp(struct compare_loop *l)
{
	l->stamp = (struct stamp){session_stamp_id(l->c->s), l->op, l->iova};
	compare_prepare_memory(l);
}

void compare_count(const struct compare_loop *l)
{
	struct compare_thread *t = l->t;

	t->loops++;
	t->last_iova = l->iova;
	t->last_size = l->size;
	t->last_payload = l->payload;
}

/* Map, move, verify, bury, unmap. */
static int loop_body(struct compare_loop *l, struct fail *f)
{
	int err = compare_map_in(l, f), undo;

	if (!err) {
		compare_stamp(l);
		err = compare_transfer(l, f);
	}
	if (!session_is_quiet(l->c->s))
		return err ? err : -EBUSY; /* the device may still write: nothing is unmapped or freed any more */
	if (!err) {
		compare_verify_memory(l);
		graveyard_verify(l);
		l->t->bytes += l->payload * ((unsigned int)l->c->res->read + (unsigned int)l->c->res->write);
		if (l->c->p->iova_mode == COMPARE_ADVERSARIAL)
			err = compare_probe_refused(l, f);
	}
	if (!err)
		err = graveyard_retire(l, f);
	if (!err)
		graveyard_bury(l);
	undo = compare_unmap(l, err ? NULL : f);
	if (!undo)
		undo = slab_recycle(l, &l->mem, err ? NULL : f);
	return err ? err : undo;
}

int compare_one(struct compare_thread *t, uint64_t n, struct fail *f)
{
	struct compare_loop l = {.c = t->c, .t = t, .n = n, .found = t->found};
	int err = compare_begin(&l, f), commit;

	if (err)
		return err;
	err = loop_body(&l, f);
	if (err >= 0)
		err = compare_probe(&l, f);
	compare_count(&l);
	commit = compare_commit(&l, err < 0 ? NULL : f);
	if (t->c->p->delay_ns && !t->c->stop)
		clock_sleep_ns(t->c->p->delay_ns, &session_signal);
	return err ? err : commit;
}

/* The graves of the last loops have not been looked at since: the device may have been late. */
int compare_last(struct compare_thread *t, struct fail *f)
{
	struct compare_loop l = {.c = t->c, .t = t, .found = t->found};

	if (!t->loops)
		return 0;
	l.n = t->loops;
	l.op = stamp_generation(t->index, t->loops);
	l.stamp.generation = l.op;
	l.iova = t->last_iova;
	l.size = t->last_size;
	l.payload = t->last_payload;
	graveyard_verify(&l);
	return l.nr ? compare_commit(&l, f) : 0;
}
