/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do DMA, and without what: device nodes, no-IOMMU mode, the limit on locked memory, hazards of looking. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/audit/priv.h"
#include "host/holders.h"

#define MEMLOCK_SMALL MiB(64)

/* --- noiommu-mode --- */

static void noiommu_mode_check(struct audit *a)
{
	const char *param = kernel_param(&a->m->kernel, "vfio", "enable_unsafe_noiommu_mode");
	const char *option = kernel_option(&a->m->kernel, "vfio.enable_unsafe_noiommu_mode");
	unsigned int nodes = 0;

	for (unsigned int i = 0; i < a->m->nr_nodes; i++)
		nodes += strstr(a->m->nodes[i].path, "noiommu") != NULL;
	if (!audit_is_yes(param) && !nodes && (param || !audit_is_yes(option)))
		return;
	audit_add(a, AUDIT_HIGH, "kernel", "VFIO gives devices away without any IOMMU%s: who has one has all of memory",
		  nodes ? ", and there are such devices" : "");
	if (param)
		audit_show(a, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "%s", param);
	else if (option)
		audit_show(a, "/proc/cmdline", "vfio.enable_unsafe_noiommu_mode=%s", option);
	for (unsigned int i = 0; i < a->m->nr_nodes; i++)
		if (strstr(a->m->nodes[i].path, "noiommu"))
			audit_show(a, a->m->nodes[i].path, "mode %04o, uid %u, gid %u", a->m->nodes[i].mode,
				   a->m->nodes[i].uid, a->m->nodes[i].gid);
}

const struct audit_rule audit_noiommu_mode = {
	.id = "noiommu-mode",
	.severity = AUDIT_HIGH,
	.title = "VFIO without an IOMMU is allowed",
	.explain = "enable_unsafe_noiommu_mode of the module vfio lets devices without an IOMMU group be opened as "
		   "/dev/vfio/noiommu-N. Nothing translates or limits their DMA: a program that opens one can have "
		   "the device read and write all of memory, the kernel's included, and the kernel is tainted by "
		   "it. It is meant for packet processing in guests that have no virtual IOMMU, where what is at "
		   "risk is that guest.",
	.advice = "as root: echo N > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode, and take the option out "
		  "of /etc/modprobe.d",
	.check = noiommu_mode_check,
};

/* --- open-permissions --- */

/*
 * The container's node is open to all by the kernel's own choice (drivers/vfio/container.c) and gives nothing without a
 * group's. Opening takes the right to read and to write.
 */
static bool access_is_open(const struct machine_node *node)
{
	return (node->mode & 06) == 06 && strcmp(node->path, "/dev/vfio/vfio");
}

static void open_permissions_check(struct audit *a)
{
	if (!a->m->nr_nodes && host_is_capture(a->m->host) && a->nr_assigned)
		audit_unseen(a, "", "the capture does not hold the permissions of /dev/vfio");
	for (unsigned int i = 0; i < a->m->nr_nodes; i++) {
		const struct machine_node *node = &a->m->nodes[i];
		bool iommufd = strcmp(node->path, "/dev/iommu") == 0;

		if (!access_is_open(node))
			continue;
		audit_add(a, iommufd ? AUDIT_MEDIUM : AUDIT_HIGH, node->path, "every user may open %s%s", node->path,
			  iommufd ? "" : " and program the DMA of its devices");
		audit_advise(a,
			     "as root: chmod o-rwx %s, and look for the udev rule that opened it: grep -r vfio "
			     "/etc/udev/rules.d",
			     node->path);
		audit_show(a, node->path, "mode %04o, uid %u, gid %u", node->mode, node->uid, node->gid);
	}
}

const struct audit_rule audit_open_permissions = {
	.id = "open-permissions",
	.severity = AUDIT_HIGH,
	.title = "everybody may open VFIO's devices",
	.explain = "The node of a group (/dev/vfio/N) or device (/dev/vfio/devices/vfioN) can be read and written by "
		   "everybody. Any user can then take the device, reset it, load it with firmware where it takes "
		   "some, read what its last user left in it, and send whatever it sends to the network or the "
		   "disk behind it. For /dev/iommu, which gives no device but does pin memory and is a way into "
		   "much kernel code, the severity is medium. /dev/vfio/vfio is open to all by the kernel's own "
		   "default and gives nothing by itself: no finding.",
	.advice = "give the node to one user or group by a udev rule instead",
	.check = open_permissions_check,
};

/* --- memlock-small --- */

/* The number behind @key in @text, 0 where there is none. */
static uint64_t memlock_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* A process that has devices and has used nine tenths of what it may lock. With CAP_IPC_LOCK nothing limits it. */
static void memlock_of_holder(struct audit *a, const struct holder *h)
{
	static const struct host here; /* not the audit's: other people's processes do not belong into a capture */
	CLEANUP_FREE char *limits = NULL, *status = NULL;
	char subject[64], source[64], have[32], may[32];
	uint64_t limit, locked;

	if (host_read_file(&here, &limits, NULL, "/proc/%d/limits", h->pid) ||
	    host_read_file(&here, &status, NULL, "/proc/%d/status", h->pid))
		return;
	limit = memlock_number(limits, "Max locked memory");
	/* type1 counts what it pins as locked, iommufd as pinned; both in KiB here */
	locked = KiB(memlock_number(status, "VmLck:") + memlock_number(status, "VmPin:"));
	if (!limit || locked > limit || locked < limit / 10 * 9)
		return;
	snprintf(subject, sizeof(subject), "process %d", h->pid);
	audit_add(a, AUDIT_LOW, subject, "%s (%s) has locked %s of the %s that it may, with %s open", h->name, subject,
		  num_format_size(have, sizeof(have), locked), num_format_size(may, sizeof(may), limit), h->node);
	snprintf(source, sizeof(source), "/proc/%d/limits", h->pid);
	audit_show(a, source, "Max locked memory: %llu bytes", (unsigned long long)limit);
	snprintf(source, sizeof(source), "/proc/%d/status", h->pid);
	audit_show(a, source, "VmLck + VmPin: %llu bytes", (unsigned long long)locked);
}

static void memlock_of_holders(struct audit *a)
{
	CLEANUP_FREE struct holder *holders = NULL;
	unsigned int n;

	if (holders_find(&holders, &n)) {
		a->out_of_memory = true;
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		bool said = false;

		for (unsigned int j = 0; j < i && !said; j++)
			said = holders[j].pid == holders[i].pid;
		if (!said)
			memlock_of_holder(a, &holders[i]);
	}
}

static void memlock_small_check(struct audit *a)
{
	char size[32], path[64];

	if (a->nr_assigned && !host_is_capture(a->m->host))
		memlock_of_holders(a);
	if (!a->m->kernel.has_memlock || !a->nr_assigned || a->m->kernel.memlock >= MEMLOCK_SMALL)
		return;
	audit_add(a, AUDIT_LOW, "machine",
		  "a process may lock %s of memory here, and mapping for a device locks what it maps",
		  num_format_size(size, sizeof(size), a->m->kernel.memlock));
	audit_show(a, "RLIMIT_MEMLOCK", "hard limit %llu bytes", (unsigned long long)a->m->kernel.memlock);
	for (unsigned int i = 0; i < a->m->nr_devices; i++)
		if (audit_is_assigned(&a->m->pci[i]) && audit_wants_device(a, i)) {
			snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", a->m->pci[i].addr);
			audit_show(a, path, "%s", a->m->pci[i].driver);
		}
}

const struct audit_rule audit_memlock_small = {
	.id = "memlock-small",
	.severity = AUDIT_LOW,
	.title = "the limit on locked memory is small for VFIO",
	.explain = "What is mapped for a device is pinned and counts against RLIMIT_MEMLOCK of the process, unless it "
		   "has CAP_IPC_LOCK. Either a process that has VFIO's nodes open has used nine tenths of its "
		   "limit, so that its next maps may fail with ENOMEM; or the hard limit where this audit ran is "
		   "below 64 MiB while devices are assigned, and a guest that is started from here with more "
		   "memory fails. The second is about the shell in which the audit ran: a service has a limit of "
		   "its own (LimitMEMLOCK= in its unit), and root is not limited. In a capture neither is known.",
	.advice = "raise it for who runs guests: memlock in /etc/security/limits.conf, LimitMEMLOCK=infinity in a "
		  "service's unit",
	.check = memlock_small_check,
};

/* --- debugfs-hazard --- */

#define DEBUGFS_INTEL "/sys/kernel/debug/iommu/intel"

static bool hazard_in_range(struct audit *a)
{
	static const struct audit_version from = {.major = 6, .minor = 7},
					  fixed = {.major = 6, .minor = 17, .patch = 3};
	struct audit_version here;

	if (!audit_version_parse(a->m->kernel.release, "", &here)) {
		audit_unseen(a, "", "the kernel's release, '%s', is no version", a->m->kernel.release);
		return false;
	}
	return audit_version_compare(&here, &from, false) >= 0 &&
	       audit_version_compare(&here, &fixed, here.patch_unknown) < 0;
}

static void debugfs_hazard_check(struct audit *a)
{
	if (!audit_has_unit(a, UNIT_VTD))
		return;
	if (!host_exists(a->m->host, DEBUGFS_INTEL)) {
		/* hidden from ordinary users, or not built in: mostly the latter */
		if (!host_is_capture(a->m->host) && host_exists(a->m->host, "/sys/kernel/debug") &&
		    !host_exists(a->m->host, "/sys/kernel/debug/iommu") && geteuid() != 0)
			audit_unseen(a, "run as root", "debugfs is for root alone");
		return;
	}
	if (!hazard_in_range(a))
		return;
	audit_add(a, AUDIT_LOW, "kernel",
		  "reading VT-d's page tables in debugfs can crash this kernel, by its version");
	audit_show(a, DEBUGFS_INTEL, "is there");
	audit_show(a, "/proc/sys/kernel/osrelease", "%s; affected are 6.7 to 6.17.2", a->m->kernel.release);
}

const struct audit_rule audit_debugfs_hazard = {
	.id = "debugfs-hazard",
	.severity = AUDIT_LOW,
	.title = "reading the IOMMU's debugfs files can crash the kernel",
	.explain = "Kernels from 6.7 to 6.17.2 can crash when domain_translation_struct below "
		   "/sys/kernel/debug/iommu/intel is read while a device is in legacy passthrough "
		   "(CVE-2025-40155). The finding appears where these files exist and the release is in that "
		   "range; the distribution may have the fix, which the release does not tell. iommuctl reads "
		   "debugfs only when told to by --debugfs.",
	.advice = "do not read these files on a machine that matters; CONFIG_INTEL_IOMMU_DEBUGFS is not for production",
	.check = debugfs_hazard_check,
};
