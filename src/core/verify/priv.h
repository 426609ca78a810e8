/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cases of `dirty verify` have in common: areas of memory, writes into them, and the truth about those. */
#ifndef IC_CORE_VERIFY_PRIV_H
#define IC_CORE_VERIFY_PRIV_H

#include "core/verify/verify.h"
#include "iommu/iommu.h"

struct verify;

/* One case. Its table is in verify.c; one file has several. */
struct verify_case {
	const char *name, *title; /* "page-straddling", "a write over a page border sets both bits" */
	enum verify_danger danger;
	bool beyond; /* asks for more than the interface promises: --beyond */
	bool answers; /* judged by what a call answers more than by bits: also worth something where every page is reported */
	/* Can it be done here? False: *why says what is missing, and the case is skipped. NULL: always. */
	bool (*can)(struct verify *v, const char **why);
	/*
	 * Once per round, tracking is off and nothing of verify's is mapped. 0: done, what was found is noted (verify_hold(), verify_fail()). -errno: the
	 * machine did not do its part and @f says what; the case is an error. Whatever it mapped or started is undone by the caller.
	 */
	int (*run)(struct verify *v, struct fail *f);
};

/* Memory of ours, mapped in one piece, and which of its smallest pages were written since the last read that cleared. */
struct verify_area {
	struct iommu_mem mem;
	iova_t iova;
	uint64_t size; /* of IOVA: more than mem.size where the same memory is mapped again and again */
	uint64_t
		leaf; /* largest entry that may translate it: one write dirties all of that; v->unit where they are small */
	uint64_t *truth;	/* a bit per v->unit */
	struct verify_log *log; /* what was written, for the evidence */
	bool unmapped;		/* by the case itself, without verify_unmap(): only its memory is left to free */
	struct verify_area *next;
};

struct verify {
	struct session *s;
	const struct verify_params *p;
	struct verify_result *res;
	struct verify_outcome *now; /* of the running case */
	const struct verify_case *c;
	struct dirty_at at;
	struct dirty_caps caps;
	uint64_t unit;	   /* bytes of the smallest page one bit may stand for */
	uint64_t log_page; /* source device: by what it logs, once it was started */
	uint64_t round;
	uint64_t draws; /* so far in this case and round: the place of the next */
	bool on;	/* tracking was started by verify_start() */
	struct verify_area *areas;
	uint64_t read_ns, read_bytes; /* of reads that clear, over the smallest entries */
	struct verify_area *desk;     /* what the device copies from and reads into, NULL: none yet; area.c's */
	bool small_pages;	      /* large entries are off, by verify_small_pages() */
	bool large_again;	      /* they were on before that, and are again at the end of the case */
	uint64_t since_canary;	      /* transfers, of all threads */
	uint64_t case_writes;	      /* of this case and round */
};

/* A random number for this round and case, below @n (0: all 64 bits). Same seed and arguments, same numbers. From one thread. */
uint64_t verify_draw(struct verify *v, uint64_t n);

/* Bytes of the smallest page table entry whose dirtiness a bit can tell. */
uint64_t verify_small(const struct verify *v);
/* From now on what is mapped is mapped in entries of the smallest size, until the case ends. -EOPNOTSUPP, -EINVAL: too late for that. */
int verify_small_pages(struct verify *v, struct fail *f);
/* What a device that copies needs is mapped; done by verify_start() and verify_write(). */
int verify_desk(struct verify *v, struct fail *f);

struct verify_want {
	uint64_t size;	/* bytes, a multiple of v->unit and of the IOMMU's granule */
	uint64_t align; /* of the IOVA; 0 = the granule */
	uint64_t off;	/* and so far past that alignment */
	uint64_t
		leaf; /* leaves of at most this many bytes; 0 = the smallest. -EOPNOTSUPP where they cannot be had so large or small */
	enum iommu_prot prot; /* 0 = both */
	const iova_t *iova;   /* exactly there; NULL = picked */
	bool named;	      /* the session's own verbs may unmap it too */
	bool whole;	      /* by one call, and in what entries the IOMMU likes: one write may dirty all of it */
	uint64_t memory; /* so many bytes of memory, mapped again and again to fill the size; 0 = as many as that */
};
/* Memory, a free IOVA by session_pick(), mapped. It is unmapped and freed at the end of the case, or by verify_unmap(). */
int verify_map(struct verify *v, const struct verify_want *want, struct verify_area **out, struct fail *f);
int verify_unmap(struct verify *v, struct verify_area *area, struct fail *f);
/* At the end: what could not be unmapped, or may still be written to, stays mapped and allocated; only the notes about it go. */
void verify_forget_areas(struct verify *v);

/* As op_dirty_start() for all areas, and the truth begins anew. */
int verify_start(struct verify *v, struct fail *f);
int verify_stop(struct verify *v, struct fail *f);

/* The device writes @len bytes at @off (or, with caps.marks, the pages of that are marked); noted in the truth unless @quietly. */
int verify_write(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f);
int verify_write_quietly(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f);
/* The device reads there: no bit may come of it. With caps.marks, and where the device only writes, nothing happens. */
int verify_peek(struct verify *v, struct verify_area *area, uint64_t off, uint64_t len, struct fail *f);

/*
 * The write alone, from any thread, on a queue of the device's below verify_queues(): over when this returns, noted in no truth, counted
 * in res->writes. With caps.marks the pages are marked. *status: 0, or what the device itself said (-EFAULT: it was refused); NULL: that is
 * an error of its own.
 */
int verify_dma(struct verify *v, unsigned int queue, iova_t iova, uint64_t len, int *status, struct fail *f);
unsigned int verify_queues(const struct verify *v);

/* The canary of the safety rules, now: before and after what issues DMA by threads of its own. Nothing with caps.marks. As session_canary(). */
int verify_canary(struct verify *v, struct fail *f);

struct verify_query {
	struct verify_area *area;
	uint64_t off, length; /* 0, 0 = all of it */
	uint64_t page_size;   /* 0 = v->unit */
	bool keep;
	unsigned int skew; /* the bitmap begins so many bytes past a page's start: 1, 8, 2048 ... */
	const char *what;  /* for the evidence: "the second read", may be NULL */
};
/*
 * Read, and hold the answer against the truth: a written page without a bit is missing; a bit without a written page in its leaf is spurious; a
 * bit outside of the bitmap's range, before or behind it in memory, fails the case. Unless @keep, the truth of the range is cleared.
 */
int verify_hold(struct verify *v, const struct verify_query *q, struct fail *f);
/* The read alone, into @bits, which is bitmap_words() large; -errno as the kernel answered, @f untouched. */
int verify_read(struct verify *v, const struct verify_query *q, uint64_t *bits);
/* The judgement alone: @bits hold what was seen, @truth (or area->truth) what must be; for cases that gather over several reads. */
void verify_judge(struct verify *v, const struct verify_query *q, const uint64_t *bits, const uint64_t *truth);

/* One page, for cases that judge for themselves; @fmt is its evidence. Spurious ones fail the case where p->strict. One thread at a time. */
void verify_missing(struct verify *v, iova_t iova, uint64_t page_size, const char *fmt, ...) IC_PRINTF(4, 5);
void verify_spurious(struct verify *v, iova_t iova, uint64_t page_size, const char *fmt, ...) IC_PRINTF(4, 5);

/* The running case fails for this reason (the first is kept). */
void verify_fail(struct verify *v, const char *fmt, ...) IC_PRINTF(2, 3);
/* It could not be judged: of the machine, not of the source. */
void verify_error(struct verify *v, const char *fmt, ...) IC_PRINTF(2, 3);
/* It passes, and this should be known. */
void verify_note(struct verify *v, const char *fmt, ...) IC_PRINTF(2, 3);
/* It turns out, half way, that it cannot be done here. Returns 0, for `return verify_skip(...)`. */
int verify_skip(struct verify *v, const char *fmt, ...) IC_PRINTF(2, 3);

/* The tables of each file, ended by a NULL name. */
extern const struct verify_case verify_pattern_cases[], verify_range_cases[], verify_leaf_cases[], verify_state_cases[],
	verify_remap_cases[], verify_unmap_cases[], verify_race_cases[], verify_lie_cases[], verify_beyond_cases[];

#endif
