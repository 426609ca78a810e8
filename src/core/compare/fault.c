/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which faults were due: those that probes cause on purpose, told by address and access. */
#include <stdio.h>

#include "core/compare/priv.h"
#include "core/op/faults.h"

#define FAULT_PAGE 4096u

/* Do the accesses of probe page @i fault? An unmapped page's all do, a read-only page's writes. */
static enum fault_origin fault_at_probe(const struct compare *c, unsigned int i, const struct dma_fault *fault)
{
	if (!(i ? c->p->readonly : c->p->probe_unmapped))
		return FAULT_UNDUE;
	if (!i)
		return FAULT_DUE;
	if (!fault->access_known)
		return FAULT_UNCLEAR;
	return fault->write ? FAULT_DUE : FAULT_UNDUE;
}

enum fault_origin compare_fault_of(const struct compare *c, const struct dma_fault *fault)
{
	if (!c->p->probe_unmapped && !c->p->readonly)
		return FAULT_UNDUE;
	/* a fault without an address (QEMU's AMD IOMMU) cannot be told from those made on purpose */
	if (!fault->iova_known)
		return FAULT_UNCLEAR;
	for (unsigned int t = 0; t < c->p->threads && t < COMPARE_PROBE_THREADS; t++)
		for (unsigned int i = 0; i < 2; i++)
			if (c->probes[t].at[i].va && ALIGN_DOWN(fault->iova, FAULT_PAGE) == c->probes[t].at[i].phys)
				return fault_at_probe(c, i, fault);
	return FAULT_UNDUE;
}

/* One of the probes' pages, or of the loop that thread 0, which asks, did last. */
static bool fault_is_addressed(const struct compare *c, const struct dma_fault *fault)
{
	const struct compare_thread *t = c->threads;

	if (!fault->iova_known)
		return false;
	for (unsigned int n = 0; n < c->p->threads && n < COMPARE_PROBE_THREADS; n++)
		for (unsigned int i = 0; i < 2; i++)
			if (c->probes[n].at[i].va && ALIGN_DOWN(fault->iova, FAULT_PAGE) == c->probes[n].at[i].phys)
				return true;
	return t->last_size && fault->iova >= ALIGN_DOWN(t->last_iova, FAULT_PAGE) &&
	       fault->iova - ALIGN_DOWN(t->last_iova, FAULT_PAGE) < ALIGN_UP(t->last_size, FAULT_PAGE);
}

void compare_fault_judge(struct compare *c, const struct dma_fault *logged)
{
	enum fault_origin origin = compare_fault_of(c, logged);
	struct dma_fault kept = *logged, *fault = &kept;
	struct failure bad = {.class = FAILURE_DMA_ERROR, .iova = fault->iova, .loop = c->threads[0].loops};

	/* without an address it may be the probes' */
	fault->expected = origin != FAULT_UNDUE;
	if (fault_is_addressed(c, fault))
		fault->tie = FAULT_TIE_ADDRESS;
	if (origin == FAULT_UNDUE && fault->tie == FAULT_TIE_TIME && !fault->alone)
		origin = FAULT_UNCLEAR; /* another device's, perhaps */
	faults_keep(c->res->faults, COMPARE_FAULTS_KEPT, &c->res->nr_faults, fault);
	switch (origin) {
	case FAULT_DUE:
		c->res->faults_expected++;
		return;
	case FAULT_UNCLEAR:
		c->res->faults_unclear++;
		return;
	default:
		break;
	}
	snprintf(bad.text, sizeof(bad.text), "an IOMMU fault was logged where none was due: %.140s", fault->raw);
	failures_add(&c->res->failures, &bad);
}
