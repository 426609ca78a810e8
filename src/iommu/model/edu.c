/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model of QEMU's edu device: a page of its own, read from memory and written to memory at the write of the command, without the 100 ms
 * that QEMU takes. Registers: docs/specs/edu.rst of QEMU. On the root bus it has no reset.
 */
#include <errno.h>
#include <string.h>

#include "iommu/model/model.h"

#define EDU_ID 0x00
#define EDU_ID_VALUE 0x010000edu
#define EDU_LIVENESS 0x04 /* answers with what was written, inverted */
#define EDU_SRC 0x80
#define EDU_DST 0x88
#define EDU_COUNT 0x90
#define EDU_CMD 0x98
#define EDU_CMD_RUN 0x1
#define EDU_CMD_TO_MEMORY 0x2
#define EDU_BUFFER 0x40000
#define EDU_BUFFER_SIZE 4096
#define EDU_MASK 0xffffffff /* as with -device edu,dma_mask=0xffffffff; its default is 28 bits */

struct edu_model {
	uint32_t liveness;
	uint64_t src, dst, count, cmd;
	uint8_t buffer[EDU_BUFFER_SIZE];
};

static int edu_model_init(struct model *m)
{
	m->priv = calloc(1, sizeof(struct edu_model));
	return m->priv ? 0 : -ENOMEM;
}

static void edu_model_exit(struct model *m)
{
	free(m->priv);
}

static uint64_t *edu_register(struct edu_model *edu, uint64_t offset)
{
	switch (offset & ~UINT64_C(7)) {
	case EDU_SRC:
		return &edu->src;
	case EDU_DST:
		return &edu->dst;
	case EDU_COUNT:
		return &edu->count;
	case EDU_CMD:
		return &edu->cmd;
	default:
		return NULL;
	}
}

static bool edu_is_running(const struct model *m)
{
	const struct edu_model *edu = m->priv;

	return edu->cmd & EDU_CMD_RUN || model_is(m, MODEL_NEVER_READY);
}

/* From 0x80 on 4 or 8 bytes at a time, below it 4; all else is not answered, which QEMU shows as zeros. */
static uint64_t edu_model_read(struct model *m, uint64_t offset, unsigned int width)
{
	struct edu_model *edu = m->priv;
	const uint64_t *reg = edu_register(edu, offset);
	uint64_t value;

	if (width < 4 || (width == 8 && offset < EDU_SRC))
		return 0;
	if (offset == EDU_ID)
		return EDU_ID_VALUE;
	if (offset == EDU_LIVENESS)
		return ~edu->liveness;
	if (!reg)
		return 0;
	value = reg == &edu->cmd && edu_is_running(m) ? edu->cmd | EDU_CMD_RUN : *reg;
	return offset & 4 ? value >> 32 : value;
}

/* The buffer's address goes through the mask, too. A transfer beyond the buffer is what the device's own text forbids: none is made. */
static void edu_run(struct model *m)
{
	struct edu_model *edu = m->priv;
	bool to_memory = edu->cmd & EDU_CMD_TO_MEMORY;
	uint64_t offset = (to_memory ? edu->src : edu->dst) - EDU_BUFFER, count = edu->count;
	uint64_t address = (to_memory ? edu->dst : edu->src) & EDU_MASK;

	if (model_is(m, MODEL_STUCK_BUSY))
		return;
	edu->cmd &= ~(uint64_t)EDU_CMD_RUN;
	if (offset > EDU_BUFFER_SIZE || count > EDU_BUFFER_SIZE - offset || model_is(m, MODEL_SILENT_ERROR))
		return;
	if (model_is(m, MODEL_BOGUS_LENGTH))
		count = edu->count /= 2;
	if (to_memory)
		model_dma_write(m, address, edu->buffer + offset, count);
	else
		model_dma_read(m, address, edu->buffer + offset, count);
}

static void edu_model_write(struct model *m, uint64_t offset, unsigned int width, uint64_t value)
{
	struct edu_model *edu = m->priv;
	uint64_t *reg = edu_register(edu, offset);

	if (width == 4 && offset == EDU_LIVENESS)
		edu->liveness = (uint32_t)value;
	/* while a transfer runs, its registers are not written */
	if (!reg || width < 4 || edu_is_running(m))
		return;
	if (width == 8)
		*reg = value;
	else if (offset & 4)
		*reg = (uint32_t)*reg | value << 32;
	else
		*reg = (*reg & ~UINT64_C(0xffffffff)) | (uint32_t)value;
	if (reg == &edu->cmd && *reg & EDU_CMD_RUN)
		edu_run(m);
}

const struct model_ops model_edu_ops = {
	.name = "edu",
	.help = "QEMU's edu device, without its 100 ms per transfer",
	.vendor = 0x1234,
	.device = 0x11e8,
	.class_code = 0x00ff00,
	.revision = 0x10,
	.bar = 0,
	.bar_size = 0x100000,
	/* it reports nothing */
	.lacks = MODEL_BIT(MODEL_ERROR_STATUS),
	.init = edu_model_init,
	.exit = edu_model_exit,
	.read = edu_model_read,
	.write = edu_model_write,
};
