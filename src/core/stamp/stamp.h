/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns in memory and their verdicts. Every 64-byte line says who it is: session, generation, the IOVA it was stamped
 * for and its page; four more words bind these together, so that a line put together from two stamps is seen.
 */
#ifndef IC_CORE_STAMP_H
#define IC_CORE_STAMP_H

#include <stddef.h>

#include "iommu/types.h"

#define STAMP_LINE 64u

struct stamp {
	uint64_t session;    /* one value per run */
	uint64_t generation; /* stamp_generation() */
	iova_t iova;	     /* of the first byte stamped */
};

/* Thread and loop in one number; loops count from 0, generation 0 of thread 0 is never made. */
static inline uint64_t stamp_generation(unsigned int thread, uint64_t loop)
{
	return (uint64_t)thread << 48 | ((loop + 1) & 0xffffffffffffull);
}

/* @va 8-byte aligned; any @size, a ragged last line is cut off. */
void stamp_fill(void *va, size_t size, const struct stamp *stamp);
/* True when all of @size bytes are as stamp_fill() would make them. */
bool stamp_verify(const void *va, size_t size, const struct stamp *stamp);
void stamp_poison(void *va, size_t size);
bool stamp_is_poison(const void *va, size_t size);
/* What buffers hold after their mapping is gone: no new buffer has it, so that a stale read of it is known as one. */
void stamp_bury(void *va, size_t size);
bool stamp_is_buried(const void *va, size_t size);

/* What a line that is not as expected turned out to be. */
enum stamp_class {
	STAMP_OK,
	STAMP_STALE,	 /* an intact stamp of an earlier generation of this thread */
	STAMP_NEWER,	 /* an intact stamp of a later generation (seen in a graveyard buffer) */
	STAMP_MISPLACED, /* this generation's, of another line */
	STAMP_UNWRITTEN, /* poison */
	STAMP_BURIED,	 /* what only unmapped buffers hold */
	STAMP_TORN,	 /* words of several stamps, or of a stamp and poison, in one line */
	STAMP_FOREIGN,	 /* none of ours, or another thread's */
};

struct stamp_verdict {
	enum stamp_class what;
	size_t offset;	       /* of the first bad byte's line */
	size_t length;	       /* bytes of consecutive bad lines of the same class */
	struct stamp expected; /* of that line */
	struct stamp got;      /* of that line where it is an intact stamp */
	bool got_is_stamp;
	uint64_t words[STAMP_LINE / 8]; /* the line as found */
};

/*
 * First bad run at or after *offset (in bytes, multiple of 64); false when the rest is good. *offset moves past the run,
 * so that a loop sees every run.
 */
bool stamp_next_bad(const void *va, size_t size, const struct stamp *stamp, size_t *offset, struct stamp_verdict *out);
/* The stamp in the @words of one line (STAMP_LINE / 8), whoever made it. False: it is none, or not intact. */
bool stamp_read(const uint64_t *words, struct stamp *out);
const char *stamp_class_text(enum stamp_class what);
/* The instructions that fill and verify here: plain, avx2, avx512. */
const char *stamp_variant_name(void);

#endif
