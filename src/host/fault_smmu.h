/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMMUv3 events, which the kernel spreads over several lines. */
#ifndef IC_HOST_FAULT_SMMU_H
#define IC_HOST_FAULT_SMMU_H

#include "host/faults.h"

/* An event whose lines are still arriving. Zero it to begin. */
struct fault_smmu {
	bool open;
	bool headless; /* its first line was lost: words that follow are of another one */
	unsigned int dwords;
	struct dma_fault event;
};

/* First lines of an event: "event 0x10 received:" and, since 6.14, "event: F_TRANSLATION client: ... iova: ...". */
bool fault_smmu_parse(const char *line, struct dma_fault *out);

/*
 * Feed every line in order. True when the line belongs to an event (it is then no fault of its own). When an event has
 * become complete, that is, another line followed it or fault_smmu_flush() was called, it is copied to @done and
 * *complete is set.
 */
bool fault_smmu_feed(struct fault_smmu *state, const char *line, struct dma_fault *done, bool *complete);
bool fault_smmu_flush(struct fault_smmu *state, struct dma_fault *done);

#endif
