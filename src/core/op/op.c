/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on mappings: map, unmap, free. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/op/beside.h"
#include "core/op/flight.h"
#include "core/op/op.h"
#include "core/op/table.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "iommu/child.h"
#include "iommu/ledger.h"

static int map_choose(struct session *s, const struct op_map *op, struct iommu *space, struct iommu_map_req *req,
		      struct fail *f)
{
	struct canary_page page;
	int err;

	switch (op->where) {
	case OP_IOVA_RANDOM:
		if (session_pick_in(s, space, &s->space, op->op, req->size, MAX(s->granule, 4096), &req->iova))
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
		return op->unchecked ? 0 : session_allow_choice(s, space, f);
	default:
		req->iova = op->iova;
		return op->unchecked ? 0 : session_check_map(s, op->iova, req->size, f);
	}
}

bool op_map_is_refused(const struct iommu *space, int err, const struct iommu_map_req *req, struct failures *found)
{
	iova_t iova = req->kernel_iova ? 0 : req->iova;
	struct failure bad = {.class = FAILURE_MAP_REFUSED, .iova = iova, .length = req->size};
	struct ledger_entry entry;
	struct iova_range r = {iova, iova + req->size - 1};

	if ((err != -EEXIST && err != -EADDRINUSE) || r.last < r.start)
		return false;
	if (!req->kernel_iova && ledger_find(iommu_ledger(space), r, &entry))
		return false;
	if (req->kernel_iova)
		snprintf(bad.text, sizeof(bad.text),
			 "mapping 0x%" PRIx64 " bytes was refused at an iova of the kernel's own choice: %s", req->size,
			 strerror(-err));
	else
		snprintf(bad.text, sizeof(bad.text),
			 "mapping 0x%" PRIx64 " bytes at iova 0x%" PRIx64 " was refused where nothing is mapped: %s",
			 req->size, iova, strerror(-err));
	failures_add(found, &bad);
	return true;
}

/* Memory that is no memory: a device's. Peer to peer DMA reaches past the IOMMU's protection of memory: only on demand. */
static struct buffer *map_new_bar(struct session *s, const struct op_map *op, struct fail *f)
{
	struct buffer_bar bar = {.n = op->bar, .offset = op->bar_offset, .as_dmabuf = op->mem == IOMMU_MEM_DMABUF};

	if (session_is_simulated(s)) {
		fail_set(f, EOPNOTSUPP, "the simulated device has no BARs");
	} else if (!s->params.allow_p2p) {
		fail_usage(f, EPERM, "a BAR lets DMA reach another device instead of memory");
		fail_hint(f, "--allow-p2p before the command allows it");
	} else if (bar.as_dmabuf && !iommu_caps(s->iommu)->has_map_file) {
		fail_set(f, EOPNOTSUPP, "backend %s maps by address, not by descriptor", session_backend_name(s));
		fail_hint(f, "--mem bar:%u is the same by address", op->bar);
	} else if (!session_idev(s, op->bar_device, &bar.idev, f)) {
		return buffer_new_bar(s, op->buf, op->size, &bar, f);
	}
	return NULL;
}

/* Is what the op asks for possible with the buffer as it is? @b NULL: there is none yet. */
static int map_check(struct session *s, const struct op_map *op, const struct buffer *b, struct fail *f)
{
	if (b && buffer_is_mapped(b))
		return fail_usage(f, EALREADY, "buffer %s is mapped already, at iova 0x%" PRIx64, b->name, b->iova);
	if (b && b->size != op->size)
		return fail_usage(f, EINVAL, "buffer %s has 0x%" PRIx64 " bytes, not 0x%" PRIx64, b->name, b->size,
				  op->size);
	if (b && buffer_check_memory(b, f))
		return -EFAULT;
	if (b && op->of)
		return fail_usage(f, EEXIST, "buffer %s has memory already", b->name);
	if (op->unchecked)
		return 0;
	if (!op->size || op->size % 4096)
		return fail_usage(f, EINVAL, "--size 0x%" PRIx64 " is not a multiple of 4096 above 0", op->size);
	if (op->by_child && op->where == OP_IOVA_KERNEL)
		return fail_usage(f, EINVAL, "--by %s takes no --iova kernel: what is chosen is held against the rules",
				  op->by_exec ? "exec" : "child");
	if (op->skip || op->flags || !(op->prot & IOMMU_PROT_RW))
		return fail_usage(f, EINVAL, "--skip, --flags and --prot none need --unchecked, or '!' in a script");
	return 0;
}

/* The buffer of a map that has none yet. NULL: @f says why. */
static struct buffer *map_buffer(struct session *s, const struct op_map *op, struct fail *f)
{
	struct buffer *of = NULL, *b;
	uint64_t offset = 0, bytes = op->size;

	if (op->mem == IOMMU_MEM_BAR || op->mem == IOMMU_MEM_DMABUF)
		return map_new_bar(s, op, f);
	if (!op->of) {
		/* what is skipped is memory of ours, too */
		b = op->skip && !num_add(op->size, op->skip, &bytes)
			    ? NULL
			    : buffer_new(s, op->buf, bytes, op->mem, op->unchecked, f);
		if (b)
			b->size = op->size;
		return b;
	}
	if (op_resolve_buffer(s, op->of, &of, &offset, f))
		return NULL;
	return buffer_share(s, op->buf, of, offset, op->size, f);
}

static int map_request(struct session *s, const struct op_map *op, struct iommu *space, struct buffer *b,
		       struct iommu_map_req *req, struct fail *f)
{
	uint64_t end;
	int err;

	/* behind the memory's end lies what is not to be mapped, unless it has a guard there */
	if (op->skip && (!num_add(op->skip, op->size, &end) || (end > b->mem.size && !b->mem.guard)))
		return fail_usage(f, ERANGE, "--skip 0x%" PRIx64 " and --size 0x%" PRIx64 " leave the memory", op->skip,
				  op->size);
	req->va = (char *)b->mem.va + op->skip;
	req->tag = b->name;
	req->named = true;
	req->owner = op->where != OP_IOVA_ADDR ? OP_OWNER_CHOSEN : 0;
	/* the simulation has files without descriptors */
	req->file = b->mem.fd >= 0 || (b->mem.kind == IOMMU_MEM_MEMFD && !b->of) ? &b->mem : NULL;
	facts_map(s, space, b->name, req, op->where != OP_IOVA_ADDR);
	facts_asked(s);
	if (op->by_exec)
		err = iommu_map_by_exec(space, req, &b->mem, &b->execed, f);
	else if (op->by_child)
		err = iommu_map_by_child(space, req, &b->mem, f);
	else
		err = req->kernel_iova && !op->unchecked ? session_map_chosen(s, space, req, f)
							 : iommu_map(space, req, f);
	if (err)
		return err;
	/* of other memory the child had a copy, and that is mapped */
	b->by_child = op->by_child;
	b->by_exec = op->by_exec;
	b->mem.discarded |= op->by_child && b->mem.kind != IOMMU_MEM_MEMFD;
	b->space = space;
	b->iova = req->iova;
	b->prot = req->prot;
	b->skip = op->skip;
	facts_placed(s, req);
	return 0;
}

static int map_do(struct session *s, const struct op_map *op, struct buffer **out, struct failures *found,
		  struct fail *f)
{
	struct buffer *b = op->buf ? buffer_find(s, op->buf) : NULL;
	struct iommu_map_req req = {.size = op->size, .prot = op->prot, .flags = op->flags};
	struct iommu *space;
	int err = session_usable(s, f);
	bool is_new = !b;

	if (!err)
		err = named_space(s, op->ioas, &space, f);
	if (!err)
		err = map_check(s, op, b, f);
	if (!err)
		err = map_choose(s, op, space, &req, f);
	if (err)
		return err;
	if (is_new)
		b = map_buffer(s, op, f);
	if (!b)
		return f->err ? -f->err : -ENOMEM;
	err = map_request(s, op, space, b, &req, f);
	if (err) {
		if (is_new)
			buffer_free(s, b);
		return !op->unchecked && op_map_is_refused(space, err, &req, found) ? 0 : err;
	}
	if (out)
		*out = b;
	return op_table_mapped(s, space, (char *)b->mem.va + b->skip, b->iova, b->size, found, f);
}

int op_map(struct session *s, const struct op_map *op, struct buffer **out, struct failures *found, struct fail *f)
{
	int err;

	facts_buffer(s, OP_MAP, op->buf);
	err = map_do(s, op, out, found, f);
	facts_found(s, found);
	return err;
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

/* Rings, canaries and pins are the tool's: the device uses them, and the safety rules stand on them. */
static int unmap_check_own(const struct iommu *space, iova_t iova, uint64_t size, struct fail *f)
{
	struct iova_range r = {iova, iova + (size - 1)};
	struct ledger_entry entry;

	/* what is no range takes nothing */
	while (size && r.start <= r.last && ledger_find(iommu_ledger(space), r, &entry)) {
		if (!entry.named) {
			fail_usage(f, EPERM,
				   "iova 0x%" PRIx64 "-0x%" PRIx64
				   " is iommuctl's own: pages for the device's rings and the canaries",
				   entry.range.start, entry.range.last);
			fail_hint(f, "unmap --all stops the device first and maps them again");
			return -EPERM;
		}
		if (entry.range.last >= r.last)
			break;
		r.start = entry.range.last + 1;
	}
	return 0;
}

int op_unmap_by(struct session *s, struct iommu *space, struct op_unmap_call call, iova_t iova, uint64_t size,
		uint64_t *bytes, struct failures *found, struct fail *f)
{
	uint64_t before = ledger_bytes(iommu_ledger(space));
	struct iova_range r = {iova, iova + (size - 1)};
	struct op_table table = {0};
	int err = unmap_check_own(space, iova, size, f), after;

	if (!err && size)
		err = flights_yield(s, space, r, call.unchecked, f);
	if (!err && size)
		err = op_table_before(s, space, r, &table, f);
	if (!err) {
		facts_asked(s);
		err = call.unmap ? call.unmap(call.ctx, space, iova, size, bytes, f)
				 : iommu_unmap(space, iova, size, bytes, f);
	}
	/* also when it was refused: what it said stays must stay */
	after = op_table_after(s, space, &table, found, err ? NULL : f);
	/* the ledger drops what the range holds: the difference is what should have been reported */
	if (!err && !call.unjudged)
		unmap_judge(found, iova, before - ledger_bytes(iommu_ledger(space)), *bytes);
	return err ? err : after;
}

static int unmap_by_child(void *ctx, struct iommu *space, iova_t iova, uint64_t size, uint64_t *bytes, struct fail *f)
{
	(void)ctx;
	return iommu_unmap_by_child(space, iova, size, bytes, f);
}

static int op_unmap_range(struct session *s, const struct op_unmap *op, struct iommu *space, struct iova_range r,
			  uint64_t *bytes, struct failures *found, struct fail *f)
{
	struct op_unmap_call call = {.unjudged = op->bytes_given, .unchecked = op->unchecked};
	struct op_beside beside = {.iova = op->beside};
	int err;

	if (op->by_child)
		call.unmap = unmap_by_child;
	if (!op->has_beside)
		return op_unmap_by(s, space, call, r.start, r.last - r.start + 1, bytes, found, f);
	call.unmap = op_beside_unmap;
	call.ctx = &beside;
	err = op_beside_start(s, &beside, r, op->unchecked, f);
	if (err)
		return err;
	err = op_unmap_by(s, space, call, r.start, r.last - r.start + 1, bytes, found, f);
	op_beside_end(s, &beside);
	if (beside.done && !beside.err)
		unmap_judge(found, beside.iova, SESSION_PAGE, beside.bytes);
	if (err || !beside.err)
		return err;
	*f = beside.fail;
	return beside.err;
}

static int op_unmap_all(struct session *s, const struct op_unmap *op, struct iommu *space, uint64_t *bytes,
			struct failures *found, struct fail *f)
{
	struct op_table table;
	uint64_t mapped = 0;
	int err = session_idle(s, f), after;

	if (!err)
		err = op_table_before(s, space, (struct iova_range){0, UINT64_MAX}, &table, f);
	if (err)
		return err;
	err = session_unmap_all(s, space, &mapped, bytes, f);
	if (!err && !op->bytes_given)
		unmap_judge(found, 0, mapped, *bytes);
	after = op_table_after(s, space, &table, found, err ? NULL : f);
	return err ? err : after;
}

/* Where it is, or was last. Of no bytes it is no range, which is for the kernel to say. */
static struct iova_range unmap_where(const struct buffer *b)
{
	return (struct iova_range){b->iova, b->iova + (b->size - 1)};
}

/* What @space has of a buffer: mapped there or copied there, one piece or several. */
static int unmap_copy(struct session *s, const struct op_unmap *op, struct iommu *space, const struct buffer *b,
		      uint64_t *bytes, struct failures *found, struct fail *f)
{
	struct ledger_entry entry;
	uint64_t one = 0;
	int err = 0;

	if (!buffer_find_in(space, b, NULL, &entry))
		return op->unchecked ? op_unmap_range(s, op, space, unmap_where(b), bytes, found, f)
				     : fail_usage(f, ENOENT, "buffer %s is not mapped there", b->name);
	while (!err && buffer_find_in(space, b, NULL, &entry)) {
		err = op_unmap_range(s, op, space, entry.range, &one, found, f);
		*bytes += one;
	}
	return err;
}

static int unmap_do(struct session *s, const struct op_unmap *op, uint64_t *bytes, struct failures *found,
		    struct fail *f)
{
	int err = session_usable(s, f);
	struct iommu *space;
	struct ledger_entry piece;
	struct buffer *b;

	*bytes = 0;
	if (!err)
		err = named_space(s, op->ioas, &space, f);
	if (err)
		return err;
	if (op->all) {
		facts_unmap(s, space, NULL, 0, 0, true);
		facts_asked(s);
		return op_unmap_all(s, op, space, bytes, found, f);
	}
	if (!op->buf) {
		if (!op->unchecked && (!op->size || op->iova + (op->size - 1) < op->iova))
			return fail_usage(f, EINVAL, "iova 0x%" PRIx64 " with size 0x%" PRIx64 " is no range", op->iova,
					  op->size);
		facts_unmap(s, space, NULL, op->iova, op->size, false);
		return op_unmap_range(s, op, space, (struct iova_range){op->iova, op->iova + (op->size - 1)}, bytes,
				      found, f);
	}
	b = buffer_find(s, op->buf);
	if (!b)
		return fail_set(f, ENOENT, "there is no buffer %s here", op->buf);
	if (op->ioas)
		return unmap_copy(s, op, space, b, bytes, found, f);
	if (!op->unchecked && !(buffer_is_cut(b) ? buffer_find_in(b->space, b, NULL, &piece) : buffer_is_mapped(b)))
		return fail_usage(f, ENOENT, "buffer %s is not mapped", op->buf);
	/* one whose space is gone is mapped nowhere: --unchecked asks all the same */
	space = b->space ? b->space : s->iommu;
	facts_unmap(s, space, b->name, b->iova, b->size, false);
	if (buffer_is_cut(b) && !op->unchecked)
		return unmap_copy(s, op, space, b, bytes, found, f);
	return op_unmap_range(s, op, space, unmap_where(b), bytes, found, f);
}

/* Whoever mapped it is another program by now, which has locked nothing. */
static int unmap_check_execed(struct session *s, struct buffer *b, struct failures *found, struct fail *f)
{
	struct failure bad = {.class = FAILURE_PIN_LEAK, .iova = b->iova, .length = b->size};
	uint64_t locked = 0;
	int err = iommu_execed_locked(s->iommu, &b->execed, b->size, &locked);

	b->by_exec = false;
	iommu_execed_end(&b->execed);
	if (err)
		return fail_set(f, err, "cannot tell what is locked in the process that mapped %s", b->name);
	if (!locked)
		return 0;
	snprintf(bad.text, sizeof(bad.text),
		 "the process that mapped 0x%" PRIx64 " bytes executed another program, and has 0x%" PRIx64
		 " bytes locked since they were unmapped, not 0",
		 b->size, locked);
	failures_add(found, &bad);
	return 0;
}

int op_unmap(struct session *s, const struct op_unmap *op, uint64_t *bytes, struct failures *found, struct fail *f)
{
	int err;

	facts_buffer(s, OP_UNMAP, op->buf);
	err = unmap_do(s, op, bytes, found, f);
	/* by whatever name; not where a copy of one went that is still mapped */
	for (struct buffer *b = s->buffers; b && !err; b = b->next)
		if (b->by_exec && !buffer_is_mapped(b))
			err = unmap_check_execed(s, b, found, f);
	if (!err && op->bytes_given)
		unmap_judge(found, op->iova, op->bytes, *bytes);
	if (!err)
		facts_count(s, FACT_UNMAPPED, *bytes);
	facts_found(s, found);
	return err;
}

int op_free(struct session *s, const char *buf, struct fail *f)
{
	struct buffer *b = buffer_find(s, buf);
	int err = session_usable(s, f);

	facts_buffer(s, OP_FREE, buf);
	if (err)
		return err;
	if (!b)
		return fail_set(f, ENOENT, "there is no buffer %s here", buf);
	if (buffer_sharer(s, b))
		return fail_usage(f, EBUSY, "buffer %s has %s's memory: free that one first", buffer_sharer(s, b)->name,
				  buf);
	if (b->size)
		err = flights_yield(s, b->space ? b->space : s->iommu, unmap_where(b), false, f);
	if (!err)
		err = buffer_unmap(s, b, f);
	if (!err)
		buffer_free(s, b);
	return err;
}
