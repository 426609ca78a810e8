/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dirty bits of iommufd's page tables (HWPT): is the IOMMU able to set them, on, off, read. */
#include <errno.h>
#include <string.h>

#include "iommu/iommufd.h"

/* The device whose IOMMU is asked: the one named, or any of the context's. */
static struct iommu_device *iommufd_dirty_whom(const struct dirty_at *at)
{
	const struct iommu *iommu = at->iommu;

	while (!at->idev && iommu->parent)
		iommu = iommu->parent;
	return at->idev ? at->idev : iommu->devices;
}

/* Which bit is missing, where the registers tell: the rules are those of `caps`. */
static void iommufd_dirty_reason(const struct iommu_device *idev, const struct iommu_hw_info *info, struct fail *why)
{
	struct reg_value regs[16];
	struct reg_fact facts[REG_FACTS_MAX];
	unsigned int n = iommu_hw_info_regs(info, idev->id.name, regs, ARRAY_SIZE(regs));
	const struct reg_fact *fact;

	n = n ? reg_facts(regs, n, facts) : 0;
	fact = reg_fact_find(facts, n, "dirty-tracking");
	if (!fact)
		fail_set(why, EOPNOTSUPP, "the IOMMU of %s does not track writes in its page tables, says the kernel",
			 idev->id.name);
	else if (fact->has)
		fail_set(why, EOPNOTSUPP,
			 "the kernel does not have the IOMMU of %s track writes in its page tables (by its registers: "
			 "%s)",
			 idev->id.name, fact->text);
	else
		fail_set(why, EOPNOTSUPP, "the IOMMU of %s cannot track writes in its page tables (%s)", idev->id.name,
			 reg_fact_reason(fact));
	fail_hint(why, "`iommuctl caps %s` shows the registers; the sources type1 and device need no such IOMMU",
		  idev->id.name);
}

int iommufd_dirty_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why)
{
	struct iommu_device *idev = iommufd_dirty_whom(at);
	struct iommu_hw_info info = {0};
	int err;

	if (!idev)
		return fail_set(why, EOPNOTSUPP, "no device is attached whose IOMMU could be asked");
	if (idev->id.emulated)
		return fail_set(why, EOPNOTSUPP, "there is no IOMMU before %s, a mediated device", idev->id.name);
	err = iommufd_hw_info(idev, &info);
	if (err)
		return fail_set(why, EOPNOTSUPP, "the kernel does not tell what the IOMMU of %s can do: %s",
				idev->id.name, strerror(-err));
	if (!(info.capabilities & IC_IOMMUFD_HW_CAP_DIRTY_TRACKING)) {
		iommufd_dirty_reason(idev, &info, why);
		return -EOPNOTSUPP;
	}
	/* iommufd_check_iova_range() wants alignment only */
	*out = (struct dirty_caps){
		.page_sizes = dirty_sizes(&at->iommu->caps, caps_granule(&at->iommu->caps)),
		.can_keep = true,
		.needs_table = true,
		.loses_cut = true,
	};
	return 0;
}

static int iommufd_dirty_set(const struct dirty_at *at, uint32_t flags)
{
	struct ic_iommufd_hwpt_set_dirty_tracking arg = {.size = sizeof(arg), .flags = flags, .hwpt_id = at->table};

	return iommufd_ioctl(to_iommufd(at->iommu), IC_IOMMUFD_HWPT_SET_DIRTY_TRACKING, &arg);
}

int iommufd_dirty_start(const struct dirty_at *at, struct dirty_start *req)
{
	return iommufd_dirty_set(at, IC_IOMMUFD_HWPT_DIRTY_TRACKING_ENABLE | req->flags);
}

int iommufd_dirty_stop(const struct dirty_at *at)
{
	return iommufd_dirty_set(at, 0);
}

/* The kernel is told where the bitmap begins and never how long it is: what does not fit would be written all the same. */
int iommufd_dirty_read(const struct dirty_at *at, const struct dirty_read *req)
{
	struct ic_iommufd_hwpt_get_dirty_bitmap arg = {
		.size = sizeof(arg),
		.hwpt_id = at->table,
		.flags = (req->keep ? IC_IOMMUFD_HWPT_GET_DIRTY_BITMAP_NO_CLEAR : 0) | req->flags,
		.iova = req->iova,
		.length = req->length,
		.page_size = req->page_size,
		.data = (uintptr_t)req->bits,
	};

	if (!dirty_fits(req))
		return -ENOBUFS;
	return iommufd_ioctl(to_iommufd(at->iommu), IC_IOMMUFD_HWPT_GET_DIRTY_BITMAP, &arg);
}

const struct dirty_ops iommufd_dirty_ops = {
	.caps = iommufd_dirty_caps,
	.start = iommufd_dirty_start,
	.stop = iommufd_dirty_stop,
	.read = iommufd_dirty_read,
};
