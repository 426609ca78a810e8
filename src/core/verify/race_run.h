/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that write, read and disturb at once, and the log of it, which is judged when all is over. Private to the races of `dirty verify`. */
#ifndef IC_CORE_VERIFY_RACE_RUN_H
#define IC_CORE_VERIFY_RACE_RUN_H

#include <stdatomic.h>

#include "core/verify/race.h"
#include "core/verify/some.h"

#define RACE_THREADS_MAX 4   /* writers, and readers */
#define RACE_WRITES_MAX 4096 /* of one writer */
#define RACE_WRITES_MIN 64   /* the same; a race lasts until then, */
#define RACE_STEPS 16	     /* and until so often all writers wrote, and then all readers read */
#define RACE_READS_MAX 1024  /* of one reader, */
#define RACE_READS_LAST 2    /* and when all is over */

struct race;

/* Between the start of the threads and their end, again and again, by the thread that runs the case. 0, or -errno, which ends the race. */
typedef int (*race_disturb_fn)(struct race *r, struct fail *f);

struct race_plan {
	uint64_t grains, leaf;	  /* of the area; largest leaf, 0: small ones */
	unsigned int clearers;	  /* threads that read and clear, each a part of the area of its own */
	bool keeper;		  /* one that reads all of it and keeps */
	bool changes_tables;	  /* @disturb changes page tables: where pages are marked, marks wait meanwhile */
	bool switches;		  /* @disturb switches tracking off: what cannot be marked then is no error */
	bool unmaps;		  /* in the end one call reads and unmaps, while all still write */
	race_disturb_fn disturb;  /* NULL: nothing */
	unsigned int duration_ms; /* 0: RACE_MS */
};
#define RACE_MS 40

/* One thread that writes or reads. */
struct race_thread {
	struct race *race;
	unsigned int n;
	uint64_t seed, draws;
	enum race_kind kind; /* of a reader */
	uint32_t first, pages;
	struct race_write *writes;
	struct race_read *reads;
	uint64_t *bits; /* of all its reads */
	size_t nr;
	_Atomic unsigned int tries; /* writes or reads that are over, whatever came of them */
	unsigned int due;	    /* so many in this step */
	_Atomic bool has_ended;
	int err;
	struct fail f;
};

struct race {
	struct verify *v;
	const struct race_plan *plan;
	struct verify_area *area;
	uint32_t pages;
	size_t words; /* of one read's bits */
	_Atomic uint64_t clock;
	_Atomic unsigned int step; /* RACE_STEPS: all are done */
	_Atomic bool end_writes, end_reads, unmapping;
	pthread_rwlock_t tables;
	unsigned int nr_writers, nr_readers;
	struct race_thread writers[RACE_THREADS_MAX], readers[RACE_THREADS_MAX + 1];
	struct race_thread self; /* reads of the thread that runs the case */
	uint64_t turns;
};

/* The whole race of one round: area, start, threads, the last read, the verdict. */
int race_run(struct verify *v, const struct race_plan *plan, struct fail *f);
/* For @disturb: a read of all of it, noted; none any more when the log is full. */
int race_read_all(struct race *r, enum race_kind kind, struct fail *f);
/* For @disturb: tracking off and, after @pause_ns, on again, noted. */
int race_switch(struct race *r, uint64_t pause_ns, struct fail *f);
void race_pause(uint64_t ns);

#endif
