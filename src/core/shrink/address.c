/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOVAs: low and round. What lies near each other stays so, because it is often what matters. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/shrink/priv.h"

#define ADDRESS_MAX 256
#define ADDRESS_NEAR MiB(64) /* further apart they have nothing to do with each other */
#define ADDRESS_FIRST MiB(16)
#define ADDRESS_LEAF MiB(2) /* where large page table entries begin: kept, unless it does not matter either */

struct address_move {
	unsigned int nr;
	uint64_t from[ADDRESS_MAX], to[ADDRESS_MAX];
};

/* Can the word have addresses: behind --iova, --at, --expect, --may, or on its own in hex? */
static bool address_is(const struct shrink_words *w, unsigned int i)
{
	static const char *const options[] = {"--iova", "--at", "--expect", "--may"};

	for (unsigned int o = 0; i && o < ARRAY_SIZE(options); o++)
		if (!strcmp(w->word[i - 1], options[o]))
			return w->word[i][0] >= '0' && w->word[i][0] <= '9';
	return i && strncmp(w->word[i - 1], "--", 2) && !strncmp(w->word[i], "0x", 2);
}

/* The next address of "A", "A+S" or "A+S,A+S", with what follows it up to the one after. False: no more. */
static bool address_next(const char **at, uint64_t *value, int *tail)
{
	char number[32];
	size_t n = strcspn(*at, "+,");

	if (!n || n >= sizeof(number))
		return false;
	memcpy(number, *at, n);
	number[n] = '\0';
	if (num_parse_size(number, value))
		return false;
	*at += n;
	*tail = (int)strcspn(*at, ",");
	*tail += (*at)[*tail] == ',';
	return true;
}

static uint64_t address_moved(const struct address_move *m, uint64_t value)
{
	for (unsigned int n = 0; n < m->nr; n++)
		if (m->from[n] == value)
			return m->to[n];
	return value;
}

static char *address_word(void *ctx, unsigned int line, const struct shrink_words *w, unsigned int i)
{
	const struct address_move *m = ctx;
	const char *at = w->word[i];
	bool changed = false;
	char *text = NULL;
	size_t size;
	uint64_t value;
	FILE *to;
	int tail;

	(void)line;
	if (!address_is(w, i) || !(to = open_memstream(&text, &size)))
		return NULL;
	while (address_next(&at, &value, &tail)) {
		changed |= address_moved(m, value) != value;
		fprintf(to, "0x%" PRIx64 "%.*s", address_moved(m, value), tail, at);
		at += tail;
	}
	if (!fclose(to) && changed && !*at)
		return text;
	free(text);
	return NULL;
}

static int address_by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y ? 1 : 0;
}

static unsigned int address_collect_word(const struct shrink_words *w, unsigned int i, uint64_t *out, unsigned int nr)
{
	const char *at = w->word[i];
	int tail;

	while (address_is(w, i) && nr < ADDRESS_MAX && address_next(&at, &out[nr], &tail)) {
		at += tail;
		nr++;
	}
	return nr;
}

static void address_collect(struct shrinker *s, struct address_move *m)
{
	unsigned int nr = 0;

	m->nr = 0;
	for (unsigned int l = 0; l < s->nr; l++) {
		struct shrink_words w;

		if (shrink_words(&w, s->line[l]))
			w.nr = 0;
		for (unsigned int i = 0; i < w.nr; i++)
			nr = address_collect_word(&w, i, m->from, nr);
		shrink_words_free(&w);
	}
	qsort(m->from, nr, sizeof(*m->from), address_by_value);
	for (unsigned int i = 0; i < nr; i++)
		if (!m->nr || m->from[m->nr - 1] != m->from[i])
			m->from[m->nr++] = m->from[i];
	memcpy(m->to, m->from, sizeof(m->to));
}

/* One past the last address of the cluster that begins at @first. */
static unsigned int address_cluster(const struct address_move *m, unsigned int first)
{
	unsigned int end = first + 1;

	while (end < m->nr && m->from[end] - m->from[end - 1] <= ADDRESS_NEAR)
		end++;
	return end;
}

/* Cluster after cluster from low addresses on; @only: this one, UINT32_MAX: all. @leaf: places in large entries are kept. */
static void address_place(struct address_move *m, unsigned int only, bool leaf)
{
	uint64_t base = ADDRESS_FIRST;
	unsigned int n = 0, end;

	for (unsigned int first = 0; first < m->nr; first = end, n++) {
		uint64_t low = m->from[first], to = base + (leaf ? low & (ADDRESS_LEAF - 1) : 0);

		end = address_cluster(m, first);
		for (unsigned int i = first; i < end; i++)
			m->to[i] = (only == UINT32_MAX || only == n) && to < low ? to + (m->from[i] - low) : m->from[i];
		base = ALIGN_UP(MAX(to, base) + (m->from[end - 1] - low) + ADDRESS_FIRST, ADDRESS_FIRST);
	}
}

static bool address_low(struct shrinker *s, bool leaf)
{
	struct address_move m;
	bool better = false;

	address_collect(s, &m);
	address_place(&m, UINT32_MAX, leaf);
	if (shrink_rewrite(s, address_word, &m))
		return true;
	for (unsigned int n = 0; n < m.nr && !shrink_ended(s); n++) {
		address_place(&m, n, leaf);
		if (shrink_rewrite(s, address_word, &m)) {
			better = true;
			address_collect(s, &m);
		}
	}
	return better;
}

/* Each alone, to the next rounder place. */
static bool address_round(struct shrinker *s)
{
	static const uint64_t round[] = {MiB(16), MiB(2), KiB(64), KiB(4)};
	struct address_move m;
	bool better = false;

	address_collect(s, &m);
	for (unsigned int n = 0; n < m.nr; n++)
		for (unsigned int i = 0; i < ARRAY_SIZE(round) && !shrink_ended(s); i++) {
			m.to[n] = ALIGN_DOWN(m.from[n], round[i]);
			/* not onto the one before: they were told apart */
			if (m.to[n] && m.to[n] != m.from[n] && (!n || m.to[n] > m.from[n - 1]) &&
			    shrink_rewrite(s, address_word, &m)) {
				m.from[n] = m.to[n];
				better = true;
				break;
			}
			m.to[n] = m.from[n];
		}
	return better;
}

bool shrink_addresses(struct shrinker *s)
{
	bool better = address_low(s, true);

	better |= address_low(s, false);
	better |= address_round(s);
	return better;
}
