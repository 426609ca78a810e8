/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mediated devices of a host: made by a driver for VFIO, named by UUID, without hardware of their own that does DMA. */
#ifndef IC_HOST_MDEV_H
#define IC_HOST_MDEV_H

#include <stdbool.h>

#include "host/host.h"

#define MDEV_UUID_MAX 40

/* Documentation/driver-api/vfio-mediated-device.rst; drivers/vfio/mdev/mdev_sysfs.c */
struct mdev_info {
	char uuid[MDEV_UUID_MAX]; /* in small letters, as the kernel names it */
	char parent[64];	  /* of which it is a part: "mtty", "0000:00:02.0" */
	char type[64];		  /* "mtty-1", "" = not told */
	char type_name[80];	  /* "Single port serial", "" = not told */
	char driver[32];	  /* that gives it to VFIO, "" = none */
	int group;		  /* -1 = none */
	char cdev[16];		  /* "vfio0", "" = none */
};

/* Is it written as 00112233-4455-6677-8899-aabbccddeeff, with nothing before or after? */
bool mdev_is_uuid(const char *id);
/* As the kernel writes it: in small letters. -EINVAL when it is no UUID. */
int mdev_normalize(const char *id, char *out, size_t len);
/* All mediated devices by UUID; malloc'ed. Works on a capture. A machine without any is no error. 0 or -errno. */
int mdev_scan(const struct host *host, struct mdev_info **out, unsigned int *count, struct fail *f);
/* One of them. -EINVAL, a usage error: no UUID; -ENODEV: there is none, with a hint that lists those there are. */
int mdev_find(const struct host *host, const char *id, struct mdev_info *out, struct fail *f);

#endif
