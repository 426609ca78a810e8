/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking down what a script's lines do. */
#include "core/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "core/stamp/stamp.h"
#include "iommu/ledger.h"

#define TRACE_ROWS_MAX 4000000u

void trace_init(struct trace *t, struct session *s)
{
	memset(t, 0, sizeof(*t));
	t->personality = iommu_personality(session_iommu(s));
	snprintf(t->driver, sizeof(t->driver), "%s", session_driver_name(s));
}

void trace_release(struct trace *t)
{
	free(t->rows);
	free(t->memory);
	free(t->now);
	memset(t, 0, sizeof(*t));
}

/* Room for one more of @size bytes in *list. False: the trace is no longer complete. */
static bool trace_grow(struct trace *t, void **list, size_t nr, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *grown;

	if (t->err)
		return false;
	if (nr < *room)
		return true;
	grown = nr < TRACE_ROWS_MAX ? reallocarray(*list, more, size) : NULL;
	if (!grown) {
		t->err = nr < TRACE_ROWS_MAX ? -ENOMEM : -E2BIG;
		return false;
	}
	*list = grown;
	*room = more;
	return true;
}

void trace_begin(struct trace *t, struct session *s)
{
	memset(&t->facts, 0, sizeof(t->facts));
	session_watch(s, &t->facts);
	t->pins_known = !iommu_pins(session_iommu(s), &t->pins_before);
}

/* --- what is mapped --- */

struct trace_mapped {
	uint64_t space; /* hash of its name, 0 = main */
	struct trace_row *row;
};

static int trace_mapping(const struct ledger_entry *e, void *arg)
{
	struct trace_mapped *m = arg;
	uint64_t size = e->range.last - e->range.start + 1;

	if (!e->named)
		return 0;
	m->row->mapped_count++;
	m->row->mapped_bytes += size;
	/* an IOVA that was chosen says nothing; the order of the entries neither */
	m->row->mapped += rng_draw(rng_place(e->tag) ^ m->space, e->owner == OP_OWNER_CHOSEN ? 0 : e->range.start,
				   size | (uint64_t)e->prot << 62);
	return 0;
}

static void trace_take_mapped(struct session *s, struct trace_row *row)
{
	struct trace_mapped m = {0, row};

	row->mapped_known = true;
	ledger_each(iommu_ledger(session_iommu(s)), trace_mapping, &m);
	for (const struct named *n = s->named; n; n = n->next) {
		if (n->kind != IOMMU_OBJECT_IOAS)
			continue;
		m.space = rng_place(n->name);
		ledger_each(iommu_ledger(n->space), trace_mapping, &m);
	}
}

/* --- what the buffers hold --- */

static uint64_t trace_mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* A stamp's IOVA by what was chosen for a buffer, so that it is the same in a run that was given another place. */
static uint64_t trace_place_hash(const struct trace *t, iova_t iova)
{
	unsigned int n = t->nr_places < ARRAY_SIZE(t->places) ? t->nr_places : (unsigned int)ARRAY_SIZE(t->places);

	for (unsigned int i = 0; i < n; i++) {
		const struct trace_place *p = &t->places[(t->nr_places - 1 - i) % ARRAY_SIZE(t->places)];

		if (iova >= p->iova && iova - p->iova < p->size)
			return trace_mix(rng_place(p->buf), iova - p->iova);
	}
	return iova;
}

static uint64_t trace_line_hash(const struct trace *t, const void *line, uint64_t h)
{
	uint64_t words[STAMP_LINE / 8];
	struct stamp stamp;

	memcpy(words, line, sizeof(words));
	if (t->nr_places && stamp_read(words, &stamp)) {
		h = trace_mix(h, stamp.session);
		h = trace_mix(h, stamp.generation);
		return trace_mix(h, trace_place_hash(t, stamp.iova));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		h = trace_mix(h, words[i]);
	return h;
}

static void trace_digest(const struct trace *t, const struct buffer *b, struct trace_memory *m)
{
	const unsigned char *p = b->mem.va;
	uint64_t size = b->mem.released ? 0 : MIN(b->size, b->mem.size), at, h = size;

	m->byte = size ? p[0] : -1;
	if (size && memcmp(p, p + 1, size - 1))
		m->byte = -1;
	for (at = 0; at + STAMP_LINE <= size; at += STAMP_LINE)
		h = trace_line_hash(t, p + at, h);
	for (; at < size; at++)
		h = trace_mix(h, p[at]);
	m->digest = h;
}

static struct trace_memory *trace_find_now(struct trace *t, const char *buf)
{
	for (size_t i = t->nr_now; i-- > 0;)
		if (!strcmp(t->now[i].buf, buf))
			return &t->now[i];
	return NULL;
}

static void trace_note(struct trace *t, struct trace_row *row, const struct trace_memory *m)
{
	struct trace_memory *now = trace_find_now(t, m->buf);

	if (now && now->gone == m->gone && now->digest == m->digest)
		return;
	if (!now) {
		if (m->gone || !trace_grow(t, (void **)&t->now, t->nr_now, &t->now_room, sizeof(*t->now)))
			return;
		now = &t->now[t->nr_now++];
	}
	*now = *m;
	if (!trace_grow(t, (void **)&t->memory, t->nr_memory, &t->memory_room, sizeof(*t->memory)))
		return;
	t->memory[t->nr_memory++] = *m;
	row->nr_memory++;
}

static void trace_buffer(struct trace *t, struct trace_row *row, const char *name, const struct buffer *b)
{
	struct trace_memory m = {.gone = !b, .byte = -1};

	memcpy(m.buf, name, sizeof(m.buf));
	/* a device's registers are no memory: to look may change them */
	if (b && iommu_mem_is_device(&b->mem))
		return;
	if (b)
		trace_digest(t, b, &m);
	trace_note(t, row, &m);
}

/* Only ops that write, or that we know nothing of, can change more than the buffer they name. */
static void trace_take_memory(struct trace *t, struct session *s, struct trace_row *row)
{
	enum op_kind kind = t->facts.kind;

	row->memory = (unsigned int)t->nr_memory;
	if (kind == OP_FILL || kind == OP_DMA || kind == OP_OTHER) {
		for (const struct buffer *b = s->buffers; b; b = b->next)
			trace_buffer(t, row, b->name, b);
	} else if (t->facts.buf[0]) {
		trace_buffer(t, row, t->facts.buf, buffer_find(s, t->facts.buf));
	}
}

static void trace_take_pins(const struct trace *t, struct session *s, struct trace_row *row)
{
	uint64_t pins;

	/* the first transfer also maps the tool's own pages */
	if (row->facts.kind == OP_DMA || !t->pins_known || iommu_pins(session_iommu(s), &pins))
		return;
	row->pins_known = true;
	row->pins = (int64_t)(pins - t->pins_before);
}

static void trace_take_place(struct trace *t)
{
	struct trace_place *p = &t->places[t->nr_places % ARRAY_SIZE(t->places)];

	if (!t->facts.placed || !(t->facts.shape & SHAPE_CHOSEN))
		return;
	memcpy(p->buf, t->facts.buf, sizeof(p->buf));
	p->iova = t->facts.iova;
	p->size = t->facts.size;
	t->nr_places++;
}

void trace_end(struct trace *t, struct session *s, unsigned int line, uint64_t run, const struct script_outcome *out)
{
	struct trace_row *row;

	session_watch(s, NULL);
	if (!trace_grow(t, (void **)&t->rows, t->nr, &t->room, sizeof(*t->rows)))
		return;
	row = &t->rows[t->nr++];
	*row = (struct trace_row){.line = line, .run = run, .result = out->result, .err = out->err, .facts = t->facts};
	trace_take_place(t);
	trace_take_pins(t, s, row);
	if (t->facts.kind == OP_MAP || t->facts.kind == OP_UNMAP || t->facts.kind == OP_FREE ||
	    t->facts.kind == OP_OTHER)
		trace_take_mapped(s, row);
	trace_take_memory(t, s, row);
}
