/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/op_dirty on sources that note down what they are asked: which is taken, on which table, in which pieces, and what is refused before. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/named.h"
#include "core/op.h"
#include "core/op_dirty.h"
#include "core/op_object.h"
#include "core/session_priv.h"
#include "iommu/backend.h"

#define AT UINT64_C(0x40000000)
#define TABLE 77u

static struct host host;
static struct failures found;
static struct fail why;

/* What the sources of a test can do; by source. */
static struct {
	struct dirty_caps caps;
	bool there;
	int start_err;
} sources[DIRTY_SOURCES];

/* What they were asked. */
enum asked_kind { ASKED_START, ASKED_STOP, ASKED_READ, ASKED_UNMAP, ASKED_PLAIN_UNMAP };
static struct asked {
	enum asked_kind kind;
	enum dirty_source source;
	uint32_t table;
	iova_t iova;
	uint64_t length, page_size;
	bool keep;
	unsigned int nr;
	struct iova_range ranges[8];
} asked[64];
static unsigned int nr_asked;
static uint64_t tracks_by; /* what a device answers to its start */
static uint64_t unmap_short;

static struct asked *note(enum asked_kind kind, const struct dirty_at *at)
{
	struct asked *a = &asked[nr_asked++];

	assert_in_range(nr_asked, 1, ARRAY_SIZE(asked));
	*a = (struct asked){.kind = kind};
	if (at) {
		a->source = at->source;
		a->table = at->table;
	}
	return a;
}

static int fake_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *f)
{
	if (!sources[at->source].there)
		return fail_set(f, EOPNOTSUPP, "no bit for %s", dirty_source_name(at->source));
	*out = sources[at->source].caps;
	return 0;
}

static int fake_start(const struct dirty_at *at, struct dirty_start *req)
{
	struct asked *a = note(ASKED_START, at);

	a->nr = req->nr;
	a->page_size = req->page_size;
	memcpy(a->ranges, req->ranges, sizeof(*req->ranges) * MIN(req->nr, (unsigned int)ARRAY_SIZE(a->ranges)));
	if (tracks_by)
		req->page_size = tracks_by;
	return sources[at->source].start_err;
}

static int fake_stop(const struct dirty_at *at)
{
	note(ASKED_STOP, at);
	return 0;
}

/* The first and the last page of every question are dirty. A kernel may write up to two pages of memory past the end. */
static int fake_answer(enum asked_kind kind, const struct dirty_at *at, const struct dirty_read *req)
{
	struct asked *a = note(kind, at);
	uint64_t unit = req->page_size ? req->page_size & -req->page_size : 1, last;
	unsigned char *bits = req->bits;

	a->iova = req->iova;
	a->length = req->length;
	a->page_size = req->page_size;
	a->keep = req->keep;
	if (!req->length)
		return -EINVAL;
	assert_in_range((req->length - 1) / unit / 8, 0, req->bytes - 1);
	bits[req->bytes + 8191] |= 0;
	last = (req->length - 1) / unit;
	bits[0] |= 1;
	bits[last / 8] |= (unsigned char)(1u << last % 8);
	return 0;
}

static int fake_read(const struct dirty_at *at, const struct dirty_read *req)
{
	return fake_answer(ASKED_READ, at, req);
}

static int fake_unmap(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped)
{
	int err = fake_answer(ASKED_UNMAP, at, req);

	*unmapped = err ? 0 : req->length - unmap_short;
	return err;
}

static const struct dirty_ops fake = {
	.caps = fake_caps, .start = fake_start, .stop = fake_stop, .read = fake_read, .unmap = fake_unmap};

/* --- the simulation with those sources, and with page tables by number --- */

static struct iommu_ops ops;
static struct iommu_object_ops objects;
static struct idev_ops idev_ops;
static const struct iommu_ops *real;
static uint32_t attached_to;
static unsigned int tables;

static int fake_plain_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped)
{
	note(ASKED_PLAIN_UNMAP, NULL);
	return real->unmap(iommu, iova, size, unmapped);
}

static int fake_hwpt_new(struct iommu *iommu, const struct iommu_hwpt_req *req, uint32_t *id)
{
	assert_true(req->dirty);
	*id = TABLE + tables++;
	return 0;
}

static int fake_attach(struct iommu_device *idev, uint32_t pt_id, uint32_t pasid)
{
	attached_to = pt_id;
	return pt_id >= TABLE ? 0 : real->objects->device_attach(idev, pt_id, pasid);
}

static int fake_destroy(struct iommu *iommu, uint32_t id)
{
	assert_int_not_equal(id, attached_to);
	assert_in_range(id, TABLE, TABLE + 8);
	tables--;
	return 0;
}

static struct session *open_session(void)
{
	struct session_params p = {.backend = "sim,personality=iommufd", .seed = 5};
	struct op_map map = {.buf = "a", .size = MiB(1), .iova = AT, .prot = IOMMU_PROT_RW};
	struct session *s = NULL;

	failures_init(&found);
	memset(sources, 0, sizeof(sources));
	nr_asked = tables = 0;
	attached_to = 0;
	tracks_by = unmap_short = 0;
	why = (struct fail){0};
	assert_int_equal(session_open(&s, &p, &host, &why), 0);
	assert_int_equal(op_map(s, &map, NULL, &found, &why), 0);
	real = s->iommu->ops;
	ops = *real;
	objects = *real->objects;
	idev_ops = *s->idev->ops;
	ops.dirty_iommu = ops.dirty_type1 = idev_ops.dirty = &fake;
	ops.unmap = fake_plain_unmap;
	objects.hwpt_new = fake_hwpt_new;
	objects.device_attach = fake_attach;
	objects.destroy = fake_destroy;
	ops.objects = &objects;
	s->iommu->ops = &ops;
	s->idev->ops = &idev_ops;
	return s;
}

static struct dirty_caps *has(enum dirty_source source)
{
	sources[source].there = true;
	sources[source].caps = (struct dirty_caps){.page_sizes = UINT64_MAX << 12, .can_keep = true};
	return &sources[source].caps;
}

static const struct op_dirty best = {.source = DIRTY_SOURCES}, unchecked = {.source = DIRTY_SOURCES, .unchecked = true};

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
	assert_int_equal(op_dirty_stop(s, &best, &why), 0);
	assert_int_equal(found_source(s, &best), DIRTY_IOMMU);
	assert_int_equal(nr_asked, 2);
	session_close(s, NULL);
}

static struct dirty_bitmap read_ok(struct session *s, const struct op_dirty_read *op)
{
	struct dirty_bitmap b;

	if (op_dirty_read(s, op, &b, &why))
		fail_msg("%s", why.text);
	return b;
}

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
	assert_int_equal(session_attach(s, iommu_space_id(s->iommu), s->iommu, &why), 0);
	assert_int_equal(op_destroy(s, "t", false, &why), 0);
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
	assert_int_equal(asked[3].ranges[0].last, AT + MiB(5) - 1);
	assert_int_equal(asked[3].ranges[1].last, AT + MiB(65) - 1);
	assert_int_equal(asked[3].nr, 2);
	assert_int_equal(op_dirty_start(s, &best, &mine, 1, 65536, &why), 0);
	assert_int_equal(asked[4].nr, 1);
	assert_int_equal(asked[4].ranges[0].last, mine.last);
	assert_int_equal(asked[4].page_size, 65536);
	/* what it tracks by is what it is read by */
	b = read_ok(s, &op);
	assert_int_equal(b.page_size, 8192);
	dirty_bitmap_free(&b);
	/* the others know of no ranges */
	has(DIRTY_TYPE1);
	assert_int_equal(op_dirty_start(s, &(struct op_dirty){.source = DIRTY_TYPE1}, &mine, 1, 0, &why), -EINVAL);
	assert_true(why.usage);
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
		cmocka_unit_test(test_choice),	     cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_pieces_whole), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unchecked),    cmocka_unit_test(test_crash),
		cmocka_unit_test(test_table),	     cmocka_unit_test(test_table_undone),
		cmocka_unit_test(test_table_users),  cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_unmap),	     cmocka_unit_test(test_unmap_judged),
		cmocka_unit_test(test_since),	     cmocka_unit_test(test_where),
	};

	host_init(&host, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
