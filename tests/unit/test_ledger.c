/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger: against a flat model, over its borders, and read by threads while another writes. */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/util.h"
#include "iommu/ledger.h"

#define SLOTS 400u /* the model's address space, in pages */

struct model {
	struct {
		uint64_t start, last;
		unsigned int owner; /* who it is; 0 = free */
	} entry[SLOTS];
};

static struct iova_range pages(uint64_t start, uint64_t last)
{
	return (struct iova_range){start * 4096, last * 4096 + 4095};
}

/* Where a page's memory is, of all entries. */
static void *va_of(uint64_t page)
{
	return (void *)(uintptr_t)((page + 1) * 4096);
}

static int add_of(struct ledger *ledger, uint64_t start, uint64_t last, unsigned int owner)
{
	struct ledger_entry e = {.range = pages(start, last), .owner = owner, .tag = "tag"};

	e.va = va_of(start);
	return ledger_add(ledger, &e);
}

static int add(struct ledger *ledger, uint64_t start, uint64_t last)
{
	return add_of(ledger, start, last, (unsigned int)start);
}

/* Index of the lowest entry that overlaps, -1 if none. */
static int model_find(const struct model *m, uint64_t start, uint64_t last)
{
	int found = -1;

	for (unsigned int i = 0; i < SLOTS; i++)
		if (m->entry[i].owner && m->entry[i].start <= last && start <= m->entry[i].last &&
		    (found < 0 || m->entry[i].start < m->entry[found].start))
			found = (int)i;
	return found;
}

static uint64_t model_remove(struct model *m, uint64_t start, uint64_t last)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < SLOTS; i++) {
		if (!m->entry[i].owner || m->entry[i].start < start || m->entry[i].start > last ||
		    m->entry[i].last > last)
			continue;
		bytes += (m->entry[i].last - m->entry[i].start + 1) * 4096;
		m->entry[i].owner = 0;
	}
	return bytes;
}

struct collect {
	uint64_t starts[SLOTS];
	unsigned int count;
};

static int collect(const struct ledger_entry *e, void *arg)
{
	struct collect *c = arg;

	c->starts[c->count++] = e->range.start / 4096;
	return 0;
}

static void compare_all(const struct ledger *ledger, const struct model *m)
{
	struct collect c = {.count = 0};
	uint64_t bytes = 0, count = 0, at = 0;
	int i;

	assert_int_equal(ledger_each(ledger, collect, &c), 0);
	for (; (i = model_find(m, at, SLOTS * 2)) >= 0; at = m->entry[i].last + 1, count++) {
		assert_true(count < c.count && c.starts[count] == m->entry[i].start);
		bytes += (m->entry[i].last - m->entry[i].start + 1) * 4096;
	}
	assert_int_equal(c.count, count);
	assert_int_equal(ledger_count(ledger), count);
	assert_int_equal(ledger_bytes(ledger), bytes);
}

static void model_add(struct ledger *ledger, struct model *m, uint64_t start, uint64_t last, unsigned int *owners)
{
	int r = add_of(ledger, start, last, *owners + 1), there = model_find(m, start, last);
	unsigned int i = 0;

	assert_int_equal(r, there >= 0 ? -EEXIST : 0);
	if (r)
		return;
	while (m->entry[i].owner)
		i++;
	m->entry[i].start = start;
	m->entry[i].last = last;
	m->entry[i].owner = ++*owners;
}

static void test_model(void **state)
{
	static struct model m;
	struct ledger *ledger;
	unsigned int owners = 0;

	assert_int_equal(ledger_new(&ledger), 0);
	for (uint64_t op = 0; op < 20000; op++) {
		uint64_t start = rng_below(rng_draw(1, op, 0), SLOTS), kind = rng_below(rng_draw(1, op, 1), 10);
		uint64_t last = start + rng_below(rng_draw(1, op, 2), kind < 7 ? 6 : 40);
		struct ledger_entry e;
		bool found;
		int there;

		if (kind < 7)
			model_add(ledger, &m, start, last, &owners);
		else
			assert_int_equal(ledger_remove(ledger, pages(start, last)), model_remove(&m, start, last));
		there = model_find(&m, start, last);
		found = ledger_find(ledger, pages(start, last), &e);
		assert_int_equal(found, there >= 0);
		if (found) {
			assert_int_equal(e.range.start, m.entry[there].start * 4096);
			assert_int_equal(e.owner, m.entry[there].owner);
			assert_ptr_equal(e.va, va_of(m.entry[there].start));
			assert_string_equal(e.tag, "tag");
		}
		if (op % 50 == 0)
			compare_all(ledger, &m);
	}
	compare_all(ledger, &m);
	ledger_free(ledger);
}

static void test_borders(void **state)
{
	struct ledger_entry e = {.range = {UINT64_MAX - 4095, UINT64_MAX}, .owner = 1}, out;
	struct ledger *ledger;

	assert_int_equal(ledger_new(&ledger), 0);
	assert_false(ledger_find(ledger, (struct iova_range){0, UINT64_MAX}, &out));
	assert_int_equal(ledger_remove(ledger, (struct iova_range){0, UINT64_MAX}), 0);
	assert_int_equal(ledger_add(ledger, &e), 0);
	e.range = (struct iova_range){0, 4095};
	e.owner = 2;
	assert_int_equal(ledger_add(ledger, &e), 0);
	assert_int_equal(ledger_add(ledger, &e), -EEXIST);
	assert_true(ledger_find(ledger, (struct iova_range){UINT64_MAX, UINT64_MAX}, &out));
	assert_int_equal(out.owner, 1);
	assert_true(ledger_find(ledger, (struct iova_range){0, UINT64_MAX}, &out));
	assert_int_equal(out.owner, 2);
	assert_false(ledger_find(ledger, (struct iova_range){4096, UINT64_MAX - 4096}, &out));
	/* Not wholly inside: stays. */
	assert_int_equal(ledger_remove(ledger, (struct iova_range){0, UINT64_MAX - 1}), 4096);
	assert_int_equal(ledger_remove(ledger, (struct iova_range){4096, UINT64_MAX}), 4096);
	assert_int_equal(ledger_count(ledger), 0);
	ledger_free(ledger);
	ledger_free(NULL);
}

static void test_replace(void **state)
{
	struct ledger_entry e = {.range = {4096, 8191}, .va = (void *)1, .tag = "old"}, out;
	struct ledger *ledger;

	assert_int_equal(ledger_new(&ledger), 0);
	assert_int_equal(ledger_replace(ledger, &e), -ENOENT);
	assert_int_equal(ledger_add(ledger, &e), 0);
	e = (struct ledger_entry){.range = {8192, 12287}};
	assert_int_equal(ledger_add(ledger, &e), 0);
	/* another range, though it begins or ends alike, is another mapping */
	e = (struct ledger_entry){.range = {4096, 12287}};
	assert_int_equal(ledger_replace(ledger, &e), -ENOENT);
	e = (struct ledger_entry){.range = {0, 8191}};
	assert_int_equal(ledger_replace(ledger, &e), -ENOENT);
	e = (struct ledger_entry){.range = {4096, 8191}, .va = (void *)2, .forgotten = true};
	assert_int_equal(ledger_replace(ledger, &e), 0);
	assert_true(ledger_find(ledger, (struct iova_range){4096, 4096}, &out));
	assert_ptr_equal(out.va, (void *)2);
	assert_true(out.forgotten);
	assert_string_equal(out.tag, "");
	assert_int_equal(ledger_count(ledger), 2);
	assert_int_equal(ledger_bytes(ledger), 8192);
	ledger_free(ledger);
}

static void test_take(void **state)
{
	struct ledger_entry out = {.owner = 77};
	struct ledger *ledger;

	assert_int_equal(ledger_new(&ledger), 0);
	assert_false(ledger_take(ledger, pages(0, 0), &out));
	assert_int_equal(add(ledger, 4, 7), 0);
	assert_int_equal(add(ledger, 8, 9), 0);
	/* not a part, not more, not what lies beside it */
	assert_false(ledger_take(ledger, pages(4, 6), &out));
	assert_false(ledger_take(ledger, pages(5, 7), &out));
	assert_false(ledger_take(ledger, pages(4, 9), &out));
	assert_false(ledger_take(ledger, pages(0, 3), &out));
	assert_int_equal(out.owner, 77);
	assert_int_equal(ledger_count(ledger), 2);
	assert_true(ledger_take(ledger, pages(4, 7), &out));
	assert_int_equal(out.owner, 4);
	assert_string_equal(out.tag, "tag");
	assert_int_equal(out.range.last, 8 * 4096 - 1);
	assert_int_equal(ledger_count(ledger), 1);
	assert_int_equal(ledger_bytes(ledger), 2 * 4096);
	assert_false(ledger_take(ledger, pages(4, 7), &out));
	ledger_free(ledger);
}

/* Nodes are used again: thousands of pairs, of all heights, and each time what is found is what was added last. */
static void test_reuse(void **state)
{
	struct ledger_entry e, out;
	struct ledger *ledger;

	assert_int_equal(ledger_new(&ledger), 0);
	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t at = rng_below(rng_draw(6, i, 0), 1000);

		e = (struct ledger_entry){.range = pages(at, at), .va = (void *)(uintptr_t)(i + 1)};
		assert_int_equal(ledger_add(ledger, &e), 0);
		assert_true(ledger_find(ledger, pages(0, 2000), &out));
		assert_ptr_equal(out.va, e.va);
		assert_string_equal(out.tag, "");
		assert_true(ledger_take(ledger, e.range, &out));
		assert_ptr_equal(out.va, e.va);
		assert_int_equal(ledger_count(ledger), 0);
	}
	ledger_free(ledger);
}

static int stop_at_third(const struct ledger_entry *e, void *arg)
{
	return ++*(int *)arg == 3 ? 77 : 0;
}

static void test_each_stops(void **state)
{
	struct ledger *ledger;
	int n = 0;

	assert_int_equal(ledger_new(&ledger), 0);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(add(ledger, i, i), 0);
	assert_int_equal(ledger_each(ledger, stop_at_third, &n), 77);
	assert_int_equal(n, 3);
	ledger_free(ledger);
}

struct shared {
	struct ledger *ledger;
	_Atomic int stop;
	_Atomic unsigned int wrong;
	_Atomic uint64_t reads;
	_Atomic unsigned int writers;
};

struct order {
	uint64_t next;
	unsigned int wrong;
};

/* Whatever the writers do: entries come in order, do not overlap, and are whole. */
static int in_order(const struct ledger_entry *e, void *arg)
{
	struct order *o = arg;

	o->wrong += e->range.start < o->next || e->va != va_of(e->range.start / 4096) || strcmp(e->tag, "tag");
	o->next = e->range.last + 1;
	return 0;
}

static void *reader(void *arg)
{
	struct shared *s = arg;

	for (uint64_t i = 0; !atomic_load(&s->stop); i++) {
		uint64_t at = rng_below(rng_draw(2, i, 0), 4000);
		struct order o = {0};
		struct ledger_entry e;

		if (ledger_find(s->ledger, pages(at, at + 3), &e))
			atomic_fetch_add(&s->wrong, e.range.last < at * 4096 || e.range.start > (at + 4) * 4096 ||
							    e.va != va_of(e.range.start / 4096));
		if (i % 16 == 0) {
			ledger_each(s->ledger, in_order, &o);
			atomic_fetch_add(&s->wrong, o.wrong);
		}
		/* This one is there all the time. */
		atomic_fetch_add(&s->wrong, !ledger_find(s->ledger, pages(5000, 5000), &e));
		atomic_fetch_add(&s->reads, 1);
	}
	return NULL;
}

static void *writer(void *arg)
{
	struct shared *s = arg;
	uint64_t salt = atomic_fetch_add(&s->writers, 1) + 10;

	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t at = rng_below(rng_draw(salt, i, 0), 4000), n = rng_below(rng_draw(salt, i, 1), 8);
		struct ledger_entry e;

		if (i % 4 == 1)
			ledger_remove(s->ledger, pages(at, at + 2 * n));
		else if (i % 4 == 3 && ledger_find(s->ledger, pages(at, at + 8), &e))
			ledger_take(s->ledger, e.range, &e);
		else
			add(s->ledger, at, at + n);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct shared s = {0};
	pthread_t thread[4];

	assert_int_equal(ledger_new(&s.ledger), 0);
	assert_int_equal(add(s.ledger, 5000, 5000), 0);
	for (unsigned int i = 0; i < 4; i++) {
		/* a busy machine may run the writers to their end before a reader has begun */
		while (i == 2 && !atomic_load(&s.reads))
			sched_yield();
		assert_int_equal(pthread_create(&thread[i], NULL, i < 2 ? reader : writer, &s), 0);
	}
	pthread_join(thread[2], NULL);
	pthread_join(thread[3], NULL);
	atomic_store(&s.stop, 1);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	assert_int_equal(s.wrong, 0);
	assert_true(s.reads > 0);
	ledger_free(s.ledger);
}

static void test_cut(void **state)
{
	struct iova_range middle = pages(8, 11);
	struct ledger_entry out;
	struct ledger *ledger;

	assert_int_equal(ledger_new(&ledger), 0);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(add_of(ledger, 4 + 4 * i, 7 + 4 * i, 40 + (unsigned int)i), 0);
	assert_int_equal(ledger_cut(ledger, pages(8, 10), middle.start + 4095), -ENOENT);
	assert_int_equal(ledger_cut(ledger, pages(7, 11), middle.start + 4095), -ENOENT);
	assert_int_equal(ledger_cut(ledger, middle, middle.start + 4095), 0);
	assert_int_equal(ledger_count(ledger), 4);
	assert_int_equal(ledger_bytes(ledger), 12 * 4096);
	for (uint64_t page = 8; page <= 9; page++) {
		assert_true(ledger_take(ledger, page == 8 ? pages(8, 8) : pages(9, 11), &out));
		assert_ptr_equal(out.va, va_of(page));
		assert_int_equal(out.owner, 41);
		assert_string_equal(out.tag, "tag");
	}
	assert_int_equal(ledger_bytes(ledger), 8 * 4096);
	assert_int_equal(ledger_cut(ledger, middle, middle.start + 4095), -ENOENT);
	ledger_free(ledger);
}

/* Over a border of GiB, on either side of it and at it: each half is found, as one and by a search of all. */
static void test_cut_wide(void **state)
{
	const uint64_t border = 1 << 18;

	for (uint64_t at = border - 3; at <= border + 1; at++) {
		struct ledger_entry out;
		struct ledger *ledger;

		assert_int_equal(ledger_new(&ledger), 0);
		assert_int_equal(add(ledger, border - 3, border + 2), 0);
		assert_int_equal(ledger_cut(ledger, pages(border - 3, border + 2), at * 4096 + 4095), 0);
		assert_int_equal(ledger_count(ledger), 2);
		assert_int_equal(ledger_bytes(ledger), 6 * 4096);
		assert_true(ledger_find(ledger, pages(0, UINT32_MAX), &out));
		assert_int_equal(out.range.start, (border - 3) * 4096);
		assert_int_equal(out.range.last, at * 4096 + 4095);
		assert_true(ledger_take(ledger, pages(at + 1, border + 2), &out));
		assert_ptr_equal(out.va, va_of(at + 1));
		assert_true(ledger_take(ledger, pages(border - 3, at), &out));
		assert_ptr_equal(out.va, va_of(border - 3));
		assert_int_equal(ledger_count(ledger), 0);
		ledger_free(ledger);
	}
}

/* What is cut and put anew, over and over, is there all the time. */
#define HELD 400u    /* entries of */
#define HELD_PAGES 8 /* pages each; one of them lies over a border */
#define HELD_AT ((UINT64_C(1) << 18) - HELD * HELD_PAGES / 2 - 3)

struct held {
	struct ledger *ledger;
	_Atomic int stop;
	_Atomic uint64_t holes, wrong, reads, at; /* the page that is at work */
};

static void *held_reader(void *arg)
{
	struct held *h = arg;

	for (uint64_t i = 0; !atomic_load(&h->stop); i++) {
		uint64_t page = HELD_AT + rng_below(rng_draw(7, i, 0), HELD * HELD_PAGES);
		struct ledger_entry e;

		if (i % 8)
			page = atomic_load(&h->at);
		if (!ledger_find(h->ledger, pages(page, page), &e))
			atomic_fetch_add(&h->holes, 1);
		else if (!iova_range_contains(e.range, pages(page, page)) || e.va != va_of(e.range.start / 4096))
			atomic_fetch_add(&h->wrong, 1);
		atomic_fetch_add(&h->reads, 1);
	}
	return NULL;
}

static struct ledger_entry held_find(struct held *h, uint64_t page)
{
	struct ledger_entry e;

	assert_true(ledger_find(h->ledger, pages(page, page), &e));
	return e;
}

/* In pieces, in an order that differs from entry to entry; each piece is put anew some times before the next cut. */
static void held_cut(struct held *h, uint64_t first, uint64_t salt)
{
	for (uint64_t i = 0; i < 4 * HELD_PAGES; i++) {
		uint64_t page = first + rng_below(rng_draw(8, salt, i), HELD_PAGES);
		struct ledger_entry e = held_find(h, page);

		atomic_store(&h->at, page);
		if (page * 4096 + 4095 < e.range.last && i % 2)
			assert_int_equal(ledger_cut(h->ledger, e.range, page * 4096 + 4095), 0);
		else
			assert_int_equal(ledger_replace(h->ledger, &e), 0);
	}
}

static void test_no_holes(void **state)
{
	struct held h = {.at = HELD_AT};
	struct ledger_entry e;
	pthread_t thread[2];

	assert_int_equal(ledger_new(&h.ledger), 0);
	for (uint64_t i = 0; i < HELD; i++)
		assert_int_equal(add(h.ledger, HELD_AT + i * HELD_PAGES, HELD_AT + (i + 1) * HELD_PAGES - 1), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, held_reader, &h), 0);
	while (!atomic_load(&h.reads))
		sched_yield();
	for (uint64_t i = 0; i < HELD; i++)
		held_cut(&h, HELD_AT + i * HELD_PAGES, i);
	/* within a moment of one store after another there is not much to see: often */
	e = held_find(&h, atomic_load(&h.at));
	for (unsigned int i = 0; i < 150000; i++)
		assert_int_equal(ledger_replace(h.ledger, &e), 0);
	atomic_store(&h.stop, 1);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	print_message("%" PRIu64 " reads\n", h.reads);
	assert_int_equal(h.holes, 0);
	assert_int_equal(h.wrong, 0);
	assert_true(ledger_count(h.ledger) > HELD * 2);
	assert_int_equal(ledger_bytes(h.ledger), HELD * HELD_PAGES * 4096);
	ledger_free(h.ledger);
}

static atomic_uint waits;

void __real_rcu_wait_for(uint32_t sections);
void __wrap_rcu_wait_for(uint32_t sections);
void __wrap_rcu_wait_for(uint32_t sections)
{
	atomic_fetch_add(&waits, 1);
	__real_rcu_wait_for(sections);
}

/* ns for adding an entry between @entries others and removing it again: the least of several, which a busy machine disturbs least. */
static uint64_t cost_among(uint64_t entries)
{
	const uint64_t pairs = 2000;
	uint64_t least = UINT64_MAX;
	struct ledger *ledger;

	assert_int_equal(ledger_new(&ledger), 0);
	for (uint64_t i = 0; i < entries; i++)
		assert_int_equal(add(ledger, 10 * i, 10 * i + 5), 0);
	for (unsigned int turn = 0; turn < 10; turn++) {
		uint64_t start = clock_ns();

		for (uint64_t i = 0; i < pairs; i++) {
			uint64_t at = 10 * rng_below(rng_draw(4, i, turn), entries) + 7;

			assert_int_equal(add(ledger, at, at), 0);
			assert_int_equal(ledger_remove(ledger, pages(at, at)), 4096);
		}
		least = MIN(least, (clock_ns() - start) / pairs);
	}
	ledger_free(ledger);
	return MAX(least, UINT64_C(1));
}

/* Cheap beside a map: one wait for many pairs, and a hundred times the entries do not cost a hundred times as much. */
static void test_cost(void **state)
{
	uint64_t few = cost_among(100), many;
	unsigned int before = atomic_load(&waits);

	many = cost_among(10000);
	print_message("add and remove: %" PRIu64 " ns among 100, %" PRIu64 " ns among 10000, %u waits for 20000\n", few,
		      many, atomic_load(&waits) - before);
	assert_in_range(atomic_load(&waits) - before, 1, 20000 / 10);
	assert_true(many < 30 * few);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),	 cmocka_unit_test(test_borders),  cmocka_unit_test(test_replace),
		cmocka_unit_test(test_take),	 cmocka_unit_test(test_reuse),	  cmocka_unit_test(test_each_stops),
		cmocka_unit_test(test_threads),	 cmocka_unit_test(test_cost),	  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_wide), cmocka_unit_test(test_no_holes),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
