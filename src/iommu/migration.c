/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of a device's migration: the only caller of the tables behind them. */
#include "iommu/migration.h"

#include <errno.h>

#include "iommu/backend.h"

static const char *const mig_names[MIG_STATES] = {
	"ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P",
};

const char *mig_state_name(enum mig_state state)
{
	return (unsigned int)state < MIG_STATES ? mig_names[state] : "unknown";
}

int mig_flags(struct iommu_device *idev, uint64_t *flags)
{
	*flags = 0;
	return idev->ops->migration ? idev->ops->migration->flags(idev, flags) : -EOPNOTSUPP;
}

int mig_get_state(struct iommu_device *idev, uint32_t *raw)
{
	*raw = MIG_ERROR;
	return idev->ops->migration ? idev->ops->migration->get_state(idev, raw) : -EOPNOTSUPP;
}

int mig_set_state(struct iommu_device *idev, uint32_t to, struct mig_stream *out)
{
	*out = (struct mig_stream){.fd = -1};
	return idev->ops->migration ? idev->ops->migration->set_state(idev, to, out) : -EOPNOTSUPP;
}

int mig_reset(struct iommu_device *idev)
{
	return idev->ops->migration ? idev->ops->migration->reset(idev) : -EOPNOTSUPP;
}

int mig_data_size(struct iommu_device *idev, uint64_t *bytes)
{
	*bytes = 0;
	return idev->ops->migration ? idev->ops->migration->data_size(idev, bytes) : -EOPNOTSUPP;
}

int mig_has_v1_region(struct iommu_device *idev, bool *has)
{
	*has = false;
	return idev->ops->migration ? idev->ops->migration->has_v1_region(idev, has) : -EOPNOTSUPP;
}

ssize_t mig_read(struct iommu_device *idev, struct mig_stream *s, void *buf, size_t len)
{
	return idev->ops->migration ? idev->ops->migration->read(idev, s, buf, len) : -EOPNOTSUPP;
}

ssize_t mig_write(struct iommu_device *idev, struct mig_stream *s, const void *buf, size_t len)
{
	return idev->ops->migration ? idev->ops->migration->write(idev, s, buf, len) : -EOPNOTSUPP;
}

int mig_precopy_info(struct iommu_device *idev, struct mig_stream *s, struct mig_precopy *out)
{
	*out = (struct mig_precopy){0};
	return idev->ops->migration ? idev->ops->migration->precopy_info(idev, s, out) : -EOPNOTSUPP;
}

void mig_close(struct iommu_device *idev, struct mig_stream *s)
{
	if (idev->ops->migration && (s->fd >= 0 || s->priv))
		idev->ops->migration->close(idev, s);
	*s = (struct mig_stream){.fd = -1};
}
