/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a script did, line by line, as far as another run of the same script can be held against it: how each line came out,
 * the bytes it reported, what is mapped afterwards, how many pages became pinned, and what the buffers hold. What the backend
 * or a random draw chose (IOVAs) takes no part, and stamps are told by the buffer they were made for.
 */
#ifndef IC_CORE_TRACE_H
#define IC_CORE_TRACE_H

#include "core/facts.h"
#include "core/script.h"

/* Contents of one buffer that a line made or changed. */
struct trace_memory {
	char buf[BUFFER_NAME_MAX];
	bool gone; /* the buffer is no more */
	int byte;  /* every byte is this one, or -1 */
	uint64_t digest;
};

struct trace_row {
	unsigned int line; /* index in the script's lines */
	uint64_t run;	   /* 1 = the line's first */
	enum result result;
	int err; /* positive errno, 0 = done */
	struct op_facts facts;
	bool mapped_known;
	uint64_t mapped_bytes, mapped_count; /* of the script's own mappings, after the line, as the ledger has them */
	uint64_t mapped;		     /* hash of them: which buffers, where, with which rights */
	bool pins_known;
	int64_t pins;			/* pages pinned or locked by the line; negative: given back */
	unsigned int memory, nr_memory; /* in the trace's list */
};

struct trace {
	enum iommu_personality personality;
	char driver[32]; /* of the device */
	struct trace_row *rows;
	size_t nr, room;
	struct trace_memory *memory;
	size_t nr_memory, memory_room;
	/* while recording */
	struct op_facts facts;
	uint64_t pins_before;
	bool pins_known;
	struct trace_memory *now; /* what each buffer held last */
	size_t nr_now, now_room;
	struct trace_place {
		char buf[BUFFER_NAME_MAX];
		iova_t iova;
		uint64_t size;
	} places[64]; /* the latest chosen ones, a ring */
	unsigned int nr_places;
	int err; /* -ENOMEM, -E2BIG: no longer complete */
};

/* Begin with an empty trace of @s. */
void trace_init(struct trace *t, struct session *s);
void trace_release(struct trace *t);

/* Around each line: begin watches the session, end takes down what came of it. @line = index, @out as the line came out. */
void trace_begin(struct trace *t, struct session *s);
void trace_end(struct trace *t, struct session *s, unsigned int line, uint64_t run, const struct script_outcome *out);

#endif
