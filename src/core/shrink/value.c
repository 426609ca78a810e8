/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes down to a page, offsets to none, turns to few. A value that stands in several places is changed in all of them first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/shrink/priv.h"

#define VALUE_PAGE KiB(4)
#define VALUE_LINE UINT64_C(64) /* the smallest of a transfer and of a stamp */
#define VALUES_MAX 256

enum value_where { VALUE_SIZES = 1, VALUE_OFFSETS = 2, VALUE_PLUS = 4 };

struct value_change {
	uint64_t from, to; /* to 0 with VALUE_PLUS: no "+OFFSET" at all */
	unsigned int line; /* UINT32_MAX: all */
	unsigned int where;
};

/* Which kind of value the word is, 0 = none; *value. */
static unsigned int value_kind(const struct shrink_words *w, unsigned int i, uint64_t *value)
{
	const char *plus = strchr(w->word[i], '+');

	if (i && !strcmp(w->word[i - 1], "--size"))
		return num_parse_size(w->word[i], value) ? 0 : VALUE_SIZES;
	if (i && (!strcmp(w->word[i - 1], "--offset") || !strcmp(w->word[i - 1], "--from")))
		return num_parse_size(w->word[i], value) ? 0 : VALUE_OFFSETS;
	return plus && w->word[i][0] >= 'a' && !num_parse_size(plus + 1, value) ? VALUE_PLUS : 0;
}

static char *value_change_word(void *ctx, unsigned int line, const struct shrink_words *w, unsigned int i)
{
	const struct value_change *c = ctx;
	uint64_t value = 0;
	unsigned int kind = c->line == UINT32_MAX || c->line == line ? value_kind(w, i, &value) : 0;
	char size[32], *text = NULL;

	if (!(kind & c->where) || value != c->from)
		return NULL;
	num_format_size(size, sizeof(size), c->to);
	if (kind != VALUE_PLUS)
		return strdup(size);
	if (asprintf(&text, "%.*s%s%s", (int)(strchr(w->word[i], '+') - w->word[i]), w->word[i], c->to ? "+" : "",
		     c->to ? size : "") < 0)
		return NULL;
	return text;
}

static int value_by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Distinct values of such kinds, the largest first; of one line or of all. */
static unsigned int value_collect(struct shrinker *s, unsigned int where, unsigned int line, uint64_t *out)
{
	unsigned int nr = 0, kept = 0;

	for (unsigned int l = 0; l < s->nr; l++) {
		struct shrink_words w;
		uint64_t value;

		if (line != UINT32_MAX && line != l)
			continue;
		if (shrink_words(&w, s->line[l]))
			w.nr = 0;
		for (unsigned int i = 0; i < w.nr && nr < VALUES_MAX; i++)
			if (value_kind(&w, i, &value) & where)
				out[nr++] = value;
		shrink_words_free(&w);
	}
	qsort(out, nr, sizeof(*out), value_by_size);
	for (unsigned int i = 0; i < nr; i++)
		if (!kept || out[kept - 1] != out[i])
			out[kept++] = out[i];
	return kept;
}

/* From the smallest that makes sense up by twos: the first that fails is taken. */
static bool value_lower(struct shrinker *s, uint64_t from, unsigned int line, unsigned int where)
{
	struct value_change c = {.from = from, .line = line, .where = where};

	/* a page is as plain as a size can be */
	if (from == VALUE_PAGE)
		return false;
	for (c.to = from > VALUE_PAGE ? VALUE_PAGE : VALUE_LINE; c.to < from && !shrink_ended(s); c.to *= 2)
		if (shrink_rewrite(s, value_change_word, &c))
			return true;
	return false;
}

static bool value_sizes(struct shrinker *s)
{
	uint64_t values[VALUES_MAX];
	unsigned int nr = value_collect(s, VALUE_SIZES, UINT32_MAX, values);
	bool better = false, was;

	for (unsigned int i = 0; i < nr && !shrink_ended(s); i++) {
		was = value_lower(s, values[i], UINT32_MAX, VALUE_SIZES | VALUE_OFFSETS | VALUE_PLUS) ||
		      value_lower(s, values[i], UINT32_MAX, VALUE_SIZES);
		for (unsigned int l = 0; l < s->nr && !was && !shrink_ended(s); l++)
			better |= value_lower(s, values[i], l, VALUE_SIZES);
		better |= was;
	}
	return better;
}

static bool value_plus(struct shrinker *s)
{
	uint64_t values[VALUES_MAX];
	unsigned int nr = value_collect(s, VALUE_PLUS, UINT32_MAX, values);
	bool better = false;

	for (unsigned int i = 0; i < nr && !shrink_ended(s); i++) {
		struct value_change c = {.from = values[i], .line = UINT32_MAX, .where = VALUE_PLUS};

		if (shrink_rewrite(s, value_change_word, &c)) {
			better = true;
			continue;
		}
		for (c.line = 0; c.line < s->nr && !shrink_ended(s); c.line++)
			better |= shrink_rewrite(s, value_change_word, &c);
	}
	return better;
}

struct value_repeat {
	unsigned int line;
	uint64_t to;
};

static char *value_repeat_word(void *ctx, unsigned int line, const struct shrink_words *w, unsigned int i)
{
	const struct value_repeat *r = ctx;
	char *text = NULL;

	if (line != r->line || i != 1 || asprintf(&text, "%" PRIu64, r->to) < 0)
		return NULL;
	return text;
}

/* 2, 5, 10, 20, 50 ...: the first that fails in every run, and some more, because those runs may have been lucky ones. */
static void value_turns(struct shrinker *s, unsigned int line, uint64_t now)
{
	static const unsigned int steps[] = {2, 5, 10};
	struct value_repeat r = {.line = line};
	uint64_t ten = 1;

	for (unsigned int step = 0; !shrink_ended(s); step = (step + 1) % 3) {
		r.to = steps[step] * ten;
		if (step == 2)
			ten *= 10;
		if (r.to >= now)
			return;
		if (shrink_rewrite(s, value_repeat_word, &r)) {
			r.to = MIN(now, 4 * r.to);
			shrink_rewrite(s, value_repeat_word, &r);
			return;
		}
	}
}

void shrink_turns(struct shrinker *s)
{
	uint64_t now;

	for (unsigned int l = 0; l < s->nr && s->steady && !shrink_ended(s); l++)
		if (shrink_is_repeat(s->line[l]) &&
		    !num_parse_u64(s->line[l] + strcspn(s->line[l], "0123456789"), &now))
			value_turns(s, l, now);
}

bool shrink_values(struct shrinker *s)
{
	bool better = value_sizes(s);

	return value_plus(s) || better;
}
