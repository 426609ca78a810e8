/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to iommu/model and to tests: an NVMe controller with one namespace in memory, as NVM Express Base 2.0 ("B") has it. */
#ifndef IC_IOMMU_MODEL_NVME_H
#define IC_IOMMU_MODEL_NVME_H

#include "iommu/model/model.h"

#define NVME_MODEL_QUEUES 17 /* the admin queue's pair, and 16 */
#define NVME_MODEL_ENTRIES 2048
#define NVME_MODEL_BLOCK 512u
#define NVME_MODEL_BLOCKS (8u << 11) /* 8 MiB */
#define NVME_MODEL_PAGE 4096u
#define NVME_MODEL_MDTS 7

/* Status codes, B 3.3.3.2.1: type in bits 10:8, "do not retry" in bit 14. */
enum nvme_model_status {
	NVME_MODEL_OK = 0,
	NVME_MODEL_BAD_OPCODE = 0x4001,
	NVME_MODEL_BAD_FIELD = 0x4002,
	NVME_MODEL_DATA_TRANSFER = 0x4004,
	NVME_MODEL_INTERNAL = 0x4006,
	NVME_MODEL_BAD_NAMESPACE = 0x400b,
	NVME_MODEL_SGL_LENGTH = 0x400f,
	NVME_MODEL_SGL_TYPE = 0x4011,
	NVME_MODEL_PRP_OFFSET = 0x4013,
	NVME_MODEL_LBA_RANGE = 0x4080,
	NVME_MODEL_BAD_CQ = 0x4100,
	NVME_MODEL_BAD_QUEUE = 0x4101,
	NVME_MODEL_BAD_SIZE = 0x4102,
	NVME_MODEL_BAD_LOG = 0x4109,
	NVME_MODEL_BAD_DELETE = 0x410c,
	NVME_MODEL_MISCOMPARE = 0x4285,
};

struct nvme_model_command {
	uint32_t dw[16];
};

struct nvme_model_completion {
	uint32_t result, reserved;
	uint16_t sq_head, sq_id, cid, status;
};

struct nvme_model_queue {
	bool live;
	iova_t base;
	unsigned int size, head, tail;
	unsigned int cq; /* of a submission queue */
	bool phase;	 /* of a completion queue: of what is written next */
};

struct nvme_model {
	uint32_t cc, csts, aqa, intms;
	uint64_t asq, acq;
	struct nvme_model_queue sq[NVME_MODEL_QUEUES], cq[NVME_MODEL_QUEUES];
	uint8_t *media;
	uint64_t commands, writes, moved;    /* that came; data commands that wrote memory; bytes of data */
	unsigned int most_at_once;	     /* commands that one write of a doorbell started */
	unsigned int shutdowns, queues_left; /* announced; I/O queues that were there at the last one */
	/* For tests: other hardware, or wrong in ways that have no name. */
	uint64_t cap;
	uint8_t mdts, block_shift;
	uint8_t nmic, nsattr; /* of the namespace */
	uint32_t namespaces;  /* they are all the same blocks */
	uint16_t metadata;    /* bytes per block */
	uint32_t sgls;
	unsigned int pairs; /* of I/O queues that Set Features grants */
	void (*mangle)(struct nvme_model_completion *c);
	bool twice;	  /* each completion is posted twice */
	bool stuck_ready; /* CSTS.RDY outlives CC.EN, until a reset of the function */
};

/* Sets CSTS.CFS: nothing goes on from here but a reset. */
void nvme_model_fail(struct model *m);

/* nvme_command.c: what the command on submission queue @sqid does. Its status. */
uint16_t nvme_model_execute(struct model *m, unsigned int sqid, const struct nvme_model_command *cmd, uint32_t *result);

/* nvme_data.c: @len bytes between @buf and where DPTR points. A status. */
uint16_t nvme_model_transfer(struct model *m, const struct nvme_model_command *cmd, bool to_memory, void *buf,
			     uint64_t len);

#endif
