/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device descriptor, wherever it comes from: regions, configuration space; and taking one from its group. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/mdev.h"
#include "iommu/vfio.h"

static int vfio_device_explain(const struct vfio *vfio, const struct iommu_device_id *id, int err, struct fail *f)
{
	fail_set(f, err, "cannot take %s from its group", id->name);
	if (err == -EACCES && !vfio->iommu.vf_token)
		fail_hint(f,
			  "it is a virtual function, or has some: name the token its owner set with --vf-token UUID");
	else if (vfio->iommu.vf_token && (err == -EACCES || err == -EINVAL))
		fail_hint(
			f,
			"--vf-token is not the one that was set, or the device takes none: the kernel log says which");
	else if (err == -ENODEV)
		vfio_hint_bind(id, f);
	else if (err == -EPERM) /* /dev/iommu in the container's place looks at interrupts only now */
		vfio_hint_unsafe(f, "iommufd");
	else if (err == -EBUSY)
		fail_hint(f, "it is open already in this process or by iommufd");
	return err;
}

int vfio_check_token(const char *token, struct fail *f)
{
	if (mdev_is_uuid(token))
		return 0;
	fail_usage(f, EINVAL, "--vf-token '%.64s' is not a UUID", token);
	fail_hint(f, "it is written as 00112233-4455-6677-8899-aabbccddeeff, in full");
	return -EINVAL;
}

int vfio_device_name(char *buf, size_t len, const char *addr, const char *token)
{
	int n = token ? snprintf(buf, len, "%s vf_token=%s", addr, token) : snprintf(buf, len, "%s", addr);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

/* A mediated device's name is the UUID and nothing behind it (vfio_device_get_from_name()). */
static int vfio_device_get_fd(const struct vfio *vfio, const struct vfio_group *group, const struct iommu_device_id *id,
			      struct fail *f)
{
	char name[128];
	int fd, err = vfio_device_name(name, sizeof(name), id->name, id->emulated ? NULL : vfio->iommu.vf_token);

	if (err)
		return fail_set(f, err, "cannot name %s to the kernel", id->name);
	fd = ioctl(group->fd, IC_VFIO_GROUP_GET_DEVICE_FD, name);
	return fd < 0 ? vfio_device_explain(vfio, id, -errno, f) : fd;
}

/* A region that cannot be read stays with size 0: absent, as upper halves of 64-bit BARs are. */
int vfio_device_read_info(struct vfio_device *d, struct fail *f)
{
	struct ic_vfio_device_info info = {.argsz = sizeof(info)};
	const char *addr = d->idev.id.name;

	if (ioctl(d->fd, IC_VFIO_DEVICE_GET_INFO, &info))
		return fail_set(f, errno, "cannot read what %s offers", addr);
	if (!(info.flags & IC_VFIO_DEVICE_FLAG_PCI) || info.num_regions <= IC_VFIO_REGION_CONFIG)
		return fail_set(f, ENODEV, "%s is not a PCI device to VFIO", addr);
	d->flags = info.flags;
	for (uint32_t i = 0; i < ARRAY_SIZE(d->regions); i++) {
		d->regions[i] = (struct ic_vfio_region_info){.argsz = sizeof(d->regions[i]), .index = i};
		if (ioctl(d->fd, IC_VFIO_DEVICE_GET_REGION_INFO, &d->regions[i]))
			d->regions[i].size = 0;
	}
	return 0;
}

int vfio_device_new(struct iommu *iommu, const struct vfio_target *t, struct vfio_device **out, struct fail *f)
{
	struct vfio_device *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (!d)
		return fail_set(f, ENOMEM, "cannot open %s", t->id.name);
	d->fd = -1;
	d->group_id = t->group;
	d->idev.iommu = iommu;
	d->idev.ops = &vfio_idev_ops;
	d->idev.id = t->id;
	*out = d;
	return 0;
}

int vfio_device_open(struct vfio *vfio, struct vfio_group *group, const struct vfio_target *t, struct vfio_device **out,
		     struct fail *f)
{
	struct vfio_device *d;
	int err = vfio_device_new(&vfio->iommu, t, &d, f);

	*out = NULL;
	if (err)
		return err;
	d->vfio = vfio;
	d->group = group;
	d->fd = vfio_device_get_fd(vfio, group, &t->id, f);
	err = d->fd < 0 ? d->fd : vfio_device_read_info(d, f);
	if (err) {
		vfio_device_close(d);
		return err;
	}
	*out = d;
	return 0;
}

void vfio_device_close(struct vfio_device *d)
{
	vfio_bar_unmap(d);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

static int vfio_region_at(const struct vfio_device *d, unsigned int n, uint64_t offset, unsigned int width, off_t *at)
{
	const struct ic_vfio_region_info *r = &d->regions[n];

	if (r->size == 0)
		return -ENOENT;
	if (width > r->size || offset > r->size - width)
		return -EINVAL;
	*at = (off_t)(r->offset + offset);
	return 0;
}

static int vfio_region_read(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			    uint64_t *value)
{
	const struct vfio_device *d = to_vfio_device(idev);
	off_t at;
	int err = vfio_region_at(d, n, offset, width, &at);
	ssize_t got;

	*value = 0; /* little-endian, so a short value fills the low bytes */
	if (err)
		return err;
	got = pread(d->fd, value, width, at);
	return got < 0 ? -errno : got == (ssize_t)width ? 0 : -EIO;
}

static int vfio_region_write(struct iommu_device *idev, unsigned int n, uint64_t offset, unsigned int width,
			     uint64_t value)
{
	const struct vfio_device *d = to_vfio_device(idev);
	off_t at;
	int err = vfio_region_at(d, n, offset, width, &at);
	ssize_t put;

	if (err)
		return err;
	put = pwrite(d->fd, &value, width, at);
	return put < 0 ? -errno : put == (ssize_t)width ? 0 : -EIO;
}

static int vfio_config_read(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t *value)
{
	uint64_t wide;
	int err = vfio_region_read(idev, IC_VFIO_REGION_CONFIG, offset, width, &wide);

	*value = (uint32_t)wide;
	return err;
}

static int vfio_config_write(struct iommu_device *idev, unsigned int offset, unsigned int width, uint32_t value)
{
	return vfio_region_write(idev, IC_VFIO_REGION_CONFIG, offset, width, value);
}

static int vfio_device_fd(const struct iommu_device *idev)
{
	return to_vfio_device(idev)->fd;
}

const struct idev_ops vfio_idev_ops = {
	.config_read = vfio_config_read,
	.config_write = vfio_config_write,
	.bar_map = vfio_bar_map,
	.bar_read = vfio_region_read,
	.bar_write = vfio_region_write,
	.reset = vfio_reset,
	.has_reset = vfio_has_reset,
	.irq_enable = vfio_irq_enable,
	.irq_disable = vfio_irq_disable,
	.irq_unmask = vfio_irq_unmask,
	.irq_mask = vfio_irq_mask,
	.irq_trigger = vfio_irq_trigger,
	.vfio_fd = vfio_device_fd,
	.dirty = &idev_dirty_ops,
	.migration = &vfio_mig_ops,
};
