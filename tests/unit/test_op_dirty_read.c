/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/op/dirty: in which pieces bits are read, what is refused before, how reading and unmapping go together. */
#include "unit.h"

#include "base/clock.h"
#include "fake_dirty.h"

/* No question is larger than the source takes, and each answer lands in its place. */
static void test_pieces(void **state)
{
	struct op_dirty_read op = {.on = best, .iova = AT, .size = 200 * 4096, .keep = true};
	struct session *s = open_session();
	static const uint64_t pages[] = {64, 64, 64, 8};
	struct dirty_bitmap b;
	iova_t at = AT;

	has(DIRTY_IOMMU)->max_bitmap = 12; /* one whole word */
	b = read_ok(s, &op);
	assert_int_equal(nr_asked, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(asked[i].iova, at);
		assert_int_equal(asked[i].length, pages[i] * 4096);
		assert_true(asked[i].keep);
		assert_true(bitmap_test(b.words, (at - AT) / 4096));
		at += asked[i].length;
		assert_true(bitmap_test(b.words, (at - AT) / 4096 - 1));
	}
	assert_int_equal(bitmap_count(b.words, b.bits), 8);
	dirty_bitmap_free(&b);
	session_close(s, NULL);
}

/* Where a mapping must be whole, a piece ends at one's end; one that is larger than any piece is asked of whole. */
static void test_pieces_whole(void **state)
{
	struct op_dirty_read op = {.on = best, .iova = AT, .size = MiB(1) + 4096 * 100};
	struct op_map map = {.buf = "b", .size = 4096 * 100, .iova = AT + MiB(1), .prot = IOMMU_PROT_RW};
	struct session *s = open_session();
	struct dirty_bitmap b;

	assert_int_equal(op_map(s, &map, NULL, &found, &why), 0);
	has(DIRTY_IOMMU)->max_bitmap = 48; /* 384 pages, there are 256 and 100 */
	sources[DIRTY_IOMMU].caps.whole_mappings = true;
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(nr_asked, 1);
	sources[DIRTY_IOMMU].caps.max_bitmap = 40; /* 320: inside of the second */
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(nr_asked, 3);
	assert_int_equal(asked[1].length, MiB(1));
	assert_int_equal(asked[2].iova, AT + MiB(1));
	nr_asked = 0;
	sources[DIRTY_IOMMU].caps.max_bitmap = 36; /* 256 pages: between the two */
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(asked[0].length, MiB(1));
	nr_asked = 0;
	sources[DIRTY_IOMMU].caps.max_bitmap = 8;
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(nr_asked, 1);
	assert_int_equal(asked[0].length, op.size);
	session_close(s, NULL);
}

static int read_err(struct session *s, const struct op_dirty_read *op)
{
	struct dirty_bitmap b;
	int err = op_dirty_read(s, op, &b, &why);

	assert_null(b.words);
	return err;
}

/* A piece that fails leaves no part of a bitmap; bits of the pieces before it that are gone are told of. */
static void test_pieces_break(void **state)
{
	struct op_dirty_read op = {.on = best, .iova = AT, .size = 200 * 4096, .keep = true};
	struct session *s = open_session();

	has(DIRTY_IOMMU)->max_bitmap = 8;
	breaks_at = AT + 128 * 4096;
	assert_int_equal(read_err(s, &op), -EIO);
	assert_null(strstr(why.hint, "lost"));
	op.keep = false;
	assert_int_equal(read_err(s, &op), -EIO);
	assert_non_null(strstr(why.hint, "before iova 0x40080000 was read and cleared, and is lost"));
	breaks_at = AT;
	assert_int_equal(read_err(s, &op), -EIO);
	assert_null(strstr(why.hint, "lost"));
	session_close(s, NULL);
}

/* What is refused is refused before anything is cleared. */
static void test_refused(void **state)
{
	struct op_dirty_read keep = {.on = best, .iova = AT, .size = 4096, .keep = true};
	struct op_dirty_read bad[] = {
		{.on = best, .iova = AT, .size = 4096, .page_size_given = true},
		{.on = best, .iova = AT, .size = 4096, .page_size = 3000},
		{.on = best, .iova = AT, .size = 4096, .page_size = 8192},
		{.on = best, .iova = AT + 1, .size = 4096},
		{.on = best, .iova = AT},
		{.on = best, .iova = UINT64_MAX - 4095, .size = 8192},
		{.on = best, .iova = AT + MiB(1), .size = 4096},
		{.on = best, .iova = AT, .size = MiB(1) + 4096},
		{.on = best, .iova = AT - 4096, .size = MiB(1)},
	};
	struct session *s = open_session();

	has(DIRTY_IOMMU)->can_keep = false;
	assert_int_equal(read_err(s, &keep), -EOPNOTSUPP);
	assert_false(why.usage);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		why.usage = false;
		assert_int_not_equal(read_err(s, &bad[i]), 0);
		assert_true(why.usage);
	}
	assert_int_equal(nr_asked, 0);
	/* holes are no matter for a source that takes them */
	sources[DIRTY_IOMMU].caps.allows_holes = true;
	bad[7].on = best;
	{
		struct dirty_bitmap b = read_ok(s, &bad[7]);

		dirty_bitmap_free(&b);
	}
	assert_int_equal(nr_asked, 1);
	s->not_quiet = true;
	assert_int_equal(read_err(s, &bad[7]), -EBUSY);
	s->not_quiet = false;
	session_close(s, NULL);
}

/* Unchecked it goes through as it is, with room for whatever the kernel makes of it. */
static void test_unchecked(void **state)
{
	struct op_dirty_read bad[] = {
		{.on = unchecked, .iova = AT, .size = 4096, .page_size_given = true},
		{.on = unchecked, .iova = AT, .size = 65536, .page_size = 3000},
		{.on = unchecked, .iova = AT + 1, .size = 4095, .page_size = 4096},
		{.on = unchecked, .iova = UINT64_MAX - 4095, .size = 8192},
		{.on = unchecked, .iova = AT + MiB(1), .size = 4096},
	};
	struct op_dirty_read absurd = {.on = unchecked, .iova = 0, .size = UINT64_MAX, .page_size = 1};
	struct op_dirty_read empty = {.on = unchecked, .iova = AT};
	struct session *s = open_session();
	struct dirty_bitmap b;

	has(DIRTY_IOMMU);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		b = read_ok(s, &bad[i]);
		dirty_bitmap_free(&b);
		assert_int_equal(nr_asked, i + 1);
		assert_int_equal(asked[i].iova, bad[i].iova);
		assert_int_equal(asked[i].length, bad[i].size);
		assert_int_equal(asked[i].page_size,
				 bad[i].page_size || bad[i].page_size_given ? bad[i].page_size : 4096);
	}
	assert_int_equal(read_err(s, &empty), -EINVAL);
	assert_int_equal(nr_asked, ARRAY_SIZE(bad) + 1);
	assert_int_equal(read_err(s, &absurd), -ENOMEM);
	absurd.page_size = UINT64_C(1) << 13;
	absurd.size = UINT64_C(1) << 63;
	assert_int_equal(read_err(s, &absurd), -ENOMEM);
	assert_int_equal(nr_asked, ARRAY_SIZE(bad) + 1);
	session_close(s, NULL);
}

/* Page sizes that crash a kernel are asked only of the simulation, which has none, and where it was allowed. */
static void test_crash(void **state)
{
	struct op_dirty_read op = {.on = unchecked, .iova = 0, .size = UINT64_C(1) << 63, .page_size_given = true};
	static const uint64_t sizes[] = {UINT64_C(1) << 63, UINT64_C(1) << 58, UINT64_C(3) << 58};
	struct session *s = open_session();
	struct dirty_bitmap b;

	has(DIRTY_IOMMU);
	s->iommu->caps.simulated = false;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		op.page_size = sizes[i];
		assert_int_equal(read_err(s, &op), -EOPNOTSUPP);
	}
	assert_int_equal(nr_asked, 0);
	op.page_size = UINT64_C(1) << 57;
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(nr_asked, 1);
	s->params.allow_crash = true;
	op.page_size = UINT64_C(1) << 63;
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(nr_asked, 2);
	s->params.allow_crash = false;
	s->iommu->caps.simulated = true;
	b = read_ok(s, &op);
	dirty_bitmap_free(&b);
	assert_int_equal(nr_asked, 3);
	session_close(s, NULL);
}

static int unmap_dirty(struct session *s, iova_t iova, uint64_t size, uint64_t *bytes, enum dirty_order *order)
{
	struct op_dirty_read op = {.on = best, .iova = iova, .size = size};
	struct dirty_bitmap b;
	int err = op_dirty_unmap(s, &op, &b, bytes, order, &found, &why);

	assert_int_equal(!err, !!b.words);
	if (!err)
		assert_int_equal(bitmap_count(b.words, b.bits), 2);
	dirty_bitmap_free(&b);
	return err;
}

/* In one call where there is one, else unmapped before it is read, or read without clearing and then unmapped. */
static void test_unmap(void **state)
{
	struct session *s = open_session();
	uint64_t bytes;
	enum dirty_order order;

	has(DIRTY_IOMMU);
	assert_int_equal(unmap_dirty(s, AT, MiB(1), &bytes, &order), 0);
	assert_int_equal(bytes, MiB(1));
	assert_int_equal(order, DIRTY_READ_UNMAP);
	assert_int_equal(nr_asked, 2);
	assert_true(asked[0].kind == ASKED_READ && asked[0].keep);
	assert_int_equal(asked[1].kind, ASKED_PLAIN_UNMAP);
	assert_false(buffer_is_mapped(buffer_find(s, "a")));
	assert_int_equal(found.total, 0);
	session_close(s, NULL);

	s = open_session();
	has(DIRTY_IOMMU)->can_keep = false;
	assert_int_equal(unmap_dirty(s, AT, MiB(1), &bytes, &order), 0);
	assert_true(asked[0].kind == ASKED_READ && !asked[0].keep && asked[1].kind == ASKED_PLAIN_UNMAP);
	session_close(s, NULL);

	s = open_session();
	has(DIRTY_DEVICE)->outlasts = true;
	assert_int_equal(unmap_dirty(s, AT, MiB(1), &bytes, &order), 0);
	assert_int_equal(order, DIRTY_UNMAP_READ);
	assert_int_equal(bytes, MiB(1));
	assert_true(asked[0].kind == ASKED_PLAIN_UNMAP && asked[1].kind == ASKED_READ && !asked[1].keep);
	session_close(s, NULL);

	s = open_session();
	has(DIRTY_IOMMU)->unmaps = true;
	assert_int_equal(unmap_dirty(s, AT, MiB(1), &bytes, &order), 0);
	assert_int_equal(order, DIRTY_AT_ONCE);
	assert_int_equal(nr_asked, 1);
	assert_int_equal(asked[0].kind, ASKED_UNMAP);
	assert_false(buffer_is_mapped(buffer_find(s, "a")));
	assert_int_equal(found.total, 0);
	session_close(s, NULL);
}

/* A count that is short is found, and the tool's own pages are not the user's to unmap. */
static void test_unmap_judged(void **state)
{
	struct op_unmap all = {.all = true};
	struct session *s = open_session();
	iova_t own;
	uint64_t bytes;
	enum dirty_order order;

	has(DIRTY_IOMMU)->unmaps = true;
	unmap_short = 4096;
	assert_int_equal(unmap_dirty(s, AT, MiB(1), &bytes, &order), 0);
	assert_int_equal(bytes, MiB(1) - 4096);
	assert_int_equal(found.count[FAILURE_SHORT_UNMAP], 1);
	assert_int_equal(session_dma_start(s, &why), 0);
	own = s->pages[0]->pin;
	nr_asked = 0;
	assert_int_equal(unmap_dirty(s, own, 4096, &bytes, &order), -EPERM);
	assert_int_equal(nr_asked, 0);
	s->iommu->ops = real;
	assert_int_equal(op_unmap(s, &all, &bytes, &found, &why), 0);
	session_close(s, NULL);
}

/* Where a cut may cost a bit, that is told. */
static void test_cut(void **state)
{
	struct op_dirty_read op = {.on = best, .iova = AT, .size = 8192};
	struct session *s = open_session();

	has(DIRTY_IOMMU)->loses_cut = true;
	assert_false(op_dirty_is_cut(s, &op));
	op.iova += 4096;
	assert_true(op_dirty_is_cut(s, &op));
	op.iova += MiB(1);
	assert_false(op_dirty_is_cut(s, &op));
	op.iova = AT + 4096;
	sources[DIRTY_IOMMU].caps.loses_cut = false;
	assert_false(op_dirty_is_cut(s, &op));
	session_close(s, NULL);
}

/* How long bits have gathered: since the start, or since the last time all of the range was cleared. */
static void test_since(void **state)
{
	struct op_dirty_read whole = {.on = best, .iova = AT, .size = MiB(1)},
			     part = {.on = best, .iova = AT, .size = 8192};
	struct session *s = open_session();
	struct dirty_bitmap b;
	uint64_t begun = clock_ns(), cleared;

	has(DIRTY_IOMMU);
	b = read_ok(s, &part);
	assert_int_equal(b.since_ns, 0);
	assert_true(b.cleared && b.simulated && b.time_ns);
	assert_string_equal(b.backend, "sim");
	dirty_bitmap_free(&b);
	assert_int_equal(op_dirty_start(s, &best, NULL, 0, 0, &why), 0);
	clock_sleep_ns(3000000, NULL);
	part.keep = true;
	b = read_ok(s, &part);
	assert_in_range(b.since_ns, 3000000, clock_ns() - begun);
	assert_false(b.cleared);
	dirty_bitmap_free(&b);
	part.keep = false;
	cleared = clock_ns();
	b = read_ok(s, &part);
	assert_in_range(b.since_ns, 3000000, clock_ns() - begun);
	dirty_bitmap_free(&b);
	part.keep = true;
	b = read_ok(s, &part);
	assert_in_range(b.since_ns, 0, clock_ns() - cleared);
	dirty_bitmap_free(&b);
	/* the rest was not cleared */
	b = read_ok(s, &whole);
	assert_in_range(b.since_ns, 3000000, clock_ns() - begun);
	dirty_bitmap_free(&b);
	cleared = clock_ns();
	part.iova += 65536;
	b = read_ok(s, &part);
	assert_in_range(b.since_ns, 0, clock_ns() - cleared + 3000000);
	dirty_bitmap_free(&b);
	session_close(s, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),	     cmocka_unit_test(test_pieces_whole),
		cmocka_unit_test(test_pieces_break), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unchecked),    cmocka_unit_test(test_crash),
		cmocka_unit_test(test_unmap),	     cmocka_unit_test(test_unmap_judged),
		cmocka_unit_test(test_since),	     cmocka_unit_test(test_cut),
	};

	host_init(&host, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
