/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enable No Snoop in PCI Express Device Control, through VFIO's configuration space: found, changed, given back. */
#include <errno.h>

#include "core/diagnose/priv.h"

/* STATUS bit 4 says there is a list, whose ids and links are bytes (PCI 3.0 6.7); id 10h is PCI Express (PCIe 7.5.3). */
#define PCI_STATUS 0x06
#define PCI_STATUS_LIST 0x10
#define PCI_LIST 0x34
#define PCI_LIST_FIRST 0x40
#define PCI_LIST_MAX 48 /* capabilities of four bytes each that 192 bytes have room for */
#define PCI_ID_EXPRESS 0x10
#define PCIE_DEVICE_CONTROL 8
#define PCIE_NO_SNOOP (1u << 11)   /* PCIe 7.5.3.4 */
#define SNOOP_UNTOUCHED UINT32_MAX /* it could not be read, so nothing was written either */

uint32_t snoop_find(struct iommu_device *idev, bool *set)
{
	uint32_t at, status, head, control;

	if (idev_config_read(idev, PCI_STATUS, 2, &status) || !(status & PCI_STATUS_LIST) ||
	    idev_config_read(idev, PCI_LIST, 1, &at))
		return 0;
	/* the list is the device's word: it may lead anywhere, and in circles */
	for (unsigned int i = 0; i < PCI_LIST_MAX; i++) {
		at &= 0xfc;
		if (at < PCI_LIST_FIRST || idev_config_read(idev, at, 2, &head) || head == 0xffff)
			return 0;
		if ((head & 0xff) == PCI_ID_EXPRESS) {
			at += PCIE_DEVICE_CONTROL;
			if (at > 0xfe || idev_config_read(idev, at, 2, &control))
				return 0;
			*set = control & PCIE_NO_SNOOP;
			return at;
		}
		at = head >> 8;
	}
	return 0;
}

int snoop_flip(struct iommu_device *idev, uint32_t at, uint32_t *was, struct fail *f)
{
	uint32_t now = 0;
	int err = idev_config_read(idev, at, 2, was);

	if (err)
		*was = SNOOP_UNTOUCHED;
	else
		err = idev_config_write(idev, at, 2, *was ^ PCIE_NO_SNOOP);
	if (!err)
		err = idev_config_read(idev, at, 2, &now);
	if (err)
		return fail_set(f, err, "cannot change Device Control");
	if ((now ^ *was) & PCIE_NO_SNOOP)
		return 0;
	/* "permitted to be hardwired to 0b if a Function would never Set the No Snoop attribute" */
	return fail_complete(
		f, EOPNOTSUPP,
		"Enable No Snoop stays %s: the device has it fixed, as one may that never sets that attribute",
		now & PCIE_NO_SNOOP ? "set" : "clear");
}

int snoop_give_back(struct iommu_device *idev, uint32_t at, uint32_t was, struct fail *f)
{
	uint32_t now = 0;
	int err;

	if (was == SNOOP_UNTOUCHED)
		return 0;
	err = idev_config_write(idev, at, 2, was);
	if (!err)
		err = idev_config_read(idev, at, 2, &now);
	if (!err && (now ^ was) & PCIE_NO_SNOOP)
		err = -EIO;
	return err ? fail_set(f, err, "cannot give Device Control back: it reads 0x%04x, not 0x%04x", now, was) : 0;
}
