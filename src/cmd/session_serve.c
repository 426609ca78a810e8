/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs in the process that holds a session: the session itself, and commands in it, by the parsers of the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "cmd/session.h"
#include "host/pci.h"
#include "iommu/ledger.h"
#include "iommu/objects.h"

static int serve_open(void *ctx, struct fail *f)
{
	struct serve *s = ctx;

	return session_open(&s->session, &s->globals->session, &s->globals->host, f);
}

static int serve_close(void *ctx, struct fail *f)
{
	struct serve *s = ctx;

	return session_close(s->session, f);
}

static int serve_count(const struct ledger_entry *entry, void *arg)
{
	(void)entry;
	++*(uint64_t *)arg;
	return 0;
}

static void serve_describe(void *ctx, struct server_held *held)
{
	const struct session *s = ((struct serve *)ctx)->session;
	struct iommu_object o;

	snprintf(held->backend, sizeof(held->backend), "%s", session_backend_name(s));
	snprintf(held->device, sizeof(held->device), "%s", session_device_name(s));
	snprintf(held->driver, sizeof(held->driver), "%s", session_driver_name(s));
	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &o); i++)
		if (o.kind == IOMMU_OBJECT_IOAS)
			ledger_each(iommu_ledger(o.space), serve_count, &held->mappings);
}

static bool serve_same(const char *asked, const char *given, const char *is)
{
	return !asked || (given && !strcmp(asked, given)) || !strcmp(asked, is);
}

static bool serve_same_device(const char *asked, const char *is)
{
	char name[16];

	return !asked || !strcmp(asked, is) || (!pci_normalize(asked, name, sizeof(name)) && !strcmp(name, is));
}

/* What chose the session when it was started cannot be another for one command. */
static int serve_check(const struct serve *s, const struct globals *g, struct fail *f)
{
	const struct session_params *has = session_params(s->session), *asked = &g->session;
	const char *option = NULL, *value = "";
	char number[24];

	if (!serve_same(asked->backend, has->backend, session_backend_name(s->session))) {
		option = "--backend";
		value = session_backend_name(s->session);
	} else if (!serve_same_device(asked->device, session_device_name(s->session))) {
		option = "--device";
		value = session_device_name(s->session);
	} else if (!serve_same(asked->driver, has->driver, session_driver_name(s->session))) {
		option = "--driver";
		value = session_driver_name(s->session);
	} else if (asked->seed != has->seed) {
		option = "--seed";
		snprintf(number, sizeof(number), "0x%llx", (unsigned long long)has->seed);
		value = number;
	} else if (asked->vf_token && !serve_same(asked->vf_token, has->vf_token, "")) {
		option = "--vf-token";
		value = "of its own";
	} else if (asked->canary != has->canary) {
		option = "--canary";
		value = "of its own";
	} else if (asked->allow_p2p != has->allow_p2p || asked->allow_crash != has->allow_crash) {
		option = asked->allow_p2p != has->allow_p2p ? "--allow-p2p" : "--allow-crash";
		value = "not, it is said when a session is started";
	}
	if (!option)
		return 0;
	return fail_usage(f, EINVAL, "%s: session '%s' has %s", option, s->name, value);
}

/* The session's own choices, and of the rest what a command line begins with. */
static void serve_globals(const struct serve *s, const struct server_request *request, struct globals *g)
{
	*g = *s->globals;
	g->session.backend = g->session.device = g->session.driver = g->session.vf_token = NULL;
	g->session.unchecked = false;
	g->format = REPORT_TEXT;
	g->color_set = g->color = g->dry_run = false;
	g->progress = PROGRESS_AUTO;
	g->verbosity = MSG_NORMAL;
	g->of_client = true;
	g->session_name = s->name;
	g->terminal_color = request->color;
}

static void serve_terminal(const struct globals *g, const struct server_request *request)
{
	enum progress_mode mode = g->progress;

	msg_set_level((enum msg_level)g->verbosity);
	if (mode == PROGRESS_AUTO)
		mode = request->terminal && g->verbosity != MSG_QUIET ? PROGRESS_ALWAYS : PROGRESS_NEVER;
	progress_set_mode(mode);
	progress_set_columns(request->columns);
}

static int serve_execute(void *ctx, const struct server_request *request)
{
	struct serve *s = ctx;
	const struct command *cmd = command_find(request->argv[0]);
	struct fail why = {0};
	struct globals g;
	void *state = NULL;
	int status;

	serve_globals(s, request, &g);
	if (!cmd) {
		msg_error("'%.60s' is no command of this session's iommuctl", request->argv[0]);
		return USAGE_STATUS;
	}
	if (command_parse(cmd, request->argc, request->argv, &g, "session", &why, &state))
		return command_main_failed(cmd, &g, &why);
	serve_terminal(&g, request);
	if (!command_fits_session(cmd, state))
		fail_usage(&why, EINVAL, "it does not run inside of a session");
	else
		serve_check(s, &g, &why);
	session_begin_command(s->session);
	status = why.err ? command_main_failed(cmd, &g, &why) : command_main(cmd, &g, state, s->session, s->op++);
	command_state_free(cmd, state);
	return status;
}

const struct server_ops serve_ops = {
	.open = serve_open, .execute = serve_execute, .describe = serve_describe, .close = serve_close};
