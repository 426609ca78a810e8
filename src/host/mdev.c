/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mediated devices of a host, as sysfs shows them. */
#include "host/mdev.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "host/text.h"

#define MDEV_DIR "/sys/bus/mdev/devices"
#define MDEV_CANDIDATES 4

bool mdev_is_uuid(const char *id)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i = 0;

	while (form[i] && (form[i] == 'x' ? isxdigit((unsigned char)id[i]) != 0 : id[i] == '-'))
		i++;
	return !form[i] && !id[i];
}

int mdev_normalize(const char *id, char *out, size_t len)
{
	if (!mdev_is_uuid(id) || !text_copy(out, len, id))
		return -EINVAL;
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

/* The directory it lies in is its parent's: the link leads to ".../mtty/mtty/UUID". */
static void mdev_read_parent(const struct host *host, struct mdev_info *dev)
{
	char target[PATH_MAX], *slash;

	if (host_read_target(host, target, sizeof(target), MDEV_DIR "/%s", dev->uuid))
		return;
	slash = strrchr(target, '/');
	if (!slash)
		return;
	*slash = '\0';
	slash = strrchr(target, '/');
	text_copy(dev->parent, sizeof(dev->parent), slash ? slash + 1 : target);
}

static void mdev_read_type(const struct host *host, struct mdev_info *dev)
{
	if (host_read_link(host, dev->type, sizeof(dev->type), MDEV_DIR "/%s/mdev_type", dev->uuid))
		dev->type[0] = '\0';
	if (host_read_line(host, dev->type_name, sizeof(dev->type_name), MDEV_DIR "/%s/mdev_type/name", dev->uuid))
		dev->type_name[0] = '\0';
}

static void mdev_read(const struct host *host, const char *uuid, struct mdev_info *dev)
{
	CLEANUP_FREE char **names = NULL;
	char group[16];
	uint64_t id;

	*dev = (struct mdev_info){.group = -1};
	text_copy(dev->uuid, sizeof(dev->uuid), uuid);
	mdev_read_parent(host, dev);
	mdev_read_type(host, dev);
	if (host_read_link(host, dev->driver, sizeof(dev->driver), MDEV_DIR "/%s/driver", uuid))
		dev->driver[0] = '\0';
	if (!host_read_link(host, group, sizeof(group), MDEV_DIR "/%s/iommu_group", uuid) &&
	    !num_parse_u64(group, &id) && id <= INT_MAX)
		dev->group = (int)id;
	if (!host_list_dir(host, &names, MDEV_DIR "/%s/vfio-dev", uuid) && names[0])
		text_copy(dev->cdev, sizeof(dev->cdev), names[0]);
}

int mdev_scan(const struct host *host, struct mdev_info **out, unsigned int *count, struct fail *f)
{
	CLEANUP_FREE char **names = NULL;
	unsigned int n = 0;
	int err = host_list_dir(host, &names, MDEV_DIR);

	*out = NULL;
	*count = 0;
	if (err == -ENOENT)
		return 0; /* a kernel without mediated devices */
	if (err)
		return fail_set(f, err, "cannot list the mediated devices in %s%s", host->root, MDEV_DIR);
	while (names[n])
		n++;
	*out = calloc(n + 1, sizeof(**out));
	if (!*out)
		return fail_set(f, ENOMEM, "cannot list the mediated devices");
	for (char **name = names; *name; name++)
		if (mdev_is_uuid(*name))
			mdev_read(host, *name, &(*out)[(*count)++]);
	return 0;
}

/* Those there are, or how one is made. */
static void mdev_hint_candidates(const struct host *host, struct fail *f)
{
	CLEANUP_FREE char **names = NULL;
	char text[MDEV_CANDIDATES * (MDEV_UUID_MAX + 2)] = "";
	unsigned int shown = 0;
	size_t used = 0;

	if (!host_list_dir(host, &names, MDEV_DIR))
		for (char **name = names; *name && shown < MDEV_CANDIDATES; name++)
			if (mdev_is_uuid(*name))
				used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", shown++ ? ", " : "",
							 *name);
	if (shown)
		fail_hint(f, "mediated devices here: %s", text);
	else
		fail_hint(f,
			  "there are none here; as root: echo UUID > /sys/class/mdev_bus/PARENT/mdev_supported_types/"
			  "TYPE/create makes one");
}

int mdev_find(const struct host *host, const char *id, struct mdev_info *out, struct fail *f)
{
	char uuid[MDEV_UUID_MAX];

	if (mdev_normalize(id, uuid, sizeof(uuid))) {
		fail_usage(f, EINVAL, "'%.64s' is not a UUID", id);
		fail_hint(f, "it is written as 00112233-4455-6677-8899-aabbccddeeff, in full");
		return -EINVAL;
	}
	if (!host_exists(host, MDEV_DIR "/%s", uuid)) {
		fail_set(f, ENODEV, "there is no mediated device %s", uuid);
		mdev_hint_candidates(host, f);
		return -ENODEV;
	}
	mdev_read(host, uuid, out);
	return 0;
}
