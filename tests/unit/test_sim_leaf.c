/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page table entries of the simulated IOMMU, split and merged in place: translations, rights and dirty bits stay, under DMA too. */
#include "sim_dirty_fixture.h"

#include <pthread.h>

#include "base/rng.h"

#define IOVA GiB(4)

static int split(struct fixture *fx, uint64_t start, uint64_t size, uint64_t to)
{
	return OPS.leaves->split(fx->iommu, (struct iova_range){start, start + (size - 1)}, to);
}

static int merge(struct fixture *fx, uint64_t start, uint64_t size, uint64_t to)
{
	return OPS.leaves->merge(fx->iommu, (struct iova_range){start, start + (size - 1)}, to);
}

/* Does every page lead where it did? */
static void translates(struct fixture *fx, const struct iommu_mem *mem, uint64_t iova)
{
	uint64_t frame = fixture_frame(fx, mem->va);
	struct sim_leaf leaf;

	for (uint64_t at = 0; at < mem->size; at += MIN(mem->size / 8, MiB(2)) + PAGE) {
		uint64_t mask;

		assert_true(sim_pt_find(&fx->sim->main.pt, iova + at, &leaf));
		mask = (UINT64_C(1) << sim_pt_shift(leaf.level)) - 1;
		assert_true(((leaf.pte & SIM_PTE_ADDR) | ((iova + at) & mask)) == (frame << 12) + at);
	}
}

static uint64_t dirty_pages(struct fixture *fx, uint64_t iova, uint64_t size)
{
	uint64_t *bits = malloc(bitmap_words(size / PAGE) * 8), n;

	assert_non_null(bits);
	dirty_take(fx, DIRTY_IOMMU, iova, size, bits);
	n = bitmap_count(bits, size / PAGE);
	free(bits);
	return n;
}

static void test_sizes(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	uint64_t size;

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, IOVA, GiB(1), IOMMU_MEM_HUGETLB_1G);
	assert_int_equal(dirty_leaf(&fx, IOVA + GiB(1) - 1), GiB(1));
	assert_int_equal(OPS.leaves->size(fx.iommu, IOVA - 1, &size), -ENOENT);
	assert_int_equal(OPS.leaves->size(fx.iommu, UINT64_MAX, &size), -ENOENT);
	/* only what the range touches, and as far as was asked */
	assert_int_equal(split(&fx, IOVA + MiB(6) + 5, 1, MiB(2)), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA), MiB(2));
	assert_int_equal(split(&fx, IOVA + MiB(4) - 1, 2, PAGE), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(2) - 1), MiB(2));
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(2)), PAGE);
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(6) - 1), PAGE);
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(6)), MiB(2));
	translates(&fx, &mem, IOVA);
	assert_int_equal(merge(&fx, IOVA + MiB(2), MiB(2), MiB(2)), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(2)), MiB(2));
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(4)), PAGE);
	assert_int_equal(merge(&fx, IOVA, GiB(1), GiB(1)), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA), GiB(1));
	translates(&fx, &mem, IOVA);
	/* what is so already */
	assert_int_equal(merge(&fx, IOVA, GiB(1), MiB(2)), 0);
	assert_int_equal(split(&fx, IOVA, GiB(1), GiB(1)), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA), GiB(1));
	fixture_unmap_ok(&fx, IOVA, GiB(1));
	assert_int_equal(fixture_tables(&fx), 1);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_errors(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, IOVA, MiB(4), IOMMU_MEM_HUGETLB_2M);
	assert_int_equal(split(&fx, IOVA, MiB(4), 8192), -EINVAL);
	assert_int_equal(split(&fx, IOVA, MiB(4), 0), -EINVAL);
	assert_int_equal(split(&fx, IOVA, 0, PAGE), -EINVAL);
	assert_int_equal(split(&fx, MiB(4), MiB(4), PAGE), -ENOENT);
	assert_int_equal(split(&fx, SIM_IOVA_LAST + 1, MiB(4), PAGE), -ENOENT);
	assert_int_equal(merge(&fx, IOVA, MiB(4), PAGE), -EINVAL);
	assert_int_equal(merge(&fx, IOVA, 0, MiB(2)), -EINVAL);
	assert_int_equal(merge(&fx, MiB(4), MiB(4), MiB(2)), -ENOENT);
	assert_int_equal(merge(&fx, IOVA, MiB(4), GiB(1)), -EINVAL); /* no whole one */
	assert_int_equal(split(&fx, IOVA, MiB(4), PAGE), 0);
	assert_int_equal(merge(&fx, IOVA + PAGE, MiB(4) - 2 * PAGE, MiB(2)), -EINVAL);
	assert_int_equal(dirty_leaf(&fx, IOVA), PAGE);
	/* a range to the very end takes along what lies in it */
	assert_int_equal(OPS.leaves->merge(fx.iommu, (struct iova_range){IOVA, UINT64_MAX}, MiB(2)), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(2)), MiB(2));
	assert_int_equal(OPS.leaves->split(fx.iommu, (struct iova_range){0, UINT64_MAX}, PAGE), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA + MiB(2)), PAGE);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* Not side by side in memory, not with the same rights, not of one mapping: they stay small. */
static void test_no_merge(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	char *va;

	fixture_open(&fx, "", 1);
	assert_int_equal(OPS.mem_alloc(fx.iommu, MiB(4), IOMMU_MEM_HUGETLB_2M, &mem), 0);
	va = mem.va;
	/* shifted by a page against the frames */
	assert_int_equal(fixture_map(&fx, va + PAGE, MiB(2), IOVA, IOMMU_PROT_RW), 0);
	assert_int_equal(merge(&fx, IOVA, MiB(2), MiB(2)), -EINVAL);
	fixture_unmap_ok(&fx, IOVA, MiB(2));
	/* two mappings of frames that are side by side */
	assert_int_equal(fixture_map(&fx, va, MiB(1), IOVA, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(&fx, va + MiB(1), MiB(1), IOVA + MiB(1), IOMMU_PROT_RW), 0);
	assert_int_equal(merge(&fx, IOVA, MiB(2), MiB(2)), -EINVAL);
	fixture_unmap_ok(&fx, IOVA, MiB(1));
	dirty_write(&fx, IOVA + MiB(1), 8);
	fixture_unmap_ok(&fx, IOVA + MiB(1), MiB(1));
	/* other rights, and a hole, in the table itself */
	assert_int_equal(fixture_map(&fx, va, MiB(2), IOVA, IOMMU_PROT_RW), 0);
	assert_int_equal(split(&fx, IOVA, MiB(2), PAGE), 0);
	for (unsigned int i = 0; i < 2; i++) {
		sim_pte *root = fx.sim->main.pt.root, *table = root;
		uint64_t pte;

		for (unsigned int level = SIM_PT_TOP; level; level--)
			table = sim_pt_table(atomic_load(&table[sim_pt_index(IOVA, level)]));
		pte = atomic_load(&table[77]);
		atomic_store(&table[77], i ? pte + PAGE : pte & ~SIM_PTE_W);
		assert_int_equal(merge(&fx, IOVA, MiB(2), MiB(2)), -EINVAL);
		atomic_store(&table[77], pte);
	}
	assert_int_equal(merge(&fx, IOVA, MiB(2), MiB(2)), 0);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* A dirty entry makes dirty small ones; a merged one is dirty when any was; clean ones stay clean. */
static void test_dirty(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	mem = dirty_map(&fx, IOVA, MiB(4), IOMMU_MEM_HUGETLB_2M);
	assert_int_equal(dirty_start(&fx, DIRTY_IOMMU), 0);
	dirty_write(&fx, IOVA, 1);
	assert_int_equal(split(&fx, IOVA, MiB(4), PAGE), 0);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 512);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 0);
	dirty_write(&fx, IOVA + MiB(2), 1);
	assert_int_equal(dirty_keep(&fx, IOVA + MiB(2), 64), 1);
	assert_int_equal(merge(&fx, IOVA, MiB(4), MiB(2)), 0);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 512);
	/* cached small and cached large: after either change a write is seen */
	dirty_write(&fx, IOVA + PAGE, 1);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 512);
	assert_int_equal(split(&fx, IOVA, MiB(4), PAGE), 0);
	dirty_write(&fx, IOVA + PAGE, 1);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 1);
	assert_int_equal(merge(&fx, IOVA, MiB(4), MiB(2)), 0);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 0);
	dirty_write(&fx, IOVA + PAGE, 1);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 512);
	/* parts that are owed of a large one are owed of the small ones */
	dirty_write(&fx, IOVA, 1);
	assert_true(dirty_word(&fx, DIRTY_IOMMU, IOVA, 64) == UINT64_MAX);
	assert_int_equal(split(&fx, IOVA, MiB(4), PAGE), 0);
	dirty_write(&fx, IOVA + MiB(4) - 1, 1);
	assert_int_equal(dirty_pages(&fx, IOVA, MiB(4)), 512 - 64 + 1);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* Read-only stays read-only. */
static void test_rights(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;

	fixture_open(&fx, "", 1);
	assert_int_equal(OPS.mem_alloc(fx.iommu, MiB(2), IOMMU_MEM_HUGETLB_2M, &mem), 0);
	assert_int_equal(fixture_map(&fx, mem.va, MiB(2), IOVA, IOMMU_PROT_READ), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + PAGE, 0, 8), 0);
		assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + PAGE, 8), -EFAULT);
		assert_int_equal(i ? merge(&fx, IOVA, MiB(2), MiB(2)) : split(&fx, IOVA, MiB(2), PAGE), 0);
	}
	assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + PAGE, 8), -EFAULT);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

/* compat-v1 may cut a mapping anywhere, also through an entry that was merged. */
static void test_cut(void **state)
{
	struct iommu_mem mem;
	struct fixture fx;
	uint64_t bytes;

	fixture_open(&fx, "personality=compat-v1", 1);
	mem = dirty_map(&fx, IOVA, MiB(2), IOMMU_MEM_HUGETLB_2M);
	assert_int_equal(dirty_leaf(&fx, IOVA), PAGE);
	assert_int_equal(merge(&fx, IOVA, MiB(2), MiB(2)), 0);
	assert_int_equal(dirty_leaf(&fx, IOVA), MiB(2));
	assert_int_equal(fixture_unmap(&fx, IOVA + MiB(1), PAGE, &bytes), 0);
	assert_int_equal(bytes, PAGE);
	dirty_write(&fx, IOVA, MiB(1));
	dirty_write(&fx, IOVA + MiB(1) + PAGE, MiB(1) - PAGE);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + MiB(1), 8), -EFAULT);
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

struct race {
	struct fixture fx;
	struct iommu_mem mem;
	_Atomic bool stop;
	_Atomic unsigned int failed;
};

struct writer {
	struct race *race;
	unsigned int queue;
	_Atomic uint64_t done;
};

/* Copies of 64 bytes from a page with other content in each, to places drawn anew. */
static void *writer_thread(void *arg)
{
	struct writer *w = arg;
	struct race *race = w->race;

	for (uint64_t n = 0; !atomic_load(&race->stop); n++) {
		struct sim_dma dma = {.kind = SIM_DMA_COPY, .len = 64};

		dma.src = IOVA + race->mem.size + 64 * (n % 63);
		dma.dst = IOVA + rng_below(rng_draw(7, n, w->queue), race->mem.size / 64) * 64;
		if (sim_engine_submit(race->fx.engine, w->queue, &dma, 1) ||
		    sim_engine_wait(race->fx.engine, w->queue, 10000) || dma.status)
			atomic_fetch_add(&race->failed, 1);
		atomic_store(&w->done, n + 1);
	}
	return NULL;
}

static bool writers_done(struct writer *writers, unsigned int nr, uint64_t each)
{
	for (unsigned int i = 0; i < nr; i++)
		if (atomic_load(&writers[i].done) < each)
			return false;
	return true;
}

/*
 * Entries change their size under DMA while dirty bits are read and cleared: no DMA fails, and a copy kept by the bits alone equals
 * the memory in the end.
 */
static void test_under_dma(void **state)
{
	struct race race = {0};
	struct writer writers[3];
	pthread_t threads[3];
	struct iommu_mem source;
	struct mirror mirror;

	fixture_open(&race.fx, "", 1);
	race.mem = dirty_map(&race.fx, IOVA, MiB(4), IOMMU_MEM_HUGETLB_2M);
	source = dirty_map(&race.fx, IOVA + MiB(4), PAGE, IOMMU_MEM_ANON);
	for (unsigned int i = 0; i < PAGE; i++)
		((unsigned char *)source.va)[i] = (unsigned char)(i / 64 + 1);
	mirror_open(&mirror, &race.mem);
	assert_int_equal(dirty_start(&race.fx, DIRTY_IOMMU), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++) {
		writers[i] = (struct writer){.race = &race, .queue = i};
		assert_int_equal(pthread_create(&threads[i], NULL, writer_thread, &writers[i]), 0);
	}
	for (unsigned int i = 0; i < 60 || !writers_done(writers, ARRAY_SIZE(threads), 1000); i++) {
		assert_int_equal(split(&race.fx, IOVA, MiB(4), PAGE), 0);
		if (i % 3) {
			dirty_take(&race.fx, DIRTY_IOMMU, IOVA, MiB(4), mirror.bits);
			mirror_update(&mirror);
		}
		assert_int_equal(merge(&race.fx, IOVA, MiB(4), MiB(2)), 0);
		if (i % 2) {
			dirty_take(&race.fx, DIRTY_IOMMU, IOVA, MiB(4), mirror.bits);
			mirror_update(&mirror);
		}
	}
	atomic_store(&race.stop, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(race.failed, 0);
	dirty_take(&race.fx, DIRTY_IOMMU, IOVA, MiB(4), mirror.bits);
	mirror_update(&mirror);
	assert_true(mirror_is_true(&mirror));
	fixture_unmap_ok(&race.fx, IOVA, MiB(4));
	fixture_unmap_ok(&race.fx, IOVA + MiB(4), PAGE);
	assert_int_equal(fixture_tables(&race.fx), 1);
	mirror_close(&mirror);
	OPS.mem_free(race.fx.iommu, &race.mem);
	OPS.mem_free(race.fx.iommu, &source);
	fixture_close(&race.fx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	  cmocka_unit_test(test_errors), cmocka_unit_test(test_no_merge),
		cmocka_unit_test(test_dirty),	  cmocka_unit_test(test_rights), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_under_dma),
	};

	return cmocka_run_group_tests_name("sim_leaf", tests, NULL, NULL);
}
