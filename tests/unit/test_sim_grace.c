/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of an unmap, made visible by readers that stand still at the worst place: between walk and fill, and between
 * lookup and copy. A sound unmap passes whatever the timing; one that leaves out a wait fails.
 */
#include "sim_fixture.h"

#include <pthread.h>

#include "base/clock.h"
#include "iommu/rcu.h"

#define IOVA UINT64_C(0x100000)
#define PAUSE 30000000u /* ns: long enough for the other side to run into its wait */

struct scene {
	struct fixture fx;
	_Atomic int first_in, second_in, second_may_go, second_done;
};

/* A walker that has read the old entry and fills it in late. */
static void *late_filler(void *arg)
{
	struct scene *s = arg;
	struct sim_leaf leaf;

	rcu_enter();
	if (fixture_walk(&s->fx, IOVA, false, &leaf) == SIM_WALK_OK) {
		atomic_store(&s->first_in, 1);
		clock_sleep_ns(PAUSE, NULL);
		sim_iotlb_fill(sim_engine_tlb(s->fx.engine), IOVA, &leaf);
	}
	rcu_leave();
	return NULL;
}

static void scene_open(struct scene *s, const char *options, struct iommu_mem *mem)
{
	memset(s, 0, sizeof(*s));
	fixture_open(&s->fx, options, 1);
	*mem = fixture_alloc(&s->fx, PAGE);
	assert_int_equal(fixture_map(&s->fx, mem->va, PAGE, IOVA, IOMMU_PROT_RW), 0);
}

static void scene_close(struct scene *s, struct iommu_mem *mem)
{
	OPS.mem_free(s->fx.iommu, mem);
	fixture_close(&s->fx);
}

static void await(_Atomic int *flag)
{
	while (!atomic_load(flag))
		clock_sleep_ns(100000, NULL);
}

/* After an unmap the IOTLB holds nothing of it, also when a walk was under way. Returns whether it does. */
static bool filled_late(const char *options)
{
	struct sim_leaf leaf;
	struct iommu_mem mem;
	pthread_t thread;
	struct scene s;
	bool cached;

	scene_open(&s, options, &mem);
	assert_int_equal(pthread_create(&thread, NULL, late_filler, &s), 0);
	await(&s.first_in);
	fixture_unmap_ok(&s.fx, IOVA, PAGE);
	pthread_join(thread, NULL);
	rcu_enter();
	cached = sim_iotlb_lookup(sim_engine_tlb(s.fx.engine), IOVA, &leaf);
	rcu_leave();
	scene_close(&s, &mem);
	return cached;
}

static void test_late_fill(void **state)
{
	assert_false(filled_late(""));
	assert_true(filled_late("fault=stale-iotlb"));
}

/* Holds up the unmap's first wait until the second reader has its translation. */
static void *first_reader(void *arg)
{
	struct scene *s = arg;

	rcu_enter();
	atomic_store(&s->first_in, 1);
	await(&s->second_in);
	rcu_leave();
	return NULL;
}

/* Comes when the entry is cleared but still cached, and uses the cached one for a while. */
static void *second_reader(void *arg)
{
	struct scene *s = arg;
	struct sim_leaf leaf;

	rcu_enlist();
	await(&s->second_may_go);
	rcu_enter();
	if (sim_iotlb_lookup(sim_engine_tlb(s->fx.engine), IOVA, &leaf)) {
		atomic_store(&s->second_in, 1);
		clock_sleep_ns(PAUSE, NULL);
		atomic_store(&s->second_done, 1);
	}
	atomic_store(&s->second_in, 1);
	rcu_leave();
	return NULL;
}

static void *unmapper(void *arg)
{
	struct scene *s = arg;
	uint64_t bytes;

	/* Whether the DMA that used the old translation has ended when the unmap returns. */
	if (fixture_unmap(&s->fx, IOVA, PAGE, &bytes))
		return NULL;
	return atomic_load(&s->second_done) ? s : NULL;
}

static void test_dma_under_way(void **state)
{
	pthread_t first, second, unmap;
	struct iommu_mem mem;
	void *sound = NULL;
	struct scene s;

	scene_open(&s, "", &mem);
	assert_int_equal(fixture_dma(&s.fx, SIM_DMA_READ, IOVA, 0, 8), 0); /* now it is cached */
	assert_int_equal(pthread_create(&second, NULL, second_reader, &s), 0);
	assert_int_equal(pthread_create(&first, NULL, first_reader, &s), 0);
	await(&s.first_in);
	assert_int_equal(pthread_create(&unmap, NULL, unmapper, &s), 0);
	clock_sleep_ns(PAUSE, NULL);
	atomic_store(&s.second_may_go, 1);
	pthread_join(unmap, &sound);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
	assert_int_equal(s.second_done, 1);
	assert_non_null(sound);
	scene_close(&s, &mem);
}

/* Tables that a walker may stand in are not used again, not even by an unmap that does not wait. */
static void test_tables_kept(void **state)
{
	struct iommu_mem mem;
	struct scene s;

	scene_open(&s, "fault=stale-iotlb", &mem);
	fixture_unmap_ok(&s.fx, IOVA, PAGE);
	assert_int_equal(s.fx.sim->main.pt.parted.count, 3);
	for (unsigned int i = 0; i < 300; i++) {
		assert_int_equal(fixture_map(&s.fx, mem.va, PAGE, IOVA, IOMMU_PROT_RW), 0);
		fixture_unmap_ok(&s.fx, IOVA, PAGE);
		assert_true(s.fx.sim->main.pt.parted.count < 200); /* nor kept for ever */
	}
	scene_close(&s, &mem);
	scene_open(&s, "", &mem);
	fixture_unmap_ok(&s.fx, IOVA, PAGE);
	assert_int_equal(s.fx.sim->main.pt.parted.count, 0);
	scene_close(&s, &mem);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_fill),
		cmocka_unit_test(test_dma_under_way),
		cmocka_unit_test(test_tables_kept),
	};

	return cmocka_run_group_tests_name("sim_grace", tests, NULL, NULL);
}
