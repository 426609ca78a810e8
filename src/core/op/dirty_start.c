/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has to be there before dirty tracking can start: a page table that can track, and the ranges that a device is to log. */
#include <errno.h>
#include <stdlib.h>

#include "core/op/dirty_priv.h"
#include "core/session/priv.h"
#include "iommu/ledger.h"
#include "iommu/objects.h"

/* --- a page table that can track --- */

/* The device is attached to one that is made over the space it is in. */
int dirty_table_make(struct session *s, struct dirty_on *on, struct fail *f)
{
	struct iommu_hwpt_req req = {.idev = s->idev, .dirty = true};
	struct fail why;
	uint32_t id;
	int err;

	if (s->detached || s->at != on->is.at.iommu) {
		fail_usage(f, EBUSY, "device %s is attached to %s", session_device_name(s),
			   s->detached ? "nothing"
			   : s->at     ? "another space"
				       : "a page table of the user's own");
		fail_hint(f, "`attach` brings it to a space; what it writes is tracked there");
		return -EBUSY;
	}
	req.parent = iommu_space_id(on->is.at.iommu);
	err = iommu_hwpt_new(s->iommu, &req, &id, f);
	if (err)
		return err;
	on->back_pt = s->at_pt;
	err = session_attach(s, id, s->at, f);
	if (err) {
		/* attached and then something else: back, whatever the canary says there */
		if (s->at_pt == id)
			session_attach(s, on->back_pt, s->at, &why);
		if (s->at_pt != id)
			iommu_object_destroy(s->iommu, id, NULL);
		return err;
	}
	on->is.at.table = id;
	on->is.made = true;
	return 0;
}

/* The device goes back to where it was, and the table away. The first error stays. */
int dirty_table_give_up(struct session *s, struct dirty_on *on, struct fail *f)
{
	uint32_t table = on->is.at.table;
	struct fail why = {0};
	int err = 0, gone;

	if (!on->is.made)
		return 0;
	/* the user may have attached it elsewhere since */
	if (!s->detached && s->at_pt == table) {
		err = session_attach(s, on->back_pt, on->is.at.iommu, f);
		/* what it was in before is gone: the space itself never is, the table stands on it */
		if (err && s->at_pt == table)
			err = session_attach(s, iommu_space_id(on->is.at.iommu), on->is.at.iommu, f);
	}
	gone = iommu_object_destroy(s->iommu, table, &why);
	if (gone && !err && f)
		*f = why;
	return err ? err : gone;
}

/* --- what a device is to log --- */

static int dirty_gather_one(const struct ledger_entry *e, void *arg)
{
	struct dirty_gather *g = arg;
	struct iova_range r = {e->range.start & -g->page_size, e->range.last | (g->page_size - 1)}, *more;

	/* in order: neighbours become one */
	if (g->nr && (g->r[g->nr - 1].last == UINT64_MAX || r.start <= g->r[g->nr - 1].last + 1)) {
		g->r[g->nr - 1].last = r.last;
		return 0;
	}
	if (g->nr == g->room) {
		g->room = g->room ? 2 * g->room : 64;
		more = reallocarray(g->r, g->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		g->r = more;
	}
	g->r[g->nr++] = r;
	return 0;
}

static int dirty_gap_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* More than the device takes: the smallest gaps are logged as well. vfio_combine_iova_ranges() does so too. */
static int dirty_gather_fit(struct dirty_gather *g, unsigned int max)
{
	unsigned int n = 1, close = g->nr - max;
	CLEANUP_FREE uint64_t *gaps = NULL;
	uint64_t widest;

	if (g->nr <= max)
		return 0;
	gaps = calloc(g->nr, sizeof(*gaps));
	if (!gaps)
		return -ENOMEM;
	for (unsigned int i = 1; i < g->nr; i++)
		gaps[i - 1] = g->r[i].start - g->r[i - 1].last;
	qsort(gaps, g->nr - 1, sizeof(*gaps), dirty_gap_compare);
	widest = gaps[close - 1];
	for (unsigned int i = 1; i < g->nr; i++) {
		if (close && g->r[i].start - g->r[n - 1].last <= widest) {
			g->r[n - 1].last = g->r[i].last;
			close--;
		} else {
			g->r[n++] = g->r[i];
		}
	}
	g->nr = n;
	return 0;
}

/* Everything that is mapped where the device is. */
int dirty_gather(struct session *s, unsigned int max, struct dirty_gather *g, struct fail *f)
{
	int err = ledger_each(iommu_ledger(s->at ? s->at : s->iommu), dirty_gather_one, g);

	if (!err && g->nr)
		err = dirty_gather_fit(g, max);
	return err ? fail_set(f, err, "cannot note down what is mapped") : 0;
}
