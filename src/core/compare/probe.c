/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses that must not succeed: to memory that is unmapped or read-only. The IOVAs of the accesses equal physical addresses of canary pages, so that even an IOMMU that lets everything through hits only us.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/priv.h"

#define PROBE_PAGE 4096u
#define PROBE_HELPER (2 * PROBE_PAGE) /* a page the device reads, and one it writes */
#define PROBE_CANARY 0xc7 /* what lies where an access that is not translated ends: in no stamp, poison or source */
#define PROBE_BYTES 64u	  /* or the least that the device can move */
#define PROBE_TIMEOUT_MS 10000

static uint64_t probe_bytes(const struct compare *c)
{
	return dev_length(dev_limits(session_dev(c->s)), PROBE_BYTES);
}

/* Victims pinned, helper mapped: at the start, and again after an unmap-all took both away. */
static int probe_arm(struct compare *c, unsigned int t, struct fail *f)
{
	struct compare_probe *p = &c->probes[t];
	struct iommu_map_req req = {.va = p->helper.va,
				    .size = PROBE_HELPER,
				    .iova = p->helper_iova,
				    .prot = IOMMU_PROT_RW,
				    .tag = "probe"};
	int err = 0;

	for (unsigned int i = 0; i < 2 && !err; i++) {
		err = session_pin(c->s, slabs_per_thread(c->p) * c->p->threads + 2 * t + i, p->victim[i].va, PROBE_PAGE,
				  f);
		p->pinned[i] = !err;
	}
	if (!err)
		err = iommu_map(session_iommu(c->s), &req, f);
	p->helper_mapped = !err;
	return err;
}

static int probe_setup_one(struct compare *c, unsigned int t, struct fail *f)
{
	struct compare_probe *p = &c->probes[t];
	struct iommu *iommu = session_iommu(c->s);
	int err = 0;

	for (unsigned int i = 0; i < 2 && !err; i++) {
		err = session_canary_page(c->s, 2 * t + i, &p->at[i], f);
		if (!err)
			err = iommu_mem_alloc(iommu, PROBE_PAGE, IOMMU_MEM_ANON, &p->victim[i], f);
	}
	if (!err)
		err = iommu_mem_alloc(iommu, PROBE_HELPER, IOMMU_MEM_ANON, &p->helper, f);
	if (!err && !session_pick(c->s, session_space(c->s), t, PROBE_HELPER, PROBE_PAGE, &p->helper_iova))
		err = fail_set(f, ENOSPC, "no iova for the probe");
	return err ? err : probe_arm(c, t, f);
}

int compare_probe_rearm(struct compare *c, struct fail *f)
{
	int err = 0;

	for (unsigned int t = 0; t < c->p->threads && t < COMPARE_PROBE_THREADS && !err; t++)
		if (c->probes[t].helper.va)
			err = probe_arm(c, t, f);
	return err;
}

int compare_probe_setup(struct compare *c, struct fail *f)
{
	struct fail why = {0};
	int err = 0;

	if (c->p->iova_mode == COMPARE_ADVERSARIAL)
		err = iommu_mem_alloc(session_iommu(c->s), PROBE_PAGE, IOMMU_MEM_ANON, &c->scratch, f);
	if (err || !(c->p->probe_unmapped || c->p->readonly))
		return err;
	if (probe_bytes(c) > PROBE_PAGE)
		err = fail_set(&why, EOPNOTSUPP, "the device moves no less than 0x%" PRIx64 " bytes, more than a page",
			       probe_bytes(c));
	for (unsigned int t = 0; t < c->p->threads && !err; t++)
		err = probe_setup_one(c, t, &why);
	if (err == -EOPNOTSUPP) {
		/* without canary pages these accesses could hit a stranger's memory: not done, and said */
		compare_skip(c, c->p->probe_unmapped ? "--probe-unmapped" : "--readonly", why.text);
		return fail_set(f, EOPNOTSUPP, "%s", why.text);
	}
	if (err)
		*f = why;
	return err;
}

void compare_probe_free(struct compare *c)
{
	struct iommu *iommu = session_iommu(c->s);

	for (unsigned int t = 0; t < COMPARE_PROBE_THREADS; t++) {
		struct compare_probe *p = &c->probes[t];

		if (p->helper_mapped)
			iommu_unmap(iommu, p->helper_iova, PROBE_HELPER, NULL, NULL);
		iommu_mem_free(iommu, &p->helper);
		for (unsigned int i = 0; i < 2; i++) {
			if (p->pinned[i])
				session_unpin(c->s, slabs_per_thread(c->p) * c->p->threads + 2 * t + i, PROBE_PAGE,
					      NULL, NULL);
			iommu_mem_free(iommu, &p->victim[i]);
		}
	}
	iommu_mem_free(iommu, &c->scratch);
}

/* The device writes the start of the helper's first page to @dst. *status: a reported fault is what a probe hopes for, no error. */
static int probe_write(struct compare_loop *l, const struct compare_probe *p, iova_t dst, int *status, struct fail *f)
{
	struct dev *dev = session_dev(l->c->s);
	unsigned int queues = dev_limits(dev)->queues, queue = queues > 1 ? 1 + l->t->index % (queues - 1) : 0;
	int err;

	*status = 0;
	if (l->c->reference.bytes)
		err = dev_oneway(dev, queue, DEV_WRITE, dst, probe_bytes(l->c), PROBE_TIMEOUT_MS, status);
	else
		err = dev_roundtrip(dev, queue, p->helper_iova, dst, probe_bytes(l->c), status);
	return err ? compare_dma_failed(l->c, err, dst, f) : 0;
}

/* The device copies from @src into the helper's second page. */
static int probe_read(struct compare_loop *l, const struct compare_probe *p, iova_t src, struct fail *f)
{
	struct dev *dev = session_dev(l->c->s);
	unsigned int queues = dev_limits(dev)->queues, queue = queues > 1 ? 1 + l->t->index % (queues - 1) : 0;
	int status = 0, err;

	err = dev_roundtrip(dev, queue, src, p->helper_iova + PROBE_PAGE, probe_bytes(l->c), &status);
	return err ? compare_dma_failed(l->c, err, src, f) : 0;
}

static int probe_map(struct compare_loop *l, void *va, iova_t iova, enum iommu_prot prot, struct fail *f)
{
	struct iommu_map_req req = {.va = va, .size = PROBE_PAGE, .iova = iova, .prot = prot, .tag = "probe"};
	int err = iommu_map(session_iommu(l->c->s), &req, f);

	if (err == -EEXIST || err == -EADDRINUSE) {
		struct failure *bad = compare_found(l, FAILURE_MAP_REFUSED, iova, PROBE_PAGE);

		snprintf(bad->text, sizeof(bad->text),
			 "mapping iova 0x%" PRIx64 " was refused where nothing is mapped: %s", iova, strerror(-err));
	}
	/* the victim's own pin, and this */
	return err ? err : compare_table(l, va, iova, PROBE_PAGE, true, 2, f);
}

static int probe_unmap(struct compare_loop *l, const void *va, iova_t iova, struct fail *f)
{
	uint64_t unmapped = 0;
	int err = iommu_unmap(session_iommu(l->c->s), iova, PROBE_PAGE, &unmapped, f);

	if (!err && unmapped != PROBE_PAGE) {
		struct failure *bad = compare_found(l, FAILURE_SHORT_UNMAP, iova, PROBE_PAGE);

		snprintf(bad->text, sizeof(bad->text), "unmapping 0x%x bytes at iova 0x%" PRIx64 " reported 0x%" PRIx64,
			 PROBE_PAGE, iova, unmapped);
	}
	return err ? err : compare_table(l, va, iova, PROBE_PAGE, false, 1, f);
}

static bool probe_is_canary(const void *va, uint64_t len)
{
	const unsigned char *p = va;

	for (uint64_t i = 0; i < len; i++)
		if (p[i] != PROBE_CANARY)
			return false;
	return true;
}

enum probe_read compare_probe_read_of(const void *sink, uint64_t len, const struct stamp *victim)
{
	if (probe_is_canary(sink, len))
		return PROBE_READ_CANARY;
	return stamp_verify(sink, len, victim) ? PROBE_READ_VICTIM : PROBE_READ_NOTHING;
}

static void probe_untranslated(struct compare_loop *l, const struct canary_page *at, const char *did)
{
	struct failure *bad = compare_found(l, FAILURE_UNTRANSLATED, at->phys, probe_bytes(l->c));
	struct fail why = {0};

	snprintf(bad->text, sizeof(bad->text),
		 "the device %s physical address 0x%" PRIx64 " through the IOVA of that number", did, at->phys);
	fail_set(&why, EREMOTEIO, "%s", bad->text);
	session_forbid(l->c->s, &why);
	l->c->res->untranslated = true;
}

/* Did the canary under the probe's IOVA change? Then the access was not translated at all. */
static void probe_check_canary(struct compare_loop *l, const struct canary_page *at)
{
	if (!probe_is_canary(at->va, PROBE_PAGE))
		probe_untranslated(l, at, "wrote to");
}

static void probe_check_victim(struct compare_loop *l, enum failure_class class, const void *va, iova_t iova,
			       const char *how)
{
	struct stamp want = {l->stamp.session, l->stamp.generation, iova};
	struct stamp_verdict v;
	size_t offset = 0;
	struct failure *bad;

	if (!stamp_next_bad(va, PROBE_PAGE, &want, &offset, &v))
		return;
	bad = compare_found(l, class, iova + v.offset, v.length);
	failure_from_verdict(bad, &v, iova);
	bad->class = class;
	snprintf(bad->text, sizeof(bad->text),
		 "the device's write reached %zu bytes at iova 0x%" PRIx64 ", which was %s", v.length, bad->iova, how);
}

/* A device that reports what is refused had to report this write, wherever it landed: no page that was looked at has it. */
static void probe_check_status(struct compare_loop *l, enum failure_class class, int status, iova_t iova,
			       const char *how)
{
	struct failure *bad;

	if (status || l->nr || !dev_limits(session_dev(l->c->s))->reports_faults)
		return;
	bad = compare_found(l, class, iova, probe_bytes(l->c));
	snprintf(bad->text, sizeof(bad->text),
		 "the device, which reports what is refused, reports that its write to iova 0x%" PRIx64
		 ", which was %s, was done",
		 iova, how);
}

/* What the device writes, where its reads go, and what lies in wait for those that are not translated. */
static void probe_prepare(struct compare_probe *p, unsigned int i)
{
	memset(p->helper.va, 0xee, PROBE_PAGE);
	stamp_poison((char *)p->helper.va + PROBE_PAGE, PROBE_PAGE);
	memset(p->at[i].va, PROBE_CANARY, PROBE_PAGE);
}

/* The end of a probe's mapping, also of one that went wrong, unless the device may still be at it. */
static int probe_unmap_after(struct compare_loop *l, int err, const void *va, iova_t iova, struct fail *f)
{
	if (!err)
		return probe_unmap(l, va, iova, f);
	if (session_is_quiet(l->c->s))
		iommu_unmap(session_iommu(l->c->s), iova, PROBE_PAGE, NULL, NULL);
	return err;
}

static int probe_read_unmapped(struct compare_loop *l, const struct compare_probe *p, const struct stamp *stamp,
			       struct fail *f)
{
	struct failure *bad;
	int err = probe_read(l, p, p->at[0].phys, f);

	if (err)
		return err;
	switch (compare_probe_read_of((char *)p->helper.va + PROBE_PAGE, probe_bytes(l->c), stamp)) {
	case PROBE_READ_CANARY:
		probe_untranslated(l, &p->at[0], "read");
		break;
	case PROBE_READ_VICTIM:
		bad = compare_found(l, FAILURE_UNMAPPED_ACCESS, p->at[0].phys, probe_bytes(l->c));
		snprintf(bad->text, sizeof(bad->text),
			 "the device read memory at iova 0x%" PRIx64 ", which was unmapped before", p->at[0].phys);
		break;
	default:
		break;
	}
	return 0;
}

int compare_probe_unmapped(struct compare_loop *l, struct fail *f)
{
	struct compare_probe *p = &l->c->probes[l->t->index];
	struct stamp stamp = {l->stamp.session, l->stamp.generation, p->at[0].phys};
	int status, err;

	__atomic_add_fetch(&l->c->res->unmapped_probes, 1, __ATOMIC_RELAXED);
	probe_prepare(p, 0);
	err = probe_map(l, p->victim[0].va, p->at[0].phys, IOMMU_PROT_RW, f);
	if (err)
		return err == -EEXIST || err == -EADDRINUSE ? 0 : err;
	/* used once while mapped, so that a translation is cached */
	err = probe_unmap_after(l, probe_write(l, p, p->at[0].phys, &status, f), p->victim[0].va, p->at[0].phys, f);
	if (err)
		return err;
	stamp_fill(p->victim[0].va, PROBE_PAGE, &stamp);
	err = probe_write(l, p, p->at[0].phys, &status, f);
	if (err)
		return err;
	probe_check_victim(l, FAILURE_UNMAPPED_ACCESS, p->victim[0].va, p->at[0].phys, "unmapped before");
	probe_check_canary(l, &p->at[0]);
	probe_check_status(l, FAILURE_UNMAPPED_ACCESS, status, p->at[0].phys, "unmapped before");
	return l->c->reference.bytes || l->c->res->untranslated ? 0 : probe_read_unmapped(l, p, &stamp, f);
}

static int probe_read_readonly(struct compare_loop *l, const struct compare_probe *p, const struct stamp *stamp,
			       struct fail *f)
{
	struct failure *bad;
	int err = probe_read(l, p, p->at[1].phys, f);

	if (err)
		return err;
	switch (compare_probe_read_of((char *)p->helper.va + PROBE_PAGE, probe_bytes(l->c), stamp)) {
	case PROBE_READ_CANARY:
		probe_untranslated(l, &p->at[1], "read");
		break;
	case PROBE_READ_NOTHING:
		bad = compare_found(l, FAILURE_DMA_ERROR, p->at[1].phys, probe_bytes(l->c));
		snprintf(bad->text, sizeof(bad->text),
			 "the device could not read a read-only mapping at iova 0x%" PRIx64, p->at[1].phys);
		break;
	default:
		break;
	}
	return 0;
}

int compare_probe_readonly(struct compare_loop *l, struct fail *f)
{
	struct compare_probe *p = &l->c->probes[l->t->index];
	struct stamp stamp = {l->stamp.session, l->stamp.generation, p->at[1].phys};
	int status = 0, err;

	__atomic_add_fetch(&l->c->res->readonly_probes, 1, __ATOMIC_RELAXED);
	probe_prepare(p, 1);
	stamp_fill(p->victim[1].va, PROBE_PAGE, &stamp);
	err = probe_map(l, p->victim[1].va, p->at[1].phys, IOMMU_PROT_READ, f);
	if (err)
		return err == -EEXIST || err == -EADDRINUSE ? 0 : err;
	if (!l->c->reference.bytes)
		err = probe_read_readonly(l, p, &stamp, f);
	if (!err && !l->c->res->untranslated)
		err = probe_write(l, p, p->at[1].phys, &status, f);
	if (!err) {
		probe_check_victim(l, FAILURE_READONLY_WRITE, p->victim[1].va, p->at[1].phys, "mapped read-only");
		probe_check_canary(l, &p->at[1]);
		probe_check_status(l, FAILURE_READONLY_WRITE, status, p->at[1].phys, "mapped read-only");
	}
	return probe_unmap_after(l, err, p->victim[1].va, p->at[1].phys, f);
}

bool compare_probe_lies_in(const struct compare *c, struct iova_range range, iova_t *at)
{
	for (unsigned int t = 0; t < COMPARE_PROBE_THREADS; t++)
		for (unsigned int i = 0; i < 2; i++) {
			*at = c->probes[t].at[i].phys;
			if (c->probes[t].at[i].va &&
			    iova_range_overlaps(range, (struct iova_range){*at, *at + PROBE_PAGE - 1}))
				return true;
		}
	return false;
}
