/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the simulated IOMMU can be told to do wrong, and when. */
#ifndef IC_IOMMU_SIM_FAULT_H
#define IC_IOMMU_SIM_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/fail.h"

enum sim_fault_id {
	SIM_FAULT_STALE_IOTLB,
	SIM_FAULT_PSI_MASK,
	SIM_FAULT_UNMAP_SKIP_PTE,
	SIM_FAULT_EARLY_UNPIN,
	SIM_FAULT_SHORT_UNMAP,
	SIM_FAULT_RO_WRITABLE,
	SIM_FAULT_PIN_LEAK,
	SIM_FAULT_OVERLAP_OK,
	SIM_FAULT_IOVA_RESERVED,
	SIM_FAULT_UNTRANSLATED,
	SIM_FAULT_STALE_ATTACH,
	SIM_FAULT_DIRTY_LOST_UNMAP,
	SIM_FAULT_DIRTY_NO_CLEAR,
	SIM_FAULT_DIRTY_SHIFT,
	SIM_FAULT_DIRTY_STRADDLE,
	SIM_FAULT_DIRTY_HUGE_PARTIAL,
	SIM_FAULT_DIRTY_NO_FLUSH,
	SIM_FAULT_DIRTY_EARLY_FLUSH,
	SIM_FAULT_DIRTY_STALE_START,
	SIM_FAULT_DIRTY_READ_MARKS,
	SIM_FAULT_NO_MEMLOCK,
	SIM_FAULT_LAST_PAGE,
	SIM_FAULT_EMPTY_FLUSH,
	SIM_FAULT_WAIT_ORDER,
	SIM_FAULT_RO_PIN_LEAK,
	SIM_FAULT_NO_ENTRY_LIMIT,
	SIM_FAULT_IOVA_WRAP,
	SIM_FAULT_SPLIT_PINS,
	SIM_FAULT_NO_RIGHTS_OK,
	SIM_FAULT_DIRTY_UNALIGNED,
	SIM_FAULT_DIRTY_PAGE_SIZE,
	SIM_FAULT_DIRTY_HOLE,
	SIM_FAULT_DIRTY_LOST_BITMAP,
	SIM_FAULT_DIRTY_LEAF_BEGIN,
	SIM_FAULT_DIRTY_LEAF_END,
	SIM_FAULT_DESTROY_BUSY,
	SIM_FAULT_LEVEL_RACE,
	SIM_FAULT_EXEC_LOCKED,
	SIM_FAULT_MIG_ARC_ACCEPTED,
	SIM_FAULT_MIG_ARC_REFUSED,
	SIM_FAULT_MIG_ARC_SHORT,
	SIM_FAULT_MIG_OPTIONAL_STATE,
	SIM_FAULT_MIG_ERROR_LEFT,
	SIM_FAULT_MIG_RESET_STATE,
	SIM_FAULT_MIG_FAIL_ELSEWHERE,
	SIM_FAULT_MIG_NO_DATA_FD,
	SIM_FAULT_MIG_EXTRA_DATA_FD,
	SIM_FAULT_MIG_ENDLESS,
	SIM_FAULT_MIG_UNSTABLE,
	SIM_FAULT_MIG_SIZE,
	SIM_FAULT_MIG_PRECOPY_GROWS,
	SIM_FAULT_MIG_PRECOPY_BLOCKS,
	SIM_FAULT_MIG_GARBAGE,
	SIM_FAULT_MIG_STATE_LOST,
	SIM_FAULT_MIG_STOPPED_DMA,
	SIM_FAULT_MIG_PEER_DMA,
	SIM_FAULT_MIG_RUNNING_IDLE,
	SIM_FAULT_MIG_CONFIG_STOPPED,
	SIM_FAULT_MIG_SLOW_STOP,
	SIM_FAULT_COUNT,
};

struct sim_fault {
	bool on;
	double p;
	uint64_t after; /* eligible operations let pass first */
	uint64_t place; /* of its draws */
	_Atomic uint64_t eligible;
	_Atomic uint64_t fired;
};

struct sim_faults {
	uint64_t seed;
	bool any; /* is one on? */
	struct sim_fault fault[SIM_FAULT_COUNT];
};

/* "NAME[:p=PROB][:after=N]". -EINVAL names what is valid. */
int sim_faults_add(struct sim_faults *faults, const char *text, struct fail *f);

/* As at the start, with other draws. While no operation is under way. */
void sim_faults_fresh(struct sim_faults *faults, uint64_t seed);

bool sim_fault_draw(struct sim_faults *faults, enum sim_fault_id id);

/* An operation on which @id makes a difference takes place: does it go wrong? Call once per such operation. */
static inline bool sim_fault_fires(struct sim_faults *faults, enum sim_fault_id id)
{
	return __builtin_expect(faults->fault[id].on, 0) && sim_fault_draw(faults, id);
}

/* For misbehaviours that take two threads: where @id is on, the others have a millisecond to come along. */
void sim_fault_linger(struct sim_faults *faults, enum sim_fault_id id);

/* For misbehaviours that last once they began. */
static inline bool sim_fault_has_fired(struct sim_faults *faults, enum sim_fault_id id)
{
	return __builtin_expect(faults->fault[id].on, 0) &&
	       atomic_load_explicit(&faults->fault[id].fired, memory_order_relaxed);
}

#endif
