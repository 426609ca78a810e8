/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading dirty bits in a session: what is asked made fit for the source, in pieces where it must be, alone or with an unmap. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "base/num.h"
#include "core/facts.h"
#include "core/op/dirty_priv.h"
#include "core/op/op.h"
#include "core/session/buffer.h"
#include "core/session/named.h"
#include "core/session/priv.h"
#include "iommu/ledger.h"

/* The largest bitmap that is asked for: 1 TiB of it holds the bits of 32 PiB by 4 KiB. */
#define DIRTY_BYTES_MAX TiB(1)
/*
 * Kernels divide by 64 pages of this size, which is 0 in 64 bits: iova_bitmap_offset_to_index() before "iommufd: Fix divide by zero". By
 * their lowest bit: iova_bitmap_alloc() takes that.
 */
#define DIRTY_PAGE_CRASHES (1ull << 58)

int op_dirty_where(struct session *s, const struct op_dirty *op, const char *text, bool size_given, iova_t *iova,
		   uint64_t *size, struct fail *f)
{
	struct ledger_entry e;
	struct iommu *space;
	struct buffer *b;
	uint64_t offset;
	int err = op_resolve_buffer(s, text, &b, &offset, f);

	if (!err)
		err = dirty_space(s, op, &space, f);
	if (err)
		return err;
	if (offset >= b->size || (size_given && !op->unchecked && *size > b->size - offset))
		return fail_usage(f, ERANGE, "%s with size 0x%" PRIx64 " leaves the buffer's 0x%" PRIx64 " bytes", text,
				  size_given ? *size : 0, b->size);
	if (!size_given)
		*size = b->size - offset;
	if (offset < b->mem.size && buffer_find_in(space, b, (char *)b->mem.va + b->skip + offset, &e))
		*iova = e.range.start + ((uintptr_t)b->mem.va + b->skip + offset - (uintptr_t)e.va);
	else if (op->unchecked)
		*iova = b->iova + offset;
	else
		return fail_usage(f, ENOENT, "buffer %s is not mapped there", b->name);
	return 0;
}

/* --- one question --- */

struct dirty_ask {
	struct session *s;
	const struct op_dirty_read *op;
	struct dirty_at at;
	struct dirty_caps caps;
	struct dirty_on *on;
	struct iommu *space;
	uint64_t page_size;
	bool keep, unmap;  /* unmap: in one call with reading */
	uint64_t unmapped; /* bytes */
};

static bool dirty_crashes(const struct dirty_ask *a)
{
	return a->at.source != DIRTY_TYPE1 && !session_is_simulated(a->s) && !a->s->params.allow_crash &&
	       a->page_size && (a->page_size & -a->page_size) >= DIRTY_PAGE_CRASHES;
}

/* What the kernel would not say: a bitmap of what lies behind a hole is not to be trusted, see caps.allows_holes. */
static int dirty_check_holes(const struct dirty_ask *a, struct fail *f)
{
	struct iova_range r = {a->op->iova, a->op->iova + (a->op->size - 1)};
	struct ledger_entry e;

	if (a->caps.allows_holes || a->caps.whole_mappings || a->caps.outlasts)
		return 0;
	while (ledger_find(iommu_ledger(a->space), r, &e) && e.range.start <= r.start) {
		if (e.range.last >= r.last)
			return 0;
		r.start = e.range.last + 1;
	}
	fail_usage(f, ENOENT, "nothing is mapped at iova 0x%" PRIx64, r.start);
	fail_hint(f, "source %s may leave out what lies behind a hole without an error; --unchecked asks all the same",
		  dirty_source_name(a->at.source));
	return -ENOENT;
}

/* Is all of @r logged? Else *hole is the first address that is not. */
static bool dirty_is_logged(const struct dirty_on *on, struct iova_range r, iova_t *hole)
{
	unsigned int i = 0;

	while (i < on->nr_logged) {
		const struct iova_range *l = &on->logged[i++];

		if (r.start < l->start || r.start > l->last)
			continue;
		if (l->last >= r.last)
			return true;
		/* and what comes next, wherever in the list that is */
		r.start = l->last + 1;
		i = 0;
	}
	*hole = r.start;
	return false;
}

/* A device notes nothing down of what it was not told to log, and may not say so: what is mapped in the range must be. */
static int dirty_check_logged(const struct dirty_ask *a, struct fail *f)
{
	struct iova_range r = {a->op->iova, a->op->iova + (a->op->size - 1)};
	struct ledger_entry e;
	iova_t hole;

	if (!a->on || !a->on->nr_logged)
		return 0;
	while (ledger_find(iommu_ledger(a->space), r, &e)) {
		e.range.start = MAX(e.range.start, r.start);
		e.range.last = MIN(e.range.last, r.last);
		if (!dirty_is_logged(a->on, e.range, &hole)) {
			fail_usage(f, ENOENT, "the device was not told to log iova 0x%" PRIx64, hole);
			fail_hint(f, "`dirty start` names what is to be logged, else all that is mapped by then; "
				     "--unchecked asks all the same");
			return -ENOENT;
		}
		if (e.range.last == r.last)
			break;
		r.start = e.range.last + 1;
	}
	return 0;
}

static int dirty_check_geometry(const struct dirty_ask *a, struct fail *f)
{
	uint64_t p = a->page_size, end;
	int err;

	if (!p || p & (p - 1))
		return fail_usage(f, EINVAL, "--page-size 0x%" PRIx64 " is no power of two", p);
	if (!a->op->size || !num_add(a->op->iova, a->op->size - 1, &end))
		return fail_usage(f, EINVAL, "iova 0x%" PRIx64 " with size 0x%" PRIx64 " is no range", a->op->iova,
				  a->op->size);
	if ((a->op->iova | a->op->size) & (p - 1))
		return fail_usage(f, EINVAL,
				  "iova 0x%" PRIx64 " and size 0x%" PRIx64 " are no multiples of pages of 0x%" PRIx64,
				  a->op->iova, a->op->size, p);
	err = dirty_check_holes(a, f);
	return err ? err : dirty_check_logged(a, f);
}

static uint64_t dirty_page_size(const struct dirty_ask *a)
{
	uint64_t least = a->caps.page_sizes & -a->caps.page_sizes;

	if (a->op->page_size || a->op->page_size_given)
		return a->op->page_size;
	if (a->on && a->on->is.page_size)
		return a->on->is.page_size;
	return least ? least : 4096;
}

bool op_dirty_is_cut(struct session *s, const struct op_dirty_read *op)
{
	struct dirty_caps caps;
	struct ledger_entry e;
	struct iommu *space;
	struct dirty_at at;

	return !op_dirty_find(s, &op->on, &at, &caps, NULL) && caps.loses_cut &&
	       !dirty_space(s, &op->on, &space, NULL) &&
	       ledger_find(iommu_ledger(space), (struct iova_range){op->iova, op->iova}, &e) &&
	       e.range.start < op->iova;
}

bool op_dirty_is_away(struct session *s, const struct op_dirty *op)
{
	struct dirty_caps caps;
	struct dirty_at at;

	return !op_dirty_find(s, op, &at, &caps, NULL) && caps.needs_table && at.table &&
	       (s->detached || s->at_pt != at.table);
}

/* Who is asked, by which pages; everything that can be refused is refused here, before a bit is cleared. */
static int dirty_prepare(struct session *s, const struct op_dirty_read *op, struct dirty_ask *a, struct fail *f)
{
	int err = session_usable(s, f);

	if (!err && (op->bitmap_readonly || op->bitmap_nowhere) && !op->on.unchecked)
		err = fail_usage(f, EPERM, "--bitmap needs --unchecked, or '!' in a script");
	*a = (struct dirty_ask){.s = s, .op = op, .keep = op->keep};
	if (!err)
		err = op_dirty_find(s, &op->on, &a->at, &a->caps, f);
	if (!err)
		err = dirty_space(s, &op->on, &a->space, f);
	if (err)
		return err;
	facts_dirty(s, a->at.source);
	a->on = dirty_on_find(s, &a->at);
	/* never started: the kernel says what it thinks of asking the table that the device is attached to */
	if (a->caps.needs_table && !a->at.table)
		a->at.table = s->at_pt;
	a->page_size = dirty_page_size(a);
	if (dirty_crashes(a)) {
		fail_set(f, EOPNOTSUPP, "affected kernels divide by zero when asked for pages of 0x%" PRIx64,
			 a->page_size);
		fail_hint(f, "--allow-crash asks all the same");
		return -EOPNOTSUPP;
	}
	/* unchecked, the backend says so itself */
	if (a->keep && !a->caps.can_keep && !op->on.unchecked) {
		fail_set(f, EOPNOTSUPP, "source %s clears what it reports, it cannot read without that",
			 dirty_source_name(a->at.source));
		fail_hint(f, "`dirty read-clear` does that; nothing was read, nothing cleared");
		return -EOPNOTSUPP;
	}
	return op->on.unchecked ? 0 : dirty_check_geometry(a, f);
}

/* --- asking --- */

/* A device's driver says EINVAL of a range that it was not told to log, too, and only we know which those are. */
static void dirty_tell_logged(const struct dirty_ask *a, const struct dirty_read *req, struct fail *f)
{
	struct iova_range r = {req->iova, req->iova + (req->length - 1)};
	iova_t hole;

	if (f && !f->hint[0] && a->on && a->on->nr_logged && r.last >= r.start && !dirty_is_logged(a->on, r, &hole))
		fail_hint(f, "the device was not told to log iova 0x%" PRIx64 ": `dirty start` names what is logged",
			  hole);
}

static int dirty_call(struct dirty_ask *a, struct dirty_read *req, struct fail *f)
{
	uint64_t unmapped = 0;
	int err;

	req->started = a->on;
	facts_asked(a->s);
	if (a->unmap)
		err = iommu_dirty_unmap(&a->at, req, &unmapped, f);
	else
		err = iommu_dirty_read(&a->at, req, f);
	a->unmapped += unmapped;
	if (err == -EINVAL)
		dirty_tell_logged(a, req, f);
	return err;
}

/* Where the piece that begins at @from ends: not inside of a mapping where that must be whole, on a byte of the bitmap. */
static uint64_t dirty_piece(const struct dirty_ask *a, uint64_t from, uint64_t max)
{
	iova_t start = a->op->iova + from;
	uint64_t left = a->op->size - from, length = max;
	struct ledger_entry e;

	if (left <= max)
		return left;
	while (a->caps.whole_mappings && length &&
	       ledger_find(iommu_ledger(a->space), (struct iova_range){start + length, start + length}, &e) &&
	       e.range.start < start + length) {
		length = e.range.start > start ? e.range.start - start : 0;
		while (length && length % (8 * a->page_size))
			length -= MIN(length, a->page_size);
	}
	/* no such place: the kernel's answer to all of it is the best there is */
	return length ? length : left;
}

static int dirty_pieces(struct dirty_ask *a, struct dirty_bitmap *b, struct fail *f)
{
	uint64_t max = UINT64_MAX, length;
	char *bits = (char *)dirty_bitmap_bits(b);
	int err = 0;

	/* whole words: a piece never begins inside of a byte */
	if (a->caps.max_bitmap / 8 && !num_mul(a->caps.max_bitmap / 8 * 64, a->page_size, &max))
		max = UINT64_MAX;
	for (uint64_t done = 0; done < b->length && !err; done += length) {
		struct dirty_read req = {.iova = b->iova + done, .page_size = a->page_size, .keep = a->keep};

		length = dirty_piece(a, done, max);
		req.length = length;
		req.bits = bits + done / a->page_size / 8;
		req.bytes = bitmap_words(length / a->page_size) * 8;
		err = dirty_call(a, &req, f);
		/* part of a bitmap would be taken for all of it */
		if (err && done && !a->keep)
			fail_hint(f,
				  "what was dirty before iova 0x%" PRIx64
				  " was read and cleared%s, and is lost: ask for less",
				  req.iova, a->unmap ? " and unmapped" : "");
	}
	return err;
}

static bool dirty_is_unwritable(const struct dirty_ask *a)
{
	return a->op->bitmap_readonly || a->op->bitmap_nowhere;
}

/* Geometry that is none, or no room for the bits, as it is. The kernel is given room for whatever else it may make of it. */
static int dirty_raw(struct dirty_ask *a, struct fail *f)
{
	int prot = a->op->bitmap_nowhere ? PROT_NONE : a->op->bitmap_readonly ? PROT_READ : PROT_READ | PROT_WRITE;
	uint64_t unit = a->page_size ? a->page_size & -a->page_size : 1, bytes, room;
	struct dirty_read req = {
		.iova = a->op->iova, .length = a->op->size, .page_size = a->page_size, .keep = a->keep};
	void *bits;
	int err;

	bytes = bitmap_words(a->op->size / unit + !!(a->op->size % unit)) * 8;
	room = ALIGN_UP(bytes + DIRTY_SLACK, 4096);
	bits = bytes > DIRTY_BYTES_MAX ? MAP_FAILED
				       : mmap(NULL, room, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bits == MAP_FAILED)
		return fail_set(f, ENOMEM,
				"a bitmap of 0x%" PRIx64 " bytes by pages of 0x%" PRIx64 " takes 0x%" PRIx64 " bytes",
				a->op->size, a->page_size, bytes);
	req.bits = bits;
	req.bytes = bytes;
	err = dirty_call(a, &req, f);
	munmap(bits, room);
	return err;
}

/* --- what is known of the answer --- */

/* Since when the bits of the range had gathered: the start, or the last time that all of it was cleared. */
static uint64_t dirty_since(const struct dirty_on *on, struct iova_range r)
{
	uint64_t n = MIN(on->nr_cleared, (uint64_t)DIRTY_CLEARED);

	for (uint64_t i = 0; i < n; i++) {
		const struct dirty_cleared *c = &on->cleared[(on->nr_cleared - 1 - i) % DIRTY_CLEARED];

		if (iova_range_contains(c->range, r))
			return c->at;
	}
	return on->is.since;
}

static void dirty_note_cleared(struct dirty_on *on, struct iova_range r, uint64_t now)
{
	struct dirty_cleared *last = &on->cleared[(on->nr_cleared - 1) % DIRTY_CLEARED];

	/* the same range again and again is one entry */
	if (on->nr_cleared && last->range.start == r.start && last->range.last == r.last)
		last->at = now;
	else
		on->cleared[on->nr_cleared++ % DIRTY_CLEARED] = (struct dirty_cleared){r, now};
}

/* What the source is, whatever it was asked. */
static void dirty_describe_source(const struct dirty_ask *a, struct dirty_bitmap *b)
{
	b->simulated = session_is_simulated(a->s);
	b->marked = a->caps.marks;
	b->over_reports = a->caps.over_reports;
	b->cleared = !a->keep;
}

static void dirty_describe(const struct dirty_ask *a, struct dirty_bitmap *b)
{
	struct iova_range r = {b->iova, b->iova + (b->length - 1)};
	uint64_t now = clock_ns();
	struct utsname machine;
	struct timespec ts;

	dirty_describe_source(a, b);
	clock_gettime(CLOCK_REALTIME, &ts);
	b->time_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	snprintf(b->kernel, sizeof(b->kernel), "%.63s", uname(&machine) ? "unknown" : machine.release);
	snprintf(b->backend, sizeof(b->backend), "%.15s", session_backend_name(a->s));
	snprintf(b->device, sizeof(b->device), "%.39s", session_device_name(a->s));
	if (!a->on)
		return;
	b->since_ns = now - dirty_since(a->on, r);
	if (!a->keep)
		dirty_note_cleared(a->on, r, now);
}

static bool dirty_is_geometry(const struct dirty_ask *a)
{
	uint64_t p = a->page_size, last;

	return p && !(p & (p - 1)) && a->op->size && !(a->op->size & (p - 1)) &&
	       num_add(a->op->iova, a->op->size - 1, &last) && a->op->size / p / 8 <= DIRTY_BYTES_MAX;
}

static int dirty_ask(struct dirty_ask *a, struct dirty_bitmap *out, struct fail *f)
{
	int err;

	if (!dirty_is_geometry(a) || dirty_is_unwritable(a)) {
		*out = (struct dirty_bitmap){
			.source = a->at.source, .iova = a->op->iova, .length = a->op->size, .page_size = a->page_size};
		return dirty_raw(a, f);
	}
	err = dirty_bitmap_new(out, a->at.source, a->op->iova, a->op->size, a->page_size, f);
	if (err)
		return err;
	err = dirty_pieces(a, out, f);
	if (err) {
		dirty_bitmap_free(out);
		return err;
	}
	dirty_describe(a, out);
	facts_count(a->s, FACT_DIRTY, bitmap_count(out->words, out->bits) * out->page_size);
	return 0;
}

int op_dirty_read(struct session *s, const struct op_dirty_read *op, struct dirty_bitmap *out, struct fail *f)
{
	struct dirty_ask a;
	int err;

	*out = (struct dirty_bitmap){0};
	err = dirty_prepare(s, op, &a, f);
	return err ? err : dirty_ask(&a, out, f);
}

/* --- and unmap --- */

struct dirty_take {
	struct dirty_ask a;
	struct dirty_bitmap *out;
};

/* In place of iommu_unmap(). */
static int dirty_take(void *ctx, struct iommu *space, iova_t iova, uint64_t size, uint64_t *bytes, struct fail *f)
{
	struct dirty_take *t = ctx;
	int err = t->a.caps.outlasts ? iommu_unmap(space, iova, size, bytes, f) : 0;

	if (!err)
		err = dirty_ask(&t->a, t->out, f);
	if (t->a.unmap)
		*bytes = t->a.unmapped;
	if (err || t->a.unmap || t->a.caps.outlasts)
		return err;
	err = iommu_unmap(space, iova, size, bytes, f);
	if (err)
		dirty_bitmap_free(t->out);
	return err;
}

const char *dirty_order_name(enum dirty_order order)
{
	static const char *const names[] = {"at-once", "unmap-read", "read-unmap"};

	return names[order];
}

int op_dirty_unmap(struct session *s, const struct op_dirty_read *op, struct dirty_bitmap *out, uint64_t *bytes,
		   enum dirty_order *order, struct failures *found, struct fail *f)
{
	struct dirty_take t = {.out = out};
	struct op_dirty_read read = *op;
	int err;

	*out = (struct dirty_bitmap){0};
	*bytes = 0;
	*order = DIRTY_AT_ONCE;
	read.keep = false;
	err = dirty_prepare(s, &read, &t.a, f);
	if (err)
		return err;
	t.a.unmap = t.a.caps.unmaps;
	*order = t.a.unmap ? DIRTY_AT_ONCE : t.a.caps.outlasts ? DIRTY_UNMAP_READ : DIRTY_READ_UNMAP;
	/* the bits go with the mapping: a read that clears them too only flushes once more than needed */
	t.a.keep = *order == DIRTY_READ_UNMAP && t.a.caps.can_keep;
	facts_unmap(s, t.a.space, NULL, op->iova, op->size, false);
	err = op_unmap_by(s, t.a.space,
			  (struct op_unmap_call){.unmap = dirty_take, .ctx = &t, .unchecked = op->on.unchecked},
			  op->iova, op->size, bytes, found, f);
	if (!err)
		facts_count(s, FACT_UNMAPPED, *bytes);
	facts_found(s, found);
	return err;
}
