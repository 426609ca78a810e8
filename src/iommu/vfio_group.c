/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups: finding and opening the node, joining the container, and saying in plain words what stands in the way. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/groups.h"
#include "host/self.h"
#include "iommu/vaddr.h"
#include "iommu/vfio.h"

static int vfio_group_explain_eacces(const char *node, int err, struct fail *f)
{
	struct passwd *me = getpwuid(geteuid()), *owner;
	char mine[64], theirs[64] = "?";
	struct stat st;

	/* getpwuid() answers from one static place: copy before asking again */
	if (me)
		snprintf(mine, sizeof(mine), "%s", me->pw_name);
	else
		snprintf(mine, sizeof(mine), "%u", geteuid());
	if (stat(node, &st) == 0) {
		owner = getpwuid(st.st_uid);
		if (owner)
			snprintf(theirs, sizeof(theirs), "%s", owner->pw_name);
		else
			snprintf(theirs, sizeof(theirs), "%u", st.st_uid);
	}
	fail_set(f, err, "cannot open %s, which belongs to %s", node, theirs);
	fail_hint(f, "as root: chown %s %s", mine, node);
	return err;
}

static int vfio_group_explain_open(const char *node, const char *addr, int err, struct fail *f)
{
	char name[64];
	int pid;

	switch (-err) {
	case ENOENT:
		fail_set(f, err, "there is no %s for %s", node, addr);
		fail_hint(f, "iommuctl bind %s", addr);
		return err;
	case EACCES:
	case EPERM:
		return vfio_group_explain_eacces(node, err, f);
	case EBUSY:
		pid = self_find_holder(node, name, sizeof(name));
		if (pid)
			fail_set(f, err, "%s is in use by %s (pid %d)", node, name, pid);
		else
			fail_set(f, err, "%s is in use by another process", node);
		fail_hint(f, pid ? "end that process first" : "as root: fuser -v %s names it", node);
		return err;
	default:
		return fail_set(f, err, "cannot open %s", node);
	}
}

/* All of "0000:00:03.0 (e1000e)", as many as fit. */
static void vfio_group_blockers(const struct vfio *vfio, const struct group_info *g, char *buf, size_t len)
{
	char driver[32];
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < g->nr_blockers && at < len; i++) {
		if (host_read_link(vfio->iommu.host, driver, sizeof(driver), "/sys/bus/pci/devices/%s/driver",
				   g->blockers[i]))
			snprintf(driver, sizeof(driver), "a host driver");
		at += (size_t)snprintf(buf + at, len - at, "%s%s (%s)", i ? ", " : "", g->blockers[i], driver);
	}
}

static int vfio_group_check_viable(const struct vfio *vfio, const struct vfio_group *group, struct fail *f)
{
	struct ic_vfio_group_status status = {.argsz = sizeof(status)};
	struct group_info info;
	char blockers[256];

	if (ioctl(group->fd, IC_VFIO_GROUP_GET_STATUS, &status))
		return fail_set(f, errno, "cannot read the status of group %d", group->id);
	if (status.flags & IC_VFIO_GROUP_VIABLE)
		return 0;
	if (group_find(vfio->iommu.host, group->id, &info, NULL)) {
		fail_set(f, ENODEV, "group %d is not viable", group->id);
		fail_hint(f, "every device of the group must be bound to vfio-pci or to no driver");
		return -ENODEV;
	}
	vfio_group_blockers(vfio, &info, blockers, sizeof(blockers));
	if (info.nr_blockers) {
		fail_set(f, ENODEV, "group %d is blocked by %s", group->id, blockers);
		fail_hint(f, "iommuctl bind %s", info.blockers[0]);
	} else {
		fail_set(f, ENODEV, "group %d is not viable", group->id);
		fail_hint(f, "a driver of the host uses DMA in this group: iommuctl list shows its devices");
	}
	group_clear(&info);
	return -ENODEV;
}

/* A noiommu group has no IOMMU behind it: DMA from it reaches all of memory. */
static bool vfio_group_is_noiommu(const struct vfio *vfio, int id)
{
	char name[32];

	return host_read_line(vfio->iommu.host, name, sizeof(name), "/sys/kernel/iommu_groups/%d/name", id) == 0 &&
	       strcmp(name, "vfio-noiommu") == 0;
}

static int vfio_group_check_host(const struct vfio *vfio, const struct pci_info *pci, struct fail *f)
{
	if (pci->group < 0) {
		fail_set(f, ENODEV, "%s has no IOMMU behind it", pci->addr);
		fail_hint(f, "turn on VT-d or AMD-Vi in the firmware, and boot with intel_iommu=on (Intel)");
		return -ENODEV;
	}
	if (vfio_group_is_noiommu(vfio, pci->group)) {
		fail_set(f, ENODEV, "%s is a noiommu device: its DMA would reach all of memory", pci->addr);
		fail_hint(f, "turn on the IOMMU in the firmware and the kernel: this tool gives no DMA without one");
		return -ENODEV;
	}
	if (!strstr(pci->driver, "vfio")) {
		if (pci->driver[0])
			fail_set(f, ENODEV, "%s is bound to %s", pci->addr, pci->driver);
		else
			fail_set(f, ENODEV, "%s is not bound to vfio-pci", pci->addr);
		fail_hint(f, "iommuctl bind %s", pci->addr);
		return -ENODEV;
	}
	return 0;
}

int vfio_group_get(struct vfio *vfio, const struct pci_info *pci, struct vfio_group **out, struct fail *f)
{
	struct vfio_group *g;
	char node[32];
	int err = vfio_group_check_host(vfio, pci, f);

	*out = NULL;
	if (err)
		return err;
	for (g = vfio->groups; g; g = g->next) {
		if (g->id == pci->group) {
			g->users++;
			*out = g;
			return 0;
		}
	}
	snprintf(node, sizeof(node), "/dev/vfio/%d", pci->group);
	g = calloc(1, sizeof(*g));
	if (!g)
		return fail_set(f, ENOMEM, "cannot open %s", node);
	*g = (struct vfio_group){.id = pci->group, .users = 1, .fd = open(node, O_RDWR | O_CLOEXEC)};
	err = g->fd < 0 ? vfio_group_explain_open(node, pci->addr, -errno, f) : vfio_group_check_viable(vfio, g, f);
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
		fail_hint(f, "the IOMMU has no interrupt remapping, so the device could forge interrupts; on a machine "
			     "where "
			     "that is acceptable: vfio_iommu_type1.allow_unsafe_interrupts=1");
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
	if (!vfio->groups)
		vfio->has_iommu = false;
	close(group->fd);
	free(group);
}

void vfio_group_reserved(struct vfio *vfio, const struct vfio_group *group)
{
	struct iommu_caps *caps = &vfio->iommu.caps;
	struct group_info info;

	if (group_find(vfio->iommu.host, group->id, &info, NULL))
		return;
	for (unsigned int i = 0; i < info.nr_reserved && caps->nr_reserved < IOMMU_MAX_RANGES; i++) {
		struct iova_range r = {info.reserved[i].start, info.reserved[i].last};

		/* type1 gives relaxable ones to the user: vfio_iommu_resv_exclude() */
		if (strcmp(info.reserved[i].type, "direct-relaxable") == 0)
			continue;
		caps->reserved[caps->nr_reserved++] = r;
	}
	group_clear(&info);
}
