/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of compare: what fits the session, the threads that turn the loop, and the looks at the machine in between. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/compare/priv.h"
#include "host/self.h"
#include "iommu/ledger.h"

#define FAULT_SETTLE_NS 50000000ull /* the VT-d and AMD drivers log from an interrupt thread */
#define FAULT_DUE_NS \
	1000000000ull /* which may have to wait for a processor: only that nothing is logged takes so long */
#define COMPARE_FAULTS_NS 20000000 /* one look, whatever is being logged */

/* More than the machine has would end with the kernel killing processes, perhaps not ours. */
static int compare_check_memory(const struct compare_params *p, struct fail *f)
{
	uint64_t have = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE), need;

	uint64_t buffers = ((uint64_t)graves_per_thread(p) + 1 + (p->threads > 1 ? COMPARE_PARCELS : 0)) * p->threads;

	if (num_mul(2 * p->size_max, buffers, &need) && need <= have)
		return 0;
	fail_set(f, ENOMEM, "%" PRIu64 " buffers of 0x%" PRIx64 " bytes are more than this machine's memory", buffers,
		 2 * p->size_max);
	fail_hint(f, "use a smaller --size, --graveyard or --threads");
	return -ENOMEM;
}

static int compare_is_buffer(const struct ledger_entry *entry, void *arg)
{
	if (entry->named)
		*(struct ledger_entry *)arg = *entry;
	return entry->named;
}

/* What a script or a session has mapped is not ours to take away. */
static int compare_check_unmap_all(const struct compare *c, struct fail *f)
{
	struct ledger_entry entry;

	if (c->p->unmap != COMPARE_UNMAP_ALL ||
	    !ledger_each(iommu_ledger(session_iommu(c->s)), compare_is_buffer, &entry))
		return 0;
	return fail_usage(f, EBUSY, "--unmap all would take %s too, which is mapped at 0x%" PRIx64, entry.tag,
			  entry.range.start);
}

static int compare_check(struct compare *c, struct fail *f)
{
	const struct compare_params *p = c->p;
	const struct iommu_caps *caps = iommu_caps(session_iommu(c->s));
	int err;

	if (p->iova_mode == COMPARE_KERNEL && !caps->kernel_iova)
		return fail_set(f, EOPNOTSUPP, "backend %s cannot choose an iova itself", session_backend_name(c->s));
	if (p->iova_mode == COMPARE_KERNEL && p->granule != COMPARE_MAP_WHOLE)
		return fail_usage(f, EINVAL, "--iova kernel needs --map-granule whole: each piece would go elsewhere");
	if (p->threads > 1 && p->iova_mode == COMPARE_ADVERSARIAL)
		return fail_usage(f, EINVAL, "--iova adversarial runs in one thread: its cases overlap");
	if (p->threads > 1 && p->unmap == COMPARE_UNMAP_ALL)
		return fail_usage(f, EINVAL, "--unmap all runs in one thread: it takes every mapping");
	if ((p->probe_unmapped || p->readonly) && p->threads > COMPARE_PROBE_THREADS)
		return fail_usage(f, EINVAL, "--probe-unmapped and --readonly run in at most %u threads",
				  COMPARE_PROBE_THREADS);
	if (p->unmap == COMPARE_UNMAP_PAGE && p->granule != COMPARE_MAP_PAGE)
		return fail_usage(f, EINVAL, "--unmap page needs --map-granule page: a mapping cannot be bisected");
	err = compare_check_unmap_all(c, f);
	if (!err)
		err = compare_ranges(c, f);
	if (!err)
		err = compare_payloads(c, f);
	if (!err && p->iova_mode == COMPARE_KERNEL)
		err = session_allow_choice(c->s, session_iommu(c->s), f);
	return err ? err : compare_check_memory(p, f);
}

/* A failure that no single loop owns; the last loop's mapping serves to repeat it. */
static struct failure compare_late_failure(const struct compare *c, enum failure_class class)
{
	const struct compare_thread *t = c->threads;

	return (struct failure){.class = class,
				.loop = t ? t->loops : 0,
				.has_map = t && t->loops,
				.map_iova = t ? t->last_iova : 0,
				.map_size = t ? t->last_size : 0,
				.payload = t ? t->last_payload : 0};
}

static void compare_collect_faults(struct compare *c)
{
	uint64_t until = clock_ns() + COMPARE_FAULTS_NS;
	struct dma_fault batch[64];
	unsigned int n = 0, lost = 0;
	bool seen;

	do {
		/* a log that cannot be read any more shows nothing: that is not the same as no fault */
		if (session_faults(c->s, batch, ARRAY_SIZE(batch), &n, &seen, &lost)) {
			c->res->faults_seen = false;
			break;
		}
		c->res->faults_seen = seen;
		c->res->faults_lost += lost;
		for (unsigned int i = 0; i < n; i++)
			compare_fault_judge(c, &batch[i]);
		/* the rest of a flood waits for the next look, or is counted as lost */
	} while (n == ARRAY_SIZE(batch) && clock_ns() < until);
}

static void compare_check_pins(struct compare *c)
{
	struct failure bad = compare_late_failure(c, FAILURE_PIN_LEAK);
	int64_t excess = 0;

	/* freeing may be deferred for a moment: only a level that stays is told */
	for (unsigned int try = 0; try < 5; try++) {
		if (session_pin_excess(c->s, &excess) || !excess)
			return;
		clock_sleep_ns(10000000, NULL);
	}
	bad.length = (uint64_t)llabs(excess) * 4096;
	snprintf(bad.text, sizeof(bad.text), "%" PRId64 " pages are pinned %s what is mapped explains",
		 (int64_t)llabs(excess), excess > 0 ? "beyond" : "short of");
	failures_add(&c->res->failures, &bad);
}

static void compare_check_kernel(struct compare *c)
{
	const char *complaint = session_kernel_complaint(c->s);
	struct failure bad = compare_late_failure(c, FAILURE_KERNEL);

	if (!complaint[0] || c->res->failures.count[FAILURE_KERNEL])
		return;
	snprintf(bad.text, sizeof(bad.text), "the kernel complained during the run: %.150s", complaint);
	failures_add(&c->res->failures, &bad);
}

/* Asking the clock costs a system call where the kernel trusts no fast one: every few milliseconds is enough. */
static void compare_clock(struct compare_thread *t)
{
	uint64_t before = t->clock_ns;

	t->clock_ns = clock_ns();
	if (before && t->clock_ns - before > 4000000)
		t->clock_step = MAX(t->clock_step / 4, (uint64_t)1);
	else if (before && t->clock_ns - before < 1000000)
		t->clock_step *= 2;
	t->clock_at = t->loops + t->clock_step;
}

/* Probes fault three times a loop, and the simulation remembers 256 faults. */
static uint64_t compare_look_every(const struct compare_params *p)
{
	return p->probe_unmapped || p->readonly ? MAX(64 / p->threads, 1u) : COMPARE_LOOK_EVERY;
}

int compare_look(struct compare_thread *t, struct fail *f)
{
	struct compare *c = t->c;
	int err = 0;

	if (t->loops % compare_look_every(c->p) == 0) {
		compare_collect_faults(c);
		compare_check_kernel(c);
		if (c->p->threads == 1)
			compare_check_pins(c);
		if (failures_total(&c->res->failures) && !c->p->keep_going)
			c->stop = true;
	}
	/* every 1,000 loops of the run, whichever thread did them */
	if (t->loops % MAX(SESSION_CANARY_EVERY / c->p->threads, 1u) == 0) {
		pthread_mutex_lock(&c->lock);
		compare_count_canary(c);
		err = session_canary(c->s, f);
		pthread_mutex_unlock(&c->lock);
	}
	if (t->loops >= t->progress_at) {
		progress_update(&c->progress, t->loops * c->p->threads, t->bytes * c->p->threads);
		t->progress_at = t->loops + t->clock_step;
	}
	return err;
}

bool compare_more(struct compare_thread *t, uint64_t n)
{
	const struct compare *c = t->c;

	if (c->stop || session_signal)
		return false;
	if (c->p->loops && n >= c->p->loops)
		return false;
	if (t->loops >= t->clock_at)
		compare_clock(t);
	return !c->until_ns || t->clock_ns < c->until_ns;
}

static void *compare_thread_main(void *arg)
{
	struct compare_thread *t = arg;
	struct compare *c = t->c;
	int err = 0;

	if (c->p->threads > 1) {
		compare_pipe_main(t);
		return NULL;
	}
	for (uint64_t n = t->index; compare_more(t, n) && err >= 0; n += c->p->threads) {
		err = compare_one(t, n, &t->fail);
		if (err >= 0 && t->index == 0)
			err = compare_look(t, &t->fail);
	}
	if (err >= 0)
		err = compare_last(t, &t->fail);
	t->err = err < 0 ? err : 0;
	if (t->err)
		c->stop = true;
	return NULL;
}

/* The canary's verdict is a failure of the run, not an error of the tool. */
static int compare_verdict_of(struct compare *c, int err, const struct fail *f)
{
	struct failure bad = compare_late_failure(c, FAILURE_UNTRANSLATED);

	if (err != -EREMOTEIO)
		return err;
	c->res->untranslated = true;
	snprintf(bad.text, sizeof(bad.text), "%.190s", f->text);
	failures_add(&c->res->failures, &bad);
	return 0;
}

/* 1 to all of them, and with several a verifier for each; all have ended when it returns. */
static int compare_threads_do(struct compare *c, struct fail *f)
{
	unsigned int n = c->p->threads, started = 1, pipes = 0;
	int err = 0;

	while (n > 1 && pipes < n && !err) {
		err = compare_pipe_start(&c->threads[pipes], f);
		pipes += !err;
	}
	for (; started < n && !err; started++) {
		err = pthread_create(&c->threads[started].thread, NULL, compare_thread_main, &c->threads[started]);
		if (err) {
			fail_set(f, err, "cannot start thread %u", started);
			c->stop = true;
			break;
		}
	}
	if (!err)
		compare_thread_main(&c->threads[0]);
	for (unsigned int i = 1; i < started; i++)
		pthread_join(c->threads[i].thread, NULL);
	for (unsigned int i = 0; i < pipes; i++)
		compare_pipe_end(&c->threads[i]);
	return err;
}

static int compare_threads_run(struct compare *c, struct fail *f)
{
	int err = compare_threads_do(c, f);

	for (unsigned int i = 0; i < c->p->threads; i++) {
		c->res->loops += c->threads[i].loops;
		c->res->bytes += c->threads[i].bytes;
		/* once DMA is forbidden every other thread ends with an error that only follows from that */
		if (!err && c->threads[i].err && !c->res->untranslated) {
			err = compare_verdict_of(c, c->threads[i].err, &c->threads[i].fail);
			*f = c->threads[i].fail;
		}
	}
	if (err && session_is_forbidden(c->s) && !c->res->untranslated)
		err = session_canary(c->s, f); /* the reason, not what followed from it */
	return err < 0 ? err : -err;
}

static int compare_setup(struct compare *c, struct fail *f)
{
	unsigned int n = c->p->threads;
	int err;

	c->threads = calloc(n, sizeof(*c->threads));
	if (!c->threads)
		return fail_set(f, ENOMEM, "cannot allocate %u threads", n);
	if (c->p->iova_mode == COMPARE_ADVERSARIAL) {
		err = compare_cases_build(c, f);
		if (err)
			return err;
	}
	err = session_pin_setup(c->s, slab_largest(c), slabs_per_thread(c->p) * n + 2 * COMPARE_PROBE_THREADS, f);
	if (err)
		return err;
	/* told before the first loop, with the whole number; adversarial cases differ too much in size to say one */
	if (!session_is_simulated(c->s) && c->p->iova_mode != COMPARE_ADVERSARIAL)
		err = self_memlock_raise(slab_locked_most(c), f);
	if (err)
		return err;
	err = compare_probe_setup(c, f);
	if (err)
		return err;
	for (unsigned int i = 0; i < n && !err; i++) {
		c->threads[i].c = c;
		c->threads[i].index = i;
		space_part(session_space(c->s), i, n, &c->threads[i].space);
		c->threads[i].clock_step = 1;
		err = slabs_new(&c->threads[i], f);
		if (!err)
			err = graveyard_new(&c->threads[i], f);
	}
	if (!err && c->p->log_path)
		err = report_log_open(&c->log, c->p->log_path, f);
	return err;
}

/* Until the process ends: what devices that would not stop may still write to. */
static struct compare_thread *compare_kept;

static void compare_free_threads(struct compare *c, bool quiet)
{
	if (!c->threads)
		return;
	for (unsigned int i = 0; i < c->p->threads && quiet; i++) {
		graveyard_free(&c->threads[i]);
		slabs_free(&c->threads[i]);
	}
	if (quiet) {
		free(c->threads);
		return;
	}
	c->threads->kept = compare_kept;
	compare_kept = c->threads;
}

/* A device that would not stop keeps everything mapped: then nothing of this is undone before exit. */
static int compare_teardown(struct compare *c, int err, struct fail *f)
{
	bool quiet = session_is_quiet(c->s);
	int log_err;

	compare_free_threads(c, quiet);
	if (quiet && !session_is_forbidden(c->s) && c->res->loops && !session_is_simulated(c->s))
		pins_judge(c);
	if (quiet)
		compare_probe_free(c);
	session_keep_free(c->s, NULL, 0);
	log_err = report_log_close(c->log);
	if (log_err && !err)
		err = fail_set(f, log_err, "cannot write the log %s", c->p->log_path);
	free(c->cases);
	compare_reference_free(c);
	pthread_mutex_destroy(&c->lock);
	return err;
}

/* The first fault of probes is waited for; whether more come, nobody can know. */
static void compare_settle_faults(struct compare *c)
{
	const struct compare_result *res = c->res;
	uint64_t until = clock_ns() + FAULT_DUE_NS;

	if (session_is_simulated(c->s))
		return;
	do {
		clock_sleep_ns(FAULT_SETTLE_NS, NULL);
		compare_collect_faults(c);
	} while (res->faults_seen && res->unmapped_probes + res->readonly_probes && !res->nr_faults &&
		 !res->faults_lost && !session_signal && clock_ns() < until);
}

static void compare_last_look(struct compare *c)
{
	compare_settle_faults(c);
	compare_collect_faults(c);
	if (session_faults_behind(c->s)) {
		session_faults_skip(c->s);
		compare_collect_faults(c);
	}
	compare_check_kernel(c);
	if (!c->res->failures.count[FAILURE_PIN_LEAK])
		compare_check_pins(c);
}

static int compare_go(struct compare *c, struct fail *f)
{
	uint64_t start;
	int err = compare_check(c, f);

	if (err)
		return err;
	err = compare_verdict_of(c, session_dma_start(c->s, f), f);
	compare_count_canary(c);
	if (err || c->res->untranslated)
		return err;
	err = compare_payloads(c, f);
	if (!err)
		err = compare_reference(c, f);
	if (err || failures_total(&c->res->failures))
		return err;
	err = compare_setup(c, f);
	if (!err)
		err = compare_check_free(c, f);
	if (err)
		return err;
	if (!session_is_simulated(c->s))
		pins_before(&c->pins);
	start = clock_ns();
	c->until_ns = c->p->time_ns ? start + c->p->time_ns : 0;
	progress_start(&c->progress, c->p->label ? c->p->label : "compare", "loops", c->p->loops, c->until_ns);
	err = compare_threads_run(c, f);
	progress_end(&c->progress);
	c->res->elapsed_ns = clock_ns() - start;
	compare_last_look(c);
	compare_tell_unasked(c);
	compare_tell_unreached(c);
	compare_tell_unmap_all(c);
	compare_tell_unsteady(c);
	return err;
}

int compare_run(struct session *s, const struct compare_params *p, struct compare_result *out, struct fail *f)
{
	struct compare c = {.s = s, .p = p, .res = out};
	uint64_t checks = session_table_checks(s);
	int err;

	memset(out, 0, sizeof(*out));
	failures_init(&out->failures);
	err = session_at_home(s, f);
	if (err)
		return err;
	pthread_mutex_init(&c.lock, NULL);
	err = compare_teardown(&c, compare_go(&c, f), f);
	out->table_checks = session_table_checks(s) - checks;
	return err;
}
