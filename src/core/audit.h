/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about a machine: each has a stable id, a severity, evidence and advice. */
#ifndef IC_CORE_AUDIT_H
#define IC_CORE_AUDIT_H

#include "host/machine.h"

enum audit_severity { AUDIT_INFO, AUDIT_LOW, AUDIT_MEDIUM, AUDIT_HIGH };
const char *audit_severity_name(enum audit_severity severity);

struct audit;
/* One kind of finding. The tables of core/audit_*.c; stable once released. */
struct audit_rule {
	const char *id; /* "iommu-absent" */
	enum audit_severity severity;
	const char *title; /* one phrase, for lists */
	const char
		*explain; /* what it means, why it matters, when it is harmless; what --explain and the man page say */
	const char *advice;					      /* what to do */
	int (*check)(struct audit *a, const struct audit_rule *rule); /* 0 or -ENOMEM */
};
/* All of them, NULL-terminated, by id. */
extern const struct audit_rule *const audit_rules[];
const struct audit_rule *audit_rule_find(const char *id);

struct audit_evidence {
	char source[128]; /* a path without the root, a table and offset, an ioctl */
	char text[200];	  /* the bytes or the line */
};
struct audit_finding {
	const struct audit_rule *rule;
	enum audit_severity severity; /* the rule's, or lower or higher where the case is */
	char subject[64];	      /* a device, group, unit, table, "kernel" */
	char summary[256];
	char advice[256];
	unsigned int nr_evidence;
	struct audit_evidence *evidence;
};
/* What a rule could not look at: "ACPI tables are not readable (Permission denied)". Never passed over in silence. */
struct audit_blind {
	char what[160];
};
struct audit {
	const struct machine *m;
	char (*only)[16]; /* devices asked for; NULL = all */
	unsigned int nr_only;
	unsigned int nr_findings, nr_blind;
	struct audit_finding *findings;
	struct audit_blind *blind;
};

/* Run every rule on @m. Findings by severity, then id, then subject. 0 or -ENOMEM. */
int audit_run(struct audit *a, struct fail *f);
void audit_free(struct audit *a);

#endif
