/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one diagnosis is made of; for core/diagnose only. */
#ifndef IC_CORE_DIAGNOSE_PRIV_H
#define IC_CORE_DIAGNOSE_PRIV_H

#include "core/compare/compare.h"
#include "core/diagnose/diagnose.h"
#include "out/progress.h"

/* In the order of the tables. What only another boot can change comes last. */
enum factor_id {
	FACTOR_IOVA,
	FACTOR_SIZE,
	FACTOR_ALIGNMENT,
	FACTOR_PAGE,
	FACTOR_MAPS,
	FACTOR_UNMAP,
	FACTOR_DELAY,
	FACTOR_FLUSH,
	FACTOR_THREADS,
	FACTOR_BUFFERS,
	FACTOR_BACKEND,
	FACTOR_SNOOP,
	FACTOR_CELL, /* so many are options of a run */
	FACTOR_SUPERPAGES = FACTOR_CELL,
	FACTOR_ATS,
	FACTOR_KERNEL,
	FACTORS,
};

#define LEVELS_MAX (DIAGNOSE_WITH_MAX + 1)

/* Levels that are spoken of by name; their order is the table's in factor.c. */
enum { IOVA_FIXED, IOVA_RANDOM, IOVA_SEQUENTIAL, IOVA_ADVERSARIAL, IOVA_KERNEL };
enum { SIZE_8K, SIZE_ONE_PAGE, SIZE_12K, SIZE_RANGE, SIZE_512, SIZE_1K };
enum { ALIGNED, ACROSS };
enum { PAGE_ANON, PAGE_THP, PAGE_HUGE };
enum { MAPS_WHOLE, MAPS_PAGE, MAPS_RANDOM };
enum { UNMAP_WHOLE, UNMAP_PAGE, UNMAP_ALL };
enum { BUFFERS_KEPT, BUFFERS_FEW, BUFFERS_REUSED };

/* Runs of one combination, or of all with one level. */
struct tally {
	unsigned int runs, failed;
	uint64_t loops, bytes;
	uint32_t classes; /* of failures: 1 << enum failure_class */
};

struct level {
	char value[80];
	bool usable; /* false: @why it could not be run */
	char why[200];
	const char *spec;   /* FACTOR_BACKEND: what to open, NULL: as asked */
	struct tally runs;  /* in the experiment: the baseline with this level */
	struct tally tried; /* all runs with this level, whatever else they had */
};

struct factor {
	unsigned int nr;
	struct level level[LEVELS_MAX];
	char why[200]; /* why nothing could be compared, where only one level can be had */
	/* the verdict */
	bool tested;
	unsigned int tests; /* made together */
	double p, adjusted;
	bool matters;
	int explained; /* FACTORS: by that an IOVA is used again; another factor's id; -1 = by nothing else */
	double seen_below,
		seen_above; /* rates of a level that would have been told from the baseline's; negative: none */
};

/* What is looked at besides the ordinary loop. */
enum probe { PROBE_NONE, PROBE_UNMAPPED, PROBE_READONLY };

/* One combination: a level of each factor. */
struct cell {
	uint8_t at[FACTOR_CELL];
	uint8_t probe;
};

#define COMBINED_MAX 3
struct combination {
	struct cell cell;
	struct tally runs;
};

struct environment;
struct value;

struct diagnose {
	struct session_params session;
	const struct host *host;
	struct diagnose_params params;
	uint64_t start_ns, until_ns;
	struct progress progress;
	char doing[96]; /* what the progress line says */

	/* of the first session */
	bool opened;
	char backend[32], device[48], driver[32];
	bool simulated;
	enum iommu_personality personality;
	iova_t base; /* where fixed IOVAs begin */
	uint64_t granule;
	char *specs[LEVELS_MAX]; /* of other backends */
	char coherent[64];	 /* VFIO_DMA_CC_IOMMU, asked after SET_IOMMU */
	uint32_t snoop_at;	 /* offset of Device Control; 0 = there is none */
	struct environment *env;

	struct factor factor[FACTORS];
	struct tally all;
	uint64_t elapsed_ns;   /* in loops; the rest is opening and closing */
	uint64_t run_seq;      /* numbers the seeds of runs */
	unsigned int screened; /* combinations */

	bool found;
	struct cell baseline;
	struct tally base_runs;
	uint64_t run_loops; /* of each run of the experiment */
	uint64_t delay_ns;
	unsigned int rounds;
	unsigned int nr_combinations;
	struct combination combination[1 << COMBINED_MAX];
	unsigned int nr_combined;
	uint8_t combined[COMBINED_MAX], other[COMBINED_MAX]; /* factors, and the level of each that does not fail */
	struct value *with[DIAGNOSE_WITH_MAX];		     /* what params.with said */
	unsigned int nr_boots;				     /* other boots that were taken in */
	char boots_differ[300];				     /* words of the command lines that are no factor; "" */

	bool untranslated, interrupted, timed_out;
	char error[200]; /* the device or the kernel did not go along; "" */
	/* of the first run of the baseline that failed */
	struct failures failures;
	bool has_failures;
	unsigned int nr_faults;
	struct dma_fault faults[COMPARE_FAULTS_KEPT];
	char complaint[200];
	char *repro, repro_how[200];
};

/* factor.c */
struct factor_text {
	const char *name, *what;
};
extern const struct factor_text factor_texts[FACTORS];
/* Every level of every factor, and which of them can be run in the session @s. */
void factors_fill(struct diagnose *d, struct session *s);
void level_unusable(struct level *l, const char *fmt, ...) IC_PRINTF(2, 3);
/* One alone: "iova-mode random". Returns buf. */
char *factor_level_text(const struct diagnose *d, unsigned int factor, unsigned int level, char *buf, size_t len);
/* A pause of @loops loops that together lasts about 200 ms. */
void factors_set_delay(struct diagnose *d, uint64_t loops);

/* cell.c */
/* As options of `iommuctl compare`, without --loops. Returns buf. */
char *cell_options(const struct diagnose *d, const struct cell *cell, char *buf, size_t len);
/*
 * One run in a session of its own. 1: it failed; 0: it passed; -errno: it could not be run so, and
 * d->error is set where nothing more can be. @keep: its failures, log and a script are the diagnosis' own.
 */
struct cell_limit {
	uint64_t loops;
	uint64_t time_ns; /* 0: what is left of all of it. A run that is cut short without a failure is not in @t */
};
int cell_run(struct diagnose *d, const struct cell *cell, const struct cell_limit *limit, bool keep, struct tally *t,
	     struct fail *f);
/* Time, a signal, or what ends everything. */
bool diagnose_is_over(const struct diagnose *d);

/* snoop.c */
/* Offset of Device Control in configuration space, and whether Enable No Snoop is set there. 0: none that can be read. */
uint32_t snoop_find(struct iommu_device *idev, bool *set);
/* Change the bit; *was is what snoop_give_back() takes, also after an error. -EOPNOTSUPP: it is fixed. */
int snoop_flip(struct iommu_device *idev, uint32_t at, uint32_t *was, struct fail *f);
int snoop_give_back(struct iommu_device *idev, uint32_t at, uint32_t was, struct fail *f);

/* screen.c: a baseline that fails, as plain as it can be. Or d->found stays false. 0 or -errno when nothing can be run at all. */
int screen_run(struct diagnose *d, struct fail *f);

/* rounds.c: the experiment around the baseline. */
void rounds_run(struct diagnose *d);
/* After the verdict: what matters, varied together. */
void rounds_combine(struct diagnose *d);

/* judge.c */
void judge(struct diagnose *d);
/* "fixed 10 of 10, random 0 of 10 (p = ...)" of one that was tested. Returns buf. */
char *judge_numbers(const struct factor *f, char *buf, size_t len);
/* With no difference seen, what would one have had to be? */
void judge_power_words(const struct factor *f, char *buf, size_t len);
/* The verdict in words, with all that. Returns buf. */
char *judge_words(const struct diagnose *d, unsigned int factor, char *buf, size_t len);

/* env.c: what the machine says. Before the first session: a device is opened to be asked. */
int environment_read(struct diagnose *d, struct fail *f);
void environment_free(struct environment *env);
void environment_report(struct report *r, const struct diagnose *d);
/* One setting in words, for answers and for the table of boots: FACTOR_SUPERPAGES, _ATS, _KERNEL. */
/* Of the kernel's command line what concerns IOMMUs, as in the report. NULL: it was not read. */
const char *environment_cmdline(const struct diagnose *d);
const char *environment_setting(const struct diagnose *d, unsigned int factor);
/* DMAR unit, ecap bit 7 ... "" where it is not known. */
const char *environment_unit(const struct diagnose *d);
const char *environment_snoop(const struct diagnose *d);
const char *environment_ats(const struct diagnose *d);

/* with.c: the baseline and counts of another boot. */
/* Read the files and see that they are whole reports of this version; nothing is opened for it. with_close() also after an error. */
int with_open(struct diagnose *d, struct fail *f);
void with_close(struct diagnose *d);
/* When the device is known, and the levels that it can be run with. */
int with_load(struct diagnose *d, struct fail *f);

/* answer.c */
void answers_report(struct report *r, const struct diagnose *d);

#endif
