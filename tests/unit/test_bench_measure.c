/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core/bench/measure: what is measured is done as often as is said, ours and the plain loop in turns, by all threads; ends and errors. The
 * clock is the test's own (ld's --wrap): what one thread does takes as long as is said here, whatever the machine is busy with.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"
#include "core/bench/measure.h"
#include "core/session/session.h"

#define CLOCK_COST 25 /* ns that each look at the clock takes */

/* In ns. 0: the machine's own clocks, for several threads. */
static uint64_t own_ns;

uint64_t __real_clock_ns(void);
uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_ns(void)
{
	return own_ns ? own_ns += CLOCK_COST : __real_clock_ns();
}

uint64_t __real_clock_cpu_ns(void);
uint64_t __wrap_clock_cpu_ns(void);
uint64_t __wrap_clock_cpu_ns(void)
{
	return own_ns ? own_ns += CLOCK_COST : __real_clock_cpu_ns();
}

static void wait_ns(uint64_t ns)
{
	if (own_ns)
		own_ns += ns;
	else
		clock_sleep_ns(ns, NULL);
}

static int own_clock(void **state)
{
	(void)state;
	own_ns = 1000000000;
	return 0;
}

static int machine_clock(void **state)
{
	(void)state;
	own_ns = 0;
	return 0;
}

/* A thing that takes so many turns of an empty loop, or as many nanoseconds of the clock here; each time so many more. */
struct thing {
	uint64_t turns, more, done, fail_at, signal_at;
	bool late;
};

static void thing_turn(struct thing *t)
{
	if (own_ns)
		own_ns += t->turns;
	else
		for (volatile uint64_t k = 0; k < t->turns; k++)
			;
	t->turns += t->more;
}

static int thing_do(struct thing *t, uint64_t *n, struct hist *times, struct fail *f)
{
	uint64_t i;

	for (i = 0; i < *n && !session_signal; i++) {
		thing_turn(t);
		if (times)
			hist_add(&times[0], t->turns);
		t->done++;
		if (t->done == t->fail_at)
			return fail_set(f, -EIO, "the thing broke");
		if (t->done == t->signal_at)
			session_signal = SIGINT;
	}
	*n = i;
	return 0;
}

static int ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return thing_do(ctx, n, times, f);
}

static uint64_t plain_done;

static int plain_half(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	struct thing half = {.turns = ((struct thing *)ctx)->turns / 2};
	int err = thing_do(&half, n, times, f);

	plain_done += half.done;
	return err;
}

static const struct bench_work alone = {.ours = ours},
			       both = {.ours = ours, .plain = plain_half, .parts = 1, .by_cpu = true};

static void test_loops_are_done(void **state)
{
	struct bench_until until = {.loops = 1000, .warmup = 7};
	struct thing t = {.turns = 10};
	struct bench_measured m;
	struct fail f = {0};
	void *ctx = &t;

	assert_int_equal(bench_measure(&alone, &ctx, 1, &until, &m, &f), 0);
	assert_int_equal(t.done, 1007);
	assert_int_equal(m.loops, 1000);
	assert_int_equal(m.rounds, 15);
	assert_false(m.has_plain);
	assert_null(m.ours.times);
	assert_true(m.ours.median == 10 && m.ours.interval == 0);
	bench_measured_free(&m);
}

static void test_ratio(void **state)
{
	struct bench_until until = {.loops = 3000, .warmup = 0};
	struct thing t = {.turns = 5000};
	struct bench_measured m;
	struct fail f = {0};
	void *ctx = &t;

	plain_done = 0;
	assert_int_equal(bench_measure(&both, &ctx, 1, &until, &m, &f), 0);
	/* without a look at the clock, and with */
	assert_int_equal(t.done, 6000);
	assert_int_equal(plain_done, 6000);
	assert_int_equal(m.ours.times[0].count, 3000);
	assert_int_equal(m.plain.times[0].count, 3000);
	assert_int_equal(m.plain.times[0].max, 2500);
	/* what was noted down less the clock's cost, which is no part of it */
	assert_true(m.clock_ns == CLOCK_COST);
	assert_true(m.part[0].ours_median == 5000 - CLOCK_COST);
	assert_true(m.part[0].plain_median == 2500 - CLOCK_COST);
	assert_true(m.ours.median == 5000 && m.plain.median == 2500);
	assert_true(m.ratio_median == 0.5 && m.ratio_interval == 0);
	bench_measured_free(&m);
}

/* Part 0 is timed, as 100 and 50; the rest of a time is not. */
static int part_of(struct thing *t, uint64_t *n, struct hist *times, uint64_t ns, struct fail *f)
{
	uint64_t n0 = *n;
	int err = thing_do(t, n, NULL, f);

	assert_non_null(times);
	for (uint64_t i = 0; i < n0; i++)
		hist_add(&times[0], ns);
	return err;
}

static int part_ours(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return part_of(ctx, n, times, 1000000, f);
}

static int part_plain(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	return part_of(&(struct thing){.turns = ((struct thing *)ctx)->turns}, n, times, 500000, f);
}

static unsigned int before_calls;

static int before(void *ctx, struct fail *f)
{
	struct thing *t = ctx;

	before_calls++;
	return t->done < 950 ? 0 : fail_set(f, EIO, "no more of it");
}

static void test_part_alone(void **state)
{
	static const struct bench_work work = {
		.ours = part_ours, .plain = part_plain, .parts = 1, .part_only = true, .before = before, .most = 10};
	struct bench_until until = {.loops = 300, .warmup = 20};
	struct thing t = {.turns = 1};
	struct bench_measured m;
	struct fail f = {0};
	void *ctx = &t;

	before_calls = 0;
	assert_int_equal(bench_measure(&work, &ctx, 1, &until, &m, &f), 0);
	assert_int_equal(t.done, 320);
	assert_int_equal(before_calls, 64);	      /* both, in tens */
	assert_int_equal(m.ours.times[0].count, 300); /* not the warm-up */
	assert_true(m.part[0].ours_median == 1000000 - CLOCK_COST && m.part[0].plain_median == 500000 - CLOCK_COST);
	assert_true(m.ours.median == m.part[0].ours_median && m.plain.median == m.part[0].plain_median);
	assert_true(m.ratio_median == m.plain.median / m.ours.median);
	bench_measured_free(&m);
	until.loops = 900;
	assert_int_equal(bench_measure(&work, &ctx, 1, &until, &m, &f), -EIO);
	assert_string_equal(f.text, "no more of it");
	bench_measured_free(&m);
}

static int sleeps(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	for (uint64_t i = 0; i < *n; i++)
		wait_ns(2000000);
	return thing_do(ctx, n, times, f);
}

/* Waiting is not work; by the wall it counts. */
static void test_by_cpu(void **state)
{
	static const struct bench_work wall = {.ours = sleeps}, cpu = {.ours = sleeps, .by_cpu = true};
	struct bench_until until = {.loops = 30, .warmup = 0};
	struct thing t[2] = {{.turns = 1000}, {.turns = 1000}};
	void *ctx[2] = {&t[0], &t[1]};
	struct bench_measured m;
	struct fail f = {0};

	assert_int_equal(bench_measure(&wall, ctx, 1, &until, &m, &f), 0);
	assert_true(m.ours.median >= 2000000);
	bench_measured_free(&m);
	for (unsigned int threads = 1; threads <= 2 && threads <= sysconf(_SC_NPROCESSORS_ONLN); threads++) {
		assert_int_equal(bench_measure(&cpu, ctx, threads, &until, &m, &f), 0);
		assert_true(m.ours.median > 0 && m.ours.median < 1000000);
		bench_measured_free(&m);
	}
	/* two on one processor: what one works the other waits */
	until.nr_cpus = 1;
	assert_int_equal(bench_measure(&cpu, ctx, 2, &until, &m, &f), 0);
	assert_true(m.ours.median >= 1000000);
	bench_measured_free(&m);
}

static void test_until_tight_or_late(void **state)
{
	struct bench_until loose = {.loops = BENCH_AUTO, .time_ns = 2000000000, .precision = 1000},
			   never = {.loops = BENCH_AUTO, .time_ns = 100000000, .precision = 0};
	struct thing t = {.turns = 100};
	struct bench_measured m;
	struct fail f = {0};
	void *ctx = &t;

	assert_int_equal(bench_measure(&alone, &ctx, 1, &loose, &m, &f), 0);
	assert_true(m.tight);
	assert_int_equal(m.rounds, 9);
	bench_measured_free(&m);
	t.more = 1;
	assert_int_equal(bench_measure(&alone, &ctx, 1, &never, &m, &f), 0);
	assert_false(m.tight);
	assert_true(m.rounds >= 1);
	bench_measured_free(&m);
}

/* Of a few rounds nobody knows how far off they are: one alone lies in an interval of no width. */
static void test_few_rounds(void **state)
{
	struct bench_until until = {.loops = 5, .warmup = 0, .precision = 1000};
	struct thing t = {.turns = 100};
	struct bench_measured m;
	struct fail f = {0};
	void *ctx = &t;

	for (; until.loops <= 6; until.loops++) {
		assert_int_equal(bench_measure(&alone, &ctx, 1, &until, &m, &f), 0);
		assert_int_equal(m.rounds, until.loops);
		assert_int_equal(m.tight, until.loops >= 6);
		bench_measured_free(&m);
	}
	until.loops = 1;
	assert_int_equal(bench_measure(&alone, &ctx, 1, &until, &m, &f), 0);
	assert_false(m.tight);
	bench_measured_free(&m);
}

static void test_threads(void **state)
{
	struct bench_until until = {.loops = 500, .warmup = 0, .cpus = {0}, .nr_cpus = 1};
	struct thing t[3] = {{.turns = 10}, {.turns = 10}, {.turns = 10}};
	void *ctx[3] = {&t[0], &t[1], &t[2]};
	struct bench_measured m;
	struct fail f = {0};

	assert_int_equal(bench_measure(&alone, ctx, 3, &until, &m, &f), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(t[i].done, 500);
	assert_int_equal(m.loops, 500);
	bench_measured_free(&m);
	until.cpus[0] = 1023;
	assert_true(bench_measure(&alone, ctx, 3, &until, &m, &f) < 0);
	assert_non_null(strstr(f.text, "cpu 1023"));
	bench_measured_free(&m);
	assert_int_equal(bench_measure(&alone, ctx, 0, &until, &m, &f), -EINVAL);
	assert_int_equal(bench_measure(&alone, ctx, BENCH_THREADS_MAX + 1, &until, &m, &f), -EINVAL);
}

static unsigned int fresh_calls;

static int fresh(void *ctx, struct fail *f)
{
	if (((struct thing *)ctx)->late)
		wait_ns(20000000);
	return ++fresh_calls == 40 ? fail_set(f, ENOMEM, "no more memory") : 0;
}

/* Other memory for each round but the first; not where that takes longer than the rounds. */
static void test_fresh(void **state)
{
	static const struct bench_work work = {.ours = ours, .plain = plain_half, .parts = 1, .fresh = fresh};
	struct bench_until until = {.loops = 1500000, .warmup = 0};
	struct thing t = {.turns = 1};
	struct bench_measured m;
	struct fail f = {0};
	void *ctx = &t;

	fresh_calls = 0;
	assert_int_equal(bench_measure(&work, &ctx, 1, &until, &m, &f), 0);
	assert_true(fresh_calls == 14 && m.fresh == 15 && m.rounds == 15);
	bench_measured_free(&m);
	until.loops = 15;
	t.late = true;
	assert_int_equal(bench_measure(&work, &ctx, 1, &until, &m, &f), 0);
	assert_true(m.rounds == 15 && m.fresh == 2 && fresh_calls == 15);
	bench_measured_free(&m);
	t.late = false;
	fresh_calls = 39;
	assert_int_equal(bench_measure(&work, &ctx, 1, &until, &m, &f), -ENOMEM);
	assert_string_equal(f.text, "no more memory");
	assert_int_equal(m.rounds, 1);
	bench_measured_free(&m);
}

static int late(void *ctx, uint64_t *n, struct hist *times, struct fail *f)
{
	if (((struct thing *)ctx)->late)
		wait_ns(3000000);
	return thing_do(ctx, n, times, f);
}

/* What one thread waits before it does anything is no reason for small batches. */
static void test_late_start(void **state)
{
	static const struct bench_work work = {.ours = late};
	struct bench_until until = {.loops = BENCH_AUTO, .time_ns = 200000000, .precision = 0.0001};
	struct thing t[2] = {{.turns = 100}, {.turns = 100, .late = true}};
	void *ctx[2] = {&t[0], &t[1]};
	struct bench_measured m;
	struct fail f = {0};
	bool large = false;

	/* a machine that takes the processor away makes few times look long as well: not each time */
	for (unsigned int tries = 0; tries < 10 && !large; tries++) {
		assert_int_equal(bench_measure(&work, ctx, 2, &until, &m, &f), 0);
		large = m.rounds && m.loops / m.rounds > 100;
		bench_measured_free(&m);
	}
	assert_true(large);
}

static void test_error_and_signal(void **state)
{
	struct bench_until until = {.loops = 1500, .warmup = 0};
	struct thing broken = {.turns = 1, .fail_at = 250}, stopped = {.turns = 1, .signal_at = 250};
	struct bench_measured m;
	struct fail f = {0};
	void *ctx = &broken;

	assert_int_equal(bench_measure(&alone, &ctx, 1, &until, &m, &f), -EIO);
	assert_string_equal(f.text, "the thing broke");
	assert_int_equal(m.loops, 200); /* two whole rounds */
	bench_measured_free(&m);
	ctx = &stopped;
	assert_int_equal(bench_measure(&alone, &ctx, 1, &until, &m, &f), 0);
	session_signal = 0;
	assert_int_equal(m.loops, 250);
	bench_measured_free(&m);
}

static void test_median(void **state)
{
	double few[] = {3, 1, 2}, nine[] = {9000, 8, 7, 6, 5, 4, 3, 2, 0.001}, eight[] = {8, 7, 6, 5, 4, 3, 2, 1};
	double many[101], interval;

	assert_true(bench_median(few, 3, &interval) == 2 && interval == 0.5);
	for (unsigned int i = 0; i < 101; i++)
		many[i] = 100 - i;
	/* 0.98 * sqrt(101) = 9.85: from the 41st to the 61st */
	assert_true(bench_median(many, 101, &interval) == 50);
	assert_true(interval == 0.2);
	/* of nine the first and the last have no part in it, however far off */
	assert_true(bench_median(nine, 9, &interval) == 5 && interval == 0.6);
	/* of eight without the ends: only 93 % */
	assert_true(bench_median(eight, 8, &interval) == 4.5);
	assert_true(interval * 9 == 7);
	assert_true(bench_median(many, 0, &interval) == 0 && interval == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_loops_are_done, own_clock),
		cmocka_unit_test_setup(test_ratio, own_clock),
		cmocka_unit_test_setup(test_part_alone, own_clock),
		cmocka_unit_test_setup(test_by_cpu, machine_clock),
		cmocka_unit_test_setup(test_until_tight_or_late, own_clock),
		cmocka_unit_test_setup(test_threads, machine_clock),
		cmocka_unit_test_setup(test_error_and_signal, own_clock),
		cmocka_unit_test_setup(test_median, own_clock),
		cmocka_unit_test_setup(test_few_rounds, own_clock),
		cmocka_unit_test_setup(test_late_start, machine_clock),
		cmocka_unit_test_setup(test_fresh, own_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
