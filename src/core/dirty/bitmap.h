/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dirty bitmap with what it is of: memory that costs nothing where no bit is set, or a file's own pages, which are mapped and
 * never copied. 4 TiB by 4 KiB are 128 MiB of bits.
 */
#ifndef IC_CORE_DIRTY_BITMAP_H
#define IC_CORE_DIRTY_BITMAP_H

#include "base/bitmap.h"
#include "base/fail.h"
#include "iommu/dirty.h"
#include "out/report.h"

struct dirty_bitmap {
	enum dirty_source source;
	bool simulated;	   /* the source is the simulated IOMMU's */
	bool marked;	   /* the bits were marked, no device wrote */
	bool over_reports; /* not a measurement: the source reports every page */
	bool cleared;	   /* the read cleared what it found */
	iova_t iova;
	uint64_t length, page_size; /* bytes; page_size is a power of two, length a multiple of it */
	uint64_t bits;		    /* length / page_size */
	uint64_t time_ns;	    /* CLOCK_REALTIME when it was read; 0 = unknown */
	uint64_t since_ns; /* how long it had gathered: since start or the last read that cleared; 0 = unknown */
	char kernel[64], backend[16], device[40]; /* a UUID in full */
	const uint64_t *words;
	/* private */
	void *base;
	uint64_t mapped;
	struct dirty_map *map; /* a file's */
};

/*
 * Bytes behind the last bit of what a source writes to. Where a large page of the table goes on behind the range a kernel may write up to
 * two pages of memory past it (struct dirty_read); this is as much again.
 */
#define DIRTY_SLACK (4 * 4096u)

/* All clear. -ENOMEM, -EINVAL (page size no power of two, length no multiple), -EOVERFLOW. Free with dirty_bitmap_free(). */
int dirty_bitmap_new(struct dirty_bitmap *out, enum dirty_source source, iova_t iova, uint64_t length,
		     uint64_t page_size, struct fail *f);
/* Where a source may write to: only of dirty_bitmap_new(). */
uint64_t *dirty_bitmap_bits(struct dirty_bitmap *b);
/* NULL and twice are fine. */
void dirty_bitmap_free(struct dirty_bitmap *b);

/* One line on what the bits are worth: "marked, not DMA", "every mapped page: not a measurement", or NULL. */
const char *dirty_bitmap_caveat(const struct dirty_bitmap *b);

#define DIRTY_RANGES_SHOWN 64
#define DIRTY_RANGES_MAX 1048576u
/* The runs of dirty pages of one bitmap: the keys of the list, of how many there are, and of whether the list lacks some. */
struct dirty_ranges {
	const char *key, *total, *cut;
	const char *line,
		*rest; /* what people's lines begin with: each of the first ranges, and how many more there are */
	uint64_t most; /* that the list takes */
};
/*
 * Programs get the first @most, people DIRTY_RANGES_SHOWN and how many more there are; whatever the bits are, it takes about the time of
 * reading them. How many the list has. Ends early on session_signal.
 */
uint64_t dirty_ranges_report(struct report *r, const struct dirty_bitmap *b, const struct dirty_ranges *how);
/*
 * Keys source, iova, length, page_size, dirty_pages, ranges: [{iova, length}] with ranges_total and ranges_cut, and the caveat. @most and
 * what it returns are dirty_ranges_report()'s.
 */
uint64_t dirty_bitmap_report(struct report *r, const struct dirty_bitmap *b, uint64_t most);

/*
 * What else there is to say of it: pages, share (0 to 1), backend, device, taken_on (its kernel), time, since_s, simulated, marked,
 * over_reports, cleared, and gib: [{iova, pages, dirty, share, pages_s}], a row for each GiB of IOVA (or page, where those are larger) that has
 * dirty pages. Rates only where it is known how long it had gathered.
 */
void dirty_bitmap_describe(struct report *r, const struct dirty_bitmap *b);

/* Two of them side by side. A page that one of them does not cover is clean there. */
struct dirty_diff {
	iova_t iova;
	uint64_t length; /* what both cover; not all of both where part is set */
	bool part;
	uint64_t both;			    /* pages */
	uint64_t outside_a, outside_b;	    /* dirty pages that the other does not cover; of only_a, of only_b */
	struct dirty_bitmap only_a, only_b; /* of all that a covers, and b */
};
/*
 * -EINVAL with f->usage where they cannot be compared: page sizes that differ, pages that do not lie at the same places, no common page.
 * -ENOMEM. -EINTR on session_signal. *out is to be freed.
 */
int dirty_diff(const struct dirty_bitmap *a, const struct dirty_bitmap *b, struct dirty_diff *out, struct fail *f);
void dirty_diff_free(struct dirty_diff *d);

/*
 * Files: a header of 256 bytes (iommuctl-bitmap(5)) and the raw words, little-endian; pages of zeros are holes where the file system
 * has them. Written beside @path and renamed: whole or absent. 0 or -errno with @f; -EINVAL where @path is something else than a file.
 */
int dirty_file_write(const struct dirty_bitmap *b, const char *path, struct fail *f);
/* Whether that may succeed, for who has bits in hand that cannot be read again. */
int dirty_file_check_path(const char *path, struct fail *f);
/*
 * Mapped read-only. -EILSEQ foreign (no bitmap of ours), -EUCLEAN corrupt (checksum, contradictions), -ENODATA truncated, -EPROTO a newer
 * version, -EINVAL no regular file, -EINTR on session_signal, others as open() answers; @f names the file and what is wrong with it.
 */
int dirty_file_open(struct dirty_bitmap *out, const char *path, struct fail *f);
/*
 * A file that is cut, or whose disk fails, while it is mapped reads as zeros from there on: -ENODATA, and what was made of it is void. To be
 * asked after the bits were used. 0 for what is in memory. That somebody writes into the file is not seen.
 */
int dirty_file_check_whole(const struct dirty_bitmap *b, const char *path, struct fail *f);

#endif
