/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large leaves: does mapping take as long for each whether there are many or half as many, and how much memory does one take? */
#include <errno.h>
#include <string.h>

#include "core/bench/sim.h"

/* The same memory at so many places side by side, so that a batch is long beside a look at the clock. */
#define LEAVES_PLACES 16

struct leaves {
	struct iommu *iommu;
	struct iommu_mem mem;
	uint64_t size, page;
	unsigned int mapped; /* places */
};

static int leaves_map(struct leaves *l, uint64_t at, uint64_t size, struct fail *f)
{
	struct iommu_map_req req = {.va = (char *)l->mem.va + at, .size = size, .prot = IOMMU_PROT_RW};

	req.iova = BENCH_SIM_LEAVES + l->mapped * l->size + at;
	return iommu_map(l->iommu, &req, f);
}

/* In one call, or in two. */
static inline int leaves_times(struct leaves *l, uint64_t *n, unsigned int calls, struct fail *f)
{
	uint64_t i;
	int err = 0;

	for (i = 0; i < *n && !err; i++) {
		for (unsigned int k = 0; k < calls && !err; k++)
			err = leaves_map(l, k * (l->size / calls), l->size / calls, f);
		l->mapped++;
	}
	*n = i;
	return err;
}

static int leaves_whole(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return leaves_times(ctx, n, 1, f);
}

static int leaves_halves(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return leaves_times(ctx, n, 2, f);
}

static int leaves_clear(void *ctx, struct fail *f)
{
	struct leaves *l = ctx;
	int err = 0;

	if (l->mapped)
		err = iommu_unmap(l->iommu, BENCH_SIM_LEAVES, l->mapped * l->size, NULL, f);
	l->mapped = 0;
	return err;
}

/* What one mapping adds to the tables, beside the entry itself. */
static int leaves_bytes(struct leaves *l, const struct bench_params *p, struct bench_result *out, const char *name,
			struct fail *f)
{
	uint64_t before = 0, after = 0, one = 1;
	double leaves = (double)(l->size / l->page);
	struct bench_row *row;
	int err = sim_table_bytes(l->iommu, &before);

	if (!err)
		err = leaves_whole(l, &one, NULL, f);
	if (!err)
		err = sim_table_bytes(l->iommu, &after);
	if (err)
		return fail_set(f, err, "cannot tell how large the tables are");
	row = bench_add(out, p, name, "B/leaf", (double)(after - before) / leaves);
	if (row && row->value > 0) {
		row->reference = "entry";
		row->reference_value = 8;
		row->ratio = 8 / row->value;
	}
	return leaves_clear(l, f);
}

static int leaves_time(struct leaves *l, const struct bench_params *p, struct bench_result *out, const char *name,
		       struct fail *f)
{
	static const struct bench_work work = {.ours = leaves_whole,
					       .plain = leaves_halves,
					       .before = leaves_clear,
					       .most = LEAVES_PLACES,
					       .by_cpu = true};
	double leaves = (double)(l->size / l->page);
	struct bench_measured m;
	struct bench_row *row;
	void *ctx = l;
	int err = bench_measure(&work, &ctx, 1, &p->until, &m, f);

	row = m.rounds ? bench_sim_row(out, p, &m, name, "ns/leaf", m.ours.median / leaves, m.ours.interval) : NULL;
	if (row && m.ratio_median > 0) {
		row->reference = "half as many";
		row->reference_value = m.plain.median / leaves;
		row->ratio = m.ratio_median;
		row->ratio_interval = m.ratio_interval;
	}
	bench_measured_free(&m);
	return err;
}

static const struct {
	const char *time, *bytes;
	uint64_t size, page;
	enum iommu_mem_kind kind;
} leaves_rows[] = {
	{"map-2M-leaves", "map-2M-bytes", GiB(64), MiB(2), IOMMU_MEM_HUGETLB_2M},
	{"map-1G-leaves", "map-1G-bytes", TiB(1), GiB(1), IOMMU_MEM_HUGETLB_1G},
};

int bench_sim_leaves(struct iommu *iommu, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(leaves_rows) && !err && !session_signal; i++) {
		struct leaves l = {.iommu = iommu, .size = leaves_rows[i].size, .page = leaves_rows[i].page};

		/* as under a limit, or a tool that has few addresses to give: the other figures stand without */
		err = iommu_mem_alloc(iommu, l.size, leaves_rows[i].kind, &l.mem, NULL);
		if (err == -ENOMEM) {
			strncat(out->note, "; no addresses for all large leaves",
				sizeof(out->note) - strlen(out->note) - 1);
			return 0;
		}
		if (err)
			return fail_set(f, err, "cannot allocate memory for large leaves");
		err = leaves_bytes(&l, p, out, leaves_rows[i].bytes, f);
		if (!err)
			err = leaves_time(&l, p, out, leaves_rows[i].time, f);
		leaves_clear(&l, NULL);
		iommu_mem_free(iommu, &l.mem);
	}
	return err;
}
