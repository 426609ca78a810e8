/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench on the simulated IOMMU: what is measured was done, wrong counts and pins are seen, nothing stays mapped. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/bench.h"
#include "iommu/ledger.h"

static struct host host;
static struct bench_result res;

static int none_of_bench(const struct ledger_entry *entry, void *arg)
{
	(void)arg;
	assert_string_not_equal(entry->tag, "bench");
	return 0;
}

static int bench_of(const char *name, const char *backend, struct bench_params p, struct fail *f)
{
	struct session_params sp = {.backend = backend, .seed = 5};
	struct session *s = NULL;
	int err;

	if (session_open(&s, &sp, &host, f))
		fail_msg("%s", f->text);
	err = bench_find(name)->run(s, &p, &res, f);
	/* DMA leaves the session's own pages mapped, for the canary */
	ledger_each(iommu_ledger(session_iommu(s)), none_of_bench, NULL);
	assert_int_equal(session_close(s, f), 0);
	return err;
}

static int bench(const char *backend, struct bench_params p, struct fail *f)
{
	return bench_of("map", backend, p, f);
}

static struct bench_params params(void)
{
	return (struct bench_params){.loops = 200, .warmup = 10, .size = KiB(8), .where = OP_IOVA_RANDOM};
}

static void test_find(void **state)
{
	assert_ptr_equal(bench_find("map"), &bench_map);
	assert_null(bench_find("mapp"));
	assert_null(bench_find(""));
}

static void test_rows(void **state)
{
	struct fail f = {0};

	assert_int_equal(bench("sim", params(), &f), 0);
	assert_int_equal(res.nr_rows, 3);
	assert_string_equal(res.rows[0].name, "map+unmap");
	assert_string_equal(res.rows[0].unit, "pairs/s");
	assert_false(res.rows[0].has_percentiles);
	assert_true(res.rows[0].value > 0);
	for (unsigned int i = 1; i < 3; i++) {
		assert_string_equal(res.rows[i].unit, "ns");
		assert_true(res.rows[i].has_percentiles);
		assert_true(res.rows[i].value > 0);
		assert_true(res.rows[i].p50 <= res.rows[i].p99 && res.rows[i].p99 <= res.rows[i].p999);
	}
	assert_int_equal(res.loops, 200);
	assert_int_equal(res.wrong, 0);
	assert_true(res.pins_counted);
	assert_int_equal(res.pins_left, 0);
	assert_true(res.clock_ns > 0);
}

static void test_rate_is_what_the_clock_says(void **state)
{
	struct bench_result r = {.clock_ns = 1000};

	assert_true(bench_rate(&r, "x", "x/s", 500, 1001000)->value == 500000);
	assert_true(bench_rate(&r, "none", "x/s", 500, 10)->value == 0);
}

static void test_times_lose_the_clock(void **state)
{
	static struct hist h;
	struct bench_result r = {.clock_ns = 30};
	struct bench_row *row;

	memset(&h, 0, sizeof(h));
	for (unsigned int i = 0; i < 1000; i++)
		hist_add(&h, i < 500 ? 20 : 130);
	row = bench_times(&r, "x", &h);
	assert_true(row->value == 45); /* the mean of both less the clock, not of what is left of each */
	assert_true(row->p50 == 0);
	assert_true(row->p99 == 100 && row->p999 == 100);
}

static void test_rows_end(void **state)
{
	struct bench_result r = {0};

	for (unsigned int i = 0; i < BENCH_ROWS_MAX; i++)
		assert_non_null(bench_rate(&r, "x", "x/s", 1, 1));
	assert_null(bench_rate(&r, "x", "x/s", 1, 1));
}

static void test_places(void **state)
{
	struct bench_params p = params();
	struct fail f = {0};

	p.where = OP_IOVA_ADDR;
	p.iova = 0x40000000;
	assert_int_equal(bench("sim", p, &f), 0);
	assert_int_equal(res.iova, 0x40000000);
	p.iova = 0xfee00000;
	assert_int_equal(bench("sim", p, &f), -ERANGE);
	assert_true(f.usage);
	p.where = OP_IOVA_KERNEL;
	f = (struct fail){0};
	assert_int_equal(bench("sim", p, &f), -EOPNOTSUPP);
	assert_int_equal(bench("sim,personality=iommufd", p, &f), 0);
	assert_int_equal(res.loops, 200);
}

static void test_wrong_counts_are_seen(void **state)
{
	struct fail f = {0};

	assert_int_equal(bench("sim,fault=short-unmap", params(), &f), 0);
	assert_true(res.wrong >= 400);
	assert_int_equal(res.wrong_got, KiB(4));
	assert_int_equal(bench("sim,fault=pin-leak", params(), &f), 0);
	assert_true(res.pins_counted && res.pins_left > 0);
}

static struct bench_params dirty_params(enum dirty_source source)
{
	return (struct bench_params){
		.loops = 5, .warmup = 1, .size = MiB(1), .where = OP_IOVA_RANDOM, .dirty.source = source};
}

static void test_dirty(void **state)
{
	static const enum dirty_source measured[] = {DIRTY_IOMMU, DIRTY_DEVICE};
	struct fail f = {0};

	for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
		assert_int_equal(bench_of("dirty", "sim", dirty_params(measured[i]), &f), 0);
		assert_int_equal(res.nr_rows, 9);
		assert_string_equal(res.rows[3].name, "read-clear-50%");
		assert_string_equal(res.rows[3].unit, "GiB/s");
		assert_true(res.rows[3].value > 0);
		assert_string_equal(res.rows[5].name, "reported-50%");
		assert_true(res.rows[5].value > 0.99 && res.rows[5].value < 1.01);
		assert_int_equal(res.loops, 5);
		assert_int_equal(res.missed, 0);
		assert_true(res.pins_counted && !res.pins_left);
	}
	/* nothing was measured: no share but all of it, and no ratio */
	assert_int_equal(bench_of("dirty", "sim", dirty_params(DIRTY_TYPE1), &f), 0);
	assert_int_equal(res.nr_rows, 2);
	assert_string_equal(res.rows[0].name, "read-clear-100%");
	assert_non_null(strstr(res.note, "every mapped page"));
}

static void test_dirty_misses_are_seen(void **state)
{
	struct bench_params p = dirty_params(DIRTY_IOMMU);
	struct fail f = {0};

	assert_int_equal(bench_of("dirty", "sim,fault=dirty-no-flush", p, &f), 0);
	assert_true(res.missed > 0);
	/* larger than what it would be mapped by */
	p.page_size = p.size = KiB(64);
	assert_int_equal(bench_of("dirty", "sim", p, &f), 0);
	assert_int_equal(res.missed, 0);
	p.page_size = 3000;
	assert_int_equal(bench_of("dirty", "sim", p, &f), -EINVAL);
	assert_true(f.usage);
	p = dirty_params(DIRTY_TYPE1);
	assert_int_equal(bench_of("dirty", "sim,personality=iommufd", p, &f), -EOPNOTSUPP);
}

static void test_bitmap(void **state)
{
	static const char *const names[] = {"ranges-0.1", "runs-0.1", "ranges-50", "runs-50", "count", "diff"};
	struct bench_params p = {.loops = 3, .warmup = 1, .size = GiB(64) + 4096, .op = 1};
	struct fail f = {0};

	assert_int_equal(bench_of("bitmap", "sim", p, &f), 0);
	assert_int_equal(res.nr_rows, ARRAY_SIZE(names));
	assert_int_equal(res.loops, 3);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(res.rows[i].name, names[i]);
		assert_string_equal(res.rows[i].unit, "GiB/s");
		assert_true(res.rows[i].value > 0);
		assert_string_equal(res.rows[i].reference, "read");
		assert_true(res.rows[i].reference_value > 0);
	}
	assert_non_null(strstr(res.note, "bitmaps of "));
	p.page_size = 3000;
	assert_int_equal(bench_of("bitmap", "sim", p, &f), -EINVAL);
	assert_true(f.usage);
}

static void test_signal(void **state)
{
	struct fail f = {0};

	session_signal = SIGINT;
	assert_int_equal(bench("sim", params(), &f), 0);
	session_signal = 0;
	assert_int_equal(res.loops, 0);
	assert_int_equal(res.nr_rows, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rate_is_what_the_clock_says),
		cmocka_unit_test(test_times_lose_the_clock),
		cmocka_unit_test(test_rows_end),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_wrong_counts_are_seen),
		cmocka_unit_test(test_dirty),
		cmocka_unit_test(test_dirty_misses_are_seen),
		cmocka_unit_test(test_bitmap),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
