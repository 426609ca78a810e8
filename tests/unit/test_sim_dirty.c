/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty tracking by the simulated IOMMU's page tables: what is reported, what is cleared, what is refused. */
#include "sim_dirty_fixture.h"

#define IOVA UINT64_C(0x100000)
#define LARGE MiB(64)

static const char *const personalities[] = {"", "personality=type1-v1", "personality=iommufd", "personality=compat-v2",
					    "personality=compat-v1"};

static void test_read(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		struct iommu_mem mem;
		struct fixture fx;

		fixture_open(&fx, personalities[i], 1);
		mem = dirty_map(&fx, IOVA, 64 * PAGE, IOMMU_MEM_ANON);
		dirty_write(&fx, IOVA, 1);
		assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 64), 0);
		dirty_write(&fx, IOVA + 3 * PAGE - 1, 1);
		dirty_write(&fx, IOVA + 10 * PAGE - 1, 2);
		assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + 20 * PAGE, 0, 5 * PAGE), 0);
		assert_int_equal(dirty_keep(&fx, IOVA, 64), 0x604);
		assert_int_equal(dirty_keep(&fx, IOVA, 64), 0x604);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 64), 0x604);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 64), 0);
		/* what was cached with its dirty bit must mark the page anew */
		dirty_write(&fx, IOVA + 2 * PAGE, 8);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA + PAGE, 63), 2);
		/* started twice it begins anew; stopped, nobody answers */
		dirty_write(&fx, IOVA + 2 * PAGE, 8);
		assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 64), 0);
		dirty_write(&fx, IOVA + 2 * PAGE, 8);
		assert_int_equal(dirty_stop(&fx, DIRTY_IOMMU), 0);
		assert_int_equal(dirty_stop(&fx, DIRTY_IOMMU), 0);
		OPS.mem_free(fx.iommu, &mem);
		fixture_close(&fx);
	}
}

/* Refused in the order of the kernel's checks, and nothing is cleared by it. */
static void test_errors(void **state)
{
	static const struct {
		struct dirty_read req;
		int err;
	} cases[] = {
		{{.iova = IOVA, .length = 8 * PAGE, .page_size = PAGE, .bytes = 1}, 0},
		{{.iova = IOVA, .length = 8 * PAGE, .page_size = PAGE, .bytes = 1, .flags = 2}, -EOPNOTSUPP},
		{{.iova = IOVA, .length = 8 * PAGE, .page_size = PAGE, .bytes = 0}, -ENOBUFS},
		{{.iova = IOVA, .length = 8 * PAGE, .page_size = PAGE / 2, .bytes = 1}, -ENOBUFS},
		{{.iova = IOVA, .length = 0, .page_size = PAGE, .bytes = 8}, -EINVAL},
		{{.iova = -PAGE, .length = 2 * PAGE, .page_size = PAGE, .bytes = 8}, -EOVERFLOW},
		{{.iova = IOVA + 2048, .length = PAGE, .page_size = 2048, .bytes = 8}, -EINVAL},
		{{.iova = IOVA, .length = 2048, .page_size = 2048, .bytes = 8}, -EINVAL},
		{{.iova = IOVA, .length = 8 * PAGE, .page_size = 0, .bytes = 8}, -EINVAL},
		{{.iova = IOVA, .length = 8 * PAGE, .page_size = 3 * PAGE, .bytes = 8}, -EINVAL},
		{{.iova = IOVA + PAGE, .length = 6 * PAGE, .page_size = 2 * PAGE, .bytes = 8}, -EINVAL},
		{{.iova = IOVA, .length = 3 * PAGE, .page_size = 2 * PAGE, .bytes = 8}, -EINVAL},
		{{.iova = IOVA, .length = 17 * PAGE, .page_size = PAGE, .bytes = 8}, -EINVAL}, /* holes: behind, */
		{{.iova = IOVA - PAGE, .length = 2 * PAGE, .page_size = PAGE, .bytes = 8}, -EINVAL}, /* before, */
		{{.iova = IOVA, .length = 32 * PAGE, .page_size = PAGE, .bytes = 8}, -EINVAL},	     /* between */
		{{.iova = 0, .length = UINT64_C(1) << 63, .page_size = UINT64_C(1) << 63, .bytes = 8}, -EINVAL},
	};
	struct iommu_mem a, b;
	struct fixture fx;
	uint64_t bits = 0;
	struct dirty_read req;

	fixture_open(&fx, "personality=iommufd", 1);
	a = dirty_map(&fx, IOVA, 16 * PAGE, IOMMU_MEM_ANON);
	b = dirty_map(&fx, IOVA + 24 * PAGE, 8 * PAGE, IOMMU_MEM_ANON);
	req = dirty_req(IOVA, PAGE, PAGE, &bits);
	assert_int_equal(dirty_read(&fx, DIRTY_IOMMU, &req), -EINVAL); /* not started */
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	dirty_write(&fx, IOVA, 16 * PAGE);
	for (size_t i = ARRAY_SIZE(cases); i-- > 0;) {
		uint64_t bytes;

		bits = 0;
		req = cases[i].req;
		req.bits = &bits;
		assert_int_equal(dirty_read(&fx, DIRTY_IOMMU, &req), cases[i].err);
		assert_int_equal(bits, cases[i].err ? 0 : 0xff);
		if (cases[i].err)
			assert_int_equal(dirty_unmap(&fx, DIRTY_IOMMU, &req, &bytes), cases[i].err);
	}
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 16), 0xff00);
	req = dirty_req(IOVA, PAGE, PAGE, &bits);
	req.bits = NULL;
	assert_int_equal(dirty_read(&fx, DIRTY_IOMMU, &req), -EFAULT);
	OPS.mem_free(fx.iommu, &a);
	OPS.mem_free(fx.iommu, &b);
	fixture_close(&fx);
}

/* The bitmap may begin at any byte: bits are added, and nothing beside it is touched. */
static void test_bitmap_address(void **state)
{
	static const unsigned int skews[] = {0, 1, 2, 3, 5, 7, 8, 9, 2048, 4093};
	unsigned char buffer[4200];
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, IOVA, 100 * PAGE, IOMMU_MEM_ANON);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	for (size_t i = 0; i < ARRAY_SIZE(skews); i++) {
		struct dirty_read req = {.iova = IOVA + PAGE,
					 .length = 99 * PAGE,
					 .page_size = PAGE,
					 .bits = buffer + skews[i],
					 .bytes = 13};
		uint64_t words[2] = {0};

		memset(buffer, 0xa5, sizeof(buffer));
		memset(buffer + skews[i], 0, 13);
		buffer[skews[i] + 12] = 0xf9; /* one of the last three, and those that stand for no page */
		dirty_write(&fx, IOVA, 2 * PAGE);
		dirty_write(&fx, IOVA + 60 * PAGE, 12 * PAGE);
		dirty_write(&fx, IOVA + 98 * PAGE, 1);
		assert_int_equal(dirty_read(&fx, DIRTY_IOMMU, &req), 0);
		memcpy(words, buffer + skews[i], 13);
		assert_true(words[0] == (UINT64_C(0x1f) << 59 | 1));
		assert_true(words[1] == (UINT64_C(0xfb) << 32 | 0x7f));
		memset(buffer + skews[i], 0xa5, 13);
		assert_true(fixture_all(buffer, 0xa5, sizeof(buffer)));
	}
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* A bit for any power of two, smaller than a page too. */
static void test_page_sizes(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	struct dirty_caps caps;
	struct dirty_at at;

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, MiB(1), MiB(1), IOMMU_MEM_ANON);
	at = dirty_at(&fx, DIRTY_IOMMU);
	assert_int_equal(OPS.dirty_iommu->caps(&at, &caps, NULL), 0);
	assert_true(caps.page_sizes & PAGE && caps.page_sizes & GiB(1) && !(caps.page_sizes & (PAGE - 1)));
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	for (uint64_t size = PAGE / 4; size <= MiB(1); size <<= 1) {
		uint64_t bits[16], count = MAX(size, PAGE) / size;
		struct dirty_read req = dirty_req(MiB(1), MiB(1), size, bits);
		uint64_t first = ALIGN_DOWN(137 * PAGE, MAX(size, PAGE)) / size;

		dirty_write(&fx, MiB(1) + 137 * PAGE + 5, 1);
		assert_int_equal(dirty_read(&fx, DIRTY_IOMMU, &req), 0);
		assert_int_equal(bitmap_count(bits, MiB(1) / size), PAGE > size ? count : 1);
		assert_int_equal(bitmap_next(bits, MiB(1) / size, 0), first);
	}
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* Each page of a dirty large entry is reported once, in however many parts it is read. */
static void test_large_in_parts(void **state)
{
	uint64_t bits[8];
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "personality=iommufd", 1);
	mem = dirty_map(&fx, LARGE, MiB(4), IOMMU_MEM_HUGETLB_2M);
	assert_int_equal(dirty_leaf(&fx, LARGE), MiB(2));
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	for (unsigned int turn = 0; turn < 2; turn++) {
		dirty_write(&fx, LARGE + 300 * PAGE, 1);
		assert_true(dirty_keep(&fx, LARGE + 100 * PAGE, 64) == UINT64_MAX);
		/* the middle, the same again, one side with a piece of the middle, the other */
		assert_true(dirty_word(&fx, DIRTY_IOMMU, LARGE + 100 * PAGE, 64) == UINT64_MAX);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, LARGE + 100 * PAGE, 64), 0);
		assert_int_equal(dirty_keep(&fx, LARGE + 98 * PAGE, 4), 3);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, LARGE + 98 * PAGE, 4), 3);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, LARGE + 98 * PAGE, 4), 0);
		dirty_take(&fx, DIRTY_IOMMU, LARGE, MiB(2), bits);
		assert_int_equal(bitmap_count(bits, 512), 512 - 64 - 2);
		assert_int_equal(bitmap_next_clear(bits, 512, 0), 98);
		assert_int_equal(bitmap_next(bits, 512, 98), 164);
		dirty_take(&fx, DIRTY_IOMMU, LARGE, MiB(2), bits);
		assert_int_equal(bitmap_count(bits, 512), 0);
	}
	/* written again while parts are owed: all of it is dirty */
	dirty_write(&fx, LARGE, 1);
	assert_true(dirty_word(&fx, DIRTY_IOMMU, LARGE, 64) == UINT64_MAX);
	dirty_write(&fx, LARGE + MiB(1), 1);
	dirty_take(&fx, DIRTY_IOMMU, LARGE, MiB(2), bits);
	assert_int_equal(bitmap_count(bits, 512), 512);
	/* what is owed ends with a start, and with the mapping */
	dirty_write(&fx, LARGE, 1);
	assert_true(dirty_word(&fx, DIRTY_IOMMU, LARGE, 64) == UINT64_MAX);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, LARGE + MiB(1), 64), 0);
	dirty_write(&fx, LARGE, 1);
	assert_true(dirty_word(&fx, DIRTY_IOMMU, LARGE, 64) == UINT64_MAX);
	fixture_unmap_ok(&fx, LARGE, MiB(4));
	assert_int_equal(fixture_map(&fx, mem.va, MiB(4), LARGE, IOMMU_PROT_RW), 0);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, LARGE + MiB(1), 64), 0);
	/* both neighbours of a border */
	dirty_write(&fx, LARGE + MiB(2) - 1, 2);
	assert_true(dirty_word(&fx, DIRTY_IOMMU, LARGE + MiB(2) - 32 * PAGE, 64) == UINT64_MAX);
	assert_int_equal(fx.sim->main.dirty.owed.count, 2);
	dirty_take(&fx, DIRTY_IOMMU, LARGE + MiB(1), MiB(2), bits);
	assert_int_equal(bitmap_count(bits, 512), 512 - 64);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* 80 GiB of IOVA over 1 GiB of memory: bits that lie behind 64 GiB are where they belong. */
static void test_wide(void **state)
{
	uint64_t total = GiB(80), words = bitmap_words(total / PAGE), *bits = malloc(words * 8);
	struct iommu_mem mem;
	struct fixture fx;

	assert_non_null(bits);
	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, TiB(1), GiB(1), IOMMU_MEM_HUGETLB_1G);
	for (uint64_t at = GiB(1); at < total; at += GiB(1))
		assert_int_equal(fixture_map(&fx, mem.va, GiB(1), TiB(1) + at, IOMMU_PROT_RW), 0);
	assert_int_equal(OPS.leaves->split(fx.iommu, (struct iova_range){TiB(1), TiB(1) + total - 1}, MiB(2)), 0);
	assert_int_equal(OPS.leaves->split(fx.iommu, (struct iova_range){TiB(1) + GiB(64), TiB(1) + GiB(64)}, PAGE), 0);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	dirty_write(&fx, TiB(1) + GiB(64) - 1, 2);
	dirty_write(&fx, TiB(1) + total - 1, 1);
	dirty_take(&fx, DIRTY_IOMMU, TiB(1), total, bits);
	assert_int_equal(bitmap_count(bits, total / PAGE), 512 + 1 + 512);
	assert_int_equal(bitmap_count_range(bits, (GiB(64) - MiB(2)) / PAGE, 513), 513);
	assert_int_equal(bitmap_count_range(bits, (total - MiB(2)) / PAGE, 512), 512);
	dirty_take(&fx, DIRTY_IOMMU, TiB(1), total, bits);
	assert_int_equal(bitmap_count(bits, total / PAGE), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
	free(bits);
}

static void test_unmap(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		struct iommu_mem a, b, c;
		struct fixture fx;
		struct dirty_read req;
		uint64_t bits[2], bytes;

		fixture_open(&fx, personalities[i], 1);
		a = dirty_map(&fx, IOVA, 8 * PAGE, IOMMU_MEM_ANON);
		b = dirty_map(&fx, IOVA + 8 * PAGE, 8 * PAGE, IOMMU_MEM_ANON);
		c = dirty_map(&fx, IOVA + 16 * PAGE, 8 * PAGE, IOMMU_MEM_ANON);
		assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
		dirty_write(&fx, IOVA + 7 * PAGE, 2 * PAGE);
		dirty_write(&fx, IOVA + 16 * PAGE, 1);
		req = dirty_req(IOVA, 16 * PAGE, PAGE, bits);
		assert_int_equal(dirty_unmap(&fx, DIRTY_IOMMU, &req, &bytes), 0);
		assert_int_equal(bytes, 16 * PAGE);
		assert_int_equal(bits[0], 0x180);
		assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + 7 * PAGE, 8), -EFAULT);
		/* gone is gone; what lies beside it kept its bits; and nothing is inherited */
		req = dirty_req(IOVA, 16 * PAGE, PAGE, bits);
		assert_int_equal(dirty_unmap(&fx, DIRTY_IOMMU, &req, &bytes), -EINVAL);
		assert_int_equal(bytes, 0);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA + 16 * PAGE, 8), 1);
		assert_int_equal(fixture_map(&fx, a.va, 8 * PAGE, IOVA, IOMMU_PROT_RW), 0);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 8), 0);
		OPS.mem_free(fx.iommu, &a);
		OPS.mem_free(fx.iommu, &b);
		OPS.mem_free(fx.iommu, &c);
		fixture_close(&fx);
	}
}

/* A range that cuts a mapping: each personality as it unmaps; bits of what stays are not taken. */
static void test_unmap_cut(void **state)
{
	static const int errors[] = {-EINVAL, -EINVAL, -ENOENT, -ENOENT, 0};

	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		struct iommu_mem a;
		struct fixture fx;
		struct dirty_read req;
		uint64_t bits, bytes;

		fixture_open(&fx, personalities[i], 1);
		a = dirty_map(&fx, IOVA, 8 * PAGE, IOMMU_MEM_ANON);
		assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
		dirty_write(&fx, IOVA, 8 * PAGE);
		req = dirty_req(IOVA, 4 * PAGE, PAGE, &bits);
		assert_int_equal(dirty_unmap(&fx, DIRTY_IOMMU, &req, &bytes), errors[i]);
		assert_int_equal(bytes, errors[i] ? 0 : 4 * PAGE);
		assert_int_equal(bits, errors[i] ? 0 : 0xf);
		assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA + 4 * PAGE, 4), 0xf);
		OPS.mem_free(fx.iommu, &a);
		fixture_close(&fx);
	}
}

/* Parts of a large entry that are owed come with its unmap. */
static void test_unmap_owed(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	struct dirty_read req;
	uint64_t bits[8], bytes;

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, LARGE, MiB(2), IOMMU_MEM_HUGETLB_2M);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	dirty_write(&fx, LARGE, 1);
	assert_true(dirty_word(&fx, DIRTY_IOMMU, LARGE, 64) == UINT64_MAX);
	req = dirty_req(LARGE, MiB(2), PAGE, bits);
	assert_int_equal(dirty_unmap(&fx, DIRTY_IOMMU, &req, &bytes), 0);
	assert_int_equal(bitmap_count(bits, 512), 512 - 64);
	assert_int_equal(bits[0], 0);
	assert_int_equal(fx.sim->main.dirty.owed.count, 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

struct window {
	struct fixture *fx;
	unsigned int calls;
	int status[2];
};

/* Page 0 was written before and is cached, page 1 only read. */
static void window_writes(void *arg)
{
	struct window *w = arg;

	w->calls++;
	for (unsigned int i = 0; i < 2; i++)
		w->status[i] = fixture_dma(w->fx, SIM_DMA_WRITE, 0, IOVA + i * PAGE, 8);
}

static void window_place(struct window *w, enum dirty_window window)
{
	*w = (struct window){.fx = w->fx};
	dirty_write(w->fx, IOVA, 8);
	assert_int_equal(fixture_dma(w->fx, SIM_DMA_READ, IOVA + PAGE, 0, 8), 0);
	assert_int_equal(OPS.leaves->place(w->fx->iommu, window, window_writes, w), 0);
}

static void test_read_windows(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	struct window w = {.fx = &fx};

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, IOVA, 4 * PAGE, IOMMU_MEM_ANON);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	/* the cached one needs no bit, and is reported already; the other is found next time */
	window_place(&w, DIRTY_READ_BEFORE_FLUSH);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 4), 1);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 4), 2);
	assert_int_equal(w.calls, 1);
	assert_int_equal(w.status[0] | w.status[1], 0);
	/* after the flush both are new */
	window_place(&w, DIRTY_READ_AFTER_FLUSH);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 4), 1);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 4), 3);
	assert_int_equal(w.calls, 1);
	/* a read that keeps has no windows; who is taken back is not called; there are no others */
	window_place(&w, DIRTY_READ_BEFORE_FLUSH);
	assert_int_equal(dirty_keep(&fx, IOVA, 4), 1);
	assert_int_equal(w.calls, 0);
	assert_int_equal(OPS.leaves->place(fx.iommu, DIRTY_READ_BEFORE_FLUSH, NULL, NULL), 0);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 4), 1);
	assert_int_equal(w.calls, 0);
	assert_int_equal(OPS.leaves->place(fx.iommu, DIRTY_WINDOWS, window_writes, &w), -EINVAL);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_unmap_windows(void **state)
{
	static const struct {
		enum dirty_window window;
		int status[2];
		uint64_t bits;
	} cases[] = {
		{DIRTY_UNMAP_BEFORE_CLEAR, {0, 0}, 3},
		{DIRTY_UNMAP_BEFORE_FLUSH, {0, -EFAULT}, 1},
		{DIRTY_UNMAP_AFTER_FLUSH, {-EFAULT, -EFAULT}, 1},
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		bool reads = i & 1;
		struct fixture fx;
		struct window w = {.fx = &fx};
		struct iommu_mem mem;
		struct dirty_read req;
		uint64_t bits, bytes;

		fixture_open(&fx, "", 1);
		mem = dirty_map(&fx, IOVA, 4 * PAGE, IOMMU_MEM_ANON);
		assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
		window_place(&w, cases[i / 2].window);
		req = dirty_req(IOVA, 4 * PAGE, PAGE, &bits);
		if (reads)
			assert_int_equal(dirty_unmap(&fx, DIRTY_IOMMU, &req, &bytes), 0);
		else
			assert_int_equal(fixture_unmap(&fx, IOVA, 4 * PAGE, &bytes), 0);
		assert_int_equal(bytes, 4 * PAGE);
		assert_int_equal(w.calls, 1);
		assert_int_equal(w.status[0], cases[i / 2].status[0]);
		assert_int_equal(w.status[1], cases[i / 2].status[1]);
		assert_int_equal(bits, reads ? cases[i / 2].bits : 0);
		OPS.mem_free(fx.iommu, &mem);
		fixture_close(&fx);
	}
}

/* Tracking is of one space; another's bits are its own, and a space that was destroyed has none. */
static void test_spaces(void **state)
{
	const struct iommu_object_ops *objects = OPS.objects;
	struct iommu *main, *other;
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "personality=iommufd", 1);
	fx.idev->iommu = main = fx.iommu;
	assert_int_equal(objects->space_new(main, &other), 0);
	other->ops = main->ops;
	mem = dirty_map(&fx, IOVA, 4 * PAGE, IOMMU_MEM_ANON);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	fx.iommu = other;
	assert_int_equal(fixture_map(&fx, mem.va, 4 * PAGE, IOVA, IOMMU_PROT_RW), 0);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	fx.iommu = main;
	dirty_write(&fx, IOVA, 1);
	assert_int_equal(objects->device_attach(fx.idev, objects->space_id(other), IOMMU_NO_PASID), 0);
	dirty_write(&fx, IOVA + PAGE, 1);
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 4), 1);
	fx.iommu = other;
	assert_int_equal(dirty_word(&fx, DIRTY_IOMMU, IOVA, 4), 2);
	assert_int_equal(objects->device_attach(fx.idev, objects->space_id(main), IOMMU_NO_PASID), 0);
	assert_int_equal(objects->destroy(main, objects->space_id(other)), 0);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), -ENOENT);
	fx.iommu = main;
	OPS.close(other);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	       cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bitmap_address), cmocka_unit_test(test_page_sizes),
		cmocka_unit_test(test_large_in_parts), cmocka_unit_test(test_wide),
		cmocka_unit_test(test_unmap),	       cmocka_unit_test(test_unmap_cut),
		cmocka_unit_test(test_unmap_owed),     cmocka_unit_test(test_read_windows),
		cmocka_unit_test(test_unmap_windows),  cmocka_unit_test(test_spaces),
	};

	return cmocka_run_group_tests_name("sim_dirty", tests, NULL, NULL);
}
