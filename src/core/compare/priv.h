/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one running compare is made of; for core/compare only. */
#ifndef IC_CORE_COMPARE_PRIV_H
#define IC_CORE_COMPARE_PRIV_H

#include <stdatomic.h>

#include "base/queue.h"
#include "core/compare/compare.h"
#include "core/pins.h"
#include "out/progress.h"

#define COMPARE_LOOK_EVERY 256 /* loops between looks at faults, pins and the kernel's taint */

struct compare_case {
	iova_t iova;
	uint64_t size; /* of the mapping */
	char why[48];
	bool ran, taken; /* taken: a page of the tool's own lies there */
};

#define COMPARE_CASES_MAX 256
#define COMPARE_CASE_BYTES MiB(4) /* of the largest case */
#define COMPARE_CASE_REPEAT 4	  /* a stale entry shows when the same range is used again */

/*
 * Memory for several loops that one pin mapping holds. Every loop still gets pages nobody used before; what is shared is
 * the cost of the pin, which would otherwise be a second map and unmap in every loop.
 */
struct slab {
	struct iommu_mem mem;
	unsigned int slot;
	bool pinned;
	unsigned int refs; /* loops and graves that live in it, plus one while it is being cut */
	uint64_t used;
};

/* A loop's memory: a part of a slab. */
struct loop_mem {
	char *va;
	uint64_t size;
	struct slab *slab;
};

/* A buffer that was unmapped and must not change any more. */
struct grave {
	struct loop_mem mem;
	bool used;
	bool told;	    /* it is known to have changed: looked at no more */
	struct stamp stamp; /* of the source half */
	uint64_t payload, size;
};

#define LOOP_FAILURES 16

struct compare_thread;

/* One turn of the loop. */
struct compare_loop {
	struct compare *c;
	struct compare_thread *t;
	uint64_t n;  /* loop number over all threads */
	uint64_t op; /* draw number: the generation */
	struct stamp stamp;
	uint64_t payload, size;
	unsigned int window; /* with several threads and a fixed IOVA, which of its thread's */
	iova_t iova;
	struct loop_mem mem;
	char *va;	     /* of the mapping, also when its memory was buried */
	uint64_t mapped;     /* bytes mapped from iova on */
	bool bytes_doubtful; /* an accepted overlap makes unmap counts meaningless */
	unsigned int nr;
	struct failure *found; /* LOOP_FAILURES of them: too large to clear every turn */
	bool graveyard_hit;
};

/*
 * With several threads a loop goes from hand to hand: one thread maps, one has the device move, one verifies, and the first one unmaps
 * it and begins the next.
 */
struct compare_parcel {
	struct queue_node node; /* first member */
	struct compare_loop l;
	bool begun; /* there is a loop in it */
	bool moved; /* its data is to be judged, its memory to be buried */
	int err;    /* of map or transfer: 1 when a failure that was found leaves nothing to be judged */
	struct fail fail;
	struct loop_mem retired; /* that left the graveyard for this loop's */
	struct failure found[LOOP_FAILURES];
};

/* One for each of the three. */
#define COMPARE_PARCELS 3
#define COMPARE_EXPLAINED 8

struct compare_thread {
	struct compare_thread *kept; /* those of an earlier run that are never freed, for its device would not stop */
	struct compare *c;
	unsigned int index;
	pthread_t thread;
	struct iova_space space; /* this thread's part */
	iova_t next;		 /* sequential */
	struct grave *graves;
	unsigned int next_grave;
	struct slab *slabs, *cutting;
	unsigned int nr_slabs;
	struct loop_mem spare; /* --reuse; .va NULL: none */
	uint64_t loops, bytes;
	iova_t last_iova; /* of the last loop: what a failure seen later is repeated with */
	uint64_t last_size, last_payload;
	uint64_t clock_ns, clock_at, clock_step; /* in loops: the clock is not asked every turn of a fast device */
	uint64_t progress_at;
	struct failure found[LOOP_FAILURES];
	int err;
	struct fail fail;
	/* with several threads, pipe.c: the verifier has graves, next_grave and explained */
	pthread_t mover, verifier;
	struct queue move, judge, back;
	struct queue_node last; /* no more loops */
	struct told_write {
		uint64_t generation;
		struct iova_range at;	/* of the grave */
	} explained[COMPARE_EXPLAINED]; /* stale writes that were told, a ring */
	unsigned int nr_explained;
	struct compare_parcel parcels[COMPARE_PARCELS];
};

#define COMPARE_PROBE_THREADS (SESSION_CANARY_PAGES / 2)

/* Per thread: the page that must stay unreachable and the page that must stay unwritten, both pinned in the arena. */
struct compare_probe {
	struct canary_page at[2];
	struct iommu_mem victim[2];
	bool pinned[2];
	struct iommu_mem helper; /* a page that is the device's source, then one that is its sink */
	iova_t helper_iova;
	bool helper_mapped;
};

/* What a device that shows nothing of its reads writes by one request; all zero for others. */
struct compare_reference {
	char *bytes;
	uint64_t size;	/* of the longest request */
	bool *unsteady; /* of each byte: it changes from one transfer to the next */
	uint64_t nr_unsteady;
	struct iommu_mem mem; /* where it is written, mapped all along */
	iova_t iova;
	bool mapped;
};

struct compare {
	struct session *s;
	const struct compare_params *p;
	struct compare_result *res;
	struct compare_thread *threads;
	struct compare_case *cases;
	unsigned int nr_cases, cases_dropped;
	unsigned int case_at, case_turns; /* the next one and how often it ran in a row */
	struct report_log *log;
	pthread_mutex_t lock; /* canary, log, result counters */
	atomic_bool stop;
	uint64_t until_ns;
	uint64_t mapping_max; /* bytes of the largest mapping that --size leads to */
	uint64_t stride;      /* between the fixed IOVAs of threads */
	uint64_t unit;	      /* a payload is a multiple of this, for the stamps and for the device */
	struct compare_reference reference;
	struct iommu_mem scratch; /* one page for maps that must be refused */
	struct compare_probe probes[COMPARE_PROBE_THREADS];
	struct pins pins; /* before the loops */
	struct progress progress;
};

/* note.c */
/* A failure of this loop; the caller fills in what is special. Never NULL: past the limit the last one is reused. */
struct failure *compare_found(struct compare_loop *l, enum failure_class class, iova_t iova, uint64_t length);
/* One more look at the canary, where there is one: before it is asked again, after it was asked for the first time. */
void compare_count_canary(struct compare *c);
/* What --unmap all cannot keep up, into the skipped list. */
void compare_tell_unmap_all(struct compare *c);
void compare_skip(struct compare *c, const char *what, const char *why);

/* iova.c */
/* Fill c->mapping_max and c->stride; with fixed IOVAs every thread's range is legal and kept free of the tool's pages. */
int compare_ranges(struct compare *c, struct fail *f);
/* What the device can move, into c->unit; -EINVAL (usage) names the limit that --size does not keep. Limits may change at its start. */
int compare_payloads(struct compare *c, struct fail *f);
/* The @n-th place of --iova fixed, and how many there are: one for a thread alone, several for each of several. */
struct iova_range compare_fixed_range(const struct compare *c, unsigned int n);
unsigned int compare_fixed_places(const struct compare_params *p);
/* The tool's own pages, probes included, lie elsewhere: asked when all of them exist. -ERANGE (usage). */
int compare_check_free(const struct compare *c, struct fail *f);
/* The smallest mapping. */
uint64_t compare_page_of(const struct compare *c);
/* payload, size and IOVA of the loop. -ENOSPC when nothing fits. */
int compare_choose(struct compare_loop *l, struct fail *f);
/* Length of the map call that starts at @offset of the loop's mapping: 1 to what is left of it. */
uint64_t compare_piece(const struct compare_loop *l, uint64_t offset);

/* case.c */
int compare_cases_build(struct compare *c, struct fail *f);
/* The next case; -ENOSPC when all are taken. */
int compare_choose_case(struct compare_loop *l, struct fail *f);
/* At the end: the cases that nobody got to, into the skipped list. */
void compare_tell_unreached(struct compare *c);

/* compare.c */
/* May loop @n be done? The time of --time is over a few milliseconds late where loops are short. */
bool compare_more(struct compare_thread *t, uint64_t n);
/* Looks that cost a system call or more: thread 0, between its loops. */
int compare_look(struct compare_thread *t, struct fail *f);

/* loop.c */
int compare_one(struct compare_thread *t, uint64_t n, struct fail *f);
/* Graves once more when all is over: the device may have been late. */
int compare_last(struct compare_thread *t, struct fail *f);
/* The parts of a loop, for those who put it together otherwise: where, and memory; then map and stamps. */
int compare_begin(struct compare_loop *l, struct fail *f);
int compare_map_in(struct compare_loop *l, struct fail *f);
void compare_stamp(struct compare_loop *l);
/* Unmap in the way that is under test, and probe what must not succeed. */
int compare_unmap(struct compare_loop *l, struct fail *f);
int compare_probe(struct compare_loop *l, struct fail *f);
/* It is one of the loops that were done. */
void compare_count(const struct compare_loop *l);
/* What was found becomes failures of the run, and a line of the log. */
int compare_commit(struct compare_loop *l, struct fail *f);

/* pipe.c */
/* A worker of a run with several threads: two more threads for it. -errno: they cannot be had. */
int compare_pipe_start(struct compare_thread *t, struct fail *f);
/* Its own part, until the run ends. */
void compare_pipe_main(struct compare_thread *t);
/* After that: waits for the other two. */
void compare_pipe_end(struct compare_thread *t);

/* verify.c */
void compare_prepare_memory(struct compare_loop *l);
int compare_transfer(struct compare_loop *l, struct fail *f);
void compare_verify_memory(struct compare_loop *l);
/* A transfer that did not end: tells which, and forbids all further DMA after a time-out. Returns @err. */
int compare_dma_failed(struct compare *c, int err, iova_t iova, struct fail *f);

/* reference.c */
/* Which directions can be judged, and what the device writes where that is all there is to see. */
int compare_reference(struct compare *c, struct fail *f);
/* After an unmap-all: mapped again. */
int compare_reference_rearm(struct compare *c, struct fail *f);
void compare_reference_free(struct compare *c);
/* The loop's data at @dst against it. */
void compare_reference_verify(struct compare_loop *l, const char *dst);
/* At the end: bytes that nothing can be told from, into the skipped list. */
void compare_tell_unsteady(struct compare *c);

/* table.c */
/* As session_check_table(); a disagreement becomes a failure of the loop. */
int compare_table(struct compare_loop *l, const void *va, iova_t iova, uint64_t size, bool mapped, int pins,
		  struct fail *f);

/* probe.c */
int compare_probe_unmapped(struct compare_loop *l, struct fail *f);
int compare_probe_readonly(struct compare_loop *l, struct fail *f);
/* What a read of @len bytes at a probe's IOVA brought: the page that is or was mapped there, the page whose physical
 * address it is (nothing was translated), or neither. */
enum probe_read { PROBE_READ_NOTHING, PROBE_READ_VICTIM, PROBE_READ_CANARY };
enum probe_read compare_probe_read_of(const void *sink, uint64_t len, const struct stamp *victim);
/* Is a page that a probe will point the device at inside @range? *at gets its IOVA. */
bool compare_probe_lies_in(const struct compare *c, struct iova_range range, iova_t *at);
/* -EOPNOTSUPP when probes were asked for and cannot be done safely. */
int compare_probe_setup(struct compare *c, struct fail *f);
/* After an unmap-all: the probes' pins and mappings again. */
int compare_probe_rearm(struct compare *c, struct fail *f);
void compare_probe_free(struct compare *c);

/* refused.c */
enum map_answer { MAP_REFUSED, MAP_ACCEPTED, MAP_NOT_ASKED };
/* What iommu_map()'s @err answers to a map that must be refused (as FAILURE_OVERLAP_ACCEPTED or _RESERVED_ACCEPTED). */
enum map_answer compare_answer_of(enum failure_class class, int err);
int compare_probe_refused(struct compare_loop *l, struct fail *f);
/* At the end: what could not be asked, and why, into the skipped list. */
void compare_tell_unasked(struct compare *c);

/* fault.c */
enum fault_origin { FAULT_UNDUE, FAULT_DUE, FAULT_UNCLEAR };
enum fault_origin compare_fault_of(const struct compare *c, const struct dma_fault *fault);
/* Counts it; a fault that was not due is a failure. */
void compare_fault_judge(struct compare *c, const struct dma_fault *fault);

/* pins.c */
/* After the last buffer was released: did nr_foll_pin return to its level? Adds a pin-leak failure, or says why not judged. */
void pins_judge(struct compare *c);

/* slab.c */
int slabs_new(struct compare_thread *t, struct fail *f);
/* @l->size bytes into l->mem. A pin that is refused where nothing is mapped is a map-refused failure of the loop. */
int slab_take(struct compare_loop *l, struct fail *f);
/* One user less; the last one unpins and frees. @l may be NULL (the end of the run). */
int slab_put(struct compare_thread *t, struct compare_loop *l, struct loop_mem *mem, struct fail *f);
/* A loop's memory, no longer mapped or in the graveyard: with --reuse it is kept as the next one's. */
int slab_recycle(struct compare_loop *l, struct loop_mem *mem, struct fail *f);
void slabs_free(struct compare_thread *t);
/* After an unmap-all every pin is gone: pin again. */
int slabs_repin(struct compare_thread *t, struct fail *f);
/* Pin slots one thread needs. */
unsigned int slabs_per_thread(const struct compare_params *p);
uint64_t slab_largest(const struct compare *c);
/* Bytes that a run may have locked at once at the most: graves, slabs being cut, the mappings under test. */
uint64_t slab_locked_most(const struct compare *c);

/* graveyard.c */
int graveyard_new(struct compare_thread *t, struct fail *f);
/* Takes the loop's memory over, before it is unmapped; the oldest grave has been emptied already. */
void graveyard_bury(struct compare_loop *l);
/* Make room: unpin and release the oldest. Called before the unmap under test, so that nothing is unmapped between it and
 * the next loop's DMA. */
int graveyard_retire(struct compare_loop *l, struct fail *f);
/* Of one thread: with several loops on their way enough that the one before at a loop's place is among them. */
unsigned int graves_per_thread(const struct compare_params *p);
/* The memory of the oldest grave, which is empty then; .va NULL: there is room. */
struct loop_mem graveyard_evict(struct compare_thread *t);
void graveyard_verify(struct compare_loop *l);
void graveyard_free(struct compare_thread *t);

#endif
