/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes and reads that overlap in time, and what must hold of them. Every one carries two numbers of one clock that only counts: taken
 * before it began and after it had ended. Of two of which one ended with a smaller number than the other began, that one was first; all
 * others overlap, and either order is right.
 */
#ifndef IC_CORE_VERIFY_RACE_H
#define IC_CORE_VERIFY_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bitmap.h"

struct race_write {
	uint64_t begin, end;
	uint32_t first, last; /* pages, inclusive */
	bool refused;	      /* by the device's word; some of its pages may have been written all the same */
};

enum race_kind {
	RACE_CLEAR, /* a read that clears */
	RACE_KEEP,  /* a read that keeps */
	RACE_RESET, /* tracking starts anew: what was written before it is over is not asked for any more */
};

struct race_read {
	enum race_kind kind;
	uint64_t begin, end;
	uint32_t first, pages; /* it asked for */
	const uint64_t *bits;  /* from the first of those on; NULL for RACE_RESET */
};

/* Both lists in order of their begin; reads that clear, and resets, of one page do not overlap each other. */
struct race_log {
	const struct race_write *writes;
	const struct race_read *reads;
	size_t nr_writes, nr_reads;
	uint32_t pages,
		leaf; /* of the area; pages of the largest entry that may translate it, all of which a write may dirty */
};

/* A page that was written and is in no read it had to be in, or is in one without having been written. Each page once of each kind. */
struct race_found {
	uint32_t page;
	const struct race_write *write; /* NULL: it is spurious */
	const struct race_read *read;	/* the first that had to have it; the one that has it */
};

/*
 * A write must be in the first read that clears after it, or in an earlier one that ended after the write began. A read that keeps must have it
 * too, unless one that clears may have taken it first. A reset stands for a read that has everything. A page in a read must have been written,
 * or its leaf, before that read ended and not all before the last read that cleared it. @found (may be NULL) is told of each breach.
 * Returns how many. -ENOMEM.
 */
int race_judge(const struct race_log *log, void (*found)(void *arg, const struct race_found *), void *arg);

#endif
