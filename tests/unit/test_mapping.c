/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/mapping: whatever is mapped and unmapped, with whatever answer, the ledger holds what the backend holds. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "iommu/ledger.h"
#include "iommu/sim/context.h"

#define SLOTS 48u /* pages of IOVA the maps and unmaps fight for */
#define BASE UINT64_C(0x40000000)
#define MEM_PAGES 16u

struct ctx {
	struct iommu *iommu;
	struct iommu_mem mem;
};

static void ctx_open(struct ctx *c, const char *personality)
{
	struct iommu_params params = {.seed = 3};
	struct iommu_device *idev;
	char spec[64];

	snprintf(spec, sizeof(spec), "sim,personality=%s", personality);
	params.spec = spec;
	assert_int_equal(iommu_open(&c->iommu, &params, NULL), 0);
	assert_int_equal(iommu_attach(c->iommu, "sim", &idev, NULL), 0);
	assert_int_equal(iommu_mem_alloc(c->iommu, MEM_PAGES * SIM_PAGE, IOMMU_MEM_ANON, &c->mem, NULL), 0);
}

static void ctx_close(struct ctx *c)
{
	iommu_mem_free(c->iommu, &c->mem);
	iommu_close(c->iommu);
}

static int ctx_map(struct ctx *c, uint64_t page, uint64_t pages)
{
	struct iommu_map_req req = {
		.va = c->mem.va, .size = pages * SIM_PAGE, .iova = BASE + page * SIM_PAGE, .prot = IOMMU_PROT_RW};

	return iommu_map(c->iommu, &req, NULL);
}

static int ctx_unmap(struct ctx *c, uint64_t page, uint64_t pages, uint64_t *bytes)
{
	return iommu_unmap(c->iommu, BASE + page * SIM_PAGE, pages * SIM_PAGE, bytes, NULL);
}

struct walk {
	struct sim *sim;
	uint64_t next, count;
};

static int same_as_sim(const struct ledger_entry *e, void *arg)
{
	struct walk *w = arg;
	const struct sim_mapping *map = sim_mapping_first(&w->sim->main, w->next, UINT64_MAX);

	if (!map || map->node.start != e->range.start || map->node.last != e->range.last)
		return 1;
	w->next = e->range.last + 1;
	w->count++;
	return 0;
}

static bool ledger_is_true(struct ctx *c)
{
	struct walk w = {.sim = sim_space_of(c->iommu)->sim};

	return !ledger_each(iommu_ledger(c->iommu), same_as_sim, &w) && w.count == sim_space_count(&w.sim->main);
}

static void check_personality(const char *personality)
{
	uint64_t partial = 0, refused = 0, bytes;
	struct ctx c;

	ctx_open(&c, personality);
	for (uint64_t op = 0; op < 20000; op++) {
		uint64_t page = rng_below(rng_draw(7, op, 0), SLOTS), kind = rng_below(rng_draw(7, op, 1), 100);
		uint64_t pages = 1 + rng_below(rng_draw(7, op, 2), kind < 60 ? 6 : 20);
		uint64_t before = ledger_bytes(iommu_ledger(c.iommu)), gone;
		int err = 0;

		if (kind < 60) {
			ctx_map(&c, page, pages);
		} else if (kind < 99) {
			err = ctx_unmap(&c, page, pages, &bytes);
			gone = before - ledger_bytes(iommu_ledger(c.iommu));
			refused += err && !gone;
			partial += err && gone;
			if (!err)
				assert_int_equal(bytes, gone);
		} else {
			assert_int_equal(iommu_unmap_all(c.iommu, &bytes, NULL), 0);
			assert_int_equal(bytes, before);
		}
		if (!ledger_is_true(&c))
			fail_msg("%s: the ledger is wrong after op %llu: page %llu, %llu pages, kind %llu, answer %d",
				 personality, (unsigned long long)op, (unsigned long long)page,
				 (unsigned long long)pages, (unsigned long long)kind, err);
	}
	/* the corners were there: neither v1 refuses anything, only iommufd and its v2 stop halfway */
	assert_int_equal(refused > 0, strstr(personality, "v1") == NULL);
	assert_int_equal(partial > 0, !strcmp(personality, "iommufd") || !strcmp(personality, "compat-v2"));
	ctx_close(&c);
}

static void test_type1_v2(void **state)
{
	check_personality("type1-v2");
}

static void test_type1_v1(void **state)
{
	check_personality("type1-v1");
}

static void test_iommufd(void **state)
{
	check_personality("iommufd");
}

static void test_compat_v2(void **state)
{
	check_personality("compat-v2");
}

static void test_compat_v1(void **state)
{
	check_personality("compat-v1");
}

/* What is left of a mapping whose middle went is two, and the device reaches both where it did. */
static void test_compat_v1_cuts(void **state)
{
	struct ledger_entry left, right;
	uint64_t bytes = 1;
	struct ctx c;

	ctx_open(&c, "compat-v1");
	assert_int_equal(ctx_map(&c, 0, 5), 0);
	assert_int_equal(ctx_unmap(&c, 1, 2, &bytes), 0);
	assert_int_equal(bytes, 2 * SIM_PAGE);
	assert_true(ledger_find(iommu_ledger(c.iommu), (struct iova_range){0, UINT64_MAX}, &left));
	assert_true(ledger_find(iommu_ledger(c.iommu), (struct iova_range){left.range.last + 1, UINT64_MAX}, &right));
	assert_int_equal(left.range.last - left.range.start + 1, SIM_PAGE);
	assert_int_equal(right.range.last - right.range.start + 1, 2 * SIM_PAGE);
	assert_int_equal(right.range.start - left.range.start, 3 * SIM_PAGE);
	assert_ptr_equal(right.va, (char *)left.va + 3 * SIM_PAGE);
	assert_true(ledger_is_true(&c));
	ctx_close(&c);
}

/* The kernel looks at the leftmost mapping first: one that the range begins inside of ends it with nothing gone. */
static void test_v1_begins_inside(void **state)
{
	uint64_t bytes = 1;
	struct ctx c;

	ctx_open(&c, "type1-v1");
	assert_int_equal(ctx_map(&c, 0, 4), 0);
	assert_int_equal(ctx_map(&c, 4, 1), 0);
	assert_int_equal(ctx_unmap(&c, 1, 4, &bytes), 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(ledger_count(iommu_ledger(c.iommu)), 2);
	/* and one that it only ends inside of goes whole */
	assert_int_equal(ctx_map(&c, 5, 4), 0);
	assert_int_equal(ctx_unmap(&c, 4, 2, &bytes), 0);
	assert_int_equal(bytes, 5 * SIM_PAGE);
	assert_int_equal(ledger_count(iommu_ledger(c.iommu)), 1);
	ctx_close(&c);
}

static int unmap_refused(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	*unmapped = 0;
	return -EIO;
}

static int unmap_all_refused(struct iommu *iommu, uint64_t *unmapped)
{
	return unmap_refused(iommu, 0, UINT64_MAX, unmapped);
}

/* What the kernel did not unmap stays in the ledger: one entry by its own range, many by one that holds them all, everything. */
static void test_refused(void **state)
{
	struct iommu_ops ops = iommu_sim_ops;
	uint64_t bytes;
	struct ctx c;

	ops.unmap = unmap_refused;
	ops.unmap_all = unmap_all_refused;
	ctx_open(&c, "type1-v2");
	for (uint64_t page = 0; page < 40; page++)
		assert_int_equal(ctx_map(&c, page, 1), 0);
	c.iommu->ops = &ops;
	assert_int_equal(ctx_unmap(&c, 7, 1, &bytes), -EIO);
	assert_true(ledger_is_true(&c));
	assert_int_equal(ctx_unmap(&c, 0, 40, &bytes), -EIO);
	assert_true(ledger_is_true(&c));
	assert_int_equal(iommu_unmap_all(c.iommu, &bytes, NULL), -EIO);
	assert_true(ledger_is_true(&c));
	c.iommu->ops = &iommu_sim_ops;
	assert_int_equal(ctx_unmap(&c, 0, 40, &bytes), 0);
	assert_int_equal(ledger_count(iommu_ledger(c.iommu)), 0);
	ctx_close(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type1_v2),	 cmocka_unit_test(test_type1_v1),
		cmocka_unit_test(test_iommufd),		 cmocka_unit_test(test_compat_v2),
		cmocka_unit_test(test_compat_v1),	 cmocka_unit_test(test_compat_v1_cuts),
		cmocka_unit_test(test_v1_begins_inside), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
