/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dirty bitmap of the user's while the simulated IOMMU reports into it: runs of pages in, bits out, none beside the range. */
#ifndef IC_IOMMU_SIM_BITS_H
#define IC_IOMMU_SIM_BITS_H

#include "base/util.h"
#include "iommu/dirty.h"
#include "iommu/sim/fault.h"

struct sim_bits {
	unsigned char *data; /* of any alignment */
	struct iova_range range;
	unsigned int shift; /* one bit stands for 2^shift bytes */
	struct sim_faults *faults;
	uint64_t first, end; /* bits that were reported and not written yet; none where they are equal */
};

/* @req is known to be sound: a page size that is a power of two, a range that does not wrap, room for its bits. */
static inline void sim_bits_init(struct sim_bits *bits, const struct dirty_read *req, struct sim_faults *faults)
{
	*bits = (struct sim_bits){
		.data = req->bits,
		.range = {req->iova, req->iova + (req->length - 1)},
		.shift = (unsigned int)__builtin_ctzll(req->page_size),
		.faults = faults,
	};
}

/* Can the bitmap be written, where it begins and where it ends? The kernel answers EFAULT to one that cannot, and this process would die of it. */
bool sim_bits_writable(const struct dirty_read *req);

/* Write what was gathered. */
void sim_bits_finish(struct sim_bits *bits);

/* The pages of start..last, as far as they lie in the range, are dirty. Neighbours become one run. */
static inline void sim_bits_add(struct sim_bits *bits, uint64_t start, uint64_t last)
{
	uint64_t first, end;

	start = MAX(start, bits->range.start);
	last = MIN(last, bits->range.last);
	if (start > last)
		return;
	first = (start - bits->range.start) >> bits->shift;
	end = ((last - bits->range.start) >> bits->shift) + 1;
	if (first < bits->first || first > bits->end) {
		sim_bits_finish(bits);
		bits->first = first;
	}
	bits->end = MAX(bits->end, end);
}

#endif
