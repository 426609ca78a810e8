/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the kernel's announcements to changes of devices, with the drivers they had before. */
#include "host/follow.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/pci.h"
#include "host/pci_path.h"
#include "host/text.h"

/* A device as it was last seen: who unbinds it, and which group a removed one had, the kernel does not say. */
struct follow_device {
	char addr[16], driver[32];
	int group;
};

struct follow {
	const struct host *host;
	struct uevent_watch *watch;
	struct uevent event;
	struct follow_device *devices;
	unsigned int count, room;
};

static struct follow_device *follow_find(struct follow *follow, const char *addr)
{
	for (unsigned int i = 0; i < follow->count; i++)
		if (strcmp(follow->devices[i].addr, addr) == 0)
			return &follow->devices[i];
	return NULL;
}

/* NULL: no memory; what it had before is then not known next time. */
static struct follow_device *follow_add(struct follow *follow, const char *addr)
{
	struct follow_device *bigger;

	if (follow->count == follow->room) {
		bigger = realloc(follow->devices, (2 * follow->room + 16) * sizeof(*bigger));
		if (!bigger)
			return NULL;
		follow->devices = bigger;
		follow->room = 2 * follow->room + 16;
	}
	follow->devices[follow->count] = (struct follow_device){.group = -1};
	text_copy(follow->devices[follow->count].addr, sizeof(follow->devices->addr), addr);
	return &follow->devices[follow->count++];
}

static void follow_read_device(struct follow *follow, struct follow_device *d)
{
	char group[16];

	if (host_read_link(follow->host, d->driver, sizeof(d->driver), "/sys/bus/pci/devices/%s/driver", d->addr))
		d->driver[0] = '\0';
	d->group = -1;
	if (host_read_link(follow->host, group, sizeof(group), "/sys/bus/pci/devices/%s/iommu_group", d->addr) == 0 &&
	    isdigit((unsigned char)*group))
		d->group = atoi(group);
}

static int follow_read(struct follow *follow, struct fail *f)
{
	CLEANUP_FREE char **names = NULL;
	struct follow_device *d;
	char addr[16];
	int ret = host_list_dir(follow->host, &names, "/sys/bus/pci/devices");

	follow->count = 0;
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return fail_set(f, ret, "cannot list the PCI devices");
	for (char **name = names; *name; name++) {
		if (!pci_path_parse(*name, strlen(*name), addr))
			continue;
		d = follow_add(follow, addr);
		if (!d)
			return fail_set(f, ENOMEM, "cannot follow the PCI devices");
		follow_read_device(follow, d);
	}
	return 0;
}

int follow_open_quiet(const struct host *host, struct follow **out, struct fail *f)
{
	struct follow *follow = calloc(1, sizeof(*follow));
	int ret;

	*out = NULL;
	if (!follow)
		return fail_set(f, ENOMEM, "cannot follow the PCI devices");
	follow->host = host;
	ret = follow_read(follow, f);
	if (ret) {
		follow_close(follow);
		return ret;
	}
	*out = follow;
	return 0;
}

int follow_open(const struct host *host, struct follow **out, struct fail *f)
{
	struct uevent_watch *watch;
	int ret = uevent_open(&watch);

	*out = NULL;
	if (ret == -EOPNOTSUPP)
		return fail_set(f, EOPNOTSUPP, "cannot follow changes: built without libnl");
	if (ret)
		return fail_set(f, ret, "cannot listen to the kernel's uevents");
	ret = follow_open_quiet(host, out, f);
	if (ret)
		uevent_close(watch);
	else
		(*out)->watch = watch;
	return ret;
}

int follow_fd(const struct follow *follow)
{
	return uevent_fd(follow->watch);
}

void follow_close(struct follow *follow)
{
	if (!follow)
		return;
	uevent_close(follow->watch);
	free(follow->devices);
	free(follow);
}

/* With the driver that an unbound device had, and the group that a removed one was in. */
static bool follow_take_pci(struct follow *follow, const struct uevent *event, struct change *out)
{
	struct follow_device *d, old = {.group = -1};
	char addr[16];

	if (!pci_path_parse(event->slot, strlen(event->slot), addr))
		return false;
	text_copy(out->device, sizeof(out->device), addr);
	d = follow_find(follow, addr);
	if (d)
		old = *d;
	else
		d = follow_add(follow, addr);
	if (d)
		follow_read_device(follow, d);
	text_copy(out->driver, sizeof(out->driver), event->driver);
	if (!event->driver[0] && strcmp(event->action, "add"))
		text_copy(out->driver, sizeof(out->driver), old.driver);
	out->group = d && d->group >= 0 ? d->group : old.group;
	/* what comes next may be far in the past: what was unbound has no driver, whatever sysfs shows by now */
	if (d && strcmp(event->action, "bind") == 0)
		text_copy(d->driver, sizeof(d->driver), event->driver);
	else if (d && (strcmp(event->action, "unbind") == 0 || strcmp(event->action, "remove") == 0))
		d->driver[0] = '\0';
	return true;
}

/* A device's own node: below the device, which is the nearest one on the path. */
static bool follow_take_cdev(struct follow *follow, const struct uevent *event, struct change *out)
{
	const struct follow_device *d;
	char addr[16];

	if (!pci_path_nearest(event->devpath, addr))
		return false;
	text_copy(out->device, sizeof(out->device), addr);
	d = follow_find(follow, addr);
	if (d) {
		text_copy(out->driver, sizeof(out->driver), d->driver);
		out->group = d->group;
	}
	return true;
}

/* A group's node ("7", "noiommu-7"), or a unit. */
static bool follow_take_named(struct follow *follow, const struct uevent *event, struct change *out)
{
	const char *name = strrchr(event->devpath, '/');

	if (!name || !name[1])
		return false;
	text_copy(out->device, sizeof(out->device), name + 1);
	if (strcmp(event->subsystem, "vfio") == 0 && isdigit((unsigned char)name[1]))
		out->group = atoi(name + 1);
	return true;
}

bool follow_take(struct follow *follow, const struct uevent *event, struct change *out)
{
	static const struct {
		const char *subsystem;
		bool (*take)(struct follow *follow, const struct uevent *event, struct change *out);
	} subsystems[] = {
		{"pci", follow_take_pci},
		{"vfio-dev", follow_take_cdev},
		{"vfio", follow_take_named},
		{"iommu", follow_take_named},
	};

	memset(out, 0, sizeof(*out));
	out->group = -1;
	out->raw = event->raw;
	text_copy(out->action, sizeof(out->action), event->action);
	text_copy(out->subsystem, sizeof(out->subsystem), event->subsystem);
	if (event->devname[0])
		snprintf(out->node, sizeof(out->node), "/dev/%s", event->devname);
	for (size_t i = 0; i < ARRAY_SIZE(subsystems); i++)
		if (strcmp(subsystems[i].subsystem, event->subsystem) == 0)
			return subsystems[i].take(follow, event, out);
	return false;
}

int follow_next(struct follow *follow, int timeout_ms, struct change *out)
{
	int ret = uevent_next(follow->watch, timeout_ms, &follow->event);

	if (ret == -ENOBUFS) {
		follow_read(follow, NULL);
		return ret;
	}
	if (ret == -EBADMSG || (!ret && !follow_take(follow, &follow->event, out)))
		return -EINTR;
	return ret;
}
