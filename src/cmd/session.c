/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl session: start, list and stop sessions that stay. */
#include "cmd/session.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/num.h"

enum { OPT_IDLE = 0x100 };
enum session_verb { VERB_NONE, VERB_START, VERB_LIST, VERB_STOP };

static const struct argp_option session_options[] = {
	{"idle", OPT_IDLE, "DUR", 0, "start: end after so long without a command (default: never)", 0},
	{0},
};

struct session_state {
	enum session_verb verb;
	const char *name;
	uint64_t idle_ns;
};

static error_t session_parse_word(struct argp_state *state, struct session_state *s, const char *arg)
{
	static const char *const verbs[] = {"start", "list", "stop", NULL};
	int n = 0;
	error_t err;

	if (!s->verb) {
		err = parse_choice(state, "the first word", arg, verbs, &n);
		s->verb = (enum session_verb)(n + 1);
		return err;
	}
	if (s->name || s->verb == VERB_LIST)
		return usage_error(state, "one word too many: '%.64s'", arg);
	if (!buffer_name_is_valid(arg))
		return usage_error(state, "'%.64s' is not a session's name ([a-z][a-z0-9_-]*, at most %d)", arg,
				   SERVER_NAME_MAX - 1);
	s->name = arg;
	return 0;
}

static error_t session_parse(int key, char *arg, struct argp_state *state)
{
	struct session_state *s = state->input;

	switch (key) {
	case OPT_IDLE:
		return num_parse_duration(arg, &s->idle_ns) || !s->idle_ns
			       ? usage_error(state, "--idle: '%s' is not a duration (such as 500ms, 30s, 5m)", arg)
			       : 0;
	case ARGP_KEY_ARG:
		return session_parse_word(state, s, arg);
	case ARGP_KEY_END:
		if (!s->verb)
			return usage_error(state, "start, list or stop?");
		if (!s->name && s->verb != VERB_LIST)
			return usage_error(state, "which session?");
		return s->idle_ns && s->verb != VERB_START ? usage_error(state, "--idle goes with start") : 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void session_row(struct report *r, const struct server_held *h)
{
	report_object(r, NULL);
	report_str(r, "name", h->name);
	report_num(r, "pid", (uint64_t)MAX(h->pid, 0));
	report_str(r, "backend", h->backend);
	report_list(r, "devices");
	if (h->device[0])
		report_str(r, NULL, h->device);
	report_close(r);
	report_num(r, "mappings", h->mappings);
	report_str(r, "since", h->since);
	report_str(r, "driver", h->driver);
	report_str(r, "state", server_state_name(h->state));
	report_str(r, "command", h->command);
	report_num(r, "waiting", h->waiting);
	report_close(r);
}

static void session_rows(struct report *r, const struct server_held *list, unsigned int nr)
{
	report_list(r, "sessions");
	for (unsigned int i = 0; i < nr; i++)
		session_row(r, &list[i]);
	report_close(r);
	report_text_hide(r, "sessions");
}

static int session_start(struct command_run *run, const struct session_state *s)
{
	struct globals *g = run->globals;
	struct serve serve = {.name = s->name, .globals = g};
	struct server_held held = {0};
	int err;

	if (g->sysroot)
		return fail_usage(&run->fail, EINVAL, "a session is of this machine: not with --sysroot");
	if (g->dry_run) {
		report_line(run->report, "would open %s with %s backend and keep it as session %s; nothing was done",
			    g->session.device ? g->session.device : "the simulated device",
			    g->session.backend ? g->session.backend : "the default", s->name);
		return 0;
	}
	err = server_start(s->name, s->idle_ns, &serve_ops, &serve, &held, &run->fail);
	if (err)
		return err;
	session_rows(run->report, &held, 1);
	report_line(run->report, "session %s: %s, device %s, driver %s; process %d", held.name, held.backend,
		    held.device, held.driver, held.pid);
	return 0;
}

static void session_line(struct report *r, const struct server_held *h)
{
	report_line(r, "%-12s  %7d  %-14s  %-12s  %8" PRIu64 "  %-20s  %s%s%s", h->name, h->pid, h->backend, h->device,
		    h->mappings, h->since, server_state_name(h->state), h->command[0] ? ": " : "", h->command);
	if (h->waiting)
		report_line(r, "    %u more wait for their turn", h->waiting);
	if (h->state == SERVER_DEAD)
		report_line(r, "    its process was killed; what it left behind is removed");
}

static int session_list(struct command_run *run)
{
	CLEANUP_FREE struct server_held *list = NULL;
	unsigned int nr = 0;
	int err = client_list(&list, &nr, run->globals->dry_run, &run->fail);

	if (err)
		return err;
	session_rows(run->report, list, nr);
	if (nr)
		report_line(run->report, "%-12s  %7s  %-14s  %-12s  %8s  %-20s  %s", "NAME", "PID", "BACKEND", "DEVICE",
			    "MAPPINGS", "SINCE", "STATE");
	else
		report_line(run->report, "no session is running");
	for (unsigned int i = 0; i < nr; i++)
		session_line(run->report, &list[i]);
	return 0;
}

static int session_stop(struct command_run *run, const struct session_state *s)
{
	struct server_held was;
	int err;

	if (run->globals->dry_run) {
		report_line(run->report, "would end session %s; nothing was done", s->name);
		return 0;
	}
	err = client_stop(s->name, &was, &run->fail);
	if (err)
		return err;
	session_rows(run->report, &was, 1);
	report_line(run->report, "session %s has ended: %s, device %s", s->name, was.backend, was.device);
	return 0;
}

static int session_execute(struct command_run *run, void *arg)
{
	const struct session_state *s = arg;

	if (s->verb == VERB_START)
		return session_start(run, s);
	return s->verb == VERB_LIST ? session_list(run) : session_stop(run, s);
}

const struct command command_sessions = {
	.name = "session",
	.summary = "keep a session in the background, for commands that follow",
	.args_doc = "start NAME\nlist\nstop NAME",
	.options = session_options,
	.state_size = sizeof(struct session_state),
	.parse = session_parse,
	.execute = session_execute,
};
