/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host memory for DMA: normal, transparent huge, reserved huge and memfd pages, zeroed and resident. */
#include "iommu/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE /* Linux 5.14, include/uapi/asm-generic/mman-common.h */
#define MADV_POPULATE_WRITE 23
#endif
#define MEM_POPULATE_MAX MiB(1)
#define MEM_HUGE_SHIFT 26 /* MAP_HUGE_SHIFT */

struct mem_kind {
	uint64_t page;	 /* size is rounded up to this and the address aligned to it */
	int flags;	 /* for mmap */
	int advice;	 /* for madvise */
	const char *dir; /* below /sys/kernel/mm/hugepages */
};

static const struct mem_kind mem_kinds[] = {
	[IOMMU_MEM_ANON] = {4096, MAP_PRIVATE | MAP_ANONYMOUS, MADV_NOHUGEPAGE, NULL},
	[IOMMU_MEM_THP] = {MiB(2), MAP_PRIVATE | MAP_ANONYMOUS, MADV_HUGEPAGE, NULL},
	[IOMMU_MEM_HUGETLB_2M] = {MiB(2), MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 21 << MEM_HUGE_SHIFT, MADV_NORMAL,
				  "hugepages-2048kB"},
	[IOMMU_MEM_HUGETLB_1G] = {GiB(1), MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30 << MEM_HUGE_SHIFT, MADV_NORMAL,
				  "hugepages-1048576kB"},
	[IOMMU_MEM_MEMFD] = {4096, MAP_SHARED, MADV_NORMAL, NULL},
};

const char *const mem_kind_names[] = {
	[IOMMU_MEM_ANON] = "anon",
	[IOMMU_MEM_THP] = "thp",
	[IOMMU_MEM_HUGETLB_2M] = "hugetlb-2M",
	[IOMMU_MEM_HUGETLB_1G] = "hugetlb-1G",
	[IOMMU_MEM_MEMFD] = "memfd",
	NULL,
};

const char *mem_kind_name(enum iommu_mem_kind kind)
{
	return mem_kind_names[kind];
}

uint64_t mem_kind_align(enum iommu_mem_kind kind)
{
	return mem_kinds[kind].page;
}

static long mem_hugepages(const char *dir, const char *file)
{
	char path[128];
	long n = -1;
	FILE *in;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/%s", dir, file);
	in = fopen(path, "re");
	if (!in)
		return -1;
	if (fscanf(in, "%ld", &n) != 1)
		n = -1;
	fclose(in);
	return n;
}

static void mem_hint_huge(enum iommu_mem_kind kind, uint64_t size, struct fail *f)
{
	const struct mem_kind *k = &mem_kinds[kind];
	long total = mem_hugepages(k->dir, "nr_hugepages"), unused = mem_hugepages(k->dir, "free_hugepages");
	uint64_t need = size / k->page;

	if (total < 0) {
		fail_hint(f, "this kernel or processor has no %s pages: use --mem anon or thp",
			  mem_kind_name(kind) + strlen("hugetlb-"));
		return;
	}
	fail_hint(f,
		  "%llu pages are needed, %ld of %ld reserved are free: echo %llu > "
		  "/sys/kernel/mm/hugepages/%s/nr_hugepages",
		  (unsigned long long)need, unused, total, (unsigned long long)(total - unused + need), k->dir);
}

/* Fault every page in for writing: pinning then finds it, and shortage is an error here instead of a SIGBUS later. */
static int mem_touch(void *va, uint64_t size, uint64_t page)
{
	if (madvise(va, size, MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	for (uint64_t off = 0; off < size; off += MIN(page, 4096))
		((volatile char *)va)[off] = 0;
	return 0;
}

/* Map with the start aligned to the kind's page, so that huge pages can be used from the first byte. */
static void *mem_map(const struct mem_kind *k, uint64_t size, int fd, bool touch)
{
	bool align = k->advice == MADV_HUGEPAGE;
	uint64_t len = align ? size + k->page : size, head;
	int populate = touch && size < MEM_POPULATE_MAX && !k->dir && !align && fd < 0 ? MAP_POPULATE : 0;
	char *va = mmap(NULL, len, PROT_READ | PROT_WRITE, k->flags | populate, fd, 0);

	if (va == MAP_FAILED || !align)
		return va;
	head = ALIGN_UP((uintptr_t)va, k->page) - (uintptr_t)va;
	if (head)
		munmap(va, head);
	if (k->page - head)
		munmap(va + head + size, k->page - head);
	return va + head;
}

static int mem_back(const struct mem_kind *k, struct iommu_mem *out, bool touch)
{
	int err;

	if (out->kind == IOMMU_MEM_MEMFD) {
		out->fd = memfd_create("iommuctl", MFD_CLOEXEC);
		if (out->fd < 0)
			return -errno;
		if (ftruncate(out->fd, (off_t)out->size))
			return -errno;
	}
	out->va = mem_map(k, out->size, out->fd, touch);
	if (out->va == MAP_FAILED) {
		err = -errno;
		out->va = NULL;
		return err;
	}
	/* EINVAL: a kernel without transparent huge pages, where anon is what it should be and thp is refused */
	/* memory that no huge page fits into needs no advice against them, and can be faulted in by the same call */
	if (out->kind == IOMMU_MEM_ANON && out->size < MEM_POPULATE_MAX)
		return 0;
	if (k->advice != MADV_NORMAL && madvise(out->va, out->size, k->advice) && out->kind == IOMMU_MEM_THP)
		return -errno;
	return mem_touch(out->va, out->size, k->page);
}

static int mem_get(uint64_t size, enum iommu_mem_kind kind, bool touch, struct iommu_mem *out, struct fail *f)
{
	const struct mem_kind *k = &mem_kinds[kind];
	int err;

	*out = (struct iommu_mem){.kind = kind, .fd = -1};
	if (size == 0)
		return fail_set(f, EINVAL, "cannot allocate 0 bytes of %s memory", mem_kind_name(kind));
	if (size > (uint64_t)INT64_MAX - 2 * k->page)
		return fail_set(f, EOVERFLOW, "cannot allocate 0x%llx bytes of %s memory", (unsigned long long)size,
				mem_kind_name(kind));
	out->size = ALIGN_UP(size, k->page == MiB(2) && !k->dir ? 4096 : k->page);
	err = mem_back(k, out, touch);
	if (err) {
		fail_set(f, err, "cannot allocate 0x%llx bytes of %s memory", (unsigned long long)size,
			 mem_kind_name(kind));
		if (k->dir)
			mem_hint_huge(kind, out->size, f);
		else if (kind == IOMMU_MEM_THP && err == -EINVAL)
			fail_hint(f, "this kernel has no transparent huge pages: use --mem anon or hugetlb-2M");
		mem_free(out);
	}
	return err;
}

int mem_alloc(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f)
{
	return mem_get(size, kind, true, out, f);
}

int mem_alloc_untouched(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f)
{
	return mem_get(size, kind, false, out, f);
}

int mem_alloc_guarded(uint64_t size, enum iommu_mem_kind kind, struct iommu_mem *out, struct fail *f)
{
	const struct mem_kind *k = &mem_kinds[kind];
	uint64_t guard = k->dir ? k->page : 4096;
	int err = size ? mem_alloc(size + guard, kind, out, f) : mem_alloc(size, kind, out, f);

	if (err)
		return err;
	/* part of the same allocation, so that nothing else can ever come to lie there */
	if (mprotect((char *)out->va + out->size - guard, guard, PROT_NONE)) {
		err = fail_set(f, errno, "cannot guard the end of 0x%llx bytes of %s memory", (unsigned long long)size,
			       mem_kind_name(kind));
		mem_free(out);
		return err;
	}
	out->size -= guard;
	out->guard = guard;
	return 0;
}

int mem_map_again(const struct iommu_mem *mem, void **va)
{
	uint64_t len = mem->size + mem->guard;

	*va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, mem->fd, 0);
	if (*va == MAP_FAILED)
		return -errno;
	if (mem->guard && mprotect((char *)*va + mem->size, mem->guard, PROT_NONE)) {
		int err = -errno;

		munmap(*va, len);
		return err;
	}
	return 0;
}

void mem_unmap_again(const struct iommu_mem *mem, void *va)
{
	munmap(va, mem->size + mem->guard);
}

void mem_free(struct iommu_mem *mem)
{
	if (mem->va && !mem->released)
		munmap(mem->va, mem->size + mem->guard);
	if (mem->fd >= 0)
		close(mem->fd);
	mem->va = NULL;
	mem->fd = -1;
}
