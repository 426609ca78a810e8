/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An episode: rounds of all threads with a look in between, then everything taken back, and the order in which its ops were done. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "core/stress/priv.h"

#define EPISODE_OPS_MIN 200
#define EPISODE_OPS_MAX 1000
#define ROUND_OPS_MIN 8
#define ROUND_OPS_MAX 48

static uint64_t episode_seed(const struct stress *st, uint64_t episode)
{
	return rng_draw(session_params(st->s)->seed, episode, rng_place("episode"));
}

uint64_t stress_episode_length(const struct stress *st, uint64_t episode)
{
	uint64_t draw = rng_draw(episode_seed(st, episode), STRESS_QUIET_N, rng_place("length"));

	return st->p->episode_ops ? st->p->episode_ops : rng_between(draw, EPISODE_OPS_MIN, EPISODE_OPS_MAX);
}

uint64_t stress_episode_room(const struct stress_params *p)
{
	uint64_t most = (p->episode_ops ? p->episode_ops : EPISODE_OPS_MAX) / p->threads + 1;

	/* the ops, those between its rounds, and those that end it */
	return most + 2 * (most / ROUND_OPS_MIN + 2) + 2 * STRESS_SLOTS + 1;
}

static void episode_phase(struct stress *st, enum stress_phase phase)
{
	struct stress_thread *t = &st->threads[0];

	st->phase = phase;
	pthread_barrier_wait(&st->barrier);
	if (phase == STRESS_PHASE_ROUND)
		stress_thread_round(t);
	else if (phase == STRESS_PHASE_END)
		stress_thread_end(t);
	if (phase != STRESS_PHASE_OVER)
		pthread_barrier_wait(&st->barrier);
}

void stress_threads_end(struct stress *st)
{
	episode_phase(st, STRESS_PHASE_OVER);
}

static int episode_error(struct stress *st, struct fail *f)
{
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		if (!st->threads[i].err)
			continue;
		*f = st->threads[i].fail;
		return st->threads[i].err;
	}
	return 0;
}

static void episode_sum(struct stress *st)
{
	struct stress_result *res = st->res;

	for (unsigned int i = 0; i < st->nr_threads; i++) {
		struct stress_thread *t = &st->threads[i];

		res->ops += t->done;
		res->dma_bytes += t->dma_bytes;
		for (unsigned int k = 0; k < STRESS_KINDS; k++) {
			res->per_kind[k] += t->per_kind[k];
			res->refused[k] += t->refused[k];
		}
		t->done = t->dma_bytes = 0;
		memset(t->per_kind, 0, sizeof(t->per_kind));
		memset(t->refused, 0, sizeof(t->refused));
	}
	progress_update(&st->progress, res->ops, res->dma_bytes);
}

/* Returns how many ops that were. */
static uint64_t episode_deal(struct stress *st, uint64_t left)
{
	uint64_t each = rng_between(rng_draw(st->seed, STRESS_QUIET_N + st->round, rng_place("round")), ROUND_OPS_MIN,
				    ROUND_OPS_MAX);
	uint64_t n = MIN(left, each * st->nr_threads);

	for (unsigned int i = 0; i < st->nr_threads; i++)
		st->threads[i].round_ops = (unsigned int)(n / st->nr_threads + (i < n % st->nr_threads));
	return n;
}

static int episode_rounds(struct stress *st, uint64_t ops, struct fail *f)
{
	int err = 0;

	while (ops && !err && !atomic_load(&st->stop) && !session_signal) {
		ops -= episode_deal(st, ops);
		episode_phase(st, STRESS_PHASE_ROUND);
		err = episode_error(st, f);
		if (!err && session_is_quiet(st->s))
			err = stress_quiet_round(st, f);
		episode_sum(st);
		st->round++;
	}
	return err;
}

/* What an episode finds does not depend on those before it: it may be done alone, or by another process. */
static void episode_fresh(struct stress *st)
{
	if (!st->p->fresh || iommu_fresh(st->space[0], st->seed))
		return;
	if (session_pin_excess(st->s, &st->pins_excess))
		st->pins_excess = 0;
	for (unsigned int i = 0; i < st->nr_threads; i++)
		st->threads[i].transfers = 0;
	st->transfers_at = 0;
}

static int episode_begin(struct stress *st, uint64_t episode, struct fail *f)
{
	st->episode = episode;
	st->seed = episode_seed(st, episode);
	st->round = 0;
	atomic_store(&st->ticket, 0);
	atomic_store(&st->stop, false);
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		struct stress_thread *t = &st->threads[i];

		t->next_n = 0;
		t->nr_ops = t->nr_denied = t->next_recent = 0;
		t->broken = false;
		memset(t->recent, 0, sizeof(t->recent));
		t->rest = STRESS_NO_RANGE;
	}
	episode_fresh(st);
	return stress_windows_place(st, f);
}

static int episode_by_ticket(const void *a, const void *b)
{
	const struct stress_op *x = a, *y = b;

	return x->ticket < y->ticket ? -1 : x->ticket > y->ticket;
}

static int episode_trace(struct stress *st, struct stress_trace *out, struct fail *f)
{
	unsigned int nr = 0, at = 0;

	for (unsigned int i = 0; i < st->nr_threads; i++)
		nr += st->threads[i].nr_ops;
	*out = (struct stress_trace){
		.nr = nr, .episode = st->episode, .seed = session_params(st->s)->seed, .threads = st->nr_threads};
	out->ops = malloc(MAX(nr, 1u) * sizeof(*out->ops));
	if (!out->ops)
		return fail_set(f, ENOMEM, "cannot keep the order of %u ops", nr);
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		memcpy(out->ops + at, st->threads[i].ops, st->threads[i].nr_ops * sizeof(*out->ops));
		at += st->threads[i].nr_ops;
	}
	qsort(out->ops, nr, sizeof(*out->ops), episode_by_ticket);
	return 0;
}

/* For the log, and of the first that failed for whoever wants to do it again. */
static int episode_keep(struct stress *st, uint64_t before, struct fail *f)
{
	struct stress_result *res = st->res;
	bool first = (res->mismatches_total != before || st->p->keep_trace) && !res->trace.ops;
	struct stress_trace trace;
	int err;

	if (!first && !st->log)
		return 0;
	err = episode_trace(st, &trace, f);
	if (!err && st->log)
		err = stress_log_trace(st, &trace, f);
	if (!err && first)
		res->trace = trace;
	else
		free(trace.ops);
	return err;
}

int stress_episode_run(struct stress *st, uint64_t episode, uint64_t ops, struct fail *f)
{
	uint64_t before = st->res->mismatches_total;
	struct fail why = {0};
	int err = episode_begin(st, episode, f), end, kept;

	if (err)
		return err;
	st->res->episodes++;
	err = episode_rounds(st, ops, f);
	episode_phase(st, STRESS_PHASE_END);
	end = episode_error(st, &why);
	if (!end && !err && session_is_quiet(st->s))
		end = stress_quiet_end(st, &why);
	/* the session, and the script it may be, live on */
	if ((end || err) && session_is_quiet(st->s))
		stress_quiet_undo(st);
	episode_sum(st);
	/* also of an episode that ended with an error: a mismatch may have come before it */
	kept = episode_keep(st, before, end ? NULL : &why);
	if (!end)
		end = kept;
	if (!err && end)
		*f = why;
	return err ? err : end;
}
