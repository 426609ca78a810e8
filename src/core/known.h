/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differences between interfaces that are known and explained: one table, each entry with the source that says so. What
 * it does not hold is a finding. docs/differences.md is the same table for people; a test holds the two together.
 */
#ifndef IC_CORE_KNOWN_H
#define IC_CORE_KNOWN_H

#include "core/trace.h"

/* What can differ in a line. */
enum trace_field {
	FIELD_RAN,	/* executed at all */
	FIELD_SUPPORT,	/* the backend has what the line asks for */
	FIELD_ERRNO,	/* the answer, or success */
	FIELD_RESULT,	/* done, and a check in it failed or passed */
	FIELD_CLASS,	/* the classes of failures found */
	FIELD_IOVA,	/* where a map went that named its IOVA */
	FIELD_MAPPED,	/* bytes it says it mapped */
	FIELD_UNMAPPED, /* bytes it says it unmapped */
	FIELD_MOVED,	/* bytes the device moved */
	FIELD_CHECKED,	/* bytes looked at */
	FIELD_DIRTY,	/* bytes of pages reported dirty */
	FIELD_LEFT,	/* what is mapped afterwards */
	FIELD_PINS,	/* pages that became pinned or locked, or were given back */
	FIELD_MEMORY,	/* what a buffer holds */
	FIELD_COUNT,
};
/* "errno", "unmapped_bytes" ...: the `field` of a difference. */
const char *trace_field_name(enum trace_field field);

#define KNOWN_ANY (-1) /* whatever the answer */

struct known {
	const char *id; /* "unmap-partial" */
	/* 1 << enum iommu_personality, of either side; the pair may also come the other way round */
	unsigned int a, b;
	unsigned int kinds;  /* 1 << enum op_kind */
	uint32_t shape;	     /* every one of these bits is set ... */
	uint32_t any;	     /* ... and one of these, unless it is 0 ... */
	uint32_t none;	     /* ... and none of these */
	int err_a, err_b;    /* answers, positive errno or 0; KNOWN_ANY */
	unsigned int fields; /* 1 << enum trace_field: what then differs for this reason */
	const char *what;    /* "an unmap that cuts a mapping in two" */
	const char *values;  /* "EINVAL against ENOENT" */
	const char *why;     /* a sentence */
	const char *source;  /* kernel file and function, and the document if there is one */
};

extern const struct known known_differences[]; /* ended by one without id */

/* The entry that explains what differs between two executions of one line in @field, or NULL. *swapped: its a is our b. */
const struct known *known_find(const struct trace *a, const struct trace_row *x, const struct trace *b,
			       const struct trace_row *y, enum trace_field field);

/* Why a difference is no finding although no entry of the table says so: it follows from an earlier line's. */
#define KNOWN_FOLLOWS "follows"
/* ... or one side lacks the capability. */
#define KNOWN_UNSUPPORTED "unsupported"
/* ... or a device reads what it cannot reach, and the two are different devices. */
#define KNOWN_DEVICE "device"
/* ... or the dirty bits come from two sources. */
#define KNOWN_SOURCE "source"
/* ... or the two IOMMUs take different addresses. */
#define KNOWN_APERTURE "aperture"

#endif
