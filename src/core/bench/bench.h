/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Benchmarks: how fast a session's backend does one thing, over and over. Each is one entry of a table; it fills rows, and
 * knows nothing of options and reports.
 */
#ifndef IC_CORE_BENCH_H
#define IC_CORE_BENCH_H

#include "core/bench/measure.h"
#include "core/failure.h"
#include "core/op/dirty.h"
#include "core/op/op.h"
#include "core/session/session.h"

#define BENCH_LOOPS_MAX 1000000000ull
#define BENCH_LIST_MAX 32

/* One combination of what may differ from figure to figure. */
struct bench_cell {
	uint64_t size;	    /* bytes of a mapping, a transfer, a pattern, or of the memory that is tracked */
	uint64_t granule;   /* bytes of one map call; 0: all of @size in one */
	uint64_t page_size; /* what a dirty bit stands for; 0: the smallest there is */
	enum iommu_mem_kind mem;
	unsigned int threads;
	unsigned int depth; /* requests in one submission to the device; 0: one, and then as many as it takes */
};

struct bench_params {
	struct bench_until until;
	struct bench_cell cell; /* the one that is measured now */
	enum op_iova where;	/* ADDR, RANDOM or KERNEL */
	iova_t iova;		/* OP_IOVA_ADDR */
	uint64_t op;		/* numbers the random choices */
	bool unchecked;
	const char *turn;	/* of several: goes before the progress line; or NULL */
	struct op_dirty dirty;	/* `dirty`: whose bits */
	const char *reference;	/* what a rate is held against instead of the built-in loop, or NULL */
	double reference_value; /* its rate */
	/* what is combined; sizes change fastest, threads last. Empty: the benchmark's own */
	uint64_t sizes[BENCH_LIST_MAX], granules[BENCH_LIST_MAX], page_sizes[BENCH_LIST_MAX];
	enum iommu_mem_kind mems[BENCH_LIST_MAX];
	unsigned int threads[BENCH_LIST_MAX], depths[BENCH_LIST_MAX];
	unsigned int nr_sizes, nr_granules, nr_page_sizes, nr_mems, nr_threads, nr_depths;
};

/* One figure. */
struct bench_row {
	const char *name, *unit; /* static, unique together with the cell */
	struct bench_cell cell;
	double value; /* the median of rounds: of a rate, and of "ns" the mean of a round's times; in one round that itself */
	bool has_percentiles; /* of times in ns */
	double p50, p90, p99, p999, max;
	const char *reference; /* NULL: nothing to hold it against */
	double reference_value;
	double ratio; /* over 1 is better than the reference: the median over rounds where both were measured in turns */
	double interval; /* half of the value's 95 % interval, as a part of it; 0: not known */
	double ratio_interval;
	uint64_t count;	     /* times measured */
	unsigned int rounds; /* in so many rounds; 0: in one */
	bool tight;	     /* the interval is as tight as was asked for */
	double *samples;     /* the value of each round */
	double *plain;	     /* and that of the plain loop in it; NULL: there is none, or the reference is the user's */
	double *by_turn;     /* pooled: the value of each turn */
	unsigned int turns;
	/* of a run over several backends, else NULL; somebody else's */
	const char *backend, *device;
	const struct bench_against *against; /* how it stands beside the first one's */
	struct hist *times;		     /* with percentiles */
};

struct bench_result {
	struct bench_row *rows;
	unsigned int nr_rows, room;
	uint64_t loops;	 /* that were measured, of the figure with most of them; fewer than asked for after a signal */
	double clock_ns; /* what looking at the clock twice costs; taken off every time */
	iova_t iova;	 /* where it mapped; of the last loop where the kernel chose */
	uint64_t wrong;	 /* unmaps that reported another count than was mapped */
	uint64_t wrong_size, wrong_got; /* the first one's */
	uint64_t missed;		/* reads of dirty bits without pages that were written */
	uint64_t again;			/* times that was read a second time, with nothing written since the first */
	uint64_t spurious;		/* pages that were reported then */
	iova_t spurious_at;		/* the first one */
	uint64_t checked;		/* bytes that DMA moved, and that were looked at */
	struct failures found;		/* in them, and what the device and its canary said */
	unsigned int fresh,
		remade; /* figures whose memory was changed between rounds, and those of them that had other memory for each round */
	char note[160]; /* what one should know of the figures, or "" */
	bool pins_counted;
	int64_t pins_left; /* pages pinned beyond what is mapped, afterwards */
};

/* What may be combined; what is not in @varies is refused. */
enum bench_vary {
	BENCH_SIZE = 1,
	BENCH_GRANULE = 2,
	BENCH_PAGE_SIZE = 4,
	BENCH_MEM = 8,
	BENCH_THREADS = 16,
	BENCH_IOVA = 32, /* --iova means something */
	BENCH_SOURCE = 64,
	BENCH_DEPTH = 128,
};

struct bench {
	const char *name, *summary;
	unsigned int varies;	     /* of enum bench_vary */
	const uint64_t *sizes;	     /* where the user gives none, ended by 0 */
	uint64_t min_size, max_size; /* that make sense; multiples of min_size */
	uint64_t loops, warmup;	     /* where the user gives none; BENCH_AUTO: until it is tight */
	bool no_backend;	     /* no backend of the user's choice has a part in it */
	bool maps; /* it maps and unmaps: the counts of unmapped bytes and of pinned pages are checks of their own */
	/*
	 * Measures @p->cell and adds rows to *out. -EINVAL, -ERANGE: the address or size does not fit this session (usage);
	 * -EOPNOTSUPP; other -errno as the kernel answers. A signal ends it early with 0 and what was measured so far.
	 */
	int (*run)(struct session *s, const struct bench_params *p, struct bench_result *out, struct fail *f);
};

/* The machine that is measured: this one, whatever --sysroot says. */
extern const struct host bench_host;
/* All of them, ended by NULL. */
extern const struct bench *const benches[];
const struct bench *bench_find(const char *name);

/* All combinations, sizes fastest. -errno of the one that could not be measured; what was measured before it is in *out. */
int bench_run(const struct bench *b, struct session *s, const struct bench_params *p, struct bench_result *out,
	      struct fail *f);
void bench_result_free(struct bench_result *r);
/*
 * What a benchmark that ended with @err and @f answers: that the IOMMU does not translate (a canary's -EREMOTEIO) becomes a failure at @iova, and with
 * failures found it is 0, since what went wrong is told as what it is.
 */
int bench_verdict(struct bench_result *out, int err, iova_t iova, uint64_t length, const struct fail *f);

/* @n unmaps (0: none) reported another count than the @size that was mapped, the first of them @got. What came first is kept. */
void bench_add_wrong(struct bench_result *r, uint64_t n, uint64_t size, uint64_t got);

/*
 * Memory for a benchmark, and where it goes, both as @p says, filled into @req to be mapped. Large places are on a large page's border, so that
 * the same seed compares like with like. Give it back with iommu_mem_free(). -EOPNOTSUPP, -ENOSPC, -EINVAL, -ERANGE, -ENOMEM.
 */
int bench_memory(struct session *s, const struct bench_params *p, struct iommu_map_req *req, struct iommu_mem *mem,
		 struct fail *f);

/*
 * The same for @n threads, each at a place of its own that shares no page table with another's, with memory for all of it: -ENOMEM with the
 * numbers where that would be more than may be locked, or than is free. Where it fails nothing is left.
 */
struct bench_place {
	struct iommu_map_req req;
	struct iommu_mem mem;
};
int bench_places(struct session *s, const struct bench_params *p, struct bench_place *places, unsigned int n,
		 struct fail *f);
/*
 * Other memory of the same kind and size in their place, at the same iova. -EBUSY while something of them is mapped or the device may still write.
 * After an error a place may be without memory.
 */
int bench_places_renew(struct session *s, struct bench_place *places, unsigned int n, struct fail *f);
/* While the device may still write, they stay. */
void bench_places_free(struct session *s, struct bench_place *places, unsigned int n);

/*
 * What is freed is what is given out next: pages between the two, more or fewer each time, see to it that it is others. bench_between_take() after memory
 * was freed, bench_between_give() before. Never fails: then it does nothing.
 */
void bench_between_take(void);
void bench_between_give(void);

/*
 * Rows from what was measured; @name, @unit and @reference are static. NULL: no memory for one more.
 * A rate of things: @each of them (bytes, pairs, ...) in one time, @scale of them are one of @unit (GiB(1) for "GiB/s").
 * With a --reference of the user's, that is what it is held against.
 */
struct bench_row *bench_add_rate(struct bench_result *r, const struct bench_params *p, const struct bench_measured *m,
				 const char *name, const char *unit, double each, double scale, const char *reference);
/* The times of part @part, in ns and without the clock's cost; against those of the plain loop's same part. */
struct bench_row *bench_add_times(struct bench_result *r, const struct bench_params *p, const struct bench_measured *m,
				  unsigned int part, const char *name, const char *reference);
/* Into @row what is known of all its times; @h has the clock's cost in each. */
void bench_percentiles(struct bench_row *row, const struct hist *h, double clock_ns);
/* What so many samples and rounds say nothing of is not told: one in a hundred of fewer than 100, half a 95 % interval of fewer than 6 rounds. */
bool bench_has_p99(const struct bench_row *row);
bool bench_has_p999(const struct bench_row *row);
bool bench_has_interval(const struct bench_row *row);
/* A plain number. */
struct bench_row *bench_add(struct bench_result *r, const struct bench_params *p, const char *name, const char *unit,
			    double value);
/* The times of a histogram, in ns and less r->clock_ns each, held against nothing: what bench_add_times() begins with. */
struct bench_row *bench_times(struct bench_result *r, const struct bench_params *p, const char *name,
			      const struct hist *h);

extern const struct bench bench_map, bench_unmap, bench_dirty, bench_dma, bench_stamp, bench_bitmap, bench_sim;

#endif
