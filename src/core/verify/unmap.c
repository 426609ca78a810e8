/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases of `dirty verify`: a write placed into every window of reading and unmapping. Which order loses it?
 *
 * An IOMMU that has cached a page as dirty writes to it without looking at its page table entry again; one that has not must set the bit in
 * the entry first, and refuses where that is gone. So
 *   - a write that reaches memory while one call reads and unmaps is in the bits that call takes with the entries;
 *   - a write while a call reads and clears is in this read or the next: before the flush it goes to a page that was just reported, or it
 *     sets the bit anew. Who copies the page after the call has returned gets it either way;
 *   - a write between reading and unmapping, or up to the flush after that, is in no read: nobody looks again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/verify/some.h"

#define WINDOW_GRAINS 8
#define WINDOW_FILL 0x5a

/* What the device has done to the page before the call with the window, so that the IOMMU has cached that or not. */
enum window_page { PAGE_UNTOUCHED, PAGE_READ, PAGE_WRITTEN, PAGE_WRITTEN_BETWEEN, WINDOW_PAGES };

enum window_outcome { OUTCOME_SHUT, OUTCOME_REFUSED, OUTCOME_REPORTED, OUTCOME_LOST };

static const char *const outcome_names[] = {"not opened", "refused", "reported", "lost"};

static const char *const page_words[] = {
	"untouched before",
	"read by the device before",
	"written before",
	"written before, after it was read for bits",
};

enum window_order { ORDER_CALL, ORDER_CLEAR, ORDER_KEEP_UNMAP, ORDER_CLEAR_UNMAP, ORDER_UNMAP, WINDOW_ORDERS };

struct window_kind {
	const char *name;
	unsigned int windows; /* bit n: enum dirty_window n is within */
	bool reads, keeps, unmaps, at_once;
	unsigned int may_lose; /* windows in which the order loses a write by its nature */
};

#define W(window) (1u << DIRTY_##window)
#define W_UNMAP (W(UNMAP_BEFORE_CLEAR) | W(UNMAP_BEFORE_FLUSH) | W(UNMAP_AFTER_FLUSH))
#define W_READ (W(READ_BEFORE_FLUSH) | W(READ_AFTER_FLUSH))
/* Nothing reads after it; and after the flush there is no way to the page any more. */
#define W_UNREAD (W(UNMAP_BEFORE_CLEAR) | W(UNMAP_BEFORE_FLUSH))

static const struct window_kind window_kinds[WINDOW_ORDERS] = {
	[ORDER_CALL] = {"one call that reads and unmaps", W_UNMAP, true, false, true, true, 0},
	[ORDER_CLEAR] = {"read and clear", W_READ, true, false, false, false, 0},
	[ORDER_KEEP_UNMAP] = {"read, then unmap", W_UNMAP, true, true, true, false, W_UNREAD},
	[ORDER_CLEAR_UNMAP] = {"read and clear, then unmap", W_READ | W_UNMAP, true, false, true, false,
			       W_READ | W_UNREAD},
	[ORDER_UNMAP] = {"unmap", W_UNMAP, false, false, true, false, W_UNREAD},
};

/* One try: the page, the write in the window, and what was seen of it. */
struct window_try {
	struct verify *v;
	const struct window_kind *kind;
	enum dirty_window window;
	enum window_page page;
	struct verify_area *area;
	uint64_t off; /* of the page's write */
	bool fired, arrived, reported;
	enum window_outcome outcome;
	int status, err;
	struct fail f;
};

static void window_write(void *arg)
{
	struct window_try *t = arg;
	uint64_t len = verify_write_len(t->v);
	unsigned char *at = (unsigned char *)t->area->mem.va + t->off % t->area->mem.size;

	t->fired = true;
	/* most devices do not tell that they were refused: memory does */
	memset(at, WINDOW_FILL, len);
	t->err = verify_dma(t->v, 0, t->area->iova + t->off, len, &t->status, &t->f);
	for (uint64_t i = 0; i < len; i++)
		t->arrived |= at[i] != WINDOW_FILL;
}

static enum window_outcome window_outcome(const struct window_try *t)
{
	if (!t->fired)
		return OUTCOME_SHUT;
	if (t->status || !t->arrived)
		return OUTCOME_REFUSED;
	return t->reported ? OUTCOME_REPORTED : OUTCOME_LOST;
}

/* Read all of the area; is the page's bit there? */
static int window_read(struct window_try *t, bool keep, struct fail *f)
{
	struct verify_query q = {.area = t->area, .keep = keep};
	uint64_t *bits = calloc(bitmap_words(t->area->size / t->v->unit), sizeof(*bits));
	int err = bits ? verify_read(t->v, &q, bits) : -ENOMEM;

	if (!err && bitmap_test(bits, t->off / t->v->unit))
		t->reported = true;
	free(bits);
	return err ? fail_set(f, err, "cannot read the dirty bits of 0x%llx bytes at iova 0x%llx",
			      (unsigned long long)t->area->size, (unsigned long long)t->area->iova)
		   : 0;
}

static int window_unmap(struct window_try *t, struct fail *f)
{
	int err = iommu_unmap(t->v->at.iommu, t->area->iova, t->area->size, NULL, f);

	t->area->unmapped = !err;
	return err;
}

static int window_unmap_at_once(struct window_try *t, struct fail *f)
{
	uint64_t words = bitmap_words(t->area->size / t->v->unit), bytes;
	uint64_t *bits = calloc(words, sizeof(*bits));
	const struct dirty_read req = {.iova = t->area->iova,
				       .length = t->area->size,
				       .page_size = t->v->unit,
				       .bits = bits,
				       .bytes = words * sizeof(*bits)};
	int err;

	if (!bits)
		return fail_set(f, ENOMEM, "a bitmap");
	err = iommu_dirty_unmap(&t->v->at, &req, &bytes, f);
	t->area->unmapped = !err;
	if (!err && bitmap_test(bits, t->off / t->v->unit))
		t->reported = true;
	free(bits);
	return err;
}

static int window_touch(struct window_try *t, struct fail *f)
{
	return verify_write_quietly(t->v, t->area, t->off, verify_write_len(t->v), f);
}

/* The calls of the order, one after the other. The window opens in one of them. */
static int window_calls(struct window_try *t, struct fail *f)
{
	const struct window_kind *k = t->kind;
	int err = 0;

	if (k->at_once)
		return window_unmap_at_once(t, f);
	if (k->reads)
		err = window_read(t, k->keeps, f);
	if (!err && t->page == PAGE_WRITTEN_BETWEEN) {
		t->reported = false;
		err = window_touch(t, f);
	}
	if (!err && k->unmaps)
		err = window_unmap(t, f);
	return err;
}

static iova_t window_page(const struct window_try *t)
{
	return t->area->iova + ALIGN_DOWN(t->off, t->v->unit);
}

/* Nobody had written to the page when the read looked at it, unless that came in the window. */
static void window_judge_early(struct window_try *t)
{
	if (t->reported && t->page != PAGE_WRITTEN && t->window == DIRTY_READ_AFTER_FLUSH)
		verify_spurious(t->v, window_page(t), t->v->unit, "%s, and written when all bits had been read",
				page_words[t->page]);
}

/*
 * After a read that cleared: the next finds what that did not. And a write from now on must be in a read of its own, which it is not where the
 * IOMMU still takes the page for dirty.
 */
static int window_after(struct window_try *t, struct fail *f)
{
	int err = 0;

	window_judge_early(t);
	if (!t->reported)
		err = window_read(t, false, f);
	if (!err)
		err = window_touch(t, f);
	if (err)
		return err;
	/* the outcome of the window is known by now */
	t->outcome = window_outcome(t);
	t->reported = false;
	err = window_read(t, false, f);
	if (!err && !t->reported)
		verify_missing(
			t->v, window_page(t), t->v->unit,
			"written after a read and clear had returned, %s and in its window %s: not in the next read",
			page_words[t->page], dirty_window_name(t->window));
	return err;
}

static void window_judge(struct window_try *t)
{
	const struct window_kind *k = t->kind;
	enum window_outcome outcome = t->outcome;
	iova_t page = window_page(t);
	const char *where = dirty_window_name(t->window);

	if (outcome == OUTCOME_SHUT)
		verify_fail(t->v, "%s: the window %s did not open", k->name, where);
	else if (outcome == OUTCOME_LOST && t->window == DIRTY_UNMAP_AFTER_FLUSH)
		verify_missing(t->v, page, t->v->unit, "%s: a write %s still reached the page, and no read has it",
			       k->name, where);
	else if (outcome == OUTCOME_LOST && !(k->may_lose & 1u << t->window))
		verify_missing(t->v, page, t->v->unit, "%s: a write %s reached the page (%s), and no read has it",
			       k->name, where, page_words[t->page]);
	else if (outcome == OUTCOME_REFUSED && !k->unmaps)
		verify_fail(t->v, "%s: a write %s was refused though the page is mapped", k->name, where);
}

static int window_prepare(struct window_try *t, struct fail *f)
{
	uint64_t len = verify_write_len(t->v);

	if (t->page == PAGE_READ)
		return verify_peek(t->v, t->area, t->off, len, f);
	return t->page == PAGE_WRITTEN ? window_touch(t, f) : 0;
}

/* One window, one state of the page, on an area of its own. */
static int window_try(struct window_try *t, struct fail *f)
{
	struct verify *v = t->v;
	int err = verify_some(v, WINDOW_GRAINS, &t->area, f);

	if (err)
		return err;
	t->off = verify_draw_page(v, t->area);
	err = window_prepare(t, f);
	if (err)
		return err;
	err = iommu_dirty_place(v->at.iommu, t->window, window_write, t);
	if (err)
		return fail_set(f, err, "cannot place a write %s", dirty_window_name(t->window));
	err = window_calls(t, f);
	iommu_dirty_place(v->at.iommu, t->window, NULL, NULL);
	if (!err && t->err)
		return fail_set(f, t->err, "%s", t->f.text);
	t->outcome = window_outcome(t);
	if (!err && !t->kind->unmaps)
		err = window_after(t, f);
	if (!err)
		window_judge(t);
	return err ? err : verify_unmap(v, t->area, f);
}

static void window_note(struct verify *v, const char *order, enum dirty_window window, enum window_outcome outcome)
{
	struct verify_result *res = v->res;
	const char *where = dirty_window_name(window);
	struct verify_window *w = res->windows, *end = w + res->nr_windows;

	while (w < end && (strcmp(w->order, order) || strcmp(w->window, where)))
		w++;
	if (w == end) {
		if (res->nr_windows == VERIFY_WINDOWS_MAX)
			return;
		res->nr_windows++;
		*w = (struct verify_window){order, where, outcome_names[outcome]};
	} else if (strcmp(w->outcome, outcome_names[outcome])) {
		w->outcome = "varies";
	}
}

/* Pages that the order has a place for: there is nothing between where there is one call. */
static bool window_has(const struct window_kind *k, enum window_page page, enum dirty_window window)
{
	return page != PAGE_WRITTEN_BETWEEN || (k->reads && k->unmaps && !k->at_once && !(W_READ & 1u << window));
}

/* All pages in one window: the worst that comes of a write there. */
static int window_run(struct verify *v, const struct window_kind *k, enum dirty_window window, struct fail *f)
{
	enum window_outcome worst = OUTCOME_SHUT;
	int err = 0;

	for (enum window_page page = 0; page < WINDOW_PAGES && !err; page++) {
		struct window_try t = {.v = v, .kind = k, .window = window, .page = page};

		if (!window_has(k, page, window))
			continue;
		err = window_try(&t, f);
		worst = MAX(worst, t.outcome);
	}
	if (!err)
		window_note(v, k->name, window, worst);
	return err;
}

static int window_order(struct verify *v, enum window_order order, struct fail *f)
{
	const struct window_kind *k = &window_kinds[order];
	int err = verify_start(v, f);

	for (enum dirty_window w = 0; w < DIRTY_WINDOWS && !err; w++)
		if (k->windows & 1u << w)
			err = window_run(v, k, w, f);
	return err;
}

static bool window_can(struct verify *v, const char **why)
{
	if (!v->caps.windows)
		*why = "nobody can place a write into the kernel's windows";
	return v->caps.windows;
}

static bool window_can_call(struct verify *v, const char **why)
{
	if (window_can(v, why) && !v->caps.unmaps)
		*why = "no call reads and unmaps here";
	return v->caps.windows && v->caps.unmaps;
}

static bool window_can_keep(struct verify *v, const char **why)
{
	if (window_can(v, why) && !v->caps.can_keep)
		*why = "reading always clears here";
	return v->caps.windows && v->caps.can_keep;
}

static int window_run_call(struct verify *v, struct fail *f)
{
	return window_order(v, ORDER_CALL, f);
}

static int window_run_clear(struct verify *v, struct fail *f)
{
	return window_order(v, ORDER_CLEAR, f);
}

static int window_run_keep_unmap(struct verify *v, struct fail *f)
{
	verify_note(v, "this order loses what is written between the two calls and up to the flush");
	return window_order(v, ORDER_KEEP_UNMAP, f);
}

static int window_run_clear_unmap(struct verify *v, struct fail *f)
{
	verify_note(v, "this order loses what is written from the read on, up to the flush of the unmap");
	return window_order(v, ORDER_CLEAR_UNMAP, f);
}

static int window_run_unmap(struct verify *v, struct fail *f)
{
	verify_note(v, "without a read every write is lost, those up to the flush too");
	return window_order(v, ORDER_UNMAP, f);
}

const struct verify_case verify_unmap_cases[] = {
	{.name = "window-one-call",
	 .title = "one call that reads and unmaps loses no write that reached memory",
	 .can = window_can_call,
	 .run = window_run_call},
	{.name = "window-read-clear",
	 .title = "a write while a read clears is in that read or the next",
	 .can = window_can,
	 .run = window_run_clear},
	{.name = "window-read-unmap",
	 .title = "reading, then unmapping: which writes are lost",
	 .can = window_can_keep,
	 .run = window_run_keep_unmap},
	{.name = "window-clear-unmap",
	 .title = "reading and clearing, then unmapping: which writes are lost",
	 .can = window_can,
	 .run = window_run_clear_unmap},
	{.name = "window-unmap",
	 .title = "unmapping alone: which writes are lost",
	 .can = window_can,
	 .run = window_run_unmap},
	{0},
};
