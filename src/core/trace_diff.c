/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holding two traces against each other: what differs, and whether that is known, follows from something known, or is new. */
#include "core/trace_diff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommu/dirty.h"

/* A buffer on both sides. */
struct diff_memory {
	char buf[BUFFER_NAME_MAX];
	struct trace_memory side[2];
	bool has[2];
	bool differs, known; /* known: for reasons that are */
	unsigned int since;  /* index of the line that made it differ */
};

struct diff {
	const struct trace *t[2];
	const char *name[2];
	const struct script *script;
	struct trace_differences *out;
	/* the two executions being looked at */
	const struct trace_row *row[2];
	bool new_here; /* one of their differences is not known */
	/* what is mapped */
	uint64_t mapped[2];
	bool mapped_differs, mapped_known;
	unsigned int mapped_since;
	/* a line that this side could not do: what it would have made is not there */
	bool lacks[2];
	unsigned int lacks_since[2];
	struct diff_memory *memory;
	size_t nr_memory, memory_room;
	int err;
};

void trace_differences_free(struct trace_differences *d)
{
	free(d->list);
	memset(d, 0, sizeof(*d));
}

static bool diff_grow(struct diff *d, void **list, size_t nr, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 16;
	void *grown;

	if (nr < *room)
		return true;
	grown = reallocarray(*list, more, size);
	if (!grown) {
		d->err = -ENOMEM;
		return false;
	}
	*list = grown;
	*room = more;
	return true;
}

static unsigned int diff_number(const struct diff *d, unsigned int line)
{
	return d->script->lines[line].number;
}

/* --- why --- */

static struct diff_memory *diff_memory_find(struct diff *d, const char *buf)
{
	for (size_t i = 0; i < d->nr_memory; i++)
		if (!strcmp(d->memory[i].buf, buf))
			return &d->memory[i];
	return NULL;
}

/* What the line reads or names holds something else on each side, for a reason that is known; NULL: not so. */
static const struct diff_memory *diff_memory_before(struct diff *d)
{
	const struct diff_memory *m = d->row[0]->facts.buf[0] ? diff_memory_find(d, d->row[0]->facts.buf) : NULL;

	if (m)
		return m->differs ? m : NULL;
	if (d->row[0]->facts.kind != OP_DMA)
		return NULL;
	for (size_t i = 0; i < d->nr_memory; i++)
		if (d->memory[i].differs)
			return &d->memory[i];
	return NULL;
}

static void diff_follows(const struct diff *d, struct trace_difference *one, const char *what, unsigned int since)
{
	one->is_known = true;
	snprintf(one->known, sizeof(one->known), KNOWN_FOLLOWS);
	snprintf(one->why, sizeof(one->why), "%s differed already, since line %u", what, diff_number(d, since));
}

/* Only where the op is about that, and the reason for that is known. */
static void diff_explain_state(struct diff *d, struct trace_difference *one)
{
	const struct diff_memory *m = diff_memory_before(d);

	if (d->row[0]->facts.before != d->row[1]->facts.before && d->mapped_differs) {
		if (d->mapped_known)
			diff_follows(d, one, "what is mapped there", d->mapped_since);
	} else if (m && m->known) {
		diff_follows(d, one, "what a buffer holds", m->since);
	}
}

/* A transfer from where nothing is mapped on either side, by two kinds of device. */
static bool diff_is_device(const struct diff *d)
{
	const struct op_facts *x = &d->row[0]->facts, *y = &d->row[1]->facts;

	return x->kind == OP_DMA && x->shape & y->shape & SHAPE_NOTHING && strcmp(d->t[0]->driver, d->t[1]->driver);
}

/* @x refused what it says that it does not take, @y says that it takes it. */
static bool diff_is_aperture(const struct trace_row *x, const struct trace_row *y)
{
	return x->facts.shape & SHAPE_OUTSIDE && !(y->facts.shape & SHAPE_OUTSIDE) && x->err;
}

/* Two sources of dirty bits: what one measures, another may only suppose, or not be able to tell. */
static bool diff_is_source(const struct diff *d, const struct trace_difference *one)
{
	const struct op_facts *x = &d->row[0]->facts, *y = &d->row[1]->facts;

	return x->source && y->source && x->source != y->source &&
	       (one->field == FIELD_DIRTY || one->field == FIELD_ERRNO);
}

/* The line names on one side what a line that is unsupported there would have made. */
static bool diff_explain_lack(const struct diff *d, struct trace_difference *one)
{
	for (unsigned int side = 0; side < 2; side++) {
		const struct trace_row *row = d->row[side];

		if (!d->lacks[side] || row->err != ENOENT || row->facts.asked || d->row[!side]->err == ENOENT)
			continue;
		one->is_known = true;
		snprintf(one->known, sizeof(one->known), KNOWN_FOLLOWS);
		snprintf(one->why, sizeof(one->why), "line %u, which %s does not support, made what is named",
			 diff_number(d, d->lacks_since[side]), d->name[side]);
		return true;
	}
	return false;
}

static void diff_explain(struct diff *d, struct trace_difference *one)
{
	const struct trace_row *x = d->row[0], *y = d->row[1];
	const struct known *k = known_find(d->t[0], x, d->t[1], y, one->field);

	one->source = "";
	if (k) {
		one->is_known = true;
		one->source = k->source;
		snprintf(one->known, sizeof(one->known), "%s", k->id);
		snprintf(one->why, sizeof(one->why), "%s", k->why);
	} else if (diff_is_aperture(x, y) || diff_is_aperture(y, x)) {
		one->is_known = true;
		snprintf(one->known, sizeof(one->known), KNOWN_APERTURE);
		snprintf(one->why, sizeof(one->why), "%s does not take this IOVA at all, %s does",
			 d->name[x->facts.shape & SHAPE_OUTSIDE ? 0 : 1],
			 d->name[x->facts.shape & SHAPE_OUTSIDE ? 1 : 0]);
	} else if (one->field == FIELD_MEMORY && diff_is_device(d)) {
		one->is_known = true;
		snprintf(one->known, sizeof(one->known), KNOWN_DEVICE);
		snprintf(one->why, sizeof(one->why), "what %s and %s take for data where a read fails is their own",
			 d->t[0]->driver, d->t[1]->driver);
	} else if (diff_is_source(d, one)) {
		one->is_known = true;
		snprintf(one->known, sizeof(one->known), KNOWN_SOURCE);
		snprintf(one->why, sizeof(one->why), "the dirty bits are those of source %s on %s, of %s on %s",
			 dirty_source_name((enum dirty_source)(x->facts.source - 1)), d->name[0],
			 dirty_source_name((enum dirty_source)(y->facts.source - 1)), d->name[1]);
	} else if (!diff_explain_lack(d, one)) {
		diff_explain_state(d, one);
	}
}

/* --- the list --- */

static bool diff_is_same(const struct trace_difference *x, const struct trace_difference *y)
{
	return x->line == y->line && x->field == y->field && !strcmp(x->a, y->a) && !strcmp(x->b, y->b) &&
	       !strcmp(x->known, y->known);
}

static void diff_add(struct diff *d, struct trace_difference *one)
{
	struct trace_differences *out = d->out;

	one->line = d->row[0]->line;
	one->run = d->row[0]->run;
	one->times = 1;
	if (one->is_known)
		out->known++;
	else
		out->unknown++;
	d->new_here |= !one->is_known;
	for (size_t i = out->nr; i-- > 0;) {
		if (!diff_is_same(&out->list[i], one))
			continue;
		out->list[i].times++;
		return;
	}
	if (diff_grow(d, (void **)&out->list, out->nr, &out->room, sizeof(*out->list)))
		out->list[out->nr++] = *one;
}

static void diff_report(struct diff *d, struct trace_difference *one)
{
	one->source = "";
	diff_explain(d, one);
	diff_add(d, one);
}

/* --- what --- */

static void diff_answers(struct diff *d)
{
	const struct trace_row *x = d->row[0], *y = d->row[1];
	struct trace_difference one = {.field = FIELD_ERRNO};

	if (x->err == y->err)
		return;
	snprintf(one.a, sizeof(one.a), "%s", x->err ? script_errno_name(x->err) : "success");
	snprintf(one.b, sizeof(one.b), "%s", y->err ? script_errno_name(y->err) : "success");
	diff_report(d, &one);
}

static void diff_class_names(uint32_t classes, char *to, size_t size)
{
	size_t at = 0;

	snprintf(to, size, "none");
	for (unsigned int i = 0; i < FAILURE_CLASSES && at < size; i++)
		if (classes >> i & 1)
			at += (size_t)snprintf(to + at, size - at, "%s%s", at ? "," : "", failure_name(i));
}

static void diff_classes(struct diff *d)
{
	const struct trace_row *x = d->row[0], *y = d->row[1];
	struct trace_difference one = {.field = FIELD_CLASS};

	if (x->facts.classes != y->facts.classes) {
		diff_class_names(x->facts.classes, one.a, sizeof(one.a));
		diff_class_names(y->facts.classes, one.b, sizeof(one.b));
		diff_report(d, &one);
	} else if (x->err == y->err && x->result != y->result) {
		one.field = FIELD_RESULT;
		snprintf(one.a, sizeof(one.a), "%s", result_name(x->result));
		snprintf(one.b, sizeof(one.b), "%s", result_name(y->result));
		diff_report(d, &one);
	}
}

static void diff_number_pair(struct diff *d, enum trace_field field, uint64_t a, uint64_t b)
{
	struct trace_difference one = {.field = field};

	if (a == b)
		return;
	snprintf(one.a, sizeof(one.a), "0x%" PRIx64, a);
	snprintf(one.b, sizeof(one.b), "0x%" PRIx64, b);
	diff_report(d, &one);
}

static void diff_counts(struct diff *d)
{
	static const enum trace_field fields[FACT_COUNTS] = {
		[FACT_MAPPED] = FIELD_MAPPED,	[FACT_UNMAPPED] = FIELD_UNMAPPED, [FACT_MOVED] = FIELD_MOVED,
		[FACT_CHECKED] = FIELD_CHECKED, [FACT_DIRTY] = FIELD_DIRTY,
	};
	const struct op_facts *x = &d->row[0]->facts, *y = &d->row[1]->facts;

	for (unsigned int i = 0; i < FACT_COUNTS; i++)
		if (x->counted & y->counted & 1u << i)
			diff_number_pair(d, fields[i], x->bytes[i], y->bytes[i]);
	if (x->placed && y->placed && !(x->shape & SHAPE_CHOSEN))
		diff_number_pair(d, FIELD_IOVA, x->iova, y->iova);
}

static void diff_pins(struct diff *d)
{
	const struct trace_row *x = d->row[0], *y = d->row[1];
	struct trace_difference one = {.field = FIELD_PINS};

	if (!x->pins_known || !y->pins_known || x->pins == y->pins)
		return;
	snprintf(one.a, sizeof(one.a), "%+" PRId64 " pages", x->pins);
	snprintf(one.b, sizeof(one.b), "%+" PRId64 " pages", y->pins);
	diff_report(d, &one);
}

static void diff_left_text(const struct trace_row *row, char *to, size_t size)
{
	snprintf(to, size, "0x%" PRIx64 " bytes in %" PRIu64, row->mapped_bytes, row->mapped_count);
}

/* The hash is a sum over the mappings, so that what a line did to it is the same wherever it began. */
static void diff_left(struct diff *d)
{
	const struct trace_row *x = d->row[0], *y = d->row[1];
	struct trace_difference one = {.field = FIELD_LEFT};

	if (!x->mapped_known || !y->mapped_known)
		return;
	if (x->mapped != y->mapped && x->mapped - d->mapped[0] != y->mapped - d->mapped[1]) {
		diff_left_text(x, one.a, sizeof(one.a));
		diff_left_text(y, one.b, sizeof(one.b));
		diff_report(d, &one);
	}
}

/* --- memory --- */

static void diff_memory_text(const struct diff_memory *m, unsigned int side, char *to, size_t size)
{
	if (m->side[side].byte >= 0)
		snprintf(to, size, "%s: all 0x%02x", m->buf, (unsigned int)m->side[side].byte);
	else
		snprintf(to, size, "%s: hash 0x%" PRIx64, m->buf, m->side[side].digest);
}

static bool diff_memory_differs(const struct diff_memory *m)
{
	return m->has[0] != m->has[1] || (m->has[0] && m->side[0].digest != m->side[1].digest);
}

static void diff_memory_take(struct diff *d, unsigned int side, const struct trace_memory *from, bool *touched)
{
	struct diff_memory *m = diff_memory_find(d, from->buf);

	if (!m) {
		if (!diff_grow(d, (void **)&d->memory, d->nr_memory, &d->memory_room, sizeof(*d->memory)))
			return;
		m = &d->memory[d->nr_memory++];
		*m = (struct diff_memory){0};
		memcpy(m->buf, from->buf, sizeof(m->buf));
	}
	m->side[side] = *from;
	m->has[side] = !from->gone;
	*touched = true;
}

/* After a line that changed memory: one difference for each buffer that now holds two things. */
static void diff_memory_judge(struct diff *d, struct diff_memory *m)
{
	struct trace_difference one = {.field = FIELD_MEMORY};
	bool before = m->differs;

	m->differs = diff_memory_differs(m);
	if (!m->differs)
		return;
	if (before)
		return; /* told when it began */
	m->since = d->row[0]->line;
	/* one side has no such buffer: the line's answers say so */
	if (m->has[0] && m->has[1]) {
		diff_memory_text(m, 0, one.a, sizeof(one.a));
		diff_memory_text(m, 1, one.b, sizeof(one.b));
		diff_report(d, &one);
	}
	m->known = !d->new_here;
}

static void diff_memory(struct diff *d)
{
	bool touched = false;

	for (unsigned int side = 0; side < 2; side++)
		for (unsigned int i = 0; i < d->row[side]->nr_memory; i++)
			diff_memory_take(d, side, &d->t[side]->memory[d->row[side]->memory + i], &touched);
	for (size_t i = 0; touched && i < d->nr_memory; i++)
		diff_memory_judge(d, &d->memory[i]);
}

/* --- lines --- */

bool trace_is_unsupported(const struct trace_row *row)
{
	return row->result == RESULT_SKIP && row->err == EOPNOTSUPP && !row->facts.asked;
}

/* True when one side cannot do it: nothing else is said of the line. */
static bool diff_support(struct diff *d)
{
	struct trace_difference one = {
		.field = FIELD_SUPPORT, .is_known = true, .source = "", .known = KNOWN_UNSUPPORTED};
	bool a = trace_is_unsupported(d->row[0]), b = trace_is_unsupported(d->row[1]);

	if (!a && !b)
		return false;
	if (a != b) {
		d->lacks[a ? 0 : 1] = true;
		d->lacks_since[a ? 0 : 1] = d->row[0]->line;
		snprintf(one.a, sizeof(one.a), "%s", a ? "no" : "yes");
		snprintf(one.b, sizeof(one.b), "%s", b ? "no" : "yes");
		snprintf(one.why, sizeof(one.why), "unsupported on %s", d->name[a ? 0 : 1]);
		diff_add(d, &one);
	}
	return true;
}

/* What is mapped afterwards, for the lines that follow. */
static void diff_keep_mapped(struct diff *d)
{
	bool differed = d->mapped_differs;

	if (!d->row[0]->mapped_known && !d->row[1]->mapped_known)
		return;
	for (unsigned int side = 0; side < 2; side++)
		if (d->row[side]->mapped_known)
			d->mapped[side] = d->row[side]->mapped;
	d->mapped_differs = d->mapped[0] != d->mapped[1];
	if (!differed) {
		d->mapped_known = !d->new_here;
		d->mapped_since = d->row[0]->line;
	} else if (d->new_here) {
		d->mapped_known = false;
	}
}

static void diff_rows(struct diff *d)
{
	d->new_here = false;
	d->out->lines++;
	if (!diff_support(d)) {
		diff_answers(d);
		diff_classes(d);
		diff_counts(d);
		diff_left(d);
		diff_pins(d);
	}
	diff_memory(d);
	diff_keep_mapped(d);
}

/* One run ended before the other. */
static void diff_end(struct diff *d, const struct trace_row *next, bool a_has)
{
	struct trace_difference one = {.field = FIELD_RAN, .source = ""};

	d->row[0] = d->row[1] = next;
	snprintf(one.a, sizeof(one.a), "%s", a_has ? "yes" : "no");
	snprintf(one.b, sizeof(one.b), "%s", a_has ? "no" : "yes");
	diff_add(d, &one);
}

int trace_compare(const struct script *script, const struct trace *a, const char *name_a, const struct trace *b,
		  const char *name_b, struct trace_differences *out)
{
	struct diff d = {.t = {a, b}, .name = {name_a, name_b}, .script = script, .out = out};
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < a->nr && i < b->nr && a->rows[i].line == b->rows[i].line && !d.err; i++) {
		d.row[0] = &a->rows[i];
		d.row[1] = &b->rows[i];
		diff_rows(&d);
	}
	if (i < a->nr || i < b->nr)
		diff_end(&d, i < a->nr ? &a->rows[i] : &b->rows[i], i < a->nr);
	free(d.memory);
	return d.err;
}
