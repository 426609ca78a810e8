/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend iommufd: VFIO devices by their own nodes, bound to a context of /dev/iommu. */
#include <errno.h>
#include <string.h>

#include "base/spec.h"
#include "iommu/iommufd.h"
#include "iommu/vfio.h"

static int iommufd_parse_options(const char *options, enum iommufd_rlimit *rlimit, struct fail *f)
{
	struct spec_option o;
	int got;

	*rlimit = IOMMUFD_RLIMIT_ANY;
	while ((got = spec_next(&options, &o)) > 0) {
		if (strcmp(o.key, "rlimit"))
			break;
		if (!strcmp(o.value, "user"))
			*rlimit = IOMMUFD_RLIMIT_USER;
		else if (!strcmp(o.value, "process"))
			*rlimit = IOMMUFD_RLIMIT_PROCESS;
		else
			break;
	}
	if (!got)
		return 0;
	fail_set(f, EINVAL, "bad option of backend iommufd");
	fail_hint(f, "valid options: rlimit=user, rlimit=process");
	return -EINVAL;
}

static int iommufd_open(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	enum iommufd_rlimit rlimit;
	struct iommufd *ctx;
	int err = iommufd_parse_options(options, &rlimit, f);

	if (!err && params->vf_token)
		err = vfio_check_token(params->vf_token, f);
	if (err)
		return err;
	if (host_is_capture(params->host))
		return fail_set(f, EROFS, "a captured machine has no devices to open");
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return fail_set(f, ENOMEM, "cannot open " IOMMUFD_NODE);
	ctx->rlimit = rlimit;
	err = iommufd_ctx_open(ctx, f);
	if (err) {
		free(ctx);
		return err;
	}
	*out = &ctx->iommu;
	return 0;
}

/* Apertures change with the attachment; what is reserved is asked of all devices anew. */
static int iommufd_refresh(struct iommufd *ctx, const struct vfio_device *added, struct fail *f)
{
	bool hardware = !added->idev.id.emulated;
	int err = iommufd_read_caps(ctx);

	if (err)
		return fail_set(f, err, "cannot read what I/O address space %u takes", ctx->ioas);
	ctx->iommu.caps.nr_reserved = 0;
	vfio_add_reserved(&ctx->iommu, added->group_id);
	for (const struct iommu_device *d = ctx->iommu.devices; d; d = d->next) {
		hardware |= !d->id.emulated;
		if (to_vfio_device(d)->group_id != added->group_id)
			vfio_add_reserved(&ctx->iommu, to_vfio_device(d)->group_id);
	}
	if (!hardware)
		vfio_caps_emulated(&ctx->iommu.caps);
	return 0;
}

static int iommufd_explain_attach(const char *addr, int err, struct fail *f)
{
	fail_set(f, err, "cannot attach %s to an I/O address space", addr);
	if (err == -EADDRINUSE)
		fail_hint(f, "what is mapped already lies in a range that is reserved for this device");
	else if (err == -EINVAL)
		fail_hint(f, "its IOMMU cannot take what other devices of this run have mapped");
	else if (err == -EBUSY)
		fail_hint(f, "another user of its group's DMA is active: iommuctl list shows the group");
	return err;
}

static void iommufd_detach(struct iommu_device *idev)
{
	struct vfio_device *d = to_vfio_device(idev);

	vfio_cdev_detach(d, IOMMU_NO_PASID);
	/* the kernel detaches what PASIDs are left when it unbinds */
	vfio_device_close(d);
}

static int iommufd_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f)
{
	struct iommufd *ctx = to_iommufd(iommu);
	struct vfio_device *d;
	struct vfio_target t;
	int err = vfio_target_find(iommu->host, id, &t, f);

	if (!err)
		err = vfio_check_twice(iommu, &t, f);
	if (!err)
		err = vfio_cdev_open(iommu, ctx->fd, &t, &d, f);
	if (err)
		return err;
	err = vfio_cdev_attach(d, ctx->ioas, IOMMU_NO_PASID);
	if (err)
		iommufd_explain_attach(t.id.name, err, f);
	else
		err = iommufd_refresh(ctx, d, f);
	if (err) {
		iommufd_detach(&d->idev);
		return err;
	}
	*out = &d->idev;
	return 0;
}

static int iommufd_device_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid)
{
	return vfio_cdev_attach(to_vfio_device(idev), pt_id, pasid);
}

static int iommufd_device_detach(struct iommu_device *idev, uint32_t pasid)
{
	return vfio_cdev_detach(to_vfio_device(idev), pasid);
}

static uint32_t iommufd_device_object(const struct iommu_device *idev)
{
	return to_vfio_device(idev)->object;
}

static const struct iommu_object_ops iommufd_object_ops = {
	.space_new = iommufd_space_new,
	.space_id = iommufd_space_id,
	.space_refresh = iommufd_space_refresh,
	.space_allow = iommufd_space_allow,
	.space_copy = iommufd_space_copy,
	.option = iommufd_option,
	.change_process = iommufd_change_process,
	.device_attach = iommufd_device_attach,
	.device_detach = iommufd_device_detach,
	.device_object = iommufd_device_object,
	.hw_info = iommufd_hw_info,
	.hwpt_new = iommufd_hwpt_new,
	.hwpt_invalidate = iommufd_hwpt_invalidate,
	.destroy = iommufd_destroy,
	.fault_queue_new = iommufd_fault_queue_new,
	.vfio_space = iommufd_vfio_space,
	.space_phys = iommufd_space_phys,
	.viommu_new = iommufd_viommu_new,
	.vdevice_new = iommufd_vdevice_new,
	.hw_queue_new = iommufd_hw_queue_new,
	.event_queue_new = iommufd_event_queue_new,
};

const struct iommu_ops iommu_iommufd_ops = {
	.name = "iommufd",
	.node = IOMMUFD_NODE,
	.help = "a device behind the machine's IOMMU by its own VFIO node and /dev/iommu",
	.open = iommufd_open,
	.close = iommufd_close,
	.attach = iommufd_attach,
	.detach = iommufd_detach,
	.map = iommufd_map,
	.unmap = iommufd_unmap,
	.unmap_all = iommufd_unmap_all,
	.pins = iommufd_pins,
	.objects = &iommufd_object_ops,
	.dirty_iommu = &iommufd_dirty_ops,
};
