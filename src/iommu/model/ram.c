/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plainest register file: 4 KiB that hold what is written, and no engine. What a recipe writes can be read back from it. */
#include <errno.h>
#include <string.h>

#include "iommu/model/model.h"

#define RAM_SIZE 4096u

static int ram_init(struct model *m)
{
	m->priv = calloc(1, RAM_SIZE);
	return m->priv ? 0 : -ENOMEM;
}

static void ram_exit(struct model *m)
{
	free(m->priv);
}

static uint64_t ram_read(struct model *m, uint64_t offset, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)m->priv + offset, width);
	return value;
}

static void ram_write(struct model *m, uint64_t offset, unsigned int width, uint64_t value)
{
	memcpy((char *)m->priv + offset, &value, width);
}

static void ram_reset(struct model *m)
{
	memset(m->priv, 0, RAM_SIZE);
}

const struct model_ops model_ram_ops = {
	.name = "ram",
	.help = "4 KiB of registers that do nothing",
	.vendor = 0x1b36, /* QEMU's, and no device of it */
	.device = 0xfffe,
	.class_code = 0xff0000,
	.bar_size = RAM_SIZE,
	.lacks = ~MODEL_BIT(MODEL_GONE),
	.init = ram_init,
	.exit = ram_exit,
	.read = ram_read,
	.write = ram_write,
	.reset = ram_reset,
};
