/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model of QEMU's iommu-testdev: writes a pattern to memory and says whether the IOMMU let it. Registers: docs/specs/iommu-testdev.rst of
 * QEMU. It does not ask for bus mastering, and has no reset. Its look at guest-physical memory finds something else here, always.
 */
#include <errno.h>

#include "iommu/model/model.h"

#define TESTDEV_TRIGGER 0x00
#define TESTDEV_IOVA_LO 0x04
#define TESTDEV_IOVA_HI 0x08
#define TESTDEV_LEN 0x0c
#define TESTDEV_RESULT 0x10
#define TESTDEV_DOORBELL 0x14
#define TESTDEV_ATTRS 0x18
#define TESTDEV_GPA_LO 0x1c
#define TESTDEV_GPA_HI 0x20
#define TESTDEV_REGISTERS 0x24

#define TESTDEV_ARMED 0xfffffffeu
#define TESTDEV_IDLE 0xffffffffu
#define TESTDEV_NO_LENGTH 0xdead0001u
#define TESTDEV_REFUSED 0xdead0002u
#define TESTDEV_MISMATCH 0xdead0004u
#define TESTDEV_NOT_ARMED 0xdead0005u
#define TESTDEV_BAD_ATTRS 0xdead0006u

#define TESTDEV_PATTERN 0x12345678u
#define TESTDEV_CHUNK 65536u
/* The address space of the request: not valid, non-secure (1 in bits 2:1). */
#define TESTDEV_ATTRS_RESET 0x2

struct testdev_model {
	uint32_t regs[TESTDEV_REGISTERS / 4];
	bool armed;
	uint32_t pattern[TESTDEV_CHUNK / 4];
};

static int testdev_model_init(struct model *m)
{
	struct testdev_model *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->regs[TESTDEV_RESULT / 4] = TESTDEV_IDLE;
	t->regs[TESTDEV_ATTRS / 4] = TESTDEV_ATTRS_RESET;
	for (unsigned int i = 0; i < ARRAY_SIZE(t->pattern); i++)
		t->pattern[i] = TESTDEV_PATTERN;
	m->priv = t;
	return 0;
}

static void testdev_model_exit(struct model *m)
{
	free(m->priv);
}

static uint32_t testdev_write_memory(struct model *m)
{
	const struct testdev_model *t = m->priv;
	uint64_t iova = (uint64_t)t->regs[TESTDEV_IOVA_HI / 4] << 32 | t->regs[TESTDEV_IOVA_LO / 4];
	uint32_t len = t->regs[TESTDEV_LEN / 4];
	int err = 0;

	if (model_is(m, MODEL_SILENT_ERROR))
		return 0;
	if (model_is(m, MODEL_BOGUS_LENGTH))
		len /= 2;
	for (uint64_t done = 0, n; done < len; done += n) {
		n = MIN(len - done, TESTDEV_CHUNK);
		if (model_dma_write(m, iova + done, t->pattern, n))
			err = -EFAULT;
	}
	return err ? TESTDEV_REFUSED : TESTDEV_MISMATCH;
}

/* It is read to have the write done. */
static void testdev_trigger(struct model *m)
{
	struct testdev_model *t = m->priv;
	uint32_t *result = &t->regs[TESTDEV_RESULT / 4];

	if (!t->armed) {
		*result = TESTDEV_NOT_ARMED;
		return;
	}
	if (model_is(m, MODEL_STUCK_BUSY))
		return;
	t->armed = false;
	if (!t->regs[TESTDEV_LEN / 4])
		*result = TESTDEV_NO_LENGTH;
	else if (model_is(m, MODEL_ERROR_STATUS))
		*result = TESTDEV_BAD_ATTRS;
	else
		*result = testdev_write_memory(m);
}

static void testdev_doorbell(struct model *m, bool arm)
{
	struct testdev_model *t = m->priv;

	/* what is stuck stays so */
	if (t->armed && model_is(m, MODEL_STUCK_BUSY))
		return;
	t->armed = arm;
	t->regs[TESTDEV_RESULT / 4] = arm ? TESTDEV_ARMED : TESTDEV_IDLE;
}

static uint64_t testdev_model_read(struct model *m, uint64_t offset, unsigned int width)
{
	const struct testdev_model *t = m->priv;

	if (width != 4 || offset >= TESTDEV_REGISTERS)
		return 0;
	if (offset == TESTDEV_TRIGGER) {
		testdev_trigger(m);
		return 0;
	}
	if (offset == TESTDEV_RESULT && model_is(m, MODEL_NEVER_READY))
		return TESTDEV_ARMED;
	return offset == TESTDEV_DOORBELL ? 0 : t->regs[offset / 4];
}

static void testdev_model_write(struct model *m, uint64_t offset, unsigned int width, uint64_t value)
{
	struct testdev_model *t = m->priv;

	if (width != 4 || offset >= TESTDEV_REGISTERS || offset == TESTDEV_TRIGGER)
		return;
	if (offset == TESTDEV_DOORBELL)
		testdev_doorbell(m, value & 1);
	else
		t->regs[offset / 4] = (uint32_t)value;
}

const struct model_ops model_testdev_ops = {
	.name = "testdev",
	.help = "QEMU's iommu-testdev: writes a pattern, reports what was refused",
	.vendor = 0x1b36,
	.device = 0x0005,
	.class_code = 0x00ff00,
	.bar = 0,
	.bar_size = 4096,
	.unruly = true,
	.init = testdev_model_init,
	.exit = testdev_model_exit,
	.read = testdev_model_read,
	.write = testdev_model_write,
};
