/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a kernel module by the machine's modprobe. */
#ifndef IC_HOST_MODULE_H
#define IC_HOST_MODULE_H

#include "host/host.h"

/* @name: a module or a modalias. 0, -ENOENT when modprobe is missing or refused, -EROFS on a capture, or -errno. */
int module_load(const struct host *host, const char *name);

#endif
