/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a stress tells: the JSON keys of the contract, one check per question, and for people the ops before the first mismatch. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/stress/priv.h"
#include "core/stress/words.h"

#define REPORT_OPS_BEFORE 12

static double stress_per_second(uint64_t n, uint64_t ns)
{
	return ns ? (double)n * 1e9 / (double)ns : 0;
}

int stress_log_trace(struct stress *st, const struct stress_trace *trace, struct fail *f)
{
	char words[200];

	for (unsigned int i = 0; i < trace->nr; i++) {
		const struct stress_op *op = &trace->ops[i];
		struct report *r = report_log_begin(st->log);
		int err;

		report_num(r, "episode", trace->episode);
		report_num(r, "ticket", op->ticket);
		report_num(r, "thread", op->thread);
		report_num(r, "n", op->n);
		report_str(r, "kind", stress_kinds[op->kind].name);
		stress_op_words(words, sizeof(words), op);
		report_str(r, "op", words);
		report_num(r, "errno", (uint64_t)op->err);
		report_num(r, "bytes", op->bytes);
		if (op->mismatch)
			report_str(r, "mismatch", op->text);
		err = report_log_commit(st->log);
		if (err)
			return fail_set(f, err, "cannot write the log %s", st->p->log_path);
	}
	return 0;
}

static void report_kinds(struct report *r, const struct stress_result *res)
{
	report_object(r, "kinds");
	for (unsigned int k = 0; k < STRESS_KINDS; k++) {
		if (!res->per_kind[k])
			continue;
		report_object(r, stress_kinds[k].name);
		report_num(r, "ops", res->per_kind[k]);
		report_num(r, "refused", res->refused[k]);
		report_close(r);
	}
	report_close(r);
}

static void report_mismatches(struct report *r, const struct stress_result *res)
{
	char words[200];

	report_num(r, "mismatches_total", res->mismatches_total);
	report_list(r, "mismatches");
	for (unsigned int i = 0; i < res->nr_mismatches; i++) {
		const struct stress_mismatch *m = &res->mismatches[i];

		stress_op_words(words, sizeof(words), &m->op);
		report_object(r, NULL);
		report_str(r, "op", words);
		report_str(r, "expected", m->expected);
		report_str(r, "got", m->got);
		report_num(r, "episode", m->episode);
		report_num(r, "thread", m->op.thread);
		report_num(r, "n", m->op.n);
		report_str(r, "kind", stress_kinds[m->op.kind].name);
		report_close(r);
	}
	report_close(r);
}

static void report_skipped(struct report *r, const struct stress_result *res)
{
	report_list(r, "skipped");
	for (unsigned int i = 0; i < res->nr_skipped; i++) {
		report_object(r, NULL);
		report_str(r, "what", res->skipped[i].what);
		report_str(r, "why", res->skipped[i].why);
		report_close(r);
	}
	report_close(r);
}

static void report_run(struct report *r, const struct session *s, const struct stress_params *p,
		       const struct stress_result *res)
{
	static const char *const hidden[] = {"backend",	   "device",	"driver", "personality",  "mix",
					     "threads",	   "shard",	"ops",	  "episodes",	  "checks",
					     "bytes",	   "elapsed_s", "rates",  "kinds",	  "mismatches_total",
					     "mismatches", "skipped",	"canary", "buffers_kept", "dma"};

	report_str(r, "backend", session_backend_name(s));
	report_str(r, "device", session_device_name(s));
	report_str(r, "driver", session_driver_name(s));
	report_str(r, "personality", iommu_personality_name(iommu_personality(session_iommu(s))));
	report_str(r, "mix", p->mix.name);
	report_num(r, "threads", p->threads);
	report_object(r, "shard");
	report_num(r, "index", p->shard);
	report_num(r, "of", p->shards);
	report_close(r);
	report_num(r, "ops", res->ops);
	report_num(r, "episodes", res->episodes);
	report_num(r, "checks", res->checks);
	report_num(r, "bytes", res->dma_bytes);
	report_real(r, "elapsed_s", (double)res->elapsed_ns / 1e9);
	report_object(r, "rates");
	report_real(r, "ops_per_s", stress_per_second(res->ops, res->elapsed_ns));
	report_close(r);
	report_str(r, "dma", res->has_dma ? "done" : res->dma_why);
	report_str(r, "canary", session_canary_passed(s) ? "passed" : session_canary_why(s));
	report_bool(r, "buffers_kept", !session_is_quiet(s));
	report_kinds(r, res);
	report_mismatches(r, res);
	report_skipped(r, res);
	for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
		report_text_hide(r, hidden[i]);
}

/* Has it to do with what the mismatch is about: the same slot, or a byte of the same range? */
static bool report_is_related(const struct stress_op *op, const struct stress_op *bad)
{
	struct iova_range a = {op->iova, op->iova + (op->size - 1)}, b = {bad->iova, bad->iova + (bad->size - 1)};

	if (op->kind == STRESS_UNMAP_ALL || op->kind == STRESS_REPLACE || op->kind == STRESS_RESET)
		return true;
	if (op->size && bad->size && a.last >= a.start && b.last >= b.start && iova_range_overlaps(a, b))
		return true;
	return op->thread == bad->thread && op->slot == bad->slot && op->kind != STRESS_COLLIDE &&
	       op->kind != STRESS_UNMAP_RANGE && op->kind != STRESS_BAD_MAP && op->kind != STRESS_BAD_UNMAP;
}

static void report_before(struct report *r, const struct stress_result *res)
{
	const struct stress_op *bad = &res->mismatches[0].op;
	unsigned int at[REPORT_OPS_BEFORE], n = 0;
	char words[200];

	for (unsigned int i = res->trace.nr; i-- > 0 && n < REPORT_OPS_BEFORE;)
		if (res->trace.ops[i].ticket < bad->ticket && report_is_related(&res->trace.ops[i], bad))
			at[n++] = i;
	if (n)
		report_line(r, "what was done before to the same slot or range:");
	while (n--) {
		stress_op_words(words, sizeof(words), &res->trace.ops[at[n]]);
		report_line(r, "  %s", words);
	}
}

static void again_option(FILE *to, const char *option, const char *value)
{
	if (value)
		fprintf(to, "%s %s ", option, value);
}

/* All that choices depend on: what may be tried at all, and where. */
char *stress_again(const struct session *s, const struct stress_params *p, uint64_t episode)
{
	const struct session_params *sp = session_params(s);
	const char *backend = sp->backend ? sp->backend : session_backend_name(s);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	again_option(to, "--backend", backend);
	again_option(to, "--device", iommu_own_device(backend) ? NULL : session_device_name(s));
	again_option(to, "--driver", sp->driver);
	again_option(to, "--vf-token", sp->vf_token);
	fprintf(to, "%s%s%s", sp->allow_crash ? "--allow-crash " : "", sp->allow_p2p ? "--allow-p2p " : "",
		sp->canary == CANARY_OFF ? "--canary off " : "");
	fprintf(to, "--seed 0x%" PRIx64 " stress --mix %s --threads %u --episode %" PRIu64, sp->seed, p->mix_text,
		p->threads, episode);
	if (p->episode_ops)
		fprintf(to, " --episode-ops %" PRIu64, p->episode_ops);
	if (p->probe)
		fprintf(to, " --probe-unmapped");
	if (p->beyond)
		fprintf(to, " --beyond");
	if (!fclose(to))
		return text;
	free(text);
	return NULL;
}

static void report_first(struct report *r, const struct session *s, const struct stress_params *p,
			 const struct stress_result *res)
{
	const struct stress_mismatch *m = &res->mismatches[0];
	char words[200];
	char *again;

	stress_op_words(words, sizeof(words), &m->op);
	report_line(r, "first mismatch, in episode %" PRIu64 ": %s", m->episode, words);
	report_line(r, "  expected: %s", m->expected);
	report_line(r, "  got:      %s", m->got);
	if (res->mismatches_total > 1)
		report_line(r, "  and %" PRIu64 " more", res->mismatches_total - 1);
	report_before(r, res);
	again = stress_again(s, p, m->episode);
	if (again)
		report_line(r, "again: iommuctl %s", again);
	free(again);
}

static void report_headline(struct report *r, const struct session *s, const struct stress_params *p,
			    const struct stress_result *res)
{
	char bytes[32], took[32];

	num_format_human(bytes, sizeof(bytes), (double)res->dma_bytes);
	num_format_duration(took, sizeof(took), res->elapsed_ns);
	report_line(r, "%s, device %s, driver %s, mix %s, %u threads", session_backend_name(s), session_device_name(s),
		    session_driver_name(s), p->mix.name, p->threads);
	report_line(r, "%" PRIu64 " ops in %" PRIu64 " episodes, %s by DMA in %s, %.0f ops/s", res->ops, res->episodes,
		    bytes, took, stress_per_second(res->ops, res->elapsed_ns));
	if (!res->has_dma)
		report_line(r, "no DMA was done: %s", res->dma_why);
	for (unsigned int i = 0; i < res->nr_skipped; i++)
		report_line(r, "skipped: %s (%s)", res->skipped[i].what, res->skipped[i].why);
	if (res->nr_mismatches)
		report_first(r, s, p, res);
}

/* One check for each thing that was looked at; what nobody looked at is a skip with its reason. */
static const struct failure_question stress_questions[] = {
	{"data arrives where it belongs",
	 {FAILURE_STALE_READ, FAILURE_MISPLACED, FAILURE_UNWRITTEN, FAILURE_TORN, FAILURE_FOREIGN},
	 5},
	{"old pages stay untouched", {FAILURE_STALE_WRITE}, 1},
	{"the IOMMU translates", {FAILURE_UNTRANSLATED}, 1},
	{"what must not be reached is not", {FAILURE_UNMAPPED_ACCESS, FAILURE_READONLY_WRITE}, 2},
	{"unmap reports what was mapped", {FAILURE_SHORT_UNMAP}, 1},
	{"legal maps are accepted", {FAILURE_MAP_REFUSED}, 1},
	{"illegal maps are refused", {FAILURE_OVERLAP_ACCEPTED, FAILURE_RESERVED_ACCEPTED}, 2},
	{"pins are what is mapped", {FAILURE_PIN_LEAK}, 1},
	{"no fault where none was due", {FAILURE_DMA_ERROR}, 1},
	{"the page table holds what is mapped, no more", {FAILURE_PAGE_TABLE}, 1},
	{"the kernel does not complain", {FAILURE_KERNEL}, 1},
};

/* Of the kinds whose bits are set, how many were done and not refused. */
static uint64_t question_done(const struct stress_result *res, uint64_t kinds)
{
	uint64_t n = 0;

	for (unsigned int k = 0; k < STRESS_KINDS; k++)
		if (kinds & UINT64_C(1) << k)
			n += res->per_kind[k] - MIN(res->refused[k], res->per_kind[k]);
	return n;
}

static const uint64_t question_maps =
	UINT64_C(1) << STRESS_MAP | UINT64_C(1) << STRESS_MAP_FILE | UINT64_C(1) << STRESS_REMAP;
static const uint64_t question_unmaps = UINT64_C(1) << STRESS_UNMAP | UINT64_C(1) << STRESS_UNMAP_RANGE |
					UINT64_C(1) << STRESS_UNMAP_ALL | UINT64_C(1) << STRESS_REMAP |
					UINT64_C(1) << STRESS_FLIGHT | UINT64_C(1) << STRESS_DIRTY_UNMAP;

/* Contents, and where memory lies, are between the tool and its own memory: of these the IOMMU hears nothing. */
static const uint64_t question_silent = UINT64_C(1) << STRESS_FILL | UINT64_C(1) << STRESS_CHECK |
					UINT64_C(1) << STRESS_RELEASE | UINT64_C(1) << STRESS_MOVE |
					UINT64_C(1) << STRESS_FORK;

/* NULL: of what the mix is about something was asked. Maps that stand in for what could not be drawn are none of it. */
static const char *question_nothing(const struct stress_params *p, const struct stress_result *res)
{
	uint64_t n = 0;

	if (!res->ops)
		return "no op was done";
	for (unsigned int k = 0; k < STRESS_KINDS; k++)
		if (p->mix.weight[k] && !(question_silent & UINT64_C(1) << k))
			n += res->per_kind[k];
	return n ? NULL : "nothing that the mix has was asked of the IOMMU";
}

/* What a device could do says nothing of what it did. */
static const char *question_no_dma(const struct stress_result *res)
{
	return res->dma_bytes ? NULL : "no DMA was done";
}

/* NULL: it was looked at. */
static const char *question_unseen(const struct failure_question *q, const struct session *s,
				   const struct stress_result *res)
{
	int64_t pages;

	switch (q->classes[0]) {
	case FAILURE_STALE_READ:
	case FAILURE_STALE_WRITE:
		return question_no_dma(res);
	case FAILURE_UNTRANSLATED:
		if (session_canary_passed(s))
			return NULL;
		return session_canary_why(s)[0] ? session_canary_why(s) : "the device was not started";
	case FAILURE_UNMAPPED_ACCESS:
		return res->per_kind[STRESS_DMA_DENIED] ? NULL : "no access was tried where none may be";
	case FAILURE_OVERLAP_ACCEPTED:
		return res->per_kind[STRESS_BAD_MAP] ? NULL : "none was tried";
	case FAILURE_SHORT_UNMAP:
		return question_done(res, question_unmaps) ? NULL : "nothing was unmapped";
	case FAILURE_MAP_REFUSED:
		return question_done(res, question_maps) ? NULL : "nothing was mapped";
	case FAILURE_PIN_LEAK:
		return session_pin_excess((struct session *)s, &pages) ? "nobody counts pinned pages here" : NULL;
	case FAILURE_DMA_ERROR:
		return question_no_dma(res);
	case FAILURE_PAGE_TABLE:
		return session_table_checks(s) ? NULL : "the backend does not tell what it holds";
	case FAILURE_KERNEL:
		return session_is_simulated(s)	   ? "simulated: no kernel is asked"
		       : session_kernel_watched(s) ? NULL
						   : "neither its log nor a new taint could be seen";
	default:
		return NULL;
	}
}

void stress_report(struct report *r, const struct session *s, const struct stress_params *p, struct stress_result *res)
{
	const char *nothing = question_nothing(p, res), *unseen;

	report_run(r, s, p, res);
	failures_report(r, &res->failures);
	report_headline(r, s, p, res);
	if (nothing && !res->mismatches_total)
		report_check(r, "every answer is the model's", RESULT_SKIP, nothing);
	else
		report_check(r, "every answer is the model's", res->mismatches_total ? RESULT_FAIL : RESULT_PASS,
			     res->mismatches_total ? res->mismatches[0].op.text : NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(stress_questions); i++) {
		unseen = nothing ? nothing : question_unseen(&stress_questions[i], s, res);
		failures_check(r, &res->failures, &stress_questions[i], unseen);
	}
}
