/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `audit` for people: a block for each finding, what was seen and what to do. */
#include <stdio.h>
#include <string.h>

#include "cmd/audit.h"

#define TEXT_WIDTH 78

unsigned int audit_count(const struct audit *a, enum audit_severity severity)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < a->nr_findings; i++)
		n += a->findings[i].severity == severity;
	return n;
}

static void audit_text_machine(struct report *r, const struct audit *a)
{
	const struct machine *m = a->m;
	char units[160] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < m->nr_units && used < sizeof(units) - 40; i++)
		used += (size_t)snprintf(units + used, sizeof(units) - used, "%s%s", i ? ", " : "", m->units[i].name);
	report_line(r, "Linux %s; %u device%s, %u group%s, %u IOMMU%s%s%s%s; %u assigned",
		    m->kernel.release[0] ? m->kernel.release : "of unknown release", m->nr_devices,
		    m->nr_devices == 1 ? "" : "s", m->nr_groups, m->nr_groups == 1 ? "" : "s", m->nr_units,
		    m->nr_units == 1 ? "" : "s", used ? " (" : "", units, used ? ")" : "", a->nr_assigned);
}

static void audit_text_finding(struct report *r, const struct audit_finding *f)
{
	report_line(r, "%s", "");
	report_line(r, "  %s: %s", f->rule->id, f->summary);
	for (unsigned int i = 0; i < f->nr_evidence; i++)
		report_line(r, "      %s: %s", f->evidence[i].source, f->evidence[i].text);
	if (f->nr_more)
		report_line(r, "      and %u more", f->nr_more);
	report_line(r, "    do: %s", f->advice);
}

static void audit_text_next(struct report *r, const struct audit *a)
{
	unsigned int blind = 0;

	for (size_t i = 0; audit_rules[i]; i++)
		blind += audit_blind_of(a, audit_rules[i]) != NULL;
	report_line(r, "%s", "");
	if (blind)
		report_line(r, "%u rule%s could not look at everything: not-readable says at what, and how to", blind,
			    blind == 1 ? "" : "s");
	report_line(r, "%u high, %u medium, %u low, %u info%s%s%s", audit_count(a, AUDIT_HIGH),
		    audit_count(a, AUDIT_MEDIUM), audit_count(a, AUDIT_LOW), audit_count(a, AUDIT_INFO),
		    a->nr_findings ? "; next: iommuctl audit --explain " : "",
		    a->nr_findings ? a->findings[0].rule->id : "", a->nr_findings || blind ? "" : ": nothing found");
}

void audit_text(struct report *r, const struct audit *a)
{
	audit_text_machine(r, a);
	for (unsigned int i = 0; i < a->nr_findings; i++) {
		const struct audit_finding *f = &a->findings[i];

		if (!i || f->severity != a->findings[i - 1].severity) {
			report_line(r, "%s", "");
			report_line(r, "%s: %u", audit_severity_name(f->severity), audit_count(a, f->severity));
		}
		audit_text_finding(r, f);
	}
	audit_text_next(r, a);
}

/* Words on lines of at most TEXT_WIDTH characters behind @indent. */
static void audit_text_wrap(struct report *r, const char *indent, const char *text)
{
	char line[TEXT_WIDTH + 256];
	size_t used = 0, n;

	for (; *text; text += n + strspn(text + n, " ")) {
		n = strcspn(text, " ");
		if (used && strlen(indent) + used + 1 + n > TEXT_WIDTH) {
			report_line(r, "%s%s", indent, line);
			used = 0;
		}
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%.*s", used ? " " : "", (int)MIN(n, 200),
					 text);
	}
	if (used)
		report_line(r, "%s%s", indent, line);
}

void audit_text_rule(struct report *r, const struct audit_rule *rule, bool explain)
{
	if (!explain) {
		report_line(r, "%-24s %-7s %s", rule->id, audit_severity_name(rule->severity), rule->title);
		return;
	}
	report_line(r, "%s (%s): %s", rule->id, audit_severity_name(rule->severity), rule->title);
	report_line(r, "%s", "");
	audit_text_wrap(r, "  ", rule->explain);
	report_line(r, "%s", "");
	report_line(r, "  do: %s", rule->advice);
	report_line(r, "%s", "");
}

void audit_report_rule(struct report *r, const struct audit_rule *rule)
{
	report_object(r, NULL);
	report_str(r, "id", rule->id);
	report_str(r, "severity", audit_severity_name(rule->severity));
	report_str(r, "title", rule->title);
	report_str(r, "explain", rule->explain);
	report_str(r, "advice", rule->advice);
	report_close(r);
}
