/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benchmark "map": one buffer mapped and unmapped at one place; the rate of pairs, then the time of each call. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "core/bench.h"

struct map_bench {
	struct session *s;
	struct iommu *iommu;
	const struct bench_params *p;
	struct bench_result *res;
	struct fail *f;
	struct iommu_map_req req;
	struct hist map, unmap;
};

static void map_count(struct map_bench *b, uint64_t unmapped)
{
	if (unmapped == b->req.size)
		return;
	if (!b->res->wrong++)
		b->res->wrong_got = unmapped;
}

/* For the rate: nothing but the two calls, so that it can be held against a plain loop's. */
static int map_pairs(struct map_bench *b, uint64_t loops, uint64_t *done)
{
	uint64_t unmapped;
	int err;

	for (*done = 0; *done < loops && !session_signal; ++*done) {
		err = iommu_map(b->iommu, &b->req, b->f);
		if (!err)
			err = iommu_unmap(b->iommu, b->req.iova, b->req.size, &unmapped, b->f);
		if (err)
			return err;
		map_count(b, unmapped);
	}
	return 0;
}

static int map_timed(struct map_bench *b, uint64_t loops)
{
	uint64_t unmapped, before, between, after;
	int err;

	for (uint64_t i = 0; i < loops && !session_signal; i++) {
		before = clock_ns();
		err = iommu_map(b->iommu, &b->req, b->f);
		if (err)
			return err;
		between = clock_ns();
		err = iommu_unmap(b->iommu, b->req.iova, b->req.size, &unmapped, b->f);
		after = clock_ns();
		if (err)
			return err;
		hist_add(&b->map, between - before);
		hist_add(&b->unmap, after - between);
		map_count(b, unmapped);
	}
	return 0;
}

static int map_measure(struct map_bench *b)
{
	struct bench_result *r = b->res;
	struct bench_row *rate;
	uint64_t done, start, ns;
	int err = map_pairs(b, b->p->warmup, &done);

	if (err)
		return err;
	r->clock_ns = bench_clock_cost();
	start = clock_ns();
	err = map_pairs(b, b->p->loops, &r->loops);
	ns = clock_ns() - start;
	r->iova = b->req.iova;
	if (!r->loops)
		return err;
	rate = bench_rate(r, "map+unmap", "pairs/s", r->loops, ns);
	rate->reference = b->p->reference;
	rate->reference_value = b->p->reference_value;
	if (!err)
		err = map_timed(b, r->loops);
	if (b->map.count) {
		bench_times(r, "map", &b->map);
		bench_times(r, "unmap", &b->unmap);
	}
	return err;
}

static int map_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	static struct map_bench b; /* large, and there is one benchmark at a time */
	struct iommu_mem mem = {.fd = -1};
	int err;

	memset(out, 0, sizeof(*out));
	b = (struct map_bench){.s = s, .iommu = session_iommu(s), .p = p, .res = out, .f = f};
	b.req = (struct iommu_map_req){.prot = IOMMU_PROT_RW, .tag = "bench"};
	err = bench_memory(s, p, &b.req, &mem, f);
	if (err)
		return err;
	err = map_measure(&b);
	iommu_mem_free(b.iommu, &mem);
	if (!err)
		out->pins_counted = !session_pin_excess(s, &out->pins_left);
	return err;
}

const struct bench bench_map = {
	.name = "map",
	.summary = "map and unmap one buffer at one place: pairs a second, and how long each call takes",
	.loops = 10000,
	.warmup = 1000,
	.size = KiB(4),
	.max_size = GiB(64),
	.maps = true,
	.run = map_run,
};
