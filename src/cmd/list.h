/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `list` found, between reading it and showing it. */
#ifndef IC_CMD_LIST_H
#define IC_CMD_LIST_H

#include "host/groups.h"
#include "out/report.h"

struct list_device {
	const struct pci_info *pci;
	bool ready;
	struct device_ways ways;
	char why[256], hint[256];
};

struct list_machine {
	char **units;
	struct group_info *groups;
	unsigned int nr_groups;
	struct pci_info *pci;
	struct list_device *devices;
	unsigned int nr_devices;
};

/* The lines for people. @all: bridges too, and every reserved region. */
void list_text(struct report *r, const struct list_machine *m, bool all);

#endif
