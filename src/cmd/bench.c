/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl bench: how fast one thing goes, over and over. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd/bench.h"
#include "core/op_faults.h"
#include "host/self.h"

/* As `compare` names them. They are told where they fail; the last one has what is looked at in any case. */
static const struct bench_question {
	const char *name;
	enum failure_class classes[2];
} bench_questions[] = {
	{"the IOMMU translates", {FAILURE_UNTRANSLATED, FAILURE_UNTRANSLATED}},
	{"legal maps are accepted", {FAILURE_MAP_REFUSED, FAILURE_MAP_REFUSED}},
	{"no fault where none was due", {FAILURE_DMA_ERROR, FAILURE_DMA_ERROR}},
	{"every unmap reports what was mapped, and no page stays pinned", {FAILURE_SHORT_UNMAP, FAILURE_PIN_LEAK}},
};

static bool bench_asks(const struct bench_question *q, enum failure_class class)
{
	return q->classes[0] == class || q->classes[1] == class;
}

/* @q NULL: those that no question asks for. */
static const struct failure *bench_first_of(const struct failures *found, const struct bench_question *q)
{
	for (unsigned int i = 0; i < found->kept; i++) {
		enum failure_class class = found->list[i].class;
		bool asked = q && bench_asks(q, class);

		for (size_t k = 0; !q && k < ARRAY_SIZE(bench_questions); k++)
			asked |= bench_asks(&bench_questions[k], class);
		if (asked == (q != NULL))
			return &found->list[i];
	}
	return NULL;
}

static bool bench_check_failed(struct command_run *run, const char *name, const struct failure *bad)
{
	if (!bad)
		return false;
	report_check(run->report, name, RESULT_FAIL, bad->text);
	report_evidence(run->report, "class", "%s", failure_name(bad->class));
	return true;
}

static void bench_checks_classes(struct command_run *run, struct bench_result *res, bool maps)
{
	const struct bench_question *last = &bench_questions[ARRAY_SIZE(bench_questions) - 1];
	const struct failure *first = &res->found.list[0];
	bool bad = false;

	failures_report(run->report, &res->found);
	bad |= bench_check_failed(run, "what DMA moved is right", bench_first_of(&res->found, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(bench_questions); i++)
		bad |= bench_check_failed(run, bench_questions[i].name,
					  bench_first_of(&res->found, &bench_questions[i]));
	if (bad)
		snprintf(run->detail, sizeof(run->detail), "%s: %.150s", failure_name(first->class), first->text);
	else if (maps && res->checked)
		report_check(run->report,
			     "what DMA moved is right, every unmap reports what was mapped, and no page stays pinned",
			     RESULT_PASS, NULL);
	else if (maps)
		report_check(run->report, last->name, RESULT_PASS, NULL);
}

/* What the benchmark found, and what is wrong with its unmaps and pins. */
static void bench_checks_failures(struct command_run *run, struct bench_result *res, bool maps)
{
	struct failure bad = {.class = FAILURE_SHORT_UNMAP, .iova = res->iova, .length = res->wrong_size};

	if (res->wrong) {
		snprintf(bad.text, sizeof(bad.text),
			 "%" PRIu64 " unmaps of 0x%" PRIx64 " mapped bytes reported another count, first 0x%" PRIx64,
			 res->wrong, res->wrong_size, res->wrong_got);
		failures_add(&res->found, &bad);
	}
	if (res->pins_counted && res->pins_left) {
		bad.class = FAILURE_PIN_LEAK;
		snprintf(bad.text, sizeof(bad.text), "%" PRId64 " pages are pinned beyond what is mapped",
			 res->pins_left);
		failures_add(&res->found, &bad);
	}
	bench_checks_classes(run, res, maps);
	if (maps && !res->pins_counted)
		report_check(run->report, "pinned pages", RESULT_SKIP, "nobody counts them here");
}

static void bench_checks(struct command_run *run, struct session *s, struct bench_result *res, bool maps)
{
	struct report *r = run->report;
	char why[160];

	if (res->missed) {
		snprintf(why, sizeof(why), "%" PRIu64 " reads lacked pages that were written", res->missed);
		report_check(r, "every page that was written is reported", RESULT_FAIL, why);
	}
	if (res->again) {
		report_num(r, "spurious_pages", res->spurious);
		report_text_hide(r, "spurious_pages");
	}
	if (res->spurious) {
		snprintf(why, sizeof(why),
			 "spurious: a bit for the page at iova 0x%" PRIx64
			 ": a second read, with nothing written since the first (%" PRIu64 " such)",
			 res->spurious_at, res->spurious);
		report_check(r, "reading clears what it reports", RESULT_FAIL, why);
	}
	if (run->own_session) {
		op_faults_settle(s);
		op_faults_check(r, s);
	}
	op_faults_report(r, s);
	if (maps || failures_total(&res->found))
		bench_checks_failures(run, res, maps);
}

static int bench_check_cpus(const struct bench_until *until, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < until->nr_cpus && !err; i++)
		err = self_check_cpu(until->cpus[i], f);
	return err;
}

static int bench_in_session(struct command_run *run, struct session *s, void *arg)
{
	struct bench_state *b = arg;
	struct bench_result res;
	int err = bench_check_cpus(&b->p.until, &run->fail), files = 0;

	if (b->refused.err) {
		run->fail = b->refused;
		return -b->refused.err;
	}
	if (!err)
		err = bench_files_begin(run, b);
	if (err)
		return err;
	run->shows = true;
	b->p.op = run->op;
	b->p.unchecked = run->unchecked;
	err = bench_run(b->bench, s, &b->p, &res, &run->fail);
	if (res.nr_rows || failures_total(&res.found)) {
		if (res.nr_rows)
			bench_report(run, b, &res);
		if (res.nr_rows)
			files = bench_files_end(run, s, b, &res);
		bench_checks(run, s, &res, !err && b->bench->maps);
	}
	/* a script's line too: it was cut short, perhaps before there was a figure */
	if (session_signal)
		report_interrupted(run->report, session_signal);
	bench_result_free(&res);
	return err ? err : files;
}

static bool bench_needs_session(const void *state)
{
	return !((const struct bench_state *)state)->compare;
}

const struct command command_bench = {
	.name = "bench",
	.summary = "how fast maps, unmaps, DMA, dirty bits and this tool's own loops are, beside plain ones",
	.args_doc = "map|unmap|dirty|dma|stamp|bitmap|sim|compare A.json B.json",
	.options = bench_options,
	.state_size = sizeof(struct bench_state),
	.defaults = bench_defaults,
	.parse = bench_parse,
	.execute = bench_execute_compare,
	.in_session = bench_in_session,
	.needs_session = bench_needs_session,
	.scriptable = true,
};
