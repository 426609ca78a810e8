/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stress finds and no order of its ops shows again is saved as one line that does the stress: its mix narrowed to the kinds that
 * are needed, with as few threads and operations as still fail every time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/shrink_run.h"

#define LINE_OPS_MIN 500
#define LINE_OPS_MAX 100000
#define LINE_TIME_NS UINT64_C(30000000000)

struct line {
	struct shrink_runner *r;
	struct fail *f;
	uint64_t until_ns, runs;
	unsigned int tries;
	struct stress_mix mix;
	unsigned int threads;
	uint64_t ops;
	int err;
};

static char *line_text(const struct line *l)
{
	char *text = NULL;
	const char *comma = "";
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	fprintf(to, "stress --mix ");
	for (unsigned int k = 0; k < STRESS_KINDS; k++) {
		if (!l->mix.weight[k])
			continue;
		fprintf(to, "%s%s=%u", comma, stress_kinds[k].name, l->mix.weight[k]);
		comma = ",";
	}
	fprintf(to, " --threads %u --ops %" PRIu64, l->threads, l->ops);
	return fclose(to) ? NULL : text;
}

/* In each of so many runs. */
static unsigned int line_count(struct line *l, unsigned int of, bool only_always)
{
	struct shrink_target target = shrink_runner_target(l->r);
	CLEANUP_FREE char *text = line_text(l);
	unsigned int failed = 0;
	bool yes = false;

	if (!text)
		l->err = fail_set(l->f, ENOMEM, "cannot shrink");
	for (unsigned int i = 0; i < of && !l->err && (!only_always || clock_ns() < l->until_ns); i++) {
		l->err = target.fails(target.ctx, &text, 1, &yes, l->f);
		l->runs++;
		failed += !l->err && yes;
		if (only_always && failed <= i)
			break;
	}
	return failed;
}

static bool line_fails(struct line *l)
{
	return !l->err && clock_ns() < l->until_ns && line_count(l, l->tries, true) == l->tries;
}

static void line_kinds(struct line *l)
{
	for (unsigned int k = 0; k < STRESS_KINDS && !l->err; k++) {
		unsigned int weight = l->mix.weight[k];

		if (!weight)
			continue;
		l->mix.weight[k] = 0;
		if (!line_fails(l))
			l->mix.weight[k] = weight;
	}
}

static void line_fewer(struct line *l)
{
	unsigned int threads = l->threads;

	for (l->threads = 1; l->threads < threads && !line_fails(l); l->threads++)
		;
	while (l->ops / 2 >= LINE_OPS_MIN) {
		l->ops /= 2;
		if (line_fails(l))
			continue;
		l->ops *= 2;
		break;
	}
	/* what just came three times of three may not the fourth time */
	l->ops *= 2;
}

/* Narrowed down, and as many operations as make it fail each time; else as it was. */
static unsigned int line_narrow(struct line *l, unsigned int of)
{
	struct line whole = *l;
	unsigned int failed = 0;

	l->ops *= 2;
	line_kinds(l);
	line_fewer(l);
	for (; !l->err && l->ops <= LINE_OPS_MAX; l->ops *= 2) {
		failed = line_count(l, of, false);
		if (l->err || failed == of)
			return failed;
	}
	if (l->err)
		return failed;
	l->mix = whole.mix;
	l->threads = whole.threads;
	l->ops = MAX(whole.ops, (uint64_t)LINE_OPS_MAX);
	return line_count(l, of, false);
}

int shrink_line(struct shrink_runner *r, const struct stress_params *p, uint64_t ops, unsigned int tries,
		struct shrink_result *out, struct fail *f)
{
	struct line l = {.r = r,
			 .f = f,
			 .until_ns = clock_ns() + LINE_TIME_NS,
			 .tries = tries,
			 .mix = p->mix,
			 .threads = p->threads,
			 .ops = MAX(2 * ops, (uint64_t)LINE_OPS_MIN)};
	bool found = false;

	memset(out, 0, sizeof(*out));
	r->due_known = false;
	r->has_reference = false;
	while (!(found = line_fails(&l)) && !l.err && l.ops <= LINE_OPS_MAX && clock_ns() < l.until_ns)
		l.ops *= 4;
	/* what just came each time may not the next time */
	if (found)
		l.ops *= 2;
	if (!l.err && !found)
		l.err = fail_set(f, ENOENT, "what was found did not show again in %" PRIu64 " runs", l.runs);
	out->of = MAX(tries, 3u);
	if (!l.err)
		out->failed = p->no_shrink ? line_count(&l, out->of, false) : line_narrow(&l, out->of);
	if (!l.err && out->failed < out->of)
		l.err = fail_set(f, ENOENT, "a line of stress failed in %u of %u runs only", out->failed, out->of);
	out->runs = l.runs;
	out->timed_out = clock_ns() >= l.until_ns;
	out->lines = calloc(1, sizeof(*out->lines));
	if (!l.err && (!out->lines || !(out->lines[0] = line_text(&l))))
		l.err = fail_set(f, ENOMEM, "cannot shrink");
	out->nr = !l.err;
	if (!l.err)
		l.err = shrink_runner_ask(r, out->lines, 1, f);
	return l.err;
}
