/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two traces of one script held against each other. */
#ifndef IC_CORE_TRACE_DIFF_H
#define IC_CORE_TRACE_DIFF_H

#include "core/known.h"

struct trace_difference {
	unsigned int line; /* index in the script's lines */
	uint64_t run;	   /* the first execution that differs in this way */
	uint64_t times;	   /* executions that do */
	enum trace_field field;
	char a[96], b[96];
	bool is_known;
	char known[48];	    /* the table's id, or one of KNOWN_*; "" = not known */
	char why[400];	    /* one sentence; "" when not known */
	const char *source; /* "" when the table has nothing to do with it */
};

struct trace_differences {
	struct trace_difference *list;
	size_t nr, room;
	uint64_t lines;	  /* executions that were compared */
	uint64_t unknown; /* executions' differences that nothing explains */
	uint64_t known;
};

/* @script: for the numbers of its lines. @name_a, @name_b: the backends, for the sentences. -ENOMEM. */
int trace_compare(const struct script *script, const struct trace *a, const char *name_a, const struct trace *b,
		  const char *name_b, struct trace_differences *out);
/* The backend has not what the line asks for: it was not asked. */
bool trace_is_unsupported(const struct trace_row *row);
void trace_differences_free(struct trace_differences *d);

#endif
