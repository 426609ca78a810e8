/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines as words, and scripts with other words in them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/shrink/priv.h"

int shrink_words(struct shrink_words *out, const char *line)
{
	char *save = NULL, *word;

	out->nr = 0;
	out->copy = strdup(line);
	if (!out->copy)
		return -ENOMEM;
	if (strpbrk(line, "'\"#"))
		return 0;
	for (word = strtok_r(out->copy, " \t", &save); word && out->nr < SHRINK_WORDS;
	     word = strtok_r(NULL, " \t", &save))
		out->word[out->nr++] = word;
	return 0;
}

void shrink_words_free(struct shrink_words *w)
{
	free(w->copy);
	w->copy = NULL;
	w->nr = 0;
}

/* "!" and "!EEXIST" stand before the command, "!map" is it. */
unsigned int shrink_command(const struct shrink_words *w)
{
	bool alone = w->nr && w->word[0][0] == '!' && (!w->word[0][1] || isupper((unsigned char)w->word[0][1]));

	return alone ? 1 : 0;
}

const char *shrink_made(const struct shrink_words *w)
{
	unsigned int at = shrink_command(w);
	const char *command = at < w->nr ? w->word[at] + (w->word[at][0] == '!') : "";

	if (!strcmp(command, "map"))
		at++;
	else if (at + 1 < w->nr && !strcmp(w->word[at + 1], "new"))
		at += 2;
	else
		return NULL;
	return at < w->nr && w->word[at][0] != '-' ? w->word[at] : NULL;
}

static bool shrink_begins(const char *line, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(line, word, n) && (!line[n] || isspace((unsigned char)line[n]));
}

bool shrink_is_repeat(const char *line)
{
	return shrink_begins(line, "repeat");
}

bool shrink_is_end(const char *line)
{
	return shrink_begins(line, "end");
}

bool shrink_names(const char *word, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(word, name, n) && (!word[n] || word[n] == '+');
}

/* @line with what @fn makes of its words. The same pointer: nothing changed. NULL: no memory. */
static char *rewrite_line(struct shrinker *s, unsigned int at, shrink_word_fn fn, void *ctx)
{
	struct shrink_words w;
	char *text = NULL;
	size_t size = 0;
	bool changed = false;
	FILE *to;

	if (shrink_words(&w, s->line[at]) || !(to = open_memstream(&text, &size))) {
		shrink_words_free(&w);
		s->err = fail_set(s->f, ENOMEM, "cannot shrink the script");
		return NULL;
	}
	for (unsigned int i = 0, put = 0; i < w.nr; i++) {
		char *other = fn(ctx, at, &w, i);

		changed |= other && strcmp(other, w.word[i]);
		if (!other || *other)
			fprintf(to, "%s%s", put++ ? " " : "", other ? other : w.word[i]);
		free(other);
	}
	fclose(to);
	shrink_words_free(&w);
	if (changed)
		return shrink_keep(s, text);
	free(text);
	return s->line[at];
}

bool shrink_rewrite(struct shrinker *s, shrink_word_fn fn, void *ctx)
{
	CLEANUP_FREE char **cand = calloc((size_t)s->nr + 1, sizeof(*cand));
	bool changed = false;

	if (!cand) {
		s->err = fail_set(s->f, ENOMEM, "cannot shrink the script");
		return false;
	}
	for (unsigned int i = 0; i < s->nr; i++) {
		cand[i] = rewrite_line(s, i, fn, ctx);
		if (!cand[i])
			return false;
		changed |= cand[i] != s->line[i];
	}
	return changed && shrink_try(s, cand, s->nr);
}
