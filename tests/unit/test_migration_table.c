/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/migration/table: what follows from the header's words is what the kernel's table of next steps comes to, for every set of flags. */
#include "unit.h"

#include <errno.h>

#include "base/util.h"
#include "core/migration/migration.h"

/*
 * vfio_mig_get_next_state(), drivers/vfio/vfio_main.c of Linux 7.3: rows from, columns to, in the order of the numbers ERROR, STOP,
 * RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P. ERROR: refused.
 */
enum { E, S, R, C, L, P, Y, Z };
static const unsigned char kernel_next[MIG_STATES][MIG_STATES] = {
	[E] = {E, E, E, E, E, E, E, E}, [S] = {E, S, P, C, L, P, P, P}, [R] = {E, P, R, P, P, P, Y, P},
	[C] = {E, S, S, C, S, S, E, E}, [L] = {E, S, S, S, L, S, S, S}, [P] = {E, S, R, S, S, P, R, Z},
	[Y] = {E, R, R, Z, R, R, Y, Z}, [Z] = {E, P, P, C, P, P, Y, Z},
};

static bool kernel_has(uint64_t flags, unsigned int state)
{
	static const uint64_t needs[MIG_STATES] = {
		[S] = 1, [R] = 1, [C] = 1, [L] = 1, [P] = 1 | 2, [Y] = 1 | 4, [Z] = 1 | 2 | 4};

	return state < MIG_STATES && (flags & needs[state]) == needs[state];
}

/* As a driver does: from step to step until it is there. -EINVAL as the kernel's function. */
static int kernel_walk(uint64_t flags, unsigned int from, unsigned int to, struct migration_path *out)
{
	out->n = 0;
	if (!kernel_has(flags, to) || from == E)
		return -EINVAL;
	while (from != to) {
		unsigned int next = kernel_next[from][to];

		while (next != E && !kernel_has(flags, next))
			next = kernel_next[next][to];
		if (next == E)
			return -EINVAL;
		assert_true(out->n < MIG_STATES);
		out->step[out->n++] = (enum mig_state)next;
		from = next;
	}
	return from == E ? -EINVAL : 0;
}

static const uint64_t all_flags[] = {1, 1 | 2, 1 | 4, 1 | 2 | 4};

static void test_like_the_kernel(void **state)
{
	struct migration_path want, got;
	unsigned int legal = 0, steps = 0;

	for (size_t f = 0; f < ARRAY_SIZE(all_flags); f++)
		for (unsigned int from = 0; from < MIG_STATES; from++)
			for (unsigned int to = 0; to < MIG_STATES; to++) {
				if (!kernel_has(all_flags[f], from))
					continue;
				assert_int_equal(migration_expect(all_flags[f], from, to, &got),
						 kernel_walk(all_flags[f], from, to, &want));
				assert_int_equal(got.n, want.n);
				for (unsigned int i = 0; i < want.n; i++)
					assert_int_equal(got.step[i], want.step[i]);
				legal += want.n > 0;
				steps += want.n;
			}
	/* with all flags 42 pairs of different states but ERROR, less the two that are not permitted */
	assert_true(legal > 40 && steps > legal);
	for (unsigned int from = S; from < MIG_STATES; from++)
		for (unsigned int to = S; to < MIG_STATES; to++)
			assert_int_equal(migration_expect(7, from, to, &got),
					 from == C && (to == Y || to == Z) ? -EINVAL : 0);
}

static void test_no_state(void **state)
{
	static const uint32_t none[] = {MIG_STATES, 9, 255, 0x7fffffff, 0x80000000, UINT32_MAX};
	struct migration_path path;

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		assert_false(migration_has_state(7, none[i]));
		for (unsigned int from = 0; from < MIG_STATES; from++) {
			assert_int_equal(migration_expect(7, from, none[i], &path), -EINVAL);
			assert_int_equal(migration_expect(7, none[i], from, &path), -EINVAL);
		}
	}
	/* without its flag a state is none, and P2P alone has nothing to stand on */
	assert_false(migration_has_state(1, P));
	assert_false(migration_has_state(2, P));
	assert_true(migration_has_state(3, P));
	assert_false(migration_has_state(5, Z));
	assert_int_equal(migration_expect(5, R, P, &path), -EINVAL);
	assert_int_equal(migration_expect(3, R, Y, &path), -EINVAL);
	assert_int_equal(migration_expect(0, R, S, &path), -EINVAL);
}

static void test_streams(void **state)
{
	/* "begins a transfer" arcs of the header, and combinations that end in one */
	static const unsigned char begins[][2] = {{R, Y}, {P, Z}, {S, C}, {S, L}, {R, C},
						  {L, C}, {C, L}, {Y, L}, {L, Y}};
	static const unsigned char goes_on[][2] = {{Y, Z}, {Z, Y}, {Y, C}, {Z, C}, {C, C}, {L, L}};
	static const unsigned char ends[][2] = {{C, S}, {L, S}, {Y, R}, {Z, P}, {R, S}, {R, R}, {C, R}};

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		assert_true(migration_begins_stream(begins[i][0], begins[i][1]));
	for (size_t i = 0; i < ARRAY_SIZE(goes_on); i++)
		assert_false(migration_begins_stream(goes_on[i][0], goes_on[i][1]));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_false(migration_begins_stream(ends[i][0], ends[i][1]));
}

static void test_text(void **state)
{
	char buf[16];

	assert_string_equal(migration_state_text(MIG_PRE_COPY_P2P, buf, sizeof(buf)), "PRE_COPY_P2P");
	assert_string_equal(migration_state_text(8, buf, sizeof(buf)), "8");
	assert_string_equal(migration_state_text(UINT32_MAX, buf, sizeof(buf)), "0xffffffff");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_the_kernel),
		cmocka_unit_test(test_no_state),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("migration_table", tests, NULL, NULL);
}
