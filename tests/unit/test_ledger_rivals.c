/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger: threads that contend for ranges which overlap. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/util.h"
#include "iommu/ledger.h"

static struct iova_range pages(uint64_t start, uint64_t last)
{
	return (struct iova_range){start * 4096, last * 4096 + 4095};
}

/* Two ranges that overlap: of those who add them one at a time gets them, and each gets them now and then. */
#define TURNS 12000u /* of each */

struct rivals {
	struct ledger *ledger;
	struct iova_range range[3]; /* one of each thread */
	_Atomic int holder;	    /* thread + 1, 0 = nobody */
	_Atomic unsigned int wrong, next, refused;
	pthread_barrier_t start;
	uint64_t got[3];
};

/* Whole, or in two: neither half is anybody else's. */
static void rival_give_back(struct rivals *r, unsigned int me, uint64_t turn)
{
	struct iova_range range = r->range[me], left = range, right = range;
	struct ledger_entry e = {.range = range, .va = r, .owner = me}, out;

	left.last = range.start + 4095;
	right.start = range.start + 4096;
	if (turn % 4 == 0)
		r->wrong += ledger_replace(r->ledger, &e) != 0;
	if (turn % 3 || range.last - range.start < 8191) {
		atomic_store(&r->holder, 0);
		r->wrong += !ledger_take(r->ledger, range, &out) || out.owner != me;
		return;
	}
	r->wrong += ledger_cut(r->ledger, range, left.last) != 0;
	/* whoever gets in before the right half has gone does not overlap it */
	atomic_store(&r->holder, 0);
	r->wrong += !ledger_take(r->ledger, left, &out) || out.owner != me;
	r->wrong += ledger_remove(r->ledger, right) != right.last - right.start + 1;
}

static void *rival(void *arg)
{
	struct rivals *r = arg;
	unsigned int me = atomic_fetch_add(&r->next, 1);
	struct ledger_entry e = {.range = r->range[me], .va = r, .owner = me};

	pthread_barrier_wait(&r->start);
	while (r->got[me] < TURNS) {
		int err = ledger_add(r->ledger, &e);

		r->wrong += err && err != -EEXIST;
		if (err) {
			r->refused++;
			sched_yield();
			continue;
		}
		r->got[me]++;
		r->wrong += atomic_exchange(&r->holder, (int)me + 1) != 0;
		if (r->got[me] % 8 == 0)
			sched_yield();
		rival_give_back(r, me, r->got[me]);
	}
	return NULL;
}

static void rivals_meet(struct iova_range a, struct iova_range b, struct iova_range c)
{
	struct rivals r = {.range = {a, b, c}};
	pthread_t thread[3];

	pthread_barrier_init(&r.start, NULL, 3);
	assert_int_equal(ledger_new(&r.ledger), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, rival, &r), 0);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(r.wrong, 0);
	assert_int_equal(r.holder, 0);
	pthread_barrier_destroy(&r.start);
	print_message("refused %u times\n", r.refused);
	assert_true(r.refused);
	assert_int_equal(ledger_count(r.ledger), 0);
	assert_int_equal(ledger_bytes(r.ledger), 0);
	ledger_free(r.ledger);
}

static void test_rivals(void **state)
{
	const uint64_t border = 1 << 18;

	/* within a region; over its border, in a book of their own, and against those of the regions on either side */
	rivals_meet(pages(10, 13), pages(12, 15), pages(11, 14));
	rivals_meet(pages(10, 10), pages(10, 10), pages(10, 10));
	rivals_meet(pages(border - 2, border + 1), pages(border - 1, border + 3), pages(border - 3, border));
	rivals_meet(pages(border - 2, border + 1), pages(border - 4, border - 1), pages(border - 3, border - 2));
	rivals_meet(pages(border - 2, border + 1), pages(border, border + 3), pages(border, border));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_rivals)};

	return cmocka_run_group_tests_name("ledger rivals", tests, NULL, NULL);
}
