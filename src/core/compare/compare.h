/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop the tool exists for: map, stamp, the device reads and writes back, verify, unmap, and watch the old pages. */
#ifndef IC_CORE_COMPARE_H
#define IC_CORE_COMPARE_H

#include <stdatomic.h>

#include "core/failure.h"
#include "core/session/session.h"
#include "out/report.h"

enum compare_iova { COMPARE_FIXED, COMPARE_RANDOM, COMPARE_SEQUENTIAL, COMPARE_ADVERSARIAL, COMPARE_KERNEL };
enum compare_granule { COMPARE_MAP_WHOLE, COMPARE_MAP_PAGE, COMPARE_MAP_RANDOM };
enum compare_align { COMPARE_ALIGN_PAGE, COMPARE_ALIGN_SIZE, COMPARE_ALIGN_ACROSS };
enum compare_unmap { COMPARE_UNMAP_WHOLE, COMPARE_UNMAP_PAGE, COMPARE_UNMAP_ALL };

/* As the options --map-granule, --unmap and --align name them, in the order of the enums, NULL-terminated. */
extern const char *const compare_granule_names[], *const compare_unmap_names[], *const compare_align_names[];

struct compare_params {
	uint64_t size_min, size_max; /* payload bytes; a mapping is twice that */
	enum compare_iova iova_mode;
	iova_t iova;	       /* COMPARE_FIXED */
	const char *iova_text; /* as given, for messages and the repro */
	uint64_t loops;	       /* 0 = until time_ns */
	uint64_t time_ns;      /* 0 = until loops */
	enum iommu_mem_kind mem;
	enum compare_granule granule;
	enum compare_unmap unmap;
	enum compare_align align; /* of random and sequential IOVAs */
	uint64_t delay_ns;	  /* from the unmap to the next loop */
	unsigned int graveyard;	  /* buffers per thread */
	bool graveyard_given;
	bool probe_unmapped, readonly, flush_cpu, reuse, keep_going;
	unsigned int threads;
	const char *log_path, *repro_path;
	const char *label; /* of the progress line, NULL: the command's name */
};

#define COMPARE_THREADS_MAX 64
#define COMPARE_FAULTS_KEPT 32
#define COMPARE_SKIPPED_MAX 320 /* every adversarial case may be one */

struct compare_skip {
	char what[96], why[128];
};

/* Maps that had to be refused and met another error first. */
struct compare_unasked {
	uint64_t n;
	int err; /* the first one's errno */
};

struct compare_result {
	struct failures failures;
	uint64_t loops, bytes; /* bytes: payload, once per direction */
	uint64_t elapsed_ns;
	bool read, write;	  /* directions that were judged */
	atomic_bool untranslated; /* any thread may see it first */
	bool faults_seen;	  /* somebody was looking at the kernel log */
	unsigned int nr_faults;
	uint64_t faults_lost;	  /* messages the kernel left out or that were overrun */
	uint64_t faults_expected; /* caused on purpose by probes */
	uint64_t faults_unclear;  /* perhaps by probes or another device: without an address, access or requester */
	struct dma_fault faults[COMPARE_FAULTS_KEPT];
	unsigned int nr_skipped;
	struct compare_skip skipped[COMPARE_SKIPPED_MAX];
	uint64_t skipped_total;
	uint64_t canaries;
	uint64_t unmapped_probes, readonly_probes;
	uint64_t table_checks;		   /* maps and unmaps that the kernel's own view agreed with */
	uint64_t negative_probes;	   /* maps that must be refused and were judged */
	struct compare_unasked unasked[2]; /* such maps on top of a mapping, and where none may be */
	bool foll_pin_judged;		   /* the machine-wide pin counters could be compared */
	char foll_pin_why[96];		   /* else why not */
};

/*
 * -EINVAL/-ERANGE: an option does not fit this session (usage; nothing was done). Other -errno: the run could not go on; the
 * result holds what was done so far. 0: done, the verdicts are in the result. A signal ends it early with 0.
 */
int compare_run(struct session *s, const struct compare_params *p, struct compare_result *out, struct fail *f);

/* All of the result as values, checks and lines. */
void compare_report(struct report *r, const struct session *s, const struct compare_params *p,
		    struct compare_result *res);

/* The lines that compare_save_repro() writes; there is a failure. */
void compare_print_repro(FILE *to, const struct session *s, const struct compare_params *p,
			 const struct compare_result *res);

/* Will compare_save_repro() be able to write @path? Asked before a run that may take hours. 0 or -errno with @f. */
int compare_check_repro(const char *path, struct fail *f);

/* A script for `iommuctl run` that repeats the first failure. 0 or -errno with @f; the file is whole or absent. */
int compare_save_repro(const struct session *s, const struct compare_params *p, const struct compare_result *res,
		       const char *path, struct fail *f);

#endif
