/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the models of Intel's gigabit controllers share: registers, rings, the loopback and the filter; formats are each one's own. */
#ifndef IC_IOMMU_MODEL_NIC_H
#define IC_IOMMU_MODEL_NIC_H

#include "iommu/model/model.h"

#define NIC_MODEL_BAR 0x20000u
#define NIC_MODEL_PACKET 16384u /* no longer ones are sent */
#define NIC_MODEL_PHY_REGS 32u

struct nic_model_tx {
	unsigned int len;
	bool last, report;
};

struct nic_model_kind {
	bool queue_enable;				   /* bit 25 of TXDCTL and RXDCTL turns a queue on */
	struct nic_model_tx (*tx)(const uint64_t desc[2]); /* what is to be sent; a length of 0 where it is no data */
	uint64_t (*rx)(unsigned int len, bool last, bool error); /* the second word that is written back */
	unsigned int (*buffer)(const struct model *m); /* bytes that a receive descriptor takes; 0: not set up */
};

struct nic_model {
	const struct nic_model_kind *kind;
	uint32_t regs[NIC_MODEL_BAR / 4];
	uint16_t phy[NIC_MODEL_PHY_REGS];
	bool skip; /* a piece of the packet could not be read */
	unsigned int len;
	uint8_t packet[NIC_MODEL_PACKET + 4];
};

int nic_model_init(struct model *m, const struct nic_model_kind *kind);
void nic_model_exit(struct model *m);
uint64_t nic_model_read(struct model *m, uint64_t offset, unsigned int width);
void nic_model_write(struct model *m, uint64_t offset, unsigned int width, uint64_t value);
void nic_model_reset(struct model *m);

static inline uint32_t nic_model_get(const struct model *m, unsigned int offset)
{
	return ((const struct nic_model *)m->priv)->regs[offset / 4];
}

#endif
