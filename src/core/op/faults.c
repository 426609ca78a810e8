/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Charging IOMMU faults to the ops of a session, and telling of them. */
#include "core/op/faults.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/op/flight.h"
#include "core/session/priv.h"

#define OP_FAULTS_BATCH 32
#define OP_FAULTS_SETTLE_NS 100000000

/*
 * How long a fault that is due may be late: kernels log from a thread, which has to get a processor. Only where none is
 * logged does it take so long: behind some IOMMUs, and when the kernel has logged as many as it does.
 */
#define OP_FAULTS_DUE_NS 1000000000
#define OP_FAULTS_DUE_STEP_NS 10000000

/* How long one look may take, and the last one: whoever floods the log must not hold up a run. */
#define OP_FAULTS_LOOK_NS 20000000
#define OP_FAULTS_LAST_LOOK_NS 200000000

/* IOMMUs log the page, not the byte. One that logs no address at all may mean any. */
static bool faults_at(const struct dma_fault *fault, struct iova_range r)
{
	return !fault->iova_known || (fault->iova >= ALIGN_DOWN(r.start, SESSION_PAGE) && fault->iova <= r.last);
}

static bool faults_in_reach(const struct dma_fault *fault, const struct op_reach *reach)
{
	for (unsigned int i = 0; reach && i < reach->nr; i++)
		if (faults_at(fault, reach->ranges[i]))
			return true;
	return false;
}

static bool faults_due(const struct op_faults *all, const struct dma_fault *fault)
{
	for (unsigned int i = 0; i < MIN(all->nr_may, OP_FAULTS_RANGES); i++)
		if (faults_at(fault, all->may[i]))
			return true;
	return false;
}

static void faults_charge(const struct dma_fault *fault, struct failures *found)
{
	struct failure bad = {.class = FAILURE_DMA_ERROR, .iova = fault->iova};

	snprintf(bad.text, sizeof(bad.text), "an IOMMU fault was logged: %.140s", fault->raw);
	failures_add(found, &bad);
}

/* What was not caused on purpose is worth more room than what was. */
void faults_keep(struct dma_fault *list, unsigned int max, unsigned int *kept, const struct dma_fault *fault)
{
	if (*kept < max) {
		list[(*kept)++] = *fault;
		return;
	}
	for (unsigned int i = max; i-- && !fault->expected;)
		if (list[i].expected) {
			memmove(&list[i], &list[i + 1], (max - i - 1) * sizeof(*list));
			list[max - 1] = *fault;
			return;
		}
}

/* Neither its requester nor an address of ours tells that it is our device's. */
static bool faults_may_be_others(const struct dma_fault *fault)
{
	return fault->tie == FAULT_TIE_TIME && !fault->alone;
}

/* The list has the first ones of a run; how many there were is known of each line. */
static void faults_number(struct op_faults *all)
{
	if (all->counted != all->line)
		all->of_line = 0;
	all->counted = all->line;
	all->of_line++;
	all->all++;
}

static void faults_count(struct op_faults *all, const struct dma_fault *fault)
{
	bool unclear = faults_may_be_others(fault);

	if (!(unclear ? all->unclear++ : all->strays++))
		*(unclear ? &all->unsure : &all->stray) = *fault;
}

/* @reach's own go to @found, what was due is dropped, the rest is stray, or unclear. */
static void faults_take(struct session *s, struct dma_fault *fault, const struct op_reach *reach,
			struct failures *found)
{
	struct op_faults *all = &s->op_faults;
	bool own = faults_in_reach(fault, reach), due = fault->expected || faults_due(all, fault);
	bool charged = own && found && !reach->may_fault && !fault->expected;

	bool beside = !own && flights_take_fault(s, fault, &due);

	if ((own || due || beside) && fault->iova_known)
		fault->tie = FAULT_TIE_ADDRESS;
	/* whoever waits for one takes what comes */
	if (faults_may_be_others(fault) && !(charged && reach->must_fault))
		charged = false;
	/* whoever waits for one to be told of it did expect it */
	fault->expected = charged ? reach->must_fault : due || all->forgiving;
	fault->line = all->line;
	faults_number(all);
	faults_keep(all->list, OP_FAULTS_KEPT, &all->kept, fault);
	if (charged)
		faults_charge(fault, found);
	else if (!fault->expected && !beside)
		faults_count(all, fault);
}

/* All that is logged, for at most @budget_ns. */
static void faults_drain_for(struct session *s, const struct op_reach *reach, struct failures *found,
			     uint64_t budget_ns)
{
	uint64_t until = clock_ns() + budget_ns;
	struct dma_fault batch[OP_FAULTS_BATCH];
	unsigned int n, lost;
	bool seen;

	do {
		if (session_faults(s, batch, ARRAY_SIZE(batch), &n, &seen, &lost))
			return;
		s->op_faults.lost += lost;
		for (unsigned int i = 0; i < n; i++)
			faults_take(s, &batch[i], reach, found);
	} while ((n || session_faults_behind(s)) && clock_ns() < until);
}

static void faults_drain(struct session *s, const struct op_reach *reach, struct failures *found)
{
	faults_drain_for(s, reach, found, OP_FAULTS_LOOK_NS);
}

/* What comes from now on is later than this: what cannot be read in time is lost, and counted as that. */
static void faults_drain_all(struct session *s, uint64_t budget_ns)
{
	faults_drain_for(s, NULL, NULL, budget_ns);
	if (session_faults_behind(s))
		session_faults_skip(s);
}

/* Can a fault still be under way? */
static bool faults_come_late(const struct session *s)
{
	return !iommu_caps(s->iommu)->no_hardware && s->faults_seen;
}

static void faults_wait(const struct session *s)
{
	if (faults_come_late(s))
		clock_sleep_ns(OP_FAULTS_SETTLE_NS, NULL);
}

/* Looks until there are more than @before, or nothing more can be learned. */
static void faults_await(struct session *s, const struct op_reach *reach, struct failures *found,
			 uint64_t (*count)(const struct session *s, struct failures *found), uint64_t before)
{
	uint64_t until = clock_ns() + OP_FAULTS_DUE_NS, lost = s->op_faults.lost;

	do {
		if (faults_come_late(s))
			clock_sleep_ns(OP_FAULTS_DUE_STEP_NS, NULL);
		faults_drain(s, reach, found);
	} while (count(s, found) == before && s->op_faults.lost == lost && faults_come_late(s) && !session_signal &&
		 clock_ns() < until);
}

static uint64_t faults_charged(const struct session *s, struct failures *found)
{
	(void)s;
	return failures_total(found);
}

static uint64_t faults_counted(const struct session *s, struct failures *found)
{
	(void)found;
	return s->op_faults.all;
}

static void faults_expect(struct op_faults *all, const struct op_reach *reach)
{
	for (unsigned int i = 0; i < reach->nr; i++)
		all->may[all->nr_may++ % OP_FAULTS_RANGES] = reach->ranges[i];
}

void op_faults_line(struct session *s, unsigned int line)
{
	s->op_faults.now = line;
}

void op_faults_before(struct session *s, const struct op_reach *reach)
{
	struct op_faults *all = &s->op_faults;
	bool again = false;

	for (unsigned int i = 0; i < MIN(all->nr_may, OP_FAULTS_RANGES); i++)
		for (unsigned int k = 0; k < reach->nr; k++)
			again |= iova_range_overlaps(all->may[i], reach->ranges[k]);
	/* where faults were due they no longer are: the late ones must be in before that */
	if (again && !reach->may_fault)
		faults_wait(s);
	faults_drain_all(s, OP_FAULTS_LOOK_NS);
	all->line = all->now;
	for (unsigned int i = 0; again && !reach->may_fault && i < MIN(all->nr_may, OP_FAULTS_RANGES); i++)
		for (unsigned int k = 0; k < reach->nr; k++)
			if (iova_range_overlaps(all->may[i], reach->ranges[k]))
				all->may[i] = (struct iova_range){UINT64_MAX, 0};
	all->due |= reach->may_fault;
	if (reach->may_fault)
		faults_expect(all, reach);
}

void op_faults_after(struct session *s, const struct op_reach *reach, struct failures *found, uint64_t before)
{
	faults_drain(s, reach, found);
	if (reach->must_fault && failures_total(found) == before)
		faults_await(s, reach, found, faults_charged, before);
}

void op_faults_failed(struct session *s, const struct op_reach *reach)
{
	faults_expect(&s->op_faults, reach);
	faults_drain(s, NULL, NULL);
}

void op_faults_settle(struct session *s)
{
	/* one at least was to be told */
	if (s->op_faults.due && !s->op_faults.all)
		faults_await(s, NULL, NULL, faults_counted, 0);
	if (s->transfers)
		faults_wait(s);
	faults_drain_all(s, OP_FAULTS_LAST_LOOK_NS);
	/* how much that left out */
	faults_drain(s, NULL, NULL);
}

void op_faults_late(struct session *s)
{
	faults_wait(s);
	faults_drain_all(s, OP_FAULTS_LAST_LOOK_NS);
}

void op_faults_judged(struct session *s, const struct op_faults *before)
{
	s->op_faults.strays = before->strays;
	s->op_faults.unclear = before->unclear;
}

void op_faults_forget(struct session *s)
{
	faults_wait(s);
	s->op_faults.forgiving = true;
	faults_drain_all(s, OP_FAULTS_LAST_LOOK_NS);
	s->op_faults.forgiving = false;
}

void op_faults_begin(struct session *s)
{
	if (s->op_faults.told)
		memset(&s->op_faults, 0, sizeof(s->op_faults));
}

const struct op_faults *op_faults(const struct session *s)
{
	return &s->op_faults;
}

bool op_faults_seen(const struct session *s)
{
	return s->faults_seen;
}

void op_faults_check(struct report *r, struct session *s)
{
	static const char name[] = "no fault where none was due";
	const struct op_faults *all = &s->op_faults;
	char why[200] = "";

	s->op_faults.told = true;
	if (!s->transfers && !all->strays && !all->unclear)
		return;
	if (all->strays) {
		snprintf(why, sizeof(why), "%" PRIu64 " fault%s no line can be charged with; the first: %.120s",
			 all->strays, all->strays == 1 ? "" : "s", all->stray.raw);
		report_check(r, name, RESULT_FAIL, why);
		return;
	}
	if (all->unclear)
		snprintf(why, sizeof(why), "%" PRIu64 " fault%s may be another device's; the first: %.120s",
			 all->unclear, all->unclear == 1 ? "" : "s", all->unsure.raw);
	else if (iommu_caps(s->iommu)->bypasses_table)
		why[0] = 0; /* the device tells each refusal itself, and that was judged */
	else if (!s->faults_seen)
		snprintf(why, sizeof(why), "the kernel log cannot be read");
	else if (all->lost)
		snprintf(why, sizeof(why), "%s left out %" PRIu64 " %s",
			 session_is_simulated(s) ? "the simulation" : "the kernel", all->lost,
			 session_is_simulated(s) ? "faults" : "messages");
	else
		session_fault_limit_spent(s, why, sizeof(why));
	report_check(r, name, why[0] ? RESULT_SKIP : RESULT_PASS, why[0] ? why : NULL);
}

void fault_report(struct report *r, const struct dma_fault *fault)
{
	report_str(r, "source", fault->source);
	report_str(r, "device", fault->device);
	/* keys never change type: what the log does not tell is left out */
	if (fault->alias_of[0])
		report_str(r, "alias_of", fault->alias_of);
	if (fault->group_known)
		report_num(r, "group", fault->group);
	if (fault->has_pasid)
		report_num(r, "pasid", fault->pasid);
	if (fault->access_known)
		report_str(r, "access", fault->write ? "write" : "read");
	if (fault->iova_known)
		report_hex(r, "iova", fault->iova);
	report_str(r, "reason", fault->reason);
	if (fault->line)
		report_num(r, "line", fault->line);
	report_str(r, "attribution", fault_tie_name(fault->tie));
	report_bool(r, "expected", fault->expected);
	report_str(r, "raw", fault->raw);
}

static void fault_report_line(struct report *r, const char *what, const struct dma_fault *fault)
{
	char at[32] = "an address that is not known";

	if (fault->iova_known)
		snprintf(at, sizeof(at), "0x%" PRIx64, fault->iova);
	report_line(r, "%s: %s, %s, %s %s: %s (%s%s%s)", what, fault->source,
		    fault->device[0] ? fault->device : "unknown device",
		    !fault->access_known ? "access to"
		    : fault->write	 ? "write to"
					 : "read of",
		    at, fault->reason, fault->tie ? "told by its " : "tied to nothing",
		    fault->tie ? fault_tie_name(fault->tie) : "",
		    fault->alias_of[0] ? ", which is the bridge's or another function's id" : "");
}

void faults_report(struct report *r, const struct dma_fault *faults, unsigned int n)
{
	const struct dma_fault *expected = NULL;
	unsigned int nr_expected = 0;
	char what[48];

	report_list(r, "faults");
	for (unsigned int i = 0; i < n; i++) {
		report_object(r, NULL);
		fault_report(r, &faults[i]);
		report_close(r);
		if (!faults[i].expected)
			fault_report_line(r, "fault", &faults[i]);
		else if (!nr_expected++)
			expected = &faults[i];
	}
	report_close(r);
	report_text_hide(r, "faults");
	snprintf(what, sizeof(what), "%u expected faults, the first", nr_expected);
	if (expected)
		fault_report_line(r, nr_expected == 1 ? "expected fault" : what, expected);
}

void op_faults_report(struct report *r, struct session *s)
{
	const struct op_faults *all = &s->op_faults;
	struct dma_fault own[OP_FAULTS_KEPT] = {0};
	uint64_t total = !all->now ? all->all : all->counted == all->now ? all->of_line : 0;
	unsigned int n = 0;

	s->op_faults.told = true;
	for (unsigned int i = 0; i < all->kept; i++)
		if (all->list[i].line == all->now)
			own[n++] = all->list[i];
	faults_report(r, own, n);
	report_num(r, "faults_total", total);
	report_text_hide(r, "faults_total");
	if (total > n)
		report_line(r, "%" PRIu64 " more faults are not listed: a run keeps %u", total - n, OP_FAULTS_KEPT);
	report_bool(r, "faults_seen", s->faults_seen);
	report_text_hide(r, "faults_seen");
	report_num(r, "faults_lost", all->lost);
	report_text_hide(r, "faults_lost");
}
