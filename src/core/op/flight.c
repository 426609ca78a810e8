/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA that goes on in the background of a session, and what may happen under it. */
#include "core/op/flight.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/op/background.h"
#include "core/session/priv.h"
#include "host/faults.h"

/* A mutex goes to who runs already: with one queue the others would never come to theirs. */
#define FLIGHT_GAP_NS 50000
/* Each refusal may be a line in a log. */
#define FLIGHT_REFUSED_NS 1000000

struct flight {
	char name[BUFFER_NAME_MAX];
	struct session *s;
	struct op_dma op;
	char *src_text, *dst_text;
	iova_t src, dst;
	struct op_reach reach;
	unsigned int queue;
	uint64_t gap_ns;
	struct background go;
	atomic_bool due;	  /* what is refused from now on is */
	_Atomic uint64_t refused; /* by what the device says of it */
	uint64_t refused_undue;	  /* the thread's until it has ended */
	int status;		  /* of the first of those */
	uint64_t faults, faults_undue;
	char fault[160]; /* the first undue one */
	bool halted;
	struct fail why;
	struct flight *next;
};

static struct flight *flight_find(const struct session *s, const char *name)
{
	for (struct flight *fl = s->flights; fl; fl = fl->next)
		if (!strcmp(fl->name, name))
			return fl;
	return NULL;
}

static int flight_turn(void *ctx)
{
	struct flight *fl = ctx;
	bool due = atomic_load(&fl->due);
	int status = 0, err;

	if (session_is_forbidden(fl->s))
		return fail_set(&fl->why, EPERM, "the device was stopped, and does no more DMA in this session");
	err = op_dma_move(fl->s, &fl->op, fl->queue, fl->src, fl->dst, &status, &fl->why);
	if (err)
		return err;
	if (status) {
		atomic_fetch_add(&fl->refused, 1);
		/* a transfer that met the unmap had begun before it */
		if (!due && !atomic_load(&fl->due) && !fl->refused_undue++)
			fl->status = status;
	}
	if (status || fl->gap_ns)
		clock_sleep_ns(status ? FLIGHT_REFUSED_NS : fl->gap_ns, NULL);
	return 0;
}

/* A queue of its own where the device has several: the first is everybody's. */
static unsigned int flight_queue(const struct session *s)
{
	unsigned int queues = dev_limits(s->dev)->queues;

	return queues > 1 ? 1 + s->flight_serial % (queues - 1) : 0;
}

static void flight_free(struct flight *fl)
{
	background_stop(&fl->go);
	for (struct flight **at = &fl->s->flights; *at; at = &(*at)->next) {
		if (*at != fl)
			continue;
		*at = fl->next;
		break;
	}
	free(fl->src_text);
	free(fl->dst_text);
	free(fl);
}

/* A line's words are gone when the next one is read. */
static struct flight *flight_new(struct session *s, const char *name, const struct op_dma *op)
{
	struct flight *fl = calloc(1, sizeof(*fl));

	if (!fl)
		return NULL;
	fl->s = s;
	fl->op = *op;
	fl->op.src = fl->src_text = op->src ? strdup(op->src) : NULL;
	fl->op.dst = fl->dst_text = op->dst ? strdup(op->dst) : NULL;
	snprintf(fl->name, sizeof(fl->name), "%s", name);
	fl->next = s->flights;
	s->flights = fl;
	return fl;
}

static int flight_check_name(const struct session *s, const char *name, struct fail *f)
{
	unsigned int n = 0;

	if (!buffer_name_is_valid(name))
		return fail_usage(f, EINVAL, "'%s' is not a name: a lower case letter, then letters, digits, - and _",
				  name);
	if (flight_find(s, name))
		return fail_usage(f, EEXIST, "dma %s is under way: `dma stop %s` comes first", name, name);
	for (const struct flight *fl = s->flights; fl; fl = fl->next)
		n++;
	return n < FLIGHTS_MAX ? 0 : fail_set(f, ENOSPC, "%u transfers are under way, which is as many as may be", n);
}

int op_flight_start(struct session *s, const char *name, const struct op_dma *op, struct fail *f)
{
	struct flight *fl;
	int err;

	facts_buffer(s, OP_OTHER, NULL);
	err = flight_check_name(s, name, f);
	if (err)
		return err;
	fl = flight_new(s, name, op);
	if (!fl)
		return fail_set(f, ENOMEM, "cannot start dma %s", name);
	fl->reach.may_fault = op->may_fault;
	err = op_dma_prepare(s, &fl->op, &fl->src, &fl->dst, &fl->reach, f);
	if (!err) {
		atomic_init(&fl->due, op->may_fault);
		fl->queue = flight_queue(s);
		fl->gap_ns = dev_limits(s->dev)->queues > 1 ? 0 : FLIGHT_GAP_NS;
		s->flight_serial++;
		op_faults_before(s, &fl->reach);
		s->transfers++;
		err = background_start(&fl->go, flight_turn, fl);
		if (err)
			fail_set(f, err, "cannot start a thread for dma %s", name);
		/* what a script does next is done beside it, not before it */
		background_wait_first(&fl->go);
	}
	if (err)
		flight_free(fl);
	return err;
}

static void flight_judge(struct flight *fl, struct failures *found)
{
	struct failure bad = {
		.class = FAILURE_DMA_ERROR, .iova = fl->op.src ? fl->src : fl->dst, .length = fl->op.size};

	if (fl->refused_undue) {
		snprintf(bad.text, sizeof(bad.text),
			 "the device reported an error in %" PRIu64 " transfers of dma %s: %.80s", fl->refused_undue,
			 fl->name, strerror(-fl->status));
		failures_add(found, &bad);
	}
	if (fl->faults_undue) {
		snprintf(bad.text, sizeof(bad.text), "%" PRIu64 " IOMMU faults were logged of dma %s: %.80s",
			 fl->faults_undue, fl->name, fl->fault);
		failures_add(found, &bad);
	}
}

/* Late faults are its own as long as it is there. */
static int flight_end(struct flight *fl, struct op_flight_result *out, struct failures *found, struct fail *f)
{
	struct session *s = fl->s;
	int err;

	background_stop(&fl->go);
	op_faults_late(s);
	flight_judge(fl, found);
	out->transfers = atomic_load(&fl->go.turns);
	out->bytes = out->transfers * fl->op.size;
	out->refused = atomic_load(&fl->refused);
	out->faults = fl->faults;
	out->undue = fl->refused_undue + fl->faults_undue;
	err = fl->halted ? fail_set(f, ECANCELED, "dma %s ended with the device being stopped", fl->name) : fl->go.err;
	if (err && !fl->halted)
		*f = fl->why;
	flight_free(fl);
	return err;
}

int op_flight_stop(struct session *s, const char *name, struct op_flight_result *out, struct failures *found,
		   struct fail *f)
{
	struct flight *fl = flight_find(s, name);
	int err;

	*out = (struct op_flight_result){0};
	facts_buffer(s, OP_OTHER, NULL);
	if (!fl)
		return fail_set(f, ENOENT, "no dma %s is under way", name);
	err = flight_end(fl, out, found, f);
	facts_found(s, found);
	return err ? err : flights_canary(s, f);
}

bool op_flights_stop(struct session *s, struct failures *found)
{
	struct op_flight_result unused;
	bool any = s->flights;
	struct fail why = {0};

	while (s->flights) {
		struct failure bad = {.class = FAILURE_DMA_ERROR};

		if (flight_end(s->flights, &unused, found, &why)) {
			snprintf(bad.text, sizeof(bad.text), "%.190s", why.text);
			failures_add(found, &bad);
		}
	}
	return any;
}

int session_idle(const struct session *s, struct fail *f)
{
	if (!s->flights)
		return 0;
	fail_usage(f, EBUSY, "dma %s is under way, and this needs the device for itself", s->flights->name);
	fail_hint(f, "`dma stop %s` ends it", s->flights->name);
	return -EBUSY;
}

static bool flight_reaches(const struct flight *fl, struct iova_range r)
{
	for (unsigned int i = 0; i < fl->reach.nr; i++)
		if (iova_range_overlaps(fl->reach.ranges[i], r))
			return true;
	return false;
}

/* All that it reaches is one of our canary pages: an access that is not translated ends there, too. */
static bool flight_in_pool(const struct flight *fl, struct iova_range r)
{
	for (unsigned int i = 0; i < fl->reach.nr; i++) {
		const struct iova_range at = fl->reach.ranges[i];
		bool in = !iova_range_overlaps(at, r);

		for (unsigned int n = 0; n < SESSION_CANARY_PAGES && !in; n++) {
			const struct session_page *p = fl->s->probe[n];

			in = p && iova_range_contains((struct iova_range){p->phys, p->phys + SESSION_PAGE - 1}, at);
		}
		if (!in)
			return false;
	}
	return true;
}

static int flight_may_yield(const struct flight *fl, struct iova_range r, bool unchecked, struct fail *f)
{
	const struct session *s = fl->s;

	if (iommu_caps(s->iommu)->no_hardware || (s->canary_passed && (unchecked || flight_in_pool(fl, r))))
		return 0;
	fail_usage(f, EBUSY, "dma %s is under way there", fl->name);
	if (s->canary_passed)
		fail_hint(f, "`dma stop %s` comes first; --unchecked, or '!' in a script, does it all the same",
			  fl->name);
	else
		fail_hint(f, "`dma stop %s` comes first: no canary has proven that the IOMMU translates", fl->name);
	return -EBUSY;
}

int flights_yield(struct session *s, const struct iommu *space, struct iova_range r, bool unchecked, struct fail *f)
{
	int err = 0;

	if (space && space != s->at)
		return 0;
	for (const struct flight *fl = s->flights; fl && !err; fl = fl->next)
		if (flight_reaches(fl, r))
			err = flight_may_yield(fl, r, unchecked, f);
	for (struct flight *fl = s->flights; fl && !err; fl = fl->next)
		if (flight_reaches(fl, r))
			atomic_store(&fl->due, true);
	return err;
}

void flights_halt(struct session *s)
{
	for (struct flight *fl = s->flights; fl; fl = fl->next) {
		fl->halted |= fl->go.started && !background_has_ended(&fl->go);
		background_stop(&fl->go);
	}
}

int flights_canary(struct session *s, struct fail *f)
{
	uint64_t now = 0;

	for (const struct flight *fl = s->flights; fl; fl = fl->next)
		now += atomic_load(&fl->go.turns);
	/* one that was stopped takes its count along: then it begins anew */
	if (now < s->flight_turns)
		s->flight_turns = 0;
	if (now - s->flight_turns < SESSION_CANARY_EVERY)
		return 0;
	s->flight_turns = now;
	return session_canary(s, f);
}

bool flights_take_fault(struct session *s, const struct dma_fault *fault, bool *due)
{
	for (struct flight *fl = s->flights; fl; fl = fl->next) {
		struct iova_range page = {ALIGN_DOWN(fault->iova, SESSION_PAGE), fault->iova | (SESSION_PAGE - 1)};

		if (!fault->iova_known || !flight_reaches(fl, page))
			continue;
		*due = atomic_load(&fl->due);
		fl->faults++;
		if (!*due && !fl->faults_undue++)
			snprintf(fl->fault, sizeof(fl->fault), "%.150s", fault->raw);
		return true;
	}
	return false;
}

void flights_free(struct session *s)
{
	while (s->flights)
		flight_free(s->flights);
}
