/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes iommuctl-audit(7) from the rules that the program itself runs. */
#include <stdio.h>
#include <string.h>

#include "core/audit/audit.h"

#define LINE_WIDTH 78

/*
 * Words in mdoc text lines of at most LINE_WIDTH columns, and a new line for each sentence, as mdoc wants it. No line begins
 * with a control character, and backslashes are themselves.
 */
static void fill(const char *text)
{
	unsigned int column = 0;
	bool sentence = false;

	while (*text) {
		unsigned int n = (unsigned int)strcspn(text, " ");

		if (column && (sentence || column + 1 + n > LINE_WIDTH)) {
			putchar('\n');
			column = 0;
		}
		if (column)
			putchar(' ');
		else if (*text == '.' || *text == '\'')
			fputs("\\&", stdout);
		for (unsigned int i = 0; i < n; i++)
			text[i] == '\\' ? fputs("\\e", stdout) : putchar(text[i]);
		column += (column > 0) + n;
		sentence = n > 1 && text[n - 1] == '.' && text[n - 2] != '.';
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static const char head[] = ".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
			   ".\\\" Made by man/mkaudit from the rules in src/core/audit. Change those.\n"
			   ".Dd November 21, 2026\n"
			   ".Dt IOMMUCTL-AUDIT 7\n"
			   ".Os\n"
			   ".Sh NAME\n"
			   ".Nm iommuctl-audit\n"
			   ".Nd the findings of iommuctl audit, one by one\n"
			   ".Sh DESCRIPTION\n"
			   "These are the findings that\n"
			   ".Nm iommuctl Cm audit\n"
			   "can have.\n"
			   "Their names do not change from one version to the next.\n"
			   "Behind each stands its severity, which a single finding may fall below or exceed\n"
			   "where its case is a lighter or a worse one; the text says when.\n"
			   ".Bl -tag -width medium\n"
			   ".It Cm high\n"
			   "A device reaches, or whoever has it reaches, what it should not.\n"
			   ".It Cm medium\n"
			   "Isolation holds only as long as something else does too, or what the machine\n"
			   "says of itself cannot be relied on.\n"
			   ".It Cm low\n"
			   "Something works less well than it could, or may be wrong.\n"
			   ".It Cm info\n"
			   "Worth knowing; nothing is wrong.\n"
			   ".El\n"
			   ".Pp\n"
			   "A device counts as assigned while it is bound to a driver of VFIO.\n"
			   "A machine counts as a guest when its processor, its maker's name or its IOMMU\n"
			   "says so.\n"
			   ".Sh FINDINGS\n";

static const char tail[] = ".Sh SEE ALSO\n"
			   ".Xr iommuctl-registers 7 ,\n"
			   ".Xr iommuctl 8\n";

static void print_rule(const struct audit_rule *rule)
{
	printf(".Ss %s\n.Em %s :\n", rule->id, audit_severity_name(rule->severity));
	fill(rule->title);
	puts(".Pp");
	fill(rule->explain);
	puts(".Pp\n.Em What to do :");
	fill(rule->advice);
}

int main(void)
{
	fputs(head, stdout);
	for (size_t i = 0; audit_rules[i]; i++)
		print_rule(audit_rules[i]);
	fputs(tail, stdout);
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
