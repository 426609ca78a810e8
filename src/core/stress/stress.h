/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress: seeded random operations from several threads, each answer held against a model. A run is a row of episodes. Each begins
 * with nothing mapped, has a seed of its own (rng_draw(seed, episode, place)) and some hundred to thousand ops in rounds; between
 * rounds all threads stand still and what the machine says (pins, ledger, IOVA ranges, kernel log, reach of the device) is held
 * against the model. So a run of hours needs the memory of one episode, and what failed is one episode's ops.
 */
#ifndef IC_CORE_STRESS_H
#define IC_CORE_STRESS_H

#include "core/failure.h"
#include "core/session/session.h"
#include "core/stress/op.h"
#include "out/report.h"

struct stress_mix {
	char name[32];
	unsigned int weight[STRESS_KINDS]; /* 0 = never */
};
/* churn, edges, dirty, huge, lifecycle, all: a table ended by an empty name. */
extern const struct stress_mix stress_mixes[];
/* One of those, or a file of "KIND WEIGHT" lines with `#` comments. -EINVAL (usage) names line and what is valid. */
int stress_mix_load(struct stress_mix *out, const char *name_or_file, struct fail *f);

struct stress_params {
	struct stress_mix mix;
	const char *mix_text; /* as given */
	uint64_t ops;	      /* 0 = until time_ns */
	uint64_t time_ns;     /* 0 = until ops */
	uint64_t episodes;    /* so many of all shards together, 0 = as many as come */
	unsigned int threads;
	unsigned int shard, shards; /* episodes e with e % shards == shard - 1; 1/1: all */
	bool episode_given;
	uint64_t episode;     /* this one alone, --episode: to do again what a report names */
	uint64_t episode_ops; /* length, 0 = drawn per episode */
	bool keep_going;
	bool beyond;	 /* also on a real device: what kernels are known to answer wrongly */
	bool probe;	 /* also on a real device: accesses that must not succeed, at canary pages */
	bool keep_trace; /* of the first episode, whatever came of it */
	const char *repro_path, *log_path;
	bool fresh;	    /* each episode begins with the simulation as it was: the session is nobody else's */
	unsigned int tries; /* of the shrinker, for what comes and goes */
	bool no_shrink;
};

#define STRESS_THREADS_MAX 64
#define STRESS_MISMATCHES_KEPT 256

struct stress_mismatch {
	uint64_t episode;
	struct stress_op op;
	char expected[96], got[160];
};

/* One episode's ops in the order in which they were done, kept until the next begins. */
struct stress_trace {
	struct stress_op *ops;
	unsigned int nr;
	uint64_t episode, seed;
	unsigned int threads;
};

struct stress_result {
	uint64_t ops, episodes, checks;				/* checks: between rounds */
	uint64_t per_kind[STRESS_KINDS], refused[STRESS_KINDS]; /* done; answered with an error that was due */
	uint64_t elapsed_ns;
	uint64_t dma_bytes;
	bool has_dma;
	char dma_why[160]; /* why the device copied nothing */
	unsigned int nr_mismatches;
	uint64_t mismatches_total;
	struct stress_mismatch mismatches[STRESS_MISMATCHES_KEPT];
	struct failures failures;  /* memory evidence, by class */
	struct stress_trace trace; /* of the first episode with a mismatch */
	unsigned int nr_skipped;
	struct {
		char what[64], why[128];
	} skipped[STRESS_KINDS]; /* kinds this backend or device cannot do */
};

/* As compare_run(). A mismatch ends the run unless keep_going; its episode's trace is whole. */
int stress_run(struct session *s, const struct stress_params *p, struct stress_result *out, struct fail *f);
void stress_result_free(struct stress_result *res);
/* The words after `iommuctl` that do an episode again; the caller frees them. NULL: no memory. */
char *stress_again(const struct session *s, const struct stress_params *p, uint64_t episode);
void stress_report(struct report *r, const struct session *s, const struct stress_params *p, struct stress_result *res);

/*
 * The trace as lines for `iommuctl run` (core/stress/script.c): in ticket order, with what the model says is due (`!EEXIST`, checks of
 * contents and dirty bits). Of a healthy IOMMU such a script passes. Lines are strdup()ed; free with stress_script_free().
 */
int stress_script(const struct session *s, const struct stress_trace *trace, char ***lines, unsigned int *nr,
		  struct fail *f);
void stress_script_free(char **lines, unsigned int nr);

#endif
