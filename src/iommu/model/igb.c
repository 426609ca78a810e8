/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model of the Intel 82576: advanced descriptors (82576 data sheet, 7.1.5 and 7.2.2.3) of queue 0, buffers as SRRCTL says. */
#include "iommu/model/nic.h"

#define IGB_SRRCTL 0x0280c
#define IGB_SRRCTL_TYPE(srrctl) ((srrctl) >> 25 & 7)
#define IGB_SRRCTL_ONE_BUFFER 1u
#define IGB_SRRCTL_KIB(srrctl) ((srrctl)&0x7f)

static struct nic_model_tx igb_model_tx(const uint64_t desc[2])
{
	uint64_t command = desc[1] >> 24 & 0xff;

	/* advanced, and data */
	if (!(command & 0x20) || (desc[1] >> 20 & 15) != 3)
		return (struct nic_model_tx){0};
	return (struct nic_model_tx){desc[1] & 0xffff, command & 0x01, command & 0x08};
}

static uint64_t igb_model_rx(unsigned int len, bool last, bool error)
{
	return (uint64_t)len << 32 | 1 | (last ? 2 : 0) | (last && error ? UINT64_C(0x80000000) : 0);
}

static unsigned int igb_model_buffer(const struct model *m)
{
	uint32_t srrctl = nic_model_get(m, IGB_SRRCTL);

	return IGB_SRRCTL_TYPE(srrctl) == IGB_SRRCTL_ONE_BUFFER ? IGB_SRRCTL_KIB(srrctl) * 1024 : 0;
}

static int igb_model_init(struct model *m)
{
	static const struct nic_model_kind kind = {
		.queue_enable = true,
		.tx = igb_model_tx,
		.rx = igb_model_rx,
		.buffer = igb_model_buffer,
	};

	return nic_model_init(m, &kind);
}

const struct model_ops model_igb_ops = {
	.name = "igb",
	.help = "Intel 82576 network controller: packets looped back",
	.vendor = 0x8086,
	.device = 0x10c9,
	.class_code = 0x020000,
	.bar_size = NIC_MODEL_BAR,
	.init = igb_model_init,
	.exit = nic_model_exit,
	.read = nic_model_read,
	.write = nic_model_write,
	.reset = nic_model_reset,
};
