/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every misbehaviour: it shows when it is on, and the same sequence shows nothing when it is off. */
#include "sim_fixture.h"

#include <stdio.h>

#define IOVA UINT64_C(0x17f000) /* 3 pages from here straddle a block of 4 */

/* Each scenario returns whether the misbehaviour was seen; everything is put back. */
struct scenario {
	const char *fault;
	bool (*seen)(struct fixture *fx);
};

/* Map, let the device read and write, unmap, keep the old memory; map other memory; does the device reach the old? */
static bool remap_reaches_old(struct fixture *fx, uint64_t pages, uint64_t probe)
{
	struct iommu_mem old = fixture_alloc(fx, pages * PAGE), new = fixture_alloc(fx, pages * PAGE);
	bool stale;

	assert_int_equal(fixture_map(fx, old.va, pages * PAGE, IOVA, IOMMU_PROT_RW), 0);
	for (uint64_t i = 0; i < pages; i++)
		assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA + i * PAGE, 64), 0);
	memset(old.va, 0x01, old.size);
	fixture_unmap_ok(fx, IOVA, pages * PAGE);
	memset(new.va, 0x02, new.size);
	assert_int_equal(fixture_map(fx, new.va, pages * PAGE, IOVA, IOMMU_PROT_RW), 0);
	/* Its own buffer is zero: a write of it tells which memory the device reaches. */
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 4096, IOVA + probe * PAGE, 64), 0);
	stale = fixture_all((char *)old.va + probe * PAGE, 0, 64);
	assert_true(fixture_all((char *)new.va + probe *PAGE, stale ? 0x02 : 0, 64));
	fixture_unmap_ok(fx, IOVA, pages * PAGE);
	OPS.mem_free(fx->iommu, &old);
	OPS.mem_free(fx->iommu, &new);
	return stale;
}

static bool seen_stale(struct fixture *fx)
{
	return remap_reaches_old(fx, 1, 0);
}

static bool seen_psi(struct fixture *fx)
{
	return remap_reaches_old(fx, 3, 2);
}

static bool seen_skip(struct fixture *fx)
{
	struct iommu_mem mem = fixture_alloc(fx, 2 * PAGE);
	bool reached, refused;
	int r;

	assert_int_equal(fixture_map(fx, mem.va, 2 * PAGE, IOVA, IOMMU_PROT_RW), 0);
	fixture_unmap_ok(fx, IOVA, 2 * PAGE);
	memset(mem.va, 0x01, mem.size);
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA, 64), -EFAULT);
	reached = fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA + PAGE, 64) == 0;
	assert_int_equal(reached, fixture_all((char *)mem.va + PAGE, 0, 64));
	r = fixture_map(fx, mem.va, 2 * PAGE, IOVA, IOMMU_PROT_RW);
	refused = r == -EEXIST;
	assert_true(refused || r == 0);
	assert_int_equal(reached, refused);
	if (!refused)
		fixture_unmap_ok(fx, IOVA, 2 * PAGE);
	assert_int_equal(fixture_pins(fx), 0);
	OPS.mem_free(fx->iommu, &mem);
	return reached;
}

static bool seen_early(struct fixture *fx)
{
	struct iommu_mem mem = fixture_alloc(fx, 2 * PAGE), next;
	uint64_t frame = fixture_frame(fx, mem.va);
	bool reused;

	/* Held by the process and by a second mapping: nobody may get these frames. */
	assert_int_equal(fixture_map(fx, mem.va, 2 * PAGE, IOVA, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_map(fx, mem.va, 2 * PAGE, GiB(1), IOMMU_PROT_RW), 0);
	memset(mem.va, 0x01, mem.size);
	fixture_unmap_ok(fx, IOVA, 2 * PAGE);
	next = fixture_alloc(fx, 2 * PAGE);
	reused = fixture_frame(fx, next.va) == frame;
	memset(next.va, 0x02, next.size);
	assert_true(fixture_all(mem.va, reused ? 0x02 : 0x01, mem.size));
	fixture_unmap_ok(fx, GiB(1), 2 * PAGE);
	OPS.mem_free(fx->iommu, &mem);
	/* Freed once only: a third buffer gets other frames while the second is held. */
	mem = fixture_alloc(fx, 2 * PAGE);
	assert_true(fixture_frame(fx, mem.va) != fixture_frame(fx, next.va));
	OPS.mem_free(fx->iommu, &mem);
	OPS.mem_free(fx->iommu, &next);
	return reused;
}

static bool seen_short(struct fixture *fx)
{
	struct iommu_mem mem = fixture_alloc(fx, 3 * PAGE);
	uint64_t bytes;

	assert_int_equal(fixture_map(fx, mem.va, 3 * PAGE, IOVA, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_unmap(fx, IOVA, 3 * PAGE, &bytes), 0);
	assert_true(bytes == 3 * PAGE || bytes == 2 * PAGE);
	/* All of it is gone whatever was said. */
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA + 2 * PAGE, 64), -EFAULT);
	assert_int_equal(fixture_pins(fx), 0);
	OPS.mem_free(fx->iommu, &mem);
	return bytes != 3 * PAGE;
}

static bool seen_readonly(struct fixture *fx)
{
	struct iommu_mem mem = fixture_alloc(fx, PAGE);
	bool written;

	memset(mem.va, 0x01, mem.size);
	assert_int_equal(fixture_map(fx, mem.va, PAGE, IOVA, IOMMU_PROT_READ), 0);
	assert_int_equal(fixture_dma(fx, SIM_DMA_READ, IOVA, 8192, 64), 0);
	written = fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA, 64) == 0;
	assert_true(fixture_all(mem.va, written ? 0 : 0x01, 64));
	fixture_unmap_ok(fx, IOVA, PAGE);
	OPS.mem_free(fx->iommu, &mem);
	return written;
}

static bool seen_leak(struct fixture *fx)
{
	uint64_t pins = fixture_pins(fx), frame;
	struct iommu_mem mem = fixture_alloc(fx, 3 * PAGE);
	bool leaked;

	frame = fixture_frame(fx, mem.va);
	assert_int_equal(fixture_map(fx, mem.va, 3 * PAGE, IOVA, IOMMU_PROT_RW), 0);
	fixture_unmap_ok(fx, IOVA, 3 * PAGE);
	leaked = fixture_pins(fx) == pins + 3;
	assert_true(leaked || fixture_pins(fx) == pins);
	OPS.mem_free(fx->iommu, &mem);
	mem = fixture_alloc(fx, 3 * PAGE);
	assert_int_equal(leaked, fixture_frame(fx, mem.va) != frame);
	OPS.mem_free(fx->iommu, &mem);
	return leaked;
}

static bool seen_overlap(struct fixture *fx)
{
	struct iommu_mem one = fixture_alloc(fx, 4 * PAGE), two = fixture_alloc(fx, PAGE);
	uint64_t bytes;
	int r;

	assert_int_equal(fixture_map(fx, one.va, 4 * PAGE, IOVA, IOMMU_PROT_RW), 0);
	r = fixture_map(fx, two.va, PAGE, IOVA + PAGE, IOMMU_PROT_RW);
	assert_true(r == 0 || r == -EEXIST);
	memset(two.va, 0x01, PAGE);
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA + PAGE, 64), 0);
	assert_true(fixture_all(two.va, r ? 0x01 : 0, 64));
	assert_int_equal(OPS.unmap_all(fx->iommu, &bytes), 0);
	assert_int_equal(fixture_pins(fx), 0);
	OPS.mem_free(fx->iommu, &one);
	OPS.mem_free(fx->iommu, &two);
	return r == 0;
}

static bool seen_reserved(struct fixture *fx)
{
	struct iommu_mem mem = fixture_alloc(fx, PAGE);
	int r = fixture_map(fx, mem.va, PAGE, SIM_MSI_START + PAGE, IOMMU_PROT_RW);

	assert_true(r == 0 || r == -EINVAL);
	assert_int_equal(fixture_map(fx, mem.va, PAGE, SIM_IOVA_LAST + 1, IOMMU_PROT_RW), -EINVAL);
	if (!r)
		fixture_unmap_ok(fx, SIM_MSI_START + PAGE, PAGE);
	OPS.mem_free(fx->iommu, &mem);
	return r == 0;
}

/* The canary: a page whose physical address is mapped, as an IOVA, to another page. */
static bool seen_untranslated(struct fixture *fx)
{
	struct iommu_mem canary = fixture_alloc(fx, PAGE), other = fixture_alloc(fx, PAGE);
	uint64_t phys = fixture_frame(fx, canary.va) << SIM_PAGE_SHIFT;
	bool hit;

	memset(canary.va, 0x01, PAGE);
	memset(other.va, 0x02, PAGE);
	assert_int_equal(fixture_map(fx, other.va, PAGE, phys, IOMMU_PROT_RW), 0);
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, phys, 64), 0);
	hit = fixture_all(canary.va, 0, 64);
	assert_true(fixture_all(other.va, hit ? 0x02 : 0, 64));
	/* Where there is no memory nothing happens. */
	if (hit)
		assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, GiB(512), 64), 0);
	fixture_unmap_ok(fx, phys, PAGE);
	OPS.mem_free(fx->iommu, &canary);
	OPS.mem_free(fx->iommu, &other);
	return hit;
}

/* A detached device reaches nothing, and one that was attached elsewhere only what is mapped there. */
static bool seen_attach(struct fixture *fx)
{
	const struct iommu_object_ops *objects = OPS.objects;
	struct iommu_mem mem = fixture_alloc(fx, PAGE);
	bool reached;

	fx->idev->iommu = fx->iommu;
	assert_int_equal(fixture_map(fx, mem.va, PAGE, IOVA, IOMMU_PROT_RW), 0);
	memset(mem.va, 0x01, mem.size);
	assert_int_equal(objects->device_detach(fx->idev, IOMMU_NO_PASID), 0);
	reached = fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA, 64) == 0;
	assert_int_equal(reached, fixture_all(mem.va, 0, 64));
	assert_int_equal(objects->device_attach(fx->idev, objects->space_id(fx->iommu), IOMMU_NO_PASID), 0);
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, IOVA, 64), 0);
	assert_true(fixture_all(mem.va, 0, 64));
	fixture_unmap_ok(fx, IOVA, PAGE);
	OPS.mem_free(fx->iommu, &mem);
	return reached;
}

/* Dirty tracking: @size bytes are mapped, and it is on. */
static struct iommu_mem dirty_begin(struct fixture *fx, uint64_t size)
{
	struct dirty_at at = {.source = DIRTY_IOMMU, .iommu = fx->iommu};
	struct dirty_start start = {0};
	struct iommu_mem mem;

	assert_int_equal(OPS.mem_alloc(fx->iommu, size, size == MiB(2) ? IOMMU_MEM_HUGETLB_2M : IOMMU_MEM_ANON, &mem),
			 0);
	assert_int_equal(fixture_map(fx, mem.va, size, MiB(64), IOMMU_PROT_RW), 0);
	assert_int_equal(OPS.dirty_iommu->start(&at, &start), 0);
	return mem;
}

static void dirty_write(struct fixture *fx, unsigned int page, uint64_t len)
{
	assert_int_equal(fixture_dma(fx, SIM_DMA_WRITE, 0, MiB(64) + page * PAGE, len), 0);
}

static struct dirty_read dirty_request(uint64_t *bits, uint64_t size)
{
	memset(bits, 0, (size / PAGE / 64 + 1) * 8);
	return (struct dirty_read){
		.iova = MiB(64),
		.length = size,
		.page_size = PAGE,
		.bits = bits,
		.bytes = size / PAGE / 8 + 1,
	};
}

static void dirty_read(struct fixture *fx, uint64_t *bits, uint64_t size)
{
	struct dirty_at at = {.source = DIRTY_IOMMU, .iommu = fx->iommu};
	struct dirty_read req = dirty_request(bits, size);

	assert_int_equal(OPS.dirty_iommu->read(&at, &req), 0);
}

static void dirty_end(struct fixture *fx, struct iommu_mem *mem)
{
	struct dirty_at at = {.source = DIRTY_IOMMU, .iommu = fx->iommu};
	uint64_t bytes;

	assert_int_equal(OPS.dirty_iommu->stop(&at), 0);
	assert_int_equal(OPS.unmap_all(fx->iommu, &bytes), 0);
	OPS.mem_free(fx->iommu, mem);
}

/* Which of the two was it? Nothing else may come out. */
static bool dirty_is(uint64_t bits, uint64_t right, uint64_t wrong)
{
	assert_true(bits == right || bits == wrong);
	return bits == wrong;
}

static bool seen_lost_unmap(struct fixture *fx)
{
	struct dirty_at at = {.source = DIRTY_IOMMU, .iommu = fx->iommu};
	struct iommu_mem mem = dirty_begin(fx, 4 * PAGE);
	uint64_t bits[2], bytes;
	struct dirty_read req = dirty_request(bits, 4 * PAGE);

	dirty_write(fx, 1, 64);
	assert_int_equal(OPS.dirty_iommu->unmap(&at, &req, &bytes), 0);
	assert_int_equal(bytes, 4 * PAGE);
	dirty_end(fx, &mem);
	return dirty_is(bits[0], 2, 0);
}

static bool seen_no_clear(struct fixture *fx)
{
	struct iommu_mem mem = dirty_begin(fx, 4 * PAGE);
	uint64_t bits[2];

	dirty_write(fx, 1, 64);
	dirty_read(fx, bits, 4 * PAGE);
	assert_int_equal(bits[0], 2);
	dirty_read(fx, bits, 4 * PAGE);
	dirty_end(fx, &mem);
	return dirty_is(bits[0], 0, 2);
}

static bool seen_shift(struct fixture *fx)
{
	struct iommu_mem mem = dirty_begin(fx, 4 * PAGE);
	uint64_t bits[2], last[2];

	dirty_write(fx, 1, 64);
	dirty_read(fx, bits, 4 * PAGE);
	/* behind the last page is nothing to be reported */
	dirty_write(fx, 3, 64);
	dirty_read(fx, last, 4 * PAGE);
	dirty_end(fx, &mem);
	assert_int_equal(dirty_is(last[0], 8, 0), bits[0] != 2);
	return dirty_is(bits[0], 2, 4);
}

static bool seen_straddle(struct fixture *fx)
{
	struct iommu_mem mem = dirty_begin(fx, 66 * PAGE);
	uint64_t bits[2];

	dirty_write(fx, 63, 2 * PAGE);
	dirty_read(fx, bits, 66 * PAGE);
	dirty_end(fx, &mem);
	assert_true(bits[0] == UINT64_C(1) << 63);
	return dirty_is(bits[1], 1, 0);
}

static bool seen_partial(struct fixture *fx)
{
	struct iommu_mem mem = dirty_begin(fx, MiB(2));
	uint64_t bits[9];

	dirty_write(fx, 5, 64);
	dirty_read(fx, bits, MiB(2));
	dirty_end(fx, &mem);
	assert_true(bits[8] == 0 && bits[7] == (bits[0] == 1 ? 0 : UINT64_MAX));
	return dirty_is(bits[0], UINT64_MAX, 1);
}

static bool seen_no_flush(struct fixture *fx)
{
	struct iommu_mem mem = dirty_begin(fx, 4 * PAGE);
	uint64_t bits[2];

	dirty_write(fx, 1, 64);
	dirty_read(fx, bits, 4 * PAGE);
	assert_int_equal(bits[0], 2);
	dirty_write(fx, 1, 64);
	dirty_read(fx, bits, 4 * PAGE);
	dirty_end(fx, &mem);
	return dirty_is(bits[0], 2, 0);
}

static void write_in_window(void *arg)
{
	dirty_write(arg, 1, 64);
}

static bool seen_early_flush(struct fixture *fx)
{
	struct iommu_mem mem = dirty_begin(fx, 4 * PAGE);
	uint64_t bits[2];

	dirty_write(fx, 1, 64);
	assert_int_equal(OPS.leaves->place(fx->iommu, DIRTY_READ_BEFORE_FLUSH, write_in_window, fx), 0);
	dirty_read(fx, bits, 4 * PAGE);
	assert_int_equal(bits[0], 2);
	dirty_write(fx, 1, 64);
	dirty_read(fx, bits, 4 * PAGE);
	dirty_end(fx, &mem);
	return dirty_is(bits[0], 2, 0);
}

static bool seen_stale_start(struct fixture *fx)
{
	struct dirty_at at = {.source = DIRTY_IOMMU, .iommu = fx->iommu};
	struct iommu_mem mem = dirty_begin(fx, 4 * PAGE);
	struct dirty_start start = {0};
	uint64_t bits[2];

	dirty_write(fx, 1, 64);
	assert_int_equal(OPS.dirty_iommu->start(&at, &start), 0);
	dirty_read(fx, bits, 4 * PAGE);
	dirty_end(fx, &mem);
	return dirty_is(bits[0], 0, 2);
}

static bool seen_read_marks(struct fixture *fx)
{
	struct iommu_mem mem = dirty_begin(fx, 4 * PAGE);
	uint64_t bits[2];

	assert_int_equal(fixture_dma(fx, SIM_DMA_READ, MiB(64) + PAGE, 0, 64), 0);
	dirty_read(fx, bits, 4 * PAGE);
	dirty_end(fx, &mem);
	return dirty_is(bits[0], 0, 2);
}

static const struct scenario scenarios[] = {
	{"stale-iotlb", seen_stale},
	{"psi-mask", seen_psi},
	{"unmap-skip-pte", seen_skip},
	{"early-unpin", seen_early},
	{"short-unmap", seen_short},
	{"ro-writable", seen_readonly},
	{"pin-leak", seen_leak},
	{"overlap-ok", seen_overlap},
	{"iova-reserved", seen_reserved},
	{"untranslated", seen_untranslated},
	{"stale-attach", seen_attach},
	{"dirty-lost-unmap", seen_lost_unmap},
	{"dirty-no-clear", seen_no_clear},
	{"dirty-shift", seen_shift},
	{"dirty-straddle", seen_straddle},
	{"dirty-huge-partial", seen_partial},
	{"dirty-no-flush", seen_no_flush},
	{"dirty-early-flush", seen_early_flush},
	{"dirty-stale-start", seen_stale_start},
	{"dirty-read-marks", seen_read_marks},
};

/* The helpers assert what only a sound unmap gives, so short-unmap runs by its own scenario alone. */
static void test_fires(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		struct fixture fx;
		char options[64];

		snprintf(options, sizeof(options), "personality=iommufd,fault=%s", scenarios[i].fault);
		fixture_open(&fx, options, 1);
		if (!scenarios[i].seen(&fx))
			fail_msg("%s was not seen", scenarios[i].fault);
		assert_true(fx.sim->faults.fault[i].fired > 0);
		fixture_close(&fx);
	}
}

static void test_silent(void **state)
{
	struct fixture fx;

	fixture_open(&fx, "personality=iommufd", 1);
	for (unsigned int round = 0; round < 3; round++)
		for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
			if (scenarios[i].seen(&fx))
				fail_msg("%s seen with faults off", scenarios[i].fault);
	for (size_t i = 0; i < SIM_FAULT_COUNT; i++)
		assert_int_equal(fx.sim->faults.fault[i].eligible, 0);
	assert_int_equal(fixture_tables(&fx), 1);
	fixture_close(&fx);
}

/* Some disturb the sequences of others: short counts, DMA elsewhere, addresses kept, other bits. */
static bool disturbs(size_t i, size_t k)
{
	return i == SIM_FAULT_SHORT_UNMAP || i == SIM_FAULT_UNTRANSLATED || i == SIM_FAULT_UNMAP_SKIP_PTE ||
	       i == SIM_FAULT_PIN_LEAK || i == SIM_FAULT_STALE_IOTLB || i == SIM_FAULT_DIRTY_SHIFT ||
	       i == SIM_FAULT_DIRTY_NO_CLEAR || i == SIM_FAULT_DIRTY_NO_FLUSH ||
	       (i == SIM_FAULT_DIRTY_STRADDLE && k == SIM_FAULT_DIRTY_HUGE_PARTIAL);
}

/* One fault does not bring on another. */
static void test_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(scenarios); k++) {
			struct fixture fx;
			char options[64];

			if (i == k || disturbs(i, k))
				continue;
			snprintf(options, sizeof(options), "personality=iommufd,fault=%s", scenarios[i].fault);
			fixture_open(&fx, options, 1);
			if (scenarios[k].seen(&fx) && !(i == SIM_FAULT_EARLY_UNPIN && k == SIM_FAULT_PIN_LEAK))
				fail_msg("%s shows as %s", scenarios[i].fault, scenarios[k].fault);
			fixture_close(&fx);
		}
	}
}

/* p and after: how often short-unmap fires in 2,000 unmaps, and the same for the same seed. */
static void test_probability(void **state)
{
	uint64_t hits[3] = {0}, first = 0;

	for (unsigned int run = 0; run < 3; run++) {
		struct fixture fx;

		fixture_open(&fx, run < 2 ? "fault=short-unmap:p=0.05" : "fault=short-unmap:p=0.05:after=1000", 42);
		for (uint64_t i = 0; i < 2000; i++) {
			bool hit = seen_short(&fx);

			hits[run] += hit;
			if (run == 2 && hit && !first)
				first = i;
		}
		fixture_close(&fx);
	}
	assert_true(hits[0] > 60 && hits[0] < 145); /* 100 expected, deviation 9.7 */
	assert_int_equal(hits[0], hits[1]);
	assert_true(first >= 1000);
	assert_true(hits[2] > 0 && hits[2] < hits[0]);
}

/* Each reserved, overlapping or read-only access that comes out right leaves one fault record at most. */
static void test_records(void **state)
{
	struct dma_fault fault[4];
	struct iommu_mem mem;
	struct fixture fx;
	unsigned int n, dropped;

	fixture_open(&fx, "", 1);
	mem = fixture_alloc(&fx, PAGE);
	assert_int_equal(fixture_map(&fx, mem.va, PAGE, IOVA, IOMMU_PROT_READ), 0);
	assert_int_equal(OPS.faults(fx.iommu, fault, 4, &n, &dropped), 0);
	assert_int_equal(n, 0);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_WRITE, 0, IOVA + 8, 64), -EFAULT);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, IOVA + PAGE, 0, 64), -EFAULT);
	assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, UINT64_C(1) << 50, 0, 64), -EFAULT);
	assert_int_equal(OPS.faults(fx.iommu, fault, 4, &n, &dropped), 0);
	assert_int_equal(n, 3);
	assert_int_equal(fault[0].iova, IOVA + 8);
	assert_true(fault[0].write && fault[0].iova_known && fault[0].access_known);
	assert_string_equal(fault[0].reason, "write not permitted");
	assert_string_equal(fault[0].source, "sim");
	assert_false(fault[1].write);
	assert_string_equal(fault[1].reason, "not present");
	assert_string_equal(fault[2].reason, "address beyond 48 bits");
	assert_int_equal(OPS.faults(fx.iommu, fault, 4, &n, &dropped), 0);
	assert_int_equal(n, 0);
	assert_int_equal(dropped, 0);
	/* The ring is bounded, and what it had no room for is told once. */
	for (unsigned int i = 0; i < SIM_RECORDS + 50; i++)
		assert_int_equal(fixture_dma(&fx, SIM_DMA_READ, GiB(9) + i * PAGE, 0, 8), -EFAULT);
	for (unsigned int total = 0;; total += n) {
		assert_int_equal(OPS.faults(fx.iommu, fault, 4, &n, &dropped), 0);
		assert_int_equal(dropped, total ? 0 : 50);
		if (!n) {
			assert_int_equal(total, SIM_RECORDS);
			break;
		}
		assert_int_equal(fault[0].iova, GiB(9) + total * PAGE);
	}
	OPS.mem_free(fx.iommu, &mem);
	fixture_close(&fx);
}

static void test_help(void **state)
{
	const struct iommu_help *help = iommu_sim_faults_help();

	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		assert_string_equal(help[i].name, scenarios[i].fault);
		assert_non_null(help[i].help);
	}
	/* of what a process may lock: tests/cli/stress-shrink.sh */
	assert_string_equal(help[ARRAY_SIZE(scenarios)].name, "no-memlock");
	/* then those of known bugs, each shown by a repro (tests/cli/repro.sh); those of migration are of the device's states: tests/cli/migration.sh */
	assert_string_equal(help[ARRAY_SIZE(scenarios) + 1].name, "last-page");
	for (size_t i = SIM_FAULT_MIG_ARC_ACCEPTED; help[i].name; i++)
		assert_memory_equal(help[i].name, "mig-", 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fires),	    cmocka_unit_test(test_silent),  cmocka_unit_test(test_alone),
		cmocka_unit_test(test_probability), cmocka_unit_test(test_records), cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests_name("sim_faults", tests, NULL, NULL);
}
