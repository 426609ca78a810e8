/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory before, during and after a loop's DMA: stamping, the transfer, and the verdict on both halves. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare_priv.h"

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

static int transfer_write_only(struct compare_loop *l, iova_t dst, uint64_t len, int *status)
{
	struct dev *dev = session_dev(l->c->s);
	const struct dev_limits *lim = dev_limits(dev);

	for (uint64_t done = 0; done < len;) {
		struct dev_req req = {.dir = DEV_WRITE, .dst = dst + done, .len = MIN(lim->max_len, len - done)};
		int err;

		if (lim->buffer)
			req.len = MIN(req.len, lim->buffer);
		err = dev_transfer(dev, compare_queue(l), &req, 1, TRANSFER_TIMEOUT_MS);
		if (err)
			return err;
		if (req.status && !*status)
			*status = req.status;
		done += req.len;
	}
	return 0;
}

int compare_dma_failed(struct compare *c, int err, iova_t iova, struct fail *f)
{
	struct fail why = {0};

	fail_set(&why, err, "the device did not finish its DMA at iova 0x%" PRIx64, iova);
	/* stopped at once: until that is certain no memory it was given is touched */
	if (err == -ETIMEDOUT)
		session_forbid(c->s, &why);
	*f = why;
	return err;
}

int compare_transfer(struct compare_loop *l, struct fail *f)
{
	int status = 0, err;

	if (l->c->reference)
		err = transfer_write_only(l, l->iova + l->payload, l->payload, &status);
	else
		err = dev_roundtrip(session_dev(l->c->s), compare_queue(l), l->iova, l->iova + l->payload, l->payload,
				    &status);
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

static void verify_reference(struct compare_loop *l)
{
	const char *dst = loop_dst(l), *ref = l->c->reference;
	uint64_t at = 0, end = l->payload;
	struct failure *bad;

	if (!memcmp(dst, ref, l->payload))
		return;
	while (at < l->payload && dst[at] == ref[at])
		at++;
	while (end > at && dst[end - 1] == ref[end - 1])
		end--;
	bad = compare_found(
		l, stamp_is_poison(dst + (at & ~7ull), (end - at) & ~7ull) ? FAILURE_UNWRITTEN : FAILURE_FOREIGN,
		l->iova + l->payload + at, end - at);
	snprintf(bad->text, sizeof(bad->text),
		 "%" PRIu64 " bytes at iova 0x%" PRIx64 " are not what the device wrote to the reference", bad->length,
		 bad->iova);
}

void compare_verify_memory(struct compare_loop *l)
{
	if (l->c->p->flush_cpu)
		compare_flush(l->mem.va, 2 * l->payload);
	if (l->c->reference)
		verify_reference(l);
	else
		verify_half(l, loop_dst(l), l->iova + l->payload);
	verify_half(l, l->mem.va, l->iova);
	if (l->nr)
		stamp_fill(l->mem.va, l->payload, &l->stamp);
	/* in the graveyard the second half holds neither: a write that comes late or a read that is stale must be seen */
	if (l->c->p->graveyard)
		stamp_bury(loop_dst(l), l->payload);
}

/*
 * A device that only writes shows nothing of what it read; it is judged against what it wrote into a page mapped for that
 * purpose. A device that only reads leaves nothing to look at.
 */
int compare_reference(struct compare *c, struct fail *f)
{
	const struct dev_limits *lim = dev_limits(session_dev(c->s));
	bool both = (lim->dirs & DEV_COPY) || (lim->dirs & (DEV_READ | DEV_WRITE)) == (DEV_READ | DEV_WRITE);
	struct compare_thread t = {.c = c};
	struct compare_loop l = {.c = c, .t = &t, .found = t.found};
	struct iommu_mem mem = {0};
	struct iommu_map_req req = {.prot = IOMMU_PROT_RW, .tag = "reference"};
	int err, status = 0;

	c->res->read = both || (lim->dirs & DEV_READ);
	c->res->write = both || (lim->dirs & DEV_WRITE);
	if (both)
		return 0;
	compare_skip(c, lim->dirs & DEV_WRITE ? "direction read" : "direction write", "the device cannot");
	if (!(lim->dirs & DEV_WRITE))
		return fail_set(f, EOPNOTSUPP, "device %s only reads memory, nothing can be compared",
				session_device_name(c->s));
	req.size = ALIGN_UP(MAX(c->p->size_max, MiB(2)), 4096);
	c->reference = malloc(req.size);
	if (!c->reference)
		return fail_set(f, ENOMEM, "cannot allocate the reference");
	err = iommu_mem_alloc(session_iommu(c->s), req.size, IOMMU_MEM_ANON, &mem, f);
	if (err)
		return err;
	req.va = mem.va;
	if (!session_pick(c->s, session_space(c->s), 0, req.size, 4096, &req.iova))
		err = fail_set(f, ENOSPC, "no iova for the reference");
	if (!err)
		err = iommu_map(session_iommu(c->s), &req, f);
	if (!err) {
		err = transfer_write_only(&l, req.iova, req.size, &status);
		if (err)
			compare_dma_failed(c, err, req.iova, f);
		if (!session_is_quiet(c->s))
			return err;
		if (!err && status)
			err = fail_set(f, EIO, "the device cannot write the reference: %s", strerror(-status));
		memcpy(c->reference, mem.va, req.size);
		iommu_unmap(session_iommu(c->s), req.iova, req.size, NULL, NULL);
	}
	iommu_mem_free(session_iommu(c->s), &mem);
	return err;
}
