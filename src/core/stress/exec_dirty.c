/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops of stress on dirty bits: tracking on and off between rounds, reads in them, each thread of its own window. */
#include "core/stress/exec_dirty.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "core/op/dirty.h"

/* --- sources --- */

int stress_dirty_open(struct stress *st, struct fail *f)
{
	struct stress_dirty *d = calloc(1, sizeof(*d));

	if (!d)
		return fail_set(f, ENOMEM, "cannot keep book of dirty bits");
	for (unsigned int i = 0; i < DIRTY_SOURCES; i++) {
		struct op_dirty op = {.source = (enum dirty_source)i};
		struct dirty_at at;
		struct fail why = {0};

		d->there[i] = !op_dirty_find(st->s, &op, &at, &d->caps[i], &why);
		if (!d->there[i] && !d->why[0])
			snprintf(d->why, sizeof(d->why), "%.150s", why.text);
	}
	st->dirty_priv = d;
	return 0;
}

void stress_dirty_close(struct stress *st)
{
	struct stress_dirty *d = st->dirty_priv;

	if (!d)
		return;
	for (unsigned int i = 0; i < STRESS_THREADS_MAX; i++)
		free(d->room[i].at);
	free(d);
	st->dirty_priv = NULL;
}

static const char *dirty_lacks(const struct stress *st)
{
	const struct stress_dirty *d = st->dirty_priv;

	for (unsigned int i = 0; d && i < DIRTY_SOURCES; i++)
		if (d->there[i] && (st->has_dma || d->caps[i].marks))
			return NULL;
	return d && d->why[0] ? d->why : "nothing tracks dirty pages here";
}

static const char *dirty_read_lacks(const struct stress *st)
{
	const struct stress_dirty *d = st->dirty_priv;
	const char *why = dirty_lacks(st);

	for (unsigned int i = 0; !why && i < DIRTY_SOURCES; i++)
		if (d->there[i] && d->caps[i].can_keep)
			return NULL;
	return why ? why : "no source of dirty bits can read them without clearing";
}

static const char *dirty_unmap_lacks(const struct stress *st)
{
	const struct stress_dirty *d = st->dirty_priv;
	const char *why = dirty_lacks(st);

	for (unsigned int i = 0; !why && i < DIRTY_SOURCES; i++)
		if (d->there[i] && d->caps[i].unmaps)
			return NULL;
	return why ? why : "no source of dirty bits reads and unmaps in one call";
}

/* --- on and off --- */

static bool dirty_start_draw(struct stress_thread *t, struct stress_op *op)
{
	const struct stress *st = t->st;
	const struct stress_dirty *d = st->dirty_priv;
	unsigned int from = (unsigned int)stress_draw_below(t, op, "source", DIRTY_SOURCES);

	/* started again, the page table's bits begin anew; the others refuse that or do not mind */
	if (st->dirty) {
		op->variant = DIRTY_IOMMU;
		return st->dirty_at.source == DIRTY_IOMMU;
	}
	/* large entries are the page table's */
	if (st->align > st->granule && stress_draw_once_in(t, op, "entries", 2))
		from = DIRTY_IOMMU;
	for (unsigned int i = 0; i < DIRTY_SOURCES; i++) {
		op->variant = (from + i) % DIRTY_SOURCES;
		if (d->there[op->variant] && (st->has_dma || d->caps[op->variant].marks))
			return true;
	}
	return false;
}

/* A device is told beforehand what to log: everything that may be mapped. As one range where it takes no more. */
static unsigned int dirty_windows(const struct stress *st, struct iova_range *ranges, unsigned int max)
{
	unsigned int n = 0, all = 0;

	for (unsigned int i = 0; i < st->nr_threads; i++) {
		const struct stress_window *w = &st->threads[i].window;

		for (unsigned int p = 0; p < w->nr; p++, all++)
			if (n < max)
				ranges[n++] = w->part[p];
	}
	if (all <= max)
		return n;
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		const struct stress_window *w = &st->threads[i].window;

		for (unsigned int p = 0; p < w->nr; p++) {
			ranges[0].start = MIN(ranges[0].start, w->part[p].start);
			ranges[0].last = MAX(ranges[0].last, w->part[p].last);
		}
	}
	return 1;
}

static int dirty_start_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress *st = t->st;
	struct stress_dirty *d = st->dirty_priv;
	struct op_dirty how = {.source = (enum dirty_source)op->variant};
	struct model_answer due = {.nr = 1, .why = "tracking starts"};
	struct iova_range ranges[64];
	struct op_dirty_on on = {0};
	unsigned int nr = 0;
	int err;

	(void)f;
	if (d->caps[how.source].ranges)
		nr = dirty_windows(st, ranges, MIN(d->caps[how.source].ranges, (unsigned int)ARRAY_SIZE(ranges)));
	err = op_dirty_start(st->s, &how, ranges, nr, 0, f);
	if (!stress_judge(t, op, &due, err, 0))
		return 0;
	op_dirty_get(st->s, 0, &on);
	st->dirty = true;
	st->dirty_at = on.at;
	st->dirty_caps = d->caps[how.source];
	if (st->beyond)
		st->dirty_caps.loses_cut = false;
	d->how = (struct model_tracking){.source = how.source, .caps = &st->dirty_caps, .unit = on.page_size};
	for (unsigned int i = 0; i < st->nr_threads; i++) {
		model_dirty_start(st->threads[i].model[0], &d->how);
		st->threads[i].rest = STRESS_NO_RANGE;
	}
	return 0;
}

int stress_dirty_end(struct stress *st, struct fail *f)
{
	struct op_dirty how = {.source = st->dirty_at.source};

	if (!st->dirty)
		return 0;
	st->dirty = false;
	for (unsigned int i = 0; i < st->nr_threads; i++)
		model_dirty_stop(st->threads[i].model[0]);
	return op_dirty_stop(st->s, &how, f);
}

static bool dirty_stop_draw(struct stress_thread *t, struct stress_op *op)
{
	op->variant = t->st->dirty_at.source;
	return t->st->dirty;
}

static int dirty_stop_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct model_answer due = {.nr = 1, .why = "tracking stops"};

	stress_judge(t, op, &due, stress_dirty_end(t->st, f), 0);
	return 0;
}

const struct stress_verb stress_verb_dirty_start = {
	.lacks = dirty_lacks, .draw = dirty_start_draw, .exec = dirty_start_exec, .quiet = true};
const struct stress_verb stress_verb_dirty_stop = {
	.lacks = dirty_lacks, .draw = dirty_stop_draw, .exec = dirty_stop_exec, .quiet = true};

/* --- reading --- */

/* DMA inside of a read. */
struct dirty_beside {
	struct stress_thread *t;
	struct stress_op *op;
	struct iova_range range;
	pthread_t thread;
	bool done;
	int err;
	struct fail fail;
};

/* Another thread's read may open the window as well: then it was none of ours. */
static void beside_write(void *arg)
{
	struct dirty_beside *b = arg;
	struct stress_op *op = b->op;

	if (!pthread_equal(b->thread, pthread_self()))
		return;
	b->done = true;
	b->err = stress_copy_slots(b->t, op, op->other, 0, op->slot, op->offset, op->dma_size, &b->fail);
	/* the read goes on without it */
	if (b->err == -ECANCELED) {
		b->done = false;
		b->err = 0;
	}
}

static enum dirty_window beside_window(const struct stress_op *op)
{
	return op->variant == STRESS_BESIDE_WRITE ? DIRTY_READ_BEFORE_FLUSH : DIRTY_READ_AFTER_FLUSH;
}

static bool op_writes(const struct stress_op *op)
{
	return op->kind != STRESS_DIRTY_UNMAP &&
	       (op->variant == STRESS_BESIDE_WRITE || op->variant == STRESS_BESIDE_WRITE_LATE);
}

/* The pages are marked as a device's writes would have them. */
static int dirty_mark(struct stress_thread *t, const struct stress_op *op, struct fail *f)
{
	uint64_t page = t->st->granule, n = op->dma_size / page, bits = UINT64_MAX;
	iova_t iova = t->slots[op->slot].iova + op->offset;
	int err = 0;

	if (!model_reaches(t->model[0], iova, op->dma_size, 0))
		return 0;
	for (uint64_t i = 0; i < n && !err; i += 64) {
		uint64_t length = MIN(n - i, (uint64_t)64) * page;

		err = iommu_dirty_mark(&t->st->dirty_at, iova + i * page, length, page, &bits, NULL, f);
		if (!err)
			model_marked(t->model[0], iova + i * page, length);
	}
	return err;
}

/* The last byte of what is mapped without a hole from the range's start on. */
static iova_t dirty_prefix(const struct stress_thread *t, struct iova_range r)
{
	struct model_map map;
	iova_t at = r.start;

	while (model_find(t->model[0], at, &map)) {
		if (map.range.last >= r.last)
			return r.last;
		at = map.range.last + 1;
	}
	return at ? at - 1 : 0;
}

/* The model after a read that cleared. */
static void dirty_settle(struct stress_look *look, const struct dirty_beside *b, iova_t sure)
{
	struct model *m = look->t->model[0];
	uint64_t page = look->op->page_size;
	struct iova_range read = {look->range.start, MIN(sure, look->range.last)}, last = look->last;

	/* behind a hole nothing was read, or all of it: who knows */
	if (sure < look->range.last) {
		model_dirty_doubt(m, (struct iova_range){MAX(sure, look->range.start), look->range.last});
		last.last = read.last;
	}
	if (read.start <= read.last)
		model_dirty_cleared(m, read, look->first, last);
	if (!b->done || b->err)
		return;
	/* what was written meanwhile and was told may be told again; what was not, must be */
	for (iova_t at = ALIGN_DOWN(b->range.start, page); at <= b->range.last; at += page) {
		struct iova_range r = {MAX(at, b->range.start), MIN(at + page - 1, b->range.last)};

		if (stress_look_has(look, r.start))
			model_touched(m, r.start, r.last - r.start + 1);
		else
			model_wrote(m, r.start, r.last - r.start + 1);
	}
}

static struct model_dirty_req dirty_ask(const struct stress_look *look, bool unmap)
{
	const struct stress_op *op = look->op;

	return (struct model_dirty_req){.iova = op->iova,
					.size = op->size,
					.page_size = op->page_size,
					.bytes = look->raw_size,
					.keep = op->kind == STRESS_DIRTY_READ,
					.unmap = unmap,
					.unwritable = stress_look_is_blind(look)};
}

static struct dirty_read dirty_call(const struct stress_look *look)
{
	const struct stress_op *op = look->op;

	return (struct dirty_read){.iova = op->iova,
				   .length = op->size,
				   .page_size = op->page_size,
				   .bits = look->raw,
				   .bytes = look->raw_size,
				   .keep = op->kind == STRESS_DIRTY_READ,
				   .started = true};
}

static int dirty_read_do(struct stress_look *look, struct dirty_beside *b, iova_t sure)
{
	const struct stress_op *op = look->op;
	struct stress *st = look->t->st;
	struct dirty_read req = dirty_call(look);
	int err;

	if (op_writes(op)) {
		b->range.start = look->t->slots[op->slot].iova + op->offset;
		b->range.last = b->range.start + (op->dma_size - 1);
		iommu_dirty_place(st->dirty_at.iommu, beside_window(op), beside_write, b);
	}
	/* from here on the model knows nothing of the write, which may come first or last */
	stress_look_expect(look, sure);
	err = iommu_dirty_read(&st->dirty_at, &req, NULL);
	if (op_writes(op))
		iommu_dirty_place(st->dirty_at.iommu, beside_window(op), NULL, NULL);
	if (b->done && !b->err)
		stress_look_either(look, b->range);
	return err;
}

/* Of an entry that was cleared, what was not asked about is still to be told: for a read that comes after. */
static void dirty_rest(const struct stress_look *look)
{
	struct stress_thread *t = look->t;

	t->rest = STRESS_NO_RANGE;
	if (look->last.last > look->range.last)
		t->rest = (struct iova_range){look->range.last + 1, look->last.last};
	else if (look->first.start < look->range.start)
		t->rest = (struct iova_range){look->first.start, look->range.start - 1};
}

static int dirty_read_judged(struct stress_look *look, struct fail *f)
{
	struct stress_thread *t = look->t;
	struct stress_op *op = look->op;
	const struct stress_dirty *d = t->st->dirty_priv;
	struct dirty_beside b = {.t = t, .op = op, .thread = pthread_self()};
	bool whole = t->st->dirty_caps.allows_holes || t->st->beyond;
	struct model_dirty_req ask = dirty_ask(look, false);
	struct model_answer due;
	iova_t sure = whole ? look->range.last : dirty_prefix(t, look->range);
	int err;

	model_ask_dirty(t->model[0], &d->how, &ask, &due);
	err = dirty_read_do(look, &b, sure);
	if (b.err) {
		*f = b.fail;
		return b.err;
	}
	if (!stress_judge(t, op, &due, err, 0) || err || t->broken)
		return 0;
	/* only where nothing is mapped nobody minds */
	if (stress_look_is_blind(look) || !stress_look_judge(look) || op->kind != STRESS_DIRTY_CLEAR)
		return 0;
	dirty_settle(look, &b, sure);
	dirty_rest(look);
	return 0;
}

static int dirty_before(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	if (op->variant == STRESS_BESIDE_MARK)
		return dirty_mark(t, op, f);
	if (op->variant == STRESS_BESIDE_BEFORE)
		return stress_copy_slots(t, op, op->other, 0, op->slot, op->offset, op->dma_size, f);
	return 0;
}

static int dirty_read_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	struct stress_look look;
	int err = dirty_before(t, op, f);

	if (err || t->broken)
		return err;
	if (stress_look_open(&look, t, op))
		return fail_set(f, ENOMEM, "cannot read dirty bits");
	err = dirty_read_judged(&look, f);
	stress_look_close(&look);
	return err;
}

static int dirty_unmap_exec(struct stress_thread *t, struct stress_op *op, struct fail *f)
{
	const struct stress_dirty *d = t->st->dirty_priv;
	struct model_dirty_req ask;
	struct model_answer due, bits_due;
	struct stress_look look;
	struct dirty_read req;
	uint64_t unmapped = 0;
	int err;

	if (stress_look_open(&look, t, op))
		return fail_set(f, ENOMEM, "cannot read dirty bits");
	ask = dirty_ask(&look, false);
	model_ask_dirty(t->model[0], &d->how, &ask, &bits_due);
	ask.unmap = true;
	model_ask_dirty(t->model[0], &d->how, &ask, &due);
	stress_look_expect(&look, look.range.last);
	req = dirty_call(&look);
	err = iommu_dirty_unmap(&t->st->dirty_at, &req, &unmapped, NULL);
	if (!stress_judge(t, op, &due, err, unmapped) || (!err && !stress_look_judge(&look)))
		return 0;
	/* refused nothing was unmapped, unless /dev/iommu met a mapping that sticks out */
	if (err && (err != -ENOENT || !model_allows(&bits_due, 0)))
		return 0;
	model_unmapped(t->model[0], op->iova, op->size);
	stress_slots_refresh(t);
	if (err)
		return 0;
	t->recent[t->next_recent] = look.range;
	t->next_recent = (t->next_recent + 1) % STRESS_RECENT;
	return 0;
}

const struct stress_verb stress_verb_dirty_read = {
	.lacks = dirty_read_lacks, .draw = stress_dirty_draw_read, .exec = dirty_read_exec};
const struct stress_verb stress_verb_dirty_clear = {
	.lacks = dirty_lacks, .draw = stress_dirty_draw_read, .exec = dirty_read_exec};
const struct stress_verb stress_verb_dirty_unmap = {
	.lacks = dirty_unmap_lacks, .draw = stress_dirty_draw_unmap, .exec = dirty_unmap_exec};
