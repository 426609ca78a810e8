/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ops on a device of the session that are no DMA. The session's own is stopped first, and starts anew, canary and all, with the
 * next DMA. What takes a BAR away that is mapped for DMA by address (type1 does not notice) needs --allow-crash:
 * -EOPNOTSUPP without.
 */
#ifndef IC_CORE_OP_DEVICE_H
#define IC_CORE_OP_DEVICE_H

#include "core/op/op.h"
#include "iommu/device.h"

/* The device's own reset, else that of its slot or bus where all that hits is ours. -EOPNOTSUPP: there is none. */
int op_device_reset(struct session *s, struct iommu_device *idev, struct fail *f);
/* Whether it answers at its addresses. */
int op_device_memory(struct session *s, struct iommu_device *idev, bool on, struct fail *f);
/* While it may sleep the session's own device does no DMA (-EBUSY). */
int op_device_sleep(struct session *s, struct iommu_device *idev, bool sleep, struct fail *f);
/* Let it sleep, then touch it: does the kernel signal that it woke? It is awake afterwards. */
int op_device_wakeup(struct session *s, struct iommu_device *idev, bool *signalled, struct fail *f);
/* Route the interrupt to an event, mask and unmask it where that is possible, trigger it: did the event come? */
int op_device_irq(struct session *s, struct iommu_device *idev, enum idev_irq kind, unsigned int n, bool *came,
		  struct fail *f);

struct op_ioeventfd {
	unsigned int bar, width; /* 1, 2, 4 or 8 */
	uint64_t offset, value;
};
/* Have an event write to a BAR, signal it: is the value there? The device may not master the bus meanwhile. */
int op_device_ioeventfd(struct session *s, struct iommu_device *idev, const struct op_ioeventfd *op, bool *written,
			struct fail *f);

#endif
