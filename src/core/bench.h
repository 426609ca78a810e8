/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Benchmarks: how fast a session's backend does one thing, over and over. Each is one entry of a table; it fills rows, and
 * knows nothing of options and reports.
 */
#ifndef IC_CORE_BENCH_H
#define IC_CORE_BENCH_H

#include "core/hist.h"
#include "core/op.h"
#include "core/op_dirty.h"
#include "core/session.h"

#define BENCH_ROWS_MAX 12
#define BENCH_LOOPS_MAX 1000000000ull

struct bench_params;
/*
 * Memory for a benchmark, and where it goes, both as @p says, filled into @req to be mapped. Large places are on a large page's border, so that
 * the same seed compares like with like. Give it back with iommu_mem_free(). -EOPNOTSUPP, -ENOSPC, -EINVAL, -ERANGE, -ENOMEM.
 */
int bench_memory(struct session *s, const struct bench_params *p, struct iommu_map_req *req, struct iommu_mem *mem,
		 struct fail *f);

struct bench_params {
	uint64_t loops, warmup;
	uint64_t size;
	enum op_iova where; /* ADDR, RANDOM or KERNEL */
	iova_t iova;	    /* OP_IOVA_ADDR */
	enum iommu_mem_kind mem;
	uint64_t op; /* numbers the random choices */
	bool unchecked;
	struct op_dirty dirty;	/* `dirty`: whose bits */
	uint64_t page_size;	/* `dirty`: 0 = the smallest there is */
	const char *reference;	/* what the rate is held against, or NULL */
	double reference_value; /* its rate */
};

/* One figure. With percentiles it is the mean of times. */
struct bench_row {
	const char *name, *unit;
	double value;
	bool has_percentiles;
	double p50, p99, p999;
	const char *reference; /* NULL: nothing to hold it against */
	double reference_value;
};

struct bench_result {
	struct bench_row rows[BENCH_ROWS_MAX];
	unsigned int nr_rows;
	uint64_t loops;	    /* that were measured; fewer than asked for after a signal */
	double clock_ns;    /* what looking at the clock twice costs; taken off every time */
	iova_t iova;	    /* where it mapped; of the last loop where the kernel chose */
	uint64_t wrong;	    /* unmaps that reported another count than was mapped */
	uint64_t wrong_got; /* the first one's */
	uint64_t missed;    /* reads of dirty bits without pages that were written */
	char note[160];	    /* what one should know of the figures, or "" */
	bool pins_counted;
	int64_t pins_left; /* pages pinned beyond what is mapped, afterwards */
};

struct bench {
	const char *name, *summary;
	/* where the user gives none; @max_size is the largest that makes sense */
	uint64_t loops, warmup, size, max_size;
	bool tracks; /* --source and --page-size mean something */
	bool maps;   /* it maps and unmaps: the counts of unmapped bytes and of pinned pages are checks of their own */
	/*
	 * Runs it. -EINVAL, -ERANGE: the address or size does not fit this session (usage); -EOPNOTSUPP;
	 * other -errno as the kernel answers. A signal ends it early with 0 and what was measured so far.
	 */
	int (*run)(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f);
};

/* All of them, ended by NULL. */
extern const struct bench *const benches[];
const struct bench *bench_find(const char *name);

/* The cost of two looks at the clock, in ns: the median of many. */
double bench_clock_cost(void);
/* Rows: times of a histogram (ns, less @clock_ns each), and a rate of @n things in @ns. NULL: no row is left. */
struct bench_row *bench_times(struct bench_result *r, const char *name, const struct hist *h);
struct bench_row *bench_rate(struct bench_result *r, const char *name, const char *unit, uint64_t n, uint64_t ns);
struct bench_row *bench_ratio(struct bench_result *r, const char *name, const char *unit, double value);

extern const struct bench bench_map, bench_dirty, bench_bitmap;

#endif
