/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Charging IOMMU faults to the ops of a session, and telling of them. */
#include "core/op_faults.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "core/session_priv.h"

#define OP_FAULTS_BATCH 32
#define OP_FAULTS_SETTLE_NS 100000000

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

/* Take all that is logged: @reach's own go to @found, what was due is dropped, the rest is stray. */
static void faults_drain(struct session *s, const struct op_reach *reach, struct failures *found)
{
	struct dma_fault batch[OP_FAULTS_BATCH];
	struct op_faults *all = &s->op_faults;
	unsigned int n, lost;
	bool seen;

	do {
		if (session_faults(s, batch, ARRAY_SIZE(batch), &n, &seen, &lost)) {
			/* a log that can no longer be read shows nothing */
			s->faults_seen = false;
			return;
		}
		all->lost += lost;
		for (unsigned int i = 0; i < n; i++) {
			if (all->kept < OP_FAULTS_KEPT)
				all->list[all->kept++] = batch[i];
			if (found && !reach->may_fault && faults_in_reach(&batch[i], reach))
				faults_charge(&batch[i], found);
			else if (!faults_due(all, &batch[i]) && !all->strays++)
				all->stray = batch[i];
		}
	} while (n);
}

static void faults_wait(const struct session *s)
{
	if (!iommu_caps(s->iommu)->no_hardware && s->faults_seen)
		clock_sleep_ns(OP_FAULTS_SETTLE_NS, NULL);
}

static void faults_expect(struct op_faults *all, const struct op_reach *reach)
{
	for (unsigned int i = 0; i < reach->nr; i++)
		all->may[all->nr_may++ % OP_FAULTS_RANGES] = reach->ranges[i];
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
	faults_drain(s, NULL, NULL);
	for (unsigned int i = 0; again && !reach->may_fault && i < MIN(all->nr_may, OP_FAULTS_RANGES); i++)
		for (unsigned int k = 0; k < reach->nr; k++)
			if (iova_range_overlaps(all->may[i], reach->ranges[k]))
				all->may[i] = (struct iova_range){UINT64_MAX, 0};
	if (reach->may_fault)
		faults_expect(all, reach);
}

void op_faults_after(struct session *s, const struct op_reach *reach, struct failures *found)
{
	uint64_t before = failures_total(found);

	faults_drain(s, reach, found);
	if (!reach->must_fault || failures_total(found) != before)
		return;
	faults_wait(s);
	faults_drain(s, reach, found);
}

void op_faults_failed(struct session *s, const struct op_reach *reach)
{
	faults_expect(&s->op_faults, reach);
	faults_drain(s, NULL, NULL);
}

void op_faults_settle(struct session *s)
{
	if (s->transfers)
		faults_wait(s);
	faults_drain(s, NULL, NULL);
}

void op_faults_forget(struct session *s)
{
	uint64_t strays = s->op_faults.strays;

	faults_wait(s);
	faults_drain(s, NULL, NULL);
	s->op_faults.strays = strays;
}

const struct op_faults *op_faults(const struct session *s)
{
	return &s->op_faults;
}

void op_faults_check(struct report *r, const struct session *s)
{
	static const char name[] = "no fault where none was due";
	const struct op_faults *all = &s->op_faults;
	char why[200] = "";

	if (!s->transfers && !all->strays)
		return;
	if (all->strays) {
		snprintf(why, sizeof(why), "%" PRIu64 " fault%s no line can be charged with; the first: %.120s",
			 all->strays, all->strays == 1 ? "" : "s", all->stray.raw);
		report_check(r, name, RESULT_FAIL, why);
		return;
	}
	if (iommu_caps(s->iommu)->bypasses_table)
		why[0] = 0; /* the device tells each refusal itself, and that was judged */
	else if (!s->faults_seen)
		snprintf(why, sizeof(why), "the kernel log cannot be read");
	else if (all->lost)
		snprintf(why, sizeof(why), "the kernel left out %" PRIu64 " messages", all->lost);
	report_check(r, name, why[0] ? RESULT_SKIP : RESULT_PASS, why[0] ? why : NULL);
}

void faults_report(struct report *r, const struct dma_fault *faults, unsigned int n)
{
	report_list(r, "faults");
	for (unsigned int i = 0; i < n; i++) {
		const struct dma_fault *one = &faults[i];

		report_object(r, NULL);
		report_str(r, "source", one->source);
		report_str(r, "device", one->device);
		/* keys never change type: what the log does not tell is left out */
		if (one->access_known)
			report_str(r, "access", one->write ? "write" : "read");
		if (one->iova_known)
			report_hex(r, "iova", one->iova);
		report_str(r, "reason", one->reason);
		report_str(r, "raw", one->raw);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, "faults");
}
