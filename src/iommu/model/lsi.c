/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model of the LSI 53C895A: the SCRIPTS processor with its memory moves, jumps and interrupts, and no SCSI bus, so that an instruction
 * that needs one waits for ever. Registers and instructions: LSI53C895A technical manual, chapters 4 and 5.
 */
#include <errno.h>
#include <string.h>

#include "iommu/model/model.h"

#define LSI_DSTAT 0x0c
#define LSI_DSTAT_DFE 0x80 /* the DMA FIFO is empty: always here */
#define LSI_DSTAT_BF 0x20
#define LSI_DSTAT_ABRT 0x10
#define LSI_DSTAT_SIR 0x04
#define LSI_DSTAT_IID 0x01
#define LSI_ISTAT 0x14
#define LSI_ISTAT_ABRT 0x80
#define LSI_ISTAT_SRST 0x40
#define LSI_ISTAT_DIP 0x01
#define LSI_DSP 0x2c
#define LSI_DSPS 0x30
#define LSI_DMODE 0x38
#define LSI_DMODE_MAN 0x01 /* a write of DSP starts nothing */

/* The first dword of an instruction: its type in bits 31:30, ... */
#define LSI_TYPE(insn) ((insn) >> 30)
#define LSI_TYPE_TRANSFER 2u
#define LSI_TYPE_MEMORY 3u
#define LSI_MOVE_RESERVED 0x1e000000u /* must be 0 */
#define LSI_LOAD_STORE 0x20000000u    /* ... of up to 4 bytes in bits 2:0, in place of a move */
#define LSI_COUNT 0x00ffffffu
#define LSI_OPCODE(insn) ((insn) >> 27 & 7)
#define LSI_JUMP 0u
#define LSI_INTERRUPT 3u
#define LSI_RELATIVE 0x00800000u
#define LSI_IF_TRUE 0x00080000u
#define LSI_CONDITIONS 0x00370000u /* carry, on the fly, data, phase, wait */

#define LSI_REGISTERS 0x100u
#define LSI_CHUNK 65536u
#define LSI_STEPS 65536u /* a script that takes more is one that never ends */

struct lsi_model {
	uint8_t regs[LSI_REGISTERS];
	bool running;
	uint8_t chunk[LSI_CHUNK];
};

static uint32_t lsi_get(const struct lsi_model *lsi, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, lsi->regs + offset, sizeof(value));
	return value;
}

static void lsi_set(struct lsi_model *lsi, unsigned int offset, uint32_t value)
{
	memcpy(lsi->regs + offset, &value, sizeof(value));
}

static int lsi_model_init(struct model *m)
{
	m->priv = calloc(1, sizeof(struct lsi_model));
	return m->priv ? 0 : -ENOMEM;
}

static void lsi_model_exit(struct model *m)
{
	free(m->priv);
}

/* The script has ended, for these reasons. */
static void lsi_halt(struct lsi_model *lsi, uint8_t reasons)
{
	lsi->running = false;
	lsi->regs[LSI_DSTAT] |= reasons;
	lsi->regs[LSI_ISTAT] |= LSI_ISTAT_DIP;
}

static uint32_t lsi_fetch(struct model *m)
{
	struct lsi_model *lsi = m->priv;
	uint32_t dsp = lsi_get(lsi, LSI_DSP), dword;

	/* what cannot be fetched is all ones, and taken for what that means */
	model_dma_read(m, dsp, &dword, sizeof(dword));
	lsi_set(lsi, LSI_DSP, dsp + (uint32_t)sizeof(dword));
	return dword;
}

static void lsi_move(struct model *m, uint32_t src, uint32_t dst, uint32_t count)
{
	struct lsi_model *lsi = m->priv;

	if (model_is(m, MODEL_SILENT_ERROR))
		return;
	if (model_is(m, MODEL_BOGUS_LENGTH))
		count /= 2;
	for (uint32_t done = 0, n; done < count; done += n) {
		n = MIN(count - done, LSI_CHUNK);
		model_dma_read(m, (uint32_t)(src + done), lsi->chunk, n);
		model_dma_write(m, (uint32_t)(dst + done), lsi->chunk, n);
	}
}

/* Memory moves; nothing here needs its loads and stores, which are refused as they are where their count is beyond 4. */
static void lsi_memory(struct model *m, uint32_t insn)
{
	struct lsi_model *lsi = m->priv;
	uint32_t src = lsi_get(lsi, LSI_DSPS), dst;

	if (insn & (LSI_LOAD_STORE | LSI_MOVE_RESERVED)) {
		lsi_halt(lsi, LSI_DSTAT_IID);
		return;
	}
	dst = lsi_fetch(m);
	if (model_is(m, MODEL_ERROR_STATUS))
		lsi_halt(lsi, LSI_DSTAT_BF);
	else if (!(insn & LSI_COUNT))
		lsi_halt(lsi, LSI_DSTAT_IID);
	else
		lsi_move(m, src, dst, insn & LSI_COUNT);
}

/* False: it waits for something that never comes. */
static bool lsi_transfer(struct lsi_model *lsi, uint32_t insn)
{
	uint32_t operand = lsi_get(lsi, LSI_DSPS);

	if (LSI_OPCODE(insn) > LSI_INTERRUPT)
		lsi_halt(lsi, LSI_DSTAT_IID);
	else if (insn & LSI_CONDITIONS || (LSI_OPCODE(insn) != LSI_JUMP && LSI_OPCODE(insn) != LSI_INTERRUPT))
		return false;
	else if (!(insn & LSI_IF_TRUE))
		return true;
	else if (LSI_OPCODE(insn) == LSI_INTERRUPT)
		lsi_halt(lsi, LSI_DSTAT_SIR);
	else if (insn & LSI_RELATIVE)
		/* 24 bits with their sign */
		lsi_set(lsi, LSI_DSP, lsi_get(lsi, LSI_DSP) + (uint32_t)((int32_t)(operand << 8) >> 8));
	else
		lsi_set(lsi, LSI_DSP, operand);
	return true;
}

/* False: the script makes no headway any more. */
static bool lsi_step(struct model *m)
{
	struct lsi_model *lsi = m->priv;
	uint32_t insn = lsi_fetch(m);

	lsi_set(lsi, LSI_DSPS, lsi_fetch(m));
	if (LSI_TYPE(insn) == LSI_TYPE_MEMORY)
		lsi_memory(m, insn);
	else
		return LSI_TYPE(insn) == LSI_TYPE_TRANSFER && lsi_transfer(lsi, insn);
	return true;
}

static void lsi_run(struct model *m)
{
	struct lsi_model *lsi = m->priv;

	lsi->running = true;
	if (model_is(m, MODEL_STUCK_BUSY))
		return;
	for (unsigned int i = 0; lsi->running && i < LSI_STEPS; i++)
		if (!lsi_step(m))
			return;
}

static void lsi_reset(struct lsi_model *lsi)
{
	memset(lsi->regs, 0, sizeof(lsi->regs));
	lsi->running = false;
}

/* As long as the abort bit is on, every look at DSTAT is followed by the next interrupt. */
static uint64_t lsi_take_dstat(struct model *m)
{
	struct lsi_model *lsi = m->priv;
	uint8_t dstat = lsi->regs[LSI_DSTAT] | LSI_DSTAT_DFE;

	lsi->regs[LSI_DSTAT] = 0;
	lsi->regs[LSI_ISTAT] &= (uint8_t)~LSI_ISTAT_DIP;
	if (lsi->regs[LSI_ISTAT] & LSI_ISTAT_ABRT)
		lsi_halt(lsi, LSI_DSTAT_ABRT);
	return dstat;
}

static uint64_t lsi_model_read(struct model *m, uint64_t offset, unsigned int width)
{
	const struct lsi_model *lsi = m->priv;
	uint64_t value = 0;

	if (offset == LSI_DSTAT && width == 1)
		return lsi_take_dstat(m);
	if (offset + width <= LSI_REGISTERS)
		memcpy(&value, lsi->regs + offset, width);
	return value;
}

static void lsi_write_istat(struct model *m, uint8_t value)
{
	const uint8_t kept = LSI_ISTAT_ABRT | LSI_ISTAT_SRST;
	struct lsi_model *lsi = m->priv;
	uint8_t *istat = &lsi->regs[LSI_ISTAT];

	if (value & LSI_ISTAT_SRST)
		lsi_reset(lsi);
	if (value & LSI_ISTAT_ABRT && !(lsi->running && model_is(m, MODEL_STUCK_BUSY)))
		lsi_halt(lsi, LSI_DSTAT_ABRT);
	*istat = (uint8_t)((*istat & ~kept) | (value & kept));
	if (model_is(m, MODEL_NEVER_READY))
		*istat |= LSI_ISTAT_SRST;
}

static void lsi_model_write(struct model *m, uint64_t offset, unsigned int width, uint64_t value)
{
	struct lsi_model *lsi = m->priv;

	if (offset + width > LSI_REGISTERS)
		return;
	if (offset == LSI_ISTAT) {
		lsi_write_istat(m, (uint8_t)value);
		return;
	}
	/* held in reset, or for reading only */
	if (lsi->regs[LSI_ISTAT] & LSI_ISTAT_SRST || offset == LSI_DSTAT)
		return;
	memcpy(lsi->regs + offset, &value, width);
	/* the last of its bytes starts the script */
	if (offset <= LSI_DSP + 3 && offset + width > LSI_DSP + 3 && !(lsi->regs[LSI_DMODE] & LSI_DMODE_MAN))
		lsi_run(m);
}

const struct model_ops model_lsi_ops = {
	.name = "lsi",
	.help = "LSI 53C895A SCSI controller: SCRIPTS memory moves",
	.vendor = 0x1000,
	.device = 0x0012,
	.class_code = 0x010000,
	.bar = 1,
	.bar_size = 0x400,
	.init = lsi_model_init,
	.exit = lsi_model_exit,
	.read = lsi_model_read,
	.write = lsi_model_write,
};
