/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `list` found, between reading it and showing it. */
#ifndef IC_CMD_LIST_H
#define IC_CMD_LIST_H

#include "cmd/command.h"
#include "host/groups.h"
#include "host/mdev.h"
#include "out/report.h"

struct list_device {
	const struct pci_info *pci;
	bool ready;
	struct device_ways ways;
	char why[256], hint[256];
	char bridges[160]; /* pci_bridges() */
};

struct list_machine {
	char **units;
	struct group_info *groups;
	unsigned int nr_groups;
	struct pci_info *pci;
	struct list_device *devices;
	unsigned int nr_devices;
	struct mdev_info *mdevs;
	unsigned int nr_mdevs;
};

/* The lines for people. @all: bridges too, and every reserved region. */
void list_text(struct report *r, const struct list_machine *m, bool all);
/* The same as a tree of units, groups and devices. @all: bridges too. -ENOMEM. */
int list_tree(struct report *r, const struct list_machine *m, bool all);
/* What both say of a device: "1987:5012 Phison ..."; "ready (vfio)" or "no: why; what to do". Return @buf. */
const char *list_name(const struct pci_info *p, char *buf, size_t len);
const char *list_verdict(const struct list_machine *m, const struct list_device *d, char *buf, size_t len);
void list_text_units(struct report *r, const struct list_machine *m);
void list_text_next(struct report *r, const struct list_machine *m);

/* list_mdev.c: mediated devices, for people and as the list "mdevs". Nothing is said to people where there are none. */
void list_text_mdevs(struct report *r, const struct list_machine *m);
void list_report_mdevs(struct report *r, const struct list_machine *m);

/* Changes as they come, until a signal or for @time_ns (0: no end). 0 or -errno with run->fail. */
int list_follow(struct command_run *run, uint64_t time_ns);

#endif
