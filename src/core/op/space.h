/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ops on address spaces beside the first one. As in core/op/op.h. */
#ifndef IC_CORE_OP_SPACE_H
#define IC_CORE_OP_SPACE_H

#include "core/op/op.h"
#include "core/session/named.h"

int op_space_new(struct session *s, const char *name, struct named **out, struct fail *f);

struct op_copy {
	const char *src;       /* "buf", "buf+OFFSET" or an address in @from */
	const char *from, *to; /* spaces; NULL: main */
	uint64_t size;	       /* 0: the whole mapping, or the rest of the buffer */
	enum op_iova where;    /* OP_IOVA_ADDR or OP_IOVA_KERNEL */
	bool same;	       /* at the iova it has in @from */
	iova_t iova;	       /* in; out in every case */
	enum iommu_prot prot;
	bool unchecked;
};
int op_space_copy(struct session *s, struct op_copy *op, struct failures *found, struct fail *f);

/* As iommu_space_allow(); the tool's own choice of where the kernel may choose does not come on top of it. */
int op_space_allow(struct session *s, const char *space, const struct iova_range *ranges, unsigned int n,
		   struct fail *f);
/* As iommu_vfio_space(). */
int op_vfio_space(struct session *s, enum iommu_vfio_space op, const char *space, bool unchecked, uint32_t *id,
		  struct fail *f);

#endif
