/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to core/bench: the plain loops that reading dirty bits is held against. */
#ifndef IC_CORE_BENCH_DIRTY_H
#define IC_CORE_BENCH_DIRTY_H

#include "core/bench/bench.h"

/*
 * With a kernel behind the source its bare ioctl. In the simulation, which has none, what it cannot do without: as many page-table entries as
 * it has looked at one by one (source iommu), words of the device's log taken (device), the bitmap written (type1, which reports everything).
 */
enum bench_dirty_kind { BENCH_DIRTY_IOCTL, BENCH_DIRTY_ENTRIES, BENCH_DIRTY_WORDS, BENCH_DIRTY_SET };

struct bench_dirty_plain {
	enum bench_dirty_kind kind;
	_Atomic uint64_t *memory; /* entries or words */
	uint64_t nr, bytes;	  /* of them; what they take */
	uint64_t leaf, page_size; /* an entry's, a bit's */
};

/* Once everything is mapped as @req says. bench_dirty_plain_end() also after an error. -ENOMEM. */
int bench_dirty_plain_begin(struct bench_dirty_plain *plain, struct session *s, const struct dirty_at *at,
			    const struct iommu_map_req *req, uint64_t page_size, struct fail *f);
void bench_dirty_plain_end(struct bench_dirty_plain *plain);
/* What the pages of @want being written leaves in the plain loop's own memory. */
void bench_dirty_plain_mark(struct bench_dirty_plain *plain, const uint64_t *want, uint64_t pages);
/* Read and clear. 0 or -errno as the kernel answers. */
int bench_dirty_plain_read(struct bench_dirty_plain *plain, const struct dirty_at *at, const struct dirty_read *req);
/* "plain-ioctl", "plain-entries", "plain-words", "memset" */
const char *bench_dirty_plain_name(const struct bench_dirty_plain *plain);
/* In words. */
const char *bench_dirty_plain_text(const struct bench_dirty_plain *plain);

#endif
