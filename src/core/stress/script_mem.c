/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The buffers of a script made of a trace: what each has to hold, and when it is given back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stress/script_priv.h"

struct text_mem *text_mem_new(struct text *t, const struct stress_op *op, const char *what)
{
	struct text_mem *m = calloc(1, sizeof(*m)), **grown;

	if (t->nr_mems == t->mems_room) {
		unsigned int room = MAX(2 * t->mems_room, 256u);

		grown = reallocarray(t->mems, room, sizeof(struct text_mem *));
		if (grown) {
			t->mems = grown;
			t->mems_room = room;
		}
	}
	if (!m || t->nr_mems == t->mems_room) {
		free(m);
		t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
		return NULL;
	}
	/* each life has a name of its own, those of a thread's slot beside each other */
	snprintf(m->name, sizeof(m->name), "t%u%s%u-%u", op->thread, what, op->slot, ++t->names);
	m->size = op->size;
	m->iova = op->iova;
	m->prot = op->prot;
	t->mems[t->nr_mems++] = m;
	return m;
}

uint64_t text_mem_id(const struct text *t, const struct text_mem *m)
{
	unsigned int i = t->nr_mems;

	while (i && t->mems[i - 1] != m)
		i--;
	return i;
}

void text_mem_free(struct text_mem *m)
{
	free(m->piece);
	free(m);
}

static bool piece_follows(const struct text_piece *a, const struct text_piece *b)
{
	if (a->offset + a->size != b->offset || a->known != b->known)
		return false;
	return !a->known || (a->generation == b->generation && a->at + a->size == b->at);
}

static void piece_put(struct text_mem *m, struct text_piece p)
{
	if (!p.size)
		return;
	if (m->nr && piece_follows(&m->piece[m->nr - 1], &p))
		m->piece[m->nr - 1].size += p.size;
	else
		m->piece[m->nr++] = p;
}

/* The part of @p inside of [from, end). */
static struct text_piece piece_part(struct text_piece p, uint64_t from, uint64_t end)
{
	uint64_t skip = from > p.offset ? MIN(from - p.offset, p.size) : 0;

	p.offset += skip;
	p.at += skip;
	p.size -= skip;
	if (p.offset >= end)
		p.size = 0;
	else
		p.size = MIN(p.size, end - p.offset);
	return p;
}

/* @n pieces, in order and without holes, take the place of what was there. */
static void pieces_replace(struct text *t, struct text_mem *m, const struct text_piece *in, unsigned int n)
{
	struct text_mem out = {.piece = calloc((size_t)m->nr + n + 2, sizeof(*in))};
	uint64_t from = in[0].offset, end = in[n - 1].offset + in[n - 1].size;

	if (!out.piece) {
		t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
		return;
	}
	for (unsigned int i = 0; i < m->nr; i++)
		piece_put(&out, piece_part(m->piece[i], 0, from));
	for (unsigned int i = 0; i < n; i++)
		piece_put(&out, in[i]);
	for (unsigned int i = 0; i < m->nr; i++)
		piece_put(&out, piece_part(m->piece[i], end, UINT64_MAX));
	free(m->piece);
	m->piece = out.piece;
	m->nr = out.nr;
}

void text_unknown(struct text *t, struct text_mem *m, uint64_t offset, uint64_t size)
{
	uint64_t from = ALIGN_DOWN(offset, STAMP_LINE), end = MIN(ALIGN_UP(offset + size, STAMP_LINE), m->size);
	struct text_piece p = {.offset = from, .size = end - from};

	if (size)
		pieces_replace(t, m, &p, 1);
}

void text_fill(struct text *t, struct text_mem *m, const struct stress_op *op, uint64_t offset, uint64_t size,
	       iova_t iova)
{
	struct text_piece p = {offset, size, true, stamp_generation(op->thread, op->n), iova};
	char o[32], s[32];

	if (!m->exists || m->released)
		return;
	pieces_replace(t, m, &p, 1);
	if (!offset && size == m->size)
		text_line(t, "fill %s --stamp 0x%" PRIx64, m->name, p.generation);
	else
		text_line(t, "fill %s --offset %s --size %s --stamp 0x%" PRIx64, m->name, text_size(o, offset),
			  text_size(s, size), p.generation);
}

void text_moved(struct text *t, struct text_mem *to, uint64_t to_offset, struct text_mem *from, uint64_t from_offset,
		uint64_t size)
{
	/* a line of which only a part was written is nobody's stamp */
	uint64_t whole = ALIGN_DOWN(size, STAMP_LINE), end = from_offset + whole;
	struct text_piece *p = calloc((size_t)from->nr + 1, sizeof(*p));
	unsigned int n = 0;

	for (unsigned int i = 0; p && i < from->nr; i++) {
		p[n] = piece_part(from->piece[i], from_offset, end);
		p[n].offset += to_offset - from_offset;
		n += p[n].size != 0;
	}
	if (n)
		pieces_replace(t, to, p, n);
	if (p && whole < size)
		text_unknown(t, to, to_offset + whole, size - whole);
	if (!p)
		t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
	free(p);
}

static void check_piece(struct text *t, const struct text_mem *m, const struct text_piece *p)
{
	char n[32], offset[48] = "", size[48] = "", at[32] = "";

	if (!p->size || !p->known || p->offset % STAMP_LINE)
		return;
	if (p->offset)
		snprintf(offset, sizeof(offset), " --offset %s", text_size(n, p->offset));
	if (p->offset + p->size != m->size)
		snprintf(size, sizeof(size), " --size %s", text_size(n, p->size));
	if (p->at != m->iova + p->offset)
		snprintf(at, sizeof(at), " --at 0x%" PRIx64, p->at);
	text_line(t, "check %s%s%s --stamp 0x%" PRIx64 "%s", m->name, offset, size, p->generation, at);
}

void text_check(struct text *t, struct text_mem *m, uint64_t offset, uint64_t size)
{
	if (!m || !m->exists || m->released)
		return;
	for (unsigned int i = 0; i < m->nr; i++) {
		struct text_piece p = piece_part(m->piece[i], offset, offset + size);

		check_piece(t, m, &p);
	}
}

void text_check_all(struct text *t, unsigned int thread)
{
	for (unsigned int i = 0; i < STRESS_SLOTS; i++)
		text_check(t, t->slot[thread][i], 0, UINT64_MAX / 2);
	for (unsigned int i = 0; i < STRESS_GRAVES; i++)
		text_check(t, t->grave[thread][i], 0, UINT64_MAX / 2);
}

struct text_search {
	uint64_t id;
	struct model_map found;
};

static int text_search_one(const struct model_map *map, void *arg)
{
	struct text_search *s = arg;

	if (map->id != s->id)
		return 0;
	s->found = *map;
	return 1;
}

bool text_is_mapped(const struct text *t, const struct text_mem *m, unsigned int space)
{
	struct text_search s = {.id = text_mem_id(t, m)};

	return t->model[space] && model_each(t->model[space], text_search_one, &s);
}

void text_unmap_slot(struct text *t, struct text_mem *m, unsigned int space)
{
	struct text_search s = {.id = text_mem_id(t, m)};
	bool any = false;

	while (t->model[space] && model_each(t->model[space], text_search_one, &s)) {
		model_unmapped(t->model[space], s.found.range.start, s.found.range.last - s.found.range.start + 1);
		any = true;
	}
	if (any && space)
		text_line(t, "unmap %s --ioas s%u", m->name, space);
	else if (any)
		text_line(t, "unmap %s", m->name);
}

static void text_free(struct text *t, struct text_mem *m)
{
	if (m->exists)
		text_line(t, "free %s", m->name);
	m->exists = false;
}

void text_clear(struct text *t, unsigned int thread, unsigned int slot, bool bury)
{
	struct text_mem *m = t->slot[thread][slot], **grave = &t->grave[thread][t->next_grave[thread]];

	if (!m)
		return;
	for (unsigned int i = 0; i <= STRESS_SPACES && m->exists; i++)
		text_unmap_slot(t, m, i);
	text_check(t, m, 0, m->size);
	t->slot[thread][slot] = NULL;
	if (!bury) {
		text_free(t, m);
		return;
	}
	if (*grave) {
		text_check(t, *grave, 0, (*grave)->size);
		text_free(t, *grave);
	}
	*grave = m;
	t->next_grave[thread] = (t->next_grave[thread] + 1) % STRESS_GRAVES;
}
