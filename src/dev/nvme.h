/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to dev/nvme*.c: registers and commands of NVM Express, and what the driver keeps of one controller. Section numbers are of
 * the NVM Express Base Specification 2.0 ("B"), the NVM Command Set Specification 1.0 ("N") and the PCIe Transport 1.0 ("T").
 */
#ifndef IC_DEV_NVME_H
#define IC_DEV_NVME_H

#include <pthread.h>

#include "dev/driver.h"

/* B 3.1.3 */
#define NVME_CAP 0x00
#define NVME_CAP_MQES(cap) ((unsigned int)((cap)&0xffff))      /* entries of a queue - 1 */
#define NVME_CAP_TO(cap) ((unsigned int)((cap) >> 24 & 0xff))  /* 500 ms */
#define NVME_CAP_DSTRD(cap) ((unsigned int)((cap) >> 32 & 15)) /* doorbells are 4 << DSTRD bytes apart */
#define NVME_CAP_CSS_NVM (UINT64_C(1) << 37)
#define NVME_CAP_MPSMIN(cap) ((unsigned int)((cap) >> 48 & 15)) /* pages of 4096 << MPSMIN at least */
#define NVME_CAP_CRWMS (UINT64_C(1) << 59)			/* CRTO counts, not TO */
#define NVME_INTMS 0x0c
#define NVME_CC 0x14
#define NVME_CC_EN 0x1u
#define NVME_CC_SHN_MASK 0xc000u
#define NVME_CC_SHN_NORMAL 0x4000u
#define NVME_CC_IOSQES (6u << 16) /* 64 bytes */
#define NVME_CC_IOCQES (4u << 20) /* 16 bytes */
#define NVME_CSTS 0x1c
#define NVME_CSTS_RDY 0x1u
#define NVME_CSTS_CFS 0x2u
#define NVME_CSTS_SHST_MASK 0xcu
#define NVME_CSTS_SHST_DONE 0x8u
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
#define NVME_CRTO 0x68
#define NVME_DOORBELLS 0x1000u /* T 3.1.2 */
#define NVME_GONE 0xffffffffu

/* B 5, N 3.2 */
enum nvme_opcode {
	NVME_ADMIN_DELETE_SQ = 0x00,
	NVME_ADMIN_CREATE_SQ = 0x01,
	NVME_ADMIN_GET_LOG = 0x02,
	NVME_ADMIN_DELETE_CQ = 0x04,
	NVME_ADMIN_CREATE_CQ = 0x05,
	NVME_ADMIN_IDENTIFY = 0x06,
	NVME_ADMIN_SET_FEATURES = 0x09,
	NVME_IO_WRITE = 0x01,
	NVME_IO_READ = 0x02,
	NVME_IO_COMPARE = 0x05,
};
#define NVME_CNS_NAMESPACE 0x00
#define NVME_CNS_CONTROLLER 0x01
#define NVME_CNS_ACTIVE 0x02 /* namespaces, since 1.1 */
#define NVME_FEATURE_QUEUES 0x07
#define NVME_QUEUE_CONTIGUOUS 0x1u
#define NVME_LOG_RETAIN 0x8000u /* asynchronous events stay as they are */
#define NVME_PSDT_SGL 0x4000u	/* of dword 0: DPTR is an SGL segment */
#define NVME_ALL_NAMESPACES 0xffffffffu

/* B 3.3.3.2.1: of the status as we keep it, without the phase bit */
#define NVME_STATUS_CODE(status) ((status)&0x7ff) /* type and code */
#define NVME_STATUS_DATA_TRANSFER 0x004
#define NVME_STATUS_NAMESPACE 0x0bu	  /* invalid namespace or format */
#define NVME_STATUS_COMPARE_FAILURE 0x285 /* N 3.2.1 */

#define NVME_PAGE 4096u
#define NVME_MS 1000000ull
#define NVME_ADMIN_MS 5000 /* for one admin command */
#define NVME_LOOK_MS 2	   /* between looks at a controller that takes its time: has it failed, is it gone? */
#define NVME_RING 64u	   /* entries of a queue: a page of submissions */
#define NVME_PRPS_PER_PAGE 512u
#define NVME_CHAIN_MAX 5u   /* pages of one command's list */
#define NVME_PAGES_MAX 900u /* of a controller, out of those that a session has */
#define NVME_IO_QUEUES_MAX DEV_QUEUES_MAX
#define NVME_DEPTH_DEFAULT 32u
#define NVME_BLOCK_MIN 512u
#define NVME_TRANSFER_MAX MiB(8)     /* so that NVME_CHAIN_MAX pages list it */
#define NVME_TRANSFER_DEFAULT MiB(2) /* so that one does */

enum nvme_mode { NVME_IDENTIFY, NVME_LOG, NVME_BLOCKS, NVME_COMPARE, NVME_SCRATCH };

struct nvme_options {
	enum nvme_mode mode;
	uint8_t log;
	uint32_t log_bytes; /* that this log page has */
	uint32_t ns;
	bool ns_given;
	uint64_t first, count; /* blocks */
	unsigned int depth;    /* 0: not given */
	unsigned int queues;
	uint64_t max_transfer; /* 0: what the controller takes, but no more than NVME_TRANSFER_DEFAULT */
	bool sgl;
};

struct nvme_command {
	uint32_t dw[16];
};

/* B 3.3.3.2 */
struct nvme_completion {
	uint32_t result, reserved;
	uint16_t sq_head, sq_id, cid, status; /* status: bit 0 is the phase */
};

/* Room for a command's PRP list: in one page, which it may share with others, or in several that each end with where the next is. */
struct nvme_list {
	struct {
		volatile uint64_t *va;
		iova_t iova;
	} part[NVME_CHAIN_MAX];
	unsigned int nr, room; /* parts, and entries in each */
};

/* A command in flight. The identifier says which slot, and by its upper bits when: one that comes late or twice is known as such. */
struct nvme_slot {
	uint16_t cid;
	bool busy;
	uint16_t status; /* without phase */
	uint32_t result;
	struct nvme_list list;
};
#define NVME_CID_SLOT(cid) ((cid) & (NVME_RING - 1))
#define NVME_CID_TURNS 1023u /* of 1024: 0xffff is no identifier (B 3.3.3.2) */

struct nvme_queue {
	pthread_mutex_t busy; /* from a submission to its end */
	uint16_t id;
	unsigned int entries; /* of either ring */
	volatile struct nvme_command *sq;
	volatile struct nvme_completion *cq;
	iova_t sq_iova, cq_iova;
	unsigned int tail, head, turn, started;
	bool phase; /* of completions not seen yet */
	struct nvme_slot slots[NVME_RING];
};

struct nvme {
	struct nvme_options opt;
	uint64_t cap;
	unsigned int ready_ms, admin_ms, shutdown_ms;
	bool up;		/* we enabled it, and it became ready */
	_Atomic bool sick;	/* what it says is not to be believed, or commands of it have not ended */
	_Atomic bool leave;	/* being stopped: who waits for an I/O queue gives up */
	bool told;		/* of what it did wrong */
	_Atomic bool differed;	/* told that what it read was not what its blocks hold */
	uint32_t version, sgls; /* of Identify, as the following */
	char serial[21], model[41];
	uint64_t transfer_most; /* 0: any */
	bool can_compare;
	unsigned int block_shift;
	uint64_t part; /* blocks of each queue */
	struct nvme_queue admin, io[NVME_IO_QUEUES_MAX];
	unsigned int made_cq, made_sq; /* I/O queues that the controller knows */
	void *page;		       /* for identify data */
	iova_t page_iova;
	void *pages[NVME_PAGES_MAX];
	unsigned int nr_pages;
};

static inline struct nvme *nvme_of(const struct dev *dev)
{
	return dev->priv;
}

/* nvme_options.c: dev->options, and the limits that follow from them alone. -EINVAL with a hint. */
int nvme_options_parse(struct dev *dev, struct nvme_options *out, struct fail *f);

/* nvme.c: a page from the session, given back by nvme_pages_free(). */
int nvme_page_alloc(struct dev *dev, void **va, iova_t *iova, struct fail *f);

/* nvme_control.c: the controller's own registers. */
/* What it can do. -ENODEV nothing answers, -EOPNOTSUPP it cannot work with what we have. */
int nvme_control_look(struct dev *dev, struct fail *f);
/* CC.EN = 0 and wait: 0, every DMA of it has ended. -ETIMEDOUT; -ENODEV: off the bus. */
int nvme_control_disable(struct dev *dev);
/* With the admin queue's rings. */
int nvme_control_enable(struct dev *dev, struct fail *f);
/* CC.SHN: it is about to lose its power or its host. Only as good as its word; bounded. */
void nvme_control_shutdown(struct dev *dev);
/* Failed (CSTS.CFS) or off the bus. */
bool nvme_control_is_dead(const struct dev *dev);

/* nvme_queue.c */
/* Rings of its own, empty; the lock is left alone. */
int nvme_queue_init(struct dev *dev, struct nvme_queue *q, uint16_t id, struct fail *f);
/*
 * Put @cmd into the ring; its identifier is written there. Its slot is nvme_queue_slot() of before. Nothing is told to the controller
 * before nvme_queue_ring().
 */
struct nvme_slot *nvme_queue_slot(struct nvme_queue *q);
void nvme_queue_add(struct nvme_queue *q, struct nvme_command *cmd);
void nvme_queue_ring(struct dev *dev, struct nvme_queue *q);
/* Until all that were added have ended: 0. -ETIMEDOUT: time is over, or the controller failed, is gone, or completes what it was not given. */
int nvme_queue_wait(struct dev *dev, struct nvme_queue *q, unsigned int timeout_ms);

/* nvme_admin.c */
int nvme_admin_identify_controller(struct dev *dev, struct fail *f);
/* -ENXIO no such namespace, -ERANGE the blocks are not in it, -EOPNOTSUPP, -EROFS, -EBUSY: not for this driver, or not to be written. */
int nvme_admin_identify_namespace(struct dev *dev, struct fail *f);
/* Before blocks are written: -EINVAL where there are several namespaces and nobody said which. Says which drive it is. */
int nvme_admin_name_drive(struct dev *dev, struct fail *f);
/* I/O queues, limits.queues of them; -ENOSPC: it has fewer. */
int nvme_admin_make_queues(struct dev *dev, struct fail *f);
/* On the way out, as far as it goes. */
void nvme_admin_delete_queues(struct dev *dev);

/* nvme_prp.c */
/* Entries that a list for @len bytes at any address may need; 0: PRP1 and PRP2 do. */
unsigned int nvme_prp_entries(uint64_t len);
/* Lists for @n slots of @q. */
int nvme_prp_lists(struct dev *dev, struct nvme_queue *q, unsigned int n, uint64_t max_len, struct fail *f);
/* DPTR of @cmd, in PRPs: @len bytes at @iova, a multiple of 4. */
void nvme_prp_set(struct nvme_command *cmd, const struct nvme_list *list, iova_t iova, uint64_t len);
/* DPTR of @cmd as one SGL data block. */
void nvme_sgl_set(struct nvme_command *cmd, iova_t iova, uint64_t len);

/* nvme_io.c */
/* Where the lists and I/O queues that the options ask for are made, and the last limits are set. */
int nvme_io_init(struct dev *dev, struct fail *f);
int nvme_io_submit(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n);
int nvme_io_wait(struct dev *dev, unsigned int queue, struct dev_req *reqs, unsigned int n, unsigned int timeout_ms);

#endif
