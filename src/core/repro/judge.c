/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict of a repro: what its lines came to, by its rules. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/repro/repro.h"

/* A failure's words begin with its class: "stale-write: ...". */
static bool judge_is_class(const struct script_outcome *o, enum failure_class class)
{
	const char *name = failure_name(class);
	size_t n = strlen(name);

	return o->result == RESULT_FAIL && !strncmp(o->detail, name, n) && o->detail[n] == ':';
}

static bool judge_matches(const struct repro_rule *rule, const struct script_outcome *o)
{
	for (unsigned int i = 0; i < rule->nr; i++) {
		int value = rule->outcome[i].value;

		switch (rule->outcome[i].kind) {
		case REPRO_FAIL:
			if (o->result == RESULT_FAIL)
				return true;
			break;
		case REPRO_SKIP:
			if (o->result == RESULT_SKIP)
				return true;
			break;
		case REPRO_CLASS:
			if (judge_is_class(o, (enum failure_class)value))
				return true;
			break;
		case REPRO_ERRNO:
			if (o->result != RESULT_PASS && o->err == value)
				return true;
			break;
		}
	}
	return false;
}

static const struct repro_rule *judge_rule(const struct repro *r, const struct script_line *line)
{
	char label[sizeof(r->rule[0].label)];
	unsigned int column;

	if (repro_label(line->text, label, sizeof(label), &column) || !label[0])
		return NULL;
	for (unsigned int i = 0; i < r->nr_rules; i++)
		if (!strcmp(r->rule[i].label, label) && judge_matches(&r->rule[i], &line->outcome))
			return &r->rule[i];
	return NULL;
}

static void IC_PRINTF(3, 4) judge_set(struct repro_judgement *out, enum repro_verdict verdict, const char *fmt, ...)
{
	/* from the strongest on: what shows the bug is not undone by what else went wrong */
	static const unsigned int rank[] = {
		[REPRO_NOT_AFFECTED] = 0, [REPRO_SKIPPED] = 1,	      [REPRO_NOT_APPLICABLE] = 2,
		[REPRO_ERROR] = 3,	  [REPRO_AFFECTED_BY_IT] = 4,
	};
	va_list args;

	if (out->why[0] && rank[verdict] <= rank[out->verdict])
		return;
	out->verdict = verdict;
	va_start(args, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, args);
	va_end(args);
}

static enum repro_verdict judge_verdict(const struct repro_rule *rule)
{
	return rule->kind == REPRO_AFFECTED_IF	     ? REPRO_AFFECTED_BY_IT
	       : rule->kind == REPRO_NOT_AFFECTED_IF ? REPRO_NOT_AFFECTED
						     : REPRO_NOT_APPLICABLE;
}

/* The safety rules did not let it be done: an IOVA that reaches something else here (session_check_map()). */
static bool judge_is_refused(const struct script_outcome *o)
{
	return o->result == RESULT_USAGE && o->err == ERANGE && strstr(o->detail, SESSION_NOT_USABLE);
}

static void judge_line(const struct repro *r, const struct script_line *line, struct repro_judgement *out)
{
	const struct script_outcome *o = &line->outcome;
	const struct repro_rule *rule;

	if (!line->runs) {
		judge_set(out, REPRO_ERROR, "line %u was not run", line->number);
		return;
	}
	if (o->result == RESULT_PASS)
		return;
	rule = judge_rule(r, line);
	if (rule)
		judge_set(out, judge_verdict(rule), "line %u: %s", line->number, rule->why);
	else if (o->result == RESULT_SKIP)
		judge_set(out, REPRO_SKIPPED, "line %u: %s", line->number, o->detail);
	else if (judge_is_refused(o))
		judge_set(out, REPRO_NOT_APPLICABLE, "line %u: %s", line->number, o->detail);
	else
		judge_set(out, REPRO_ERROR, "line %u went wrong in a way that is not this bug's: %s%s%s", line->number,
			  script_errno_name(o->err), o->err ? ": " : "", o->detail);
}

static void judge_pinned(const struct repro *r, uint64_t leaked, struct repro_judgement *out)
{
	const struct script_outcome o = {.result = leaked ? RESULT_FAIL : RESULT_PASS};

	for (unsigned int i = 0; i < r->nr_rules && leaked; i++)
		if (!strcmp(r->rule[i].label, REPRO_PINNED) && judge_matches(&r->rule[i], &o))
			judge_set(out, judge_verdict(&r->rule[i]), "%s", r->rule[i].why);
}

/* What would have shown the bug was not looked at: that it did not show says nothing. */
static void judge_uncounted(const struct repro *r, const char *why, struct repro_judgement *out)
{
	for (unsigned int i = 0; i < r->nr_rules && why; i++)
		if (!strcmp(r->rule[i].label, REPRO_PINNED) && r->rule[i].kind == REPRO_AFFECTED_IF)
			judge_set(out, REPRO_SKIPPED, "pinned pages could not be counted: %s", why);
}

static bool judge_is_due(const struct repro *r, const char *complaint)
{
	const char *at = repro_text(r, REPRO_COMPLAINT);
	char part[REPRO_COMPLAINT_MAX];

	while (at && repro_complaint_next(&at, part, sizeof(part)))
		if (strstr(complaint, part))
			return true;
	return false;
}

/* A kernel that complains has a bug, and it is this one only where the complaint is the one that this one leads to. */
static void judge_complaint(const struct repro *r, const char *complaint, struct repro_judgement *out)
{
	if (!complaint[0])
		return;
	if (judge_is_due(r, complaint))
		judge_set(out, REPRO_AFFECTED_BY_IT, "the kernel complained: %.300s", complaint);
	else
		judge_set(out, REPRO_ERROR, "the kernel complained, of this or of something else: %.300s", complaint);
}

void repro_judge(const struct repro *r, const struct repro_seen *seen, struct repro_judgement *out)
{
	*out = (struct repro_judgement){.verdict = REPRO_NOT_AFFECTED};
	judge_complaint(r, seen->complaint, out);
	if (seen->interrupted)
		judge_set(out, REPRO_ERROR, "interrupted");
	for (unsigned int i = 0; i < r->script->nr; i++) {
		const struct script_line *line = &r->script->lines[i];

		if (line->kind == SCRIPT_OP)
			judge_line(r, line, out);
		/* what follows a line that ended the run was not reached, which is no news */
		if (line->kind == SCRIPT_OP && line->runs && line->outcome.result != RESULT_PASS &&
		    line->outcome.result != RESULT_SKIP)
			break;
	}
	judge_pinned(r, seen->leaked, out);
	judge_uncounted(r, seen->uncounted, out);
	if (seen->fault[0])
		judge_set(out, REPRO_ERROR, "a fault of the IOMMU where none was due: %.300s", seen->fault);
	if (out->verdict == REPRO_NOT_AFFECTED && !out->why[0])
		snprintf(out->why, sizeof(out->why), "every line came to what is due%s%.300s",
			 repro_text(r, REPRO_NOTE)[0] ? "; " : "", repro_text(r, REPRO_NOTE));
}

bool repro_evidence(const struct script_line *line, char *text, size_t size)
{
	const struct script_outcome *o = &line->outcome;
	const char *mark = strstr(line->text, "#@");
	size_t len = mark ? (size_t)(mark - line->text) : strlen(line->text);
	char times[40] = "";

	if (line->kind != SCRIPT_OP || !line->runs)
		return false;
	if (line->runs > 1)
		snprintf(times, sizeof(times), ", %" PRIu64 " times", line->runs);
	while (len && isspace((unsigned char)line->text[len - 1]))
		len--;
	snprintf(text, size, "line %u: %.*s: %s%s%s%s%s%s", line->number, (int)MIN(len, 160), line->text,
		 result_name(o->result), times, o->err ? ", " : "", script_errno_name(o->err), o->detail[0] ? ": " : "",
		 o->detail);
	return true;
}
