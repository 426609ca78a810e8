/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of a device's migration: its state machine, the stream of its state, and what it tells of both. VFIO's migration v2
 * (VFIO_DEVICE_FEATURE_MIGRATION and MIG_DEVICE_STATE, since 5.18) by the device's descriptor, or the simulated device's own. Numbers
 * of states and flags are the kernel's (include/uapi/linux/vfio.h). Each returns 0 or -errno as the kernel answered, -EOPNOTSUPP where
 * nothing is there to ask. From one thread.
 */
#ifndef IC_IOMMU_MIGRATION_H
#define IC_IOMMU_MIGRATION_H

#include "iommu/device.h"

enum mig_state {
	MIG_ERROR,
	MIG_STOP,
	MIG_RUNNING,
	MIG_STOP_COPY,
	MIG_RESUMING,
	MIG_RUNNING_P2P,
	MIG_PRE_COPY,
	MIG_PRE_COPY_P2P,
	MIG_STATES,
};

#define MIG_FLAG_STOP_COPY 0x1
#define MIG_FLAG_P2P 0x2
#define MIG_FLAG_PRE_COPY 0x4 /* since 6.2 */

/* A transfer of state that the device has begun: the kernel's descriptor, or the simulated device's. Closed by its owner. */
struct mig_stream {
	int fd; /* >= 0: the kernel's; -1: @priv is the simulation's, NULL none at all */
	void *priv;
};

struct mig_precopy {
	uint64_t initial_bytes, dirty_bytes;
	uint32_t flags; /* VFIO_PRECOPY_INFO_REINIT */
};

/* "ERROR", "STOP" ... as the header spells them. */
const char *mig_state_name(enum mig_state state);

/* VFIO_MIGRATION_* of the device. -ENOTTY: its driver cannot migrate it. */
int mig_flags(struct iommu_device *idev, uint64_t *flags);
/* VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, GET. *raw may be no known state. */
int mig_get_state(struct iommu_device *idev, uint32_t *raw);
/* SET: @to may be any number. *out is a new stream where the kernel handed one out, else {-1, NULL}. */
int mig_set_state(struct iommu_device *idev, uint32_t to, struct mig_stream *out);
/*
 * VFIO_DEVICE_RESET, whether or not the device says that it has it: the only way out of ERROR, and to RUNNING from every state. Its own streams
 * end. idev_reset() where that is the same; -ENOTTY: there is none.
 */
int mig_reset(struct iommu_device *idev);
/* VFIO_DEVICE_FEATURE_MIG_DATA_SIZE (since 6.2): an estimate of what STOP_COPY will give. */
int mig_data_size(struct iommu_device *idev, uint64_t *bytes);
/* The device has a region of the deprecated migration v1 (type 3, subtype 1). */
int mig_has_v1_region(struct iommu_device *idev, bool *has);

/* Bytes read, 0 at its end; -EAGAIN: nothing now (PRE_COPY). -ENOMSG: the pre-copy phase has nothing more. */
ssize_t mig_read(struct iommu_device *idev, struct mig_stream *s, void *buf, size_t len);
ssize_t mig_write(struct iommu_device *idev, struct mig_stream *s, const void *buf, size_t len);
/* VFIO_MIG_GET_PRECOPY_INFO on the stream. */
int mig_precopy_info(struct iommu_device *idev, struct mig_stream *s, struct mig_precopy *out);
/* {-1, NULL} and closed streams are fine. */
void mig_close(struct iommu_device *idev, struct mig_stream *s);

#endif
