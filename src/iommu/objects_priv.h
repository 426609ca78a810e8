/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to objects*.c: the list of what exists beside a context, and the words for what the kernel refused. */
#ifndef IC_IOMMU_OBJECTS_PRIV_H
#define IC_IOMMU_OBJECTS_PRIV_H

#include "iommu/backend.h"

struct object {
	struct iommu_object is;
	struct iommu_device *idev; /* of a device and of one PASID of it */
	int fd;			   /* of a queue, else -1 */
	uint32_t event_len;	   /* of an event queue */
};

struct objects {
	struct object *list; /* oldest first */
	unsigned int nr, room;
};

static inline struct iommu *objects_root(const struct iommu *iommu)
{
	return iommu->parent ? iommu->parent : (struct iommu *)(uintptr_t)iommu;
}

/* True when the backend has @op of struct iommu_object_ops. */
#define objects_has(iommu, op) ((iommu)->ops->objects && (iommu)->ops->objects->op)

/* -EOPNOTSUPP: "backend NAME has no WHAT". */
int objects_unsupported(const struct iommu *iommu, const char *what, struct fail *f);

/*
 * Room for one more, made before the kernel is asked, so that what it made can always be noted down. -ENOMEM.
 * objects_add() cannot fail after it.
 */
int objects_reserve(struct iommu *iommu, struct fail *f);
struct object *objects_add(struct iommu *iommu, enum iommu_object_kind kind, uint32_t id, uint32_t parent);
/* NULL when there is none. Valid until the next objects_add() or objects_remove(). */
struct object *objects_find(struct iommu *iommu, enum iommu_object_kind kind, uint32_t id);
struct object *objects_find_device(struct iommu_device *idev, uint32_t pasid);
void objects_remove(struct iommu *iommu, struct object *o);

enum objects_verb {
	OBJECTS_SPACE,
	OBJECTS_ALLOW,
	OBJECTS_COPY,
	OBJECTS_RLIMIT,
	OBJECTS_HUGE,
	OBJECTS_PROCESS,
	OBJECTS_ATTACH,
	OBJECTS_ATTACH_PASID,
	OBJECTS_DETACH,
	OBJECTS_HWPT,
	OBJECTS_INVALIDATE,
	OBJECTS_DESTROY,
	OBJECTS_ANSWER,
	OBJECTS_VFIO,
	OBJECTS_PHYS,
	OBJECTS_VIOMMU,
	OBJECTS_VDEVICE,
	OBJECTS_HW_QUEUE,
	OBJECTS_EVENTS,
};
/* The hint for what @verb was refused with, where there is one. Returns @err. */
int objects_explain(enum objects_verb verb, int err, struct fail *f);

#endif
