/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do when the kernel refused something about objects: one errno means many things, and the verb tells which. */
#include <errno.h>

#include "iommu/objects_priv.h"

/* drivers/iommu/iommufd/{ioas,io_pagetable,device,hw_pagetable,eventq,main}.c of Linux 7.3 */
static const struct {
	enum objects_verb verb;
	int err;
	const char *hint;
} objects_hints[] = {
	{OBJECTS_ALLOW, EADDRINUSE, "a range reaches beyond what this space takes: see `ioas ranges`"},
	{OBJECTS_ALLOW, EINVAL, "ranges must not overlap, and each holds more than one byte"},
	{OBJECTS_COPY, ENOENT, "the source must be mapped without a hole: see `iommuctl maps`"},
	{OBJECTS_COPY, EPERM, "what was mapped read-only cannot be copied for writing"},
	{OBJECTS_COPY, EEXIST, "something is mapped there already: choose another iova"},
	{OBJECTS_COPY, EINVAL, "the iova is outside what this space takes, or not aligned: see `ioas ranges`"},
	{OBJECTS_RLIMIT, EBUSY, "the mode is chosen before the first space exists"},
	{OBJECTS_RLIMIT, EPERM, "it needs CAP_SYS_RESOURCE"},
	{OBJECTS_HUGE, EINVAL, "what is mapped now rules it out: change it while the space is empty"},
	{OBJECTS_PROCESS, EINVAL, "only mappings of files can follow: map with --mem memfd, and nothing else"},
	/* the second: iommufd_viommu_get_vdev_id(), asked by IOMMU drivers */
	{OBJECTS_ATTACH, ENOENT,
	 "no such space or page table, or one of a virtual IOMMU that has no `viommu device` for this one"},
	{OBJECTS_ATTACH, EADDRINUSE, "something is mapped where the device's reserved regions are"},
	{OBJECTS_ATTACH, EINVAL, "the page table is not for this device's IOMMU"},
	{OBJECTS_ATTACH_PASID, EINVAL,
	 "it takes a page table of `hwpt new --pasid`, the device itself on one too, and a device with PASIDs"},
	{OBJECTS_ATTACH_PASID, ENOENT, "there is no such page table: see `iommuctl maps`"},
	{OBJECTS_ATTACH, EBUSY, "it is attached already, and this device cannot replace"},
	{OBJECTS_HWPT, ENOENT, "there is no such parent or queue: see `iommuctl maps`"},
	{OBJECTS_HWPT, EINVAL, "the parent or the data does not suit this IOMMU: see `hwinfo`"},
	{OBJECTS_INVALIDATE, EINVAL, "this page table does not take this kind of entry"},
	{OBJECTS_DESTROY, EBUSY, "others stand on it: see `iommuctl maps`, and take them away first"},
	{OBJECTS_DESTROY, ENOENT, "there is no such object: see `iommuctl maps`"},
	{OBJECTS_VFIO, ENODEV, "none is chosen: `ioas vfio set SPACE`"},
	{OBJECTS_PHYS, EPERM, "it needs CAP_SYS_RAWIO"},
	{OBJECTS_PHYS, EOPNOTSUPP, "only a space with a device that has no IOMMU tells that, on Linux 7.3 and later"},
	{OBJECTS_VIOMMU, EOPNOTSUPP, "this IOMMU has no virtual IOMMUs of that type"},
	{OBJECTS_VIOMMU, EINVAL, "it stands on a page table made with --nest-parent"},
	{OBJECTS_VDEVICE, EEXIST, "the device has one already, or the number is taken"},
	{OBJECTS_HW_QUEUE, EOPNOTSUPP, "this virtual IOMMU has no hardware queues of that type"},
	{OBJECTS_EVENTS, EOPNOTSUPP, "this virtual IOMMU has no events of that type"},
	{OBJECTS_EVENTS, EEXIST, "it has one of that type already"},
	{OBJECTS_ANSWER, EINVAL, "no fault waits for an answer with this cookie"},
};

int objects_explain(enum objects_verb verb, int err, struct fail *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects_hints); i++)
		if (objects_hints[i].verb == verb && objects_hints[i].err == -err)
			fail_hint(f, "%s", objects_hints[i].hint);
	return err;
}
