/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unmap and map by two threads at once, each with its own failure, and what became of both. */
#include "core/op/beside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/together.h"
#include "core/session/priv.h"
#include "iommu/iommu.h"
#include "iommu/ledger.h"

int op_beside_start(struct session *s, struct op_beside *b, struct iova_range unmapped, bool unchecked, struct fail *f)
{
	struct iova_range page = {b->iova, b->iova + (SESSION_PAGE - 1)};

	if (!IS_ALIGNED(b->iova, SESSION_PAGE))
		return fail_usage(f, EINVAL, "--beside 0x%" PRIx64 " is not a multiple of 4K", b->iova);
	if (!unchecked && iova_range_overlaps(page, unmapped))
		return fail_usage(f, EINVAL, "--beside 0x%" PRIx64 " lies in what is unmapped", b->iova);
	if (!unchecked && session_check_map(s, b->iova, SESSION_PAGE, f))
		return f->err ? -f->err : -ERANGE;
	return iommu_mem_alloc(s->iommu, SESSION_PAGE, IOMMU_MEM_ANON, &b->page, f);
}

void op_beside_end(struct session *s, struct op_beside *b)
{
	/* the device reaches it still: it is given back by nobody */
	if (b->stays)
		return;
	if (s->quarantines)
		quarantine_add(&s->quarantine, s->iommu, &b->page);
	else
		iommu_mem_free(s->iommu, &b->page);
}

struct beside_calls {
	struct iommu *space;
	struct iova_range unmapped;
	struct iommu_map_req map;
	uint64_t bytes;
	struct fail fail[2];
	int err[2];
};

static void beside_call(void *ctx, unsigned int i)
{
	struct beside_calls *c = ctx;

	c->err[i] = i ? iommu_map(c->space, &c->map, &c->fail[i])
		      : iommu_unmap(c->space, c->unmapped.start, c->unmapped.last - c->unmapped.start + 1, &c->bytes,
				    &c->fail[i]);
}

int op_beside_unmap(void *ctx, struct iommu *space, iova_t iova, uint64_t size, uint64_t *bytes, struct fail *f)
{
	struct op_beside *b = ctx;
	/* the device may read it: whatever goes wrong, nothing is written there */
	struct beside_calls c = {.space = space,
				 .unmapped = {iova, iova + (size - 1)},
				 .map = {.va = b->page.va,
					 .size = SESSION_PAGE,
					 .iova = b->iova,
					 .prot = IOMMU_PROT_READ,
					 .tag = "beside"}};
	struct iova_range page = {b->iova, b->iova + (SESSION_PAGE - 1)};
	struct ledger_entry entry;
	int err = together(2, beside_call, &c);

	*bytes = c.bytes;
	if (err)
		return fail_set(f, err, "cannot have a thread that maps");
	b->done = true;
	b->err = c.err[1];
	if (!b->err) {
		b->err = iommu_unmap(space, b->iova, SESSION_PAGE, &b->bytes, &c.fail[1]);
		b->stays = b->err && ledger_find(iommu_ledger(space), page, &entry);
	}
	b->fail = c.fail[1];
	if (c.err[0] && f)
		*f = c.fail[0];
	return c.err[0];
}
