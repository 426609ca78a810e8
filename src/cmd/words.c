/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a command with verbs: which verb, and as many words as it takes. */
#include "cmd/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static error_t words_unknown(struct argp_state *state, const char *word, const struct verb *verbs)
{
	char list[160] = "";
	size_t at = 0;

	for (unsigned int i = 0; verbs[i].name; i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", verbs[i].name);
	if (!word)
		return usage_error(state, "it takes one of %s", list);
	return usage_error(state, "'%s' is none of %s", word, list);
}

error_t words_parse(int key, char *arg, struct argp_state *state, struct words *w, const struct verb *verbs, int *verb)
{
	const struct verb *v = verbs;

	if (key == ARGP_KEY_ARG) {
		if (w->n == WORDS_MAX)
			return usage_error(state, "too many words: '%s'", arg);
		w->at[w->n++] = arg;
		return 0;
	}
	if (key != ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	if (!w->n)
		return words_unknown(state, NULL, verbs);
	while (v->name && strcmp(v->name, w->at[0]))
		v++;
	if (!v->name)
		return words_unknown(state, w->at[0], verbs);
	if (w->n - 1 < v->min || w->n - 1 > v->max)
		return usage_error(state, "it is `%s`", v->form);
	*verb = (int)(v - verbs);
	return 0;
}
