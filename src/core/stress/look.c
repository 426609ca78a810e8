/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dirty bitmap of stress: memory for it, what is due of each bit, and the verdict. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bitmap.h"
#include "core/dirty/bitmap.h"
#include "core/stress/exec_dirty.h"

#define LOOK_GUARD 256u
#define LOOK_SKEW_MAX 4096u

bool stress_look_is_blind(const struct stress_look *look)
{
	return look->blind;
}

/* A bitmap of as many bytes, where nobody can write to it. */
static int look_blind(struct stress_look *look)
{
	int prot = look->op->variant == STRESS_BESIDE_READONLY ? PROT_READ : PROT_NONE;
	void *at;

	if (look->op->kind == STRESS_DIRTY_UNMAP ||
	    (look->op->variant != STRESS_BESIDE_READONLY && look->op->variant != STRESS_BESIDE_NOWHERE))
		return 0;
	look->blind_size = ALIGN_UP(look->raw_size + LOOK_SKEW_MAX, 4096);
	at = mmap(NULL, look->blind_size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	look->blind = at;
	look->raw = (unsigned char *)at + look->op->other_offset % LOOK_SKEW_MAX;
	return 0;
}

void stress_look_close(struct stress_look *look)
{
	if (look->blind)
		munmap(look->blind, look->blind_size);
	look->blind = NULL;
}

/* Of no power of two the lowest bit counts, for who takes it for a size: there has to be room for that. */
static uint64_t look_unit(const struct stress_op *op)
{
	return op->page_size & -op->page_size;
}

/* Before the bitmap a guard; behind it one, too, past what a kernel may write where an entry goes on behind the range. */
int stress_look_open(struct stress_look *look, struct stress_thread *t, struct stress_op *op)
{
	struct stress_dirty *d = t->st->dirty_priv;
	struct stress_dirty_room *room = &d->room[t->index];
	size_t words, raw, size;
	unsigned char *grown;

	*look = (struct stress_look){.t = t, .op = op, .range = {op->iova, op->iova + (op->size - 1)}};
	look->bits = op->page_size && op->size ? (op->size - 1) / look_unit(op) + 1 : 0;
	look->words = words = bitmap_words(look->bits) + 1;
	raw = LOOK_GUARD + LOOK_SKEW_MAX + words * 8 + DIRTY_SLACK + LOOK_GUARD;
	size = 3 * words * 8 + raw;
	if (room->size < size) {
		grown = realloc(room->at, 2 * size);
		if (!grown)
			return -ENOMEM;
		room->at = grown;
		room->size = 2 * size;
	}
	look->got = (uint64_t *)room->at;
	look->want = look->got + words;
	look->may = look->want + words;
	memset(look->got, 0, 3 * words * 8);
	look->guard = (unsigned char *)(look->may + words);
	look->raw = look->guard + LOOK_GUARD + op->other_offset % LOOK_SKEW_MAX;
	look->raw_size = bitmap_words(look->bits) * 8;
	/* bits that are set and bits that are cleared: zeros show the ones, the other byte the others, too */
	look->fill = op->n % 2 ? 0xa5 : 0;
	memset(look->guard, look->fill, raw);
	memset(look->raw, 0, look->raw_size);
	return look_blind(look);
}

static struct iova_range look_entry(const struct stress_look *look, iova_t iova)
{
	const struct stress *st = look->t->st;
	const struct model *m = look->t->model[0];
	uint64_t size = 0;

	if (!st->dirty_caps.leaves || iommu_leaf_size(st->space[0], iova, &size) || !size)
		size = model_entry_max(m, iova);
	return (struct iova_range){ALIGN_DOWN(iova, size), iova | (size - 1)};
}

static void look_mark(const struct stress_look *look, uint64_t *bits, struct iova_range r)
{
	uint64_t first, last, page = look->op->page_size;

	if (!iova_range_overlaps(r, look->range))
		return;
	first = (MAX(r.start, look->range.start) - look->range.start) / page;
	last = (MIN(r.last, look->range.last) - look->range.start) / page;
	bitmap_set(bits, first, last - first + 1);
}

void stress_look_either(struct stress_look *look, struct iova_range r)
{
	r.start = look_entry(look, r.start).start;
	r.last = look_entry(look, r.last).last;
	look_mark(look, look->may, r);
}

/* The runs of one set that have a part in the range's entries. */
static void look_runs(struct stress_look *look, enum model_dirty which, iova_t sure)
{
	struct iova_range within = {look->first.start, look->last.last}, run;

	while (model_dirty_next(look->t->model[0], which, within, &run)) {
		struct iova_range due = {run.start, MIN(run.last, sure)};

		if (which == MODEL_DIRTY && due.start <= due.last)
			look_mark(look, look->want, due);
		stress_look_either(look, run);
		if (run.last >= within.last)
			return;
		within.start = run.last + 1;
	}
}

/* A range that begins inside of an entry may lose that one's bit where the kernel does so (caps.loses_cut). */
static void look_excuse(struct stress_look *look)
{
	uint64_t page = look->op->page_size, n;

	if (!look->t->st->dirty_caps.loses_cut || look->first.start >= look->range.start)
		return;
	n = (MIN(look->first.last, look->range.last) - look->range.start) / page + 1;
	bitmap_clear(look->want, 0, n);
}

void stress_look_expect(struct stress_look *look, iova_t sure)
{
	look->first = look->last = look->range;
	/* no range at all is refused */
	if (!look->bits || look->range.last < look->range.start)
		return;
	look->first = look_entry(look, look->range.start);
	look->last = look_entry(look, look->range.last);
	look_runs(look, MODEL_DIRTY, sure);
	look_runs(look, MODEL_MAY_BE_DIRTY, sure);
	/*
	 * Every mapped page is told, and what lies between mappings and behind the range may be: update_user_bitmap() copies whole words,
	 * with what its shift for a range that began earlier left behind the mapping's own bits.
	 */
	if (look->t->st->dirty_caps.over_reports)
		memset(look->may, 0xff, look->words * 8);
	look_excuse(look);
}

bool stress_look_has(const struct stress_look *look, iova_t iova)
{
	return iova >= look->range.start && iova <= look->range.last &&
	       bitmap_test(look->got, (iova - look->range.start) / look->op->page_size);
}

static bool look_is_fill(const struct stress_look *look, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != look->fill)
			return false;
	return true;
}

/* Nothing around the bitmap may have changed. */
static bool look_guards(struct stress_look *look)
{
	const struct dirty_caps *caps = &look->t->st->dirty_caps;
	size_t slack = caps->loses_cut && look->last.last > look->range.last ? DIRTY_SLACK : 0;
	const unsigned char *behind = look->raw + look->raw_size;

	if (!look_is_fill(look, look->guard, (size_t)(look->raw - look->guard))) {
		stress_mismatch(look->t, look->op, FAILURE_CLASSES, "memory before the bitmap to stay as it is",
				"it was written to");
		return false;
	}
	if (!look_is_fill(look, behind + slack, LOOK_GUARD)) {
		stress_mismatch(look->t, look->op, FAILURE_CLASSES, "memory behind the bitmap to stay as it is",
				"it was written to");
		return false;
	}
	return true;
}

static bool look_bit(struct stress_look *look, uint64_t bit, bool missing)
{
	iova_t iova = look->range.start + bit * look->op->page_size;

	if (missing)
		stress_mismatch(look->t, look->op, FAILURE_CLASSES, "the bit of a page that was written",
				"missing: 0x%" PRIx64 " bytes at iova 0x%" PRIx64, look->op->page_size, iova);
	else
		stress_mismatch(look->t, look->op, FAILURE_CLASSES, "no bit where nothing was written",
				"spurious: 0x%" PRIx64 " bytes at iova 0x%" PRIx64, look->op->page_size, iova);
	return false;
}

bool stress_look_judge(struct stress_look *look)
{
	uint64_t words = bitmap_words(look->bits), rest = look->bits % 64;

	memcpy(look->got, look->raw, look->raw_size);
	if (!look_guards(look))
		return false;
	for (uint64_t i = 0; i < words; i++) {
		uint64_t inside = i == words - 1 && rest ? ~(~0ull << rest) : ~0ull;
		uint64_t missing = look->want[i] & ~look->got[i] & inside, spurious = look->got[i] & ~look->may[i];

		if (missing)
			return look_bit(look, i * 64 + (unsigned int)__builtin_ctzll(missing), true);
		/* past the end of the range no bit may be set at all, but by an entry that goes on there */
		if (spurious & (look->last.last > look->range.last ? inside : ~0ull))
			return look_bit(look, i * 64 + (unsigned int)__builtin_ctzll(spurious), false);
	}
	return true;
}
