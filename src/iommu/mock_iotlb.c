/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IOTLB that the mock notes down for nested page tables (iommufd_test_md_check_iotlb()): four entries that hold what the
 * table was made with. Maps and unmaps in the parent leave them alone; HWPT_INVALIDATE makes the ones it names 0, no others.
 */
#include <errno.h>

#include "iommu/mock.h"

#define MOCK_IOTLB_VALUE 0x1c0711bu
#define MOCK_IOTLB_EVERY 16u /* unmaps between two invalidations */

static int mock_iotlb_new(struct mock *mock, uint32_t dev)
{
	struct ic_mock_hwpt data = {.iotlb = MOCK_IOTLB_VALUE};
	struct iommu_hwpt_req req = {
		.parent = mock->parent, .data_type = IC_MOCK_HWPT_DATA, .data = &data, .data_len = sizeof(data)};
	int err = iommufd_hwpt_new_of(&mock->ctx, dev, &req, &mock->iotlb.hwpt);

	for (unsigned int i = 0; i < IC_MOCK_IOTLB_ENTRIES; i++)
		mock->iotlb.value[i] = MOCK_IOTLB_VALUE;
	return err;
}

void mock_iotlb_close(struct mock *mock)
{
	if (mock->iotlb.hwpt)
		iommufd_destroy(&mock->ctx.iommu, mock->iotlb.hwpt);
	mock->iotlb.hwpt = 0;
}

/* A kernel before 6.7 has none. */
void mock_iotlb_open(struct mock *mock, uint32_t dev)
{
	mock->iotlb.dev = dev;
	mock_iotlb_new(mock, dev);
}

static int mock_iotlb_compare(const struct mock *mock, const char *when, struct fail *f)
{
	for (unsigned int i = 0; i < IC_MOCK_IOTLB_ENTRIES; i++) {
		struct ic_mock_cmd cmd = {.id = mock->iotlb.hwpt};
		int err;

		cmd.check_iotlb.entry = i;
		cmd.check_iotlb.value = mock->iotlb.value[i];
		err = mock_cmd(mock, IC_MOCK_OP_CHECK_IOTLB, &cmd);
		if (err == -EINVAL)
			return fail_set(f, EILSEQ,
					"entry %u of the IOTLB of nested page table %u does not hold 0x%x %s", i,
					mock->iotlb.hwpt, mock->iotlb.value[i], when);
		if (err)
			return fail_set(f, err, "cannot ask what the IOTLB of nested page table %u holds",
					mock->iotlb.hwpt);
	}
	return 0;
}

/* One entry after the other, then all at once of a new table. */
static int mock_iotlb_invalidate(struct mock *mock, struct fail *f)
{
	struct mock_iotlb *tlb = &mock->iotlb;
	bool all = tlb->turn == IC_MOCK_IOTLB_ENTRIES;
	struct ic_mock_invalidate inv = {all ? IC_MOCK_INVALIDATE_ALL : 0, all ? 0 : tlb->turn};
	uint32_t done = 0;
	int err = 0;

	if (all || !tlb->turn) {
		mock_iotlb_close(mock);
		err = mock_iotlb_new(mock, tlb->dev);
	}
	if (!err)
		err = iommufd_hwpt_invalidate(&mock->ctx.iommu, tlb->hwpt, IC_MOCK_INVALIDATE_DATA, &inv, sizeof(inv),
					      1, &done);
	if (err)
		return fail_set(f, err, "cannot invalidate the IOTLB of a nested page table");
	if (done != 1)
		return fail_set(f, EILSEQ, "an invalidation of 1 entry handled %u", done);
	for (unsigned int i = 0; i < IC_MOCK_IOTLB_ENTRIES; i++)
		if (all || i == tlb->turn)
			tlb->value[i] = 0;
	tlb->turn = all ? 0 : tlb->turn + 1;
	return mock_iotlb_compare(mock, "after an invalidation", f);
}

int mock_iotlb_check(struct mock *mock, bool unmapped, struct fail *f)
{
	int err;

	if (!mock->iotlb.hwpt)
		return 0;
	err = mock_iotlb_compare(mock, unmapped ? "after an unmap in its parent" : "after a map in its parent", f);
	if (!err && unmapped && ++mock->iotlb.unmaps % MOCK_IOTLB_EVERY == 0)
		err = mock_iotlb_invalidate(mock, f);
	if (err == -EILSEQ) {
		/* told once: what comes is held against a new table */
		mock->iotlb.turn = 0;
		mock_iotlb_close(mock);
		mock_iotlb_new(mock, mock->iotlb.dev);
	}
	return err;
}
