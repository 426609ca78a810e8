/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that say nothing any more: buffers become b1, b2 ..., other objects o1, o2 ..., generations of stamps 1, 2 ... */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/shrink/priv.h"

#define NAMES_MAX 256

struct name_change {
	unsigned int nr;
	char *from[NAMES_MAX];
	char to[NAMES_MAX][12];
};

static void name_add(struct name_change *n, const struct shrink_words *w, unsigned int *buffers, unsigned int *objects)
{
	unsigned int at = shrink_command(w);
	const char *made = shrink_made(w);
	bool is_buffer = made && !strcmp(w->word[at] + (w->word[at][0] == '!'), "map");

	if (!made || n->nr == NAMES_MAX)
		return;
	for (unsigned int i = 0; i < n->nr; i++)
		if (!strcmp(n->from[i], made))
			return;
	n->from[n->nr] = strdup(made);
	if (n->from[n->nr])
		snprintf(n->to[n->nr++], sizeof(n->to[0]), "%c%u", is_buffer ? 'b' : 'o',
			 is_buffer ? ++*buffers : ++*objects);
}

static char *name_word(void *ctx, unsigned int line, const struct shrink_words *w, unsigned int i)
{
	const struct name_change *n = ctx;
	char *text = NULL;

	(void)line;
	if (i <= shrink_command(w))
		return NULL;
	for (unsigned int k = 0; k < n->nr; k++)
		if (shrink_names(w->word[i], n->from[k]))
			return asprintf(&text, "%s%s", n->to[k], w->word[i] + strlen(n->from[k])) < 0 ? NULL : text;
	return NULL;
}

static bool name_buffers(struct shrinker *s)
{
	struct name_change n = {0};
	unsigned int buffers = 0, objects = 0;
	bool better;

	for (unsigned int l = 0; l < s->nr; l++) {
		struct shrink_words w;

		if (!shrink_words(&w, s->line[l]))
			name_add(&n, &w, &buffers, &objects);
		shrink_words_free(&w);
	}
	better = shrink_rewrite(s, name_word, &n);
	for (unsigned int i = 0; i < n.nr; i++)
		free(n.from[i]);
	return better;
}

struct stamp_change {
	unsigned int nr;
	uint64_t from[NAMES_MAX];
};

static bool stamp_is(const struct shrink_words *w, unsigned int i, uint64_t *value)
{
	return i && !strcmp(w->word[i - 1], "--stamp") && !num_parse_u64(w->word[i], value);
}

static char *stamp_word(void *ctx, unsigned int line, const struct shrink_words *w, unsigned int i)
{
	const struct stamp_change *c = ctx;
	uint64_t value;
	char *text = NULL;

	(void)line;
	if (!stamp_is(w, i, &value))
		return NULL;
	for (unsigned int k = 0; k < c->nr; k++)
		if (c->from[k] == value)
			return asprintf(&text, "%u", k + 1) < 0 ? NULL : text;
	return NULL;
}

/* Kept in their order: which of two is the older one is part of a verdict. */
static void stamp_add(struct stamp_change *c, uint64_t value)
{
	unsigned int at = 0;

	while (at < c->nr && c->from[at] < value)
		at++;
	if (c->nr == NAMES_MAX || (at < c->nr && c->from[at] == value))
		return;
	memmove(c->from + at + 1, c->from + at, (c->nr - at) * sizeof(*c->from));
	c->from[at] = value;
	c->nr++;
}

static bool name_stamps(struct shrinker *s)
{
	struct stamp_change c = {0};

	for (unsigned int l = 0; l < s->nr; l++) {
		struct shrink_words w;
		uint64_t value;

		if (shrink_words(&w, s->line[l]))
			w.nr = 0;
		for (unsigned int i = 0; i < w.nr; i++)
			if (stamp_is(&w, i, &value))
				stamp_add(&c, value);
		shrink_words_free(&w);
	}
	return shrink_rewrite(s, stamp_word, &c);
}

bool shrink_names_all(struct shrinker *s)
{
	bool better = name_buffers(s);

	better |= name_stamps(s);
	return better;
}
