/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands whose first word is a verb: `ioas new NAME`. */
#ifndef IC_CMD_WORDS_H
#define IC_CMD_WORDS_H

#include "cmd/command.h"

#define WORDS_MAX 64

struct words {
	unsigned int n;
	char *at[WORDS_MAX];
};

struct verb {
	const char *name;
	unsigned int min, max; /* words after it */
	const char *form;      /* "new NAME" */
};

/* ARGP_KEY_ARG and ARGP_KEY_END; ARGP_ERR_UNKNOWN for every other key. At the end *verb is an index of @verbs. */
error_t words_parse(int key, char *arg, struct argp_state *state, struct words *w, const struct verb *verbs, int *verb);

#endif
