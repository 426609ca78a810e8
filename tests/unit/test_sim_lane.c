/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions that are changed by themselves: runs over borders, tables that stay, limits kept exactly, waits for those concerned only, threads. */
#include "sim_fixture.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/rng.h"
#include "iommu/rcu.h"

/* Does each page of the range lead to the next frame of the buffer, and nothing beyond it anywhere? */
static void leads_to(struct fixture *fx, uint64_t iova, uint64_t pages, const char *va)
{
	struct sim_leaf leaf;

	for (uint64_t i = 0; i < pages; i++) {
		uint64_t inside;

		assert_int_equal(fixture_walk(fx, iova + i * PAGE, false, &leaf), SIM_WALK_OK);
		inside = (iova + i * PAGE) & ((UINT64_C(1) << sim_pt_shift(leaf.level)) - 1);
		assert_int_equal(((leaf.pte & SIM_PTE_ADDR) + inside) >> 12, fixture_frame(fx, va + i * PAGE));
	}
	assert_int_equal(fixture_walk(fx, iova + pages * PAGE, false, &leaf), SIM_WALK_NOT_PRESENT);
	assert_int_equal(fixture_walk(fx, iova - PAGE, false, &leaf), SIM_WALK_NOT_PRESENT);
}

static void test_runs(void **state)
{
	static const uint64_t at[] = {MiB(2) - 3 * PAGE, MiB(4),	  GiB(1) - 100 * PAGE,	GiB(1) - 256 * PAGE,
				      GiB(2) + PAGE,	 GiB(512) - PAGE, GiB(600) + 511 * PAGE};
	static const uint64_t sizes[] = {1, 2, 255, 256, 513, 1500};
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, 1500 * PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++)
		for (unsigned int j = 0; j < 2 * ARRAY_SIZE(sizes); j++) {
			uint64_t pages = sizes[j / 2], size = pages * PAGE;

			assert_int_equal(fixture_map(&fx, mem.va, size, at[i], IOMMU_PROT_RW), 0);
			assert_int_equal(fixture_map(&fx, mem.va, PAGE, at[i] + size - PAGE, IOMMU_PROT_RW), -EEXIST);
			leads_to(&fx, at[i], pages, mem.va);
			assert_int_equal(fixture_copy(&fx, at[i], at[i] + size - 8, 8), 0);
			fixture_unmap_ok(&fx, at[i], size);
			assert_int_equal(fixture_copy(&fx, at[i] + size - PAGE, at[i], 8), -EFAULT);
		}
	assert_int_equal(fixture_pins(&fx), 0);
	assert_int_equal(fixture_tables(&fx), 1);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* Several mappings go at once, some of one table stay; one that reaches over the border of a region goes with its neighbours. */
static void test_ranges(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	uint64_t bytes;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, 64 * PAGE);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(fixture_map(&fx, mem.va, 4 * PAGE, GiB(3) - 30 * PAGE + i * 4 * PAGE, IOMMU_PROT_RW),
				 0);
	assert_int_equal(fixture_copy(&fx, GiB(3) - 30 * PAGE, GiB(3) + 30 * PAGE, 8), 0);
	/* the eighth reaches from two pages below the border to two above it */
	assert_int_equal(fixture_unmap(&fx, GiB(3), 6 * PAGE, &bytes), -EINVAL);
	assert_int_equal(fixture_unmap(&fx, GiB(3) - 6 * PAGE, 4 * PAGE, &bytes), 0);
	assert_int_equal(bytes, 4 * PAGE);
	assert_int_equal(fixture_unmap(&fx, GiB(3) - 6 * PAGE, 12 * PAGE, &bytes), 0);
	assert_int_equal(bytes, 8 * PAGE);
	/* the next begins where the first six, of what is left, end */
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(fixture_copy(&fx, GiB(3) - 30 * PAGE + i * 4 * PAGE, GiB(3) + 30 * PAGE, 8), 0);
	assert_int_equal(fixture_copy(&fx, GiB(3) - 6 * PAGE, GiB(3) + 30 * PAGE, 8), -EFAULT);
	assert_int_equal(fixture_copy(&fx, GiB(3) + 5 * PAGE, GiB(3) + 30 * PAGE, 8), -EFAULT);
	assert_int_equal(fixture_copy(&fx, GiB(3) + 6 * PAGE, GiB(3) + 30 * PAGE, 8), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* What was cached of a range goes with it, and only that: also far more pages than the IOTLB has places. */
static void test_cached(void **state)
{
	struct iommu_mem old, fresh;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	old = fixture_alloc(&fx, 600 * PAGE);
	fresh = fixture_alloc(&fx, 600 * PAGE);
	memset(old.va, 1, old.size);
	memset(fresh.va, 2, fresh.size);
	for (uint64_t pages = 1; pages <= 300; pages += pages < 20 ? 1 : 53) {
		uint64_t iova = GiB(5) + MiB(2) - pages / 2 * PAGE, size = pages * PAGE, to = GiB(5) + MiB(64);

		assert_int_equal(fixture_map(&fx, old.va, size, iova, IOMMU_PROT_READ), 0);
		assert_int_equal(fixture_map(&fx, (char *)old.va + 300 * PAGE, size, to, IOMMU_PROT_RW), 0);
		assert_int_equal(fixture_copy(&fx, iova, to, size), 0);
		fixture_unmap_ok(&fx, iova, size);
		assert_int_equal(fixture_map(&fx, fresh.va, size, iova, IOMMU_PROT_READ), 0);
		assert_int_equal(fixture_copy(&fx, iova, to, size), 0);
		assert_true(fixture_all((char *)old.va + 300 * PAGE, 2, size));
		assert_true(fixture_all(old.va, 1, 300 * PAGE));
		fixture_unmap_ok(&fx, iova, size);
		fixture_unmap_ok(&fx, to, size);
	}
	OPS.mem_free(fx.iommu, &old);
	OPS.mem_free(fx.iommu, &fresh);
	fixture_close(&fx);
}

/* Empty tables are kept, but not many; a large entry takes the place of one. */
static void test_empty_tables(void **state)
{
	struct iommu_mem mem, huge;
	struct sim_leaf leaf;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, PAGE);
	assert_int_equal(OPS.mem_alloc(fx.iommu, MiB(2), IOMMU_MEM_HUGETLB_2M, &huge), 0);
	for (unsigned int i = 0; i < 400; i++) {
		assert_int_equal(fixture_map(&fx, mem.va, PAGE, GiB(7) + i * MiB(2), IOMMU_PROT_RW), 0);
		fixture_unmap_ok(&fx, GiB(7) + i * MiB(2), PAGE);
		assert_in_range(fx.sim->main.pt.live, 1, 3 + SIM_LANE_IDLES);
	}
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, GiB(7) + MiB(900), IOMMU_PROT_RW), 0);
	fixture_unmap_ok(&fx, GiB(7) + MiB(900), PAGE);
	assert_true(sim_pt_lane_is_idle(&fx.sim->main.pt, GiB(7) + MiB(900)));
	assert_int_equal(fixture_map(&fx, huge.va, MiB(2), GiB(7) + MiB(900), IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_walk(&fx, GiB(7) + MiB(901), true, &leaf), SIM_WALK_OK);
	assert_int_equal(leaf.level, 1);
	fixture_unmap_ok(&fx, GiB(7) + MiB(900), MiB(2));
	assert_int_equal(fixture_tables(&fx), 1);
	OPS.mem_free(fx.iommu, &mem);
	OPS.mem_free(fx.iommu, &huge);
	fixture_close(&fx);
}

/* However the entries are spread over lanes, and come and go. */
static void test_entry_limit(void **state)
{
	enum { LIMIT = 50 };
	struct iommu_mem mem;
	struct fixture fx;
	unsigned int n = 0;
	uint32_t left;

	fixture_open(&fx, "dma_entry_limit=50", 1);
	mem = fixture_alloc(&fx, PAGE);
	for (unsigned int i = 0; i < 3 * LIMIT; i++) {
		uint64_t iova = GiB(10) + i % 7 * GiB(1) + i * PAGE;
		int r = fixture_map(&fx, mem.va, PAGE, iova, IOMMU_PROT_RW);

		assert_int_equal(r, n < LIMIT ? 0 : -ENOSPC);
		n += !r;
		if (!r && i % 3 == 0) {
			fixture_unmap_ok(&fx, iova, PAGE);
			n--;
		}
		assert_int_equal(OPS.avail(fx.iommu, &left), 0);
		assert_int_equal(left, LIMIT - n);
	}
	assert_int_equal(n, LIMIT);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* A table of entries has 8 bytes for each of them; the frames are those of a sparse file, of which nothing is touched. */
static void memory_of(enum iommu_mem_kind kind, uint64_t page, uint64_t size)
{
	uint64_t empty, leaves = size / page;
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	empty = sim_pt_bytes(&fx.sim->main.pt);
	assert_int_equal(OPS.mem_alloc(fx.iommu, size, kind, &mem), 0);
	assert_int_equal(fixture_map(&fx, mem.va, size, TiB(2), IOMMU_PROT_RW), 0);
	assert_in_range(sim_pt_bytes(&fx.sim->main.pt) - empty, 8 * leaves, 8 * leaves * 105 / 100);
	fixture_unmap_ok(&fx, TiB(2), size);
	assert_int_equal(fixture_tables(&fx), 1);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_memory(void **state)
{
	memory_of(IOMMU_MEM_HUGETLB_2M, MiB(2), GiB(64));
#ifndef RCU_TSAN /* its address space has no room for two views of 1 TiB */
	memory_of(IOMMU_MEM_HUGETLB_1G, GiB(1), TiB(1));
#endif
}

struct reader {
	uint32_t lanes, inner; /* of a section inside of it */
	_Atomic int in, go;
};

static void *reader_thread(void *arg)
{
	struct reader *r = arg;

	rcu_enter_for(r->lanes);
	rcu_enter_for(r->inner);
	atomic_store(&r->in, 1);
	while (!atomic_load(&r->go))
		clock_sleep_ns(100000, NULL);
	atomic_store(&r->in, 0);
	rcu_leave();
	rcu_leave();
	return NULL;
}

static void *release_later(void *arg)
{
	struct reader *r = arg;

	clock_sleep_ns(30000000, NULL);
	atomic_store(&r->go, 1);
	return NULL;
}

static void waits(uint32_t inner, uint32_t lane)
{
	struct reader r = {.lanes = 1u << 3, .inner = inner};
	pthread_t reader, release;

	assert_int_equal(pthread_create(&reader, NULL, reader_thread, &r), 0);
	while (!atomic_load(&r.in))
		clock_sleep_ns(100000, NULL);
	rcu_wait_for(1u << 4);
	rcu_wait_for(RCU_LANES & ~(1u << 3 | inner));
	rcu_wait_for(RCU_BOOKS);
	assert_int_equal(atomic_load(&r.in), 1);
	assert_int_equal(pthread_create(&release, NULL, release_later, &r), 0);
	rcu_wait_for(lane | 1u << 9);
	assert_int_equal(atomic_load(&r.in), 0);
	pthread_join(reader, NULL);
	pthread_join(release, NULL);
}

/* A reader of one lane holds up who waits for that, and nobody else; one that goes on to another inside of the section, of either. */
static void test_waits(void **state)
{
	waits(1u << 3, 1u << 3);
	waits(1u << 7, 1u << 3);
	waits(1u << 7, 1u << 7);
}

#define THREADS 4

struct churn {
	struct fixture *fx;
	unsigned int id;
	uint64_t bad;
};

/* Own places, own memory, all of one space: each sees what it put there and nothing else. Now and then something that takes all locks. */
static void *churn_thread(void *arg)
{
	struct churn *c = arg;
	struct iommu_mem mem;

	if (OPS.mem_alloc(c->fx->iommu, 64 * PAGE, IOMMU_MEM_ANON, &mem)) {
		c->bad++;
		return NULL;
	}
	for (uint64_t i = 0; i < 300; i++) {
		uint64_t draw = rng_draw(c->id, i, 0), pages = 2 * (1 + draw % 16), size = pages * PAGE, bytes;
		uint64_t iova = GiB(20 + c->id) - (i % 50 ? 0 : PAGE) + (draw >> 8) % 400 * MiB(2);
		struct sim_dma dma = {.kind = SIM_DMA_COPY, .src = iova, .dst = iova + size / 2, .len = size / 2};

		memset(mem.va, (int)(i % 250), size / 2);
		memset((char *)mem.va + size / 2, 255, size / 2);
		c->bad += fixture_map(c->fx, mem.va, size, iova, IOMMU_PROT_RW) != 0;
		c->bad += sim_engine_run(c->fx->engine, c->id, &dma, 1) || dma.status;
		c->bad += !fixture_all(mem.va, (unsigned char)(i % 250), size);
		c->bad += fixture_unmap(c->fx, iova, size, &bytes) || bytes != size;
		c->bad += sim_engine_run(c->fx->engine, c->id, &dma, 1) || dma.status != -EFAULT;
	}
	OPS.mem_free(c->fx->iommu, &mem);
	return NULL;
}

static void test_threads(void **state)
{
	struct churn churn[THREADS];
	pthread_t thread[THREADS];
	struct fixture fx;

	fixture_open(&fx, "", 1);
	for (unsigned int i = 0; i < THREADS; i++) {
		churn[i] = (struct churn){.fx = &fx, .id = i};
		assert_int_equal(pthread_create(&thread[i], NULL, churn_thread, &churn[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(churn[i].bad, 0);
	}
	assert_int_equal(fixture_pins(&fx), 0);
	assert_int_equal(sim_space_count(&fx.sim->main), 0);
	assert_int_equal(fixture_tables(&fx), 1);
	fixture_close(&fx);
}

enum { MANY = 20 };

struct many {
	struct fixture *fx;
	struct iommu *space;
	_Atomic bool stop;
	uint64_t bad;
};

/* Many mappings of one region, gone by one unmap, again and again. */
static void *many_thread(void *arg)
{
	struct many *m = arg;
	struct iommu_mem mem = fixture_alloc(m->fx, PAGE);
	uint64_t bytes;

	while (!atomic_load(&m->stop)) {
		for (unsigned int i = 0; i < MANY; i++) {
			struct iommu_map_req req = {
				.va = mem.va, .size = PAGE, .iova = GiB(5) + i * PAGE, .prot = IOMMU_PROT_RW};

			m->bad += OPS.map(m->space, &req) != 0;
		}
		m->bad += OPS.unmap(m->space, GiB(5), MANY * PAGE, &bytes) || bytes != MANY * PAGE;
	}
	OPS.mem_free(m->fx->iommu, &mem);
	return NULL;
}

/* An unmap of many mappings in one region takes nothing from those in others, of another space even: what these unmap meanwhile is gone. */
static void test_many(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	struct many many = {.fx = &fx};
	pthread_t thread;

	fixture_open(&fx, "personality=iommufd", 1);
	assert_int_equal(OPS.objects->space_new(fx.iommu, &many.space), 0);
	mem = fixture_alloc(&fx, 2 * PAGE);
	assert_int_equal(pthread_create(&thread, NULL, many_thread, &many), 0);
	for (unsigned int i = 0; i < 200000; i++) {
		struct sim_dma dma = {.kind = SIM_DMA_COPY, .src = GiB(6), .dst = GiB(6) + PAGE, .len = 8};

		assert_int_equal(fixture_map(&fx, mem.va, 2 * PAGE, GiB(6), IOMMU_PROT_RW), 0);
		assert_int_equal(sim_engine_run(fx.engine, 0, &dma, 1), 0);
		assert_int_equal(dma.status, 0);
		fixture_unmap_ok(&fx, GiB(6), 2 * PAGE);
		assert_int_equal(sim_engine_run(fx.engine, 0, &dma, 1), 0);
		assert_int_equal(dma.status, -EFAULT);
	}
	atomic_store(&many.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(many.bad, 0);
	/* none of it was flushed by more than its region */
	assert_int_equal(fx.sim->lane[5].qi.domain_selective, 0);
	OPS.mem_free(fx.iommu, &mem);
	sim_space_close(sim_space_of(many.space));
	fixture_close(&fx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),	     cmocka_unit_test(test_ranges),	 cmocka_unit_test(test_cached),
		cmocka_unit_test(test_empty_tables), cmocka_unit_test(test_entry_limit), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_waits),	     cmocka_unit_test(test_threads),	 cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("sim_lane", tests, NULL, NULL);
}
