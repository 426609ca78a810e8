/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a modelled NVMe controller does with commands: its admin commands and those of the NVM command set. */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "iommu/model/nvme.h"

enum {
	NVME_DELETE_SQ = 0x00,
	NVME_CREATE_SQ = 0x01,
	NVME_GET_LOG = 0x02,
	NVME_DELETE_CQ = 0x04,
	NVME_CREATE_CQ = 0x05,
	NVME_IDENTIFY = 0x06,
	NVME_SET_FEATURES = 0x09,
	NVME_WRITE = 0x01,
	NVME_READ = 0x02,
	NVME_COMPARE = 0x05,
};

static void nvme_put(uint8_t *at, uint64_t value, unsigned int width)
{
	for (unsigned int i = 0; i < width; i++, value >>= 8)
		at[i] = (uint8_t)value;
}

static void nvme_put_text(uint8_t *at, size_t len, const char *text)
{
	memset(at, ' ', len);
	memcpy(at, text, strlen(text));
}

/* B 5.17.2.1 */
static void nvme_fill_controller(const struct model *m, uint8_t *data)
{
	const struct nvme_model *nvme = m->priv;

	nvme_put(data, m->ops->vendor, 2);
	nvme_put(data + 2, m->ops->vendor, 2);
	nvme_put_text(data + 4, 20, "model");
	nvme_put_text(data + 24, 40, "simulated controller");
	nvme_put_text(data + 64, 8, "1.0");
	data[77] = nvme->mdts;
	nvme_put(data + 80, 0x00010400, 4); /* VER */
	nvme_put(data + 88, 100000, 4);	    /* RTD3E, us */
	data[512] = 0x66;		    /* SQES */
	data[513] = 0x44;		    /* CQES */
	nvme_put(data + 516, 1, 4);	    /* NN */
	nvme_put(data + 520, 1, 2);	    /* ONCS: Compare */
	nvme_put(data + 536, nvme->sgls, 4);
}

/* N 4.1.5.1 of the NVM command set specification */
static void nvme_fill_namespace(const struct model *m, uint8_t *data)
{
	const struct nvme_model *nvme = m->priv;
	uint64_t blocks = (uint64_t)NVME_MODEL_BLOCKS * NVME_MODEL_BLOCK >> nvme->block_shift;

	for (unsigned int at = 0; at < 24; at += 8) /* NSZE, NCAP, NUSE */
		nvme_put(data + at, blocks, 8);
	data[30] = nvme->nmic;
	data[99] = nvme->nsattr;
	nvme_put(data + 128, (uint32_t)nvme->block_shift << 16 | nvme->metadata, 4);
}

static uint16_t nvme_identify(struct model *m, const struct nvme_model_command *cmd)
{
	const struct nvme_model *nvme = m->priv;
	uint8_t data[NVME_MODEL_PAGE] = {0};

	switch (cmd->dw[10] & 0xff) {
	case 0:
		if (!cmd->dw[1] || cmd->dw[1] > nvme->namespaces)
			return NVME_MODEL_BAD_NAMESPACE;
		nvme_fill_namespace(m, data);
		break;
	case 1:
		nvme_fill_controller(m, data);
		break;
	case 2:
		for (uint32_t i = 0, id = cmd->dw[1] + 1; id <= nvme->namespaces; i++, id++)
			nvme_put(data + 4 * i, id, 4);
		break;
	default:
		return NVME_MODEL_BAD_FIELD;
	}
	return nvme_model_transfer(m, cmd, true, data, sizeof(data));
}

/* B 5.16; each page is numbers of its own. */
static uint16_t nvme_get_log(struct model *m, const struct nvme_model_command *cmd)
{
	static const struct {
		uint8_t id;
		uint16_t bytes;
	} logs[] = {{0x01, 256}, {0x02, 512}, {0x03, 512}, {0x05, 4096}};
	uint64_t len = ((uint64_t)(cmd->dw[11] & 0xffff) << 16 | cmd->dw[10] >> 16) * 4 + 4;
	uint8_t data[4096];

	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		if (logs[i].id != (cmd->dw[10] & 0xff))
			continue;
		for (unsigned int k = 0; k < sizeof(data); k++)
			data[k] = (uint8_t)(logs[i].id * 16 + k / 4);
		return nvme_model_transfer(m, cmd, true, data, MIN(len, logs[i].bytes));
	}
	return NVME_MODEL_BAD_LOG;
}

/* B 5.5, 5.6: numbers and sizes of queues; contiguous, at the beginning of a page. */
static uint16_t nvme_queue_new(struct nvme_model_queue *queues, const struct nvme_model_command *cmd)
{
	unsigned int id = cmd->dw[10] & 0xffff, size = (cmd->dw[10] >> 16) + 1;

	if (!id || id >= NVME_MODEL_QUEUES || queues[id].live)
		return NVME_MODEL_BAD_QUEUE;
	if (size < 2 || size > NVME_MODEL_ENTRIES)
		return NVME_MODEL_BAD_SIZE;
	if (!(cmd->dw[11] & 1) || cmd->dw[6] % NVME_MODEL_PAGE)
		return NVME_MODEL_BAD_FIELD;
	queues[id] = (struct nvme_model_queue){
		.live = true, .base = (uint64_t)cmd->dw[7] << 32 | cmd->dw[6], .size = size, .phase = true};
	return NVME_MODEL_OK;
}

static uint16_t nvme_create_sq(struct nvme_model *nvme, const struct nvme_model_command *cmd)
{
	unsigned int cq = cmd->dw[11] >> 16;
	uint16_t status;

	if (!cq || cq >= NVME_MODEL_QUEUES || !nvme->cq[cq].live)
		return NVME_MODEL_BAD_CQ;
	status = nvme_queue_new(nvme->sq, cmd);
	if (!status)
		nvme->sq[cmd->dw[10] & 0xffff].cq = cq;
	return status;
}

/* A completion queue goes after the last submission queue that uses it. */
static uint16_t nvme_delete(struct nvme_model *nvme, bool is_cq, unsigned int id)
{
	struct nvme_model_queue *queues = is_cq ? nvme->cq : nvme->sq;

	if (!id || id >= NVME_MODEL_QUEUES || !queues[id].live)
		return NVME_MODEL_BAD_QUEUE;
	for (unsigned int i = 0; i < NVME_MODEL_QUEUES && is_cq; i++)
		if (nvme->sq[i].live && nvme->sq[i].cq == id)
			return NVME_MODEL_BAD_DELETE;
	queues[id].live = false;
	return NVME_MODEL_OK;
}

static uint16_t nvme_set_features(struct nvme_model *nvme, const struct nvme_model_command *cmd, uint32_t *result)
{
	if ((cmd->dw[10] & 0xff) != 0x07)
		return NVME_MODEL_BAD_FIELD;
	*result = (nvme->pairs - 1) << 16 | (nvme->pairs - 1);
	return NVME_MODEL_OK;
}

static uint16_t nvme_admin(struct model *m, const struct nvme_model_command *cmd, uint32_t *result)
{
	struct nvme_model *nvme = m->priv;
	unsigned int id = cmd->dw[10] & 0xffff;

	/* B 4.1.2: SGLs are not for admin commands over PCI Express */
	if (cmd->dw[0] >> 14 & 3)
		return NVME_MODEL_BAD_FIELD;
	switch (cmd->dw[0] & 0xff) {
	case NVME_DELETE_SQ:
		return nvme_delete(nvme, false, id);
	case NVME_CREATE_SQ:
		return nvme_create_sq(nvme, cmd);
	case NVME_GET_LOG:
		return nvme_get_log(m, cmd);
	case NVME_DELETE_CQ:
		return nvme_delete(nvme, true, id);
	case NVME_CREATE_CQ:
		return nvme_queue_new(nvme->cq, cmd);
	case NVME_IDENTIFY:
		return nvme_identify(m, cmd);
	case NVME_SET_FEATURES:
		return nvme_set_features(nvme, cmd, result);
	default:
		return NVME_MODEL_BAD_OPCODE;
	}
}

static uint16_t nvme_compare(struct model *m, const struct nvme_model_command *cmd, const uint8_t *media, uint64_t len)
{
	uint8_t *data = malloc(len);
	uint16_t status;

	if (!data)
		return NVME_MODEL_INTERNAL;
	memcpy(data, media, len);
	status = nvme_model_transfer(m, cmd, false, data, len);
	if (!status && memcmp(data, media, len))
		status = NVME_MODEL_MISCOMPARE;
	free(data);
	return status;
}

static uint16_t nvme_io(struct model *m, const struct nvme_model_command *cmd)
{
	struct nvme_model *nvme = m->priv;
	uint64_t first = (uint64_t)cmd->dw[11] << 32 | cmd->dw[10], blocks = (cmd->dw[12] & 0xffff) + 1;
	uint64_t all = (uint64_t)NVME_MODEL_BLOCKS * NVME_MODEL_BLOCK >> nvme->block_shift;
	uint64_t len = blocks << nvme->block_shift;
	uint8_t *media = nvme->media + (first << nvme->block_shift);

	if (!cmd->dw[1] || cmd->dw[1] > nvme->namespaces)
		return NVME_MODEL_BAD_NAMESPACE;
	if (nvme->mdts && len > (uint64_t)NVME_MODEL_PAGE << nvme->mdts)
		return NVME_MODEL_BAD_FIELD;
	if (first >= all || blocks > all - first)
		return NVME_MODEL_LBA_RANGE;
	switch (cmd->dw[0] & 0xff) {
	case NVME_WRITE:
		return nvme_model_transfer(m, cmd, false, media, len);
	case NVME_READ:
		nvme->writes++;
		return nvme_model_transfer(m, cmd, true, media, len);
	case NVME_COMPARE:
		return nvme_compare(m, cmd, media, len);
	default:
		return NVME_MODEL_BAD_OPCODE;
	}
}

uint16_t nvme_model_execute(struct model *m, unsigned int sqid, const struct nvme_model_command *cmd, uint32_t *result)
{
	*result = 0;
	if (model_is(m, MODEL_ERROR_STATUS))
		return NVME_MODEL_INTERNAL;
	if (model_is(m, MODEL_SILENT_ERROR) && (sqid || (cmd->dw[0] & 0xff) == NVME_IDENTIFY))
		return NVME_MODEL_OK;
	return sqid ? nvme_io(m, cmd) : nvme_admin(m, cmd, result);
}
