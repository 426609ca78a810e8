/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA in one thread, attach in another, and where each line of the transfers arrived. */
#include "core/op/replace.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/op/flight.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "iommu/ledger.h"

/* Between two canaries, which need the device for themselves. */
#define REPLACE_BURST SESSION_CANARY_EVERY
#define REPLACE_WAIT_NS UINT64_C(20000000000)

/* One of the two: the space, and the memory that it maps at the common IOVA. First half read, second half written. */
struct replace_side {
	uint32_t pt;
	struct iommu *space;
	struct iommu_mem mem;
	bool mapped;
	uint64_t lines; /* that arrived here */
};

struct replace {
	struct session *s;
	const struct replace_params *p;
	struct replace_result *res;
	struct failures *found;
	struct replace_side side[2];
	iova_t iova;
	pthread_t thread;
	atomic_bool stop;
	atomic_bool rest, resting; /* asked for, and so it is: no transfer is under way */
	_Atomic uint64_t transfers;
	_Atomic uint64_t epoch; /* twice the replacements that are done; odd while one is under way */
	struct fail lost;	/* the transfer that did not end */
	atomic_bool is_lost;
};

/* What side @from has to read in transfer @n. */
static struct stamp replace_stamp(const struct replace *r, unsigned int from, uint64_t n)
{
	return (struct stamp){r->s->stamp_id, stamp_generation(from + 1, n), r->iova};
}

static void replace_fail(struct replace *r, enum failure_class class, uint64_t at, uint64_t n, const char *text)
{
	struct failure bad = {.class = class, .loop = n, .iova = r->iova + at, .length = STAMP_LINE};

	snprintf(bad.text, sizeof(bad.text), "transfer %" PRIu64 ": %s", n, text);
	failures_add(r->found, &bad);
}

static const char *replace_line(const struct replace *r, unsigned int side, uint64_t half, uint64_t at)
{
	return (const char *)r->side[side].mem.va + half * r->p->size + at;
}

/* Whose data is in the line at @at of @side's second half? 0 or 1, -1 poison, -2 none of these. */
static int replace_whose(const struct replace *r, unsigned int side, uint64_t at)
{
	const char *line = replace_line(r, side, 1, at);

	for (unsigned int from = 0; from < 2; from++)
		if (!memcmp(line, replace_line(r, from, 0, at), STAMP_LINE))
			return (int)from;
	return stamp_is_poison(line, STAMP_LINE) ? -1 : -2;
}

/* One transfer, and what came of it. */
struct replace_transfer {
	uint64_t n;
	int status;
	bool settled; /* no replacement was under way at any time of it: all of it belongs to @due */
	unsigned int due;
	unsigned int sides; /* bit 0, 1: arrived in; bit 2, 3: was read from */
};

/* A transfer that is under way during a replacement may fail to get through, and fault. */
static bool replace_may_interrupt(const struct replace *r)
{
	return !r->p->seamless && !r->p->between;
}

/* It did not get through: a failure unless it met a replacement that need not be seamless. */
static void replace_broken(struct replace *r, const struct replace_transfer *t, enum failure_class class, uint64_t at,
			   const char *text)
{
	if (t->settled || !replace_may_interrupt(r))
		replace_fail(r, class, at, t->n, text);
	else
		r->res->interrupted++;
}

/* False: nothing more is to be said of this transfer. */
static bool replace_judge_line(struct replace *r, uint64_t at, struct replace_transfer *t)
{
	int a = replace_whose(r, 0, at), b = replace_whose(r, 1, at);
	uint64_t where = r->p->size + at;

	if (a != -1 && b != -1) {
		replace_fail(r, FAILURE_MISPLACED, where, t->n, "one write arrived in both spaces' memory");
	} else if (a == -1 && b == -1) {
		replace_broken(r, t, FAILURE_UNWRITTEN, where, "a write arrived in neither space's memory");
	} else if (a == -2 || b == -2) {
		/* a read that does not get through leaves the device with what it had */
		replace_broken(r, t, FAILURE_FOREIGN, where, "what was written is in neither space to be read");
	} else {
		unsigned int to = a >= 0 ? 0 : 1, from = (unsigned int)(a >= 0 ? a : b);

		r->side[to].lines++;
		t->sides |= 1u << to | 4u << from;
		return true;
	}
	return false;
}

static void replace_judge(struct replace *r, struct replace_transfer *t)
{
	for (unsigned int side = 0; side < 2; side++) {
		struct stamp want = replace_stamp(r, side, t->n);

		if (!stamp_verify(r->side[side].mem.va, r->p->size, &want))
			replace_fail(r, FAILURE_FOREIGN, 0, t->n, "what was only to be read has changed");
	}
	if (t->status) {
		replace_broken(r, t, FAILURE_DMA_ERROR, 0, "it faulted although both spaces map its addresses");
		return;
	}
	for (uint64_t at = 0; at < r->p->size; at += STAMP_LINE)
		if (!replace_judge_line(r, at, t))
			return;
	r->res->mixed += t->sides != (1u | 4u) && t->sides != (2u | 8u);
	if (t->settled && t->sides & (1u | 4u) << !t->due)
		replace_fail(r, t->sides & 1u << !t->due ? FAILURE_STALE_WRITE : FAILURE_STALE_READ, 0, t->n,
			     "it used the space that the device had been attached to before");
}

/* Between two transfers. */
static void replace_rest(struct replace *r)
{
	if (!atomic_load(&r->rest))
		return;
	atomic_store(&r->resting, true);
	while (atomic_load(&r->rest))
		sched_yield();
	atomic_store(&r->resting, false);
}

static void *replace_thread(void *arg)
{
	struct replace *r = arg;
	uint64_t n = atomic_load(&r->transfers), epoch;
	int err;

	while (!atomic_load(&r->stop)) {
		struct replace_transfer t = {.n = n};

		replace_rest(r);
		for (unsigned int side = 0; side < 2; side++) {
			struct stamp stamp = replace_stamp(r, side, n);

			stamp_fill(r->side[side].mem.va, r->p->size, &stamp);
			stamp_poison((char *)r->side[side].mem.va + r->p->size, r->p->size);
		}
		epoch = atomic_load(&r->epoch);
		err = dev_roundtrip(r->s->dev, 0, r->iova, r->iova + r->p->size, r->p->size, &t.status);
		if (err) {
			fail_set(&r->lost, err,
				 canary_was_submitted(err) ? "transfer %" PRIu64 " did not end"
							   : "transfer %" PRIu64 " could not be started",
				 n);
			atomic_store(&r->is_lost, true);
			break;
		}
		t.settled = epoch % 2 == 0 && epoch == atomic_load(&r->epoch);
		t.due = epoch / 2 % 2;
		replace_judge(r, &t);
		atomic_store(&r->transfers, ++n);
	}
	return NULL;
}

/* Until the transfer that met the replacement has ended, and one that came after it. */
static int replace_wait(struct replace *r, uint64_t seen)
{
	uint64_t end = clock_ns() + REPLACE_WAIT_NS;

	while (atomic_load(&r->transfers) < seen + 2 && !atomic_load(&r->is_lost) && !session_signal) {
		if (clock_ns() > end)
			return -ETIMEDOUT;
		sched_yield();
	}
	return 0;
}

/* The device is attached to the other side, while transfers are under way or between two of them. */
static int replace_attach(struct replace *r, const struct replace_side *to, struct fail *f)
{
	int err;

	atomic_store(&r->rest, r->p->between);
	while (r->p->between && !atomic_load(&r->resting) && !atomic_load(&r->is_lost))
		sched_yield();
	atomic_fetch_add(&r->epoch, 1);
	err = iommu_device_attach(r->s->idev, to->pt, IOMMU_NO_PASID, f);
	atomic_fetch_add(&r->epoch, 1);
	atomic_store(&r->rest, false);
	return err;
}

static int replace_turns(struct replace *r, uint64_t turns, struct fail *f)
{
	int err = 0;

	for (uint64_t i = 0; i < turns && !err && !session_signal && !atomic_load(&r->is_lost); i++) {
		const struct replace_side *to = &r->side[r->res->rounds % 2 ? 0 : 1];
		uint64_t seen = atomic_load(&r->transfers);

		err = replace_attach(r, to, f);
		if (err)
			break;
		/* true also where the way back fails */
		r->s->at = to->space;
		r->s->at_pt = to->pt;
		r->res->rounds++;
		err = replace_wait(r, seen);
		if (err)
			fail_set(f, err, "no transfer ended in 20 s while the device was attached elsewhere");
	}
	return err;
}

/* A canary in the first space, then so many replacements under DMA. */
static int replace_burst(struct replace *r, struct fail *f)
{
	struct replace_side *first = &r->side[r->res->rounds % 2];
	int err = session_attach(r->s, first->pt, first->space, f);

	if (err)
		return err;
	atomic_store(&r->stop, false);
	err = pthread_create(&r->thread, NULL, replace_thread, r);
	if (err)
		return fail_set(f, err, "cannot start a thread for the DMA");
	err = replace_turns(r, MIN(r->p->rounds - r->res->rounds, (uint64_t)REPLACE_BURST), f);
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	if (atomic_load(&r->is_lost)) {
		*f = r->lost;
		if (canary_was_submitted(-f->err))
			session_forbid(r->s, f);
		return -f->err;
	}
	return err;
}

static int replace_choose(struct replace *r, struct fail *f)
{
	struct session *s = r->s;
	uint64_t size = 2 * r->p->size;
	struct ledger_entry entry;

	for (unsigned int try = 0; try < 64; try++) {
		if (!session_pick_in(s, r->side[0].space, &s->space, r->p->op + try, size, MAX(s->granule, 4096),
				     &r->iova))
			break;
		if (!ledger_find(iommu_ledger(r->side[1].space), (struct iova_range){r->iova, r->iova + size - 1},
				 &entry))
			return 0;
	}
	return fail_set(f, ENOSPC, "no iova is free in both spaces for 0x%" PRIx64 " bytes", size);
}

static int replace_side_open(struct replace *r, struct replace_side *side, const char *what, struct fail *f)
{
	int err = named_resolve(r->s, what, false, &side->pt, &side->space, f);

	if (!err && !side->space)
		err = fail_usage(f, EINVAL, "what %s translates is not known here", what);
	return err ? err : session_mirror(r->s, side->space, f);
}

static int replace_side_map(struct replace *r, struct replace_side *side, struct fail *f)
{
	struct iommu_map_req req = {.size = 2 * r->p->size, .iova = r->iova, .prot = IOMMU_PROT_RW, .tag = "replace"};
	int err = iommu_mem_alloc(r->s->iommu, req.size, IOMMU_MEM_ANON, &side->mem, f);

	req.va = side->mem.va;
	if (!err)
		err = iommu_map(side->space, &req, f);
	side->mapped = !err;
	return err;
}

static int replace_open(struct replace *r, struct fail *f)
{
	int err = session_usable(r->s, f);

	if (!err)
		err = session_idle(r->s, f);
	if (!err && !r->s->at)
		err = fail_usage(f, EBUSY, "the device must be attached to a space to begin with");
	if (!err)
		err = session_dma_start(r->s, f);
	if (!err)
		err = dev_check_length(dev_limits(r->s->dev), "--size", r->p->size, f);
	if (!err)
		err = dev_check_address(dev_limits(r->s->dev), "--size", r->p->size, f);
	if (!err)
		err = replace_side_open(r, &r->side[0], r->p->a, f);
	if (!err)
		err = replace_side_open(r, &r->side[1], r->p->b, f);
	if (!err && r->side[0].space == r->side[1].space)
		err = fail_usage(f, EINVAL, "%s and %s translate the same space", r->p->a, r->p->b);
	if (!err)
		err = replace_choose(r, f);
	for (unsigned int i = 0; i < 2 && !err; i++)
		err = replace_side_map(r, &r->side[i], f);
	return err;
}

/* While the device is not known to be quiet nothing that it was given may go. */
static void replace_close(struct replace *r)
{
	for (unsigned int i = 0; i < 2 && session_is_quiet(r->s); i++) {
		if (r->side[i].mapped)
			iommu_unmap(r->side[i].space, r->iova, 2 * r->p->size, NULL, NULL);
		iommu_mem_free(r->s->iommu, &r->side[i].mem);
	}
}

int replace_run(struct session *s, const struct replace_params *p, struct replace_result *out, struct failures *found,
		struct fail *f)
{
	struct replace r = {.s = s, .p = p, .res = out, .found = found};
	struct op_reach reach = {.nr = 1, .may_fault = replace_may_interrupt(&r)};
	uint64_t strays = s->op_faults.strays, unclear = s->op_faults.unclear;
	struct iommu *was = s->at;
	uint32_t was_pt = s->at_pt;
	struct fail why = {0};
	int err, back;

	*out = (struct replace_result){0};
	err = replace_open(&r, f);
	if (err)
		goto out;
	out->iova = r.iova;
	reach.ranges[0] = (struct iova_range){r.iova, r.iova + 2 * p->size - 1};
	op_faults_before(s, &reach);
	while (!err && out->rounds < p->rounds && !session_signal)
		err = replace_burst(&r, f);
	if (err)
		op_faults_failed(s, &reach);
	else
		op_faults_after(s, &reach, found, failures_total(found));
	/*
	 * A device that was blocked in between may have missed its own ring, and gone on with anything: what it asked for then is
	 * no fault that somebody must answer for.
	 */
	if (r.res->interrupted) {
		op_faults_forget(s);
		s->op_faults.strays = strays;
		s->op_faults.unclear = unclear;
	}
	out->transfers = atomic_load(&r.transfers);
	out->in_a = r.side[0].lines;
	out->in_b = r.side[1].lines;
	back = session_is_forbidden(s) ? 0 : session_attach(s, was_pt, was, &why);
	if (back && !err)
		*f = why;
	err = err ? err : back;
out:
	replace_close(&r);
	return err;
}
