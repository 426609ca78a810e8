/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to cmd/device*.c: what VFIO tells of a device, as report rows. 0 or -errno with run->fail set. */
#ifndef IC_CMD_DEVICE_H
#define IC_CMD_DEVICE_H

#include "cmd/command.h"
#include "iommu/device.h"

int device_report_info(struct command_run *run, struct iommu_device *idev);
int device_report_features(struct command_run *run, struct iommu_device *idev);
int device_report_hot_reset(struct command_run *run, struct iommu_device *idev);

#endif
