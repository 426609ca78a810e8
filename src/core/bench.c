/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of benchmarks, and what they share: the clock's own cost, rows of times and rates. */
#include "core/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "core/session_priv.h"
#include "host/self.h"

#define BENCH_CLOCK_LOOKS 2001

const struct bench *const benches[] = {&bench_map, &bench_dirty, &bench_bitmap, NULL};

const struct bench *bench_find(const char *name)
{
	for (size_t i = 0; benches[i]; i++)
		if (!strcmp(benches[i]->name, name))
			return benches[i];
	return NULL;
}

static int bench_place(struct session *s, const struct bench_params *p, struct iommu_map_req *req, struct fail *f)
{
	uint64_t align = MAX(MAX(s->granule, (uint64_t)4096), p->page_size);

	req->size = p->size;
	switch (p->where) {
	case OP_IOVA_KERNEL:
		if (!iommu_caps(session_iommu(s))->kernel_iova)
			return fail_set(f, EOPNOTSUPP, "backend %s cannot choose an iova itself",
					session_backend_name(s));
		req->kernel_iova = true;
		return 0;
	case OP_IOVA_RANDOM:
		align = MAX(align, p->size >= MiB(2) ? MiB(2) : 0);
		if (session_pick(s, session_space(s), p->op, p->size, align, &req->iova))
			return 0;
		return fail_set(f, ENOSPC, "no free iova for 0x%" PRIx64 " bytes", p->size);
	default:
		req->iova = p->iova;
		return p->unchecked ? 0 : session_check_map(s, p->iova, p->size, f);
	}
}

int bench_memory(struct session *s, const struct bench_params *p, struct iommu_map_req *req, struct iommu_mem *mem,
		 struct fail *f)
{
	int err = bench_place(s, p, req, f);

	if (!err && !session_is_simulated(s))
		err = self_memlock_raise(p->size, f);
	if (!err)
		err = iommu_mem_alloc(session_iommu(s), p->size, p->mem, mem, f);
	if (err)
		return err;
	req->va = mem->va;
	req->file = mem->fd >= 0 ? mem : NULL;
	return 0;
}

double bench_clock_cost(void)
{
	static struct hist h; /* large, and there is one benchmark at a time */
	uint64_t before, now;

	memset(&h, 0, sizeof(h));
	before = clock_ns();
	for (unsigned int i = 0; i < BENCH_CLOCK_LOOKS; i++, before = now) {
		now = clock_ns();
		hist_add(&h, now - before);
	}
	return (double)hist_percentile(&h, 500);
}

static struct bench_row *bench_row(struct bench_result *r, const char *name, const char *unit, double value)
{
	struct bench_row *row = &r->rows[r->nr_rows];

	if (r->nr_rows == BENCH_ROWS_MAX)
		return NULL;
	r->nr_rows++;
	*row = (struct bench_row){.name = name, .unit = unit, .value = value};
	return row;
}

static double bench_less(double ns, double clock)
{
	return MAX(ns - clock, 0.0);
}

struct bench_row *bench_times(struct bench_result *r, const char *name, const struct hist *h)
{
	struct bench_row *row = bench_row(r, name, "ns", bench_less(hist_mean(h), r->clock_ns));

	if (!row)
		return NULL;
	row->has_percentiles = true;
	row->p50 = bench_less((double)hist_percentile(h, 500), r->clock_ns);
	row->p99 = bench_less((double)hist_percentile(h, 990), r->clock_ns);
	row->p999 = bench_less((double)hist_percentile(h, 999), r->clock_ns);
	return row;
}

struct bench_row *bench_ratio(struct bench_result *r, const char *name, const char *unit, double value)
{
	return bench_row(r, name, unit, value);
}

struct bench_row *bench_rate(struct bench_result *r, const char *name, const char *unit, uint64_t n, uint64_t ns)
{
	double less = bench_less((double)ns, r->clock_ns);

	return bench_row(r, name, unit, less > 0 ? (double)n * 1e9 / less : 0);
}
