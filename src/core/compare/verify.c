/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory before, during and after a loop's DMA: stamping, the transfer, and the verdict on both halves. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/priv.h"

#define TRANSFER_TIMEOUT_MS 10000

static char *loop_dst(const struct compare_loop *l)
{
	return l->mem.va + l->payload;
}

/* For the question whether the CPU's caches are to blame: every line written back and dropped. */
static void compare_flush(const void *va, uint64_t size)
{
#if defined(__x86_64__) || defined(__i386__)
	for (uint64_t i = 0; i < size; i += STAMP_LINE)
		__builtin_ia32_clflush((const char *)va + i);
	__builtin_ia32_mfence();
#else
	__builtin___clear_cache((char *)(uintptr_t)va, (char *)(uintptr_t)va + size);
#endif
}

void compare_prepare_memory(struct compare_loop *l)
{
	stamp_fill(l->mem.va, l->payload, &l->stamp);
	stamp_poison(loop_dst(l), l->payload);
	if (l->c->p->flush_cpu)
		compare_flush(l->mem.va, 2 * l->payload);
}

/* A queue of one's own per thread where there are several; queue 0 is left to the canary then. */
static unsigned int compare_queue(const struct compare_loop *l)
{
	unsigned int queues = dev_limits(session_dev(l->c->s))->queues;

	return queues > 1 ? 1 + l->t->index % (queues - 1) : 0;
}

int compare_dma_failed(struct compare *c, int err, iova_t iova, struct fail *f)
{
	fail_set(f, err, "the device did not finish its DMA at iova 0x%" PRIx64, iova);
	return session_dma_failed(c->s, err, f);
}

int compare_transfer(struct compare_loop *l, struct fail *f)
{
	struct dev *dev = session_dev(l->c->s);
	iova_t dst = l->iova + l->payload;
	int status = 0, err;

	if (l->c->reference.bytes)
		err = dev_oneway(dev, compare_queue(l), DEV_WRITE, dst, l->payload, TRANSFER_TIMEOUT_MS, &status);
	else
		err = dev_roundtrip(dev, compare_queue(l), l->iova, dst, l->payload, &status);
	if (err)
		return compare_dma_failed(l->c, err, l->iova, f);
	if (status) {
		struct failure *bad = compare_found(l, FAILURE_DMA_ERROR, l->iova, l->payload);

		snprintf(bad->text, sizeof(bad->text),
			 "the device reported an error (%s) for %" PRIu64 " bytes at iova 0x%" PRIx64
			 ", which is mapped",
			 strerror(-status), l->payload, l->iova);
	}
	return 0;
}

/* All bad runs of one half, at most a few: the rest tells nothing new. */
static void verify_half(struct compare_loop *l, const char *va, iova_t base)
{
	struct stamp_verdict v;
	size_t offset = 0;
	unsigned int runs = 0;

	while (runs++ < LOOP_FAILURES / 2 && stamp_next_bad(va, l->payload, &l->stamp, &offset, &v)) {
		struct failure *bad = compare_found(l, FAILURE_FOREIGN, base + v.offset, v.length);

		failure_from_verdict(bad, &v, base);
	}
}

void compare_verify_memory(struct compare_loop *l)
{
	if (l->c->p->flush_cpu)
		compare_flush(l->mem.va, 2 * l->payload);
	if (l->c->reference.bytes)
		compare_reference_verify(l, loop_dst(l));
	else
		verify_half(l, loop_dst(l), l->iova + l->payload);
	verify_half(l, l->mem.va, l->iova);
	if (l->nr)
		stamp_fill(l->mem.va, l->payload, &l->stamp);
	/* in the graveyard the second half holds neither: a write that comes late or a read that is stale must be seen */
	if (l->c->p->graveyard)
		stamp_bury(loop_dst(l), l->payload);
}
