/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between one device and VFIO, in the order in which a user has to remove it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/groups.h"
#include "host/guards.h"
#include "host/holders.h"
#include "host/pci_path.h"
#include "host/remapping.h"
#include "host/text.h"

#define PCI_CLASS_IOMMU 0x0806

struct ready {
	const struct host *host;
	const struct pci_info *pci; /* NULL: looked up one by one */
	const struct group_info *groups;
	unsigned int nr_pci, nr_groups;
	bool has_units;
	/* read when the first device needs them */
	struct guard_index *guards;
	int guards_err;
	bool has_holders;
	struct holder *holders;
	unsigned int nr_holders;
	const char *enable_hint;
	bool has_refusal, refuses; /* VFIO refuses: interrupts are not remapped */
};

/* One device asked about, and where the answer goes. */
struct ready_question {
	struct ready *ready;
	const struct host *host;
	const struct pci_info *dev;
	char *why, *hint;
	size_t why_len, hint_len;
};

static bool ready_no(const struct ready_question *q, const char *fmt, ...) IC_PRINTF(2, 3);
static void ready_hint(const struct ready_question *q, const char *fmt, ...) IC_PRINTF(2, 3);

static bool ready_no(const struct ready_question *q, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (q->why_len)
		vsnprintf(q->why, q->why_len, fmt, ap);
	va_end(ap);
	return false;
}

static void ready_hint(const struct ready_question *q, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (q->hint_len)
		vsnprintf(q->hint, q->hint_len, fmt, ap);
	va_end(ap);
}

/* How to switch the IOMMU on depends on whose it is: firmware that describes it says so, else the processor may be a guess. */
static const char *ready_enable_hint(struct ready *r)
{
	CLEANUP_FREE char *cpuinfo = NULL;

	if (r->enable_hint)
		return r->enable_hint;
	if (host_exists(r->host, "/sys/firmware/acpi/tables/DMAR"))
		return r->enable_hint = "boot with intel_iommu=on: the firmware describes VT-d";
	if (host_exists(r->host, "/sys/firmware/acpi/tables/IVRS"))
		return r->enable_hint = "boot without amd_iommu=off: the firmware describes AMD-Vi";
	r->enable_hint = "enable the IOMMU in the firmware and on the kernel command line";
	if (host_read_file(r->host, &cpuinfo, NULL, "/proc/cpuinfo"))
		return r->enable_hint;
	if (strstr(cpuinfo, " hypervisor"))
		r->enable_hint = "give the guest a virtual IOMMU (QEMU: -device intel-iommu, or virtio-iommu-pci)";
	else if (strstr(cpuinfo, "GenuineIntel"))
		r->enable_hint = "enable VT-d in the firmware and boot with intel_iommu=on";
	else if (strstr(cpuinfo, "AuthenticAMD"))
		r->enable_hint = "enable the IOMMU (AMD-Vi) in the firmware and boot without amd_iommu=off";
	return r->enable_hint;
}

static bool ready_has_group(const struct ready_question *q)
{
	if (q->dev->group >= 0)
		return true;
	if (!q->ready->has_units) {
		ready_hint(q, "%s", ready_enable_hint(q->ready));
		return ready_no(q, "no IOMMU");
	}
	/* as group_may_appear() says */
	if (q->dev->driver[0])
		return ready_no(q, "not behind an IOMMU");
	ready_hint(q, "iommuctl bind %s", q->dev->addr);
	return ready_no(q, "not bound: its IOMMU group appears when it is");
}

static int ready_compare_pci(const void *key, const void *item)
{
	uint64_t x = *(const uint64_t *)key, y = pci_path_number(((const struct pci_info *)item)->addr);

	return (x > y) - (x < y);
}

/* Another device of the group; into @room where it is not at hand. NULL: it has gone. */
static const struct pci_info *ready_other(const struct ready *r, const char *addr, struct pci_info *room)
{
	uint64_t key = pci_path_number(addr);
	const struct pci_info *found;

	if (r->pci) {
		found = bsearch(&key, r->pci, r->nr_pci, sizeof(*r->pci), ready_compare_pci);
		/* what is no PCI address has a number, too */
		return found && strcmp(found->addr, addr) == 0 ? found : NULL;
	}
	return pci_find(r->host, addr, room, NULL) ? NULL : room;
}

/* Is this device needed by the machine? The first reason goes to @why. Nobody should be told to take such a one away. */
static bool ready_is_used(struct ready *r, const struct pci_info *dev, char *why, size_t len)
{
	struct guard_reasons reasons;

	if (!r->guards && !r->guards_err)
		r->guards_err = guard_index_open(r->host, &r->guards);
	if (r->guards_err || guards_check_in(r->guards, dev, false, &reasons))
		text_copy(why, len, "what uses it cannot be found out");
	else if (reasons.count)
		text_copy(why, len, reasons.text[0]);
	else
		return false;
	return true;
}

/* Can @addr, which blocks the group, be given to VFIO? False, with the reason as the hint. */
static bool ready_may_take(const struct ready_question *q, const char *addr)
{
	const struct pci_info *other;
	struct pci_info room;
	char use[160];

	other = ready_other(q->ready, addr, &room);
	if (!other)
		return true;
	if (pci_is_fabric(other))
		ready_hint(q, "its group also holds the bridge %s, which cannot be bound", other->addr);
	else if (ready_is_used(q->ready, other, use, sizeof(use)))
		ready_hint(q, "its group also holds %s, in use: %s", other->addr, use);
	else
		return true;
	return false;
}

/* More devices in one command than this nobody wants to read. */
#define READY_LIST_MAX 8

/* "iommuctl bind A B": the device itself and everything that blocks its group, in one go. */
static void ready_hint_bind(const struct ready_question *q, const struct group_info *group)
{
	bool self = !pci_is_vfio_driver(q->dev->driver);
	unsigned int named = 0, left = 0;
	char list[24 * READY_LIST_MAX + 48] = "";
	size_t used = 0;

	if (self)
		used = snprintf(list, sizeof(list), " %s", q->dev->addr);
	for (unsigned int i = 0; i < group->nr_blockers; i++) {
		if (self && strcmp(group->blockers[i], q->dev->addr) == 0)
			continue;
		if (named == READY_LIST_MAX) {
			left++;
			continue;
		}
		if (!ready_may_take(q, group->blockers[i]))
			return;
		used += snprintf(list + used, sizeof(list) - used, " %s", group->blockers[i]);
		named++;
	}
	if (left)
		snprintf(list + used, sizeof(list) - used, " and %u more of group %d", left, group->id);
	ready_hint(q, "iommuctl bind%s", list);
}

/* "0000:01:00.1 (snd_hda_intel), ..." of all that blocks the group, @dev left out. Empty: nothing else does. */
static void ready_blockers(const struct ready_question *q, const struct group_info *group, char *list, size_t len)
{
	const struct pci_info *other;
	struct pci_info room;
	unsigned int named = 0, left = 0;
	size_t used = 0;

	list[0] = '\0';
	for (unsigned int i = 0; i < group->nr_blockers; i++) {
		if (strcmp(group->blockers[i], q->dev->addr) == 0)
			continue;
		if (named == 3 || used + 60 > len) {
			left++;
			continue;
		}
		other = ready_other(q->ready, group->blockers[i], &room);
		used += snprintf(list + used, len - used, "%s%s (%s)", named++ ? ", " : "", group->blockers[i],
				 other ? other->driver : "?");
	}
	if (left)
		snprintf(list + used, len - used, " and %u more", left);
}

/* Called for a device on no VFIO driver: false, with the reason. */
static bool ready_is_bound(const struct ready_question *q, const struct group_info *group)
{
	const char *driver = q->dev->driver;
	char use[160], others[192], also[256] = "";

	if (ready_is_used(q->ready, q->dev, use, sizeof(use)))
		return ready_no(q, "%s%s: %s", *driver ? "bound to " : "in use", driver, use);
	ready_hint_bind(q, group);
	ready_blockers(q, group, others, sizeof(others));
	if (*others)
		snprintf(also, sizeof(also), ", and group %d is blocked by %s", group->id, others);
	return ready_no(q, "%s%s%s", *driver ? "bound to " : "not bound to vfio-pci", driver, also);
}

static bool ready_is_viable(const struct ready_question *q, const struct group_info *group)
{
	char list[192];

	if (group->viable)
		return true;
	ready_blockers(q, group, list, sizeof(list));
	ready_hint_bind(q, group);
	return ready_no(q, "group %d is blocked by %s", group->id, list);
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
static bool ready_node_denied(const struct ready_question *q, const char *node)
{
	int err = ready_access(node);

	if (!err || err == ENOENT)
		return false;
	ready_hint(q, "run as root, or as root: chown %d %s", (int)getuid(), node);
	ready_no(q, "no permission for %s", node);
	return true;
}

/* The node of the group, or the device's own one, must be there and open for this user, and what goes with it. */
static bool ready_has_node(const struct ready_question *q)
{
	struct device_ways ways = device_ways(q->host, q->dev);
	char node[64], cdev[64] = "";

	if (ways.group || ways.cdev)
		return true;
	snprintf(node, sizeof(node), "/dev/vfio/%d", q->dev->group);
	if (q->dev->cdev[0])
		snprintf(cdev, sizeof(cdev), "/dev/vfio/devices/%s", q->dev->cdev);
	if (ready_node_denied(q, node) || (cdev[0] && ready_node_denied(q, cdev)) ||
	    ready_node_denied(q, "/dev/vfio/vfio") || ready_node_denied(q, "/dev/iommu"))
		return false;
	if (ready_access(node) && (!cdev[0] || ready_access(cdev)))
		return ready_no(q, "%s is missing", node);
	ready_hint(q, "as root: modprobe vfio_iommu_type1");
	return ready_no(q, "neither /dev/vfio/vfio nor /dev/iommu goes with its node");
}

static bool ready_is_held(const struct ready_question *q, const char *node)
{
	struct ready *r = q->ready;
	const struct holder *h;

	if (!r->has_holders) {
		r->has_holders = true;
		holders_find(&r->holders, &r->nr_holders);
	}
	h = holders_of(r->holders, r->nr_holders, node);
	if (!h)
		return false;
	ready_hint(q, "wait until process %d has ended", h->pid);
	ready_no(q, "in use by %s (pid %d)", h->name, h->pid);
	return true;
}

static bool ready_is_free(const struct ready_question *q)
{
	char node[64];

	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", q->dev->cdev);
	if (q->dev->cdev[0] && ready_is_held(q, node))
		return false;
	snprintf(node, sizeof(node), "/dev/vfio/%d", q->dev->group);
	return !ready_is_held(q, node);
}

/*
 * On x86 VFIO gives no device away whose interrupts are not remapped (vfio_iommu_type1.c and iommufd's device.c answer EPERM),
 * unless it was told that this is safe enough.
 */
static bool ready_is_remapped(const struct ready_question *q)
{
	struct ready *r = q->ready;
	char line[192];

	if (!r->has_refusal) {
		r->has_refusal = true;
		r->refuses = remapping_by_chips(r->host, line, sizeof(line)) == REMAPPING_OFF &&
			     !remapping_is_waived(r->host);
	}
	if (!r->refuses)
		return true;
	ready_hint(q, "iommuctl audit --explain interrupt-remapping-off");
	return ready_no(q, "interrupts are not remapped, and nothing allows VFIO to do without");
}

static int ready_compare_group(const void *key, const void *item)
{
	int x = *(const int *)key, y = ((const struct group_info *)item)->id;

	return (x > y) - (x < y);
}

/* What the group's members allow. */
static bool ready_in_group(const struct ready_question *q, const struct group_info *group)
{
	if (group->noiommu) {
		ready_hint(q, "%s", ready_enable_hint(q->ready));
		return ready_no(q, "group %d is a noiommu group: its DMA would not be translated", group->id);
	}
	return pci_is_vfio_driver(q->dev->driver) ? ready_is_viable(q, group) : ready_is_bound(q, group);
}

static bool ready_group_answer(const struct ready_question *q)
{
	const struct group_info *group;
	struct group_info own;
	bool ok;

	if (q->ready->groups) {
		group = bsearch(&q->dev->group, q->ready->groups, q->ready->nr_groups, sizeof(*group),
				ready_compare_group);
		return group ? ready_in_group(q, group) : ready_no(q, "group %d cannot be read", q->dev->group);
	}
	if (group_find(q->host, q->dev->group, &own, NULL))
		return ready_no(q, "group %d cannot be read", q->dev->group);
	ok = ready_in_group(q, &own);
	group_clear(&own);
	return ok;
}

int ready_open(const struct host *host, const struct pci_info *pci, unsigned int nr_pci,
	       const struct group_info *groups, unsigned int nr_groups, struct ready **out)
{
	CLEANUP_FREE char **units = NULL;
	struct ready *r = calloc(1, sizeof(*r));

	*out = r;
	if (!r)
		return -ENOMEM;
	*r = (struct ready){.host = host, .pci = pci, .nr_pci = nr_pci, .groups = groups, .nr_groups = nr_groups};
	r->has_units = iommu_units(host, &units) == 0 && units[0];
	return 0;
}

void ready_close(struct ready *r)
{
	if (!r)
		return;
	guard_index_close(r->guards);
	free(r->holders);
	free(r);
}

bool ready_ask(struct ready *r, const struct pci_info *dev, char *why, size_t why_len, char *hint, size_t hint_len)
{
	const struct ready_question q = {r, r->host, dev, why, hint, why_len, hint_len};

	if (why_len)
		why[0] = '\0';
	if (hint_len)
		hint[0] = '\0';
	if (pci_is_fabric(dev))
		return ready_no(&q, "a bridge");
	if (dev->class_code >> 8 == PCI_CLASS_IOMMU)
		return ready_no(&q, "the IOMMU itself");
	if (!ready_has_group(&q) || !ready_group_answer(&q) || !ready_is_remapped(&q))
		return false;
	return host_is_capture(r->host) || (ready_has_node(&q) && ready_is_free(&q));
}

bool device_ready(const struct host *host, const struct pci_info *dev, char *why, size_t why_len, char *hint,
		  size_t hint_len)
{
	struct ready *r;
	bool ok;

	if (ready_open(host, NULL, 0, NULL, 0, &r)) {
		if (why_len)
			snprintf(why, why_len, "no memory");
		if (hint_len)
			hint[0] = '\0';
		return false;
	}
	ok = ready_ask(r, dev, why, why_len, hint, hint_len);
	ready_close(r);
	return ok;
}
