/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model of an NVMe controller: registers, doorbells and queues (B 3.1.3, 3.3.1). A doorbell's commands are done before its write returns. */
#include "iommu/model/nvme.h"

#include <errno.h>
#include <string.h>

#define NVME_CAP 0x00
#define NVME_VS 0x08
#define NVME_INTMS 0x0c
#define NVME_INTMC 0x10
#define NVME_CC 0x14
#define NVME_CC_EN 0x1u
#define NVME_CC_SHN 0xc000u
#define NVME_CSTS 0x1c
#define NVME_CSTS_RDY 0x1u
#define NVME_CSTS_CFS 0x2u
#define NVME_CSTS_SHST_DONE 0x8u
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
#define NVME_DOORBELLS 0x1000u

/* MQES 2047, contiguous queues, TO 500 ms, stride 4, NVM command set, pages of 4 KiB. */
#define NVME_MODEL_CAP (UINT64_C(1) << 37 | UINT64_C(1) << 24 | UINT64_C(1) << 16 | (NVME_MODEL_ENTRIES - 1))

static int nvme_model_init(struct model *m)
{
	struct nvme_model *nvme = calloc(1, sizeof(*nvme));

	if (!nvme)
		return -ENOMEM;
	nvme->media = calloc(NVME_MODEL_BLOCKS, NVME_MODEL_BLOCK);
	if (!nvme->media) {
		free(nvme);
		return -ENOMEM;
	}
	nvme->cap = NVME_MODEL_CAP;
	nvme->mdts = NVME_MODEL_MDTS;
	nvme->block_shift = 9;
	nvme->sgls = 1;
	nvme->pairs = NVME_MODEL_QUEUES - 1;
	nvme->namespaces = 1;
	m->priv = nvme;
	return 0;
}

static void nvme_model_exit(struct model *m)
{
	struct nvme_model *nvme = m->priv;

	free(nvme->media);
	free(nvme);
}

void nvme_model_fail(struct model *m)
{
	struct nvme_model *nvme = m->priv;

	nvme->csts |= NVME_CSTS_CFS;
}

/* A controller reset (B 3.7.2): the admin queue's registers stay. */
static void nvme_off(struct nvme_model *nvme)
{
	nvme->csts = 0;
	memset(nvme->sq, 0, sizeof(nvme->sq));
	memset(nvme->cq, 0, sizeof(nvme->cq));
}

static void nvme_model_reset(struct model *m)
{
	struct nvme_model *nvme = m->priv;

	nvme_off(nvme);
	nvme->cc = nvme->aqa = nvme->intms = 0;
	nvme->asq = nvme->acq = 0;
}

static void nvme_on(struct model *m)
{
	struct nvme_model *nvme = m->priv;
	unsigned int sq = (nvme->aqa & 0xfff) + 1, cq = (nvme->aqa >> 16 & 0xfff) + 1;

	if (model_is(m, MODEL_NEVER_READY))
		return;
	/* 64 and 16 bytes per entry, pages of 4 KiB: nothing else is supported */
	if (sq < 2 || cq < 2 || (nvme->asq | nvme->acq) % NVME_MODEL_PAGE || (nvme->cc & 0xff07f0) != 0x460000) {
		nvme_model_fail(m);
		return;
	}
	nvme->sq[0] = (struct nvme_model_queue){.live = true, .base = nvme->asq, .size = sq};
	nvme->cq[0] = (struct nvme_model_queue){.live = true, .base = nvme->acq, .size = cq, .phase = true};
	nvme->csts = NVME_CSTS_RDY;
}

static void nvme_shut_down(struct nvme_model *nvme)
{
	nvme->csts |= NVME_CSTS_SHST_DONE;
	nvme->shutdowns++;
	nvme->queues_left = 0;
	for (unsigned int i = 1; i < NVME_MODEL_QUEUES; i++)
		nvme->queues_left += nvme->sq[i].live + nvme->cq[i].live;
}

static void nvme_configure(struct model *m, uint32_t cc)
{
	struct nvme_model *nvme = m->priv;
	uint32_t was = nvme->cc;

	nvme->cc = cc;
	if (!(was & NVME_CC_EN) && (cc & NVME_CC_EN))
		nvme_on(m);
	else if ((was & NVME_CC_EN) && !(cc & NVME_CC_EN) && !nvme->stuck_ready)
		nvme_off(nvme);
	if ((cc & NVME_CC_EN) && (cc & NVME_CC_SHN))
		nvme_shut_down(nvme);
}

static uint32_t nvme_half(uint64_t value, uint64_t offset)
{
	return (uint32_t)(value >> (offset & 4) * 8);
}

static uint32_t nvme_register(const struct nvme_model *nvme, uint64_t offset)
{
	switch (offset) {
	case NVME_CAP:
	case NVME_CAP + 4:
		return nvme_half(nvme->cap, offset);
	case NVME_VS:
		return 0x00010400;
	case NVME_INTMS:
	case NVME_INTMC:
		return nvme->intms;
	case NVME_CC:
		return nvme->cc;
	case NVME_CSTS:
		return nvme->csts;
	case NVME_AQA:
		return nvme->aqa;
	case NVME_ASQ:
	case NVME_ASQ + 4:
		return nvme_half(nvme->asq, offset);
	case NVME_ACQ:
	case NVME_ACQ + 4:
		return nvme_half(nvme->acq, offset);
	default:
		return 0;
	}
}

static uint64_t nvme_model_read(struct model *m, uint64_t offset, unsigned int width)
{
	const struct nvme_model *nvme = m->priv;

	if (width < 4)
		return nvme_register(nvme, offset & ~UINT64_C(3)) >> (offset & 3) * 8;
	return nvme_register(nvme, offset) | (width == 8 ? (uint64_t)nvme_register(nvme, offset + 4) << 32 : 0);
}

static bool nvme_is_full(const struct nvme_model_queue *q)
{
	return (q->tail + 1) % q->size == q->head;
}

static void nvme_post_one(struct model *m, struct nvme_model_queue *cq, struct nvme_model_completion c)
{
	struct nvme_model *nvme = m->priv;

	c.status = (uint16_t)(c.status << 1 | cq->phase);
	if (nvme->mangle)
		nvme->mangle(&c);
	/* where completions cannot be written nobody would ever know */
	if (model_dma_write(m, cq->base + cq->tail * sizeof(c), &c, sizeof(c)))
		nvme_model_fail(m);
	cq->tail = (cq->tail + 1) % cq->size;
	if (!cq->tail)
		cq->phase = !cq->phase;
}

static void nvme_post(struct model *m, unsigned int sqid, const struct nvme_model_completion *c)
{
	struct nvme_model *nvme = m->priv;
	struct nvme_model_queue *cq = &nvme->cq[nvme->sq[sqid].cq];

	nvme_post_one(m, cq, *c);
	if (nvme->twice && !nvme_is_full(cq))
		nvme_post_one(m, cq, *c);
}

/* All commands up to the tail, as long as there is room for their completions. */
static void nvme_run(struct model *m, unsigned int sqid)
{
	struct nvme_model *nvme = m->priv;
	struct nvme_model_queue *q = &nvme->sq[sqid];
	unsigned int n = 0;

	for (; q->live && q->head != q->tail && !nvme_is_full(&nvme->cq[q->cq]); n++) {
		struct nvme_model_completion c = {.sq_id = (uint16_t)sqid};
		struct nvme_model_command cmd;

		if ((nvme->csts & NVME_CSTS_CFS) || model_is(m, MODEL_STUCK_BUSY))
			return;
		if (model_dma_read(m, q->base + q->head * sizeof(cmd), &cmd, sizeof(cmd))) {
			nvme_model_fail(m);
			return;
		}
		q->head = (q->head + 1) % q->size;
		nvme->commands++;
		c.status = nvme_model_execute(m, sqid, &cmd, &c.result);
		c.sq_head = (uint16_t)q->head;
		c.cid = (uint16_t)(cmd.dw[0] >> 16);
		nvme_post(m, sqid, &c);
	}
	if (n > nvme->most_at_once)
		nvme->most_at_once = n;
}

/* Even doorbells are tails of submission queues, odd ones heads of completion queues. Values that make no sense are not taken. */
static void nvme_doorbell(struct model *m, unsigned int index, uint32_t value)
{
	struct nvme_model *nvme = m->priv;
	unsigned int id = index / 2;

	if (id >= NVME_MODEL_QUEUES || !(nvme->csts & NVME_CSTS_RDY))
		return;
	if (index % 2) {
		if (nvme->cq[id].live && value < nvme->cq[id].size)
			nvme->cq[id].head = value;
		for (unsigned int i = 0; i < NVME_MODEL_QUEUES; i++)
			if (nvme->sq[i].live && nvme->sq[i].cq == id)
				nvme_run(m, i);
	} else if (nvme->sq[id].live && value < nvme->sq[id].size) {
		nvme->sq[id].tail = value;
		nvme_run(m, id);
	}
}

static void nvme_set_half(uint64_t *reg, uint64_t offset, uint32_t value)
{
	unsigned int shift = offset & 4 ? 32 : 0;

	*reg = (*reg & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
}

static void nvme_write32(struct model *m, uint64_t offset, uint32_t value)
{
	struct nvme_model *nvme = m->priv;
	unsigned int stride = 4u << (nvme->cap >> 32 & 15);

	if (offset >= NVME_DOORBELLS) {
		if ((offset - NVME_DOORBELLS) % stride == 0)
			nvme_doorbell(m, (unsigned int)((offset - NVME_DOORBELLS) / stride), value);
		return;
	}
	switch (offset) {
	case NVME_INTMS:
		nvme->intms |= value;
		break;
	case NVME_INTMC:
		nvme->intms &= ~value;
		break;
	case NVME_CC:
		nvme_configure(m, value);
		break;
	case NVME_AQA:
		nvme->aqa = value;
		break;
	case NVME_ASQ:
	case NVME_ASQ + 4:
		nvme_set_half(&nvme->asq, offset, value);
		break;
	case NVME_ACQ:
	case NVME_ACQ + 4:
		nvme_set_half(&nvme->acq, offset, value);
		break;
	default:
		break;
	}
}

static void nvme_model_write(struct model *m, uint64_t offset, unsigned int width, uint64_t value)
{
	if (width < 4)
		return;
	nvme_write32(m, offset, (uint32_t)value);
	if (width == 8)
		nvme_write32(m, offset + 4, (uint32_t)(value >> 32));
}

const struct model_ops model_nvme_ops = {
	.name = "nvme",
	.help = "an NVMe controller with a namespace of 8 MiB in memory",
	.vendor = 0x1b36,
	.device = 0x0010,
	.class_code = 0x010802,
	.revision = 0x02,
	.bar = 0,
	.bar_size = 0x4000,
	.init = nvme_model_init,
	.exit = nvme_model_exit,
	.read = nvme_model_read,
	.write = nvme_model_write,
	.reset = nvme_model_reset,
};
