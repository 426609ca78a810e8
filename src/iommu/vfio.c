/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backends vfio and vfio-v1: a container of /dev/vfio/vfio, groups joining it, devices taken from the groups. */
#include "iommu/vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#define VFIO_CONTAINER "/dev/vfio/vfio"

static int vfio_open_container(struct fail *f)
{
	int fd = open(VFIO_CONTAINER, O_RDWR | O_CLOEXEC), err;

	if (fd >= 0)
		return fd;
	err = fail_set(f, errno, "cannot open " VFIO_CONTAINER);
	if (err == -ENOENT || err == -ENODEV)
		fail_hint(f, "as root: modprobe vfio-pci (the kernel needs CONFIG_VFIO)");
	else if (err == -EACCES || err == -EPERM)
		fail_hint(f, "as root: chmod 0666 " VFIO_CONTAINER " (it gives no rights by itself)");
	return err;
}

static int vfio_check_container(const struct vfio *vfio, struct fail *f)
{
	int version = ioctl(vfio->container, IC_VFIO_GET_API_VERSION);

	if (version != IC_VFIO_API_VERSION)
		return fail_set(f, ENODEV, VFIO_CONTAINER " speaks version %d of the interface, %d is known", version,
				IC_VFIO_API_VERSION);
	if (ioctl(vfio->container, IC_VFIO_CHECK_EXTENSION, (unsigned long)vfio->type) > 0)
		return 0;
	fail_set(f, ENODEV, "the kernel has no type1%s IOMMU for VFIO", vfio->type == IC_VFIO_TYPE1 ? "" : " v2");
	fail_hint(f, "as root: modprobe vfio_iommu_type1");
	return -ENODEV;
}

/* What is mapped counts against RLIMIT_MEMLOCK; take what may be taken without asking. A refusal shows at map. */
static void vfio_raise_memlock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &limit);
	}
}

static int vfio_open_type(uint32_t type, const char *options, const struct iommu_params *params, struct iommu **out,
			  struct fail *f)
{
	struct vfio *vfio;
	int err;

	if (options[0]) {
		fail_set(f, EINVAL, "backend %s takes no options, not \"%s\"",
			 type == IC_VFIO_TYPE1 ? "vfio-v1" : "vfio", options);
		return -EINVAL;
	}
	err = params->vf_token ? vfio_check_token(params->vf_token, f) : 0;
	if (err)
		return err;
	if (host_is_capture(params->host))
		return fail_set(f, EROFS, "a captured machine has no devices to open");
	vfio = calloc(1, sizeof(*vfio));
	if (!vfio)
		return fail_set(f, ENOMEM, "cannot open " VFIO_CONTAINER);
	vfio->type = type;
	vfio->iommu.personality = type == IC_VFIO_TYPE1 ? IOMMU_TYPE1_V1 : IOMMU_TYPE1_V2;
	vfio->container = vfio_open_container(f);
	err = vfio->container < 0 ? vfio->container : vfio_check_container(vfio, f);
	if (err) {
		if (vfio->container >= 0)
			close(vfio->container);
		free(vfio);
		return err;
	}
	vfio_raise_memlock();
	*out = &vfio->iommu;
	return 0;
}

static int vfio_open_v2(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	return vfio_open_type(IC_VFIO_TYPE1_V2, options, params, out, f);
}

static int vfio_open_v1(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	return vfio_open_type(IC_VFIO_TYPE1, options, params, out, f);
}

static void vfio_close(struct iommu *iommu)
{
	struct vfio *vfio = to_vfio(iommu);

	close(vfio->container);
	free(vfio);
}

/* The kernel would give a second descriptor, and two drivers would fight over one engine. */
static bool vfio_is_attached(const struct iommu *iommu, const char *addr)
{
	for (const struct iommu_device *d = iommu->devices; d; d = d->next)
		if (strcmp(d->id.name, addr) == 0)
			return true;
	return false;
}

static int vfio_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f)
{
	struct vfio *vfio = to_vfio(iommu);
	struct vfio_device *d = NULL;
	struct vfio_group *group;
	struct pci_info pci;
	int err = pci_find(iommu->host, id, &pci, f);

	if (!err && vfio_is_attached(iommu, pci.addr))
		err = fail_set(f, EBUSY, "%s is attached already", pci.addr);
	if (!err)
		err = vfio_group_get(vfio, &pci, &group, f);
	if (err)
		return err;
	err = vfio_group_join(vfio, group, f);
	if (!err)
		err = type1_read_caps(vfio, f);
	if (!err)
		err = vfio_device_open(vfio, group, &pci, &d, f);
	if (err) {
		vfio_group_put(vfio, group);
		return err;
	}
	for (struct vfio_group *g = vfio->groups; g; g = g->next)
		vfio_group_reserved(vfio, g);
	*out = &d->idev;
	return 0;
}

static void vfio_detach(struct iommu_device *idev)
{
	struct vfio_device *d = to_vfio_device(idev);
	struct vfio_group *group = d->group;
	struct vfio *vfio = d->vfio;

	vfio_device_close(d);
	vfio_group_put(vfio, group);
}

const struct iommu_ops iommu_vfio_ops = {
	.name = "vfio",
	.help = "a device behind the machine's IOMMU by VFIO container and group (type1 v2)",
	.open = vfio_open_v2,
	.close = vfio_close,
	.attach = vfio_attach,
	.detach = vfio_detach,
	.map = type1_map,
	.unmap = type1_unmap,
	.unmap_all = type1_unmap_all,
	.pins = type1_pins,
	.vaddr_forget = type1_vaddr_forget,
	.vaddr_renew = type1_vaddr_renew,
	.avail = type1_avail,
};

const struct iommu_ops iommu_vfio_v1_ops = {
	.name = "vfio-v1",
	.help = "the same with the older type1 semantics: an unmap may remove more than was asked",
	.open = vfio_open_v1,
	.close = vfio_close,
	.attach = vfio_attach,
	.detach = vfio_detach,
	.map = type1_map,
	.unmap = type1_unmap,
	.unmap_all = type1_unmap_all,
	.pins = type1_pins,
	.vaddr_forget = type1_vaddr_forget,
	.vaddr_renew = type1_vaddr_renew,
	.avail = type1_avail,
};
