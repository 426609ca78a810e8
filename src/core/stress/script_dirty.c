/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ops of stress on dirty bits, as lines. What is due of all bits follows from every write before, so a line that says it would
 * be wrong as soon as one of them is taken out. Only the read that was wrong says what is due, and that of its one page.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/stress/script_priv.h"

static const char *dirty_where(char *buf, size_t len, const struct text *t)
{
	snprintf(buf, len, " --source %s", dirty_source_name(t->source));
	return buf;
}

/* Mappings further apart than this are logged apart: a device has no bits for all that may lie between them. */
#define DIRTY_GAP GiB(1)
#define DIRTY_SPANS_MAX 14 /* of four words each: a line of a script has no more than 64 */

static int dirty_range_order(const void *a, const void *b)
{
	const struct iova_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Neighbours with no more than @gap between them become one. Returns how many are left. */
static unsigned int dirty_join(struct iova_range *r, unsigned int nr, uint64_t gap)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr; i++) {
		if (n && (r[i].start <= r[n - 1].last || r[i].start - r[n - 1].last <= gap))
			r[n - 1].last = MAX(r[n - 1].last, r[i].last);
		else
			r[n++] = r[i];
	}
	return n;
}

/* A device is told beforehand what to log: all that is mapped at any time. @r has room for each op. */
static unsigned int dirty_spans(const struct text *t, struct iova_range *r)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < t->trace->nr; i++) {
		const struct stress_op *op = &t->trace->ops[i];
		bool maps = op->kind == STRESS_MAP || op->kind == STRESS_MAP_FILE || op->kind == STRESS_REMAP;

		if (op->done && !op->err && maps)
			r[nr++] = (struct iova_range){op->iova, op->iova + (op->size - 1)};
	}
	qsort(r, nr, sizeof(*r), dirty_range_order);
	nr = dirty_join(r, nr, DIRTY_GAP);
	for (uint64_t gap = 2 * DIRTY_GAP; nr > DIRTY_SPANS_MAX; gap *= 2)
		nr = dirty_join(r, nr, gap);
	return nr;
}

static void dirty_start_device(struct text *t, const struct stress_op *op, const char *where)
{
	CLEANUP_FREE struct iova_range *r = calloc(MAX(t->trace->nr, 1u), sizeof(*r));
	char ranges[DIRTY_SPANS_MAX * 64] = "";
	unsigned int nr = r ? dirty_spans(t, r) : 0;
	size_t at = 0;

	if (!r)
		t->err = fail_set(t->f, ENOMEM, "cannot make a script of %u ops", t->trace->nr);
	for (unsigned int i = 0; i < nr; i++)
		at += (size_t)snprintf(ranges + at, sizeof(ranges) - at, " --iova 0x%" PRIx64 " --size 0x%" PRIx64,
				       r[i].start, r[i].last - r[i].start + 1);
	if (nr)
		text_line(t, "%sdirty start%s%s", text_due(op), where, ranges);
}

static void dirty_start(struct text *t, const struct stress_op *op)
{
	char where[32];

	t->source = (enum dirty_source)op->variant;
	dirty_where(where, sizeof(where), t);
	if (t->source != DIRTY_DEVICE)
		text_line(t, "%sdirty start%s", text_due(op), where);
	else
		dirty_start_device(t, op, where);
}

static void dirty_stop(struct text *t, const struct stress_op *op)
{
	char where[32];

	text_line(t, "%sdirty stop%s", text_due(op), dirty_where(where, sizeof(where), t));
}

/* "missing" and "spurious" stand in the op's words, with the page. "" when it was something else that was wrong. */
static const char *dirty_expect(char *buf, size_t len, const struct stress_op *op)
{
	const char *missing = op->mismatch ? strstr(op->text, "missing: 0x") : NULL;
	const char *spurious = op->mismatch ? strstr(op->text, "spurious: 0x") : NULL;
	uint64_t page = 0, at = 0, before, after;
	char a[48] = "", b[48] = "";

	buf[0] = '\0';
	if (!missing && !spurious)
		return buf;
	if (sscanf(strchr(missing ? missing : spurious, ':'), ": 0x%" SCNx64 " bytes at iova 0x%" SCNx64, &page, &at) !=
	    2)
		return buf;
	if (missing) {
		snprintf(buf, len, " --expect 0x%" PRIx64 "+0x%" PRIx64 " --may 0x%" PRIx64 "+0x%" PRIx64, at, page,
			 op->iova, op->size);
		return buf;
	}
	before = at > op->iova ? at - op->iova : 0;
	after = at + page < op->iova + op->size ? op->iova + op->size - (at + page) : 0;
	if (before)
		snprintf(a, sizeof(a), "0x%" PRIx64 "+0x%" PRIx64, op->iova, before);
	if (after)
		snprintf(b, sizeof(b), "%s0x%" PRIx64 "+0x%" PRIx64, before ? "," : "", at + page, after);
	snprintf(buf, len, " --expect none%s%s%s", before || after ? " --may " : "", a, b);
	return buf;
}

/*
 * What the device writes inside of the read comes before it: nobody else can place it there. Where a bit was missing in the end it
 * comes again and again around it, and once more after it: then it is due all the more.
 */
static bool dirty_beside(struct text *t, const struct stress_op *op, char *line, size_t len)
{
	struct text_mem *from = t->slot[op->thread][op->other], *to = t->slot[op->thread][op->slot];
	char size[32], at[48] = "", offset[32];

	if (op->kind == STRESS_DIRTY_UNMAP ||
	    (op->variant != STRESS_BESIDE_WRITE && op->variant != STRESS_BESIDE_WRITE_LATE &&
	     op->variant != STRESS_BESIDE_BEFORE) ||
	    !from || !to || !from->exists || !to->exists)
		return false;
	if (op->offset)
		snprintf(at, sizeof(at), "+%s", text_size(offset, op->offset));
	snprintf(line, len, "copy %s %s%s --size %s", from->name, to->name, at, text_size(size, op->dma_size));
	text_moved(t, to, op->offset, from, 0, op->dma_size);
	text_line(t, "dma %s", line);
	return op->variant != STRESS_BESIDE_BEFORE;
}

static void dirty_read(struct text *t, const struct stress_op *op)
{
	static const char *const verbs[] = {"read", "read-clear", "unmap"};
	const char *verb = verbs[op->kind - STRESS_DIRTY_READ];
	static const char *const bitmaps[] = {" --bitmap readonly", " --bitmap nowhere"};
	char expect[200], where[32], size[32], page[48] = "", dma[160];
	bool blind = op->kind != STRESS_DIRTY_UNMAP && op->variant >= STRESS_BESIDE_READONLY;
	bool beside = dirty_beside(t, op, dma, sizeof(dma)) && t->missing;

	if (op->page_size != 4096)
		snprintf(page, sizeof(page), " --page-size %" PRIu64, op->page_size);
	if (beside)
		text_line(t, "dma start f%u %s", op->thread, dma);
	text_line(t, "%sdirty %s --iova 0x%" PRIx64 " --size %s%s%s%s%s", text_due(op), verb, op->iova,
		  text_size(size, op->size), page, dirty_where(where, sizeof(where), t),
		  blind ? bitmaps[op->variant - STRESS_BESIDE_READONLY] : "", dirty_expect(expect, sizeof(expect), op));
	if (beside) {
		text_line(t, "dma stop f%u", op->thread);
		text_line(t, "dma %s", dma);
	}
	if (op->kind == STRESS_DIRTY_UNMAP && !op->mismatch && !op->err)
		model_unmapped(t->model[0], op->iova, op->size);
}

void text_dirty(struct text *t, const struct stress_op *op)
{
	if (op->kind == STRESS_DIRTY_START)
		dirty_start(t, op);
	else if (op->kind == STRESS_DIRTY_STOP)
		dirty_stop(t, op);
	else
		dirty_read(t, op);
}
