/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delta debugging: ever smaller runs of items are taken out, as long as what stays fails. */
#include <errno.h>
#include <string.h>

#include "core/shrink/priv.h"

struct removal {
	struct shrinker *s;
	struct shrink_items *items;
	uint32_t *live; /* items that are still there, in their order */
	unsigned int nr_live;
	bool *out; /* of each item: taken out of the candidate */
	char **cand;
};

static bool removal_takes(const struct removal *r, unsigned int line)
{
	for (unsigned int i = 0; i < SHRINK_OF && r->items->of[line][i] != SHRINK_NONE; i++)
		if (r->out[r->items->of[line][i]])
			return true;
	return false;
}

/* The lines that went take their items along. */
static void removal_settle(struct removal *r, unsigned int was)
{
	unsigned int to = 0;

	for (unsigned int i = 0; i < was; i++)
		if (!removal_takes(r, i))
			memmove(r->items->of[to++], r->items->of[i], sizeof(r->items->of[i]));
}

/* Live items @from .. @from + @n - 1 are taken out. */
static bool removal_try(struct removal *r, unsigned int from, unsigned int n)
{
	unsigned int nr = 0, was = r->s->nr;
	bool taken;

	for (unsigned int i = 0; i < n; i++)
		r->out[r->live[from + i]] = true;
	for (unsigned int i = 0; i < was; i++)
		if (!removal_takes(r, i))
			r->cand[nr++] = r->s->line[i];
	/* an item without lines of its own is gone already */
	taken = nr == was || shrink_try(r->s, r->cand, nr);
	if (taken && nr != was)
		removal_settle(r, was);
	for (unsigned int i = 0; i < n; i++)
		r->out[r->live[from + i]] = false;
	if (taken) {
		memmove(r->live + from, r->live + from + n, (r->nr_live - from - n) * sizeof(*r->live));
		r->nr_live -= n;
	}
	return taken;
}

/* From the end: what comes last needs what comes first, seldom the other way round. */
static bool removal_pass(struct removal *r, unsigned int chunk)
{
	unsigned int end = r->nr_live, from;
	bool any = false;

	while (end && !shrink_ended(r->s)) {
		from = end > chunk ? end - chunk : 0;
		any |= removal_try(r, from, end - from);
		end = from;
	}
	return any;
}

static bool removal_run(struct removal *r)
{
	unsigned int chunk = r->items->nr;
	bool any = false;

	for (uint32_t i = 0; i < r->items->nr; i++)
		r->live[r->nr_live++] = i;
	do {
		chunk = MIN((chunk + 1) / 2, MAX(r->nr_live, 1u));
		any |= removal_pass(r, chunk);
	} while (chunk > 1 && !shrink_ended(r->s));
	return any;
}

bool shrink_remove(struct shrinker *s, struct shrink_items *items)
{
	struct removal r = {.s = s, .items = items};
	unsigned int was = s->nr;

	r.live = calloc((size_t)items->nr + 1, sizeof(*r.live));
	r.out = calloc((size_t)items->nr + 1, sizeof(*r.out));
	r.cand = calloc((size_t)s->nr + 1, sizeof(*r.cand));
	if (r.live && r.out && r.cand)
		removal_run(&r);
	else
		s->err = fail_set(s->f, ENOMEM, "cannot shrink the script");
	free(r.live);
	free(r.out);
	free(r.cand);
	free(items->of);
	return s->nr != was;
}
