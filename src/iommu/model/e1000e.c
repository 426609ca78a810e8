/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model of the Intel 82574L: legacy descriptors (82574 data sheet, 7.1.4 and 7.2.4), buffers as RCTL says. */
#include "iommu/model/nic.h"

#define E1000E_RCTL 0x00100
#define E1000E_RCTL_BSIZE(rctl) ((rctl) >> 16 & 3)
#define E1000E_RCTL_BSEX 0x02000000u
#define E1000E_RFCTL 0x05008
#define E1000E_RFCTL_EXTEN 0x00008000u

static struct nic_model_tx e1000e_model_tx(const uint64_t desc[2])
{
	uint64_t command = desc[1] >> 24 & 0xff;

	if (command & 0x20)
		return (struct nic_model_tx){0}; /* none of the legacy kind */
	return (struct nic_model_tx){desc[1] & 0xffff, command & 0x01, command & 0x08};
}

/* An error of the data (RXE) stands with the last descriptor. */
static uint64_t e1000e_model_rx(unsigned int len, bool last, bool error)
{
	return len | UINT64_C(1) << 32 | (last ? UINT64_C(2) << 32 : 0) | (last && error ? UINT64_C(0x80) << 40 : 0);
}

static unsigned int e1000e_model_buffer(const struct model *m)
{
	uint32_t rctl = nic_model_get(m, E1000E_RCTL);
	unsigned int size = 2048u >> E1000E_RCTL_BSIZE(rctl);

	if (nic_model_get(m, E1000E_RFCTL) & E1000E_RFCTL_EXTEN)
		return 0;
	if (!(rctl & E1000E_RCTL_BSEX))
		return size;
	return E1000E_RCTL_BSIZE(rctl) ? size * 16 : 0;
}

static int e1000e_model_init(struct model *m)
{
	static const struct nic_model_kind kind = {
		.tx = e1000e_model_tx,
		.rx = e1000e_model_rx,
		.buffer = e1000e_model_buffer,
	};

	return nic_model_init(m, &kind);
}

const struct model_ops model_e1000e_ops = {
	.name = "e1000e",
	.help = "Intel 82574L network controller: packets looped back",
	.vendor = 0x8086,
	.device = 0x10d3,
	.class_code = 0x020000,
	.bar_size = NIC_MODEL_BAR,
	.init = e1000e_model_init,
	.exit = nic_model_exit,
	.read = nic_model_read,
	.write = nic_model_write,
	.reset = nic_model_reset,
};
