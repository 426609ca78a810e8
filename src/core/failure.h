/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong with memory or a mapping, by class, with its evidence; collected from any thread. */
#ifndef IC_CORE_FAILURE_H
#define IC_CORE_FAILURE_H

#include <pthread.h>

#include "core/stamp/stamp.h"
#include "iommu/types.h"
#include "out/report.h"

/* The classes of the command line contract, in its order. */
enum failure_class {
	FAILURE_STALE_READ,
	FAILURE_STALE_WRITE,
	FAILURE_MISPLACED,
	FAILURE_UNWRITTEN,
	FAILURE_TORN,
	FAILURE_FOREIGN,
	FAILURE_UNTRANSLATED,
	FAILURE_UNMAPPED_ACCESS,
	FAILURE_READONLY_WRITE,
	FAILURE_SHORT_UNMAP,
	FAILURE_MAP_REFUSED,
	FAILURE_OVERLAP_ACCEPTED,
	FAILURE_RESERVED_ACCEPTED,
	FAILURE_PIN_LEAK,
	FAILURE_DMA_ERROR,
	FAILURE_PAGE_TABLE, /* the kernel's own view of its page table does not agree with what is mapped */
	FAILURE_KERNEL,	    /* a WARNING or taint that appeared during the run (safety rule 3) */
	FAILURE_CLASSES,
};

const char *failure_name(enum failure_class class);

struct failure {
	enum failure_class class;
	unsigned int thread;
	uint64_t loop;
	iova_t iova;	 /* of the first wrong byte */
	uint64_t length; /* wrong bytes */
	bool has_memory; /* expected/got below are filled */
	struct stamp expected;
	bool expected_burial;
	struct stamp got;
	bool got_is_stamp;
	uint64_t words[8]; /* the first wrong line as found */
	/* what the loop did, enough to repeat it */
	bool has_map; /* false: seen outside of any loop, nothing below is known */
	iova_t map_iova;
	uint64_t map_size, payload;
	char text[200]; /* one sentence for people */
};

#define FAILURES_KEPT 64

struct failures {
	pthread_mutex_t lock;
	uint64_t count[FAILURE_CLASSES];
	uint64_t total;
	unsigned int kept;
	struct failure list[FAILURES_KEPT]; /* the first ones */
};

void failures_init(struct failures *all);
void failures_add(struct failures *all, const struct failure *one);
uint64_t failures_total(struct failures *all);

/* Fill memory evidence from a stamp verdict; class by what was found (stale-read, misplaced, unwritten, torn, foreign). */
void failure_from_verdict(struct failure *out, const struct stamp_verdict *v, iova_t base);

/* "classes" object and "failures" list, and one line per failure for people. */
void failures_report(struct report *r, struct failures *all);

/* What a run looks at, as a check: the classes by which it fails. */
struct failure_question {
	const char *name;
	enum failure_class classes[8];
	unsigned int nr;
};

/* The first kept failure of its classes; NULL: none was kept. */
const struct failure *failures_first(const struct failures *all, const struct failure_question *q);
/*
 * The question's check: failed, with how often by class; else passed, or skipped for @unseen where that is not NULL. Returns what
 * failures_first() does, for the caller's further evidence.
 */
const struct failure *failures_check(struct report *r, const struct failures *all, const struct failure_question *q,
				     const char *unseen);

#endif
