/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forgetting and renewing the addresses of mapped memory, with the ledger kept true beside. */
#include "iommu/vaddr.h"

#include <errno.h>

#include "iommu/backend.h"
#include "iommu/ledger.h"
#include "iommu/mem.h"

/* Type1 v1 takes what starts in the range, v2 what lies in it; nothing of @r bisects a mapping once the kernel has agreed. */
static void vaddr_mark(struct iommu *iommu, struct iova_range r)
{
	struct iova_range rest = r;
	struct ledger_entry e;

	while (ledger_find(iommu->ledger, rest, &e) && e.range.start >= r.start) {
		e.forgotten = true;
		ledger_replace(iommu->ledger, &e);
		if (e.range.last >= r.last)
			break;
		rest.start = e.range.last + 1;
	}
}

int iommu_vaddr_forget(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes, struct fail *f)
{
	struct iova_range r = {iova, all ? UINT64_MAX : iova + (size - 1)};
	uint64_t done = 0;
	int err = iommu->ops->vaddr_forget ? iommu->ops->vaddr_forget(iommu, iova, size, all, &done) : -EOPNOTSUPP;

	if (bytes)
		*bytes = done;
	if (!err && r.last >= r.start)
		vaddr_mark(iommu, r);
	if (!err)
		return 0;
	if (all)
		fail_set(f, err, "cannot have the addresses of all mappings forgotten");
	else
		fail_set(f, err, "cannot have the address of 0x%llx bytes at iova 0x%llx forgotten",
			 (unsigned long long)size, (unsigned long long)iova);
	if (err == -EINVAL && iommu_vaddr_is_forgotten(iommu))
		fail_hint(f, "an address that is forgotten already cannot be forgotten again: renew it first");
	else if (err == -EBUSY)
		fail_hint(f, "a mediated device in the container needs the addresses");
	return err;
}

int iommu_vaddr_renew(struct iommu *iommu, void *va, iova_t iova, uint64_t size, struct fail *f)
{
	struct ledger_entry e;
	bool found;
	int err = iommu->ops->vaddr_renew ? iommu->ops->vaddr_renew(iommu, va, iova, size) : -EOPNOTSUPP;

	found = ledger_find(iommu->ledger, (struct iova_range){iova, iova}, &e);
	if (!err) {
		if (found) {
			e.va = va;
			e.forgotten = false;
			ledger_replace(iommu->ledger, &e);
		}
		return 0;
	}
	fail_set(f, err, "cannot renew the address of 0x%llx bytes at iova 0x%llx", (unsigned long long)size,
		 (unsigned long long)iova);
	if (err == -EINVAL && found && !e.forgotten)
		fail_hint(f, "the kernel was not told to forget it: `vaddr forget` comes first");
	else if (err == -EINVAL && found)
		fail_hint(f, "it takes exactly one mapping, here 0x%llx-0x%llx", (unsigned long long)e.range.start,
			  (unsigned long long)e.range.last);
	else if (err == -ENOENT)
		fail_hint(f, "nothing is mapped there");
	return err;
}

static int vaddr_entry_is_forgotten(const struct ledger_entry *e, void *arg)
{
	(void)arg;
	return e->forgotten;
}

bool iommu_vaddr_is_forgotten(const struct iommu *iommu)
{
	return ledger_each(iommu->ledger, vaddr_entry_is_forgotten, NULL) != 0;
}

int iommu_mem_elsewhere(struct iommu *iommu, const struct iommu_mem *mem, void **va, struct fail *f)
{
	int err = iommu->ops->mem_alloc || mem->kind != IOMMU_MEM_MEMFD ? -EOPNOTSUPP : mem_map_again(mem, va);

	return err ? fail_set(f, err, "cannot map the memory at a second address") : 0;
}

void iommu_mem_settle(struct iommu_mem *mem, void *va, bool moved)
{
	void *old = mem->va;

	if (moved)
		mem->va = va;
	mem_unmap_again(mem, moved ? old : va);
}
