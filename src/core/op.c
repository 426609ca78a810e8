/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on mappings: named buffers, map, unmap, free. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "core/op.h"
#include "core/session_priv.h"
#include "iommu/ledger.h"

bool buffer_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= BUFFER_NAME_MAX || !islower((unsigned char)name[0]))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

struct buffer *buffer_first(struct session *s)
{
	return s->buffers;
}

struct buffer *buffer_find(struct session *s, const char *name)
{
	for (struct buffer *b = s->buffers; b; b = b->next)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

bool buffer_is_mapped(const struct session *s, const struct buffer *b)
{
	struct ledger_entry entry;

	return b->size && ledger_find(iommu_ledger(s->iommu), (struct iova_range){b->iova, b->iova}, &entry) &&
	       entry.range.start == b->iova && entry.va == b->mem.va;
}

static struct buffer *buffer_new(struct session *s, const struct op_map *op, struct fail *f)
{
	struct buffer *b = calloc(1, sizeof(*b)), **at = &s->buffers;
	uint64_t size = op->size ? op->size : 1;

	if (!b || !num_add(size, 4095, &size)) {
		fail_set(f, ENOMEM, "cannot allocate a buffer of 0x%" PRIx64 " bytes", op->size);
		goto out_free;
	}
	if (op->buf)
		snprintf(b->name, sizeof(b->name), "%s", op->buf);
	else
		snprintf(b->name, sizeof(b->name), "b%u", ++s->buffer_serial);
	/* under --unchecked a size may be absurd on purpose: the kernel gets the number, the memory stays sane */
	size = ALIGN_DOWN(size, 4096);
	if (iommu_mem_alloc(s->iommu, op->unchecked ? MIN(size, MiB(64)) : size, op->mem, &b->mem, f))
		goto out_free;
	b->size = op->size;
	while (*at)
		at = &(*at)->next;
	*at = b;
	return b;
out_free:
	free(b);
	return NULL;
}

static void buffer_free(struct session *s, struct buffer *b)
{
	for (struct buffer **at = &s->buffers; *at; at = &(*at)->next) {
		if (*at != b)
			continue;
		*at = b->next;
		break;
	}
	iommu_mem_free(s->iommu, &b->mem);
	free(b);
}

void session_buffers_free(struct session *s)
{
	while (s->buffers) {
		struct buffer *b = s->buffers;

		if (buffer_is_mapped(s, b))
			iommu_unmap(s->iommu, b->iova, b->size, NULL, NULL);
		buffer_free(s, b);
	}
}

static int map_choose(struct session *s, const struct op_map *op, struct iommu_map_req *req, struct fail *f)
{
	struct canary_page page;
	int err;

	switch (op->where) {
	case OP_IOVA_RANDOM:
		if (session_pick(s, &s->space, op->op, req->size, MAX(s->granule, 4096), &req->iova))
			return 0;
		return fail_set(f, ENOSPC, "no free iova for 0x%" PRIx64 " bytes", req->size);
	case OP_IOVA_CANARY:
		if (req->size != 4096)
			return fail_usage(f, EINVAL, "--iova canary maps one page of 4096 bytes, not 0x%" PRIx64,
					  req->size);
		err = session_dma_start(s, f);
		if (!err)
			err = session_canary_page(s, 0, &page, f);
		req->iova = err ? 0 : page.phys;
		return err;
	case OP_IOVA_KERNEL:
		if (!iommu_caps(s->iommu)->kernel_iova)
			return fail_set(f, EOPNOTSUPP, "backend %s cannot choose an iova itself",
					session_backend_name(s));
		req->kernel_iova = true;
		return 0;
	default:
		req->iova = op->iova;
		return op->unchecked ? 0 : session_check_map(s, op->iova, req->size, f);
	}
}

/* EEXIST although the ledger knows of nothing there: the kernel kept what it said it had removed. */
static bool map_is_refused(const struct session *s, int err, const struct iommu_map_req *req, struct failures *found)
{
	struct failure bad = {.class = FAILURE_MAP_REFUSED, .iova = req->iova, .length = req->size};
	struct ledger_entry entry;
	struct iova_range r = {req->iova, req->iova + req->size - 1};

	if ((err != -EEXIST && err != -EADDRINUSE) || r.last < r.start ||
	    ledger_find(iommu_ledger(s->iommu), r, &entry))
		return false;
	snprintf(bad.text, sizeof(bad.text),
		 "mapping 0x%" PRIx64 " bytes at iova 0x%" PRIx64 " was refused where nothing is mapped: %s", req->size,
		 req->iova, strerror(-err));
	failures_add(found, &bad);
	return true;
}

int op_map(struct session *s, const struct op_map *op, struct buffer **out, struct failures *found, struct fail *f)
{
	struct buffer *b = op->buf ? buffer_find(s, op->buf) : NULL;
	struct iommu_map_req req = {.size = op->size, .prot = op->prot};
	bool is_new = !b;
	int err;

	if (b && buffer_is_mapped(s, b))
		return fail_usage(f, EALREADY, "buffer %s is mapped already, at iova 0x%" PRIx64, b->name, b->iova);
	if (b && b->size != op->size)
		return fail_usage(f, EINVAL, "buffer %s has 0x%" PRIx64 " bytes, not 0x%" PRIx64, b->name, b->size,
				  op->size);
	if (!op->unchecked && (!op->size || op->size % 4096))
		return fail_usage(f, EINVAL, "--size 0x%" PRIx64 " is not a multiple of 4096 above 0", op->size);
	err = map_choose(s, op, &req, f);
	if (err)
		return err;
	if (is_new)
		b = buffer_new(s, op, f);
	if (!b)
		return f->err ? -f->err : -ENOMEM;
	req.va = b->mem.va;
	req.tag = b->name;
	err = iommu_map(s->iommu, &req, f);
	if (err) {
		if (is_new)
			buffer_free(s, b);
		return !op->unchecked && map_is_refused(s, err, &req, found) ? 0 : err;
	}
	b->iova = req.iova;
	b->prot = req.prot;
	if (out)
		*out = b;
	return 0;
}

static void unmap_judge(struct failures *found, iova_t iova, uint64_t want, uint64_t got)
{
	struct failure bad = {.class = FAILURE_SHORT_UNMAP, .iova = iova, .length = want};

	if (want == got)
		return;
	snprintf(bad.text, sizeof(bad.text),
		 "unmapping 0x%" PRIx64 " mapped bytes from iova 0x%" PRIx64 " reported 0x%" PRIx64, want, iova, got);
	failures_add(found, &bad);
}

static int op_unmap_range(struct session *s, iova_t iova, uint64_t size, uint64_t *bytes, struct failures *found,
			  struct fail *f)
{
	uint64_t before = ledger_bytes(iommu_ledger(s->iommu));
	int err = iommu_unmap(s->iommu, iova, size, bytes, f);

	/* the ledger drops what the range holds: the difference is what should have been reported */
	if (!err)
		unmap_judge(found, iova, before - ledger_bytes(iommu_ledger(s->iommu)), *bytes);
	return err;
}

int op_unmap(struct session *s, const struct op_unmap *op, uint64_t *bytes, struct failures *found, struct fail *f)
{
	struct buffer *b;

	*bytes = 0;
	if (op->all)
		return session_unmap_all(s, bytes, f);
	if (!op->buf) {
		if (!op->unchecked && (!op->size || op->iova + (op->size - 1) < op->iova))
			return fail_usage(f, EINVAL, "iova 0x%" PRIx64 " with size 0x%" PRIx64 " is no range", op->iova,
					  op->size);
		return op_unmap_range(s, op->iova, op->size, bytes, found, f);
	}
	b = buffer_find(s, op->buf);
	if (!b)
		return fail_set(f, ENOENT, "there is no buffer %s here", op->buf);
	if (!buffer_is_mapped(s, b) && !op->unchecked)
		return fail_usage(f, ENOENT, "buffer %s is not mapped", op->buf);
	return op_unmap_range(s, b->iova, b->size, bytes, found, f);
}

int op_free(struct session *s, const char *buf, struct fail *f)
{
	struct buffer *b = buffer_find(s, buf);
	int err = 0;

	if (!b)
		return fail_set(f, ENOENT, "there is no buffer %s here", buf);
	if (buffer_is_mapped(s, b))
		err = iommu_unmap(s->iommu, b->iova, b->size, NULL, f);
	if (!err)
		buffer_free(s, b);
	return err;
}
