/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl run: scripts, line by line through the same parsers as the command line. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cmd/run_against.h"
#include "cmd/run_exec.h"
#include "cmd/run_inject.h"
#include "cmd/shrink_run.h"
#include "core/op/faults.h"

enum { OPT_KEEP_GOING = 0x100, OPT_AGAINST, OPT_STRICT, OPT_FAIL_NTH, OPT_SHRINK, OPT_TRIES, OPT_SHRINK_TIME };

static const struct argp_option run_options[] = {
	{"keep-going", OPT_KEEP_GOING, NULL, 0, "go on after a line that failed", 0},
	{"against", OPT_AGAINST, "BACKEND", 0, "run on BACKEND too and report every difference", 0},
	{"strict", OPT_STRICT, NULL, 0, "with --against: a known difference fails as well", 0},
	{"fail-nth", OPT_FAIL_NTH, "N", 0,
	 "let the Nth allocation fail that the kernel makes for each line, and for opening and closing the session", 0},
	{"shrink", OPT_SHRINK, "OUT", 0, "write to OUT the fewest and simplest lines that still fail as FILE does", 0},
	{"tries", OPT_TRIES, "N", 0, "with --shrink: run what may come and go so often (default 3)", 0},
	{"shrink-time", OPT_SHRINK_TIME, "DURATION", 0, "with --shrink: end with what there is by then (default 5m)",
	 0},
	{0},
};

struct run_state {
	char **files;
	struct script **scripts; /* those that were loaded, with what came of them; as many as files at most */
	struct report ***kept;	 /* of each script, as in struct run_context */
	unsigned int nr, nr_scripts;
	bool keep_going;
	struct run_against against;
	struct run_inject inject;		 /* --fail-nth */
	struct shrink_file shrink;		 /* --shrink */
	struct dma_fault faults[OP_FAULTS_KEPT]; /* of all files */
	unsigned int nr_faults;
	uint64_t faults_lost, faults_total;
	bool faults_unseen; /* in one session at least */
};

static error_t run_parse_fail_nth(struct run_state *r, const char *arg, struct argp_state *state)
{
	uint64_t n = 0;
	error_t err = parse_u64(state, "--fail-nth", arg, &n);

	if (!err && (!n || n > INT_MAX))
		err = usage_error(state, "--fail-nth: '%s' is not a number from 1 to %d", arg, INT_MAX);
	r->inject.n = (unsigned int)n;
	return err;
}

static error_t run_parse_shrink(int key, struct run_state *r, char *arg, struct argp_state *state)
{
	struct shrink_file *p = &r->shrink;
	error_t err = 0;

	switch (key) {
	case OPT_SHRINK:
		p->out = arg;
		break;
	case OPT_TRIES:
		err = parse_u64(state, "--tries", arg, &p->tries);
		if (!err && (!p->tries || p->tries > SHRINK_TRIES_MAX))
			err = usage_error(state, "--tries: '%s' is not a number from 1 to %d", arg, SHRINK_TRIES_MAX);
		break;
	default:
		if (num_parse_duration(arg, &p->time_ns))
			err = usage_error(state, "--shrink-time: '%s' is not a duration (such as 30s, 5m)", arg);
		break;
	}
	return err;
}

static error_t run_parse_end(const struct run_state *r, struct argp_state *state)
{
	if (r->against.strict && !r->against.backend)
		return usage_error(state, "--strict goes with --against");
	if (r->against.backend && r->inject.n)
		return usage_error(state, "--fail-nth: two backends do not allocate alike: not with --against");
	if (!r->nr)
		return usage_error(state, "which script? (- is standard input)");
	if (!r->shrink.out)
		return r->shrink.tries || r->shrink.time_ns
			       ? usage_error(state, "--tries and --shrink-time go with --shrink")
			       : 0;
	if (r->nr > 1)
		return usage_error(state, "--shrink: one script at a time, not also '%s'", r->files[1]);
	return r->against.backend || r->inject.n || r->keep_going
		       ? usage_error(state, "--shrink goes with none of --against, --fail-nth, --keep-going")
		       : 0;
}

static error_t run_parse(int key, char *arg, struct argp_state *state)
{
	struct run_state *r = state->input;
	char **grown;

	switch (key) {
	case OPT_KEEP_GOING:
		r->keep_going = true;
		return 0;
	case OPT_AGAINST:
		r->against.backend = arg;
		return *arg ? 0 : usage_error(state, "--against: which backend?");
	case OPT_STRICT:
		r->against.strict = true;
		return 0;
	case OPT_FAIL_NTH:
		return run_parse_fail_nth(r, arg, state);
	case ARGP_KEY_ARG:
		grown = reallocarray(r->files, r->nr + 1, sizeof(*grown));
		if (!grown)
			return ENOMEM;
		r->files = grown;
		r->files[r->nr++] = arg;
		return 0;
	case OPT_SHRINK:
	case OPT_TRIES:
	case OPT_SHRINK_TIME:
		return run_parse_shrink(key, r, arg, state);
	case ARGP_KEY_END:
		return run_parse_end(r, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void run_release(void *arg)
{
	struct run_state *r = arg;

	for (unsigned int i = 0; i < r->nr_scripts; i++) {
		for (unsigned int j = 0; r->kept[i] && j < r->scripts[i]->nr; j++)
			report_discard(r->kept[i][j]);
		free(r->kept[i]);
		script_free(r->scripts[i]);
	}
	free(r->kept);
	free(r->scripts);
	run_against_release(&r->against);
	run_inject_close(&r->inject);
	free(r->files);
}

static void run_report_rows(struct report *r, const struct script *script, struct report **kept, bool injecting)
{
	for (unsigned int i = 0; i < script->nr; i++) {
		const struct script_line *line = &script->lines[i];

		if (line->kind != SCRIPT_OP || !line->runs)
			continue;
		report_object(r, NULL);
		report_str(r, "file", script->path);
		report_num(r, "line", line->number);
		report_str(r, "command", line->text);
		report_str(r, "result", result_name(line->outcome.result));
		report_str(r, "errno", script_errno_name(line->outcome.err));
		report_str(r, "detail", line->outcome.detail);
		report_num(r, "runs", line->runs);
		if (kept && kept[i])
			report_take(r, "data", kept[i]);
		if (injecting) {
			report_num(r, "injected", line->injected);
			report_str(r, "injected_errno", script_errno_name(line->injected_err));
		}
		report_close(r);
	}
}

/* The lines of all files in one list. */
static void run_report(struct report *r, const struct run_state *state)
{
	report_list(r, "results");
	for (unsigned int i = 0; i < state->nr_scripts && !state->against.backend; i++)
		run_report_rows(r, state->scripts[i], state->kept[i], state->inject.n != 0);
	run_against_results(&state->against, r);
	report_close(r);
	faults_report(r, state->faults, state->nr_faults);
	report_bool(r, "faults_seen", !state->faults_unseen);
	report_text_hide(r, "faults_seen");
	if (state->faults_total > state->nr_faults)
		report_line(r, "%" PRIu64 " more faults are not listed", state->faults_total - state->nr_faults);
	report_num(r, "faults_total", state->faults_total);
	report_text_hide(r, "faults_total");
	report_num(r, "faults_lost", state->faults_lost);
	report_text_hide(r, "faults_lost");
	if (state->against.backend)
		run_against_report(&state->against, r);
	run_inject_report(&state->inject, r);
	report_text_hide(r, "results"); /* the checks say the same in a line each */
}

static void run_report_checks(struct report *r, const struct script *script, struct report *const *kept)
{
	for (unsigned int i = 0; i < script->nr; i++) {
		const struct script_line *line = &script->lines[i];
		char name[200];

		if (line->kind != SCRIPT_OP || !line->runs)
			continue;
		snprintf(name, sizeof(name), "%.60s:%u: %.120s", script->path, line->number, line->text);
		report_check(r, name, line->outcome.result, line->outcome.detail[0] ? line->outcome.detail : NULL);
		if (kept[i])
			report_show(r, kept[i]);
	}
}

static void run_keep_faults(struct run_state *state, const struct session *s)
{
	const struct op_faults *from = op_faults(s);

	for (unsigned int i = 0; i < from->kept; i++)
		faults_keep(state->faults, ARRAY_SIZE(state->faults), &state->nr_faults, &from->list[i]);
	state->faults_lost += from->lost;
	state->faults_total += from->all;
	state->faults_unseen |= !op_faults_seen(s);
}

static enum result run_lines(struct run_inject *ri, struct script *script, bool keep_going, struct run_context *ctx)
{
	if (!ri->n)
		return script_run(script, keep_going, run_exec, ctx);
	ri->in.exec = run_exec;
	ri->in.ctx = ctx;
	ri->in.session = ctx->session;
	ri->in.why = &ctx->run->fail;
	return script_run(script, keep_going, inject_exec, &ri->in);
}

/* In a session of its own. */
static int run_script(struct command_run *run, struct run_state *state, struct script *script, struct report **kept)
{
	struct run_context ctx = {
		.run = run, .path = script->path, .sink = fopen("/dev/null", "we"), .script = script, .kept = kept};
	enum result worst;
	bool own;
	int err;

	if (!ctx.sink)
		return fail_set(&run->fail, errno, "cannot open /dev/null");
	err = run_inject_session(&state->inject, run, script->path, &ctx.session, &own);
	if (!err) {
		worst = run_lines(&state->inject, script, state->keep_going, &ctx);
		run_report_checks(run->report, script, kept);
		run_check_kernel(run, ctx.session);
		run_keep_faults(state, ctx.session);
		if (worst == RESULT_ERROR || worst == RESULT_USAGE)
			err = run->fail.err ? -run->fail.err : -EIO;
		else if (worst == RESULT_SKIP)
			report_result(run->report, RESULT_SKIP);
		run_inject_session_close(&state->inject, run, ctx.session, own);
	}
	fclose(ctx.sink);
	return err;
}

static int run_file(struct command_run *run, struct run_state *state, const char *path)
{
	struct script *script = NULL;
	int err = script_load(&script, path, &run->fail);

	if (err)
		return err;
	state->scripts[state->nr_scripts++] = script;
	if (script->danger[0] && !run->globals->session.allow_crash) {
		fail_set(&run->fail, EOPNOTSUPP, "%s is marked danger: %s", path, script->danger);
		fail_hint(&run->fail, "it may harm this machine; --allow-crash runs it all the same");
		return -EOPNOTSUPP;
	}
	if (state->against.backend)
		return run_against(&state->against, run, script);
	state->kept[state->nr_scripts - 1] = calloc((size_t)script->nr + 1, sizeof(**state->kept));
	if (!state->kept[state->nr_scripts - 1])
		return fail_set(&run->fail, ENOMEM, "cannot run %s", path);
	return run_script(run, state, script, state->kept[state->nr_scripts - 1]);
}

static int run_execute(struct command_run *run, void *arg)
{
	struct run_state *state = arg;
	int err = 0;

	if (run->session && (state->against.backend || state->inject.n || state->shrink.out))
		return fail_usage(&run->fail, EINVAL,
				  "--%s opens sessions of its own, it does not run inside of one: leave out --session",
				  state->shrink.out ? "shrink"
				  : state->inject.n ? "fail-nth"
						    : "against");
	if (state->shrink.out)
		return shrink_file(run, &state->shrink, state->files[0]);
	state->scripts = calloc(state->nr, sizeof(*state->scripts));
	state->kept = calloc(state->nr, sizeof(*state->kept));
	if (!state->scripts || !state->kept)
		return fail_set(&run->fail, ENOMEM, "cannot run %u scripts", state->nr);
	err = run_inject_open(&state->inject, run, state->nr);
	for (unsigned int i = 0; i < state->nr && !err && !session_signal; i++)
		err = run_file(run, state, state->files[i]);
	run_report(run->report, state);
	return err;
}

const struct command command_run_script = {
	.name = "run",
	.summary = "run scripts of commands in one session",
	.args_doc = "FILE...",
	.options = run_options,
	.state_size = sizeof(struct run_state),
	.parse = run_parse,
	.execute = run_execute,
	.opens_session = true,
	.release = run_release,
};
