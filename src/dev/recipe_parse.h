/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the recipe's parser: the line at hand, what was read of it, and where the first mistake is. */
#ifndef IC_DEV_RECIPE_PARSE_H
#define IC_DEV_RECIPE_PARSE_H

#include "dev/recipe.h"

struct place {
	unsigned int line, column; /* from 1; 0: nowhere */
};

/* The lines of the header, in the order in which they are listed. */
enum recipe_setting {
	SETTING_NAME,
	SETTING_TITLE,
	SETTING_DEVICE,
	SETTING_BAR,
	SETTING_MEMORY,
	SETTING_VARIABLE,
	SETTING_DIRECTIONS,
	SETTING_MIN,
	SETTING_MAX,
	SETTING_ALIGN,
	SETTING_ADDR_ALIGN,
	SETTING_ADDR_BITS,
	SETTING_BUFFER,
	SETTING_FIXED,
	SETTING_REPORTS,
	SETTINGS,
};

/* What the steps since the last open REPEAT come to; [0] is the section itself. */
struct parse_level {
	unsigned int step; /* the REPEAT */
	struct place place;
	uint64_t run, ns;
};

struct parser {
	const char *text;
	size_t len, next;   /* where the next line begins */
	const char *line;   /* the one at hand */
	unsigned int n, at; /* its bytes, and those that were read */
	unsigned int number;
	struct recipe *r;
	struct recipe_error *error;
	bool begun;			     /* the first line was there */
	bool has_section;		     /* nothing of the header may follow */
	struct place given[SETTINGS];	     /* the first of each */
	struct place asked[RECIPE_SECTIONS]; /* a direction in its list */
	enum recipe_section which;	     /* the section that is open */
	bool open;
	struct place opened;
	unsigned int room; /* steps allocated */
	unsigned int depth;
	struct parse_level levels[RECIPE_NEST_MAX + 1];
	bool looks, writes; /* this section polls or checks; it tells the device something */
	struct place blind; /* a 'stop' that does neither */
	bool waits;	    /* a request is waited for: there is 'wait', or a poll where it starts */
	bool faults;	    /* any has a fault-if */
};

/* A run of bytes without blanks. */
struct word {
	char text[RECIPE_LINE_MAX + 1];
	struct place place;
};

/* recipe_parse_lex.c. All that return int: 0, or -EINVAL with the error told. */
int parse_error(struct parser *p, struct place at, const char *fmt, ...) IC_PRINTF(3, 4);
/* To the error just told; -EINVAL too. */
int parse_hint(struct parser *p, const char *fmt, ...) IC_PRINTF(2, 3);
/* 1: the next line that says something; 0: there is none. */
int parse_next_line(struct parser *p);
/* Of the next thing in the line, blanks skipped. */
struct place parse_place(struct parser *p);
/* True where nothing but a comment is left. */
bool parse_at_end(struct parser *p);
/* @what is missing when the line ends: "a name". */
int parse_word(struct parser *p, struct word *w, const char *what);
int parse_done(struct parser *p);
/* "text" in quotes, of 1 to @size - 1 bytes. */
int parse_string(struct parser *p, char *to, size_t size);
/* A size within @min..@max. */
int parse_number(struct parser *p, const char *what, uint64_t min, uint64_t max, uint64_t *value);
/* 1 us to RECIPE_PATIENCE_MAX. */
int parse_duration(struct parser *p, uint64_t *ns);
/* Of a variable or a memory, to be declared. @w is one that fits. */
int parse_name(struct parser *p, struct word *w, const char *what);

/* recipe_parse_expr.c */
int parse_expr(struct parser *p, struct recipe_expr *e, const char *what);
/* One that is known before the recipe runs. */
int parse_constant(struct parser *p, const char *what, uint64_t *value);
/* The variable of that name, or -1. */
int parse_find_variable(const struct parser *p, const char *name);
/* One that the recipe may set. */
int parse_variable(struct parser *p, unsigned int *var);
int parse_memory(struct parser *p, unsigned int *memory);

/* recipe_parse_header.c: the line that begins with @w. */
int parse_setting(struct parser *p, const struct word *w);
/* recipe_parse_limits.c: what is missing in the header or contradicts itself; @end is where it ends. */
int parse_check_header(struct parser *p, struct place end);

/* recipe_parse_step.c: a line of a section, its end included. */
int parse_step(struct parser *p, const struct word *w);
int parse_open_section(struct parser *p, enum recipe_section which, struct place at);
/* True where @name is a section's. */
bool parse_is_section(const char *name, enum recipe_section *which);

#endif
