/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guards look at, read once for any number of devices: what lies behind which device, and what is mounted. */
#ifndef IC_HOST_GUARD_INDEX_H
#define IC_HOST_GUARD_INDEX_H

#include "host/guards.h"

/* Directories whose entries are links that lead to something behind a device. */
enum behind_kind {
	BEHIND_BLOCK,	 /* /sys/class/block */
	BEHIND_NET,	 /* /sys/class/net */
	BEHIND_VIRTIO,	 /* /sys/bus/virtio/devices */
	BEHIND_GRAPHICS, /* /sys/class/graphics */
	BEHIND_DRM,	 /* /sys/class/drm */
	BEHIND_KINDS
};

/* @name of @kind lies behind the device with this pci_path_number(). */
struct behind {
	uint64_t pci;
	enum behind_kind kind;
	const char *name;
};

/* A line of mountinfo: proc(5). */
struct guard_mount {
	char dev[24], point[128], type[32], source[128];
	bool ours; /* of this process' view, not of init's */
};

struct guard_index {
	const struct host *host;
	char **names[BEHIND_KINDS]; /* own the text of items[] */
	int err[BEHIND_KINDS];	    /* -ENOENT: there is no such class */
	unsigned int count, room;
	struct behind *items; /* by device, kind and name, none twice */
	int tables_err;	      /* of the two that follow */
	struct guard_mounts *mounts;
	char *swaps;
	/* of displays, read when the first one asks */
	bool has_displays;
	int platform_err;
	char **platform; /* /sys/bus/platform/devices */
	bool fb_known;
	uint64_t fb_at; /* where the firmware's framebuffer is, when that is known */
};

/* What @kind has behind the device @addr: @count in a row, by name. */
const struct behind *guard_behind(const struct guard_index *index, const char *addr, enum behind_kind kind,
				  unsigned int *count);

/* guard_mounts.c */
struct guard_mounts {
	struct guard_mount *mounts; /* in the order of the tables, init's view first */
	unsigned int count, room;
	struct guard_mount_key *keys; /* two per mount: its device number and its source's name, sorted */
	unsigned int nr_keys;
};

/* init's view is not for everyone, and without it this process' own has to do. */
int guard_mounts_read(const struct host *host, struct guard_mounts **out);
void guard_mounts_free(struct guard_mounts *mounts);
/* Where the block device @name with the number @dev ("8:1", "" = unknown) is mounted first; NULL. */
const char *guard_mounts_of(const struct guard_mounts *mounts, const char *name, const char *dev);

#endif
