/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare with several threads on the simulated IOMMU: DMA, maps and unmaps and the verifier at once. What a healthy one is, what is found,
 * and that all that was taken is given back. Under ThreadSanitizer it says that nobody shares what is not handed over.
 */
#include "unit.h"

#include <string.h>

#include "core/compare/compare.h"

static struct host host;
static struct compare_result res;

static struct compare_params params(unsigned int threads, uint64_t loops)
{
	return (struct compare_params){
		.size_min = 4096,
		.size_max = 4 * 4096,
		.iova_mode = COMPARE_RANDOM,
		.iova_text = "random",
		.loops = loops,
		.graveyard = 4,
		.threads = threads,
	};
}

static void run(const char *backend, const struct compare_params *p)
{
	struct session_params sp = {.backend = backend, .seed = 11, .canary = CANARY_REQUIRE};
	struct session *s = NULL;
	struct fail f = {0};
	int64_t excess;

	if (session_open(&s, &sp, &host, &f) || compare_run(s, p, &res, &f))
		fail_msg("%s", f.text);
	if (!res.failures.total) {
		assert_int_equal(session_pin_excess(s, &excess), 0);
		assert_int_equal(excess, 0);
	}
	assert_int_equal(session_close(s, &f), 0);
}

static void test_healthy(void **state)
{
	static const struct {
		enum compare_iova iova;
		unsigned int threads, graveyard;
		bool reuse, probes;
		enum compare_granule granule;
		enum compare_unmap unmap;
	} runs[] = {
		{COMPARE_RANDOM, 2, 4, false, false, COMPARE_MAP_WHOLE, COMPARE_UNMAP_WHOLE},
		{COMPARE_FIXED, 2, 4, true, false, COMPARE_MAP_PAGE, COMPARE_UNMAP_PAGE},
		{COMPARE_SEQUENTIAL, 3, 0, false, true, COMPARE_MAP_RANDOM, COMPARE_UNMAP_WHOLE},
		{COMPARE_FIXED, 4, 1, false, false, COMPARE_MAP_WHOLE, COMPARE_UNMAP_WHOLE},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(runs); i++) {
		struct compare_params p = params(runs[i].threads, 300);

		p.iova_mode = runs[i].iova;
		p.iova = 0x40000000;
		p.graveyard = runs[i].graveyard;
		p.reuse = runs[i].reuse;
		p.granule = runs[i].granule;
		p.unmap = runs[i].unmap;
		p.probe_unmapped = p.readonly = runs[i].probes;
		run("sim", &p);
		assert_int_equal(res.failures.total, 0);
		assert_int_equal(res.loops, 300);
		assert_true(res.bytes >= 2 * 300 * 4096);
	}
}

/* Fewer loops than there are places for them, and none at all for some. */
static void test_few(void **state)
{
	for (uint64_t loops = 1; loops < 8; loops++) {
		struct compare_params p = params(3, loops);

		run("sim", &p);
		assert_int_equal(res.failures.total, 0);
		assert_int_equal(res.loops, loops);
	}
}

static void test_kernel_chooses(void **state)
{
	struct compare_params p = params(2, 200);

	p.iova_mode = COMPARE_KERNEL;
	run("sim,personality=iommufd", &p);
	assert_int_equal(res.failures.total, 0);
	assert_int_equal(res.loops, 200);
}

static void test_found(void **state)
{
	static const struct {
		const char *backend;
		enum failure_class as, or ;
		bool readonly;
	} bad[] = {
		{"sim,fault=stale-iotlb", FAILURE_STALE_READ, FAILURE_STALE_WRITE, false},
		{"sim,fault=early-unpin", FAILURE_STALE_WRITE, FAILURE_FOREIGN, false},
		{"sim,fault=short-unmap", FAILURE_SHORT_UNMAP, FAILURE_SHORT_UNMAP, false},
		{"sim,fault=ro-writable", FAILURE_READONLY_WRITE, FAILURE_READONLY_WRITE, true},
		{"sim,fault=pin-leak", FAILURE_PIN_LEAK, FAILURE_PIN_LEAK, false},
		{"sim,fault=untranslated:after=400", FAILURE_UNTRANSLATED, FAILURE_UNTRANSLATED, false},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		for (unsigned int threads = 2; threads <= 4; threads += 2) {
			struct compare_params p = params(threads, 2000);

			p.iova_mode = COMPARE_FIXED;
			p.iova = 0x40000000;
			p.readonly = bad[i].readonly;
			run(bad[i].backend, &p);
			assert_true(res.failures.total > 0);
			for (unsigned int k = 0; k < res.failures.kept; k++)
				if (res.failures.list[k].class != bad[i].as && res.failures.list[k].class != bad[i].or)
					print_message("%s: %s\n", bad[i].backend, res.failures.list[k].text);
			/* what went to an old page did not come to the new one */
			assert_true(res.failures.count[bad[i].as] + res.failures.count[bad[i].or ] > 0);
			assert_int_equal(res.failures.count[bad[i].as] +
						 (bad[i].as != bad[i].or ? res.failures.count[bad[i].or ] : 0) +
						 res.failures.count[FAILURE_UNWRITTEN],
					 res.failures.total);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_kernel_chooses),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
