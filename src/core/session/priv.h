/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session is made of; for core only; everybody else has session.h. */
#ifndef IC_CORE_SESSION_PRIV_H
#define IC_CORE_SESSION_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/facts.h"
#include "core/op/faults.h"
#include "core/session/quarantine.h"
#include "core/session/session.h"
#include "host/pci.h"

#define SESSION_PAGE 4096u
/* canary A/B, C/D, plus probe pages, plus rings: all single pages in the low part of the arena */
#define SESSION_PAGES_MAX 1024
#define SESSION_PEERS_MAX 8

/* A page of ours with its pin in the arena, perhaps with an identity IOVA. */
struct session_page {
	struct iommu_mem mem;
	iova_t pin; /* arena IOVA that keeps it in place */
	bool has_phys;
	uint64_t phys;
	iova_t iova; /* where the device sees it (rings) */
	bool mapped; /* at iova */
	bool pinned;
};

/* A page fault that was read and waits for its answer. */
struct session_cookie {
	uint32_t queue, cookie;
};
#define SESSION_COOKIES 64

struct iommu_pgfault;

/* When the latest faults of one of the kernel's rate limits were logged, a ring. */
#define SESSION_LIMITS 3
struct session_limit {
	uint64_t at_us[10];
	unsigned int nr;
};

struct session {
	struct session_params params;
	const struct host *host;
	struct iommu *iommu; /* the session's own space, `main`; rings, canaries and pins live there */
	struct iommu
		*at; /* the space that the device's DMA is translated by; NULL: none, or one that is not ours to know */
	uint32_t at_pt;	     /* what it is attached to: a space or page table by id */
	bool detached;	     /* from everything */
	uint32_t holder;     /* a page table that keeps main's pages pinned while the device is detached, 0 = none */
	struct named *named; /* named.c */
	struct session_cookie cookies[SESSION_COOKIES];
	unsigned int nr_cookies;
	struct iommu_device *idev;
	struct iommu_device *peers[SESSION_PEERS_MAX]; /* peer.c; detached by iommu_close() */
	unsigned int nr_peers;
	struct dev *dev;
	struct dev_env env;
	struct fail dev_why; /* why there is no driver */
	struct iova_space space;
	struct iova_space reach; /* space before the arena is cut out, for canary pages */
	struct iova_range arena;
	struct iova_range keep[SESSION_KEEP_MAX]; /* of session_keep_free() */
	unsigned int nr_keep;
	bool choice_allowed; /* the kernel has been told where it may choose IOVAs */
	iova_t arena_next;   /* single pages are bumped from the start, unless one was given back */
	iova_t arena_free[SESSION_PAGES_MAX];
	unsigned int nr_arena_free;
	iova_t slots_base; /* then pin slots */
	uint64_t slot_size;
	unsigned int slots;
	uint64_t stamp_id;
	struct session_page *pages[SESSION_PAGES_MAX];
	unsigned int nr_pages;
	unsigned int nr_rings;		/* pages that a driver asked for */
	struct session_page *canary[4]; /* A, B, C, D */
	struct session_page *probe[SESSION_CANARY_PAGES];
	bool canary_ready, canary_passed, canary_warned;
	char canary_why[160];
	bool asleep;		   /* allowed to; core/op/device.c */
	bool started;		   /* dev_start() was done, and no stop since */
	pthread_mutex_t stop_lock; /* several threads may find the device lost at once */
	atomic_bool forbidden;	   /* no more DMA in this session, whatever is asked */
	atomic_bool not_quiet;	   /* the device may still write: nothing is unmapped or freed any more */
	struct session *kept;	   /* the next of those that are never freed, for their device would not stop */
	struct fail forbidden_why;
	bool taint_watched;
	uint64_t transfers;	/* by op_dma */
	struct flight *flights; /* core/op/flight.c: DMA that goes on, latest first */
	unsigned int flight_serial;
	uint64_t flight_turns; /* that they had made at the last canary */
	uint64_t table_checks;
	struct op_faults op_faults;
	struct fault_log *faults;
	struct requesters *requesters;	  /* NULL until a fault was logged */
	struct session_pgfault *pgfaults; /* fault.c: read for the list of faults, and for nobody else yet */
	unsigned int nr_pgfaults;
	struct session_limit limits[SESSION_LIMITS];
	bool faults_seen;
	char complaint[256];
	bool complaint_told;
	uint64_t taint;
	uint64_t pins_base;
	struct pci_window *windows; /* of the safety rules; empty with --allow-p2p and in the simulation */
	unsigned int nr_windows;
	bool has_pins;
	uint64_t granule;
	struct buffer *buffers;	      /* core/op/op.c */
	struct buffer *buffers_last;  /* with buffers */
	struct quarantine quarantine; /* memory of freed buffers */
	bool quarantines;	      /* not simulated: pages given back may become a stranger's */
	struct dirty_on *dirty;	      /* core/op/dirty.c: what was started, latest first */
	unsigned int dirty_files;     /* that were numbered */
	struct op_facts *facts;	      /* of whoever watches, or NULL */
	unsigned int buffer_serial;
	int group;
};

/* session.c: where DMA could reach another device instead of memory (safety rule 2). An error when that cannot be known. */
int session_load_windows(struct session *s, struct fail *f);

/* page.c: pages with a known physical address. */
/* A fresh page, pinned; with @identity its physical address is a legal IOVA <= @max. NULL: @f says why. */
struct session_page *session_page_new(struct session *s, bool identity, iova_t max, struct fail *f);
void session_page_free(struct session *s, struct session_page *page);
int session_page_map(struct session *s, struct session_page *page, iova_t iova, struct fail *f);
int session_page_unmap(struct session *s, struct session_page *page);
void session_pages_free_all(struct session *s);
/* After an unmap-all: pins and mappings again. */
int session_pages_restore(struct session *s, struct fail *f);
/* -ESTALE, and no more DMA: a page that nothing held for a while has moved; its physical address is then a stranger's. */
int session_check_pages(struct session *s, struct fail *f);

/* choice.c: `ioas allow` said where: session_allow_choice() says no more there. */
void session_choice_is_users(struct session *s, const struct iommu *space);

/* fault.c: page faults that wait in queues of the session, as faults; `faultq read` still gets them. Returns how many. */
unsigned int session_page_faults(struct session *s, struct dma_fault *out, unsigned int max);
/* Page faults of @queue that were already read, at most @max into @out; returns how many. */
unsigned int session_pgfaults_take(struct session *s, uint32_t queue, struct iommu_pgfault *out, unsigned int max);
/* The queue is gone. */
void session_pgfaults_drop(struct session *s, uint32_t queue);

/* attach.c */
/* What main maps of @page at @iova, in the space the device is attached to as well. */
int session_mirror_at(struct session *s, const struct session_page *page, iova_t iova, enum iommu_prot prot,
		      struct fail *f);
/* All pages in @space, which may be main or NULL. */
int session_mirror(struct session *s, struct iommu *space, struct fail *f);
/* Take what was mirrored of @page at @iova out of all spaces. */
void session_unmirror(struct session *s, const struct session_page *page, iova_t iova);

/* dma.c: is all of @r mapped where the device is, with at least @prot (0: any)? If not, *hole is the first IOVA that is not. */
bool session_maps(const struct session *s, struct iova_range r, unsigned int prot, iova_t *hole);

/* canary.c */
/* Where the canary's DMA reads and writes. */
void canary_reach(const struct session *s, struct iova_range *read, struct iova_range *written);
/* The device is attached to nothing: *reached = it wrote to memory all the same. -EREMOTEIO: to the physical address. */
int canary_run_detached(struct session *s, bool *reached, struct fail *f);
int canary_setup(struct session *s, struct fail *f);
int canary_run(struct session *s, struct fail *f);
/* False: this error of it says that the device was given nothing to do. */
bool canary_was_submitted(int err);

#endif
