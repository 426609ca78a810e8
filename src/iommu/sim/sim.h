/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated device's DMA engine, for dev/sim.c: queues of copies, each queue a thread. */
#ifndef IC_IOMMU_SIM_H
#define IC_IOMMU_SIM_H

#include "iommu/types.h"

struct iommu;
struct sim_engine;

enum sim_dma_kind {
	SIM_DMA_READ,  /* memory at src -> the queue's internal buffer at offset dst */
	SIM_DMA_WRITE, /* the queue's internal buffer at offset src -> memory at dst */
	SIM_DMA_COPY,  /* memory at src -> memory at dst */
};

#define SIM_QUEUES 8
#define SIM_DEVICE_BUFFER (1u << 20)

struct sim_dma {
	enum sim_dma_kind kind;
	uint64_t src, dst, len;
	int status; /* out: 0, -EFAULT when any page faulted (the rest is still attempted, as PCIe does) */
};

/* Enqueue @n descriptors on @queue (0..SIM_QUEUES-1). -ENOSPC when the ring is full; the array must outlive the wait. */
int sim_engine_submit(struct sim_engine *e, unsigned int queue, struct sim_dma *reqs, unsigned int n);
/*
 * The same without the queue's thread: the caller is the device for that long, and finds its requests done. -EBUSY while the queue has
 * others, -ENOMEM.
 */
int sim_engine_run(struct sim_engine *e, unsigned int queue, struct sim_dma *reqs, unsigned int n);
/* Put @len bytes at the start of the queue's internal buffer, as a device with data of its own. -EBUSY while it works. */
int sim_engine_load(struct sim_engine *e, unsigned int queue, const void *bytes, uint64_t len);
/* Until all submitted on @queue are done. 0 or -ETIMEDOUT. */
int sim_engine_wait(struct sim_engine *e, unsigned int queue, unsigned int timeout_ms);
/* Stop all queues and wait for them (a device reset). */
void sim_engine_reset(struct sim_engine *e);

/* Bytes of the page tables in use and of the books about them. -EOPNOTSUPP: it is no simulation. */
int sim_table_bytes(struct iommu *iommu, uint64_t *bytes);

#endif
