/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on the addresses of mapped memory: forget and renew. */
#include "core/op/vaddr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/session/priv.h"
#include "iommu/ledger.h"
#include "iommu/vaddr.h"

static int vaddr_usable(struct session *s, bool unchecked, struct fail *f)
{
	int err = session_usable(s, f);

	if (!err && !unchecked && !iommu_caps(s->iommu)->update_vaddr)
		err = fail_set(f, EOPNOTSUPP, "backend %s cannot give a mapping's memory another address",
			       session_backend_name(s));
	return err;
}

/* The range an op means. *b is its buffer, or NULL. */
static int vaddr_range(struct session *s, const struct op_vaddr *op, struct buffer **b, iova_t *iova, uint64_t *size,
		       struct fail *f)
{
	*b = NULL;
	*iova = op->iova;
	*size = op->size;
	if (!op->buf)
		return 0;
	*b = buffer_find(s, op->buf);
	if (!*b)
		return fail_set(f, ENOENT, "there is no buffer %s here", op->buf);
	if (!buffer_is_mapped(*b) && !op->unchecked)
		return fail_usage(f, ENOENT, "buffer %s is not mapped", op->buf);
	*iova = (*b)->iova;
	*size = op->size ? op->size : (*b)->size;
	return 0;
}

static int vaddr_add(const struct ledger_entry *e, void *arg)
{
	uint64_t *bytes = arg;

	if (e->forgotten)
		*bytes += e->range.last - e->range.start + 1;
	return 0;
}

static uint64_t vaddr_forgotten_bytes(const struct session *s)
{
	uint64_t bytes = 0;

	ledger_each(iommu_ledger(s->iommu), vaddr_add, &bytes);
	return bytes;
}

int op_vaddr_forget(struct session *s, const struct op_vaddr *op, uint64_t *bytes, struct failures *found,
		    struct fail *f)
{
	struct failure bad = {.class = FAILURE_SHORT_UNMAP};
	uint64_t size = 0, due = 0;
	struct buffer *b;
	iova_t iova = 0;
	int err = vaddr_usable(s, op->unchecked, f);

	*bytes = 0;
	if (!err && !op->all)
		err = vaddr_range(s, op, &b, &iova, &size, f);
	if (!err) {
		due = vaddr_forgotten_bytes(s);
		err = iommu_vaddr_forget(s->iommu, iova, size, op->all, bytes, f);
	}
	if (err)
		return err;
	/* the ledger marks what the interface is to forget: the difference is what should have been reported */
	due = vaddr_forgotten_bytes(s) - due;
	if (due == *bytes)
		return 0;
	bad.iova = iova;
	bad.length = due;
	snprintf(bad.text, sizeof(bad.text),
		 "forgetting the addresses of 0x%" PRIx64 " mapped bytes from iova 0x%" PRIx64 " reported 0x%" PRIx64,
		 due, iova, *bytes);
	failures_add(found, &bad);
	return 0;
}

/* Both addresses are there until the kernel has answered; then only the one it has. */
static int vaddr_renew_buffer(struct session *s, struct buffer *b, iova_t iova, uint64_t size, uint64_t *moved,
			      struct fail *f)
{
	void *va;
	/* others lie in the same memory: it stays where they know it */
	bool shared = b->of || buffer_sharer(s, b) || b->mem.released;
	int err = shared ? -EOPNOTSUPP : iommu_mem_elsewhere(s->iommu, &b->mem, &va, NULL);

	if (err == -EOPNOTSUPP)
		return iommu_vaddr_renew(s->iommu, (char *)b->mem.va + b->skip, iova, size, f);
	if (err)
		return fail_set(f, err, "cannot map buffer %s at another address", b->name);
	err = iommu_vaddr_renew(s->iommu, (char *)va + b->skip, iova, size, f);
	iommu_mem_settle(&b->mem, va, !err);
	*moved += !err;
	return err;
}

/* A range that is no buffer's keeps the address it has; what is not mapped at all is for the kernel to refuse. */
static int vaddr_renew_range(struct session *s, iova_t iova, uint64_t size, struct fail *f)
{
	struct ledger_entry e;
	void *va = NULL;

	if (ledger_find(iommu_ledger(s->iommu), (struct iova_range){iova, iova}, &e))
		va = (char *)e.va + (iova - e.range.start);
	return iommu_vaddr_renew(s->iommu, va, iova, size, f);
}

static int vaddr_renew_all(struct session *s, uint64_t *renewed, uint64_t *moved, struct fail *f)
{
	struct iova_range rest = {0, UINT64_MAX};
	struct ledger_entry e;
	int err = 0;

	while (!err && ledger_find(iommu_ledger(s->iommu), rest, &e)) {
		uint64_t size = e.range.last - e.range.start + 1;
		struct buffer *b = e.named ? buffer_find(s, e.tag) : NULL;

		if (e.forgotten) {
			err = b && b->iova == e.range.start ? vaddr_renew_buffer(s, b, b->iova, size, moved, f)
							    : vaddr_renew_range(s, e.range.start, size, f);
			*renewed += !err;
		}
		if (e.range.last == UINT64_MAX)
			break;
		rest.start = e.range.last + 1;
	}
	return err;
}

int op_vaddr_renew(struct session *s, const struct op_vaddr *op, uint64_t *renewed, uint64_t *moved, struct fail *f)
{
	uint64_t size = 0;
	struct buffer *b;
	iova_t iova = 0;
	int err = vaddr_usable(s, op->unchecked, f);

	*renewed = *moved = 0;
	if (!err && op->all)
		return vaddr_renew_all(s, renewed, moved, f);
	if (!err)
		err = vaddr_range(s, op, &b, &iova, &size, f);
	if (!err)
		err = b ? vaddr_renew_buffer(s, b, iova, size, moved, f) : vaddr_renew_range(s, iova, size, f);
	*renewed = !err;
	return err;
}
