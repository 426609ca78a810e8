/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench --against: what is known of each backend, and how it is told. */
#ifndef IC_CMD_BENCH_AGAINST_H
#define IC_CMD_BENCH_AGAINST_H

#include "cmd/bench.h"
#include "core/op/faults.h"

#define AGAINST_SIDES (BENCH_AGAINST_MAX + 1)
#define AGAINST_LABEL 56

struct against_side {
	struct session_params params;
	char label[AGAINST_LABEL]; /* the backend as it was given, unique */
	char name[32], device[64], driver[64];
	bool opened; /* once at least: those three are known */
	struct bench_result pool;
	unsigned int turns; /* with figures */
	enum result result; /* PASS: nothing speaks against another turn; SKIP, ERROR, FAIL: there is none */
	char why[400];	    /* of SKIP and ERROR */
	enum result faults; /* the worst of its sessions: "no fault where none was due" */
	char faults_why[200];
	bool faults_asked;
};

struct against {
	struct against_side side[AGAINST_SIDES]; /* the first is that of --backend */
	unsigned int nr, turns;
	bool stop; /* nothing further is done: a device that is lost, an IOMMU that does not translate */
	struct dma_fault faults[OP_FAULTS_KEPT];
	unsigned int nr_faults;
	uint64_t faults_lost;
	bool faults_unseen;
};

/* cmd/bench_against_report.c: all that was seen. 0 or -errno with run->fail. */
int against_report(struct command_run *run, const struct bench_state *b, struct against *a);

#endif
