/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs on address spaces: further ones, what they take, copies between them, options. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "iommu/ledger.h"
#include "iommu/objects_priv.h"

typedef unsigned long long ull;

int iommu_space_new(struct iommu *of, struct iommu **out, struct fail *f)
{
	struct iommu *root = objects_root(of), *space = NULL;
	int err;

	*out = NULL;
	if (!objects_has(root, space_new))
		return objects_unsupported(root, "further address spaces", f);
	err = objects_reserve(root, f);
	if (err)
		return err;
	err = root->ops->objects->space_new(root, &space);
	if (err)
		return fail_set(f, err, "cannot make another address space");
	space->ops = root->ops;
	space->parent = root;
	space->host = root->host;
	space->seed = root->seed;
	space->personality = root->personality;
	if (!space->caps.page_sizes)
		space->caps = root->caps;
	err = ledger_new(&space->ledger);
	if (err) {
		iommu_close(space);
		return fail_set(f, err, "cannot make another address space");
	}
	objects_add(root, IOMMU_OBJECT_IOAS, iommu_space_id(space), 0)->is.space = space;
	*out = space;
	return 0;
}

uint32_t iommu_space_id(const struct iommu *iommu)
{
	return objects_has(iommu, space_id) ? iommu->ops->objects->space_id(iommu) : 0;
}

int iommu_space_refresh(struct iommu *iommu, struct fail *f)
{
	int err = objects_has(iommu, space_refresh) ? iommu->ops->objects->space_refresh(iommu) : 0;

	return err ? fail_set(f, err, "cannot ask what address space %u takes", iommu_space_id(iommu)) : 0;
}

int iommu_space_allow(struct iommu *iommu, const struct iova_range *ranges, unsigned int n, struct fail *f)
{
	int err;

	if (!objects_has(iommu, space_allow))
		return objects_unsupported(iommu, "way to narrow an address space", f);
	err = iommu->ops->objects->space_allow(iommu, ranges, n);
	if (!err)
		return 0;
	fail_set(f, err, "cannot narrow address space %u to %u ranges", iommu_space_id(iommu), n);
	return objects_explain(OBJECTS_ALLOW, err, f);
}

/* What is next of a copy, as far as one mapping of the source goes: the kernel makes a mapping of each. Returns its bytes. */
static uint64_t space_copy_piece(const struct iommu_copy_req *req, uint64_t done, struct ledger_entry *entry)
{
	uint64_t from = req->src_iova + done, left = req->size - done;
	struct ledger_entry src = {.range = {from, from + (left - 1)}};

	if (ledger_find(req->src->ledger, (struct iova_range){from, from}, &src))
		left = MIN(left, src.range.last - from + 1);
	*entry = (struct ledger_entry){.range = {req->iova + done, req->iova + done + (left - 1)},
				       .prot = req->prot,
				       .owner = req->owner,
				       .named = req->named};
	if (src.va)
		entry->va = (char *)src.va + (from - src.range.start);
	snprintf(entry->tag, sizeof(entry->tag), "%s", req->tag ? req->tag : src.tag);
	return left;
}

/* The kernel shares the pages; the addresses are those of the source's memory. */
static int space_copy_note(struct iommu *dst, const struct iommu_copy_req *req)
{
	struct ledger_entry entry;
	int err = 0;

	for (uint64_t done = 0; done < req->size && err != -ENOMEM;) {
		done += space_copy_piece(req, done, &entry);
		err = ledger_add(dst->ledger, &entry);
	}
	if (err == -ENOMEM)
		ledger_remove(dst->ledger, (struct iova_range){req->iova, req->iova + (req->size - 1)});
	return err == -ENOMEM ? err : 0;
}

int iommu_space_copy(struct iommu *dst, struct iommu_copy_req *req, struct fail *f)
{
	uint64_t unmapped;
	int err;

	if (!objects_has(dst, space_copy))
		return objects_unsupported(dst, "copies between address spaces", f);
	err = dst->ops->objects->space_copy(dst, req);
	if (err) {
		fail_set(f, err, "cannot copy 0x%llx bytes from iova 0x%llx of address space %u to %u", (ull)req->size,
			 (ull)req->src_iova, iommu_space_id(req->src), iommu_space_id(dst));
		return objects_explain(OBJECTS_COPY, err, f);
	}
	/* the kernel takes no empty or wrapping range; should one do so, there is no range to note down */
	if (req->size == 0 || req->iova + (req->size - 1) < req->iova || !space_copy_note(dst, req))
		return 0;
	dst->ops->unmap(dst, req->iova, req->size, &unmapped);
	return fail_set(f, ENOMEM, "cannot note down the copy at iova 0x%llx", (ull)req->iova);
}

static const char *space_option_name(enum iommu_option option)
{
	return option == IOMMU_OPTION_HUGE_PAGES ? "huge-pages" : "rlimit-mode";
}

int iommu_option_get(struct iommu *iommu, enum iommu_option option, uint64_t *value, struct fail *f)
{
	int err;

	if (!objects_has(iommu, option))
		return objects_unsupported(iommu, "options", f);
	err = iommu->ops->objects->option(iommu, option, false, value);
	return err ? fail_set(f, err, "cannot read option %s", space_option_name(option)) : 0;
}

int iommu_option_set(struct iommu *iommu, enum iommu_option option, uint64_t value, struct fail *f)
{
	int err;

	if (!objects_has(iommu, option))
		return objects_unsupported(iommu, "options", f);
	err = iommu->ops->objects->option(iommu, option, true, &value);
	/* without large pages nothing smaller than the processor's can be mapped: iopt_calculate_iova_alignment() */
	if (!err && option == IOMMU_OPTION_HUGE_PAGES && objects_has(iommu, space_refresh))
		err = iommu->ops->objects->space_refresh(iommu);
	if (!err)
		return 0;
	fail_set(f, err, "cannot set option %s to %llu", space_option_name(option), (ull)value);
	return objects_explain(option == IOMMU_OPTION_HUGE_PAGES ? OBJECTS_HUGE : OBJECTS_RLIMIT, err, f);
}

int iommu_change_process(struct iommu *iommu, struct fail *f)
{
	int err;

	if (!objects_has(iommu, change_process))
		return objects_unsupported(iommu, "accounting to move", f);
	err = iommu->ops->objects->change_process(iommu);
	if (!err)
		return 0;
	fail_set(f, err, "cannot take over the accounting of the mappings");
	return objects_explain(OBJECTS_PROCESS, err, f);
}
