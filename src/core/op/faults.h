/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which op an IOMMU fault belongs to. The kernel's log comes from an interrupt thread, perhaps after the op has ended, so a
 * fault is charged by its address, and what belongs to no op is judged once, at the end of the run.
 */
#ifndef IC_CORE_OP_FAULTS_H
#define IC_CORE_OP_FAULTS_H

#include "core/failure.h"
#include "host/faults.h"

#define OP_FAULTS_KEPT 16
#define OP_FAULTS_RANGES 32

struct session;

/* Part of a session. */
struct op_faults {
	struct dma_fault list[OP_FAULTS_KEPT]; /* the first ones, those that were due only where there is room */
	unsigned int kept;
	struct dma_fault stray, unsure; /* the first one no op is charged with, and that may be another device's */
	uint64_t strays, unclear, lost; /* lost: messages the kernel left out */
	struct iova_range may[OP_FAULTS_RANGES]; /* where faults were due, a ring */
	unsigned int nr_may;
	bool due;		/* something was done that may have one logged */
	bool forgiving;		/* what is read now was caused on purpose */
	bool told;		/* a report has them */
	uint64_t of_line, all;	/* faults of the line that had one last, and of all of them */
	unsigned int counted;	/* that line */
	unsigned int now, line; /* the script line that is executed, and the last one that did DMA; 0 = none */
};

/* The addresses of one transfer. */
struct op_reach {
	struct iova_range ranges[2];
	unsigned int nr;
	bool may_fault;	 /* it is no failure */
	bool must_fault; /* somebody waits for one */
};

/* What follows is line @line of a script. */
void op_faults_line(struct session *s, unsigned int line);
/* Before a transfer: what is logged by now is not its own. */
void op_faults_before(struct session *s, const struct op_reach *reach);
/*
 * After it: a fault at its addresses is a dma-error of its own, unless it may fault, or may be another device's. One that must fault is
 * waited for while @found has no more than @before.
 */
void op_faults_after(struct session *s, const struct op_reach *reach, struct failures *found, uint64_t before);
/* Instead, where the transfer could not be done: its faults are part of that. */
void op_faults_failed(struct session *s, const struct op_reach *reach);
/* At the end of a run: wait for a real device's log and take what is left. */
void op_faults_settle(struct session *s);
/* What is logged by now, late ones waited for: in the counts, as belonging to no op. */
void op_faults_late(struct session *s);
/* Give back the counts of strays and unclear ones that @before had: those since were judged by somebody else. */
void op_faults_judged(struct session *s, const struct op_faults *before);
/* Faults that were due, or judged by somebody else: after a settle nothing of what was logged so far counts. */
void op_faults_forget(struct session *s);

/* A session's next command: what the one before was told of is not told again, nor what may fault there due here. */
void op_faults_begin(struct session *s);

const struct op_faults *op_faults(const struct session *s);
/* Somebody is looking at the kernel's log, or at what takes its place. */
bool op_faults_seen(const struct session *s);
/* One check, after op_faults_settle(): "no fault where none was due". Nothing where no transfer was done. */
void op_faults_check(struct report *r, struct session *s);

/* Into a list of @max; where that is full an unexpected one takes the place of an expected one. */
void faults_keep(struct dma_fault *list, unsigned int max, unsigned int *kept, const struct dma_fault *fault);

/* What is known of one: source, device, alias_of, group, pasid, access, iova, reason, attribution, expected, raw. */
void fault_report(struct report *r, const struct dma_fault *fault);
/* The session's faults[], of a script's line only its own; faults_seen and faults_lost. */
void op_faults_report(struct report *r, struct session *s);
/* faults: a list of the above. */
void faults_report(struct report *r, const struct dma_fault *faults, unsigned int n);

#endif
