/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address spaces of the simulated IOMMU, as personality iommufd has them: made, destroyed, what devices are attached to.
 * Attaching is a pointer that DMA reads under RCU; the old space is let go when no DMA is left in it.
 */
#include <errno.h>
#include <string.h>

#include "iommu/rcu.h"
#include "iommu/sim/copy.h"

int sim_space_init(struct sim_space *space, struct sim *sim)
{
	int r = sim_pt_init(&space->pt);

	if (r)
		return r;
	sim_windows_init(&space->windows);
	space->sim = sim;
	space->id = sim_new_id(sim);
	space->domain = sim->next_domain++;
	space->next = sim->spaces;
	sim->spaces = space;
	return 0;
}

void sim_space_exit(struct sim_space *space)
{
	sim_mapping_drop_all(space);
	sim_dirty_exit(&space->dirty);
	sim_pt_exit(&space->pt);
	sim_windows_exit(&space->windows);
}

void sim_space_caps(struct sim_space *space)
{
	enum iommu_personality personality = space->sim->main.iommu.personality;
	bool iommufd = personality == IOMMU_IOMMUFD;

	space->iommu.caps = (struct iommu_caps){
		.page_sizes = KiB(4) | MiB(2) | GiB(1),
		.nr_ranges = 2,
		.ranges = {{0, SIM_MSI_START - 1}, {SIM_MSI_LAST + 1, sim_iova_top(space->sim)}},
		.ranges_known = true,
		.nr_reserved = 1,
		.reserved = {{SIM_MSI_START, SIM_MSI_LAST}},
		/* iommufd_fill_cap_dma_avail() has a number for the container's callers: all that fit */
		.has_dma_avail = !iommufd,
		.dma_avail = iommufd ? 0 : (uint32_t)MIN(space->sim->entry_limit, UINT32_MAX),
		.unmap_all = true,
		.update_vaddr = !iommufd,
		.unmap_bisects = personality == IOMMU_TYPE1_V1,
		.kernel_iova = iommufd,
		.coherent = true,
		.simulated = true,
		.no_hardware = true,
		.has_phys = true,
		.has_pins = true,
		.has_map_file = iommufd,
		.has_spaces = iommufd,
	};
	if (space->sim->wide)
		space->iommu.caps.ranges[space->iommu.caps.nr_ranges++] = SIM_HIGH;
}

void sim_space_empty(struct sim_space *space, uint64_t *bytes)
{
	struct sim_mapping *map, *list = NULL;

	while ((map = sim_mapping_first(space, 0, UINT64_MAX)))
		sim_mapping_unlink(space, map, &list);
	*bytes = list ? sim_mapping_remove(space, list) : 0;
	sim_lanes_trim(space->sim);
}

static bool sim_has_spaces(const struct iommu *iommu)
{
	return sim_space_of(iommu)->sim->main.iommu.personality == IOMMU_IOMMUFD;
}

/* Under the lock. NULL: no such space. */
static struct sim_space *sim_space_find(struct sim *sim, uint32_t id)
{
	for (struct sim_space *space = sim->spaces; space; space = space->next)
		if (space->id == id && !space->gone)
			return space;
	return NULL;
}

static int sim_space_new(struct iommu *of, struct iommu **out)
{
	struct sim *sim = sim_space_of(of)->sim;
	struct sim_space *space;
	int r;

	if (!sim_has_spaces(of))
		return -EOPNOTSUPP;
	space = calloc(1, sizeof(*space));
	if (!space)
		return -ENOMEM;
	sim_lock(sim);
	r = sim->next_domain ? sim_space_init(space, sim) : -ENOSPC;
	sim_unlock(sim);
	if (r) {
		free(space);
		return r;
	}
	sim_space_caps(space);
	*out = &space->iommu;
	return 0;
}

void sim_space_close(struct sim_space *space)
{
	struct sim *sim = space->sim;
	struct sim_space **at = &sim->spaces;
	uint64_t bytes;

	sim_lock(sim);
	sim_space_empty(space, &bytes);
	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
	if (space->users || sim_fault_has_fired(&sim->faults, SIM_FAULT_STALE_ATTACH)) {
		/* a device may still walk its tables, which are empty: the model's own memory stays until the end */
		space->next = sim->retired;
		sim->retired = space;
		space = NULL;
	}
	sim_unlock(sim);
	if (!space)
		return;
	sim_space_exit(space);
	free(space);
}

static uint32_t sim_space_id(const struct iommu *iommu)
{
	return sim_has_spaces(iommu) ? sim_space_of(iommu)->id : 0;
}

/* iommufd_ioas_load_iovas(), iopt_set_allow_iova(). */
static int sim_space_allow(struct iommu *iommu, const struct iova_range *ranges, unsigned int n)
{
	struct sim_space *space = sim_space_of(iommu);

	if (!sim_has_spaces(iommu))
		return -EOPNOTSUPP;
	if (n > IOMMU_MAX_RANGES)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		if (ranges[i].start >= ranges[i].last)
			return -EINVAL;
		for (unsigned int j = 0; j < i; j++)
			if (iova_range_overlaps(ranges[i], ranges[j]))
				return -EINVAL;
	}
	/* the aperture is that of the devices that are attached */
	for (unsigned int i = 0; i < n; i++)
		if ((space->users && !sim_iova_exists(space->sim, ranges[i].last)) ||
		    iova_range_overlaps(ranges[i], (struct iova_range){SIM_MSI_START, SIM_MSI_LAST}))
			return -EADDRINUSE;
	sim_lock(space->sim);
	if (n)
		memcpy(space->allowed, ranges, n * sizeof(*ranges));
	space->nr_allowed = n;
	sim_unlock(space->sim);
	return 0;
}

/* iommufd_option_rlimit_mode(), iommufd_ioas_option_huge_pages(). */
static int sim_option(struct iommu *iommu, enum iommu_option option, bool set, uint64_t *value)
{
	struct sim_space *space = sim_space_of(iommu);
	int r = 0;

	if (!sim_has_spaces(iommu))
		return -EOPNOTSUPP;
	if (option == IOMMU_OPTION_RLIMIT_MODE) {
		if (set)
			return -EBUSY; /* there always is a space */
		*value = 0;
		return 0;
	}
	sim_lock(space->sim);
	if (!set)
		*value = !space->pt.small;
	else if (*value > 1 || (!*value && !space->pt.small && space->users && sim_space_count(space)))
		r = -EINVAL;
	else
		space->pt.small = !*value;
	sim_unlock(space->sim);
	return r;
}

/* iommufd_ioas_change_process(): this process is the only one there is. */
static int sim_change_process(struct iommu *iommu)
{
	struct sim *sim = sim_space_of(iommu)->sim;
	int r = 0;

	if (!sim_has_spaces(iommu))
		return -EOPNOTSUPP;
	sim_lock(sim);
	for (struct sim_space *space = sim->spaces; space; space = space->next) {
		uint64_t at = 0;
		struct sim_mapping *map;

		while (!r && (map = sim_mapping_first(space, at, UINT64_MAX))) {
			r = map->by_file ? 0 : -EINVAL;
			at = map->node.last + 1;
			if (!at)
				break;
		}
	}
	sim_unlock(sim);
	return r;
}

static int sim_device_move(struct iommu_device *idev, struct sim_space *space)
{
	struct sim_device *dev = container_of(idev, struct sim_device, idev);

	if (dev->at)
		dev->at->users--;
	dev->at = space;
	if (space)
		space->users++;
	sim_engine_attach(dev->engine, space);
	return 0;
}

/* VFIO_DEVICE_ATTACH_IOMMUFD_PT of a device that is attached already is a replace. */
static int sim_device_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid)
{
	struct sim *sim = sim_space_of(idev->iommu)->sim;
	struct sim_space *space;
	int r;

	if (!sim_has_spaces(idev->iommu) || pasid != IOMMU_NO_PASID)
		return -EOPNOTSUPP;
	sim_lock(sim);
	space = sim_space_find(sim, pt_id);
	r = space ? sim_device_move(idev, space) : -ENOENT;
	sim_unlock(sim);
	return r;
}

static int sim_device_detach(struct iommu_device *idev, uint32_t pasid)
{
	struct sim *sim = sim_space_of(idev->iommu)->sim;
	int r;

	if (!sim_has_spaces(idev->iommu) || pasid != IOMMU_NO_PASID)
		return -EOPNOTSUPP;
	sim_lock(sim);
	r = sim_device_move(idev, NULL);
	sim_unlock(sim);
	return r;
}

static uint32_t sim_device_object(const struct iommu_device *idev)
{
	return sim_has_spaces(idev->iommu) ? container_of(idev, struct sim_device, idev)->id : 0;
}

/* Each of a millisecond. */
#define SIM_DESTROY_LINGERS 50u

/* Of Linux 6.2 to 6.4: it counts itself as a user while it looks (iommufd_destroy(), iommufd_ref_to_users()). */
static void sim_destroy_enter(struct sim *sim)
{
	atomic_fetch_add(&sim->destroyers, 1);
	/* until somebody else comes, which on a busy machine takes a while */
	for (unsigned int i = 0; i < SIM_DESTROY_LINGERS && atomic_load(&sim->destroyers) < 2; i++)
		sim_fault_linger(&sim->faults, SIM_FAULT_DESTROY_BUSY);
	sim_lock(sim);
}

/* Is somebody else on its way who counts as a user? */
static bool sim_destroy_is_busy(struct sim *sim)
{
	return atomic_fetch_sub(&sim->destroyers, 1) > 1 && sim_fault_fires(&sim->faults, SIM_FAULT_DESTROY_BUSY);
}

/* iommufd_destroy(): what is used stays. */
static int sim_destroy(struct iommu *iommu, uint32_t id)
{
	struct sim *sim = sim_space_of(iommu)->sim;
	struct sim_space *space;
	uint64_t bytes;
	bool busy;
	int r = 0;

	if (!sim_has_spaces(iommu))
		return -EOPNOTSUPP;
	sim_destroy_enter(sim);
	busy = sim_destroy_is_busy(sim);
	space = sim_space_find(sim, id);
	if (!space) {
		r = -ENOENT;
		/* a bound device goes by closing its descriptor, never by its id */
		for (struct iommu_device *idev = sim->main.iommu.devices; idev; idev = idev->next)
			if (sim_device_object(idev) == id)
				r = -EBUSY;
	} else if (space->users || busy) {
		r = -EBUSY;
	} else {
		sim_space_empty(space, &bytes);
		space->gone = true;
	}
	sim_unlock(sim);
	return r;
}

const struct iommu_object_ops sim_object_ops = {
	.space_new = sim_space_new,
	.space_id = sim_space_id,
	.space_allow = sim_space_allow,
	.space_copy = sim_space_copy,
	.option = sim_option,
	.change_process = sim_change_process,
	.device_attach = sim_device_attach,
	.device_detach = sim_device_detach,
	.device_object = sim_device_object,
	.destroy = sim_destroy,
};
