/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shrinking from the command line: each candidate runs as `iommuctl run` would run it, in a session of its own. */
#ifndef IC_CMD_SHRINK_RUN_H
#define IC_CMD_SHRINK_RUN_H

#include "cmd/command.h"
#include "core/shrink/shrink.h"
#include "core/stress/stress.h"

/* How a script failed: what the shrinker holds on to. */
struct shrink_why {
	enum result result; /* RESULT_PASS: it did not; RESULT_SKIP: nor could all of it be done */
	char what[40];	    /* class of failure, or the error's name; of a '!' line: "not EEXIST" */
	char command[24];   /* of the line: "unmap"; "" = of none, "kernel" or "faults" is what */
	unsigned int line;  /* its index */
	char detail[200];
};

/*
 * Where candidates run: the session's own backend and device, and before that a healthy simulated IOMMU with the same rules, on which
 * a script has to pass: one that fails there shows nothing, however it fails elsewhere.
 */
struct shrink_runner {
	struct globals own, reference;
	char *reference_backend;
	bool has_reference;
	FILE *sink;
	bool due_known;
	struct shrink_why due, last; /* what has to be seen; what was */
	uint64_t seed, runs;
	uint64_t passed_hash; /* of the candidate that was asked last, and what the reference said */
	bool passed;
	struct fail usage; /* of the last line that could not be read */
};

/* @personality: whose rules the reference follows. 0 or -errno with @f; shrink_runner_close() in every case. */
int shrink_runner_open(struct shrink_runner *r, const struct globals *g, enum iommu_personality personality,
		       struct fail *f);
void shrink_runner_close(struct shrink_runner *r);
/* Run the lines once with @g (r->own or r->reference), silently. A script that cannot be read is a result, too. -EINTR: a signal. */
int shrink_runner_once(struct shrink_runner *r, struct globals *g, char *const *lines, unsigned int nr,
		       struct shrink_why *why, struct fail *f);
/*
 * shrink() of what fails in the session's own backend, and passes on the reference. Lines on which that does not agree are left out
 * first; where that is what fails, there is no reference. @out and errors as shrink(); a line that cannot be read is a usage error.
 */
int shrink_runner_shrink(struct shrink_runner *r, char *const *lines, unsigned int nr,
			 const struct shrink_params *params, struct shrink_result *out, struct fail *f);

/* The candidates' callback, for who has an order of its own. */
struct shrink_target shrink_runner_target(struct shrink_runner *r);
/* Does the reference pass? r->has_reference says so. */
int shrink_runner_ask(struct shrink_runner *r, char *const *lines, unsigned int nr, struct fail *f);

/*
 * shrink_line.c: one line that does the stress again, found after @ops operations, narrowed down. -ENOENT: it did not fail every time
 * in so many tries, however many operations. shrink_free() in every case.
 */
int shrink_line(struct shrink_runner *r, const struct stress_params *p, uint64_t ops, unsigned int tries,
		struct shrink_result *out, struct fail *f);

/* shrink_save.c: what is written into the file, beside the lines. */
struct shrink_note {
	const char *path;
	const char *found_by; /* the command that found it, without "iommuctl"; several lines with \n */
	const char *text;     /* one sentence; NULL: what the failing line says */
	unsigned int from;    /* lines before it was shrunk */
	const char *left_out; /* what the lines do not repeat, or NULL */
};
int shrink_save(const struct shrink_runner *r, const struct session_params *params, const struct shrink_note *note,
		const struct shrink_result *res, struct fail *f);
/* repro, shrink: {lines, from, runs, failed, of}, and the same in words. */
void shrink_report(struct report *r, const struct shrink_note *note, const struct shrink_result *res);

#define SHRINK_TRIES 3
#define SHRINK_TRIES_MAX 1000
#define SHRINK_TIME_NS UINT64_C(300000000000)

/* `run FILE --shrink OUT`: 0 or -errno with run->fail; a script that passes is a result, too. */
struct shrink_file {
	const char *out;	 /* NULL: not asked for */
	uint64_t tries, time_ns; /* 0: SHRINK_TRIES, SHRINK_TIME_NS */
};
int shrink_file(struct command_run *run, const struct shrink_file *p, const char *path);

/* Will stress_save_repro() be able to write p->repro_path? Asked before a run that may take hours. 0 or -errno with run->fail. */
int stress_check_repro(struct command_run *run, const struct stress_params *p);

/*
 * After a run with mismatches: the shortest script that shows the first of them, as the file p->repro_path, whole or absent; the
 * report gets "repro" and what came of the shrinking. Takes @s, which is closed before anything is run anew (a device has one owner):
 * the caller has reported and needs it no more. 0, or -errno with run->fail set: what was to be saved could not be made to fail again
 * (-ENOENT), or written.
 */
int stress_save_repro(struct command_run *run, struct session *s, const struct stress_params *p,
		      const struct stress_result *res);

#endif
