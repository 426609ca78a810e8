/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/stress/model: each rule of each interface, alone. */
#include "stress_model.h"

/* Beside one mapping of 4 pages at 0x10000. */
static const struct {
	const char *what;
	struct model_req req;
	const char *due[SIDES];
} map_rules[] = {
#define ALL(e)                \
	{                     \
		e, e, e, e, e \
	}
#define REQ_OF(i, s, v, p, r) .iova = (i), .size = (s), .va = (v), .prot = (p), .resident = (r)
#define REQ(i, s)                                                  \
	{                                                          \
		REQ_OF(i, s, 0x7000000, IOMMU_PROT_RW, UINT64_MAX) \
	}
#define REQ_VA(i, s, v)                                    \
	{                                                  \
		REQ_OF(i, s, v, IOMMU_PROT_RW, UINT64_MAX) \
	}
#define REQ_NO_PROT(i, s)                              \
	{                                              \
		REQ_OF(i, s, 0x7000000, 0, UINT64_MAX) \
	}
#define REQ_SHORT(i, s, r)                                \
	{                                                 \
		REQ_OF(i, s, 0x7000000, IOMMU_PROT_RW, r) \
	}
	{"plain", REQ(0x20000, 0x2000), ALL("0")},
	{"right below", REQ(0xf000, 0x1000), ALL("0")},
	{"right above", REQ(0x14000, 0x1000), ALL("0")},
	{"the same again", REQ(0x10000, 0x4000), ALL("EEXIST")},
	{"inside", REQ(0x11000, 0x1000), ALL("EEXIST")},
	{"around", REQ(0x8000, 0x10000), ALL("EEXIST")},
	{"size 0", REQ(0x20000, 0), ALL("EINVAL")},
	{"size unaligned", REQ(0x20000, 0x1800), ALL("EINVAL")},
	{"iova unaligned", REQ(0x20800, 0x1000), ALL("EINVAL")},
	{"va unaligned", REQ_VA(0x20000, 0x1000, 0x7000800), ALL("EINVAL")},
	{"va unaligned, over a mapping",
	 REQ_VA(0x10000, 0x1000, 0x7000800),
	 {"EINVAL", "EINVAL", "EEXIST", "EEXIST", "EEXIST"}},
	{"va wraps",
	 REQ_VA(0x20000, 0x2000, UINT64_MAX - 0xfff),
	 {"EOVERFLOW|EINVAL", "EOVERFLOW|EINVAL", "EOVERFLOW", "EOVERFLOW", "EOVERFLOW"}},
	{"va ends at 2^64",
	 REQ_VA(0x20000, 0x1000, UINT64_MAX - 0xfff),
	 {"0", "0", "EOVERFLOW", "EOVERFLOW", "EOVERFLOW"}},
	{"wraps",
	 REQ(UINT64_MAX - 0xfff, 0x2000),
	 {"EOVERFLOW|EINVAL", "EOVERFLOW|EINVAL", "EOVERFLOW", "EOVERFLOW", "EOVERFLOW"}},
	{"wraps and is unaligned",
	 REQ(UINT64_MAX - 0x7ff, 0x2000),
	 {"EOVERFLOW|EINVAL", "EOVERFLOW|EINVAL", "EINVAL", "EINVAL", "EINVAL"}},
	{"iova 2^64 - 1",
	 REQ(UINT64_MAX, 0x1000),
	 {"EOVERFLOW|EINVAL", "EOVERFLOW|EINVAL", "EOVERFLOW", "EINVAL", "EINVAL"}},
	{"iova 2^64 - 1, size 0", REQ(UINT64_MAX, 0), {"EINVAL", "EINVAL", "EOVERFLOW", "EINVAL", "EINVAL"}},
	{"size 2^64 - 1, at 0", REQ_VA(0, UINT64_MAX, 0), {"EINVAL", "EINVAL", "EOVERFLOW", "EINVAL", "EINVAL"}},
	{"above", REQ(TOP + PAGE, 0x1000), ALL("EINVAL")},
	{"last page of all", REQ(TOP, 0x1000), ALL("0")},
	{"over the upper end", REQ(TOP, 0x2000), ALL("EINVAL")},
	{"reserved", REQ(0xfee00000, 0x1000), ALL("EINVAL")},
	{"over both ends of the reserved", REQ(0xfedff000, 0x102000), ALL("EINVAL")},
	{"over a mapping and the reserved",
	 REQ(0x10000, 0xfee00000),
	 {"EEXIST", "EEXIST", "EINVAL", "EINVAL", "EINVAL"}},
	{"no right", REQ_NO_PROT(0x20000, 0x1000), {"EINVAL", "EINVAL", "EINVAL", "EINVAL|0", "EINVAL|0"}},
	{"no right, over a mapping", REQ_NO_PROT(0x10000, 0x1000), {"EINVAL", "EINVAL", "EINVAL", "EEXIST", "EEXIST"}},
	{"memory is missing", REQ_SHORT(0x20000, 0x2000, 0x1000), ALL("EFAULT")},
	{"memory is missing, over a mapping", REQ_SHORT(0x10000, 0x2000, 0x1000), ALL("EEXIST")},
	{"the file is short",
	 {REQ_OF(0x20000, 0x2000, 0x7000000, IOMMU_PROT_RW, 0x1000), .file = true},
	 {"EFAULT", "EFAULT", "EINVAL", "EFAULT", "EFAULT"}},
	{"the kernel's choice",
	 {REQ_OF(0, 0x2000, 0x7000000, IOMMU_PROT_RW, UINT64_MAX), .kernel_iova = true},
	 {"EOPNOTSUPP", "EOPNOTSUPP", "0", "EOPNOTSUPP", "EOPNOTSUPP"}},
};

static void test_map(void **state)
{
	struct model_answer due;

	(void)state;
	for (unsigned int side = 0; side < SIDES; side++) {
		struct model *m = model_of(side, &plain_caps, 0);

		add(m, 0x10000, 0x4000, IOMMU_PROT_RW, 1);
		for (unsigned int i = 0; i < ARRAY_SIZE(map_rules); i++) {
			model_ask_map(m, &map_rules[i].req, &due);
			is_due(&due, map_rules[i].due[side], map_rules[i].what, side);
			assert_int_equal(due.bytes, model_allows(&due, 0) ? map_rules[i].req.size : 0);
		}
		/* asking changes nothing */
		assert_int_equal(model_count(m), 1);
		model_free(m);
	}
}

/* The limit is type1's, is looked at after an overlap and before the aperture, and mappings that went make room. */
static void test_limit(void **state)
{
	static const struct model_req next = REQ(0x30000, 0x1000), over = REQ(0x10000, 0x1000),
				      outside = REQ(0xfee00000, 0x1000);
	struct model_answer due;

	(void)state;
	for (unsigned int side = 0; side < SIDES; side++) {
		struct model *m = model_of(side, &plain_caps, 2);
		bool type1 = side == T1 || side == T2;

		add(m, 0x10000, 0x1000, IOMMU_PROT_RW, 1);
		model_ask_map(m, &next, &due);
		is_due(&due, "0", "below the limit", side);
		add(m, 0x20000, 0x1000, IOMMU_PROT_RW, 2);
		model_ask_map(m, &next, &due);
		is_due(&due, type1 ? "ENOSPC" : "0", "at the limit", side);
		model_ask_map(m, &over, &due);
		is_due(&due, "EEXIST", "at the limit, over a mapping", side);
		model_ask_map(m, &outside, &due);
		is_due(&due, type1 ? "ENOSPC" : "EINVAL", "at the limit, outside", side);
		assert_int_equal(model_unmapped(m, 0x20000, 0x1000), 0x1000);
		model_ask_map(m, &next, &due);
		is_due(&due, "0", "below the limit again", side);
		model_free(m);
	}
}

/* What a kernel before 5.4 tells: no ranges; and a container of mediated devices, which takes everything. */
static void test_apertures(void **state)
{
	static const struct model_req window = REQ(0xfee00000, 0x1000), high = REQ(UINT64_C(1) << 50, 0x1000);
	struct iommu_caps caps = {.page_sizes = PAGE}, none = {.page_sizes = PAGE, .ranges_known = true};
	struct model *m = model_of(T2, &caps, 0), *free_for_all = model_of(T2, &none, 0);
	struct model_answer due;

	(void)state;
	model_ask_map(m, &window, &due);
	is_due(&due, "0", "reserved, not told", T2);
	model_ask_map(m, &high, &due);
	is_due(&due, "EFAULT|EINVAL|0", "high, not told", T2);
	model_ask_map(free_for_all, &high, &due);
	is_due(&due, "0", "high, no IOMMU", T2);
	model_free(m);
	model_free(free_for_all);
}

/* Beside A: 4 pages at 0x10000, B: 2 pages right behind it, C: 1 page at 0x20000. What is due, what is gone: in 0 bytes or more. */
static const struct {
	const char *what;
	iova_t iova;
	uint64_t size;
	const char *due[SIDES];
	uint64_t gone[SIDES]; /* reported too where 0 is due */
} unmap_rules[] = {
	{"exactly", 0x10000, 0x4000, ALL("0"), ALL(0x4000)},
	{"two neighbours", 0x10000, 0x6000, ALL("0"), ALL(0x6000)},
	{"over a hole", 0x8000, 0x20000, ALL("0"), ALL(0x7000)},
	{"nothing there", 0x30000, 0x4000, {"0", "0", "ENOENT", "0|ENOENT", "0|ENOENT"}, ALL(0)},
	{"the middle", 0x11000, 0x2000, {"EINVAL", "0", "ENOENT", "ENOENT", "0"}, {0, 0, 0, 0, 0x2000}},
	{"the head", 0x10000, 0x1000, {"EINVAL", "0", "ENOENT", "ENOENT", "0"}, {0, 0x4000, 0, 0, 0x1000}},
	{"the tail", 0x13000, 0x1000, {"EINVAL", "0", "ENOENT", "ENOENT", "0"}, {0, 0, 0, 0, 0x1000}},
	{"one and the next one's head",
	 0x10000,
	 0x5000,
	 {"EINVAL", "0", "ENOENT", "ENOENT", "0"},
	 {0, 0x6000, 0x4000, 0x4000, 0x5000}},
	{"a tail and the next one", 0x13000, 0x3000, {"EINVAL", "0", "ENOENT", "ENOENT", "0"}, {0, 0, 0, 0, 0x3000}},
	{"tail and head", 0x13000, 0x2000, {"EINVAL", "0", "ENOENT", "ENOENT", "0"}, {0, 0, 0, 0, 0x2000}},
	{"size 0", 0x10000, 0, ALL("EINVAL"), ALL(0)},
	{"iova unaligned, nothing there",
	 0x30800,
	 0x1000,
	 {"EINVAL", "EINVAL", "ENOENT", "0|ENOENT", "0|ENOENT"},
	 ALL(0)},
	{"size unaligned, all of it and a bit",
	 0x10000,
	 0x6800,
	 {"EINVAL", "EINVAL", "0", "0", "0"},
	 {0, 0, 0x6000, 0x6000, 0x6000}},
	{"size unaligned, it cuts", 0x10000, 0x1800, {"EINVAL", "EINVAL", "ENOENT", "ENOENT", "EINVAL"}, ALL(0)},
	{"one byte of it", 0x10000, 1, {"EINVAL", "EINVAL", "ENOENT", "ENOENT", "ENOENT"}, ALL(0)},
	{"wraps",
	 UINT64_MAX - 0xfff,
	 0x2000,
	 {"EOVERFLOW|EINVAL", "EOVERFLOW|EINVAL", "EOVERFLOW", "EOVERFLOW", "EOVERFLOW"},
	 ALL(0)},
	{"wraps unaligned",
	 UINT64_MAX - 0x7ff,
	 0x2000,
	 {"EINVAL", "EINVAL", "EOVERFLOW", "EOVERFLOW", "EOVERFLOW"},
	 ALL(0)},
	{"all there is", 0, UINT64_MAX, {"EINVAL", "EINVAL", "0", "0", "0"}, {0, 0, 0x7000, 0x7000, 0x7000}},
	{"size 2^64 - 1", 0x10000, UINT64_MAX, {"EINVAL", "EINVAL", "EOVERFLOW", "EOVERFLOW", "EOVERFLOW"}, ALL(0)},
	{"iova 2^64 - 1", UINT64_MAX, 1, {"EINVAL", "EINVAL", "EOVERFLOW", "0|ENOENT", "0|ENOENT"}, ALL(0)},
};

static void test_unmap(void **state)
{
	struct model_answer due;

	(void)state;
	for (unsigned int side = 0; side < SIDES; side++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(unmap_rules); i++) {
			struct model *m = model_of(side, &plain_caps, 0);
			uint64_t gone;

			add(m, 0x10000, 0x4000, IOMMU_PROT_RW, 1);
			add(m, 0x14000, 0x2000, IOMMU_PROT_READ, 2);
			add(m, 0x20000, 0x1000, IOMMU_PROT_RW, 3);
			model_ask_unmap(m, unmap_rules[i].iova, unmap_rules[i].size, &due);
			is_due(&due, unmap_rules[i].due[side], unmap_rules[i].what, side);
			if (!due.errs[0])
				assert_int_equal(due.bytes, unmap_rules[i].gone[side]);
			assert_int_equal(model_bytes(m), 0x7000);
			gone = model_unmapped(m, unmap_rules[i].iova, unmap_rules[i].size);
			assert_int_equal(gone, unmap_rules[i].gone[side]);
			assert_int_equal(model_bytes(m), 0x7000 - gone);
			model_ask_unmap_all(m, &due);
			is_due(&due, "0", "everything", side);
			assert_int_equal(due.bytes, 0x7000 - gone);
			assert_int_equal(model_unmapped_all(m), 0x7000 - gone);
			assert_int_equal(model_count(m), 0);
			model_free(m);
		}
	}
}

static int find_two(const struct model_map *map, void *arg)
{
	unsigned int *n = arg;

	assert_int_equal(map->id, 7);
	return ++*n == 2 ? 5 : 0;
}

/* Compat v1 cuts; what is left knows which memory it is of. */
static void test_cut(void **state)
{
	struct model *m = model_of(C1, &plain_caps, 0);
	struct model_map map;
	unsigned int n = 0;

	(void)state;
	add(m, 0x10000, 0x8000, IOMMU_PROT_RW, 7);
	assert_int_equal(model_unmapped(m, 0x12000, 0x3000), 0x3000);
	assert_int_equal(model_count(m), 2);
	assert_true(model_find(m, 0x11fff, &map));
	assert_int_equal(map.range.last, 0x11fff);
	assert_int_equal(map.offset, 0);
	assert_false(model_find(m, 0x12000, &map));
	assert_false(model_find(m, 0x14fff, &map));
	assert_true(model_find(m, 0x15000, &map));
	assert_int_equal(map.range.start, 0x15000);
	assert_int_equal(map.offset, 0x5000);
	assert_int_equal(map.id, 7);
	assert_int_equal(model_each(m, find_two, &n), 5);
	/* an empty unmap is refused and has cut all the same */
	assert_int_equal(model_unmapped(m, 0x11000, 0), 0);
	assert_int_equal(model_count(m), 3);
	assert_true(model_reaches(m, 0x10000, 0x2000, IOMMU_PROT_RW));
	model_reset(m);
	assert_int_equal(model_count(m), 0);
	model_free(m);
}

static void test_reaches(void **state)
{
	struct model *m = model_of(T2, &plain_caps, 0);

	(void)state;
	add(m, 0x10000, 0x2000, IOMMU_PROT_RW, 1);
	add(m, 0x12000, 0x1000, IOMMU_PROT_READ, 2);
	assert_true(model_reaches(m, 0x10000, 0x3000, IOMMU_PROT_READ));
	assert_false(model_reaches(m, 0x10000, 0x3000, IOMMU_PROT_WRITE));
	assert_true(model_reaches(m, 0x10800, 0x1800, IOMMU_PROT_RW));
	assert_false(model_reaches(m, 0x10800, 0x1801, IOMMU_PROT_RW));
	assert_false(model_reaches(m, 0xf000, 0x2000, IOMMU_PROT_READ));
	assert_false(model_reaches(m, 0x12000, 0x1001, IOMMU_PROT_READ));
	assert_false(model_reaches(m, UINT64_MAX, 2, IOMMU_PROT_READ));
	assert_false(model_reaches(m, 0x10000, 0, IOMMU_PROT_READ));
	model_free(m);
}

/* An overlap that was accepted: the new one is there, what it lies on is not. */
static void test_overlap(void **state)
{
	struct model *m = model_of(T2, &plain_caps, 0);
	struct model_map over = {.range = {0x11000, 0x12fff}, .prot = IOMMU_PROT_RW, .id = 2};
	struct model_map empty = {.range = {0x1000, 0xfff}};
	struct model_map found;

	(void)state;
	add(m, 0x10000, 0x2000, IOMMU_PROT_RW, 1);
	assert_int_equal(model_mapped(m, &over), -EEXIST);
	assert_int_equal(model_count(m), 1);
	assert_true(model_find(m, 0x11000, &found));
	assert_int_equal(found.id, 2);
	assert_int_equal(model_bytes(m), 0x2000);
	assert_int_equal(model_mapped(m, &empty), -EINVAL);
	model_free(m);
}

/* From a space with RW at 0x10000 (2 pages) and READ right behind it (1 page), to one that has a page at 0x50000. */
static const struct {
	const char *what;
	iova_t from;
	uint64_t size;
	iova_t to;
	enum iommu_prot prot;
	const char *due;
} copy_rules[] = {
	{"one mapping", 0x10000, 0x2000, 0x10000, IOMMU_PROT_RW, "0"},
	{"a part of it", 0x11000, 0x1000, 0x10000, IOMMU_PROT_RW, "0"},
	{"two mappings", 0x10000, 0x3000, 0x10000, IOMMU_PROT_READ, "0"},
	{"to be written, though one is not", 0x10000, 0x3000, 0x10000, IOMMU_PROT_RW, "EPERM"},
	{"a hole", 0x10000, 0x4000, 0x10000, IOMMU_PROT_READ, "ENOENT"},
	{"nothing there", 0x20000, 0x1000, 0x10000, IOMMU_PROT_READ, "ENOENT"},
	{"size 0", 0x10000, 0, 0x10000, IOMMU_PROT_READ, "EINVAL"},
	{"the source wraps", UINT64_MAX - 0xfff, 0x2000, 0x10000, IOMMU_PROT_READ, "EOVERFLOW"},
	{"size 2^64 - 1", 0x10000, UINT64_MAX, 0x10000, IOMMU_PROT_READ, "EOVERFLOW"},
	{"from 2^64 - 1", UINT64_MAX, 0x1000, 0x10000, IOMMU_PROT_READ, "EOVERFLOW"},
	{"to 2^64 - 1", 0x10000, 0x1000, UINT64_MAX, IOMMU_PROT_READ, "EOVERFLOW"},
	{"no right", 0x10000, 0x1000, 0x10000, 0, "EINVAL"},
	{"no right, nothing there", 0x20000, 0x1000, 0x10000, 0, "EINVAL"},
	{"size unaligned", 0x10000, 0x800, 0x10000, IOMMU_PROT_READ, "EINVAL"},
	{"from inside of a page", 0x10800, 0x1000, 0x10000, IOMMU_PROT_READ, "EINVAL"},
	{"to inside of a page", 0x10000, 0x1000, 0x10800, IOMMU_PROT_READ, "EINVAL"},
	{"onto a mapping", 0x10000, 0x2000, 0x4f000, IOMMU_PROT_READ, "EEXIST"},
	{"onto a mapping, to be written", 0x12000, 0x1000, 0x50000, IOMMU_PROT_RW, "EEXIST"},
	{"onto the reserved", 0x10000, 0x2000, 0xfee00000, IOMMU_PROT_READ, "EINVAL"},
	{"where it wraps", 0x10000, 0x2000, UINT64_MAX - 0xfff, IOMMU_PROT_READ, "EOVERFLOW"},
};

static void test_copy(void **state)
{
	struct model_answer due;

	(void)state;
	for (unsigned int side = 0; side < SIDES; side++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(copy_rules); i++) {
			struct model *src = model_of(side, &plain_caps, 0), *m = model_of(side, &plain_caps, 0);

			add(src, 0x10000, 0x2000, IOMMU_PROT_RW, 1);
			add(src, 0x12000, 0x1000, IOMMU_PROT_READ, 2);
			add(m, 0x50000, 0x1000, IOMMU_PROT_RW, 3);
			model_ask_copy(m, src, copy_rules[i].from, copy_rules[i].size, copy_rules[i].to,
				       copy_rules[i].prot, &due);
			is_due(&due, side == FD ? copy_rules[i].due : "EOPNOTSUPP", copy_rules[i].what, side);
			model_free(src);
			model_free(m);
		}
	}
}

/* A mapping of each piece; and pages that were pinned for writing stay writable, by whatever way. */
static void test_copied(void **state)
{
	struct model *src = model_of(FD, &plain_caps, 0), *m = model_of(FD, &plain_caps, 0);
	struct model_map map;
	struct model_answer due;

	(void)state;
	add(src, 0x10000, 0x2000, IOMMU_PROT_RW, 1);
	add(src, 0x12000, 0x1000, IOMMU_PROT_READ, 2);
	assert_int_equal(model_copied(m, src, 0x11000, 0x2000, 0x40000, IOMMU_PROT_READ), 0);
	assert_int_equal(model_count(m), 2);
	assert_true(model_find(m, 0x40000, &map));
	assert_int_equal(map.range.last, 0x40fff);
	assert_int_equal(map.offset, 0x1000);
	assert_int_equal(map.id, 1);
	assert_int_equal(map.prot, IOMMU_PROT_READ);
	assert_true(model_find(m, 0x41000, &map));
	assert_int_equal(map.id, 2);
	model_ask_copy(src, m, 0x40000, 0x1000, 0x90000, IOMMU_PROT_RW, &due);
	is_due(&due, "0", "a copy of a copy, to be written", FD);
	model_ask_copy(src, m, 0x41000, 0x1000, 0x90000, IOMMU_PROT_RW, &due);
	is_due(&due, "EPERM", "a copy of what is read only", FD);
	model_free(src);
	model_free(m);
}

/* Tracking on or off; beside 4 pages at 0x10000, 2 right behind them, and 1 at 0x20000. */
static const struct {
	const char *what;
	struct model_dirty_req req;
	const char *type1, *iommu, *device;
	bool off;
} dirty_rules[] = {
	{"one mapping", {0x10000, 0x4000, 0x1000, 64, false, false, false}, "0", "0", "0", false},
	{"two neighbours", {0x10000, 0x6000, 0x1000, 64, false, false, false}, "0", "0", "0", false},
	{"a part", {0x10000, 0x1000, 0x1000, 64, false, false, false}, "EINVAL", "0", "0", false},
	{"a hole", {0x10000, 0x11000, 0x1000, 64, false, false, false}, "0", "EINVAL|0", "0", false},
	{"nothing there", {0x40000, 0x1000, 0x1000, 64, false, false, false}, "0", "EINVAL|0", "0", false},
	{"kept", {0x10000, 0x4000, 0x1000, 64, true, false, false}, "EOPNOTSUPP", "0", "EOPNOTSUPP", false},
	{"tracking is off", {0x10000, 0x4000, 0x1000, 64, false, false, false}, "EINVAL", "EINVAL|0", "EINVAL", true},
	{"larger pages", {0x10000, 0x4000, 0x4000, 64, false, false, false}, "EINVAL", "0", "0", false},
	{"pages of 0", {0x10000, 0x4000, 0, 64, false, false, false}, "EINVAL", "EINVAL", "EINVAL", false},
	{"iova unaligned", {0x10800, 0x4000, 0x1000, 64, false, false, false}, "EINVAL", "EINVAL", "0", false},
	{"no room", {0x10000, 0x4000, 0x1000, 0, false, false, false}, "EINVAL", "0", "0", false},
	{"size 0", {0x10000, 0, 0x1000, 64, false, false, false}, "EINVAL", "EINVAL", "0", false},
	{"wraps",
	 {UINT64_MAX - 0xfff, 0x2000, 0x1000, 64, false, false, false},
	 "EOVERFLOW|EINVAL",
	 "EOVERFLOW",
	 "EOVERFLOW",
	 false},
	{"unmapped too", {0x10000, 0x6000, 0x1000, 64, false, true, false}, "0", "0", "0", false},
	{"no power of two", {0x10000, 0x4000, 3000, 64, false, false, false}, "EINVAL", "EINVAL", "EINVAL", false},
	{"2^63", {0x10000, 0x4000, UINT64_C(1) << 63, 64, false, false, false}, "EINVAL", "EINVAL", "0", false},
	{"no bitmap", {0x10000, 0x4000, 0x1000, 64, false, false, true}, "EFAULT", "EFAULT|ENOMEM", "0", false},
	{"no bitmap, nothing there",
	 {0x40000, 0x1000, 0x1000, 64, false, false, true},
	 "0",
	 "EFAULT|ENOMEM",
	 "0",
	 false},
	{"unmapped too, a part",
	 {0x10000, 0x1000, 0x1000, 64, false, true, false},
	 "EINVAL",
	 "EINVAL",
	 "EINVAL",
	 false},
};

static void test_dirty_answers(void **state)
{
	static const struct dirty_caps caps = {.page_sizes = PAGE};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dirty_rules); i++) {
		const char *const want[] = {dirty_rules[i].iommu, dirty_rules[i].type1, dirty_rules[i].device};

		for (unsigned int source = 0; source < DIRTY_SOURCES; source++) {
			struct model_tracking how = {.source = (enum dirty_source)source, .caps = &caps};
			struct model *m = model_of(T2, &plain_caps, 0);
			struct model_answer due;

			add(m, 0x10000, 0x4000, IOMMU_PROT_RW, 1);
			add(m, 0x14000, 0x2000, IOMMU_PROT_RW, 2);
			add(m, 0x20000, 0x1000, IOMMU_PROT_RW, 3);
			if (!dirty_rules[i].off)
				model_dirty_start(m, &how);
			model_ask_dirty(m, &how, &dirty_rules[i].req, &due);
			is_due(&due, want[source], dirty_rules[i].what, T2);
			model_free(m);
		}
	}
}

/* Kernels may answer a read over a hole as if there were none, and others than are due; the simulation never does. */
static void test_dirty_hole_simulated(void **state)
{
	static const struct dirty_caps bits = {.page_sizes = PAGE};
	const struct model_tracking how = {.source = DIRTY_IOMMU, .caps = &bits};
	const struct model_dirty_req hole = {.iova = 0x10000, .size = 0x2000, .page_size = PAGE, .bytes = 64};
	const struct model_dirty_req blind = {
		.iova = 0x10000, .size = 0x1000, .page_size = PAGE, .bytes = 64, .unwritable = true};
	struct iommu_caps caps = plain_caps;
	struct model_answer due;
	struct model *m;

	(void)state;
	caps.simulated = true;
	m = model_of(FD, &caps, 0);
	add(m, 0x10000, 0x1000, IOMMU_PROT_RW, 1);
	model_dirty_start(m, &how);
	model_ask_dirty(m, &how, &hole, &due);
	is_due(&due, "EINVAL", "a hole", FD);
	model_ask_dirty(m, &how, &blind, &due);
	is_due(&due, "EFAULT", "no bitmap", FD);
	model_free(m);
}

/* What was written, what shares an entry with it, what is cleared, cut and unmapped. */
static void test_dirty_pages(void **state)
{
	static const struct dirty_caps caps = {.page_sizes = PAGE, .loses_cut = true}, log = {.outlasts = true},
				       marks = {.marks = true};
	struct model_tracking how = {.source = DIRTY_IOMMU, .caps = &caps};
	struct model *m = model_of(FD, &plain_caps, 0);
	struct iova_range all = {0, UINT64_MAX}, run, page = {0x12000, 0x12fff}, entry = {0x10000, 0x13fff};

	(void)state;
	add(m, 0x10000, 0x8000, IOMMU_PROT_RW, 1);
	model_wrote(m, 0x10000, 0x1000);
	model_dirty_start(m, &how);
	assert_int_equal(model_dirty_at(m, 0x10000, PAGE), MODEL_CLEAN); /* before the start */
	assert_int_equal(model_entry_max(m, 0x12000), 0x8000);
	model_wrote(m, 0x12f00, 0x200);
	assert_int_equal(model_dirty_at(m, 0x12000, PAGE), MODEL_DIRTY);
	assert_int_equal(model_dirty_at(m, 0x13000, PAGE), MODEL_DIRTY);
	assert_int_equal(model_dirty_at(m, 0x14000, PAGE), MODEL_MAY_BE_DIRTY);
	assert_true(model_dirty_next(m, MODEL_DIRTY, all, &run));
	assert_int_equal(run.start, 0x12000);
	assert_int_equal(run.last, 0x13fff);
	/* read by its page: what else the entry had may be told later, and is sure no longer */
	model_dirty_cleared(m, page, entry, entry);
	assert_false(model_dirty_next(m, MODEL_DIRTY, all, &run));
	assert_true(model_dirty_next(m, MODEL_MAY_BE_DIRTY, (struct iova_range){0x13000, 0x13fff}, &run));
	assert_false(model_dirty_next(m, MODEL_MAY_BE_DIRTY, page, &run));
	/* the bits go with the mapping, and with the stop */
	model_wrote(m, 0x10000, 0x1000);
	assert_int_equal(model_unmapped(m, 0x10000, 0x8000), 0x8000);
	assert_false(model_dirty_next(m, MODEL_DIRTY, all, &run));
	add(m, 0x10000, 0x1000, IOMMU_PROT_RW, 1);
	assert_int_equal(model_dirty_at(m, 0x10000, PAGE), MODEL_CLEAN);
	/* but not those of a log */
	how = (struct model_tracking){.source = DIRTY_DEVICE, .caps = &log};
	model_dirty_start(m, &how);
	model_wrote(m, 0x10000, 0x10);
	model_unmapped(m, 0x10000, 0x1000);
	assert_int_equal(model_dirty_at(m, 0x10000, PAGE), MODEL_DIRTY);
	model_dirty_doubt(m, all);
	assert_int_equal(model_dirty_at(m, 0x10000, PAGE), MODEL_MAY_BE_DIRTY);
	/* where bits are marked writes leave none */
	how.caps = &marks;
	model_dirty_start(m, &how);
	model_wrote(m, 0x10000, 0x10);
	assert_int_equal(model_dirty_at(m, 0x10000, PAGE), MODEL_CLEAN);
	model_marked(m, 0x10000, 0x1000);
	assert_int_equal(model_dirty_at(m, 0x10000, PAGE), MODEL_DIRTY);
	model_dirty_stop(m);
	assert_false(model_dirty_is_on(m));
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_apertures),
		cmocka_unit_test(test_unmap),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_reaches),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_copied),
		cmocka_unit_test(test_dirty_answers),
		cmocka_unit_test(test_dirty_hole_simulated),
		cmocka_unit_test(test_dirty_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
