/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated memory: the range tree, the pile of free frames, reuse order, zero fill, references. */
#include "sim_fixture.h"

#include "base/rng.h"
#include "iommu/sim/pile.h"

static void test_tree_model(void **state)
{
	static struct range_node node[512];
	static bool in[512];
	struct range_tree tree = {0};

	/* Slot i owns 10*i .. 10*i+9 and uses a part of it. */
	for (uint64_t op = 0; op < 20000; op++) {
		uint64_t i = rng_below(rng_draw(3, op, 0), ARRAY_SIZE(node));
		uint64_t start = rng_below(rng_draw(3, op, 1), 5200), last = start + rng_below(rng_draw(3, op, 2), 50);
		struct range_node *want = NULL;

		if (in[i]) {
			range_tree_remove(&tree, &node[i]);
		} else {
			node[i].start = 10 * i + op % 3;
			node[i].last = 10 * i + 3 + op % 7;
			range_tree_insert(&tree, &node[i]);
		}
		in[i] = !in[i];
		for (uint64_t k = 0; k < ARRAY_SIZE(node) && !want; k++)
			if (in[k] && node[k].start <= last && start <= node[k].last)
				want = &node[k];
		assert_ptr_equal(range_tree_first(&tree, start, last), want);
	}
}

static void test_pile(void **state)
{
	struct sim_pile pile = {0};
	struct sim_extent e;

	assert_false(sim_pile_pop(&pile, 1, &e));
	assert_int_equal(sim_pile_reserve(&pile, 16), 0);
	sim_pile_push(&pile, (struct sim_extent){0x200, 8, false});
	sim_pile_push(&pile, (struct sim_extent){0x300, 4, false});
	sim_pile_push(&pile, (struct sim_extent){0x2fc, 4, false}); /* touches the top: merged */
	assert_int_equal(pile.count, 2);
	assert_true(sim_pile_pop(&pile, 3, &e));
	assert_int_equal(e.frame, 0x2fc);
	assert_int_equal(e.count, 3);
	assert_true(sim_pile_pop(&pile, 100, &e));
	assert_int_equal(e.frame, 0x2ff);
	assert_int_equal(e.count, 5);
	/* Zeroed and used frames are not merged. */
	sim_pile_push(&pile, (struct sim_extent){0x208, 8, true});
	assert_int_equal(pile.count, 2);
	free(pile.extent);
}

static void test_pile_cut(void **state)
{
	struct sim_pile pile = {0};
	struct sim_extent e;

	assert_int_equal(sim_pile_reserve(&pile, 16), 0);
	sim_pile_push(&pile, (struct sim_extent){0x101, 0x5ff, true}); /* holds 0x200..0x3ff and 0x400..0x5ff */
	sim_pile_push(&pile, (struct sim_extent){0x1001, 0x1ff, false});
	assert_true(sim_pile_cut(&pile, 512, 512, &e));
	assert_int_equal(e.frame, 0x200);
	assert_int_equal(e.count, 512);
	assert_true(e.zero);
	assert_int_equal(pile.count, 3);
	assert_true(sim_pile_cut(&pile, 512, 512, &e));
	assert_int_equal(e.frame, 0x400);
	assert_false(sim_pile_cut(&pile, 512, 512, &e));
	free(pile.extent);
}

static void test_pile_tidy(void **state)
{
	struct sim_pile pile = {0};

	assert_int_equal(sim_pile_reserve(&pile, 16), 0);
	sim_pile_push(&pile, (struct sim_extent){0x100, 1, false});
	sim_pile_push(&pile, (struct sim_extent){0x200, 2, false});
	sim_pile_push(&pile, (struct sim_extent){0x101, 1, false});
	sim_pile_push(&pile, (struct sim_extent){0x300, 1, false});
	sim_pile_push(&pile, (struct sim_extent){0x102, 1, false});
	sim_pile_tidy(&pile);
	assert_int_equal(pile.count, 3);
	assert_int_equal(pile.extent[0].frame, 0x200);
	assert_int_equal(pile.extent[1].frame, 0x300);
	assert_int_equal(pile.extent[2].frame, 0x100); /* stands where its latest part stood */
	assert_int_equal(pile.extent[2].count, 3);
	free(pile.extent);
}

static void test_reuse_last_first(void **state)
{
	struct iommu_mem a, b, c;
	struct fixture fx;
	uint64_t fa, fb;

	fixture_open(&fx, "", 1);
	a = fixture_alloc(&fx, 4 * PAGE);
	b = fixture_alloc(&fx, 4 * PAGE);
	fa = fixture_frame(&fx, a.va);
	fb = fixture_frame(&fx, b.va);
	assert_true(fa >= SIM_FRAME_BASE && fa != fb);
	OPS.mem_free(fx.iommu, &a);
	OPS.mem_free(fx.iommu, &b);
	assert_null(b.va);
	c = fixture_alloc(&fx, 4 * PAGE);
	assert_int_equal(fixture_frame(&fx, c.va), fa < fb ? fa : fb); /* merged, and its first frames */
	OPS.mem_free(fx.iommu, &c);
	fixture_close(&fx);
}

static void test_zero_fill(void **state)
{
	struct iommu_mem a, b;
	struct fixture fx;
	uint64_t frame;

	fixture_open(&fx, "", 1);
	a = fixture_alloc(&fx, 3 * PAGE);
	assert_true(fixture_all(a.va, 0, a.size));
	memset(a.va, 0x5a, a.size);
	frame = fixture_frame(&fx, a.va);
	OPS.mem_free(fx.iommu, &a);
	b = fixture_alloc(&fx, 3 * PAGE);
	assert_int_equal(fixture_frame(&fx, b.va), frame);
	assert_true(fixture_all(b.va, 0, b.size));
	OPS.mem_free(fx.iommu, &b);
	/* Large ones are given back to the host and come back zero as well. */
	a = fixture_alloc(&fx, MiB(8));
	memset(a.va, 0x5a, a.size);
	OPS.mem_free(fx.iommu, &a);
	b = fixture_alloc(&fx, MiB(8));
	assert_true(fixture_all(b.va, 0, b.size));
	OPS.mem_free(fx.iommu, &b);
	fixture_close(&fx);
}

/* Sizes that change: the latest free frames that suffice are taken, and pieces next to each other become one. */
static void test_reuse_fitting(void **state)
{
	struct iommu_mem small, large, again;
	uint64_t next, frame;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	large = fixture_alloc(&fx, 8 * PAGE);
	small = fixture_alloc(&fx, PAGE);
	again = fixture_alloc(&fx, PAGE);
	frame = fixture_frame(&fx, large.va);
	next = fx.sim->mem.next_frame;
	OPS.mem_free(fx.iommu, &large);
	OPS.mem_free(fx.iommu, &again);
	large = fixture_alloc(&fx, 6 * PAGE);
	assert_int_equal(fixture_frame(&fx, large.va), frame);
	OPS.mem_free(fx.iommu, &large);
	OPS.mem_free(fx.iommu, &small);
	large = fixture_alloc(&fx, 10 * PAGE);
	assert_int_equal(fixture_frame(&fx, large.va), frame);
	assert_int_equal(fx.sim->mem.next_frame, next);
	OPS.mem_free(fx.iommu, &large);
	fixture_close(&fx);
}

#define PART MiB(4)

/* Fragments: a buffer of several extents is one range to the process and reads back what was written. */
static void test_fragments(void **state)
{
	struct iommu_mem part[40], whole;
	struct fixture fx;
	uint64_t next;

	fixture_open(&fx, "", 1);
	for (unsigned int i = 0; i < 40; i++)
		part[i] = fixture_alloc(&fx, PART);
	next = fx.sim->mem.next_frame;
	for (unsigned int i = 0; i < 40; i += 2)
		OPS.mem_free(fx.iommu, &part[i]);
	whole = fixture_alloc(&fx, 2 * PART + PAGE);
	assert_int_equal(fx.sim->mem.next_frame, next); /* made of the free ones only */
	for (uint64_t at = 0; at < whole.size; at += PAGE)
		memset((char *)whole.va + at, (int)(at / PAGE % 251 + 1), PAGE);
	for (uint64_t at = 0; at < whole.size; at += PAGE) {
		char *va = (char *)whole.va + at;

		assert_true(fixture_all(va, (unsigned char)(at / PAGE % 251 + 1), PAGE));
		assert_memory_equal(sim_frame_va(&fx.sim->mem, fixture_frame(&fx, va)), va, PAGE);
	}
	for (unsigned int i = 1; i < 40; i += 2)
		assert_true(fixture_all(part[i].va, 0, PART));
	/* The device sees it as one range as well. */
	assert_int_equal(fixture_map(&fx, whole.va, whole.size, GiB(1), IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_copy(&fx, GiB(1) + PART - PAGE, GiB(1) + 2 * PART - PAGE, 2 * PAGE), 0);
	assert_memory_equal((char *)whole.va + PART - PAGE, (char *)whole.va + 2 * PART - PAGE, 2 * PAGE);
	fixture_unmap_ok(&fx, GiB(1), whole.size);
	OPS.mem_free(fx.iommu, &whole);
	assert_int_equal(fx.sim->mem.free_frames, 20 * PART / PAGE);
	for (unsigned int i = 1; i < 40; i += 2)
		OPS.mem_free(fx.iommu, &part[i]);
	fixture_close(&fx);
}

/* A mapping keeps the frames; they are free when the last holder goes. */
static void test_references(void **state)
{
	struct iommu_mem a, b;
	struct fixture fx;
	uint64_t frame;

	fixture_open(&fx, "", 1);
	a = fixture_alloc(&fx, 2 * PAGE);
	frame = fixture_frame(&fx, a.va);
	assert_int_equal(fixture_map(&fx, a.va, 2 * PAGE, 0x10000, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, a.va, PAGE, 0x20000, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_pins(&fx), 3);
	memset(a.va, 0x77, a.size);
	OPS.mem_free(fx.iommu, &a);
	b = fixture_alloc(&fx, 2 * PAGE);
	assert_int_not_equal(fixture_frame(&fx, b.va), frame);
	assert_int_equal(fixture_map(&fx, b.va, 2 * PAGE, 0x30000, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_copy(&fx, 0x10000, 0x30000, 2 * PAGE), 0);
	assert_true(fixture_all(b.va, 0x77, b.size)); /* pinned memory outlives its process mapping */
	fixture_unmap_ok(&fx, 0x10000, 2 * PAGE);
	assert_int_equal(fx.sim->mem.free_frames, 0);
	fixture_unmap_ok(&fx, 0x20000, PAGE);
	assert_int_equal(fx.sim->mem.free_frames, 2);
	fixture_unmap_ok(&fx, 0x30000, 2 * PAGE);
	assert_int_equal(fixture_pins(&fx), 0);
	OPS.mem_free(fx.iommu, &b);
	assert_int_equal(fx.sim->mem.free_frames, 4);
	fixture_close(&fx);
}

static void test_huge(void **state)
{
	struct iommu_mem mem, small;
	struct sim_leaf leaf;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	small = fixture_alloc(&fx, PAGE);
	assert_int_equal(OPS.mem_alloc(fx.iommu, MiB(3), IOMMU_MEM_HUGETLB_2M, &mem), 0);
	assert_int_equal(mem.size, MiB(4));
	assert_true(IS_ALIGNED(fixture_frame(&fx, mem.va), 512));
	assert_true(IS_ALIGNED((uintptr_t)mem.va, MiB(2)));
	assert_int_equal(fixture_map(&fx, mem.va, MiB(4), MiB(2), IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_walk(&fx, MiB(2), true, &leaf), SIM_WALK_OK);
	assert_int_equal(leaf.level, 1);
	OPS.mem_free(fx.iommu, &mem);
	assert_int_equal(OPS.mem_alloc(fx.iommu, GiB(1), IOMMU_MEM_HUGETLB_1G, &mem), 0);
	assert_true(IS_ALIGNED(fixture_frame(&fx, mem.va), GiB(1) / PAGE));
	assert_int_equal(fixture_map(&fx, mem.va, GiB(1), GiB(8), IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_walk(&fx, GiB(8), true, &leaf), SIM_WALK_OK);
	assert_int_equal(leaf.level, 2);
	OPS.mem_free(fx.iommu, &mem);
	assert_int_equal(OPS.mem_alloc(fx.iommu, 0, IOMMU_MEM_ANON, &mem), -EINVAL);
	assert_int_equal(OPS.mem_alloc(fx.iommu, TiB(64), IOMMU_MEM_ANON, &mem), -ENOMEM);
	assert_int_equal(OPS.mem_alloc(fx.iommu, UINT64_MAX, IOMMU_MEM_ANON, &mem), -ENOMEM);
	OPS.mem_free(fx.iommu, &small);
	fixture_close(&fx);
}

/* Random buffers, each filled with its own byte: no frame is ever in two of them. */
static void test_churn(void **state)
{
	struct iommu_mem mem[32] = {0};
	struct fixture fx;

	fixture_open(&fx, "", 1);
	for (uint64_t op = 0; op < 3000; op++) {
		uint64_t i = rng_below(rng_draw(9, op, 0), ARRAY_SIZE(mem));

		if (mem[i].va) {
			assert_true(fixture_all(mem[i].va, (unsigned char)(i + 1), mem[i].size));
			OPS.mem_free(fx.iommu, &mem[i]);
		} else {
			mem[i] = fixture_alloc(&fx, PAGE * (1 + rng_below(rng_draw(9, op, 1), 40)));
			assert_true(fixture_all(mem[i].va, 0, mem[i].size));
			memset(mem[i].va, (int)(i + 1), mem[i].size);
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(mem); i++)
		if (mem[i].va)
			OPS.mem_free(fx.iommu, &mem[i]);
	assert_int_equal(fx.sim->mem.free_frames, fx.sim->mem.next_frame - SIM_FRAME_BASE);
	assert_int_equal(fx.sim->mem.pieces, 0);
	fixture_close(&fx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_model),
		cmocka_unit_test(test_pile),
		cmocka_unit_test(test_pile_cut),
		cmocka_unit_test(test_pile_tidy),
		cmocka_unit_test(test_reuse_last_first),
		cmocka_unit_test(test_zero_fill),
		cmocka_unit_test(test_reuse_fitting),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_churn),
	};

	return cmocka_run_group_tests_name("sim_mem", tests, NULL, NULL);
}
