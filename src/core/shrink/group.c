/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lines are likely to go together: of one kind, about one buffer during one of its lives, or each line alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/shrink/priv.h"

#define GROUP_KINDS 64
#define GROUP_KIND 48
#define GROUP_DEPTH 64 /* of nested blocks; a script has less */

/* A name that some line makes, and which of its lives it is in. */
struct group_name {
	char *name;
	uint32_t first, lives; /* items first .. first + lives - 1 are its lives */
	uint32_t now;
};

struct group_names {
	struct group_name *list;
	unsigned int nr;
};

static int group_by_name(const void *a, const void *b)
{
	return strcmp(((const struct group_name *)a)->name, ((const struct group_name *)b)->name);
}

/* The entry of "NAME" or "NAME+OFFSET". */
static struct group_name *group_find(const struct group_names *all, const char *word)
{
	CLEANUP_FREE char *name = strndup(word, strcspn(word, "+"));
	struct group_name key = {.name = name};

	return name && all->nr ? bsearch(&key, all->list, all->nr, sizeof(key), group_by_name) : NULL;
}

static void group_names_free(struct group_names *all)
{
	for (unsigned int i = 0; i < all->nr; i++)
		free(all->list[i].name);
	free(all->list);
}

/* Names in alphabetical order, so that the slots of one thread of stress are neighbours. */
static int group_collect(const struct shrinker *s, struct group_names *all)
{
	unsigned int kept = 0;

	all->list = calloc((size_t)s->nr + 1, sizeof(*all->list));
	for (unsigned int i = 0; all->list && i < s->nr; i++) {
		struct shrink_words w;
		const char *made;

		if (shrink_words(&w, s->line[i]))
			return -ENOMEM;
		made = shrink_made(&w);
		if (made && (all->list[all->nr].name = strdup(made)))
			all->list[all->nr++].lives = 1;
		shrink_words_free(&w);
	}
	if (!all->list)
		return -ENOMEM;
	qsort(all->list, all->nr, sizeof(*all->list), group_by_name);
	for (unsigned int i = 0; i < all->nr; i++) {
		if (kept && !strcmp(all->list[kept - 1].name, all->list[i].name)) {
			all->list[kept - 1].lives++;
			free(all->list[i].name);
		} else {
			all->list[kept++] = all->list[i];
		}
	}
	all->nr = kept;
	return 0;
}

static void group_of_line(const struct group_names *all, const struct shrink_words *w, uint32_t *of)
{
	const char *made = shrink_made(w);
	struct group_name *g = made ? group_find(all, made) : NULL;
	unsigned int n = 0;

	/* a new life begins with the second line that makes it; `now` is 0 before the first */
	if (g)
		g->now++;
	for (unsigned int i = 0; i < w->nr && n < SHRINK_OF; i++) {
		uint32_t item;

		g = group_find(all, w->word[i]);
		if (!g)
			continue;
		item = g->first + (g->now ? g->now - 1 : 0);
		if (!n || of[n - 1] != item)
			of[n++] = item;
	}
}

static int group_new(const struct shrinker *s, struct shrink_items *items)
{
	items->nr = 0;
	items->of = calloc((size_t)s->nr + 1, sizeof(*items->of));
	if (!items->of)
		return -ENOMEM;
	memset(items->of, 0xff, ((size_t)s->nr + 1) * sizeof(*items->of));
	return 0;
}

/* "!EEXIST map", "unmap --iova", "dirty read-clear": what a line is, without the name that it is about. "" for those of a block. */
static int group_kind(const char *line, char *kind, size_t len)
{
	struct shrink_words w;
	unsigned int at, nr;

	kind[0] = '\0';
	if (shrink_words(&w, line))
		return -ENOMEM;
	at = shrink_command(&w);
	nr = MIN(at + 2, w.nr);
	/* the second word is the verb, or an option; else it is what the line is about */
	if (nr == at + 2 && (!strcmp(w.word[at], "map") || !strcmp(w.word[at], "free") || !strcmp(w.word[at], "fill") ||
			     !strcmp(w.word[at], "check") || strchr(w.word[at + 1], '-') > w.word[at + 1] ||
			     (w.word[at + 1][0] >= '0' && w.word[at + 1][0] <= '9')))
		nr--;
	for (unsigned int i = 0, used = 0; i < nr && used < len && !shrink_is_repeat(line) && !shrink_is_end(line); i++)
		/* what is started is stopped */
		used += (unsigned int)snprintf(kind + used, len - used, "%s ",
					       i && !strcmp(w.word[i], "stop") ? "start" : w.word[i]);
	shrink_words_free(&w);
	return 0;
}

int shrink_group_kinds(const struct shrinker *s, struct shrink_items *items)
{
	char(*kinds)[GROUP_KIND] = calloc(GROUP_KINDS, sizeof(*kinds)), kind[GROUP_KIND];
	int err = group_new(s, items);

	if (!err && !kinds) {
		free(items->of);
		err = -ENOMEM;
	}
	for (unsigned int i = 0; i + 1 < s->nr && !err; i++) {
		uint32_t k = 0;

		err = group_kind(s->line[i], kind, sizeof(kind));
		while (k < items->nr && strcmp(kinds[k], kind))
			k++;
		if (err || !kind[0] || k == GROUP_KINDS)
			continue;
		if (k == items->nr)
			strcpy(kinds[items->nr++], kind);
		items->of[i][0] = k;
	}
	free(kinds);
	return err;
}

int shrink_group_lives(const struct shrinker *s, struct shrink_items *items)
{
	struct group_names all = {0};
	struct shrink_words w;
	int err = group_new(s, items);

	if (!err)
		err = group_collect(s, &all);
	for (unsigned int i = 0; i < all.nr && !err; i++) {
		all.list[i].first = items->nr;
		items->nr += all.list[i].lives;
	}
	for (unsigned int i = 0; i < s->nr && !err; i++) {
		err = shrink_words(&w, s->line[i]);
		if (!err)
			group_of_line(&all, &w, items->of[i]);
		shrink_words_free(&w);
	}
	group_names_free(&all);
	if (err)
		free(items->of);
	return err;
}

int shrink_group_lines(const struct shrinker *s, struct shrink_items *items)
{
	uint32_t open[GROUP_DEPTH];
	unsigned int depth = 0;
	int err = group_new(s, items);

	for (unsigned int i = 0; i < s->nr && !err; i++) {
		if (shrink_is_end(s->line[i]) && depth && depth <= GROUP_DEPTH) {
			items->of[i][0] = open[--depth];
			continue;
		}
		if (shrink_is_repeat(s->line[i]) && depth < GROUP_DEPTH)
			open[depth++] = items->nr;
		items->of[i][0] = items->nr++;
	}
	return err;
}
