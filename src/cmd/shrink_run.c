/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Candidates of the shrinker, each run in a session of its own, and how it failed. */
#include "cmd/shrink_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/rng.h"
#include "base/spec.h"
#include "cmd/run_exec.h"

#define FIT_MAX 64 /* lines that may be taken out so that the reference passes */

/* The class that a line's detail begins with, else the error, else what was due and did not come. */
static void why_what(const struct script_line *line, struct shrink_why *why)
{
	const struct script_outcome *out = &line->outcome;
	size_t n = strcspn(out->detail, ":");

	for (unsigned int c = 0; c < FAILURE_CLASSES; c++)
		if (!strncmp(out->detail, failure_name(c), n) && !failure_name(c)[n]) {
			snprintf(why->what, sizeof(why->what), "%s", failure_name(c));
			return;
		}
	/* of dirty bits, which have no class */
	if (!strncmp(out->detail, "missing:", n + 1) || !strncmp(out->detail, "spurious:", n + 1))
		snprintf(why->what, sizeof(why->what), "%.*s", (int)n, out->detail);
	else if (line->negated)
		snprintf(why->what, sizeof(why->what), "not %s%s%s",
			 line->want_err ? script_errno_name(line->want_err) : "refused", out->err ? " but " : "",
			 script_errno_name(out->err));
	else
		snprintf(why->what, sizeof(why->what), "%s", out->err ? script_errno_name(out->err) : "wrong");
}

static void why_of(const struct script *script, struct shrink_why *why)
{
	for (unsigned int i = 0; i < script->nr; i++) {
		const struct script_line *line = &script->lines[i];

		if (line->kind != SCRIPT_OP || !line->runs || line->outcome.result == RESULT_PASS)
			continue;
		if (line->outcome.result == RESULT_SKIP) {
			why->result = RESULT_SKIP;
			continue;
		}
		why->result = line->outcome.result;
		why->line = i;
		snprintf(why->command, sizeof(why->command), "%s", line->argv[0]);
		snprintf(why->detail, sizeof(why->detail), "%s", line->outcome.detail);
		why_what(line, why);
		return;
	}
}

/* What belongs to no line. */
static void why_of_kernel(struct command_run *own, struct session *s, struct shrink_why *why)
{
	if (why->result == RESULT_FAIL || why->result == RESULT_ERROR || why->result == RESULT_USAGE)
		return;
	run_check_kernel(own, s);
	if (report_current(own->report) != RESULT_FAIL)
		return;
	why->result = RESULT_FAIL;
	snprintf(why->what, sizeof(why->what), "%s", session_kernel_complaint(s)[0] ? "kernel" : "faults");
	snprintf(why->detail, sizeof(why->detail), "%.199s", session_kernel_complaint(s));
}

static int runner_session(struct shrink_runner *r, struct globals *g, struct script *script, struct shrink_why *why,
			  struct fail *f)
{
	struct report_params rp = {.command = "run", .to = r->sink, .seed = g->session.seed};
	struct command_run own = {.globals = g};
	struct run_context ctx = {.run = &own, .path = script->path, .sink = r->sink, .script = script};
	bool opened = false;
	int err = report_open(&own.report, &rp);

	if (err)
		return fail_set(f, err, "cannot report");
	err = command_session(&own, &ctx.session, &opened);
	if (err) {
		*f = own.fail;
	} else {
		script_run(script, false, run_exec, &ctx);
		why_of(script, why);
		if (why->result == RESULT_USAGE)
			r->usage = own.fail;
		why_of_kernel(&own, ctx.session, why);
		command_session_close(&own, ctx.session, opened);
		if (own.closing.err) {
			*f = own.closing;
			err = -f->err;
		}
	}
	report_discard(own.report);
	return err;
}

int shrink_runner_once(struct shrink_runner *r, struct globals *g, char *const *lines, unsigned int nr,
		       struct shrink_why *why, struct fail *f)
{
	struct script *script = NULL;
	struct fail unread = {0};
	int err;

	memset(why, 0, sizeof(*why));
	if (script_parse(&script, "candidate", lines, nr, &unread)) {
		why->result = RESULT_USAGE;
		return 0;
	}
	msg_set_level(MSG_SILENT);
	progress_set_mode(PROGRESS_NEVER);
	err = runner_session(r, g, script, why, f);
	progress_set_mode(r->own.verbosity == MSG_QUIET && r->own.progress == PROGRESS_AUTO ? PROGRESS_NEVER
											    : r->own.progress);
	msg_set_level((enum msg_level)r->own.verbosity);
	script_free(script);
	if (!err && session_signal)
		err = fail_set(f, EINTR, "interrupted");
	return err;
}

static uint64_t runner_hash(char *const *lines, unsigned int nr)
{
	uint64_t hash = nr;

	for (unsigned int i = 0; i < nr; i++)
		hash = rng_draw(hash, rng_place(lines[i]), 1);
	return hash;
}

/* Of several tries of one candidate the reference is asked once. */
static int runner_reference(struct shrink_runner *r, char *const *lines, unsigned int nr, bool *passed, struct fail *f)
{
	uint64_t hash = runner_hash(lines, nr);
	struct shrink_why why;
	int err = 0;

	*passed = true;
	if (!r->has_reference)
		return 0;
	if (!r->runs || hash != r->passed_hash) {
		err = shrink_runner_once(r, &r->reference, lines, nr, &why, f);
		r->passed = why.result == RESULT_PASS || why.result == RESULT_SKIP;
		r->passed_hash = hash;
	}
	*passed = r->passed;
	return err;
}

static bool why_is(const struct shrink_why *a, const struct shrink_why *b)
{
	return a->result == b->result && !strcmp(a->what, b->what) && !strcmp(a->command, b->command);
}

static int runner_fails(void *ctx, char *const *lines, unsigned int nr, bool *yes, struct fail *f)
{
	struct shrink_runner *r = ctx;
	bool passed;
	int err = runner_reference(r, lines, nr, &passed, f);

	*yes = false;
	if (err || !passed)
		return err;
	/* a seed of its own for each: what fails with one seed only is of no use to anybody else */
	r->own.session.seed = r->runs ? rng_draw(r->seed, r->runs, rng_place("shrink")) : r->seed;
	r->runs++;
	err = shrink_runner_once(r, &r->own, lines, nr, &r->last, f);
	if (err || (r->last.result != RESULT_FAIL && r->last.result != RESULT_ERROR))
		return err;
	if (!r->due_known) {
		r->due = r->last;
		r->due_known = true;
	}
	*yes = why_is(&r->last, &r->due);
	if (*yes)
		r->due = r->last;
	return 0;
}

struct shrink_target shrink_runner_target(struct shrink_runner *r)
{
	return (struct shrink_target){runner_fails, r};
}

int shrink_runner_ask(struct shrink_runner *r, char *const *lines, unsigned int nr, struct fail *f)
{
	struct shrink_why why;
	int err = shrink_runner_once(r, &r->reference, lines, nr, &why, f);

	r->has_reference = !err && (why.result == RESULT_PASS || why.result == RESULT_SKIP);
	return err == -EINTR ? err : 0;
}

/* "sim,fault=x,personality=y" without its faults: what is left is healthy. Elsewhere: a simulation with these rules. */
static char *runner_healthy(const char *backend, enum iommu_personality personality)
{
	const char *at = backend ? strchr(backend, ',') : NULL;
	char *text = NULL;
	struct spec_option o;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	fprintf(to, "sim");
	if (backend && strncmp(backend, "sim", 3)) {
		fprintf(to, ",personality=%s", iommu_personality_name(personality));
	} else if (at) {
		at++;
		while (spec_next(&at, &o) == 1) {
			if (!strcmp(o.key, "model"))
				o.value[strcspn(o.value, ":")] = '\0';
			if (strcmp(o.key, "fault"))
				fprintf(to, ",%s%s%s", o.key, o.has_value ? "=" : "", o.value);
		}
	}
	return fclose(to) ? NULL : text;
}

int shrink_runner_open(struct shrink_runner *r, const struct globals *g, enum iommu_personality personality,
		       struct fail *f)
{
	const char *backend = g->session.backend ? g->session.backend : g->session.device ? "auto" : "sim";

	*r = (struct shrink_runner){.own = *g, .reference = *g, .seed = g->session.seed};
	r->sink = fopen("/dev/null", "we");
	r->reference_backend = runner_healthy(backend, personality);
	if (!r->sink || !r->reference_backend)
		return fail_set(f, r->sink ? ENOMEM : errno, "cannot shrink");
	r->reference.session.backend = r->reference_backend;
	if (strncmp(backend, "sim", 3)) {
		r->reference.session.device = NULL;
		r->reference.session.driver = NULL;
	}
	return 0;
}

void shrink_runner_close(struct shrink_runner *r)
{
	if (r->sink)
		fclose(r->sink);
	free(r->reference_backend);
}

/*
 * Without the lines on which the reference does not agree, a few at most, @kept passes there. False: it does not, or it is not so
 * that lines are what it fails on.
 */
static int runner_fit(struct shrink_runner *r, char **kept, unsigned int *nr, bool *fits, struct fail *f)
{
	struct shrink_why why;
	int err;

	*fits = false;
	for (unsigned int i = 0; i < FIT_MAX && *nr; i++) {
		err = shrink_runner_once(r, &r->reference, kept, *nr, &why, f);
		if (err)
			return err == -EINTR ? err : 0; /* there may be none of its kind */
		*fits = why.result == RESULT_PASS || why.result == RESULT_SKIP;
		if (*fits || !why.command[0])
			break;
		--*nr;
		memmove(kept + why.line, kept + why.line + 1, (*nr - why.line) * sizeof(*kept));
	}
	return 0;
}

int shrink_runner_shrink(struct shrink_runner *r, char *const *lines, unsigned int nr,
			 const struct shrink_params *params, struct shrink_result *out, struct fail *f)
{
	struct shrink_target target = {runner_fails, r};
	CLEANUP_FREE char **kept = calloc((size_t)nr + 1, sizeof(*kept));
	unsigned int left = nr;
	int err;

	if (!kept)
		return fail_set(f, ENOMEM, "cannot shrink");
	memcpy(kept, lines, nr * sizeof(*kept));
	err = runner_fit(r, kept, &left, &r->has_reference, f);
	if (err)
		return err;
	if (r->has_reference) {
		err = shrink(out, kept, left, params, target, f);
		/* what was taken out may be the very thing */
		if (err != -ENOENT || left == nr)
			return err;
		shrink_free(out);
		r->has_reference = false;
	}
	err = shrink(out, lines, nr, params, target, f);
	if (err == -ENOENT && r->last.result == RESULT_USAGE)
		*f = r->usage;
	return err == -ENOENT && r->last.result == RESULT_USAGE ? -f->err : err;
}
