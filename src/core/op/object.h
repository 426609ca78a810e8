/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ops on attachments, page tables and the end of any object. As in core/op/op.h: an op that
 * could not be done returns -errno; one that was done and found something wrong returns 0 and adds to the failures.
 */
#ifndef IC_CORE_OP_OBJECT_H
#define IC_CORE_OP_OBJECT_H

#include "core/op/op.h"
#include "core/session/named.h"

/*
 * Any object by name or id, by @threads at once where that is more than 1 (iommu_object_destroy_by()). -EPERM for main, which the session stands
 * on: only with @unchecked.
 */
int op_destroy(struct session *s, const char *what, unsigned int threads, bool unchecked, struct fail *f);

struct op_attach {
	const char *pt;
	bool has_pasid, unchecked;
	uint32_t pasid;
};
int op_attach(struct session *s, const struct op_attach *op, struct fail *f);
/*
 * *asked: it was proven whether the detached device still reaches memory; if it does, an unmapped-access failure is added. Not
 * asked: @why has the reason.
 */
int op_detach(struct session *s, const struct op_attach *op, bool *asked, struct failures *found, struct fail *why,
	      struct fail *f);

struct op_hwpt {
	const char *name, *parent; /* parent NULL: main */
	const char *queue;	   /* fault queue or NULL */
	const char *data;	   /* "TYPE[,KEY=VALUE...]" or NULL; iommu/pt_data.h */
	bool nest_parent, dirty, pasid, unchecked;
	uint32_t flags;
};
int op_hwpt_new(struct session *s, const struct op_hwpt *op, struct named **out, struct fail *f);
/* @entries: "KEY=VALUE[,KEY=VALUE...]" each. *done = how many the kernel handled. */
int op_hwpt_invalidate(struct session *s, const char *pt, const char *type, char *const *entries, unsigned int n,
		       bool unchecked, uint32_t *done, struct fail *f);

#endif
