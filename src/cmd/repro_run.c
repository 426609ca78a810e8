/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A repro's lines as `run` executes them, in a fresh session, and what is reported of them. */
#include "cmd/repro_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/run_exec.h"
#include "core/op/faults.h"
#include "core/pins.h"

#define REPRO_EVIDENCE_MAX 600

/* One repro: the run of its script, and what was seen beside it. */
struct repro_turn {
	struct repro *repro;
	struct repro_judgement judgement;
	char complaint[200], fault[300];
	struct pins pins; /* before the session was opened */
	uint64_t leaked;
	const char *uncounted;
	bool ran;
};

static void turn_fault(struct repro_turn *t, const struct session *s)
{
	const struct op_faults *faults = op_faults(s);

	/* of those that belong to a line, its failure tells */
	if (faults->strays)
		snprintf(t->fault, sizeof(t->fault), "%.290s", faults->stray.raw);
}

static void turn_look(struct repro_turn *t, struct session *s)
{
	op_faults_settle(s);
	snprintf(t->complaint, sizeof(t->complaint), "%s", session_kernel_complaint(s));
	turn_fault(t, s);
}

/* The lines, and the verdict on them. */
static int turn_lines(struct command_run *run, struct repro_turn *t, struct session *s)
{
	struct command_run sub = {.globals = run->globals, .report = run->report};
	struct run_context ctx = {.run = &sub,
				  .session = s,
				  .path = t->repro->path,
				  .sink = fopen("/dev/null", "we"),
				  .script = t->repro->script};

	if (!ctx.sink)
		return fail_set(&run->fail, errno, "cannot open /dev/null");
	script_run(t->repro->script, false, run_exec, &ctx);
	fclose(ctx.sink);
	t->ran = true;
	turn_look(t, s);
	return 0;
}

/* When the session is closed and all is unmapped. */
static void turn_judge(struct repro_turn *t)
{
	const struct repro_seen seen = {.complaint = t->complaint,
					.fault = t->fault,
					.leaked = t->leaked,
					.uncounted = t->uncounted,
					.interrupted = session_signal};

	repro_judge(t->repro, &seen, &t->judgement);
}

/* A device that could not be quieted, or memory that could not be given back, is no clean end. */
static void turn_close(struct repro_turn *t, struct session *s)
{
	/* that one counts its own pins, which the lines ask for */
	bool simulated = session_is_simulated(s);
	struct fail why = {0};
	int err = session_close(s, &why);

	if (t->ran) {
		const char *uncounted = pins_after(&t->pins, &t->leaked);

		t->uncounted = simulated ? NULL : uncounted;
		turn_judge(t);
	}
	if (!err || t->judgement.verdict == REPRO_AFFECTED_BY_IT)
		return;
	t->judgement.verdict = REPRO_ERROR;
	snprintf(t->judgement.why, sizeof(t->judgement.why), "its session could not be closed: %.300s", why.text);
}

static int turn_run(struct command_run *run, struct repro_turn *t)
{
	struct globals *g = run->globals;
	struct session *s;
	int err;

	if (!repro_may_run(t->repro, &g->session, &t->judgement))
		return 0;
	pins_before(&t->pins);
	err = session_open(&s, &g->session, &g->host, &run->fail);
	if (err)
		return err;
	report_str(run->report, "backend", session_backend_name(s));
	report_str(run->report, "device", session_device_name(s));
	report_str(run->report, "driver", session_driver_name(s));
	if (repro_needs_met(t->repro, s, &t->judgement))
		err = turn_lines(run, t, s);
	turn_close(t, s);
	return err;
}

/* Each line's outcome, or what was seen beside them. */
static void turn_evidence(struct report *r, const struct repro_turn *t,
			  void (*tell)(struct report *r, const char *text))
{
	char text[REPRO_EVIDENCE_MAX];

	for (unsigned int i = 0; t->ran && i < t->repro->script->nr; i++)
		if (repro_evidence(&t->repro->script->lines[i], text, sizeof(text)))
			tell(r, text);
	if (t->complaint[0]) {
		snprintf(text, sizeof(text), "the kernel's log: %s", t->complaint);
		tell(r, text);
	}
	if (t->leaked) {
		snprintf(text, sizeof(text), "the machine counts %llu more pinned pages than before (nr_foll_pin)",
			 (unsigned long long)t->leaked);
		tell(r, text);
	}
	if (t->fault[0]) {
		snprintf(text, sizeof(text), "the IOMMU: %s", t->fault);
		tell(r, text);
	}
}

static void tell_data(struct report *r, const char *text)
{
	report_str(r, NULL, text);
}

static void tell_check(struct report *r, const char *text)
{
	report_evidence(r, "evidence", "%s", text);
}

static void turn_report(struct report *r, const struct repro_turn *t)
{
	report_object(r, NULL);
	report_str(r, "name", t->repro->name);
	report_str(r, "title", repro_text(t->repro, REPRO_TITLE));
	report_str(r, "verdict", repro_verdict_name(t->judgement.verdict));
	report_str(r, "why", t->judgement.why);
	report_list(r, "evidence");
	turn_evidence(r, t, tell_data);
	report_close(r);
	report_close(r);
}

static void turn_check(struct report *r, const struct repro_turn *t)
{
	enum result result = repro_verdict_result(t->judgement.verdict);
	char why[sizeof(t->judgement.why) + 40];

	snprintf(why, sizeof(why), "%s: %s", repro_verdict_name(t->judgement.verdict), t->judgement.why);
	report_check(r, t->repro->name, result, why);
	if (result == RESULT_PASS)
		report_evidence(r, "why", "%s", t->judgement.why);
	if (result == RESULT_FAIL || result == RESULT_ERROR)
		turn_evidence(r, t, tell_check);
}

static void repro_count(struct report *r, const struct repro_turn *turns, unsigned int nr)
{
	unsigned int count[REPRO_ERROR + 1] = {0};

	for (unsigned int i = 0; i < nr; i++)
		count[turns[i].judgement.verdict]++;
	report_object(r, "verdicts");
	for (int v = 0; v <= REPRO_ERROR; v++)
		report_num(r, repro_verdict_name((enum repro_verdict)v), count[v]);
	report_close(r);
	report_text_hide(r, "verdicts");
	report_line(r, "%u affected, %u not affected, %u not applicable, %u skipped, %u errors",
		    count[REPRO_AFFECTED_BY_IT], count[REPRO_NOT_AFFECTED], count[REPRO_NOT_APPLICABLE],
		    count[REPRO_SKIPPED], count[REPRO_ERROR]);
}

int repro_run(struct command_run *run, struct repro *const *list, unsigned int nr)
{
	CLEANUP_FREE struct repro_turn *turns = calloc(nr + 1, sizeof(*turns));
	unsigned int done = 0;
	int err = turns ? 0 : fail_set(&run->fail, ENOMEM, "cannot run %u repros", nr);

	if (run->globals->dry_run) {
		for (unsigned int i = 0; i < nr; i++)
			report_line(run->report, "would run %s in a session of its own; nothing was done",
				    list[i]->name);
		return err;
	}
	while (!err && done < nr && !session_signal) {
		turns[done].repro = list[done];
		err = turn_run(run, &turns[done]);
		done += !err;
	}
	report_list(run->report, "results");
	for (unsigned int i = 0; i < done; i++)
		turn_report(run->report, &turns[i]);
	report_close(run->report);
	report_text_hide(run->report, "results"); /* the checks say the same */
	for (unsigned int i = 0; i < done; i++)
		turn_check(run->report, &turns[i]);
	repro_count(run->report, turns, done);
	return err;
}
