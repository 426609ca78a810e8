/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The failure classes by name, their collection, and how they are told. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/failure.h"

static const char *const failure_names[FAILURE_CLASSES] = {
	[FAILURE_STALE_READ] = "stale-read",
	[FAILURE_STALE_WRITE] = "stale-write",
	[FAILURE_MISPLACED] = "misplaced",
	[FAILURE_UNWRITTEN] = "unwritten",
	[FAILURE_TORN] = "torn",
	[FAILURE_FOREIGN] = "foreign",
	[FAILURE_UNTRANSLATED] = "untranslated",
	[FAILURE_UNMAPPED_ACCESS] = "unmapped-access",
	[FAILURE_READONLY_WRITE] = "readonly-write",
	[FAILURE_SHORT_UNMAP] = "short-unmap",
	[FAILURE_MAP_REFUSED] = "map-refused",
	[FAILURE_OVERLAP_ACCEPTED] = "overlap-accepted",
	[FAILURE_RESERVED_ACCEPTED] = "reserved-accepted",
	[FAILURE_PIN_LEAK] = "pin-leak",
	[FAILURE_DMA_ERROR] = "dma-error",
	[FAILURE_PAGE_TABLE] = "page-table",
	[FAILURE_KERNEL] = "kernel",
};

const char *failure_name(enum failure_class class)
{
	return failure_names[class];
}

void failures_init(struct failures *all)
{
	memset(all, 0, sizeof(*all));
	pthread_mutex_init(&all->lock, NULL);
}

void failures_add(struct failures *all, const struct failure *one)
{
	pthread_mutex_lock(&all->lock);
	all->count[one->class]++;
	all->total++;
	if (all->kept < FAILURES_KEPT)
		all->list[all->kept++] = *one;
	pthread_mutex_unlock(&all->lock);
}

uint64_t failures_total(struct failures *all)
{
	uint64_t total;

	pthread_mutex_lock(&all->lock);
	total = all->total;
	pthread_mutex_unlock(&all->lock);
	return total;
}

static enum failure_class failure_class_of(enum stamp_class what)
{
	switch (what) {
	case STAMP_STALE:
	case STAMP_BURIED:
		return FAILURE_STALE_READ;
	case STAMP_MISPLACED:
		return FAILURE_MISPLACED;
	case STAMP_UNWRITTEN:
		return FAILURE_UNWRITTEN;
	case STAMP_TORN:
		return FAILURE_TORN;
	default:
		return FAILURE_FOREIGN;
	}
}

void failure_from_verdict(struct failure *out, const struct stamp_verdict *v, iova_t base)
{
	out->class = failure_class_of(v->what);
	out->iova = base + v->offset;
	out->length = v->length;
	out->has_memory = true;
	out->expected = v->expected;
	out->got = v->got;
	out->got_is_stamp = v->got_is_stamp;
	memcpy(out->words, v->words, sizeof(out->words));
	if (v->got_is_stamp)
		snprintf(out->text, sizeof(out->text),
			 "%" PRIu64 " bytes at iova 0x%" PRIx64 " hold %s: generation %" PRIu64
			 ", stamped for iova 0x%" PRIx64 ", where generation %" PRIu64 " was due",
			 out->length, out->iova, stamp_class_text(v->what), v->got.generation & 0xffffffffffff,
			 v->got.iova, v->expected.generation & 0xffffffffffff);
	else
		snprintf(out->text, sizeof(out->text),
			 "%" PRIu64 " bytes at iova 0x%" PRIx64 " hold %s: first word 0x%016" PRIx64, out->length,
			 out->iova, stamp_class_text(v->what), v->words[0]);
}

static void failure_report_stamp(struct report *r, const struct stamp *s)
{
	report_hex(r, "session", s->session);
	report_num(r, "thread", s->generation >> 48);
	report_num(r, "generation", s->generation & 0xffffffffffff);
	report_hex(r, "iova", s->iova);
}

static void failure_report_one(struct report *r, const struct failure *one)
{
	report_object(r, NULL);
	report_num(r, "loop", one->loop);
	report_str(r, "class", failure_name(one->class));
	report_hex(r, "iova", one->iova);
	report_num(r, "length", one->length);
	report_object(r, "expected");
	if (one->has_memory && one->expected_burial)
		report_str(r, "pattern", "poison");
	else if (one->has_memory)
		failure_report_stamp(r, &one->expected);
	report_close(r);
	report_object(r, "got");
	if (one->has_memory && one->got_is_stamp)
		failure_report_stamp(r, &one->got);
	if (one->has_memory) {
		report_list(r, "words");
		for (unsigned int i = 0; i < ARRAY_SIZE(one->words); i++)
			report_hex(r, NULL, one->words[i]);
		report_close(r);
	}
	report_close(r);
	report_str(r, "text", one->text);
	report_close(r);
}

void failures_report(struct report *r, struct failures *all)
{
	report_object(r, "classes");
	for (unsigned int i = 0; i < FAILURE_CLASSES; i++)
		if (all->count[i])
			report_num(r, failure_name(i), all->count[i]);
	report_close(r);
	report_text_hide(r, "classes");
	report_list(r, "failures");
	for (unsigned int i = 0; i < all->kept; i++)
		failure_report_one(r, &all->list[i]);
	report_close(r);
	report_text_hide(r, "failures");
}

const struct failure *failures_first(const struct failures *all, const struct failure_question *q)
{
	for (unsigned int k = 0; k < all->kept; k++)
		for (unsigned int i = 0; i < q->nr; i++)
			if (all->list[k].class == q->classes[i])
				return &all->list[k];
	return NULL;
}

const struct failure *failures_check(struct report *r, const struct failures *all, const struct failure_question *q,
				     const char *unseen)
{
	const struct failure *first = failures_first(all, q);
	uint64_t count = 0;

	for (unsigned int i = 0; i < q->nr; i++)
		count += all->count[q->classes[i]];
	if (!count) {
		report_check(r, q->name, unseen ? RESULT_SKIP : RESULT_PASS, unseen);
		return NULL;
	}
	report_check(r, q->name, RESULT_FAIL, first ? first->text : NULL);
	for (unsigned int i = 0; i < q->nr; i++)
		if (all->count[q->classes[i]])
			report_evidence(r, failure_name(q->classes[i]), "%" PRIu64 " times", all->count[q->classes[i]]);
	return first;
}
