/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs on attachments and page tables: attach, replace, detach, what the IOMMU tells, page tables, destruction. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/together.h"
#include "iommu/ledger.h"
#include "iommu/objects_priv.h"

uint32_t iommu_device_object(const struct iommu_device *idev)
{
	return objects_has(idev->iommu, device_object) ? idev->iommu->ops->objects->device_object(idev) : 0;
}

/* "device 0000:00:04.0" or "PASID 5 of device 0000:00:04.0" */
static const char *device_words(const struct iommu_device *idev, uint32_t pasid, char *buf, size_t len)
{
	if (pasid == IOMMU_NO_PASID)
		snprintf(buf, len, "device %s", idev->id.name);
	else
		snprintf(buf, len, "PASID %u of device %s", pasid, idev->id.name);
	return buf;
}

int iommu_device_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid, struct fail *f)
{
	struct object *o;
	char who[80];
	int err;

	if (!objects_has(idev->iommu, device_attach))
		return objects_unsupported(idev->iommu, "way to attach a device elsewhere", f);
	err = objects_reserve(idev->iommu, f);
	if (err)
		return err;
	err = idev->iommu->ops->objects->device_attach(idev, pt_id, pasid);
	if (err) {
		fail_set(f, err, "cannot attach %s to %u", device_words(idev, pasid, who, sizeof(who)), pt_id);
		return objects_explain(pasid == IOMMU_NO_PASID ? OBJECTS_ATTACH : OBJECTS_ATTACH_PASID, err, f);
	}
	o = objects_find_device(idev, pasid);
	if (!o) {
		o = objects_add(idev->iommu, IOMMU_OBJECT_DEVICE, iommu_device_object(idev), pt_id);
		o->idev = idev;
		o->is.pasid = pasid;
		snprintf(o->is.name, sizeof(o->is.name), "%s", idev->id.name);
	}
	o->is.parent = pt_id;
	return 0;
}

int iommu_device_detach(struct iommu_device *idev, uint32_t pasid, struct fail *f)
{
	struct object *o = objects_find_device(idev, pasid);
	char who[80];
	int err;

	if (!objects_has(idev->iommu, device_detach))
		return objects_unsupported(idev->iommu, "way to detach a device", f);
	err = idev->iommu->ops->objects->device_detach(idev, pasid);
	if (err) {
		fail_set(f, err, "cannot detach %s", device_words(idev, pasid, who, sizeof(who)));
		return objects_explain(OBJECTS_DETACH, err, f);
	}
	if (o && pasid != IOMMU_NO_PASID)
		objects_remove(idev->iommu, o);
	else if (o)
		o->is.parent = 0;
	return 0;
}

/* To iommufd a mediated device is an access, by whose id it finds no device (iommufd_access_create(), iommufd_get_device()). */
static int device_has_no_iommu(const struct iommu_device *idev, struct fail *f)
{
	return fail_set(f, EOPNOTSUPP, "no IOMMU is before mediated device %s", idev->id.name);
}

int iommu_hw_info(struct iommu_device *idev, struct iommu_hw_info *info, struct fail *f)
{
	int err;

	if (!objects_has(idev->iommu, hw_info))
		return objects_unsupported(idev->iommu, "way to ask the IOMMU before the device", f);
	if (idev->id.emulated)
		return device_has_no_iommu(idev, f);
	err = idev->iommu->ops->objects->hw_info(idev, info);
	return err ? fail_set(f, err, "the IOMMU before device %s tells nothing of itself", idev->id.name) : 0;
}

int iommu_hwpt_new(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id, struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	int err;

	if (!objects_has(root, hwpt_new))
		return objects_unsupported(root, "page tables to make", f);
	if (req->idev->id.emulated)
		return device_has_no_iommu(req->idev, f);
	err = objects_reserve(root, f);
	if (err)
		return err;
	err = root->ops->objects->hwpt_new(root, req, id);
	if (err) {
		fail_set(f, err, "cannot make a page table for device %s on %u", req->idev->id.name, req->parent);
		return objects_explain(OBJECTS_HWPT, err, f);
	}
	objects_add(root, IOMMU_OBJECT_HWPT, *id, req->parent)->is.queue = req->fault_queue;
	return 0;
}

int iommu_hwpt_invalidate(struct iommu *iommu, uint32_t hwpt, uint32_t data_type, const void *entries,
			  uint32_t entry_len, uint32_t n, uint32_t *done, struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	int err;

	*done = 0;
	if (!objects_has(root, hwpt_invalidate))
		return objects_unsupported(root, "page tables to invalidate", f);
	err = root->ops->objects->hwpt_invalidate(root, hwpt, data_type, entries, entry_len, n, done);
	if (!err)
		return 0;
	fail_set(f, err, "cannot invalidate what is cached of page table %u (%u of %u entries were done)", hwpt, *done,
		 n);
	return objects_explain(OBJECTS_INVALIDATE, err, f);
}

/* The space with this id among those of the context, or NULL. */
static struct iommu *object_space(struct iommu *root, uint32_t id)
{
	struct object *o = objects_find(root, IOMMU_OBJECT_IOAS, id);

	return o ? o->is.space : NULL;
}

static void object_forget(struct iommu *root, uint32_t id)
{
	struct iommu *space = object_space(root, id);
	struct objects *all = root->objects;

	if (space) {
		/* the kernel unmapped it all */
		ledger_remove(space->ledger, (struct iova_range){0, UINT64_MAX});
		if (space != root)
			iommu_close(space);
		return;
	}
	for (unsigned int i = 0; i < all->nr; i++) {
		if (all->list[i].is.id != id || all->list[i].is.kind == IOMMU_OBJECT_DEVICE)
			continue;
		objects_remove(root, &all->list[i]);
		return;
	}
}

/*
 * The kernel counts an open descriptor as a user: it is closed before the queue goes, but not where a page table still
 * stands on the queue, which then stays as it is.
 */
static void object_let_go(struct iommu *root, uint32_t id)
{
	struct objects *all = root->objects;
	struct object *queue = NULL;

	for (unsigned int i = 0; i < all->nr; i++) {
		if (all->list[i].is.kind == IOMMU_OBJECT_HWPT && all->list[i].is.queue == id)
			return;
		if (all->list[i].is.id == id && all->list[i].fd >= 0)
			queue = &all->list[i];
	}
	if (!queue)
		return;
	close(queue->fd);
	queue->fd = -1;
}

int iommu_object_destroy(struct iommu *iommu, uint32_t id, struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	int err;

	if (!objects_has(root, destroy))
		return objects_unsupported(root, "objects to destroy", f);
	object_let_go(root, id);
	err = root->ops->objects->destroy(root, id);
	if (err) {
		fail_set(f, err, "cannot destroy object %u", id);
		return objects_explain(OBJECTS_DESTROY, err, f);
	}
	object_forget(root, id);
	return 0;
}

struct destroy_race {
	struct iommu *root;
	uint32_t id;
	int err[TOGETHER_MAX];
};

static void destroy_race_one(void *ctx, unsigned int i)
{
	struct destroy_race *race = ctx;

	race->err[i] = race->root->ops->objects->destroy(race->root, race->id);
}

int iommu_object_destroy_by(struct iommu *iommu, uint32_t id, unsigned int threads, bool *gone, struct fail *f)
{
	struct iommu *root = objects_root(iommu);
	struct destroy_race race = {.root = root, .id = id};
	unsigned int obeyed = 0, others = 0;
	int err, other = 0;

	*gone = false;
	if (!objects_has(root, destroy))
		return objects_unsupported(root, "objects to destroy", f);
	object_let_go(root, id);
	err = together(threads, destroy_race_one, &race);
	if (err)
		return fail_set(f, err, "cannot have %u threads", threads);
	for (unsigned int i = 0; i < threads; i++) {
		obeyed += !race.err[i];
		if (!race.err[i] || race.err[i] == -ENOENT)
			continue;
		others++;
		other = race.err[i];
	}
	if (!obeyed) {
		fail_set(f, other ? other : -ENOENT, "cannot destroy object %u", id);
		return objects_explain(OBJECTS_DESTROY, other ? other : -ENOENT, f);
	}
	*gone = true;
	object_forget(root, id);
	if (obeyed > 1)
		return fail_complete(f, EPROTO, "%u of %u threads destroyed object %u, each for itself", obeyed,
				     threads, id);
	return others ? fail_complete(f, -other,
				      "object %u was destroyed by one of %u threads, and %u %s told %s, not that it "
				      "is gone",
				      id, threads, others, others > 1 ? "were" : "was", strerror(-other))
		      : 0;
}
