/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public verbs on an attached device: checks that hold for every backend, then the backend's op. */
#include "iommu/device.h"

#include <errno.h>

#include "iommu/backend.h"

/* PCI Local Bus 3.0, 6.2.2 */
#define IDEV_COMMAND 0x04
#define IDEV_COMMAND_MEM 0x0002
#define IDEV_COMMAND_MASTER 0x0004
#define IDEV_CLASS 0x08 /* and the revision */

const struct iommu_device_id *idev_id(const struct iommu_device *idev)
{
	return &idev->id;
}

struct iommu *idev_iommu(const struct iommu_device *idev)
{
	return idev->iommu;
}

static bool idev_config_ok(unsigned int offset, unsigned int width)
{
	return (width == 1 || width == 2 || width == 4) && offset % width == 0 && offset <= 4096 - width;
}

int idev_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value)
{
	if (!idev->ops->config_read)
		return -EOPNOTSUPP;
	return idev_config_ok(offset, width) ? idev->ops->config_read(idev, offset, width, value) : -EINVAL;
}

int idev_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value)
{
	if (!idev->ops->config_write)
		return -EOPNOTSUPP;
	return idev_config_ok(offset, width) ? idev->ops->config_write(idev, offset, width, value) : -EINVAL;
}

int idev_bus_master(struct iommu_device *idev, bool on)
{
	const uint32_t set = IDEV_COMMAND_MEM | IDEV_COMMAND_MASTER;
	uint32_t command;
	int err = idev_config_read(idev, IDEV_COMMAND, 2, &command);

	if (err)
		return err;
	command = on ? command | set : command & ~(uint32_t)IDEV_COMMAND_MASTER;
	err = idev_config_write(idev, IDEV_COMMAND, 2, command);
	if (!err)
		err = idev_config_read(idev, IDEV_COMMAND, 2, &command);
	if (err)
		return err;
	/* a device that has dropped off the bus reads as all ones */
	if (command == 0xffff)
		return -EIO;
	return on ? ((command & set) == set ? 0 : -EIO) : (command & IDEV_COMMAND_MASTER ? -EIO : 0);
}

int idev_decode_only(struct iommu_device *idev)
{
	uint32_t command;
	int err = idev_config_read(idev, IDEV_COMMAND, 2, &command);

	if (!err)
		err = idev_config_write(idev, IDEV_COMMAND, 2,
					(command | IDEV_COMMAND_MEM) & ~(uint32_t)IDEV_COMMAND_MASTER);
	if (!err)
		err = idev_config_read(idev, IDEV_COMMAND, 2, &command);
	if (err)
		return err;
	/* all ones, of a device that is gone, have both */
	return (command & (IDEV_COMMAND_MEM | IDEV_COMMAND_MASTER)) == IDEV_COMMAND_MEM ? 0 : -EIO;
}

bool idev_is_gone(struct iommu_device *idev)
{
	uint32_t class;

	return !idev->id.no_bus && !idev_config_read(idev, IDEV_CLASS, 4, &class) && class == UINT32_MAX;
}

int idev_bar_map(struct iommu_device *idev, unsigned int n, struct idev_bar *out, struct fail *f)
{
	if (!idev->ops->bar_map)
		return fail_set(f, EOPNOTSUPP, "cannot map BAR %u of %s", n, idev->id.name);
	if (n > 5)
		return fail_set(f, ENOENT, "cannot map BAR %u of %s", n, idev->id.name);
	return idev->ops->bar_map(idev, n, out, f);
}

static bool idev_bar_ok(unsigned int n, uint64_t offset, unsigned int width)
{
	return n <= 5 && (width == 1 || width == 2 || width == 4 || width == 8) && offset % width == 0;
}

int idev_bar_read(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width, uint64_t *value)
{
	*value = 0;
	if (!idev->ops->bar_read)
		return -EOPNOTSUPP;
	return idev_bar_ok(n, offset, width) ? idev->ops->bar_read(idev, n, offset, width, value) : -EINVAL;
}

int idev_bar_write(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width, uint64_t value)
{
	if (!idev->ops->bar_write)
		return -EOPNOTSUPP;
	return idev_bar_ok(n, offset, width) ? idev->ops->bar_write(idev, n, offset, width, value) : -EINVAL;
}

int idev_reset(struct iommu_device *idev)
{
	return idev->ops->reset ? idev->ops->reset(idev) : -EOPNOTSUPP;
}

bool idev_has_reset(const struct iommu_device *idev)
{
	return idev->ops->has_reset && idev->ops->has_reset(idev);
}

int idev_irq_enable(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *eventfd_out)
{
	*eventfd_out = -1;
	return idev->ops->irq_enable ? idev->ops->irq_enable(idev, kind, n, eventfd_out) : -EOPNOTSUPP;
}

int idev_irq_disable(struct iommu_device *idev, enum idev_irq kind)
{
	return idev->ops->irq_disable ? idev->ops->irq_disable(idev, kind) : -EOPNOTSUPP;
}

int idev_irq_unmask(struct iommu_device *idev, enum idev_irq kind)
{
	return idev->ops->irq_unmask ? idev->ops->irq_unmask(idev, kind) : -EOPNOTSUPP;
}

int idev_irq_mask(struct iommu_device *idev, enum idev_irq kind)
{
	return idev->ops->irq_mask ? idev->ops->irq_mask(idev, kind) : -EOPNOTSUPP;
}

int idev_irq_trigger(struct iommu_device *idev, enum idev_irq kind, unsigned int n)
{
	return idev->ops->irq_trigger ? idev->ops->irq_trigger(idev, kind, n) : -EOPNOTSUPP;
}

struct sim_engine *idev_sim_engine(struct iommu_device *idev)
{
	return idev->ops->sim_engine ? idev->ops->sim_engine(idev) : NULL;
}
