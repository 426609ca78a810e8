/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What group and cdev nodes have in common: who is in the way of a node or a group, and what is reserved. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/groups.h"
#include "host/self.h"
#include "iommu/vfio.h"

static int vfio_explain_eacces(const char *node, int err, struct fail *f)
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

int vfio_explain_open(const char *node, const struct iommu_device_id *id, int err, struct fail *f)
{
	char name[64];
	int pid;

	switch (-err) {
	case ENOENT:
		fail_set(f, err, "there is no %s for %s", node, id->name);
		vfio_hint_bind(id, f);
		return err;
	case EACCES:
	case EPERM:
		return vfio_explain_eacces(node, err, f);
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
static void vfio_blockers(const struct host *host, const struct group_info *g, char *buf, size_t len)
{
	char driver[32];
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < g->nr_blockers && at < len; i++) {
		if (host_read_link(host, driver, sizeof(driver), "/sys/bus/pci/devices/%s/driver", g->blockers[i]))
			snprintf(driver, sizeof(driver), "a host driver");
		at += (size_t)snprintf(buf + at, len - at, "%s%s (%s)", i ? ", " : "", g->blockers[i], driver);
	}
}

bool vfio_explain_blocked(const struct host *host, int group, int err, struct fail *f)
{
	struct group_info info;
	char blockers[256];
	bool blocked;

	if (group_find(host, group, &info, NULL))
		return false;
	blocked = info.nr_blockers;
	if (blocked) {
		vfio_blockers(host, &info, blockers, sizeof(blockers));
		fail_set(f, err, "group %d is blocked by %s", group, blockers);
		fail_hint(f, "iommuctl bind %s", info.blockers[0]);
	}
	group_clear(&info);
	return blocked;
}

void vfio_hint_unsafe(struct fail *f, const char *module)
{
	fail_hint(f,
		  "the IOMMU has no interrupt remapping, so the device could forge interrupts; on a machine where that "
		  "is acceptable: %s.allow_unsafe_interrupts=1",
		  module);
}

void vfio_add_reserved(struct iommu *iommu, int group)
{
	struct iommu_caps *caps = &iommu->caps;
	struct group_info info;

	if (group_find(iommu->host, group, &info, NULL))
		return;
	for (unsigned int i = 0; i < info.nr_reserved && caps->nr_reserved < IOMMU_MAX_RANGES; i++) {
		struct iova_range r = {info.reserved[i].start, info.reserved[i].last};

		/* the kernel gives relaxable ones to the user: vfio_iommu_resv_exclude(), iopt_table_enforce_dev_resv_regions() */
		if (strcmp(info.reserved[i].type, "direct-relaxable") == 0)
			continue;
		caps->reserved[caps->nr_reserved++] = r;
	}
	group_clear(&info);
}
