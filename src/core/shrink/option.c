/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that are not needed: of all lines at once, then of each. */
#include <string.h>

#include "core/shrink/priv.h"

#define OPTIONS_MAX 64
#define OPTION_LONG 32

struct option_drop {
	const char *name;
	unsigned int line; /* UINT_MAX: all */
	bool with_value;
};

/* Without these a line means something else, or nothing. */
static bool option_stays(const struct shrink_words *w, const char *name)
{
	static const char *const stay[] = {"--iova", "--stamp", "--byte"};
	unsigned int at = shrink_command(w);

	for (unsigned int i = 0; i < ARRAY_SIZE(stay); i++)
		if (!strcmp(name, stay[i]))
			return true;
	return !strcmp(name, "--size") &&
	       (at >= w->nr || (strcmp(w->word[at], "fill") && strcmp(w->word[at], "check")));
}

static char *option_drop_word(void *ctx, unsigned int line, const struct shrink_words *w, unsigned int i)
{
	const struct option_drop *d = ctx;

	if (d->line != UINT32_MAX && d->line != line)
		return NULL;
	if (!strcmp(w->word[i], d->name) && !option_stays(w, d->name))
		return strdup("");
	if (d->with_value && i && !strcmp(w->word[i - 1], d->name) && !option_stays(w, d->name) &&
	    strncmp(w->word[i], "--", 2))
		return strdup("");
	return NULL;
}

static bool option_drop(struct shrinker *s, const char *name, unsigned int line)
{
	struct option_drop d = {name, line, true};

	if (shrink_rewrite(s, option_drop_word, &d))
		return true;
	d.with_value = false;
	return shrink_rewrite(s, option_drop_word, &d);
}

/* The names of the options of @line that are not in the list yet. */
static unsigned int option_collect(struct shrinker *s, unsigned int line, char (*names)[OPTION_LONG], unsigned int nr)
{
	struct shrink_words w;

	if (shrink_words(&w, s->line[line]))
		w.nr = 0;
	for (unsigned int i = 0; i < w.nr; i++) {
		unsigned int known = 0;

		if (strncmp(w.word[i], "--", 2) || strlen(w.word[i]) >= OPTION_LONG || option_stays(&w, w.word[i]))
			continue;
		while (known < nr && strcmp(names[known], w.word[i]))
			known++;
		if (known == nr && nr < OPTIONS_MAX)
			strcpy(names[nr++], w.word[i]);
	}
	shrink_words_free(&w);
	return nr;
}

bool shrink_options(struct shrinker *s)
{
	char names[OPTIONS_MAX][OPTION_LONG];
	unsigned int nr = 0;
	bool better = false;

	for (unsigned int i = 0; i < s->nr; i++)
		nr = option_collect(s, i, names, nr);
	for (unsigned int n = 0; n < nr && !shrink_ended(s); n++) {
		if (option_drop(s, names[n], UINT32_MAX)) {
			better = true;
			continue;
		}
		for (unsigned int i = 0; i < s->nr && !shrink_ended(s); i++)
			better |= option_drop(s, names[n], i);
	}
	return better;
}
