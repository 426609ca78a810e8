/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run of the migration's checks is made of; for core/migration only. */
#ifndef IC_CORE_MIGRATION_PRIV_H
#define IC_CORE_MIGRATION_PRIV_H

#include "core/migration/migration.h"

/* One per line of the table in check.c, in that order. */
enum migration_check_id {
	CHECK_FLAGS,
	CHECK_STARTS_RUNNING,
	CHECK_ARCS_LEGAL,
	CHECK_ARCS_ILLEGAL,
	CHECK_STATES_UNKNOWN,
	CHECK_STATES_OPTIONAL,
	CHECK_ARC_END,
	CHECK_ARC_FAILED,
	CHECK_FD_DUE,
	CHECK_FD_UNDUE,
	CHECK_ERROR_LEFT,
	CHECK_ERROR_RESET,
	CHECK_RESET_RUNNING,
	CHECK_STOP_TIME,
	CHECK_STREAM_END,
	CHECK_STREAM_REPEAT,
	CHECK_SIZE_KNOWN,
	CHECK_SIZE_TRUE,
	CHECK_LOAD,
	CHECK_STATE_KEPT,
	CHECK_LOAD_PART,
	CHECK_LOAD_GARBAGE,
	CHECK_PRECOPY_INFO,
	CHECK_PRECOPY_SHRINKS,
	CHECK_PRECOPY_END,
	CHECK_PRECOPY_INFO_OVER,
	CHECK_PRECOPY_LOAD,
	CHECK_CONFIG_STOPPED,
	CHECK_MMIO_STOPPED,
	CHECK_IRQS_STOPPED,
	CHECK_IRQS_RESUMING,
	CHECK_DMA_RUNNING,
	CHECK_DMA_STOPPED,
	CHECK_DMA_PEER,
	CHECK_P2P_APART,
	CHECK_DIRTY,
	CHECK_KERNEL,
	CHECK_WAY_OUT,
	CHECK_COUNT,
};

/* What was read of a stream, or is to be written. */
struct migration_data {
	char *bytes;
	size_t len;
	bool cut; /* it was too large to be kept: empty */
};

enum migration_end {
	END_EOF,     /* read() gave 0 */
	END_PRECOPY, /* ENOMSG */
	END_SILENT,  /* neither data nor an answer for too long */
	END_TOO_MUCH,
	END_SLOW, /* data came all the time, for longer than anybody waits */
	END_ERROR,
};

struct migration {
	struct session *s;
	struct iommu_device *idev;
	const struct migration_params *p;
	struct migration_result *res;
	uint64_t flags;
	struct mig_stream stream;
	bool handed;		     /* the last request handed out a stream */
	uint64_t took_ns;	     /* and so long it took */
	struct migration_data saved; /* a whole stream of the stopped device, to fill RESUMING with */
	uint64_t unlike;	     /* two streams of one stopped device differ: 1 + where */
	bool endless, silent, slow;  /* seen once: no stream is read to such an end again */
	bool disturbed;		     /* its state was made another since it was saved */
	bool lost;		     /* it cannot be brought to RUNNING */
	bool no_error;		     /* a way into ERROR was looked for, and there is none */
};

/* --- check.c --- */
/* It was asked, and nothing was wrong. */
void migration_pass(struct migration *m, enum migration_check_id id);
/* A pass never takes back a failure, nor a skip a pass; the first failure's words stay. */
void migration_say(struct migration *m, enum migration_check_id id, enum result result, const char *fmt, ...)
	IC_PRINTF(4, 5);
/* What the header recommends: FAIL with --strict, else a pass that says what was seen. */
void migration_recommend(struct migration *m, enum migration_check_id id, const char *fmt, ...) IC_PRINTF(3, 4);
/* True until the check said FAIL. */
bool migration_is_clean(const struct migration *m, enum migration_check_id id);

/* --- state.c --- */
/* The request, timed; m->stream is what it handed out, an older one is closed then. 0 or -errno. */
int migration_set(struct migration *m, uint32_t to);
/* What state it is in; MIG_ERROR where it would not say. */
uint32_t migration_get(struct migration *m);
/* Streams closed, and RUNNING by whatever leads there. -EIO: nothing does; m->lost. */
int migration_home(struct migration *m);
/* In @state, from RUNNING; RESUMING with a whole stream written. -errno, and @why says what was in the way. */
int migration_reach(struct migration *m, enum mig_state state, char *why, size_t len);

/* --- data.c --- */
/* Until an end, into @out (emptied first; NULL: thrown away), which is cut where there is too much to be kept. *n: bytes. */
enum migration_end migration_drain(struct migration *m, struct migration_data *out, uint64_t *n, int *err);
/* In pieces of odd sizes: what is written need not come as it was read. 0 or -errno. */
int migration_feed(struct migration *m, const char *bytes, size_t len);
/* -ENOMEM */
int migration_data_add(struct migration_data *d, const char *piece, size_t n);
void migration_data_free(struct migration_data *d);

/* --- dma.c --- */
/* Memory that the device reaches. */
struct migration_area {
	struct iommu_mem mem;
	iova_t iova;
	bool mapped;
};
int migration_area_new(struct migration *m, struct migration_area *a, uint64_t size, struct fail *f);
/* What a device may still write to stays as it is until exit. */
void migration_area_free(struct migration *m, struct migration_area *a);
/* In RUNNING with its engine up. @anew: whatever was left hanging is given up, by a reset where it can be. */
int migration_dma_ready(struct migration *m, bool anew, struct fail *f);

/* --- the parts of a run; each begins and ends in RUNNING --- */
/* stream.c: saving and loading. */
void migration_save(struct migration *m);
void migration_load(struct migration *m);
/* precopy.c */
void migration_precopy(struct migration *m);
/* facts.c: what works in each state; DMA logging. */
void migration_states(struct migration *m);
void migration_dirty(struct migration *m);
/* dma.c: whether DMA goes on. */
void migration_dma(struct migration *m);
/* flight.c: the device is stopped while its DMA is under way. From migration_dma(), engine up; ends anyhow. */
void migration_flight(struct migration *m);
/* arcs.c */
void migration_arcs(struct migration *m);

#endif
