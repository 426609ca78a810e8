/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated device's data mover: page by page through the IOTLB, racing with the CPU on purpose. */
#include "iommu/sim/dma.h"

#include <errno.h>
#include <string.h>

#include "iommu/rcu.h"
#include "iommu/sim/log.h"

/* As much as is moved in one read-side section, for which an unmap may have to wait. */
#define SIM_DMA_SECTION KiB(64)

/* Relaxed atomics: the CPU may write the same bytes at any time, as it may under real DMA. */
static void sim_dma_words(char *dst, const char *src, uint64_t n)
{
	bool words = !(((uintptr_t)dst ^ (uintptr_t)src) & 7);

	for (; n && (!words || (uintptr_t)dst & 7); n--)
		__atomic_store_n(dst++, __atomic_load_n(src++, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	for (; n >= 8; n -= 8, dst += 8, src += 8) {
		uint64_t word = __atomic_load_n((const uint64_t *)(const void *)src, __ATOMIC_RELAXED);

		__atomic_store_n((uint64_t *)(void *)dst, word, __ATOMIC_RELAXED);
	}
	for (; n; n--)
		__atomic_store_n(dst++, __atomic_load_n(src++, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

/*
 * With the widest moves that the machine has. Nobody in this process has the device's view of memory but its queues, whose DMA to one
 * place at one time ends in no particular order anyway; ThreadSanitizer is shown words. What overlaps is moved upwards, as words are.
 */
static void sim_dma_move(char *dst, const char *src, uint64_t n)
{
#ifndef RCU_TSAN
	if (dst + n <= src || src + n <= dst) {
		memcpy(dst, src, n);
		return;
	}
#endif
	sim_dma_words(dst, src, n);
}

/* All ones: what a read that reaches nothing returns on PCI Express. */
static void sim_dma_ones(char *dst, uint64_t n)
{
	while (n--)
		__atomic_store_n(dst++, (char)0xff, __ATOMIC_RELAXED);
}

/* After the data: a report that takes the mark away comes after both. */
static void sim_dma_log(struct sim_engine *e, uint64_t iova, uint64_t n)
{
	struct sim_log *log = sim_engine_log(e);

	if (log)
		sim_log_mark(log, iova, n);
}

/* Bytes that were reached on both sides and lie side by side there, moved at once. */
struct sim_dma_run {
	char *dst;
	const char *src;
	uint64_t at, n; /* of the destination: its address for the device */
};

static void sim_dma_flush(struct sim_engine *e, const struct sim_dma *dma, struct sim_dma_run *run)
{
	if (!run->n || !run->dst)
		return;
	if (run->src)
		sim_dma_move(run->dst, run->src, run->n);
	else
		sim_dma_ones(run->dst, run->n);
	if (dma->kind != SIM_DMA_READ)
		sim_dma_log(e, run->at, run->n);
}

static void sim_dma_append(struct sim_engine *e, const struct sim_dma *dma, struct sim_dma_run *run, char *dst,
			   const char *src, uint64_t at, uint64_t n)
{
	bool joins = run->n && run->dst && run->src && dst == run->dst + run->n && src == run->src + run->n;

	if (joins) {
		run->n += n;
		return;
	}
	sim_dma_flush(e, dma, run);
	*run = (struct sim_dma_run){dst, src, at, n};
}

/* One side of the transfer from now on. */
static struct sim_reach sim_dma_reach(struct sim_access *access, enum sim_gate gate, uint64_t at, uint64_t left,
				      bool write)
{
	/* whether it is a peer's memory is asked of each page */
	if (gate == SIM_GATE_NO_PEER)
		left = MIN(left, SIM_PAGE - (at & (SIM_PAGE - 1)));
	return sim_access_reach(access, at, left, write);
}

static uint64_t sim_dma_pages(struct sim_access *access, struct sim_engine *e, const struct sim_dma *dma, uint64_t done,
			      uint64_t left, char *buffer, enum sim_gate gate)
{
	struct sim_reach src = {0}, dst = {0};
	struct sim_dma_run run = {0};
	uint64_t n, moved = 0;

	if (dma->kind == SIM_DMA_WRITE)
		src = (struct sim_reach){buffer + dma->src + done, left};
	if (dma->kind == SIM_DMA_READ)
		dst = (struct sim_reach){buffer + dma->dst + done, left};
	for (; moved < left; moved += n) {
		if (!src.n)
			src = sim_dma_reach(access, gate, dma->src + done + moved, left - moved, false);
		if (!dst.n)
			dst = sim_dma_reach(access, gate, dma->dst + done + moved, left - moved, true);
		if (gate == SIM_GATE_NO_PEER && (sim_engine_is_peer(e, src.at) || sim_engine_is_peer(e, dst.at)))
			break;
		n = MIN(src.n, dst.n);
		sim_dma_append(e, dma, &run, dst.at, src.at, dma->dst + done + moved, n);
		src = (struct sim_reach){src.at ? src.at + n : NULL, src.n - n};
		dst = (struct sim_reach){dst.at ? dst.at + n : NULL, dst.n - n};
	}
	sim_dma_flush(e, dma, &run);
	return moved;
}

/* What a section reads: nothing is translated of a side that is the device's own. */
static uint32_t sim_dma_lanes(const struct sim_dma *dma, uint64_t done, uint64_t n)
{
	uint32_t lanes = 0;

	if (dma->kind != SIM_DMA_WRITE)
		lanes |= sim_lane_mask(dma->src + done, dma->src + done + n - 1);
	if (dma->kind != SIM_DMA_READ)
		lanes |= sim_lane_mask(dma->dst + done, dma->dst + done + n - 1);
	return lanes;
}

/* One read-side section, so that an unmap waits for it. 0: the device may not do it now. */
static uint64_t sim_dma_piece(struct sim_access *access, struct sim_engine *e, const struct sim_dma *dma, uint64_t done,
			      char *buffer)
{
	uint64_t n = MIN(dma->len - done, SIM_DMA_SECTION);
	enum sim_gate gate;

	rcu_enter_for(access->untranslated ? RCU_LANES : sim_dma_lanes(dma, done, n));
	gate = sim_engine_gate(e);
	if (__builtin_expect(gate == SIM_GATE_CLOSED, 0)) {
		rcu_leave();
		return 0;
	}
	access->space = sim_engine_space(e);
	access->near[false].table = access->near[true].table = NULL;
	n = sim_dma_pages(access, e, dma, done, n, buffer, gate);
	rcu_leave();
	return n;
}

static bool sim_dma_in_buffer(uint64_t at, uint64_t len)
{
	return at <= SIM_DEVICE_BUFFER && len <= SIM_DEVICE_BUFFER - at;
}

void sim_dma_execute(struct sim *sim, struct sim_engine *e, struct sim_dma *dma, char *buffer)
{
	struct sim_access access = {.sim = sim, .tlb = sim_engine_tlb(e)};

	if ((dma->kind == SIM_DMA_READ && !sim_dma_in_buffer(dma->dst, dma->len)) ||
	    (dma->kind == SIM_DMA_WRITE && !sim_dma_in_buffer(dma->src, dma->len))) {
		dma->status = -EIO;
		return;
	}
	/* an IOMMU that was switched off stays off */
	access.untranslated = sim_fault_fires(&sim->faults, SIM_FAULT_UNTRANSLATED) ||
			      sim_fault_has_fired(&sim->faults, SIM_FAULT_UNTRANSLATED);
	for (uint64_t done = 0; done < dma->len;) {
		uint64_t n = sim_dma_piece(&access, e, dma, done, buffer);

		if (!n && !sim_engine_hold(e)) {
			dma->status = -ECANCELED;
			return;
		}
		done += n;
	}
	dma->status = access.faulted ? -EFAULT : 0;
}
