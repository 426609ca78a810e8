/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers that were unmapped and must not change any more. They stay pinned by a mapping in the arena that was made before
 * the mapping under test went away (slab.c), so their pages can neither move nor be reused: what changes here was written
 * through a translation that should be gone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/compare/priv.h"

unsigned int graves_per_thread(const struct compare_params *p)
{
	return p->graveyard && p->threads > 1 ? p->graveyard + COMPARE_PARCELS - 1 : p->graveyard;
}

int graveyard_new(struct compare_thread *t, struct fail *f)
{
	unsigned int n = graves_per_thread(t->c->p);

	if (!n)
		return 0;
	t->graves = calloc(n, sizeof(*t->graves));
	return t->graves ? 0 : fail_set(f, ENOMEM, "cannot allocate a graveyard of %u", n);
}

struct loop_mem graveyard_evict(struct compare_thread *t)
{
	struct grave *g = t->graves ? &t->graves[t->next_grave] : NULL;
	struct loop_mem mem = {NULL, 0, NULL};

	if (g && g->used)
		mem = g->mem;
	if (g)
		g->used = false;
	return mem;
}

/* The memory either goes back or, with --reuse, becomes the next loop's. */
int graveyard_retire(struct compare_loop *l, struct fail *f)
{
	struct loop_mem mem = graveyard_evict(l->t);

	return slab_recycle(l, &mem, f);
}

void graveyard_bury(struct compare_loop *l)
{
	struct compare_thread *t = l->t;
	struct grave *g = t->graves ? &t->graves[t->next_grave] : NULL;

	if (!g)
		return;
	t->next_grave = (t->next_grave + 1) % graves_per_thread(t->c->p);
	g->mem = l->mem;
	g->size = l->size;
	g->payload = l->payload;
	g->stamp = l->stamp;
	g->used = true;
	g->told = false;
	l->mem.va = NULL;
}

static void grave_found(struct compare_loop *l, const struct grave *g, const struct stamp_verdict *v, iova_t base)
{
	struct failure *bad = compare_found(l, FAILURE_STALE_WRITE, base + v->offset, v->length);
	uint64_t age = (l->stamp.generation & 0xffffffffffff) - (g->stamp.generation & 0xffffffffffff);

	failure_from_verdict(bad, v, base);
	bad->class = FAILURE_STALE_WRITE;
	if (v->got_is_stamp)
		snprintf(bad->text, sizeof(bad->text),
			 "%zu bytes of generation %" PRIu64 "'s data (stamped for iova 0x%" PRIx64
			 ") landed in the buffer of %" PRIu64 " loop%s ago, unmapped from iova 0x%" PRIx64,
			 v->length, v->got.generation & 0xffffffffffff, v->got.iova, age, age == 1 ? "" : "s",
			 base + v->offset);
	else
		snprintf(bad->text, sizeof(bad->text),
			 "%zu bytes of a buffer unmapped %" PRIu64 " loop%s ago from iova 0x%" PRIx64
			 " changed to %s: first word 0x%016" PRIx64,
			 v->length, age, age == 1 ? "" : "s", base + v->offset, stamp_class_text(v->what), v->words[0]);
	l->graveyard_hit = true;
	/* with several threads the loop that wrote it may be one that was not verified yet */
	l->t->explained[l->t->nr_explained++ % COMPARE_EXPLAINED] = (struct told_write){
		v->got_is_stamp ? v->got.generation : 0, {g->stamp.iova, g->stamp.iova + (g->size - 1)}};
}

/*
 * As it was buried again, so that what changes next is told. With several threads its pages may be another loop's by now, which is
 * under way (then that is what was found): they are left alone.
 */
static void grave_mend(const struct compare_loop *l, struct grave *g, char *half, const struct stamp *stamp)
{
	if (l->c->p->threads > 1)
		g->told = true;
	else if (stamp)
		stamp_fill(half, g->payload, stamp);
	else
		stamp_bury(half, g->payload);
}

/* The buried half: any line that is not as it was buried. */
static void grave_verify_buried(struct compare_loop *l, struct grave *g)
{
	char *dst = g->mem.va + g->payload;
	struct stamp at = g->stamp;
	struct stamp_verdict v;
	size_t offset = 0, from;

	if (stamp_is_buried(dst, g->payload))
		return;
	while (offset < g->payload && stamp_is_buried(dst + offset, MIN((size_t)STAMP_LINE, g->payload - offset)))
		offset += STAMP_LINE;
	from = offset;
	while (offset < g->payload && !stamp_is_buried(dst + offset, MIN((size_t)STAMP_LINE, g->payload - offset)))
		offset += STAMP_LINE;
	offset = MIN(offset, (size_t)g->payload);
	/*
	 * Decode the first changed line. It is held against a place and a loop that never were, so that an intact stamp of any
	 * loop, the grave's own included (a stale read copied by a stale write), is told as what it is.
	 */
	at.iova = ~at.iova;
	at.generation |= 0xffffffffffff;
	stamp_next_bad(dst + from, MIN((size_t)STAMP_LINE, offset - from), &at, &(size_t){0}, &v);
	v.offset = from;
	v.length = offset - from;
	grave_found(l, g, &v, g->stamp.iova + g->payload);
	l->found[l->nr ? l->nr - 1 : 0].expected_burial = true;
	grave_mend(l, g, dst, NULL);
}

static void grave_verify(struct compare_loop *l, struct grave *g)
{
	struct stamp_verdict v;
	size_t offset = 0;

	if (!stamp_verify(g->mem.va, g->payload, &g->stamp)) {
		if (stamp_next_bad(g->mem.va, g->payload, &g->stamp, &offset, &v))
			grave_found(l, g, &v, g->stamp.iova);
		grave_mend(l, g, g->mem.va, &g->stamp);
	}
	grave_verify_buried(l, g);
}

void graveyard_verify(struct compare_loop *l)
{
	if (!l->t->graves)
		return;
	for (unsigned int i = 0; i < graves_per_thread(l->c->p); i++)
		if (l->t->graves[i].used && !l->t->graves[i].told)
			grave_verify(l, &l->t->graves[i]);
}

void graveyard_free(struct compare_thread *t)
{
	free(t->graves);
	t->graves = NULL;
	t->spare.va = NULL;
}
