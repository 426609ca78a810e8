/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device by its own node: opened, bound to a context of /dev/iommu, attached to and detached from spaces and tables. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "host/groups.h"
#include "host/self.h"
#include "iommu/vfio.h"

void vfio_token_bytes(const char *token, unsigned char out[16])
{
	unsigned int nibbles = 0;

	for (; *token && nibbles < 32; token++) {
		int c = tolower((unsigned char)*token);

		if (!isxdigit(c))
			continue;
		out[nibbles / 2] = (unsigned char)(out[nibbles / 2] << 4 | (isdigit(c) ? c - '0' : c - 'a' + 10));
		nibbles++;
	}
}

static int vfio_cdev_do_bind(struct vfio_device *d, int iommufd, uint32_t flags, const void *token)
{
	struct ic_vfio_bind_iommufd arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.iommufd = iommufd,
		.token_uuid_ptr = (uintptr_t)token,
	};

	if (ioctl(d->fd, IC_VFIO_DEVICE_BIND_IOMMUFD, &arg))
		return -errno;
	d->object = arg.out_devid;
	return 0;
}

/* A kernel that takes tokens here looks for one where none is before it looks at the device; an older one knows no flag. */
static bool vfio_cdev_has_token(struct vfio_device *d, int iommufd)
{
	return vfio_cdev_do_bind(d, iommufd, IC_VFIO_BIND_TOKEN, NULL) == -EFAULT;
}

static void vfio_cdev_explain_token(struct vfio_device *d, int iommufd, struct fail *f)
{
	if (vfio_cdev_has_token(d, iommufd))
		fail_hint(
			f,
			"--vf-token is not the one that was set, or the device takes none: the kernel log says which");
	else
		fail_hint(f, "this kernel or this device's driver takes no --vf-token here: use --backend vfio");
}

/*
 * The kernel answers EBUSY where the group's node is open, EINVAL where the device's own one is bound already and also
 * where DMA would not be coherent: who has it open tells the two apart.
 */
static void vfio_cdev_explain_holder(const struct vfio_device *d, const char *node, int err, struct fail *f)
{
	char path[64], name[64];
	int pid;

	if (err == -EBUSY)
		snprintf(path, sizeof(path), "/dev/vfio/%d", d->group_id);
	else
		snprintf(path, sizeof(path), "%s", node);
	pid = self_find_holder(path, name, sizeof(name));
	if (pid) {
		fail_set(f, err, "%s is in use by %s (pid %d)", path, name, pid);
		fail_hint(f, pid == getpid() ? "one run can have a device once only" : "end that process first");
	} else if (err == -EBUSY) {
		fail_hint(f, "as root: fuser -v %s names who has its group", path);
	} else {
		fail_hint(f, "another process has it (as root: fuser -v %s), or its DMA is not coherent", path);
	}
}

/* Who in @d's group has another of its devices by that one's own node: 0, or a pid. */
static int vfio_cdev_find_sibling(const struct vfio_device *d, char *node, size_t node_len, char *name, size_t len)
{
	const struct host *host = d->idev.iommu->host;
	struct group_info group;
	struct pci_info other;
	int pid = 0;

	if (group_find(host, d->group_id, &group, NULL))
		return 0;
	for (unsigned int i = 0; !pid && i < group.nr_devices; i++) {
		if (!strcmp(group.devices[i], d->idev.id.name) || pci_find(host, group.devices[i], &other, NULL) ||
		    !other.cdev[0])
			continue;
		snprintf(node, node_len, "/dev/vfio/devices/%s", other.cdev);
		pid = self_find_holder(node, name, len);
	}
	group_clear(&group);
	return pid;
}

/* EPERM: another has the group's DMA (iommu_device_claim_dma_owner()), or interrupts are not remapped. */
static void vfio_cdev_explain_eperm(const struct vfio_device *d, struct fail *f)
{
	const struct host *host = d->idev.iommu->host;
	char node[64], name[64], unsafe[8] = "";
	int pid;

	if (vfio_explain_blocked(host, d->group_id, EPERM, f))
		return;
	pid = vfio_cdev_find_sibling(d, node, sizeof(node), name, sizeof(name));
	host_read_line(host, unsafe, sizeof(unsafe), "/sys/module/iommufd/parameters/allow_unsafe_interrupts");
	if (pid) {
		fail_set(f, EPERM, "%s of the same group is in use by %s (pid %d)", node, name, pid);
		fail_hint(f, "end that process first");
	} else if (unsafe[0] == 'Y') {
		fail_hint(f, "another user of its group's DMA is active: iommuctl list shows the group");
	} else {
		vfio_hint_unsafe(f, "iommufd");
	}
}

static int vfio_cdev_explain_bind(struct vfio_device *d, int iommufd, const char *node, int err, struct fail *f)
{
	const char *addr = d->idev.id.name;
	bool has_token = d->idev.iommu->vf_token;

	fail_set(f, err, "cannot bind %s to /dev/iommu", addr);
	if (has_token && (err == -EACCES || err == -EINVAL))
		vfio_cdev_explain_token(d, iommufd, f);
	else if (err == -EACCES)
		fail_hint(f,
			  "it is a virtual function, or has some: name the token its owner set with --vf-token UUID");
	else if (err == -EPERM)
		vfio_cdev_explain_eperm(d, f);
	else if (err == -ENODEV)
		vfio_hint_bind(&d->idev.id, f);
	/* ours must be closed first, or we would find ourselves */
	close(d->fd);
	d->fd = -1;
	if (err == -EBUSY || (err == -EINVAL && !has_token))
		vfio_cdev_explain_holder(d, node, err, f);
	return err;
}

static int vfio_cdev_bind(struct vfio_device *d, int iommufd, const char *node, struct fail *f)
{
	const char *token = d->idev.iommu->vf_token;
	unsigned char uuid[16] = {0};
	int err;

	if (token)
		vfio_token_bytes(token, uuid);
	err = vfio_cdev_do_bind(d, iommufd, token ? IC_VFIO_BIND_TOKEN : 0, token ? uuid : NULL);
	return err ? vfio_cdev_explain_bind(d, iommufd, node, err, f) : 0;
}

static int vfio_cdev_check(const struct vfio_target *t, struct fail *f)
{
	if (t->cdev[0])
		return 0;
	fail_set(f, ENODEV, "%s has no node of its own in /dev/vfio/devices", t->id.name);
	fail_hint(f, "the kernel needs CONFIG_VFIO_DEVICE_CDEV (6.6 and later); or use --backend vfio");
	return -ENODEV;
}

int vfio_cdev_open(struct iommu *iommu, int iommufd, const struct vfio_target *t, struct vfio_device **out,
		   struct fail *f)
{
	struct vfio_device *d;
	char node[64];
	int err = vfio_check_host(iommu->host, t, f);

	*out = NULL;
	if (!err)
		err = vfio_cdev_check(t, f);
	if (!err)
		err = vfio_device_new(iommu, t, &d, f);
	if (err)
		return err;
	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", t->cdev);
	d->fd = open(node, O_RDWR | O_CLOEXEC);
	err = d->fd < 0 ? vfio_explain_open(node, &t->id, -errno, f) : vfio_cdev_bind(d, iommufd, node, f);
	if (!err)
		err = vfio_device_read_info(d, f);
	if (err) {
		vfio_device_close(d);
		return err;
	}
	*out = d;
	return 0;
}

int vfio_cdev_attach(const struct vfio_device *d, uint32_t pt_id, uint32_t pasid)
{
	bool has_pasid = pasid != IOMMU_NO_PASID;
	struct ic_vfio_attach_pt arg = {
		.argsz = sizeof(arg),
		.flags = has_pasid ? IC_VFIO_PT_PASID : 0,
		.pt_id = pt_id,
		.pasid = has_pasid ? pasid : 0,
	};

	return ioctl(d->fd, IC_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg) ? -errno : 0;
}

int vfio_cdev_detach(const struct vfio_device *d, uint32_t pasid)
{
	bool has_pasid = pasid != IOMMU_NO_PASID;
	struct ic_vfio_detach_pt arg = {
		.argsz = sizeof(arg),
		.flags = has_pasid ? IC_VFIO_PT_PASID : 0,
		.pasid = has_pasid ? pasid : 0,
	};

	return ioctl(d->fd, IC_VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg) ? -errno : 0;
}
