/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the models of Intel's gigabit controllers that is the same in all: 82574 data sheet, chapters 7 and 10; 82576 data sheet,
 * chapters 7 and 8. There is no wire: what is not looped back is gone.
 */
#include "iommu/model/nic.h"

#include <errno.h>
#include <string.h>

#define NIC_CTRL 0x00000
#define NIC_CTRL_MASTER_DISABLE 0x00000004u
#define NIC_CTRL_SLU 0x00000040u
#define NIC_CTRL_FORCED 0x00001800u /* speed and duplex */
#define NIC_CTRL_RST 0x04000000u
#define NIC_STATUS 0x00008
#define NIC_STATUS_LU 0x00000002u
#define NIC_STATUS_MASTER 0x00080000u
#define NIC_EECD 0x00010
#define NIC_EECD_AUTO_RD 0x00000200u
#define NIC_MDIC 0x00020
#define NIC_MDIC_PHY(mdic) ((mdic) >> 21 & 31)
#define NIC_MDIC_REG(mdic) ((mdic) >> 16 & 31)
#define NIC_MDIC_WRITE 0x04000000u
#define NIC_MDIC_READ 0x08000000u
#define NIC_MDIC_READY 0x10000000u
#define NIC_MDIC_ERROR 0x40000000u
#define NIC_PHY_LOOPBACK 0x4000u /* of register 0 */
#define NIC_PHY_FOUND 0x1140u	 /* negotiates, 1 Gb/s, full duplex */
#define NIC_RCTL 0x00100
#define NIC_RCTL_EN 0x00000002u
#define NIC_RCTL_UPE 0x00000008u
#define NIC_RCTL_LPE 0x00000020u
#define NIC_RCTL_LBM_MAC 0x00000040u
#define NIC_RCTL_SECRC 0x04000000u
#define NIC_TCTL 0x00400
#define NIC_TCTL_EN 0x00000002u
#define NIC_RDBAL 0x02800 /* a ring's registers from here on */
#define NIC_TDBAL 0x03800
#define NIC_RING_HIGH 0x04
#define NIC_RING_LEN 0x08
#define NIC_RING_HEAD 0x10
#define NIC_RING_TAIL 0x18
#define NIC_RING_CONTROL 0x28
#define NIC_QUEUE_ENABLE 0x02000000u
#define NIC_RAL 0x05400
#define NIC_RAH 0x05404
#define NIC_RAH_VALID 0x80000000u
#define NIC_RARS 16u
#define NIC_SWSM 0x05b50
#define NIC_SWSM_SMBI 0x00000001u
#define NIC_SHORT 1518u /* without their checksum, packets up to here need no LPE */
#define NIC_DESC 16u
#define NIC_SENT (UINT64_C(1) << 32) /* DD of a transmit descriptor */

static uint32_t *nic_reg(struct model *m, unsigned int offset)
{
	return &((struct nic_model *)m->priv)->regs[offset / 4];
}

void nic_model_reset(struct model *m)
{
	struct nic_model *nic = m->priv;

	memset(nic->regs, 0, sizeof(nic->regs));
	nic->skip = false;
	nic->len = 0;
	*nic_reg(m, NIC_EECD) = NIC_EECD_AUTO_RD;
}

int nic_model_init(struct model *m, const struct nic_model_kind *kind)
{
	struct nic_model *nic = calloc(1, sizeof(*nic));

	if (!nic)
		return -ENOMEM;
	m->priv = nic;
	nic->kind = kind;
	nic->phy[0] = NIC_PHY_FOUND;
	nic_model_reset(m);
	return 0;
}

void nic_model_exit(struct model *m)
{
	free(m->priv);
}

static bool nic_has_link(const struct model *m)
{
	uint32_t ctrl = nic_model_get(m, NIC_CTRL);

	return ctrl & NIC_CTRL_SLU && (ctrl & NIC_CTRL_FORCED) == NIC_CTRL_FORCED;
}

static bool nic_is_looped(const struct model *m)
{
	const struct nic_model *nic = m->priv;

	return nic_model_get(m, NIC_RCTL) & NIC_RCTL_LBM_MAC || nic->phy[0] & NIC_PHY_LOOPBACK;
}

static bool nic_is_on(const struct model *m, unsigned int engine, uint32_t enable, unsigned int ring)
{
	const struct nic_model *nic = m->priv;

	return nic_model_get(m, engine) & enable && !(nic_model_get(m, NIC_CTRL) & NIC_CTRL_MASTER_DISABLE) &&
	       (!nic->kind->queue_enable || nic_model_get(m, ring + NIC_RING_CONTROL) & NIC_QUEUE_ENABLE);
}

static uint64_t nic_ring_base(const struct model *m, unsigned int ring)
{
	return (uint64_t)nic_model_get(m, ring + NIC_RING_HIGH) << 32 | nic_model_get(m, ring);
}

/* A tail that is not in the ring is no tail. */
static bool nic_ring_empty(const struct model *m, unsigned int ring)
{
	uint32_t head = nic_model_get(m, ring + NIC_RING_HEAD), tail = nic_model_get(m, ring + NIC_RING_TAIL);
	uint32_t len = nic_model_get(m, ring + NIC_RING_LEN) / NIC_DESC;

	return head == tail || head >= len || tail >= len;
}

static uint64_t nic_ring_at(const struct model *m, unsigned int ring)
{
	return nic_ring_base(m, ring) + (uint64_t)nic_model_get(m, ring + NIC_RING_HEAD) * NIC_DESC;
}

static void nic_ring_next(struct model *m, unsigned int ring)
{
	uint32_t *head = nic_reg(m, ring + NIC_RING_HEAD);

	*head = (*head + 1) % (nic_model_get(m, ring + NIC_RING_LEN) / NIC_DESC);
}

static bool nic_filter(const struct model *m, const uint8_t *packet)
{
	uint32_t low, high = 0;

	memcpy(&low, packet, 4);
	memcpy(&high, packet + 4, 2);
	if (nic_model_get(m, NIC_RCTL) & NIC_RCTL_UPE && !(packet[0] & 1))
		return true;
	for (unsigned int i = 0; i < NIC_RARS; i++)
		if (nic_model_get(m, NIC_RAL + 8 * i) == low &&
		    nic_model_get(m, NIC_RAH + 8 * i) == (high | NIC_RAH_VALID))
			return true;
	return false;
}

/* One buffer's worth. False: no descriptor is left. */
static bool nic_store(struct model *m, unsigned int at, unsigned int len, bool last)
{
	struct nic_model *nic = m->priv;
	bool error = model_is(m, MODEL_ERROR_STATUS);
	uint64_t where, desc[2];

	if (nic_ring_empty(m, NIC_RDBAL))
		return false;
	where = nic_ring_at(m, NIC_RDBAL);
	if (model_dma_read(m, where, desc, sizeof(desc)))
		return false;
	/* what is behind the first buffer is what a request is about: the first has the packet's header */
	if (!error && (at == 0 || !model_is(m, MODEL_SILENT_ERROR)))
		model_dma_write(m, desc[0], nic->packet + at, len);
	desc[1] = nic->kind->rx(len, last, error);
	model_dma_write(m, where, desc, sizeof(desc));
	nic_ring_next(m, NIC_RDBAL);
	return true;
}

static void nic_receive(struct model *m, unsigned int len)
{
	const struct nic_model *nic = m->priv;
	uint32_t rctl = nic_model_get(m, NIC_RCTL);
	unsigned int buffer = nic->kind->buffer(m), piece;

	if (!nic_is_on(m, NIC_RCTL, NIC_RCTL_EN, NIC_RDBAL) || !nic_has_link(m) || !buffer ||
	    !nic_filter(m, nic->packet) || (len > NIC_SHORT && !(rctl & NIC_RCTL_LPE)))
		return;
	if (model_is(m, MODEL_BOGUS_LENGTH) && len > buffer)
		len = buffer + (len - buffer) / 2;
	if (!(rctl & NIC_RCTL_SECRC))
		len += 4;
	for (unsigned int at = 0; at < len; at += piece) {
		piece = MIN(len - at, buffer);
		if (!nic_store(m, at, piece, at + piece == len))
			return;
	}
}

static void nic_packet_end(struct model *m)
{
	struct nic_model *nic = m->priv;

	if (!nic->skip && nic->len && nic_is_looped(m)) {
		memset(nic->packet + nic->len, 0, 4);
		if (nic->len < 60) {
			memset(nic->packet + nic->len, 0, 60 - nic->len);
			nic->len = 60;
		}
		nic_receive(m, nic->len);
	}
	nic->skip = false;
	nic->len = 0;
}

/* A packet of which a piece cannot be read is not sent, and nobody is told. */
static void nic_gather(struct model *m, iova_t from, unsigned int len)
{
	struct nic_model *nic = m->priv;

	if (len > NIC_MODEL_PACKET - nic->len || model_dma_read(m, from, nic->packet + nic->len, len))
		nic->skip = true;
	else
		nic->len += len;
}

static void nic_transmit(struct model *m)
{
	const struct nic_model *nic = m->priv;
	struct nic_model_tx tx;
	uint64_t where, desc[2];

	if (model_is(m, MODEL_STUCK_BUSY))
		return;
	while (nic_is_on(m, NIC_TCTL, NIC_TCTL_EN, NIC_TDBAL) && !nic_ring_empty(m, NIC_TDBAL)) {
		where = nic_ring_at(m, NIC_TDBAL);
		if (model_dma_read(m, where, desc, sizeof(desc)))
			return;
		tx = nic->kind->tx(desc);
		nic_gather(m, desc[0], tx.len);
		if (tx.last)
			nic_packet_end(m);
		desc[1] |= NIC_SENT;
		if (tx.report)
			model_dma_write(m, where + 8, &desc[1], sizeof(desc[1]));
		nic_ring_next(m, NIC_TDBAL);
	}
}

/* The PHY inside answers at address 1, and has one page. */
static void nic_mdio(struct model *m, uint32_t mdic)
{
	struct nic_model *nic = m->priv;
	uint16_t *reg = &nic->phy[NIC_MDIC_REG(mdic)];

	if (NIC_MDIC_PHY(mdic) != 1 || (NIC_MDIC_REG(mdic) > 15 && NIC_MDIC_REG(mdic) != 22))
		mdic |= NIC_MDIC_ERROR;
	else if (mdic & NIC_MDIC_WRITE)
		*reg = (uint16_t)mdic & (NIC_MDIC_REG(mdic) ? 0xffff : 0x7dff);
	else if (mdic & NIC_MDIC_READ)
		mdic = (mdic & 0xffff0000) | *reg;
	*nic_reg(m, NIC_MDIC) = mdic | NIC_MDIC_READY;
}

uint64_t nic_model_read(struct model *m, uint64_t offset, unsigned int width)
{
	const struct nic_model *nic = m->priv;
	unsigned int reg = offset & ~3u;
	uint32_t value = nic->regs[reg / 4];

	if (reg == NIC_STATUS)
		value = (nic_has_link(m) ? NIC_STATUS_LU : 0) |
			(nic_model_get(m, NIC_CTRL) & NIC_CTRL_MASTER_DISABLE ? 0 : NIC_STATUS_MASTER);
	/* a queue is on when its engine is, too */
	if (reg == NIC_RDBAL + NIC_RING_CONTROL && !(nic_model_get(m, NIC_RCTL) & NIC_RCTL_EN))
		value &= ~NIC_QUEUE_ENABLE;
	if (reg == NIC_TDBAL + NIC_RING_CONTROL && !(nic_model_get(m, NIC_TCTL) & NIC_TCTL_EN))
		value &= ~NIC_QUEUE_ENABLE;
	/* who reads it as 0 has it */
	if (reg == NIC_SWSM)
		*nic_reg(m, NIC_SWSM) |= NIC_SWSM_SMBI;
	return width == 4 ? value : value >> (offset & 3) * 8;
}

static void nic_write_ctrl(struct model *m, uint32_t value)
{
	if (value & NIC_CTRL_RST)
		nic_model_reset(m);
	*nic_reg(m, NIC_CTRL) = value & NIC_CTRL_RST ? (model_is(m, MODEL_NEVER_READY) ? NIC_CTRL_RST : 0) : value;
}

/* Registers are written as a whole. */
void nic_model_write(struct model *m, uint64_t offset, unsigned int width, uint64_t value)
{
	if (width != 4)
		return;
	switch (offset) {
	case NIC_CTRL:
		nic_write_ctrl(m, (uint32_t)value);
		break;
	case NIC_MDIC:
		nic_mdio(m, (uint32_t)value);
		break;
	case NIC_STATUS:
	case NIC_EECD:
		break;
	case NIC_TDBAL + NIC_RING_TAIL:
		*nic_reg(m, NIC_TDBAL + NIC_RING_TAIL) = (uint32_t)value;
		nic_transmit(m);
		break;
	default:
		*nic_reg(m, (unsigned int)offset) = (uint32_t)value;
		break;
	}
}
