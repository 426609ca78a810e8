/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An unmap while another thread maps a page elsewhere in the same space: what both change, they change at once. */
#ifndef IC_CORE_OP_BESIDE_H
#define IC_CORE_OP_BESIDE_H

#include "core/op/op.h"

/* Of op_unmap_call, from op_beside_start() to op_beside_end(). */
struct op_beside {
	iova_t iova; /* where the page goes */
	struct iommu_mem page;
	/* of op_beside_unmap(), where both calls were made: what became of the page */
	bool done, stays; /* stays: it could not be unmapped again */
	int err;
	struct fail fail;
	uint64_t bytes; /* that its unmap reported */
};

/* The page's memory. -EINVAL (usage): it would lie in what is unmapped; @unchecked leaves the safety rules out. */
int op_beside_start(struct session *s, struct op_beside *b, struct iova_range unmapped, bool unchecked, struct fail *f);
/* op_unmap_call's function, with a struct op_beside as @ctx, whose answer is the unmap's alone. When both are done the page is unmapped again. */
int op_beside_unmap(void *ctx, struct iommu *space, iova_t iova, uint64_t size, uint64_t *bytes, struct fail *f);
void op_beside_end(struct session *s, struct op_beside *b);

#endif
