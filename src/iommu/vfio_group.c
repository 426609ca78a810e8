/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups: opening the node, joining the container, and saying in plain words what stands in the way. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "iommu/vaddr.h"
#include "iommu/vfio.h"

static int vfio_group_check_viable(const struct vfio *vfio, const struct vfio_group *group, struct fail *f)
{
	struct ic_vfio_group_status status = {.argsz = sizeof(status)};

	if (ioctl(group->fd, IC_VFIO_GROUP_GET_STATUS, &status))
		return fail_set(f, errno, "cannot read the status of group %d", group->id);
	if (status.flags & IC_VFIO_GROUP_VIABLE)
		return 0;
	if (vfio_explain_blocked(vfio->iommu.host, group->id, ENODEV, f))
		return -ENODEV;
	fail_set(f, ENODEV, "group %d is not viable", group->id);
	fail_hint(f, "a driver of the host uses DMA in this group: iommuctl list shows its devices");
	return -ENODEV;
}

/* A mediated device has one where the kernel has groups for VFIO at all; hardware is asked in vfio_check_host(). */
static int vfio_group_explain_none(const struct vfio_target *t, struct fail *f)
{
	fail_set(f, ENODEV, "mediated device %s has no group", t->id.name);
	fail_hint(f, "the kernel needs CONFIG_VFIO_GROUP; or use --backend iommufd");
	return -ENODEV;
}

int vfio_group_get(struct vfio *vfio, const struct vfio_target *t, struct vfio_group **out, struct fail *f)
{
	struct vfio_group *g;
	char node[32];
	int err = vfio_check_host(vfio->iommu.host, t, f);

	*out = NULL;
	if (!err && t->group < 0)
		err = vfio_group_explain_none(t, f);
	if (err)
		return err;
	for (g = vfio->groups; g; g = g->next) {
		if (g->id == t->group) {
			g->users++;
			*out = g;
			return 0;
		}
	}
	snprintf(node, sizeof(node), "/dev/vfio/%d", t->group);
	g = calloc(1, sizeof(*g));
	if (!g)
		return fail_set(f, ENOMEM, "cannot open %s", node);
	*g = (struct vfio_group){.id = t->group, .users = 1, .is_emulated = t->id.emulated};
	g->fd = open(node, O_RDWR | O_CLOEXEC);
	err = g->fd < 0 ? vfio_explain_open(node, &t->id, -errno, f) : vfio_group_check_viable(vfio, g, f);
	if (err) {
		if (g->fd >= 0)
			close(g->fd);
		free(g);
		return err;
	}
	*out = g;
	return 0;
}

static int vfio_group_explain_refusal(const struct vfio *vfio, const struct vfio_group *group, int err,
				      const char *what, struct fail *f)
{
	fail_set(f, err, "the kernel refuses %s for group %d", what, group->id);
	if (err == -EPERM)
		vfio_hint_unsafe(f, "vfio_iommu_type1");
	else if (err == -EBUSY && iommu_vaddr_is_forgotten(&vfio->iommu))
		fail_hint(f,
			  "addresses of mappings are forgotten, and a new group would need them: `vaddr renew --all`");
	else if (err == -EBUSY)
		fail_hint(f, "another user of the group's DMA is active: iommuctl list shows the group");
	return err;
}

int vfio_group_join(struct vfio *vfio, struct vfio_group *group, struct fail *f)
{
	int err;

	for (struct vfio_group *g = vfio->groups; g; g = g->next)
		if (g == group)
			return 0;
	if (ioctl(group->fd, IC_VFIO_GROUP_SET_CONTAINER, &vfio->container))
		return vfio_group_explain_refusal(vfio, group, -errno, "the container", f);
	if (!vfio->has_iommu && ioctl(vfio->container, IC_VFIO_SET_IOMMU, (unsigned long)vfio->type)) {
		err = vfio_group_explain_refusal(vfio, group, -errno, "the IOMMU", f);
		ioctl(group->fd, IC_VFIO_GROUP_UNSET_CONTAINER);
		return err;
	}
	vfio->has_iommu = true;
	vfio->has_hardware |= !group->is_emulated;
	group->next = vfio->groups;
	vfio->groups = group;
	return 0;
}

void vfio_group_put(struct vfio *vfio, struct vfio_group *group)
{
	struct vfio_group **at;

	if (--group->users)
		return;
	for (at = &vfio->groups; *at; at = &(*at)->next) {
		if (*at != group)
			continue;
		*at = group->next;
		ioctl(group->fd, IC_VFIO_GROUP_UNSET_CONTAINER);
		break;
	}
	vfio->has_iommu = vfio->groups && vfio->has_iommu;
	vfio->has_hardware = false;
	for (const struct vfio_group *g = vfio->groups; g; g = g->next)
		vfio->has_hardware |= !g->is_emulated;
	close(group->fd);
	free(group);
}
