/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run --fail-nth: sessions under fault injection, and the report of what was injected. */
#include "cmd/run_inject.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"

int run_inject_open(struct run_inject *ri, struct command_run *run, unsigned int nr)
{
	int err;

	if (!ri->n)
		return 0;
	err = inject_open(&ri->in, ri->n, &run->globals->host, &run->fail);
	if (err)
		return err;
	ri->sessions = calloc(nr, sizeof(*ri->sessions));
	if (!ri->sessions) {
		inject_close(&ri->in);
		return fail_set(&run->fail, ENOMEM, "cannot run %u scripts", nr);
	}
	if (fail_nth_spared(&run->globals->host, ri->spared, sizeof(ri->spared))[0])
		msg_warn("the kernel's fault injection spares %s", ri->spared);
	return 0;
}

void run_inject_close(struct run_inject *ri)
{
	if (!ri->n || !ri->sessions)
		return;
	inject_close(&ri->in);
	free(ri->sessions);
	ri->sessions = NULL;
}

int run_inject_session(struct run_inject *ri, struct command_run *run, const char *path, struct session **out,
		       bool *own)
{
	struct run_session *rs;
	int err;

	if (!ri->n)
		return command_session(run, out, own);
	rs = &ri->sessions[ri->nr++];
	rs->path = path;
	err = inject_level_read(&rs->before);
	if (err)
		return fail_set(&run->fail, err, "cannot read what this process holds");
	inject_begin(&ri->in);
	err = command_session(run, out, own);
	inject_end(&ri->in, err, &rs->opening);
	if (!rs->opening.injected)
		return err;
	/* one that came about nevertheless may lack a part: the lines get a whole one */
	if (!err)
		command_session_close(run, *out, *own);
	if (inject_level_settle(&rs->before, rs->excess, sizeof(rs->excess))[0])
		report_check(run->report, "a session whose opening met a failing allocation leaves nothing behind",
			     RESULT_FAIL, rs->excess);
	memset(&run->fail, 0, sizeof(run->fail));
	return command_session(run, out, own);
}

void run_inject_session_close(struct run_inject *ri, struct command_run *run, struct session *s, bool own)
{
	struct run_session *rs;

	if (!ri->n) {
		command_session_close(run, s, own);
		return;
	}
	rs = &ri->sessions[ri->nr - 1];
	inject_begin(&ri->in);
	command_session_close(run, s, own);
	inject_end(&ri->in, 0, &rs->closing);
	inject_level_settle(&rs->before, rs->excess, sizeof(rs->excess));
	report_check(run->report, "the session gives back what it held", rs->excess[0] ? RESULT_FAIL : RESULT_PASS,
		     rs->excess[0] ? rs->excess : NULL);
}

static void run_inject_step(struct report *r, const char *key, const struct inject_step *step)
{
	report_object(r, key);
	report_bool(r, "injected", step->injected);
	report_str(r, "errno", script_errno_name(step->err));
	report_close(r);
}

void run_inject_report(const struct run_inject *ri, struct report *r)
{
	if (!ri->n)
		return;
	report_object(r, "fail_nth");
	report_num(r, "n", ri->n);
	report_num(r, "injected", ri->in.total);
	report_str(r, "spared", ri->spared);
	report_list(r, "sessions");
	for (unsigned int i = 0; i < ri->nr; i++) {
		report_object(r, NULL);
		report_str(r, "file", ri->sessions[i].path);
		run_inject_step(r, "opening", &ri->sessions[i].opening);
		run_inject_step(r, "closing", &ri->sessions[i].closing);
		report_close(r);
	}
	report_close(r);
	report_close(r);
	report_text_hide(r, "fail_nth");
	if (ri->in.total)
		report_line(r, "fail-nth %u: %" PRIu64 " allocations were made to fail", ri->n, ri->in.total);
	else if (ri->nr)
		report_line(r, "fail-nth %u: no step of this run makes so many allocations", ri->n);
	for (unsigned int i = 0; i < ri->nr; i++) {
		if (ri->sessions[i].opening.injected)
			report_line(r, "  %.60s: opening the session: %s", ri->sessions[i].path,
				    ri->sessions[i].opening.err ? script_errno_name(ri->sessions[i].opening.err)
								: "survived unseen");
		if (ri->sessions[i].closing.injected)
			report_line(r, "  %.60s: closing the session: survived unseen", ri->sessions[i].path);
	}
}
