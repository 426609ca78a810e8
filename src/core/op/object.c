/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on spaces, page tables and attachments. */
#include "core/op/object.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommu/pt_data.h"
#include "core/op/dirty.h"
#include "core/session/priv.h"

/* Further copies of its buffers stay where they are; who has gone with the space is not mapped any more. */
static void destroy_forget(struct session *s, struct named *n)
{
	if (n->kind == IOMMU_OBJECT_IOAS)
		buffers_forget_space(s, n->space);
	named_remove(s, n);
}

int op_destroy(struct session *s, const char *what, unsigned int threads, bool unchecked, struct fail *f)
{
	struct iommu *space;
	struct named *n;
	uint32_t id;
	int err = session_usable(s, f);
	bool gone;

	if (!err)
		err = named_resolve(s, what, unchecked, &id, &space, f);
	if (err)
		return err;
	if (id == iommu_space_id(s->iommu) && !unchecked) {
		fail_usage(f, EPERM, "the session's own space stays: its rings and canaries are there");
		fail_hint(f, "`unmap --all` empties it");
		return -EPERM;
	}
	for (n = s->named; n && n->id != id; n = n->next)
		;
	if (threads > 1) {
		err = iommu_object_destroy_by(s->iommu, id, threads, &gone, f);
	} else {
		err = iommu_object_destroy(s->iommu, id, f);
		gone = !err;
	}
	if (gone)
		op_dirty_forget(s, id, n && n->kind == IOMMU_OBJECT_IOAS ? n->space : NULL);
	if (gone && n)
		destroy_forget(s, n);
	return err;
}

int op_attach(struct session *s, const struct op_attach *op, struct fail *f)
{
	struct iommu *space;
	uint32_t id;
	int err = session_usable(s, f);

	if (!err)
		err = named_resolve(s, op->pt, op->unchecked, &id, &space, f);
	if (err)
		return err;
	/* no driver here issues requests with a PASID: nothing of the device's own DMA changes */
	if (op->has_pasid)
		return iommu_device_attach(s->idev, id, op->pasid, f);
	return session_attach(s, id, space, f);
}

int op_detach(struct session *s, const struct op_attach *op, bool *asked, struct failures *found, struct fail *why,
	      struct fail *f)
{
	struct failure bad = {.class = FAILURE_UNMAPPED_ACCESS};
	bool reached;
	int err = session_usable(s, f);

	*asked = false;
	if (err)
		return err;
	if (op->has_pasid)
		return iommu_device_detach(s->idev, op->pasid, f);
	err = session_detach(s, f);
	if (err)
		return err;
	err = session_ask_detached(s, &reached, why);
	if (err == -EOPNOTSUPP)
		return 0;
	if (err) {
		*f = *why;
		return err;
	}
	*asked = true;
	if (!reached)
		return 0;
	snprintf(bad.text, sizeof(bad.text), "the detached device still wrote to memory of the space it was in");
	failures_add(found, &bad);
	return 0;
}

int op_hwpt_new(struct session *s, const struct op_hwpt *op, struct named **out, struct fail *f)
{
	struct pt_data data = {0};
	struct iommu_hwpt_req req = {.idev = s->idev,
				     .nest_parent = op->nest_parent,
				     .dirty = op->dirty,
				     .pasid = op->pasid,
				     .unchecked_flags = op->flags};
	struct iommu *space, *unused;
	uint32_t id;
	int err = session_usable(s, f);

	if (!err)
		err = named_check(s, op->name, f);
	if (!err)
		err = named_resolve(s, op->parent ? op->parent : "main", op->unchecked, &req.parent, &space, f);
	if (!err && op->queue)
		err = named_resolve(s, op->queue, op->unchecked, &req.fault_queue, &unused, f);
	if (!err && op->data)
		err = pt_data_parse(PT_DATA_HWPT, op->data, &data, f);
	if (err)
		return err;
	req.data_type = data.type;
	req.data = data.len ? data.bytes : NULL;
	req.data_len = data.len;
	err = iommu_hwpt_new(s->iommu, &req, &id, f);
	if (err)
		return err;
	/* with data of its own it is the user's table that translates */
	*out = named_add(s, op->name, IOMMU_OBJECT_HWPT, id, data.len ? NULL : space, f);
	if (*out)
		(*out)->dirty = op->dirty;
	if (*out)
		return 0;
	iommu_object_destroy(s->iommu, id, NULL);
	return -ENOMEM;
}

int op_hwpt_invalidate(struct session *s, const char *pt, const char *type, char *const *entries, unsigned int n,
		       bool unchecked, uint32_t *done, struct fail *f)
{
	CLEANUP_FREE unsigned char *all = calloc(n + 1, PT_DATA_MAX);
	struct pt_data one = {0};
	struct iommu *space;
	uint32_t id;
	int err =
		all ? named_resolve(s, pt, unchecked, &id, &space, f) : fail_set(f, ENOMEM, "cannot invalidate %s", pt);

	*done = 0;
	/* without any the kernel says whether it knows the type */
	if (!err)
		err = pt_data_parse(PT_DATA_INVALIDATE, type, &one, f);
	for (unsigned int i = 0; i < n && !err; i++) {
		err = pt_data_fill(&one, entries[i], f);
		if (!err)
			memcpy(all + (size_t)i * one.len, one.bytes, one.len);
	}
	return err ? err : iommu_hwpt_invalidate(s->iommu, id, one.type, all, one.len, n, done, f);
}
