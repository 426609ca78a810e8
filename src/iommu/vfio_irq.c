/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts as eventfds. */
#include <errno.h>
#include <sys/eventfd.h>

#include "iommu/vfio.h"

/* VFIO_PCI_INTX_IRQ_INDEX and its neighbours count as enum idev_irq does. */
static_assert(IDEV_IRQ_INTX == 0 && IDEV_IRQ_MSIX == 2 && IDEV_IRQ_ERR == 3 && IDEV_IRQ_REQ == 4, "interrupt index");

static int vfio_irq_count(const struct vfio_device *d, enum idev_irq kind, uint32_t *count)
{
	struct ic_vfio_irq_info info = {.argsz = sizeof(info), .index = kind};

	*count = 0;
	/* ERR of a conventional device, VFIO_PCI_ERR_IRQ_INDEX: EINVAL before 7.x, where it counts */
	if (ioctl(d->fd, IC_VFIO_DEVICE_GET_IRQ_INFO, &info))
		return errno == EINVAL ? 0 : -errno;
	*count = info.flags & IC_VFIO_IRQ_INFO_EVENTFD ? info.count : 0;
	return 0;
}

static int vfio_irq_set_fd(const struct vfio_device *d, enum idev_irq kind, uint32_t start, uint32_t count, uint32_t n,
			   int fd)
{
	size_t size = sizeof(struct ic_vfio_irq_set) + count * sizeof(int32_t);
	CLEANUP_FREE struct ic_vfio_irq_set *arg = calloc(1, size);
	int ret;

	if (!arg)
		return -ENOMEM;
	*arg = (struct ic_vfio_irq_set){
		.argsz = (uint32_t)size,
		.flags = IC_VFIO_IRQ_DATA_EVENTFD | IC_VFIO_IRQ_TRIGGER,
		.index = kind,
		.start = start,
		.count = count,
	};
	for (uint32_t i = 0; i < count; i++)
		arg->fds[i] = start + i == n ? fd : -1;
	ret = ioctl(d->fd, IC_VFIO_DEVICE_SET_IRQS, arg);
	/* a positive answer is the number of vectors the host could have given: fewer than asked */
	return ret < 0 ? -errno : ret > 0 ? -ENOSPC : 0;
}

int vfio_irq_enable(struct iommu_device *idev, enum idev_irq kind, unsigned int n, int *eventfd_out)
{
	struct vfio_device *d = to_vfio_device(idev);
	uint32_t count;
	int fd, err = vfio_irq_count(d, kind, &count);

	if (err)
		return err;
	if (n >= count)
		return -EOPNOTSUPP;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	/*
	 * The first call fixes how many vectors there are until all are disabled (vfio_msi_enable): take all of them, or
	 * where the host has not so many, those up to @n.
	 */
	if (d->irq_on[kind]) {
		err = vfio_irq_set_fd(d, kind, n, 1, n, fd);
	} else {
		err = vfio_irq_set_fd(d, kind, 0, count, n, fd);
		if (err == -ENOSPC)
			err = vfio_irq_set_fd(d, kind, 0, n + 1, n, fd);
	}
	if (err) {
		close(fd);
		return err;
	}
	d->irq_on[kind] = true;
	*eventfd_out = fd;
	return 0;
}

static int vfio_irq_plain(const struct vfio_device *d, enum idev_irq kind, uint32_t action, uint32_t start,
			  uint32_t count)
{
	struct ic_vfio_irq_set arg = {
		.argsz = sizeof(arg),
		.flags = IC_VFIO_IRQ_DATA_NONE | action,
		.index = kind,
		.start = start,
		.count = count,
	};

	return ioctl(d->fd, IC_VFIO_DEVICE_SET_IRQS, &arg) ? -errno : 0;
}

int vfio_irq_disable(struct iommu_device *idev, enum idev_irq kind)
{
	struct vfio_device *d = to_vfio_device(idev);
	int err;

	if (!d->irq_on[kind])
		return 0;
	err = vfio_irq_plain(d, kind, IC_VFIO_IRQ_TRIGGER, 0, 0);
	if (!err)
		d->irq_on[kind] = false;
	return err;
}

int vfio_irq_unmask(struct iommu_device *idev, enum idev_irq kind)
{
	return vfio_irq_plain(to_vfio_device(idev), kind, IC_VFIO_IRQ_UNMASK, 0, 1);
}

int vfio_irq_mask(struct iommu_device *idev, enum idev_irq kind)
{
	return vfio_irq_plain(to_vfio_device(idev), kind, IC_VFIO_IRQ_MASK, 0, 1);
}

int vfio_irq_trigger(struct iommu_device *idev, enum idev_irq kind, unsigned int n)
{
	return vfio_irq_plain(to_vfio_device(idev), kind, IC_VFIO_IRQ_TRIGGER, n, 1);
}
