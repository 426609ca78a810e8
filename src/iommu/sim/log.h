/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated device's own log of the pages it writes to: a bitmap per range, marked by its queues without locks. */
#ifndef IC_IOMMU_SIM_LOG_H
#define IC_IOMMU_SIM_LOG_H

#include "iommu/sim/bits.h"

/* What fits into a page of the kernel's: LOG_MAX_RANGES of drivers/vfio/vfio_main.c. */
#define SIM_LOG_RANGES 256u

struct sim_log;

/* @req: sound, in any order. *out is to be freed. -ENOMEM: also where the ranges are larger than the device has memory for. */
int sim_log_new(const struct dirty_start *req, struct sim_log **out);
void sim_log_free(struct sim_log *log);
/* It logs by pages of 2^this bytes. */
unsigned int sim_log_page_shift(const struct sim_log *log);

/* The device has written to @len bytes at @iova, which are there. Several queues at once. */
void sim_log_mark(struct sim_log *log, uint64_t iova, uint64_t len);
/*
 * Report what was marked in the bitmap's range and clear it. A page of the device's that sticks out of the range is reported and stays marked:
 * it is reported again, rather than lost. -EINVAL: a part of the range is not logged, nothing was reported.
 */
int sim_log_report(struct sim_log *log, struct sim_bits *bits);

#endif
