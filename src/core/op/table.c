/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mappings an op changed, and whether the kernel's page table changed with them. */
#include "core/op/table.h"

#include <errno.h>
#include <stdio.h>

#include "core/session/priv.h"
#include "iommu/objects.h"

struct op_pins {
	uintptr_t start, last;
	int whole; /* mappings of all of it */
	bool partly;
};

static int op_pins_add(const struct ledger_entry *e, void *arg)
{
	uintptr_t start = (uintptr_t)e->va, last = start + (e->range.last - e->range.start);
	struct op_pins *p = arg;

	if (start > p->last || last < p->start)
		return 0;
	if (start <= p->start && last >= p->last)
		p->whole++;
	else
		p->partly = true;
	return p->partly;
}

/* Is it memory of which the kernel was asked for a copy? */
static bool op_table_is_copied(const struct session *s, const struct op_pins *p)
{
	for (const struct buffer *b = s->buffers; b; b = b->next)
		if (b->copied && (uintptr_t)b->mem.va <= p->last &&
		    (uintptr_t)b->mem.va + (b->mem.size - 1) >= p->start)
			return true;
	return false;
}

/*
 * How often memory should be pinned now: once by each mapping of it (iopt_alloc_user_pages()). -1: not known. A copy shares the
 * pins of what it was copied from, and of a mapping of a part some pages are pinned more often than others.
 */
static int op_table_pins(const struct session *s, struct iommu *space, const void *va, uint64_t size)
{
	struct op_pins p = {(uintptr_t)va, (uintptr_t)va + (size - 1), 0, false};
	struct iommu_object o;
	unsigned int spaces = 0;

	if (!iommu_caps(session_iommu(s))->checks_table)
		return -1;
	for (unsigned int i = 0; iommu_object_get(session_iommu(s), i, &o); i++)
		spaces += o.kind == IOMMU_OBJECT_IOAS;
	if (spaces != 1 || op_table_is_copied(s, &p))
		return -1;
	return ledger_each(iommu_ledger(space), op_pins_add, &p) ? -1 : p.whole;
}

/* Is what lies there now what was mapped? Not where the process has let go of it, or discarded what it held. */
static bool op_table_is_there(const struct session *s, const void *va)
{
	for (const struct buffer *b = s->buffers; b; b = b->next)
		if ((b->mem.released || b->mem.discarded) && (uintptr_t)va - (uintptr_t)b->mem.va < b->mem.size)
			return false;
	return true;
}

static int op_table_ask(struct session *s, struct iommu *space, const void *va, iova_t iova, uint64_t size, bool mapped,
			int pins, struct failures *found, struct fail *f)
{
	struct failure bad = {.iova = iova, .length = size};
	struct fail why = {0};
	int err = 0;

	if (!iommu_caps(session_iommu(s))->checks_table || !op_table_is_there(s, va))
		return 0;
	err = session_check_table(s, space, va, iova, size, mapped, pins, &why);
	/* no answer either way, to an op that was done: the kernel may have been short of memory for a moment */
	if (err && err != -EILSEQ && err != -EUCLEAN && err != -EOPNOTSUPP)
		err = session_check_table(s, space, va, iova, size, mapped, pins, &why);
	if (err == -EILSEQ || err == -EUCLEAN) {
		bad.class = err == -EUCLEAN ? FAILURE_PIN_LEAK : FAILURE_PAGE_TABLE;
		snprintf(bad.text, sizeof(bad.text), "after %s: %.170s", mapped ? "a map" : "an unmap", why.text);
		failures_add(found, &bad);
		return 0;
	}
	if (err && f)
		*f = why;
	return err;
}

int op_table_mapped(struct session *s, struct iommu *space, const void *va, iova_t iova, uint64_t size,
		    struct failures *found, struct fail *f)
{
	return op_table_ask(s, space, va, iova, size, true, op_table_pins(s, space, va, size), found, f);
}

int op_table_before(struct session *s, struct iommu *space, struct iova_range range, struct op_table *t, struct fail *f)
{
	struct ledger_entry e, *more;
	size_t room = 0;

	*t = (struct op_table){0};
	while (iommu_caps(session_iommu(s))->checks_table && range.start <= range.last &&
	       ledger_find(iommu_ledger(space), range, &e)) {
		if (t->nr == room) {
			room = room ? 2 * room : 8;
			more = reallocarray(t->entries, room, sizeof(e));
			if (!more) {
				free(t->entries);
				return fail_set(f, ENOMEM, "cannot note down what is mapped");
			}
			t->entries = more;
		}
		t->entries[t->nr++] = e;
		if (e.range.last >= range.last)
			break;
		range.start = e.range.last + 1;
	}
	return 0;
}

int op_table_after(struct session *s, struct iommu *space, struct op_table *t, struct failures *found, struct fail *f)
{
	int err = 0;

	for (size_t i = 0; i < t->nr && !err; i++) {
		const struct ledger_entry *e = &t->entries[i];
		struct ledger_entry now;
		bool mapped = ledger_find(iommu_ledger(space), e->range, &now) && now.va == e->va;
		uint64_t size = e->range.last - e->range.start + 1;
		int pins = e->named ? op_table_pins(s, space, e->va, size) : -1;

		err = op_table_ask(s, space, e->va, e->range.start, size, mapped, pins, found, f);
	}
	free(t->entries);
	*t = (struct op_table){0};
	return err;
}
