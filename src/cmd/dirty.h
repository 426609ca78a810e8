/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `dirty`, and its verbs, which live in several files. */
#ifndef IC_CMD_DIRTY_H
#define IC_CMD_DIRTY_H

#include "cmd/command.h"
#include "core/dirty_plot.h"
#include "core/op_dirty.h"
#include "core/verify.h"

#define DIRTY_FILES_MAX 4096

struct dirty_state {
	int verb;
	struct op_dirty on; /* --source, --ioas, --table */
	uint64_t iova, size, page_size;
	bool iova_given, size_given;
	const char *output; /* -o */
	const char **files; /* arguments of show, diff, plot */
	unsigned int nr_files;
	struct dirty_plot plot;	     /* plot: -o's ending or --format picks PNG, SVG or the terminal */
	bool rate;		     /* plot: over time, from several files */
	struct verify_params verify; /* verify: --rounds, --strict, --beyond, --case, --threads */
	bool list_cases;	     /* verify --list */
};

/* cmd/dirty_files.c: no session. */
int dirty_do_show(struct command_run *run, const struct dirty_state *d);
int dirty_do_diff(struct command_run *run, const struct dirty_state *d);
/* cmd/dirty_picture.c: no session. */
int dirty_do_plot(struct command_run *run, const struct dirty_state *d);
/* cmd/dirty_verify.c */
int dirty_do_verify(struct command_run *run, struct session *s, const struct dirty_state *d);
int dirty_do_list_cases(struct command_run *run);

#endif
