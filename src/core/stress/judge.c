/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers held against what the model says is due, and how a mismatch is noted down. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/priv.h"

static const char *judge_errno(int err)
{
	const char *name = err ? strerrorname_np(err) : "success";

	return name ? name : "an unknown error";
}

/* What kind of a failure a wrong answer is; FAILURE_CLASSES: none that has a name. Only maps are due an EEXIST, or told one. */
static enum failure_class judge_class(const struct stress_op *op, const struct model_answer *due, int err)
{
	bool bad_map = op->kind == STRESS_BAD_MAP;

	if (!err && !due->errs[0])
		return FAILURE_SHORT_UNMAP;
	if (!err && due->errs[0] == EEXIST)
		return FAILURE_OVERLAP_ACCEPTED;
	if (!err && bad_map && (due->errs[0] == EINVAL || due->errs[0] == EOVERFLOW || due->errs[0] == EADDRINUSE))
		return FAILURE_RESERVED_ACCEPTED;
	if ((err == EEXIST || err == EADDRINUSE) && !due->errs[0])
		return FAILURE_MAP_REFUSED;
	return FAILURE_CLASSES;
}

static void judge_expected(char *to, size_t len, const struct model_answer *due)
{
	size_t at = 0;

	for (unsigned int i = 0; i < due->nr && at < len; i++)
		at += (size_t)snprintf(to + at, len - at, "%s%s", i ? " or " : "", judge_errno(due->errs[i]));
	if (at < len && model_allows(due, 0) && due->bytes && !due->bytes_any)
		snprintf(to + at, len - at, " with 0x%" PRIx64 " bytes", due->bytes);
}

bool stress_judge(struct stress_thread *t, struct stress_op *op, const struct model_answer *due, int err,
		  uint64_t bytes)
{
	char expected[96];

	err = err < 0 ? -err : err;
	op->err = err;
	op->bytes = bytes;
	op->due = due->errs[0];
	op->due_bytes = due->bytes;
	if (model_allows(due, err) && (err || due->bytes_any || bytes == due->bytes)) {
		t->refused[op->kind] += err != 0;
		return true;
	}
	judge_expected(expected, sizeof(expected), due);
	if (err)
		stress_mismatch(t, op, judge_class(op, due, err), expected, "%s", judge_errno(err));
	else
		stress_mismatch(t, op, judge_class(op, due, err), expected, "success with 0x%" PRIx64 " bytes", bytes);
	return false;
}

static void judge_note(struct stress_thread *t, struct stress_op *op, const struct failure *bad, const char *expected,
		       const char *got)
{
	struct stress *st = t->st;
	struct stress_result *res = st->res;

	snprintf(op->text, sizeof(op->text), "expected %.60s, got %.80s", expected, got);
	op->mismatch = true;
	t->broken = true;
	pthread_mutex_lock(&st->lock);
	res->mismatches_total++;
	if (res->nr_mismatches < STRESS_MISMATCHES_KEPT) {
		struct stress_mismatch *m = &res->mismatches[res->nr_mismatches++];

		m->episode = st->episode;
		m->op = *op;
		snprintf(m->expected, sizeof(m->expected), "%s", expected);
		snprintf(m->got, sizeof(m->got), "%s", got);
	}
	pthread_mutex_unlock(&st->lock);
	if (bad && bad->class < FAILURE_CLASSES)
		failures_add(&res->failures, bad);
	/* what came after would only follow from it */
	atomic_store_explicit(&st->stop, true, memory_order_relaxed);
}

void stress_mismatch(struct stress_thread *t, struct stress_op *op, enum failure_class class, const char *expected,
		     const char *fmt, ...)
{
	struct failure bad = {.class = class,
			      .thread = op->thread,
			      .loop = op->n,
			      .iova = op->iova,
			      .length = op->size,
			      .has_map = op->size,
			      .map_iova = op->iova,
			      .map_size = op->size};
	char got[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(got, sizeof(got), fmt, args);
	va_end(args);
	if (op->n >= STRESS_QUIET_N && op->kind == STRESS_CHECK)
		snprintf(bad.text, sizeof(bad.text), "between rounds: expected %.60s, got %.100s", expected, got);
	else
		snprintf(bad.text, sizeof(bad.text),
			 "%s of 0x%" PRIx64 " bytes at iova 0x%" PRIx64 ": expected %.50s, got %.70s",
			 stress_kinds[op->kind].name, op->size, op->iova, expected, got);
	judge_note(t, op, &bad, expected, got);
}

void stress_found(struct stress_thread *t, struct stress_op *op, const char *expected, const struct failure *bad)
{
	struct failure one = *bad;

	one.thread = op->thread;
	one.loop = op->n;
	one.has_map = op->size;
	one.map_iova = op->iova;
	one.map_size = op->size;
	judge_note(t, op, &one, expected, one.text);
}
