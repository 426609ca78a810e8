/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench/sim: its rows, that what is measured was done, that what goes wrong is no figure; the bodies by themselves. */
#include "bench_rig.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/bench/sim.h"

static int bench(const char *backend, struct bench_params p, struct fail *f)
{
	return bench_rig_run(&bench_sim, backend, NULL, &p, f);
}

static struct bench_params params(unsigned int threads)
{
	return (struct bench_params){
		.until = {.loops = 9, .warmup = 1}, .threads = {threads}, .nr_threads = threads ? 1 : 0};
}

/* A sanitizer or valgrind may leave no addresses for large leaves, two rows of each size, which is said. */
static void assert_rows(unsigned int all)
{
	if (strstr(res.note, "no addresses for all large leaves"))
		assert_true(res.nr_rows == all - 2 || res.nr_rows == all - 4);
	else
		assert_int_equal(res.nr_rows, all);
}

static void test_rows(void **state)
{
	struct fail f = {0};

	assert_int_equal(bench("sim", params(0), &f), 0);
	assert_rows(20);
	for (unsigned int i = 0; i < res.nr_rows; i++) {
		const struct bench_row *row = &res.rows[i];

		assert_true(row->value > 0);
		assert_int_equal(row->cell.threads, strcmp(row->unit, "x") ? 1 : 2);
		assert_true(row->reference && row->reference_value > 0 && row->ratio > 0);
		if (!strcmp(row->unit, "B/leaf"))
			assert_true(row->value >= 8 && row->value <= 8.4);
	}
	assert_int_equal(bench("sim", params(1), &f), 0);
	assert_rows(12);
	assert_int_equal(bench("sim,personality=iommufd", params(3), &f), 0);
	assert_int_equal(res.nr_rows, 8);
	assert_int_equal(res.rows[0].cell.threads, 3);
}

static void test_wrong_is_no_figure(void **state)
{
	struct fail f = {0};

	assert_int_equal(bench("sim,fault=short-unmap", params(1), &f), -EIO);
	assert_non_null(strstr(f.text, "reported 0xff000"));
	assert_int_equal(res.nr_rows, 0);
	assert_int_equal(bench("sim,fault=untranslated", params(1), &f), -EIO);
	assert_non_null(strstr(f.text, "did not arrive"));
	assert_int_equal(bench("sim,model=nvme", params(1), &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.text, "a model"));
}

/* The plain loop stores what it says, and one thread alone leaves the others idle. */
static void test_bodies(void **state)
{
	static struct bench_sim_part part[2];
	uint64_t n = 1;
	struct fail f = {0};

	part[0].pte[5] = 7;
	part[0].pte[BENCH_SIM_PAGES - 1] = 7;
	assert_int_equal(bench_sim_stores(&part[0], &n, NULL, &f), 0);
	for (unsigned int i = 0; i < BENCH_SIM_PAGES; i++)
		assert_int_equal(part[0].pte[i], 0);
	part[1].index = 1;
	part[0].body = part[1].body = bench_sim_stores;
	part[1].pte[5] = 7;
	n = 10;
	assert_int_equal(bench_sim_first(&part[1], &n, NULL, &f), 0);
	assert_int_equal(n, 0);
	assert_int_equal(part[1].pte[5], 7);
	n = 10;
	assert_int_equal(bench_sim_first(&part[0], &n, NULL, &f), 0);
	assert_int_equal(n, 10);
	assert_int_equal(bench_sim_all(&part[1], &n, NULL, &f), 0);
	assert_int_equal(part[1].pte[5], 0);
}

static void test_signal(void **state)
{
	struct fail f = {0};

	session_signal = SIGINT;
	assert_int_equal(bench("sim", params(0), &f), 0);
	session_signal = 0;
	assert_int_equal(res.nr_rows, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_wrong_is_no_figure),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
