/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty tracking of the mock device: iommufd's, with bits that a test command sets in place of a device's writes. */
#include <errno.h>

#include "iommu/mock.h"

static int mock_dirty_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *why)
{
	int err = iommufd_dirty_caps(at, out, why);

	if (err && to_mock(at->iommu)->device_flags & IC_MOCK_DEVICE_NO_DIRTY) {
		err = fail_set(why, EOPNOTSUPP, "the mock device was made without dirty tracking");
		fail_hint(why, "leave the option no-dirty of backend mock out");
	}
	out->marks = !err;
	return err;
}

/* iommufd_test_dirty() takes whole bytes of @bits and sets the dirty bit of each entry that translates a marked page. */
static int mock_dirty_mark(const struct dirty_at *at, iova_t iova, uint64_t length, uint64_t page_size,
			   const void *bits, uint64_t *marked)
{
	struct ic_mock_cmd cmd = {
		.id = at->table,
		.dirty = {.iova = iova, .length = length, .page_size = page_size, .uptr = (uintptr_t)bits},
	};
	int err = mock_cmd(to_mock(at->iommu), IC_MOCK_OP_DIRTY, &cmd);

	*marked = err ? 0 : cmd.dirty.out_nr_dirty;
	return err;
}

const struct dirty_ops mock_dirty_ops = {
	.caps = mock_dirty_caps,
	.start = iommufd_dirty_start,
	.stop = iommufd_dirty_stop,
	.read = iommufd_dirty_read,
	.mark = mock_dirty_mark,
};
