/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench --against: the benchmark on several backends by turns, each turn in a session that is closed before the next is opened. */
#include "cmd/bench_against.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bench/pool.h"

/* --- who takes part --- */

/* What brings its own device knows nothing of the machine's, which another of them needs. */
static void against_params(struct against *a)
{
	const char *own[AGAINST_SIDES];
	bool mixed = false;

	for (unsigned int i = 0; i < a->nr; i++) {
		own[i] = iommu_own_device(a->side[i].params.backend);
		mixed |= !own[i] != !own[0] || (own[i] && strcmp(own[i], own[0]));
	}
	for (unsigned int i = 0; i < a->nr && mixed; i++)
		if (own[i])
			a->side[i].params.device = a->side[i].params.driver = NULL;
}

static bool against_is_taken(const struct against *a, const char *label, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (!strcmp(a->side[i].label, label))
			return true;
	return false;
}

/* `bench compare` takes names of 40 bytes; one that is given twice, to see what two of a kind differ by, gets a number. */
static void against_label(struct against *a, unsigned int i)
{
	const char *spec = a->side[i].params.backend;
	char name[37];

	snprintf(name, sizeof(name), "%.36s", spec);
	if (strlen(spec) >= sizeof(name))
		name[strcspn(name, ",")] = '\0';
	if (strlen(spec) >= sizeof(name) || against_is_taken(a, name, i))
		snprintf(a->side[i].label, AGAINST_LABEL, "%.36s (%u)", name, i + 1);
	else
		snprintf(a->side[i].label, AGAINST_LABEL, "%s", name);
}

static void against_begin(struct against *a, const struct bench_state *b, const struct globals *g)
{
	a->turns = b->against.turns;
	if (b->p.until.loops != BENCH_AUTO)
		a->turns = (unsigned int)MIN(a->turns, b->p.until.loops);
	a->nr = b->against.nr + 1;
	for (unsigned int i = 0; i < a->nr; i++) {
		struct against_side *side = &a->side[i];

		side->params = g->session;
		if (i)
			side->params.backend = b->against.specs[i - 1];
		side->params.backend = session_backend_choice(&side->params, &g->host);
		failures_init(&side->pool.found);
		against_label(a, i);
	}
	against_params(a);
}

/* --- one session --- */

/* Usage is the whole command's; anything else is this backend's, and the others go on. */
static int side_failed(struct command_run *run, struct against_side *side, int err, const struct fail *f)
{
	char where[AGAINST_LABEL + 16];

	if (f->usage) {
		fail_usage(&run->fail, f->err, "%s: %.300s", side->label, f->text);
		fail_hint(&run->fail, "%s", f->hint);
		return err;
	}
	/* what is not here at all is unsupported, not broken */
	side->result = err == -EOPNOTSUPP || (!side->opened && iommu_missing_node(side->params.backend)) ? RESULT_SKIP
													 : RESULT_ERROR;
	snprintf(side->why, sizeof(side->why), "%s%.300s%s%s", side->result == RESULT_SKIP ? "unsupported here: " : "",
		 f->text, f->complete ? "" : ": ", f->complete ? "" : strerror(f->err));
	snprintf(where, sizeof(where), "bench: %s", side->label);
	fail_print(f, where);
	if (side->result == RESULT_ERROR)
		report_fail(run->report, f);
	return 0;
}

static int side_open(struct command_run *run, struct against_side *side, struct session **s)
{
	struct fail f = {0};
	int err = session_open(s, &side->params, &run->globals->host, &f);

	if (err) {
		*s = NULL;
		return side_failed(run, side, err, &f);
	}
	side->opened = true;
	snprintf(side->name, sizeof(side->name), "%s", session_backend_name(*s));
	snprintf(side->device, sizeof(side->device), "%s", session_device_name(*s));
	snprintf(side->driver, sizeof(side->driver), "%s", session_driver_name(*s));
	return 0;
}

/* All the way out. What could not be closed has the device, or memory that it writes to: nobody else gets it. */
static void side_close(struct command_run *run, struct against *a, struct session *s)
{
	command_session_close(run, s, true);
	a->stop |= run->closing.err;
}

/* A mistake in one of the specs is found before anything is measured, and so is what is missing. */
static int against_look(struct command_run *run, struct against *a)
{
	struct session *s;
	int err = 0;

	for (unsigned int i = 0; i < a->nr && !err && !a->stop && !session_signal; i++) {
		err = side_open(run, &a->side[i], &s);
		if (!err && s)
			side_close(run, a, s);
	}
	return err;
}

static void side_faults(struct against *a, struct against_side *side, struct session *s, bool moved)
{
	struct report_params rp = {.command = "bench", .to = stderr};
	const struct op_faults *seen = op_faults(s);
	struct report *r = NULL;
	enum result result;

	op_faults_settle(s);
	if (!report_open(&r, &rp)) {
		op_faults_check(r, s);
		result = report_current(r);
		side->faults_asked |= moved || result != RESULT_PASS;
		side->faults = result_worst(side->faults, result);
		report_discard(r);
	}
	if (seen->strays && !side->faults_why[0])
		snprintf(side->faults_why, sizeof(side->faults_why), "%.199s", seen->stray.raw);
	for (unsigned int i = 0; i < seen->kept; i++)
		faults_keep(a->faults, ARRAY_SIZE(a->faults), &a->nr_faults, &seen->list[i]);
	a->faults_lost += seen->lost;
	a->faults_unseen |= !op_faults_seen(s);
}

/* The share of one turn of what was asked for in all. */
static void turn_params(const struct command_run *run, const struct bench_state *b, const struct against *a,
			unsigned int turn, struct bench_params *p)
{
	uint64_t loops = b->p.until.loops;

	*p = b->p;
	p->op = run->op;
	p->unchecked = run->unchecked;
	p->until.time_ns = MAX(p->until.time_ns / a->turns, (uint64_t)1);
	if (loops != BENCH_AUTO)
		p->until.loops = loops / a->turns + (turn < loops % a->turns);
}

/* Did it fail a check? What is only counted so far becomes a failure when it is told. */
static bool turn_failed(const struct against_side *side, struct bench_result *res)
{
	return failures_total(&res->found) || res->wrong || res->missed || res->spurious ||
	       (res->pins_counted && res->pins_left) || side->faults == RESULT_FAIL;
}

static int turn_measure(struct command_run *run, const struct bench_state *b, struct against *a,
			struct against_side *side, struct bench_params *p, struct session *s)
{
	struct bench_result *res = calloc(1, sizeof(*res));
	struct fail f = {0};
	int err = res ? bench_run(b->bench, s, p, res, &f) : fail_set(&f, ENOMEM, "cannot measure");

	if (res) {
		side->turns += res->nr_rows != 0;
		if (bench_pool_add(&side->pool, res, BENCH_ROUNDS_MAX / a->turns, p->until.precision) && !err)
			err = fail_set(&f, ENOMEM, "cannot keep %u figures", res->nr_rows);
		side_faults(a, side, s, res->checked != 0);
		/* nothing is learnt from a device or a translation that fails */
		if (turn_failed(side, res))
			side->result = RESULT_FAIL;
		bench_result_free(res);
		free(res);
	}
	a->stop |= session_is_forbidden(s);
	return err ? side_failed(run, side, err, &f) : 0;
}

static int turn_run(struct command_run *run, const struct bench_state *b, struct against *a, unsigned int turn,
		    unsigned int at)
{
	struct against_side *side = &a->side[at];
	char label[AGAINST_LABEL + 48];
	struct bench_params p;
	struct session *s;
	int err;

	if (side->result != RESULT_PASS)
		return 0;
	err = side_open(run, side, &s);
	if (err || !s)
		return err;
	turn_params(run, b, a, turn, &p);
	snprintf(label, sizeof(label), "%s, turn %u of %u", side->label, turn + 1, a->turns);
	p.turn = label;
	err = turn_measure(run, b, a, side, &p, s);
	/* why there is no canary was told now */
	side->params.canary_told = true;
	side_close(run, a, s);
	return err;
}

/* A B, B A, A B: who goes first changes, so that a machine that becomes slower or faster all the while favours none. */
static int against_turns(struct command_run *run, const struct bench_state *b, struct against *a)
{
	int err = 0;

	for (unsigned int turn = 0; turn < a->turns; turn++)
		for (unsigned int i = 0; i < a->nr && !err && !a->stop && !session_signal; i++)
			err = turn_run(run, b, a, turn, turn % 2 ? a->nr - 1 - i : i);
	return err;
}

static void against_dry_run(struct command_run *run, const struct against *a)
{
	for (unsigned int i = 0; i < a->nr; i++)
		report_line(run->report,
			    "would open %s with %s backend and %s driver, %u times, for bench; nothing was done",
			    a->side[i].params.device ? a->side[i].params.device : "the backend's own device",
			    a->side[i].label, a->side[i].params.driver ? a->side[i].params.driver : "the matching",
			    a->turns);
}

static int against_run(struct command_run *run, const struct bench_state *b, struct against *a)
{
	int err = bench_check_cpus(&b->p.until, &run->fail), told;

	if (!err)
		err = bench_files_begin(run, b);
	if (!err)
		err = against_look(run, a);
	if (err)
		return err;
	err = against_turns(run, b, a);
	told = against_report(run, b, a);
	return err ? err : told;
}

int bench_execute_against(struct command_run *run, void *state)
{
	const struct bench_state *b = state;
	struct against *a = calloc(1, sizeof(*a));
	int err = 0;

	if (!a)
		return fail_set(&run->fail, ENOMEM, "cannot measure on %u backends", b->against.nr + 1);
	run->shows = true;
	run->own_session = true;
	against_begin(a, b, run->globals);
	if (run->globals->dry_run)
		against_dry_run(run, a);
	else
		err = against_run(run, b, a);
	for (unsigned int i = 0; i < a->nr; i++)
		bench_result_free(&a->side[i].pool);
	free(a);
	return err;
}
