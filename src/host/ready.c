/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between one device and VFIO, in the order in which a user has to remove it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/groups.h"
#include "host/guards.h"
#include "host/self.h"
#include "host/text.h"

struct ready {
	const struct host *host;
	const struct pci_info *dev;
	char *why, *hint;
	size_t why_len, hint_len;
};

static bool ready_no(const struct ready *r, const char *fmt, ...) IC_PRINTF(2, 3);
static void ready_hint(const struct ready *r, const char *fmt, ...) IC_PRINTF(2, 3);

static bool ready_no(const struct ready *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (r->why_len)
		vsnprintf(r->why, r->why_len, fmt, ap);
	va_end(ap);
	return false;
}

static void ready_hint(const struct ready *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (r->hint_len)
		vsnprintf(r->hint, r->hint_len, fmt, ap);
	va_end(ap);
}

/* How to switch the IOMMU on depends on whose it is. */
static const char *ready_enable_hint(const struct host *host)
{
	CLEANUP_FREE char *cpuinfo = NULL;

	if (host_read_file(host, &cpuinfo, NULL, "/proc/cpuinfo") == 0) {
		if (strstr(cpuinfo, "GenuineIntel"))
			return "enable VT-d in the firmware and boot with intel_iommu=on";
		if (strstr(cpuinfo, "AuthenticAMD"))
			return "enable the IOMMU (AMD-Vi) in the firmware and boot without amd_iommu=off";
	}
	return "enable the IOMMU in the firmware and on the kernel command line";
}

static bool ready_without_group(const struct ready *r)
{
	CLEANUP_FREE char **units = NULL;

	if (group_may_appear(r->host, r->dev)) {
		ready_hint(r, "iommuctl bind %s", r->dev->addr);
		return ready_no(r, "not bound: its IOMMU group appears when it is");
	}
	if (iommu_units(r->host, &units) == 0 && units[0])
		return ready_no(r, "not behind an IOMMU");
	ready_hint(r, "%s", ready_enable_hint(r->host));
	return ready_no(r, "no IOMMU");
}

static bool ready_has_group(const struct ready *r)
{
	char name[32];

	if (r->dev->group < 0)
		return ready_without_group(r);
	if (host_read_line(r->host, name, sizeof(name), "/sys/kernel/iommu_groups/%d/name", r->dev->group) == 0 &&
	    strcmp(name, "vfio-noiommu") == 0) {
		ready_hint(r, "%s", ready_enable_hint(r->host));
		return ready_no(r, "group %d is a noiommu group: its DMA would not be translated", r->dev->group);
	}
	return true;
}

/* Is this device needed by the machine? The first reason goes to @why. Nobody should be told to take such a one away. */
static bool ready_is_used(const struct host *host, const struct pci_info *dev, char *why, size_t len)
{
	struct guard_reasons reasons;

	if (guards_check(host, dev, false, &reasons))
		text_copy(why, len, "what uses it cannot be found out");
	else if (reasons.count)
		text_copy(why, len, reasons.text[0]);
	else
		return false;
	return true;
}

/* "iommuctl bind A B": the device itself and everything that blocks its group, in one go. */
static void ready_hint_bind(const struct ready *r, const struct group_info *group)
{
	char list[256] = "", use[160];
	struct pci_info other;
	size_t used = 0;
	bool found;

	if (!strstr(r->dev->driver, "vfio"))
		used = snprintf(list, sizeof(list), " %s", r->dev->addr);
	for (unsigned int i = 0; i < group->nr_blockers && used < sizeof(list) - 20; i++) {
		if (strcmp(group->blockers[i], r->dev->addr) == 0)
			continue;
		found = pci_find(r->host, group->blockers[i], &other, NULL) == 0;
		if (found && pci_is_fabric(&other)) {
			ready_hint(r, "its group also holds the bridge %s, which cannot be bound", other.addr);
			return;
		}
		if (found && ready_is_used(r->host, &other, use, sizeof(use))) {
			ready_hint(r, "its group also holds %s, in use: %s", other.addr, use);
			return;
		}
		used += snprintf(list + used, sizeof(list) - used, " %s", group->blockers[i]);
	}
	ready_hint(r, "iommuctl bind%s", list);
}

/* Called for a device on no VFIO driver: false, with the reason. */
static bool ready_is_bound(const struct ready *r, const struct group_info *group)
{
	const char *driver = r->dev->driver;
	char use[160];

	if (ready_is_used(r->host, r->dev, use, sizeof(use)))
		return ready_no(r, "%s%s: %s", *driver ? "bound to " : "in use", driver, use);
	ready_hint_bind(r, group);
	return ready_no(r, *driver ? "bound to %s" : "not bound to vfio-pci%s", driver);
}

static bool ready_is_viable(const struct ready *r, const struct group_info *group)
{
	char driver[32], list[192] = "";
	size_t used = 0;

	if (group->viable)
		return true;
	for (unsigned int i = 0; i < group->nr_blockers && used < sizeof(list) - 60; i++) {
		if (host_read_link(r->host, driver, sizeof(driver), "/sys/kernel/iommu_groups/%d/devices/%s/driver",
				   group->id, group->blockers[i]))
			text_copy(driver, sizeof(driver), "?");
		used += snprintf(list + used, sizeof(list) - used, "%s%s (%s)", used ? ", " : "", group->blockers[i],
				 driver);
	}
	ready_hint_bind(r, group);
	return ready_no(r, "group %d is blocked by %s", group->id, list);
}

static int ready_access(const char *node)
{
	return access(node, R_OK | W_OK) ? errno : 0;
}

struct device_ways device_ways(const struct host *host, const struct pci_info *dev)
{
	struct device_ways ways = {false, false};
	char node[64];

	if (host_is_capture(host) || dev->group < 0)
		return ways;
	snprintf(node, sizeof(node), "/dev/vfio/%d", dev->group);
	ways.group = !ready_access(node) && !ready_access("/dev/vfio/vfio");
	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", dev->cdev);
	ways.cdev = dev->cdev[0] && !ready_access(node) && !ready_access("/dev/iommu");
	return ways;
}

/* A node that is there and not open for this user; the one that stands for what most people want comes first. */
static bool ready_node_denied(const struct ready *r, const char *node)
{
	int err = ready_access(node);

	if (!err || err == ENOENT)
		return false;
	ready_hint(r, "run as root, or as root: chown %d %s", (int)getuid(), node);
	ready_no(r, "no permission for %s", node);
	return true;
}

/* The node of the group, or the device's own one, must be there and open for this user, and what goes with it. */
static bool ready_has_node(const struct ready *r)
{
	struct device_ways ways = device_ways(r->host, r->dev);
	char node[64], cdev[64] = "";

	if (ways.group || ways.cdev)
		return true;
	snprintf(node, sizeof(node), "/dev/vfio/%d", r->dev->group);
	if (r->dev->cdev[0])
		snprintf(cdev, sizeof(cdev), "/dev/vfio/devices/%s", r->dev->cdev);
	if (ready_node_denied(r, node) || (cdev[0] && ready_node_denied(r, cdev)) ||
	    ready_node_denied(r, "/dev/vfio/vfio") || ready_node_denied(r, "/dev/iommu"))
		return false;
	if (ready_access(node) && (!cdev[0] || ready_access(cdev)))
		return ready_no(r, "%s is missing", node);
	ready_hint(r, "as root: modprobe vfio_iommu_type1");
	return ready_no(r, "neither /dev/vfio/vfio nor /dev/iommu goes with its node");
}

static bool ready_is_held(const struct ready *r, const char *node)
{
	char name[32];
	int pid = self_find_holder(node, name, sizeof(name));

	if (!pid || pid == getpid())
		return false;
	ready_hint(r, "wait until process %d has ended", pid);
	ready_no(r, "in use by %s (pid %d)", name, pid);
	return true;
}

static bool ready_is_free(const struct ready *r)
{
	char node[64];

	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", r->dev->cdev);
	if (r->dev->cdev[0] && ready_is_held(r, node))
		return false;
	snprintf(node, sizeof(node), "/dev/vfio/%d", r->dev->group);
	return !ready_is_held(r, node);
}

bool device_ready(const struct host *host, const struct pci_info *dev, char *why, size_t why_len, char *hint,
		  size_t hint_len)
{
	const struct ready r = {host, dev, why, hint, why_len, hint_len};
	struct group_info group;
	bool ok;

	if (why_len)
		why[0] = '\0';
	if (hint_len)
		hint[0] = '\0';
	if (pci_is_fabric(dev))
		return ready_no(&r, "a bridge");
	if (!ready_has_group(&r))
		return false;
	if (group_find(host, dev->group, &group, NULL))
		return ready_no(&r, "group %d cannot be read", dev->group);
	if (!strstr(dev->driver, "vfio")) {
		ok = ready_is_bound(&r, &group);
	} else {
		ok = ready_is_viable(&r, &group);
	}
	group_clear(&group);
	if (!ok || host_is_capture(host))
		return ok;
	return ready_has_node(&r) && ready_is_free(&r);
}
