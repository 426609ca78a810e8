/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shrinker's course: what is tried in which order, and how a candidate is judged. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "core/shrink/priv.h"

#define SHRINK_ROUNDS 8	    /* of taking out and simplifying; the third one seldom finds anything */
#define SHRINK_LAST_RUNS 3u /* at least, of the final script */

bool shrink_ended(struct shrinker *s)
{
	if (!s->timed_out && s->params->until_ns && clock_ns() >= s->params->until_ns)
		s->timed_out = true;
	return s->timed_out || s->err;
}

char *shrink_keep(struct shrinker *s, char *text)
{
	char **grown = text ? reallocarray(s->pool, s->nr_pool + 1, sizeof(*grown)) : NULL;

	if (!grown) {
		free(text);
		s->err = fail_set(s->f, ENOMEM, "cannot shrink the script");
		return NULL;
	}
	s->pool = grown;
	return s->pool[s->nr_pool++] = text;
}

/* Never 0. */
static uint64_t shrink_hash(char *const *lines, unsigned int nr)
{
	uint64_t hash = nr;

	for (unsigned int i = 0; i < nr; i++)
		hash = rng_draw(hash, rng_place(lines[i]), 0);
	return hash ? hash : 1;
}

static size_t seen_slot(const struct shrinker *s, uint64_t hash)
{
	size_t at = hash & (s->nr_slots - 1);

	while (s->seen[at] && s->seen[at] != hash)
		at = (at + 1) & (s->nr_slots - 1);
	return at;
}

static bool seen_has(const struct shrinker *s, uint64_t hash)
{
	return s->nr_slots && s->seen[seen_slot(s, hash)];
}

/* What cannot be noted is run again: no harm. */
static void seen_add(struct shrinker *s, uint64_t hash)
{
	if (2 * s->nr_seen >= s->nr_slots) {
		struct shrinker grown = *s;

		grown.nr_slots = MAX(2 * s->nr_slots, (size_t)256);
		grown.seen = calloc(grown.nr_slots, sizeof(*grown.seen));
		if (!grown.seen)
			return;
		for (size_t i = 0; i < s->nr_slots; i++)
			if (s->seen[i])
				grown.seen[seen_slot(&grown, s->seen[i])] = s->seen[i];
		free(s->seen);
		s->seen = grown.seen;
		s->nr_slots = grown.nr_slots;
	}
	s->seen[seen_slot(s, hash)] = hash;
	s->nr_seen++;
}

static bool shrink_run(struct shrinker *s, char *const *lines, unsigned int nr)
{
	bool yes = false;

	s->runs++;
	progress_update(&s->progress, s->runs, 0);
	if (!s->err)
		s->err = s->target.fails(s->target.ctx, lines, nr, &yes, s->f);
	return yes && !s->err;
}

unsigned int shrink_count(struct shrinker *s, char *const *lines, unsigned int nr, unsigned int of, bool only_always)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < of && !s->err; i++) {
		failed += shrink_run(s, lines, nr);
		if (only_always && failed <= i)
			break;
	}
	return failed;
}

static bool shrink_fails(struct shrinker *s, char *const *lines, unsigned int nr)
{
	unsigned int tries = MAX(s->params->tries, 1u);

	if (s->steady)
		return shrink_count(s, lines, nr, tries, true) == tries;
	for (unsigned int i = 0; i < tries && !shrink_ended(s); i++)
		if (shrink_run(s, lines, nr))
			return true;
	return false;
}

bool shrink_try(struct shrinker *s, char *const *lines, unsigned int nr)
{
	uint64_t hash = shrink_hash(lines, nr);

	if (!nr || shrink_ended(s) || seen_has(s, hash))
		return false;
	if (!shrink_fails(s, lines, nr)) {
		seen_add(s, hash);
		return false;
	}
	/* never longer, but for what shrink_steady() adds, which has room of its own */
	memmove(s->line, lines, nr * sizeof(*lines));
	s->nr = nr;
	return true;
}

/* Lines without comments and what is around them. */
static int shrink_begin(struct shrinker *s, char *const *lines, unsigned int nr)
{
	s->line = calloc((size_t)nr + 1, sizeof(*s->line));
	if (!s->line)
		return fail_set(s->f, ENOMEM, "cannot shrink the script");
	for (unsigned int i = 0; i < nr && !s->err; i++) {
		const char *from = lines[i] + strspn(lines[i], " \t");
		size_t len = strlen(from);

		while (len && strchr(" \t\r\n", from[len - 1]))
			len--;
		if (len && *from != '#')
			s->line[s->nr++] = shrink_keep(s, strndup(from, len));
	}
	return s->err;
}

static bool shrink_take_out(struct shrinker *s, int (*group)(const struct shrinker *s, struct shrink_items *items))
{
	struct shrink_items items = {0};

	if (shrink_ended(s))
		return false;
	if (group(s, &items)) {
		s->err = fail_set(s->f, ENOMEM, "cannot shrink the script");
		return false;
	}
	return shrink_remove(s, &items);
}

/* How it stands now: what fails in all of so many runs is held to that from here on. */
static bool shrink_is_steady(struct shrinker *s, unsigned int of)
{
	return !shrink_ended(s) && shrink_count(s, s->line, s->nr, of, true) == of;
}

static bool shrink_simpler(struct shrinker *s)
{
	bool better = shrink_options(s);

	better |= shrink_values(s);
	better |= shrink_addresses(s);
	better |= shrink_names_all(s);
	return better;
}

static void shrink_rounds(struct shrinker *s)
{
	bool better = true;

	for (unsigned int round = 0; better && round < SHRINK_ROUNDS && !shrink_ended(s); round++) {
		better = shrink_take_out(s, shrink_group_lines);
		better |= shrink_simpler(s);
	}
}

static void shrink_course(struct shrinker *s)
{
	unsigned int of = MAX(s->params->tries, SHRINK_STEADY_RUNS);

	/* a kind may go once another one has gone */
	if (shrink_take_out(s, shrink_group_kinds))
		shrink_take_out(s, shrink_group_kinds);
	shrink_take_out(s, shrink_group_lives);
	shrink_take_out(s, shrink_group_lines);
	s->steady = shrink_is_steady(s, of);
	if (!s->steady && shrink_steady(s))
		shrink_take_out(s, shrink_group_lives);
	shrink_turns(s);
	shrink_rounds(s);
	/* values are part of how often it fails */
	if (s->steady && !shrink_is_steady(s, of) && shrink_steady(s))
		shrink_rounds(s);
}

static int shrink_end(struct shrinker *s, struct shrink_result *out)
{
	out->lines = calloc((size_t)s->nr + 1, sizeof(*out->lines));
	if (!out->lines)
		return fail_set(s->f, ENOMEM, "cannot shrink the script");
	for (unsigned int i = 0; i < s->nr; i++) {
		out->lines[i] = strdup(s->line[i]);
		if (!out->lines[i])
			return fail_set(s->f, ENOMEM, "cannot shrink the script");
		out->nr++;
	}
	return 0;
}

static void shrink_release(struct shrinker *s)
{
	for (size_t i = 0; i < s->nr_pool; i++)
		free(s->pool[i]);
	free(s->pool);
	free(s->line);
	free(s->seen);
}

int shrink(struct shrink_result *out, char *const *lines, unsigned int nr, const struct shrink_params *params,
	   struct shrink_target target, struct fail *f)
{
	struct shrinker s = {.params = params, .target = target, .f = f};
	unsigned int tries = MAX(params->tries, 1u), first = 0;
	int err = shrink_begin(&s, lines, nr), last;

	memset(out, 0, sizeof(*out));
	progress_start(&s.progress, "shrink", "runs", 0, params->until_ns);
	if (!err) {
		first = shrink_count(&s, s.line, s.nr, tries, false);
		err = s.err;
	}
	if (!err && !first)
		err = fail_set(f, ENOENT, "the script did not fail again in %u %s", tries, tries == 1 ? "run" : "runs");
	if (!err) {
		s.steady = first == tries;
		shrink_course(&s);
		shrink_margin(&s);
		last = shrink_end(&s, out);
		err = s.err ? s.err : last;
	}
	if (!err) {
		out->of = MAX(tries, SHRINK_LAST_RUNS);
		out->failed = shrink_count(&s, s.line, s.nr, out->of, false);
		err = s.err;
	}
	progress_end(&s.progress);
	out->runs = s.runs;
	out->timed_out = s.timed_out;
	shrink_release(&s);
	return err;
}

void shrink_free(struct shrink_result *res)
{
	for (unsigned int i = 0; i < res->nr; i++)
		free(res->lines[i]);
	free(res->lines);
	memset(res, 0, sizeof(*res));
}
