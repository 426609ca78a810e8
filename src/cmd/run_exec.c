/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of a script, through the same parsers as the command line; and what a run shows that belongs to no line. */
#include "cmd/run_exec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/op/faults.h"
#include "core/op/flight.h"

/* The run's failure is the line's, with the line's number. */
static void run_line_failed(struct run_context *ctx, const struct script_line *line, int err, const struct fail *why)
{
	struct fail *f = &ctx->run->fail;

	fail_set(f, why->err ? why->err : err, "%.120s:%u: %s", ctx->path, line->number, why->text);
	fail_hint(f, "%s", why->hint);
	f->usage = why->usage;
	f->complete = why->complete;
}

static void run_keep(struct run_context *ctx, const struct script_line *line, struct report *r)
{
	struct report **at = &ctx->kept[line - ctx->script->lines];

	report_discard(*at);
	*at = r;
}

static void run_line(struct run_context *ctx, const struct command *cmd, const struct script_line *line, uint64_t op,
		     void *state, struct globals *g, struct script_outcome *out)
{
	struct report_params rp = {.format = g->format, .command = cmd->name, .to = ctx->sink, .seed = g->session.seed};
	struct command_run sub = {.globals = g, .session = ctx->session, .op = op, .script_path = ctx->path};
	int err = report_open(&sub.report, &rp);

	sub.unchecked = g->session.unchecked || line->negated;
	op_faults_line(ctx->session, line->number);
	if (!err)
		err = command_execute(cmd, &sub, state);
	op_faults_line(ctx->session, 0);
	out->err = err < 0 ? -err : 0;
	out->result = sub.report ? report_current(sub.report) : RESULT_ERROR;
	snprintf(out->detail, sizeof(out->detail), "%s", sub.detail);
	if (out->result == RESULT_INTERRUPTED && !out->detail[0])
		snprintf(out->detail, sizeof(out->detail), "interrupted");
	out->lost = session_is_forbidden(ctx->session) || err == -ETIMEDOUT || err == -EREMOTEIO;
	if (err) {
		out->result = sub.fail.usage ? RESULT_USAGE : err == -EOPNOTSUPP ? RESULT_SKIP : RESULT_ERROR;
		/* `!` lines expect an errno; a range the tool itself would refuse counts as one */
		if ((line->negated || out->lost) && out->result == RESULT_USAGE)
			out->result = RESULT_ERROR;
		snprintf(out->detail, sizeof(out->detail), "%.190s", sub.fail.text);
		if ((!line->negated || out->lost) && out->result != RESULT_SKIP)
			run_line_failed(ctx, line, err, &sub.fail);
	}
	if (sub.shows && (!err || sub.partial) && ctx->kept)
		run_keep(ctx, line, sub.report);
	else
		report_discard(sub.report);
}

void run_exec(void *arg, const struct script_line *line, uint64_t op, struct script_outcome *out)
{
	struct run_context *ctx = arg;
	const struct command *cmd = command_find(line->argv[0]);
	struct globals g = *ctx->run->globals;
	char where[300];
	char *argv[66];
	void *state = NULL;

	out->result = RESULT_USAGE;
	snprintf(where, sizeof(where), "%.250s:%u", ctx->path, line->number);
	if (!cmd || !cmd->scriptable) {
		snprintf(out->detail, sizeof(out->detail),
			 cmd ? "'%.60s' cannot stand in a script" : "'%.60s' is no command", line->argv[0]);
		fail_usage(&ctx->run->fail, EINVAL, "%s: %s", where, out->detail);
		return;
	}
	/* argp may permute its vector: it gets a copy */
	memcpy(argv, line->argv, ((size_t)line->argc + 1) * sizeof(*argv));
	if (command_parse(cmd, line->argc, argv, &g, where, &ctx->run->fail, &state)) {
		snprintf(out->detail, sizeof(out->detail), "%.190s", ctx->run->fail.text);
		return;
	}
	run_line(ctx, cmd, line, op, state, &g, out);
	command_state_free(cmd, state);
}

void run_check_kernel(struct command_run *run, struct session *s)
{
	const char *complaint;
	struct failures found;

	failures_init(&found);
	if (op_flights_stop(s, &found))
		report_check(run->report, "DMA in the background ended well", found.total ? RESULT_FAIL : RESULT_PASS,
			     found.total ? found.list[0].text : NULL);
	op_faults_settle(s); /* reads the log, complaints too */
	complaint = session_kernel_complaint(s);
	op_faults_check(run->report, s);
	if (session_is_simulated(s))
		return; /* no kernel is asked anything */
	if (complaint[0])
		report_check(run->report, "the kernel does not complain", RESULT_FAIL, complaint);
	else if (session_kernel_watched(s))
		report_check(run->report, "the kernel does not complain", RESULT_PASS, NULL);
	else
		report_check(run->report, "the kernel does not complain", RESULT_SKIP,
			     "neither its log nor a new taint could be seen");
}
