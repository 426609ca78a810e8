/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases of `dirty verify`: reading twice, starting, stopping and starting again, and what happens to the bits then. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "core/verify/some.h"

#define STATE_GRAINS 64
#define STATE_WRITES 12
#define STATE_FLIGHT 50 /* writes to wait for */

/* The start of most: an area, tracked, with some writes. */
static int state_begin(struct verify *v, struct verify_area **area, struct fail *f)
{
	int err = verify_some(v, STATE_GRAINS, area, f);

	if (!err)
		err = verify_start(v, f);
	return err ? err : verify_scatter(v, *area, STATE_WRITES, false, f);
}

static int state_run_read_twice(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = state_begin(v, &area, f);

	if (!err)
		err = verify_hold_all(v, area, false, "the first read", f);
	return err ? err : verify_hold_all(v, area, false, "the second read, with nothing written since the first", f);
}

static bool state_can_keep(struct verify *v, const char **why)
{
	if (!v->caps.can_keep)
		*why = "reading always clears here";
	return v->caps.can_keep;
}

static int state_run_keep(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = state_begin(v, &area, f);

	if (!err)
		err = verify_hold_all(v, area, true, "a read that keeps", f);
	if (!err)
		err = verify_hold_all(v, area, true, "a second read that keeps", f);
	if (!err)
		err = verify_scatter(v, area, STATE_WRITES, false, f);
	if (!err)
		err = verify_hold_all(v, area, true, "a read that keeps, after more writes", f);
	if (!err)
		err = verify_hold_all(v, area, false, "the read that clears, after those that keep", f);
	return err ? err : verify_hold_all(v, area, true, "a read that keeps, after the one that clears", f);
}

/* io_pagetable.c, iopt_set_dirty_tracking(): enabling clears first. The others know only on and off, or refuse. */
static int state_start_again(struct verify *v, struct fail *f)
{
	int err;

	if (v->at.source == DIRTY_IOMMU)
		return verify_start(v, f);
	err = verify_switch(v, true, NULL);
	if (err == -EINVAL && v->at.source == DIRTY_DEVICE) {
		verify_note(v, "the device refuses to start twice: %s", "Invalid argument");
		return 0;
	}
	return err ? fail_set(f, err, "cannot start dirty tracking a second time") : 0;
}

static int state_run_start_twice(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = state_begin(v, &area, f);

	if (!err)
		err = state_start_again(v, f);
	if (!err && v->at.source == DIRTY_IOMMU)
		err = verify_hold_all(v, area, false, "the read after a second start, with nothing written since", f);
	if (!err)
		err = verify_scatter(v, area, STATE_WRITES, false, f);
	return err ? err : verify_hold_all(v, area, false, "the read of what was written after a second start", f);
}

static int state_run_stop_start(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = state_begin(v, &area, f);

	if (!err)
		err = verify_stop(v, f);
	if (!err && !v->caps.marks)
		err = verify_scatter(v, area, STATE_WRITES, true, f);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_hold_all(v, area, false, "the first read after stop and start", f);
	if (!err)
		err = verify_scatter(v, area, STATE_WRITES, false, f);
	return err ? err : verify_hold_all(v, area, false, "the read of what was written after stop and start", f);
}

/* The same without giving up the page table: its entries still have their bits when tracking begins anew. */
static int state_run_switch(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = state_begin(v, &area, f);

	if (!err)
		err = verify_switch(v, false, f);
	if (!err && !v->caps.marks)
		err = verify_scatter(v, area, STATE_WRITES, true, f);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_hold_all(v, area, false, "the first read after tracking was off", f);
	if (!err)
		err = verify_scatter(v, area, STATE_WRITES, false, f);
	return err ? err : verify_hold_all(v, area, false, "the read of what was written after tracking was off", f);
}

static int state_run_before(struct verify *v, struct fail *f)
{
	struct verify_area *area;
	int err = verify_some(v, STATE_GRAINS, &area, f);

	if (!err)
		err = verify_scatter(v, area, STATE_WRITES, true, f);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_hold_all(v, area, false, "the first read, all writes were before the start", f);
	if (!err)
		err = verify_scatter(v, area, STATE_WRITES, false, f);
	return err ? err : verify_hold_all(v, area, false, "the read of what was written after the start", f);
}

/* One thread that writes without pause until it is told to end. */
struct state_writer {
	struct verify *v;
	const struct verify_area *area;
	_Atomic uint64_t done;
	_Atomic bool end;
	int err;
	struct fail f;
};

static void *state_write_on(void *arg)
{
	struct state_writer *w = arg;
	uint64_t len = verify_write_len(w->v);

	for (uint64_t off = 0; !w->err && !atomic_load(&w->end); off = (off + w->v->unit) % w->area->size) {
		w->err = verify_dma(w->v, 0, w->area->iova + off, len, NULL, &w->f);
		atomic_fetch_add(&w->done, 1);
	}
	atomic_store(&w->end, true);
	return NULL;
}

/* Until it has written @n more times, or ended. */
static void state_watch(struct state_writer *w, uint64_t n)
{
	uint64_t from = atomic_load(&w->done);

	while (atomic_load(&w->done) - from < n && !session_signal && !atomic_load(&w->end))
		sched_yield();
}

/* The switch alone: a table that was made for tracking is given up when DMA has ended. */
static int state_stop_under(struct verify *v, struct state_writer *w, struct fail *f)
{
	int err;

	state_watch(w, STATE_FLIGHT);
	err = verify_switch(v, false, f);
	state_watch(w, STATE_FLIGHT);
	return err;
}

static int state_run_in_flight(struct verify *v, struct fail *f)
{
	struct state_writer w = {.v = v};
	struct verify_area *area;
	pthread_t thread;
	int err = state_begin(v, &area, f);

	if (err)
		return err;
	w.area = area;
	err = pthread_create(&thread, NULL, state_write_on, &w);
	if (err)
		return fail_set(f, err, "cannot start a thread");
	err = state_stop_under(v, &w, f);
	atomic_store(&w.end, true);
	pthread_join(thread, NULL);
	if (w.err)
		verify_fail(v, "DMA in flight failed when tracking stopped: %s", w.f.text);
	/* on again: what stops has a last look at what was tracked */
	if (!err)
		err = verify_switch(v, true, f);
	if (!err && (v->at.source == DIRTY_DEVICE || verify_draw(v, 2)))
		err = verify_stop(v, f);
	if (!err)
		err = verify_start(v, f);
	if (!err)
		err = verify_hold_all(v, area, false, "the first read after a new start, all DMA ended before it", f);
	if (!err)
		err = verify_scatter(v, area, STATE_WRITES, false, f);
	return err ? err : verify_hold_all(v, area, false, "the read of what was written after the new start", f);
}

/*
 * What a read says while tracking is off. Linux: io_pagetable.c does not look whether it is on, nor pass on what an IOMMU driver says to it;
 * vfio_iommu_type1_dirty_pages() refuses; what vfio_main.c answers is the device driver's affair (mlx5 refuses, mtty does not).
 */
static bool state_may_answer(enum dirty_source source, int err)
{
	return err == -EINVAL || (!err && source != DIRTY_TYPE1);
}

static int state_run_unstarted(struct verify *v, struct fail *f)
{
	uint64_t bits[STATE_GRAINS / 64] = {0}, none[STATE_GRAINS / 64] = {0};
	struct verify_area *area;
	struct verify_query q = {.what = "a read while tracking is off"};
	int err = state_begin(v, &area, f), answer;

	if (!err)
		err = verify_hold_all(v, area, false, "the last read before tracking goes off", f);
	if (!err)
		err = verify_switch(v, false, f);
	if (err)
		return err;
	q.area = area;
	q.page_size = area->size / STATE_GRAINS;
	answer = verify_read(v, &q, bits);
	if (!state_may_answer(v->at.source, answer))
		verify_fail(v, "a read while tracking is off answers %s", answer ? strerror(-answer) : "with bits");
	else
		verify_note(v, "a read while tracking is off answers %s",
			    answer ? strerror(-answer) : "that no page is dirty");
	if (!answer)
		verify_judge(v, &q, bits, none);
	return verify_switch(v, true, f);
}

const struct verify_case verify_state_cases[] = {
	{.name = "read-twice", .title = "a second read finds nothing", .run = state_run_read_twice},
	{.name = "keep-then-clear",
	 .title = "reads that keep see what was written again and again, the one that clears is the last",
	 .can = state_can_keep,
	 .run = state_run_keep},
	{.name = "start-twice", .title = "a second start: no write after it is lost", .run = state_run_start_twice},
	{.name = "stop-start", .title = "bits do not outlive a stop and a start", .run = state_run_stop_start},
	{.name = "off-and-on",
	 .title = "the same on one page table: starting clears what was left in its entries",
	 .run = state_run_switch},
	{.name = "writes-before-start",
	 .title = "what was written before the start is not reported",
	 .can = verify_can_dma,
	 .run = state_run_before},
	{.name = "stop-in-flight",
	 .title = "stopping leaves DMA in flight alone",
	 .can = verify_can_dma,
	 .run = state_run_in_flight},
	{.name = "read-unstarted",
	 .title = "a read while tracking is off",
	 .answers = true,
	 .run = state_run_unstarted},
	{0},
};
