/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a benchmark maps and what: a place and memory for each thread, and none of it where it would be too much. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/num.h"
#include "core/bench/bench.h"
#include "core/session/priv.h"
#include "host/self.h"
#include "iommu/ledger.h"

/* How far apart two threads' places are: on large pages' borders, so that no page of a table has entries of both. */
static uint64_t place_stride(const struct bench_params *p, uint64_t align)
{
	return ALIGN_UP(p->cell.size, MAX(align, MiB(2)));
}

/* The hint has the nearest one below that is not 0. */
static int place_unaligned(const char *option, uint64_t value, uint64_t granule, struct fail *f)
{
	int err = fail_usage(f, EINVAL, "%s: 0x%" PRIx64 " is not one of the multiples of 0x%" PRIx64, option, value,
			     granule);

	fail_hint(f, "%s 0x%" PRIx64, option, MAX(ALIGN_DOWN(value, granule), granule));
	return err;
}

static int place_check(const struct session *s, const struct bench_params *p, unsigned int n, uint64_t *whole,
		       struct fail *f)
{
	if (p->cell.granule && (p->cell.granule & (s->granule - 1)))
		return place_unaligned("--granule", p->cell.granule, s->granule, f);
	if (p->where == OP_IOVA_ADDR && !p->unchecked && (p->iova & (s->granule - 1)))
		return place_unaligned("--iova", p->iova, s->granule, f);
	if (!num_mul(place_stride(p, MiB(2)), n, whole))
		return fail_usage(f, ERANGE, "%u threads with 0x%" PRIx64 " bytes each are too much", n, p->cell.size);
	return 0;
}

static int place_find(struct session *s, const struct bench_params *p, unsigned int n, iova_t *iova, struct fail *f)
{
	uint64_t align = MAX(MAX(s->granule, (uint64_t)4096), p->cell.page_size), whole = p->cell.size;

	if (p->where == OP_IOVA_RANDOM)
		align = MAX(align, p->cell.size >= MiB(2) || n > 1 ? MiB(2) : 0);
	if (n > 1)
		whole += (n - 1) * place_stride(p, align);
	if (p->where == OP_IOVA_ADDR) {
		*iova = p->iova;
		return p->unchecked ? 0 : session_check_map(s, p->iova, whole, f);
	}
	if (session_pick(s, session_space(s), p->op, whole, align, iova))
		return 0;
	return fail_set(f, ENOSPC, "no free iova for 0x%" PRIx64 " bytes", whole);
}

/* All of them before any memory is touched. */
static int place_choose(struct session *s, const struct bench_params *p, struct bench_place *places, unsigned int n,
			struct fail *f)
{
	uint64_t align = MAX(MAX(s->granule, (uint64_t)4096), p->cell.page_size);
	iova_t iova = 0;
	int err;

	if (p->where == OP_IOVA_KERNEL && !iommu_caps(session_iommu(s))->kernel_iova)
		return fail_set(f, EOPNOTSUPP, "backend %s cannot choose an iova itself", session_backend_name(s));
	err = p->where == OP_IOVA_KERNEL ? session_allow_choice(s, session_iommu(s), f) : place_find(s, p, n, &iova, f);
	for (unsigned int i = 0; i < n && !err; i++) {
		places[i].req.size = p->cell.size;
		places[i].req.kernel_iova = p->where == OP_IOVA_KERNEL;
		places[i].req.iova = iova + i * place_stride(p, align);
	}
	return err;
}

/* Huge pages come out of a pool that says itself when it is empty. The simulation's memory is taken when it is written to. */
static int place_afford(struct session *s, const struct bench_params *p, unsigned int n, struct fail *f)
{
	uint64_t bytes = p->cell.size * n;
	int err;

	if (session_is_simulated(s))
		return 0;
	err = self_memlock_raise(bytes, f);
	if (!err && p->cell.mem != IOMMU_MEM_HUGETLB_2M && p->cell.mem != IOMMU_MEM_HUGETLB_1G)
		err = self_memory_enough(&bench_host, bytes, f);
	return err;
}

int bench_places(struct session *s, const struct bench_params *p, struct bench_place *places, unsigned int n,
		 struct fail *f)
{
	uint64_t whole;
	int err = place_check(s, p, n, &whole, f);

	for (unsigned int i = 0; i < n; i++)
		places[i].mem = (struct iommu_mem){.fd = -1};
	if (!err)
		err = place_afford(s, p, n, f);
	if (!err)
		err = place_choose(s, p, places, n, f);
	for (unsigned int i = 0; i < n && !err; i++) {
		struct bench_place *place = &places[i];

		err = iommu_mem_alloc(session_iommu(s), p->cell.size, p->cell.mem, &place->mem, f);
		place->req.va = place->mem.va;
		place->req.file = place->mem.fd >= 0 ? &place->mem : NULL;
	}
	if (err)
		bench_places_free(s, places, n);
	return err;
}

void bench_places_free(struct session *s, struct bench_place *places, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (places[i].mem.va && session_is_quiet(s))
			iommu_mem_free(session_iommu(s), &places[i].mem);
		places[i].mem = (struct iommu_mem){.fd = -1};
	}
	bench_between_give();
}

#define BETWEEN_MAX MiB(2)
#define BETWEEN_STEP KiB(188) /* no divisor of it, so that the sizes are all different */

static struct {
	void *va;
	size_t size, next;
} place_between; /* one benchmark runs at a time */

void bench_between_give(void)
{
	if (place_between.va)
		munmap(place_between.va, place_between.size);
	place_between.va = NULL;
}

void bench_between_take(void)
{
	void *va;

	bench_between_give();
	place_between.next = (place_between.next + BETWEEN_STEP) % BETWEEN_MAX;
	place_between.size = MAX(place_between.next, KiB(4));
	va = mmap(NULL, place_between.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	place_between.va = va == MAP_FAILED ? NULL : va;
}

static int place_unused(struct session *s, const struct bench_place *place, struct fail *f)
{
	struct iova_range r = {place->req.iova, place->req.iova + (place->req.size - 1)};
	struct ledger_entry left;

	if (session_is_quiet(s) && !ledger_find(iommu_ledger(session_iommu(s)), r, &left))
		return 0;
	return fail_set(f, EBUSY, "the memory at iova 0x%" PRIx64 " is still in use", place->req.iova);
}

int bench_places_renew(struct session *s, struct bench_place *places, unsigned int n, struct fail *f)
{
	int err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = place_unused(s, &places[i], f);
	if (err)
		return err;
	bench_between_give();
	for (unsigned int i = 0; i < n; i++) {
		iommu_mem_free(session_iommu(s), &places[i].mem);
		places[i].mem.va = NULL;
	}
	bench_between_take();
	for (unsigned int i = 0; i < n && !err; i++) {
		struct iommu_mem *mem = &places[i].mem;

		err = iommu_mem_alloc(session_iommu(s), places[i].req.size, mem->kind, mem, f);
		places[i].req.va = mem->va;
		places[i].req.file = mem->fd >= 0 ? mem : NULL;
	}
	return err;
}

int bench_memory(struct session *s, const struct bench_params *p, struct iommu_map_req *req, struct iommu_mem *mem,
		 struct fail *f)
{
	struct bench_place place = {.req = *req};
	int err = bench_places(s, p, &place, 1, f);

	*mem = place.mem;
	*req = place.req;
	if (req->file)
		req->file = mem;
	return err;
}
