/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to core/stress: the mappings of one address space, in order. */
#ifndef IC_CORE_STRESS_MODEL_PRIV_H
#define IC_CORE_STRESS_MODEL_PRIV_H

#include "base/range_tree.h"
#include "base/util.h"
#include "core/stress/model.h"

struct model_node {
	struct range_node node; /* first member; start and last are the mapping's */
	struct model_map map;
	bool writable; /* its pages were pinned for writing: a copy may be written to, though this mapping may not */
	struct model_node *spare;
};

/* A set of ranges: disjoint, and no two side by side. */
struct model_run;
struct model_runs {
	struct range_tree tree;
	struct model_run *spare;
};
/* -ENOMEM: it is not in, or a part of the rest is gone as well. */
int runs_add(struct model_runs *runs, struct iova_range r);
int runs_cut(struct model_runs *runs, struct iova_range r);
/* The lowest that has a byte of @within. */
bool runs_next(const struct model_runs *runs, struct iova_range within, struct iova_range *run);
void runs_free(struct model_runs *runs);

struct model {
	struct model_params params;
	struct range_tree maps;
	uint64_t bytes;
	struct model_node *spare;	  /* nodes to use again */
	struct model_runs dirty, touched; /* pages written for sure; and perhaps */
	struct model_tracking how;
	bool tracking;
	bool forgetful; /* there was no memory for a run: nothing is sure any more */
};

static inline uint64_t model_granule(const struct model *m)
{
	uint64_t sizes = m->params.caps->page_sizes;

	return sizes ? sizes & -sizes : 4096;
}

static inline bool model_is_type1(const struct model *m)
{
	return m->params.personality == IOMMU_TYPE1_V2 || m->params.personality == IOMMU_TYPE1_V1;
}

/* The lowest mapping that has a byte of start..last, or NULL. */
static inline struct model_node *model_first(const struct model *m, iova_t start, iova_t last)
{
	return (struct model_node *)range_tree_first(&m->maps, start, last);
}

static inline void model_due(struct model_answer *due, int err, const char *why)
{
	*due = (struct model_answer){.nr = 1, .errs = {err}, .why = why};
}

static inline void model_due_or(struct model_answer *due, int err, int other, const char *why)
{
	*due = (struct model_answer){.nr = 2, .errs = {err, other}, .why = why};
}

/* Kernels before some version said @older; the simulation never does. */
static inline void model_due_since(const struct model *m, struct model_answer *due, int err, int older, const char *why)
{
	model_due_or(due, err, older, why);
	if (m->params.caps->simulated)
		due->nr = 1;
}

/* Put a mapping in, where nothing is. -ENOMEM. */
int model_insert(struct model *m, const struct model_map *map, bool writable);
void model_remove(struct model *m, struct model_node *node);
/* Remove everything that has a byte of start..last; returns how many bytes that was. */
uint64_t model_remove_range(struct model *m, iova_t start, iova_t last);
/* Is the range a place for a mapping: in an aperture, nothing there? 0, or what the interface says. */
void model_ask_place(const struct model *m, iova_t iova, uint64_t size, struct model_answer *due);

/* A mapping is gone: its dirty bits too, where the source has them with it. */
void model_dirty_unmapped(struct model *m, struct iova_range r);

#endif
