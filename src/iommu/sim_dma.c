/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated device's data mover: page by page through the IOTLB, racing with the CPU on purpose. */
#include "iommu/sim_dma.h"

#include <errno.h>

#include "iommu/rcu.h"
#include "iommu/sim_log.h"

/* Relaxed atomics: the CPU may write the same bytes at any time, as it may under real DMA. */
static void sim_dma_move(char *dst, const char *src, uint64_t n)
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

/* All ones: what a read that reaches nothing returns on PCI Express. */
static void sim_dma_ones(char *dst, uint64_t n)
{
	while (n--)
		__atomic_store_n(dst++, (char)0xff, __ATOMIC_RELAXED);
}

static uint64_t sim_dma_page_rest(uint64_t address)
{
	return SIM_PAGE - (address & (SIM_PAGE - 1));
}

/* After the data: a report that takes the mark away comes after both. */
static void sim_dma_log(struct sim_engine *e, uint64_t iova, uint64_t n)
{
	struct sim_log *log = sim_engine_log(e);

	if (log)
		sim_log_mark(log, iova, n);
}

/* One piece within one page on either side; one read-side section, so that an unmap waits for it. 0: the device may not do it now. */
static uint64_t sim_dma_piece(struct sim_access *access, struct sim_engine *e, const struct sim_dma *dma, uint64_t done,
			      char *buffer)
{
	uint64_t n = dma->len - done, src_at = dma->src + done, dst_at = dma->dst + done;
	enum sim_gate gate;
	char *src, *dst;

	if (dma->kind != SIM_DMA_WRITE)
		n = MIN(n, sim_dma_page_rest(src_at));
	if (dma->kind != SIM_DMA_READ)
		n = MIN(n, sim_dma_page_rest(dst_at));
	rcu_enter();
	gate = sim_engine_gate(e);
	if (__builtin_expect(gate == SIM_GATE_CLOSED, 0)) {
		rcu_leave();
		return 0;
	}
	access->space = sim_engine_space(e);
	src = dma->kind == SIM_DMA_WRITE ? buffer + src_at : sim_access_page(access, src_at, false);
	dst = dma->kind == SIM_DMA_READ ? buffer + dst_at : sim_access_page(access, dst_at, true);
	if (gate == SIM_GATE_NO_PEER && (sim_engine_is_peer(e, src) || sim_engine_is_peer(e, dst)))
		n = 0;
	else if (dst && src)
		sim_dma_move(dst, src, n);
	else if (dst)
		sim_dma_ones(dst, n);
	if (n && dst && dma->kind != SIM_DMA_READ)
		sim_dma_log(e, dst_at, n);
	rcu_leave();
	return n;
}

static bool sim_dma_in_buffer(uint64_t at, uint64_t len)
{
	return at <= SIM_DEVICE_BUFFER && len <= SIM_DEVICE_BUFFER - at;
}

void sim_dma_execute(struct sim *sim, struct sim_engine *e, struct sim_dma *dma, char *buffer)
{
	struct sim_access access = {.sim = sim};

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
