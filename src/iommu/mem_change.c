/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process may do to memory under its mappings: let go of it, move it, discard its contents, fork. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "iommu/backend.h"
#include "iommu/mem.h"

#define MEM_CHILDS_BYTE 0xc5 /* what a child writes to its copy */

static int mem_release(struct iommu_mem *mem)
{
	return munmap(mem->va, mem->size + mem->guard) ? -errno : 0;
}

/*
 * Addresses for @mem, the guard's too. The guard is not moved along: it is a mapping of its own, and mremap() takes one at a
 * time (mm/mremap.c of Linux before 6.17). @align: huge pages keep theirs.
 */
static char *mem_reserve(const struct iommu_mem *mem, uint64_t align)
{
	uint64_t len = mem->size + mem->guard, whole = len + align, head;
	char *va = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (va == MAP_FAILED)
		return NULL;
	head = ALIGN_UP((uintptr_t)va, align) - (uintptr_t)va;
	if (head)
		munmap(va, head);
	if (align - head)
		munmap(va + head + len, align - head);
	return va + head;
}

static int mem_move(struct iommu_mem *mem)
{
	char *to = mem_reserve(mem, mem_kind_align(mem->kind));
	int err;

	if (!to)
		return -ENOMEM;
	if (mremap(mem->va, mem->size, mem->size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
		err = -errno;
		munmap(to, mem->size + mem->guard);
		return err;
	}
	if (mem->guard)
		munmap((char *)mem->va + mem->size, mem->guard);
	mem->va = to;
	return 0;
}

static int mem_discard(struct iommu_mem *mem)
{
	if (mem->kind == IOMMU_MEM_HUGETLB_2M || mem->kind == IOMMU_MEM_HUGETLB_1G)
		return -EOPNOTSUPP;
	return madvise(mem->va, mem->size, mem->kind == IOMMU_MEM_MEMFD ? MADV_REMOVE : MADV_DONTNEED) ? -errno : 0;
}

int mem_change(struct iommu_mem *mem, enum mem_change how)
{
	switch (how) {
	case MEM_RELEASE:
		return mem_release(mem);
	case MEM_MOVE:
		return mem_move(mem);
	default:
		return mem_discard(mem);
	}
}

static int mem_do(struct iommu *iommu, struct iommu_mem *mem, enum mem_change how, const char *what, struct fail *f)
{
	int err = mem->released || iommu_mem_is_device(mem) ? -EINVAL : 0;

	if (!err && iommu->ops->mem_change)
		err = iommu->ops->mem_change(iommu, mem, how);
	else if (!err)
		err = mem_change(mem, how);
	if (!err)
		return 0;
	fail_set(f, err, "cannot %s 0x%llx bytes of %s memory", what, (unsigned long long)mem->size,
		 iommu_mem_is_device(mem) ? "a device's" : mem_kind_name(mem->kind));
	if (err == -EINVAL && how == MEM_MOVE && !mem->released && mem_kind_align(mem->kind) > 4096)
		fail_hint(f, "kernels before 5.16 do not move pages out of a pool");
	return err;
}

int iommu_mem_release(struct iommu *iommu, struct iommu_mem *mem, struct fail *f)
{
	int err = mem_do(iommu, mem, MEM_RELEASE, "let go of", f);

	mem->released |= !err;
	return err;
}

int iommu_mem_move(struct iommu *iommu, struct iommu_mem *mem, struct fail *f)
{
	return mem_do(iommu, mem, MEM_MOVE, "move", f);
}

int iommu_mem_discard(struct iommu *iommu, struct iommu_mem *mem, struct fail *f)
{
	int err = mem_do(iommu, mem, MEM_DISCARD, "discard", f);

	mem->discarded |= !err;
	return err;
}

/* A copy of a process with threads: what is called here takes no lock and allocates nothing. */
static _Noreturn void mem_child(struct iommu *iommu, const struct iommu_mem *mem, bool write)
{
	if (write && iommu->ops->mem_copy_in_child && iommu->ops->mem_copy_in_child(iommu, mem))
		_exit(1);
	if (write)
		memset(mem->va, MEM_CHILDS_BYTE, mem->size);
	_exit(0);
}

int iommu_mem_fork(struct iommu *iommu, const struct iommu_mem *mem, bool write, struct fail *f)
{
	int status, err = 0;
	pid_t child;

	if (mem->released || iommu_mem_is_device(mem))
		return fail_set(f, EINVAL, "there is no memory that a child could have a copy of");
	if (write && mem->kind == IOMMU_MEM_MEMFD)
		return fail_set(f, EINVAL, "memfd memory is one with a child's: what that writes is no copy");
	child = fork();
	if (child < 0)
		return fail_set(f, errno, "cannot fork");
	if (!child)
		mem_child(iommu, mem, write);
	while (waitpid(child, &status, 0) < 0 && !err)
		err = errno == EINTR ? 0 : -errno;
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status)))
		err = -ECHILD;
	return err ? fail_set(f, err, "the child that was to write to its copy did not end as it should") : 0;
}
