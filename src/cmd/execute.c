/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One execution of a command and all around it: the report, what could not be done, signals, the exit status. */
#include <errno.h>

#include "cmd/command.h"

static bool execute_color(const struct globals *g)
{
	return g->color_set ? g->color : g->terminal_color;
}

/* What could not be done: unsupported is a skip with its reason, never an error and never a pass. */
static void execute_failed(const struct command *cmd, struct command_run *run, int err)
{
	if (!run->fail.err)
		fail_set(&run->fail, err, "it did not work");
	fail_print(&run->fail, cmd->name);
	if (err == -EOPNOTSUPP && !run->fail.usage) {
		report_check(run->report, cmd->name, RESULT_SKIP, run->fail.text);
		report_result(run->report, RESULT_SKIP);
		return;
	}
	report_fail(run->report, &run->fail);
	report_result(run->report, run->fail.usage ? RESULT_USAGE : RESULT_ERROR);
}

/* bind and unbind say their own steps; everything else would open a session. */
static void execute_dry_run(const struct command *cmd, const struct globals *g, struct report *r)
{
	const struct session_params *p = &g->session;

	if (g->of_client) {
		report_line(r, "would run %s in session %s; nothing was done", cmd->name, g->session_name);
		return;
	}
	report_line(r, "would open %s with %s backend and %s driver, for %s; nothing was done",
		    p->device ? p->device : "the simulated device", p->backend ? p->backend : "the default",
		    p->driver ? p->driver : "the matching", cmd->name);
}

/* As command_session() tells it of one that it opens. */
static void execute_tell_session(struct report *r, const struct globals *g, const struct session *held)
{
	static const char *const keys[] = {"session", "backend", "device", "driver"};

	report_str(r, "session", g->session_name);
	report_str(r, "backend", session_backend_name(held));
	report_str(r, "device", session_device_name(held));
	report_str(r, "driver", session_driver_name(held));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		report_text_hide(r, keys[i]);
	report_line(r, "session %s: %s, device %s, driver %s", g->session_name, session_backend_name(held),
		    session_device_name(held), session_driver_name(held));
}

int command_main(const struct command *cmd, struct globals *g, void *state, struct session *held, uint64_t op)
{
	struct report_params rp = {
		.format = g->format, .color = execute_color(g), .command = cmd->name, .seed = g->session.seed};
	struct command_run run = {.globals = g, .session = held, .op = op, .unchecked = g->session.unchecked};
	char captured[72] = "unknown";
	int err = host_init(&g->host, g->sysroot, &run.fail);

	if (!err && host_is_capture(&g->host)) {
		host_read_line(&g->host, captured, sizeof(captured), "/proc/sys/kernel/osrelease");
		rp.kernel = captured[0] ? captured : "unknown";
	}
	if (!err)
		err = report_open(&run.report, &rp);
	if (!run.report) {
		host_close(&g->host);
		fail_print(&run.fail, cmd->name);
		return result_exit_status(RESULT_ERROR, 0);
	}
	if (held)
		execute_tell_session(run.report, g, held);
	if (g->dry_run && command_opens_session(cmd, state))
		execute_dry_run(cmd, g, run.report);
	else
		err = command_execute(cmd, &run, state);
	/* wherever it came, also before the command began: what was not done must not pass */
	if (session_signal)
		report_interrupted(run.report, session_signal);
	if (err)
		execute_failed(cmd, &run, err);
	/* after the command's own, which is the cause where there is one */
	if (run.closing.err)
		report_fail(run.report, &run.closing);
	host_close(&g->host);
	return report_end(run.report);
}

int command_main_failed(const struct command *cmd, struct globals *g, const struct fail *f)
{
	struct report_params rp = {
		.format = g->format, .color = execute_color(g), .command = cmd->name, .seed = g->session.seed};
	struct command_run run = {.globals = g};

	if (f)
		run.fail = *f;
	if (report_open(&run.report, &rp)) {
		if (f)
			fail_print(f, cmd->name);
		return result_exit_status(RESULT_ERROR, 0);
	}
	if (f)
		execute_failed(cmd, &run, -f->err);
	if (session_signal)
		report_interrupted(run.report, session_signal);
	return report_end(run.report);
}
