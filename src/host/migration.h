/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a live migration of a device would have to go by: which sources tell of its writes, and whether its state can be moved. */
#ifndef IC_HOST_MIGRATION_H
#define IC_HOST_MIGRATION_H

#include "host/ioctl_facts.h"
#include "host/pci.h"

/* POSSIBLE: the registers have it, and nobody asked the kernel. UNKNOWN: nothing was read that could tell. */
enum migration_answer { MIGRATION_NO, MIGRATION_YES, MIGRATION_POSSIBLE, MIGRATION_UNKNOWN };
const char *migration_answer_name(enum migration_answer answer);

enum migration_way {
	MIGRATION_BY_IOMMU,  /* dirty bits of the page tables */
	MIGRATION_BY_DEVICE, /* the device's own log of its writes */
	MIGRATION_BY_TYPE1,  /* the container's, which reports every page of a device behind an IOMMU */
	MIGRATION_STATES,    /* no source: can the device's state be saved and loaded? */
	MIGRATION_WAYS,
};
/* "iommu", "device", "type1", "states" */
const char *migration_way_name(enum migration_way way);

struct migration_fact {
	enum migration_answer answer;
	char why[200]; /* the missing bit, feature or option, or where the answer is from */
};

/*
 * @dirty: the fact "dirty-tracking" of the IOMMU before the device (registers.h), NULL where no register tells; @asked: what ioctls told of
 * it, NULL where nobody asked. Pure.
 */
void migration_facts(const struct pci_info *pci, const struct reg_fact *dirty, const struct ioctl_device *asked,
		     struct migration_fact out[MIGRATION_WAYS]);

#endif
