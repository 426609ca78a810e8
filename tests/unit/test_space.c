/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/session/space: which IOVAs remain, that a pick is one of them, and that parts do not meet. */
#include "unit.h"

#include <stdbool.h>
#include <string.h>

#include "base/rng.h"
#include "base/util.h"
#include "core/session/space.h"

#define MSI_START 0xfee00000ull
#define MSI_LAST 0xfeefffffull

static struct iova_space make(const struct iova_range *r, unsigned int n)
{
	struct iova_space s = {.nr = n};

	memcpy(s.r, r, n * sizeof(*r));
	return s;
}

static void is_ranges(const struct iova_space *s, const struct iova_range *want, unsigned int n)
{
	assert_int_equal(s->nr, n);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(s->r[i].start, want[i].start);
		assert_int_equal(s->r[i].last, want[i].last);
	}
}

static void test_init_unknown(void **state)
{
	static const struct iova_range want[] = {{0, MSI_START - 1}, {MSI_LAST + 1, (1ull << 39) - 1}};
	static const struct iova_range masked[] = {{0, 0xffffff}};
	struct iommu_caps caps = {0};
	struct iova_space s;

	space_init(&s, &caps, UINT64_MAX);
	is_ranges(&s, want, 2);
	space_init(&s, &caps, 0xffffff);
	is_ranges(&s, masked, 1);
	/* known but none told is the same as unknown */
	caps.ranges_known = true;
	space_init(&s, &caps, UINT64_MAX);
	is_ranges(&s, want, 2);
	/* told but not known: not believed */
	caps = (struct iommu_caps){.nr_ranges = 1, .ranges = {{0, 0xfff}}};
	space_init(&s, &caps, UINT64_MAX);
	is_ranges(&s, want, 2);
}

static void test_init_known(void **state)
{
	struct iommu_caps caps = {
		.ranges_known = true,
		.nr_ranges = 3,
		.ranges = {{0x1000, 0xffffff}, {0xfe000000, UINT64_MAX - 4096}, {UINT64_MAX - 4095, UINT64_MAX}},
		.nr_reserved = 2,
		.reserved = {{0x10000, 0x1ffff}, {0x0, 0x1fff}}};
	static const struct iova_range all[] = {{0x2000, 0xffff},
						{0x20000, 0xffffff},
						{0xfe000000, MSI_START - 1},
						{MSI_LAST + 1, UINT64_MAX - 4096},
						{UINT64_MAX - 4095, UINT64_MAX}};
	static const struct iova_range low[] = {{0x2000, 0xffff}, {0x20000, 0x7fffff}};
	struct iova_space s;

	space_init(&s, &caps, UINT64_MAX);
	is_ranges(&s, all, 5);
	space_init(&s, &caps, 0x7fffff);
	is_ranges(&s, low, 2);
	space_init(&s, &caps, 0xfff);
	assert_int_equal(s.nr, 0);
	assert_int_equal(space_bytes(&s), 0);
}

/* Every way in which a range can lie to another one. */
static void test_exclude(void **state)
{
	static const struct iova_range two[] = {{100, 199}, {300, 399}};
	static const struct {
		struct iova_range cut;
		unsigned int n;
		struct iova_range want[3];
	} cases[] = {
		{{0, 99}, 2, {{100, 199}, {300, 399}}},
		{{200, 299}, 2, {{100, 199}, {300, 399}}},
		{{400, UINT64_MAX}, 2, {{100, 199}, {300, 399}}},
		{{0, 100}, 2, {{101, 199}, {300, 399}}},
		{{100, 100}, 2, {{101, 199}, {300, 399}}},
		{{199, 199}, 2, {{100, 198}, {300, 399}}},
		{{150, 150}, 3, {{100, 149}, {151, 199}, {300, 399}}},
		{{350, 360}, 3, {{100, 199}, {300, 349}, {361, 399}}},
		{{150, 350}, 2, {{100, 149}, {351, 399}}},
		{{100, 199}, 1, {{300, 399}}},
		{{50, 350}, 1, {{351, 399}}},
		{{150, UINT64_MAX}, 1, {{100, 149}}},
		{{100, 399}, 0, {{0}}},
		{{0, UINT64_MAX}, 0, {{0}}},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct iova_space s = make(two, 2);

		space_exclude(&s, cases[i].cut);
		is_ranges(&s, cases[i].want, cases[i].n);
	}
}

/* More holes than fit lose ranges, but never make one usable that was cut out. */
static void test_exclude_many(void **state)
{
	static const struct iova_range all[] = {{0, UINT64_MAX}};
	struct iova_space s = make(all, 1);

	for (uint64_t i = 0; i < 2 * SPACE_MAX; i++)
		space_exclude(&s, (struct iova_range){i * 100 + 50, i * 100 + 59});
	assert_true(s.nr <= SPACE_MAX);
	for (unsigned int i = 0; i < s.nr; i++)
		assert_true(s.r[i].start <= s.r[i].last && (!i || s.r[i].start > s.r[i - 1].last));
	for (uint64_t i = 0; i < 2 * SPACE_MAX; i++)
		for (unsigned int k = 0; k < s.nr; k++)
			assert_false(iova_range_overlaps(s.r[k], (struct iova_range){i * 100 + 50, i * 100 + 59}));
}

static void test_contains(void **state)
{
	static const struct iova_range two[] = {{100, 199}, {200, UINT64_MAX}};
	struct iova_space s = make(two, 2);

	assert_true(space_contains(&s, (struct iova_range){100, 199}));
	assert_true(space_contains(&s, (struct iova_range){UINT64_MAX, UINT64_MAX}));
	assert_false(space_contains(&s, (struct iova_range){99, 150}));
	assert_false(space_contains(&s, (struct iova_range){199, 200}));
	assert_false(space_contains(&s, (struct iova_range){0, UINT64_MAX}));
}

/* Each start that fits is drawn about equally often, none that does not. */
static void test_pick_uniform(void **state)
{
	static const struct iova_range r[] = {{0x1800, 0x5fff}, {0x8000, 0x8fff}, {0xa000, 0xbfff}, {0xd001, 0xdfff}};
	static const iova_t starts[] = {0x2000, 0x3000, 0x4000, 0x5000, 0x8000, 0xa000, 0xb000};
	struct iova_space s = make(r, ARRAY_SIZE(r));
	unsigned int seen[ARRAY_SIZE(starts)] = {0};
	const unsigned int draws = 70000;

	for (unsigned int i = 0; i < draws; i++) {
		unsigned int k = 0;
		iova_t at;

		assert_true(space_pick(&s, rng_draw(5, i, 1), 4096, 4096, &at));
		while (k < ARRAY_SIZE(starts) && starts[k] != at)
			k++;
		assert_true(k < ARRAY_SIZE(starts));
		seen[k]++;
	}
	/* 10,000 each; six standard deviations of 93 */
	for (unsigned int k = 0; k < ARRAY_SIZE(starts); k++)
		assert_in_range(seen[k], 10000 - 560, 10000 + 560);
}

static void test_pick_inside(void **state)
{
	static const struct iova_range r[] = {
		{0x1800, 0x205fff}, {0x40000000, 0x40ffffff}, {UINT64_MAX - 0x3fffff, UINT64_MAX}};
	struct iova_space s = make(r, ARRAY_SIZE(r));

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t align = 4096ull << rng_below(rng_draw(1, i, 1), 10);
		uint64_t size = rng_between(rng_draw(1, i, 2), 1, 0x800000);
		iova_t at;

		assert_true(space_pick(&s, rng_draw(1, i, 3), size, align, &at));
		assert_int_equal(at % align, 0);
		assert_true(at + (size - 1) >= at);
		assert_true(space_contains(&s, (struct iova_range){at, at + (size - 1)}));
	}
}

static void test_pick_edges(void **state)
{
	static const struct iova_range top[] = {{UINT64_MAX - 4095, UINT64_MAX}}, all[] = {{0, UINT64_MAX}},
				       small[] = {{0x1001, 0x2ffe}};
	struct iova_space s = make(top, 1), none = {0};
	iova_t at = 1;

	assert_true(space_pick(&s, UINT64_MAX, 4096, 4096, &at));
	assert_int_equal(at, UINT64_MAX - 4095);
	assert_true(space_pick(&s, UINT64_MAX, 1, 1, &at));
	assert_int_equal(at, UINT64_MAX);
	assert_false(space_pick(&s, 0, 4097, 1, &at));
	assert_false(space_pick(&s, 0, 4096, 8192, &at));
	assert_false(space_pick(&s, 0, 0, 4096, &at));
	assert_false(space_pick(&none, 0, 1, 1, &at));
	s = make(small, 1);
	assert_false(space_pick(&s, 0, 4096, 4096, &at));
	assert_true(space_pick(&s, 0, 4095, 4096, &at));
	assert_int_equal(at, 0x2000);
	s = make(all, 1);
	assert_true(space_pick(&s, UINT64_MAX, 4096, 4096, &at));
	assert_int_equal(at, UINT64_MAX - 4095);
	assert_true(space_pick(&s, 0, 4096, 4096, &at));
	assert_int_equal(at, 0);
	assert_true(space_pick(&s, 77, UINT64_MAX, 4096, &at));
	assert_int_equal(at, 0);
	assert_true(space_pick(&s, UINT64_MAX, 1ull << 63, 1ull << 63, &at));
	assert_int_equal(at, 1ull << 63);
	assert_int_equal(space_bytes(&s), UINT64_MAX);
}

/* Parts do not meet, lie in the space, together are all of it, and begin and end on 2 MiB borders or with a range. */
static void check_parts(const struct iova_space *s, unsigned int n)
{
	struct iova_space part;
	uint64_t sum = 0;
	iova_t before = 0;

	for (unsigned int i = 0; i < n; i++) {
		space_part(s, i, n, &part);
		for (unsigned int k = 0; k < part.nr; k++) {
			bool starts = false, ends = false;

			assert_true(part.r[k].start <= part.r[k].last);
			assert_true(space_contains(s, part.r[k]));
			assert_true((!i && !k) || part.r[k].start > before);
			before = part.r[k].last;
			for (unsigned int m = 0; m < s->nr; m++) {
				starts |= part.r[k].start == s->r[m].start;
				ends |= part.r[k].last == s->r[m].last;
			}
			assert_true(starts || !(part.r[k].start % MiB(2)));
			assert_true(ends || !((part.r[k].last + 1) % MiB(2)));
		}
		assert_true(n > 8 || space_bytes(&part) > space_bytes(s) / n / 2);
		sum += space_bytes(&part);
	}
	assert_int_equal(sum, space_bytes(s));
}

static void test_parts(void **state)
{
	static const struct iova_range two[] = {{0, MSI_START - 1}, {MSI_LAST + 1, (1ull << 39) - 1}};
	static const struct iova_range odd[] = {
		{0x7000, 0x12345fff}, {0x12347000, 0x3fffffff}, {0xffffffffff000000, UINT64_MAX}};
	static const struct iova_range almost[] = {{0x1000, UINT64_MAX}};
	static const unsigned int counts[] = {1, 2, 3, 7, 8, 64};
	struct iova_space s;

	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		s = make(two, 2);
		check_parts(&s, counts[i]);
		s = make(odd, 3);
		check_parts(&s, counts[i]);
		s = make(almost, 1);
		check_parts(&s, counts[i]);
	}
}

/* The whole of 2^64 has no size that fits in a number. */
static void test_parts_of_everything(void **state)
{
	static const struct iova_range all[] = {{0, UINT64_MAX}};
	struct iova_space s = make(all, 1), part;
	iova_t next = 0;

	for (unsigned int i = 0; i < 3; i++) {
		space_part(&s, i, 3, &part);
		assert_int_equal(part.nr, 1);
		assert_int_equal(part.r[0].start, next);
		assert_true(part.r[0].last - part.r[0].start > UINT64_MAX / 4);
		next = part.r[0].last + 1;
	}
	assert_int_equal(next, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init_unknown), cmocka_unit_test(test_init_known),
		cmocka_unit_test(test_exclude),	     cmocka_unit_test(test_exclude_many),
		cmocka_unit_test(test_contains),     cmocka_unit_test(test_pick_uniform),
		cmocka_unit_test(test_pick_inside),  cmocka_unit_test(test_pick_edges),
		cmocka_unit_test(test_parts),	     cmocka_unit_test(test_parts_of_everything),
	};

	return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
