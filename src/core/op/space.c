/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on address spaces: made, copied into, narrowed. */
#include "core/op/space.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/op/table.h"
#include "core/session/priv.h"

int op_space_new(struct session *s, const char *name, struct named **out, struct fail *f)
{
	struct iommu *space;
	int err = session_usable(s, f);

	if (!err)
		err = named_check(s, name, f);
	if (!err)
		err = iommu_space_new(s->iommu, &space, f);
	if (err)
		return err;
	*out = named_add(s, name, IOMMU_OBJECT_IOAS, iommu_space_id(space), space, f);
	if (*out)
		return 0;
	iommu_close(space);
	return -ENOMEM;
}

/* The source as an iova and a size of @from. */
static int copy_source(struct session *s, const struct op_copy *op, struct iommu *from, struct iommu_copy_req *req,
		       struct fail *f)
{
	const char *plus = strchr(op->src, '+');
	struct ledger_entry entry;
	char name[BUFFER_NAME_MAX];
	struct buffer *b;
	uint64_t offset = 0;

	req->size = op->size;
	if (op->src[0] >= '0' && op->src[0] <= '9') {
		if (num_parse_size(op->src, &req->src_iova))
			return fail_usage(f, EINVAL, "'%s' is not an address", op->src);
		if (!req->size &&
		    ledger_find(iommu_ledger(from), (struct iova_range){req->src_iova, req->src_iova}, &entry))
			req->size = entry.range.last - req->src_iova + 1;
		return 0;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(plus ? plus - op->src : (ptrdiff_t)strlen(op->src)), op->src);
	b = buffer_find(s, name);
	if (!b)
		return fail_set(f, ENOENT, "there is no buffer %s here", name);
	if (plus && num_parse_size(plus + 1, &offset))
		return fail_usage(f, EINVAL, "'%s' is neither an address nor BUF or BUF+OFFSET", op->src);
	if (offset >= b->mem.size || !buffer_find_in(from, b, (char *)b->mem.va + offset, &entry))
		return fail_usage(f, ENOENT, "%s is not mapped in that space", op->src);
	req->src_iova = entry.range.start + ((uintptr_t)b->mem.va + offset - (uintptr_t)entry.va);
	if (!req->size)
		req->size = b->size - offset;
	return 0;
}

/* What a copy made: a mapping for each of the source's, whose buffers know that they are mapped at other places, too. */
static int copy_look(struct session *s, struct iommu *to, struct iova_range r, struct failures *found, struct fail *f)
{
	struct ledger_entry e;
	struct buffer *b;
	int err = 0;

	while (!err && r.start <= r.last && ledger_find(iommu_ledger(to), r, &e)) {
		b = buffer_find(s, e.tag);
		if (b)
			b->copied = true;
		err = op_table_mapped(s, to, e.va, e.range.start, e.range.last - e.range.start + 1, found, f);
		if (e.range.last >= r.last)
			break;
		r.start = e.range.last + 1;
	}
	return err;
}

int op_space_copy(struct session *s, struct op_copy *op, struct failures *found, struct fail *f)
{
	struct iommu_copy_req req = {.prot = op->prot, .named = true};
	struct iommu *to;
	int err = session_usable(s, f);

	if (!err)
		err = named_space(s, op->from, &req.src, f);
	if (!err)
		err = named_space(s, op->to, &to, f);
	if (!err)
		err = copy_source(s, op, req.src, &req, f);
	if (err)
		return err;
	req.kernel_iova = op->where == OP_IOVA_KERNEL;
	req.iova = op->same ? req.src_iova : op->iova;
	if (!op->unchecked && !req.kernel_iova)
		err = session_check_map(s, req.iova, req.size, f);
	if (!err)
		err = req.kernel_iova && !op->unchecked ? session_copy_chosen(s, to, &req, f)
							: iommu_space_copy(to, &req, f);
	if (err)
		return err;
	op->iova = req.iova;
	op->size = req.size;
	return copy_look(s, to, (struct iova_range){req.iova, req.iova + (req.size - 1)}, found, f);
}

int op_space_allow(struct session *s, const char *space, const struct iova_range *ranges, unsigned int n,
		   struct fail *f)
{
	struct iommu *iommu;
	int err = session_usable(s, f);

	if (!err)
		err = named_space(s, space, &iommu, f);
	if (!err)
		err = iommu_space_allow(iommu, ranges, n, f);
	if (!err)
		session_choice_is_users(s, iommu);
	return err;
}

int op_vfio_space(struct session *s, enum iommu_vfio_space op, const char *space, bool unchecked, uint32_t *id,
		  struct fail *f)
{
	struct iommu *unused;
	int err = session_usable(s, f);

	if (!err && space)
		err = named_resolve(s, space, unchecked, id, &unused, f);
	return err ? err : iommu_vfio_space(s->iommu, op, id, f);
}
