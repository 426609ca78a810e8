/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the simulation's page tables take, for who measures it. */
#include <errno.h>

#include "iommu/sim/context.h"
#include "iommu/sim/sim.h"

int sim_table_bytes(struct iommu *iommu, uint64_t *bytes)
{
	struct sim_space *space;

	if (iommu->ops != &iommu_sim_ops)
		return -EOPNOTSUPP;
	space = sim_space_of(iommu);
	pthread_mutex_lock(&space->sim->lock);
	*bytes = sim_pt_bytes(&space->pt);
	pthread_mutex_unlock(&space->sim->lock);
	return 0;
}
