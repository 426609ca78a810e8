/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a session made beside its first address space, by name: spaces, page tables, queues and what nested translation has.
 * `main`, or 0, is the space that the session began with. The kernel's own ids are taken as well.
 */
#ifndef IC_CORE_NAMED_H
#define IC_CORE_NAMED_H

#include "core/session/buffer.h"
#include "iommu/objects.h"

struct session;

struct named {
	char name[BUFFER_NAME_MAX];
	enum iommu_object_kind kind;
	uint32_t id;
	struct iommu
		*space; /* of a space itself; of a page table: the one it translates, NULL if only its data tells */
	bool dirty;	/* of a page table: it can note down what was written */
	bool allowed;	/* of a space: the kernel was told where it may choose IOVAs */
	struct named *next;
};

/* -EEXIST or a bad name: before the kernel is asked for anything. */
int named_check(struct session *s, const char *name, struct fail *f);
/* Note down; NULL with @f on -ENOMEM. */
struct named *named_add(struct session *s, const char *name, enum iommu_object_kind kind, uint32_t id,
			struct iommu *space, struct fail *f);
/* NULL: no such name. */
struct named *named_find(const struct session *s, const char *name);
/* "" where it has none. */
const char *named_name(const struct session *s, uint32_t id);
void named_remove(struct session *s, struct named *n);
void named_free_all(struct session *s);

/*
 * What @text means: `main`, a name or an id. *id = 0 is never a kernel's id. *space as in struct named; @text that is a number
 * of no object known here is passed on where @unchecked, for the kernel to refuse. -ENOENT, -EINVAL.
 */
int named_resolve(struct session *s, const char *text, bool unchecked, uint32_t *id, struct iommu **space,
		  struct fail *f);
/* A space, by any of its names; NULL text: main. */
int named_space(struct session *s, const char *text, struct iommu **space, struct fail *f);

#endif
