/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/rng: pinned answers (a saved seed keeps its meaning), uniformity, independence of neighbours, exact bounds. */
#include "unit.h"

#include <math.h>

#include "base/rng.h"

#define DRAWS 100000

static void test_known_answers(void **state)
{
	static const struct {
		uint64_t seed, op, place, draw;
	} cases[] = {
		{0x0, 0x0, 0x0, 0xdecb4626a629c33b},
		{0x1, 0x0, 0x0, 0x7299064ef47a64c3},
		{0x0, 0x1, 0x0, 0xd062afb9ed59a59f},
		{0x0, 0x0, 0x1, 0xf0a870562f3160b9},
		{0x2a, 0x7, 0x3, 0x3bd2e17fd587f672},
		{0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0x2e630de8be8ca015},
		{0xdeadbeef, 0xf4240, 0xaf63dc4c8601ec8c, 0xc08680ea0967a25f},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t draw = rng_draw(cases[i].seed, cases[i].op, cases[i].place);

		if (draw != cases[i].draw)
			fail_msg("draw(%#llx, %#llx, %#llx) = %#llx", (unsigned long long)cases[i].seed,
				 (unsigned long long)cases[i].op, (unsigned long long)cases[i].place,
				 (unsigned long long)draw);
	}
}

/* Published FNV-1a vectors. */
static void test_place(void **state)
{
	assert_true(rng_place("") == 0xcbf29ce484222325);
	assert_true(rng_place("a") == 0xaf63dc4c8601ec8c);
	assert_true(rng_place("foobar") == 0x85944171f73967e8);
	assert_true(rng_place("iova") != rng_place("size"));
}

/* The chi-squared statistic of 256 equally likely cells: mean 255, standard deviation 22.6. Five of those is luck no more. */
static void check_uniform(const unsigned *cells, const char *what)
{
	double expected = DRAWS / 256.0, chi = 0;

	for (int i = 0; i < 256; i++)
		chi += (cells[i] - expected) * (cells[i] - expected) / expected;
	if (fabs(chi - 255) > 5 * 22.6)
		fail_msg("%s: chi-squared %.1f", what, chi);
}

/* Each of the eight bytes of a draw, when only one of the three inputs counts up. */
static void test_uniform(void **state)
{
	for (int input = 0; input < 3; input++) {
		for (int byte = 0; byte < 8; byte++) {
			unsigned cells[256] = {0};

			for (uint64_t i = 0; i < DRAWS; i++) {
				uint64_t d = rng_draw(input == 0 ? i : 42, input == 1 ? i : 7, input == 2 ? i : 3);

				cells[d >> (8 * byte) & 0xff]++;
			}
			check_uniform(cells, input == 0 ? "seed" : input == 1 ? "op" : "place");
		}
	}
}

/* The difference of two neighbours must be as uniform as a draw; and half of the bits differ on average. */
static void check_independent(uint64_t (*draw)(uint64_t i), const char *what)
{
	unsigned cells[256] = {0};
	uint64_t bits = 0;
	double z;

	for (uint64_t i = 0; i < DRAWS; i++) {
		uint64_t difference = draw(i) ^ draw(i + 1);

		bits += (unsigned)__builtin_popcountll(difference);
		cells[difference >> 56]++;
	}
	check_uniform(cells, what);
	/* 64 * DRAWS coins: mean half, standard deviation sqrt(n) / 2 */
	z = ((double)bits - 32.0 * DRAWS) / (sqrt(64.0 * DRAWS) / 2);
	if (fabs(z) > 5)
		fail_msg("%s: %.2f standard deviations from half of the bits", what, z);
}

static uint64_t draw_by_op(uint64_t i)
{
	return rng_draw(1, i, 0);
}

static uint64_t draw_by_place(uint64_t i)
{
	return rng_draw(1, 5, i);
}

static uint64_t draw_by_seed(uint64_t i)
{
	return rng_draw(i, 5, 9);
}

static uint64_t draw_by_swap(uint64_t i)
{
	return i & 1 ? rng_draw(1, i >> 1, 99) : rng_draw(1, 99, i >> 1);
}

static void test_neighbours(void **state)
{
	check_independent(draw_by_op, "op");
	check_independent(draw_by_place, "place");
	check_independent(draw_by_seed, "seed");
	check_independent(draw_by_swap, "op and place swapped");
}

static void test_below(void **state)
{
	unsigned seen[7] = {0};

	assert_true(rng_below(0, 1) == 0);
	assert_true(rng_below(UINT64_MAX, 1) == 0);
	assert_true(rng_below(0, 10) == 0);
	assert_true(rng_below(UINT64_MAX, 10) == 9);
	assert_true(rng_below(UINT64_MAX, UINT64_MAX) == UINT64_MAX - 1);
	assert_true(rng_below(1ull << 63, 10) == 5);
	for (uint64_t i = 0; i < DRAWS; i++) {
		uint64_t v = rng_below(rng_draw(3, i, 0), 7);

		assert_true(v < 7);
		seen[v]++;
	}
	for (size_t i = 0; i < 7; i++)
		assert_true(fabs(seen[i] - DRAWS / 7.0) < 5 * sqrt(DRAWS / 7.0));
}

static void test_between(void **state)
{
	assert_true(rng_between(0, 5, 5) == 5);
	assert_true(rng_between(UINT64_MAX, 5, 5) == 5);
	assert_true(rng_between(0, 10, 20) == 10);
	assert_true(rng_between(UINT64_MAX, 10, 20) == 20);
	assert_true(rng_between(12345, 0, UINT64_MAX) == 12345);
	assert_true(rng_between(UINT64_MAX, 1, UINT64_MAX) == UINT64_MAX);
	assert_true(rng_between(0, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

static void test_chance(void **state)
{
	unsigned hits = 0;

	assert_false(rng_chance(0, 0));
	assert_false(rng_chance(0, -1));
	assert_false(rng_chance(0, NAN));
	assert_true(rng_chance(UINT64_MAX, 1));
	assert_true(rng_chance(0, 1e-9));
	assert_false(rng_chance(1ull << 63, 0.5));
	assert_true(rng_chance((1ull << 63) - 1, 0.5));
	for (uint64_t i = 0; i < DRAWS; i++)
		hits += rng_chance(rng_draw(4, i, 0), 0.01);
	assert_true(fabs(hits - DRAWS * 0.01) < 5 * sqrt(DRAWS * 0.01));
}

static void test_entropy(void **state)
{
	uint64_t a = rng_entropy(), b = rng_entropy();

	assert_true(a != b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers), cmocka_unit_test(test_place),   cmocka_unit_test(test_uniform),
		cmocka_unit_test(test_neighbours),    cmocka_unit_test(test_below),   cmocka_unit_test(test_between),
		cmocka_unit_test(test_chance),	      cmocka_unit_test(test_entropy),
	};

	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
