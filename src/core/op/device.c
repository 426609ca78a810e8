/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on a device of the session that are no DMA: reset, memory decoding, low power, interrupts, writes by event. */
#include "core/op/device.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/op/flight.h"
#include "core/session/priv.h"
#include "iommu/idev_vfio.h"

#define DEVICE_WAIT_MS 1000
#define DEVICE_STEP_NS 20000000

/* Stopped if it is ours, and nothing of it mapped for DMA that would lead to nowhere. */
static int device_prepare(struct session *s, struct iommu_device *idev, struct fail *f)
{
	for (const struct buffer *b = s->buffers; b; b = b->next) {
		if (b->idev != idev || b->mem.kind != IOMMU_MEM_BAR || !buffer_is_mapped(b) || s->params.allow_crash)
			continue;
		fail_set(f, EOPNOTSUPP,
			 "%s is mapped for DMA as %s: what reaches for it meanwhile may bring the machine down",
			 b->source, b->name);
		fail_hint(f, "unmap it first; --allow-crash does it all the same");
		return -EOPNOTSUPP;
	}
	if (idev == s->idev && session_idle(s, f))
		return -EBUSY;
	return idev == s->idev ? session_pause(s, f) : session_usable(s, f);
}

int op_device_reset(struct session *s, struct iommu_device *idev, struct fail *f)
{
	int err = device_prepare(s, idev, f);

	if (err)
		return err;
	err = idev_reset(idev);
	return err ? fail_set(f, err, "cannot reset %s", idev_id(idev)->name) : 0;
}

int op_device_memory(struct session *s, struct iommu_device *idev, bool on, struct fail *f)
{
	int err = on ? session_usable(s, f) : device_prepare(s, idev, f);

	if (err)
		return err;
	err = idev_memory(idev, on);
	return err ? fail_set(f, err, "cannot turn %s memory decoding of %s", on ? "on" : "off", idev_id(idev)->name)
		   : 0;
}

/* ENOTTY and EINVAL are how kernels say that they do not know a feature. */
static int device_explain_power(const struct iommu_device *idev, int err, struct fail *f)
{
	if (err == -ENOTTY)
		err = -EOPNOTSUPP;
	return err ? fail_set(f, err, "cannot change the power of %s", idev_id(idev)->name) : 0;
}

int op_device_sleep(struct session *s, struct iommu_device *idev, bool sleep, struct fail *f)
{
	int err = sleep ? device_prepare(s, idev, f) : session_usable(s, f);

	if (err)
		return err;
	err = sleep ? idev_low_power_enter(idev, -1) : idev_low_power_exit(idev);
	if (!err && idev == s->idev)
		s->asleep = sleep;
	return device_explain_power(idev, err, f);
}

static bool device_event_came(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	eventfd_t count;

	return poll(&p, 1, ms) == 1 && eventfd_read(fd, &count) == 0 && count > 0;
}

/* Sleep comes a moment after the kernel allowed it; an access before that wakes nothing. */
static bool device_touch_until(struct iommu_device *idev, int fd)
{
	uint32_t id;

	for (unsigned int ms = 0; ms < DEVICE_WAIT_MS; ms += DEVICE_STEP_NS / 1000000) {
		clock_sleep_ns(DEVICE_STEP_NS, NULL);
		if (idev_config_read(idev, 0, 4, &id))
			return false;
		if (device_event_came(fd, 0))
			return true;
	}
	return false;
}

int op_device_wakeup(struct session *s, struct iommu_device *idev, bool *signalled, struct fail *f)
{
	int fd, err = device_prepare(s, idev, f);

	*signalled = false;
	if (err)
		return err;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return fail_set(f, errno, "cannot make an event");
	err = idev_low_power_enter(idev, fd);
	if (!err) {
		*signalled = device_touch_until(idev, fd);
		/* after a wake-up that was signalled this does nothing */
		err = idev_low_power_exit(idev);
	}
	close(fd);
	return device_explain_power(idev, err, f);
}

int op_device_irq(struct session *s, struct iommu_device *idev, enum idev_irq kind, unsigned int n, bool *came,
		  struct fail *f)
{
	int fd, err = session_usable(s, f);

	*came = false;
	if (err)
		return err;
	err = idev_irq_enable(idev, kind, n, &fd);
	if (err == -EOPNOTSUPP)
		return fail_set(f, err, "%s has no %s vector %u", idev_id(idev)->name, idev_irq_name(kind), n);
	if (err)
		return fail_set(f, err, "cannot enable %s vector %u of %s", idev_irq_name(kind), n,
				idev_id(idev)->name);
	if (kind == IDEV_IRQ_INTX) {
		err = idev_irq_mask(idev, kind);
		if (!err)
			err = idev_irq_unmask(idev, kind);
	}
	if (!err)
		err = idev_irq_trigger(idev, kind, n);
	if (!err)
		*came = device_event_came(fd, DEVICE_WAIT_MS);
	if (idev_irq_disable(idev, kind) && !err)
		err = -EIO;
	close(fd);
	return err ? fail_set(f, err, "cannot trigger %s vector %u of %s", idev_irq_name(kind), n, idev_id(idev)->name)
		   : 0;
}

static bool device_bar_becomes(struct iommu_device *idev, const struct op_ioeventfd *op)
{
	uint64_t mask = op->width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * op->width) - 1, now;

	for (unsigned int ms = 0; ms < DEVICE_WAIT_MS; ms += DEVICE_STEP_NS / 1000000) {
		if (!idev_bar_read(idev, op->bar, op->offset, op->width, &now) && (now & mask) == (op->value & mask))
			return true;
		clock_sleep_ns(DEVICE_STEP_NS, NULL);
	}
	return false;
}

int op_device_ioeventfd(struct session *s, struct iommu_device *idev, const struct op_ioeventfd *op, bool *written,
			struct fail *f)
{
	uint64_t before;
	int fd, err = idev == s->idev ? session_pause(s, f) : session_usable(s, f);

	*written = false;
	if (err)
		return err;
	/* it may not write anywhere by itself, whatever the value makes it do */
	err = idev_bar_read(idev, op->bar, op->offset, op->width, &before);
	if (err)
		return fail_set(f, err, "cannot read %u bytes at 0x%llx of BAR %u of %s", op->width,
				(unsigned long long)op->offset, op->bar, idev_id(idev)->name);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return fail_set(f, errno, "cannot make an event");
	err = idev_ioeventfd(idev, op->bar, op->offset, op->width, op->value, fd);
	if (!err) {
		err = eventfd_write(fd, 1) ? -errno : 0;
		*written = !err && device_bar_becomes(idev, op);
		if (idev_ioeventfd(idev, op->bar, op->offset, op->width, op->value, -1) && !err)
			err = -EIO;
		idev_bar_write(idev, op->bar, op->offset, op->width, before);
	}
	close(fd);
	return err ? fail_set(f, err, "cannot have an event write to BAR %u of %s", op->bar, idev_id(idev)->name) : 0;
}
