/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated page tables: leaf sizes, bits, empty tables, and agreement with a flat model. */
#include "sim_fixture.h"

#include "base/rng.h"
#include "iommu/rcu.h"
#include "iommu/sim/pt.h"

#define RW (SIM_PTE_R | SIM_PTE_W)

static void pt_map(struct sim_pt *pt, uint64_t iova, uint64_t frame, uint64_t frames, uint64_t bits)
{
	uint64_t done;

	assert_int_equal(sim_pt_map(pt, iova, frame, frames, bits, &done), 0);
	assert_int_equal(done, frames);
}

static void pt_unmap(struct sim_pt *pt, uint64_t iova, uint64_t frames)
{
	sim_pt_unmap(pt, iova, frames, false, NULL);
	sim_pt_reap(pt);
}

/* Frame that a read of @iova reaches, 0 = none; *level = leaf. */
static uint64_t pt_look(struct sim_pt *pt, uint64_t iova, unsigned int *level)
{
	struct sim_leaf leaf;

	if (sim_pt_walk(pt, iova, false, false, &leaf) != SIM_WALK_OK)
		return 0;
	if (level)
		*level = leaf.level;
	return ((leaf.pte & SIM_PTE_ADDR) >> 12) + ((iova >> 12) & ((UINT64_C(1) << (9 * leaf.level)) - 1));
}

static void test_leaf_sizes(void **state)
{
	static const struct {
		uint64_t iova, frame, frames, at;
		unsigned int level;
	} cases[] = {
		{0, 0x100, 1, 0, 0},
		{0x7ffffffff000, 0x100, 1, 0x7ffffffff000, 0},
		{0x200000, 0x200, 512, 0x200000, 1},
		{0x200000, 0x200, 512, 0x3ff000, 1},
		{0x200000, 0x201, 512, 0x200000, 0},	       /* frames not aligned */
		{0x201000, 0x201, 1023, 0x201000, 0},	       /* ragged start, */
		{0x201000, 0x201, 1023, 0x400000, 1},	       /* then one 2M leaf */
		{0x201000, 0x201, 1023, 0x5ff000, 1},	       /* to the end */
		{0x40000000, 0x40000, 0x40000, 0x7ffff000, 2}, /* 1G */
		{0x40000000, 0x40200, 0x40000, 0x40000000, 1}, /* 1G of IOVA, frames only 2M-aligned */
		{0x3ffff000, 0x3ffff, 0x40002, 0x3ffff000, 0}, /* 4K, 1G, 4K over one 1G border each */
		{0x3ffff000, 0x3ffff, 0x40002, 0x40000000, 2},
		{0x3ffff000, 0x3ffff, 0x40002, 0x80000000, 0},
		{0xffff000, 0x17f, 3, 0x10001000, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int level = 99;
		struct sim_pt pt;

		assert_int_equal(sim_pt_init(&pt), 0);
		pt_map(&pt, cases[i].iova, cases[i].frame, cases[i].frames, RW);
		assert_int_equal(pt_look(&pt, cases[i].at, &level),
				 cases[i].frame + ((cases[i].at - cases[i].iova) >> 12));
		assert_int_equal(level, cases[i].level);
		assert_int_equal(pt_look(&pt, cases[i].iova + (cases[i].frames << 12), NULL), 0);
		if (cases[i].iova)
			assert_int_equal(pt_look(&pt, cases[i].iova - 1, NULL), 0);
		assert_true(pt.live > 1);
		pt_unmap(&pt, cases[i].iova, cases[i].frames);
		assert_int_equal(pt_look(&pt, cases[i].at, NULL), 0);
		assert_int_equal(pt.live, 1);
		sim_pt_exit(&pt);
	}
}

static void test_permissions(void **state)
{
	struct sim_leaf leaf;
	struct sim_pt pt;

	assert_int_equal(sim_pt_init(&pt), 0);
	pt_map(&pt, 0x1000, 0x100, 1, SIM_PTE_R);
	pt_map(&pt, 0x2000, 0x101, 1, SIM_PTE_W);
	assert_int_equal(sim_pt_walk(&pt, 0x1000, false, false, &leaf), SIM_WALK_OK);
	assert_int_equal(sim_pt_walk(&pt, 0x1000, true, false, &leaf), SIM_WALK_DENIED);
	assert_int_equal(sim_pt_walk(&pt, 0x1000, true, true, &leaf), SIM_WALK_OK);
	assert_int_equal(sim_pt_walk(&pt, 0x2000, false, false, &leaf), SIM_WALK_DENIED);
	assert_int_equal(sim_pt_walk(&pt, 0x2000, true, false, &leaf), SIM_WALK_OK);
	assert_int_equal(sim_pt_walk(&pt, 0x3000, true, false, &leaf), SIM_WALK_NOT_PRESENT);
	sim_pt_exit(&pt);
}

static void test_accessed_dirty(void **state)
{
	struct sim_leaf leaf;
	struct sim_pt pt;

	assert_int_equal(sim_pt_init(&pt), 0);
	pt_map(&pt, 0x200000, 0x200, 512, RW);
	assert_int_equal(sim_pt_walk(&pt, 0x200000, false, false, &leaf), SIM_WALK_OK);
	assert_true(leaf.pte & SIM_PTE_A);
	assert_false(leaf.pte & SIM_PTE_D);
	assert_int_equal(sim_pt_walk(&pt, 0x3ff000, true, false, &leaf), SIM_WALK_OK);
	assert_true(leaf.pte & SIM_PTE_D);
	/* The bits stay, and a denied write sets none. */
	assert_int_equal(sim_pt_walk(&pt, 0x200000, false, false, &leaf), SIM_WALK_OK);
	assert_true(leaf.pte & SIM_PTE_D);
	pt_map(&pt, 0x400000, 0x400, 1, SIM_PTE_R);
	assert_int_equal(sim_pt_walk(&pt, 0x400000, true, false, &leaf), SIM_WALK_DENIED);
	assert_int_equal(sim_pt_walk(&pt, 0x400000, false, false, &leaf), SIM_WALK_OK);
	assert_false(leaf.pte & SIM_PTE_D);
	sim_pt_exit(&pt);
}

static void test_already_set(void **state)
{
	uint64_t done;
	struct sim_pt pt;

	assert_int_equal(sim_pt_init(&pt), 0);
	pt_map(&pt, 0x202000, 0x300, 1, RW);
	assert_int_equal(sim_pt_map(&pt, 0x200000, 0x400, 512, RW, &done), -EEXIST);
	assert_int_equal(done, 2); /* the two pages before it; a 2M leaf does not swallow the table */
	sim_pt_unmap(&pt, 0x200000, done, false, NULL);
	assert_int_equal(pt_look(&pt, 0x202000, NULL), 0x300);
	assert_int_equal(pt_look(&pt, 0x201000, NULL), 0);
	pt_unmap(&pt, 0x202000, 1);
	assert_int_equal(pt.live, 1);
	/* Nothing of a failed map stays behind, tables included. */
	pt_map(&pt, 0x40000000, 0x40000, 0x40000, RW);
	assert_int_equal(sim_pt_map(&pt, 0x3fe00000, 0x201, 1024, RW, &done), -EEXIST);
	assert_int_equal(done, 512);
	pt_unmap(&pt, 0x3fe00000, done);
	pt_unmap(&pt, 0x40000000, 0x40000);
	assert_int_equal(pt.live, 1);
	sim_pt_exit(&pt);
}

static void test_keep_last(void **state)
{
	struct sim_pt pt;

	assert_int_equal(sim_pt_init(&pt), 0);
	pt_map(&pt, 0x10000, 0x500, 4, RW);
	sim_pt_unmap(&pt, 0x10000, 4, true, NULL);
	assert_int_equal(pt_look(&pt, 0x12000, NULL), 0);
	assert_int_equal(pt_look(&pt, 0x13000, NULL), 0x503);
	pt_unmap(&pt, 0x13000, 1);
	assert_int_equal(pt.live, 1);
	sim_pt_exit(&pt);
}

/* Parted tables are not handed out before they are reaped. */
static void test_parted(void **state)
{
	struct sim_pt pt;
	size_t spare;

	assert_int_equal(sim_pt_init(&pt), 0);
	pt_map(&pt, 0x1000, 0x100, 1, RW);
	spare = pt.spare.count;
	sim_pt_unmap(&pt, 0x1000, 1, false, NULL);
	assert_int_equal(pt.live, 1);
	assert_int_equal(pt.parted.count, 3);
	assert_int_equal(pt.spare.count, spare);
	sim_pt_reap(&pt);
	assert_int_equal(pt.parted.count, 0);
	assert_int_equal(pt.spare.count, spare + 3);
	sim_pt_exit(&pt);
}

#define MODEL_PAGES 4096u

/* Random maps and unmaps around a 1G border against an array of frames. */
static void test_model(void **state)
{
	const uint64_t base = GiB(1) - (MODEL_PAGES / 2) * PAGE;
	static uint64_t model[MODEL_PAGES];
	struct sim_pt pt;

	memset(model, 0, sizeof(model));
	assert_int_equal(sim_pt_init(&pt), 0);
	for (uint64_t op = 0; op < 2000; op++) {
		uint64_t n = 1 + rng_below(rng_draw(7, op, 0), op % 3 ? 20 : 1500);
		uint64_t at = rng_below(rng_draw(7, op, 1), MODEL_PAGES - n + 1);
		uint64_t frame = 0x1000 + (op % 2 ? at : rng_below(rng_draw(7, op, 2), 100000));
		bool taken = false;

		for (uint64_t i = 0; i < n; i++)
			taken |= model[at + i] != 0;
		if (!taken) {
			pt_map(&pt, base + at * PAGE, frame, n, RW);
			for (uint64_t i = 0; i < n; i++)
				model[at + i] = frame + i;
			continue;
		}
		/* Unmap whole runs: what maps inside a large leaf goes with it, as the callers guarantee. */
		while (at && model[at] && model[at - 1])
			at--;
		while (at + n < MODEL_PAGES && model[at + n - 1] && model[at + n])
			n++;
		pt_unmap(&pt, base + at * PAGE, n);
		memset(&model[at], 0, n * sizeof(model[0]));
		for (uint64_t i = 0; i < MODEL_PAGES; i += 7)
			assert_int_equal(pt_look(&pt, base + i * PAGE, NULL), model[i]);
	}
	for (uint64_t i = 0; i < MODEL_PAGES; i++)
		assert_int_equal(pt_look(&pt, base + i * PAGE, NULL), model[i]);
	pt_unmap(&pt, base, MODEL_PAGES);
	assert_int_equal(pt.live, 1);
	sim_pt_exit(&pt);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaf_sizes),     cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_accessed_dirty), cmocka_unit_test(test_already_set),
		cmocka_unit_test(test_keep_last),      cmocka_unit_test(test_parted),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests_name("sim_pt", tests, NULL, NULL);
}
