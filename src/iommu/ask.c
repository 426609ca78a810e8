/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking VFIO's container, a group in it, and iommufd what they can do; each is closed again before it answers. */
#include "iommu/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "host/text.h"
#include "iommu/idev_vfio.h"
#include "iommu/iommufd.h"
#include "iommu/objects.h"
#include "iommu/vfio.h"
#include "iommu/vfio_caps.h"

#define ASK_CONTAINER "/dev/vfio/vfio"

/* include/uapi/linux/vfio.h; the number of nested translation is kept, though no kernel since 6.13 answers to it. */
static const struct {
	uint32_t nr;
	const char *name;
} ask_extensions[] = {
	{IC_VFIO_TYPE1, "VFIO_TYPE1_IOMMU"},
	{2, "VFIO_SPAPR_TCE_IOMMU"},
	{IC_VFIO_TYPE1_V2, "VFIO_TYPE1v2_IOMMU"},
	{IC_VFIO_EXT_DMA_CC, "VFIO_DMA_CC_IOMMU"},
	{5, "VFIO_EEH"},
	{6, "VFIO_TYPE1_NESTING_IOMMU"},
	{7, "VFIO_SPAPR_TCE_v2_IOMMU"},
	{8, "VFIO_NOIOMMU_IOMMU"},
	{IC_VFIO_EXT_UNMAP_ALL, "VFIO_UNMAP_ALL"},
	{IC_VFIO_EXT_UPDATE_VADDR, "VFIO_UPDATE_VADDR"},
};

static int ask_extension(int container, uint32_t nr)
{
	int answer = ioctl(container, IC_VFIO_CHECK_EXTENSION, (unsigned long)nr);

	return answer < 0 ? -1 : answer;
}

/* @out has room for all of them. */
static unsigned int ask_before(int container, struct vfio_extension *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(ask_extensions); i++) {
		out[i] = (struct vfio_extension){.nr = ask_extensions[i].nr, .after = -1};
		snprintf(out[i].name, sizeof(out[i].name), "%s", ask_extensions[i].name);
		out[i].before = ask_extension(container, out[i].nr);
	}
	return ARRAY_SIZE(ask_extensions);
}

static void ask_refused(const struct fail *f, int *err, char *why, size_t len)
{
	*err = f->err;
	text_copy(why, len, f->text);
}

void ask_container(struct ioctl_facts *facts)
{
	CLEANUP_FD int fd = open(ASK_CONTAINER, O_RDWR | O_CLOEXEC);

	facts->vfio_api = -1;
	if (fd < 0) {
		facts->vfio_err = errno;
		return;
	}
	facts->vfio_api = ioctl(fd, IC_VFIO_GET_API_VERSION);
	if (facts->vfio_api < 0) {
		facts->vfio_err = errno;
		facts->vfio_api = -1;
		return;
	}
	facts->nr_extensions = ask_before(fd, facts->extensions);
}

void ask_iommufd(struct ioctl_facts *facts)
{
	CLEANUP_FD int fd = open(IOMMUFD_NODE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		facts->iommufd_err = errno;
		return;
	}
	facts->has_iommufd = vfio_is_iommufd(fd);
	facts->iommufd_err = facts->has_iommufd ? 0 : errno;
}

static void ask_take_info(const struct type1_info *info, struct ioctl_device *out)
{
	out->has_vfio = true;
	out->page_sizes = info->page_sizes;
	out->nr_ranges = MIN(info->nr_ranges, ARRAY_SIZE(out->ranges));
	for (unsigned int i = 0; i < out->nr_ranges; i++)
		out->ranges[i] = (struct vfio_range){info->ranges[i].start, info->ranges[i].last};
	out->has_migration = info->has_migration;
	out->dirty_page_sizes = info->dirty_page_sizes;
	out->max_dirty_bitmap = info->max_dirty_bitmap;
	out->has_dma_avail = info->has_dma_avail;
	out->dma_avail = info->dma_avail;
}

static int ask_after(const struct vfio *vfio, struct ioctl_device *out, struct fail *f)
{
	struct type1_info info;
	int err;

	for (unsigned int i = 0; i < out->nr_extensions; i++)
		out->extensions[i].after = ask_extension(vfio->container, out->extensions[i].nr);
	err = type1_ask_info(vfio->container, &info);
	if (err)
		return fail_set(f, err, "cannot read what the container can do");
	ask_take_info(&info, out);
	return 0;
}

static int ask_in_container(struct vfio *vfio, const struct pci_info *pci, struct ioctl_device *out, struct fail *f)
{
	struct vfio_target target;
	struct vfio_group *group;
	int err;

	vfio_target_pci(pci, &target);
	err = vfio_group_get(vfio, &target, &group, f);
	if (err)
		return err;
	out->nr_extensions = ask_before(vfio->container, out->extensions);
	err = vfio_group_join(vfio, group, f);
	/* iommufd in the container's place looks at the group's IOMMU only when a device is taken, and answers for none */
	if (!err && vfio->by_iommufd)
		err = fail_set(f, EOPNOTSUPP, "%s is served by iommufd, which tells only of devices that are taken",
			       ASK_CONTAINER);
	if (!err)
		err = ask_after(vfio, out, f);
	vfio_group_put(vfio, group);
	return err;
}

void ask_group(const struct host *host, const struct pci_info *pci, struct ioctl_device *out)
{
	struct vfio vfio = {.iommu.host = host, .type = IC_VFIO_TYPE1_V2, .node = ASK_CONTAINER};
	struct fail f = {0};
	int err;

	vfio.container = open(ASK_CONTAINER, O_RDWR | O_CLOEXEC);
	if (vfio.container < 0) {
		err = fail_set(&f, errno, "cannot open " ASK_CONTAINER);
	} else {
		vfio.by_iommufd = vfio_is_iommufd(vfio.container);
		err = ask_in_container(&vfio, pci, out, &f);
		close(vfio.container);
	}
	if (err)
		ask_refused(&f, &out->vfio_err, out->vfio_why, sizeof(out->vfio_why));
}

/* What the device's driver adds to vfio-pci for migration. */
static void ask_features(const struct vfio_device *d, struct ioctl_device *out)
{
	struct idev_feature feature;
	uint64_t flags;

	if (idev_feature_probe(&d->idev, IC_VFIO_FEATURE_LOG_START, &feature) == 0) {
		out->has_features = true;
		out->dma_logging = feature.set;
	}
	if (idev_migration_flags(&d->idev, &flags) == 0)
		out->migration_flags = (uint32_t)flags;
}

static int ask_bound(struct iommufd *ctx, const struct vfio_device *d, struct ioctl_device *out, struct fail *f)
{
	struct iommu_hw_info info = {0};
	int err = iommufd_hw_info_of(ctx, d->object, &info);

	ask_features(d, out);
	if (err)
		return fail_set(f, err, "the kernel refuses IOMMU_GET_HW_INFO");
	out->has_hw_info = true;
	out->hw_type = info.type;
	snprintf(out->hw_type_name, sizeof(out->hw_type_name), "%s", iommu_hw_info_name(info.type));
	out->capabilities = info.capabilities;
	out->max_pasid_log2 = (uint8_t)MIN(info.max_pasid_log2, UINT8_MAX);
	out->nr_regs = iommu_hw_info_regs(&info, out->id, out->regs, ARRAY_SIZE(out->regs));
	return 0;
}

void ask_hw_info(const struct host *host, const struct pci_info *pci, struct ioctl_device *out)
{
	struct iommufd ctx = {.iommu.host = host};
	struct vfio_device *d = NULL;
	struct vfio_target target;
	struct fail f = {0};
	int err;

	vfio_target_pci(pci, &target);
	ctx.fd = iommufd_node_open(&f);
	err = ctx.fd < 0 ? ctx.fd : vfio_cdev_open(&ctx.iommu, ctx.fd, &target, &d, &f);
	if (!err) {
		err = ask_bound(&ctx, d, out, &f);
		vfio_device_close(d);
	}
	if (ctx.fd >= 0)
		close(ctx.fd);
	if (err)
		ask_refused(&f, &out->hw_err, out->hw_why, sizeof(out->hw_why));
}
