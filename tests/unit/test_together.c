/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls made by several threads at once: each once, none before all are there, and how many there may be. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/together.h"

struct seen {
	pthread_t who[TOGETHER_MAX];
	_Atomic unsigned int calls[TOGETHER_MAX], under_way, most;
	unsigned int n;
};

/* Stays until all are in it: were they called one after the other, that would never be. */
static void meet(void *ctx, unsigned int i)
{
	struct seen *seen = ctx;

	seen->who[i] = pthread_self();
	atomic_fetch_add(&seen->calls[i], 1);
	atomic_fetch_add(&seen->under_way, 1);
	while (atomic_load(&seen->under_way) < seen->n)
		sched_yield();
}

static void test_all_meet(void **state)
{
	(void)state;
	for (unsigned int n = 2; n <= TOGETHER_MAX; n += 7) {
		struct seen seen = {.n = n};

		assert_int_equal(together(n, meet, &seen), 0);
		assert_int_equal(seen.under_way, n);
		for (unsigned int i = 0; i < TOGETHER_MAX; i++)
			assert_int_equal(seen.calls[i], i < n);
		assert_true(pthread_equal(seen.who[0], pthread_self()));
		assert_false(pthread_equal(seen.who[1], seen.who[0]));
	}
}

static void test_too_many(void **state)
{
	struct seen seen = {.n = 1};

	(void)state;
	assert_int_equal(together(TOGETHER_MAX + 1, meet, &seen), -EINVAL);
	assert_int_equal(seen.under_way, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_meet),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
