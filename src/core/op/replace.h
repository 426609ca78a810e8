/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replacing what the device is attached to while its DMA runs. Two spaces map the same IOVAs to different memory; each transfer
 * reads and writes there while a second thread attaches the device to one and the other in turn. Every line that was
 * transferred must be in one of the two buffers, and only in one: in that of the space the device is attached to, where no
 * replacement was under way; and nothing else may have changed. A transfer that met a replacement may not get through: the
 * interface promises no more (VFIO_DEVICE_ATTACH_IOMMUFD_PT), and some drivers block the device in between
 * (intel_iommu_attach_device() of Linux 7.3). Such transfers are counted, and fail where a seamless replacement is asked for.
 * Or no transfer is under way while a replacement is: then none has an excuse.
 */
#ifndef IC_CORE_REPLACE_H
#define IC_CORE_REPLACE_H

#include "core/failure.h"
#include "core/session/session.h"

struct replace_params {
	const char *a, *b; /* spaces or page tables whose space is known */
	uint64_t size;	   /* of one transfer */
	uint64_t rounds;   /* replacements */
	bool seamless;	   /* every transfer must get through */
	bool between;	   /* the device rests during each replacement */
	uint64_t op;	   /* number for random choices */
};

struct replace_result {
	iova_t iova;
	uint64_t rounds, transfers;
	uint64_t in_a, in_b;  /* lines that arrived in one and the other */
	uint64_t interrupted; /* transfers that met a replacement and did not get through */
	uint64_t mixed; /* transfers that arrived partly in each, or were read from one and written to the other */
};

/* The device is back where it was before. -EOPNOTSUPP where the device cannot be attached elsewhere. */
int replace_run(struct session *s, const struct replace_params *p, struct replace_result *out, struct failures *found,
		struct fail *f);

#endif
