/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of stress: what fits the session, its threads, and the row of episodes. */
#include "core/stress/stress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/stress/priv.h"
#include "host/self.h"
#include "iommu/ledger.h"

#define STRESS_SIZE_MAX MiB(4)

static void stress_skip(struct stress *st, const char *what, const char *why)
{
	struct stress_result *res = st->res;

	if (res->nr_skipped == STRESS_KINDS)
		return;
	snprintf(res->skipped[res->nr_skipped].what, sizeof(res->skipped[0].what), "%s", what);
	snprintf(res->skipped[res->nr_skipped++].why, sizeof(res->skipped[0].why), "%.127s", why);
}

/* NULL: it can be done here. */
static const char *stress_lacks(const struct stress *st, enum stress_kind kind)
{
	const struct stress_verb *verb = stress_verbs[kind];

	if (verb->dma && !st->has_dma)
		return st->dma_why;
	if (strcmp(stress_kinds[kind].danger, "none") && !session_params(st->s)->allow_crash)
		return "it may crash the kernel or exhaust it: --allow-crash";
	return verb->lacks ? verb->lacks(st) : NULL;
}

static int stress_weigh(struct stress *st, struct fail *f)
{
	for (unsigned int k = 0; k < STRESS_KINDS; k++) {
		unsigned int weight = st->p->mix.weight[k];
		const char *why = weight ? stress_lacks(st, (enum stress_kind)k) : NULL;

		if (why)
			stress_skip(st, stress_kinds[k].name, why);
		if (why || !weight)
			continue;
		(stress_verbs[k]->quiet ? st->quiet_weight : st->weight)[k] = weight;
		*(stress_verbs[k]->quiet ? &st->quiet_sum : &st->weight_sum) += weight;
	}
	if (st->weight[STRESS_BAD_MAP] && stress_bad_right_lacks(st))
		stress_skip(st, "bad-map without READ and WRITE", stress_bad_right_lacks(st));
	if (st->weight_sum)
		return 0;
	return fail_set(f, EOPNOTSUPP, "none of what mix %s does between two looks can be done here", st->p->mix.name);
}

/* A device that cannot copy shows nothing: the rest of the run goes on without it, and says so. */
static int stress_dma_setup(struct stress *st, struct fail *f)
{
	struct fail why = {0};
	int err = session_dma_start(st->s, &why);

	if (err == -ENODEV && !session_dev(st->s)) {
		snprintf(st->dma_why, sizeof(st->dma_why), "%.159s", why.text);
		return 0;
	}
	if (err) {
		snprintf(st->dma_why, sizeof(st->dma_why), "%.159s", why.text);
		*f = why;
		return err;
	}
	st->has_dma = dev_both_ways(dev_limits(session_dev(st->s)));
	if (!st->has_dma)
		snprintf(st->dma_why, sizeof(st->dma_why), "the device does not write what it read before");
	return 0;
}

static int stress_named(const struct ledger_entry *e, void *arg)
{
	(void)arg;
	return e->named;
}

static void stress_hugetlb(struct stress *st)
{
	struct iommu_mem mem;

	/* asked once: without reserved pages there are none */
	st->has_hugetlb = !iommu_mem_alloc(st->space[0], MiB(2), IOMMU_MEM_HUGETLB_2M, &mem, NULL);
	if (st->has_hugetlb)
		iommu_mem_free(st->space[0], &mem);
}

static int stress_thread_setup(struct stress *st, unsigned int i, struct fail *f)
{
	struct model_params params = {
		.caps = st->caps, .personality = st->personality, .refuses = session_is_simulated(st->s)};
	struct stress_thread *t = &st->threads[i];
	int err = 0;

	t->st = st;
	t->index = i;
	t->ops = calloc(st->ops_room, sizeof(*t->ops));
	if (!t->ops)
		return fail_set(f, ENOMEM, "cannot allocate the ops of %u threads", st->nr_threads);
	for (unsigned int k = 0; k < st->nr_spaces && !err; k++) {
		params.spare = k; /* no device is there */
		err = model_new(&t->model[k], &params);
	}
	if (err)
		return fail_set(f, err, "cannot allocate a model");
	err = iommu_mem_alloc_guarded(st->space[0], STRESS_SCRATCH * st->granule, IOMMU_MEM_ANON, &t->scratch, f);
	return err ? err : iommu_mem_alloc(st->space[0], STRESS_CELL * st->granule, IOMMU_MEM_ANON, &t->shared_mem, f);
}

static int stress_pins_setup(struct stress *st, struct fail *f)
{
	uint64_t each = strcmp(st->p->mix.name, "churn") && strcmp(st->p->mix.name, "edges") ? MiB(64) : MiB(8);
	int err = 0;

	if (!st->hardware)
		return 0;
	err = session_pin_setup(st->s, MAX(STRESS_SIZE_MAX, st->granule),
				st->nr_threads * STRESS_MEMS + SESSION_CANARY_PAGES, f);
	return err ? err : self_memlock_raise(each * st->nr_threads, f);
}

static int stress_setup(struct stress *st, struct fail *f)
{
	uint64_t sizes;
	int err = stress_dma_setup(st, f);

	if (err)
		return err;
	/* the apertures may be others once the device runs */
	st->space[0] = session_iommu(st->s);
	st->nr_spaces = 1;
	st->caps = iommu_caps(st->space[0]);
	st->personality = iommu_personality(st->space[0]);
	sizes = st->caps->page_sizes;
	st->granule = MAX(sizes & -sizes, UINT64_C(4096));
	st->hardware = !st->caps->no_hardware;
	st->beyond = st->p->beyond || session_is_simulated(st->s);
	st->others = ledger_each(iommu_ledger(st->space[0]), stress_named, NULL);
	st->nr_threads = st->p->threads;
	st->ops_room = (unsigned int)stress_episode_room(st->p);
	stress_hugetlb(st);
	err = stress_pins_setup(st, f);
	if (!err)
		err = stress_spaces_open(st, f);
	if (!err)
		err = stress_pool_open(st, f);
	if (!err)
		err = stress_weigh(st, f);
	st->threads = calloc(st->nr_threads, sizeof(*st->threads));
	if (!err && !st->threads)
		err = fail_set(f, ENOMEM, "cannot allocate %u threads", st->nr_threads);
	for (unsigned int i = 0; i < st->nr_threads && !err; i++)
		err = stress_thread_setup(st, i, f);
	if (!err && st->p->log_path)
		err = report_log_open(&st->log, st->p->log_path, f);
	if (!err && session_pin_excess(st->s, &st->pins_excess))
		st->pins_excess = 0;
	if (!err)
		stress_pins_begin(st);
	return err;
}

static void stress_thread_free(struct stress *st, struct stress_thread *t)
{
	if (!t->st)
		return;
	stress_mem_free_all(t);
	iommu_mem_free(st->space[0], &t->scratch);
	iommu_mem_free(st->space[0], &t->shared_mem);
	for (unsigned int k = 0; k <= STRESS_SPACES; k++)
		model_free(t->model[k]);
	free(t->ops);
}

static int stress_teardown(struct stress *st, int err, struct fail *f)
{
	int log_err;

	for (unsigned int i = 0; st->threads && i < st->nr_threads; i++) {
		stress_flight_free(&st->threads[i]);
		/* what a device may still write to stays until the process ends */
		if (session_is_quiet(st->s))
			stress_thread_free(st, &st->threads[i]);
	}
	session_keep_free(st->s, NULL, 0);
	if (st->space[0]) {
		stress_pool_close(st);
		stress_spaces_close(st);
	}
	log_err = report_log_close(st->log);
	if (log_err && !err)
		err = fail_set(f, log_err, "cannot write the log %s", st->p->log_path);
	free(st->threads);
	pthread_mutex_destroy(&st->lock);
	return err;
}

static bool stress_more(const struct stress *st)
{
	if (session_signal || atomic_load(&st->over) || session_is_forbidden(st->s))
		return false;
	if (st->res->mismatches_total && !st->p->keep_going)
		return false;
	return !st->until_ns || clock_ns() < st->until_ns;
}

/*
 * With --ops the episodes are the first ones that have so many ops between them, and a shard does its part of those: all shards
 * together do what one run would.
 */
static int stress_episodes(struct stress *st, struct fail *f)
{
	const struct stress_params *p = st->p;
	uint64_t before = 0, last = 0, length;
	int err = 0;

	if (p->episode_given) {
		length = stress_episode_length(st, p->episode);
		return stress_episode_run(st, p->episode, p->ops ? MIN(p->ops, length) : length, f);
	}
	for (uint64_t e = 0; !err && stress_more(st) && (!p->episodes || e < p->episodes); e++) {
		length = stress_episode_length(st, e);
		if (p->ops && before >= p->ops)
			break;
		if (p->ops)
			length = MIN(length, p->ops - before);
		before += length;
		if (e % p->shards == p->shard - 1)
			err = stress_episode_run(st, e, length, f);
		last = e;
	}
	if (!err && !st->res->episodes && stress_more(st))
		return fail_set(f, EOPNOTSUPP, "shard %u of %u has no episode: there are %" PRIu64 " in all", p->shard,
				p->shards, last + 1);
	return err;
}

static int stress_go(struct stress *st, struct fail *f)
{
	uint64_t start = clock_ns();
	unsigned int started = 1;
	int err = 0;

	st->until_ns = st->p->time_ns ? start + st->p->time_ns : 0;
	/* nobody comes to the barrier before it is known how many will */
	pthread_mutex_lock(&st->lock);
	for (; started < st->nr_threads && !err; started += !err)
		err = pthread_create(&st->threads[started].thread, NULL, stress_thread_main, &st->threads[started]);
	pthread_barrier_init(&st->barrier, NULL, started);
	pthread_mutex_unlock(&st->lock);
	if (err) {
		fail_set(f, err, "cannot start thread %u", started);
		err = -err;
	} else {
		progress_start(&st->progress, "stress", "ops", st->p->shards == 1 ? st->p->ops : 0, st->until_ns);
		err = stress_episodes(st, f);
		progress_end(&st->progress);
	}
	stress_threads_end(st);
	for (unsigned int i = 1; i < started; i++)
		pthread_join(st->threads[i].thread, NULL);
	pthread_barrier_destroy(&st->barrier);
	st->res->elapsed_ns = clock_ns() - start;
	return err;
}

/* The canary's verdict is a failure of the run, not an error of the tool. */
static int stress_verdict_of(struct stress *st, int err, const struct fail *f)
{
	struct stress_result *res = st->res;
	struct failure bad = {.class = FAILURE_UNTRANSLATED};
	struct stress_mismatch *m = &res->mismatches[MIN(res->nr_mismatches, STRESS_MISMATCHES_KEPT - 1)];

	if (err != -EREMOTEIO)
		return err;
	/* an op whose DMA showed it has told of it */
	if (res->failures.count[FAILURE_UNTRANSLATED])
		return 0;
	snprintf(bad.text, sizeof(bad.text), "%.190s", f->text);
	failures_add(&res->failures, &bad);
	*m = (struct stress_mismatch){.episode = st->episode, .op = {.n = STRESS_QUIET_N, .kind = STRESS_CHECK}};
	snprintf(m->expected, sizeof(m->expected), "the canary to stay as it is");
	snprintf(m->got, sizeof(m->got), "%.159s", f->text);
	snprintf(m->op.text, sizeof(m->op.text), "%.159s", f->text);
	res->nr_mismatches = MIN(res->nr_mismatches + 1, STRESS_MISMATCHES_KEPT);
	res->mismatches_total++;
	return 0;
}

int stress_run(struct session *s, const struct stress_params *p, struct stress_result *out, struct fail *f)
{
	struct stress st = {.s = s, .p = p, .res = out};
	int err;

	memset(out, 0, sizeof(*out));
	failures_init(&out->failures);
	err = session_at_home(s, f);
	if (err)
		return err;
	pthread_mutex_init(&st.lock, NULL);
	err = stress_setup(&st, f);
	if (!err)
		err = stress_go(&st, f);
	out->has_dma = st.has_dma;
	snprintf(out->dma_why, sizeof(out->dma_why), "%s", st.dma_why);
	return stress_teardown(&st, stress_verdict_of(&st, err, f), f);
}

void stress_result_free(struct stress_result *res)
{
	free(res->trace.ops);
	res->trace.ops = NULL;
	res->trace.nr = 0;
}
