/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty tracking on the simulated IOMMU for unit tests: the sources by their ops, and a copy that is kept like a migration's. */
#ifndef IC_TESTS_SIM_DIRTY_FIXTURE_H
#define IC_TESTS_SIM_DIRTY_FIXTURE_H

#include "sim_fixture.h"

#include "base/bitmap.h"

static inline const struct dirty_ops *dirty_ops(struct fixture *fx, enum dirty_source source)
{
	return source == DIRTY_IOMMU ? OPS.dirty_iommu : source == DIRTY_TYPE1 ? OPS.dirty_type1 : fx->idev->ops->dirty;
}

static inline struct dirty_at dirty_at(struct fixture *fx, enum dirty_source source)
{
	fx->idev->iommu = fx->iommu;
	return (struct dirty_at){.source = source, .iommu = fx->iommu, .idev = fx->idev};
}

static inline int dirty_start(struct fixture *fx, enum dirty_source source)
{
	struct dirty_at at = dirty_at(fx, source);
	struct dirty_start req = {0};

	return dirty_ops(fx, source)->start(&at, &req);
}

static inline int dirty_log(struct fixture *fx, const struct iova_range *ranges, unsigned int nr, uint64_t page_size)
{
	struct dirty_at at = dirty_at(fx, DIRTY_DEVICE);
	struct dirty_start req = {.ranges = ranges, .nr = nr, .page_size = page_size};

	return dirty_ops(fx, DIRTY_DEVICE)->start(&at, &req);
}

static inline int dirty_stop(struct fixture *fx, enum dirty_source source)
{
	struct dirty_at at = dirty_at(fx, source);

	return dirty_ops(fx, source)->stop(&at);
}

static inline int dirty_read(struct fixture *fx, enum dirty_source source, const struct dirty_read *req)
{
	struct dirty_at at = dirty_at(fx, source);

	return dirty_ops(fx, source)->read(&at, req);
}

static inline int dirty_unmap(struct fixture *fx, enum dirty_source source, const struct dirty_read *req,
			      uint64_t *bytes)
{
	struct dirty_at at = dirty_at(fx, source);

	*bytes = 0xdead;
	return dirty_ops(fx, source)->unmap(&at, req, bytes);
}

/* @bits has whole words, and becomes what is read. */
static inline struct dirty_read dirty_req(iova_t iova, uint64_t length, uint64_t page_size, uint64_t *bits)
{
	uint64_t words = bitmap_words(length / page_size);

	memset(bits, 0, words * 8);
	return (struct dirty_read){
		.iova = iova, .length = length, .page_size = page_size, .bits = bits, .bytes = words * 8};
}

static inline void dirty_take(struct fixture *fx, enum dirty_source source, iova_t iova, uint64_t length,
			      uint64_t *bits)
{
	struct dirty_read req = dirty_req(iova, length, PAGE, bits);

	assert_int_equal(dirty_read(fx, source, &req), 0);
}

/* The bits of up to 64 pages. */
static inline uint64_t dirty_word(struct fixture *fx, enum dirty_source source, iova_t iova, unsigned int pages)
{
	uint64_t bits;

	dirty_take(fx, source, iova, pages * PAGE, &bits);
	return bits;
}

static inline uint64_t dirty_keep(struct fixture *fx, iova_t iova, unsigned int pages)
{
	uint64_t bits;
	struct dirty_read req = dirty_req(iova, pages * PAGE, PAGE, &bits);

	req.keep = true;
	assert_int_equal(dirty_read(fx, DIRTY_IOMMU, &req), 0);
	return bits;
}

static inline void dirty_write(struct fixture *fx, iova_t iova, uint64_t len)
{
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, iova, len), 0);
}

static inline struct iommu_mem dirty_map(struct fixture *fx, iova_t iova, uint64_t size, enum iommu_mem_kind kind)
{
	struct iommu_mem mem;

	assert_int_equal(OPS.mem_alloc(fx->iommu, size, kind, &mem), 0);
	assert_int_equal(fixture_map(fx, mem.va, size, iova, IOMMU_PROT_RW), 0);
	return mem;
}

static inline uint64_t dirty_leaf(struct fixture *fx, iova_t iova)
{
	uint64_t size;

	assert_int_equal(OPS.leaves->size(fx->iommu, iova, &size), 0);
	return size;
}

/* A second copy of memory, brought up to date by what a source reports: at rest both are equal, or a write was lost. */
struct mirror {
	struct iommu_mem mem;
	uint64_t *copy, *bits;
};

static inline void mirror_page(struct mirror *m, uint64_t page)
{
	const uint64_t *from = (const uint64_t *)m->mem.va + page * 512;

	/* DMA may be writing there at this moment, as it may under a migration */
	for (unsigned int i = 0; i < 512; i++)
		m->copy[page * 512 + i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static inline void mirror_update(struct mirror *m)
{
	uint64_t pages = m->mem.size / PAGE;

	for (uint64_t p = bitmap_next(m->bits, pages, 0); p < pages; p = bitmap_next(m->bits, pages, p + 1))
		mirror_page(m, p);
}

static inline void mirror_open(struct mirror *m, const struct iommu_mem *mem)
{
	m->mem = *mem;
	m->copy = malloc(mem->size);
	m->bits = calloc(bitmap_words(mem->size / PAGE), 8);
	assert_true(m->copy && m->bits);
	for (uint64_t p = 0; p < mem->size / PAGE; p++)
		mirror_page(m, p);
}

static inline bool mirror_is_true(const struct mirror *m)
{
	return !memcmp(m->copy, m->mem.va, m->mem.size);
}

static inline void mirror_close(struct mirror *m)
{
	free(m->copy);
	free(m->bits);
}

#endif
