/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of ranges, for which pages are dirty. */
#include <errno.h>

#include "core/stress/model_priv.h"

struct model_run {
	struct range_node node; /* first member */
	struct model_run *spare;
};

static struct model_run *runs_first(const struct model_runs *runs, struct iova_range r)
{
	return (struct model_run *)range_tree_first(&runs->tree, r.start, r.last);
}

static int runs_insert(struct model_runs *runs, struct iova_range r)
{
	struct model_run *run = runs->spare;

	if (run)
		runs->spare = run->spare;
	else
		run = malloc(sizeof(*run));
	if (!run)
		return -ENOMEM;
	*run = (struct model_run){.node = {.start = r.start, .last = r.last}};
	range_tree_insert(&runs->tree, &run->node);
	return 0;
}

static struct iova_range runs_remove(struct model_runs *runs, struct model_run *run)
{
	struct iova_range r = {run->node.start, run->node.last};

	range_tree_remove(&runs->tree, &run->node);
	run->spare = runs->spare;
	runs->spare = run;
	return r;
}

int runs_add(struct model_runs *runs, struct iova_range r)
{
	/* neighbours become one */
	struct iova_range near = {r.start ? r.start - 1 : 0, r.last == UINT64_MAX ? r.last : r.last + 1};
	struct model_run *run = runs_first(runs, r);

	if (run && run->node.start <= r.start && run->node.last >= r.last)
		return 0;
	while ((run = runs_first(runs, near))) {
		struct iova_range old = runs_remove(runs, run);

		r.start = MIN(r.start, old.start);
		r.last = MAX(r.last, old.last);
	}
	return runs_insert(runs, r);
}

int runs_cut(struct model_runs *runs, struct iova_range r)
{
	struct model_run *run;
	int err = 0;

	while ((run = runs_first(runs, r)) && !err) {
		struct iova_range old = runs_remove(runs, run);

		if (old.start < r.start)
			err = runs_insert(runs, (struct iova_range){old.start, r.start - 1});
		if (old.last > r.last && !err)
			err = runs_insert(runs, (struct iova_range){r.last + 1, old.last});
	}
	return err;
}

bool runs_next(const struct model_runs *runs, struct iova_range within, struct iova_range *run)
{
	const struct model_run *found = runs_first(runs, within);

	if (found)
		*run = (struct iova_range){found->node.start, found->node.last};
	return found;
}

void runs_free(struct model_runs *runs)
{
	runs_cut(runs, (struct iova_range){0, UINT64_MAX});
	while (runs->spare) {
		struct model_run *run = runs->spare;

		runs->spare = run->spare;
		free(run);
	}
}
