/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl migration: a device's migration states against the kernel's rules, as a matrix, facts and checks. */
#include "core/migration/migration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"
#include "base/num.h"
#include "cmd/command.h"
#include "core/script.h"

enum { OPT_ROUNDS = 0x100, OPT_ARC, OPT_STRICT, OPT_STOP_LIMIT, OPT_LIST };

static const struct argp_option migration_options[] = {
	{"rounds", OPT_ROUNDS, "N", 0, "try every arc so often (default 1)", 0},
	{"arc", OPT_ARC, "FROM:TO", 0,
	 "try this arc only; repeatable. States as STOP_COPY or stop-copy, TO may be a number", 0},
	{"strict", OPT_STRICT, NULL, 0, "what the kernel's header only recommends is a rule, too", 0},
	{"stop-limit", OPT_STOP_LIMIT, "DUR", 0, "how long stopping may take (default 5s)", 0},
	{"list", OPT_LIST, NULL, 0, "the checks and what each asks; no device is opened", 0},
	{0},
};

struct migration_options_state {
	struct migration_params p;
	bool list;
};

static void migration_defaults(void *arg)
{
	struct migration_options_state *o = arg;

	o->p.rounds = 1;
	o->p.stop_limit_ns = UINT64_C(5000000000);
}

/* "STOP_COPY", "stop-copy", in any mixture. */
static bool migration_is_named(const char *text, size_t len, enum mig_state state)
{
	const char *name = mig_state_name(state);

	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '-' ? '_' : text[i];

		if (c != name[i] && !(c >= 'a' && c <= 'z' && c - 'a' + 'A' == name[i]))
			return false;
	}
	return true;
}

static int migration_parse_state(const char *text, size_t len)
{
	for (int i = 0; i < MIG_STATES; i++)
		if (migration_is_named(text, len, (enum mig_state)i))
			return i;
	return -1;
}

static error_t migration_parse_arc(struct argp_state *state, const char *arg, struct migration_params *p)
{
	const char *colon = strchr(arg, ':');
	struct migration_pair *pair = &p->only[p->nr_only];
	uint64_t number;
	int from, to;

	if (p->nr_only == ARRAY_SIZE(p->only))
		return usage_error(state, "--arc: at most %zu of them", ARRAY_SIZE(p->only));
	from = colon ? migration_parse_state(arg, (size_t)(colon - arg)) : -1;
	to = colon ? migration_parse_state(colon + 1, strlen(colon + 1)) : -1;
	if (from < 0)
		return usage_error(state, "--arc: '%s' is not FROM:TO with FROM a state, as RUNNING:STOP_COPY", arg);
	if (to < 0 && (num_parse_u64(colon + 1, &number) || number > UINT32_MAX))
		return usage_error(state, "--arc: '%s' is neither a state nor a number of 32 bits", colon + 1);
	*pair = (struct migration_pair){(enum mig_state)from, to < 0 ? (uint32_t)number : (uint32_t)to};
	p->nr_only++;
	return 0;
}

static error_t migration_parse(int key, char *arg, struct argp_state *state)
{
	struct migration_options_state *o = state->input;
	error_t err;

	switch (key) {
	case OPT_ROUNDS:
		err = parse_u64(state, "--rounds", arg, &o->p.rounds);
		return err || o->p.rounds ? err : usage_error(state, "--rounds: 0 asks nothing");
	case OPT_ARC:
		return migration_parse_arc(state, arg, &o->p);
	case OPT_STRICT:
		o->p.strict = true;
		return 0;
	case OPT_STOP_LIMIT:
		return num_parse_duration(arg, &o->p.stop_limit_ns)
			       ? usage_error(state, "--stop-limit: '%s' is no duration, as 500ms", arg)
			       : 0;
	case OPT_LIST:
		o->list = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *migration_errno(int err)
{
	return err ? script_errno_name(-err) : "ok";
}

static void report_flags(struct report *r, uint64_t flags)
{
	static const char *const names[] = {"STOP_COPY", "P2P", "PRE_COPY"};
	char other[24];

	report_list(r, "flags");
	for (unsigned int i = 0; i < 64; i++) {
		if (!(flags >> i & 1))
			continue;
		snprintf(other, sizeof(other), "bit %u", i);
		report_str(r, NULL, i < ARRAY_SIZE(names) ? names[i] : other);
	}
	report_close(r);
}

static void report_arc(struct report *r, const struct migration_arc *arc)
{
	char text[16];

	report_object(r, NULL);
	report_str(r, "from", mig_state_name(arc->from));
	report_str(r, "to", migration_state_text(arc->to, text, sizeof(text)));
	report_str(r, "result", result_name(arc->result));
	report_real(r, "ms", (double)arc->slowest_ns / 1e6);
	report_num(r, "bytes", arc->bytes);
	report_str(r, "expected", arc->legal ? "ok" : "EINVAL");
	report_list(r, "path");
	for (unsigned int i = 0; i < arc->path.n; i++)
		report_str(r, NULL, mig_state_name(arc->path.step[i]));
	report_close(r);
	report_str(r, "got", arc->tried ? migration_errno(arc->err) : NULL);
	report_str(r, "state", arc->tried ? migration_state_text(arc->after, text, sizeof(text)) : NULL);
	report_str(r, "why", arc->why);
	report_close(r);
}

static void report_arcs(struct report *r, const struct migration_result *res)
{
	report_list(r, "arcs");
	for (unsigned int i = 0; i < res->nr_arcs; i++)
		report_arc(r, &res->arcs[i]);
	report_close(r);
	report_text_hide(r, "arcs");
}

static void report_states(struct report *r, const struct migration_result *res)
{
	char text[16];

	report_list(r, "states");
	for (unsigned int i = 0; res->has_states && i < MIG_STATES; i++) {
		const struct migration_state_facts *f = &res->states[i];

		report_object(r, NULL);
		report_str(r, "name", mig_state_name((enum mig_state)i));
		report_bool(r, "reached", f->reached);
		report_str(r, "config", f->reached ? migration_errno(f->config) : NULL);
		report_str(r, "set_irqs", f->reached ? migration_errno(f->irqs) : NULL);
		report_str(r, "irq", f->reached ? f->irq : NULL);
		report_str(r, "reset", f->reached ? migration_errno(f->reset) : NULL);
		report_str(r, "after_reset",
			   f->reached ? migration_state_text(f->after_reset, text, sizeof(text)) : NULL);
		report_str(r, "why", f->why);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, "states");
}

static void report_checks(struct report *r, const struct migration_result *res)
{
	report_list(r, "checks");
	for (unsigned int i = 0; i < res->nr_checks; i++) {
		const struct migration_check *c = &res->checks[i];

		if (!c->asked)
			continue;
		report_object(r, NULL);
		report_str(r, "name", c->name);
		report_str(r, "result", result_name(c->result));
		report_str(r, "why", c->why);
		report_str(r, "question", c->question);
		report_bool(r, "against_advice", c->recommended);
		report_close(r);
	}
	report_close(r);
	report_text_hide(r, "checks");
	for (unsigned int i = 0; i < res->nr_checks; i++) {
		const struct migration_check *c = &res->checks[i];

		if (!c->asked)
			continue;
		report_check(r, c->name, c->result, c->why[0] ? c->why : NULL);
		report_evidence(r, "question", "%s", c->question);
	}
}

/* --- for people --- */

static const char *const matrix_short[MIG_STATES] = {"ERROR",	 "STOP",    "RUNNING",	"STOP_COPY",
						     "RESUMING", "RUN_P2P", "PRE_COPY", "PRE_P2P"};

static const struct migration_arc *matrix_find(const struct migration_result *res, unsigned int from, uint32_t to)
{
	for (unsigned int i = 0; i < res->nr_arcs; i++)
		if (res->arcs[i].from == from && res->arcs[i].to == to)
			return &res->arcs[i];
	return NULL;
}

static void matrix_cell(const struct migration_arc *arc, char *cell, size_t len)
{
	if (!arc || !arc->tried)
		snprintf(cell, len, ".");
	else if (arc->result == RESULT_FAIL)
		snprintf(cell, len, "FAIL");
	else if (!arc->legal)
		snprintf(cell, len, "-");
	else
		snprintf(cell, len, arc->slowest_ns < 10000000 ? "%.3f" : "%.0f", (double)arc->slowest_ns / 1e6);
}

static void report_matrix(struct report *r, const struct migration_result *res)
{
	char line[160], cell[16], to[16];
	size_t at = 0;

	report_line(r, "from \\ to: milliseconds; - is refused as it has to be, . was not tried");
	at += (size_t)snprintf(line, sizeof(line), "%-13s", "");
	for (unsigned int i = 0; i < MIG_STATES; i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%10s", matrix_short[i]);
	report_line(r, "%s", line);
	for (unsigned int from = 0; from < MIG_STATES; from++) {
		at = (size_t)snprintf(line, sizeof(line), "%-13s", mig_state_name((enum mig_state)from));
		for (uint32_t i = 0; i < MIG_STATES; i++) {
			matrix_cell(matrix_find(res, from, i), cell, sizeof(cell));
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%10s", cell);
		}
		report_line(r, "%s", line);
	}
	for (unsigned int i = 0; i < res->nr_arcs; i++) {
		const struct migration_arc *arc = &res->arcs[i];

		if (arc->result == RESULT_FAIL)
			report_line(r, "%s to %s: %s", mig_state_name(arc->from),
				    migration_state_text(arc->to, to, sizeof(to)), arc->why);
	}
}

static void report_facts(struct report *r, const struct migration_result *res)
{
	if (!res->has_states)
		return;
	report_line(r, "%-13s %-12s %-18s %s", "in state", "config", "interrupts", "reset leads to");
	for (unsigned int i = 0; i < MIG_STATES; i++) {
		const struct migration_state_facts *f = &res->states[i];
		char irqs[32], text[16];

		if (!f->reached)
			continue;
		snprintf(irqs, sizeof(irqs), "%s %s", f->irq, migration_errno(f->irqs));
		report_line(r, "%-13s %-12s %-18s %s", mig_state_name((enum mig_state)i), migration_errno(f->config),
			    irqs,
			    f->reset ? migration_errno(f->reset)
				     : migration_state_text(f->after_reset, text, sizeof(text)));
	}
}

static void report_head(struct report *r, struct session *s, const struct migration_options_state *o,
			const struct migration_result *res)
{
	static const char *const hidden[] = {"backend", "device",	"driver",      "rounds",
					     "strict",	"stated_bytes", "stream_bytes"};

	report_str(r, "backend", session_backend_name(s));
	report_str(r, "device", session_device_name(s));
	report_str(r, "driver", session_driver_name(s));
	report_num(r, "rounds", o->p.rounds);
	report_bool(r, "strict", o->p.strict);
	report_flags(r, res->flags);
	report_num(r, "stated_bytes", res->stated);
	report_num(r, "stream_bytes", res->streamed);
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		report_text_hide(r, hidden[i]);
}

static void migration_detail(struct command_run *run, const struct migration_result *res)
{
	unsigned int legal = 0;

	for (unsigned int i = 0; i < res->nr_arcs; i++)
		legal += res->arcs[i].tried && res->arcs[i].legal;
	snprintf(run->detail, sizeof(run->detail), "%u arcs that lead on were tried, %" PRIu64 " bytes of state", legal,
		 res->streamed);
	for (unsigned int i = 0; i < res->nr_checks; i++)
		if (res->checks[i].asked && res->checks[i].result == RESULT_FAIL) {
			snprintf(run->detail, sizeof(run->detail), "%s: %.150s", res->checks[i].name,
				 res->checks[i].why);
			return;
		}
}

static int migration_in_session(struct command_run *run, struct session *s, void *arg)
{
	static struct migration_result res; /* large, and there is one at a time */
	struct migration_options_state *o = arg;
	struct report *r = run->report;
	int err;

	run->shows = true;
	if (run->own_session)
		msg_note("migration: backend %s, device %s, driver %s", session_backend_name(s), session_device_name(s),
			 session_driver_name(s));
	err = migration_run(s, &o->p, &res, &run->fail);
	if (err)
		return err;
	report_head(r, s, o, &res);
	report_arcs(r, &res);
	report_states(r, &res);
	report_matrix(r, &res);
	report_facts(r, &res);
	report_checks(r, &res);
	migration_detail(run, &res);
	if (session_signal)
		report_interrupted(r, session_signal);
	return 0;
}

static bool migration_needs_session(const void *state)
{
	return !((const struct migration_options_state *)state)->list;
}

static int migration_do_list(struct command_run *run, void *state)
{
	const struct migration_check *c;

	report_list(run->report, "checks");
	for (unsigned int i = 0; (c = migration_check_help(i)); i++) {
		report_object(run->report, NULL);
		report_str(run->report, "name", c->name);
		report_str(run->report, "question", c->question);
		report_close(run->report);
		report_line(run->report, "%-18s %s", c->name, c->question);
	}
	report_close(run->report);
	report_text_hide(run->report, "checks");
	return 0;
}

const struct command command_migration = {
	.name = "migration",
	.summary = "a device's migration states and streams, tried against the kernel's rules",
	.options = migration_options,
	.state_size = sizeof(struct migration_options_state),
	.defaults = migration_defaults,
	.parse = migration_parse,
	.execute = migration_do_list,
	.in_session = migration_in_session,
	.needs_session = migration_needs_session,
	.scriptable = true,
};
