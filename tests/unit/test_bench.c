/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench on the simulated IOMMU: what is measured was done, wrong counts and pins are seen, nothing stays mapped. */
#include "bench_rig.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/bench/stores.h"

static int bench_of(const char *name, const char *backend, struct bench_params p, struct fail *f)
{
	return bench_rig_run(bench_find(name), backend, NULL, &p, f);
}

static int bench(const char *backend, struct bench_params p, struct fail *f)
{
	return bench_of("map", backend, p, f);
}

static struct bench_params params(void)
{
	return (struct bench_params){
		.until = {.loops = 200, .warmup = 10}, .sizes = {KiB(8)}, .nr_sizes = 1, .where = OP_IOVA_RANDOM};
}

static void test_find(void **state)
{
	assert_ptr_equal(bench_find("map"), &bench_map);
	assert_null(bench_find("mapp"));
	assert_null(bench_find(""));
}

static void test_rows(void **state)
{
	struct bench_params p = params();
	struct fail f = {0};

	/* so many stores that the clock's cost is little beside them, also where it was found out in a bad moment: once in a process */
	p.sizes[0] = MiB(16);
	assert_int_equal(bench("sim", p, &f), 0);
	assert_int_equal(res.nr_rows, 4);
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
	assert_string_equal(res.rows[3].unit, "GiB/s");
	for (unsigned int i = 0; i < 4; i++) {
		assert_string_equal(res.rows[i].reference, "stores");
		assert_true(res.rows[i].ratio > 0 && res.rows[i].reference_value > 0);
	}
	assert_int_equal(res.loops, 200);
	assert_int_equal(res.wrong, 0);
	assert_true(res.pins_counted);
	assert_int_equal(res.pins_left, 0);
	assert_true(res.clock_ns > 0);
	/* of all figures the rounds had other memory */
	assert_int_equal(res.fresh, 4);
}

/* Every combination, sizes fastest; a granule that is larger than the size is left out. */
static void test_cells(void **state)
{
	struct bench_params p = params();
	struct fail f = {0};

	p.sizes[1] = KiB(64);
	p.granules[1] = KiB(12);
	p.threads[0] = 1;
	p.threads[1] = 3;
	p.nr_sizes = p.nr_granules = p.nr_threads = 2;
	assert_int_equal(bench("sim", p, &f), 0);
	assert_int_equal(res.nr_rows, 6 * 4);
	assert_int_equal(res.rows[4].cell.size, KiB(64));
	assert_int_equal(res.rows[4].cell.granule, 0);
	assert_int_equal(res.rows[8].cell.size, KiB(64));
	assert_int_equal(res.rows[8].cell.granule, KiB(12));
	assert_int_equal(res.rows[20].cell.threads, 3);
	/* 64K in pieces of 12K: six calls */
	assert_int_equal(res.rows[9].count, 200 * 6);
	assert_int_equal(res.rows[21].count, 200 * 6 * 3);
	assert_true(res.wrong == 0 && res.pins_counted && !res.pins_left);
	p.nr_sizes = 1;
	p.granules[0] = MiB(2);
	assert_int_equal(bench("sim", p, &f), -EINVAL);
	assert_true(f.usage);
	p.granules[0] = p.granules[1] = 100;
	assert_int_equal(bench("sim", p, &f), -EINVAL);
	assert_true(f.usage);
	assert_non_null(strstr(f.text, "--granule"));
}

static void test_threads_leak(void **state)
{
	struct bench_params p = params();
	struct fail f = {0};

	p.threads[0] = 4;
	p.nr_threads = 1;
	assert_int_equal(bench("sim", p, &f), 0);
	assert_true(res.wrong == 0 && res.pins_counted && !res.pins_left);
	assert_int_equal(bench("sim,fault=pin-leak:p=0.01", p, &f), 0);
	assert_true(res.pins_counted && res.pins_left > 0);
	assert_int_equal(bench("sim,fault=short-unmap:p=0.01", p, &f), 0);
	assert_true(res.wrong > 0);
	assert_int_equal(res.wrong_size, KiB(8));
}

static void test_rate_is_what_the_clock_says(void **state)
{
	/* the ratio to the plain loop gives way to the reference that the user has */
	static struct bench_measured m = {.rounds = 1, .ours.median = 2000, .ours.each = {2000}, .ratio_median = 7};
	struct bench_params p = {.reference = "other", .reference_value = 250000};
	struct bench_result r = {0};
	const struct bench_row *row = bench_add_rate(&r, &p, &m, "x", "x/s", 1, 1, "stores");

	assert_true(row->value == 500000 && row->ratio == 2);
	assert_string_equal(row->reference, "other");
	assert_true(row->samples[0] == 500000);
	m.ours.median = m.ours.each[0] = 0;
	row = bench_add_rate(&r, &p, &m, "none", "x/s", 1, 1, "stores");
	assert_true(row->value == 0 && row->samples[0] == 0);
	bench_result_free(&r);
}

static void test_wrong_first(void **state)
{
	struct bench_result r = {0};

	bench_add_wrong(&r, 0, 5, 6);
	assert_true(!r.wrong && !r.wrong_size && !r.wrong_got);
	bench_add_wrong(&r, 2, 4096, 0);
	bench_add_wrong(&r, 0, 5, 6);
	bench_add_wrong(&r, 1, 8192, 1);
	assert_int_equal(r.wrong, 3);
	assert_int_equal(r.wrong_size, 4096);
	assert_int_equal(r.wrong_got, 0);
}

/* For more pages than there are entries they begin anew; what is too short for the clock is done 64 times. */
static void test_stores(void **state)
{
	static struct hist h;
	struct bench_stores st = {0};
	struct fail f = {0};

	memset(&h, 0, sizeof(h));
	assert_int_equal(bench_stores_new(&st, KiB(16) + 100, &f), 0);
	assert_int_equal(st.nr, 4);
	bench_stores_timed(&st, 6, 3, 3, NULL);
	assert_true(st.entry[0] == 3 && !st.entry[1] && st.entry[2] == 3 && st.entry[3] == 3 + 4096);
	bench_stores_timed(&st, 0, 3, 0, &h);
	assert_true(!st.entry[0] && !st.entry[2] && st.entry[3] == 3 + 4096);
	assert_int_equal(h.count, 64);
	bench_stores_timed(&st, 1, 100, 0, &h);
	assert_true(!st.entry[3]);
	assert_int_equal(h.count, 65);
	bench_stores_free(&st);
	/* no more than 8 MiB of them */
	assert_int_equal(bench_stores_new(&st, TiB(1), &f), 0);
	assert_int_equal(st.nr, MiB(1));
	bench_stores_free(&st);
}

static void test_times_lose_the_clock(void **state)
{
	static struct hist h;
	struct bench_params p = {0};
	struct bench_result r = {.clock_ns = 30};
	struct bench_row *row;

	memset(&h, 0, sizeof(h));
	for (unsigned int i = 0; i < 1000; i++)
		hist_add(&h, i < 500 ? 20 : 130);
	row = bench_times(&r, &p, "x", &h);
	assert_true(row->value == 45); /* the mean of both less the clock, not of what is left of each */
	assert_true(row->p50 == 0);
	assert_true(row->p90 == 100 && row->p99 == 100 && row->p999 == 100 && row->max == 100);
	bench_result_free(&r);
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
	return (struct bench_params){.until = {.loops = 5, .warmup = 1},
				     .sizes = {MiB(1)},
				     .nr_sizes = 1,
				     .where = OP_IOVA_RANDOM,
				     .dirty.source = source};
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
	p.page_sizes[0] = p.sizes[0] = KiB(64);
	p.nr_page_sizes = 1;
	assert_int_equal(bench_of("dirty", "sim", p, &f), 0);
	assert_int_equal(res.missed, 0);
	p.page_sizes[0] = 3000;
	p.nr_page_sizes = 1;
	assert_int_equal(bench_of("dirty", "sim", p, &f), -EINVAL);
	assert_true(f.usage);
	p = dirty_params(DIRTY_TYPE1);
	assert_int_equal(bench_of("dirty", "sim,personality=iommufd", p, &f), -EOPNOTSUPP);
}

static void test_bitmap(void **state)
{
	static const char *const names[] = {"ranges-0.1", "runs-0.1", "ranges-50", "runs-50", "count", "diff"};
	struct bench_params p = {.until = {.loops = 3, .warmup = 1}, .sizes = {GiB(64) + 4096}, .nr_sizes = 1, .op = 1};
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
	p.page_sizes[0] = 3000;
	p.nr_page_sizes = 1;
	assert_int_equal(bench_of("bitmap", "sim", p, &f), -EINVAL);
	assert_true(f.usage);
}

static const struct bench_row *row(const char *name)
{
	for (unsigned int i = 0; i < res.nr_rows; i++)
		if (!strcmp(res.rows[i].name, name))
			return &res.rows[i];
	return NULL;
}

static void test_unmap(void **state)
{
	static const char *const all[] = {"whole", "many-at-once", "each", "all", "whole-used", "many-at-once-used"};
	struct bench_params p = params();
	struct fail f = {0};

	p.sizes[0] = KiB(64);
	p.until.loops = 30;
	assert_int_equal(bench_of("unmap", "sim", p, &f), 0);
	assert_int_equal(res.nr_rows, 12);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_true(row(all[i])->value > 0 && row(all[i])->has_percentiles);
		/* the stores of one page are so few that the clock's cost, where it was found out in a bad moment, leaves nothing of them */
		if (strcmp(all[i], "each") || row(all[i])->reference)
			assert_string_equal(row(all[i])->reference, "stores");
	}
	assert_int_equal(res.fresh, 12);
	/* only the unmaps were counted: one of the whole, or 16 */
	assert_int_equal(row("whole")->count, 30);
	assert_int_equal(row("each")->count, 30 * 16);
	assert_string_equal(row("each-pages")->unit, "pages/s");
	assert_null(row("by-page"));
	assert_true(res.wrong == 0 && res.pins_counted && !res.pins_left && !res.found.total);
	p.granules[0] = KiB(20);
	p.nr_granules = 1;
	assert_int_equal(bench_of("unmap", "sim,personality=type1-v1", p, &f), 0);
	assert_int_equal(row("each")->count, 30 * 4);
	/* v1 takes all of a mapping with its first page */
	assert_int_equal(row("by-page")->count, 30);
	assert_int_equal(res.wrong, 0);
	/* a device that is there already has its canary mapped: not everything may go */
	p.nr_granules = 0;
	p.sizes[1] = KiB(32);
	p.nr_sizes = 2;
	assert_int_equal(bench_of("unmap", "sim", p, &f), 0);
	assert_int_equal(res.nr_rows, 22);
	assert_non_null(strstr(res.note, "left out"));
	p.where = OP_IOVA_KERNEL;
	assert_int_equal(bench_of("unmap", "sim,personality=iommufd", p, &f), -EINVAL);
	assert_true(f.usage);
}

static void test_unmap_finds(void **state)
{
	static const struct {
		const char *backend;
		enum failure_class class;
	} wrong[] = {
		{"sim,fault=untranslated", FAILURE_UNTRANSLATED},
		{"sim,model=lsi:broken=error-status:after=20", FAILURE_DMA_ERROR},
	};
	struct bench_params p = params();
	struct fail f = {0};

	p.until.loops = 30;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(bench_of("unmap", wrong[i].backend, p, &f), 0);
		assert_true(res.found.count[wrong[i].class] > 0);
		assert_non_null(row("whole"));
	}
	assert_int_equal(bench_of("unmap", "sim,model=lsi", p, &f), 0);
	assert_true(!res.found.total && row("whole-used"));
	assert_int_equal(bench_of("unmap", "sim,fault=short-unmap", p, &f), 0);
	assert_true(res.wrong > 0);
	assert_int_equal(bench_of("unmap", "sim,fault=pin-leak", p, &f), 0);
	assert_true(res.pins_counted && res.pins_left > 0);
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
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_threads_leak),
		cmocka_unit_test(test_rate_is_what_the_clock_says),
		cmocka_unit_test(test_wrong_first),
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_times_lose_the_clock),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_wrong_counts_are_seen),
		cmocka_unit_test(test_dirty),
		cmocka_unit_test(test_dirty_misses_are_seen),
		cmocka_unit_test(test_bitmap),
		cmocka_unit_test(test_unmap),
		cmocka_unit_test(test_unmap_finds),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
