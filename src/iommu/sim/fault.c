/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated IOMMU's misbehaviours: their table, their options, their dice. */
#include "iommu/sim/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/rng.h"
#include "iommu/iommu.h"

/* Indexed by enum sim_fault_id, closed by a NULL name. */
static const struct iommu_help sim_fault_table[SIM_FAULT_COUNT + 1] = {
	[SIM_FAULT_STALE_IOTLB] = {"stale-iotlb", "unmap neither waits for the device nor invalidates the IOTLB"},
	[SIM_FAULT_PSI_MASK] = {"psi-mask", "the invalidation covers only part of an unaligned range"},
	[SIM_FAULT_UNMAP_SKIP_PTE] = {"unmap-skip-pte", "the last page table entry of an unmapped run survives"},
	[SIM_FAULT_EARLY_UNPIN] = {"early-unpin", "frames are reused before the invalidation, whoever else holds them"},
	[SIM_FAULT_SHORT_UNMAP] = {"short-unmap", "unmap reports one page too few"},
	[SIM_FAULT_RO_WRITABLE] = {"ro-writable", "writes through read-only mappings succeed"},
	[SIM_FAULT_PIN_LEAK] = {"pin-leak", "unmap does not give the pins back"},
	[SIM_FAULT_OVERLAP_OK] = {"overlap-ok", "a map over an existing mapping is accepted and replaces it"},
	[SIM_FAULT_IOVA_RESERVED] = {"iova-reserved", "a map inside the reserved window is accepted"},
	[SIM_FAULT_UNTRANSLATED] = {"untranslated", "DMA goes to the physical address that equals the IOVA"},
	[SIM_FAULT_STALE_ATTACH] = {"stale-attach", "attach and detach do not reach the device: it stays where it was"},
	[SIM_FAULT_NO_MEMLOCK] = {"no-memlock", "more memory is pinned than the limit on locked memory allows"},
	[SIM_FAULT_LAST_PAGE] = {"last-page", "unmap does not find what ends with the last address of the aperture"},
	[SIM_FAULT_EMPTY_FLUSH] = {"empty-flush",
				   "unmap of less than 2M invalidates another range than the one it removed"},
	[SIM_FAULT_WAIT_ORDER] = {"wait-order",
				  "unmap by another thread than the last one does not wait for its invalidation"},
	[SIM_FAULT_RO_PIN_LEAK] = {"ro-pin-leak", "unmap does not give the pins of read-only mappings back"},
	[SIM_FAULT_NO_ENTRY_LIMIT] = {"no-entry-limit", "more mappings are accepted than dma_entry_limit allows"},
	[SIM_FAULT_IOVA_WRAP] = {"iova-wrap", "an IOVA chosen near the end of the address space wraps around"},
	[SIM_FAULT_SPLIT_PINS] = {"split-pins", "an unmap that cuts a mapping in two pins the rest of it twice"},
	[SIM_FAULT_NO_RIGHTS_OK] = {"no-rights-ok",
				    "the container's map without rights reaches the page table, and is accepted"},
	[SIM_FAULT_DIRTY_LOST_UNMAP] = {"dirty-lost-unmap", "read and unmap in one call: dirty bits are lost"},
	[SIM_FAULT_DIRTY_NO_CLEAR] = {"dirty-no-clear", "reading does not clear the dirty bits"},
	[SIM_FAULT_DIRTY_SHIFT] = {"dirty-shift", "dirty pages are reported one page further"},
	[SIM_FAULT_DIRTY_STRADDLE] = {"dirty-straddle",
				      "a run of dirty pages ends where the bitmap's next 64-bit word begins"},
	[SIM_FAULT_DIRTY_HUGE_PARTIAL] = {"dirty-huge-partial", "of a large dirty entry one bit is reported"},
	[SIM_FAULT_DIRTY_NO_FLUSH] = {"dirty-no-flush",
				      "reading clears dirty bits, but does not invalidate what is cached of them"},
	[SIM_FAULT_DIRTY_EARLY_FLUSH] = {"dirty-early-flush", "the IOTLB is invalidated before the bits are cleared"},
	[SIM_FAULT_DIRTY_STALE_START] = {"dirty-stale-start", "start does not clear the bits from before"},
	[SIM_FAULT_DIRTY_READ_MARKS] = {"dirty-read-marks", "the device's reads set dirty bits"},
	[SIM_FAULT_DIRTY_UNALIGNED] = {"dirty-unaligned", "bits are wrong in a bitmap that is not aligned to 8 bytes"},
	[SIM_FAULT_DIRTY_PAGE_SIZE] = {"dirty-page-size",
				       "reading by pages of 2^58 bytes and more, or of no power of two, is accepted"},
	[SIM_FAULT_DIRTY_HOLE] = {"dirty-hole", "reading over a hole leaves out what is behind it, without an error"},
	[SIM_FAULT_DIRTY_LOST_BITMAP] = {"dirty-lost-bitmap",
					 "bits are cleared although the bitmap cannot be written, without an error"},
	[SIM_FAULT_DIRTY_LEAF_BEGIN] = {"dirty-leaf-begin",
					"of a large entry in which a range begins the bit is cleared and not reported"},
	[SIM_FAULT_DIRTY_LEAF_END] = {"dirty-leaf-end",
				      "of a large entry in which a range ends the rest is never reported"},
	[SIM_FAULT_DESTROY_BUSY] = {"destroy-busy",
				    "of several threads that destroy one space, some are told that it is in use"},
	[SIM_FAULT_LEVEL_RACE] = {"level-race",
				  "an unmap beside the first map at 512G and above reports a page too few"},
	[SIM_FAULT_EXEC_LOCKED] = {"exec-locked",
				   "unmap takes what a process locked from the memory that it has since exec"},
	[SIM_FAULT_MIG_ARC_ACCEPTED] = {"mig-arc-accepted",
					"migration: STOP_COPY to PRE_COPY, which is not permitted, is accepted"},
	[SIM_FAULT_MIG_ARC_REFUSED] = {"mig-arc-refused", "migration: a state that can be reached is refused"},
	[SIM_FAULT_MIG_ARC_SHORT] = {"mig-arc-short",
				     "migration: a way of several steps ends a step early, and is said to have worked"},
	[SIM_FAULT_MIG_OPTIONAL_STATE] = {"mig-optional-state",
					  "migration: states can be entered without the flag that announces them"},
	[SIM_FAULT_MIG_ERROR_LEFT] = {"mig-error-left", "migration: ERROR is left without a reset"},
	[SIM_FAULT_MIG_RESET_STATE] = {"mig-reset-state", "migration: a reset does not lead to RUNNING"},
	[SIM_FAULT_MIG_FAIL_ELSEWHERE] = {"mig-fail-elsewhere", "migration: a refused request changes the state"},
	[SIM_FAULT_MIG_NO_DATA_FD] = {"mig-no-data-fd",
				      "migration: a transfer begins, and no descriptor is handed out for it"},
	[SIM_FAULT_MIG_EXTRA_DATA_FD] = {"mig-extra-data-fd",
					 "migration: a descriptor is handed out where no transfer begins"},
	[SIM_FAULT_MIG_ENDLESS] = {"mig-endless", "migration: the stream of a stopped device does not end"},
	[SIM_FAULT_MIG_UNSTABLE] = {"mig-unstable", "migration: a stopped device goes on changing: its stream differs "
						    "the second time, which --strict finds"},
	[SIM_FAULT_MIG_SIZE] = {"mig-size", "migration: the size that is told beforehand is a fraction of what comes"},
	[SIM_FAULT_MIG_PRECOPY_GROWS] = {"mig-precopy-grows",
					 "migration: the initial bytes of pre-copy grow while they are read"},
	[SIM_FAULT_MIG_PRECOPY_BLOCKS] =
		{"mig-precopy-blocks", "migration: at the end of what pre-copy has neither data comes nor an answer"},
	[SIM_FAULT_MIG_GARBAGE] = {"mig-garbage", "migration: what is no stream of its is loaded as if it were"},
	[SIM_FAULT_MIG_STATE_LOST] = {"mig-state-lost", "migration: what was saved is accepted, and not loaded"},
	[SIM_FAULT_MIG_STOPPED_DMA] = {"mig-stopped-dma", "migration: a stopped device goes on with its DMA"},
	[SIM_FAULT_MIG_PEER_DMA] = {"mig-peer-dma", "migration: DMA to peers goes on in the P2P states"},
	[SIM_FAULT_MIG_RUNNING_IDLE] = {"mig-running-idle",
					"migration: a device that was stopped does no DMA when it runs again"},
	[SIM_FAULT_MIG_CONFIG_STOPPED] =
		{"mig-config-stopped", "migration: configuration space cannot be accessed while the device is stopped"},
	[SIM_FAULT_MIG_SLOW_STOP] = {"mig-slow-stop",
				     "migration: to stop the device takes 100 ms: found with --stop-limit 50ms"},
};

const struct iommu_help *iommu_sim_faults_help(void)
{
	return sim_fault_table;
}

static int sim_fault_unknown(const char *name, struct fail *f)
{
	fail_set(f, EINVAL, "unknown fault '%s' of the simulated IOMMU", name);
	fail_hint(f, "`--backend sim,help` lists them");
	return -EINVAL;
}

static int sim_fault_option(struct sim_fault *fault, const char *option, struct fail *f)
{
	if (!strncmp(option, "p=", 2)) {
		if (!num_parse_prob(option + 2, &fault->p))
			return 0;
		fail_set(f, EINVAL, "fault option 'p' takes a probability 0..1, not '%s'", option + 2);
	} else if (!strncmp(option, "after=", 6)) {
		if (!num_parse_u64(option + 6, &fault->after))
			return 0;
		fail_set(f, EINVAL, "fault option 'after' takes a number of operations, not '%s'", option + 6);
	} else {
		fail_set(f, EINVAL, "unknown fault option '%s'", option);
	}
	fail_hint(f, "a fault is NAME[:p=PROB][:after=N], as in fault=stale-iotlb:p=0.01:after=100");
	return -EINVAL;
}

int sim_faults_add(struct sim_faults *faults, const char *text, struct fail *f)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy, *name;
	struct sim_fault *fault;
	unsigned int id;

	if (!copy)
		return fail_set(f, ENOMEM, "cannot read fault '%s'", text);
	name = strsep(&rest, ":");
	for (id = 0; id < SIM_FAULT_COUNT; id++)
		if (!strcmp(name, sim_fault_table[id].name))
			break;
	if (id == SIM_FAULT_COUNT)
		return sim_fault_unknown(name, f);
	fault = &faults->fault[id];
	fault->p = 1.0;
	fault->after = 0;
	fault->place = rng_place(sim_fault_table[id].name);
	while (rest) {
		int r = sim_fault_option(fault, strsep(&rest, ":"), f);

		if (r)
			return r;
	}
	fault->on = true;
	faults->any = true;
	return 0;
}

void sim_faults_fresh(struct sim_faults *faults, uint64_t seed)
{
	faults->seed = seed;
	for (unsigned int id = 0; id < SIM_FAULT_COUNT; id++) {
		atomic_store_explicit(&faults->fault[id].eligible, 0, memory_order_relaxed);
		atomic_store_explicit(&faults->fault[id].fired, 0, memory_order_relaxed);
	}
}

void sim_fault_linger(struct sim_faults *faults, enum sim_fault_id id)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	if (faults->fault[id].on)
		nanosleep(&moment, NULL);
}

bool sim_fault_draw(struct sim_faults *faults, enum sim_fault_id id)
{
	struct sim_fault *fault = &faults->fault[id];
	uint64_t op = atomic_fetch_add_explicit(&fault->eligible, 1, memory_order_relaxed);

	if (op < fault->after || !rng_chance(rng_draw(faults->seed, op, fault->place), fault->p))
		return false;
	atomic_fetch_add_explicit(&fault->fired, 1, memory_order_relaxed);
	return true;
}
