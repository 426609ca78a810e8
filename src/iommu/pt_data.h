/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver-specific data of page tables, invalidations and viommus, as words: "vtd-s1,pgtbl=0x1000,width=48". */
#ifndef IC_IOMMU_PT_DATA_H
#define IC_IOMMU_PT_DATA_H

#include "base/fail.h"

#define PT_DATA_MAX 64

enum pt_data_use { PT_DATA_HWPT, PT_DATA_INVALIDATE, PT_DATA_VIOMMU };

struct pt_data {
	const struct pt_layout *layout;
	uint32_t type; /* the kernel's number */
	uint32_t len;
	unsigned char bytes[PT_DATA_MAX]; /* as the kernel takes them */
};

/*
 * "TYPE[,KEY=VALUE...]": TYPE is one of pt_data_names() or the kernel's number, which takes `raw=HEX` alone. Keys that are not
 * named are zero. -EINVAL says what is valid.
 */
int pt_data_parse(enum pt_data_use use, const char *text, struct pt_data *out, struct fail *f);
/* "KEY=VALUE[,KEY=VALUE...]" of the type that @data has; everything else becomes zero. */
int pt_data_fill(struct pt_data *data, const char *text, struct fail *f);

#endif
