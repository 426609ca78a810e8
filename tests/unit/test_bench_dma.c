/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bench dma` on the simulated IOMMU: what each device can do is measured, what arrives wrong or not at all is found. */
#include "bench_rig.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

static int bench(const char *backend, const char *driver, struct bench_params p, struct fail *f)
{
	return bench_rig_run(&bench_dma, backend, driver, &p, f);
}

static struct bench_params params(uint64_t size)
{
	return (struct bench_params){
		.until = {.loops = 10, .warmup = 1}, .sizes = {size}, .nr_sizes = 1, .where = OP_IOVA_RANDOM};
}

static const struct bench_row *row(const char *name, unsigned int depth)
{
	for (unsigned int i = 0; i < res.nr_rows; i++)
		if (!strcmp(res.rows[i].name, name) && res.rows[i].cell.depth == depth)
			return &res.rows[i];
	return NULL;
}

static void test_rows(void **state)
{
	static const char *const names[] = {"read-hit",	  "read-miss", "write-hit",
					    "write-miss", "copy-hit",  "copy-miss"};
	struct fail f;

	assert_int_equal(bench("sim", NULL, params(KiB(4)), &f), 0);
	assert_int_equal(res.nr_rows, 18);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(row(names[i], 1)->unit, "GiB/s");
		assert_true(row(names[i], 64)->value > 0);
	}
	assert_true(row("copy-miss-time", 1)->has_percentiles);
	assert_int_equal(row("copy-miss-time", 1)->count, 10);
	assert_int_equal(res.checked, 64 * KiB(4));
	assert_int_equal(res.found.total, 0);
	assert_true(res.wrong == 0 && res.pins_counted && !res.pins_left);
	assert_non_null(strstr(res.note, "8192 mappings of 8K"));
	/* what takes long beside the clock's cost, also where that was found out in a bad moment: once in a process */
	assert_int_equal(bench("sim", NULL, params(KiB(64)), &f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(row(names[i], 64)->reference, "memcpy");
		assert_true(row(names[i], 64)->ratio > 0);
	}
}

static void test_what_devices_can(void **state)
{
	struct bench_params p = params(KiB(16));
	struct fail f;

	assert_int_equal(bench("sim", "sim,dirs=read", p, &f), 0);
	assert_int_equal(res.nr_rows, 6);
	assert_int_equal(res.checked, 0);
	assert_non_null(strstr(res.note, "not looked at"));
	assert_int_equal(bench("sim", "sim,dirs=write", p, &f), 0);
	assert_true(res.nr_rows == 6 && res.checked && !res.found.total);
	assert_int_equal(bench("sim", "sim,dirs=write,fixed=counts", p, &f), 0);
	assert_true(res.checked && !res.found.total);
	assert_int_equal(bench("sim", "sim,dirs=rw,fixed=random", p, &f), 0);
	assert_true(res.checked && !res.found.total);
	/* a way through the device's buffer is several submissions */
	assert_int_equal(bench("sim", "sim,dirs=rw", p, &f), 0);
	assert_non_null(row("copy-hit", 1));
	assert_null(row("copy-hit", 64));
	/* 1 MiB of addresses */
	assert_int_equal(bench("sim", "sim,mask=20", p, &f), 0);
	assert_non_null(row("copy-miss", 1));
	/* in pieces */
	assert_int_equal(bench("sim", "sim,max=1024", p, &f), 0);
	assert_non_null(row("copy-miss", 1));
	assert_null(row("copy-miss", 64));
	p.where = OP_IOVA_ADDR;
	p.iova = 0x40000000;
	assert_int_equal(bench("sim", NULL, p, &f), 0);
	assert_int_equal(res.iova, 0x40000000);
	assert_non_null(row("copy-hit", 1));
	assert_null(row("copy-miss", 1));
	p.where = OP_IOVA_KERNEL;
	assert_int_equal(bench("sim,personality=iommufd", NULL, p, &f), 0);
	assert_non_null(row("copy-hit", 1));
}

static void test_limits(void **state)
{
	struct bench_params p = params(100);
	struct fail f;

	assert_int_equal(bench("sim", NULL, p, &f), 0);
	assert_int_equal(bench("sim", "sim,align=64", p, &f), -EINVAL);
	assert_true(f.usage);
	assert_non_null(strstr(f.text, "multiples of 0x40"));
	assert_int_equal(bench("sim", "sim,min=128", p, &f), -EINVAL);
	assert_true(f.usage);
	p = params(KiB(16));
	p.depths[0] = 65;
	p.nr_depths = 1;
	assert_int_equal(bench("sim", NULL, p, &f), -EINVAL);
	assert_non_null(strstr(f.text, "64 requests"));
	p.depths[0] = 3;
	assert_int_equal(bench("sim", NULL, p, &f), 0);
	assert_int_equal(res.nr_rows, 6);
	assert_non_null(row("read-hit", 3));
	p.nr_depths = 0;
	p.threads[0] = 9;
	p.nr_threads = 1;
	assert_int_equal(bench("sim", NULL, p, &f), -EINVAL);
	assert_non_null(strstr(f.text, "8 queues"));
	/* more loops than between two canaries, by all queues */
	p.threads[0] = 3;
	p.depths[0] = p.nr_depths = 1;
	p.until.loops = 400;
	assert_int_equal(bench("sim", NULL, p, &f), 0);
	assert_int_equal(row("copy-hit-time", 1)->count, 3 * 400);
	assert_true(res.checked == 3 * 64 * KiB(16) && !res.found.total);
}

static void test_finds(void **state)
{
	static const struct {
		const char *backend, *driver;
		enum failure_class class;
	} wrong[] = {
		{"sim,fault=untranslated", NULL, FAILURE_UNTRANSLATED},
		{"sim,fault=stale-iotlb", NULL, FAILURE_STALE_WRITE},
		{"sim,fault=stale-iotlb", "sim,dirs=write", FAILURE_STALE_WRITE},
		{"sim,fault=stale-iotlb", "sim,dirs=write,fixed=same", FAILURE_STALE_WRITE},
		{"sim,model=lsi:broken=error-status:after=20", NULL, FAILURE_DMA_ERROR},
		{"sim,model=lsi:broken=silent-error:after=60", NULL, FAILURE_UNWRITTEN},
	};
	struct bench_params p = params(KiB(16));
	struct fail f;

	/* fewer transfers than between two canaries: they are for the look afterwards to find */
	p.depths[0] = p.nr_depths = 1;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(bench(wrong[i].backend, wrong[i].driver, p, &f), 0);
		assert_true(res.found.count[wrong[i].class] > 0);
	}
	assert_int_equal(bench("sim,model=lsi", NULL, p, &f), 0);
	assert_true(res.checked && !res.found.total);
	/* unmaps at the end */
	assert_int_equal(bench("sim,fault=short-unmap", NULL, p, &f), 0);
	assert_true(res.wrong > 0);
	assert_int_equal(bench("sim,fault=pin-leak", NULL, p, &f), 0);
	assert_true(res.pins_counted && res.pins_left > 0);
}

static void test_gone(void **state)
{
	struct session *s = bench_rig_open("sim,model=lsi:broken=gone:after=60", NULL);
	struct bench_params p = params(KiB(4));
	struct fail f = {0};

	bench_result_free(&res);
	assert_true(bench_run(&bench_dma, s, &p, &res, &f) < 0);
	assert_false(session_is_quiet(s));
	/* it may still write: what it was given stays */
	assert_true(ledger_count(iommu_ledger(session_iommu(s))) > 0);
	assert_int_equal(session_close(s, &f), -EBUSY);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_what_devices_can),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_finds),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
