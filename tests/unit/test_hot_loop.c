/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loops of compare and stress allocate once they are under way: nothing, the simulated kernel and its memory left out, which are what
 * is under test. A short run and a long one of the same seed have to allocate as often as each other.
 */
#include "unit.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare/compare.h"
#include "core/stress/stress.h"
#include "iommu/backend.h"
#include "iommu/ledger.h"

static _Atomic uint64_t allocated;
static _Thread_local unsigned int inside; /* of the backend */

static void count(void)
{
	if (!inside)
		atomic_fetch_add_explicit(&allocated, 1, memory_order_relaxed);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *at, size_t size)
{
	(void)at, (void)size;
	count();
}

static void on_free(const volatile void *at)
{
	(void)at;
}

static int count_setup(void **state)
{
	(void)state;
	return !__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#else
/* Ahead of the C library's own for everything in this process, which are behind these names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *at, size_t size);

static atomic_bool none_left;

void *malloc(size_t size)
{
	count();
	return atomic_load(&none_left) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	count();
	return __libc_calloc(n, size);
}

void *realloc(void *at, size_t size)
{
	count();
	return __libc_realloc(at, size);
}

static int count_setup(void **state)
{
	(void)state;
	return 0;
}
#endif

/* --- the simulation, with what it allocates left out --- */

static const struct iommu_ops *real;
static bool leak; /* the counter-proof: an allocation of ours with each map */

static int shim_map(struct iommu *iommu, struct iommu_map_req *req)
{
	int err;

	if (leak)
		free(strdup("one of ours"));
	inside++;
	err = real->map(iommu, req);
	inside--;
	return err;
}

static int shim_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	int err;

	inside++;
	err = real->unmap(iommu, iova, size, unmapped);
	inside--;
	return err;
}

static int shim_unmap_all(struct iommu *iommu, uint64_t *unmapped)
{
	int err;

	inside++;
	err = real->unmap_all(iommu, unmapped);
	inside--;
	return err;
}

static int shim_alloc(struct iommu *iommu, uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out)
{
	int err;

	inside++;
	err = real->mem_alloc(iommu, size, kind, out);
	inside--;
	return err;
}

static void shim_free(struct iommu *iommu, struct iommu_mem *mem)
{
	inside++;
	real->mem_free(iommu, mem);
	inside--;
}

static struct host host;
static struct fail why;

static struct session *open_counted(const char *backend)
{
	static struct iommu_ops shim;
	struct session_params sp = {.backend = backend, .seed = 5};
	struct session *s;

	why = (struct fail){0};
	assert_int_equal(host_init(&host, NULL, &why), 0);
	assert_int_equal(session_open(&s, &sp, &host, &why), 0);
	real = session_iommu(s)->ops;
	shim = *real;
	shim.map = shim_map;
	shim.unmap = shim_unmap;
	shim.unmap_all = shim_unmap_all;
	shim.mem_alloc = shim_alloc;
	shim.mem_free = shim_free;
	session_iommu(s)->ops = &shim;
	return s;
}

static uint64_t close_counted(struct session *s, uint64_t before)
{
	uint64_t n = atomic_load(&allocated) - before;

	session_iommu(s)->ops = real;
	assert_int_equal(session_close(s, &why), 0);
	return n;
}

static uint64_t compared(struct compare_params p, uint64_t loops)
{
	struct session *s = open_counted("sim");
	static struct compare_result res;
	uint64_t before = atomic_load(&allocated);

	p.loops = loops;
	p.iova_text = "random";
	assert_int_equal(compare_run(s, &p, &res, &why), 0);
	assert_int_equal(res.failures.total, 0);
	assert_int_equal(res.loops, loops);
	return close_counted(s, before);
}

/* The ledger has as many nodes as it needs after some 512 loops. */
#define SHORT_RUN 2000
#define LONG_RUN 6000

static void test_compare(void **state)
{
	static const struct compare_params runs[] = {
		{.size_min = 8192, .size_max = 8192, .iova_mode = COMPARE_FIXED, .iova = 0x40000000, .threads = 1},
		{.size_min = 8192, .size_max = 8192, .iova_mode = COMPARE_RANDOM, .graveyard = 4, .threads = 1},
		{.size_min = 4096,
		 .size_max = 16384,
		 .graveyard = 4,
		 .threads = 1,
		 .reuse = true,
		 .iova_mode = COMPARE_SEQUENTIAL},
		{.size_min = 4096,
		 .size_max = 16384,
		 .graveyard = 4,
		 .threads = 1,
		 .iova_mode = COMPARE_RANDOM,
		 .granule = COMPARE_MAP_PAGE,
		 .unmap = COMPARE_UNMAP_PAGE},
		{.size_min = 8192, .size_max = 8192, .iova_mode = COMPARE_RANDOM, .graveyard = 4, .threads = 2},
	};

	(void)state;
	/* what the process allocates once */
	compared(runs[1], 100);
	for (unsigned int i = 0; i < ARRAY_SIZE(runs); i++) {
		uint64_t few = compared(runs[i], SHORT_RUN), many = compared(runs[i], LONG_RUN);

		if (few != many)
			print_error("run %u: %llu and %llu\n", i, (unsigned long long)few, (unsigned long long)many);
		/* a node of the ledger more where more was mapped at once than before, as several threads may have it */
		assert_in_range(many, few - MIN(few, 64u), few + (runs[i].threads > 1 ? 64 : 4));
	}
}

static uint64_t stressed(const char *mix, uint64_t ops, unsigned int threads)
{
	struct stress_params p = {.ops = ops, .threads = threads, .mix_text = mix, .shard = 1, .shards = 1};
	struct session *s = open_counted("sim");
	static struct stress_result res;
	uint64_t before = atomic_load(&allocated), n;

	assert_int_equal(stress_mix_load(&p.mix, mix, &why), 0);
	p.episode_given = true;
	p.episode_ops = ops;
	assert_int_equal(stress_run(s, &p, &res, &why), 0);
	assert_int_equal(res.mismatches_total, 0);
	n = close_counted(s, before);
	stress_result_free(&res);
	return n;
}

static void test_stress(void **state)
{
	uint64_t few, many;

	(void)state;
	stressed("churn", 1000, 1);
	few = stressed("churn", 4000, 1);
	many = stressed("churn", 16000, 1);
	/*
	 * More at once than before: a mapping of the model, a node of the ledger, the copy of a buffer of a size not had yet. On a busy machine
	 * what waits for a grace period piles up, too. One in 20 of the operations is far from one in each.
	 */
	if (many > few + 600)
		print_error("%llu and %llu\n", (unsigned long long)few, (unsigned long long)many);
	assert_in_range(many, 0, few + 600);
}

static void test_the_count_counts(void **state)
{
	struct compare_params p = {.size_min = 8192, .size_max = 8192, .iova_mode = COMPARE_RANDOM, .threads = 1};
	uint64_t few, many;

	(void)state;
	leak = true;
	few = compared(p, SHORT_RUN);
	many = compared(p, LONG_RUN);
	leak = false;
	assert_int_equal(many - few, LONG_RUN - SHORT_RUN);
}

/* Tall nodes as well as others are there again when they are wanted, and many that go at once do not stay for ever. */
static void test_ledger(void **state)
{
	struct ledger *ledger;
	uint64_t warm = 0, n;

	(void)state;
	assert_int_equal(ledger_new(&ledger), 0);
	for (uint64_t i = 0; i < 200000; i++) {
		struct ledger_entry e = {.range = {i % 7 * 8192, i % 7 * 8192 + 4095}}, out;

		if (i == 20000)
			warm = atomic_load(&allocated);
		if (i >= 7)
			assert_true(ledger_take(ledger, e.range, &out));
		assert_int_equal(ledger_add(ledger, &e), 0);
	}
	n = atomic_load(&allocated) - warm;
	/* a height that was never drawn so often at once before */
	assert_in_range(n, 0, 4);
	ledger_free(ledger);
}

#ifndef SANITIZED
/* What was taken out for an unmap that is then refused goes back in, memory or not. */
static void test_ledger_without_memory(void **state)
{
	struct ledger_entry e = {.range = {0x1000, 0x1fff}}, out;
	struct ledger *ledger;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		struct ledger_entry other = {.range = {0x5000, 0x5fff}};
		bool took;
		int back, none = 0;

		assert_int_equal(ledger_new(&ledger), 0);
		assert_int_equal(ledger_add(ledger, &e), 0);
		atomic_store(&none_left, true);
		took = ledger_take(ledger, e.range, &out);
		back = ledger_add(ledger, &out);
		/* until the nodes that were kept from before are used up */
		for (unsigned int k = 0; k < 100000 && !none; k++) {
			none = ledger_add(ledger, &other);
			other.range.start += 0x1000;
			other.range.last += 0x1000;
		}
		atomic_store(&none_left, false);
		assert_true(took);
		assert_int_equal(back, 0);
		assert_int_equal(none, -ENOMEM);
		assert_true(ledger_find(ledger, e.range, &out));
		ledger_free(ledger);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_stress),
		cmocka_unit_test(test_the_count_counts),
		cmocka_unit_test(test_ledger),
#ifndef SANITIZED
		cmocka_unit_test(test_ledger_without_memory),
#endif
	};

	return cmocka_run_group_tests(tests, count_setup, NULL);
}
