/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty tracking in a session: which source, on which page table, since when. */
#ifndef IC_CORE_OP_DIRTY_H
#define IC_CORE_OP_DIRTY_H

#include "core/dirty/bitmap.h"
#include "core/failure.h"
#include "core/session/session.h"

/* What the user asked for; DIRTY_SOURCES = the best there is: iommu, then device, then type1. */
struct op_dirty {
	enum dirty_source source;
	const char *ioas; /* space by name, NULL: the one that the device is attached to */
	uint32_t table;	  /* a page table of the user's that was made for tracking, 0: found or made */
	bool unchecked;
	bool zero_page; /* start: a page size of 0 is meant as it is, not as the smallest there is */
};

/*
 * The source in @op, or the best one, with what it can do. -EOPNOTSUPP: there is none, or not that one; @f says for each what is
 * missing. Nothing is changed. With op->unchecked a source that is named is there, with empty caps: the kernel is asked all the same.
 */
int op_dirty_find(struct session *s, const struct op_dirty *op, struct dirty_at *at, struct dirty_caps *caps,
		  struct fail *f);

/*
 * Start. Where caps.needs_table and the device is in none, one is made over the same space and the device attached to it (its DMA may be
 * running; rings and canaries move along). Started twice, the bits begin anew as the kernel has it. @ranges: what the device is to log;
 * none: all that is mapped.
 */
int op_dirty_start(struct session *s, const struct op_dirty *op, const struct iova_range *ranges, unsigned int nr,
		   uint64_t page_size, struct fail *f);
/* Stop; a table that start made is given up and the device attached to what it was in before. */
int op_dirty_stop(struct session *s, const struct op_dirty *op, struct fail *f);
/* What was started and not stopped: the latest. False: nothing. */
bool op_dirty_is_on(const struct session *s, struct dirty_at *at);
/* All of that, latest first, for `maps`. False past the last. */
struct op_dirty_on {
	struct dirty_at at;
	uint64_t since;	    /* clock_ns() */
	uint64_t page_size; /* that the device tracks by, 0: not told */
	bool made;	    /* the page table was made for it */
};
bool op_dirty_get(const struct session *s, unsigned int i, struct op_dirty_on *out);
/* A space (or NULL) or page table of this id is gone, and what was tracked in it. */
void op_dirty_forget(struct session *s, uint32_t id, const struct iommu *space);
/* For a series of files: 1, 2, 3 ... of the session. */
unsigned int op_dirty_number(struct session *s);
/* At a session's end, before its spaces go. */
void op_dirty_close(struct session *s);

/*
 * Where the space that @op means has @text, "BUF" or "BUF+OFFSET": *iova, and *size to the buffer's end unless @size_given. -ENOENT, also
 * when it is not mapped there; with op->unchecked then where it was last.
 */
int op_dirty_where(struct session *s, const struct op_dirty *op, const char *text, bool size_given, iova_t *iova,
		   uint64_t *size, struct fail *f);

struct op_dirty_read {
	struct op_dirty on;
	iova_t iova;
	uint64_t size, page_size;
	bool page_size_given; /* 0 is passed on as well; else 0 = the smallest that the source has */
	bool keep;	      /* -EOPNOTSUPP where it cannot: never a read that clears in its place */
	/* on.unchecked: the bits go to memory that can only be read, or that nobody can access. None is in *out then. */
	bool bitmap_readonly, bitmap_nowhere;
};
/* Does the range begin inside of a mapping, where the source may lose a bit for that (caps.loses_cut)? */
bool op_dirty_is_cut(struct session *s, const struct op_dirty_read *op);
/* Are they the bits of a page table that the device is not attached to? What it writes now is not noted there. */
bool op_dirty_is_away(struct session *s, const struct op_dirty *op);
/*
 * *out is to be freed; on failure it holds nothing, also when a part was read; if that was cleared, @f says so. Of bad geometry that was answered all
 * the same (on.unchecked) it has no words.
 */
int op_dirty_read(struct session *s, const struct op_dirty_read *op, struct dirty_bitmap *out, struct fail *f);
/* How reading and unmapping went together. */
enum dirty_order {
	DIRTY_AT_ONCE,	  /* by one call of the kernel's */
	DIRTY_UNMAP_READ, /* unmapped, then read: the bits outlast the mapping (caps.outlasts), none is lost */
	DIRTY_READ_UNMAP, /* read without clearing where that is possible, then unmapped: a write between the two is lost */
};
/* "at-once", "unmap-read", "read-unmap" */
const char *dirty_order_name(enum dirty_order order);
/* Read and unmap. Adds a short-unmap failure as op_unmap() does. */
int op_dirty_unmap(struct session *s, const struct op_dirty_read *op, struct dirty_bitmap *out, uint64_t *bytes,
		   enum dirty_order *order, struct failures *found, struct fail *f);

#endif
