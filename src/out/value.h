/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of values behind a report: what commands build and renderers read. Private to out/. */
#ifndef IC_OUT_VALUE_H
#define IC_OUT_VALUE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/util.h"

enum value_type {
	VALUE_NULL,
	VALUE_STR,
	VALUE_NUM,
	VALUE_REAL,
	VALUE_BOOL,
	VALUE_HEX, /* a number that is shown as "0x..." */
	VALUE_OBJECT,
	VALUE_LIST,
	VALUE_RANGES, /* a list of {iova, length}, of which there may be millions */
};

struct value_range {
	uint64_t iova, length;
};

struct value {
	struct value *next;   /* sibling, in the order given */
	struct value *parent; /* NULL for the root */
	char *key;	      /* valid UTF-8; NULL in a list and for the root */
	enum value_type type;
	union {
		char *str; /* valid UTF-8 */
		uint64_t num;
		double real;
		bool boolean;
		struct {
			struct value *first, *last;
			size_t count;
		};
		struct {
			struct value_range *ranges;
			size_t nr_ranges, room;
		};
	};
};

/*
 * A child of type VALUE_NULL: appended, or, where an object already has @key, that child emptied in its place.
 * @parent is an object or a list. NULL: out of memory, nothing changed.
 */
struct value *value_add(struct value *parent, const char *key);
/* Free what @v holds; it becomes VALUE_NULL. Key and place stay. */
void value_clear(struct value *v);
struct value *value_find(const struct value *object, const char *key);

static inline bool value_is_container(const struct value *v)
{
	return v->type == VALUE_OBJECT || v->type == VALUE_LIST;
}

/* Nothing a person would miss: an object or list without members. */
static inline bool value_is_empty(const struct value *v)
{
	return v->type == VALUE_RANGES ? v->nr_ranges == 0 : value_is_container(v) && v->count == 0;
}

/* To a value of VALUE_RANGES. False: out of memory, nothing changed. */
bool value_add_range(struct value *v, uint64_t iova, uint64_t length);

/*
 * One line of text for people: "-" for null, empty strings and empty lists; list members joined by commas; object
 * members as key=value. NULL is printed as "-". Control characters are made harmless.
 */
void value_print(FILE *to, const struct value *v);
/* The same as a string. NULL: out of memory. The caller frees. */
char *value_text(const struct value *v);

#endif
