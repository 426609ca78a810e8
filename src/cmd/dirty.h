/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `dirty`, and its verbs, which live in several files. */
#ifndef IC_CMD_DIRTY_H
#define IC_CMD_DIRTY_H

#include "cmd/command.h"
#include "core/dirty/expect.h"
#include "core/dirty/plot.h"
#include "core/op/dirty.h"
#include "core/verify/verify.h"

#define DIRTY_FILES_MAX 4096

enum dirty_verb {
	VERB_START,
	VERB_STOP,
	VERB_READ,
	VERB_READ_CLEAR,
	VERB_UNMAP,
	VERB_SHOW,
	VERB_DIFF,
	VERB_PLOT,
	VERB_VERIFY,
};

/* Ranges of one start; a device takes about as many. */
#define DIRTY_STARTS_MAX 64

struct dirty_state {
	int verb;	/* enum dirty_verb */
	uint32_t given; /* options, by bit: dirty_parse.c's */
	unsigned int words;
	struct op_dirty on; /* --source, --ioas; --table once there is a session */
	const char *table;  /* --table as it was given: a name or an id */
	const char *buf;    /* BUF or BUF+OFFSET in place of --iova */
	uint64_t iova, size, page_size;
	bool iova_given, size_given, page_size_given;
	uint64_t iovas[DIRTY_STARTS_MAX], sizes[DIRTY_STARTS_MAX]; /* start: each --iova and its --size */
	unsigned int nr_iovas, nr_sizes;
	bool bitmap_readonly, bitmap_nowhere; /* --bitmap */
	const char *output;		      /* -o */
	const char *expect, *may;	      /* as given */
	const char **files;		      /* arguments of show, diff, plot; the buffers of start */
	unsigned int nr_files;
	struct dirty_plot plot;	     /* plot: -o's ending or --as picks PNG, SVG or the terminal */
	bool rate;		     /* plot: over time, from several files */
	struct verify_params verify; /* verify: --rounds, --strict, --beyond, --case, --threads */
	bool list_cases;	     /* verify --list */
};

/* cmd/dirty_parse.c: the members of struct command */
extern const struct argp_option dirty_options[];
void dirty_defaults(void *state);
error_t dirty_parse(int key, char *arg, struct argp_state *state);
void dirty_release(void *state);

/* cmd/dirty_expect.c: what --expect and --may name, before anything is unmapped; then what was read is held against it. */
int dirty_expect_begin(struct command_run *run, struct session *s, const struct dirty_state *d, struct dirty_expect *e);
int dirty_expect_end(struct command_run *run, const struct dirty_state *d, const struct dirty_expect *e,
		     const struct dirty_bitmap *b);

/* cmd/dirty_files.c: no session. */
int dirty_do_show(struct command_run *run, const struct dirty_state *d);
int dirty_do_diff(struct command_run *run, const struct dirty_state *d);
/* cmd/dirty_picture.c: no session. */
int dirty_do_plot(struct command_run *run, const struct dirty_state *d);
/* cmd/dirty_verify.c */
int dirty_do_verify(struct command_run *run, struct session *s, const struct dirty_state *d);
int dirty_do_list_cases(struct command_run *run);

#endif
