/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes and goes is repeated until it always comes: then every line that is needed shows as needed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/shrink/priv.h"

#define STEADY_TURNS 100000 /* more take too long for anybody */
#define STEADY_EXTRA 3	    /* repeat, end, dirty stop; a `free` for each buffer comes to that */

/* What one turn leaves behind is given back at its end, the youngest first: buffers, other objects, dirty tracking. */
static unsigned int steady_clean(struct shrinker *s, char **cand, unsigned int nr)
{
	for (unsigned int l = s->nr; l-- > 0;) {
		struct shrink_words w;
		const char *made = NULL;
		char *text = NULL;

		if (shrink_words(&w, s->line[l]))
			w.nr = 0;
		if (w.nr && w.word[0][0] != '!')
			made = shrink_made(&w);
		if (made && asprintf(&text, "%s %s", strcmp(w.word[0], "map") ? "destroy" : "free", made) < 0)
			text = NULL;
		shrink_words_free(&w);
		for (unsigned int i = s->nr + 1; text && i < nr; i++)
			if (!strcmp(cand[i], text)) { /* mapped more than once */
				free(text);
				text = NULL;
			}
		if (text && (cand[nr] = shrink_keep(s, text)))
			nr++;
	}
	return nr;
}

static bool steady_tracks(const struct shrinker *s)
{
	bool on = false;

	for (unsigned int l = 0; l < s->nr; l++)
		if (!strncmp(s->line[l], "dirty start", 11) || !strncmp(s->line[l], "dirty stop", 10))
			on = s->line[l][8] == 'a';
	return on;
}

/* "repeat N", the script, what gives back, "end". NULL: no memory. */
static char **steady_script(struct shrinker *s, uint64_t turns, unsigned int *nr)
{
	char **cand = calloc(2 * (size_t)s->nr + STEADY_EXTRA, sizeof(*cand)), *text = NULL;

	if (!cand || asprintf(&text, "repeat %" PRIu64, turns) < 0) {
		s->err = fail_set(s->f, ENOMEM, "cannot shrink the script");
		free(cand);
		return NULL;
	}
	cand[0] = shrink_keep(s, text);
	memcpy(cand + 1, s->line, s->nr * sizeof(*cand));
	*nr = steady_clean(s, cand, s->nr + 1);
	if (steady_tracks(s))
		cand[(*nr)++] = shrink_keep(s, strdup("dirty stop"));
	cand[(*nr)++] = shrink_keep(s, strdup("end"));
	return cand;
}

/* More turns of the block that the whole script is. 0: it is none. */
static uint64_t steady_turns(const struct shrinker *s)
{
	unsigned int depth = 0;
	uint64_t turns = 0;

	for (unsigned int l = 0; l < s->nr; l++) {
		depth += shrink_is_repeat(s->line[l]);
		depth -= shrink_is_end(s->line[l]) && depth;
		if (!depth && l + 1 < s->nr)
			return 0;
	}
	return s->nr && !num_parse_u64(s->line[0] + strcspn(s->line[0], "0123456789"), &turns) ? turns : 0;
}

static char **steady_more(struct shrinker *s, uint64_t turns, unsigned int *nr)
{
	char **cand = calloc((size_t)s->nr + 1, sizeof(*cand)), *text = NULL;

	if (!cand || asprintf(&text, "repeat %" PRIu64, turns) < 0) {
		s->err = fail_set(s->f, ENOMEM, "cannot shrink the script");
		free(cand);
		return NULL;
	}
	memcpy(cand, s->line, s->nr * sizeof(*cand));
	cand[0] = shrink_keep(s, text);
	*nr = s->nr;
	return cand;
}

bool shrink_steady(struct shrinker *s)
{
	unsigned int tries = MAX(s->params->tries, SHRINK_STEADY_RUNS), nr = 0;
	uint64_t now = steady_turns(s);

	for (uint64_t times = 10; times <= 1000 && !shrink_ended(s); times *= 10) {
		char **cand = now ? steady_more(s, now * times, &nr) : steady_script(s, times, &nr);

		if (!cand || s->err) {
			free(cand);
			return false;
		}
		if (shrink_count(s, cand, nr, tries, true) == tries) {
			free(s->line);
			s->line = cand;
			s->nr = nr;
			s->steady = s->repeated = true;
			return true;
		}
		free(cand);
		if (now * times > STEADY_TURNS)
			break;
	}
	return false;
}

void shrink_margin(struct shrinker *s)
{
	unsigned int tries = MAX(s->params->tries, SHRINK_STEADY_RUNS), nr = 0;
	uint64_t now = s->repeated && s->steady && !shrink_ended(s) ? steady_turns(s) : 0;
	char **cand = now > 1 ? steady_more(s, 2 * now, &nr) : NULL;

	if (cand && !s->err && shrink_count(s, cand, nr, tries, true) == tries) {
		free(s->line);
		s->line = cand;
		s->nr = nr;
	} else {
		free(cand);
	}
}
