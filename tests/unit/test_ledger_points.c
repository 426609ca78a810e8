/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger, with threads held at points between two of its steps: by turns, for interleavings that once were wrong, and for random times,
 * with owners that know what is theirs. It has the files themselves, for the points and for memory that runs out.
 */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void point(const char *name);
static void *scarce_malloc(size_t size);
static _Thread_local unsigned int forced_height;

#define LEDGER_POINT(name) point(name)
#define LEDGER_FORCED_HEIGHT forced_height
#define malloc(size) scarce_malloc(size)
#include "iommu/ledger.c"
#include "iommu/ledger_list.c"
#include "iommu/ledger_node.c"
#undef malloc

#include "base/clock.h"
#include "base/rng.h"

static bool no_memory;

static void *scarce_malloc(size_t size)
{
	return no_memory ? NULL : malloc(size);
}

/* --- by turns --- */

struct actor {
	pthread_t thread;
	void (*does)(struct actor *a);
	const char *at; /* where it stops next; NULL: nowhere */
	sem_t stopped, on;
	struct ledger *ledger;
	uint64_t first, last;
	unsigned int height;
	int result;
	struct ledger_entry found;
};

static _Thread_local struct actor *self;
static _Thread_local uint64_t delays; /* a seed; 0: none */

static uint64_t delays_draw(void)
{
	delays ^= delays << 13;
	delays ^= delays >> 7;
	delays ^= delays << 17;
	return delays;
}

static void point(const char *name)
{
	uint64_t draw = delays ? delays_draw() % 1000 : 999;

	if (draw < 60)
		sched_yield();
	else if (draw < 90)
		usleep((useconds_t)(delays_draw() % 200));
	if (!self || !self->at || strcmp(self->at, name))
		return;
	self->at = NULL;
	sem_post(&self->stopped);
	sem_wait(&self->on);
}

static struct iova_range pages(uint64_t first, uint64_t last)
{
	return (struct iova_range){first * 4096, last * 4096 + 4095};
}

static int add(struct ledger *ledger, uint64_t first, uint64_t last, unsigned int height)
{
	struct ledger_entry e = {.range = pages(first, last), .owner = (unsigned int)first, .tag = "tag"};

	forced_height = height;
	return ledger_add(ledger, &e);
}

static void adds(struct actor *a)
{
	a->result = add(a->ledger, a->first, a->last, a->height);
}

static void takes(struct actor *a)
{
	a->result = ledger_take(a->ledger, pages(a->first, a->last), &a->found);
}

static void *actor_main(void *arg)
{
	struct actor *a = arg;

	self = a;
	a->does(a);
	sem_post(&a->stopped);
	return NULL;
}

/* Until it comes to @at. */
static void begin(struct actor *a, const char *at)
{
	a->at = at;
	sem_init(&a->stopped, 0, 0);
	sem_init(&a->on, 0, 0);
	assert_int_equal(pthread_create(&a->thread, NULL, actor_main, a), 0);
	sem_wait(&a->stopped);
	assert_null(a->at); /* it came there */
}

/* On to @at, NULL: to its end. */
static void go_on(struct actor *a, const char *at)
{
	a->at = at;
	sem_post(&a->on);
	sem_wait(&a->stopped);
	assert_null(a->at);
}

/* A thread that ends waits for readers, as which others may be held: when all have come to their ends. */
static void ended(struct actor *a)
{
	pthread_join(a->thread, NULL);
}

static struct ledger *new_ledger(void)
{
	struct ledger *ledger;

	assert_int_equal(ledger_new(&ledger), 0);
	return ledger;
}

/* Is something that begins at page @first linked at any level of a book? */
static bool is_linked(const struct ledger *ledger, uint64_t first)
{
	for (unsigned int b = 0; b < LEDGER_BOOKS; b++)
		for (unsigned int i = 0; i < LEDGER_HEIGHT; i++)
			for (struct ledger_node *n = ledger_node_at(atomic_load(&ledger->book[b].head[i])); n;
			     n = ledger_node_at(atomic_load(&n->next[i])))
				if (n->entry.range.start == first * 4096)
					return true;
	return false;
}

/* A search that began when there were fewer levels finds a node of more. */
static void test_fewer_levels(void **state)
{
	struct ledger *ledger = new_ledger();
	struct actor take = {.does = takes, .ledger = ledger, .first = 4, .last = 4};

	begin(&take, "levels known");
	assert_int_equal(add(ledger, 4, 4, 6), 0);
	go_on(&take, NULL);
	ended(&take);
	assert_true(take.result);
	assert_false(is_linked(ledger, 4));
	ledger_free(ledger);
}

/* What was linked behind a node that went, or before it, by a search from before: nothing that was parted with is reached. */
static void test_behind_the_dead(void **state)
{
	struct ledger *ledger = new_ledger();
	struct actor take_c = {.does = takes, .ledger = ledger, .first = 0, .last = 5};
	struct actor add_b = {.does = adds, .ledger = ledger, .first = 5, .last = 10, .height = 2};
	struct actor add_a = {.does = adds, .ledger = ledger, .first = 7, .last = 8, .height = 2};
	struct actor take_b = {.does = takes, .ledger = ledger, .first = 5, .last = 10};

	assert_int_equal(add(ledger, 0, 5, 2), 0);
	begin(&add_b, "level 1 searched");
	begin(&take_c, "marked");
	go_on(&add_b, NULL);
	begin(&add_a, "level 1 searched");
	begin(&take_b, "marked");
	go_on(&add_a, NULL);
	go_on(&take_c, NULL);
	assert_false(is_linked(ledger, 0));
	go_on(&take_b, NULL);
	ended(&take_b);
	ended(&take_c);
	ended(&add_a);
	ended(&add_b);
	assert_false(is_linked(ledger, 5));
	assert_int_equal(add_a.result | add_b.result, 0);
	assert_int_equal(ledger_count(ledger), 1);
	ledger_free(ledger);
}

/* What was added since a node was marked is found, though the level above still leads over that node. */
static void test_found_past_the_dead(void **state)
{
	struct ledger *ledger = new_ledger();
	struct actor add_e = {.does = adds, .ledger = ledger, .first = 6, .last = 9, .height = 1};
	struct actor take_d = {.does = takes, .ledger = ledger, .first = 4, .last = 7};
	struct ledger_entry out;

	assert_int_equal(add(ledger, 4, 7, 2), 0);
	begin(&add_e, "level 1 searched");
	begin(&take_d, "marked");
	go_on(&add_e, NULL);
	assert_int_equal(add_e.result, 0);
	assert_true(ledger_find(ledger, pages(8, 8), &out));
	assert_int_equal(out.owner, 6);
	go_on(&take_d, NULL);
	ended(&take_d);
	ended(&add_e);
	assert_true(ledger_find(ledger, pages(8, 8), &out));
	ledger_free(ledger);
}

#define BORDER (UINT64_C(1) << 18)

static void *cut_at_border(void *arg)
{
	return (void *)(intptr_t)ledger_cut(arg, pages(BORDER - 2, BORDER + 1), BORDER * 4096 - 1);
}

/* An entry over a border is cut while something that it overlaps is on its way into a region. */
static void test_cut_meets_add(void **state)
{
	struct ledger *ledger = new_ledger();
	struct actor one = {.does = adds, .ledger = ledger, .first = BORDER - 1, .last = BORDER - 1, .height = 1};
	pthread_t cutter;
	void *cut;

	begin(&one, "nothing elsewhere");
	assert_int_equal(add(ledger, BORDER - 2, BORDER + 1, 1), 0);
	go_on(&one, "linked");
	/* it waits for the other one to step back */
	assert_int_equal(pthread_create(&cutter, NULL, cut_at_border, ledger), 0);
	usleep(20000);
	go_on(&one, NULL);
	ended(&one);
	pthread_join(cutter, &cut);
	assert_null(cut);
	assert_int_equal(one.result, -EEXIST);
	assert_int_equal(ledger_count(ledger), 2);
	assert_int_equal(ledger_bytes(ledger), 4 * 4096);
	ledger_free(ledger);
}

static int only_wide(const struct ledger_entry *e, void *arg)
{
	++*(int *)arg;
	return e->range.start != (BORDER - 2) * 4096;
}

/* What is going to step back is not there, and hides nothing. */
static void test_steps_back(void **state)
{
	struct ledger *ledger = new_ledger();
	struct actor one = {.does = adds, .ledger = ledger, .first = BORDER - 3, .last = BORDER - 2, .height = 1};
	struct ledger_entry out;
	int told = 0;

	begin(&one, "nothing elsewhere");
	assert_int_equal(add(ledger, BORDER - 2, BORDER + 1, 1), 0);
	go_on(&one, "linked");
	assert_int_equal(ledger_each(ledger, only_wide, &told), 0);
	assert_int_equal(told, 1);
	assert_true(ledger_find(ledger, pages(BORDER - 3, BORDER - 2), &out));
	assert_int_equal(out.owner, BORDER - 2);
	assert_false(ledger_find(ledger, pages(BORDER - 3, BORDER - 3), &out));
	go_on(&one, NULL);
	ended(&one);
	assert_int_equal(one.result, -EEXIST);
	ledger_free(ledger);
}

/* What was taken out goes back when there is no memory, however many went before. */
static void test_no_memory(void **state)
{
	struct ledger *ledger = new_ledger();
	struct ledger_entry out;

	for (uint64_t i = 0; i < 1200; i++)
		assert_int_equal(add(ledger, i, i, 0), 0);
	for (uint64_t i = 0; i < 1200; i++) {
		assert_true(ledger_take(ledger, pages(i, i), &out));
		no_memory = true;
		assert_int_equal(ledger_add(ledger, &out), 0);
		no_memory = false;
		assert_true(ledger_take(ledger, pages(i, i), &out));
	}
	ledger_free(ledger);
}

/* --- for random times --- */

#define OWNERS 4u
#define PLACES 24u
#define HELD 3u

struct field {
	struct ledger *ledger;
	uint64_t base; /* the first page */
	_Atomic unsigned int owner[PLACES];
	_Atomic unsigned int next, wrong;
	_Atomic bool stop;
	_Atomic uint64_t added, refused, cut;
};

struct owner {
	struct field *field;
	unsigned int me, nr;
	struct {
		uint64_t first, last;
	} held[HELD];
	unsigned int seen;
};

static struct iova_range field_range(const struct field *field, uint64_t first, uint64_t last)
{
	return pages(field->base + first, field->base + last);
}

static int owner_sees(const struct ledger_entry *e, void *arg)
{
	struct owner *o = arg;

	for (unsigned int i = 0; i < o->nr; i++) {
		struct iova_range r = field_range(o->field, o->held[i].first, o->held[i].last);

		o->seen += e->range.start == r.start && e->range.last == r.last && e->owner == o->me;
	}
	return 0;
}

static void owner_adds(struct owner *o)
{
	uint64_t first = delays_draw() % PLACES, more = delays_draw() % 7,
		 last = MIN(first + more, (uint64_t)PLACES - 1);
	struct ledger_entry e = {.range = field_range(o->field, first, last), .owner = o->me};

	if (ledger_add(o->field->ledger, &e)) {
		o->field->refused++;
		return;
	}
	o->field->added++;
	for (uint64_t i = first; i <= last; i++)
		o->field->wrong += atomic_exchange(&o->field->owner[i], o->me) != 0;
	o->held[o->nr].first = first;
	o->held[o->nr++].last = last;
}

static void owner_looks(struct owner *o, unsigned int which)
{
	uint64_t first = o->held[which].first, at = first + delays_draw() % (o->held[which].last - first + 1);
	struct ledger_entry e;

	o->field->wrong += !ledger_find(o->field->ledger, field_range(o->field, at, at), &e) || e.owner != o->me;
	o->seen = 0;
	ledger_each(o->field->ledger, owner_sees, o);
	o->field->wrong += o->seen != o->nr;
}

static void owner_changes(struct owner *o, unsigned int which)
{
	uint64_t first = o->held[which].first, last = o->held[which].last, at;
	struct ledger_entry e = {.range = field_range(o->field, first, last), .owner = o->me};

	if (first == last || o->nr == HELD) {
		o->field->wrong += ledger_replace(o->field->ledger, &e) != 0;
		return;
	}
	at = first + delays_draw() % (last - first);
	o->field->wrong += ledger_cut(o->field->ledger, e.range, (o->field->base + at) * 4096 + 4095) != 0;
	o->field->cut++;
	o->held[which].last = at;
	o->held[o->nr].first = at + 1;
	o->held[o->nr++].last = last;
}

static void owner_removes(struct owner *o, unsigned int which)
{
	struct iova_range r = field_range(o->field, o->held[which].first, o->held[which].last);
	struct ledger_entry e;

	for (uint64_t i = o->held[which].first; i <= o->held[which].last; i++)
		atomic_store(&o->field->owner[i], 0);
	o->held[which] = o->held[--o->nr];
	if (delays_draw() % 2)
		o->field->wrong += !ledger_take(o->field->ledger, r, &e) || e.owner != o->me;
	else
		o->field->wrong += ledger_remove(o->field->ledger, r) != r.last - r.start + 1;
}

static void *owner_main(void *arg)
{
	struct owner o = {.field = arg};

	o.me = atomic_fetch_add(&o.field->next, 1) + 1;
	delays = rng_draw(20, o.me, o.field->base) | 1;
	while (!o.field->stop || o.nr) {
		uint64_t draw = delays_draw() % 10;

		forced_height = 1 + (unsigned int)(delays_draw() % 64 ? delays_draw() % 3 : delays_draw() % 9);
		if (draw < 5 && o.nr < HELD && !o.field->stop)
			owner_adds(&o);
		else if (o.nr && draw < 7)
			owner_looks(&o, (unsigned int)(delays_draw() % o.nr));
		else if (o.nr && draw < 9)
			owner_changes(&o, (unsigned int)(delays_draw() % o.nr));
		else if (o.nr)
			owner_removes(&o, (unsigned int)(delays_draw() % o.nr));
	}
	return NULL;
}

static void owners_meet(uint64_t base)
{
	struct field field = {.base = base, .ledger = new_ledger()};
	pthread_t thread[OWNERS];
	uint64_t end = clock_ns() + UINT64_C(300000000);

	for (unsigned int i = 0; i < OWNERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, owner_main, &field), 0);
	while (clock_ns() < end || !field.refused || !field.cut)
		usleep(1000);
	field.stop = true;
	for (unsigned int i = 0; i < OWNERS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(field.wrong, 0);
	assert_true(field.added);
	assert_int_equal(ledger_count(field.ledger), 0);
	assert_int_equal(ledger_bytes(field.ledger), 0);
	for (uint64_t i = 0; i < PLACES; i++)
		assert_false(is_linked(field.ledger, base + i));
	ledger_free(field.ledger);
}

static void test_owners(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		owners_meet(100 + i * PLACES);
		owners_meet(BORDER - 1 - i * (PLACES / 4));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fewer_levels),
		cmocka_unit_test(test_behind_the_dead),
		cmocka_unit_test(test_found_past_the_dead),
		cmocka_unit_test(test_cut_meets_add),
		cmocka_unit_test(test_steps_back),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_owners),
	};

	return cmocka_run_group_tests_name("ledger points", tests, NULL, NULL);
}
