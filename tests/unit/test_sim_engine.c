/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated device: directions, odd addresses, page borders, faults in mid-request, reset, and all queues at once. */
#include "sim_fixture.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/rng.h"

#define IOVA UINT64_C(0x100000)

static void pattern(void *va, uint64_t size, uint64_t salt)
{
	unsigned char *p = va;

	for (uint64_t i = 0; i < size; i++)
		p[i] = (unsigned char)((i * 31 + salt) ^ (i >> 8));
}

/* Copies of every alignment and length around page borders equal memcpy, and touch nothing beside them. */
static void test_copy_shapes(void **state)
{
	static unsigned char want[8 * 4096];
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, 8 * PAGE);
	assert_int_equal(fixture_map(&fx, mem.va, 8 * PAGE, IOVA, IOMMU_PROT_RW), 0);
	for (uint64_t op = 0; op < 600; op++) {
		uint64_t len = 1 + rng_below(rng_draw(5, op, 0), op % 2 ? 30 : 3 * PAGE);
		uint64_t src = rng_below(rng_draw(5, op, 1), 4 * PAGE - len),
			 dst = 4 * PAGE + rng_below(rng_draw(5, op, 2), 4 * PAGE - len);

		pattern(mem.va, mem.size, op);
		memcpy(want, mem.va, sizeof(want));
		memcpy(want + dst, want + src, len);
		assert_int_equal(fixture_copy(&fx, IOVA + src, IOVA + dst, len), 0);
		assert_memory_equal(mem.va, want, sizeof(want));
	}
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_read_write(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, MiB(2));
	assert_int_equal(fixture_map(&fx, mem.va, MiB(2), IOVA + PAGE, IOMMU_PROT_RW), 0);
	pattern(mem.va, MiB(1), 3);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + PAGE, 0, MiB(1)), 0);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + PAGE + MiB(1), MiB(1)), 0);
	assert_memory_equal(mem.va, (char *)mem.va + MiB(1), MiB(1));
	/* Its own memory ends at 1 MiB. */
	assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + PAGE, SIM_DEVICE_BUFFER - 7, 8), -EIO);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, UINT64_MAX, IOVA + PAGE, 8), -EIO);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + PAGE, SIM_DEVICE_BUFFER - 8, 8), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* A hole in the middle: what is readable is copied, the rest reads as ones; writes into a hole are dropped. */
static void test_partial_fault(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	char *va;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, 6 * PAGE);
	va = mem.va;
	memset(va, 0x11, 3 * PAGE);
	assert_int_equal(fixture_map(&fx, va, PAGE, IOVA, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, va + 2 * PAGE, PAGE, IOVA + 2 * PAGE, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, va + 3 * PAGE, 3 * PAGE, IOVA + 3 * PAGE, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_copy(&fx, IOVA, IOVA + 3 * PAGE, 3 * PAGE), -EFAULT);
	assert_true(fixture_all(va + 3 * PAGE, 0x11, PAGE));
	assert_true(fixture_all(va + 4 * PAGE, 0xff, PAGE));
	assert_true(fixture_all(va + 5 * PAGE, 0x11, PAGE));
	memset(va + 3 * PAGE, 0x22, 3 * PAGE);
	assert_int_equal(fixture_copy(&fx, IOVA + 3 * PAGE, IOVA, 3 * PAGE), -EFAULT);
	assert_true(fixture_all(va, 0x22, PAGE));
	assert_true(fixture_all(va + PAGE, 0x11, PAGE));
	assert_true(fixture_all(va + 2 * PAGE, 0x22, PAGE));
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_dirty_bit(void **state)
{
	struct iommu_mem mem;
	struct sim_leaf leaf;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, PAGE);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, IOVA, IOMMU_PROT_RW), 0);
	/* The read caches a clean entry; the write behind it must still mark the page. */
	assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA, 0, 8), 0);
	assert_int_equal(fixture_walk(&fx, IOVA, false, &leaf), SIM_WALK_OK);
	assert_false(leaf.pte & SIM_PTE_D);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA, 8), 0);
	assert_int_equal(fixture_walk(&fx, IOVA, false, &leaf), SIM_WALK_OK);
	assert_true(leaf.pte & SIM_PTE_D);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* Many mappings in one unmap: nothing of any of them stays cached. */
static void test_unmap_many(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, PAGE);
	for (uint64_t i = 0; i < 40; i++) {
		assert_int_equal(fixture_map(&fx, mem.va, PAGE, IOVA + i * PAGE, IOMMU_PROT_RW), 0);
		assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + i * PAGE, 8), 0);
	}
	fixture_unmap_ok(&fx, IOVA, 40 * PAGE);
	memset(mem.va, 0x33, PAGE);
	for (uint64_t i = 0; i < 40; i++)
		assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + i * PAGE, 8), -EFAULT);
	assert_true(fixture_all(mem.va, 0x33, PAGE));
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_ring(void **state)
{
	static struct sim_dma dma[300];
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, MiB(4));
	assert_int_equal(fixture_map(&fx, mem.va, MiB(4), IOVA, IOMMU_PROT_RW), 0);
	for (unsigned int i = 0; i < 300; i++)
		dma[i] = (struct sim_dma){SIM_DMA_COPY, IOVA, IOVA + MiB(2), 4096, 1};
	assert_int_equal(sim_engine_submit(fx.engine, 0, dma, 300), -ENOSPC);
	assert_int_equal(sim_engine_submit(fx.engine, SIM_QUEUES, dma, 1), -EINVAL);
	for (unsigned int round = 0; round < 20; round++) {
		assert_int_equal(sim_engine_submit(fx.engine, 1, dma, 100), 0);
		assert_int_equal(sim_engine_submit(fx.engine, 1, dma + 100, 100), 0);
		assert_int_equal(sim_engine_wait(fx.engine, 1, 10000), 0);
		for (unsigned int i = 0; i < 200; i++) {
			assert_int_equal(dma[i].status, 0);
			dma[i].status = 1;
		}
	}
	assert_int_equal(dma[250].status, 1);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/*
 * One gigabyte of copies, a wait of a millisecond, a reset. The number of cancelled ones; 0 when the copies were faster
 * than this thread, which a busy machine may keep from running that long.
 */
static unsigned int reset_under_way(struct fixture *fx)
{
	static struct sim_dma dma[64];
	unsigned int done = 0, cancelled = 0;
	int err;

	for (unsigned int i = 0; i < ARRAY_SIZE(dma); i++)
		dma[i] = (struct sim_dma){SIM_DMA_COPY, IOVA + 1, IOVA + MiB(16), MiB(16), 1};
	assert_int_equal(sim_engine_submit(fx->engine, 0, dma, ARRAY_SIZE(dma)), 0);
	err = sim_engine_wait(fx->engine, 0, 1);
	if (err)
		assert_int_equal(err, -ETIMEDOUT);
	assert_int_equal(fx->idev->ops->reset(fx->idev), 0);
	assert_int_equal(sim_engine_wait(fx->engine, 0, 0), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(dma); i++) {
		done += dma[i].status == 0;
		cancelled += dma[i].status == -ECANCELED;
	}
	assert_int_equal(done + cancelled, ARRAY_SIZE(dma));
	/* a wait that says all is done leaves nothing for a reset */
	if (!err)
		assert_int_equal(done, ARRAY_SIZE(dma));
	return cancelled;
}

/* A wait that ends too early says so, and a reset ends what is under way. */
static void test_timeout_and_reset(void **state)
{
	unsigned int cancelled = 0;
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, MiB(32));
	assert_int_equal(fixture_map(&fx, mem.va, MiB(32), IOVA, IOMMU_PROT_RW), 0);
	for (unsigned int try = 0; !cancelled && try < 30; try++)
		cancelled = reset_under_way(&fx);
	assert_true(cancelled > 0);
	/* It works again afterwards. */
	assert_int_equal(fixture_copy(&fx, IOVA, IOVA + MiB(16), PAGE), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

#define CHURN_LOOPS 400u

struct churner {
	struct fixture *fx;
	unsigned int id;
	const char *wrong;
};

/* The job itself: fresh memory at a fixed IOVA, copy, verify, unmap, and the device no longer reaches it. */
static void *churn(void *arg)
{
	struct churner *c = arg;
	const iova_t iova = IOVA + c->id * MiB(64) - c->id * PAGE;

	for (uint64_t op = 0; op < CHURN_LOOPS && !c->wrong; op++) {
		uint64_t size = PAGE * (1 + rng_below(rng_draw(c->id, op, 0), 12)), bytes;
		struct sim_dma dma = {SIM_DMA_COPY, iova, iova + size, size, 1};
		struct iommu_mem mem;

		if (OPS.mem_alloc(c->fx->iommu, 2 * size, IOMMU_MEM_ANON, &mem))
			c->wrong = "mem_alloc";
		pattern(mem.va, size, op + c->id * 1000);
		if (fixture_map(c->fx, mem.va, 2 * size, iova, IOMMU_PROT_RW))
			c->wrong = "map";
		if (sim_engine_submit(c->fx->engine, c->id, &dma, 1) || sim_engine_wait(c->fx->engine, c->id, 10000) ||
		    dma.status)
			c->wrong = "dma";
		if (memcmp(mem.va, (char *)mem.va + size, size))
			c->wrong = "miscompare";
		if (fixture_unmap(c->fx, iova, 2 * size, &bytes) || bytes != 2 * size)
			c->wrong = "unmap";
		if (sim_engine_submit(c->fx->engine, c->id, &dma, 1) || sim_engine_wait(c->fx->engine, c->id, 10000) ||
		    dma.status != -EFAULT)
			c->wrong = "dma after unmap";
		OPS.mem_free(c->fx->iommu, &mem);
	}
	return NULL;
}

/* All queues but the first: each its own loop. */
static void test_all_queues(void **state)
{
	struct churner c[SIM_QUEUES];
	pthread_t thread[SIM_QUEUES];
	struct fixture fx;

	fixture_open(&fx, "", 1);
	for (unsigned int i = 0; i < SIM_QUEUES; i++) {
		c[i] = (struct churner){&fx, i, NULL};
		assert_int_equal(pthread_create(&thread[i], NULL, churn, &c[i]), 0);
	}
	for (unsigned int i = 0; i < SIM_QUEUES; i++)
		pthread_join(thread[i], NULL);
	for (unsigned int i = 0; i < SIM_QUEUES; i++)
		if (c[i].wrong)
			fail_msg("queue %u: %s", i, c[i].wrong);
	assert_int_equal(fixture_pins(&fx), 0);
	assert_int_equal(fixture_tables(&fx), 1);
	fixture_close(&fx);
}

struct hammer {
	struct fixture *fx;
	_Atomic int stop;
	unsigned int queue;
	_Atomic unsigned int reached, faulted;
};

/* DMA without pause into a range that is mapped and unmapped at the same time. */
static void *hammer(void *arg)
{
	struct hammer *h = arg;

	while (!atomic_load(&h->stop)) {
		struct sim_dma dma = {SIM_DMA_WRITE, 0, IOVA, 8 * PAGE, 1};

		if (sim_engine_submit(h->fx->engine, h->queue, &dma, 1) ||
		    sim_engine_wait(h->fx->engine, h->queue, 10000))
			break;
		h->reached += dma.status == 0;
		h->faulted += dma.status == -EFAULT;
	}
	return NULL;
}

static unsigned int hammer_done(struct hammer *h)
{
	return atomic_load(&h->reached) + atomic_load(&h->faulted);
}

/* Until each has finished two more, the second of which began after this call did: so a busy machine misses nothing. */
static void hammers_go_on(struct hammer *h, unsigned int n)
{
	uint64_t end = clock_ns() + 10000000000;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int want = hammer_done(&h[i]) + 2;

		while (hammer_done(&h[i]) < want && clock_ns() < end)
			sched_yield();
	}
}

/*
 * What unmap promises while the device is writing: when it returns, no byte of the old memory changes any more. Without
 * the invalidation or the grace periods the writers keep hitting it.
 */
static unsigned int unmap_under_fire(const char *options, unsigned int rounds)
{
	struct hammer h[2] = {0};
	pthread_t thread[2];
	struct fixture fx;
	unsigned int late = 0;

	fixture_open(&fx, options, 1);
	for (unsigned int i = 0; i < 2; i++) {
		h[i].fx = &fx;
		h[i].queue = i;
		assert_int_equal(pthread_create(&thread[i], NULL, hammer, &h[i]), 0);
	}
	for (unsigned int round = 0; round < rounds; round++) {
		struct iommu_mem mem = fixture_alloc(&fx, 8 * PAGE);
		uint64_t *word = mem.va, until;
		bool hit = false;

		assert_int_equal(fixture_map(&fx, mem.va, 8 * PAGE, IOVA, IOMMU_PROT_RW), 0);
		until = clock_ns() + 300000;
		while (clock_ns() < until)
			sched_yield();
		hammers_go_on(h, 2);
		fixture_unmap_ok(&fx, IOVA, 8 * PAGE);
		for (uint64_t i = 0; i < mem.size / 8; i++)
			__atomic_store_n(&word[i], ~UINT64_C(0), __ATOMIC_RELAXED);
		until = clock_ns() + 300000;
		while (clock_ns() < until)
			sched_yield();
		hammers_go_on(h, 2);
		for (uint64_t i = 0; i < mem.size / 8; i++)
			hit |= __atomic_load_n(&word[i], __ATOMIC_RELAXED) != ~UINT64_C(0);
		late += hit;
		OPS.mem_free(fx.iommu, &mem);
	}
	for (unsigned int i = 0; i < 2; i++) {
		atomic_store(&h[i].stop, 1);
		pthread_join(thread[i], NULL);
		assert_true(h[i].reached > 0);
		if (!options[0])
			assert_true(h[i].faulted > 0);
	}
	fixture_close(&fx);
	return late;
}

static void test_unmap_under_fire(void **state)
{
	assert_int_equal(unmap_under_fire("", 150), 0);
}

static void test_stale_under_fire(void **state)
{
	assert_true(unmap_under_fire("fault=stale-iotlb", 30) > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_shapes),	  cmocka_unit_test(test_read_write),
		cmocka_unit_test(test_partial_fault),	  cmocka_unit_test(test_dirty_bit),
		cmocka_unit_test(test_unmap_many),	  cmocka_unit_test(test_ring),
		cmocka_unit_test(test_timeout_and_reset), cmocka_unit_test(test_all_queues),
		cmocka_unit_test(test_unmap_under_fire),  cmocka_unit_test(test_stale_under_fire),
	};

	return cmocka_run_group_tests_name("sim_engine", tests, NULL, NULL);
}
