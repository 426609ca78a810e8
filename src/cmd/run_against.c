/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run --against: the same script, device and seed on a second backend; every difference is shown, those without a reason fail. */
#include "cmd/run_against.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/op/faults.h"

struct against_exec {
	struct run_context ctx;
	struct against_file *file;
	unsigned int side;
	bool usage; /* a line could not be read: nothing to compare */
};

/* Is the line as it should be? Only counted: what matters here is that both sides say the same. */
static bool against_is_met(const struct script_line *line, const struct script_outcome *out)
{
	if (!line->negated)
		return out->result == RESULT_PASS || out->result == RESULT_SKIP;
	return line->want_err ? out->err == line->want_err : out->err || out->result == RESULT_FAIL;
}

/* Nothing but the loss of the device, an interruption or a line that cannot be read stops a run: an error is an answer. */
static void against_line(void *arg, const struct script_line *line, uint64_t op, struct script_outcome *out)
{
	struct against_exec *e = arg;
	struct fail *f = &e->ctx.run->fail;
	bool lost;

	trace_begin(&e->file->trace[e->side], e->ctx.session);
	run_exec(&e->ctx, line, op, out);
	lost = out->lost || out->result == RESULT_INTERRUPTED;
	if (out->result == RESULT_USAGE && !out->err) {
		e->usage = true;
		return;
	}
	e->file->unmet[e->side] += !against_is_met(line, out);
	trace_end(&e->file->trace[e->side], e->ctx.session, (unsigned int)(line - e->file->script->lines),
		  line->runs + 1, out);
	if (lost)
		return;
	memset(f, 0, sizeof(*f));
	/* whatever came of it, script_run() is to go on: '!' and its error are judged from the trace */
	if (out->result != RESULT_SKIP)
		out->result = RESULT_PASS;
}

static bool against_is_sim(const char *backend)
{
	return backend && !strncmp(backend, "sim", 3) && (!backend[3] || backend[3] == ',');
}

/* The options of one side: the simulation has a device and driver of its own whatever the other side has. */
static void against_globals(const struct run_against *a, const struct globals *from, unsigned int side,
			    struct globals *to)
{
	const char *other = side ? from->session.backend : a->backend;

	*to = *from;
	if (side)
		to->session.backend = a->backend;
	if (against_is_sim(to->session.backend) && !against_is_sim(other)) {
		to->session.device = NULL;
		to->session.driver = NULL;
	}
}

static void against_name(struct run_against *a, unsigned int side, struct session *s)
{
	const char *name = session_backend_name(s);

	if (session_is_simulated(s))
		snprintf(a->name[side], sizeof(a->name[side]), "%.16s (%.16s)", name,
			 iommu_personality_name(iommu_personality(session_iommu(s))));
	else if (iommu_personality(session_iommu(s)) == IOMMU_COMPAT_V1)
		snprintf(a->name[side], sizeof(a->name[side]), "%.20s (v1)", name);
	else
		snprintf(a->name[side], sizeof(a->name[side]), "%.30s", name);
}

static void against_report_side(const struct run_against *a, struct report *r, unsigned int side, struct session *s)
{
	if (side) {
		report_object(r, "against");
		report_str(r, "backend", a->name[side]);
		report_str(r, "device", session_device_name(s));
		report_str(r, "driver", session_driver_name(s));
		report_close(r);
	} else {
		report_str(r, "backend", a->name[side]);
		report_str(r, "device", session_device_name(s));
		report_str(r, "driver", session_driver_name(s));
	}
}

/* Faults and complaints of the kernel that belong to no line, said of the backend under which they came. */
static void against_check_kernel(const struct run_against *a, struct command_run *run, struct command_run *own,
				 unsigned int side, struct session *s)
{
	const char *complaint, *why = NULL;
	char name[120];

	run_check_kernel(own, s);
	if (session_is_simulated(s) && !op_faults(s)->strays)
		return;
	complaint = session_kernel_complaint(s);
	snprintf(name, sizeof(name), "%s: no fault and no complaint of the kernel outside of the lines", a->name[side]);
	if (complaint[0])
		why = complaint;
	else if (op_faults(s)->strays)
		why = op_faults(s)->stray.raw;
	report_check(run->report, name, report_current(own->report), why);
}

static int against_lines(struct run_against *a, struct command_run *run, struct against_exec *e)
{
	struct script *script = e->file->script;
	struct script_line *line;

	for (unsigned int i = 0; i < script->nr; i++) {
		line = &script->lines[i];
		line->runs = 0;
		memset(&line->outcome, 0, sizeof(line->outcome));
	}
	trace_init(&e->file->trace[e->side], e->ctx.session);
	against_name(a, e->side, e->ctx.session);
	against_report_side(a, run->report, e->side, e->ctx.session);
	script_run(script, true, against_line, e);
	against_check_kernel(a, run, e->ctx.run, e->side, e->ctx.session);
	if (e->usage) {
		run->fail = e->ctx.run->fail;
		return run->fail.err ? -run->fail.err : -EINVAL;
	}
	if (e->file->trace[e->side].err)
		return fail_set(&run->fail, e->file->trace[e->side].err, "cannot take down what %s does on %s",
				script->path, a->name[e->side]);
	return 0;
}

/* One side, in a session of its own. */
static int against_side(struct run_against *a, struct command_run *run, struct against_file *file, unsigned int side,
			FILE *sink)
{
	struct report_params rp = {.command = "run", .to = sink, .seed = run->globals->session.seed};
	struct globals g;
	struct command_run own = {.globals = &g};
	struct against_exec e = {
		.ctx = {.run = &own, .path = file->script->path, .sink = sink}, .file = file, .side = side};
	bool opened;
	int err = report_open(&own.report, &rp);

	against_globals(a, run->globals, side, &g);
	if (err)
		return fail_set(&run->fail, err, "cannot report");
	err = command_session(&own, &e.ctx.session, &opened);
	if (err) {
		run->fail = own.fail;
	} else {
		err = against_lines(a, run, &e);
		command_session_close(&own, e.ctx.session, opened);
		if (report_current(own.report) == RESULT_ERROR)
			report_result(run->report, RESULT_ERROR);
		if (!run->closing.err)
			run->closing = own.closing;
	}
	report_discard(own.report);
	return err;
}

/* --- what is said of it --- */

#define WHY_MAX 800

static const char *against_times(const struct trace_difference *d, char *buf, size_t size)
{
	buf[0] = '\0';
	if (d->times > 1)
		snprintf(buf, size, " (%" PRIu64 " times)", d->times);
	return buf;
}

/* The first difference of the line that nothing explains, else the first known one. NULL: none. */
static const struct trace_difference *against_of_line(const struct against_file *file, unsigned int line)
{
	const struct trace_difference *found = NULL;

	for (size_t i = 0; i < file->found.nr; i++) {
		const struct trace_difference *d = &file->found.list[i];

		if (d->line == line && (!found || (found->is_known && !d->is_known)))
			found = d;
	}
	return found;
}

/* Skipped by one side or both, in every run. */
static bool against_is_unsupported(const struct against_file *file, unsigned int line, bool on[2])
{
	on[0] = on[1] = false;
	for (unsigned int side = 0; side < 2; side++)
		for (size_t i = 0; i < file->trace[side].nr; i++) {
			const struct trace_row *row = &file->trace[side].rows[i];

			if (row->line == line && trace_is_unsupported(row))
				on[side] = true;
		}
	return on[0] || on[1];
}

static void against_why(const struct run_against *a, const struct trace_difference *d, char *why, size_t size)
{
	char times[40];

	if (d->field == FIELD_RAN)
		snprintf(why, size, "from here on only %s ran", a->name[strcmp(d->a, "yes") ? 1 : 0]);
	else
		snprintf(why, size, "%s: %s on %s, %s on %s%s%s%s%s%s", trace_field_name(d->field), d->a, a->name[0],
			 d->b, a->name[1], against_times(d, times, sizeof(times)), d->is_known ? "; known: " : "",
			 d->is_known ? d->known : "", d->is_known ? ": " : "", d->is_known ? d->why : "");
}

/* Both sides found something wrong where the script does not want that: that they agree makes it no better. */
static bool against_both_failed(const struct run_against *a, const struct against_file *file, unsigned int line,
				char *why, size_t size)
{
	const struct trace *x = &file->trace[0], *y = &file->trace[1];
	char classes[200] = "";
	size_t at = 0;

	if (file->script->lines[line].negated)
		return false;
	for (size_t i = 0; i < x->nr && i < y->nr; i++) {
		const struct trace_row *row = &x->rows[i];

		if (row->line != line || row->result != RESULT_FAIL || y->rows[i].line != line ||
		    y->rows[i].result != RESULT_FAIL)
			continue;
		for (unsigned int c = 0; c < FAILURE_CLASSES && at < sizeof(classes); c++)
			if ((row->facts.classes | y->rows[i].facts.classes) >> c & 1)
				at += (size_t)snprintf(classes + at, sizeof(classes) - at, "%s%s", at ? ", " : ": ",
						       failure_name(c));
		snprintf(why, size, "it fails on %s and on %s%s", a->name[0], a->name[1], classes);
		return true;
	}
	return false;
}

/* How the line stands, and why in @why ("" for nothing to say). */
static enum result against_judge(const struct run_against *a, const struct against_file *file, unsigned int line,
				 char *why, size_t size)
{
	const struct trace_difference *d = against_of_line(file, line);
	bool on[2];

	why[0] = '\0';
	if ((!d || d->is_known) && against_both_failed(a, file, line, why, size))
		return RESULT_FAIL;
	if (d && d->field != FIELD_SUPPORT) {
		against_why(a, d, why, size);
		return d->is_known && !a->strict ? RESULT_PASS : RESULT_FAIL;
	}
	if (!against_is_unsupported(file, line, on))
		return RESULT_PASS;
	snprintf(why, size, "unsupported on %s%s%s", on[0] ? a->name[0] : a->name[1], on[0] && on[1] ? " and on " : "",
		 on[0] && on[1] ? a->name[1] : "");
	return RESULT_SKIP;
}

static void against_check_line(const struct run_against *a, struct report *r, const struct against_file *file,
			       unsigned int line)
{
	const struct script_line *l = &file->script->lines[line];
	char name[200], why[WHY_MAX];
	enum result result = against_judge(a, file, line, why, sizeof(why));

	snprintf(name, sizeof(name), "%.60s:%u: %.120s", file->script->path, l->number, l->text);
	report_check(r, name, result, why[0] ? why : NULL);
	for (size_t i = 0; result == RESULT_FAIL && i < file->found.nr; i++) {
		if (file->found.list[i].line != line)
			continue;
		against_why(a, &file->found.list[i], why, sizeof(why));
		report_evidence(r, "difference", "%s", why);
	}
}

static void against_check(const struct run_against *a, struct command_run *run, const struct against_file *file)
{
	for (unsigned int i = 0; i < file->script->nr; i++)
		if (file->script->lines[i].kind == SCRIPT_OP && file->script->lines[i].runs)
			against_check_line(a, run->report, file, i);
	report_line(run->report,
		    "%s: %" PRIu64 " lines on %s and %s: %" PRIu64 " differences, %" PRIu64 " of them known",
		    file->script->path, file->found.lines, a->name[0], a->name[1],
		    file->found.known + file->found.unknown, file->found.known);
}

int run_against(struct run_against *a, struct command_run *run, struct script *script)
{
	struct against_file *grown = reallocarray(a->files, a->nr + 1, sizeof(*grown)), *file;
	FILE *sink = fopen("/dev/null", "we");
	int err = 0;

	if (grown)
		a->files = grown;
	if (!grown || !sink) {
		if (sink)
			fclose(sink);
		return fail_set(&run->fail, grown ? errno : ENOMEM, "cannot run %s", script->path);
	}
	file = &grown[a->nr++];
	*file = (struct against_file){.script = script};
	for (unsigned int side = 0; side < 2 && !err && !session_signal; side++)
		err = against_side(a, run, file, side, sink);
	fclose(sink);
	if (err || session_signal)
		return err;
	if (trace_compare(script, &file->trace[0], a->name[0], &file->trace[1], a->name[1], &file->found))
		return fail_set(&run->fail, ENOMEM, "cannot compare what %s did", script->path);
	against_check(a, run, file);
	return 0;
}

static const struct trace_row *against_first(const struct trace *t, unsigned int line)
{
	for (size_t i = 0; i < t->nr; i++)
		if (t->rows[i].line == line)
			return &t->rows[i];
	return NULL;
}

static void against_result_row(const struct run_against *a, const struct against_file *file, unsigned int line,
			       struct report *r)
{
	const struct script_line *l = &file->script->lines[line];
	const struct trace_row *x = against_first(&file->trace[0], line), *y = against_first(&file->trace[1], line);
	char why[WHY_MAX];
	enum result result = against_judge(a, file, line, why, sizeof(why));

	report_object(r, NULL);
	report_str(r, "file", file->script->path);
	report_num(r, "line", l->number);
	report_str(r, "command", l->text);
	report_str(r, "result", result_name(result));
	report_str(r, "errno", script_errno_name(x ? x->err : 0));
	report_str(r, "errno_against", script_errno_name(y ? y->err : 0));
	report_str(r, "detail", why);
	report_num(r, "runs", l->runs);
	report_close(r);
}

void run_against_results(const struct run_against *a, struct report *r)
{
	for (unsigned int f = 0; f < a->nr; f++)
		for (unsigned int i = 0; i < a->files[f].script->nr; i++)
			if (a->files[f].script->lines[i].kind == SCRIPT_OP && a->files[f].script->lines[i].runs)
				against_result_row(a, &a->files[f], i, r);
}

static void against_report_file(const struct against_file *file, struct report *r)
{
	for (size_t i = 0; i < file->found.nr; i++) {
		const struct trace_difference *d = &file->found.list[i];
		const struct script_line *line = &file->script->lines[d->line];

		report_object(r, NULL);
		report_str(r, "file", file->script->path);
		report_num(r, "line", line->number);
		report_str(r, "command", line->text);
		report_str(r, "field", trace_field_name(d->field));
		report_str(r, "a", d->a);
		report_str(r, "b", d->b);
		report_str(r, "known", d->known);
		report_str(r, "why", d->why);
		report_str(r, "source", d->source);
		report_num(r, "run", d->run);
		report_num(r, "times", d->times);
		report_close(r);
	}
}

void run_against_report(const struct run_against *a, struct report *r)
{
	uint64_t lines = 0, known = 0, unknown = 0, unmet[2] = {0};

	for (unsigned int i = 0; i < a->nr; i++) {
		lines += a->files[i].found.lines;
		known += a->files[i].found.known;
		unknown += a->files[i].found.unknown;
		unmet[0] += a->files[i].unmet[0];
		unmet[1] += a->files[i].unmet[1];
	}
	report_num(r, "lines_compared", lines);
	report_num(r, "known_differences", known);
	report_num(r, "unknown_differences", unknown);
	report_num(r, "unmet_a", unmet[0]);
	report_num(r, "unmet_b", unmet[1]);
	report_list(r, "differences");
	for (unsigned int i = 0; i < a->nr; i++)
		against_report_file(&a->files[i], r);
	report_close(r);
	report_text_hide(r, "differences"); /* the checks say the same in a line each */
}

void run_against_release(struct run_against *a)
{
	for (unsigned int i = 0; i < a->nr; i++) {
		for (unsigned int side = 0; side < 2; side++)
			trace_release(&a->files[i].trace[side]);
		trace_differences_free(&a->files[i].found);
	}
	free(a->files);
}
