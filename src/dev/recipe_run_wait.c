/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a recipe that take time: polls and delays, bounded by their own patience and by that of whoever asked. */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "dev/recipe_run.h"

#define RECIPE_PATIENCE_NS 2000000000ull /* of a poll in init or stop that names none */
#define RECIPE_SPIN_NS 200000ull	 /* polled without a pause for so long, ... */
#define RECIPE_NAP_MAX_NS 1000000ull	 /* ... then with pauses of an eighth of what has passed, up to this */
#define RECIPE_ASK_NS 100000000ull	 /* how often to ask whether the device is still there */

struct recipe_poll {
	uint64_t begun, end, asked; /* 0 until the first look has failed */
	bool own;		    /* the end is the poll's own, not its section's */
};

static void recipe_poll_begin(struct recipe_run *run, const struct recipe_ready_step *s, struct recipe_poll *p)
{
	bool timed = run->section != RECIPE_INIT && run->section != RECIPE_STOP;
	uint64_t patience = s->ns ? s->ns : timed ? UINT64_MAX : RECIPE_PATIENCE_NS;

	p->begun = clock_ns();
	if (!p->asked)
		p->asked = p->begun;
	if (!run->end_ns)
		run->end_ns = p->begun + run->limit_ns;
	p->own = patience < run->end_ns - MIN(p->begun, run->end_ns);
	p->end = p->own ? p->begun + patience : run->end_ns;
}

/* True when the time was over before this: the look that follows is the last. */
static bool recipe_poll_pause(const struct recipe_poll *p)
{
	uint64_t now = clock_ns(), passed = now - p->begun;

	if (now >= p->end)
		return true;
	if (passed >= RECIPE_SPIN_NS)
		clock_sleep_ns(MIN(MIN(passed / 8, RECIPE_NAP_MAX_NS), p->end - now), NULL);
	return false;
}

static int recipe_poll_over(struct recipe_run *run, const struct recipe_ready_step *s, const struct recipe_poll *p,
			    const struct recipe_access *a, struct fail *f)
{
	char passed[40] = "";

	if (p)
		snprintf(passed, sizeof(passed), " in %llu ms", (unsigned long long)(p->end - p->begun) / 1000000);
	return fail_complete(f, ETIMEDOUT, "%s:%u: %s 0x%llx has 0x%llx, whose bits 0x%llx did not become 0x%llx%s",
			     run->file, s->line, recipe_verb_is_memory(s->verb) ? "memory at" : "register",
			     (unsigned long long)a->offset, (unsigned long long)a->value, (unsigned long long)a->mask,
			     (unsigned long long)a->want, passed);
}

/* A dry run takes one look, and whoever watches says what it is worth. */
static int recipe_poll_watched(struct recipe_run *run, const struct recipe_ready_step *s, struct recipe_access *a,
			       struct fail *f)
{
	a->section = run->section;
	a->verb = s->verb;
	a->line = s->line;
	a->width = s->width;
	a->memory = recipe_verb_is_memory(s->verb) ? (int)s->memory : -1;
	return run->watch->step(run->watch->ctx, a) || a->matches ? 0 : recipe_poll_over(run, s, NULL, a, f);
}

/*
 * Whether the device is there is worth asking when a register reads as all ones; and, now and then, while memory stays as it is: a
 * device that is gone writes nothing, and memory has no value that says so.
 */
static bool recipe_poll_is_gone(struct recipe_run *run, const struct recipe_ready_step *s, struct recipe_poll *p,
				const struct recipe_access *a, bool last, struct fail *f)
{
	if (recipe_verb_is_memory(s->verb) ? a->matches || !p->end : a->value != s->all)
		return false;
	if (!a->matches && !last && clock_ns() - p->asked < RECIPE_ASK_NS)
		return false;
	p->asked = clock_ns();
	return recipe_run_is_gone(run, s, f);
}

int recipe_run_wait(struct recipe_run *run, struct recipe_ready_step *s, bool *own_patience, struct fail *f)
{
	struct recipe_access a = {0};
	struct recipe_poll poll = {0};
	bool last = false;
	int err = recipe_run_offset(run, s, &a.offset, f);

	if (err)
		return err;
	a.mask = recipe_value_get(run, &s->mask);
	a.want = recipe_value_get(run, &s->value) & s->all;
	for (;;) {
		a.value = recipe_run_look(run, s, a.offset);
		a.matches = (a.value & a.mask) == a.want;
		if (recipe_poll_is_gone(run, s, &poll, &a, last, f))
			return -ENODEV;
		if (run->watch)
			return recipe_poll_watched(run, s, &a, f);
		if (a.matches)
			return 0;
		if (last)
			break;
		if (!poll.end)
			recipe_poll_begin(run, s, &poll);
		last = recipe_poll_pause(&poll);
	}
	if (own_patience)
		*own_patience = poll.own;
	return recipe_poll_over(run, s, &poll, &a, f);
}

int recipe_run_delay(struct recipe_run *run, const struct recipe_ready_step *s, struct fail *f)
{
	uint64_t now = clock_ns();

	if (!run->end_ns)
		run->end_ns = now + run->limit_ns;
	if (now >= run->end_ns || s->ns > run->end_ns - now)
		return fail_complete(f, ETIMEDOUT, "%s:%u: no time is left for the delay", run->file, s->line);
	clock_sleep_ns(s->ns, NULL);
	return 0;
}
