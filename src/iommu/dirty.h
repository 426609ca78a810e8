/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dirty tracking: which pages a device has written to. Three sources say so, and what each can do is data. Every verb answers 0 or
 * -errno exactly as the kernel did, -EOPNOTSUPP where nobody is there to ask; bad input is passed on, because what the kernel says to
 * it is a test. @f may be NULL.
 *
 *   iommu   the page tables' own dirty bits: IOMMU_HWPT_SET_DIRTY_TRACKING, IOMMU_HWPT_GET_DIRTY_BITMAP (drivers/iommu/iommufd)
 *   type1   the container's: VFIO_IOMMU_DIRTY_PAGES, VFIO_IOMMU_UNMAP_DMA (drivers/vfio/vfio_iommu_type1.c)
 *   device  the device's own log: VFIO_DEVICE_FEATURE_DMA_LOGGING_{START,STOP,REPORT} (drivers/vfio/vfio_main.c)
 */
#ifndef IC_IOMMU_DIRTY_H
#define IC_IOMMU_DIRTY_H

#include "base/fail.h"
#include "iommu/types.h"

struct iommu;
struct iommu_device;

enum dirty_source { DIRTY_IOMMU, DIRTY_TYPE1, DIRTY_DEVICE, DIRTY_SOURCES };
/* "iommu", "type1", "device" */
const char *dirty_source_name(enum dirty_source source);

struct dirty_caps {
	uint64_t page_sizes; /* that one bit may stand for: bit n = 2^n bytes */
	bool can_keep;	     /* reading may leave the bits as they are */
	bool unmaps;	     /* one call reads and unmaps */
	/* Every page that is mapped is reported, whatever was written: nothing was measured (vfio_iommu_type1.c, update_user_bitmap()). */
	bool over_reports;
	bool whole_mappings; /* a range must not cut a mapping */
	/* A range may have holes: their bits stay clear. False: what lies behind the first hole may be left out, without an error. */
	bool allows_holes;
	/* A range that begins inside of a large entry may lose its bit, told or not: Linux, generic_pt/iommu_pt.h record_dirty(). */
	bool loses_cut;
	bool outlasts;	     /* bits stay when what they are of is unmapped: to unmap first and then read loses none */
	bool needs_table;    /* lives in a page table of its own that was made for it (struct iommu_hwpt_req.dirty) */
	unsigned int ranges; /* how many ranges start takes, 0 = none: everything is tracked */
	uint64_t max_bitmap; /* bytes of the largest bitmap, 0 = no limit is known */
	bool marks;	     /* no device writes: iommu_dirty_mark() sets the bits (the kernel's mock device) */
	bool leaves;	     /* iommu_leaf_size(), iommu_leaf_split(), iommu_leaf_merge() */
	bool windows;	     /* iommu_dirty_place() */
};

/* Whom to ask. @idev: for source device, and for whether there is a source. @table: of needs_table, else 0. */
struct dirty_at {
	enum dirty_source source;
	struct iommu *iommu;
	struct iommu_device *idev;
	uint32_t table;
};

/* Is the source there, and what can it do? -EOPNOTSUPP with the reason: which bit, option or ioctl is missing. */
int iommu_dirty_caps(const struct dirty_at *at, struct dirty_caps *out, struct fail *f);

struct dirty_start {
	const struct iova_range *ranges; /* caps.ranges */
	unsigned int nr;
	uint64_t page_size; /* in: wanted; out: what the device tracks by. Source device only */
	uint32_t flags;	    /* further bits for the ioctl's flags, as they are */
};
/* From now on writes are noted; bits from before are gone. */
int iommu_dirty_start(const struct dirty_at *at, struct dirty_start *req, struct fail *f);
int iommu_dirty_stop(const struct dirty_at *at, struct fail *f);

struct dirty_read {
	iova_t iova;
	uint64_t length, page_size;
	/*
	 * Of any alignment. Sources iommu and device add bits and take none away; type1 writes whole 64-bit words of each mapping
	 * over what was there. Where a large page of the table ends behind the range, a kernel may write past the bitmap, up to
	 * two pages of memory further (iova_bitmap_set()); where it begins before the range its bit may be lost.
	 */
	void *bits;
	uint64_t bytes; /* that @bits has; too few for the range: -ENOBUFS from source iommu and device */
	bool keep;	/* caps.can_keep */
	bool started;	/* by the caller, who knows: for the words of a failure only */
	uint32_t flags; /* further bits for the ioctl's flags, as they are */
};
/* Bit n of req->bits: page iova + n * page_size was written since the last read that cleared, or since the start. */
int iommu_dirty_read(const struct dirty_at *at, const struct dirty_read *req, struct fail *f);
/* The same, and the range is unmapped, in one call: caps.unmaps. The ledger is kept. *unmapped: as iommu_unmap(). */
int iommu_dirty_unmap(const struct dirty_at *at, const struct dirty_read *req, uint64_t *unmapped, struct fail *f);

/* caps.marks: set the dirty bits of the pages of @page_size whose bit in @bits is set. *marked = how many (may be NULL). */
int iommu_dirty_mark(const struct dirty_at *at, iova_t iova, uint64_t length, uint64_t page_size, const void *bits,
		     uint64_t *marked, struct fail *f);

/* caps.leaves: the size of the page table entry that translates @iova. -ENOENT: nothing is mapped there. */
int iommu_leaf_size(struct iommu *iommu, iova_t iova, uint64_t *size);
/* Entries in the range that are larger become entries of @size, in place and while DMA goes on; each inherits the dirty bit. */
int iommu_leaf_split(struct iommu *iommu, struct iova_range range, uint64_t size, struct fail *f);
/* The reverse, where entries of a whole larger one lie side by side in memory; it is dirty when any of them was. */
int iommu_leaf_merge(struct iommu *iommu, struct iova_range range, uint64_t size, struct fail *f);

/* caps.windows: points in time inside of reading and unmapping at which something can be made to happen. */
enum dirty_window {
	DIRTY_READ_BEFORE_FLUSH,  /* bits were read and cleared, the IOTLB still has the translations */
	DIRTY_READ_AFTER_FLUSH,	  /* the IOTLB was flushed, the call has not returned */
	DIRTY_UNMAP_BEFORE_CLEAR, /* the range is about to be unmapped; in one call with reading: nothing was read yet */
	DIRTY_UNMAP_BEFORE_FLUSH, /* the entries are gone (their bits were read, if that was asked), the IOTLB still has them */
	DIRTY_UNMAP_AFTER_FLUSH, /* the IOTLB was flushed, the pages are still pinned */
	DIRTY_WINDOWS,
};
const char *dirty_window_name(enum dirty_window window);
/* @fn is called the next time the window is open, once, by the thread that reads or unmaps. It may issue DMA and wait for it. NULL: never mind. */
int iommu_dirty_place(struct iommu *iommu, enum dirty_window window, void (*fn)(void *arg), void *arg);

#endif
