/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOMMU's fault records: a bounded ring that drops what comes when it is full, as VT-d's overflow does, and counts it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "iommu/sim/context.h"

void sim_record_add(struct sim *sim, uint64_t iova, bool write, enum sim_walk why)
{
	struct sim_records *r = &sim->records;

	pthread_mutex_lock(&r->lock);
	if (r->count < SIM_RECORDS)
		r->record[(r->first + r->count++) % SIM_RECORDS] = (struct sim_record){iova, clock_ns(), write, why};
	else
		r->dropped++;
	pthread_mutex_unlock(&r->lock);
}

static const char *sim_record_reason(const struct sim_record *rec)
{
	if (rec->why == SIM_WALK_BEYOND)
		return "address beyond 48 bits";
	if (rec->why == SIM_WALK_BLOCKED)
		return "attached to no address space";
	if (rec->why == SIM_WALK_NOT_PRESENT)
		return "not present";
	return rec->write ? "write not permitted" : "read not permitted";
}

static void sim_record_tell(const struct sim_record *rec, struct dma_fault *out)
{
	*out = (struct dma_fault){
		.time_ns = rec->time_ns,
		.iova = rec->iova,
		.iova_known = true,
		.write = rec->write,
		.access_known = true,
		.device = "sim",
		.source = "sim",
	};
	snprintf(out->reason, sizeof(out->reason), "%s", sim_record_reason(rec));
	snprintf(out->raw, sizeof(out->raw), "sim: [DMA %s] fault addr 0x%llx: %s", rec->write ? "write" : "read",
		 (unsigned long long)rec->iova, out->reason);
}

int sim_record_read(struct iommu *iommu, struct dma_fault *out, unsigned int max, unsigned int *count,
		    unsigned int *dropped)
{
	struct sim_records *r = &sim_space_of(iommu)->sim->records;

	pthread_mutex_lock(&r->lock);
	for (*count = 0; *count < max && r->count; (*count)++) {
		sim_record_tell(&r->record[r->first], &out[*count]);
		r->first = (r->first + 1) % SIM_RECORDS;
		r->count--;
	}
	*dropped = r->dropped;
	r->dropped = 0;
	pthread_mutex_unlock(&r->lock);
	return 0;
}
