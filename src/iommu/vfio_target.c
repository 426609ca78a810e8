/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be taken, by its name: a PCI device or a mediated one, and whether the host has made it fit for VFIO. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/mdev.h"
#include "host/text.h"
#include "iommu/vfio.h"

void vfio_target_pci(const struct pci_info *pci, struct vfio_target *out)
{
	*out = (struct vfio_target){
		.id.vendor = pci->vendor,
		.id.device = pci->device,
		.id.subvendor = pci->subvendor,
		.id.subdevice = pci->subdevice,
		.id.class_code = pci->class_code,
		.id.revision = pci->revision,
		.group = pci->group,
	};
	text_copy(out->id.name, sizeof(out->id.name), pci->addr);
	text_copy(out->driver, sizeof(out->driver), pci->driver);
	text_copy(out->cdev, sizeof(out->cdev), pci->cdev);
}

/* Its ids are what its driver makes up, so that no driver here may match them. */
static void vfio_target_mdev(const struct mdev_info *mdev, struct vfio_target *out)
{
	*out = (struct vfio_target){.id.no_bus = true, .id.emulated = true, .group = mdev->group};
	text_copy(out->id.name, sizeof(out->id.name), mdev->uuid);
	text_copy(out->driver, sizeof(out->driver), mdev->driver);
	text_copy(out->cdev, sizeof(out->cdev), mdev->cdev);
}

int vfio_target_find(const struct host *host, const char *id, struct vfio_target *out, struct fail *f)
{
	struct mdev_info mdev;
	struct pci_info pci;
	char addr[16];
	int err;

	if (mdev_is_uuid(id)) {
		err = mdev_find(host, id, &mdev, f);
		if (!err)
			vfio_target_mdev(&mdev, out);
		return err;
	}
	if (pci_normalize(id, addr, sizeof(addr))) {
		fail_usage(f, EINVAL, "'%.64s' is neither a PCI address nor the UUID of a mediated device", id);
		fail_hint(f, "write 0000:00:04.0 or 00:04.0, or a UUID in full; iommuctl list shows both");
		return -EINVAL;
	}
	err = pci_find(host, addr, &pci, f);
	if (!err)
		vfio_target_pci(&pci, out);
	return err;
}

void vfio_hint_bind(const struct iommu_device_id *id, struct fail *f)
{
	if (id->emulated)
		fail_hint(f, "its driver must have it, and the kernel CONFIG_VFIO_GROUP for --backend vfio, "
			     "CONFIG_VFIO_DEVICE_CDEV for iommufd");
	else
		fail_hint(f, "iommuctl bind %s", id->name);
}

/* A noiommu group has no IOMMU behind it: DMA from it reaches all of memory. */
static bool vfio_is_noiommu(const struct host *host, const struct vfio_target *t)
{
	char name[32];

	if (strncmp(t->cdev, "noiommu", strlen("noiommu")) == 0)
		return true;
	return host_read_line(host, name, sizeof(name), "/sys/kernel/iommu_groups/%d/name", t->group) == 0 &&
	       strcmp(name, "vfio-noiommu") == 0;
}

/* Whatever driver has a mediated device, it is one of VFIO's (drivers/vfio/mdev/mdev_driver.c). */
static int vfio_check_mdev(const struct vfio_target *t, struct fail *f)
{
	if (t->driver[0])
		return 0;
	fail_set(f, ENODEV, "mediated device %s has no driver", t->id.name);
	fail_hint(f, "as root: echo %s > /sys/bus/mdev/drivers/DRIVER/bind", t->id.name);
	return -ENODEV;
}

int vfio_check_host(const struct host *host, const struct vfio_target *t, struct fail *f)
{
	const char *name = t->id.name;

	if (t->id.emulated)
		return vfio_check_mdev(t, f);
	if (t->group < 0) {
		fail_set(f, ENODEV, "%s has no IOMMU behind it", name);
		fail_hint(f, "turn on VT-d or AMD-Vi in the firmware, and boot with intel_iommu=on (Intel)");
		return -ENODEV;
	}
	if (vfio_is_noiommu(host, t)) {
		fail_set(f, ENODEV, "%s is a noiommu device: its DMA would reach all of memory", name);
		fail_hint(f, "turn on the IOMMU in the firmware and the kernel: this tool gives no DMA without one");
		return -ENODEV;
	}
	if (!pci_is_vfio_driver(t->driver)) {
		if (t->driver[0])
			fail_set(f, ENODEV, "%s is bound to %s", name, t->driver);
		else
			fail_set(f, ENODEV, "%s is not bound to vfio-pci", name);
		fail_hint(f, "iommuctl bind %s", name);
		return -ENODEV;
	}
	return 0;
}

int vfio_check_twice(const struct iommu *iommu, const struct vfio_target *t, struct fail *f)
{
	for (const struct iommu_device *d = iommu->devices; d; d = d->next)
		if (strcmp(d->id.name, t->id.name) == 0)
			return fail_set(f, EBUSY, "%s is attached already", t->id.name);
	return 0;
}
