/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty bits while the device writes: a copy of its memory is brought up to date by what was reported, as in a migration. Each
 * write is in the read that is under way or in the next one, never in neither: when all is quiet the copy equals the memory.
 */
#include "sim_dirty_fixture.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/rng.h"

#define IOVA UINT64_C(0x100000)
#define AREA (256 * PAGE)
#define WRITERS 3

struct race {
	struct fixture fx;
	struct iommu_mem mem, source;
	struct mirror mirror;
	enum dirty_source by;
	_Atomic bool stop;
	_Atomic unsigned int faults;
	_Atomic uint64_t done[WRITERS];
	pthread_t thread[WRITERS];
};

struct writer {
	struct race *race;
	unsigned int queue;
};

/* 64 bytes, with other content than any before them, to a place drawn anew. */
static void race_write(struct race *race, unsigned int queue, uint64_t n)
{
	struct sim_dma dma = {.kind = SIM_DMA_COPY, .len = 64};

	dma.src = IOVA + AREA + 8 * (n % 500);
	dma.dst = IOVA + rng_below(rng_draw(11, n, queue), AREA / 64) * 64;
	if (sim_engine_submit(race->fx.engine, queue, &dma, 1) || sim_engine_wait(race->fx.engine, queue, 10000) ||
	    dma.status)
		atomic_fetch_add(&race->faults, 1);
}

static void *race_thread(void *arg)
{
	struct writer w = *(struct writer *)arg;

	free(arg);
	for (uint64_t n = 0; !atomic_load(&w.race->stop); n++) {
		race_write(w.race, w.queue, n);
		atomic_store(&w.race->done[w.queue], n + 1);
	}
	return NULL;
}

static void race_go(struct race *race)
{
	atomic_store(&race->stop, false);
	for (unsigned int i = 0; i < WRITERS; i++) {
		struct writer *w = malloc(sizeof(*w));

		assert_non_null(w);
		*w = (struct writer){race, i};
		atomic_store(&race->done[i], 0);
		assert_int_equal(pthread_create(&race->thread[i], NULL, race_thread, w), 0);
	}
}

static bool race_has_done(struct race *race, uint64_t each)
{
	for (unsigned int i = 0; i < WRITERS; i++)
		if (atomic_load(&race->done[i]) < each)
			return false;
	return true;
}

static void race_await(struct race *race, uint64_t each)
{
	while (!race_has_done(race, each))
		clock_sleep_ns(100000, NULL);
}

static void race_read(struct race *race)
{
	dirty_take(&race->fx, race->by, IOVA, AREA, race->mirror.bits);
	mirror_update(&race->mirror);
}

/* Until each writer has done so many writes more. */
static void race_await_more(struct race *race, uint64_t each)
{
	uint64_t due[WRITERS];

	for (unsigned int i = 0; i < WRITERS; i++)
		due[i] = atomic_load(&race->done[i]) + each;
	for (unsigned int i = 0; i < WRITERS; i++)
		while (atomic_load(&race->done[i]) < due[i])
			clock_sleep_ns(100000, NULL);
}

/* Reads while each writer does so many writes more. */
static void race_read_during(struct race *race, uint64_t each)
{
	uint64_t due[WRITERS];
	bool under_way = true;

	for (unsigned int i = 0; i < WRITERS; i++)
		due[i] = atomic_load(&race->done[i]) + each;
	while (under_way) {
		race_read(race);
		under_way = false;
		for (unsigned int i = 0; i < WRITERS; i++)
			under_way |= atomic_load(&race->done[i]) < due[i];
	}
}

static void race_halt(struct race *race)
{
	atomic_store(&race->stop, true);
	for (unsigned int i = 0; i < WRITERS; i++)
		pthread_join(race->thread[i], NULL);
}

static void race_open(struct race *race, const char *options, enum dirty_source by)
{
	*race = (struct race){.by = by};
	fixture_open(&race->fx, options, 1);
	race->mem = dirty_map(&race->fx, IOVA, AREA, IOMMU_MEM_ANON);
	race->source = dirty_map(&race->fx, IOVA + AREA, PAGE, IOMMU_MEM_ANON);
	for (unsigned int i = 0; i < PAGE / 8; i++)
		((uint64_t *)race->source.va)[i] = rng_draw(3, i, 0);
}

static void race_start(struct race *race)
{
	const struct iova_range range = {IOVA, IOVA + AREA - 1};

	if (race->by == DIRTY_DEVICE)
		assert_int_equal(dirty_log(&race->fx, &range, 1, PAGE), 0);
	else
		assert_int_equal(dirty_start(&race->fx, race->by), 0);
	mirror_open(&race->mirror, &race->mem);
}

static void race_close(struct race *race)
{
	OPS.mem_free(race->fx.iommu, &race->mem);
	OPS.mem_free(race->fx.iommu, &race->source);
	fixture_close(&race->fx);
}

/* Does the copy hold, over so many turns of reading under DMA? Tracking begins while DMA is under way. */
static bool race_holds(const char *options, enum dirty_source by, unsigned int turns)
{
	struct race race;
	bool holds = true;

	race_open(&race, options, by);
	for (unsigned int turn = 0; turn < turns && holds; turn++) {
		race_go(&race);
		race_await(&race, 10);
		race_start(&race);
		/* in parts: a machine that stops one side for a while does not stop it in all of them */
		for (unsigned int part = 0; part < 5; part++)
			race_read_during(&race, 50);
		race_halt(&race);
		race_read(&race);
		holds = mirror_is_true(&race.mirror);
		assert_int_equal(dirty_stop(&race.fx, by), 0);
		mirror_close(&race.mirror);
	}
	assert_int_equal(race.faults, 0);
	race_close(&race);
	return holds;
}

static void test_iommu(void **state)
{
	assert_true(race_holds("", DIRTY_IOMMU, 3));
}

static void test_device(void **state)
{
	assert_true(race_holds("", DIRTY_DEVICE, 3));
}

/* The same eyes see what is not right. */
static void test_wrong(void **state)
{
	assert_false(race_holds("fault=dirty-no-flush", DIRTY_IOMMU, 3));
	assert_false(race_holds("fault=dirty-shift", DIRTY_IOMMU, 3));
	assert_false(race_holds("fault=dirty-shift", DIRTY_DEVICE, 3));
}

/* One call reads and unmaps under DMA: what arrived is reported, the rest faults. */
static void test_unmap(void **state)
{
	struct race race;

	race_open(&race, "", DIRTY_IOMMU);
	for (unsigned int turn = 1; turn <= 30; turn++) {
		uint64_t bytes;
		struct dirty_read req;

		race_start(&race);
		race_go(&race);
		race_await(&race, 4 + turn);
		req = dirty_req(IOVA, AREA, PAGE, race.mirror.bits);
		assert_int_equal(dirty_unmap(&race.fx, DIRTY_IOMMU, &req, &bytes), 0);
		assert_int_equal(bytes, AREA);
		/* the second began when nothing was mapped any more */
		race_await_more(&race, 2);
		mirror_update(&race.mirror);
		race_halt(&race);
		assert_true(mirror_is_true(&race.mirror));
		assert_true(race.faults >= turn * WRITERS);
		mirror_close(&race.mirror);
		assert_int_equal(fixture_map(&race.fx, race.mem.va, AREA, IOVA, IOMMU_PROT_RW), 0);
	}
	race_close(&race);
}

/* Windows are placed by one thread while another reads. */
struct placing {
	struct fixture *fx;
	_Atomic unsigned int calls;
	_Atomic bool stop;
};

static void placed(void *arg)
{
	struct placing *p = arg;

	atomic_fetch_add(&p->calls, 1);
}

static void *placing_thread(void *arg)
{
	struct placing *p = arg;

	for (unsigned int n = 0; !atomic_load(&p->stop); n++)
		OPS.leaves->place(p->fx->iommu, n % DIRTY_WINDOWS, n % 3 ? placed : NULL, p);
	return NULL;
}

static void test_place(void **state)
{
	struct placing p = {0};
	struct race race;
	pthread_t thread;

	race_open(&race, "", DIRTY_IOMMU);
	race_start(&race);
	p.fx = &race.fx;
	assert_int_equal(pthread_create(&thread, NULL, placing_thread, &p), 0);
	for (unsigned int i = 0; i < 200 || !atomic_load(&p.calls); i++)
		race_read(&race);
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	mirror_close(&race.mirror);
	race_close(&race);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iommu), cmocka_unit_test(test_device), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_unmap), cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests_name("sim_dirty_race", tests, NULL, NULL);
}
