/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core/stress/model against the simulated IOMMU: hundreds of thousands of calls, of which every answer is the model's, and misbehaviours
 * that the model objects to.
 */
#include "stress_model.h"

#include "base/rng.h"
#include "iommu/ledger.h"
#include "iommu/objects.h"

struct rig {
	struct iommu *iommu, *space;
	struct iommu_device *idev;
	struct iommu_mem mem;
	struct model *m[2]; /* of iommu and space */
	unsigned int side;
	uint64_t seed, n;
	uint64_t wrong, refused, peak;
	char first[200];
};

static void rig_open(struct rig *r, unsigned int side, const char *more, uint64_t seed)
{
	char spec[120];
	struct iommu_params params = {.spec = spec, .seed = seed};
	struct fail f = {0};
	uint32_t avail = 0;

	memset(r, 0, sizeof(*r));
	r->side = side;
	r->seed = seed;
	snprintf(spec, sizeof(spec), "sim,personality=%s%s", iommu_personality_name(sides[side]), more);
	assert_int_equal(iommu_open(&r->iommu, &params, &f), 0);
	assert_int_equal(iommu_attach(r->iommu, "sim", &r->idev, &f), 0);
	assert_int_equal(iommu_mem_alloc(r->iommu, MiB(4), IOMMU_MEM_ANON, &r->mem, &f), 0);
	iommu_avail(r->iommu, &avail);
	r->m[0] = model_of(side, iommu_caps(r->iommu), side == T1 || side == T2 ? avail : 0);
	if (side != FD)
		return;
	assert_int_equal(iommu_space_new(r->iommu, &r->space, &f), 0);
	r->m[1] = model_of(side, iommu_caps(r->space), 0);
}

static void rig_close(struct rig *r)
{
	model_free(r->m[0]);
	model_free(r->m[1]);
	iommu_mem_free(r->iommu, &r->mem);
	iommu_close(r->space);
	iommu_close(r->iommu);
}

static uint64_t draw(struct rig *r, const char *place, uint64_t n)
{
	return rng_below(rng_draw(r->seed, r->n, rng_place(place)), n);
}

/* Few places, so that calls meet; now and then the ends of everything. */
static iova_t draw_iova(struct rig *r, const char *place)
{
	static const iova_t ends[] = {0,   PAGE,       0xfedff000, 0xfee00000,	       0xfeeff000, 0xfef00000,
				      TOP, TOP + PAGE, UINT64_MAX, UINT64_MAX - 0xfff, TOP - PAGE, 0xfedfe000};

	if (!draw(r, place, 12))
		return ends[rng_below(rng_draw(r->seed, r->n, rng_place(place) + 1), ARRAY_SIZE(ends))];
	return 0x100000 + rng_below(rng_draw(r->seed, r->n, rng_place(place) + 2), 20000) * PAGE +
	       (draw(r, "odd", 40) ? 0 : 0x800);
}

static uint64_t draw_size(struct rig *r, const char *place)
{
	static const uint64_t ends[] = {0, 1, 0x800, 0x1800, UINT64_MAX, UINT64_MAX - 0xfff, UINT64_C(1) << 63, MiB(2)};

	if (!draw(r, place, 16))
		return ends[rng_below(rng_draw(r->seed, r->n, rng_place(place) + 1), ARRAY_SIZE(ends))];
	return PAGE * (1 + rng_below(rng_draw(r->seed, r->n, rng_place(place) + 2), 8));
}

/* What a call answered, held against what is due. */
static void rig_judge(struct rig *r, const char *what, iova_t iova, uint64_t size, const struct model_answer *due,
		      int err, uint64_t bytes)
{
	r->refused += err != 0;
	if (model_allows(due, -err) && (err || due->bytes_any || bytes == due->bytes))
		return;
	if (!r->wrong++)
		snprintf(r->first, sizeof(r->first),
			 "call %llu, %s 0x%llx 0x%llx: %d, 0x%llx bytes; due %d, 0x%llx (%s)", (unsigned long long)r->n,
			 what, (unsigned long long)iova, (unsigned long long)size, -err, (unsigned long long)bytes,
			 due->errs[0], (unsigned long long)due->bytes, due->why);
}

static struct iommu *rig_space(struct rig *r, unsigned int *which)
{
	*which = r->space && !draw(r, "space", 4);
	return *which ? r->space : r->iommu;
}

static void rig_map(struct rig *r)
{
	unsigned int which;
	struct iommu *iommu = rig_space(r, &which);
	uint64_t offset = draw(r, "offset", 1000) * PAGE + (draw(r, "va", 60) ? 0 : 0x400);
	struct iommu_map_req req = {.va = (char *)r->mem.va + offset,
				    .size = draw_size(r, "size"),
				    .iova = draw_iova(r, "iova"),
				    .prot = (enum iommu_prot)(draw(r, "prot", 40) ? 1 + draw(r, "rights", 3) : 0)};
	struct model_req ask = {.iova = req.iova,
				.size = req.size,
				.va = (uintptr_t)req.va,
				.prot = req.prot,
				.resident = MiB(4) - offset};
	struct model_map map = {.prot = req.prot, .id = r->n, .offset = offset};
	struct model_answer due;
	int err;

	model_ask_map(r->m[which], &ask, &due);
	err = iommu_map(iommu, &req, NULL);
	rig_judge(r, "map", ask.iova, ask.size, &due, err, req.size);
	if (err)
		return;
	map.range = (struct iova_range){req.iova, req.iova + (req.size - 1)};
	assert_true(model_mapped(r->m[which], &map) != -ENOMEM);
}

static void rig_unmap(struct rig *r)
{
	unsigned int which;
	struct iommu *iommu = rig_space(r, &which);
	iova_t iova = draw_iova(r, "iova");
	uint64_t size = draw_size(r, "size"), bytes = 0;
	struct model_answer due;
	struct model_map map;
	int err;

	/* as a rule something that is there, whole or cut */
	if (draw(r, "hit", 4) && model_find(r->m[which], iova, &map)) {
		iova = map.range.start + (draw(r, "into", 3) ? 0 : PAGE);
		size = map.range.last - map.range.start + 1 + draw(r, "more", 3) * PAGE;
	}
	model_ask_unmap(r->m[which], iova, size, &due);
	err = iommu_unmap(iommu, iova, size, &bytes, NULL);
	rig_judge(r, "unmap", iova, size, &due, err, bytes);
	model_unmapped(r->m[which], iova, size);
}

static void rig_copy(struct rig *r)
{
	unsigned int to = (unsigned int)draw(r, "to", 2);
	struct iommu_copy_req req = {.src = to ? r->iommu : r->space,
				     .src_iova = draw_iova(r, "from"),
				     .iova = draw_iova(r, "iova"),
				     .size = draw_size(r, "size"),
				     .prot = (enum iommu_prot)(draw(r, "prot", 30) ? 1 + draw(r, "rights", 3) : 0)};
	struct model_answer due;
	struct model_map map;
	int err;

	/* as a rule from what is there on: all of it, a part, or on into what follows or a hole */
	if (draw(r, "hit", 3) && model_find(r->m[!to], req.src_iova, &map)) {
		req.src_iova = map.range.start + (draw(r, "into", 3) ? 0 : PAGE);
		if (draw(r, "span", 2))
			req.size = map.range.last - map.range.start + 1 + draw(r, "more", 3) * PAGE;
	}
	model_ask_copy(r->m[to], r->m[!to], req.src_iova, req.size, req.iova, req.prot, &due);
	err = iommu_space_copy(to ? r->space : r->iommu, &req, NULL);
	rig_judge(r, "copy", req.iova, req.size, &due, err, req.size);
	if (!err)
		assert_int_equal(model_copied(r->m[to], r->m[!to], req.src_iova, req.size, req.iova, req.prot), 0);
}

static void rig_unmap_all(struct rig *r)
{
	struct model_answer due;
	uint64_t bytes = 0;
	int err;

	model_ask_unmap_all(r->m[0], &due);
	err = iommu_unmap_all(r->iommu, &bytes, NULL);
	rig_judge(r, "unmap all", 0, 0, &due, err, bytes);
	model_unmapped_all(r->m[0]);
}

static void rig_step(struct rig *r)
{
	uint64_t kind = draw(r, "kind", 100);

	if (r->n % 8192 == 8191)
		rig_unmap_all(r);
	else if (kind < 8 && r->space)
		rig_copy(r);
	else if (kind < 25)
		rig_unmap(r);
	else
		rig_map(r);
	r->peak = MAX(r->peak, model_count(r->m[0]));
}

static void rig_run(struct rig *r, uint64_t calls)
{
	for (r->n = 0; r->n < calls && !r->wrong; r->n++) {
		rig_step(r);
		if (!r->wrong && ledger_bytes(iommu_ledger(r->iommu)) != model_bytes(r->m[0]))
			fail_msg("call %llu: the ledger has 0x%llx bytes, the model 0x%llx", (unsigned long long)r->n,
				 (unsigned long long)ledger_bytes(iommu_ledger(r->iommu)),
				 (unsigned long long)model_bytes(r->m[0]));
	}
}

static void test_random(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned int side = 0; side < SIDES; side++) {
		for (uint64_t seed = 1; seed <= 3; seed++) {
			rig_open(&r, side, "", seed);
			rig_run(&r, 20000);
			if (r.wrong)
				fail_msg("%s, seed %llu: %s", iommu_personality_name(sides[side]),
					 (unsigned long long)seed, r.first);
			assert_true(r.refused > 2000);
			assert_true(r.peak > 1000);
			rig_close(&r);
		}
	}
}

/* A limit that is met. */
static void test_random_limit(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned int side = 0; side < SIDES; side++) {
		rig_open(&r, side, ",dma_entry_limit=100", 1);
		rig_run(&r, 10000);
		if (r.wrong)
			fail_msg("%s: %s", iommu_personality_name(sides[side]), r.first);
		assert_true(side == T1 || side == T2 ? r.peak == 100 : r.peak > 100);
		rig_close(&r);
	}
}

static void test_objects(void **state)
{
	static const char *const faults[] = {"overlap-ok", "iova-reserved", "short-unmap", "unmap-skip-pte"};
	struct rig r;

	(void)state;
	for (unsigned int side = 0; side < SIDES; side++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(faults); i++) {
			char more[60];

			snprintf(more, sizeof(more), ",fault=%s", faults[i]);
			rig_open(&r, side, more, 7);
			rig_run(&r, 20000);
			if (!r.wrong)
				fail_msg("%s: %s was not objected to", iommu_personality_name(sides[side]), faults[i]);
			rig_close(&r);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_limit),
		cmocka_unit_test(test_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
