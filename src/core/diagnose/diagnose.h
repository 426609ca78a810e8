/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What does a failure depend on? A combination of options that fails is looked for; then each factor is varied alone, in runs of their own
 * that follow each other in random order, and an exact test says which factors make a difference.
 */
#ifndef IC_CORE_DIAGNOSE_H
#define IC_CORE_DIAGNOSE_H

#include "core/session/session.h"
#include "out/report.h"

struct diagnose_params {
	uint64_t time_ns;	 /* for all of it, 0 = DIAGNOSE_TIME_DEVICE or DIAGNOSE_TIME_SIM */
	unsigned int runs;	 /* of each level of a factor, at the most; 0 = DIAGNOSE_RUNS */
	const char *const *with; /* reports of other boots, whose baseline is run here as well */
	unsigned int nr_with;
};

#define DIAGNOSE_TIME_DEVICE 180000000000ull
#define DIAGNOSE_TIME_SIM 10000000000ull
#define DIAGNOSE_RUNS 10
#define DIAGNOSE_RUNS_MAX 100
#define DIAGNOSE_WITH_MAX 8
/* Of all factors together: the chance to name one although nothing depends on any. */
#define DIAGNOSE_ALPHA 0.01

struct diagnose;

/*
 * Strings of @session and @params must outlive it. The files of @params->with are read here, before anything is opened. 0, -ENOMEM, what
 * reading one said, or -EINVAL for one that is no such report (usage); *out is NULL then.
 */
int diagnose_new(struct diagnose **out, const struct session_params *session, const struct host *host,
		 const struct diagnose_params *params, struct fail *f);
/*
 * All of it, in sessions that are opened and closed here. 0: the verdict is in the report; -errno with @f: it could not go on, and the report
 * holds what was seen so far. A signal ends it early with 0.
 */
int diagnose_run(struct diagnose *d, struct fail *f);
void diagnose_free(struct diagnose *d);

/* After diagnose_run(), also one that failed: values, lines and the check. May be called for several reports. */
void diagnose_report(struct report *r, const struct diagnose *d);

/* The script that shows the failure, NULL: there is none. */
const char *diagnose_repro(const struct diagnose *d);
/* A shorter one (NULL: the same as before), and how it was come by, in words. 0 or -ENOMEM. */
int diagnose_set_repro(struct diagnose *d, const char *text, const char *how);
/* False: what fails is no mapping and no data, and no script could show more of it. */
bool diagnose_is_scriptable(const struct diagnose *d);
/* Loops of a run that fails nearly always. */
uint64_t diagnose_run_loops(const struct diagnose *d);
/* What it was seen on: a backend's specification, NULL: as asked for; and whose rules that follows. */
const char *diagnose_backend(const struct diagnose *d);
enum iommu_personality diagnose_personality(const struct diagnose *d);

#endif
