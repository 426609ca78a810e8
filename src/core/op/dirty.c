/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty tracking in a session: which source there is, started and stopped, on a page table that is made where one is needed. */
#include "core/op/dirty.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/op/dirty_priv.h"
#include "core/op/op.h"
#include "core/session/named.h"
#include "core/session/priv.h"

/* --- what is on --- */

static bool dirty_is_same(const struct dirty_at *a, const struct dirty_at *b)
{
	return a->source == b->source && a->iommu == b->iommu && a->table == b->table;
}

struct dirty_on *dirty_on_find(const struct session *s, const struct dirty_at *at)
{
	struct dirty_on *on = s->dirty;

	while (on && !dirty_is_same(&on->is.at, at))
		on = on->next;
	return on;
}

bool op_dirty_get(const struct session *s, unsigned int i, struct op_dirty_on *out)
{
	const struct dirty_on *on = s->dirty;

	for (; on && i; i--)
		on = on->next;
	if (on)
		*out = on->is;
	return on;
}

bool op_dirty_is_on(const struct session *s, struct dirty_at *at)
{
	struct op_dirty_on on;

	if (!op_dirty_get(s, 0, &on))
		return false;
	if (at)
		*at = on.at;
	return true;
}

static void dirty_on_unlink(struct session *s, const struct dirty_on *on)
{
	struct dirty_on **at = &s->dirty;

	while (*at && *at != on)
		at = &(*at)->next;
	if (*at)
		*at = on->next;
}

/* The latest that was started. */
static void dirty_on_first(struct session *s, struct dirty_on *on)
{
	dirty_on_unlink(s, on);
	on->next = s->dirty;
	s->dirty = on;
}

unsigned int op_dirty_number(struct session *s)
{
	return ++s->dirty_files;
}

static void dirty_on_drop(struct session *s, struct dirty_on *gone)
{
	dirty_on_unlink(s, gone);
	free(gone->logged);
	free(gone);
}

void op_dirty_forget(struct session *s, uint32_t id, const struct iommu *space)
{
	struct dirty_on *on = s->dirty, *next;

	for (; on; on = next) {
		next = on->next;
		/* an id may be another object's soon */
		if (on->is.at.iommu == space || (id && on->is.at.table == id))
			dirty_on_drop(s, on);
		else if (on->back_pt == id)
			on->back_pt = iommu_space_id(on->is.at.iommu);
	}
}

/* --- which source --- */

int dirty_space(struct session *s, const struct op_dirty *op, struct iommu **space, struct fail *f)
{
	if (op->ioas)
		return named_space(s, op->ioas, space, f);
	*space = s->at ? s->at : s->iommu;
	return 0;
}

/* The page table that the device is attached to, if it can track: one that was made here, or by the user. Else 0. */
static uint32_t dirty_table_attached(const struct session *s)
{
	if (s->detached)
		return 0;
	for (const struct dirty_on *on = s->dirty; on; on = on->next)
		if (on->is.at.table == s->at_pt)
			return s->at_pt;
	for (const struct named *n = s->named; n; n = n->next)
		if (n->kind == IOMMU_OBJECT_HWPT && n->dirty && n->id == s->at_pt)
			return s->at_pt;
	return 0;
}

static int dirty_ask(struct session *s, const struct op_dirty *op, enum dirty_source source, struct iommu *space,
		     struct dirty_at *at, struct dirty_caps *caps, struct fail *f)
{
	const struct dirty_on *on = s->dirty;
	int err;

	/* the container's and the device's bits are of no space in particular */
	*at = (struct dirty_at){.source = source, .iommu = source == DIRTY_IOMMU ? space : s->iommu, .idev = s->idev};
	if (source == DIRTY_IOMMU)
		at->table = op->table ? op->table : dirty_table_attached(s);
	err = iommu_dirty_caps(at, caps, f);
	if (err || !caps->needs_table || at->table) {
		at->table = !err && caps->needs_table ? at->table : 0;
		return err;
	}
	/* started here, and the device was attached elsewhere since */
	while (on && (on->is.at.source != source || on->is.at.iommu != space))
		on = on->next;
	at->table = on ? on->is.at.table : 0;
	return 0;
}

/* The best one, or what was started: asked in this order. */
static int dirty_find_best(struct session *s, const struct op_dirty *op, struct iommu *space, struct dirty_at *at,
			   struct dirty_caps *caps, struct fail *f)
{
	static const enum dirty_source order[DIRTY_SOURCES] = {DIRTY_IOMMU, DIRTY_DEVICE, DIRTY_TYPE1};
	char why[sizeof(f->text)] = "";
	int err = 0, worst = -EOPNOTSUPP;
	size_t used = 0;

	for (const struct dirty_on *on = s->dirty; on; on = on->next)
		if (on->is.at.source != DIRTY_IOMMU || on->is.at.iommu == space)
			return dirty_ask(s, op, on->is.at.source, space, at, caps, f);
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		struct fail one = {0};

		err = dirty_ask(s, op, order[i], space, at, caps, &one);
		if (!err)
			return 0;
		if (err != -EOPNOTSUPP)
			worst = err;
		used += (size_t)snprintf(why + used, sizeof(why) - used, "%s%s: %.100s", i ? "; " : "",
					 dirty_source_name(order[i]), one.text);
		used = MIN(used, sizeof(why) - 1);
	}
	return fail_set(f, worst, "nobody here notes down what is written (%.340s)", why);
}

int op_dirty_find(struct session *s, const struct op_dirty *op, struct dirty_at *at, struct dirty_caps *caps,
		  struct fail *f)
{
	struct iommu *space;
	int err = dirty_space(s, op, &space, f);

	if (err)
		return err;
	if (op->source == DIRTY_SOURCES)
		return dirty_find_best(s, op, space, at, caps, f);
	err = dirty_ask(s, op, op->source, space, at, caps, f);
	if (err != -EOPNOTSUPP || !op->unchecked)
		return err;
	/* what the kernel itself answers where it has no such thing is what is wanted then */
	*caps = (struct dirty_caps){0};
	if (op->source == DIRTY_IOMMU)
		at->table = op->table ? op->table : s->at_pt;
	return 0;
}

/* --- start and stop --- */

static int dirty_start_check(const struct op_dirty *op, const struct dirty_at *at, const struct dirty_caps *caps,
			     unsigned int nr, uint64_t page_size, struct fail *f)
{
	if (!op->unchecked && ((!page_size && op->zero_page) || (page_size & (page_size - 1))))
		return fail_usage(f, EINVAL, "--page-size 0x%" PRIx64 " is no power of two", page_size);
	if (op->unchecked || caps->ranges || !(nr || page_size))
		return 0;
	return fail_usage(f, EINVAL, "source %s tracks all that is mapped, by every page size: no %s",
			  dirty_source_name(at->source),
			  nr ? "range is given at its start" : "--page-size at its start");
}

/* The ioctl itself. */
static int dirty_start_do(struct session *s, struct dirty_on *on, const struct dirty_caps *caps,
			  const struct iova_range *ranges, unsigned int nr, uint64_t page_size, struct fail *f)
{
	struct dirty_start req = {.ranges = ranges, .nr = nr, .page_size = page_size};
	struct dirty_gather g = {.page_size = 1};
	struct iova_range *logged = NULL;
	int err = 0;

	if (caps->ranges && !nr) {
		/* what is no page size is the kernel's to refuse */
		if (req.page_size && !(req.page_size & (req.page_size - 1)))
			g.page_size = req.page_size;
		err = dirty_gather(s, caps->ranges, &g, f);
		req.ranges = g.r;
		req.nr = g.nr;
	}
	if (!err && req.nr) {
		logged = reallocarray(NULL, req.nr, sizeof(*logged));
		if (logged)
			memcpy(logged, req.ranges, req.nr * sizeof(*logged));
		else
			err = fail_set(f, ENOMEM, "cannot note down what is logged");
	}
	if (!err)
		err = iommu_dirty_start(&on->is.at, &req, f);
	if (!err) {
		free(on->logged);
		on->logged = logged;
		on->nr_logged = req.nr;
		logged = NULL;
		on->is.since = clock_ns();
		on->is.page_size = caps->ranges ? req.page_size : 0;
		on->nr_cleared = 0;
	}
	free(logged);
	free(g.r);
	return err;
}

/*
 * What was started before on a page table that the device has been taken from since: nothing it writes is noted down there. It is not
 * what is to be started again, and *at has no table then.
 */
static struct dirty_on *dirty_on_left(struct session *s, const struct op_dirty *op, struct dirty_at *at)
{
	struct dirty_on *left = NULL;

	if (at->table && !op->table && !op->unchecked && at->table != dirty_table_attached(s)) {
		left = dirty_on_find(s, at);
		at->table = 0;
	}
	return left;
}

int op_dirty_start(struct session *s, const struct op_dirty *op, const struct iova_range *ranges, unsigned int nr,
		   uint64_t page_size, struct fail *f)
{
	struct dirty_on *on, *fresh, *left;
	struct dirty_caps caps;
	struct dirty_at at;
	int err = session_usable(s, f);

	if (!err)
		err = op_dirty_find(s, op, &at, &caps, f);
	if (!err)
		err = dirty_start_check(op, &at, &caps, nr, page_size, f);
	if (err)
		return err;
	if (caps.ranges && !page_size && !op->zero_page)
		page_size = caps.page_sizes ? caps.page_sizes & -caps.page_sizes : 4096;
	left = dirty_on_left(s, op, &at);
	on = dirty_on_find(s, &at);
	if (on) {
		err = dirty_start_do(s, on, &caps, ranges, nr, page_size, f);
		if (!err)
			dirty_on_first(s, on);
		return err;
	}
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return fail_set(f, ENOMEM, "cannot note down that tracking is on");
	fresh->is.at = at;
	if (caps.needs_table && !at.table)
		err = dirty_table_make(s, fresh, f);
	if (!err)
		err = dirty_start_do(s, fresh, &caps, ranges, nr, page_size, f);
	if (err) {
		dirty_table_give_up(s, fresh, NULL);
		free(fresh);
		return err;
	}
	dirty_on_first(s, fresh);
	/* what a start made is of no more use */
	if (left && left->is.made) {
		dirty_table_give_up(s, left, NULL);
		dirty_on_drop(s, left);
	}
	return 0;
}

int op_dirty_stop(struct session *s, const struct op_dirty *op, struct fail *f)
{
	struct dirty_caps caps;
	struct dirty_on *on;
	struct dirty_at at;
	int err = session_usable(s, f);

	if (!err)
		err = op_dirty_find(s, op, &at, &caps, f);
	if (err)
		return err;
	on = dirty_on_find(s, &at);
	if (caps.needs_table && !at.table)
		at.table = s->at_pt;
	err = iommu_dirty_stop(&at, f);
	if (err || !on)
		return err;
	err = dirty_table_give_up(s, on, f);
	dirty_on_drop(s, on);
	return err;
}

void op_dirty_close(struct session *s)
{
	struct dirty_on *on;

	while ((on = s->dirty)) {
		iommu_dirty_stop(&on->is.at, NULL);
		if (on->is.made) {
			/* the device is stopped, and the canary's time is over: only the attachment goes back */
			if (!s->detached && s->at_pt == on->is.at.table &&
			    !iommu_device_attach(s->idev, iommu_space_id(on->is.at.iommu), IOMMU_NO_PASID, NULL)) {
				s->at_pt = iommu_space_id(on->is.at.iommu);
				s->at = on->is.at.iommu;
			}
			iommu_object_destroy(s->iommu, on->is.at.table, NULL);
		}
		dirty_on_drop(s, on);
	}
}
