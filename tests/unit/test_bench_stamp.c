/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/bench/stamp: its figures and what they are held against; that a slow kernel is told as one, and one that writes wrong things fails. */
#include "bench_rig.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/stamp/kernel.h"

static int bench(struct bench_params p, struct fail *f)
{
	return bench_rig_run(&bench_stamp, "sim", NULL, &p, f);
}

static struct bench_params params(uint64_t size, uint64_t loops)
{
	return (struct bench_params){.until = {.loops = loops, .warmup = 1}, .sizes = {size}, .nr_sizes = 1};
}

static const struct bench_row *row(const char *name)
{
	for (unsigned int i = 0; i < res.nr_rows; i++)
		if (!strcmp(res.rows[i].name, name))
			return &res.rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void test_rows(void **state)
{
	static const char *const names[] = {"memcpy", "stamp",	       "verify", "stamp+verify",
					    "poison", "poison+verify", "memset", "read"};
	struct bench_params p = params(KiB(64), 300);
	struct fail f = {0};

	p.threads[0] = 1;
	p.threads[1] = 2;
	p.nr_threads = 2;
	assert_int_equal(bench(p, &f), 0);
	assert_int_equal(res.nr_rows, 2 * ARRAY_SIZE(names));
	for (unsigned int i = 0; i < res.nr_rows; i++) {
		assert_string_equal(res.rows[i].name, names[i % ARRAY_SIZE(names)]);
		assert_string_equal(res.rows[i].unit, "GiB/s");
		assert_int_equal(res.rows[i].cell.threads, 1 + i / ARRAY_SIZE(names));
		assert_true(res.rows[i].value > 0);
		if (i % ARRAY_SIZE(names))
			assert_string_equal(res.rows[i].reference, "memcpy");
		else
			assert_null(res.rows[i].reference);
	}
	assert_non_null(strstr(res.note, stamp_variant()->name));
	assert_int_equal(res.fresh, res.nr_rows - 2); /* of all but memcpy */
}

/* --- one that takes its time, and one that is wrong --- */

static const struct stamp_variant *slow_of;

static bool slow_works(void)
{
	return true;
}

/* Everything ten times over. */
static void slow_write(char *p, size_t n, struct stamp_lines *lines)
{
	struct stamp_lines once;

	for (unsigned int i = 0; i < 10; i++) {
		once = *lines;
		slow_of->write(p, n, &once);
		__asm__ volatile("" : : "r"(p) : "memory");
	}
	*lines = once;
}

static size_t slow_match(const char *p, size_t n, struct stamp_lines *lines)
{
	struct stamp_lines once;
	size_t good = 0;

	for (unsigned int i = 0; i < 10; i++) {
		once = *lines;
		good = slow_of->match(p, n, &once);
		__asm__ volatile("" : : "r"(p) : "memory");
	}
	*lines = once;
	return good;
}

static void wrong_write(char *p, size_t n, struct stamp_lines *lines)
{
	slow_of->write(p, n, lines);
	p[n / 2] ^= 1;
}

static const struct stamp_variant slow = {"slow", slow_works, slow_write, NULL, slow_match},
				  wrong = {"wrong", slow_works, wrong_write, NULL, slow_match};

/* What is ten times slower is several times slower, however busy the machine. */
static void test_slow_is_told(void **state)
{
	static const char *const ours[] = {"stamp", "verify", "stamp+verify", "poison"};
	double ratio[ARRAY_SIZE(ours)];
	struct fail f = {0};

	assert_int_equal(bench(params(KiB(64), 1500), &f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		ratio[i] = row(ours[i])->ratio;
	slow_of = stamp_variant();
	stamp_variant_force(&slow);
	assert_int_equal(bench(params(KiB(64), 1500), &f), 0);
	stamp_variant_force(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		assert_true(row(ours[i])->ratio < ratio[i] / 3);
		assert_true(row(ours[i])->ratio < 1);
	}
	assert_non_null(strstr(res.note, "by slow"));
}

static void test_wrong_is_no_figure(void **state)
{
	struct fail f = {0};

	slow_of = stamp_variant();
	stamp_variant_force(&wrong);
	assert_int_equal(bench(params(KiB(64), 30), &f), -EIO);
	stamp_variant_force(NULL);
	assert_non_null(strstr(f.text, "does not hold"));
}

static void test_too_large(void **state)
{
	struct bench_params p = params(GiB(64), 1);
	struct fail f = {0};

	p.threads[0] = BENCH_THREADS_MAX;
	p.nr_threads = 1;
	assert_int_equal(bench(p, &f), -ENOMEM);
	assert_non_null(strstr(f.text, "8T of memory"));
	assert_int_equal(res.nr_rows, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_slow_is_told),
		cmocka_unit_test(test_wrong_is_no_figure),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
