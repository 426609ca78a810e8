/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fake machine for unit tests: a tree made by tests/data/mkhost, and a model of the driver core that changes it. */
#ifndef IC_TESTS_MACHINE_H
#define IC_TESTS_MACHINE_H

#include "host/host.h"

struct machine {
	struct host host; /* first: the kernel's model finds the machine from it */
	char dir[64];
	unsigned int writes;	 /* seen so far, modules and all */
	unsigned int die_before; /* _exit(9) instead of doing write number N (1-based), 0 = never */
	unsigned int fail_at;	 /* write number N returns -EINVAL and does nothing */
	bool no_node;		 /* vfio-pci makes no group node */
	const char *late_group;	 /* what a device without a group gets when it is probed, NULL = none */
	bool noiommu;		 /* vfio-pci takes devices without a group too */
	bool no_modules;	 /* modprobe finds nothing */
	const char *native;	 /* the driver that the kernel would choose by itself */
};

/* Reads like a capture; with @live it can be changed as a kernel would. */
void machine_build(struct machine *m, const char *name, bool live);
void machine_remove(struct machine *m);
/* Group teardown: trees are made once per program and copied. */
int machine_forget(void **state);
/* Create or replace a file below the root, directories included. */
void machine_put(struct machine *m, const char *path, const char *text);
void machine_append(struct machine *m, const char *path, const char *text);
/* A symbolic link with this very target. */
void machine_link(struct machine *m, const char *path, const char *target);
/* The driver the device has, "" for none; a static buffer. */
const char *machine_driver(struct machine *m, const char *addr);
const char *machine_override(struct machine *m, const char *addr);

#endif
