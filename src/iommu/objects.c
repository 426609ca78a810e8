/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What exists beside a context: the list of spaces, page tables, attachments and queues, and the order in which it all ends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "iommu/ledger.h"
#include "iommu/objects_priv.h"

int objects_unsupported(const struct iommu *iommu, const char *what, struct fail *f)
{
	fail_set(f, EOPNOTSUPP, "backend %s has no %s", iommu->ops->name, what);
	return -EOPNOTSUPP;
}

int objects_reserve(struct iommu *iommu, struct fail *f)
{
	struct objects *all = objects_root(iommu)->objects;
	struct object *more;

	if (all->nr < all->room)
		return 0;
	more = reallocarray(all->list, all->room ? 2 * all->room : 8, sizeof(*more));
	if (!more)
		return fail_set(f, ENOMEM, "cannot note down another object");
	all->list = more;
	all->room = all->room ? 2 * all->room : 8;
	return 0;
}

struct object *objects_add(struct iommu *iommu, enum iommu_object_kind kind, uint32_t id, uint32_t parent)
{
	struct objects *all = objects_root(iommu)->objects;
	struct object *o = &all->list[all->nr++];

	*o = (struct object){.is = {.kind = kind, .id = id, .parent = parent, .pasid = IOMMU_NO_PASID}, .fd = -1};
	return o;
}

struct object *objects_find(struct iommu *iommu, enum iommu_object_kind kind, uint32_t id)
{
	struct objects *all = objects_root(iommu)->objects;

	for (unsigned int i = 0; i < all->nr; i++)
		if (all->list[i].is.kind == kind && all->list[i].is.id == id)
			return &all->list[i];
	return NULL;
}

struct object *objects_find_device(struct iommu_device *idev, uint32_t pasid)
{
	struct objects *all = idev->iommu->objects;

	for (unsigned int i = 0; i < all->nr; i++)
		if (all->list[i].idev == idev && all->list[i].is.pasid == pasid)
			return &all->list[i];
	return NULL;
}

void objects_remove(struct iommu *iommu, struct object *o)
{
	struct objects *all = objects_root(iommu)->objects;
	size_t at = (size_t)(o - all->list);

	if (o->fd >= 0)
		close(o->fd);
	memmove(o, o + 1, (--all->nr - at) * sizeof(*o));
}

int objects_new(struct iommu *iommu)
{
	struct object *o;
	int err;

	iommu->objects = calloc(1, sizeof(*iommu->objects));
	if (!iommu->objects)
		return -ENOMEM;
	err = objects_reserve(iommu, NULL);
	if (err)
		return err;
	o = objects_add(iommu, IOMMU_OBJECT_IOAS, iommu_space_id(iommu), 0);
	o->is.space = iommu;
	return 0;
}

int objects_add_device(struct iommu_device *idev)
{
	struct object *o;
	int err = objects_reserve(idev->iommu, NULL);

	if (err)
		return err;
	/* some backends have their space only once there is a device */
	idev->iommu->objects->list[0].is.id = iommu_space_id(idev->iommu);
	o = objects_add(idev->iommu, IOMMU_OBJECT_DEVICE, iommu_device_object(idev), iommu_space_id(idev->iommu));
	o->idev = idev;
	snprintf(o->is.name, sizeof(o->is.name), "%s", idev->id.name);
	return 0;
}

/* Destroy what is of @kinds (bits), the youngest first: what came later may stand on what came before. */
static void objects_end(struct iommu *iommu, unsigned int kinds)
{
	struct objects *all = iommu->objects;

	for (unsigned int i = all->nr; i-- > 0;) {
		struct object *o = &all->list[i];
		uint32_t id = o->is.id;

		if (!(kinds & 1u << o->is.kind))
			continue;
		objects_remove(iommu, o);
		if (objects_has(iommu, destroy))
			iommu->ops->objects->destroy(iommu, id);
	}
}

#define ENDS(kind) (1u << IOMMU_OBJECT_##kind)

void objects_drop_device(struct iommu_device *idev)
{
	struct objects *all = idev->iommu->objects;

	if (!all)
		return;
	/* what stands on the device must go while it is still there: a vdevice holds it, and a PASID its page table */
	objects_end(idev->iommu, ENDS(HW_QUEUE) | ENDS(VEVENT_QUEUE) | ENDS(VDEVICE));
	for (unsigned int i = all->nr; i-- > 0;) {
		struct object *o = &all->list[i];

		if (o->idev != idev)
			continue;
		if (o->is.pasid != IOMMU_NO_PASID && objects_has(idev->iommu, device_detach))
			idev->iommu->ops->objects->device_detach(idev, o->is.pasid);
		objects_remove(idev->iommu, o);
	}
}

void objects_drop_space(struct iommu *space)
{
	struct objects *all = objects_root(space)->objects;

	for (unsigned int i = 0; all && i < all->nr; i++) {
		if (all->list[i].is.space != space)
			continue;
		objects_remove(space, &all->list[i]);
		return;
	}
}

/* After the devices: no page table is in use any more. Spaces last, because page tables stand on them. */
void objects_free(struct iommu *iommu)
{
	struct objects *all = iommu->objects;

	if (!all)
		return;
	objects_end(iommu, ENDS(VIOMMU) | ENDS(HWPT) | ENDS(FAULT_QUEUE));
	for (unsigned int i = all->nr; i-- > 0;)
		if (i < all->nr && all->list[i].is.space && all->list[i].is.space != iommu)
			iommu_close(all->list[i].is.space);
	iommu->objects = NULL;
	free(all->list);
	free(all);
}

bool iommu_object_get(const struct iommu *iommu, unsigned int i, struct iommu_object *out)
{
	const struct objects *all = objects_root(iommu)->objects;

	if (i >= all->nr)
		return false;
	*out = all->list[i].is;
	return true;
}
