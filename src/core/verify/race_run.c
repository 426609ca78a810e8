/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of a race: those that write, those that read, and the one that disturbs them; what they did is judged in the end. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "core/verify/race_run.h"

#define RACE_PAUSE_NS 60000 /* at most, between two reads */

static uint64_t race_draw(struct race_thread *t, uint64_t n)
{
	return rng_below(rng_draw(t->seed, t->n, t->draws++), n);
}

static uint64_t race_stamp(struct race *r)
{
	return atomic_fetch_add(&r->clock, 1) + 1;
}

void race_pause(uint64_t ns)
{
	const struct timespec pause = {.tv_nsec = (long)ns};

	nanosleep(&pause, NULL);
}

/*
 * A busy machine may have a thread wait for longer than a race lasts. So that its log is not full before others have done anything, a part
 * of it is for each step.
 */
static bool race_is_ahead(const struct race *r, size_t nr, size_t max)
{
	return nr >= max / RACE_STEPS * (atomic_load(&r->step) + 1);
}

/* One write: most stay in a page, some go over its end. */
static int race_write(struct race_thread *t, struct race_write *w, int *status)
{
	struct race *r = t->race;
	struct verify *v = r->v;
	uint64_t len = verify_write_len(v), unit = v->unit, page = race_draw(t, r->pages);
	uint64_t off = page * unit + race_draw(t, unit / len) * len;
	int err;

	if (!race_draw(t, 4) && page + 1 < r->pages) {
		off = (page + 1) * unit - len;
		len *= 2;
	}
	w->first = (uint32_t)(off / unit);
	w->last = (uint32_t)((off + len - 1) / unit);
	if (v->caps.marks && r->plan->changes_tables)
		pthread_rwlock_rdlock(&r->tables);
	w->begin = race_stamp(r);
	err = verify_dma(v, t->n, r->area->iova + off, len, status, &t->f);
	w->end = race_stamp(r);
	if (v->caps.marks && r->plan->changes_tables)
		pthread_rwlock_unlock(&r->tables);
	return err;
}

/*
 * Marks are refused while tracking is off (Linux, iommufd_test_dirty()); the switch may have been turned while one was under way. What was
 * unmapped is refused by the IOMMU, or by the session where no canary has proven that there is one (EPERM).
 */
static bool race_excused(const struct race_thread *t, int err)
{
	const struct race *r = t->race;

	return (err == -EINVAL && r->v->caps.marks && r->plan->switches) ||
	       ((err == -EPERM || err == -EFAULT) && r->plan->unmaps && atomic_load(&r->unmapping));
}

static void *race_writer(void *arg)
{
	struct race_thread *t = arg;
	struct race *r = t->race;

	while (!atomic_load(&r->end_writes) && t->nr < RACE_WRITES_MAX) {
		int status = 0, err;

		if (race_is_ahead(r, t->nr, RACE_WRITES_MAX)) {
			race_pause(RACE_PAUSE_NS);
			continue;
		}
		err = race_write(t, &t->writes[t->nr], &status);
		atomic_fetch_add(&t->tries, 1);
		err = err ? err : status;
		if (!err) {
			t->nr++;
		} else if (race_excused(t, err)) {
			/* one over a page border may have been refused for its second page alone */
			t->writes[t->nr].refused = status;
			t->nr += !!status;
			race_pause(RACE_PAUSE_NS);
		} else {
			if (status)
				fail_set(&t->f, err, "the device was refused its write");
			t->err = err;
			break;
		}
	}
	atomic_store(&t->has_ended, true);
	return NULL;
}

/* A read of the thread's part, noted. @unmap: and it is all unmapped by that. */
static int race_read(struct race_thread *t, enum race_kind kind, bool unmap)
{
	struct race *r = t->race;
	struct race_read *read = &t->reads[t->nr];
	uint64_t *bits = t->bits + t->nr * r->words, unit = r->v->unit, bytes;
	const struct dirty_read req = {.iova = r->area->iova + t->first * unit,
				       .length = t->pages * unit,
				       .page_size = unit,
				       .bits = bits,
				       .bytes = r->words * sizeof(*bits),
				       .keep = kind == RACE_KEEP};
	int err;

	*read = (struct race_read){.kind = kind, .first = t->first, .pages = t->pages, .bits = bits};
	read->begin = race_stamp(r);
	err = unmap ? iommu_dirty_unmap(&r->v->at, &req, &bytes, &t->f) : iommu_dirty_read(&r->v->at, &req, &t->f);
	read->end = race_stamp(r);
	t->nr += !err;
	return err;
}

static void *race_reader(void *arg)
{
	struct race_thread *t = arg;
	struct race *r = t->race;

	while (!t->err && !atomic_load(&r->end_reads) && t->nr < RACE_READS_MAX) {
		if (!race_is_ahead(r, t->nr, RACE_READS_MAX)) {
			t->err = race_read(t, t->kind, false);
			atomic_fetch_add(&t->tries, 1);
		}
		race_pause(race_draw(t, RACE_PAUSE_NS));
	}
	atomic_store(&t->has_ended, true);
	return NULL;
}

int race_read_all(struct race *r, enum race_kind kind, struct fail *f)
{
	int err = r->self.nr < RACE_READS_MAX ? race_read(&r->self, kind, false) : 0;

	return err ? fail_set(f, err, "%s", r->self.f.text) : 0;
}

int race_switch(struct race *r, uint64_t pause_ns, struct fail *f)
{
	struct race_thread *t = &r->self;
	struct race_read *reset = &t->reads[t->nr];
	int err;

	if (t->nr == RACE_READS_MAX)
		return 0;
	err = verify_switch(r->v, false, f);
	if (err)
		return err;
	race_pause(pause_ns);
	*reset = (struct race_read){.kind = RACE_RESET, .first = 0, .pages = r->pages};
	reset->begin = race_stamp(r);
	err = verify_switch(r->v, true, f);
	reset->end = race_stamp(r);
	t->nr += !err;
	return err;
}

static int race_thread_init(struct race *r, struct race_thread *t, unsigned int n, size_t writes, size_t reads)
{
	t->race = r;
	t->n = n;
	t->seed = verify_draw(r->v, 0);
	t->pages = r->pages;
	t->writes = writes ? calloc(writes, sizeof(*t->writes)) : NULL;
	t->reads = reads ? calloc(reads + RACE_READS_LAST, sizeof(*t->reads)) : NULL;
	t->bits = reads ? calloc((reads + RACE_READS_LAST) * r->words, sizeof(*t->bits)) : NULL;
	return (writes && !t->writes) || (reads && (!t->reads || !t->bits)) ? -ENOMEM : 0;
}

static void race_thread_free(struct race_thread *t)
{
	free(t->writes);
	free(t->reads);
	free(t->bits);
}

/* How many write: as asked, as many as the device has queues, four. Bits are marked on any. */
static unsigned int race_writers(const struct verify *v)
{
	unsigned int most = MIN(verify_queues(v), RACE_THREADS_MAX);

	return v->p->threads ? MIN(v->p->threads, most) : most;
}

static int race_init(struct race *r, struct fail *f)
{
	const struct race_plan *plan = r->plan;
	unsigned int clearers = MIN(plan->clearers, RACE_THREADS_MAX);
	int err = race_thread_init(r, &r->self, RACE_THREADS_MAX * 2 + 1, 0, RACE_READS_MAX);

	r->nr_writers = race_writers(r->v);
	r->nr_readers = clearers + plan->keeper;
	for (unsigned int i = 0; i < r->nr_writers && !err; i++)
		err = race_thread_init(r, &r->writers[i], i, RACE_WRITES_MAX, 0);
	for (unsigned int i = 0; i < r->nr_readers && !err; i++) {
		struct race_thread *t = &r->readers[i];

		err = race_thread_init(r, t, RACE_THREADS_MAX + i, 0, RACE_READS_MAX);
		t->kind = i < clearers ? RACE_CLEAR : RACE_KEEP;
		if (i >= clearers)
			continue;
		t->first = r->pages / clearers * i;
		t->pages = i + 1 < clearers ? r->pages / clearers : r->pages - t->first;
	}
	return err ? fail_set(f, err, "no memory for the log of a race") : 0;
}

static int race_map(struct race *r, struct fail *f)
{
	const struct race_plan *plan = r->plan;
	struct verify_want want = {.size = plan->grains * verify_small(r->v)};
	int err;

	if (plan->leaf) {
		want.leaf = want.align = plan->leaf;
		want.size = plan->leaf * 2;
	}
	err = verify_map(r->v, &want, &r->area, f);
	if (err)
		return err;
	r->pages = (uint32_t)(want.size / r->v->unit);
	r->words = bitmap_words(r->pages);
	return verify_start(r->v, f);
}

/* Threads that started: to be joined. */
struct race_crew {
	pthread_t writers[RACE_THREADS_MAX], readers[RACE_THREADS_MAX + 1];
	unsigned int nr_writers, nr_readers;
};

static int race_launch(struct race *r, struct race_crew *c, struct fail *f)
{
	int err = 0;

	while (!err && c->nr_readers < r->nr_readers) {
		err = pthread_create(&c->readers[c->nr_readers], NULL, race_reader, &r->readers[c->nr_readers]);
		c->nr_readers += !err;
	}
	while (!err && c->nr_writers < r->nr_writers) {
		err = pthread_create(&c->writers[c->nr_writers], NULL, race_writer, &r->writers[c->nr_writers]);
		c->nr_writers += !err;
	}
	return err ? fail_set(f, err, "cannot start a thread") : 0;
}

/* Writers first, so that readers see what they did last. */
static void race_join(struct race *r, struct race_crew *c)
{
	atomic_store(&r->end_writes, true);
	while (c->nr_writers)
		pthread_join(c->writers[--c->nr_writers], NULL);
	atomic_store(&r->end_reads, true);
	while (c->nr_readers)
		pthread_join(c->readers[--c->nr_readers], NULL);
}

static void race_ask(struct race_thread *t, unsigned int nr, unsigned int more)
{
	for (unsigned int i = 0; i < nr; i++)
		t[i].due = atomic_load(&t[i].tries) + more;
}

/* Whoever has ended, well or not, is not waited for. */
static bool race_have_done(const struct race_thread *t, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (atomic_load(&t[i].tries) < t[i].due && !atomic_load(&t[i].has_ended))
			return false;
	return true;
}

/* A race of a given length is about how it ends, and begins with two: one of the writers, one of the readers. */
static unsigned int race_steps(const struct race *r)
{
	return r->plan->duration_ms ? 2 : RACE_STEPS;
}

static void race_step_begin(struct race *r, unsigned int step)
{
	unsigned int writes = r->plan->duration_ms ? 1 : RACE_WRITES_MIN / (RACE_STEPS / 2);

	/* of two reads the second began in this step */
	race_ask(r->writers, r->nr_writers, step % 2 ? 0 : writes);
	race_ask(r->readers, r->nr_readers, step % 2 ? 2 : 0);
	atomic_store(&r->step, step);
}

/*
 * What a clear loses is what was written before it and is written again after it: a race shows little where no read lies between writes.
 * Whatever the machine is busy with, there is one after each writer's writes, and then writes of all again.
 */
static bool race_took_place(struct race *r)
{
	unsigned int step = atomic_load(&r->step);

	if (step == RACE_STEPS)
		return true;
	if (!race_have_done(r->writers, r->nr_writers) || !race_have_done(r->readers, r->nr_readers))
		return false;
	step = step + 1 < race_steps(r) ? step + 1 : RACE_STEPS;
	race_step_begin(r, step);
	return step == RACE_STEPS;
}

static int race_watch(struct race *r, struct fail *f)
{
	uint64_t ms = r->plan->duration_ms ? r->plan->duration_ms : RACE_MS;
	uint64_t end = clock_ns() + ms * 1000000;
	int err = 0;

	while (!err && (!race_took_place(r) || clock_ns() < end) && !session_signal) {
		if (!r->plan->disturb || race_is_ahead(r, r->self.nr, RACE_READS_MAX)) {
			race_pause(1000000);
			continue;
		}
		if (r->v->caps.marks && r->plan->changes_tables)
			pthread_rwlock_wrlock(&r->tables);
		err = r->plan->disturb(r, f);
		if (r->v->caps.marks && r->plan->changes_tables)
			pthread_rwlock_unlock(&r->tables);
		r->turns++;
	}
	return err;
}

/* The first thing that went wrong in a thread. */
static int race_error(const struct race *r, struct fail *f)
{
	const struct race_thread *bad = NULL;

	for (unsigned int i = 0; i < r->nr_readers; i++)
		if (r->readers[i].err)
			bad = &r->readers[i];
	for (unsigned int i = 0; i < r->nr_writers; i++)
		if (r->writers[i].err)
			bad = &r->writers[i];
	return bad ? fail_set(f, bad->err, "%s", bad->f.text) : 0;
}

static int race_by_write(const void *a, const void *b)
{
	const struct race_write *x = a, *y = b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static int race_by_read(const void *a, const void *b)
{
	const struct race_read *x = a, *y = b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static void race_evidence(void *arg, const struct race_found *found)
{
	const struct race *r = arg;
	struct verify *v = r->v;
	iova_t iova = r->area->iova + found->page * v->unit;
	const struct race_read *read = found->read;
	const char *kind = read->kind == RACE_KEEP ? "keeps" : "clears";

	if (found->write)
		verify_missing(v, iova, v->unit,
			       "a write from %llu to %llu is in no read up to the one that %s from %llu to %llu",
			       (unsigned long long)found->write->begin, (unsigned long long)found->write->end, kind,
			       (unsigned long long)read->begin, (unsigned long long)read->end);
	else if (!v->caps.over_reports)
		verify_spurious(
			v, iova, v->unit,
			"in a read that %s from %llu to %llu, and not written since the one before that cleared", kind,
			(unsigned long long)read->begin, (unsigned long long)read->end);
}

/* All logs as one, in order of time. */
static int race_verdict(struct race *r, struct fail *f)
{
	struct race_log log = {.pages = r->pages, .leaf = (uint32_t)(MAX(r->plan->leaf, r->v->unit) / r->v->unit)};
	struct race_write *writes = calloc((size_t)r->nr_writers * RACE_WRITES_MAX, sizeof(*writes));
	struct race_read *reads =
		calloc(((size_t)r->nr_readers + 1) * (RACE_READS_MAX + RACE_READS_LAST), sizeof(*reads));
	int breaches = -ENOMEM;

	if (writes && reads) {
		for (unsigned int i = 0; i < r->nr_writers; i++) {
			memcpy(writes + log.nr_writes, r->writers[i].writes, r->writers[i].nr * sizeof(*writes));
			log.nr_writes += r->writers[i].nr;
		}
		for (unsigned int i = 0; i <= r->nr_readers; i++) {
			const struct race_thread *t = i < r->nr_readers ? &r->readers[i] : &r->self;

			memcpy(reads + log.nr_reads, t->reads, t->nr * sizeof(*reads));
			log.nr_reads += t->nr;
		}
		qsort(writes, log.nr_writes, sizeof(*writes), race_by_write);
		qsort(reads, log.nr_reads, sizeof(*reads), race_by_read);
		log.writes = writes;
		log.reads = reads;
		breaches = race_judge(&log, race_evidence, r);
	}
	free(writes);
	free(reads);
	return breaches < 0 ? fail_set(f, breaches, "the log of a race") : 0;
}

/* While all write: who comes after that is refused. For the judge, a read after it finds nothing. */
static int race_unmap(struct race *r, struct fail *f)
{
	struct race_thread *t = &r->self;
	int err;

	atomic_store(&r->unmapping, true);
	err = race_read(t, RACE_CLEAR, true);
	if (err)
		return fail_set(f, err, "%s", t->f.text);
	r->area->unmapped = true;
	race_pause(RACE_PAUSE_NS);
	atomic_store(&r->end_writes, true);
	return 0;
}

/* The last reads of all, when nobody writes any more: one that has what is left, and one that finds nothing. */
static int race_read_last(struct race *r, struct fail *f)
{
	struct race_thread *t = &r->self;
	int err = 0;

	for (unsigned int i = 0; i < RACE_READS_LAST && !r->area->unmapped && !err; i++)
		err = race_read(t, RACE_CLEAR, false);
	if (r->area->unmapped) {
		struct race_read *none = &t->reads[t->nr];

		*none = (struct race_read){.pages = r->pages, .bits = t->bits + t->nr * r->words};
		none->begin = race_stamp(r);
		none->end = race_stamp(r);
		t->nr++;
	}
	return err ? fail_set(f, err, "%s", t->f.text) : 0;
}

static int race_run_all(struct race *r, struct fail *f)
{
	struct race_crew crew = {.nr_writers = 0};
	int err = verify_canary(r->v, f);

	if (!err)
		err = race_map(r, f);

	if (!err)
		err = race_init(r, f);
	if (err)
		return err;
	race_step_begin(r, 0);
	err = race_launch(r, &crew, f);
	if (!err)
		err = race_watch(r, f);
	if (!err && r->plan->unmaps)
		err = race_unmap(r, f);
	race_join(r, &crew);
	if (!err)
		err = race_error(r, f);
	if (!err)
		err = race_read_last(r, f);
	/* thousands of transfers of several threads lie between the two: what they did counts only if the second passes, too */
	if (!err)
		err = verify_canary(r->v, f);
	return err ? err : race_verdict(r, f);
}

int race_run(struct verify *v, const struct race_plan *plan, struct fail *f)
{
	struct race *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return fail_set(f, ENOMEM, "a race");
	r->v = v;
	r->plan = plan;
	pthread_rwlock_init(&r->tables, NULL);
	err = race_run_all(r, f);
	pthread_rwlock_destroy(&r->tables);
	race_thread_free(&r->self);
	for (unsigned int i = 0; i < RACE_THREADS_MAX; i++)
		race_thread_free(&r->writers[i]);
	for (unsigned int i = 0; i <= RACE_THREADS_MAX; i++)
		race_thread_free(&r->readers[i]);
	free(r);
	return err;
}
