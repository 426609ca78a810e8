/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU units and groups, and whether the kernel would give a group to a user. */
#include "host/groups.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/host_dir.h"
#include "host/mdev.h"
#include "host/text.h"

#define GROUPS_DIR "/sys/kernel/iommu_groups"

/*
 * The kernel gives a group away when no driver in it uses the DMA API: since 5.18 a driver says so of itself
 * (driver_managed_dma: the vfio drivers, pci-stub, pcieport); before, vfio allowed the same drivers and any bridge.
 */
static bool group_driver_allowed(const char *driver)
{
	return pci_is_idle_driver(driver) || strcmp(driver, "pcieport") == 0;
}

static bool group_kernel_before_5_18(const struct host *host)
{
	unsigned int major, minor;
	char release[64];

	if (host_read_line(host, release, sizeof(release), "/proc/sys/kernel/osrelease") ||
	    sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	return major < 5 || (major == 5 && minor < 18);
}

static bool group_is_bridge(const struct host *host, int id, const char *device)
{
	char class[16];

	return host_read_line(host, class, sizeof(class), GROUPS_DIR "/%d/devices/%s/class", id, device) == 0 &&
	       (text_starts(class, "0x0604") || text_starts(class, "0x0609"));
}

static bool group_is_blocked_by(const struct host *host, int id, const char *device, bool bridges_are_fine)
{
	char driver[64];

	if (host_read_link(host, driver, sizeof(driver), GROUPS_DIR "/%d/devices/%s/driver", id, device))
		return false;
	/* drivers of mediated devices are VFIO's, and such a device shares its group with nothing (drivers/vfio/mdev) */
	if (group_driver_allowed(driver) ||
	    (mdev_is_uuid(device) && host_exists(host, "/sys/bus/mdev/devices/%s", device)))
		return false;
	return !(bridges_are_fine && group_is_bridge(host, id, device));
}

static int group_read_devices(const struct host *host, struct group_info *group, bool bridges_are_fine)
{
	CLEANUP_FREE char **names = NULL;
	unsigned int n = 0;
	int ret;

	ret = host_list_dir(host, &names, GROUPS_DIR "/%d/devices", group->id);
	if (ret)
		return ret;
	while (names[n])
		n++;
	group->devices = calloc(n + 1, sizeof(*group->devices));
	group->blockers = calloc(n + 1, sizeof(*group->blockers));
	if (!group->devices || !group->blockers)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		text_copy(group->devices[group->nr_devices++], sizeof(*group->devices), names[i]);
		if (group_is_blocked_by(host, group->id, names[i], bridges_are_fine))
			text_copy(group->blockers[group->nr_blockers++], sizeof(*group->blockers), names[i]);
	}
	group->viable = group->nr_blockers == 0;
	return 0;
}

/* Lines "0x%016llx 0x%016llx type", both ends inclusive (drivers/iommu/iommu.c, iommu_group_show_resv_regions). */
static int group_read_reserved(const struct host *host, struct group_info *group)
{
	CLEANUP_FREE char *text = NULL;
	char *line, *rest;
	unsigned int lines = 0;

	group->reserved_err = host_read_file(host, &text, NULL, GROUPS_DIR "/%d/reserved_regions", group->id);
	if (group->reserved_err)
		return group->reserved_err == -ENOMEM ? -ENOMEM : 0;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	group->reserved = calloc(lines + 1, sizeof(*group->reserved));
	if (!group->reserved)
		return -ENOMEM;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct group_reserved *r = &group->reserved[group->nr_reserved];

		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %23s", &r->start, &r->last, r->type) == 3 &&
		    r->last >= r->start)
			group->nr_reserved++;
		else
			group->reserved_err = -EBADMSG;
	}
	return 0;
}

static int group_read(const struct host *host, int id, struct group_info *group, bool bridges_are_fine)
{
	struct host_dir dir;
	char name[32];
	int ret;

	memset(group, 0, sizeof(*group));
	group->id = id;
	host_dir_open(&dir, host, GROUPS_DIR "/%d", id);
	if (host_dir_line(&dir, "type", group->type, sizeof(group->type)))
		group->type[0] = '\0';
	/* most groups have no such file (drivers/iommu/iommu.c, iommu_group_set_name) */
	group->noiommu = host_dir_line(&dir, "name", name, sizeof(name)) == 0 && strcmp(name, "vfio-noiommu") == 0;
	host_dir_close(&dir);
	ret = group_read_devices(host, group, bridges_are_fine);
	if (!ret)
		ret = group_read_reserved(host, group);
	if (ret)
		group_clear(group);
	return ret;
}

void group_clear(struct group_info *group)
{
	free(group->devices);
	free(group->reserved);
	free(group->blockers);
	memset(group, 0, sizeof(*group));
}

void groups_free(struct group_info *groups, unsigned int count)
{
	for (unsigned int i = 0; groups && i < count; i++)
		group_clear(&groups[i]);
	free(groups);
}

static int group_compare(const void *a, const void *b)
{
	int x = ((const struct group_info *)a)->id, y = ((const struct group_info *)b)->id;

	return (x > y) - (x < y);
}

int groups_scan(const struct host *host, struct group_info **out, unsigned int *count, struct fail *f)
{
	CLEANUP_FREE char **names = NULL;
	bool bridges_are_fine = group_kernel_before_5_18(host);
	struct group_info *groups;
	unsigned int n = 0;
	int ret;

	*out = NULL;
	*count = 0;
	ret = host_list_dir(host, &names, GROUPS_DIR);
	if (ret == -ENOENT)
		return 0; /* a kernel without IOMMU support */
	if (ret)
		return fail_set(f, ret, "cannot list the IOMMU groups in %s%s", host->root, GROUPS_DIR);
	while (names[n])
		n++;
	groups = calloc(n + 1, sizeof(*groups));
	if (!groups)
		return fail_set(f, ENOMEM, "cannot list the IOMMU groups");
	n = 0;
	for (char **name = names; *name; name++) {
		if (!isdigit((unsigned char)**name))
			continue;
		ret = group_read(host, atoi(*name), &groups[n], bridges_are_fine);
		if (ret == -ENOENT)
			continue; /* it went away meanwhile */
		if (ret) {
			groups_free(groups, n);
			return fail_set(f, ret, "cannot read IOMMU group %s", *name);
		}
		n++;
	}
	qsort(groups, n, sizeof(*groups), group_compare);
	*out = groups;
	*count = n;
	return 0;
}

int group_find(const struct host *host, int id, struct group_info *out, struct fail *f)
{
	int ret = group_read(host, id, out, group_kernel_before_5_18(host));

	if (ret)
		return fail_set(f, ret, "cannot read IOMMU group %d", id);
	return 0;
}

int iommu_units(const struct host *host, char ***out)
{
	int ret = host_list_dir(host, out, "/sys/class/iommu");

	if (ret != -ENOENT)
		return ret;
	*out = calloc(1, sizeof(char *));
	return *out ? 0 : -ENOMEM;
}

bool group_may_appear(const struct host *host, const struct pci_info *dev)
{
	CLEANUP_FREE char **units = NULL;

	return dev->group < 0 && !dev->driver[0] && iommu_units(host, &units) == 0 && units[0];
}
