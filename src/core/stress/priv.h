/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running stress: its threads, their slots and windows, and the table of what each kind of op is. For core/stress only.
 *
 * What a thread owns (slots, memory, windows, models, its ops) only that thread touches while a round is on. Between rounds all of
 * them stand at a barrier and thread 0 alone works: there the ops marked `quiet` are done and the whole is looked at.
 */
#ifndef IC_CORE_STRESS_PRIV_H
#define IC_CORE_STRESS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/pins.h"
#include "core/stress/model.h"
#include "core/stress/stress.h"
#include "iommu/dirty.h"
#include "iommu/objects.h"
#include "out/progress.h"

#define STRESS_GRAVES 16 /* buffers per thread that were given up and are watched for a while */
#define STRESS_MEMS (STRESS_SLOTS + STRESS_GRAVES + 1)
#define STRESS_DENIED 16      /* accesses per thread and round that the device may be refused */
#define STRESS_RECENT 4	      /* ranges unmapped lately, for the question whether they can still be reached */
#define STRESS_WINDOW_PARTS 4 /* pieces that a thread's window may lie in */
#define STRESS_CELL 4	      /* pages of a mapping in the shared window, which is made of so many cells: */
#define STRESS_CELLS 8
#define STRESS_NO_RANGE ((struct iova_range){1, 0})
#define STRESS_SCRATCH 2 /* pages of memory for maps that have to be refused */
/* Numbers of ops between rounds begin here, so that a round more changes no other op's draws. */
#define STRESS_QUIET_N (UINT64_C(1) << 32)

/*
 * Memory of a slot, with the bytes it has to have. Its id in the models is the index in its thread's mems[] + 1, so that a mapping that
 * the model has leads back to the memory.
 */
struct stress_mem {
	bool used;
	struct iommu_mem mem; /* mem.va NULL: given back (RELEASE) while it is mapped; then nobody can look at it */
	void *va;	      /* where the processor has it now: MOVE changes it */
	uint64_t size;
	char *shadow; /* at least @size bytes; shadow.c */
	uint64_t shadow_room;
	bool pinned;	  /* in the arena as well, for as long as it lives: it can neither move nor be reused */
	unsigned int pin; /* its place there */
	iova_t last_iova; /* where it was mapped last, for the words of a failure */
	uint64_t last_op; /* the op that gave it up */
	bool unknown;	  /* contents that nobody can tell: written while in flight, or behind a refused access */
};

/* SLOT_CUT: pieces of the mapping are left (v1 of compat bisects): only an unmap of all of it, or UNMAP_RANGE, takes it on. */
enum stress_slot_state { SLOT_EMPTY, SLOT_HELD, SLOT_MAPPED, SLOT_CUT };

struct stress_slot {
	enum stress_slot_state state;
	struct stress_mem *mem; /* NULL: SLOT_EMPTY */
	iova_t iova;		/* of its mapping in the first space, or where that was */
	uint64_t size;		/* of the mapping: all of the memory */
	enum iommu_prot prot;
};

/* IOVAs that are one thread's own, or the shared ones. */
struct stress_window {
	unsigned int nr;
	struct iova_range part[STRESS_WINDOW_PARTS];
	uint64_t bytes;
};

struct stress;
struct stress_flight;

struct stress_shadow {
	char *at;
	uint64_t room;
};

struct stress_thread {
	struct stress *st;
	unsigned int index;
	pthread_t thread;
	struct stress_window window;
	struct stress_slot slots[STRESS_SLOTS];
	struct stress_mem mems[STRESS_MEMS];
	struct stress_mem *graves[STRESS_GRAVES];
	unsigned int next_grave;
	struct stress_shadow shadows[STRESS_MEMS]; /* that no memory has now */
	unsigned int nr_shadows;
	uint64_t bytes;				/* of all its memory: never more than st->mem_budget */
	struct model *model[STRESS_SPACES + 1]; /* of its window, in each space */
	uint64_t next_n;			/* number of its next op in this episode */
	struct stress_op *ops;			/* of this episode, st->ops_room of them */
	unsigned int nr_ops, round_ops;
	struct iommu_mem scratch; /* STRESS_SCRATCH pages, and none behind them: for maps that have to be refused */
	struct iova_range denied[STRESS_DENIED];
	unsigned int nr_denied;
	struct iova_range recent[STRESS_RECENT];
	unsigned int next_recent;
	struct iova_range rest; /* of an entry of which a read cleared the bit: what it was not asked about */
	/* COLLIDE: bytes that maps put into the shared window and unmaps took out, as answered */
	uint64_t shared_mapped, shared_unmapped;
	bool shared_doubt; /* an unmap stopped half way, and what it took was told to nobody */
	struct iommu_mem shared_mem;
	/* counted here, summed up between rounds */
	uint64_t done, dma_bytes, transfers;
	uint64_t per_kind[STRESS_KINDS], refused[STRESS_KINDS];
	struct stress_flight *flight; /* the thread beside it, once there was a FLIGHT */
	bool broken;		      /* a mismatch of this episode was this thread's: its model is right no more */
	int err;
	struct fail fail;
};

/*
 * What a kind is to the engine. @lacks: why it cannot be done here at all (backend, device, --allow-crash), NULL: it can. @draw: fill
 * in all values of @op (n, thread and kind are set), by stress_draw() and from what the thread has; false: there is nothing to do it
 * with, another kind is drawn. @exec: ask the model, do it, judge the answer (stress_judge()), tell the model. 0, or -errno where the
 * run cannot go on. @quiet: between rounds, by thread 0 while all others stand still: then it may use every thread's state.
 */
struct stress_verb {
	const char *(*lacks)(const struct stress *st);
	bool (*draw)(struct stress_thread *t, struct stress_op *op);
	int (*exec)(struct stress_thread *t, struct stress_op *op, struct fail *f);
	bool quiet;
	bool dma; /* of no use where the device does none */
};
extern const struct stress_verb *const stress_verbs[STRESS_KINDS]; /* kind.c */

/* Each file that does kinds has their verbs; the table takes them from here. */
extern const struct stress_verb stress_verb_map, stress_verb_map_file, stress_verb_unmap, stress_verb_unmap_range,
	stress_verb_unmap_all, stress_verb_remap, stress_verb_bad_map,
	stress_verb_bad_unmap; /* exec_map.c, exec_bad.c */
extern const struct stress_verb stress_verb_release, stress_verb_move, stress_verb_fork, stress_verb_fill,
	stress_verb_check; /* exec_memory.c */
extern const struct stress_verb stress_verb_dma, stress_verb_dma_denied, stress_verb_flight,
	stress_verb_collide; /* exec_dma.c, exec_race.c */
/* In this episode memory may be released and moved while it is mapped, and devices stay in their space; else it is the other way round. */
bool stress_has_stale(const struct stress *st);
/* Why a map without any right is not tried here, NULL: it is. */
const char *stress_bad_right_lacks(const struct stress *st);
extern const struct stress_verb stress_verb_copy, stress_verb_replace, stress_verb_detach,
	stress_verb_reset; /* exec_object.c */
extern const struct stress_verb stress_verb_dirty_start, stress_verb_dirty_stop, stress_verb_dirty_read,
	stress_verb_dirty_clear, stress_verb_dirty_unmap; /* exec_dirty.c */
extern const struct stress_verb stress_verb_limit;	  /* exec_limit.c */
extern const struct stress_verb stress_verb_choose;	  /* exec_choose.c */
/* What the @i-th map of a CHOOSE has to answer: 0, or ENOSPC as no aligned place is left. */
int stress_choose_due(const struct stress_op *op, uint64_t i);

/* pool.c */
struct stress_pool {
	struct canary_page at;
	struct iommu_mem victim; /* what is mapped at the canary page's address */
	bool pinned;
};

enum stress_phase { STRESS_PHASE_ROUND, STRESS_PHASE_END, STRESS_PHASE_OVER };

struct stress {
	struct session *s;
	const struct stress_params *p;
	struct stress_result *res;
	struct iommu *space[STRESS_SPACES + 1]; /* [0]: the session's own, where the device is */
	unsigned int nr_spaces;			/* 1 + those that stress_spaces_open() made */
	const struct iommu_caps *caps;
	enum iommu_personality personality;
	uint64_t granule;
	/* of a real device: what must not succeed is tried at canary pages only, and memory given up stays pinned for a while */
	bool hardware;
	/* right answers are due also where kernels are known to give wrong ones; else nobody is asked there, or either is right */
	bool beyond;
	bool has_hugetlb;
	bool has_dma;	   /* the device copies: DEV_COPY, or DEV_READ and DEV_WRITE of what was read */
	bool others;	   /* other buffers are mapped, a script's: ops that take everything are left out */
	char dma_why[160]; /* why not has_dma */
	unsigned int weight[STRESS_KINDS], weight_sum; /* of kinds done in rounds */
	unsigned int quiet_weight[STRESS_KINDS], quiet_sum;
	bool dirty; /* tracking is on: exec_dirty.c's, quiet ops set it */
	struct dirty_at dirty_at;
	struct dirty_caps dirty_caps;
	void *object_priv, *dirty_priv, *limit_priv; /* whatever those files need for a whole run */

	uint64_t episode, seed; /* of the episode that is on */
	unsigned int ops_room;
	uint64_t size_max;   /* of one mapping, by the mix */
	uint64_t align;	     /* of IOVAs as a rule: the granule, 2M of `huge` */
	uint64_t mem_budget; /* bytes of memory that one thread may have at once */
	struct stress_window shared;
	struct pins foll;			       /* at the start of the episode, less what was mapped then */
	int64_t pins_excess;			       /* as it was before, or as it was told last */
	struct stress_pool pool[SESSION_CANARY_PAGES]; /* of thread i */
	unsigned int nr_canary; /* 0: what must not succeed cannot be tried on this device, canary_why says why */
	char canary_why[160];

	unsigned int nr_threads;
	struct stress_thread *threads;
	pthread_barrier_t barrier;
	atomic_uint_fast64_t ticket;
	atomic_bool stop; /* the round ends now: a mismatch, a signal, an error */
	atomic_bool over; /* so does the run */
	enum stress_phase phase;
	uint64_t until_ns;
	uint64_t round, transfers_at;
	pthread_mutex_t lock; /* of res's lists, while a mismatch is noted down */
	struct report_log *log;
	struct progress progress;
};

/* draw.c: random values of an op, each by a place's name. Places that an op uses twice have two names. */
uint64_t stress_draw(const struct stress_thread *t, const struct stress_op *op, const char *place);
uint64_t stress_draw_below(const struct stress_thread *t, const struct stress_op *op, const char *place, uint64_t n);
uint64_t stress_draw_between(const struct stress_thread *t, const struct stress_op *op, const char *place, uint64_t min,
			     uint64_t max);
/* True once in @n. */
bool stress_draw_once_in(const struct stress_thread *t, const struct stress_op *op, const char *place, uint64_t n);
/* A slot in one of @states (bits 1 << enum stress_slot_state) whose mapping has all of @prot; false: none has. */
bool stress_draw_slot(const struct stress_thread *t, const struct stress_op *op, const char *place, unsigned int states,
		      unsigned int prot, unsigned int *slot);
/* An IOVA in @w where @size bytes fit. @model: where nothing is mapped in it, if one of a few draws is so; NULL: anywhere. */
bool stress_draw_iova(const struct stress_thread *t, const struct stress_op *op, const char *place,
		      const struct stress_window *w, const struct model *model, uint64_t size, uint64_t align,
		      iova_t *iova);
/* A size for a mapping, by the mix: multiples of the granule up to st->size_max. */
uint64_t stress_draw_size(const struct stress_thread *t, const struct stress_op *op);

/* IOVA, size and rights of a mapping in the thread's window; false: it has enough. */
bool stress_draw_mapping(const struct stress_thread *t, struct stress_op *op);

/* judge.c: answers held against what is due, and how a mismatch is noted down. */
/* Fill op->err, bytes, due, due_bytes, and note a mismatch where @due does not allow it. @err is 0 or -errno. True: as due. */
bool stress_judge(struct stress_thread *t, struct stress_op *op, const struct model_answer *due, int err,
		  uint64_t bytes);
/* A mismatch in words; the op's class of failure, if it is one of memory or mappings, goes to the failures as well. */
void stress_mismatch(struct stress_thread *t, struct stress_op *op, enum failure_class class, const char *expected,
		     const char *fmt, ...) IC_PRINTF(5, 6);
/* The same, with a failure that is made already (from stamps). */
void stress_found(struct stress_thread *t, struct stress_op *op, const char *expected, const struct failure *bad);

/* shadow.c */
/* At least @size bytes for m->shadow, whatever they hold. -ENOMEM. */
int stress_shadow_take(struct stress_thread *t, struct stress_mem *m, uint64_t size);
/* Kept for another memory. */
void stress_shadow_give(struct stress_thread *t, struct stress_mem *m);
/* At an episode's end, when none is in use: the next may have no use for many large ones. */
void stress_shadows_trim(struct stress_thread *t);
void stress_shadows_free(struct stress_thread *t);

/* mem.c */
/* Fresh memory of op->size and op->mem; old graves make room. stress_mem_fill() comes next: till then its shadow is anything. NULL with @f: -ENOMEM ends the run. */
struct stress_mem *stress_mem_new(struct stress_thread *t, struct stress_op *op, struct fail *f);
unsigned int stress_mem_id(const struct stress_thread *t, const struct stress_mem *m);
struct stress_mem *stress_mem_of(struct stress_thread *t, uint64_t id);
/* New stamps, generation op->n, as for @iova; the shadow too. */
void stress_mem_fill(struct stress_thread *t, const struct stress_op *op, struct stress_mem *m, uint64_t offset,
		     uint64_t size, iova_t iova);
/* Hold @size bytes from @offset against the shadow; what differs is told as @late where the memory is mapped no more. */
bool stress_mem_check(struct stress_thread *t, struct stress_op *op, struct stress_mem *m, uint64_t offset,
		      uint64_t size);
/* The slot's memory is not its own any more: into the graveyard (@bury), or given back at once. It is checked first. */
void stress_mem_give_up(struct stress_thread *t, struct stress_op *op, struct stress_mem *m, bool bury);
/* Everything that the thread still watches. */
void stress_mem_check_all(struct stress_thread *t, struct stress_op *op);
/* The episode is over: nothing is mapped, everything is given back. */
void stress_mem_empty(struct stress_thread *t);
/* The run is over: the shadows, too. */
void stress_mem_free_all(struct stress_thread *t);
/* After everything was unmapped: what was pinned in the arena is so again. */
int stress_mem_repin(struct stress_thread *t, struct fail *f);

/* slot.c */
/* One mapping is the slot's now; the model has been told. */
void stress_slot_mapped(struct stress_thread *t, unsigned int slot, struct stress_mem *m, const struct stress_op *op);
/* After an unmap of any range in the first space: each slot's state follows from what the model has left. */
void stress_slots_refresh(struct stress_thread *t);
/* Unmap what is left of the slot's mapping and of its copies, judged as part of @op, and give its memory up. */
void stress_slot_clear(struct stress_thread *t, struct stress_op *op, unsigned int slot, bool bury);
/* Every mapping of the memory in @space, each exactly as the model has it. -EILSEQ: a mismatch, noted down. */
int stress_slot_unmap(struct stress_thread *t, struct stress_op *op, unsigned int space, const struct stress_mem *m);
/* Map @m as op says, as op->slot's; the slot has it, mapped or (EEXIST, a mismatch) not. */
void stress_slot_map(struct stress_thread *t, struct stress_op *op, struct stress_mem *m);
/* Unmap that of @space, judge the answer, tell the model. -EILSEQ: a mismatch, noted down. */
int stress_unmap(struct stress_thread *t, struct stress_op *op, unsigned int space, iova_t iova, uint64_t size);
/* Table checks where the kernel tells (session_check_table()), judged as part of @op. */
void stress_check_table(struct stress_thread *t, struct stress_op *op, unsigned int space, const struct stress_mem *m,
			uint64_t offset, iova_t iova, uint64_t size, bool mapped);

/* dma.c */
/*
 * The device copies @size bytes, in units that it can move, and the shadows follow. *status: what the device said, 0 or -errno.
 * -ECANCELED: the round is over, none is done any more, and the op is left out from here on. Another -errno: the run cannot go on
 * (a time-out).
 */
int stress_transfer(struct stress_thread *t, iova_t src, iova_t dst, uint64_t size, int *status, struct fail *f);
/* The round ends now, or all DMA is forbidden. */
bool stress_is_over(const struct stress *st);
/* Sizes and addresses that the device can do, at most @size. 0: none. */
uint64_t stress_transfer_size(const struct stress *st, uint64_t size);
/* From one slot's memory to another's, both mapped in the space where the device is; verified; dirty bits are noted in the models. */
int stress_copy_slots(struct stress_thread *t, struct stress_op *op, unsigned int from, uint64_t from_offset,
		      unsigned int to, uint64_t to_offset, uint64_t size, struct fail *f);
/* The device's queue that the thread uses. */
unsigned int stress_queue(const struct stress_thread *t);
/* An access at @iova may be refused in this round: a fault there is due. False: no more in this round. */
bool stress_deny(struct stress_thread *t, iova_t iova, uint64_t size);

/* flight.c: the device copies, again and again, at most @turns_max times, from the start to the end. */
int stress_flight_start(struct stress_thread *t, iova_t src, iova_t dst, uint64_t size, unsigned int turns_max,
			struct fail *f);
/* *arrived: how many were done, and without an error. */
int stress_flight_end(struct stress_thread *t, int *status, unsigned int *arrived, struct fail *f);
void stress_flight_free(struct stress_thread *t);

/* pool.c: what must not succeed on real devices */
int stress_pool_open(struct stress *st, struct fail *f);
void stress_pool_close(struct stress *st);
int stress_pool_repin(struct stress *st, struct fail *f);
int stress_pool_denied(struct stress_thread *t, struct stress_op *op, struct fail *f);

/* pins.c: from here on, and at the end of an episode, when everything is unmapped. */
void stress_pins_begin(struct stress *st);
void stress_pins_end(struct stress *st, struct stress_op *op);

/* window.c: a place for every thread's window in the episode st->seed; also st->align, size_max, mem_budget. -ENOSPC. */
int stress_windows_place(struct stress *st, struct fail *f);

/* thread.c */
/* Do it, and keep it in the thread's list. */
int stress_do(struct stress_thread *t, const struct stress_op *drawn, struct fail *f);
void stress_thread_round(struct stress_thread *t);
/* Everything checked, unmapped and given back. */
void stress_thread_end(struct stress_thread *t);
void *stress_thread_main(void *arg);

/* episode.c */
uint64_t stress_episode_length(const struct stress *st, uint64_t episode);
/* Ops that one thread does at the most. */
uint64_t stress_episode_room(const struct stress_params *p);
int stress_episode_run(struct stress *st, uint64_t episode, uint64_t ops, struct fail *f);
/* The threads beside the calling one come to their end. */
void stress_threads_end(struct stress *st);

/* report.c */
int stress_log_trace(struct stress *st, const struct stress_trace *trace, struct fail *f);

/* exec_object.c: spaces beside the first, where the mix has use for them; st->space[1 ..], st->nr_spaces. */
int stress_spaces_open(struct stress *st, struct fail *f);
void stress_spaces_close(struct stress *st);

/* exec_dirty.c: which sources there are, found out by stress_spaces_open(); tracking is off again at the end of an episode. */
int stress_dirty_open(struct stress *st, struct fail *f);
void stress_dirty_close(struct stress *st);
int stress_dirty_end(struct stress *st, struct fail *f);

/* quiet.c: what is done and looked at between rounds, by thread 0. */
int stress_quiet_round(struct stress *st, struct fail *f);
int stress_quiet_end(struct stress *st, struct fail *f);
/* What an episode that met an error leaves besides its threads' mappings: the shared window's, and dirty tracking. */
void stress_quiet_undo(struct stress *st);

#endif
