/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops on a buffer's memory under its mappings: release, move, fork, discard. */
#include "core/op/memory.h"

#include <errno.h>
#include <string.h>

#include "core/op/table.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "iommu/mem.h"

/* Whose mappings, and where their memory lies now. */
struct memory_shift {
	const struct buffer *b;
	uintptr_t old;
	struct ledger_entry next; /* the first one that is still at its old address */
};

/* By name: other memory may have come to lie where some was released. */
static int memory_find(const struct ledger_entry *e, void *arg)
{
	struct memory_shift *m = arg;

	if (!e->named || strcmp(e->tag, m->b->name) || (uintptr_t)e->va - m->old >= m->b->mem.size)
		return 0;
	m->next = *e;
	return 1;
}

static int memory_shift(struct iommu *space, struct memory_shift *m, struct fail *f)
{
	int err = 0;

	while (!err && ledger_each(iommu_ledger(space), memory_find, m))
		err = iommu_note_va(space, m->next.range, (char *)m->b->mem.va + ((uintptr_t)m->next.va - m->old));
	return err ? fail_set(f, err, "cannot note down where the memory is now") : 0;
}

/* The memory of @b was at @old; in all spaces. */
static int memory_moved(struct session *s, const struct buffer *b, uintptr_t old, struct fail *f)
{
	struct memory_shift m = {.b = b, .old = old};
	int err = memory_shift(s->iommu, &m, f);

	for (const struct named *n = s->named; n && !err; n = n->next)
		if (n->kind == IOMMU_OBJECT_IOAS)
			err = memory_shift(n->space, &m, f);
	return err;
}

/* @b and those that lie in its memory. */
static int memory_follow(struct session *s, struct buffer *b, uintptr_t old, struct fail *f)
{
	int err = 0;

	for (struct buffer *one = s->buffers; one && !err; one = one->next) {
		uintptr_t was = one == b ? old : (uintptr_t)one->mem.va;

		if (one != b && one->of != b)
			continue;
		one->mem.va = (char *)b->mem.va + (was - old);
		one->mem.released = b->mem.released;
		one->mem.discarded = b->mem.discarded;
		if ((uintptr_t)one->mem.va != was)
			err = memory_moved(s, one, was, f);
	}
	return err;
}

static int memory_check_tables(struct session *s, const struct buffer *b, struct failures *found, struct fail *f)
{
	int err = 0;

	for (const struct buffer *one = s->buffers; one && !err; one = one->next)
		if ((one == b || one->of == b) && !one->mem.discarded && buffer_is_mapped(one))
			err = op_table_mapped(s, one->space, (char *)one->mem.va + one->skip, one->iova, one->size,
					      found, f);
	return err;
}

static int memory_do(struct session *s, struct buffer *b, enum op_memory what, bool write, struct fail *f)
{
	switch (what) {
	case OP_MEMORY_RELEASE:
		return iommu_mem_release(s->iommu, &b->mem, f);
	case OP_MEMORY_MOVE:
		return iommu_mem_move(s->iommu, &b->mem, f);
	case OP_MEMORY_FORK:
		return iommu_mem_fork(s->iommu, &b->mem, write, f);
	default:
		return iommu_mem_discard(s->iommu, &b->mem, f);
	}
}

static int memory_check(const struct session *s, const struct buffer *b, const char *buf, struct fail *f)
{
	int err = session_usable(s, f);

	if (err)
		return err;
	if (!b)
		return fail_set(f, ENOENT, "there is no buffer %s here", buf);
	if (b->of)
		return fail_usage(f, EBUSY, "buffer %s has %s's memory: name that one", buf, b->of->name);
	if (iommu_mem_is_device(&b->mem))
		return fail_set(f, EOPNOTSUPP, "buffer %s is a part of a device", buf);
	return buffer_check_memory(b, f);
}

int op_memory(struct session *s, const char *buf, enum op_memory what, bool write, struct failures *found,
	      struct fail *f)
{
	struct buffer *b = buffer_find(s, buf);
	uintptr_t old = b ? (uintptr_t)b->mem.va : 0;
	int err;

	facts_buffer(s, OP_OTHER, buf);
	err = memory_check(s, b, buf, f);
	if (!err)
		err = memory_do(s, b, what, write, f);
	if (!err)
		err = memory_follow(s, b, old, f);
	if (!err && what == OP_MEMORY_MOVE)
		err = memory_check_tables(s, b, found, f);
	facts_found(s, found);
	return err;
}
