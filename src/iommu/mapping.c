/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map, unmap and unmap_all with the ledger kept true beside them.
 *
 * Order matters where threads share a context: an entry goes in after the kernel mapped, and comes out before the kernel
 * unmaps, so that whoever maps the same IOVA next finds the ledger free as soon as the kernel is. A refused unmap puts
 * its entries back. The same holds for unmapping everything.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/fail_nth.h"
#include "iommu/backend.h"
#include "iommu/explain.h"
#include "iommu/ledger.h"
#include "iommu/mapping.h"

/* Cut short where it is too long. @tag has room and is all zeros. */
static void mapping_tag(char tag[static LEDGER_TAG], const char *from)
{
	memcpy(tag, from, strnlen(from, LEDGER_TAG - 1));
}

int mapping_note(struct iommu *iommu, const struct iommu_map_req *req, struct fail *f)
{
	struct ledger_entry entry;
	int err;

	/* the kernel takes no empty or wrapping range; should one do so, there is no range to note down */
	if (req->size == 0 || req->iova + (req->size - 1) < req->iova)
		return 0;
	entry = (struct ledger_entry){
		.range = {req->iova, req->iova + (req->size - 1)},
		.va = req->va,
		.prot = req->prot,
		.owner = req->owner,
		.named = req->named,
	};
	if (req->tag)
		mapping_tag(entry.tag, req->tag);
	err = ledger_add(iommu->ledger, &entry);
	if (err == -ENOMEM) {
		uint64_t unmapped;

		iommu->ops->unmap(iommu, req->iova, req->size, &unmapped);
		return fail_set(f, ENOMEM, "cannot note down the mapping at iova 0x%llx",
				(unsigned long long)req->iova);
	}
	/* EEXIST: the backend accepted an overlap. What it answered stands; the checks above name it. */
	return 0;
}

int iommu_map(struct iommu *iommu, struct iommu_map_req *req, struct fail *f)
{
	int err = iommu->ops->map(iommu, req);

	return err ? explain_map(iommu, req, err, f) : mapping_note(iommu, req, f);
}

/* What an unmap took out of the ledger, until the kernel has agreed. */
struct mapping_undo {
	struct ledger_entry *entries;
	size_t count, room;
	struct ledger_entry few[32];
};

/* A longer list than most, for who needs one next. */
struct mapping_list {
	size_t room;
	struct ledger_entry entries[];
};

static struct mapping_list *mapping_list_of(const struct mapping_undo *u)
{
	return u->entries == u->few ? NULL : container_of(u->entries, struct mapping_list, entries[0]);
}

static void mapping_undo_init(struct mapping_undo *u)
{
	u->entries = u->few;
	u->count = 0;
	u->room = ARRAY_SIZE(u->few);
}

static int mapping_undo_grow(struct iommu *iommu, struct mapping_undo *u)
{
	struct mapping_list *old = mapping_list_of(u), *list = atomic_exchange(&iommu->undo, NULL);

	if (!list || list->room <= u->room) {
		free(list);
		list = malloc(sizeof(*list) + 2 * u->room * sizeof(u->few[0]));
		if (!list)
			return -ENOMEM;
		list->room = 2 * u->room;
	}
	memcpy(list->entries, u->entries, u->count * sizeof(u->few[0]));
	free(old);
	u->entries = list->entries;
	u->room = list->room;
	return 0;
}

static int mapping_undo_push(struct iommu *iommu, struct mapping_undo *u, const struct ledger_entry *e)
{
	int err = u->count == u->room ? mapping_undo_grow(iommu, u) : 0;

	if (!err)
		u->entries[u->count++] = *e;
	return err;
}

/*
 * Does the kernel take @e out, having come to it from the left? All stop at the first that does not go: v1 at one that the
 * range begins inside of (one that it only ends inside of goes whole), v2 refuses everything where an entry sticks out,
 * iommufd and the container that it serves stop with the earlier ones gone. vfio_dma_do_unmap() and iopt_unmap_iova_range()
 * of Linux 6.1 and later.
 */
static bool mapping_goes(const struct iommu *iommu, struct iova_range r, const struct ledger_entry *e)
{
	if (iommu->personality == IOMMU_TYPE1_V1)
		return e->range.start >= r.start;
	return iova_range_contains(r, e->range);
}

/*
 * v1 as /dev/iommu serves it: what sticks out of the range is cut off first, behind @point. iopt_area_split() cuts nothing
 * at an area's first and last byte, and refuses what is not aligned.
 */
static int mapping_cut(struct iommu *iommu, iova_t point)
{
	uint64_t granule = caps_granule(&iommu->caps);
	struct ledger_entry e;
	int err;

	if (!ledger_find(iommu->ledger, (struct iova_range){point, point}, &e) || point == e.range.start ||
	    point == e.range.last || !IS_ALIGNED(point + 1, granule))
		return 0;
	err = ledger_cut(iommu->ledger, e.range, point);
	/* another thread has unmapped it meanwhile */
	return err == -ENOENT ? 0 : err;
}

static int mapping_cut_ends(struct iommu *iommu, struct iova_range r)
{
	int err = iommu->personality == IOMMU_COMPAT_V1 ? mapping_cut(iommu, r.last) : 0;

	if (!err && iommu->personality == IOMMU_COMPAT_V1 && r.start)
		err = mapping_cut(iommu, r.start - 1);
	return err;
}

static bool mapping_is_iommufd(const struct iommu *iommu)
{
	return iommu->personality != IOMMU_TYPE1_V2 && iommu->personality != IOMMU_TYPE1_V1;
}

/* Move what will go from the ledger to @u. -ENOMEM: nothing was moved. */
static int mapping_take(struct iommu *iommu, struct iova_range r, struct mapping_undo *u)
{
	struct iova_range rest = r;
	struct ledger_entry e;
	int err = mapping_cut_ends(iommu, r);

	while (!err && ledger_find(iommu->ledger, rest, &e) && mapping_goes(iommu, r, &e)) {
		err = mapping_undo_push(iommu, u, &e);
		if (e.range.last >= r.last)
			break;
		rest.start = e.range.last + 1;
	}
	for (size_t i = 0; !err && i < u->count; i++)
		ledger_remove(iommu->ledger, u->entries[i].range);
	return err;
}

static void mapping_put_back(struct iommu *iommu, const struct mapping_undo *u, const struct mapping_call *call)
{
	for (size_t i = 0; i < u->count; i++)
		if (!call || !call->kept || call->kept(call->ctx, u->entries[i].range))
			ledger_add(iommu->ledger, &u->entries[i]);
}

/*
 * iommufd's answer where an entry sticks out of the range: those left of it are gone all the same. And where it has nothing there: what
 * the ledger had is gone as well, unmapped by another thread before its map was noted down. An injected one says nothing: what is
 * whole was not looked at.
 */
static bool mapping_went(const struct iommu *iommu, struct iova_range r, int err)
{
	struct ledger_entry rest;

	if (err != -ENOENT || !mapping_is_iommufd(iommu))
		return false;
	return !fail_nth_is_armed() || ledger_find(iommu->ledger, r, &rest);
}

static void mapping_undo_free(struct iommu *iommu, struct mapping_undo *u)
{
	struct mapping_list *list = mapping_list_of(u);

	/* of several the last one stays */
	if (list)
		free(atomic_exchange(&iommu->undo, list));
}

static int mapping_do(struct iommu *iommu, iova_t iova, uint64_t size, const struct mapping_call *call, uint64_t *bytes)
{
	return call ? call->unmap(call->ctx, bytes) : iommu->ops->unmap(iommu, iova, size, bytes);
}

/* Any range, over any number of entries. */
static int mapping_unmap_range(struct iommu *iommu, struct iova_range r, uint64_t size, const struct mapping_call *call,
			       uint64_t *bytes)
{
	struct mapping_undo u;
	int err = 0;

	mapping_undo_init(&u);
	if (size && r.last >= r.start)
		err = mapping_take(iommu, r, &u);
	if (!err) {
		err = mapping_do(iommu, r.start, size, call, bytes);
		if (err && !mapping_went(iommu, r, err))
			mapping_put_back(iommu, &u, call);
	}
	mapping_undo_free(iommu, &u);
	return err;
}

int mapping_unmap(struct iommu *iommu, iova_t iova, uint64_t size, const struct mapping_call *call, uint64_t *unmapped)
{
	struct iova_range r = {iova, iova + (size - 1)};
	struct ledger_entry whole;
	uint64_t bytes = 0;
	int err;

	/* what is unmapped most is just what was mapped, and all interfaces take that: in one step, for the speed of it */
	if (size && ledger_take(iommu->ledger, r, &whole)) {
		err = mapping_do(iommu, iova, size, call, &bytes);
		if (err && !mapping_went(iommu, r, err))
			ledger_add(iommu->ledger, &whole);
	} else {
		err = mapping_unmap_range(iommu, r, size, call, &bytes);
	}
	if (unmapped)
		*unmapped = bytes;
	return err;
}

int iommu_note_va(struct iommu *iommu, struct iova_range range, void *va)
{
	struct ledger_entry e;

	if (!ledger_find(iommu->ledger, range, &e) || e.range.start != range.start)
		return -ENOENT;
	e.va = va;
	return ledger_replace(iommu->ledger, &e);
}

int iommu_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped, struct fail *f)
{
	int err = mapping_unmap(iommu, iova, size, NULL, unmapped);

	return err ? explain_unmap(iommu, iova, size, err, f) : 0;
}

/* For kernels without the flag: one unmap per ledger entry; the first failure is kept and the rest still done. */
static int mapping_unmap_each(struct iommu *iommu, uint64_t *total)
{
	struct iova_range rest = {0, UINT64_MAX};
	struct ledger_entry e;
	uint64_t bytes;
	int err = 0, one;

	while (ledger_find(iommu->ledger, rest, &e)) {
		one = iommu_unmap(iommu, e.range.start, e.range.last - e.range.start + 1, &bytes, NULL);
		*total += bytes;
		if (one && !err)
			err = one;
		if (e.range.last == UINT64_MAX)
			break;
		rest.start = e.range.last + 1;
	}
	return err;
}

/* In one call, in the same order as iommu_unmap(). -EOPNOTSUPP where the kernel has none. */
static int mapping_unmap_at_once(struct iommu *iommu, uint64_t *total)
{
	struct mapping_undo u;
	int err;

	if (!iommu->ops->unmap_all)
		return -EOPNOTSUPP;
	mapping_undo_init(&u);
	/* without memory for the list, each by each needs none */
	err = mapping_take(iommu, (struct iova_range){0, UINT64_MAX}, &u) ? -EOPNOTSUPP : 0;
	if (!err) {
		err = iommu->ops->unmap_all(iommu, total);
		if (err)
			mapping_put_back(iommu, &u, NULL);
	}
	mapping_undo_free(iommu, &u);
	return err;
}

int iommu_unmap_all(struct iommu *iommu, uint64_t *unmapped, struct fail *f)
{
	uint64_t bytes = 0;
	int err = mapping_unmap_at_once(iommu, &bytes);

	if (err == -EOPNOTSUPP) {
		bytes = 0;
		err = mapping_unmap_each(iommu, &bytes);
	}
	if (unmapped)
		*unmapped = bytes;
	return err ? fail_set(f, err, "cannot unmap everything") : 0;
}
