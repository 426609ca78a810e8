/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One descriptor's worth of DMA, executed by whichever thread has it. */
#ifndef IC_IOMMU_SIM_DMA_H
#define IC_IOMMU_SIM_DMA_H

#include "iommu/sim/context.h"

/* Execute @dma with @buffer as the queue's own memory (SIM_DEVICE_BUFFER bytes); sets dma->status. */
void sim_dma_execute(struct sim *sim, struct sim_engine *e, struct sim_dma *dma, char *buffer);

#endif
