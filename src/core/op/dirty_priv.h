/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What dirty tracking remembers of itself in a session; for core/op only. */
#ifndef IC_CORE_OP_DIRTY_PRIV_H
#define IC_CORE_OP_DIRTY_PRIV_H

#include "core/op/dirty.h"

#define DIRTY_CLEARED 64

/* One source that was started on one page table, or without. */
struct dirty_on {
	struct op_dirty_on is;
	uint32_t back_pt;	   /* what the device was attached to before in that space, if is.made */
	struct iova_range *logged; /* what the device was told to log, in any order */
	unsigned int nr_logged;	   /* 0: all there is is tracked */
	/* when the bits of a range were cleared last: a ring, the latest at nr_cleared - 1 */
	struct dirty_cleared {
		struct iova_range range;
		uint64_t at;
	} cleared[DIRTY_CLEARED];
	uint64_t nr_cleared;
	struct dirty_on *next;
};

/* NULL: not started by us. */
struct dirty_on *dirty_on_find(const struct session *s, const struct dirty_at *at);
/* The space that @op means. */
int dirty_space(struct session *s, const struct op_dirty *op, struct iommu **space, struct fail *f);

/* The device is attached to a table that is made over the space it is in. -EBUSY: it is in none, or in another than on->is.at.iommu. */
int dirty_table_make(struct session *s, struct dirty_on *on, struct fail *f);
/* The device goes back to where it was, and the table away. The first error stays. Nothing where no table was made. */
int dirty_table_give_up(struct session *s, struct dirty_on *on, struct fail *f);

struct dirty_gather {
	struct iova_range *r; /* to be freed, also on errors */
	unsigned int nr, room;
	uint64_t page_size; /* in: a power of two; ranges begin and end at its multiples */
};
/* Everything that is mapped where the device is, in at most @max ranges. */
int dirty_gather(struct session *s, unsigned int max, struct dirty_gather *g, struct fail *f);

#endif
