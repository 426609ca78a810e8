/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark "sim": what the simulated IOMMU costs beside what it cannot do without: plain stores for map and unmap, memcpy for DMA; and
 * several threads against one. In a simulation of its own, of the session's kind.
 */
#include "core/bench/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/session/priv.h"
#include "core/stamp/stamp.h"

/* Rows of one thread: memory of 2 x @area, mapped in a way or not, and a body with its plain loop. */
struct sim_row {
	const char *name, *unit;
	bench_batch ours, plain;
	const char *reference;
	uint64_t area, len;
	enum iommu_mem_kind kind;
	bool mapped, waits;
};

/*
 * The IOTLB has some hundred entries: what lies in 128 small pages is found there, what is chosen from 2048 or more is not. The larger area is
 * more than the processor's own caches hold.
 */
static const struct sim_row sim_rows[] = {
	{"map+unmap", "pairs/s", bench_sim_pairs, bench_sim_stores, "plain-stores", KiB(512), 0, IOMMU_MEM_ANON, false,
	 false},
	{"map+unmap-ops", "pairs/s", bench_sim_pairs_plain, bench_sim_stores, "plain-stores", KiB(512), 0,
	 IOMMU_MEM_ANON, false, false},
	{"dma-hit", "GiB/s", bench_sim_dma, bench_sim_memcpy, "memcpy", KiB(256), BENCH_SIM_DMA, IOMMU_MEM_ANON, true,
	 false},
	{"dma-hit-2M", "GiB/s", bench_sim_dma, bench_sim_memcpy, "memcpy", MiB(16), BENCH_SIM_DMA, IOMMU_MEM_HUGETLB_2M,
	 true, false},
	{"dma-miss", "GiB/s", bench_sim_dma, bench_sim_memcpy, "memcpy", MiB(4), BENCH_SIM_DMA, IOMMU_MEM_ANON, true,
	 false},
	{"dma-miss-far", "GiB/s", bench_sim_dma, bench_sim_memcpy, "memcpy", MiB(128), BENCH_SIM_DMA, IOMMU_MEM_ANON,
	 true, false},
	{"loop-8K", "loops/s", bench_sim_loop, bench_sim_memcpy, "memcpy", KiB(8), KiB(8), IOMMU_MEM_ANON, false, true},
	{"loop-256K", "loops/s", bench_sim_loop, bench_sim_memcpy, "memcpy", KiB(256), KiB(256), IOMMU_MEM_ANON, false,
	 true},
};

/* The plain loop says what the machine gives: two processors that share a core, or a busy machine, do not double anything. */
static const struct sim_scaling {
	const char *name, *by_cpu, *reference;
	bench_batch body, plain;
	bool mapped;
} sim_scalings[] = {
	{"scaling-map+unmap", "scaling-map+unmap-cpu", "plain-stores", bench_sim_pairs, bench_sim_stores, false},
	{"scaling-map+unmap-ops", "scaling-map+unmap-ops-cpu", "plain-stores", bench_sim_pairs_plain, bench_sim_stores,
	 false},
	{"scaling-dma", "scaling-dma-cpu", "memcpy", bench_sim_dma, bench_sim_memcpy, true},
	{"scaling-map+dma+unmap", "scaling-map+dma+unmap-cpu", "memcpy", bench_sim_life, bench_sim_memcpy, false},
};

/* --- memory of a part --- */

static int sim_memory(struct bench_sim_part *part, uint64_t area, uint64_t len, enum iommu_mem_kind kind,
		      struct fail *f)
{
	struct stamp stamp = {.session = 1, .generation = part->index + 1, .iova = part->iova};
	int err = iommu_mem_alloc(part->iommu, 2 * area, kind, &part->mem, f);

	if (err)
		return err;
	part->area = area;
	part->len = len;
	stamp_fill(part->mem.va, area, &stamp);
	stamp_poison((char *)part->mem.va + area, area);
	return 0;
}

/* Small pages although the memory is one piece: its begin and its IOVA are no multiple of a larger page at once. */
static int sim_memory_map(struct bench_sim_part *part, enum iommu_mem_kind kind, struct fail *f)
{
	struct iommu_map_req req = {.va = part->mem.va, .size = 2 * part->area, .prot = IOMMU_PROT_RW};

	if (kind == IOMMU_MEM_ANON)
		part->iova += KiB(4);
	req.iova = part->iova;
	return iommu_map(part->iommu, &req, f);
}

static void sim_memory_free(struct bench_sim_part *part, bool mapped)
{
	if (!part->mem.va)
		return;
	if (mapped)
		iommu_unmap(part->iommu, part->iova, 2 * part->area, NULL, NULL);
	part->iova = ALIGN_DOWN(part->iova, GiB(1));
	iommu_mem_free(part->iommu, &part->mem);
}

/* One more copy: does it arrive? Else nothing was measured. */
static int sim_arrives(struct bench_sim_part *part, struct fail *f)
{
	char *from = part->mem.va, *to = from + part->area;
	uint64_t one = 1;
	int err;

	stamp_poison(to, part->area);
	err = bench_sim_dma(part, &one, NULL, f);
	if (!err && one && memcmp(from + part->from, to + part->to, part->len))
		err = fail_set(f, EIO, "the simulated device's copy did not arrive");
	return err;
}

/* --- rows --- */

static int sim_measure(struct bench_sim_part *part, const struct sim_row *row, const struct bench_params *p,
		       struct bench_result *out, struct fail *f)
{
	const struct bench_work work = {.ours = row->ours, .plain = row->plain, .by_cpu = !row->waits};
	bool rate = !strcmp(row->unit, "GiB/s");
	struct bench_measured m;
	void *ctx = part;
	int err = bench_measure(&work, &ctx, 1, &p->until, &m, f);

	if (m.rounds)
		bench_add_rate(out, p, &m, row->name, row->unit, rate ? (double)row->len : 1, rate ? (double)GiB(1) : 1,
			       row->reference);
	bench_measured_free(&m);
	return err;
}

static int sim_one(struct bench_sim_part *part, const struct sim_row *row, const struct bench_params *p,
		   struct bench_result *out, struct fail *f)
{
	bool mapped = false;
	int err = sim_memory(part, row->area, row->len, row->kind, f);

	if (!err && row->mapped) {
		err = sim_memory_map(part, row->kind, f);
		mapped = !err;
	}
	if (!err)
		err = sim_measure(part, row, p, out, f);
	if (!err && row->mapped && !session_signal)
		err = sim_arrives(part, f);
	sim_memory_free(part, mapped);
	return err;
}

struct bench_row *bench_sim_row(struct bench_result *out, const struct bench_params *p, const struct bench_measured *m,
				const char *name, const char *unit, double value, double interval)
{
	struct bench_row *row = bench_add(out, p, name, unit, value);

	if (!row)
		return NULL;
	row->interval = interval;
	row->rounds = m->rounds;
	row->count = m->loops * p->cell.threads;
	row->tight = m->tight;
	out->loops = MAX(out->loops, m->loops);
	out->clock_ns = m->clock_ns;
	return row;
}

/* How many times one thread's rate all of them have. */
static int sim_scaling_of(struct bench_sim_part *parts, bench_batch body, bool by_cpu, const struct bench_params *p,
			  struct bench_measured *m, struct fail *f)
{
	const struct bench_work work = {.ours = bench_sim_all, .plain = bench_sim_first, .by_cpu = by_cpu};
	void *ctx[BENCH_THREADS_MAX];

	for (unsigned int k = 0; k < p->cell.threads; k++) {
		parts[k].body = body;
		ctx[k] = &parts[k];
	}
	return bench_measure(&work, ctx, p->cell.threads, &p->until, m, f);
}

/* By the wall, and by time on processors, where waiting does not count. */
static int sim_scaling(struct bench_sim_part *parts, const struct sim_scaling *of, bool by_cpu,
		       const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	struct bench_measured ours, plain;
	struct bench_row *row = NULL;
	int err = sim_scaling_of(parts, of->body, by_cpu, p, &ours, f);

	if (ours.rounds && ours.ratio_median > 0)
		row = bench_sim_row(out, p, &ours, by_cpu ? of->by_cpu : of->name, "x", ours.ratio_median,
				    ours.ratio_interval);
	bench_measured_free(&ours);
	if (err || !row || session_signal)
		return err;
	err = sim_scaling_of(parts, of->plain, by_cpu, p, &plain, f);
	if (plain.rounds && plain.ratio_median > 0) {
		row->reference = of->reference;
		row->reference_value = plain.ratio_median;
		row->ratio = row->value / row->reference_value;
		row->ratio_interval = ours.ratio_interval + plain.ratio_interval;
	}
	bench_measured_free(&plain);
	return err;
}

static int sim_scale(struct bench_sim_part *parts, unsigned int i, const struct bench_params *p,
		     struct bench_result *out, struct fail *f)
{
	unsigned int nr = 0, mapped = 0;
	int err = 0;

	for (; nr < p->cell.threads && !err; nr++)
		err = sim_memory(&parts[nr], KiB(512), BENCH_SIM_DMA, IOMMU_MEM_ANON, f);
	for (; sim_scalings[i].mapped && mapped < nr && !err; mapped++)
		err = sim_memory_map(&parts[mapped], IOMMU_MEM_ANON, f);
	for (unsigned int k = 0; k < 2 && !err && !session_signal; k++)
		err = sim_scaling(parts, &sim_scalings[i], k, p, out, f);
	for (unsigned int k = 0; k < nr; k++)
		sim_memory_free(&parts[k], k < mapped);
	return err;
}

static int sim_scales(struct bench_sim_part *parts, const struct bench_params *p, struct bench_result *out,
		      struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(sim_scalings) && !err && !session_signal; i++)
		err = sim_scale(parts, i, p, out, f);
	return err;
}

/* --- */

static int sim_singles(struct bench_sim_part *part, const struct bench_params *p, struct bench_result *out,
		       struct fail *f)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sim_rows) && !err && !session_signal; i++)
		err = sim_one(part, &sim_rows[i], p, out, f);
	return err || session_signal ? err : bench_sim_leaves(part->iommu, p, out, f);
}

static int sim_parts(struct iommu *iommu, struct bench_sim_part *parts, unsigned int nr, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < nr && !err; i++) {
		parts[i].iommu = iommu;
		parts[i].index = i;
		parts[i].iova = BENCH_SIM_IOVA + i * BENCH_SIM_APART;
		err = iommu_attach(iommu, "sim", &parts[i].idev, f);
		if (err)
			break;
		parts[i].engine = idev_sim_engine(parts[i].idev);
		if (!parts[i].engine) {
			fail_set(f, EOPNOTSUPP,
				 "this simulated device is a model, without queues of its own to measure");
			fail_hint(f, "`--backend sim` without model= has some");
			return -EOPNOTSUPP;
		}
	}
	return err;
}

/* One thread: every row, and what a second one brings. More of them: what they bring. */
static int sim_rows_of(struct iommu *iommu, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	struct bench_params several = *p;
	struct bench_sim_part *parts;
	int err;

	if (!p->nr_threads)
		several.cell.threads = 2;
	parts = aligned_alloc(4096, ALIGN_UP(several.cell.threads * sizeof(*parts), 4096));
	if (!parts)
		return fail_set(f, ENOMEM, "no memory for %u threads", several.cell.threads);
	memset(parts, 0, several.cell.threads * sizeof(*parts));
	err = sim_parts(iommu, parts, several.cell.threads, f);
	if (!err && p->cell.threads == 1)
		err = sim_singles(parts, p, out, f);
	if (!err && several.cell.threads > 1)
		err = sim_scales(parts, &several, out, f);
	free(parts);
	return err;
}

static int sim_run(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f)
{
	const struct session_params *sp = session_params(s);
	struct iommu_params params = {.spec = sp->backend ? sp->backend : "sim", .seed = sp->seed, .host = s->host};
	struct iommu *iommu;
	int err;

	if (!session_is_simulated(s)) {
		fail_usage(f, EINVAL, "`bench sim` measures the simulated IOMMU, not backend %s",
			   session_backend_name(s));
		fail_hint(f, "`--backend sim` has one; `bench map`, `unmap`, `dma` and `dirty` measure any backend");
		return -EINVAL;
	}
	err = iommu_open(&iommu, &params, f);
	if (err)
		return err;
	snprintf(out->note, sizeof(out->note),
		 "in a simulation of its own; scaling: so many times one thread's rate, -cpu: by time on processors");
	err = sim_rows_of(iommu, p, out, f);
	iommu_close(iommu);
	return err;
}

const struct bench bench_sim = {
	.name = "sim",
	.no_backend = true,
	.summary = "the simulated IOMMU itself, against plain stores and memcpy, and two threads against one",
	.varies = BENCH_THREADS,
	.loops = BENCH_AUTO,
	.warmup = BENCH_AUTO,
	.run = sim_run,
};
