/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about a machine: each has a stable id, a severity, evidence and advice. */
#ifndef IC_CORE_AUDIT_H
#define IC_CORE_AUDIT_H

#include "host/debugfs.h"

enum audit_severity { AUDIT_INFO, AUDIT_LOW, AUDIT_MEDIUM, AUDIT_HIGH };
#define AUDIT_SEVERITIES 4
const char *audit_severity_name(enum audit_severity severity);

struct audit;
/* One kind of finding. Defined beside this file, listed in table.c; ids are stable once released. */
struct audit_rule {
	const char *id; /* "iommu-absent" */
	enum audit_severity severity;
	const char *title; /* one phrase, for lists */
	/* What it means, why it matters, when it is harmless: what --explain and the man page say. Sentences. */
	const char *explain;
	const char *advice; /* what to do; under 256 bytes */
	void (*check)(struct audit *a);
};
/* All of them, NULL-terminated, by id. */
extern const struct audit_rule *const audit_rules[];
const struct audit_rule *audit_rule_find(const char *id);

struct audit_evidence {
	char source[128]; /* a path without the root, a table and offset, an ioctl */
	char text[200];	  /* the bytes or the line */
};
/* More than these are counted, not kept. */
#define AUDIT_EVIDENCE_MAX 16
struct audit_finding {
	const struct audit_rule *rule;
	enum audit_severity severity; /* the rule's, or lower or higher where the case is */
	char subject[64];	      /* a device, group, unit, table, "kernel" */
	char summary[256];
	char advice[256];
	unsigned int nr_evidence, nr_more; /* @nr_more: further ones that are not in @evidence */
	struct audit_evidence *evidence;
};
/* What a rule could not look at: "DMAR cannot be read: Permission denied". Never passed over in silence. */
struct audit_blind {
	const struct audit_rule *rule;
	char what[160];
	char advice[128];
};
struct audit {
	/* the caller's */
	const struct machine *m;
	const char *const
		*only; /* addresses of devices, names of units (and with them what is behind them); NULL = all */
	unsigned int nr_only;
	bool debugfs; /* the register files of debugfs may be read */
	bool dry_run; /* and none of them written to, which AMD's need to be told what to show */
	/* the results */
	unsigned int nr_findings, nr_blind;
	struct audit_finding *findings;
	struct audit_blind *blind;
	/* what rules share while they run */
	const struct audit_rule *rule; /* the one that runs */
	bool out_of_memory;
	struct debugfs_reg *regs; /* what debugfs told, with @debugfs */
	unsigned int nr_regs;
	char regs_why[160];	   /* why nothing; "" */
	bool *wanted;		   /* of m->pci[i]; NULL = all */
	bool guest;		   /* this machine is itself virtual, as far as it shows */
	unsigned int nr_assigned;  /* devices on a VFIO driver */
	unsigned int address_bits; /* physical addresses of the processor; 0 = unknown */
};

/*
 * Run every rule on a->m. Findings by severity, then id, then subject. What is about single devices, groups and units is left
 * out where they have nothing to do with a->only. 0 or -ENOMEM.
 */
int audit_run(struct audit *a, struct fail *f);
void audit_free(struct audit *a);
/* What the rule could not look at, NULL when nothing. */
const struct audit_blind *audit_blind_of(const struct audit *a, const struct audit_rule *rule);

#endif
