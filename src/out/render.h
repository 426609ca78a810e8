/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a report holds, and the renderers that read it. Private to out/. */
#ifndef IC_OUT_RENDER_H
#define IC_OUT_RENDER_H

#include "out/report.h"
#include "out/value.h"

/* A line for people, a hidden key, or one piece of evidence. All strings are valid UTF-8 and owned. */
struct note {
	struct note *next;
	char *key; /* NULL for lines */
	char *text;
	bool raw; /* holds escape sequences of our own */
};

struct note_list {
	struct note *first, *last;
};

struct check {
	struct check *next;
	char *name, *why; /* why may be NULL */
	enum result result;
	struct note_list evidence;
	struct note_list shown; /* told whatever came of it */
};

struct report {
	enum report_format format;
	bool color;
	bool no_memory; /* something was lost */
	FILE *to;
	enum result result;
	int signal;
	size_t lost; /* objects and lists opened that could not be had: what goes into them is dropped */
	struct value root;
	struct value *open; /* innermost */
	struct note_list lines, hidden;
	struct check *first_check, *last_check;
	bool checks_hidden;   /* from text */
	struct fail fail;     /* err 0: none */
	struct report *entry; /* of a stream: the next object on a line; NULL: this is no stream */
	int stream_err;	      /* -errno of the first entry that could not be written */
};

/* 0 or -errno; a failed write to @to shows in ferror(). */
int render_text(const struct report *r, FILE *to);
/* What a text report begins with. */
void render_banner(const struct report *r, FILE *to);
/* Only what a command says beside its verdict: lines and values. */
int render_text_body(const struct report *r, FILE *to);
int render_tap(const struct report *r, FILE *to);
int render_json(const struct report *r, FILE *to);

/* A tree as one line of JSON with its newline. 0 or -ENOMEM. The caller frees @text. */
int json_line(const struct value *root, char **text, size_t *length);

/* A top-level key that every run has and that text and TAP show in their own way. */
bool report_is_common_key(const char *key);
/* The value of such a key, "-" where it was lost. */
const char *report_common(const struct report *r, const char *key);
bool report_is_hidden(const struct report *r, const char *key);

/* For log.c: a report that is only a tree. */
void report_init_tree(struct report *r);
void report_clear(struct report *r);

#endif
