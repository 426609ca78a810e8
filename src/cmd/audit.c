/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl audit: what is wrong with how this machine is isolated, with evidence and advice. */
#include "cmd/audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "core/asked.h"

enum { OPT_FAIL_ON = 0x100, OPT_EXPLAIN, OPT_LIST, OPT_NO_OPEN, OPT_DEBUGFS };

#define FAIL_ON_NONE AUDIT_SEVERITIES

static const struct argp_option audit_options[] = {
	{"fail-on", OPT_FAIL_ON, "info|low|medium|high|none", 0,
	 "the lowest severity that fails the run (default high)", 0},
	{"explain", OPT_EXPLAIN, "ID|all", 0, "say what a finding means and what to do about it; look at nothing", 0},
	{"list", OPT_LIST, NULL, 0, "list the findings there can be; look at nothing", 0},
	{"no-open", OPT_NO_OPEN, NULL, 0, "open no node of /dev: leave out what only VFIO and iommufd tell", 0},
	{"debugfs", OPT_DEBUGFS, NULL, 0, "also the register files in debugfs", 0},
	{0},
};

struct audit_command {
	int fail_on;
	const char *explain; /* into argv */
	bool list, no_open, debugfs;
	const char **ids; /* into argv */
	unsigned int count;
};

static void audit_defaults(void *arg)
{
	struct audit_command *ac = arg;

	ac->fail_on = AUDIT_HIGH;
}

static error_t audit_parse_explain(struct argp_state *state, const char *arg, struct audit_command *ac)
{
	if (strcmp(arg, "all") && !audit_rule_find(arg))
		return usage_error(state, "--explain: '%s' is no finding; `iommuctl audit --list` lists them", arg);
	ac->explain = arg;
	return 0;
}

static error_t audit_add_id(struct audit_command *ac, const char *id)
{
	const char **more = reallocarray(ac->ids, ac->count + 1, sizeof(*more));

	if (!more)
		return ENOMEM;
	ac->ids = more;
	ac->ids[ac->count++] = id;
	return 0;
}

static error_t audit_parse(int key, char *arg, struct argp_state *state)
{
	static const char *const severities[] = {"info", "low", "medium", "high", "none", NULL};
	struct audit_command *ac = state->input;

	switch (key) {
	case OPT_FAIL_ON:
		return parse_choice(state, "--fail-on", arg, severities, &ac->fail_on);
	case OPT_EXPLAIN:
		return audit_parse_explain(state, arg, ac);
	case OPT_LIST:
		ac->list = true;
		return 0;
	case OPT_NO_OPEN:
		ac->no_open = true;
		return 0;
	case OPT_DEBUGFS:
		ac->debugfs = true;
		return 0;
	case ARGP_KEY_ARG:
		return audit_add_id(ac, arg);
	case ARGP_KEY_END:
		if (ac->count && (ac->list || ac->explain))
			return usage_error(state, "%s looks at nothing: it goes without '%s'",
					   ac->list ? "--list" : "--explain", ac->ids[0]);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void audit_release(void *arg)
{
	struct audit_command *ac = arg;

	free(ac->ids);
}

/* --- --list, --explain --- */

static void audit_tell(struct report *r, const struct audit_command *ac)
{
	const struct audit_rule *one = ac->explain ? audit_rule_find(ac->explain) : NULL;

	report_list(r, "rules");
	for (size_t i = 0; audit_rules[i]; i++) {
		if (one && audit_rules[i] != one)
			continue;
		audit_report_rule(r, audit_rules[i]);
		audit_text_rule(r, audit_rules[i], ac->explain != NULL);
	}
	report_close(r);
	report_text_hide(r, "rules");
}

/* --- findings --- */

static void audit_report_finding(struct report *r, const struct audit_finding *f)
{
	report_object(r, NULL);
	report_str(r, "id", f->rule->id);
	report_str(r, "severity", audit_severity_name(f->severity));
	report_str(r, "subject", f->subject);
	report_str(r, "summary", f->summary);
	report_list(r, "evidence");
	for (unsigned int i = 0; i < f->nr_evidence; i++) {
		report_object(r, NULL);
		report_str(r, "source", f->evidence[i].source);
		report_str(r, "text", f->evidence[i].text);
		report_close(r);
	}
	report_close(r);
	report_num(r, "evidence_left_out", f->nr_more);
	report_str(r, "advice", f->advice);
	report_close(r);
}

static void audit_report(struct report *r, const struct audit *a)
{
	report_object(r, "counts");
	for (int s = AUDIT_HIGH; s >= AUDIT_INFO; s--)
		report_num(r, audit_severity_name((enum audit_severity)s), audit_count(a, (enum audit_severity)s));
	report_close(r);
	report_list(r, "findings");
	for (unsigned int i = 0; i < a->nr_findings; i++)
		audit_report_finding(r, &a->findings[i]);
	report_close(r);
	/* what looked at nothing has not found that all is well */
	report_list(r, "not_looked");
	for (unsigned int i = 0; i < a->nr_blind; i++) {
		report_object(r, NULL);
		report_str(r, "id", a->blind[i].rule->id);
		report_str(r, "why", a->blind[i].what);
		report_close(r);
	}
	report_close(r);
}

/* One check for each rule: fails on findings of a severity that fails, is skipped where nothing could be looked at. */
static void audit_check(struct report *r, const struct audit *a, const struct audit_rule *rule, int fail_on)
{
	const struct audit_blind *blind = audit_blind_of(a, rule);
	const struct audit_finding *first = NULL;
	enum result result = RESULT_PASS;
	char why[320];
	unsigned int n = 0;

	for (unsigned int i = 0; i < a->nr_findings; i++) {
		if (a->findings[i].rule != rule)
			continue;
		first = first ? first : &a->findings[i];
		n++;
	}
	if (!first) {
		report_check(r, rule->id, blind ? RESULT_SKIP : RESULT_PASS, blind ? blind->what : NULL);
		return;
	}
	/* they are sorted: the first is the worst */
	if ((int)first->severity >= fail_on)
		result = RESULT_FAIL;
	snprintf(why, sizeof(why), "%s", first->summary);
	if (n > 1)
		snprintf(why, sizeof(why), "%u findings; %.280s", n, first->summary);
	report_check(r, rule->id, result, why);
	for (unsigned int i = 0; i < a->nr_findings; i++)
		if (a->findings[i].rule == rule)
			report_evidence(r, audit_severity_name(a->findings[i].severity), "%s", a->findings[i].summary);
}

static void audit_show_all(struct command_run *run, const struct audit *a, int fail_on)
{
	struct report *r = run->report;

	audit_text(r, a);
	if (report_is_data(r))
		audit_report(r, a);
	for (size_t i = 0; audit_rules[i]; i++)
		audit_check(r, a, audit_rules[i], fail_on);
	report_checks_hide(r);
	snprintf(run->detail, sizeof(run->detail), "%u finding%s, %u of them high", a->nr_findings,
		 a->nr_findings == 1 ? "" : "s", audit_count(a, AUDIT_HIGH));
}

/* The names as the machine has them: 00:04.0 becomes 0000:00:04.0. */
static int audit_resolve(const struct machine *m, const struct audit_command *ac, char (*names)[32], struct fail *f)
{
	for (unsigned int i = 0; i < ac->count; i++) {
		char addr[16];

		if (machine_unit(m, ac->ids[i])) {
			snprintf(names[i], sizeof(names[i]), "%s", ac->ids[i]);
			continue;
		}
		if (pci_normalize(ac->ids[i], addr, sizeof(addr)) || machine_device(m, addr) < 0) {
			fail_set(f, ENOENT, "there is no device and no IOMMU '%s'", ac->ids[i]);
			fail_hint(f, "iommuctl list shows the devices, iommuctl caps the IOMMUs");
			return -ENOENT;
		}
		snprintf(names[i], sizeof(names[i]), "%s", addr);
	}
	return 0;
}

static int audit_of_machine(struct command_run *run, const struct audit_command *ac, const struct machine *m)
{
	CLEANUP_FREE char(*names)[32] = calloc(ac->count + 1, sizeof(*names));
	CLEANUP_FREE const char **only = calloc(ac->count + 1, sizeof(*only));
	struct audit a = {
		.m = m, .only = only, .nr_only = ac->count, .debugfs = ac->debugfs, .dry_run = run->globals->dry_run};
	int err;

	if (!names || !only)
		return fail_set(&run->fail, ENOMEM, "cannot audit this machine");
	err = audit_resolve(m, ac, names, &run->fail);
	for (unsigned int i = 0; i < ac->count; i++)
		only[i] = names[i];
	if (!err)
		err = audit_run(&a, &run->fail);
	if (!err)
		audit_show_all(run, &a, ac->fail_on);
	audit_free(&a);
	return err;
}

/* To be opened resets a device: none but those asked about, and those behind the IOMMUs asked about. */
static int audit_ask(struct command_run *run, const struct audit_command *ac, struct machine *m)
{
	CLEANUP_FREE bool *wanted = calloc(m->nr_devices + 1, sizeof(*wanted));
	bool open = !ac->no_open && !run->globals->dry_run;

	if (!wanted)
		return fail_set(&run->fail, ENOMEM, "cannot audit this machine");
	for (unsigned int n = 0; n < ac->count; n++) {
		char addr[16];
		int at = pci_normalize(ac->ids[n], addr, sizeof(addr)) ? -1 : machine_device(m, addr);

		if (at >= 0)
			wanted[at] = true;
		for (unsigned int i = 0; i < m->nr_devices; i++)
			wanted[i] |= strcmp(m->pci[i].iommu, ac->ids[n]) == 0;
	}
	return asked_fill_some(m, open, ac->count ? wanted : NULL, &run->fail);
}

static int audit_execute(struct command_run *run, void *state)
{
	const struct audit_command *ac = state;
	struct machine m;
	int err;

	run->shows = true;
	if (ac->list || ac->explain) {
		audit_tell(run->report, ac);
		return 0;
	}
	err = machine_read(&run->globals->host, MACHINE_ALL, &m, &run->fail);
	if (err)
		return err;
	err = audit_ask(run, ac, &m);
	if (!err)
		err = audit_of_machine(run, ac, &m);
	machine_free(&m);
	return err;
}

const struct command command_audit = {
	.name = "audit",
	.summary = "find what is wrong with isolation here: evidence, severity, what to do",
	.args_doc = "[ID...]",
	.options = audit_options,
	.state_size = sizeof(struct audit_command),
	.defaults = audit_defaults,
	.parse = audit_parse,
	.execute = audit_execute,
	.release = audit_release,
	.scriptable = true,
};
