/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sim.c and iommu/model/device.c: a simulated device that has a register model instead of queues of its own. */
#ifndef IC_IOMMU_SIM_MODEL_H
#define IC_IOMMU_SIM_MODEL_H

#include "iommu/model/model.h"
#include "iommu/sim/context.h"

/* dev->idev gets the model's identity and ops. -ENOMEM. */
int sim_model_new(struct sim_device *dev, const struct sim_model_choice *choice);
void sim_model_free(struct model *m);

#endif
