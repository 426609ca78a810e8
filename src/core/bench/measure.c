/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounds of a measurement: ours and the plain loop, first without a look at the clock and then with, one after the other. */
#include "core/bench/measure.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/session/session.h"
#include "out/progress.h"

#define MEASURE_BATCH_NS 2000000u /* long beside the clock and the start of threads, short beside what disturbs */
#define MEASURE_SKEWS 10	  /* a batch is so much longer than its threads' starts and ends are apart */
#define MEASURE_BATCH_SHARE \
	72 /* of the time: the fewest rounds, four batches each that are up to twice as long, have place in it */
#define MEASURE_ROUNDS_MIN 9
#define MEASURE_TIGHT_ROUNDS 3 /* one after the other: who stops at the first good look sees too many of them */
#define MEASURE_ROUNDS_OF_LOOPS 15
#define MEASURE_WARM_NS 50000000u

/* --- one batch, by all threads --- */

/* Of the latest batch in ns: what the first and the last of its threads to be done took themselves, and from the first start to the last end. */
struct measure_took {
	uint64_t shortest, longest, span;
};

struct measure {
	const struct bench_work *work;
	void *const *ctx;
	unsigned int threads;
	const struct bench_until *until;
	struct bench_measured *out;
	struct hist *times; /* of each thread: parts of ours, parts of plain */
	struct fail *f;
	struct measure_took *took;
	uint64_t fresh_ns, fresh_longest,
		rounds_ns; /* what fresh memory took in all and at most, and what the rounds did */
	bool by_cpu;
	uint64_t (*clock)(void); /* of batches */
	double clock_cost;
};

struct measure_gate {
	atomic_uint ready;
	atomic_int open; /* 1: go; -1: go home */
};

struct measure_thread {
	pthread_t id;
	struct measure_gate *gate;
	const struct measure *m;
	bench_batch batch;
	unsigned int index;
	uint64_t n, start, end;
	struct hist *times;
	struct fail fail;
	int err;
};

static void measure_run(struct measure_thread *t)
{
	t->start = t->m->clock();
	t->err = t->batch(t->m->ctx[t->index], &t->n, t->times, &t->fail);
	t->end = t->m->clock();
}

static int measure_pin(const struct bench_until *until, unsigned int index)
{
	cpu_set_t set;

	if (!until->nr_cpus)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(until->cpus[index % until->nr_cpus], &set);
	return -pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *measure_thread(void *arg)
{
	struct measure_thread *t = arg;
	int err = measure_pin(t->m->until, t->index), open;

	atomic_fetch_add(&t->gate->ready, 1);
	while (!(open = atomic_load(&t->gate->open)))
		sched_yield();
	if (open < 0)
		return NULL;
	if (err)
		t->err = fail_set(&t->fail, err, "cannot run on cpu %u",
				  t->m->until->cpus[t->index % t->m->until->nr_cpus]);
	else
		measure_run(t);
	return NULL;
}

/* Signals are the main thread's. */
static unsigned int measure_start(struct measure_thread *threads, unsigned int nr, int *err)
{
	sigset_t all, old;
	unsigned int started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (started = 0; started < nr; started++) {
		*err = -pthread_create(&threads[started].id, NULL, measure_thread, &threads[started]);
		if (*err)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return started;
}

static int measure_together(const struct measure *m, struct measure_thread *threads)
{
	struct measure_gate gate = {0};
	unsigned int started;
	int err = 0;

	for (unsigned int i = 0; i < m->threads; i++)
		threads[i].gate = &gate;
	started = measure_start(threads, m->threads, &err);
	while (!err && atomic_load(&gate.ready) < started)
		sched_yield();
	atomic_store(&gate.open, err ? -1 : 1);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(threads[i].id, NULL);
	return err ? fail_set(m->f, err, "cannot start %u threads", m->threads) : 0;
}

/* *ns: from the first start to the last end, or the longest on a processor. *done: times, of all threads; 0 where a signal left nothing to measure. */
static int measure_at_once(const struct measure *m, bench_batch batch, uint64_t n, struct hist *times, double *ns,
			   uint64_t *done)
{
	struct measure_thread threads[BENCH_THREADS_MAX];
	uint64_t start = UINT64_MAX, end = 0, longest = 0, shortest = UINT64_MAX;
	int err = 0;

	for (unsigned int i = 0; i < m->threads; i++)
		threads[i] = (struct measure_thread){.m = m,
						     .batch = batch,
						     .index = i,
						     .n = n,
						     .times = times ? times + 2 * m->work->parts * i : NULL};
	if (m->threads == 1 && !m->until->nr_cpus)
		measure_run(&threads[0]);
	else
		err = measure_together(m, threads);
	*done = 0;
	for (unsigned int i = 0; i < m->threads && !err; i++) {
		start = MIN(start, threads[i].start);
		end = MAX(end, threads[i].end);
		longest = MAX(longest, threads[i].end - threads[i].start);
		shortest = MIN(shortest, threads[i].end - threads[i].start);
		*done += threads[i].n;
		err = threads[i].err;
		if (err)
			*m->f = threads[i].fail;
	}
	if (err || !*done)
		start = end = longest = shortest = 0;
	m->took->shortest += shortest;
	m->took->longest += longest;
	m->took->span += m->by_cpu ? longest : end - start;
	*ns = MAX((double)(m->by_cpu ? longest : end - start) - m->clock_cost, 0.0);
	return err;
}

/* In pieces of at most work->most. *ns: for one time. */
static int measure_batch(const struct measure *m, bench_batch batch, uint64_t n, struct hist *times, double *ns,
			 uint64_t *done)
{
	uint64_t most = m->work->most ? m->work->most : n, some, left;
	double spent;
	int err = 0;

	*ns = 0;
	*done = 0;
	*m->took = (struct measure_took){0};
	for (left = n; left && !err && !session_signal; left -= MIN(left, most)) {
		if (m->work->before)
			err = m->work->before(m->ctx[0], m->f);
		if (!err)
			err = measure_at_once(m, batch, MIN(left, most), times, &spent, &some);
		if (err)
			break;
		*ns += spent;
		*done += some;
	}
	*ns = err || !*done ? 0 : *ns / (double)*done;
	return err;
}

/* --- rounds --- */

/* Thrown away. */
static struct hist *measure_scratch(const struct measure *m)
{
	return m->work->part_only ? m->times : NULL;
}

/* Both, to warm up what is to be warm. *took: by ours. */
static int measure_warm(struct measure *m, uint64_t n, struct measure_took *took)
{
	uint64_t done;
	double unused;
	int err = measure_batch(m, m->work->ours, n, measure_scratch(m), &unused, &done);

	*took = *m->took;
	if (!err && m->work->plain)
		err = measure_batch(m, m->work->plain, n, measure_scratch(m), &unused, &done);
	return err;
}

/*
 * By what the threads themselves took: one that starts late makes no batch long. The shortest of them, as each may have been
 * stopped in the middle. *skew is the most that was seen.
 */
static bool measure_is_long(const struct measure *m, const struct measure_took *took, uint64_t *skew)
{
	uint64_t most = MAX(m->until->time_ns / MEASURE_BATCH_SHARE, (uint64_t)MEASURE_BATCH_NS);

	*skew = MAX(*skew, took->span - MIN(took->longest, took->span));
	return took->shortest >= MIN(MAX(MEASURE_SKEWS * *skew, (uint64_t)MEASURE_BATCH_NS), most);
}

/* Batches grow until one is long enough, or what comes before them has taken the time. *n: so many are right. */
static int measure_size_of_batch(struct measure *m, uint64_t *n)
{
	uint64_t until = clock_ns() + MIN((uint64_t)MEASURE_WARM_NS, m->until->time_ns / 4), skew = 0;
	struct measure_took took;
	bool late;
	int err;

	for (*n = 1;;) {
		err = measure_warm(m, *n, &took);
		if (err || session_signal)
			return err;
		late = clock_ns() >= until;
		if (!measure_is_long(m, &took, &skew) && *n < 1u << 30 && !(late && m->work->before))
			*n *= 2;
		else if (late)
			return 0;
	}
}

static int measure_warmup(struct measure *m, uint64_t *n)
{
	size_t bytes = (size_t)2 * m->work->parts * m->threads * sizeof(*m->times);
	struct measure_took unused;
	int err = 0;

	*n = 0;
	if (m->until->loops == BENCH_AUTO)
		err = measure_size_of_batch(m, n);
	else if (m->until->warmup != BENCH_AUTO && m->until->warmup)
		err = measure_warm(m, m->until->warmup, &unused);
	if (m->times)
		memset(m->times, 0, bytes);
	return err;
}

/* What the threads' histograms of part @k hold: of ours at 0, of the plain loop at .parts. */
static void measure_sum(const struct measure *m, unsigned int k, uint64_t *sum, uint64_t *count)
{
	*sum = *count = 0;
	for (unsigned int i = 0; i < m->threads; i++) {
		*sum += m->times[2 * m->work->parts * i + k].sum;
		*count += m->times[2 * m->work->parts * i + k].count;
	}
}

struct measure_sums {
	uint64_t sum[2 * BENCH_PARTS], count[2 * BENCH_PARTS];
};

static void measure_sums(const struct measure *m, struct measure_sums *s)
{
	for (unsigned int k = 0; k < 2 * m->work->parts; k++)
		measure_sum(m, k, &s->sum[k], &s->count[k]);
}

static double measure_mean(const struct measure *m, const struct measure_sums *then, const struct measure_sums *now,
			   unsigned int k)
{
	uint64_t count = now->count[k] - then->count[k];

	return count ? MAX((double)(now->sum[k] - then->sum[k]) / (double)count - m->out->clock_ns, 0.0) : 0;
}

/* Both with a look at the clock around each part. */
static int measure_parts(struct measure *m, uint64_t n, unsigned int r, uint64_t *done)
{
	const struct bench_work *work = m->work;
	bool plain_first = r % 2 && work->plain;
	struct measure_sums then, now;
	uint64_t other;
	double unused;
	int err = 0;

	measure_sums(m, &then);
	if (plain_first)
		err = measure_batch(m, work->plain, n, m->times + work->parts, &unused, &other);
	if (!err)
		err = measure_batch(m, work->ours, n, m->times, &unused, done);
	if (!err && work->plain && !plain_first)
		err = measure_batch(m, work->plain, n, m->times + work->parts, &unused, &other);
	measure_sums(m, &now);
	for (unsigned int k = 0; k < work->parts && !err; k++) {
		struct bench_part *part = &m->out->part[k];

		part->ours[r] = measure_mean(m, &then, &now, k);
		part->plain[r] = measure_mean(m, &then, &now, work->parts + k);
		part->ratio[r] = part->ours[r] > 0 ? part->plain[r] / part->ours[r] : 0;
	}
	return err;
}

static int measure_part_round(struct measure *m, uint64_t n, unsigned int r)
{
	struct bench_measured *out = m->out;
	uint64_t done = 0;
	int err = measure_parts(m, n, r, &done);

	if (err || (!out->part[0].ours[r] && session_signal))
		return err;
	out->ours.each[r] = out->part[0].ours[r] / m->threads;
	out->plain.each[r] = out->part[0].plain[r] / m->threads;
	out->ratio[r] = out->part[0].ratio[r];
	out->rounds = r + 1;
	out->loops += done / m->threads;
	return 0;
}

/* Half of the time at most goes into it, except where one round alone is shorter. */
static int measure_fresh(struct measure *m, unsigned int r)
{
	uint64_t start = clock_ns(), took;
	int err;

	if (!r)
		m->out->fresh = 1;
	if (!m->work->fresh || !r || m->fresh_ns + m->fresh_longest > m->rounds_ns)
		return 0;
	err = m->work->fresh(m->ctx[0], m->f);
	took = clock_ns() - start;
	m->fresh_ns += took;
	m->fresh_longest = MAX(m->fresh_longest, took);
	m->out->fresh += !err;
	return err;
}

/* Who goes first changes, so that neither always finds the caches as the other left them. A round that a signal cut off counts for what was done. */
static int measure_both(struct measure *m, uint64_t n, unsigned int r)
{
	struct bench_measured *out = m->out;
	const struct bench_work *work = m->work;
	bool plain_first = r % 2 && work->plain;
	uint64_t done, other = 0;
	int err = 0;

	if (work->part_only)
		return measure_part_round(m, n, r);
	if (plain_first)
		err = measure_batch(m, work->plain, n, NULL, &out->plain.each[r], &other);
	if (!err)
		err = measure_batch(m, work->ours, n, NULL, &out->ours.each[r], &done);
	if (err || !done)
		return err;
	if (work->plain && !plain_first)
		err = measure_batch(m, work->plain, n, NULL, &out->plain.each[r], &other);
	out->ratio[r] = work->plain && out->ours.each[r] > 0 ? out->plain.each[r] / out->ours.each[r] : 0;
	if (!err && (other || !work->plain || !out->rounds)) {
		out->rounds = r + 1;
		out->loops += done / m->threads;
	}
	return err || !m->times ? err : measure_parts(m, n, r, &done);
}

static int measure_round(struct measure *m, uint64_t n, unsigned int r)
{
	int err = measure_fresh(m, r);
	uint64_t start = clock_ns();

	if (!err)
		err = measure_both(m, n, r);
	m->rounds_ns += clock_ns() - start;
	return err;
}

/* Without those that a signal left empty. */
static double measure_summary(const double *each, unsigned int n, double *interval)
{
	double sorted[BENCH_ROUNDS_MAX];
	unsigned int some = 0;

	for (unsigned int i = 0; i < n; i++)
		if (each[i] > 0)
			sorted[some++] = each[i];
	return bench_median(sorted, some, interval);
}

static void measure_judge(struct measure *m)
{
	struct bench_measured *out = m->out;
	unsigned int n = out->rounds;
	double unused;

	out->ours.median = measure_summary(out->ours.each, n, &out->ours.interval);
	out->tight = n >= BENCH_ROUNDS_KNOWN && out->ours.interval <= m->until->precision;
	for (unsigned int k = 0; k < m->work->parts; k++) {
		struct bench_part *part = &out->part[k];

		part->ours_median = measure_summary(part->ours, n, &part->ours_interval);
		part->plain_median = measure_summary(part->plain, n, &unused);
		part->ratio_median = measure_summary(part->ratio, n, &part->ratio_interval);
	}
	if (!m->work->plain)
		return;
	out->plain.median = measure_summary(out->plain.each, n, &out->plain.interval);
	out->ratio_median = measure_summary(out->ratio, n, &out->ratio_interval);
	out->tight = out->tight && out->ratio_interval <= m->until->precision;
}

/* Drawn between rounds, when nothing is measured. */
static void measure_show(const struct measure *m, struct progress *progress, uint64_t rounds, uint64_t end)
{
	*progress = (struct progress){.live = false};
	if (m->until->label)
		progress_start(progress, m->until->label, "rounds", rounds, end);
}

static int measure_loops(struct measure *m)
{
	uint64_t left = m->until->loops, rounds = MIN(left, (uint64_t)MEASURE_ROUNDS_OF_LOOPS);
	struct progress progress;
	int err = 0;

	measure_show(m, &progress, rounds, 0);
	for (unsigned int r = 0; r < rounds && !err && !session_signal; r++) {
		uint64_t n = left / (rounds - r);

		err = measure_round(m, n, r);
		left -= n;
		progress_update(&progress, r + 1, 0);
	}
	progress_end(&progress);
	return err;
}

static int measure_time(struct measure *m, uint64_t n)
{
	uint64_t end = clock_ns() + m->until->time_ns;
	struct progress progress;
	unsigned int tight = 0;
	int err = 0;

	measure_show(m, &progress, 0, end);
	for (unsigned int r = 0; r < BENCH_ROUNDS_MAX && !err && !session_signal; r++) {
		err = measure_round(m, n, r);
		if (err)
			break;
		measure_judge(m);
		tight = m->out->tight ? tight + 1 : 0;
		if (clock_ns() >= end || (tight >= MEASURE_TIGHT_ROUNDS && r + 1 >= MEASURE_ROUNDS_MIN))
			break;
		progress_update(&progress, r + 1, 0);
	}
	progress_end(&progress);
	return err;
}

/* --- times --- */

static int measure_times_alloc(struct measure *m)
{
	unsigned int parts = m->work->parts;

	if (!parts)
		return 0;
	m->times = calloc((size_t)2 * parts * m->threads, sizeof(*m->times));
	m->out->ours.times = calloc(parts, sizeof(struct hist));
	m->out->plain.times = m->work->plain ? calloc(parts, sizeof(struct hist)) : NULL;
	if (m->times && m->out->ours.times && (m->out->plain.times || !m->work->plain))
		return 0;
	return fail_set(m->f, ENOMEM, "no memory for the times of %u threads", m->threads);
}

static void measure_times_merge(struct measure *m)
{
	unsigned int parts = m->work->parts;

	for (unsigned int i = 0; i < m->threads && m->times; i++)
		for (unsigned int k = 0; k < parts; k++) {
			hist_merge(&m->out->ours.times[k], &m->times[2 * parts * i + k]);
			if (m->out->plain.times)
				hist_merge(&m->out->plain.times[k], &m->times[2 * parts * i + parts + k]);
		}
}

/* How many processors the threads have between them. */
static unsigned int measure_cpus(const struct bench_until *until)
{
	cpu_set_t set;

	if (!until->nr_cpus) /* too many for the set: for us, too */
		return sched_getaffinity(0, sizeof(set), &set) ? CPU_SETSIZE : (unsigned int)CPU_COUNT(&set);
	CPU_ZERO(&set);
	for (unsigned int i = 0; i < until->nr_cpus; i++)
		CPU_SET(until->cpus[i], &set);
	return (unsigned int)CPU_COUNT(&set);
}

int bench_measure(const struct bench_work *work, void *const *ctx, unsigned int threads,
		  const struct bench_until *until, struct bench_measured *out, struct fail *f)
{
	struct measure_took took;
	struct measure m = {
		.work = work, .ctx = ctx, .threads = threads, .until = until, .out = out, .took = &took, .f = f};
	uint64_t n = 0;
	int err;

	memset(out, 0, sizeof(*out));
	if (!threads || threads > BENCH_THREADS_MAX)
		return fail_usage(f, EINVAL, "%u threads: there may be 1 to %u", threads, BENCH_THREADS_MAX);
	out->parts = work->parts;
	out->has_plain = work->plain;
	out->clock_ns = bench_clock_cost();
	m.by_cpu = work->by_cpu && threads <= measure_cpus(until);
	m.clock = m.by_cpu ? clock_cpu_ns : clock_ns;
	m.clock_cost = m.by_cpu ? bench_clock_cost_of(clock_cpu_ns) : out->clock_ns;
	err = measure_times_alloc(&m);
	if (!err)
		err = measure_warmup(&m, &n);
	if (!err)
		err = n ? measure_time(&m, n) : measure_loops(&m);
	measure_judge(&m);
	if (m.times && out->ours.times)
		measure_times_merge(&m);
	free(m.times);
	return err;
}

void bench_measured_free(struct bench_measured *m)
{
	free(m->ours.times);
	free(m->plain.times);
	m->ours.times = m->plain.times = NULL;
}
