/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of slots with its shadow, the graveyard of what was given up, and the verdict on bytes that are not as they have to be. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/priv.h"

unsigned int stress_mem_id(const struct stress_thread *t, const struct stress_mem *m)
{
	return (unsigned int)(m - t->mems) + 1;
}

struct stress_mem *stress_mem_of(struct stress_thread *t, uint64_t id)
{
	return id && id <= STRESS_MEMS ? &t->mems[id - 1] : NULL;
}

static int mem_pin(struct stress_thread *t, struct stress_mem *m, struct fail *f)
{
	int err = session_pin(t->st->s, m->pin, m->va, ALIGN_UP(m->size, t->st->granule), f);

	m->pinned = !err;
	return err;
}

static void mem_free(struct stress_thread *t, struct stress_mem *m)
{
	struct stress *st = t->st;

	/* a device that would not stop may still write to it */
	if (!session_is_quiet(st->s))
		return;
	if (m->pinned)
		session_unpin(st->s, m->pin, ALIGN_UP(m->size, st->granule), NULL, NULL);
	iommu_mem_free(st->space[0], &m->mem);
	t->bytes -= m->size;
	stress_shadow_give(t, m);
	*m = (struct stress_mem){.pin = m->pin};
}

/* The oldest grave is given back. False: there is none. */
static bool mem_retire(struct stress_thread *t, struct stress_op *op)
{
	for (unsigned int i = 0; i < STRESS_GRAVES; i++) {
		struct stress_mem **grave = &t->graves[(t->next_grave + i) % STRESS_GRAVES];

		if (!*grave)
			continue;
		stress_mem_check(t, op, *grave, 0, (*grave)->size);
		mem_free(t, *grave);
		*grave = NULL;
		return true;
	}
	return false;
}

struct stress_mem *stress_mem_new(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct stress_mem *m = NULL;
	uint64_t size = op->size;
	int err;

	while (t->bytes + size > st->mem_budget && mem_retire(t, op))
		;
	for (unsigned int i = 0; i < STRESS_MEMS && !m; i++)
		if (!t->mems[i].used)
			m = &t->mems[i];
	if (!m || stress_shadow_take(t, m, size)) {
		fail_set(f, ENOMEM, "cannot allocate the copy of 0x%" PRIx64 " bytes", size);
		return NULL;
	}
	if (iommu_mem_alloc(st->space[0], size, op->mem, &m->mem, f)) {
		stress_shadow_give(t, m);
		return NULL;
	}
	m->va = m->mem.va;
	m->size = size;
	m->used = true;
	t->bytes += size;
	m->pin = t->index * STRESS_MEMS + stress_mem_id(t, m) - 1;
	err = st->hardware ? mem_pin(t, m, f) : 0;
	if (!err)
		return m;
	mem_free(t, m);
	return NULL;
}

void stress_mem_fill(struct stress_thread *t, const struct stress_op *op, struct stress_mem *m, uint64_t offset,
		     uint64_t size, iova_t iova)
{
	struct stamp stamp = {session_stamp_id(t->st->s), stamp_generation(op->thread, op->n), iova};

	stamp_fill(m->shadow + offset, size, &stamp);
	if (m->va)
		memcpy((char *)m->va + offset, m->shadow + offset, size);
	if (!offset && size == m->size)
		m->unknown = false;
}

static bool mem_line_differs(const struct stress_mem *m, uint64_t at, uint64_t end)
{
	return memcmp((char *)m->va + at, m->shadow + at, MIN(end - at, (uint64_t)STAMP_LINE));
}

/* The first line that differs decides what it is. */
static void mem_verdict(const struct stress_mem *m, uint64_t at, uint64_t size, struct stamp_verdict *v)
{
	uint64_t words[STAMP_LINE / 8] = {0};
	struct stamp want;
	size_t offset = 0;

	memcpy(words, m->shadow + at, size);
	/* what is no stamp of ours is held against a place and an op that never were: then any stamp is told as what it is */
	if (size < STAMP_LINE || !stamp_read(words, &want))
		want = (struct stamp){words[0], UINT64_MAX, ~(uint64_t)0};
	if (!stamp_next_bad((char *)m->va + at, size, &want, &offset, v))
		*v = (struct stamp_verdict){.what = STAMP_FOREIGN, .expected = want};
}

static enum failure_class mem_class(const struct stress_mem *m, const struct stamp_verdict *v, bool late,
				    enum failure_class class)
{
	/* what came after the stamp that is due was written for other memory */
	if (late || v->what == STAMP_NEWER)
		return FAILURE_STALE_WRITE;
	(void)m;
	return class;
}

static void mem_tell(struct stress_thread *t, struct stress_op *op, struct stress_mem *m, uint64_t at, uint64_t end)
{
	bool late = true;
	struct stamp_verdict v;
	struct failure bad = {0};
	uint64_t from = at;

	for (unsigned int i = 0; i < STRESS_SLOTS; i++)
		late &= t->slots[i].mem != m || t->slots[i].state < SLOT_MAPPED;
	mem_verdict(m, at, MIN(end - at, (uint64_t)STAMP_LINE), &v);
	while (at < end && mem_line_differs(m, at, end))
		at += STAMP_LINE;
	v.offset = from;
	v.length = MIN(at, end) - from;
	failure_from_verdict(&bad, &v, m->last_iova);
	bad.class = mem_class(m, &v, late, bad.class);
	if (late)
		snprintf(bad.text, sizeof(bad.text),
			 "%zu bytes of memory unmapped before from iova 0x%" PRIx64
			 " changed: they hold %s, first word 0x%016" PRIx64,
			 v.length, m->last_iova + from, stamp_class_text(v.what), v.words[0]);
	stress_found(t, op, late ? "unmapped memory stays as it is" : "the memory's contents as they were written",
		     &bad);
}

bool stress_mem_check(struct stress_thread *t, struct stress_op *op, struct stress_mem *m, uint64_t offset,
		      uint64_t size)
{
	uint64_t at = offset, end = offset + size;

	if (!m->va || m->unknown || !memcmp((char *)m->va + offset, m->shadow + offset, size))
		return true;
	while (!mem_line_differs(m, at, end))
		at += STAMP_LINE;
	mem_tell(t, op, m, at, end);
	/* told once */
	memcpy(m->shadow + offset, (char *)m->va + offset, size);
	return false;
}

void stress_mem_give_up(struct stress_thread *t, struct stress_op *op, struct stress_mem *m, bool bury)
{
	struct stress_mem **grave = &t->graves[t->next_grave];

	stress_mem_check(t, op, m, 0, m->size);
	m->last_op = op->n;
	if (!bury && !t->st->hardware) {
		mem_free(t, m);
		return;
	}
	if (*grave) {
		stress_mem_check(t, op, *grave, 0, (*grave)->size);
		mem_free(t, *grave);
	}
	*grave = m;
	t->next_grave = (t->next_grave + 1) % STRESS_GRAVES;
}

void stress_mem_check_all(struct stress_thread *t, struct stress_op *op)
{
	for (unsigned int i = 0; i < STRESS_MEMS; i++)
		if (t->mems[i].used)
			stress_mem_check(t, op, &t->mems[i], 0, t->mems[i].size);
}

void stress_mem_empty(struct stress_thread *t)
{
	for (unsigned int i = 0; i < STRESS_MEMS; i++)
		if (t->mems[i].used)
			mem_free(t, &t->mems[i]);
	stress_shadows_trim(t);
	memset(t->graves, 0, sizeof(t->graves));
	t->next_grave = 0;
}

void stress_mem_free_all(struct stress_thread *t)
{
	stress_mem_empty(t);
	stress_shadows_free(t);
}

int stress_mem_repin(struct stress_thread *t, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < STRESS_MEMS && !err; i++) {
		struct stress_mem *m = &t->mems[i];

		if (!m->used || !m->pinned)
			continue;
		if (m->va)
			err = mem_pin(t, m, f);
		else
			m->pinned = false; /* RELEASE: with the last pin its pages are gone */
	}
	return err;
}
