/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommuctl device info, features, hot-reset-info: what VFIO tells of a device. */
#include "cmd/device.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "iommu/idev_vfio.h"

static void info_regions(struct report *r, const struct idev_vfio_info *info)
{
	report_list(r, "regions");
	for (unsigned int i = 0; i < IDEV_REGIONS; i++) {
		const struct idev_region_info *region = &info->regions[i];

		if (!region->size)
			continue;
		report_object(r, NULL);
		report_str(r, "name", idev_region_name(i));
		report_num(r, "size", region->size);
		report_bool(r, "read", region->can_read);
		report_bool(r, "write", region->can_write);
		report_bool(r, "mmap", region->can_mmap);
		report_close(r);
	}
	report_close(r);
}

static void info_irqs(struct report *r, const struct idev_vfio_info *info)
{
	report_list(r, "irqs");
	for (unsigned int i = 0; i < IDEV_IRQS; i++) {
		const struct idev_irq_info *irq = &info->irqs[i];

		if (!irq->count)
			continue;
		report_object(r, NULL);
		report_str(r, "name", idev_irq_name(i));
		report_num(r, "count", irq->count);
		report_bool(r, "eventfd", irq->eventfd);
		report_bool(r, "maskable", irq->maskable);
		report_bool(r, "automasked", irq->automasked);
		report_bool(r, "noresize", irq->noresize);
		report_close(r);
	}
	report_close(r);
}

int device_report_info(struct command_run *run, struct iommu_device *idev)
{
	struct idev_vfio_info info;
	int err = idev_vfio_info(idev, &info, &run->fail);

	if (err)
		return err;
	report_bool(run->report, "function_reset", info.has_reset);
	report_bool(run->report, "any_reset", idev_has_reset(idev));
	info_regions(run->report, &info);
	info_irqs(run->report, &info);
	return 0;
}

int device_report_features(struct command_run *run, struct iommu_device *idev)
{
	struct report *r = run->report;
	struct idev_feature feature;
	unsigned int n = 0, have = 0;
	int err = idev_feature_probe(idev, 0, &feature);

	if (err)
		return fail_set(&run->fail, err, "%s is not VFIO's", idev_id(idev)->name);
	report_list(r, "features");
	for (; !idev_feature_probe(idev, n, &feature); n++) {
		report_object(r, NULL);
		report_num(r, "nr", n);
		report_str(r, "name", feature.name);
		report_bool(r, "get", feature.get);
		report_bool(r, "set", feature.set);
		report_close(r);
		have += feature.get || feature.set;
	}
	report_close(r);
	snprintf(run->detail, sizeof(run->detail), "%u of %u features", have, n);
	return 0;
}

int device_report_hot_reset(struct command_run *run, struct iommu_device *idev)
{
	struct report *r = run->report;
	struct idev_hot_reset_info info;
	int err = idev_hot_reset_info(idev, &info);

	if (err == -ENODEV || err == -ENOTTY)
		return fail_set(&run->fail, EOPNOTSUPP, "%s has no reset of its slot or bus", idev_id(idev)->name);
	if (err)
		return fail_set(&run->fail, err, "cannot read whom a reset of %s takes along", idev_id(idev)->name);
	report_bool(r, "by_id", info.by_id);
	report_bool(r, "all_ours", info.all_ours);
	report_list(r, "devices");
	for (unsigned int i = 0; i < info.count; i++) {
		report_object(r, NULL);
		report_str(r, "id", info.devices[i].addr);
		report_num(r, info.by_id ? "object" : "group", info.devices[i].object);
		report_close(r);
	}
	report_close(r);
	snprintf(run->detail, sizeof(run->detail), "%u devices", info.count);
	return 0;
}
