/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running the rules, keeping what they find, and sorting it. */
#include "core/audit/audit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/audit/priv.h"
#include "host/text.h"

const char *audit_severity_name(enum audit_severity severity)
{
	static const char *const names[AUDIT_SEVERITIES] = {"info", "low", "medium", "high"};

	return names[severity];
}

/* Room for one more of @size bytes each behind the @n there are; NULL: out of memory. */
static void *audit_grow(struct audit *a, void *array, unsigned int n, size_t size)
{
	void *more;

	if (a->out_of_memory)
		return NULL;
	if (n & (n - 1))
		return array;
	more = reallocarray(array, n ? 2 * (size_t)n : 1, size);
	a->out_of_memory = !more;
	return more;
}

void audit_add(struct audit *a, enum audit_severity severity, const char *subject, const char *fmt, ...)
{
	struct audit_finding *more = audit_grow(a, a->findings, a->nr_findings, sizeof(*more)), *f;
	va_list ap;

	if (!more)
		return;
	a->findings = more;
	f = &more[a->nr_findings++];
	memset(f, 0, sizeof(*f));
	f->rule = a->rule;
	f->severity = severity;
	text_copy(f->subject, sizeof(f->subject), subject);
	text_copy(f->advice, sizeof(f->advice), a->rule->advice);
	va_start(ap, fmt);
	vsnprintf(f->summary, sizeof(f->summary), fmt, ap);
	va_end(ap);
}

void audit_show(struct audit *a, const char *source, const char *fmt, ...)
{
	struct audit_finding *f;
	struct audit_evidence *more, *e;
	va_list ap;

	if (a->out_of_memory)
		return;
	f = &a->findings[a->nr_findings - 1];
	if (f->nr_evidence == AUDIT_EVIDENCE_MAX) {
		f->nr_more++;
		return;
	}
	more = audit_grow(a, f->evidence, f->nr_evidence, sizeof(*more));
	if (!more)
		return;
	f->evidence = more;
	e = &more[f->nr_evidence++];
	text_copy(e->source, sizeof(e->source), source);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
}

void audit_advise(struct audit *a, const char *fmt, ...)
{
	struct audit_finding *f;
	va_list ap;

	if (a->out_of_memory)
		return;
	f = &a->findings[a->nr_findings - 1];
	va_start(ap, fmt);
	vsnprintf(f->advice, sizeof(f->advice), fmt, ap);
	va_end(ap);
}

/* A rule that meets the same wall several times has said so once. */
static bool blind_is_said(const struct audit *a, const char *what)
{
	for (unsigned int i = a->nr_blind; i-- > 0 && a->blind[i].rule == a->rule;)
		if (strcmp(a->blind[i].what, what) == 0)
			return true;
	return false;
}

void audit_unseen(struct audit *a, const char *advice, const char *fmt, ...)
{
	struct audit_blind blind = {.rule = a->rule}, *more;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(blind.what, sizeof(blind.what), fmt, ap);
	va_end(ap);
	text_copy(blind.advice, sizeof(blind.advice), advice);
	if (blind_is_said(a, blind.what))
		return;
	more = audit_grow(a, a->blind, a->nr_blind, sizeof(*more));
	if (!more)
		return;
	a->blind = more;
	more[a->nr_blind++] = blind;
}

const struct audit_blind *audit_blind_of(const struct audit *a, const struct audit_rule *rule)
{
	for (unsigned int i = 0; i < a->nr_blind; i++)
		if (a->blind[i].rule == rule)
			return &a->blind[i];
	return NULL;
}

/* --- not-readable: what the other rules could not look at, each thing once --- */

static bool blind_is_first(const struct audit *a, unsigned int i)
{
	for (unsigned int j = 0; j < i; j++)
		if (strcmp(a->blind[j].what, a->blind[i].what) == 0)
			return false;
	return true;
}

/* The rules that met it, as many on a line as fit. */
static void blind_show_rules(struct audit *a, unsigned int first)
{
	char names[sizeof(a->findings->evidence->text)] = "";
	size_t used = 0, n;

	for (unsigned int i = first; i < a->nr_blind; i++) {
		if (strcmp(a->blind[i].what, a->blind[first].what))
			continue;
		n = strlen(a->blind[i].rule->id);
		if (used + n + 3 > sizeof(names)) {
			audit_show(a, "rules without an answer", "%s", names);
			used = 0;
		}
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
					 a->blind[i].rule->id);
	}
	audit_show(a, "rules without an answer", "%s", names);
}

static void not_readable_check(struct audit *a)
{
	bool capture = host_is_capture(a->m->host);

	if (a->regs_why[0])
		audit_unseen(a, "", "debugfs shows no registers: %.120s", a->regs_why);
	for (unsigned int i = 0; i < a->nr_blind; i++) {
		const struct audit_blind *b = &a->blind[i];

		if (!blind_is_first(a, i))
			continue;
		audit_add(a, AUDIT_INFO, "machine", "%s", b->what);
		audit_advise(a, "%s",
			     b->advice[0] ? b->advice
			     : capture	  ? "make a new capture on the machine, as root: iommuctl capture FILE"
					  : "nothing: this kernel does not show it");
		blind_show_rules(a, i);
	}
}

const struct audit_rule audit_not_readable = {
	.id = "not-readable",
	.severity = AUDIT_INFO,
	.title = "something could not be looked at",
	.explain =
		"Some of what the other rules look at could not be read: for lack of privilege, because the capture "
		"does not hold it, because the kernel does not show it, or because this build lacks a library. Each "
		"finding names the thing and, as evidence, the rules that it left without an answer. Those rules have "
		"not found the machine to be in order: they have found nothing out. In TAP output they are skipped, "
		"with "
		"the same reason.",
	.advice = "run the audit as root on the machine itself, or on a capture that root made there",
	.check = not_readable_check,
};

/* --- running --- */

static int audit_order(const void *x, const void *y)
{
	const struct audit_finding *a = x, *b = y;
	int d = (int)b->severity - (int)a->severity;

	if (!d)
		d = strcmp(a->rule->id, b->rule->id);
	if (!d)
		d = strverscmp(a->subject, b->subject);
	return d ? d : strcmp(a->summary, b->summary);
}

static void audit_run_rule(struct audit *a, const struct audit_rule *rule)
{
	a->rule = rule;
	rule->check(a);
}

int audit_run(struct audit *a, struct fail *f)
{
	a->findings = NULL;
	a->blind = NULL;
	a->nr_findings = a->nr_blind = 0;
	a->out_of_memory = false;
	audit_look(a);
	if (a->out_of_memory) {
		audit_free(a);
		return fail_set(f, ENOMEM, "cannot audit this machine");
	}
	for (size_t i = 0; audit_rules[i]; i++)
		if (audit_rules[i] != &audit_not_readable)
			audit_run_rule(a, audit_rules[i]);
	/* last, because it tells of all others */
	audit_run_rule(a, &audit_not_readable);
	a->rule = NULL;
	if (a->out_of_memory) {
		audit_free(a);
		return fail_set(f, ENOMEM, "cannot audit this machine");
	}
	if (a->nr_findings)
		qsort(a->findings, a->nr_findings, sizeof(*a->findings), audit_order);
	return 0;
}

void audit_free(struct audit *a)
{
	for (unsigned int i = 0; i < a->nr_findings; i++)
		free(a->findings[i].evidence);
	free(a->findings);
	free(a->blind);
	free(a->wanted);
	free(a->regs);
	a->findings = NULL;
	a->blind = NULL;
	a->wanted = NULL;
	a->regs = NULL;
	a->nr_regs = 0;
	a->nr_findings = a->nr_blind = 0;
}
