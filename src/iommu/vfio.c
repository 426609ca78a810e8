/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backends by VFIO's container: /dev/vfio/vfio or /dev/iommu in its place, groups joining it, devices from the groups. */
#include "iommu/vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/spec.h"
#include "host/self.h"
#include "iommu/iommufd.h"

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

bool vfio_is_iommufd(int container)
{
	struct ic_iommufd_option arg = {
		.size = sizeof(arg),
		.option_id = IC_IOMMUFD_OPTION_RLIMIT_MODE,
		.op = IC_IOMMUFD_OPTION_OP_GET,
	};

	return ioctl(container, IC_IOMMUFD_OPTION, &arg) == 0;
}

static int vfio_check_container(struct vfio *vfio, struct fail *f)
{
	int version = ioctl(vfio->container, IC_VFIO_GET_API_VERSION);

	vfio->by_iommufd = vfio_is_iommufd(vfio->container);
	if (version < 0 && vfio->by_iommufd)
		return fail_set(f, errno, "%s does not know VFIO's interface", vfio->node);
	if (version != IC_VFIO_API_VERSION)
		return fail_set(f, ENODEV, "%s speaks version %d of the interface, %d is known", vfio->node, version,
				IC_VFIO_API_VERSION);
	if (ioctl(vfio->container, IC_VFIO_CHECK_EXTENSION, (unsigned long)vfio->type) > 0)
		return 0;
	fail_set(f, ENODEV, "the kernel has no type1%s IOMMU for VFIO", vfio->type == IC_VFIO_TYPE1 ? "" : " v2");
	fail_hint(f, "as root: modprobe vfio_iommu_type1");
	return -ENODEV;
}

static void vfio_set_personality(struct vfio *vfio)
{
	bool v1 = vfio->type == IC_VFIO_TYPE1;

	if (vfio->by_iommufd)
		vfio->iommu.personality = v1 ? IOMMU_COMPAT_V1 : IOMMU_COMPAT_V2;
	else
		vfio->iommu.personality = v1 ? IOMMU_TYPE1_V1 : IOMMU_TYPE1_V2;
}

static int vfio_open(const char *node, uint32_t type, const struct iommu_params *params, struct iommu **out,
		     struct fail *f)
{
	struct vfio *vfio;
	int err = params->vf_token ? vfio_check_token(params->vf_token, f) : 0;

	if (err)
		return err;
	if (host_is_capture(params->host))
		return fail_set(f, EROFS, "a captured machine has no devices to open");
	vfio = calloc(1, sizeof(*vfio));
	if (!vfio)
		return fail_set(f, ENOMEM, "cannot open %s", node);
	vfio->type = type;
	vfio->node = node;
	vfio->container = strcmp(node, VFIO_CONTAINER) == 0 ? vfio_open_container(f) : iommufd_node_open(f);
	err = vfio->container < 0 ? vfio->container : vfio_check_container(vfio, f);
	if (err) {
		if (vfio->container >= 0)
			close(vfio->container);
		free(vfio);
		return err;
	}
	vfio_set_personality(vfio);
	self_memlock_take();
	*out = &vfio->iommu;
	return 0;
}

static int vfio_no_options(const char *name, const char *options, struct fail *f)
{
	return options[0] ? fail_set(f, EINVAL, "backend %s takes no options, not \"%s\"", name, options) : 0;
}

static int vfio_open_v2(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	int err = vfio_no_options("vfio", options, f);

	return err ? err : vfio_open(VFIO_CONTAINER, IC_VFIO_TYPE1_V2, params, out, f);
}

static int vfio_open_v1(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	int err = vfio_no_options("vfio-v1", options, f);

	return err ? err : vfio_open(VFIO_CONTAINER, IC_VFIO_TYPE1, params, out, f);
}

static int vfio_open_compat(const char *options, const struct iommu_params *params, struct iommu **out, struct fail *f)
{
	uint32_t type = IC_VFIO_TYPE1_V2;
	struct spec_option o;
	int got;

	while ((got = spec_next(&options, &o)) > 0) {
		if (strcmp(o.key, "type") || (strcmp(o.value, "v1") && strcmp(o.value, "v2")))
			break;
		type = strcmp(o.value, "v1") ? IC_VFIO_TYPE1_V2 : IC_VFIO_TYPE1;
	}
	if (got) {
		fail_set(f, EINVAL, "bad option of backend iommufd-compat");
		fail_hint(f, "valid options: type=v1, type=v2");
		return -EINVAL;
	}
	return vfio_open(IOMMUFD_NODE, type, params, out, f);
}

static void vfio_close(struct iommu *iommu)
{
	struct vfio *vfio = to_vfio(iommu);

	close(vfio->container);
	free(vfio);
}

static int vfio_attach(struct iommu *iommu, const char *id, struct iommu_device **out, struct fail *f)
{
	struct vfio *vfio = to_vfio(iommu);
	struct vfio_device *d = NULL;
	struct vfio_group *group;
	struct vfio_target t;
	int err = vfio_target_find(iommu->host, id, &t, f);

	if (!err)
		err = vfio_check_twice(iommu, &t, f);
	if (!err)
		err = vfio_group_get(vfio, &t, &group, f);
	if (err)
		return err;
	err = vfio_group_join(vfio, group, f);
	if (!err)
		err = vfio_device_open(vfio, group, &t, &d, f);
	/* only now: iommufd attaches when the device is taken, and what can be mapped depends on that */
	if (!err)
		err = type1_read_caps(vfio, f);
	if (err) {
		if (d)
			vfio_device_close(d);
		vfio_group_put(vfio, group);
		return err;
	}
	for (struct vfio_group *g = vfio->groups; g; g = g->next)
		vfio_add_reserved(iommu, g->id);
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

#define VFIO_OPS(NAME, HELP, NODE, OPEN)                                                                            \
	{                                                                                                           \
		.name = NAME, .help = HELP, .node = NODE, .open = OPEN, .close = vfio_close, .attach = vfio_attach, \
		.detach = vfio_detach, .map = type1_map, .unmap = type1_unmap, .unmap_all = type1_unmap_all,        \
		.pins = type1_pins, .vaddr_forget = type1_vaddr_forget, .vaddr_renew = type1_vaddr_renew,           \
		.avail = type1_avail, .dirty_type1 = &type1_dirty_ops,                                              \
	}

const struct iommu_ops iommu_vfio_ops =
	VFIO_OPS("vfio", "a device behind the machine's IOMMU by VFIO container and group (type1 v2)", VFIO_CONTAINER,
		 vfio_open_v2);
const struct iommu_ops iommu_vfio_v1_ops =
	VFIO_OPS("vfio-v1", "the same with the older type1 semantics: an unmap may remove more than was asked",
		 VFIO_CONTAINER, vfio_open_v1);
const struct iommu_ops iommu_iommufd_compat_ops =
	VFIO_OPS("iommufd-compat", "the VFIO container's interface served by /dev/iommu; option type=v1 or v2",
		 IOMMUFD_NODE, vfio_open_compat);
