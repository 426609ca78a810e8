/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu/mem: every kind of host memory is zeroed, writable, resident and given back, and shortage says how much. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/util.h"
#include "iommu/mem.h"

static void check_kind(enum iommu_mem_kind kind, uint64_t size, uint64_t want)
{
	unsigned char resident[600];
	struct iommu_mem mem;
	int fd;

	assert_int_equal(mem_alloc(size, kind, &mem, NULL), 0);
	assert_int_equal(mem.size, want);
	assert_true(want / 4096 <= sizeof(resident));
	assert_int_equal(mincore(mem.va, mem.size, resident), 0);
	for (uint64_t i = 0; i < want / 4096; i++)
		assert_true(resident[i] & 1);
	for (uint64_t i = 0; i < want; i++)
		assert_int_equal(((char *)mem.va)[i], 0);
	memset(mem.va, 0x5a, mem.size);
	fd = mem.fd;
	assert_int_equal(fd >= 0, kind == IOMMU_MEM_MEMFD);
	mem_free(&mem);
	assert_null(mem.va);
	assert_int_equal(mem.fd, -1);
	if (fd >= 0)
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	mem_free(&mem); /* once more does nothing */
}

static void test_kinds(void **state)
{
	check_kind(IOMMU_MEM_ANON, 1, 4096);
	check_kind(IOMMU_MEM_ANON, 20480, 20480);
	check_kind(IOMMU_MEM_MEMFD, 8191, 8192);
}

static void test_thp(void **state)
{
	struct iommu_mem mem;

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		skip();
	assert_int_equal(mem_alloc(MiB(2) + 4096, IOMMU_MEM_THP, &mem, NULL), 0);
	assert_int_equal(mem.size, MiB(2) + 4096);
	assert_int_equal((uintptr_t)mem.va % MiB(2), 0);
	memset(mem.va, 1, mem.size);
	mem_free(&mem);
}

/* Can the kernel read there on our behalf, as pinning would? */
static bool readable(int to, const void *at)
{
	return write(to, at, 1) == 1;
}

/* What is there can be used to its end; behind it nobody reads, and giving it back gives all of it back. */
static void test_guarded(void **state)
{
	static const enum iommu_mem_kind kinds[] = {IOMMU_MEM_ANON, IOMMU_MEM_MEMFD};
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct iommu_mem mem;
		char *end;

		assert_int_equal(mem_alloc_guarded(MiB(4), kinds[i], &mem, NULL), 0);
		assert_int_equal(mem.size, MiB(4));
		memset(mem.va, 0x5a, mem.size);
		end = (char *)mem.va + mem.size;
		assert_true(readable(pipes[1], end - 1));
		assert_false(readable(pipes[1], end));
		assert_int_equal(errno, EFAULT);
		assert_false(readable(pipes[1], end + 4095));
		mem_free(&mem);
		/* a hole now: it can be mapped anew without taking anything away */
		assert_ptr_equal(mmap(end, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
				 end);
		munmap(end, 4096);
	}
	assert_int_equal(mem_alloc_guarded(0, IOMMU_MEM_ANON, &(struct iommu_mem){0}, NULL), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
}

/* Two addresses, the same bytes; the end stays out of reach at both, and each can go alone. */
static void test_again(void **state)
{
	struct iommu_mem mem;
	char *second, *first;
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(mem_alloc_guarded(8192, IOMMU_MEM_MEMFD, &mem, NULL), 0);
	first = mem.va;
	assert_int_equal(mem_map_again(&mem, (void **)&second), 0);
	assert_ptr_not_equal(second, first);
	first[5000] = 7;
	assert_int_equal(second[5000], 7);
	assert_false(readable(pipes[1], second + 8192));
	mem_unmap_again(&mem, first);
	assert_false(readable(pipes[1], first));
	assert_int_equal(second[5000], 7);
	mem.va = second;
	mem_free(&mem);
	assert_false(readable(pipes[1], second));
	close(pipes[0]);
	close(pipes[1]);
}

static void test_refusals(void **state)
{
	struct fail f = {0};
	struct iommu_mem mem;

	assert_int_equal(mem_alloc(0, IOMMU_MEM_ANON, &mem, &f), -EINVAL);
	assert_string_equal(f.text, "cannot allocate 0 bytes of anon memory");
	assert_int_equal(mem_alloc(UINT64_MAX, IOMMU_MEM_ANON, &mem, &f), -EOVERFLOW);
	assert_int_equal(mem_alloc(UINT64_C(1) << 50, IOMMU_MEM_ANON, &mem, &f), -ENOMEM);
	assert_null(mem.va);
	mem_free(&mem);
	/* more 1G pages than any machine that runs this has reserved */
	assert_int_equal(mem_alloc(TiB(64), IOMMU_MEM_HUGETLB_1G, &mem, &f), -ENOMEM);
	assert_non_null(strstr(f.text, "0x400000000000 bytes of hugetlb-1G"));
	assert_true(strstr(f.hint, "65536 pages are needed") || strstr(f.hint, "has no 1G pages"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds), cmocka_unit_test(test_thp),      cmocka_unit_test(test_guarded),
		cmocka_unit_test(test_again), cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
