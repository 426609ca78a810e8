/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases of `dirty verify`: DMA from several queues against reads from other threads, while leaves are split and merged, areas come and go, and
 * tracking is switched. A write is in this read or the next, never in neither; no page is reported that nobody wrote to.
 */
#include <errno.h>

#include "core/verify/race_run.h"

#define RACE_GRAINS 96
#define RACE_OTHER_GRAINS 16
#define RACE_READERS 3
#define RACE_UNMAPS 10
#define RACE_SWITCH_NS 200000

static int race_run_clear(struct verify *v, struct fail *f)
{
	const struct race_plan plan = {.grains = RACE_GRAINS, .clearers = 1};

	return race_run(v, &plan, f);
}

static bool race_can_parts(struct verify *v, const char **why)
{
	if (v->caps.whole_mappings)
		*why = "a read must not cut a mapping here";
	return !v->caps.whole_mappings;
}

static int race_run_parts(struct verify *v, struct fail *f)
{
	const struct race_plan plan = {.grains = RACE_GRAINS, .clearers = RACE_READERS};

	return race_run(v, &plan, f);
}

static bool race_can_keep(struct verify *v, const char **why)
{
	if (!v->caps.can_keep)
		*why = "reading always clears here";
	return v->caps.can_keep;
}

static int race_run_keep(struct verify *v, struct fail *f)
{
	const struct race_plan plan = {.grains = RACE_GRAINS, .clearers = 1, .keeper = true};

	return race_run(v, &plan, f);
}

/* The second size from below that an entry may have. */
static uint64_t race_leaf(const struct verify *v)
{
	uint64_t sizes = iommu_caps(v->at.iommu)->page_sizes;

	sizes &= sizes - 1;
	return sizes & -sizes;
}

static bool race_can_leaves(struct verify *v, const char **why)
{
	bool can = v->caps.leaves && race_leaf(v);

	if (!can)
		*why = "nobody splits or merges the kernel's page table entries from here";
	return can;
}

/* Small ones to large ones and back. */
static int race_change_leaves(struct race *r, struct fail *f)
{
	struct iommu *iommu = r->v->at.iommu;
	struct iova_range all = {r->area->iova, r->area->iova + (r->area->size - 1)};

	return r->turns % 2 ? iommu_leaf_merge(iommu, all, r->plan->leaf, f)
			    : iommu_leaf_split(iommu, all, verify_small(r->v), f);
}

static int race_run_leaves(struct verify *v, struct fail *f)
{
	const struct race_plan plan = {
		.leaf = race_leaf(v), .clearers = 1, .disturb = race_change_leaves, .changes_tables = true};
	int err = race_run(v, &plan, f);

	return err == -EOPNOTSUPP ? verify_skip(v, "%s", f->text) : err;
}

static int race_change_maps(struct race *r, struct fail *f)
{
	struct verify_area *other;
	int err = verify_some(r->v, 1 + verify_draw(r->v, RACE_OTHER_GRAINS), &other, f);

	return err ? err : verify_unmap(r->v, other, f);
}

static int race_run_maps(struct verify *v, struct fail *f)
{
	const struct race_plan plan = {
		.grains = RACE_GRAINS, .clearers = 1, .disturb = race_change_maps, .changes_tables = true};

	return race_run(v, &plan, f);
}

/* Off, on, and a few reads; ends with tracking on. */
static int race_change_tracking(struct race *r, struct fail *f)
{
	int err = race_switch(r, RACE_SWITCH_NS, f);

	for (uint64_t n = 1 + verify_draw(r->v, 3); n && !err; n--) {
		race_pause(RACE_SWITCH_NS);
		err = race_read_all(r, RACE_CLEAR, f);
	}
	return err;
}

static int race_run_switch(struct verify *v, struct fail *f)
{
	const struct race_plan plan = {.grains = RACE_GRAINS, .disturb = race_change_tracking, .switches = true};

	return race_run(v, &plan, f);
}

static bool race_can_unmap(struct verify *v, const char **why)
{
	const struct dev *dev = session_dev(v->s);

	if (!v->caps.unmaps)
		*why = "no call reads and unmaps here";
	else if (v->caps.over_reports)
		*why = "every mapped page is reported here, whatever was written";
	else if (v->caps.marks || !dev || !dev_limits(dev)->reports_faults)
		*why = "the device does not tell whether its write was refused";
	return !*why[0];
}

/* Of each race there is one moment that counts: many short ones. */
static int race_run_unmap(struct verify *v, struct fail *f)
{
	const struct race_plan plan = {.grains = RACE_GRAINS, .unmaps = true, .duration_ms = 1};
	int err = 0;

	for (unsigned int i = 0; i < RACE_UNMAPS && !err; i++)
		err = race_run(v, &plan, f);
	return err;
}

const struct verify_case verify_race_cases[] = {
	{.name = "race-read-clear",
	 .title = "writes from several queues while another thread reads and clears",
	 .run = race_run_clear},
	{.name = "race-readers",
	 .title = "the same with several readers, each of a part of its own",
	 .can = race_can_parts,
	 .run = race_run_parts},
	{.name = "race-keep",
	 .title = "the same with one that reads and keeps meanwhile",
	 .can = race_can_keep,
	 .run = race_run_keep},
	{.name = "race-leaves",
	 .title = "the same while entries are split and merged",
	 .can = race_can_leaves,
	 .run = race_run_leaves},
	{.name = "race-maps", .title = "the same while other areas are mapped and unmapped", .run = race_run_maps},
	{.name = "race-unmap",
	 .title = "one call reads and unmaps while all write: what reached memory is reported",
	 .can = race_can_unmap,
	 .run = race_run_unmap},
	{.name = "race-switch",
	 .title = "writes while tracking goes off and on: those begun and ended while it was on are reported",
	 .run = race_run_switch},
	{0},
};
