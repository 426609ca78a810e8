/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/op/dirty: which source is taken, on which page table, for which ranges. */
#include "unit.h"

#include "core/op/object.h"
#include "core/session/named.h"
#include "fake_dirty.h"

static enum dirty_source found_source(struct session *s, const struct op_dirty *op)
{
	struct dirty_caps caps;
	struct dirty_at at;

	assert_int_equal(op_dirty_find(s, op, &at, &caps, &why), 0);
	return at.source;
}

/* Page tables before the device's log before the container; what was started before all of them. */
static void test_choice(void **state)
{
	struct op_dirty type1 = {.source = DIRTY_TYPE1};
	struct session *s = open_session();
	struct dirty_caps caps;
	struct dirty_at at;

	assert_int_equal(op_dirty_find(s, &best, &at, &caps, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why.text, "iommu: no bit for iommu"));
	assert_non_null(strstr(why.text, "device: no bit for device"));
	assert_non_null(strstr(why.text, "type1: no bit for type1"));
	assert_int_equal(op_dirty_find(s, &type1, &at, &caps, &why), -EOPNOTSUPP);
	assert_string_equal(why.text, "no bit for type1");
	has(DIRTY_TYPE1);
	assert_int_equal(found_source(s, &best), DIRTY_TYPE1);
	has(DIRTY_DEVICE);
	assert_int_equal(found_source(s, &best), DIRTY_DEVICE);
	has(DIRTY_IOMMU);
	assert_int_equal(found_source(s, &best), DIRTY_IOMMU);
	assert_int_equal(op_dirty_start(s, &type1, NULL, 0, 0, &why), 0);
	assert_int_equal(found_source(s, &best), DIRTY_TYPE1);
	/* of several the latest, also where it was on before */
	assert_int_equal(op_dirty_start(s, &(struct op_dirty){.source = DIRTY_IOMMU}, NULL, 0, 0, &why), 0);
	assert_int_equal(found_source(s, &best), DIRTY_IOMMU);
	assert_int_equal(op_dirty_start(s, &type1, NULL, 0, 0, &why), 0);
	assert_int_equal(found_source(s, &best), DIRTY_TYPE1);
	assert_int_equal(op_dirty_stop(s, &best, &why), 0);
	assert_int_equal(op_dirty_stop(s, &best, &why), 0);
	assert_int_equal(found_source(s, &best), DIRTY_IOMMU);
	assert_int_equal(nr_asked, 5);
	session_close(s, NULL);
}

/* A table is made for it and given up again, with the device where it was. */
static void test_table(void **state)
{
	struct session *s = open_session();
	uint32_t home = iommu_space_id(s->iommu);
	struct op_dirty_on on;
	struct op_dirty_read op = {.on = best, .iova = AT, .size = 4096};
	struct dirty_bitmap b;

	has(DIRTY_IOMMU)->needs_table = true;
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(attached_to, TABLE);
	assert_int_equal(s->at_pt, TABLE);
	assert_ptr_equal(s->at, s->iommu);
	assert_true(op_dirty_get(s, 0, &on) && on.made && on.at.table == TABLE);
	assert_false(op_dirty_get(s, 1, &on));
	/* again: on the same */
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(tables, 1);
	assert_false(op_dirty_get(s, 1, &on));
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(asked[2].table, TABLE);
	assert_int_equal(op_dirty_stop(s, &best, &why), 0);
	assert_int_equal(asked[3].table, TABLE);
	assert_int_equal(attached_to, home);
	assert_int_equal(tables, 0);
	assert_false(op_dirty_is_on(s, NULL));
	/* stopped and started no more: the kernel is asked about what the device is attached to */
	assert_int_equal(op_dirty_stop(s, &best, &why), 0);
	assert_int_equal(asked[4].table, home);
	/* the session's end does what stop does */
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(tables, 1);
	session_close(s, NULL);
	assert_int_equal(asked[6].kind, ASKED_STOP);
	assert_int_equal(tables, 0);
}

/* What start did before it failed is undone. */
static void test_table_undone(void **state)
{
	struct session *s = open_session();

	has(DIRTY_IOMMU)->needs_table = true;
	sources[DIRTY_IOMMU].start_err = -ENOMEM;
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), -ENOMEM);
	assert_int_equal(attached_to, iommu_space_id(s->iommu));
	assert_int_equal(tables, 0);
	assert_false(op_dirty_is_on(s, NULL));
	assert_int_equal(session_detach(s, &why), 0);
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), -EBUSY);
	assert_int_equal(tables, 0);
	session_close(s, NULL);
}

/* Taken from the table that start made, the device writes nothing there: a second start brings it to one that tracks. */
static void test_table_left(void **state)
{
	struct session *s = open_session();
	uint32_t home = iommu_space_id(s->iommu);
	struct op_dirty_on on;

	has(DIRTY_IOMMU)->needs_table = true;
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_false(op_dirty_is_away(s, &best));
	assert_int_equal(session_attach(s, home, s->iommu, &why), 0);
	assert_true(op_dirty_is_away(s, &best));
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_false(op_dirty_is_away(s, &best));
	assert_true(op_dirty_get(s, 0, &on) && on.made);
	assert_int_equal(attached_to, on.at.table);
	assert_int_equal(s->at_pt, on.at.table);
	assert_int_equal(asked[1].table, on.at.table);
	assert_false(op_dirty_get(s, 1, &on));
	assert_int_equal(tables, 1);
	assert_int_equal(op_dirty_stop(s, &best, &why), 0);
	assert_int_equal(attached_to, home);
	assert_int_equal(tables, 0);
	/* where it cannot be brought back nothing is started, and what was before is kept */
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(session_detach(s, &why), 0);
	attached_to = 0;
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), -EBUSY);
	assert_int_equal(tables, 1);
	assert_true(op_dirty_is_on(s, NULL));
	session_close(s, NULL);
	assert_int_equal(tables, 0);
}

/* A table of the user's that can track is taken as it is, and stays. */
static void test_table_users(void **state)
{
	struct op_hwpt hwpt = {.name = "t", .dirty = true};
	struct session *s = open_session();
	struct named *n = NULL;
	struct op_dirty_on on;

	has(DIRTY_IOMMU)->needs_table = true;
	assert_int_equal(op_hwpt_new(s, &hwpt, &n, &why), 0);
	assert_int_equal(session_attach(s, n->id, n->space, &why), 0);
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_true(op_dirty_get(s, 0, &on) && !on.made && on.at.table == n->id);
	assert_int_equal(tables, 1);
	assert_int_equal(op_dirty_stop(s, &best, &why), 0);
	assert_int_equal(attached_to, n->id);
	assert_int_equal(tables, 1);
	/* gone, it is tracked no more, and its number is free for another */
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(session_attach(s, iommu_space_id(s->iommu), s->iommu, &why), 0);
	assert_int_equal(op_destroy(s, "t", 1, false, &why), 0);
	assert_false(op_dirty_is_on(s, NULL));
	session_close(s, NULL);
}

/* A device logs what is mapped, neighbours in one; of too many ranges those with the smallest gaps become one. */
static void test_ranges(void **state)
{
	static const uint64_t at[] = {MiB(1), MiB(3), MiB(4) + 8192, MiB(64)};
	struct op_map map = {.size = 4096, .prot = IOMMU_PROT_RW};
	struct iova_range mine = {AT, AT + 4095};
	struct session *s = open_session();
	struct op_dirty_read op = {.on = best, .iova = AT, .size = MiB(1)};
	struct dirty_bitmap b;

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		map.iova = AT + at[i];
		assert_int_equal(op_map(s, &map, NULL, &found, &why), 0);
	}
	has(DIRTY_DEVICE)->ranges = 8;
	tracks_by = 8192;
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(asked[0].nr, 4);
	assert_int_equal(asked[0].page_size, 4096);
	assert_int_equal(asked[0].ranges[0].start, AT);
	assert_int_equal(asked[0].ranges[0].last, AT + MiB(1) + 4095);
	sources[DIRTY_DEVICE].caps.ranges = 2;
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(asked[1].nr, 2);
	assert_int_equal(asked[1].ranges[0].last, AT + MiB(4) + 8192 + 4095);
	assert_int_equal(asked[1].ranges[1].start, AT + MiB(64));
	sources[DIRTY_DEVICE].caps.ranges = 3;
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	assert_int_equal(asked[2].nr, 3);
	assert_int_equal(asked[2].ranges[1].start, AT + MiB(3));
	assert_int_equal(asked[2].ranges[1].last, AT + MiB(4) + 8192 + 4095);
	/* ranges are of whole pages */
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, MiB(1), &why), 0);
	assert_int_equal(asked[3].nr, 3);
	assert_int_equal(asked[3].ranges[0].last, AT + MiB(2) - 1);
	assert_int_equal(asked[3].ranges[1].start, AT + MiB(3));
	assert_int_equal(asked[3].ranges[1].last, AT + MiB(5) - 1);
	assert_int_equal(asked[3].ranges[2].last, AT + MiB(65) - 1);
	assert_int_equal(op_dirty_start(s, &best, &mine, 1, 65536, &why), 0);
	assert_int_equal(asked[4].nr, 1);
	assert_int_equal(asked[4].ranges[0].last, mine.last);
	assert_int_equal(asked[4].page_size, 65536);
	/* of what is mapped and not logged nothing is known */
	assert_int_equal(op_dirty_read(s, &op, &b, &why), -ENOENT);
	assert_true(why.usage);
	/* what it tracks by is what it is read by */
	op.on = unchecked;
	b = read_ok(s, &op);
	assert_int_equal(b.page_size, 8192);
	dirty_bitmap_free(&b);
	/* the others know of no ranges */
	has(DIRTY_TYPE1);
	assert_int_equal(op_dirty_start(s, &(struct op_dirty){.source = DIRTY_TYPE1}, &mine, 1, 0, &why), -EINVAL);
	assert_true(why.usage);
	session_close(s, NULL);
}

/* A buffer's name is where the space has it. */
static void test_where(void **state)
{
	struct op_map other = {.buf = "gone", .size = 8192, .iova = AT + MiB(8), .prot = IOMMU_PROT_RW};
	struct op_unmap un = {.buf = "gone"};
	struct session *s = open_session();
	uint64_t size = 0, bytes;
	iova_t iova = 0;

	assert_int_equal(op_dirty_where(s, &best, "a", false, &iova, &size, &why), 0);
	assert_true(iova == AT && size == MiB(1));
	assert_int_equal(op_dirty_where(s, &best, "a+0x3000", false, &iova, &size, &why), 0);
	assert_true(iova == AT + 0x3000 && size == MiB(1) - 0x3000);
	size = 4096;
	assert_int_equal(op_dirty_where(s, &best, "a+0x3000", true, &iova, &size, &why), 0);
	assert_true(iova == AT + 0x3000 && size == 4096);
	size = MiB(1);
	assert_int_equal(op_dirty_where(s, &best, "a+0x3000", true, &iova, &size, &why), -ERANGE);
	assert_int_equal(op_dirty_where(s, &best, "a+1M", false, &iova, &size, &why), -ERANGE);
	assert_int_equal(op_dirty_where(s, &best, "nosuch", false, &iova, &size, &why), -ENOENT);
	assert_int_equal(op_map(s, &other, NULL, &found, &why), 0);
	assert_int_equal(op_unmap(s, &un, &bytes, &found, &why), 0);
	assert_int_equal(op_dirty_where(s, &best, "gone", false, &iova, &size, &why), -ENOENT);
	assert_int_equal(op_dirty_where(s, &unchecked, "gone", false, &iova, &size, &why), 0);
	assert_true(iova == AT + MiB(8) && size == 8192);
	session_close(s, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),	     cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_undone), cmocka_unit_test(test_table_left),
		cmocka_unit_test(test_table_users),  cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_where),
	};

	host_init(&host, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
