/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/sim: one simulated IOMMU with its memory, and the devices behind it. */
#ifndef IC_IOMMU_SIM_CONTEXT_H
#define IC_IOMMU_SIM_CONTEXT_H

#include <pthread.h>

#include "iommu/backend.h"
#include "iommu/sim/dirty.h"
#include "iommu/sim/fault.h"
#include "iommu/sim/iotlb.h"
#include "iommu/sim/mem.h"
#include "iommu/sim/migration.h"
#include "iommu/sim/pt.h"
#include "iommu/sim/qi.h"
#include "iommu/sim/sim.h"
#include "iommu/sim/window.h"

/* The window that x86 hosts keep for message signalled interrupts. */
#define SIM_MSI_START UINT64_C(0xfee00000)
#define SIM_MSI_LAST UINT64_C(0xfeefffff)
#define SIM_MSI ((struct iova_range){SIM_MSI_START, SIM_MSI_LAST})

/* aperture=64: what else can be mapped. Tables have 4 levels, so that the upper half of 48 bits is found by sign extension, as x86 does it. */
#define SIM_HIGH ((struct iova_range){~(SIM_IOVA_LAST >> 1), UINT64_MAX})

#define SIM_RECORDS 1024u

/* What the hardware keeps of a fault; record.c makes words of it. */
struct sim_record {
	uint64_t iova;
	uint64_t time_ns;
	bool write;
	enum sim_walk why;
};

struct sim_records {
	pthread_mutex_t lock;
	struct sim_record record[SIM_RECORDS];
	unsigned int first, count, dropped;
};

struct sim;
struct model;
struct model_ops;

/* iommu/model/model.h: what the device is made of; none: queues of its own. */
struct sim_model_choice {
	const struct model_ops *ops;
	unsigned int broken;
	uint64_t after;
};

/* A lane's mappings in one space; far enough from the next lane's that no line is shared. */
struct sim_lane_maps {
	struct range_tree tree;
	char apart[128 - sizeof(struct range_tree)];
};

/* An I/O address space: the first, or one of those that personality iommufd can make beside it. */
struct sim_space {
	struct iommu iommu; /* first member */
	struct sim *sim;
	struct sim_space *next;
	uint32_t id;
	uint16_t domain;		      /* what the IOTLB knows it by; never used again */
	bool gone;			      /* destroyed by id, and not closed yet */
	unsigned int users;		      /* devices attached by the book */
	struct sim_lane_maps maps[SIM_LANES]; /* mappings within one GiB */
	struct range_tree wide;		      /* those that reach over a border */
	struct sim_pt pt;
	struct iova_range allowed[IOMMU_MAX_RANGES]; /* where kernel-chosen IOVAs come from; none: anywhere */
	unsigned int nr_allowed;
	struct sim_dirty dirty;
	struct sim_windows windows;
	_Atomic unsigned int growing; /* level-race: maps on their way that need a table of more levels */
	_Atomic bool grown;	      /* and one was made */
};

/* An empty table that a lane left. */
struct sim_idle {
	struct sim_space *space;
	uint64_t iova;
};

#define SIM_LANE_IDLES 24u

/* What belongs to the regions of one lane, on lines of its own; see lane.c. */
struct sim_lane {
	_Alignas(64) pthread_mutex_t lock;
	_Atomic uint64_t pins; /* of mappings that begin here */
	uint64_t credit;       /* mappings that may be added without looking at the limit */
	struct sim_mapping *spare;
	unsigned int spares, idles;
	struct sim_idle idle[SIM_LANE_IDLES];
	struct sim_buf_hint hint;
	struct sim_qi qi;
};

/* The hardware and its memory, and the address spaces that its devices can be attached to. */
struct sim {
	struct sim_space main;
	struct sim_space *spaces; /* all that were not closed, main too */
	struct sim_device *devices;
	struct sim_space *retired; /* closed, but a device may still be in it */
	uint32_t next_id;
	uint16_t next_domain;
	_Atomic unsigned int destroyers; /* threads in sim_destroy() that have not decided yet */
	struct sim_faults faults;
	struct sim_mem mem;
	uint64_t entry_limit; /* mappings allowed at once (type1) */
	bool exclusive;	      /* all locks are held */
	struct sim_lane lane[SIM_LANES];
	_Alignas(64)
		pthread_mutex_t lock; /* before those of the lanes: attachments, and whatever is more than one lane's */
	pthread_t last_unmap;	      /* who unmapped last, for wait-order */
	bool has_unmapped;
	struct sim_records records;
	struct sim_model_choice model;
	struct sim_mig_choice migration;
	bool wide; /* IOVAs of 64 bits */
};

/* The last address of the aperture above the interrupt window. */
static inline uint64_t sim_iova_top(const struct sim *sim)
{
	return sim->wide ? SIM_IOVA_LAST >> 1 : SIM_IOVA_LAST;
}

/* Is it an address that a table translates? */
static inline bool sim_iova_exists(const struct sim *sim, uint64_t iova)
{
	return sim->wide ? iova <= SIM_IOVA_LAST >> 1 || iova >= SIM_HIGH.start : iova <= SIM_IOVA_LAST;
}

/* lane.c */
void sim_lanes_init(struct sim *sim);
void sim_lanes_exit(struct sim *sim);
/* All locks; where another comment says "the lock", these are meant. */
void sim_lock(struct sim *sim);
void sim_unlock(struct sim *sim);
/* The lock of one lane, for a map or an unmap of this range. NULL: it takes all of them. */
struct sim_lane *sim_lane_lock(struct sim_space *space, uint64_t iova, uint64_t size, bool map);
void sim_lane_unlock(struct sim *sim, struct sim_lane *lane);
/* Under all locks: part with tables that lanes left empty, after a grace period. */
void sim_lanes_trim(struct sim *sim);
/* Under the lane's lock, as sim_pt_unmap(). */
void sim_lane_unmap(struct sim_space *space, uint64_t iova, uint64_t pages);
/* A mapping's memory, all zeros; NULL: none. */
struct sim_mapping *sim_lane_node(struct sim_lane *lane);
void sim_lane_put_node(struct sim_lane *lane, struct sim_mapping *map);
/* Pages pinned in all; mappings of a space, under all locks. */
uint64_t sim_pins_count(const struct sim *sim);
uint64_t sim_space_count(const struct sim_space *space);
/* Is the limit on mappings reached, for one at @iova? */
bool sim_entries_full(struct sim_space *space, uint64_t iova);

static inline struct sim_lane *sim_lane_of(struct sim *sim, uint64_t iova)
{
	return &sim->lane[sim_lane(iova)];
}

/* As sim_qi_flush(), on the queue of @iova's lane, whose lock is held. */
static inline void sim_lane_flush(struct sim_space *space, uint64_t iova, uint64_t flush, unsigned int order)
{
	sim_qi_flush(&sim_lane_of(space->sim, iova)->qi, space->domain, flush, order);
}

/* Under the lock of @iova's lane. */
static inline void sim_pins_add(struct sim *sim, uint64_t iova, uint64_t pages)
{
	_Atomic uint64_t *pins = &sim_lane_of(sim, iova)->pins;

	atomic_store_explicit(pins, atomic_load_explicit(pins, memory_order_relaxed) + pages, memory_order_relaxed);
}

static inline struct sim_space *sim_space_of(const struct iommu *iommu)
{
	return container_of(iommu, struct sim_space, iommu);
}

/* Ids count all objects, as the kernel's do. */
static inline uint32_t sim_new_id(struct sim *sim)
{
	return ++sim->next_id;
}

/* type1.c: the kernel's answers. */
int sim_map(struct iommu *iommu, struct iommu_map_req *req);
int sim_unmap(struct iommu *iommu, iova_t iova, uint64_t size, uint64_t *unmapped);
int sim_unmap_all(struct iommu *iommu, uint64_t *unmapped);
/* Under the lock. *unmapped is written where it succeeds. */
int sim_unmap_locked(struct sim_space *space, uint64_t iova, uint64_t size, uint64_t *unmapped);

/* Is /dev/iommu the one that answers, by whichever ioctls? */
static inline bool sim_is_iommufd(const struct sim *sim)
{
	return sim->main.iommu.personality != IOMMU_TYPE1_V2 && sim->main.iommu.personality != IOMMU_TYPE1_V1;
}

/* What the device may do under a request: its protection, and what its further flags say of that. */
enum iommu_prot sim_prot(const struct sim_space *space, const struct iommu_map_req *req);
/* May the range be mapped at all? iova-reserved lets the window pass. */
bool sim_range_valid(struct sim *sim, struct iova_range range);
/* -EEXIST where something is mapped; overlap-ok has it go away instead. */
int sim_range_free(struct sim_space *space, struct iova_range range);

/* iommufd.c: /dev/iommu's; under sim->lock */
int sim_iommufd_check_map(struct sim_space *space, struct iommu_map_req *req);
/* iopt_alloc_iova(): an IOVA of the kernel's choice for memory at @va. */
int sim_iommufd_alloc(struct sim_space *space, uint64_t va, uint64_t size, iova_t *iova);
/* iopt_check_iova() */
int sim_iommufd_check_iova(struct sim_space *space, iova_t iova, uint64_t size);
int sim_iommufd_unmap(struct sim_space *space, uint64_t iova, uint64_t size, uint64_t *unmapped);

struct sim_device {
	struct iommu_device idev;  /* first member */
	struct sim_engine *engine; /* where its DMA goes through, a model's too */
	struct model *model;	   /* NULL: none */
	struct sim_mig *mig;	   /* NULL: it is a model */
	uint32_t id;
	struct sim *sim;
	struct sim_device *next;
	struct sim_space *at; /* by the book; NULL = nothing */
};

/* fresh.c: as iommu_fresh() */
int sim_fresh(struct iommu *iommu, uint64_t seed);

/* space.c */
int sim_space_init(struct sim_space *space, struct sim *sim);
void sim_space_exit(struct sim_space *space);
/* Everything in it goes the long way. Under the lock. */
void sim_space_empty(struct sim_space *space, uint64_t *bytes);
void sim_space_caps(struct sim_space *space);
void sim_space_close(struct sim_space *space);
extern const struct iommu_object_ops sim_object_ops;

/* mapping.c: one live mapping, and how it comes and goes. All under sim->lock. */
struct sim_mapping {
	struct range_node node;
	struct sim_mapping *next; /* in the list of those being removed */
	struct sim_buf *buf;
	uint64_t first_page; /* of buf */
	uint64_t pages;
	bool forgotten; /* vaddr.c */
	bool writable;	/* its pages were pinned for writing */
	bool by_file;
};

/* The lowest that overlaps the range. Under the lock of its lane, or all where it is wider than that. */
struct sim_mapping *sim_mapping_first(struct sim_space *space, uint64_t start, uint64_t last);

/*
 * The range is free and legal. Takes over the reference to @buf, also when it fails. -EEXIST: an entry was still set.
 * *out = the mapping, until the lock is given up.
 */
int sim_mapping_add(struct sim_space *space, uint64_t iova, uint64_t size, enum iommu_prot prot, struct sim_buf *buf,
		    uint64_t offset, struct sim_mapping **out);
/* The mapping ends at @point; what follows is a mapping of its own. -ENOMEM. */
int sim_mapping_split(struct sim_space *space, struct sim_mapping *map, uint64_t point);
/* Take out of the tree and put on *list. */
void sim_mapping_unlink(struct sim_space *space, struct sim_mapping *map, struct sim_mapping **list);
/* Clear, wait, invalidate, wait, unpin: all of @list in one go. Returns the bytes to report. */
uint64_t sim_mapping_remove(struct sim_space *space, struct sim_mapping *list);
/* Free without waiting: no device is left. */
void sim_mapping_drop_all(struct sim_space *space);

/* type1.c: does either end of @range lie inside a mapping? */
bool sim_bisects(struct sim_space *space, struct iova_range range);

/* vaddr.c */
int sim_vaddr_forget(struct iommu *iommu, iova_t iova, uint64_t size, bool all, uint64_t *bytes);
int sim_vaddr_renew(struct iommu *iommu, void *va, iova_t iova, uint64_t size);

/* xlate.c: the device's side. */
struct sim_access {
	struct sim *sim;
	struct sim_iotlb *tlb; /* the device's */
	struct sim_space
		*space; /* what the device is attached to, NULL = nothing; good inside rcu_enter(), as what follows */
	struct sim_near near[2]; /* of reads and of writes */
	bool untranslated;	 /* this request goes to physical addresses */
	bool faulted;		 /* out: some page of the request was not reached */
};

/* Where bytes lie in this process, and how many of them side by side. NULL: they are not reached. */
struct sim_reach {
	char *at;
	uint64_t n;
};

/*
 * Inside rcu_enter(): where the device's access to @max bytes from @iova on lands, as far as one entry leads: up to the end of its 4K page at
 * least. NULL: it reaches no memory; a fault was recorded unless the access was not translated at all.
 */
struct sim_reach sim_access_reach(struct sim_access *access, uint64_t iova, uint64_t max, bool write);

/* record.c */
void sim_record_add(struct sim *sim, uint64_t iova, bool write, enum sim_walk why);
int sim_record_read(struct iommu *iommu, struct dma_fault *out, unsigned int max, unsigned int *count,
		    unsigned int *dropped);

/* queue.c, dma.c */
struct sim_engine *sim_engine_new(struct sim *sim);
void sim_engine_free(struct sim_engine *e);
/*
 * Let its DMA go to @space (NULL: nowhere) from now on; returns once no DMA that began before is under way. The caller may
 * give up the old space then. Under the lock.
 */
/* The device is there, whatever it had cached. */
void sim_engine_put(struct sim_engine *e, struct sim_space *space);
void sim_engine_attach(struct sim_engine *e, struct sim_space *space);
struct sim_iotlb *sim_engine_tlb(struct sim_engine *e);
/* Inside rcu_enter(). */
struct sim_space *sim_engine_space(struct sim_engine *e);
/*
 * Where its writes are noted, NULL: nowhere. Inside rcu_enter() or under the lock. Setting it returns once no DMA knows the old one any
 * more; that is the caller's, the new one the engine's.
 */
struct sim_log *sim_engine_log(struct sim_engine *e);
void sim_engine_set_log(struct sim_engine *e, struct sim_log *log);

/* What of its DMA goes on: requests that do not wait until it may. Setting it returns when what must not is over. */
enum sim_gate { SIM_GATE_OPEN, SIM_GATE_NO_PEER, SIM_GATE_CLOSED };
void sim_engine_set_gate(struct sim_engine *e, enum sim_gate gate);
/* Inside rcu_enter(), for as long as that lasts. */
enum sim_gate sim_engine_gate(struct sim_engine *e);
/* Is it a peer's memory? @at as sim_access_reach() has it. */
bool sim_engine_is_peer(struct sim_engine *e, const char *at);
/* Another moment has passed. False: the engine is being stopped, what was held is cancelled. */
bool sim_engine_hold(struct sim_engine *e);
/* The page that counts as a peer's memory. */
void sim_engine_set_peer(struct sim_engine *e, const char *page);

#endif
